/*
 * JSON -> struct funnel_request.  Whatever a step is asked by becomes a list of
 * filters as any query has them: {"page": "**.pdf"} is
 *
 *   [["and", [["matches", "event:page", ["(?s)\A.*\.pdf\z"]], ["is", "event:name", ["pageview"]]]]]
 *
 * so that there is one way to decide what a hit is.
 */
#include "crumb/query/funnel_request.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/query/request.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define EXAMPLE                                                                                                        \
    "{\"site_id\": \"shop\", \"date_range\": \"7d\", \"steps\": [{\"page\": \"/cart\"}, {\"event\": \"Purchase\"}]}"
#define PLACE_BYTES 48

_Static_assert(2 + 3 * FUNNEL_ANY_MAX <= QUERY_FILTERS_MAX, "the largest list of pages becomes one filter");

static const char *const keys[] = {"site_id", "date_range", "filters", "steps", "order", "window", NULL};
static const char *const step_keys[] = {"name", "page", "event", "any", "filters", NULL};
#define MAKERS 1 /* index of the first of step_keys that says what the step is */

/* Where a complaint is about: "steps[1]". */
struct place {
    char text[PLACE_BYTES];
};

static struct place place_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct place place_of(const char *format, ...)
{
    struct place place;
    va_list args;

    va_start(args, format);
    vsnprintf(place.text, sizeof place.text, format, args);
    va_end(args);
    return place;
}

/* ---- pages and events as filters ---- */

static bool has_star(json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strchr(json_string_value(json_array_get(list, i)), '*'))
            return true;
    return false;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x80 || c == '/' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A page with stars as a regular expression. */
static void put_pattern(const char *page, struct buffer *buffer)
{
    buffer_put_text(buffer, TEXT("(?s)\\A"));
    for (const char *c = page; *c; c++) {
        if (c[0] == '*' && c[1] == '*') {
            buffer_put_text(buffer, TEXT(".*"));
            c++;
        } else if (*c == '*') {
            buffer_put_text(buffer, TEXT("[^/]*"));
        } else {
            if (!is_plain((unsigned char)*c))
                buffer_put_u8(buffer, '\\');
            buffer_put_u8(buffer, (uint8_t)*c);
        }
    }
    buffer_put_text(buffer, TEXT("\\z"));
}

/* @pages, of which some may have stars, as regular expressions. */
static int patterns_of(json_t *pages, const char *place, json_t **ret_patterns, struct buffer *complaint)
{
    json_t *patterns = json_array();

    for (size_t i = 0; i < json_array_size(pages); i++) {
        BUFFER_AUTO pattern = BUFFER_INIT(QUERY_PATTERN_BYTES_MAX);

        put_pattern(json_string_value(json_array_get(pages, i)), &pattern);
        if (pattern.fault == -EOVERFLOW) {
            json_decref(patterns);
            return request_complain(complaint, "%s: with its stars spelled out, a page may have %d bytes; shorten it",
                                    place, QUERY_PATTERN_BYTES_MAX);
        }
        patterns = json_item(patterns, pattern.fault ? NULL : json_stringn((const char *)pattern.data, pattern.size));
    }
    if (!patterns)
        return error_origin(-ENOMEM);
    *ret_patterns = patterns;
    return 0;
}

/* [operator, field, texts]; takes the texts. */
static json_t *leaf(const char *operation, const char *field, json_t *texts)
{
    json_t *list = json_item(json_item(json_array(), json_string(operation)), json_string(field));

    return json_item(list, texts);
}

/* One text or a list of some, as a list. */
static int texts_of(json_t *value, const char *place, json_t **ret_texts, struct buffer *complaint)
{
    json_t *texts = json_is_array(value) ? json_incref(value) : json_item(json_array(), json_incref(value));
    bool good = json_array_size(texts) >= 1 && json_array_size(texts) <= FUNNEL_ANY_MAX;

    if (!texts)
        return error_origin(-ENOMEM);
    for (size_t i = 0; good && i < json_array_size(texts); i++) {
        json_t *item = json_array_get(texts, i);

        good = json_is_string(item) && json_string_length(item) >= 1 && json_string_length(item) <= URL_BYTES_MAX;
    }
    if (!good) {
        json_decref(texts);
        return request_complain(complaint, "%s: must be a text, or a list of 1 to %d, of 1 to %d bytes each", place,
                                FUNNEL_ANY_MAX, URL_BYTES_MAX);
    }
    *ret_texts = texts;
    return 0;
}

