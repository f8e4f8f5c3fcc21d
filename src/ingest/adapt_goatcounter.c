/*
 * GoatCounter's /count: one event as pairs of the query, by GET or POST.
 *
 *   ?p=/hats&t=Hats&r=https://search.example/&s=1280,800,2&q=?utm_source=mail&e=false&rnd=x1
 *
 * `p` is the page's path, or, where `e` is true, the name of an event.  There is
 * no name of a site: it is the one that lists the page's origin, unless our own
 * `aid` names one.
 */
#include "adapt.h"
#include "crumb/base/error.h"
#include <glib.h>

enum { AID, PATH, TITLE, REFERRER, EVENT, SCREEN, QUERY, N_PAIRS };

static const char *const names[N_PAIRS] = {
    [AID] = "aid", [PATH] = "p", [TITLE] = "t", [REFERRER] = "r", [EVENT] = "e", [SCREEN] = "s", [QUERY] = "q",
};

/* Whether an encoded value begins with @c, which is @code when it is encoded. */
static bool begins(struct text encoded, char c, struct text code)
{
    return (encoded.size && encoded.data[0] == c) ||
           (encoded.size >= 3 && g_ascii_strncasecmp(encoded.data, code.data, code.size) == 0);
}

/* The page's address: where it is, its path, and its query with or without the question mark. */
static void put_url(struct buffer *lines, struct text origin, struct text path, struct text query)
{
    if (origin.size == 0)
        return;
    adapt_put(lines, "url", origin);
    if (!begins(path, '/', TEXT("%2F")))
        buffer_put_u8(lines, '/');
    adapt_put_more(lines, path);
    if (query.size && !begins(query, '?', TEXT("%3F")))
        buffer_put_u8(lines, '?');
    adapt_put_more(lines, query);
}

/* The digits before a comma, which may be encoded. */
static struct text cut_digits(struct text *rest)
{
    struct text digits = {.data = rest->data};

    while (digits.size < rest->size && g_ascii_isdigit(rest->data[digits.size]))
        digits.size++;
    *rest = text_from(*rest, digits.size);
    if (begins(*rest, ',', TEXT("%2C")))
        *rest = text_from(*rest, rest->data[0] == ',' ? 1 : 3);
    return digits;
}

/* "1280,800,2": width, height, and dots a pixel. */
static void put_screen(struct buffer *lines, struct text screen)
{
    if (screen.size == 0)
        return;
    adapt_put(lines, "res", cut_digits(&screen));
    buffer_put_u8(lines, 'x');
    adapt_put_more(lines, cut_digits(&screen));
}

static void put_kind(struct buffer *lines, const struct text values[], struct text origin)
{
    bool is_event = text_equal(values[EVENT], TEXT("true")) || text_equal(values[EVENT], TEXT("1"));

    if (values[PATH].size == 0) {
        adapt_refuse(lines);
    } else if (is_event) {
        adapt_put(lines, "e", TEXT("se"));
        adapt_put(lines, "se_ca", TEXT("event"));
        adapt_put_raw(lines, "se_ac", values[PATH]);
    } else {
        adapt_put(lines, "e", TEXT("pv"));
        put_url(lines, origin, values[PATH], values[QUERY]);
    }
}

int adapt_goatcounter(const struct adapt_request *request, struct buffer *lines)
{
    struct text values[N_PAIRS] = {TEXT_NONE};
    bool once = adapt_read_query(request->query, names, N_PAIRS, values);
    const struct site *site = adapt_site(request, values[AID]);
    struct text origin = adapt_page_origin(request);

    adapt_begin(lines, site);
    put_kind(lines, values, origin.size || !site ? origin : text_of(site->origins[0]));
    adapt_put_raw(lines, "page", values[TITLE]);
    adapt_put_raw(lines, "refr", values[REFERRER]);
    put_screen(lines, values[SCREEN]);
    if (!once)
        adapt_refuse(lines);
    adapt_end(lines);
    return error_trace(lines->fault);
}
