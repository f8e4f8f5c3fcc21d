/*
 * Questions about a small site over six days, one of which has 23 hours: every
 * metric, dimension, comparison and order, and what goes wrong.
 */
#include "crumb/rollup/amount.h"
#include "failing.h"
#include "happened.h"
#include <errno.h>
#include <stdio.h>

#define DAYS 6
#define HOUR 3600

/* The days are 2026-03-27, a Friday, to 2026-04-01; on the 29th the clock goes from 02:00 to 03:00. */
static const struct happened_visit visits[] = {
    {.day = 0,
     .visitor = 1,
     .start_s = 9 * HOUR,
     .country = "DE",
     .browser = "Firefox",
     .source = "Google",
     .hits =
         {{.page = "/", .dwell_s = 10, .scroll = 50},
          {.page = "/shop", .after_s = 60, .dwell_s = 20, .scroll = 80},
          {.page = "/shop", .after_s = 30, .name = "Purchase", .plan = "pro", .amount = "9.995", .currency = "EUR"}}},
    {.day = 0,
     .visitor = 2,
     .start_s = 10 * HOUR,
     .country = "US",
     .browser = "Chrome",
     .hits = {{.page = "/shop", .dwell_s = 5, .scroll = 41}}},
    {.day = 1,
     .visitor = 1,
     .start_s = 23 * HOUR,
     .country = "DE",
     .browser = "Firefox",
     .hits = {{.page = "/", .dwell_s = 30}}},
    {.day = 1,
     .visitor = 9,
     .start_s = 2 * HOUR,
     .country = "US",
     .bot = 1,
     .hits = {{.page = "/"}, {.page = "/shop", .after_s = 1}}},
    {.day = 2,
     .visitor = 3,
     .start_s = 5400,
     .country = "DE",
     .browser = "Chrome",
     .hits = {{.page = "/", .dwell_s = 1},
              {.page = "/about", .after_s = 1000, .dwell_s = 1},
              {.page = "/shop", .after_s = 900, .dwell_s = 1}}},
    {.day = 4,
     .visitor = 2,
     .start_s = 12 * HOUR,
     .country = "US",
     .browser = "Chrome",
     .hits = {{.page = "/", .dwell_s = 4},
              {.page = "/", .after_s = 5, .name = "Signup", .plan = "free"},
              {.page = "/", .after_s = 5, .name = "Purchase", .amount = "-0.99", .currency = "EUR"}}},
    {.day = 4,
     .visitor = 4,
     .start_s = 12 * HOUR + 1800,
     .country = "DE",
     .browser = "Chrome",
     .hits = {{.page = "/shop", .name = "Purchase", .amount = "5", .currency = "USD"}}},
};

static char bought[] = "Bought", purchase[] = "Purchase", eur[] = "EUR", usd[] = "USD", signed_up[] = "Signed up",
            signup[] = "Signup", shopped[] = "Visit /shop*", shop[] = "/shop*", exported[] = "Exported";
static struct goal goals[] = {
    {.name = bought, .event = purchase, .currency = eur},
    {.name = exported, .event = purchase, .currency = usd},
    {.name = signed_up, .event = signup},
    {.name = shopped, .page = shop},
};

struct fixture {
    struct site site;
    struct table tables[DAYS];
    int32_t first;
    int64_t now_ms;
    unsigned n_pinned, n_pins;
    uint64_t columns; /* of the last pin */
    bool is_cancelled;
    int fault_of_table;
};

static int fixture_table(void *context, int32_t day, uint64_t columns, const struct table **ret_table,
                         enum query_tier *ret_tier)
{
    struct fixture *fixture = context;

    assert_true(day >= fixture->first && day < fixture->first + DAYS);
    if (fixture->fault_of_table)
        return fixture->fault_of_table;
    fixture->n_pins++;
    fixture->columns = columns;
    *ret_table = fixture->tables[day - fixture->first].columns[0] ? &fixture->tables[day - fixture->first] : NULL;
    *ret_tier = day == fixture->first + DAYS - 1 ? QUERY_LIVE : QUERY_SEGMENT;
    fixture->n_pinned += *ret_table != NULL;
    return 0;
}

