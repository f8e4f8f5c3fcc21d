/*
 * The three forms of an answer, byte for byte, and that the executed query which
 * JSON echoes is one that can be asked again.
 */
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
static const uint64_t values[] = {7, 667, 150, 1234567, 0, 0, 18446744073709551615u, 1000, 7};
static const struct query_row answer_rows[] = {
    {&texts[0], &values[0]}, {&texts[2], &values[3]}, {&texts[4], &values[6]}};

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
    struct query_answer answer = {.rows = answer_rows, .n_rows = 3, .n_total = 12, .days = days_of(&query, zone)};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    query_output_json(&query, &answer, zone, &buffer);
    assert_output(
        &buffer,
        "{\"results\":["
        "{\"metrics\":[7,66.7,1.50],\"dimensions\":[\"2024-07-08\",\"/\"]},"
        "{\"metrics\":[1234567,0.0,0.00],\"dimensions\":[\"2024-07-09\",\"/a,\\\"b\\\"\"]},"
        "{\"metrics\":[18446744073709551615,100.0,0.07],\"dimensions\":[\"2024-07-10\",\"/ä\\u001b[2J\xef\xbf\xbd\\\\"
        "\\u000a\"]}],"
        "\"meta\":{\"time_labels\":[\"2024-07-08\",\"2024-07-09\",\"2024-07-10\",\"2024-07-11\",\"2024-07-12\","
        "\"2024-07-13\",\"2024-07-14\"],\"total_rows\":12},"
        "\"query\":{\"site_id\":\"shop\",\"metrics\":[\"visitors\",\"bounce_rate\",\"views_per_visit\"],"
        "\"date_range\":[\"2024-07-08T00:00:00-02:30\",\"2024-07-14T23:59:59-02:30\"],\"filters\":[],"
        "\"dimensions\":[\"time:day\",\"event:page\"],\"order_by\":[[\"time:day\",\"asc\"],[\"visitors\",\"desc\"]],"
        "\"include\":{\"time_labels\":true,\"total_rows\":true},\"pagination\":{\"offset\":1,\"limit\":3}}}");
    zone_free(zone);
}

static void test_json_empty(void **state)
{
    static const uint64_t zero[] = {0};
    static const struct query_row row = {NULL, zero};
    struct query query =
        query_of("{\"site_id\":\"a\\\"b\",\"date_range\":[\"2024-03-31\",\"2024-03-31\"],\"metrics\":[\"visits\"]}");
    struct zone *zone = zone_of("Europe/Berlin");
    struct query_answer answer = {.rows = &row, .n_rows = 1, .n_total = 1, .days = days_of(&query, zone)};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    query_output_json(&query, &answer, zone, &buffer);
    assert_output(&buffer, "{\"results\":[{\"metrics\":[0],\"dimensions\":[]}],\"meta\":{},\"query\":{\"site_id\":"
                           "\"a\\\"b\",\"metrics\":[\"visits\"],\"date_range\":[\"2024-03-31T00:00:00+01:00\","
                           "\"2024-03-31T23:59:59+02:00\"],\"filters\":[],\"dimensions\":[],\"order_by\":[[\"visits\","
                           "\"desc\"]],\"include\":{},\"pagination\":{\"offset\":0,\"limit\":10000}}}");
    zone_free(zone);
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

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query_row row = {&rows[i].name, values};
        struct query_answer answer = {.rows = &row, .n_rows = 1, .n_total = 1, .days = days_of(&query, zone)};
        BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);
        char part[128];

        query_output_json(&query, &answer, zone, &buffer);
        buffer_put_u8(&buffer, 0);
        snprintf(part, sizeof part, "\"dimensions\":[%s]}]", rows[i].json);
        if (!strstr((const char *)buffer.data, part))
            fail_msg("row %zu: %s", i, (const char *)buffer.data);
    }
    zone_free(zone);
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
                           "2024-07-10,\"/ä\x1b[2J\xff\\\n\",18446744073709551615,100.0,0.07\r\n");
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
        struct query_row row = {&rows[i].name, values};
        struct query_answer answer = {.rows = &row, .n_rows = 1, .n_total = 1};
        BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);
        char expected[64];

        snprintf(expected, sizeof expected, "event:page,visits\r\n%s,7\r\n", rows[i].field);
        query_output_csv(&query, &answer, &buffer);
        assert_output(&buffer, expected);
    }
}

