/*
 * Rollups in a store: that they are there when days and months are over, that
 * they are what the segments give, and that no answer depends on them.
 */
#include "crumb/query/store.h"
#include "crumb/rollup/audit.h"
#include "crumb/rollup/rollups.h"
#include "crumb/store/day.h"
#include "day_store.h"
#include "failing.h"
#include "splitmix.h"
#include <errno.h>
#include <stdlib.h>

#define DAY_MS (24 * 3600000LL)
#define SEEDS 12
#define QUESTIONS 120
#define N_DAYS 70

static uint32_t pick(uint64_t *random, uint32_t n) { return (uint32_t)(splitmix(random) >> 32) % n; }

#define ANY(random, list) list[pick(random, N_ROWS(list))]

/* ---- events of any kind ---- */

static const char *const paths[] = {"/", "/shop", "/shop/shoes", "/about", "/about/us"};
static const char *const countries[] = {"", "DE", "US"};
static const char *const browsers[] = {"", "Firefox", "Chrome"};
static const char *const sources[] = {"", "Google", "Bing"};

/* More than a block of sketches has. */
#define ITEMS 150
static char items[ITEMS][12];

static void name_items(void)
{
    for (unsigned i = 0; i < ITEMS; i++)
        snprintf(items[i], sizeof items[i], "/item/%u", i);
}

static const char *pick_path(uint64_t *random)
{
    return pick(random, 3) ? ANY(random, paths) : items[pick(random, 1 + pick(random, ITEMS))];
}

static struct event random_event(uint64_t *random, int64_t at_ms)
{
    struct event event = {.kind = pick(random, 5) ? EVENT_PAGEVIEW : EVENT_STRUCT,
                          .at_ms = (uint64_t)at_ms,
                          .host = TEXT("shop.example"),
                          .path = text_of(pick_path(random)),
                          .country = text_of(ANY(random, countries)),
                          .browser = text_of(ANY(random, browsers)),
                          .source = text_of(ANY(random, sources)),
                          .bot = pick(random, 8) == 0,
                          .dwell_ms = 1000 * pick(random, 50)};

    if (pick(random, 2)) {
        event.page_height = 1000;
        event.viewport_height = 1;
        event.scroll_y_max = 10 * pick(random, 100);
    }
    if (event.kind == EVENT_STRUCT) {
        event.category = TEXT("event");
        event.action = TEXT("Signup");
    }
    return event;
}

static void append(struct batch *batch, const struct site *site, int32_t day, uint32_t visitor,
                   const struct event *event)
{
    struct buffer sections[CLASS_N];
    struct journal_record record = {.site = site->id,
                                    .day = day,
                                    .kind = event->kind,
                                    .number = visitor,
                                    .granted = CLASS_ALL,
                                    .classes = CLASS_ALL};

    for (unsigned i = 0; i < CLASS_N; i++) {
        sections[i] = BUFFER_INIT(1024);
        event_encode(event, (enum event_class)i, &sections[i]);
        record.sections[i] = buffer_text(&sections[i]);
    }
    record.key = store_fixture_key(batch);
    assert_int_equal(journal_append(batch, &record), 0);
    for (unsigned i = 0; i < CLASS_N; i++)
        buffer_deinit(&sections[i]);
}

static void fill_day(uint64_t *random, struct db *db, const struct site *site, int32_t day, unsigned n)
{
    int64_t start_ms = zone_day_start_ms(site->zone, day);
    struct batch batch;

    assert_int_equal(batch_begin(db, &batch), 0);
    for (unsigned i = 0; i < n; i++) {
        struct event event = random_event(random, start_ms + pick(random, 80000) * 1000LL);

        append(&batch, site, day, pick(random, 30), &event);
    }
    assert_int_equal(batch_commit(&batch), 0);
}

/* ---- rows ---- */

static struct period month_of(const struct zone_date date) { return period_month(zone_day_of_date(date)); }

static bool has_rows(struct db *db, const struct site *site, struct period period)
{
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(db, &txn), 0);
    int r = rollups_has(txn, site->id, period, FIELD_N);
    assert_in_range(r, 0, ROLLUPS_E_GONE);
    return r == 0;
}