static void fixture_release(void *context, const struct table *table) { ((struct fixture *)context)->n_pinned--; }

static int fixture_days(void *context, int32_t *ret_first, int32_t *ret_last)
{
    const struct fixture *fixture = context;

    *ret_first = fixture->first;
    *ret_last = fixture->first + DAYS - 1;
    return 0;
}

/* A tenth of everything was stored, and hours are told by how much came. */
static int fixture_coverage(void *context, int64_t from_ms, int64_t to_ms, struct query_coverage *ret_coverage)
{
    uint64_t hours = (uint64_t)(to_ms - from_ms) / 3600000;

    *ret_coverage = (struct query_coverage){.received = 1000, .stored = hours};
    return 0;
}

static bool fixture_is_cancelled(void *context) { return ((const struct fixture *)context)->is_cancelled; }

static struct query_source source_of(struct fixture *fixture)
{
    return (struct query_source){.context = fixture,
                                 .table = fixture_table,
                                 .release = fixture_release,
                                 .days = fixture_days,
                                 .coverage = fixture_coverage,
                                 .is_cancelled = fixture_is_cancelled};
}

static int setup(void **state)
{
    static struct fixture fixture;

    fixture.site = (struct site){.id = 7, .goals = goals, .n_goals = N_ROWS(goals)};
    assert_int_equal(zone_new("Europe/Berlin", &fixture.site.zone), 0);
    fixture.first = zone_day_of_date((struct zone_date){2026, 3, 27});
    fixture.now_ms = zone_day_start_ms(fixture.site.zone, fixture.first + 6) + 12 * HOUR * 1000;
    for (int32_t day = 0; day < DAYS; day++)
        if (day != 3 && day != 5)
            happened_table(visits, N_ROWS(visits), day, zone_day_start_ms(fixture.site.zone, fixture.first + day),
                           &fixture.tables[day]);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < DAYS; i++)
        table_deinit(&fixture->tables[i]);
    zone_free(fixture->site.zone);
    return 0;
}

static void put_values(struct buffer *buffer, const int64_t *values, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (values[i] == QUERY_NULL)
            buffer_put_text(buffer, TEXT(" -"));
        else
            buffer_printf(buffer, " %lld", (long long)values[i]);
}

/* "/,DE: 1 2 (0 1); ..." */
static void show(const struct query *query, const struct query_answer *answer, struct buffer *buffer)
{
    for (size_t i = 0; i < answer->n_rows; i++) {
        const struct query_row *row = &answer->rows[i];

        buffer_put_text(buffer, i ? TEXT("; ") : TEXT(""));
        for (unsigned k = 0; k < query->n_dimensions; k++)
            buffer_printf(buffer, "%s%.*s", k ? "," : "", TEXT_ARGS(row->dimensions[k]));
        buffer_put_text(buffer, TEXT(":"));
        put_values(buffer, row->metrics, query->n_metrics);
        if (row->compared) {
            buffer_put_text(buffer, TEXT(" ("));
            put_values(buffer, row->compared, query->n_metrics);
            buffer_put_text(buffer, TEXT(" )"));
        }
    }
}

static int parse(const char *rest, struct query *ret_query)
{
    BUFFER_AUTO json = BUFFER_INIT(4096), complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);

    buffer_printf(&json, "{\"site_id\":\"shop\",%s%s}",
                  strstr(rest, "date_range") ? "" : "\"date_range\":[\"2026-03-27\",\"2026-04-01\"],", rest);
    int r = query_parse(buffer_text(&json), ret_query, &complaint);
    if (r)
        fail_msg("%s: %.*s", rest, TEXT_ARGS(buffer_text(&complaint)));
    return r;
}

static int run(struct fixture *fixture, const char *rest, struct query_answer *ret_answer, struct buffer *shown)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query_source source = source_of(fixture);
    struct query query;

    parse(rest, &query);
    int r = query_run(&query, &fixture->site, fixture->now_ms, &source, ret_answer, &complaint);
    if (r == 0)
        show(&query, ret_answer, shown);
    else if (r > 0)
        buffer_put_text(shown, buffer_text(&complaint));
    query_deinit(&query);
    assert_int_equal(fixture->n_pinned, 0);
    return r;
}

