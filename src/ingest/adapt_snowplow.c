/*
 * Snowplow's POST: iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4.
 *
 *   {"schema": "iglu:...", "data": [{"e": "pv", "url": "https://...", "aid": "shop", ...}, ...]}
 *
 * Each object of `data` is an event; its members are the pairs of the GET form, so
 * those that crumb knows are written as they are.  The others (contexts, cookies,
 * session counts, user ids) are left out before anything looks at their size.
 * The GET form itself needs no adapter.
 */
#include "adapt.h"
#include "crumb/base/error.h"
#include "crumb/ingest/wire.h"

static void put_pairs(struct buffer *lines, json_t *event)
{
    const char *name;
    json_t *value;

    json_object_foreach(event, name, value)
    {
        if (wire_knows(text_of(name)) && !json_is_null(value))
            adapt_put_json(lines, name, value);
    }
}

/* Events past the bound of a body are counted by the lines alone. */
static void put_event(struct buffer *lines, json_t *event, size_t number)
{
    buffer_put_u8(lines, '-'); /* no line is empty, as empty lines are no events */
    if (number < EVENTS_PER_BODY_MAX)
        put_pairs(lines, event);
    adapt_end(lines);
}

int adapt_snowplow(const struct adapt_request *request, struct buffer *lines)
{
    JSON_AUTO *root = NULL;
    size_t i;
    json_t *event;

    if (request->body.size == 0)
        return 0;
    int r = json_read(request->body, &root);
    if (r < 0)
        return error_trace(r);
    json_t *events = json_object_get(root, "data");
    if (!json_is_array(events)) {
        adapt_put_unreadable(request, lines);
        return error_trace(lines->fault);
    }
    json_array_foreach(events, i, event) put_event(lines, event, i);
    return error_trace(lines->fault);
}
