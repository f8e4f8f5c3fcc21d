/*
 * Requests and what becomes of them: one line that tells the parsed query, or
 * what the complaint says.
 */
#include "crumb/base/json.h"
#include "crumb/query/names.h"
#include "crumb/query/query.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* The required keys, so that a row shows only what it is about. */
#define BASE "\"site_id\":\"shop\",\"date_range\":\"7d\",\"metrics\":[\"visitors\"]"
#define WITH(rest) "{" BASE "," rest "}"
#define RANGE(range) "{\"site_id\":\"shop\",\"metrics\":[\"visitors\"],\"date_range\":" range "}"
#define METRICS(list) "{\"site_id\":\"shop\",\"date_range\":\"7d\",\"metrics\":" list "}"

#define ASK(list, rest) "{\"site_id\":\"shop\",\"date_range\":\"7d\",\"metrics\":" list "," rest "}"

#define PLAIN "shop visitors by [] of 7d order visitors- rows 0+10000"
#define METRIC_LIST                                                                                                    \
    "this version knows visitors, visits, pageviews, events, views_per_visit, bounce_rate, visit_duration"
#define DIMENSION_LIST "this version knows time, time:hour, time:day, time:week, time:month, event:goal, event:page"

static const struct {
    const char *name, *json;
    const char *query;     /* NULL: refused */
    const char *complaint; /* a part of it */
} rows[] = {
    {"the least", "{" BASE "}", PLAIN, NULL},
    {"white space", " {\n" BASE "\t}\r\n", PLAIN, NULL},
    {"empty lists and objects", WITH("\"dimensions\":[],\"order_by\":[],\"include\":{},\"pagination\":{}"), PLAIN,
     NULL},
    {"no filters", WITH("\"filters\":[]"), "shop visitors by [] of 7d filters [] order visitors- rows 0+10000", NULL},
    {"all metrics",
     METRICS("[\"visit_duration\",\"visitors\",\"visits\",\"pageviews\",\"views_per_visit\","
             "\"bounce_rate\"]"),
     "shop visit_duration,visitors,visits,pageviews,views_per_visit,bounce_rate by [] of 7d order visit_duration- rows "
     "0+10000",
     NULL},
    {"by page", WITH("\"dimensions\":[\"event:page\"]"),
     "shop visitors by [event:page] of 7d order visitors- rows 0+10000", NULL},
    {"by day", WITH("\"dimensions\":[\"time:day\"]"),
     "shop visitors by [time:day] of 7d order time:day+,visitors- rows 0+10000", NULL},
    {"by length", WITH("\"dimensions\":[\"time\"]"), "shop visitors by [time] of 7d order time+,visitors- rows 0+10000",
     NULL},
    {"every time", WITH("\"dimensions\":[\"time:month\"],\"order_by\":[[\"time:month\",\"desc\"]]"),
     "shop visitors by [time:month] of 7d order time:month- rows 0+10000", NULL},
    {"by eight dimensions",
     WITH("\"dimensions\":[\"time:week\",\"event:hostname\",\"event:name\",\"event:props:a b\",\"event:props:ab\","
          "\"visit:country_name\",\"visit:screen\",\"event:goal\"]"),
     "shop visitors by [time:week,event:hostname,event:name,event:props:a b,event:props:ab,visit:country_name,"
     "visit:screen,event:goal] of 7d order time:week+,visitors- rows 0+10000",
     NULL},
    {"shares", "{\"site_id\":\"shop\",\"date_range\":\"7d\",\"metrics\":[\"percentage\"],\"dimensions\":[\"time\"]}",
     "shop percentage by [time] of 7d order time+,percentage- rows 0+10000", NULL},
    {"revenue without a goal is null, not wrong", METRICS("[\"total_revenue\",\"average_revenue\"]"),
     "shop total_revenue,average_revenue by [] of 7d order total_revenue- rows 0+10000", NULL},
    {"visits by page and host",
     ASK("[\"bounce_rate\",\"views_per_visit\",\"visit_duration\"]",
         "\"dimensions\":[\"event:hostname\",\"visit:source\",\"time:hour\",\"event:page\"]"),
     "shop bounce_rate,views_per_visit,visit_duration by [event:hostname,visit:source,time:hour,event:page] of 7d "
     "order "
     "time:hour+,bounce_rate- rows 0+10000",
     NULL},
    {"visits by event filters", ASK("[\"bounce_rate\"]", "\"filters\":[[\"is\",\"event:name\",[\"a\"]]]"),
     "shop bounce_rate by [] of 7d filters [[\"is\",\"event:name\",[\"a\"]]] order bounce_rate- rows 0+10000", NULL},
    {"of a page by dimension", ASK("[\"scroll_depth\",\"time_on_page\"]", "\"dimensions\":[\"event:page\"]"),
     "shop scroll_depth,time_on_page by [event:page] of 7d order scroll_depth- rows 0+10000", NULL},
    {"of a page by filter", ASK("[\"scroll_depth\"]", "\"filters\":[[\"contains\",\"event:page\",[\"/\"]]]"),
     "shop scroll_depth by [] of 7d filters [[\"contains\",\"event:page\",[\"/\"]]] order scroll_depth- rows 0+10000",
     NULL},
    {"of a page by a filter below",
     ASK("[\"scroll_depth\"]", "\"filters\":[[\"or\",[[\"not\",[\"is\",\"event:page\",[\"/\"]]]]]]"),
     "shop scroll_depth by [] of 7d filters [[\"or\",[[\"not\",[\"is\",\"event:page\",[\"/\"]]]]]] order "
     "scroll_depth- rows 0+10000",
     NULL},
    {"of a goal by dimension",
     ASK("[\"conversion_rate\",\"group_conversion_rate\"]", "\"dimensions\":[\"event:goal\"]"),
     "shop conversion_rate,group_conversion_rate by [event:goal] of 7d order conversion_rate- rows 0+10000", NULL},
    {"coverage", ASK("[\"coverage\"]", "\"dimensions\":[\"time:hour\"],\"filters\":[]"),
     "shop coverage by [time:hour] of 7d filters [] order time:hour+,coverage- rows 0+10000", NULL},
    {"compared with before", WITH("\"include\":{\"comparison\":{\"mode\":\"previous_period\"}}"),
     PLAIN " against previous", NULL},
    {"compared by weekday",
     WITH("\"include\":{\"comparison\":{\"mode\":\"year_over_year\",\"match_day_of_week\":true}}"),
     PLAIN " against year by weekday", NULL},
    {"compared with a range",
     WITH("\"include\":{\"comparison\":{\"mode\":\"custom\",\"date_range\":[\"2024-01-01\",\"2024-07-01\"]}}"),
     PLAIN " against 2024-1-1..2024-7-1", NULL},
    {"compared with a word", WITH("\"include\":{\"comparison\":{\"mode\":\"custom\",\"date_range\":\"6mo\"}}"),
     PLAIN " against 6mo", NULL},
    {"explained", WITH("\"explain\":true"), PLAIN " explained", NULL},
    {"not explained", WITH("\"explain\":false,\"include\":{\"imports\":true}"), PLAIN, NULL},
    {"by page and day", WITH("\"dimensions\":[\"event:page\",\"time:day\"]"),
     "shop visitors by [event:page,time:day] of 7d order time:day+,visitors- rows 0+10000", NULL},
    {"order", WITH("\"dimensions\":[\"event:page\"],\"order_by\":[[\"event:page\",\"desc\"],[\"visitors\",\"asc\"]]"),
     "shop visitors by [event:page] of 7d order event:page-,visitors+ rows 0+10000", NULL},
    {"order by time", WITH("\"dimensions\":[\"time:day\"],\"order_by\":[[\"time\",\"desc\"]]"),
     "shop visitors by [time:day] of 7d order time:day- rows 0+10000", NULL},
    {"order before what it names", "{\"order_by\":[[\"visitors\",\"asc\"]]," BASE "}",
     "shop visitors by [] of 7d order visitors+ rows 0+10000", NULL},
    {"include", WITH("\"dimensions\":[\"time:day\"],\"include\":{\"time_labels\":true,\"total_rows\":true}"),
     "shop visitors by [time:day] of 7d order time:day+,visitors- rows 0+10000 labels total", NULL},
    {"include nothing", WITH("\"include\":{\"time_labels\":false,\"total_rows\":false,\"imports\":false}"), PLAIN,
     NULL},
    {"pagination", WITH("\"pagination\":{\"limit\":1,\"offset\":1000000000}"),
     "shop visitors by [] of 7d order visitors- rows 1000000000+1", NULL},
    {"only a limit", WITH("\"pagination\":{\"limit\":10000}"), PLAIN, NULL},
    {"range: day", RANGE("\"day\""), "shop visitors by [] of day order visitors- rows 0+10000", NULL},
    {"range: 24h", RANGE("\"24h\""), "shop visitors by [] of 24h order visitors- rows 0+10000", NULL},
    {"range: 999 months", RANGE("\"999mo\""), "shop visitors by [] of 999mo order visitors- rows 0+10000", NULL},
    {"range: dates", RANGE("[\"2024-01-01\",\"2024-07-01\"]"),
     "shop visitors by [] of 2024-1-1..2024-7-1 order visitors- rows 0+10000", NULL},
    {"range: times", RANGE("[\"1970-01-02T00:00:01+01:00\",\"1970-01-02T00:00:01.75\"]"),
     "shop visitors by [] of 82801..86401w order visitors- rows 0+10000", NULL},
    {"a site of 63 bytes",
     "{\"site_id\":\"123456789-123456789-123456789-123456789-123456789-123456789-123\",\"metrics\":[\"visits\"],"
     "\"date_range\":\"all\"}",
     "123456789-123456789-123456789-123456789-123456789-123456789-123 visits by [] of all order visits- rows 0+10000",
     NULL},

    {"nothing", "", NULL, "the request: is not JSON"},
    {"half", "{\"site_id\":", NULL, "the request: is not JSON: "},
    {"more behind", "{" BASE "} {}", NULL, "end of file expected"},
    {"a list", "[1]", NULL, "the request: must be a JSON object"},
    {"a number", "7", NULL, "the request: is not JSON"},
    {"a key twice", "{" BASE ",\"site_id\":\"other\"}", NULL, "duplicate object key near '\"site_id\"'"},
    {"a key twice further in", WITH("\"pagination\":{\"limit\":1,\"limit\":2}"), NULL, "duplicate object key"},
    {"a NUL in a text", "{\"site_id\":\"a\\u0000b\"}", NULL, "\\u0000 is not allowed"},
    {"bytes that are not UTF-8", "{\"site_id\":\"\xff\"}", NULL, "unable to decode byte 0xff"},
    {"an unknown key", WITH("\"metric\":[\"visitors\"]"), NULL,
     "the request: \"metric\" is not a key of it; this version knows site_id, date_range, metrics, dimensions, "
     "filters, "
     "order_by, include, pagination, explain"},
    {"an unknown key with control characters", WITH("\"a\\u001b[2J\\n\":1"), NULL, "the request: \"a?[2J?\" is not"},
    {"an unknown key that is long", WITH("\"01234567890123456789012345678901234567890äöü\":1"), NULL,
     "the request: \"01234567890123456789012345678901234567890...\" is not"},
    {"no site", "{\"metrics\":[\"visitors\"],\"date_range\":\"7d\"}", NULL,
     "site_id: is missing; a query needs site_id, date_range and metrics"},
    {"no range", "{\"site_id\":\"shop\",\"metrics\":[\"visitors\"]}", NULL, "date_range: is missing"},
    {"no metrics", "{\"site_id\":\"shop\",\"date_range\":\"7d\"}", NULL, "metrics: is missing"},
    {"site: a number", "{\"site_id\":1,\"metrics\":[\"visitors\"],\"date_range\":\"7d\"}", NULL,
     "site_id: must be the name of a site"},
    {"site: empty", "{\"site_id\":\"\",\"metrics\":[\"visitors\"],\"date_range\":\"7d\"}", NULL,
     "site_id: must be the name of a site"},
    {"site: 64 bytes",
     "{\"site_id\":\"123456789-123456789-123456789-123456789-123456789-123456789-1234\",\"metrics\":[\"visits\"],"
     "\"date_range\":\"all\"}",
     NULL, "a text of 1 to 63 bytes"},

    {"metrics: null", METRICS("null"), NULL, "metrics: must be a list of 1 to 16 names; " METRIC_LIST},
    {"metrics: none", METRICS("[]"), NULL, "metrics: must be a list of 1 to 16 names"},
    {"metrics: too many",
     METRICS("[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]"),
     NULL, "metrics: must be a list of 1 to 16 names"},
    {"metrics: a text", METRICS("\"visitors\""), NULL, "metrics: must be a list"},
    {"metrics: a number in it", METRICS("[\"visits\",1]"), NULL, "metrics[1]: must be a name, as text; " METRIC_LIST},
    {"metrics: unknown", METRICS("[\"vistors\"]"), NULL, "metrics[0]: \"vistors\" is not a metric; " METRIC_LIST},
    {"metrics: with another case", METRICS("[\"Visitors\"]"), NULL, "\"Visitors\" is not a metric"},
    {"metrics: a dimension", METRICS("[\"event:page\"]"), NULL, "\"event:page\" is not a metric"},
    {"metrics: twice", METRICS("[\"visits\",\"visitors\",\"visits\"]"), NULL,
     "metrics[2]: \"visits\" is there a second time; name it once"},
    {"shares of nothing", METRICS("[\"visits\",\"percentage\"]"), NULL,
     "metrics[1]: \"percentage\" cannot be told here: it is a row's share of all; add a dimension, such as"},
    {"scroll depth of no page", METRICS("[\"scroll_depth\"]"), NULL,
     "metrics[0]: \"scroll_depth\" cannot be told here: it is of a page; add \"event:page\" to dimensions, or a "
     "filter"},
    {"time on no page", ASK("[\"time_on_page\"]", "\"dimensions\":[\"visit:entry_page\"]"), NULL,
     "metrics[0]: \"time_on_page\" cannot be told here: it is of a page"},
    {"a page that was seen some time",
     ASK("[\"scroll_depth\"]", "\"filters\":[[\"has_done\",[\"is\",\"event:page\",[\"/\"]]]]"), NULL,
     "it is of a page"},
    {"conversion to nothing", METRICS("[\"conversion_rate\"]"), NULL,
     "metrics[0]: \"conversion_rate\" cannot be told here: it is of a goal; add \"event:goal\" to dimensions"},
    {"conversion of groups to nothing", ASK("[\"group_conversion_rate\"]", "\"dimensions\":[\"event:name\"]"), NULL,
     "it is of a goal"},
    {"bounces of events", ASK("[\"visits\",\"bounce_rate\"]", "\"dimensions\":[\"event:name\"]"), NULL,
     "metrics[1]: \"bounce_rate\" cannot be told here: it is of whole visits; of the dimensions of events it goes with "
     "\"event:page\" alone, and with \"event:hostname\" beside \"event:page\""},
    {"bounces of a host", ASK("[\"bounce_rate\"]", "\"dimensions\":[\"event:hostname\"]"), NULL,
     "it is of whole visits"},
    {"views of a goal", ASK("[\"views_per_visit\"]", "\"dimensions\":[\"event:goal\"]"), NULL, "it is of whole visits"},
    {"length of a property", ASK("[\"visit_duration\"]", "\"dimensions\":[\"event:page\",\"event:props:a\"]"), NULL,
     "it is of whole visits"},
    {"coverage of a country", ASK("[\"coverage\"]", "\"dimensions\":[\"time\",\"visit:country\"]"), NULL,
     "metrics[0]: \"coverage\" cannot be told here: it counts those who granted nothing"},
    {"coverage of a goal", ASK("[\"coverage\"]", "\"dimensions\":[\"event:goal\"]"), NULL, "who granted nothing"},
    {"coverage of a page", ASK("[\"coverage\"]", "\"filters\":[[\"is\",\"event:page\",[\"/\"]]]"), NULL,
     "who granted nothing"},

    {"dimensions: a text", WITH("\"dimensions\":\"event:page\""), NULL,
     "dimensions: must be a list of 0 to 8 names; " DIMENSION_LIST},
    {"dimensions: unknown", WITH("\"dimensions\":[\"page\"]"), NULL,
     "dimensions[0]: \"page\" is not a dimension; " DIMENSION_LIST},
    {"dimensions: twice", WITH("\"dimensions\":[\"event:page\",\"event:page\"]"), NULL,
     "dimensions[1]: \"event:page\" is there a second time"},
    {"dimensions: two times", WITH("\"dimensions\":[\"time:day\",\"time\"]"), NULL,
     "dimensions[1]: \"time\" is a second time dimension; ask for one"},
    {"dimensions: a property twice", WITH("\"dimensions\":[\"event:props:a\",\"event:props:a\"]"), NULL,
     "dimensions[1]: \"event:props:a\" is there a second time"},
    {"dimensions: a property without a name", WITH("\"dimensions\":[\"event:props:\"]"), NULL,
     "\"event:props:\" is not a dimension"},
    {"dimensions: minutes", WITH("\"dimensions\":[\"time:minute\"]"), NULL, "\"time:minute\" is not a dimension"},
    {"dimensions: a number", WITH("\"dimensions\":[1]"), NULL,
     "dimensions[0]: must be a name, as text; " DIMENSION_LIST},

    {"filters: an object", WITH("\"filters\":{}"), NULL, "filters: must be a list of filters"},
    {"filters: no filter", WITH("\"filters\":[\"is\"]"), NULL, "filters[0]: must be a filter"},
    {"filters: of time", WITH("\"filters\":[[\"is\",\"time:day\",[\"2024-01-01\"]]]"), NULL,
     "filters[0][1]: must be a"},

    {"order: an object", WITH("\"order_by\":{}"), NULL, "order_by: must be a list of up to 8 pairs"},
    {"order: too many", WITH("\"order_by\":[1,2,3,4,5,6,7,8,9]"), NULL, "order_by: must be a list of up to 8 pairs"},
    {"order: a name alone", WITH("\"order_by\":[\"visitors\"]"), NULL,
     "order_by[0]: must be a name and a direction, like [\"visitors\", \"desc\"]"},
    {"order: without a direction", WITH("\"order_by\":[[\"visitors\"]]"), NULL, "order_by[0]: must be a name and a"},
    {"order: three things", WITH("\"order_by\":[[\"visitors\",\"asc\",1]]"), NULL, "order_by[0]: must be a name and a"},
    {"order: another direction", WITH("\"order_by\":[[\"visitors\",\"up\"]]"), NULL, "order_by[0]: must be a name and"},
    {"order: what is not asked", WITH("\"order_by\":[[\"visitors\",\"asc\"],[\"visits\",\"asc\"]]"), NULL,
     "order_by[1]: \"visits\" is not among the query's metrics and dimensions; list it there too"},
    {"order: unknown", WITH("\"order_by\":[[\"size\",\"asc\"]]"), NULL, "order_by[0]: \"size\" is not among"},
    {"order: twice", WITH("\"order_by\":[[\"visitors\",\"asc\"],[\"visitors\",\"desc\"]]"), NULL,
     "order_by[1]: \"visitors\" is there a second time"},

    {"include: a list", WITH("\"include\":[]"), NULL, "include: must be an object"},
    {"include: unknown", WITH("\"include\":{\"totals\":true}"), NULL,
     "include: \"totals\" is not a key of it; this version knows comparison, imports, time_labels, total_rows"},
    {"include: a number", WITH("\"include\":{\"total_rows\":1}"), NULL, "include.total_rows: must be true or false"},
    {"include: imports of what", WITH("\"include\":{\"imports\":\"yes\"}"), NULL,
     "include.imports: must be true or false"},
    {"comparison: a word", WITH("\"include\":{\"comparison\":\"previous_period\"}"), NULL,
     "include.comparison: must be an object, like {\"mode\": \"previous_period\"}"},
    {"comparison: no mode", WITH("\"include\":{\"comparison\":{}}"), NULL,
     "include.comparison.mode: must be \"previous_period\", \"year_over_year\" or \"custom\""},
    {"comparison: another mode", WITH("\"include\":{\"comparison\":{\"mode\":\"before\"}}"), NULL,
     "include.comparison.mode: must be"},
    {"comparison: unknown", WITH("\"include\":{\"comparison\":{\"mode\":\"previous_period\",\"range\":1}}"), NULL,
     "include.comparison: \"range\" is not a key of it; this version knows mode, date_range, match_day_of_week"},
    {"comparison: a range too many",
     WITH("\"include\":{\"comparison\":{\"mode\":\"previous_period\",\"date_range\":\"7d\"}}"), NULL,
     "include.comparison.date_range: goes with the mode \"custom\", which needs it, and with no other"},
    {"comparison: no range", WITH("\"include\":{\"comparison\":{\"mode\":\"custom\"}}"), NULL,
     "include.comparison.date_range: goes with the mode \"custom\", which needs it"},
    {"comparison: no such range",
     WITH("\"include\":{\"comparison\":{\"mode\":\"custom\",\"date_range\":[\"2024-01-01\",\"2023-02-29\"]}}"), NULL,
     "include.comparison.date_range[1]: \"2023-02-29\" is no date or time"},
    {"comparison: weekdays of a range",
     WITH("\"include\":{\"comparison\":{\"mode\":\"custom\",\"date_range\":\"7d\",\"match_day_of_week\":true}}"), NULL,
     "include.comparison.match_day_of_week: does not go with the mode \"custom\""},
    {"comparison: weekdays of what",
     WITH("\"include\":{\"comparison\":{\"mode\":\"previous_period\",\"match_day_of_week\":1}}"), NULL,
     "include.comparison.match_day_of_week: must be true or false"},
    {"explain: a word", WITH("\"explain\":\"yes\""), NULL, "explain: must be true or false"},
    {"include: labels of nothing", WITH("\"include\":{\"time_labels\":true}"), NULL,
     "include.time_labels: needs a time dimension; add \"time:day\" to dimensions"},

    {"pagination: a list", WITH("\"pagination\":[10,0]"), NULL, "pagination: must be an object"},
    {"pagination: unknown", WITH("\"pagination\":{\"page\":2}"), NULL,
     "pagination: \"page\" is not a key of it; this version knows limit, offset"},
    {"pagination: no rows", WITH("\"pagination\":{\"limit\":0}"), NULL,
     "pagination.limit: must be a whole number from 1 to 10000"},
    {"pagination: too many rows", WITH("\"pagination\":{\"limit\":10001}"), NULL, "pagination.limit: must be a whole"},
    {"pagination: a fraction", WITH("\"pagination\":{\"limit\":10.0}"), NULL, "pagination.limit: must be a whole"},
    {"pagination: a text", WITH("\"pagination\":{\"offset\":\"0\"}"), NULL, "pagination.offset: must be a whole"},
    {"pagination: backwards", WITH("\"pagination\":{\"offset\":-1}"), NULL,
     "pagination.offset: must be a whole number from 0 to 1000000000"},
    {"pagination: past 32 bits", WITH("\"pagination\":{\"offset\":4294967296}"), NULL, "pagination.offset: must be"},
    {"pagination: past 64 bits", WITH("\"pagination\":{\"offset\":18446744073709551616}"), NULL, "too big integer"},

    {"range: unknown", RANGE("\"week\""), NULL,
     "date_range: must be \"day\", \"24h\", \"7d\" or another number of days up to 999, \"month\", \"6mo\" or another "
     "number of months up to 999, \"year\", \"all\", or a list of two dates or two times"},
    {"range: a number", RANGE("7"), NULL, "date_range: must be"},
    {"range: one date", RANGE("[\"2024-01-01\"]"), NULL, "date_range: must be"},
    {"range: three dates", RANGE("[\"2024-01-01\",\"2024-01-02\",\"2024-01-03\"]"), NULL, "date_range: must be"},
    {"range: no such date", RANGE("[\"2024-01-01\",\"2023-02-29\"]"), NULL,
     "date_range[1]: \"2023-02-29\" is no date or time; write 2024-01-31, 2024-01-31T09:30:00Z or"},
    {"range: numbers", RANGE("[1,2]"), NULL, "date_range[0]: \"what stands here\" is no date or time"},
    {"range: a date and a time", RANGE("[\"2024-01-01\",\"2024-01-02T00:00:00Z\"]"), NULL,
     "date_range: mixes a date and a time; give two dates or two times"},
};

