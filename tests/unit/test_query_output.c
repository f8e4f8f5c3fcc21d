/*
 * The forms of an answer, byte for byte, and that the executed query which
 * JSON echoes is one that can be asked again.
 */
#include "../../src/query/output_value.h"
#include "crumb/query/output.h"
#include "crumb/query/range.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#define NOW_MS 1721037600000 /* 2024-07-15T10:00:00Z */

static struct query query_of(const char *json)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query query;

    assert_int_equal(query_parse(text_of(json), &query, &complaint), 0);
    return query;
}

static struct query_days days_of(const struct query *query, const struct zone *zone)
{
    struct query_days days;

    assert_int_equal(range_days(&query->range, zone, NOW_MS, 0, -1, &days), 0);
    return days;
}

static struct zone *zone_of(const char *name)
{
    struct zone *zone;

    assert_int_equal(zone_new(name, &zone), 0);
    return zone;
}

static char goal_names[][8] = {"Sale", "Verkauf", "Signup"};
static char currencies[][4] = {"EUR", "CHF"};
static struct goal goals[] = {{.name = goal_names[0], .event = goal_names[0], .currency = currencies[0]},
                              {.name = goal_names[1], .event = goal_names[1], .currency = currencies[1]},
                              {.name = goal_names[2], .event = goal_names[2]}};

static struct site site_in(struct zone *zone)
{
    return (struct site){.zone = zone, .goals = goals, .n_goals = sizeof goals / sizeof goals[0]};
}

#define PAGES                                                                                                          \
    "{\"site_id\":\"shop\",\"date_range\":\"7d\",\"metrics\":[\"visitors\",\"bounce_rate\",\"views_per_visit\"],"

/* TEXT() as a constant initializer, which a compound literal is not. */
#define T(literal)                                                                                                     \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

/* Three rows of PAGES, by day and page. */
static const struct text texts[] = {T("2024-07-08"), T("/"),          T("2024-07-09"),
                                    T("/a,\"b\""),   T("2024-07-10"), T("/ä\x1b[2J\xff\\\n")};
static const int64_t values[] = {7, 667, 150, 1234567, 0, 0, INT64_MAX, QUERY_NULL, 7};
static const struct query_row answer_rows[] = {
    {&texts[0], &values[0], NULL}, {&texts[2], &values[3], NULL}, {&texts[4], &values[6], NULL}};

static void assert_output(struct buffer *buffer, const char *expected)
{
    assert_int_equal(buffer->fault, 0);
    buffer_put_u8(buffer, 0);
    assert_string_equal((const char *)buffer->data, expected);
    assert_int_equal(buffer->size, strlen(expected) + 1);
    buffer_clear(buffer);
}

static void test_json(void **state)
{
    struct query query = query_of(PAGES "\"dimensions\":[\"time:day\",\"event:page\"],"
                                        "\"include\":{\"time_labels\":true,\"total_rows\":true},"
                                        "\"pagination\":{\"limit\":3,\"offset\":1}}");
    struct zone *zone = zone_of("America/St_Johns");
    struct site site = site_in(zone);
    struct query_answer answer = {
        .rows = answer_rows, .n_rows = 3, .n_total = 12, .days = days_of(&query, zone), .unit = QUERY_DAY};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    query_output_json(&query, &answer, &site, &buffer);
    assert_output(
        &buffer,
        "{\"results\":["
        "{\"metrics\":[7,66.7,1.50],\"dimensions\":[\"2024-07-08\",\"/\"]},"
        "{\"metrics\":[1234567,0.0,0.00],\"dimensions\":[\"2024-07-09\",\"/a,\\\"b\\\"\"]},"
        "{\"metrics\":[9223372036854775807,null,0.07],\"dimensions\":[\"2024-07-10\",\"/ä\\u001b[2J\xef\xbf\xbd\\\\"
        "\\u000a\"]}],"
        "\"meta\":{\"time_labels\":[\"2024-07-08\",\"2024-07-09\",\"2024-07-10\",\"2024-07-11\",\"2024-07-12\","
        "\"2024-07-13\",\"2024-07-14\"],\"total_rows\":12},"
        "\"query\":{\"site_id\":\"shop\",\"metrics\":[\"visitors\",\"bounce_rate\",\"views_per_visit\"],"
        "\"date_range\":[\"2024-07-08T00:00:00-02:30\",\"2024-07-14T23:59:59-02:30\"],\"filters\":[],"
        "\"dimensions\":[\"time:day\",\"event:page\"],\"order_by\":[[\"time:day\",\"asc\"],[\"visitors\",\"desc\"]],"
        "\"include\":{\"time_labels\":true,\"total_rows\":true},\"pagination\":{\"offset\":1,\"limit\":3}}}");
    zone_free(zone);
    query_deinit(&query);
}

