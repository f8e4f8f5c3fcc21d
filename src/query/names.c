/*
 * One table each; the enums in query.h are the indexes of the first part.
 */
#include "crumb/query/names.h"

static const struct {
    const char *name;
    unsigned decimals;
} metrics[QUERY_METRIC_N] = {
    [QUERY_VISITORS] = {"visitors", 0},       [QUERY_VISITS] = {"visits", 0},
    [QUERY_PAGEVIEWS] = {"pageviews", 0},     [QUERY_VIEWS_PER_VISIT] = {"views_per_visit", 2},
    [QUERY_BOUNCE_RATE] = {"bounce_rate", 1}, [QUERY_VISIT_DURATION] = {"visit_duration", 0},
};

const char names_known_metrics[] = "visitors, visits, pageviews, views_per_visit, bounce_rate, visit_duration";

static const char *const metrics_later[] = {"events",          "scroll_depth",          "percentage",
                                            "conversion_rate", "group_conversion_rate", "average_revenue",
                                            "total_revenue",   "time_on_page",          NULL};

static const char *const dimensions[QUERY_DIMENSION_N] = {
    [QUERY_TIME_DAY] = "time:day", [QUERY_EVENT_PAGE] = "event:page", [QUERY_VISIT_BOT] = "visit:bot"};

const char names_known_dimensions[] = "time, time:day, event:page, visit:bot";

static const char *const dimensions_later[] = {"time:hour",
                                               "time:week",
                                               "time:month",
                                               "event:goal",
                                               "event:name",
                                               "event:hostname",
                                               "visit:entry_page",
                                               "visit:entry_page_hostname",
                                               "visit:exit_page",
                                               "visit:exit_page_hostname",
                                               "visit:source",
                                               "visit:referrer",
                                               "visit:channel",
                                               "visit:utm_medium",
                                               "visit:utm_source",
                                               "visit:utm_campaign",
                                               "visit:utm_content",
                                               "visit:utm_term",
                                               "visit:device",
                                               "visit:browser",
                                               "visit:browser_version",
                                               "visit:os",
                                               "visit:os_version",
                                               "visit:country",
                                               "visit:region",
                                               "visit:city",
                                               "visit:country_name",
                                               "visit:region_name",
                                               "visit:city_name",
                                               NULL};

const char *names_metric(enum query_metric metric) { return metrics[metric].name; }
const char *names_dimension(enum query_dimension dimension) { return dimensions[dimension]; }
unsigned names_decimals(enum query_metric metric) { return metrics[metric].decimals; }

static int find_later(const char *const *names, struct text name)
{
    for (; *names; names++)
        if (text_equal(text_of(*names), name))
            return NAMES_LATER;
    return NAMES_UNKNOWN;
}

int names_find_metric(struct text name)
{
    for (int i = 0; i < QUERY_METRIC_N; i++)
        if (text_equal(text_of(metrics[i].name), name))
            return i;
    return find_later(metrics_later, name);
}

int names_find_dimension(struct text name)
{
    if (text_equal(name, TEXT("time")))
        return QUERY_TIME_DAY;
    for (int i = 0; i < QUERY_DIMENSION_N; i++)
        if (text_equal(text_of(dimensions[i]), name))
            return i;
    if (text_starts(name, TEXT("event:props:")) && name.size > sizeof "event:props:" - 1)
        return NAMES_LATER;
    return find_later(dimensions_later, name);
}