static const struct {
    const char *query, *expected;
} rows[] = {
    {"\"metrics\":[\"visitors\",\"visits\",\"pageviews\",\"events\",\"views_per_visit\",\"bounce_rate\",\"visit_"
     "duration\"]",
     ": 4 6 8 12 133 333 333"},
    {"\"metrics\":[\"pageviews\"]", ": 8"},
    {"\"metrics\":[\"visitors\",\"visits\",\"pageviews\"],\"dimensions\":[\"time:day\"]",
     "2026-03-27: 2 2 3; 2026-03-28: 1 1 1; 2026-03-29: 1 1 3; 2026-03-31: 2 2 1"},
    {"\"metrics\":[\"visitors\",\"visits\",\"pageviews\"],\"dimensions\":[\"time\"]",
     "2026-03-27: 2 2 3; 2026-03-28: 1 1 1; 2026-03-29: 1 1 3; 2026-03-31: 2 2 1"},
    {"\"metrics\":[\"visitors\",\"visits\",\"pageviews\"],\"dimensions\":[\"time:week\"]",
     "2026-03-23: 3 4 7; 2026-03-30: 2 2 1"},
    {"\"metrics\":[\"visitors\",\"visits\",\"pageviews\"],\"dimensions\":[\"time:month\"]", "2026-03-01: 4 6 8"},
    {"\"metrics\":[\"visitors\",\"visits\",\"pageviews\"],\"dimensions\":[\"time:hour\"]",
     "2026-03-27 09:00:00: 1 1 2; 2026-03-27 10:00:00: 1 1 1; 2026-03-28 23:00:00: 1 1 1; 2026-03-29 01:00:00: 1 1 2; "
     "2026-03-29 03:00:00: 1 0 1; 2026-03-31 12:00:00: 2 2 1"},
    {"\"metrics\":[\"visitors\",\"visits\",\"pageviews\",\"bounce_rate\"],\"dimensions\":[\"time\"],\"date_range\":["
     "\"2026-03-29\",\"2026-03-29\"]",
     "2026-03-29 01:00:00: 1 1 2 0; 2026-03-29 03:00:00: 1 0 1 -"},
    {"\"metrics\":[\"visitors\",\"visits\",\"pageviews\",\"events\",\"views_per_visit\",\"bounce_rate\",\"visit_"
     "duration\"],\"dimensions\":[\"event:page\"]",
     "/shop: 4 4 3 5 100 1000 0; /: 3 4 4 6 175 250 500; /about: 1 1 1 1 - - -"},
    {"\"metrics\":[\"visitors\",\"scroll_depth\",\"time_on_page\"],\"dimensions\":[\"event:page\"]",
     "/shop: 4 61 9; /: 3 50 11; /about: 1 - 1"},
    {"\"metrics\":[\"scroll_depth\",\"time_on_page\"],\"filters\":[[\"is\",\"event:page\",[\"/\",\"/shop\"]]]",
     ": 57 10"},
    {"\"metrics\":[\"visitors\",\"percentage\"],\"dimensions\":[\"visit:country\"]", "DE: 3 7500; US: 1 2500"},
    {"\"metrics\":[\"visits\",\"events\"],\"dimensions\":[\"visit:country\",\"visit:browser\"]",
     "DE,Chrome: 2 4; DE,Firefox: 2 4; US,Chrome: 2 4"},
    {"\"metrics\":[\"events\"],\"dimensions\":[\"event:page\",\"visit:country\"]",
     "/shop,DE: 4; /,DE: 3; /,US: 3; /about,DE: 1; /shop,US: 1"},
    {"\"metrics\":[\"events\",\"visitors\"],\"dimensions\":[\"event:name\"]",
     "pageview: 8 3; Purchase: 3 3; Signup: 1 1"},
    {"\"metrics\":[\"events\"],\"dimensions\":[\"event:props:plan\"]", "(none): 10; free: 1; pro: 1"},
    {"\"metrics\":[\"visits\"],\"dimensions\":[\"visit:entry_page\",\"visit:exit_page\"]",
     "/,/: 2; /,/shop: 2; (none),(none): 1; /shop,/shop: 1"},
    {"\"metrics\":[\"visitors\",\"events\"],\"dimensions\":[\"visit:bot\"]", "agent: 1 2"},
    {"\"metrics\":[\"visitors\",\"percentage\"],\"dimensions\":[\"visit:bot\"]", "agent: 1 10000"},
    {"\"metrics\":[\"visitors\",\"events\"],\"filters\":[[\"is\",\"visit:bot\",[\"agent\"]]]", ": 1 2"},
    {"\"metrics\":[\"visitors\",\"visits\",\"pageviews\"],\"filters\":[[\"is\",\"visit:country\",[\"DE\"]]]",
     ": 3 4 6"},
    {"\"metrics\":[\"visitors\",\"visits\",\"pageviews\",\"visit_duration\"],\"filters\":[[\"is\",\"event:page\",[\"/"
     "shop\"]]]",
     ": 4 4 3 498"},
    {"\"metrics\":[\"visitors\",\"events\",\"conversion_rate\"],\"dimensions\":[\"event:goal\"]",
     "Bought: 3 3 7500; Exported: 3 3 7500; Visit /shop*: 3 3 7500; Signed up: 1 1 2500"},
    {"\"metrics\":[\"visitors\",\"conversion_rate\",\"group_conversion_rate\"],\"filters\":[[\"is\",\"event:goal\",["
     "\"Bought\"]]],\"dimensions\":[\"visit:country\"]",
     "DE: 2 5000 6667; US: 1 2500 10000"},
    {"\"metrics\":[\"visitors\",\"conversion_rate\"],\"filters\":[[\"is\",\"event:goal\",[\"Bought\"]],[\"is\",\"visit:"
     "country\",[\"DE\"]]]",
     ": 2 6667"},
    {"\"metrics\":[\"visitors\",\"conversion_rate\"],\"filters\":[[\"contains\",\"event:goal\",[\"visit\"],{\"case_"
     "sensitive\":false}]]",
     ": 3 7500"},
    {"\"metrics\":[\"total_revenue\",\"average_revenue\"],\"dimensions\":[\"event:goal\"]",
     "Bought: 901 450; Exported: 500 500; Signed up: - -; Visit /shop*: - -"},
    {"\"metrics\":[\"total_revenue\",\"average_revenue\",\"events\"],\"filters\":[[\"is\",\"event:goal\",[\"Bought\"]]"
     "]",
     ": 901 450 3"},
    {"\"metrics\":[\"total_revenue\",\"average_revenue\"],\"filters\":[[\"is\",\"event:goal\",[\"Bought\",\"Exported\"]"
     "]]",
     ": - -"},
    {"\"metrics\":[\"total_revenue\"],\"filters\":[[\"is\",\"event:goal\",[\"Signed up\"]]]", ": -"},
    {"\"metrics\":[\"visitors\"],\"dimensions\":[\"event:goal\"],\"filters\":[[\"is\",\"event:goal\",[\"Signed up\"]]]",
     "Signed up: 1"},
    {"\"metrics\":[\"events\"],\"dimensions\":[\"event:goal\"],\"filters\":[[\"has_done\",[\"is\",\"event:goal\",["
     "\"Signed up\""
     "]]]]",
     "Bought: 1; Exported: 1; Signed up: 1"},
    {"\"metrics\":[\"events\"],\"dimensions\":[\"event:goal\"],\"filters\":[[\"not\",[\"is\",\"event:goal\",[\"Signed "
     "up\"]]]]",
     "Bought: 3; Exported: 3; Visit /shop*: 3"},
    {"\"metrics\":[\"total_revenue\",\"events\"],\"filters\":[[\"not\",[\"is\",\"event:goal\",[\"Bought\"]]]]",
     ": - 9"},
    {"\"metrics\":[\"visitors\",\"pageviews\"],\"include\":{\"comparison\":{\"mode\":\"previous_period\"}},\"date_"
     "range\":[\"2026-03-29\",\"2026-03-31\"]",
     ": 3 4 ( 2 4 )"},
    {"\"metrics\":[\"pageviews\",\"visits\"],\"dimensions\":[\"time:day\"],\"include\":{\"comparison\":{\"mode\":"
     "\"previous_period\"}},\"date_range\":[\"2026-03-29\",\"2026-03-31\"]",
     "2026-03-29: 3 1 ( 0 0 ); 2026-03-31: 1 2 ( 1 1 )"},
    {"\"metrics\":[\"pageviews\",\"bounce_rate\"],\"dimensions\":[\"event:page\"],\"include\":{\"comparison\":{"
     "\"mode\":\"previous_period\"}},\"date_range\":[\"2026-03-29\",\"2026-03-31\"]",
     "/: 2 0 ( 2 500 ); /about: 1 - ( 0 - ); /shop: 1 - ( 2 1000 )"},
    {"\"metrics\":[\"visits\"],\"date_range\":[\"2026-03-27T09:00:30\",\"2026-03-27T10:00:00\"]", ": 1"},
    {"\"metrics\":[\"visits\",\"pageviews\",\"events\"],\"date_range\":[\"2026-03-27T09:00:30\",\"2026-03-27T09:59:"
     "59\"]",
     ": 0 1 2"},
    {"\"metrics\":[\"visits\",\"pageviews\",\"events\"],\"dimensions\":[\"time:day\"],\"date_range\":[\"2026-03-27T10:"
     "00:00\",\"2026-03-28T12:00:00\"]",
     "2026-03-27: 1 1 1"},
    {"\"metrics\":[\"pageviews\"],\"dimensions\":[\"event:page\"],\"order_by\":[[\"event:page\",\"desc\"]]",
     "/shop: 3; /about: 1; /: 4"},
    {"\"metrics\":[\"visits\"],\"dimensions\":[\"event:page\"],\"order_by\":[[\"visits\",\"asc\"]]",
     "/about: 1; /: 4; /shop: 4"},
    {"\"metrics\":[\"visits\"],\"dimensions\":[\"event:page\"],\"pagination\":{\"limit\":1,\"offset\":1}", "/shop: 4"},
    {"\"metrics\":[\"visits\"],\"dimensions\":[\"event:page\"],\"pagination\":{\"limit\":5,\"offset\":9}", ""},
    {"\"metrics\":[\"visitors\",\"bounce_rate\",\"visit_duration\",\"views_per_visit\"],\"date_range\":[\"2026-03-30\","
     "\"2026-03-30\"]",
     ": 0 - - -"},
    {"\"metrics\":[\"visitors\"],\"dimensions\":[\"event:page\"],\"date_range\":[\"2026-03-30\",\"2026-03-30\"]", ""},
    {"\"metrics\":[\"coverage\"]", ": 143"},
    {"\"metrics\":[\"coverage\",\"visits\"],\"dimensions\":[\"time:day\"]",
     "2026-03-27: 24 2; 2026-03-28: 24 1; 2026-03-29: 23 1; 2026-03-31: 24 2"},
    {"\"metrics\":[\"coverage\",\"visits\"],\"dimensions\":[\"time:hour\"],\"date_range\":[\"2026-03-29\",\"2026-03-"
     "29\"]",
     "2026-03-29 01:00:00: 1 1; 2026-03-29 03:00:00: 1 0"},
    {"\"metrics\":[\"visitors\",\"pageviews\"],\"filters\":[[\"has_done\",[\"is\",\"event:name\",[\"Purchase\"]]]]",
     ": 3 3"},
    {"\"metrics\":[\"visits\"],\"include\":{\"comparison\":{\"mode\":\"year_over_year\"}}", ": 6 ( 0 )"},
    {"\"metrics\":[\"visits\",\"percentage\"],\"dimensions\":[\"time:hour\"],\"include\":{\"comparison\":{\"mode\":"
     "\"custom\",\"date_range\":[\"2026-03-27\",\"2026-03-27\"]}},\"date_range\":[\"2026-03-31\",\"2026-03-31\"]",
     "2026-03-31 12:00:00: 2 10000 ( 0 0 )"},
    {"\"metrics\":[\"conversion_rate\"],\"filters\":[[\"is\",\"event:goal\",[\"Bought\"]]],\"include\":{\"comparison\":"
     "{\"mode\":\"previous_period\"}},\"date_range\":[\"2026-03-31\",\"2026-04-01\"]",
     ": 10000 ( 0 )"},
    {"\"metrics\":[\"group_conversion_rate\"],\"dimensions\":[\"visit:country\"],\"filters\":[[\"is\",\"event:goal\",["
     "\"Bought\"]]],\"date_range\":[\"2026-03-31\",\"2026-03-31\"],\"include\":{\"comparison\":{\"mode\":\"custom\","
     "\"date_range\":[\"2026-03-28\",\"2026-03-28\"]}}",
     "DE: 10000 ( 0 ); US: 10000 ( - )"},
};