static bool may_be_used(struct db *db, const struct site *site, struct period period)
{
    DB_TXN_AUTO *txn = NULL;
    uint64_t version;

    assert_int_equal(db_begin_read(db, &txn), 0);
    return has_rows(db, site, period) && rollups_version(txn, site->id, period, &version) == 0;
}

static void expect_pure(const struct store_fixture *fixture)
{
    DB_TXN_AUTO *txn = NULL;
    struct audit_finding finding;

    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    int r = audit_rollups(txn, true, &finding);
    if (r)
        fail_msg("rollups: %s", r > 0 ? finding.what : "a fault");
}

static void copy_row(struct db *db, const struct site *site, struct period period, enum field field,
                     struct buffer *copy)
{
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(db, &txn), 0);
    assert_int_equal(rollups_get(txn, site->id, period, field, true, copy), 0);
    assert_int_equal(copy->fault, 0);
}

/* ---- when ---- */

static void test_month_is_over(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *shop = store_fixture_site(fixture, "shop"); /* Berlin; its March has 743 hours */
    struct period march = month_of((struct zone_date){2026, 3, 1});
    int32_t last = period_last_day(march);
    int64_t over_ms = zone_day_start_ms(shop->zone, last + 1) + SEAL_GRACE_MS;

    assert_int_equal(period_first_day(march), zone_day_of_date((struct zone_date){2026, 3, 1}));
    assert_int_equal(last, zone_day_of_date((struct zone_date){2026, 3, 31}));
    day_store_fill(fixture->db, shop, period_first_day(march), 3);
    day_store_fill(fixture->db, shop, last - 2, 2); /* the day of 23 hours */
    assert_int_equal(day_store_seal(fixture, over_ms - 1), 2);
    assert_true(may_be_used(fixture->db, shop, (struct period){PERIOD_DAY, last - 2}));
    assert_false(has_rows(fixture->db, shop, march));
    assert_int_equal(day_store_seal(fixture, over_ms), 0);
    assert_true(may_be_used(fixture->db, shop, march));
    expect_pure(fixture);
}

/* An old month's day is dirty, sealed again, and so is the month. */
static void test_late_events(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *blog = store_fixture_site(fixture, "blog");
    struct period march = month_of((struct zone_date){2026, 3, 1});
    int32_t first = period_first_day(march);
    int64_t later_ms = zone_day_start_ms(blog->zone, first + 100);
    BUFFER_AUTO before = BUFFER_INIT(1 << 20), after = BUFFER_INIT(1 << 20);

    day_store_fill(fixture->db, blog, first + 1, 3);
    day_store_fill(fixture->db, blog, first + 5, 3);
    assert_int_equal(day_store_seal(fixture, later_ms), 2);
    assert_true(may_be_used(fixture->db, blog, march));
    copy_row(fixture->db, blog, march, FIELD_PAGE, &before);

    day_store_add(fixture->db, blog, first + 5, 9, zone_day_start_ms(blog->zone, first + 5), "/late");
    assert_false(may_be_used(fixture->db, blog, march));
    assert_true(may_be_used(fixture->db, blog, (struct period){PERIOD_DAY, first + 1}));
    assert_false(may_be_used(fixture->db, blog, (struct period){PERIOD_DAY, first + 5}));
    assert_int_equal(day_store_seal(fixture, later_ms), 1);
    assert_true(may_be_used(fixture->db, blog, march));
    copy_row(fixture->db, blog, march, FIELD_PAGE, &after);
    assert_false(text_equal(buffer_text(&before), buffer_text(&after)));

    day_store_add(fixture->db, blog, first + 7, 9, zone_day_start_ms(blog->zone, first + 7), "/a day more");
    assert_false(may_be_used(fixture->db, blog, march));
    assert_int_equal(day_store_seal(fixture, later_ms), 1);
    assert_true(may_be_used(fixture->db, blog, march));
    expect_pure(fixture);
}

/* Dies in the writer's transaction, at its @lives-th operation. */
struct mortal {
    struct db *db;
    unsigned lives;
};

static int submit_mortal(void *context, struct write_op *op)
{
    struct mortal *mortal = context;
    struct batch batch;

    if (mortal->lives) {
        mortal->lives--;
        return day_store_submit(mortal->db, op);
    }
    assert_int_equal(batch_begin(mortal->db, &batch), 0);
    assert_int_equal(op->apply(op, &batch), 0);
    batch_abort(&batch);
    return -EIO;
}