static void put_range(struct buffer *buffer, const struct query_range *range)
{
    static const char *const words[] = {
        [RANGE_DAY] = "day", [RANGE_24H] = "24h", [RANGE_MONTH] = "month", [RANGE_YEAR] = "year", [RANGE_ALL] = "all"};

    switch (range->kind) {
    case RANGE_LAST_DAYS:
    case RANGE_LAST_MONTHS:
        buffer_printf(buffer, "%u%s", range->n, range->kind == RANGE_LAST_DAYS ? "d" : "mo");
        break;
    case RANGE_DATES:
        buffer_printf(buffer, "%d-%u-%u..%d-%u-%u", range->first.year, range->first.month, range->first.mday,
                      range->last.year, range->last.month, range->last.mday);
        break;
    case RANGE_TIMES:
        buffer_printf(buffer, "%lld%s..%lld%s", (long long)range->from.at_s, range->from.on_wall ? "w" : "",
                      (long long)range->to.at_s, range->to.on_wall ? "w" : "");
        break;
    case RANGE_DAY:
    case RANGE_24H:
    case RANGE_MONTH:
    case RANGE_YEAR:
    case RANGE_ALL:
        buffer_printf(buffer, "%s", words[range->kind]);
        break;
    }
}

static void put_comparison(struct buffer *buffer, const struct query *query)
{
    if (query->comparison == COMPARE_NONE)
        return;
    buffer_put_text(buffer, TEXT(" against "));
    if (query->comparison == COMPARE_RANGE)
        put_range(buffer, &query->comparison_range);
    else
        buffer_put_text(buffer, query->comparison == COMPARE_PREVIOUS_YEAR ? TEXT("year") : TEXT("previous"));
    if (query->match_day_of_week)
        buffer_put_text(buffer, TEXT(" by weekday"));
}