static void test_answers(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO shown = BUFFER_INIT(1 << 16);
        struct query_answer answer;

        check_equal(rows[i].query, run(*state, rows[i].query, &answer, &shown), 0);
        check_text(rows[i].query, buffer_text(&shown), rows[i].expected);
        query_answer_deinit(&answer);
    }
}

/* The value of a metric is the same whatever else is asked for. */
static void test_metrics_by_themselves(void **state)
{
    static const char *const metrics[] = {"visitors",        "visits",      "pageviews",      "events",
                                          "views_per_visit", "bounce_rate", "visit_duration", "scroll_depth",
                                          "time_on_page",    "percentage"};
    BUFFER_AUTO all_text = BUFFER_INIT(4096), all = BUFFER_INIT(1 << 16);
    struct query_answer answer, one;

    for (size_t i = 0; i < N_ROWS(metrics); i++)
        buffer_printf(&all_text, "%s\"%s\"", i ? "," : "", metrics[i]);
    for (unsigned by_hour = 0; by_hour < 2; by_hour++) {
        const char *rest = by_hour
                               ? "\"dimensions\":[\"event:page\",\"time:hour\"],\"order_by\":[[\"event:page\",\"asc\"]]"
                               : "\"dimensions\":[\"event:page\"],\"order_by\":[[\"event:page\",\"asc\"]]";
        BUFFER_AUTO query = BUFFER_INIT(4096);

        buffer_printf(&query, "\"metrics\":[%.*s],%s", TEXT_ARGS(buffer_text(&all_text)), rest);
        buffer_put_u8(&query, 0);
        assert_int_equal(run(*state, (const char *)query.data, &answer, &all), 0);
        for (size_t i = 0; i < N_ROWS(metrics); i++) {
            BUFFER_AUTO shown = BUFFER_INIT(1 << 16);

            buffer_clear(&query);
            buffer_printf(&query, "\"metrics\":[\"%s\"],%s", metrics[i], rest);
            buffer_put_u8(&query, 0);
            assert_int_equal(run(*state, (const char *)query.data, &one, &shown), 0);
            check_equal(metrics[i], one.n_rows, answer.n_rows);
            for (size_t row = 0; row < one.n_rows; row++)
                check_equal(metrics[i], one.rows[row].metrics[0], answer.rows[row].metrics[i]);
            query_answer_deinit(&one);
        }
        query_answer_deinit(&answer);
    }
}