static int filter_of_page(json_t *value, const char *place, json_t **ret_filter, struct buffer *complaint)
{
    JSON_AUTO *pages = NULL;
    json_t *texts = NULL;
    int r = texts_of(value, place, &pages, complaint);

    if (r)
        return error_trace(r);
    bool stars = has_star(pages);
    r = stars ? patterns_of(pages, place, &texts, complaint) : 0;
    if (r)
        return error_trace(r);
    json_t *page = leaf(stars ? "matches" : "is", "event:page", stars ? texts : json_incref(pages));
    json_t *view = leaf("is", "event:name", json_item(json_array(), json_string("pageview")));
    json_t *both = json_item(json_item(json_array(), page), view);
    *ret_filter = json_item(json_item(json_array(), json_string("and")), both);
    return *ret_filter ? 0 : error_origin(-ENOMEM);
}

static int filter_of_event(json_t *value, const char *place, json_t **ret_filter, struct buffer *complaint)
{
    json_t *names = NULL;
    int r = texts_of(value, place, &names, complaint);

    if (r)
        return error_trace(r);
    *ret_filter = leaf("is", "event:name", names);
    return *ret_filter ? 0 : error_origin(-ENOMEM);
}

/* {"page": ...} or {"event": ...}, at @place, which names the key, too. */
static int filter_of(const char *key, json_t *value, const char *place, json_t **ret_filter, struct buffer *complaint)
{
    if (strcmp(key, "page") == 0)
        return filter_of_page(value, place, ret_filter, complaint);
    return filter_of_event(value, place, ret_filter, complaint);
}

/* Adds the filter of one of `any` to @filters, which becomes NULL where there is no memory. */
static int add_any(json_t *item, const struct place *place, size_t i, json_t **filters, struct buffer *complaint)
{
    const char *key = json_object_iter_key(json_object_iter(item));
    struct place here;
    json_t *filter = NULL;

    if (json_object_size(item) != 1 || (strcmp(key, "page") != 0 && strcmp(key, "event") != 0))
        return request_complain(complaint, "%s.any[%zu]: must be {\"page\": \"/thanks\"} or {\"event\": \"Signup\"}",
                                place->text, i);
    here = place_of("%s.any[%zu].%s", place->text, i, key);
    int r = filter_of(key, json_object_get(item, key), here.text, &filter, complaint);
    if (r)
        return error_trace(r);
    *filters = json_item(*filters, filter);
    return *filters ? 0 : error_origin(-ENOMEM);
}

static int filter_of_any(json_t *list, const struct place *place, json_t **ret_filter, struct buffer *complaint)
{
    size_t n = json_array_size(list);
    json_t *filters = json_array();
    int r = filters ? 0 : error_origin(-ENOMEM);

    if (r == 0 && (n < 1 || n > FUNNEL_ANY_MAX))
        r = request_complain(complaint, "%s.any: must be a list of 1 to %d objects, like {\"page\": \"/thanks\"}",
                             place->text, FUNNEL_ANY_MAX);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = add_any(json_array_get(list, i), place, i, &filters, complaint);
    if (r) {
        json_decref(filters);
        return error_trace(r);
    }
    *ret_filter = json_item(json_item(json_array(), json_string("or")), filters);
    return *ret_filter ? 0 : error_origin(-ENOMEM);
}

/* ---- steps ---- */

/* The list of filters that the step's @key says. */
static int filters_of_step(const char *key, json_t *value, const struct place *place, json_t **ret_filters,
                           struct buffer *complaint)
{
    struct place here;
    json_t *filter = NULL;
    int r;

    if (strcmp(key, "filters") == 0) {
        *ret_filters = json_incref(value);
        return 0;
    }
    here = place_of("%s.%s", place->text, key);
    r = strcmp(key, "any") == 0 ? filter_of_any(value, place, &filter, complaint)
                                : filter_of(key, value, here.text, &filter, complaint);
    if (r)
        return error_trace(r);
    *ret_filters = json_item(json_array(), filter);
    return *ret_filters ? 0 : error_origin(-ENOMEM);
}

/* The one key that says what the step is; NULL: none does, or several. */
static const char *find_maker(json_t *step)
{
    const char *key = NULL;
    unsigned n = 0;

    for (size_t i = MAKERS; step_keys[i]; i++)
        if (json_object_get(step, step_keys[i])) {
            key = step_keys[i];
            n++;
        }
    return n == 1 ? key : NULL;
}

static int parse_name(json_t *step, json_t *maker, const struct place *place, struct text *ret_name,
                      struct buffer *complaint)
{
    json_t *name = json_object_get(step, "name");

    if (name && (!json_is_string(name) || json_string_length(name) > FUNNEL_NAME_BYTES_MAX))
        return request_complain(complaint, "%s.name: must be a text of %d bytes at most", place->text,
                                FUNNEL_NAME_BYTES_MAX);
    name = name ? name : maker;
    if (json_is_string(name))
        *ret_name = (struct text){.data = json_string_value(name), .size = json_string_length(name)};
    return 0;
}