static void test_table(void **state)
{
    struct query query = query_of(PAGES "\"dimensions\":[\"time:day\",\"event:page\"]}");
    struct query_answer answer = {.rows = answer_rows, .n_rows = 3, .n_total = 3};
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);

    (void)state;
    query_output_table(&query, &answer, &buffer);
    assert_output(&buffer,
                  "time:day    event:page                       visitors  bounce_rate  views_per_visit\n"
                  "2024-07-08  /                                       7         66.7             1.50\n"
                  "2024-07-09  /a,\"b\"                            1234567          0.0             0.00\n"
                  "2024-07-10  /ä\\x1b[2J\\xff\\\\\\x0a  18446744073709551615        100.0             0.07\n");
    answer.n_rows = 0;
    query_output_table(&query, &answer, &buffer);
    assert_output(&buffer, "time:day  event:page  visitors  bounce_rate  views_per_visit\n");
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
        struct query_row row = {&rows[i].name, values};
        struct query_answer answer = {.rows = &row, .n_rows = 1, .n_total = 1};
        BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);
        char expected[128];

        snprintf(expected, sizeof expected, "event:page%*s  visits\n%s       7\n", i == 1 ? 6 : 0, "", rows[i].shown);
        query_output_table(&query, &answer, &buffer);
        assert_output(&buffer, expected);
    }
}

/* A buffer that is full says so, whichever form is written. */
static void test_full(void **state)
{
    struct query query = query_of(PAGES "\"dimensions\":[\"time:day\",\"event:page\"]}");
    struct zone *zone = zone_of("UTC");
    struct query_answer answer = {.rows = answer_rows, .n_rows = 3, .n_total = 3, .days = days_of(&query, zone)};

    (void)state;
    for (size_t max = 0; max < 150; max++) {
        BUFFER_AUTO json = BUFFER_INIT(max);
        BUFFER_AUTO csv = BUFFER_INIT(max);
        BUFFER_AUTO table = BUFFER_INIT(max);

        query_output_json(&query, &answer, zone, &json);
        query_output_csv(&query, &answer, &csv);
        query_output_table(&query, &answer, &table);
        assert_int_equal(json.fault, -EOVERFLOW);
        assert_int_equal(csv.fault, -EOVERFLOW);
        assert_int_equal(table.fault, -EOVERFLOW);
    }
    zone_free(zone);
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
        char request[512];

        snprintf(request, sizeof request,
                 "{\"site_id\":\"sh\xc3\xb6p\",\"date_range\":%s,\"metrics\":[\"visits\",\"visitors\"],\"dimensions\":["
                 "\"event:page\",\"time:day\"],\"order_by\":[[\"visitors\",\"asc\"],[\"time\",\"desc\"]],"
                 "\"include\":{\"time_labels\":true},\"pagination\":{\"offset\":7}}",
                 ranges[i / (sizeof zones / sizeof zones[0])]);
        struct query query = query_of(request);
        struct query_answer answer = {.days = days_of(&query, zone)};
        BUFFER_AUTO buffer = BUFFER_INIT(1 << 20);
        query_output_json(&query, &answer, zone, &buffer);
        char *echo = echo_of(buffer_text(&buffer));
        struct query again = query_of(echo);
        answer.days = days_of(&again, zone);
        BUFFER_AUTO second = BUFFER_INIT(1 << 20);
        query_output_json(&again, &answer, zone, &second);
        free(echo);
        zone_free(zone);

        assert_int_equal(again.range.kind, RANGE_TIMES);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