static void test_revenue(void **state)
{
    static const struct {
        const char *query, *currency, *warning;
    } cases[] = {
        {"\"metrics\":[\"total_revenue\"]", NULL, "no_revenue_goals_matching"},
        {"\"metrics\":[\"total_revenue\"],\"filters\":[[\"is\",\"event:goal\",[\"Signed up\"]]]", NULL,
         "no_revenue_goals_matching"},
        {"\"metrics\":[\"total_revenue\"],\"filters\":[[\"is\",\"event:goal\",[\"Bought\"]]]", "EUR", NULL},
        {"\"metrics\":[\"total_revenue\"],\"filters\":[[\"contains\",\"event:goal\",[\"o\"]]]", NULL,
         "no_single_revenue_currency"},
        {"\"metrics\":[\"total_revenue\"],\"dimensions\":[\"event:goal\"]", NULL, NULL},
        {"\"metrics\":[\"visitors\"],\"dimensions\":[\"event:goal\"]", NULL, NULL},
    };
    struct fixture *fixture = *state;
    struct query_answer answer;

    for (size_t i = 0; i < N_ROWS(cases); i++) {
        BUFFER_AUTO shown = BUFFER_INIT(1 << 16);

        check_equal(cases[i].query, run(fixture, cases[i].query, &answer, &shown), 0);
        check_text(cases[i].query, text_of(answer.currency), cases[i].currency);
        check_text(cases[i].query, text_of(answer.revenue_warning), cases[i].warning);
        query_answer_deinit(&answer);
    }
    struct site without = fixture->site;
    BUFFER_AUTO shown = BUFFER_INIT(1 << 16);
    fixture->site.n_goals = 0;
    assert_int_equal(run(fixture, cases[0].query, &answer, &shown), 0);
    assert_text(text_of(answer.revenue_warning), "revenue_goals_unavailable");
    fixture->site = without;
    query_answer_deinit(&answer);
}

