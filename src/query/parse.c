/*
 * JSON -> struct query.  Strict: a key, name or type that is not understood is
 * refused, because an answer to half of a question looks like an answer.
 */
#include "parse.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/query/names.h"
#include "crumb/query/rules.h"
#include <errno.h>
#include <stdio.h>

#define EXAMPLE "{\"site_id\": \"shop\", \"metrics\": [\"visitors\"], \"date_range\": \"7d\"}"

static int parse_site_id(struct asked *asked, json_t *value)
{
    return request_site(value, asked->query.site, asked->complaint);
}

static int parse_date_range(struct asked *asked, json_t *value)
{
    return request_range(value, "date_range", &asked->query.range, asked->complaint);
}

/* ---- metrics and dimensions ---- */

/* A kind of name: what lists of it are called, and which there are. */
struct vocabulary {
    const char *key, *thing;
    void (*put_known)(struct buffer *buffer);
    unsigned n_min, n_max;
};

static const struct vocabulary metrics = {"metrics", "a metric", names_put_metrics, 1, QUERY_METRICS_MAX};
static const struct vocabulary dimensions = {"dimensions", "a dimension", names_put_dimensions, 0,
                                             QUERY_DIMENSIONS_MAX};

/* Every complaint about names ends with those that there are. */
static int complain_known(struct asked *asked, const struct vocabulary *vocabulary, const char *what)
{
    BUFFER_AUTO known = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);

    vocabulary->put_known(&known);
    return request_complain(asked->complaint, "%s; this version knows %.*s", what, TEXT_ARGS(buffer_text(&known)));
}

static int complain_list(struct asked *asked, const struct vocabulary *vocabulary)
{
    char what[96];

    snprintf(what, sizeof what, "%s: must be a list of %u to %u names", vocabulary->key, vocabulary->n_min,
             vocabulary->n_max);
    return complain_known(asked, vocabulary, what);
}

/* About item @i, which is @name, or no text. */
static int complain_name(struct asked *asked, const struct vocabulary *vocabulary, size_t i, const char *name)
{
    char what[128];

    if (name)
        snprintf(what, sizeof what, "%s[%zu]: %s is not %s", vocabulary->key, i, request_quote(name).text,
                 vocabulary->thing);
    else
        snprintf(what, sizeof what, "%s[%zu]: must be a name, as text", vocabulary->key, i);
    return complain_known(asked, vocabulary, what);
}

static int complain_twice(struct asked *asked, const char *key, size_t i, const char *name)
{
    return request_complain(asked->complaint, "%s[%zu]: %s is there a second time; name it once", key, i,
                            request_quote(name).text);
}

static int parse_metrics(struct asked *asked, json_t *list)
{
    struct query *query = &asked->query;

    if (json_array_size(list) < metrics.n_min || json_array_size(list) > metrics.n_max)
        return complain_list(asked, &metrics);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        int number = name ? names_find_metric(text_of(name)) : NAMES_UNKNOWN;

        if (number == NAMES_UNKNOWN)
            return complain_name(asked, &metrics, i, name);
        for (unsigned k = 0; k < query->n_metrics; k++)
            if ((int)query->metrics[k] == number)
                return complain_twice(asked, metrics.key, i, name);
        query->metrics[query->n_metrics++] = (enum query_metric)number;
    }
    return 0;
}

static bool find_dimension(const struct query *query, const struct query_dimension *dimension, unsigned *ret_index)
{
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (names_same_dimension(&query->dimensions[i], dimension)) {
            *ret_index = i;
            return true;
        }
    return false;
}

static int parse_dimensions(struct asked *asked, json_t *list)
{
    struct query *query = &asked->query;
    unsigned before;

    if (!json_is_array(list) || json_array_size(list) > dimensions.n_max)
        return complain_list(asked, &dimensions);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        struct query_dimension dimension;

        if (!name || !names_find_dimension(text_of(name), &dimension))
            return complain_name(asked, &dimensions, i, name);
        if (find_dimension(query, &dimension, &before))
            return complain_twice(asked, dimensions.key, i, name);
        if (dimension.kind == QUERY_TIME && names_place_of(query, QUERY_TIME) >= 0)
            return request_complain(asked->complaint, "dimensions[%zu]: \"%s\" is a second time dimension; ask for one",
                                    i, name);
        query->dimensions[query->n_dimensions++] = dimension;
    }
    return 0;
}

/* ---- filters and order ---- */

static int parse_filters(struct asked *asked, json_t *list)
{
    int r = filter_parse(list, &asked->query.filter, asked->complaint);

    if (r == FILTER_E_INVALID)
        return QUERY_E_INVALID;
    if (r == 0)
        asked->query.filters = json_incref(list);
    return error_trace(r);
}

/* Finds @name among the metrics and dimensions of the query. `time` is whichever time there is. */
static bool find_order(const struct query *query, struct text name, struct query_order *ret_order)
{
    struct query_dimension dimension;
    int metric = names_find_metric(name), time = names_place_of(query, QUERY_TIME);

    for (unsigned i = 0; i < query->n_metrics; i++)
        if ((int)query->metrics[i] == metric) {
            *ret_order = (struct query_order){.by_metric = true, .index = i};
            return true;
        }
    *ret_order = (struct query_order){.index = time < 0 ? 0 : (unsigned)time};
    if (time >= 0 && text_equal(name, TEXT("time")))
        return true;
    return names_find_dimension(name, &dimension) && find_dimension(query, &dimension, &ret_order->index);
}

