/*
 * A metric needs something of the rest of the query, or nothing; what it needs
 * has a test, and a sentence for whoever fails it.  Revenue is no case of it:
 * without a goal it is null, and the answer says why.
 *
 * Whether filters name a dimension is read from their request, whose form
 * filter_parse() has checked.  What stands in has_done is about other hits.
 */
#include "crumb/query/rules.h"
#include "crumb/base/error.h"
#include "crumb/query/filter.h"
#include "crumb/query/names.h"

enum need { NEED_NOTHING, NEED_DIMENSION, NEED_PAGE, NEED_GOAL, NEED_VISITS, NEED_BOOKS, NEED_N };

static const enum need needs_of[QUERY_METRIC_N] = {
    [QUERY_VIEWS_PER_VISIT] = NEED_VISITS, [QUERY_BOUNCE_RATE] = NEED_VISITS,
    [QUERY_VISIT_DURATION] = NEED_VISITS,  [QUERY_SCROLL_DEPTH] = NEED_PAGE,
    [QUERY_TIME_ON_PAGE] = NEED_PAGE,      [QUERY_PERCENTAGE] = NEED_DIMENSION,
    [QUERY_CONVERSION_RATE] = NEED_GOAL,   [QUERY_GROUP_CONVERSION_RATE] = NEED_GOAL,
    [QUERY_COVERAGE] = NEED_BOOKS,
};

/* ---- what the query has ---- */

static bool filter_names(json_t *filter, const char *name);

static bool filters_name(json_t *filters, const char *name)
{
    size_t i;
    json_t *filter;

    json_array_foreach(filters, i, filter)
    {
        if (filter_names(filter, name))
            return true;
    }
    return false;
}

static bool filter_names(json_t *filter, const char *name)
{
    const char *operation = json_string_value(json_array_get(filter, 0));
    json_t *below = json_array_get(filter, 1);

    if (json_is_string(below))
        return strcmp(json_string_value(below), name) == 0;
    if (!operation || strcmp(operation, "has_done") == 0 || strcmp(operation, "has_not_done") == 0)
        return false;
    return strcmp(operation, "not") == 0 ? filter_names(below, name) : filters_name(below, name);
}

static bool has_field(const struct query *query, enum field field)
{
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (query->dimensions[i].kind == QUERY_FIELD && query->dimensions[i].field == field)
            return true;
    return false;
}

/* ---- what metrics need ---- */

static bool has_dimension(const struct query *query) { return query->n_dimensions > 0; }

/* What a saved segment has is known when it is bound, and then asked again. */
static bool has_filter(const struct query *query, const char *name)
{
    const struct filter *filter = query->filter;

    return filter && (filter_has_segments(filter) || filters_name(filter_request(filter), name));
}

static bool has_page(const struct query *query)
{
    return has_field(query, FIELD_PAGE) || has_filter(query, field_name(FIELD_PAGE));
}

static bool has_goal(const struct query *query)
{
    return names_place_of(query, QUERY_GOAL) >= 0 || has_filter(query, "event:goal");
}

/* A visit as a whole belongs to the page it began with, and to no other event. */
static bool is_of_visits(const struct query *query)
{
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        const struct query_dimension *dimension = &query->dimensions[i];

        if (dimension->kind == QUERY_GOAL)
            return false;
        if (dimension->kind == QUERY_TIME || !field_is_of_hits(dimension->field) || dimension->field == FIELD_PAGE)
            continue;
        if (dimension->field != FIELD_HOSTNAME || !has_field(query, FIELD_PAGE))
            return false;
    }
    return true;
}

/* The books know when something came, and nothing else of it. */
static bool is_of_books(const struct query *query)
{
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (query->dimensions[i].kind != QUERY_TIME)
            return false;
    return !query->filter;
}

static const struct {
    bool (*is_met)(const struct query *query);
    const char *requirement, *remedy;
} needs[NEED_N] = {
    [NEED_DIMENSION] = {has_dimension, "a dimension",
                        "it is a row's share of all; add a dimension, such as \"visit:source\""},
    [NEED_PAGE] = {has_page, "event:page as dimension or filter",
                   "it is of a page; add \"event:page\" to dimensions, or a filter such as "
                   "[\"is\", \"event:page\", [\"/\"]]"},
    [NEED_GOAL] = {has_goal, "event:goal as dimension or filter",
                   "it is of a goal; add \"event:goal\" to dimensions, or a filter such as "
                   "[\"is\", \"event:goal\", [\"Signup\"]]"},
    [NEED_VISITS] = {is_of_visits, "no event dimension but event:page, and event:hostname beside it",
                     "it is of whole visits; of the dimensions of events it goes with \"event:page\" alone, and with "
                     "\"event:hostname\" beside \"event:page\""},
    [NEED_BOOKS] = {is_of_books, "no dimension but time, no filters",
                    "it counts those who granted nothing, of whom nothing but the time is known; ask for it without "
                    "filters and with no dimension but time"},
};

const char *rules_requirement(enum query_metric metric) { return needs[needs_of[metric]].requirement; }

int rules_check(const struct query *query, struct buffer *complaint)
{
    for (unsigned i = 0; i < query->n_metrics; i++) {
        enum need need = needs_of[query->metrics[i]];

        if (need == NEED_NOTHING || needs[need].is_met(query))
            continue;
        buffer_printf(complaint, "metrics[%u]: \"%s\" cannot be told here: %s", i, names_metric(query->metrics[i]),
                      needs[need].remedy);
        return complaint->fault ? error_origin(complaint->fault) : QUERY_E_INVALID;
    }
    return 0;
}