static void test_cost_and_counts(void **state)
{
    struct fixture *fixture = *state;
    BUFFER_AUTO shown = BUFFER_INIT(1 << 16);
    struct query_answer answer;

    assert_int_equal(run(fixture,
                         "\"metrics\":[\"visits\"],\"dimensions\":[\"event:page\"],\"pagination\":{\"limit\":1}",
                         &answer, &shown),
                     0);
    assert_int_equal(answer.n_rows, 1);
    assert_int_equal(answer.n_total, 3);
    assert_false(answer.is_empty);
    assert_int_equal(answer.cost.tables[QUERY_SEGMENT], 4);
    assert_int_equal(answer.cost.tables[QUERY_LIVE], 0);
    assert_int_equal(answer.cost.visits, 7);
    assert_int_equal(answer.cost.hits, 14);
    assert_false(fixture->columns & COLUMN_BIT(COLUMN_HIT_after_s)); /* nobody asked for times */
    query_answer_deinit(&answer);
    assert_int_equal(
        run(fixture, "\"metrics\":[\"visits\"],\"date_range\":[\"2026-03-30\",\"2026-03-30\"]", &answer, &shown), 0);
    assert_true(answer.is_empty);
    assert_int_equal(answer.n_rows, 1);
    query_answer_deinit(&answer);
}

