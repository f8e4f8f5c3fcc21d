/*
 * Plausible's Events API: one JSON object a request.
 *
 *   {"n": "pageview", "u": "https://shop.example/hats?utm_source=mail", "d": "shop.example",
 *    "r": "https://search.example/", "w": 1280, "p": {"colour": "red"}, "$": {"currency": "EUR", "amount": 9.5}}
 *
 * Scripts write the short names, servers the long ones.  Properties may be an
 * object or its JSON text.  "engagement" is what newer scripts send when a page
 * is left: how long it was visible.  Anything but that and "pageview" is a custom
 * event of that name.
 */
#include "adapt.h"
#include "crumb/base/error.h"

/* A member by its short name or its long one. */
static json_t *member(json_t *event, const char *brief, const char *full)
{
    json_t *value = adapt_member(event, brief);

    return value ? value : adapt_member(event, full);
}

static struct text text_member(json_t *event, const char *brief, const char *full)
{
    json_t *value = member(event, brief, full);

    return json_is_string(value) ? (struct text){.data = json_string_value(value), .size = json_string_length(value)}
                                 : TEXT_NONE;
}

/* One width is all that is said. */
static void put_width(struct buffer *lines, json_t *width)
{
    char size[32];

    if (!width)
        return;
    if (!json_is_integer(width)) {
        adapt_refuse(lines);
        return;
    }
    snprintf(size, sizeof size, "%" JSON_INTEGER_FORMAT "x0", json_integer_value(width));
    adapt_put(lines, "vp", text_of(size));
}

static int put_properties(struct buffer *lines, json_t *properties)
{
    JSON_AUTO *inner = NULL;

    if (json_is_string(properties)) {
        int r = json_read((struct text){.data = json_string_value(properties), .size = json_string_length(properties)},
                          &inner);
        if (r < 0)
            return error_trace(r);
        properties = inner;
        if (r)
            adapt_refuse(lines);
    }
    if (json_is_object(properties))
        adapt_put_properties(lines, properties);
    else if (properties)
        adapt_refuse(lines);
    return 0;
}

static int put_custom(struct buffer *lines, json_t *event, struct text name)
{
    json_t *properties = member(event, "p", "props");
    json_t *revenue = member(event, "$", "revenue");

    adapt_put(lines, "e", TEXT("se"));
    adapt_put(lines, "se_ca", TEXT("event"));
    adapt_put(lines, "se_ac", name);
    adapt_put_json(lines, "se_va", adapt_member(revenue, "amount"));
    adapt_put_json(lines, "x_cur", adapt_member(revenue, "currency"));
    return put_properties(lines, properties ? properties : member(event, "m", "meta"));
}

static int put_kind(struct buffer *lines, json_t *event)
{
    struct text name = text_member(event, "n", "name");

    if (text_equal(name, TEXT("pageview"))) {
        adapt_put(lines, "e", TEXT("pv"));
        json_t *properties = member(event, "p", "props");
        return put_properties(lines, properties ? properties : member(event, "m", "meta"));
    }
    if (text_equal(name, TEXT("engagement"))) {
        adapt_put(lines, "e", TEXT("pp"));
        adapt_put_json(lines, "x_vis", member(event, "e", "engagement_time"));
        return 0;
    }
    if (name.size)
        return put_custom(lines, event, name);
    adapt_refuse(lines);
    return 0;
}

static int put_event(const struct adapt_request *request, struct buffer *lines, json_t *event)
{
    adapt_begin(lines, adapt_site(request, text_member(event, "d", "domain")));
    int r = put_kind(lines, event);
    if (r)
        return error_trace(r);
    adapt_put_json(lines, "url", member(event, "u", "url"));
    adapt_put_json(lines, "refr", member(event, "r", "referrer"));
    put_width(lines, member(event, "w", "screen_width"));
    adapt_end(lines);
    return error_trace(lines->fault);
}

int adapt_plausible(const struct adapt_request *request, struct buffer *lines)
{
    JSON_AUTO *event = NULL;

    if (request->body.size == 0)
        return 0;
    int r = json_read(request->body, &event);
    if (r < 0)
        return error_trace(r);
    if (json_is_object(event))
        return error_trace(put_event(request, lines, event));
    adapt_put_unreadable(request, lines);
    return error_trace(lines->fault);
}