static void test_interrupted(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *blog = store_fixture_site(fixture, "blog");
    struct period march = month_of((struct zone_date){2026, 3, 1});
    int64_t later_ms = zone_day_start_ms(blog->zone, period_last_day(march) + 1) + SEAL_GRACE_MS;
    struct mortal mortal = {.db = fixture->db, .lives = 2};
    unsigned n = 0;

    day_store_fill(fixture->db, blog, period_first_day(march), 3);
    day_store_fill(fixture->db, blog, period_last_day(march), 3);
    assert_int_equal(seal_due(fixture->db, NULL, fixture->config, later_ms, submit_mortal, &mortal, NULL, &n), -EIO);
    assert_false(has_rows(fixture->db, blog, march));
    assert_int_equal(day_store_seal(fixture, later_ms), 0);
    assert_true(may_be_used(fixture->db, blog, march));
    expect_pure(fixture);
}

/* Another seal comes between the reading of a month and its writing: nothing is written. */
struct meddler {
    struct db *db;
    const struct site *site;
    int32_t day;
};

static int submit_meddling(void *context, struct write_op *op)
{
    struct meddler *meddler = context;

    day_store_add(meddler->db, meddler->site, meddler->day, 77, zone_day_start_ms(meddler->site->zone, meddler->day),
                  "/between");
    return day_store_submit(meddler->db, op);
}

static void test_seal_in_between(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *blog = store_fixture_site(fixture, "blog");
    struct period march = month_of((struct zone_date){2026, 3, 1});
    int64_t over_ms = zone_day_start_ms(blog->zone, period_last_day(march) + 1) + SEAL_GRACE_MS;
    struct meddler meddler = {fixture->db, blog, period_first_day(march)};
    unsigned n = 0;

    day_store_fill(fixture->db, blog, period_first_day(march), 3);
    assert_int_equal(day_store_seal(fixture, over_ms - 1), 1);
    assert_int_equal(seal_due(fixture->db, NULL, fixture->config, over_ms, submit_meddling, &meddler, NULL, &n), 0);
    assert_false(has_rows(fixture->db, blog, march));
    assert_int_equal(day_store_seal(fixture, over_ms), 1);
    assert_true(may_be_used(fixture->db, blog, march));
}

/* Its month waits until the site comes back. */
static void test_site_that_left(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *blog = store_fixture_site(fixture, "blog");
    struct period march = month_of((struct zone_date){2026, 3, 1});
    int64_t over_ms = zone_day_start_ms(blog->zone, period_last_day(march) + 1) + SEAL_GRACE_MS;
    struct config others = *fixture->config;
    unsigned n = 0;

    day_store_fill(fixture->db, blog, period_first_day(march), 3);
    assert_int_equal(day_store_seal(fixture, over_ms - 1), 1);
    others.n_sites = 0;
    assert_int_equal(seal_due(fixture->db, NULL, &others, over_ms, day_store_submit, fixture->db, NULL, &n), 0);
    assert_false(has_rows(fixture->db, blog, march));
    expect_pure(fixture);
    assert_int_equal(day_store_seal(fixture, over_ms), 0);
    assert_true(may_be_used(fixture->db, blog, march));
}

static void forget(struct db *db, const struct site *site, struct period period)
{
    struct batch batch;

    assert_int_equal(batch_begin(db, &batch), 0);
    assert_int_equal(rollups_delete(&batch, site->id, period), 0);
    assert_int_equal(batch_commit(&batch), 0);
}

/* Each allocation fails in turn; what is not written then is written by the next look. */
static void test_no_memory(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *blog = store_fixture_site(fixture, "blog");
    struct period march = month_of((struct zone_date){2026, 3, 1});
    int64_t over_ms = zone_day_start_ms(blog->zone, period_last_day(march) + 1) + SEAL_GRACE_MS;
    unsigned n_sealed = 0;
    long n = 0;

    day_store_fill(fixture->db, blog, period_first_day(march), 3);
    assert_int_equal(day_store_seal(fixture, over_ms - 1), 1);
    for (int r = -ENOMEM; r; n++) {
        n_until_failure = n;
        r = seal_due(fixture->db, NULL, fixture->config, over_ms, day_store_submit, fixture->db, NULL, &n_sealed);
        n_until_failure = -1;
        assert_true(r == 0 || r == -ENOMEM);
        assert_true(r || has_rows(fixture->db, blog, march));
        if (r) /* a look for days that fails does not keep months from being tried */
            forget(fixture->db, blog, march);
    }
    assert_true(n > SUMMARY_FIELDS);
    expect_pure(fixture);
}

