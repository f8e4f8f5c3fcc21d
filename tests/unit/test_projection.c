/*
 * Projections: what each field of the interface says of a hit or visit.
 */
#include "check.h"
#include "crumb/rollup/projection.h"
#include "crumb/rollup/tabulate.h"
#include <errno.h>
#include <stdlib.h>

#define START_MS 1767222000000

#define TABLE_AUTO __attribute__((cleanup(table_deinit))) struct table
#define PROJECTION_AUTO __attribute__((cleanup(projection_deinit))) struct projection

/* One visit of two views with a click and a custom event between them, and one of a click alone. */
static void make(struct table *table)
{
    const struct event events[] = {
        {.kind = EVENT_PAGEVIEW,
         .at_ms = START_MS + 1000,
         .host = TEXT("a.example"),
         .path = TEXT("/in"),
         .country = TEXT("US"),
         .region = TEXT("CA"),
         .city = TEXT("Oakland"),
         .source = TEXT("Google"),
         .channel = CHANNEL_SEARCH,
         .referrer = TEXT("https://google.com/"),
         .utm_source = TEXT("us"),
         .utm_medium = TEXT("um"),
         .utm_campaign = TEXT("uc"),
         .utm_content = TEXT("un"),
         .utm_term = TEXT("ut"),
         .device = DEVICE_PHONE,
         .browser = TEXT("Firefox"),
         .browser_version = TEXT("130"),
         .os = TEXT("Android"),
         .os_version = TEXT("14"),
         .language = TEXT("en-US"),
         .screen_width = 400,
         .bot = BOT_SPEED},
        {.kind = EVENT_STRUCT,
         .at_ms = START_MS + 2000,
         .host = TEXT("a.example"),
         .path = TEXT("/in"),
         .category = TEXT("click"),
         .action = TEXT("buy")},
        {.kind = EVENT_STRUCT,
         .at_ms = START_MS + 3000,
         .host = TEXT("a.example"),
         .path = TEXT("/in"),
         .category = TEXT("event"),
         .action = TEXT("Signup"),
         .n_properties = 2,
         .properties = {{TEXT("plan"), TEXT("pro")}, {TEXT("colour"), TEXT("red")}}},
        {.kind = EVENT_PAGEVIEW, .at_ms = START_MS + 4000, .host = TEXT("b.example"), .path = TEXT("/out")},
        {.kind = EVENT_STRUCT,
         .at_ms = START_MS + 5000,
         .category = TEXT("click"),
         .action = TEXT("a"),
         .label = TEXT("https://b.example/"),
         .country = TEXT("DE")},
    };
    struct gather *gather;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (uint64_t i = 0; i < N_ROWS(events); i++) {
        struct gather_event one = {.sequence = i + 1, .visitor = i == 4 ? 2 : 1, .event = &events[i]};
        assert_int_equal(gather_add(gather, &one), 0);
    }
    assert_int_equal(tabulate_table(gather, table), 0);
    gather_free(gather);
}

static const struct row {
    const char *name;
    const char *texts[5]; /* of the hits, or of the visits */
} rows[] = {
    {"event:page", {"/in", "/in", "/in", "/out", ""}},
    {"event:hostname", {"a.example", "a.example", "a.example", "b.example", ""}},
    {"event:name", {"pageview", "click", "Signup", "pageview", "click"}},
    {"event:target", {"(none)", "buy", "(none)", "(none)", "https://b.example/"}},
    {"event:props:plan", {"(none)", "(none)", "pro", "(none)", "(none)"}},
    {"event:props:colour", {"(none)", "(none)", "red", "(none)", "(none)"}},
    {"visit:entry_page", {"/in", "(none)"}},
    {"visit:entry_page_hostname", {"a.example", "(none)"}},
    {"visit:exit_page", {"/out", "(none)"}},
    {"visit:exit_page_hostname", {"b.example", "(none)"}},
    {"visit:channel", {"search", "none"}},
    {"visit:source", {"Google", ""}},
    {"visit:referrer", {"https://google.com/", ""}},
    {"visit:utm_source", {"us", ""}},
    {"visit:utm_medium", {"um", ""}},
    {"visit:utm_campaign", {"uc", ""}},
    {"visit:utm_content", {"un", ""}},
    {"visit:utm_term", {"ut", ""}},
    {"visit:device", {"phone", "unknown"}},
    {"visit:browser", {"Firefox", ""}},
    {"visit:browser_version", {"130", ""}},
    {"visit:os", {"Android", ""}},
    {"visit:os_version", {"14", ""}},
    {"visit:country", {"US", "DE"}},
    {"visit:region", {"US-CA", ""}},
    {"visit:city", {"Oakland", ""}},
    {"visit:country_name", {"United States", "Germany"}},
    {"visit:region_name", {"California", ""}},
    {"visit:city_name", {"Oakland", ""}},
    {"visit:language", {"en-US", ""}},
    {"visit:screen", {"under 480", ""}},
    {"visit:bot", {"speed", "none"}},
};

