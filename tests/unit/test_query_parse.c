/*
 * Requests and what becomes of them: one line that tells the parsed query, or
 * what the complaint says.
 */
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

#define PLAIN "shop visitors by [] of 7d order visitors- rows 0+10000"
#define METRIC_LIST "this version knows visitors, visits, pageviews, views_per_visit, bounce_rate, visit_duration"
#define DIMENSION_LIST "this version knows time, time:day, event:page, visit:bot"

static const struct {
    const char *name, *json;
    const char *query;     /* NULL: refused */
    const char *complaint; /* a part of it */
} rows[] = {
    {"the least", "{" BASE "}", PLAIN, NULL},
    {"white space", " {\n" BASE "\t}\r\n", PLAIN, NULL},
    {"empty lists and objects",
     WITH("\"dimensions\":[],\"filters\":[],\"order_by\":[],\"include\":{},\"pagination\":{}"), PLAIN, NULL},
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
    {"time is time:day, if the range has the length", WITH("\"dimensions\":[\"time\"]"),
     "shop visitors by [time:day] of 7d order time:day+,visitors- rows 0+10000 by length", NULL},
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

    {"nothing", "", NULL, "the query: is not JSON"},
    {"half", "{\"site_id\":", NULL, "the query: is not JSON: "},
    {"more behind", "{" BASE "} {}", NULL, "end of file expected"},
    {"a list", "[1]", NULL, "the query: must be a JSON object"},
    {"a number", "7", NULL, "the query: is not JSON"},
    {"a key twice", "{" BASE ",\"site_id\":\"other\"}", NULL, "duplicate object key near '\"site_id\"'"},
    {"a key twice further in", WITH("\"pagination\":{\"limit\":1,\"limit\":2}"), NULL, "duplicate object key"},
    {"a NUL in a text", "{\"site_id\":\"a\\u0000b\"}", NULL, "\\u0000 is not allowed"},
    {"bytes that are not UTF-8", "{\"site_id\":\"\xff\"}", NULL, "unable to decode byte 0xff"},
    {"an unknown key", WITH("\"metric\":[\"visitors\"]"), NULL,
     "the query: \"metric\" is not a key of it; this version knows site_id, date_range, metrics, dimensions, filters, "
     "order_by, include, pagination"},
    {"an unknown key with control characters", WITH("\"a\\u001b[2J\\n\":1"), NULL, "the query: \"a?[2J?\" is not"},
    {"an unknown key that is long", WITH("\"01234567890123456789012345678901234567890äöü\":1"), NULL,
     "the query: \"01234567890123456789012345678901234567890...\" is not"},
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
    {"metrics: for later", METRICS("[\"visits\",\"events\"]"), NULL,
     "metrics[1]: \"events\" is not supported yet; " METRIC_LIST},
    {"metrics: another for later", METRICS("[\"total_revenue\"]"), NULL, "\"total_revenue\" is not supported yet"},

    {"dimensions: a text", WITH("\"dimensions\":\"event:page\""), NULL,
     "dimensions: must be a list of 0 to 8 names; " DIMENSION_LIST},
    {"dimensions: unknown", WITH("\"dimensions\":[\"page\"]"), NULL,
     "dimensions[0]: \"page\" is not a dimension; " DIMENSION_LIST},
    {"dimensions: twice", WITH("\"dimensions\":[\"event:page\",\"event:page\"]"), NULL,
     "dimensions[1]: \"event:page\" is there a second time"},
    {"dimensions: one by two names", WITH("\"dimensions\":[\"time:day\",\"time\"]"), NULL,
     "dimensions[1]: \"time:day\" is there a second time"},
    {"dimensions: pages of programs", WITH("\"dimensions\":[\"visit:bot\",\"event:page\"]"), NULL,
     "dimensions: \"event:page\" and \"visit:bot\" cannot be asked for at once; ask twice"},
    {"dimensions: for later", WITH("\"dimensions\":[\"time:day\",\"visit:country\"]"), NULL,
     "dimensions[1]: \"visit:country\" is not supported yet; " DIMENSION_LIST},
    {"dimensions: a property", WITH("\"dimensions\":[\"event:props:author\"]"), NULL,
     "\"event:props:author\" is not supported yet"},
    {"dimensions: a property without a name", WITH("\"dimensions\":[\"event:props:\"]"), NULL,
     "\"event:props:\" is not a dimension"},
    {"dimensions: hours", WITH("\"dimensions\":[\"time:hour\"]"), NULL, "\"time:hour\" is not supported yet"},

    {"filters: one", WITH("\"filters\":[[\"is\",\"event:page\",[\"/\"]]]"), NULL,
     "filters: a filter is not supported yet; this version knows []"},
    {"filters: an object", WITH("\"filters\":{}"), NULL, "filters: must be a list; this version knows []"},

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
     "include: \"totals\" is not a key of it; this version knows imports, time_labels, total_rows"},
    {"include: a number", WITH("\"include\":{\"total_rows\":1}"), NULL, "include.total_rows: must be true or false"},
    {"include: imports", WITH("\"include\":{\"imports\":true}"), NULL,
     "include.imports: imported data is not supported yet; this version knows false"},
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

/* The query in one line. */
static void put_query(struct buffer *buffer, const struct query *query)
{
    buffer_printf(buffer, "%s ", query->site);
    for (unsigned i = 0; i < query->n_metrics; i++)
        buffer_printf(buffer, "%s%s", i ? "," : "", names_metric(query->metrics[i]));
    buffer_printf(buffer, " by [");
    for (unsigned i = 0; i < query->n_dimensions; i++)
        buffer_printf(buffer, "%s%s", i ? "," : "", names_dimension(query->dimensions[i]));
    buffer_printf(buffer, "] of ");
    put_range(buffer, &query->range);
    buffer_printf(buffer, " order ");
    for (unsigned i = 0; i < query->n_orders; i++)
        buffer_printf(buffer, "%s%s%c", i ? "," : "",
                      query->orders[i].by_metric ? names_metric(query->metrics[query->orders[i].index])
                                                 : names_dimension(query->dimensions[query->orders[i].index]),
                      query->orders[i].descending ? '-' : '+');
    buffer_printf(buffer, " rows %u+%u%s%s", query->offset, query->limit, query->include_time_labels ? " labels" : "",
                  query->include_total_rows ? " total" : "");
    buffer_printf(buffer, "%s", query->time_by_length ? " by length" : "");
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        BUFFER_AUTO got = BUFFER_INIT(4096);
        struct query query;
        int r = query_parse(text_of(rows[i].json), &query, &complaint);

        if (r == 0)
            put_query(&got, &query);
        else
            buffer_put_text(&got, buffer_text(&complaint));
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
    assert_true(contains(&complaint, "filters: a filter is not supported yet"));
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
}

/* Each name is found again, and complaints list it. */
static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < QUERY_METRIC_N; i++) {
        const char *name = names_metric((enum query_metric)i);

        assert_int_equal(names_find_metric(text_of(name)), i);
        assert_non_null(strstr(names_known_metrics, name));
    }
    for (int i = 0; i < QUERY_DIMENSION_N; i++) {
        const char *name = names_dimension((enum query_dimension)i);

        assert_int_equal(names_find_dimension(text_of(name)), i);
        assert_non_null(strstr(names_known_dimensions, name));
    }
    assert_int_equal(names_find_dimension(TEXT("time")), QUERY_TIME_DAY);
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
