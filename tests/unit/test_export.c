/*
 * Export: what a row says and how it is quoted, what it does not say, and that
 * every byte comes out.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/rollup/export.h"
#include "crumb/rollup/tabulate.h"
#include "failing.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define START_MS 1767222000000 /* 2026-01-01 in Berlin */

/* ---- helpers ---- */

static struct gather *gather_of(const struct gather_event *events, size_t n)
{
    struct gather *gather;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(gather_add(gather, &events[i]), 0);
    return gather;
}

static struct table table_of(const struct gather_event *events, size_t n)
{
    struct gather *gather = gather_of(events, n);
    struct table table;

    assert_int_equal(tabulate_table(gather, &table), 0);
    gather_free(gather);
    return table;
}

/* Hands all rows to @write, until it gives something else than 0. */
static int export_table(const struct table *table, int64_t start_ms, enum export_form form,
                        int (*write)(void *context, struct text rows), void *context)
{
    struct export *export = NULL;
    struct text rows;
    int r = export_new(table, start_ms, form, &export);

    while (r == 0) {
        r = export_next(export, &rows);
        if (r || !rows.size)
            break;
        r = write(context, rows);
    }
    export_free(export);
    return r;
}

static int append(void *context, struct text rows)
{
    struct buffer *buffer = context;

    buffer_put_text(buffer, rows);
    return buffer->fault;
}

static void check_export(const char *name, const struct table *table, enum export_form form, const char *wanted)
{
    BUFFER_AUTO rows = BUFFER_INIT(1 << 20);

    export_head(form, &rows);
    assert_int_equal(export_table(table, START_MS, form, append, &rows), 0);
    check_text(name, buffer_text(&rows), wanted);
}

#define HEAD                                                                                                           \
    "time,visitor,visit,hit,event,dwell_s,scroll,host,path,title,category,action,label,property,amount,currency,"      \
    "properties,visit_start,visit_duration_s,visit_hits,channel,source,referrer,utm_source,utm_medium,utm_campaign,"   \
    "utm_content,utm_term,click_id,country,region,city,device,brand,model,os,os_version,browser,browser_version,"      \
    "language,screen,bot\r\n"

/* ---- what a row says ---- */

static struct event full_view(void)
{
    return (struct event){.kind = EVENT_PAGEVIEW,
                          .at_ms = START_MS + 5000,
                          .host = TEXT("h"),
                          .path = TEXT("/p"),
                          .title = TEXT("T"),
                          .dwell_ms = 7000,
                          .page_height = 1000,
                          .viewport_height = 100,
                          .scroll_y_max = 400,
                          .channel = CHANNEL_SEARCH,
                          .source = TEXT("Google"),
                          .referrer = TEXT("https://g/"),
                          .utm_source = TEXT("us"),
                          .utm_medium = TEXT("um"),
                          .utm_campaign = TEXT("uc"),
                          .utm_content = TEXT("uo"),
                          .utm_term = TEXT("ut"),
                          .click_id = TEXT("gclid"),
                          .country = TEXT("DE"),
                          .region = TEXT("HE"),
                          .city = TEXT("Frankfurt"),
                          .bot = BOT_AGENT,
                          .screen_width = 1920,
                          .language = TEXT("de-AT"),
                          .device = DEVICE_DESKTOP,
                          .brand = TEXT("B"),
                          .model = TEXT("M"),
                          .os = TEXT("Linux"),
                          .os_version = TEXT("6.1"),
                          .browser = TEXT("Firefox"),
                          .browser_version = TEXT("130")};
}

static struct event full_act(void)
{
    return (struct event){.kind = EVENT_STRUCT,
                          .at_ms = START_MS + 6000,
                          .host = TEXT("h"),
                          .path = TEXT("/p"),
                          .category = TEXT("event"),
                          .action = TEXT("buy"),
                          .label = TEXT("L"),
                          .property = TEXT("P"),
                          .value = TEXT("9.99"),
                          .currency = TEXT("EUR"),
                          .n_properties = 2,
                          .properties = {{TEXT("size"), TEXT("L")}, {TEXT("colour"), TEXT("red")}}};
}