/* ---- what ---- */

/* The same events in another order and by other sequences give the same bytes. */
static void test_order_of_events(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *blog = store_fixture_site(fixture, "blog");
    int32_t first = DAY_STORE_FIRST;
    int64_t starts_ms[] = {zone_day_start_ms(blog->zone, first), zone_day_start_ms(blog->zone, first + 1)};

    for (unsigned i = 0; i < 40; i++)
        for (int32_t day = 0; day < 2; day++) {
            unsigned n = day ? 39 - i : i;
            char path[32];

            snprintf(path, sizeof path, "/%u", n % 7);
            day_store_add(fixture->db, blog, first + day, n % 11, starts_ms[day] + 700000LL * n, path);
        }
    assert_int_equal(day_store_seal(fixture, starts_ms[1] + 2 * DAY_MS), 2);
    for (unsigned i = 0; i < SUMMARY_FIELDS; i++) {
        BUFFER_AUTO one = BUFFER_INIT(1 << 20), other = BUFFER_INIT(1 << 20);

        if (!summary_has((enum field)i))
            continue;
        copy_row(fixture->db, blog, (struct period){PERIOD_DAY, first}, (enum field)i, &one);
        copy_row(fixture->db, blog, (struct period){PERIOD_DAY, first + 1}, (enum field)i, &other);
        assert_true(text_equal(buffer_text(&one), buffer_text(&other)));
    }
}

/* ---- answers ---- */

static const char *const metrics[] = {"visitors",    "visits",         "pageviews",       "events",
                                      "bounce_rate", "visit_duration", "views_per_visit", "percentage"};
static const char *const dimensions[] = {"",
                                         "\"time:day\"",
                                         "\"time:week\"",
                                         "\"time:month\"",
                                         "\"time\"",
                                         "\"event:page\"",
                                         "\"visit:country_name\"",
                                         "\"visit:exit_page\"",
                                         "\"visit:bot\"",
                                         "\"time:month\",\"event:page\"",
                                         "\"time:week\",\"visit:source\"",
                                         "\"time:day\",\"visit:browser\"",
                                         "\"visit:source\",\"visit:browser\"",
                                         "\"time:hour\""};

static void put_question(uint64_t *random, int32_t first_day, struct buffer *json)
{
    struct zone_date from = zone_date_of_day(first_day + (int32_t)pick(random, N_DAYS) - 3), to;
    const char *dimension = ANY(random, dimensions);

    to = zone_date_of_day(zone_day_of_date(from) + (int32_t)pick(random, N_DAYS));
    buffer_printf(json, "{\"site_id\":\"shop\",\"metrics\":[");
    bool has_any = false;
    for (size_t i = 0; i < N_ROWS(metrics); i++) {
        bool fits = strcmp(metrics[i], "percentage") != 0 || strchr(dimension, ':');

        if (fits && (pick(random, 2) || (!has_any && i == 3))) {
            buffer_printf(json, "%s\"%s\"", has_any ? "," : "", metrics[i]);
            has_any = true;
        }
    }
    buffer_printf(json, "],\"dimensions\":[%s]", dimension);
    if (pick(random, 2))
        buffer_printf(json, ",\"pagination\":{\"limit\":%u,\"offset\":%u}", 1 + pick(random, 80), pick(random, 8));
    if (pick(random, 4) == 0)
        buffer_printf(json, ",\"include\":{\"comparison\":{\"mode\":\"previous_period\"}}");
    if (pick(random, 4) == 0)
        buffer_printf(json, ",\"date_range\":\"all\"}");
    else if (pick(random, 5) == 0)
        buffer_printf(json, ",\"date_range\":[\"%04d-%02u-%02uT10:00:00\",\"%04d-%02u-%02uT12:00:00\"]}", from.year,
                      from.month, from.mday, to.year, to.month, to.mday);
    else
        buffer_printf(json, ",\"date_range\":[\"%04d-%02u-%02u\",\"%04d-%02u-%02u\"]}", from.year, from.month,
                      from.mday, to.year, to.month, to.mday);
}