static int parse_step(struct funnel_request *request, json_t *step, unsigned i, struct buffer *complaint)
{
    JSON_AUTO *filters = NULL;
    struct place place = place_of("steps[%u]", i), below = place_of("steps[%u].", i);

    if (!json_is_object(step))
        return request_complain(complaint, "%s: must be an object, like {\"page\": \"/cart\"}", place.text);
    int r = request_keys(step, place.text, step_keys, complaint);
    if (r)
        return error_trace(r);
    const char *key = find_maker(step);
    if (!key)
        return request_complain(complaint, "%s: must have one of page, event, any and filters", place.text);
    r = parse_name(step, json_object_get(step, key), &place, &request->names[i], complaint);
    r = r ? r : filters_of_step(key, json_object_get(step, key), &place, &filters, complaint);
    r = r ? r : request_filters(filters, below.text, &request->filters[i], complaint);
    if (r)
        return error_trace(r);
    if (!request->filters[i])
        return request_complain(complaint, "%s.filters: must have one filter at least", place.text);
    request->question.steps[i] = request->filters[i];
    return 0;
}

static int parse_steps(struct funnel_request *request, json_t *list, struct buffer *complaint)
{
    size_t n = json_array_size(list);

    if (n < 1 || n > FUNNEL_STEPS_MAX)
        return request_complain(complaint, "steps: must be a list of 1 to %d objects, like {\"page\": \"/cart\"}",
                                FUNNEL_STEPS_MAX);
    request->question.n_steps = (unsigned)n;
    for (unsigned i = 0; i < n; i++) {
        int r = parse_step(request, json_array_get(list, i), i, complaint);

        if (r)
            return error_trace(r);
    }
    return 0;
}

/* ---- the rest ---- */

/* "45s", "30m", "2h". */
static int parse_window(json_t *value, uint32_t *ret_s, struct buffer *complaint)
{
    const char *c = json_string_value(value);
    uint32_t number = 0;

    if (!value)
        return 0;
    for (; c && *c >= '0' && *c <= '9' && number <= FUNNEL_WINDOW_S_MAX; c++)
        number = 10 * number + (uint32_t)(*c - '0');
    uint32_t unit = !c ? 0 : strcmp(c, "s") == 0 ? 1 : strcmp(c, "m") == 0 ? 60 : strcmp(c, "h") == 0 ? 3600 : 0;
    if (!unit || !number || number > FUNNEL_WINDOW_S_MAX / unit)
        return request_complain(complaint, "window: must be a time like \"45s\", \"30m\" or \"2h\", up to \"%dh\"",
                                FUNNEL_WINDOW_S_MAX / 3600);
    *ret_s = number * unit;
    return 0;
}

static int parse_order(json_t *value, bool *ret_is_strict, struct buffer *complaint)
{
    static const char *const words[] = {"loose", "strict", NULL};
    unsigned index;
    int r = request_word(value, "order", words, &index, complaint);

    if (r == 0)
        *ret_is_strict = index == 1;
    return r;
}

static int parse_root(struct funnel_request *request, struct buffer *complaint)
{
    json_t *root = request->json;
    int r = request_keys(root, "the request", keys, complaint);

    r = r ? r : request_site(json_object_get(root, "site_id"), request->site, complaint);
    r = r ? r : request_range(json_object_get(root, "date_range"), "date_range", &request->range, complaint);
    r = r ? r : parse_steps(request, json_object_get(root, "steps"), complaint);
    r = r ? r : parse_order(json_object_get(root, "order"), &request->question.is_strict, complaint);
    r = r ? r : parse_window(json_object_get(root, "window"), &request->question.window_s, complaint);
    r = r ? r : request_filters(json_object_get(root, "filters"), "", &request->filter, complaint);
    request->question.filter = request->filter;
    return r;
}

void funnel_request_deinit(struct funnel_request *request)
{
    filter_free(request->filter);
    for (unsigned i = 0; i < FUNNEL_STEPS_MAX; i++)
        filter_free(request->filters[i]);
    json_decref(request->json);
    *request = (struct funnel_request){.filter = NULL};
}

int funnel_request_parse(struct text json, struct funnel_request *ret_request, struct buffer *complaint)
{
    struct funnel_request request = {.filter = NULL};
    int r = request_read(json, EXAMPLE, &request.json, complaint);

    r = r ? r : parse_root(&request, complaint);
    if (r) {
        funnel_request_deinit(&request);
        return error_trace(r);
    }
    *ret_request = request;
    return 0;
}