static void test_json_empty(void **state)
{
    static const int64_t zero[] = {0};
    static const struct query_row row = {NULL, zero, NULL};
    struct query query =
        query_of("{\"site_id\":\"a\\\"b\",\"date_range\":[\"2024-03-31\",\"2024-03-31\"],\"metrics\":[\"visits\"]}");
    struct zone *zone = zone_of("Europe/Berlin");
    struct site site = site_in(zone);
    struct query_answer answer = {.rows = &row, .n_rows = 1, .n_total = 1, .days = days_of(&query, zone)};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    query_output_json(&query, &answer, &site, &buffer);
    assert_output(&buffer, "{\"results\":[{\"metrics\":[0],\"dimensions\":[]}],\"meta\":{},\"query\":{\"site_id\":"
                           "\"a\\\"b\",\"metrics\":[\"visits\"],\"date_range\":[\"2024-03-31T00:00:00+01:00\","
                           "\"2024-03-31T23:59:59+02:00\"],\"filters\":[],\"dimensions\":[],\"order_by\":[[\"visits\","
                           "\"desc\"]],\"include\":{},\"pagination\":{\"offset\":0,\"limit\":10000}}}");
    zone_free(zone);
    query_deinit(&query);
}

/* Names in JSON: what is UTF-8 stays, what is not becomes U+FFFD byte by byte. */
static void test_json_strings(void **state)
{
    static const struct {
        struct text name;
        const char *json;
    } rows[] = {
        {T(""), "\"\""},
        {T("plain"), "\"plain\""},
        {T("\"\\/"), "\"\\\"\\\\/\""},
        {T("\0\x1f\x7f "), "\"\\u0000\\u001f\\u007f \""},
        {T("\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xaa"), "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xaa\""},
        {T("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\""},
        {T("a\x80z"), "\"a\xef\xbf\xbdz\""},
        {T("\xc3"), "\"\xef\xbf\xbd\""},
        {T("\xc3z"), "\"\xef\xbf\xbdz\""},
        {T("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {T("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},                                 /* over-long */
        {T("\xe0\x80\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},                 /* over-long */
        {T("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},                 /* a surrogate */
        {T("\xf4\x90\x80\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* past U+10FFFF */
        {T("\xf8\x88\x80\x80\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    struct query query = query_of(PAGES "\"dimensions\":[\"event:page\"]}");
    struct zone *zone = zone_of("UTC");
    struct site site = site_in(zone);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query_row row = {&rows[i].name, values, NULL};
        struct query_answer answer = {.rows = &row, .n_rows = 1, .n_total = 1, .days = days_of(&query, zone)};
        BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);
        char part[128];

        query_output_json(&query, &answer, &site, &buffer);
        buffer_put_u8(&buffer, 0);
        snprintf(part, sizeof part, "\"dimensions\":[%s]}]", rows[i].json);
        if (!strstr((const char *)buffer.data, part))
            fail_msg("row %zu: %s", i, (const char *)buffer.data);
    }
    zone_free(zone);
    query_deinit(&query);
}

static void test_csv(void **state)
{
    struct query query = query_of(PAGES "\"dimensions\":[\"time:day\",\"event:page\"]}");
    struct query_answer answer = {.rows = answer_rows, .n_rows = 3, .n_total = 3};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    query_output_csv(&query, &answer, &buffer);
    assert_output(&buffer, "time:day,event:page,visitors,bounce_rate,views_per_visit\r\n"
                           "2024-07-08,/,7,66.7,1.50\r\n"
                           "2024-07-09,\"/a,\"\"b\"\"\",1234567,0.0,0.00\r\n"
                           "2024-07-10,\"/ä\x1b[2J\xff\\\n\",9223372036854775807,,0.07\r\n");
    query_deinit(&query);
}

static void test_csv_quotes(void **state)
{
    static const struct {
        struct text name;
        const char *field;
    } rows[] = {
        {T(""), ""},         {T("a b"), "a b"},       {T(","), "\",\""},   {T("\""), "\"\"\"\""},
        {T("\r"), "\"\r\""}, {T("\n"), "\"\n\""},     {T("=1+1"), "=1+1"}, {T("a\"\"b"), "\"a\"\"\"\"b\""},
        {T("ä\t"), "ä\t"},   {T("\"a"), "\"\"\"a\""},
    };
    struct query query =
        query_of("{\"site_id\":\"s\",\"date_range\":\"day\",\"metrics\":[\"visits\"],\"dimensions\":[\"event:page\"]}");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query_row row = {&rows[i].name, values, NULL};
        struct query_answer answer = {.rows = &row, .n_rows = 1, .n_total = 1};
        BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);
        char expected[64];

        snprintf(expected, sizeof expected, "event:page,visits\r\n%s,7\r\n", rows[i].field);
        query_output_csv(&query, &answer, &buffer);
        assert_output(&buffer, expected);
    }
    query_deinit(&query);
}

static void test_table(void **state)
{
    struct query query = query_of(PAGES "\"dimensions\":[\"time:day\",\"event:page\"]}");
    struct query_answer answer = {.rows = answer_rows, .n_rows = 3, .n_total = 3};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    query_output_table(&query, &answer, &buffer);
    assert_output(
        &buffer,
        "time:day    event:page                      visitors  bounce_rate  views_per_visit\n"
        "2024-07-08  /                                      7         66.7             1.50  ▏\n"
        "2024-07-09  /a,\"b\"                           1234567          0.0             0.00  ▏\n"
        "2024-07-10  /ä\\x1b[2J\\xff\\\\\\x0a  9223372036854775807            -             0.07  ██████████\n");
    answer.n_rows = 0;
    query_output_table(&query, &answer, &buffer);
    assert_output(&buffer, "time:day  event:page  visitors  bounce_rate  views_per_visit\n");
    query_deinit(&query);
}

/* Bars are as long as the first metric is to the largest; what is nothing has none, and a lone total needs none. */
static void test_bars(void **state)
{
    static const int64_t counts[] = {80, 40, 1, 9, 0, QUERY_NULL, -5, 79};
    struct query query =
        query_of("{\"site_id\":\"s\",\"date_range\":\"day\",\"metrics\":[\"visits\"],\"dimensions\":[\"event:page\"]}");
    struct query total = query_of("{\"site_id\":\"s\",\"date_range\":\"day\",\"metrics\":[\"visits\"]}");
    const struct text name = T("/");
    struct query_row rows[8];
    struct query_answer answer = {.rows = rows, .n_rows = 8};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    for (size_t i = 0; i < 8; i++)
        rows[i] = (struct query_row){&name, &counts[i], NULL};
    query_output_table(&query, &answer, &buffer);
    assert_output(&buffer, "event:page  visits\n"
                           "/               80  ██████████\n"
                           "/               40  █████\n"
                           "/                1  ▏\n"
                           "/                9  █▏\n"
                           "/                0\n"
                           "/                -\n"
                           "/               -5\n"
                           "/               79  █████████▉\n");
    answer.n_rows = 1;
    query_output_table(&total, &answer, &buffer);
    assert_output(&buffer, "visits\n    80\n");
    query_deinit(&query);
    query_deinit(&total);
}

#define COMPARED                                                                                                       \
    "{\"site_id\":\"shop\",\"date_range\":\"7d\",\"metrics\":[\"visitors\",\"bounce_rate\"],"                          \
    "\"dimensions\":[\"time:day\",\"visit:source\"],\"include\":{\"comparison\":{\"mode\":\"previous_period\"}}}"

/* 9 for 6, more from nothing, and what the other range is too short for. */
static const struct text compared_texts[] = {T("2024-07-08"), T("Google"),     T("2024-07-09"),
                                             T(""),           T("2024-07-14"), T("x")};
static const int64_t compared_now[] = {9, 500, 1, 0, 2, QUERY_NULL};
static const int64_t compared_before[] = {6, 667, 0, 0, 4, 100};
static const struct query_row compared_rows[] = {{&compared_texts[0], &compared_now[0], &compared_before[0]},
                                                 {&compared_texts[2], &compared_now[2], &compared_before[2]},
                                                 {&compared_texts[4], &compared_now[4], &compared_before[4]}};

static void test_comparison(void **state)
{
    struct query query = query_of(COMPARED);
    struct zone *zone = zone_of("UTC");
    struct site site = site_in(zone);
    struct query_answer answer = {.rows = compared_rows, .n_rows = 3, .days = days_of(&query, zone), .unit = QUERY_DAY};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    answer.compared_days = answer.days; /* six days of it */
    answer.compared_days.to_ms -= 86400000;
    answer.compared_days.last--;
    query_output_json(&query, &answer, &site, &buffer);
    buffer_put_u8(&buffer, 0);
    const char *json = (const char *)buffer.data;
    assert_non_null(strstr(json,
                           "{\"metrics\":[9,50.0],\"dimensions\":[\"2024-07-08\",\"Google\"],\"comparison\":{"
                           "\"dimensions\":[\"2024-07-08\",\"Google\"],\"metrics\":[6,66.7],\"change\":[50,-16.7]}}"));
    assert_non_null(strstr(json, "\"dimensions\":[\"2024-07-09\",\"\"],\"metrics\":[0,0.0],\"change\":[null,0.0]"));
    assert_non_null(strstr(json, "\"dimensions\":[null,\"x\"],\"metrics\":[4,10.0],\"change\":[-50,null]"));
    assert_non_null(strstr(json, "\"meta\":{\"comparison_date_range\":[\"2024-07-08T00:00:00+00:00\","
                                 "\"2024-07-13T23:59:59+00:00\"]}"));
    assert_non_null(strstr(json, "\"include\":{\"comparison\":{\"mode\":\"previous_period\"}}"));
    buffer_clear(&buffer);
    query_output_csv(&query, &answer, &buffer);
    assert_output(&buffer, "time:day,visit:source,visitors,visitors_before,visitors_change,bounce_rate,"
                           "bounce_rate_before,bounce_rate_change\r\n"
                           "2024-07-08,Google,9,6,50,50.0,66.7,-16.7\r\n"
                           "2024-07-09,,1,0,,0.0,0.0,0.0\r\n"
                           "2024-07-14,x,2,4,-50,,10.0,\r\n");
    query_output_table(&query, &answer, &buffer);
    assert_output(&buffer, "time:day    visit:source  visitors  change  bounce_rate  change\n"
                           "2024-07-08  Google               9    +50%         50.0   -16.7  ██████████\n"
                           "2024-07-09                       1       -          0.0    +0.0  █\n"
                           "2024-07-14  x                    2    -50%            -       -  ██▏\n");
    query_output_ndjson(&query, &answer, &site, &buffer);
    assert_output(
        &buffer,
        "{\"time:day\":\"2024-07-08\",\"visit:source\":\"Google\",\"visitors\":9,\"bounce_rate\":50.0,"
        "\"comparison\":{\"visitors\":6,\"bounce_rate\":66.7},\"change\":{\"visitors\":50,\"bounce_rate\":-16.7}}\n"
        "{\"time:day\":\"2024-07-09\",\"visit:source\":\"\",\"visitors\":1,\"bounce_rate\":0.0,"
        "\"comparison\":{\"visitors\":0,\"bounce_rate\":0.0},\"change\":{\"visitors\":null,\"bounce_rate\":0.0}}\n"
        "{\"time:day\":\"2024-07-14\",\"visit:source\":\"x\",\"visitors\":2,\"bounce_rate\":null,"
        "\"comparison\":{\"visitors\":4,\"bounce_rate\":10.0},\"change\":{\"visitors\":-50,\"bounce_rate\":null}}\n");
    query_deinit(&query);
    zone_free(zone);
}

/* Amounts with their currency, or that of the row's goal, and null with the reason where there is none. */
static void test_revenue(void **state)
{
    static const struct text names[] = {T("Sale"), T("Verkauf"), T("Signup")};
    static const int64_t amounts[] = {9633631500, -105, 0};
    const struct query_row rows[] = {
        {&names[0], &amounts[0], NULL}, {&names[1], &amounts[1], NULL}, {&names[2], &amounts[2], NULL}};
    struct query query = query_of("{\"site_id\":\"s\",\"date_range\":\"day\",\"metrics\":[\"total_revenue\"],"
                                  "\"dimensions\":[\"event:goal\"]}");
    struct zone *zone = zone_of("UTC");
    struct site site = site_in(zone);
    struct query_answer answer = {.rows = rows, .n_rows = 3, .days = days_of(&query, zone)};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    query_output_ndjson(&query, &answer, &site, &buffer);
    assert_output(&buffer,
                  "{\"event:goal\":\"Sale\",\"total_revenue\":{\"value\":96336315.00,\"currency\":\"EUR\",\"short\":"
                  "\"€96.3M\",\"long\":\"€96,336,315.00\"}}\n"
                  "{\"event:goal\":\"Verkauf\",\"total_revenue\":{\"value\":-1.05,\"currency\":\"CHF\",\"short\":"
                  "\"-CHF 1.05\",\"long\":\"-CHF 1.05\"}}\n"
                  "{\"event:goal\":\"Signup\",\"total_revenue\":null}\n");
    answer.revenue_warning = "no_single_revenue_currency";
    query_output_json(&query, &answer, &site, &buffer);
    buffer_put_u8(&buffer, 0);
    assert_non_null(strstr((const char *)buffer.data, "\"meta\":{\"metric_warnings\":{\"total_revenue\":{\"code\":"
                                                      "\"no_single_revenue_currency\",\"warning\":\"Revenue is null: "
                                                      "the goals of the query have several currencies"));
    query_deinit(&query);
    zone_free(zone);
}

/* Everything in meta, and what was asked in the echo. */
static void test_meta(void **state)
{
    struct query query = query_of("{\"site_id\":\"s\",\"date_range\":\"day\",\"metrics\":[\"visits\"],\"dimensions\":["
                                  "\"time\",\"event:props:a\\\"b\"],\"filters\":[[\"is\",\"event:page\",[\"/ä\"]]],"
                                  "\"include\":{\"imports\":true},\"explain\":true}");
    struct zone *zone = zone_of("UTC");
    struct site site = site_in(zone);
    struct query_answer answer = {
        .days = days_of(&query, zone), .unit = QUERY_HOUR, .cost = {.tables = {1, 2, 3}, .hits = 40, .visits = 5}};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    query_output_json(&query, &answer, &site, &buffer);
    assert_output(
        &buffer,
        "{\"results\":[],\"meta\":{\"imports_included\":false,\"explain\":{\"tables\":{\"live\":1,\"segment\":2,"
        "\"rollup\":3},\"visits\":5,\"hits\":40}},\"query\":{\"site_id\":\"s\",\"metrics\":[\"visits\"],"
        "\"date_range\":[\"2024-07-15T00:00:00+00:00\",\"2024-07-15T23:59:59+00:00\"],\"filters\":[[\"is\","
        "\"event:page\",[\"/ä\"]]],\"dimensions\":[\"time:hour\",\"event:props:a\\\"b\"],\"order_by\":[["
        "\"time:hour\",\"asc\"],[\"visits\",\"desc\"]],\"include\":{\"imports\":true},\"pagination\":{\"offset\":0,"
        "\"limit\":10000},\"explain\":true}}");
    query_deinit(&query);
    zone_free(zone);
}

/* Money in few words. */
static void test_money(void **state)
{
    static const struct {
        int64_t hundredths;
        const char *currency, *brief, *whole;
    } rows[] = {
        {0, "EUR", "€0.00", "€0.00"},
        {99999, "USD", "$999.99", "$999.99"},
        {100000, "GBP", "£1.0K", "£1,000.00"},
        {123456, "JPY", "¥1.2K", "¥1,234.56"},
        {50020070025, "EUR", "€500.2M", "€500,200,700.25"},
        {100000000000, "SEK", "SEK 1.0B", "SEK 1,000,000,000.00"},
        {INT64_MAX, "EUR", "€92233.7T", "€92,233,720,368,547,758.07"},
        {INT64_MIN + 1, "EUR", "-€92233.7T", "-€92,233,720,368,547,758.07"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(256);

        output_value_put_money(rows[i].hundredths, rows[i].currency, true, &buffer);
        assert_output(&buffer, rows[i].brief);
        output_value_put_money(rows[i].hundredths, rows[i].currency, false, &buffer);
        assert_output(&buffer, rows[i].whole);
    }
}

static void test_change(void **state)
{
    static const struct {
        enum query_metric metric;
        int64_t now, before;
        const char *change;
    } rows[] = {
        {QUERY_VISITORS, 0, 0, "0"},
        {QUERY_VISITORS, 1, 0, ""},
        {QUERY_VISITORS, 0, 5, "-100"},
        {QUERY_VISITORS, 3, 2, "50"},
        {QUERY_VISITORS, 201, 200, "1"}, /* half a per cent */
        {QUERY_VISITORS, 199, 200, "-1"},
        {QUERY_VISITORS, 2009, 2000, "0"},
        {QUERY_VISITORS, INT64_MAX, 1, ""},
        {QUERY_VISITORS, QUERY_NULL, 1, ""},
        {QUERY_VISITORS, 1, QUERY_NULL, ""},
        {QUERY_VIEWS_PER_VISIT, 150, 100, "50"},
        {QUERY_BOUNCE_RATE, 1000, 0, "100.0"},
        {QUERY_BOUNCE_RATE, 0, 1, "-0.1"},
        {QUERY_CONVERSION_RATE, 512, 500, "0.12"},
        {QUERY_TOTAL_REVENUE, 150, -100, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct output_value change = output_value_change(rows[i].metric, rows[i].now, rows[i].before);

        if (strcmp(change.text, rows[i].change) != 0)
            fail_msg("row %zu: %s", i, change.text);
    }
}

/* No byte that a terminal obeys leaves the table, and each name can be told from any other. */
static void test_table_names(void **state)
{
    static const struct {
        struct text name;
        const char *shown;
    } rows[] = {
        {T("/a b"), "/a b      "},
        {T("\0\t\r\x7f"), "\\x00\\x09\\x0d\\x7f"},
        {T("\\x00"), "\\\\x00     "},
        {T("\xc2\x9b"
           "1m"),
         "\\u{009b}1m"},                    /* CSI in 8 bits */
        {T("\x9b"), "\\x9b      "},         /* the same as a bare byte */
        {T("\xe2\x80\xae"), "\\u{202e}  "}, /* right-to-left override */
        {T("\xe2\x81\xa6"), "\\u{2066}  "}, /* left-to-right isolate */
        {T("\xd8\x9c"), "\\u{061c}  "},     /* Arabic letter mark */
        {T("\xe2\x80\xa8"), "\\u{2028}  "}, /* line separator */
        {T("äöü"), "äöü       "},           /* as wide as it looks */
        {T("\xc2\xa0"), "\xc2\xa0         "},
    };
    struct query query =
        query_of("{\"site_id\":\"s\",\"date_range\":\"day\",\"metrics\":[\"visits\"],\"dimensions\":[\"event:page\"]}");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query_row row = {&rows[i].name, values, NULL};
        struct query_answer answer = {.rows = &row, .n_rows = 1, .n_total = 1};
        BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);
        char expected[128];

        snprintf(expected, sizeof expected, "event:page%*s  visits\n%s       7\n", i == 1 ? 6 : 0, "", rows[i].shown);
        query_output_table(&query, &answer, &buffer);
        assert_output(&buffer, expected);
    }
    query_deinit(&query);
}

/* A buffer that is full says so, whichever form is written. */
static void test_full(void **state)
{
    struct query query = query_of(PAGES "\"dimensions\":[\"time:day\",\"event:page\"]}");
    struct zone *zone = zone_of("UTC");
    struct site site = site_in(zone);
    struct query_answer answer = {.rows = answer_rows, .n_rows = 3, .n_total = 3, .days = days_of(&query, zone)};

    (void)state;
    for (size_t max = 0; max < 150; max++) {
        BUFFER_AUTO json = BUFFER_INIT(max);
        BUFFER_AUTO csv = BUFFER_INIT(max);
        BUFFER_AUTO table = BUFFER_INIT(max);
        BUFFER_AUTO ndjson = BUFFER_INIT(max);

        query_output_json(&query, &answer, &site, &json);
        query_output_csv(&query, &answer, &csv);
        query_output_table(&query, &answer, &table);
        query_output_ndjson(&query, &answer, &site, &ndjson);
        assert_int_equal(ndjson.fault, -EOVERFLOW);
        assert_int_equal(json.fault, -EOVERFLOW);
        assert_int_equal(csv.fault, -EOVERFLOW);
        assert_int_equal(table.fault, -EOVERFLOW);
    }
    zone_free(zone);
    query_deinit(&query);
}

/* The "query" of a response, as text that the caller frees. */
static char *echo_of(struct text response)
{
    json_auto_t *root = json_loadb(response.data, response.size, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(root);
    char *echo = json_dumps(json_object_get(root, "query"), 0);
    assert_non_null(echo);
    return echo;
}

/* What was executed can be asked again, and is then executed as before. */
static void test_echo(void **state)
{
    static const char *const ranges[] = {"\"day\"",
                                         "\"24h\"",
                                         "\"7d\"",
                                         "\"month\"",
                                         "\"6mo\"",
                                         "\"year\"",
                                         "\"all\"",
                                         "[\"2024-03-30\",\"2024-10-28\"]",
                                         "[\"1970-01-01\",\"1970-01-02\"]",
                                         "\"999mo\"",
                                         "[\"2024-03-31T01:59:59\",\"2024-03-31T03:00:00\"]",
                                         "[\"2024-10-27T02:30:00\",\"2024-10-27T02:30:00Z\"]",
                                         "[\"2900-12-30T00:00:00Z\",\"2900-12-31T23:59:59-12:00\"]"};
    static const char *const zones[] = {"UTC", "Europe/Berlin", "Asia/Kathmandu", "Africa/Monrovia",
                                        "Pacific/Kiritimati"};

    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] * sizeof zones / sizeof zones[0]; i++) {
        struct zone *zone = zone_of(zones[i % (sizeof zones / sizeof zones[0])]);
        struct site site = site_in(zone);
        char request[512];

        snprintf(request, sizeof request,
                 "{\"site_id\":\"sh\xc3\xb6p\",\"date_range\":%s,\"metrics\":[\"visits\",\"visitors\"],\"dimensions\":["
                 "\"event:page\",\"time:day\"],\"order_by\":[[\"visitors\",\"asc\"],[\"time\",\"desc\"]],"
                 "\"filters\":[[\"is\",\"visit:country_name\",[\"Ãland\"]]],\"include\":{\"time_labels\":true,"
                 "\"imports\":true,\"comparison\":{\"mode\":\"custom\",\"date_range\":\"7d\"}},"
                 "\"pagination\":{\"offset\":7},\"explain\":true}",
                 ranges[i / (sizeof zones / sizeof zones[0])]);
        struct query query = query_of(request);
        struct query_answer answer = {.days = days_of(&query, zone), .unit = QUERY_DAY};
        answer.compared_days = answer.days;
        BUFFER_AUTO buffer = BUFFER_INIT(1 << 20);
        query_output_json(&query, &answer, &site, &buffer);
        char *echo = echo_of(buffer_text(&buffer));
        struct query again = query_of(echo);
        answer.days = days_of(&again, zone);
        BUFFER_AUTO second = BUFFER_INIT(1 << 20);
        query_output_json(&again, &answer, &site, &second);
        free(echo);
        zone_free(zone);

        assert_int_equal(again.range.kind, RANGE_TIMES);
        assert_int_equal(again.comparison_range.kind, RANGE_TIMES);
        query_deinit(&query);
        query_deinit(&again);
        assert_int_equal(second.fault, 0);
        assert_int_equal(second.size, buffer.size);
        assert_memory_equal(second.data, buffer.data, buffer.size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),        cmocka_unit_test(test_json_empty), cmocka_unit_test(test_json_strings),
        cmocka_unit_test(test_csv),         cmocka_unit_test(test_csv_quotes), cmocka_unit_test(test_table),
        cmocka_unit_test(test_table_names), cmocka_unit_test(test_full),       cmocka_unit_test(test_echo),
        cmocka_unit_test(test_bars),        cmocka_unit_test(test_comparison), cmocka_unit_test(test_revenue),
        cmocka_unit_test(test_meta),        cmocka_unit_test(test_money),      cmocka_unit_test(test_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