static void test_every_field(void **state)
{
    struct event full = full_view(), act = full_act();
    const struct gather_event events[] = {{.sequence = 1, .visitor = 30, .traced = true, .event = &full},
                                          {.sequence = 2, .visitor = 30, .traced = true, .event = &act}};
    struct table table = table_of(events, N_ROWS(events));

    check_export("csv", &table, EXPORT_CSV,
                 HEAD "2025-12-31T23:00:05Z,1,1,1,pageview,7,50,h,/p,T,,,,,,,,"
                      "2025-12-31T23:00:05Z,1,2,search,Google,https://g/,us,um,uc,uo,ut,gclid,DE,HE,Frankfurt,"
                      "desktop,B,M,Linux,6.1,Firefox,130,de-AT,1920 and more,agent\r\n"
                      "2025-12-31T23:00:06Z,1,1,2,action,0,,h,/p,,event,buy,L,P,9.99,EUR,"
                      "\"{\"\"colour\"\":\"\"red\"\",\"\"size\"\":\"\"L\"\"}\","
                      "2025-12-31T23:00:05Z,1,2,search,Google,https://g/,us,um,uc,uo,ut,gclid,DE,HE,Frankfurt,"
                      "desktop,B,M,Linux,6.1,Firefox,130,de-AT,1920 and more,agent\r\n");
    check_export("ndjson", &table, EXPORT_NDJSON,
                 "{\"time\":\"2025-12-31T23:00:05Z\",\"visitor\":1,\"visit\":1,\"hit\":1,\"event\":\"pageview\","
                 "\"dwell_s\":7,\"scroll\":50,\"host\":\"h\",\"path\":\"/p\",\"title\":\"T\","
                 "\"visit_start\":\"2025-12-31T23:00:05Z\",\"visit_duration_s\":1,\"visit_hits\":2,"
                 "\"channel\":\"search\",\"source\":\"Google\",\"referrer\":\"https://g/\",\"utm_source\":\"us\","
                 "\"utm_medium\":\"um\",\"utm_campaign\":\"uc\",\"utm_content\":\"uo\",\"utm_term\":\"ut\","
                 "\"click_id\":\"gclid\",\"country\":\"DE\",\"region\":\"HE\",\"city\":\"Frankfurt\","
                 "\"device\":\"desktop\",\"brand\":\"B\",\"model\":\"M\",\"os\":\"Linux\",\"os_version\":\"6.1\","
                 "\"browser\":\"Firefox\",\"browser_version\":\"130\",\"language\":\"de-AT\","
                 "\"screen\":\"1920 and more\",\"bot\":\"agent\"}\n"
                 "{\"time\":\"2025-12-31T23:00:06Z\",\"visitor\":1,\"visit\":1,\"hit\":2,\"event\":\"action\","
                 "\"dwell_s\":0,\"host\":\"h\",\"path\":\"/p\",\"category\":\"event\",\"action\":\"buy\","
                 "\"label\":\"L\",\"property\":\"P\",\"amount\":\"9.99\",\"currency\":\"EUR\","
                 "\"properties\":{\"colour\":\"red\",\"size\":\"L\"},"
                 "\"visit_start\":\"2025-12-31T23:00:05Z\",\"visit_duration_s\":1,\"visit_hits\":2,"
                 "\"channel\":\"search\",\"source\":\"Google\",\"referrer\":\"https://g/\",\"utm_source\":\"us\","
                 "\"utm_medium\":\"um\",\"utm_campaign\":\"uc\",\"utm_content\":\"uo\",\"utm_term\":\"ut\","
                 "\"click_id\":\"gclid\",\"country\":\"DE\",\"region\":\"HE\",\"city\":\"Frankfurt\","
                 "\"device\":\"desktop\",\"brand\":\"B\",\"model\":\"M\",\"os\":\"Linux\",\"os_version\":\"6.1\","
                 "\"browser\":\"Firefox\",\"browser_version\":\"130\",\"language\":\"de-AT\","
                 "\"screen\":\"1920 and more\",\"bot\":\"agent\"}\n");
    table_deinit(&table);
}