static void put_orders(struct buffer *buffer, const struct query *query)
{
    buffer_printf(buffer, " order ");
    for (unsigned i = 0; i < query->n_orders; i++) {
        const struct query_order *order = &query->orders[i];

        if (i)
            buffer_put_u8(buffer, ',');
        if (order->by_metric)
            buffer_put_text(buffer, text_of(names_metric(query->metrics[order->index])));
        else
            names_put_dimension(&query->dimensions[order->index], buffer);
        buffer_put_u8(buffer, order->descending ? '-' : '+');
    }
}

/* The query in one line. */
static void put_query(struct buffer *buffer, const struct query *query)
{
    buffer_printf(buffer, "%s ", query->site);
    for (unsigned i = 0; i < query->n_metrics; i++)
        buffer_printf(buffer, "%s%s", i ? "," : "", names_metric(query->metrics[i]));
    buffer_printf(buffer, " by [");
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        if (i)
            buffer_put_u8(buffer, ',');
        names_put_dimension(&query->dimensions[i], buffer);
    }
    buffer_printf(buffer, "] of ");
    put_range(buffer, &query->range);
    if (query->filters) {
        buffer_put_text(buffer, TEXT(" filters "));
        assert_int_equal(json_put(buffer, json_incref(query->filters), 0), 0);
        assert_int_equal(query->filter != NULL, json_array_size(query->filters) > 0);
    }
    put_orders(buffer, query);
    buffer_printf(buffer, " rows %u+%u%s%s%s", query->offset, query->limit, query->include_time_labels ? " labels" : "",
                  query->include_total_rows ? " total" : "", query->explain ? " explained" : "");
    put_comparison(buffer, query);
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        BUFFER_AUTO got = BUFFER_INIT(4096);
        struct query query;
        int r = query_parse(text_of(rows[i].json), &query, &complaint);

        if (r == 0) {
            put_query(&got, &query);
            query_deinit(&query);
        } else {
            buffer_put_text(&got, buffer_text(&complaint));
        }
        buffer_put_u8(&got, 0);
        const char *text = (const char *)got.data;
        if (rows[i].query ? (r != 0 || strcmp(text, rows[i].query) != 0)
                          : (r != QUERY_E_INVALID || !strstr(text, rows[i].complaint)))
            fail_msg("%s: %d, %s", rows[i].name, r, text);
    }
}

