/*
 * `include`: what an answer has beside its rows.
 *
 * `imports` is taken and changes nothing, as there are no imported data; the
 * answer says so.
 */
#include "crumb/base/error.h"
#include "crumb/query/names.h"
#include "parse.h"

static const struct {
    const char *name;
    enum query_comparison comparison;
} modes[] = {
    {"previous_period", COMPARE_PREVIOUS_PERIOD}, {"year_over_year", COMPARE_PREVIOUS_YEAR}, {"custom", COMPARE_RANGE}};

static int read_mode(struct asked *asked, json_t *value)
{
    const char *mode = json_string_value(value);

    for (size_t i = 0; mode && i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i].name, mode) == 0) {
            asked->query.comparison = modes[i].comparison;
            return 0;
        }
    return request_complain(asked->complaint,
                            "include.comparison.mode: must be \"previous_period\", \"year_over_year\" or "
                            "\"custom\"");
}

static int read_comparison_range(struct asked *asked, json_t *value)
{
    if ((value != NULL) != (asked->query.comparison == COMPARE_RANGE))
        return request_complain(asked->complaint,
                                "include.comparison.date_range: goes with the mode \"custom\", which needs it, and "
                                "with no other");
    return value
               ? request_range(value, "include.comparison.date_range", &asked->query.comparison_range, asked->complaint)
               : 0;
}

static int read_comparison(struct asked *asked, json_t *object)
{
    static const char *const keys[] = {"mode", "date_range", "match_day_of_week", NULL};
    struct query *query = &asked->query;

    if (!object)
        return 0;
    if (!json_is_object(object))
        return request_complain(asked->complaint,
                                "include.comparison: must be an object, like {\"mode\": \"previous_period\"}");
    int r = request_keys(object, "include.comparison", keys, asked->complaint);
    if (!r)
        r = read_mode(asked, json_object_get(object, "mode"));
    if (!r)
        r = read_comparison_range(asked, json_object_get(object, "date_range"));
    if (!r)
        r = request_bool(json_object_get(object, "match_day_of_week"), "include.comparison.match_day_of_week",
                         &query->match_day_of_week, asked->complaint);
    if (!r && query->match_day_of_week && query->comparison == COMPARE_RANGE)
        r = request_complain(asked->complaint,
                             "include.comparison.match_day_of_week: does not go with the mode \"custom\", whose "
                             "date_range says it all");
    return error_trace(r);
}

int parse_include(struct asked *asked, json_t *object)
{
    static const char *const keys[] = {"comparison", "imports", "time_labels", "total_rows", NULL};
    struct query *query = &asked->query;
    bool imports;

    if (!json_is_object(object))
        return request_complain(asked->complaint, "include: must be an object, like {\"total_rows\": true}");
    int r = request_keys(object, "include", keys, asked->complaint);
    if (!r)
        r = request_bool(json_object_get(object, "imports"), "include.imports", &imports, asked->complaint);
    if (!r)
        r = request_bool(json_object_get(object, "time_labels"), "include.time_labels", &query->include_time_labels,
                         asked->complaint);
    if (!r)
        r = request_bool(json_object_get(object, "total_rows"), "include.total_rows", &query->include_total_rows,
                         asked->complaint);
    if (!r)
        r = read_comparison(asked, json_object_get(object, "comparison"));
    if (!r && query->include_time_labels && names_place_of(query, QUERY_TIME) < 0)
        r = request_complain(asked->complaint,
                             "include.time_labels: needs a time dimension; add \"time:day\" to dimensions");
    return error_trace(r);
}