static void test_nothing(void **state)
{
    struct table table = table_of(NULL, 0);

    check_export("csv", &table, EXPORT_CSV, HEAD);
    check_export("ndjson", &table, EXPORT_NDJSON, "");
    table_deinit(&table);
}

/* What the page is called is put into a row as it would have to be. */
static void test_quotes(void **state)
{
    static const struct {
        const char *title, *csv, *json;
    } rows[] = {
        {"plain", "plain", "plain"},
        {"a,b", "\"a,b\"", "a,b"},
        {"say \"x\"", "\"say \"\"x\"\"\"", "say \\\"x\\\""},
        {"two\nlines", "\"two\nlines\"", "two\\u000alines"},
        {"back\\slash", "back\\slash", "back\\\\slash"},
        {"\x7f\x01", "\x7f\x01", "\\u007f\\u0001"},
        {"K\xc3\xa4se", "K\xc3\xa4se", "K\xc3\xa4se"},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct event event = {.kind = EVENT_PAGEVIEW, .at_ms = START_MS, .title = text_of(rows[i].title)};
        struct gather_event one = {.sequence = 1, .visitor = 1, .traced = true, .event = &event};
        struct table table = table_of(&one, 1);
        char wanted[1024];

        snprintf(wanted, sizeof wanted,
                 HEAD "2025-12-31T23:00:00Z,1,1,1,pageview,0,,,,%s,,,,,,,,2025-12-31T23:00:00Z,0,1,none,"
                      ",,,,,,,,,,,unknown,,,,,,,,,none\r\n",
                 rows[i].csv);
        check_export(rows[i].title, &table, EXPORT_CSV, wanted);
        snprintf(wanted, sizeof wanted,
                 "{\"time\":\"2025-12-31T23:00:00Z\",\"visitor\":1,\"visit\":1,\"hit\":1,\"event\":\"pageview\","
                 "\"dwell_s\":0,\"title\":\"%s\",\"visit_start\":\"2025-12-31T23:00:00Z\",\"visit_duration_s\":0,"
                 "\"visit_hits\":1,\"channel\":\"none\",\"device\":\"unknown\",\"bot\":\"none\"}\n",
                 rows[i].json);
        check_export(rows[i].title, &table, EXPORT_NDJSON, wanted);
        table_deinit(&table);
    }
}

/* ---- what it does not say ---- */

static bool has(struct text rows, const char *word) { return memmem(rows.data, rows.size, word, strlen(word)) != NULL; }

/* Without click-path nobody learns which page came first, nor when each was seen. */
static void test_untraced(void **state)
{
    struct event views[] = {{.kind = EVENT_PAGEVIEW, .at_ms = START_MS + 1000, .path = TEXT("/one")},
                            {.kind = EVENT_PAGEVIEW, .at_ms = START_MS + 2000, .path = TEXT("/two")},
                            {.kind = EVENT_PAGEVIEW, .at_ms = START_MS + 3000, .path = TEXT("/one")}};
    BUFFER_AUTO there = BUFFER_INIT(1 << 16), back = BUFFER_INIT(1 << 16);

    for (unsigned i = 0; i < 2; i++) {
        struct gather_event events[3];

        for (unsigned j = 0; j < 3; j++) {
            views[j].at_ms = START_MS + 1000ull * (i ? 3 - j : j + 1);
            views[j].dwell_ms = 1000;
        }
        for (unsigned j = 0; j < 3; j++)
            events[j] = (struct gather_event){.sequence = j + 1, .visitor = 9, .event = &views[i ? 2 - j : j]};
        struct table table = table_of(events, 3);
        assert_int_equal(export_table(&table, START_MS, EXPORT_NDJSON, append, i ? &back : &there), 0);
        table_deinit(&table);
    }
    assert_true(text_equal(buffer_text(&there), buffer_text(&back)));
    assert_false(has(buffer_text(&there), "\"hit\""));
    assert_false(has(buffer_text(&there), "23:00:02Z"));
}