/* A refused request leaves the query alone, and a NUL byte ends nothing. */
static void test_untouched(void **state)
{
    static const char nul[] = "{" BASE "}\0";
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query query, before;

    (void)state;
    memset(&query, 0x55, sizeof query);
    memcpy(&before, &query, sizeof query);
    assert_int_equal(query_parse((struct text){nul, sizeof nul - 1}, &query, &complaint), QUERY_E_INVALID);
    assert_memory_equal(&query, &before, sizeof query);
    buffer_clear(&complaint);
    assert_int_equal(query_parse((struct text){nul, sizeof nul - 2}, &query, &complaint), 0);
    assert_int_equal(complaint.size, 0);
    query_deinit(&query);
    assert_int_equal(query_parse(TEXT_NONE, &query, &complaint), QUERY_E_INVALID);
}

/* { "filters": [[[...]]] } of @depth levels, in @size bytes. */
static int parse_padded(unsigned depth, size_t size, struct buffer *complaint)
{
    static const char head[] = "{" BASE ",\"filters\":";
    char *json = malloc(size);
    struct query query;

    assert_non_null(json);
    memset(json, ' ', size);
    memcpy(json, head, sizeof head - 1);
    memset(json + sizeof head - 1, '[', depth - 1);
    memset(json + sizeof head - 1 + depth - 1, ']', depth - 1);
    json[size - 1] = '}';
    int r = query_parse((struct text){json, size}, &query, complaint);
    if (r == 0)
        query_deinit(&query);
    free(json);
    return r;
}