static void show(const struct query *query, const struct query_answer *answer, struct buffer *shown)
{
    for (size_t i = 0; i < answer->n_rows; i++) {
        const struct query_row *row = &answer->rows[i];

        for (unsigned k = 0; k < query->n_dimensions; k++)
            buffer_printf(shown, "%.*s,", TEXT_ARGS(row->dimensions[k]));
        for (unsigned k = 0; k < query->n_metrics; k++)
            buffer_printf(shown, " %lld (%lld)", (long long)row->metrics[k],
                          row->compared ? (long long)row->compared[k] : -1);
        buffer_put_text(shown, TEXT("; "));
    }
    assert_int_equal(shown->fault, 0);
}

struct asked {
    const struct store_fixture *fixture;
    const struct site *site;
    struct days *days;
    int64_t now_ms;
};

/* False: the question is refused, which rollups do not change either. */
static bool ask(const struct asked *asked, struct text json, bool with_rollups, struct buffer *shown,
                struct query_cost *ret_cost)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    DB_TXN_AUTO *txn = NULL;
    struct query_answer answer;
    struct query query;

    if (query_parse(json, &query, &complaint))
        return false;
    assert_int_equal(db_begin_read(asked->fixture->db, &txn), 0);
    struct query_store store = {.days = asked->days, .txn = txn, .site = asked->site};
    struct query_source source = query_store_source(&store);
    source.rollup = with_rollups ? source.rollup : NULL;
    int r = query_run(&query, asked->site, asked->now_ms, &source, &answer, &complaint);
    if (r == 0) {
        show(&query, &answer, shown);
        *ret_cost = answer.cost;
        query_answer_deinit(&answer);
    }
    query_deinit(&query);
    assert_in_range(r, 0, QUERY_E_INVALID);
    return r == 0;
}

/* How many answers took rollups. */
static unsigned compare_answers(uint64_t *random, const struct asked *asked, int32_t first_day)
{
    unsigned n_rolled = 0;

    for (unsigned i = 0; i < QUESTIONS; i++) {
        BUFFER_AUTO json = BUFFER_INIT(4096), with = BUFFER_INIT(1 << 20), without = BUFFER_INIT(1 << 20);
        struct query_cost cost = {.hits = 0}, scanned = {.hits = 0};

        put_question(random, first_day, &json);
        bool is_good = ask(asked, buffer_text(&json), true, &with, &cost);
        assert_int_equal(ask(asked, buffer_text(&json), false, &without, &scanned), is_good);
        if (!text_equal(buffer_text(&with), buffer_text(&without)))
            fail_msg("%.*s:\n%.*s\nnot\n%.*s", TEXT_ARGS(buffer_text(&json)), TEXT_ARGS(buffer_text(&with)),
                     TEXT_ARGS(buffer_text(&without)));
        n_rolled += is_good && cost.tables[QUERY_ROLLUP];
        assert_true(!is_good || !scanned.tables[QUERY_ROLLUP]);
    }
    return n_rolled;
}

/* Two months are over, the third is not; some days are empty, one is dirty, the last is open. */
static void answer_seed(uint64_t random)
{
    struct store_fixture fixture;

    store_fixture_init(&fixture, store_fixture_yaml);
    const struct site *shop = store_fixture_site(&fixture, "shop");
    int32_t first = zone_day_of_date((struct zone_date){2026, 2, 20}), last = first + N_DAYS;
    struct days_bounds bounds = DAYS_BOUNDS;
    struct asked asked = {.fixture = &fixture, .site = shop, .now_ms = zone_day_start_ms(shop->zone, last) + 1};

    for (int32_t day = first; day <= last; day++)
        if (pick(&random, 3))
            fill_day(&random, fixture.db, shop, day, 1 + pick(&random, 40));
    day_store_seal(&fixture, asked.now_ms);
    if (pick(&random, 2))
        fill_day(&random, fixture.db, shop, first + (int32_t)pick(&random, N_DAYS), 3);
    bounds.rollup_bytes = pick(&random, 2) ? 20000 : bounds.rollup_bytes;
    assert_int_equal(days_new(bounds, &asked.days), 0);
    assert_in_range(compare_answers(&random, &asked, first), 1, QUESTIONS);
    assert_true(days_held(asked.days).rollup_bytes <= bounds.rollup_bytes);
    days_free(asked.days);
    expect_pure(&fixture);
    store_fixture_deinit(&fixture);
}