static void test_refused(void **state)
{
    static const struct {
        const char *query, *complaint;
    } cases[] = {
        {"\"metrics\":[\"visits\"],\"date_range\":[\"2026-03-28\",\"2026-03-27\"]",
         "date_range: ends before it begins"},
        {"\"metrics\":[\"visits\"],\"date_range\":[\"1900-01-01\",\"2026-03-27\"]", "date_range: covers more than"},
        {"\"metrics\":[\"visits\"],\"filters\":[[\"is\",\"event:goal\",[\"Bougt\"]]]",
         "filters: no goal of this site is called \"Bougt\"; it has \"Bought\", \"Exported\""},
    };
    struct query_answer answer;

    for (size_t i = 0; i < N_ROWS(cases); i++) {
        BUFFER_AUTO shown = BUFFER_INIT(1 << 16);

        check_equal(cases[i].query, run(*state, cases[i].query, &answer, &shown), QUERY_E_INVALID);
        if (!text_starts(buffer_text(&shown), text_of(cases[i].complaint)))
            fail_msg("%s: %.*s", cases[i].query, TEXT_ARGS(buffer_text(&shown)));
    }
}

static void test_too_much(void **state)
{
    struct fixture *fixture = *state;
    BUFFER_AUTO shown = BUFFER_INIT(1 << 16);
    struct query_answer answer;
    uint32_t n = fixture->tables[0].n[RELATION_HIT];

    fixture->tables[0].n[RELATION_HIT] = 1u + (uint32_t)QUERY_SCAN_HITS_MAX;
    assert_int_equal(run(fixture, "\"metrics\":[\"visits\"]", &answer, &shown), QUERY_E_INVALID);
    fixture->tables[0].n[RELATION_HIT] = n;
    assert_true(text_starts(buffer_text(&shown), TEXT("date_range: has more events than")));
}