static bool contains(struct buffer *complaint, const char *part)
{
    buffer_put_u8(complaint, 0);
    bool found = strstr((const char *)complaint->data, part) != NULL;
    buffer_clear(complaint);
    return found;
}

static void test_limits(void **state)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);

    (void)state;
    assert_int_equal(parse_padded(2, QUERY_BODY_BYTES_MAX, &complaint), 0);
    assert_int_equal(parse_padded(2, QUERY_BODY_BYTES_MAX + 1, &complaint), QUERY_E_INVALID);
    assert_true(contains(&complaint, "has more than 65536 bytes"));
    assert_int_equal(parse_padded(JSON_DEPTH_MAX, 1000, &complaint), QUERY_E_INVALID);
    assert_true(contains(&complaint, "filters[0]"));
    assert_int_equal(parse_padded(JSON_DEPTH_MAX + 1, 1000, &complaint), QUERY_E_INVALID);
    assert_true(contains(&complaint, "is nested deeper than 32 levels"));
}

/* Brackets inside of texts nest nothing, escaped quotes end no text. */
static void test_brackets_in_text(void **state)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query query;

    (void)state;
    assert_int_equal(query_parse(TEXT("{\"date_range\":\"7d\",\"metrics\":[\"visits\"],"
                                      "\"site_id\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\\\"}"),
                                 &query, &complaint),
                     0);
    assert_string_equal(query.site, "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\");
    query_deinit(&query);
}

