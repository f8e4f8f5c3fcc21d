/*
 * From a URL to a page.  The path is put together in the scratch, out of bytes
 * of the URL, each at most once, so that it is never longer; only then are the
 * values of utm_* decoded where they stand.
 */
#include "crumb/ingest/page.h"
#include "crumb/ingest/click_ids.h"
#include "crumb/ingest/wire.h"

/* A URL's query and fragment, without ? and #. */
struct rest {
    struct text query, fragment;
};

static struct rest rest_of(struct text url)
{
    struct rest rest = {.fragment = url};

    rest.query = text_cut(&rest.fragment, '#');
    text_cut(&rest.query, '?');
    return rest;
}

/* The first pair of a name, as it stands there; empty where there is none. */
static struct text find_pair(struct text query, struct text name, struct text *ret_value)
{
    while (query.size) {
        struct text pair = text_cut(&query, '&'), value = pair;

        if (text_equal(text_cut(&value, '='), name)) {
            *ret_value = value;
            return pair;
        }
    }
    return TEXT_NONE;
}

/* ---- the path ---- */

struct path {
    char *bytes;
    size_t size;
};

static void put(struct path *path, struct text text)
{
    if (text.size)
        memcpy(path->bytes + path->size, text.data, text.size);
    path->size += text.size;
}

static void put_pairs(struct path *path, const struct site *site, struct text query)
{
    struct text separator = TEXT("?");

    for (unsigned i = 0; i < site->pages.n_query; i++) {
        struct text value = TEXT_NONE, pair = find_pair(query, text_of(site->pages.query[i]), &value);

        if (pair.size == 0 || value.size == 0)
            continue; /* an empty value says no more than none */
        put(path, separator);
        put(path, pair);
        separator = TEXT("&");
    }
}

/* "#/hats" and "#!/hats" are routes of a page that has one address; any other fragment is a place on it. */
static void put_route(struct path *path, struct text fragment)
{
    struct text route = text_cut(&fragment, '?');

    if (!text_starts(route, TEXT("/")) && !text_starts(route, TEXT("!/")))
        return;
    put(path, TEXT("#"));
    put(path, route);
}

/* ---- where the visitor comes from ---- */

static void read_utm(struct event *event, struct text query)
{
    static const char *const names[] = {"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"};
    struct text *const texts[] = {&event->utm_source, &event->utm_medium, &event->utm_campaign, &event->utm_content,
                                  &event->utm_term};

    /* All are found before the first is decoded: it may say what looks like a pair. */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        find_pair(query, text_of(names[i]), texts[i]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!wire_decode(*texts[i], (char *)(uintptr_t)texts[i]->data, texts[i]) || texts[i]->size > LABEL_BYTES_MAX)
            *texts[i] = TEXT_NONE;
}

static void read_click_id(struct event *event, struct text query)
{
    const struct click_id *row;
    struct text value;

    for (size_t i = 0; event->click_id.size == 0 && (row = click_ids_row(i)); i++)
        if (find_pair(query, text_of(row->name), &value).size)
            event->click_id = text_of(row->name);
}

bool page_read(struct event *event, const struct site *site, char scratch[URL_BYTES_MAX])
{
    struct text url = event->url, host, pathname;
    struct rest rest = rest_of(url);
    struct path path = {.bytes = scratch};

    if (url.size > URL_BYTES_MAX || !wire_split_url((char *)(uintptr_t)url.data, url.size, &host, &pathname))
        return false;
    put(&path, pathname);
    put_pairs(&path, site, rest.query);
    if (site->pages.hash)
        put_route(&path, rest.fragment);
    event->host = host;
    event->path = (struct text){.data = path.bytes, .size = path.size};
    if (event->kind == EVENT_PAGEVIEW) {
        read_click_id(event, rest.query);
        read_utm(event, rest.query);
    }
    return true;
}