static void test_faults(void **state)
{
    struct fixture *fixture = *state;
    BUFFER_AUTO shown = BUFFER_INIT(1 << 16);
    struct query_answer answer;
    uint32_t *bots = fixture->tables[1].columns[COLUMN_VISIT_bot], kept = bots[0];

    fixture->is_cancelled = true;
    assert_int_equal(run(fixture, "\"metrics\":[\"visits\"]", &answer, &shown), -ECANCELED);
    fixture->is_cancelled = false;
    fixture->fault_of_table = -EIO;
    assert_int_equal(run(fixture, "\"metrics\":[\"visits\"]", &answer, &shown), -EIO);
    fixture->fault_of_table = 0;
    bots[0] = 300;
    assert_int_equal(run(fixture, "\"metrics\":[\"visits\"],\"dimensions\":[\"visit:bot\"]", &answer, &shown),
                     -EBADMSG);
    bots[0] = kept;
}

/* Each allocation fails in turn: the fault is told, nothing leaks, and in the end there is the answer. */
static void test_no_memory(void **state)
{
    static const char rest[] =
        "\"metrics\":[\"visitors\",\"percentage\",\"group_conversion_rate\",\"total_revenue\",\"scroll_depth\"],"
        "\"dimensions\":[\"time:hour\",\"event:goal\",\"event:page\",\"visit:country\",\"event:props:plan\"],"
        "\"filters\":[[\"or\",[[\"is\",\"event:goal\",[\"Bought\",\"Visit "
        "/shop*\"]],[\"matches\",\"visit:country\",[\"U\"]]]]],"
        "\"include\":{\"comparison\":{\"mode\":\"previous_period\"}}";
    BUFFER_AUTO expected = BUFFER_INIT(1 << 16), shown = BUFFER_INIT(1 << 16);
    struct fixture *fixture = *state;
    struct query_source source = source_of(fixture);
    struct query_answer answer;
    struct query query;
    long n = 0;
    int r = -ENOMEM;

    assert_int_equal(run(fixture, rest, &answer, &expected), 0);
    buffer_put_u8(&expected, 0);
    query_answer_deinit(&answer);
    parse(rest, &query);
    for (; r != 0; n++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);

        n_until_failure = n;
        r = query_run(&query, &fixture->site, fixture->now_ms, &source, &answer, &complaint);
        n_until_failure = -1;
        assert_true(r == 0 || r == -ENOMEM);
        assert_int_equal(fixture->n_pinned, 0);
    }
    assert_true(n > 100);
    show(&query, &answer, &shown);
    assert_text(buffer_text(&shown), (const char *)expected.data);
    query_answer_deinit(&answer);
    query_deinit(&query);
}

static void test_amounts(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t thousandths;
    } cases[] = {
        {"0", true, 0},
        {"12", true, 12000},
        {"-0.5", true, -500},
        {"19.999", true, 19999},
        {"0.0005", true, 1},
        {"0.0004", true, 0},
        {"-0.0005", true, -1},
        {"1.2344999", true, 1234},
        {"1000000000000000", true, 1000000000000000000},
        {"1000000000000001", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {".5", true, 500},
        {"-.0005", true, -1},
        {"5.", true, 5000},
        {".", false, 0},
        {"-.", false, 0},
        {"1.2.3", false, 0},
        {"1e3", false, 0},
        {"1,5", false, 0},
        {"+1", false, 0},
        {"1 ", false, 0},
    };

    for (size_t i = 0; i < N_ROWS(cases); i++) {
        int64_t thousandths = 0;

        check_equal(cases[i].text, amount_parse(text_of(cases[i].text), &thousandths), cases[i].good);
        check_equal(cases[i].text, thousandths, cases[i].thousandths);
    }
    assert_true(amount_add(INT64_MAX - 1, 5) == INT64_MAX);
    assert_true(amount_add(INT64_MIN + 1, -5) == INT64_MIN);
    assert_true(amount_add(-3, 5) == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers), cmocka_unit_test(test_metrics_by_themselves),
        cmocka_unit_test(test_revenue), cmocka_unit_test(test_cost_and_counts),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_faults),  cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_amounts),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