static void test_answers(void **state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        answer_seed(seed);
}

/* What serves what, so that a slower way does not go unseen. */
static const struct {
    const char *rest;
    unsigned rollups, segments;
} served[] = {
    {"\"metrics\":[\"visitors\"],\"date_range\":[\"2026-03-01\",\"2026-03-31\"]", 1, 0},
    {"\"metrics\":[\"visitors\"],\"dimensions\":[\"event:page\"],\"date_range\":[\"2026-03-01\",\"2026-04-30\"]", 2, 0},
    {"\"metrics\":[\"visitors\"],\"dimensions\":[\"event:page\"],\"date_range\":[\"2026-03-02\",\"2026-03-02\"]", 1, 0},
    {"\"metrics\":[\"visitors\"],\"dimensions\":[\"event:page\"],\"date_range\":[\"2026-03-02\",\"2026-03-03\"]", 0, 2},
    {"\"metrics\":[\"visits\"],\"dimensions\":[\"event:page\"],\"date_range\":[\"2026-03-02\",\"2026-03-03\"]", 2, 0},
    {"\"metrics\":[\"visitors\"],\"dimensions\":[\"time:day\"],\"date_range\":[\"2026-03-01\",\"2026-03-31\"]", 31, 0},
    {"\"metrics\":[\"visitors\"],\"dimensions\":[\"time:week\"],\"date_range\":[\"2026-03-02\",\"2026-03-15\"]", 14, 0},
    {"\"metrics\":[\"visitors\"],\"dimensions\":[\"time:month\"],\"date_range\":[\"2026-03-01\",\"2026-04-30\"]", 2, 0},
    {"\"metrics\":[\"visits\"],\"dimensions\":[\"time:hour\"],\"date_range\":[\"2026-03-02\",\"2026-03-02\"]", 0, 1},
    {"\"metrics\":[\"visits\"],\"dimensions\":[\"visit:source\",\"visit:os\"],\"date_range\":[\"2026-03-02\","
     "\"2026-03-02\"]",
     0, 1},
    {"\"metrics\":[\"visits\"],\"filters\":[[\"is\",\"visit:country\",[\"DE\"]]],\"date_range\":[\"2026-03-02\","
     "\"2026-03-02\"]",
     0, 1},
    {"\"metrics\":[\"scroll_depth\"],\"dimensions\":[\"event:page\"],\"date_range\":[\"2026-03-01\",\"2026-04-02\"]", 3,
     0},
};

static void test_what_serves(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *shop = store_fixture_site(fixture, "shop");
    int32_t first = zone_day_of_date((struct zone_date){2026, 3, 1});
    struct asked asked = {
        .fixture = fixture, .site = shop, .now_ms = zone_day_start_ms(shop->zone, first + 61) + DAY_MS};
    uint64_t random = 1;

    for (int32_t day = first; day < first + 61; day++)
        fill_day(&random, fixture->db, shop, day, 3);
    day_store_seal(fixture, asked.now_ms);
    assert_int_equal(days_new(DAYS_BOUNDS, &asked.days), 0);
    for (size_t i = 0; i < N_ROWS(served); i++) {
        BUFFER_AUTO json = BUFFER_INIT(4096), shown = BUFFER_INIT(1 << 20);
        struct query_cost cost = {.hits = 0};

        buffer_printf(&json, "{\"site_id\":\"shop\",%s}", served[i].rest);
        check(served[i].rest, ask(&asked, buffer_text(&json), true, &shown, &cost));
        check_equal(served[i].rest, cost.tables[QUERY_ROLLUP], served[i].rollups);
        check_equal(served[i].rest, cost.tables[QUERY_SEGMENT], served[i].segments);
    }
    days_free(asked.days);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_month_is_over),   STORE_FIXTURE_TEST(test_late_events),
        STORE_FIXTURE_TEST(test_interrupted),     STORE_FIXTURE_TEST(test_seal_in_between),
        STORE_FIXTURE_TEST(test_site_that_left),  STORE_FIXTURE_TEST(test_no_memory),
        STORE_FIXTURE_TEST(test_order_of_events), cmocka_unit_test(test_answers),
        STORE_FIXTURE_TEST(test_what_serves),
    };

    name_items();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