static bool lists(void (*put)(struct buffer *buffer), struct text name)
{
    BUFFER_AUTO list = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);

    put(&list);
    assert_int_equal(list.fault, 0);
    struct text rest = buffer_text(&list);
    while (rest.size) {
        struct text item = text_cut(&rest, ',');

        if (text_equal(item, name))
            return true;
        if (rest.size)
            rest = text_from(rest, 1);
    }
    return false;
}

/* Each name is found again, and complaints list it. */
static void test_names(void **state)
{
    struct query_dimension dimension, found;
    unsigned n = 0;

    (void)state;
    for (int i = 0; i < QUERY_METRIC_N; i++) {
        const char *name = names_metric((enum query_metric)i);

        assert_int_equal(names_find_metric(text_of(name)), i);
        assert_true(lists(names_put_metrics, text_of(name)));
    }
    for (; names_dimension_at(n, &dimension); n++) {
        BUFFER_AUTO name = BUFFER_INIT(64);

        if (dimension.kind == QUERY_FIELD && dimension.field == FIELD_PROPERTY)
            dimension.property = TEXT("NAME");
        names_put_dimension(&dimension, &name);
        assert_true(names_find_dimension(buffer_text(&name), &found));
        assert_true(names_same_dimension(&dimension, &found));
        assert_true(lists(names_put_dimensions, buffer_text(&name)));
    }
    assert_int_equal(n, FIELD_N + 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),  cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_brackets_in_text),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