static void test_every_field(void **state)
{
    TABLE_AUTO table = TABLE_INIT;

    make(&table);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        PROJECTION_AUTO projection = PROJECTION_INIT;
        struct text property = TEXT_NONE;
        enum field field = field_find(text_of(rows[i].name), &property);

        check(rows[i].name, field < FIELD_N);
        check_equal(rows[i].name, projection_make(&table, field, property, &projection), 0);
        check_equal(rows[i].name, projection.of_hits, text_starts(text_of(rows[i].name), TEXT("event:")));
        for (uint32_t n = 0; n < (projection.of_hits ? 5 : 2); n++) {
            check(rows[i].name, projection.rows[n] < projection.n_rows);
            check_text(rows[i].name, projection.texts[projection.rows[n]], rows[i].texts[n]);
        }
    }
    /* A field that is added is shown here; two rows are of one that takes any name. */
    assert_int_equal(N_ROWS(rows), FIELD_N + 1);
}

/* It reads those columns that it says it does: the others are not there. */
static void test_columns(void **state)
{
    for (unsigned field = 0; field < FIELD_N; field++) {
        TABLE_AUTO table = TABLE_INIT;
        PROJECTION_AUTO projection = PROJECTION_INIT;

        make(&table);
        for (unsigned column = 0; column < COLUMN_N; column++)
            if (!(field_columns(field) & COLUMN_BIT(column))) {
                free(table.columns[column]);
                table.columns[column] = NULL;
            }
        check_equal(field_name(field), projection_make(&table, field, TEXT("plan"), &projection), 0);
    }
}

/* What a click or form was on: rows of what it says of itself. */
static void test_targets(void **state)
{
    static const struct {
        const char *category, *action, *label, *target;
    } acts[] = {
        {"click", "buy", "", "buy"},
        {"click", "buy", "https://b.example/", "buy"},
        {"click", "a", "https://b.example/", "https://b.example/"},
        {"click", "area", "https://b.example/", "https://b.example/"},
        {"click", "a", "", "a"},
        {"click", "", "https://b.example/", "https://b.example/"},
        {"click", "button", "https://b.example/", "button"},
        {"click", "", "", ""},
        {"form", "subscribe", "", "subscribe"},
        {"event", "Signup", "label", "(none)"},
        {"", "Signup", "label", "(none)"},
    };

    for (size_t i = 0; i < N_ROWS(acts); i++) {
        TABLE_AUTO table = TABLE_INIT;
        PROJECTION_AUTO projection = PROJECTION_INIT;
        struct gather *gather;
        struct event event = {.kind = EVENT_STRUCT,
                              .at_ms = START_MS,
                              .category = text_of(acts[i].category),
                              .action = text_of(acts[i].action),
                              .label = text_of(acts[i].label)};
        struct gather_event one = {.sequence = 1, .visitor = 1, .event = &event};

        assert_int_equal(gather_new(START_MS, &gather), 0);
        assert_int_equal(gather_add(gather, &one), 0);
        assert_int_equal(tabulate_table(gather, &table), 0);
        gather_free(gather);
        assert_int_equal(projection_make(&table, FIELD_TARGET, TEXT_NONE, &projection), 0);
        check_text(acts[i].target, projection.texts[projection.rows[0]], acts[i].target);
    }
}

static void test_names_that_are_none(void **state)
{
    static const char *const none[] = {"", "page", "event:", "event:Page", "event:props:", "visit:bots", "time:day"};
    struct text property;

    for (size_t i = 0; i < N_ROWS(none); i++)
        check_equal(none[i], field_find(text_of(none[i]), &property), FIELD_N);
}

/* Words of a later program are shown as such; numbers that no word has are damage. */
static void test_unknown_words(void **state)
{
    TABLE_AUTO table = TABLE_INIT;
    PROJECTION_AUTO projection = PROJECTION_INIT;

    make(&table);
    table.columns[COLUMN_VISIT_bot][1] = BOT_N + 3;
    assert_int_equal(projection_make(&table, FIELD_BOT, TEXT_NONE, &projection), 0);
    assert_text(projection.texts[projection.rows[1]], "?");
    table.columns[COLUMN_VISIT_bot][1] = 1u << 30;
    assert_int_equal(projection_make(&table, FIELD_BOT, TEXT_NONE, &projection), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),   cmocka_unit_test(test_columns),
        cmocka_unit_test(test_targets),       cmocka_unit_test(test_names_that_are_none),
        cmocka_unit_test(test_unknown_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
