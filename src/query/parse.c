/*
 * JSON -> struct query.  Strict: a key, name or type that is not understood is
 * refused, because an answer to half of a question looks like an answer.
 *
 * Every complaint has one form: place, what is wrong, what would be right.
 */
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/query/names.h"
#include "crumb/query/range.h"
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#define LIST_BYTES 256
#define QUOTE_BYTES 48

struct parse {
    struct query query;
    struct buffer *complaint;
};

/* A kind of name: what lists of it are called and where it is looked up. */
struct vocabulary {
    const char *key, *thing;
    int (*find)(struct text name);
    const char *known;
    unsigned n_max;
};

static const struct vocabulary metrics = {"metrics", "a metric", names_find_metric, names_known_metrics,
                                          QUERY_METRICS_MAX};
static const struct vocabulary dimensions = {"dimensions", "a dimension", names_find_dimension, names_known_dimensions,
                                             QUERY_DIMENSIONS_MAX};

static int complain(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int complain(struct parse *parse, const char *format, ...)
{
    char sentence[QUERY_COMPLAINT_BYTES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    for (char *c = sentence; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?'; /* what was sent is quoted, and the sentence may end in a terminal */
    buffer_put_text(parse->complaint, text_of(sentence));
    return parse->complaint->fault ? error_origin(parse->complaint->fault) : QUERY_E_INVALID;
}

/* The one sentence for what the interface has and this version does not. */
static int complain_later(struct parse *parse, const char *place, const char *what, const char *known)
{
    return complain(parse, "%s: %s is not supported yet; this version knows %s", place, what, known);
}

struct quote {
    char text[QUOTE_BYTES];
};

/* The beginning of what was sent, cut between characters. */
static struct quote quote(const char *string)
{
    struct quote quote;
    size_t size = strlen(string), max = sizeof quote.text - sizeof "\"...\"";
    bool cut = size > max;

    if (cut)
        for (size = max; ((unsigned char)string[size] & 0xc0) == 0x80; size--)
            ;
    snprintf(quote.text, sizeof quote.text, "\"%.*s%s\"", (int)size, string, cut ? "..." : "");
    return quote;
}

/* Refuses an @object with keys that are not among @known. */
static int check_keys(struct parse *parse, const char *place, json_t *object, const char *const *known)
{
    char list[LIST_BYTES] = "";
    const char *key;
    json_t *value;

    for (size_t i = 0; known[i]; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", known[i]);
    json_object_foreach(object, key, value)
    {
        size_t i = 0;

        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return complain(parse, "%s: %s is not a key of it; this version knows %s", place, quote(key).text, list);
    }
    return 0;
}

static int parse_site_id(struct parse *parse, json_t *value)
{
    const char *site = json_string_value(value);

    if (!site || !*site || strlen(site) > SITE_NAME_BYTES_MAX)
        return complain(parse, "site_id: must be the name of a site, a text of 1 to %d bytes", SITE_NAME_BYTES_MAX);
    memcpy(parse->query.site, site, strlen(site) + 1);
    return 0;
}

static int parse_range_pair(struct parse *parse, json_t *list)
{
    struct query_range range = {0};
    struct zone_date *dates[2] = {&range.first, &range.last};
    struct query_time *times[2] = {&range.from, &range.to};
    unsigned n_dates = 0;

    for (unsigned i = 0; i < 2; i++) {
        const char *item = json_string_value(json_array_get(list, i));

        if (item && range_parse_date(text_of(item), dates[i]))
            n_dates++;
        else if (!item || !range_parse_time(text_of(item), times[i]))
            return complain(parse,
                            "date_range[%u]: %s is no date or time; write 2024-01-31, 2024-01-31T09:30:00Z or "
                            "2024-01-31T09:30:00+02:00, of the years 1900 to 2999",
                            i, quote(item ? item : "what stands here").text);
    }
    if (n_dates == 1)
        return complain(parse, "date_range: mixes a date and a time; give two dates or two times");
    range.kind = n_dates == 2 ? RANGE_DATES : RANGE_TIMES;
    parse->query.range = range;
    return 0;
}

static int parse_date_range(struct parse *parse, json_t *value)
{
    const char *word = json_string_value(value);

    if (json_array_size(value) == 2)
        return parse_range_pair(parse, value);
    if (!word || !range_parse_word(text_of(word), &parse->query.range))
        return complain(parse,
                        "date_range: must be \"day\", \"24h\", \"7d\" or another number of days up to %d, \"month\", "
                        "\"6mo\" or another number of months up to %d, \"year\", \"all\", or a list of two dates or "
                        "two times",
                        QUERY_RANGE_COUNT_MAX, QUERY_RANGE_COUNT_MAX);
    return 0;
}

/* Looks up item @i of a list of names. */
static int parse_name(struct parse *parse, const struct vocabulary *vocabulary, json_t *list, size_t i, int *ret_number)
{
    const char *name = json_string_value(json_array_get(list, i));
    int number = name ? vocabulary->find(text_of(name)) : NAMES_UNKNOWN;
    char place[32];

    snprintf(place, sizeof place, "%s[%zu]", vocabulary->key, i);
    if (!name)
        return complain(parse, "%s: must be a name, as text; this version knows %s", place, vocabulary->known);
    if (number == NAMES_LATER)
        return complain_later(parse, place, quote(name).text, vocabulary->known);
    if (number == NAMES_UNKNOWN)
        return complain(parse, "%s: %s is not %s; this version knows %s", place, quote(name).text, vocabulary->thing,
                        vocabulary->known);
    *ret_number = number;
    return 0;
}

static int complain_list(struct parse *parse, const struct vocabulary *vocabulary, unsigned n_min)
{
    return complain(parse, "%s: must be a list of %u to %u names; this version knows %s", vocabulary->key, n_min,
                    vocabulary->n_max, vocabulary->known);
}

static int complain_twice(struct parse *parse, const char *key, size_t i, const char *name)
{
    return complain(parse, "%s[%zu]: \"%s\" is there a second time; name it once", key, i, name);
}

static int parse_metrics(struct parse *parse, json_t *list)
{
    struct query *query = &parse->query;
    int number;

    if (json_array_size(list) < 1 || json_array_size(list) > QUERY_METRICS_MAX)
        return complain_list(parse, &metrics, 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        int r = parse_name(parse, &metrics, list, i, &number);

        if (r)
            return error_trace(r);
        for (unsigned k = 0; k < query->n_metrics; k++)
            if ((int)query->metrics[k] == number)
                return complain_twice(parse, metrics.key, i, names_metric(query->metrics[k]));
        query->metrics[query->n_metrics++] = (enum query_metric)number;
    }
    return 0;
}

static bool has_dimension(const struct query *query, enum query_dimension dimension)
{
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (query->dimensions[i] == dimension)
            return true;
    return false;
}

static int parse_dimensions(struct parse *parse, json_t *list)
{
    struct query *query = &parse->query;
    int number;

    if (!json_is_array(list) || json_array_size(list) > QUERY_DIMENSIONS_MAX)
        return complain_list(parse, &dimensions, 0);
    for (size_t i = 0; i < json_array_size(list); i++) {
        int r = parse_name(parse, &dimensions, list, i, &number);

        if (r)
            return error_trace(r);
        for (unsigned k = 0; k < query->n_dimensions; k++)
            if ((int)query->dimensions[k] == number)
                return complain_twice(parse, dimensions.key, i, names_dimension(query->dimensions[k]));
        query->dimensions[query->n_dimensions++] = (enum query_dimension)number;
        query->time_by_length |= strcmp(json_string_value(json_array_get(list, i)), "time") == 0;
    }
    if (has_dimension(query, QUERY_EVENT_PAGE) && has_dimension(query, QUERY_VISIT_BOT))
        return complain(parse, "dimensions: \"event:page\" and \"visit:bot\" cannot be asked for at once; ask twice");
    return 0;
}

static int parse_filters(struct parse *parse, json_t *list)
{
    if (!json_is_array(list))
        return complain(parse, "filters: must be a list; this version knows []");
    if (json_array_size(list) > 0)
        return complain_later(parse, "filters", "a filter", "[]");
    return 0;
}

/* Finds @name among the metrics and dimensions of the query. */
static bool find_order(const struct query *query, struct text name, struct query_order *ret_order)
{
    int metric = names_find_metric(name), dimension = names_find_dimension(name);

    for (unsigned i = 0; i < query->n_metrics; i++)
        if ((int)query->metrics[i] == metric) {
            *ret_order = (struct query_order){.by_metric = true, .index = i};
            return true;
        }
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if ((int)query->dimensions[i] == dimension) {
            *ret_order = (struct query_order){.index = i};
            return true;
        }
    return false;
}

static int parse_order(struct parse *parse, json_t *item, size_t i)
{
    struct query *query = &parse->query;
    const char *name = json_string_value(json_array_get(item, 0));
    const char *direction = json_string_value(json_array_get(item, 1));
    struct query_order order;

    if (json_array_size(item) != 2 || !name || !direction ||
        (strcmp(direction, "asc") != 0 && strcmp(direction, "desc") != 0))
        return complain(parse,
                        "order_by[%zu]: must be a name and a direction, like [\"visitors\", \"desc\"] or "
                        "[\"event:page\", \"asc\"]",
                        i);
    if (!find_order(query, text_of(name), &order))
        return complain(parse, "order_by[%zu]: %s is not among the query's metrics and dimensions; list it there too",
                        i, quote(name).text);
    for (unsigned k = 0; k < query->n_orders; k++)
        if (query->orders[k].by_metric == order.by_metric && query->orders[k].index == order.index)
            return complain_twice(parse, "order_by", i, name);
    order.descending = strcmp(direction, "desc") == 0;
    query->orders[query->n_orders++] = order;
    return 0;
}

static int parse_order_by(struct parse *parse, json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) > QUERY_ORDERS_MAX)
        return complain(parse, "order_by: must be a list of up to %d pairs, like [[\"visitors\", \"desc\"]]",
                        QUERY_ORDERS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        int r = parse_order(parse, json_array_get(list, i), i);

        if (r)
            return error_trace(r);
    }
    return 0;
}

static int parse_include(struct parse *parse, json_t *object)
{
    static const char *const keys[] = {"imports", "time_labels", "total_rows", NULL};
    struct query *query = &parse->query;

    if (!json_is_object(object))
        return complain(parse, "include: must be an object, like {\"total_rows\": true}");
    int r = check_keys(parse, "include", object, keys);
    if (r)
        return error_trace(r);
    for (size_t i = 0; keys[i]; i++) {
        json_t *value = json_object_get(object, keys[i]);

        if (value && !json_is_boolean(value))
            return complain(parse, "include.%s: must be true or false", keys[i]);
    }
    if (json_is_true(json_object_get(object, "imports")))
        return complain_later(parse, "include.imports", "imported data", "false");
    query->include_total_rows = json_is_true(json_object_get(object, "total_rows"));
    query->include_time_labels = json_is_true(json_object_get(object, "time_labels"));
    if (query->include_time_labels && !has_dimension(query, QUERY_TIME_DAY))
        return complain(parse, "include.time_labels: needs a time dimension; add \"time:day\" to dimensions");
    return 0;
}

static int parse_count(struct parse *parse, json_t *object, const char *key, unsigned min, unsigned max,
                       unsigned *count)
{
    json_t *value = json_object_get(object, key);
    json_int_t number = json_integer_value(value);

    if (!value)
        return 0;
    if (!json_is_integer(value) || number < min || number > max)
        return complain(parse, "pagination.%s: must be a whole number from %u to %u", key, min, max);
    *count = (unsigned)number;
    return 0;
}

static int parse_pagination(struct parse *parse, json_t *object)
{
    static const char *const keys[] = {"limit", "offset", NULL};
    struct query *query = &parse->query;

    if (!json_is_object(object))
        return complain(parse, "pagination: must be an object, like {\"limit\": 100, \"offset\": 0}");
    int r = check_keys(parse, "pagination", object, keys);
    if (!r)
        r = parse_count(parse, object, "limit", 1, QUERY_ROWS_MAX, &query->limit);
    if (!r)
        r = parse_count(parse, object, "offset", 0, QUERY_OFFSET_MAX, &query->offset);
    return error_trace(r);
}

/* In this order: orders and labels look back at metrics and dimensions. */
static const char *const keys[] = {"site_id",  "date_range", "metrics",    "dimensions", "filters",
                                   "order_by", "include",    "pagination", NULL};
static int (*const parsers[])(struct parse *parse, json_t *value) = {parse_site_id,    parse_date_range, parse_metrics,
                                                                     parse_dimensions, parse_filters,    parse_order_by,
                                                                     parse_include,    parse_pagination};
#define N_KEYS_REQUIRED 3
_Static_assert(sizeof keys / sizeof keys[0] == sizeof parsers / sizeof parsers[0] + 1, "a parser a key");

static void default_orders(struct query *query)
{
    if (query->n_orders > 0)
        return;
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (query->dimensions[i] == QUERY_TIME_DAY)
            query->orders[query->n_orders++] = (struct query_order){.index = i};
    query->orders[query->n_orders++] = (struct query_order){.by_metric = true, .index = 0, .descending = true};
}

static int parse_root(struct parse *parse, json_t *root)
{
    if (!json_is_object(root))
        return complain(parse, "the query: must be a JSON object, like {\"site_id\": \"shop\", \"metrics\": "
                               "[\"visitors\"], \"date_range\": \"7d\"}");
    int r = check_keys(parse, "the query", root, keys);
    for (size_t i = 0; !r && keys[i]; i++) {
        json_t *value = json_object_get(root, keys[i]);

        if (value)
            r = parsers[i](parse, value);
        else if (i < N_KEYS_REQUIRED)
            r = complain(parse, "%s: is missing; a query needs site_id, date_range and metrics", keys[i]);
    }
    if (!r)
        default_orders(&parse->query);
    return error_trace(r);
}

int query_parse(struct text json, struct query *ret_query, struct buffer *complaint)
{
    struct parse parse = {.query = {.limit = QUERY_ROWS_DEFAULT}, .complaint = complaint};
    json_error_t error;

    if (json.size > QUERY_BODY_BYTES_MAX)
        return complain(&parse, "the query: has more than %d bytes; ask for less", QUERY_BODY_BYTES_MAX);
    if (json_too_deep(json))
        return complain(&parse, "the query: is nested deeper than %d levels; a query needs 3", JSON_DEPTH_MAX);
    json_auto_t *root = json_loadb(json.size ? json.data : "", json.size, JSON_REJECT_DUPLICATES, &error);
    if (!root && (json_error_code(&error) == json_error_out_of_memory || !error.text[0]))
        return error_origin(-ENOMEM);
    if (!root)
        return complain(&parse, "the query: is not JSON: %s at line %d, column %d", error.text, error.line,
                        error.column);
    int r = parse_root(&parse, root);
    if (r)
        return error_trace(r);
    *ret_query = parse.query;
    return 0;
}