static int parse_order(struct asked *asked, json_t *item, size_t i)
{
    struct query *query = &asked->query;
    const char *name = json_string_value(json_array_get(item, 0));
    const char *direction = json_string_value(json_array_get(item, 1));
    struct query_order order;

    if (json_array_size(item) != 2 || !name || !direction ||
        (strcmp(direction, "asc") != 0 && strcmp(direction, "desc") != 0))
        return request_complain(asked->complaint,
                                "order_by[%zu]: must be a name and a direction, like [\"visitors\", \"desc\"] or "
                                "[\"event:page\", \"asc\"]",
                                i);
    if (!find_order(query, text_of(name), &order))
        return request_complain(asked->complaint,
                                "order_by[%zu]: %s is not among the query's metrics and dimensions; list it there too",
                                i, request_quote(name).text);
    for (unsigned k = 0; k < query->n_orders; k++)
        if (query->orders[k].by_metric == order.by_metric && query->orders[k].index == order.index)
            return complain_twice(asked, "order_by", i, name);
    order.descending = strcmp(direction, "desc") == 0;
    query->orders[query->n_orders++] = order;
    return 0;
}

static int parse_order_by(struct asked *asked, json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) > QUERY_ORDERS_MAX)
        return request_complain(asked->complaint,
                                "order_by: must be a list of up to %d pairs, like [[\"visitors\", \"desc\"]]",
                                QUERY_ORDERS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        int r = parse_order(asked, json_array_get(list, i), i);

        if (r)
            return error_trace(r);
    }
    return 0;
}

/* ---- which rows, and what it cost ---- */

static int parse_count(struct asked *asked, json_t *object, const char *key, unsigned min, unsigned max,
                       unsigned *count)
{
    json_t *value = json_object_get(object, key);
    json_int_t number = json_integer_value(value);

    if (!value)
        return 0;
    if (!json_is_integer(value) || number < min || number > max)
        return request_complain(asked->complaint, "pagination.%s: must be a whole number from %u to %u", key, min, max);
    *count = (unsigned)number;
    return 0;
}

static int parse_pagination(struct asked *asked, json_t *object)
{
    static const char *const keys[] = {"limit", "offset", NULL};
    struct query *query = &asked->query;

    if (!json_is_object(object))
        return request_complain(asked->complaint,
                                "pagination: must be an object, like {\"limit\": 100, \"offset\": 0}");
    int r = request_keys(object, "pagination", keys, asked->complaint);
    if (!r)
        r = parse_count(asked, object, "limit", 1, QUERY_ROWS_MAX, &query->limit);
    if (!r)
        r = parse_count(asked, object, "offset", 0, QUERY_OFFSET_MAX, &query->offset);
    return error_trace(r);
}

static int parse_explain(struct asked *asked, json_t *value)
{
    return request_bool(value, "explain", &asked->query.explain, asked->complaint);
}

/* ---- the whole ---- */

/* In this order: orders and labels look back at metrics and dimensions. */
static const struct {
    const char *key;
    int (*parse)(struct asked *asked, json_t *value);
} parts[] = {{"site_id", parse_site_id},       {"date_range", parse_date_range}, {"metrics", parse_metrics},
             {"dimensions", parse_dimensions}, {"filters", parse_filters},       {"order_by", parse_order_by},
             {"include", parse_include},       {"pagination", parse_pagination}, {"explain", parse_explain}};
#define N_PARTS (sizeof parts / sizeof parts[0])
#define N_PARTS_REQUIRED 3

static int check_root(struct asked *asked, json_t *root)
{
    const char *keys[N_PARTS + 1] = {NULL};

    for (size_t i = 0; i < N_PARTS; i++)
        keys[i] = parts[i].key;
    return error_trace(request_keys(root, "the request", keys, asked->complaint));
}

static void default_orders(struct query *query)
{
    int time = names_place_of(query, QUERY_TIME);

    if (query->n_orders > 0)
        return;
    if (time >= 0)
        query->orders[query->n_orders++] = (struct query_order){.index = (unsigned)time};
    query->orders[query->n_orders++] = (struct query_order){.by_metric = true, .index = 0, .descending = true};
}

static int parse_root(struct asked *asked, json_t *root)
{
    int r = check_root(asked, root);

    for (size_t i = 0; !r && i < N_PARTS; i++) {
        json_t *value = json_object_get(root, parts[i].key);

        if (value)
            r = parts[i].parse(asked, value);
        else if (i < N_PARTS_REQUIRED)
            r = request_complain(asked->complaint, "%s: is missing; a query needs site_id, date_range and metrics",
                                 parts[i].key);
    }
    if (!r)
        r = rules_check(&asked->query, asked->complaint);
    if (!r)
        default_orders(&asked->query);
    return error_trace(r);
}

int query_parse(struct text json, struct query *ret_query, struct buffer *complaint)
{
    struct asked asked = {.query = {.limit = QUERY_ROWS_DEFAULT}, .complaint = complaint};
    int r = request_read(json, EXAMPLE, &asked.query.request, complaint);

    r = r ? r : parse_root(&asked, asked.query.request);
    if (r) {
        query_deinit(&asked.query);
        return error_trace(r);
    }
    *ret_query = asked.query;
    return 0;
}

void query_deinit(struct query *query)
{
    query->filter = filter_free(query->filter);
    json_decref(query->filters);
    json_decref(query->request);
    query->filters = query->request = NULL;
}
