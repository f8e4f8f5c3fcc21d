/*
 * One table each for metrics and times; the rest of the dimensions are fields,
 * whose names are field.h's.
 */
#include "crumb/query/names.h"

static const struct {
    const char *name;
    enum names_unit unit;
    unsigned decimals;
} metrics[QUERY_METRIC_N] = {
    [QUERY_VISITORS] = {"visitors", NAMES_VISITORS, 0},
    [QUERY_VISITS] = {"visits", NAMES_VISITS, 0},
    [QUERY_PAGEVIEWS] = {"pageviews", NAMES_PAGEVIEWS, 0},
    [QUERY_EVENTS] = {"events", NAMES_EVENTS, 0},
    [QUERY_VIEWS_PER_VISIT] = {"views_per_visit", NAMES_RATIO, 2},
    [QUERY_BOUNCE_RATE] = {"bounce_rate", NAMES_PERCENT, 1},
    [QUERY_VISIT_DURATION] = {"visit_duration", NAMES_SECONDS, 0},
    [QUERY_SCROLL_DEPTH] = {"scroll_depth", NAMES_PERCENT, 0},
    [QUERY_TIME_ON_PAGE] = {"time_on_page", NAMES_SECONDS, 0},
    [QUERY_PERCENTAGE] = {"percentage", NAMES_PERCENT, 2},
    [QUERY_CONVERSION_RATE] = {"conversion_rate", NAMES_PERCENT, 2},
    [QUERY_GROUP_CONVERSION_RATE] = {"group_conversion_rate", NAMES_PERCENT, 2},
    [QUERY_TOTAL_REVENUE] = {"total_revenue", NAMES_MONEY, 2},
    [QUERY_AVERAGE_REVENUE] = {"average_revenue", NAMES_MONEY, 2},
    [QUERY_COVERAGE] = {"coverage", NAMES_PERCENT, 1},
};

static const char *const units[] = {
    [NAMES_VISITORS] = "visitors",         [NAMES_VISITS] = "visits",
    [NAMES_PAGEVIEWS] = "pageviews",       [NAMES_EVENTS] = "events",
    [NAMES_RATIO] = "pageviews per visit", [NAMES_PERCENT] = "percent",
    [NAMES_SECONDS] = "seconds",           [NAMES_MONEY] = "money",
};

/* The dimensions that are no fields. */
static const struct {
    const char *name;
    struct query_dimension dimension;
} others[] = {
    {"time", {.kind = QUERY_TIME, .by_length = true}},         {"time:hour", {.kind = QUERY_TIME, .unit = QUERY_HOUR}},
    {"time:day", {.kind = QUERY_TIME, .unit = QUERY_DAY}},     {"time:week", {.kind = QUERY_TIME, .unit = QUERY_WEEK}},
    {"time:month", {.kind = QUERY_TIME, .unit = QUERY_MONTH}}, {"event:goal", {.kind = QUERY_GOAL}},
};
#define N_OTHERS (sizeof others / sizeof others[0])

const char *names_metric(enum query_metric metric) { return metrics[metric].name; }
unsigned names_decimals(enum query_metric metric) { return metrics[metric].decimals; }
enum names_unit names_unit(enum query_metric metric) { return metrics[metric].unit; }
const char *names_of_unit(enum names_unit unit) { return units[unit]; }

int names_find_metric(struct text name)
{
    for (int i = 0; i < QUERY_METRIC_N; i++)
        if (text_equal(text_of(metrics[i].name), name))
            return i;
    return NAMES_UNKNOWN;
}

bool names_find_dimension(struct text name, struct query_dimension *ret_dimension)
{
    struct query_dimension dimension = {.kind = QUERY_FIELD};

    for (size_t i = 0; i < N_OTHERS; i++)
        if (text_equal(text_of(others[i].name), name)) {
            *ret_dimension = others[i].dimension;
            return true;
        }
    dimension.field = field_find(name, &dimension.property);
    if (dimension.field == FIELD_N)
        return false;
    *ret_dimension = dimension;
    return true;
}

bool names_same_dimension(const struct query_dimension *a, const struct query_dimension *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == QUERY_TIME)
        return a->by_length == b->by_length && (a->by_length || a->unit == b->unit);
    return a->kind == QUERY_GOAL || (a->field == b->field && text_equal(a->property, b->property));
}

void names_put_dimension(const struct query_dimension *dimension, struct buffer *buffer)
{
    if (dimension->kind == QUERY_FIELD) {
        buffer_put_text(buffer, text_of(field_name(dimension->field)));
        if (dimension->field == FIELD_PROPERTY)
            buffer_put_text(buffer, dimension->property);
        return;
    }
    for (size_t i = 0; i < N_OTHERS; i++)
        if (names_same_dimension(dimension, &others[i].dimension))
            buffer_put_text(buffer, text_of(others[i].name));
}

bool names_dimension_at(unsigned i, struct query_dimension *ret_dimension)
{
    if (i < N_OTHERS)
        *ret_dimension = others[i].dimension;
    else if (i - N_OTHERS < FIELD_N)
        *ret_dimension = (struct query_dimension){.kind = QUERY_FIELD, .field = (enum field)(i - N_OTHERS)};
    else
        return false;
    return true;
}

int names_place_of(const struct query *query, enum query_dimension_kind kind)
{
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (query->dimensions[i].kind == kind)
            return (int)i;
    return -1;
}

void names_put_metrics(struct buffer *buffer)
{
    for (int i = 0; i < QUERY_METRIC_N; i++)
        buffer_printf(buffer, "%s%s", i ? ", " : "", metrics[i].name);
}

void names_put_dimensions(struct buffer *buffer)
{
    struct query_dimension dimension;

    for (unsigned i = 0; names_dimension_at(i, &dimension); i++) {
        if (i)
            buffer_put_text(buffer, TEXT(", "));
        if (dimension.kind == QUERY_FIELD && dimension.field == FIELD_PROPERTY)
            dimension.property = TEXT("NAME");
        names_put_dimension(&dimension, buffer);
    }
}