/* Numbers within the day, whatever the store calls a visitor. */
static void test_pseudonyms(void **state)
{
    struct event view = {.kind = EVENT_PAGEVIEW, .at_ms = START_MS};
    const struct gather_event events[] = {{.sequence = 1, .visitor = 4711, .event = &view},
                                          {.sequence = 2, .visitor = 815, .event = &view}};
    struct table table = table_of(events, N_ROWS(events));
    BUFFER_AUTO rows = BUFFER_INIT(1 << 16);

    assert_int_equal(export_table(&table, START_MS, EXPORT_NDJSON, append, &rows), 0);
    assert_false(has(buffer_text(&rows), "4711") || has(buffer_text(&rows), "815"));
    assert_true(has(buffer_text(&rows), "\"visitor\":1,\"visit\":1") &&
                has(buffer_text(&rows), "\"visitor\":2,\"visit\":2"));
    table_deinit(&table);
}

/* ---- all of it ---- */

#define MANY 20000

struct sink {
    size_t n_bytes, n_lines, n_writes, n_most;
    size_t n_until_end;
};

static int count(void *context, struct text rows)
{
    struct sink *sink = context;

    for (size_t i = 0; i < rows.size; i++)
        sink->n_lines += rows.data[i] == '\n';
    sink->n_bytes += rows.size;
    sink->n_most = rows.size > sink->n_most ? rows.size : sink->n_most;
    return ++sink->n_writes == sink->n_until_end ? 7 : 0;
}

/* One visit of many hits comes out in pieces, and not further than somebody reads. */
static void test_many(void **state)
{
    struct gather *gather;
    struct table table;
    struct sink all = {.n_until_end = 0}, two = {.n_until_end = 2};

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (uint64_t i = 0; i < MANY; i++) {
        struct event view = {.kind = EVENT_PAGEVIEW, .at_ms = START_MS + i, .path = TEXT("/page")};
        struct gather_event one = {.sequence = i + 1, .visitor = 1, .event = &view};

        assert_int_equal(gather_add(gather, &one), 0);
    }
    assert_int_equal(tabulate_table(gather, &table), 0);
    assert_int_equal(export_table(&table, START_MS, EXPORT_NDJSON, count, &all), 0);
    assert_int_equal(all.n_lines, MANY);
    assert_true(all.n_writes > 10 && all.n_most < 2 * EXPORT_ROWS_BYTES);
    assert_int_equal(export_table(&table, START_MS, EXPORT_NDJSON, count, &two), 7);
    assert_int_equal(two.n_writes, 2);
    table_deinit(&table);
    gather_free(gather);
}

static void test_every_allocation_may_fail(void **state)
{
    struct event full = full_view(), act = full_act();
    const struct gather_event events[] = {{.sequence = 1, .visitor = 30, .traced = true, .event = &full},
                                          {.sequence = 2, .visitor = 30, .traced = true, .event = &act}};
    struct table table = table_of(events, N_ROWS(events));
    long n = 0;

    for (;; n++) {
        struct sink sink = {.n_until_end = 0};

        n_until_failure = n;
        int r = export_table(&table, START_MS, EXPORT_CSV, count, &sink);
        bool failed = n_until_failure < 0;
        n_until_failure = -1;
        if (!failed)
            break;
        assert_int_equal(r, -ENOMEM);
    }
    assert_true(n > 5);
    table_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_untraced),
        cmocka_unit_test(test_pseudonyms),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
