/*
 * Matomo's Tracking HTTP API, of which this is what a web page sends.
 *
 *   GET  /matomo.php?idsite=1&rec=1&url=https://shop.example/hats&action_name=Hats&urlref=...
 *   POST the same as a form, or {"requests": ["?idsite=1&rec=1&url=...", ...]}
 *
 * The values are encoded as ours are, so they are copied without a look at them.
 * A request is one thing: an event, a link, a download, a goal, a piece of
 * content, a sign of life, or else a page view.
 */
#include "adapt.h"
#include "crumb/base/error.h"

enum {
    SITE,
    RECORD,
    URL,
    TITLE,
    REFERRER,
    SCREEN,
    LANGUAGE,
    EVENT_CATEGORY,
    EVENT_ACTION,
    EVENT_NAME,
    EVENT_VALUE,
    LINK,
    DOWNLOAD,
    PING,
    CUSTOM,
    GOAL,
    REVENUE,
    CONTENT_NAME,
    CONTENT_PIECE,
    CONTENT_INTERACTION,
    N_PAIRS
};

static const char *const names[N_PAIRS] = {
    [SITE] = "idsite",       [RECORD] = "rec",       [URL] = "url",           [TITLE] = "action_name",
    [REFERRER] = "urlref",   [SCREEN] = "res",       [LANGUAGE] = "lang",     [EVENT_CATEGORY] = "e_c",
    [EVENT_ACTION] = "e_a",  [EVENT_NAME] = "e_n",   [EVENT_VALUE] = "e_v",   [LINK] = "link",
    [DOWNLOAD] = "download", [PING] = "ping",        [CUSTOM] = "ca",         [GOAL] = "idgoal",
    [REVENUE] = "revenue",   [CONTENT_NAME] = "c_n", [CONTENT_PIECE] = "c_p", [CONTENT_INTERACTION] = "c_i",
};

/* ---- kinds ---- */

static void put_struct(struct buffer *lines, struct text category, struct text action)
{
    adapt_put(lines, "e", TEXT("se"));
    adapt_put_raw(lines, "se_ca", category);
    adapt_put_raw(lines, "se_ac", action);
}

static void put_click(struct buffer *lines, struct text kind, struct text href)
{
    put_struct(lines, TEXT("click"), TEXT_NONE);
    adapt_put_raw(lines, "se_la", href);
    adapt_put(lines, "se_pr", kind);
}

static void put_event(struct buffer *lines, const struct text values[])
{
    put_struct(lines, values[EVENT_CATEGORY], values[EVENT_ACTION]);
    adapt_put_raw(lines, "se_la", values[EVENT_NAME]);
    adapt_put_raw(lines, "se_va", values[EVENT_VALUE]);
}

static void put_content(struct buffer *lines, const struct text values[])
{
    put_struct(lines, TEXT("content"),
               values[CONTENT_INTERACTION].size ? values[CONTENT_INTERACTION] : TEXT("impression"));
    adapt_put_raw(lines, "se_la", values[CONTENT_NAME]);
    adapt_put_raw(lines, "se_pr", values[CONTENT_PIECE]);
}

static void put_kind(struct buffer *lines, const struct text values[])
{
    if (!text_equal(values[RECORD], TEXT("1"))) {
        adapt_refuse(lines); /* as there: without rec=1 nothing is tracked */
    } else if (text_equal(values[PING], TEXT("1"))) {
        adapt_put(lines, "e", TEXT("pp"));
    } else if (values[EVENT_CATEGORY].size || values[EVENT_ACTION].size) {
        put_event(lines, values);
    } else if (values[LINK].size) {
        put_click(lines, TEXT("outbound"), values[LINK]);
    } else if (values[DOWNLOAD].size) {
        put_click(lines, TEXT("download"), values[DOWNLOAD]);
    } else if (values[GOAL].size) {
        put_struct(lines, TEXT("goal"), values[GOAL]);
        adapt_put_raw(lines, "se_va", values[REVENUE]);
    } else if (values[CONTENT_NAME].size) {
        put_content(lines, values);
    } else {
        /* A custom action is something about the page that is no view of it, such as how fast it was. */
        adapt_put(lines, "e", text_equal(values[CUSTOM], TEXT("1")) ? TEXT("pp") : TEXT("pv"));
    }
}

/* @here: the site that has the page's origin, or NULL; it is the same for all of a body, and long to look for. */
static void put_request(const struct adapt_request *request, const struct site *here, struct buffer *lines,
                        struct text query, struct text form)
{
    struct text values[N_PAIRS] = {TEXT_NONE};
    bool once = adapt_read_query(query, names, N_PAIRS, values);

    once &= adapt_read_query(form, names, N_PAIRS, values);
    const struct site *named = values[SITE].size ? config_site(request->config, values[SITE]) : NULL;
    adapt_begin(lines, named ? named : here);
    put_kind(lines, values);
    adapt_put_raw(lines, "url", values[URL]);
    adapt_put_raw(lines, "page", values[TITLE]);
    adapt_put_raw(lines, "refr", values[REFERRER]);
    adapt_put_raw(lines, "res", values[SCREEN]);
    adapt_put_raw(lines, "lang", values[LANGUAGE]);
    if (!once)
        adapt_refuse(lines);
    adapt_end(lines);
}

/* ---- bulk requests ---- */

/* Each is the query of one request, with or without what stands before it. */
static void put_item(const struct adapt_request *request, const struct site *here, struct buffer *lines, json_t *item)
{
    struct text query = {.data = json_string_value(item), .size = json_string_length(item)};

    if (text_find(query, '?') < query.size)
        text_cut(&query, '?');
    put_request(request, here, lines, query, TEXT_NONE);
}

static int put_bulk(const struct adapt_request *request, struct buffer *lines)
{
    JSON_AUTO *root = NULL;
    size_t i;
    json_t *item;
    int r = json_read(request->body, &root);

    if (r < 0)
        return error_trace(r);
    const struct site *here = adapt_site(request, TEXT_NONE);
    json_t *items = json_object_get(root, "requests");
    if (!json_is_array(items))
        adapt_put_unreadable(request, lines);
    json_array_foreach(items, i, item)
    {
        if (i < EVENTS_PER_BODY_MAX)
            put_item(request, here, lines, item);
        else
            buffer_put_text(lines, TEXT("-\n")); /* counted, and not looked at */
    }
    return error_trace(lines->fault);
}

bool adapt_matomo_bulk(struct text body) { return body.size && body.data[0] == '{'; }

int adapt_matomo(const struct adapt_request *request, struct buffer *lines)
{
    if (adapt_matomo_bulk(request->body))
        return error_trace(put_bulk(request, lines));
    put_request(request, adapt_site(request, TEXT_NONE), lines, request->query, request->body);
    return error_trace(lines->fault);
}

bool adapt_matomo_plain(struct text query, struct text body)
{
    static const char *const send_image[] = {"send_image"};
    struct text value = TEXT_NONE;

    adapt_read_query(query, send_image, 1, &value);
    adapt_read_query(body, send_image, 1, &value);
    return text_equal(value, TEXT("0"));
}
