/*
 * Retention: when what goes, what is left of it, what can still be asked, and
 * that being stopped anywhere only delays it.
 */
#include "crumb/query/journeys_run.h"
#include "crumb/query/output.h"
#include "crumb/query/store.h"
#include "crumb/rollup/audit.h"
#include "crumb/rollup/fold.h"
#include "crumb/rollup/retention.h"
#include "crumb/rollup/rollups.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/amended.h"
#include "crumb/store/orphans.h"
#include "day_store.h"
#include <errno.h>

#define HOUR_MS (3600 * 1000LL)
#define DAY_MS (24 * HOUR_MS)
#define VISITORS 6
#define FOLD_BELOW 3 /* as the configuration says */
#define RARE "/rare-page-of-two"

static const char yaml[] = "data: ./data\n"
                           "listen: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"
                           "sites:\n"
                           "  blog:\n"
                           "    origins: [https://blog.example]\n"
                           "    controller: {name: Blogger, contact: me@blog.example}\n"
                           "    retention: {journal: 30d, segments: 62d, fold_below: 3}\n"
                           "    purposes:\n"
                           "      analytics: {collects: [log, device, clickpath]}\n"
                           "  shop:\n"
                           "    origins: [https://shop.example]\n"
                           "    timezone: Europe/Berlin\n"
                           "    controller: {name: Shop, contact: me@shop.example}\n"
                           "    retention: {journal: 90d, segments: 62d}\n"
                           "    purposes:\n"
                           "      analytics: {collects: [log, device, clickpath]}\n";

static int32_t day_of(int32_t year, unsigned month, unsigned mday)
{
    return zone_day_of_date((struct zone_date){year, month, mday});
}

static int64_t ms_of(int32_t day) { return (int64_t)day * DAY_MS; }

/* ---- when ---- */

static void test_due(void **state)
{
    static const struct {
        const char *name, *site;
        enum retention_tier tier;
        struct zone_date day;
        int64_t due_ms;
    } rows[] = {
        {"events, when they began", "blog", RETENTION_JOURNAL, {2026, 3, 2}, 1775001600000},   /* 2026-04-01T00:00Z */
        {"visits, with their month", "blog", RETENTION_SEGMENTS, {2026, 3, 2}, 1777680000000}, /* 2026-05-02T00:00Z */
        {"the last of them, too", "blog", RETENTION_SEGMENTS, {2026, 3, 31}, 1777680000000},
        {"by the clock of the site", "shop", RETENTION_SEGMENTS, {2026, 3, 2}, 1777676400000}, /* 2026-05-01T23:00Z */
        {"events no later than visits", "shop", RETENTION_JOURNAL, {2026, 3, 31}, 1777676400000},
    };
    struct store_fixture fixture;

    (void)state;
    store_fixture_init(&fixture, yaml);
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_equal(
            rows[i].name,
            retention_due_ms(store_fixture_site(&fixture, rows[i].site), rows[i].tier, zone_day_of_date(rows[i].day)),
            rows[i].due_ms);
    store_fixture_deinit(&fixture);
}

/* ---- a store ---- */

struct store {
    struct store_fixture fixture;
    const struct site *blog;
    struct days *days;
    struct retention_round round;
    int64_t now_ms;
};

/* Everybody views "/", and one of them the rare page, or three another one. */
static void fill(struct store *store, int32_t day, uint32_t rare)
{
    for (uint32_t i = 1; i <= VISITORS; i++)
        day_store_add(store->fixture.db, store->blog, day, i, ms_of(day) + i * HOUR_MS, "/");
    if (rare)
        day_store_add(store->fixture.db, store->blog, day, rare, ms_of(day) + rare * HOUR_MS + 1000, RARE);
    for (uint32_t i = 1; !rare && i <= FOLD_BELOW; i++)
        day_store_add(store->fixture.db, store->blog, day, i, ms_of(day) + i * HOUR_MS + 1000, "/some");
}

static void open_store(struct store *store)
{
    *store = (struct store){.blog = NULL};
    store_fixture_init(&store->fixture, yaml);
    store->blog = store_fixture_site(&store->fixture, "blog");
    assert_int_equal(days_new(DAYS_BOUNDS, &store->days), 0);
    fill(store, day_of(2026, 3, 2), 1);
    fill(store, day_of(2026, 3, 3), 2);
    fill(store, day_of(2026, 3, 20), 0);
    fill(store, day_of(2026, 4, 5), 3);
}

static void close_store(struct store *store)
{
    days_free(store->days);
    store_fixture_deinit(&store->fixture);
}

static int pass(struct store *store, int (*submit)(void *context, struct write_op *op), struct retention_done *done)
{
    struct retention_work work = {.db = store->fixture.db,
                                  .config = store->fixture.config,
                                  .now_ms = store->now_ms,
                                  .submit = submit,
                                  .context = store->fixture.db};

    return retention_pass(&store->round, &work, done);
}

/* Until nothing is left to do; what was done. */
static struct retention_done retain(struct store *store)
{
    struct retention_done sum = {0};

    for (unsigned i = 0; i < 1000; i++) {
        struct retention_done done;

        assert_int_equal(pass(store, day_store_submit, &done), 0);
        sum.n_days += done.n_days;
        sum.n_events += done.n_events;
        sum.n_months += done.n_months;
        sum.n_keys += done.n_keys;
        if (store->round.resting_ms)
            break;
    }
    assert_int_not_equal(store->round.resting_ms, 0);
    store->round.resting_ms = 0;
    return sum;
}

static void seal_at(struct store *store, int64_t now_ms)
{
    store->now_ms = now_ms;
    day_store_seal(&store->fixture, now_ms);
}

static struct day_state state_of(struct store *store, int32_t day)
{
    DB_TXN_AUTO *txn = NULL;
    struct day_state state;

    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    assert_int_equal(day_get(txn, store->blog->id, day, &state), 0);
    return state;
}

static void check_store(struct store *store)
{
    struct audit_finding finding = {.what = ""};
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    int r = audit_segments(txn, store->fixture.config, true, &finding);
    if (r == 0)
        r = audit_rollups(txn, true, &finding);
    if (r)
        fail_msg("%d: %s", r, finding.what);
}

/* ---- questions ---- */

static bool has(const struct buffer *buffer, const char *part)
{
    return memmem(buffer->data, buffer->size, part, strlen(part)) != NULL;
}

/* The answer, or what is wrong with the question, in @ret_text. */
static int ask(struct store *store, const char *rest, struct buffer *ret_text)
{
    DB_TXN_AUTO *txn = NULL;
    char json[1024];
    struct query query;
    struct query_answer answer;

    buffer_clear(ret_text);
    snprintf(json, sizeof json, "{\"site_id\":\"blog\",%s}", rest);
    assert_int_equal(query_parse(text_of(json), &query, ret_text), 0);
    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    struct query_store from = {.days = store->days, .txn = txn, .site = store->blog};
    struct query_source source = query_store_source(&from);
    int r = query_run(&query, store->blog, store->now_ms, &source, &answer, ret_text);
    if (r == 0) {
        query_output_json(&query, &answer, store->blog, ret_text);
        query_answer_deinit(&answer);
    }
    query_deinit(&query);
    return r;
}

#define MARCH "\"date_range\":[\"2026-03-01\",\"2026-03-31\"]"
#define BOTH "\"date_range\":[\"2026-03-01\",\"2026-04-30\"]"
#define ALL_METRICS "\"metrics\":[\"visitors\",\"visits\",\"pageviews\",\"events\",\"bounce_rate\",\"visit_duration\"],"

/* Questions about the folded March: answered as before, or not at all any more. */
static const struct {
    const char *name, *question;
    bool is_answered;
} questions[] = {
    {"totals of the month", ALL_METRICS MARCH, true},
    {"totals of days", ALL_METRICS "\"dimensions\":[\"time:day\"]," MARCH, true},
    {"totals of one day", ALL_METRICS "\"date_range\":[\"2026-03-02\",\"2026-03-02\"]", true},
    {"totals of months", ALL_METRICS "\"dimensions\":[\"time:month\"]," BOTH, true},
    {"visits of months", "\"metrics\":[\"visits\",\"pageviews\"]," BOTH, true},
    {"visits of some days", "\"metrics\":[\"visits\"],\"date_range\":[\"2026-03-02\",\"2026-03-03\"]", true},
    {"a field that nothing of is folded", ALL_METRICS "\"dimensions\":[\"visit:device\"]," MARCH, true},
    {"by field and month", "\"metrics\":[\"visitors\"],\"dimensions\":[\"time:month\",\"visit:device\"]," BOTH, true},
    {"a month that is kept",
     ALL_METRICS "\"dimensions\":[\"event:page\"],\"date_range\":[\"2026-04-01\",\"2026-04-30\"]", true},
    {"visitors of several months", "\"metrics\":[\"visitors\"]," BOTH, false},
    {"visitors of some days", "\"metrics\":[\"visitors\"],\"date_range\":[\"2026-03-02\",\"2026-03-03\"]", false},
    {"by field and day", "\"metrics\":[\"visits\"],\"dimensions\":[\"time:day\",\"visit:device\"]," MARCH, false},
    {"a field of some days",
     "\"metrics\":[\"visits\"],\"dimensions\":[\"visit:device\"],"
     "\"date_range\":[\"2026-03-02\",\"2026-03-03\"]",
     false},
    {"two fields", "\"metrics\":[\"visits\"],\"dimensions\":[\"visit:device\",\"event:page\"]," MARCH, false},
    {"by hour",
     "\"metrics\":[\"visits\"],\"dimensions\":[\"time:hour\"],\"date_range\":[\"2026-03-02\",\"2026-03-02\"]", false},
    {"with a filter", "\"metrics\":[\"visits\"],\"filters\":[[\"is\",\"event:page\",[\"/\"]]]," MARCH, false},
};

static void test_questions(void **state)
{
    struct buffer before[N_ROWS(questions)];
    BUFFER_AUTO after = BUFFER_INIT(1 << 20);
    struct store store;

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 5, 3)));
    for (size_t i = 0; i < N_ROWS(questions); i++) {
        before[i] = BUFFER_INIT(1 << 20);
        check_equal(questions[i].name, ask(&store, questions[i].question, &before[i]), 0);
    }
    assert_int_equal(retain(&store).n_months, 1);
    for (size_t i = 0; i < N_ROWS(questions); i++) {
        int r = ask(&store, questions[i].question, &after);

        check_equal(questions[i].name, r, questions[i].is_answered ? 0 : QUERY_E_INVALID);
        if (r == 0)
            check(questions[i].name, text_equal(buffer_text(&after), buffer_text(&before[i])));
        else
            check(questions[i].name, has(&after, "from 2026-04-05 on"));
        buffer_deinit(&before[i]);
    }
    close_store(&store);
}

static void test_explained(void **state)
{
    BUFFER_AUTO answer = BUFFER_INIT(1 << 20);
    struct store store;

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 5, 3)));
    assert_int_equal(ask(&store, "\"metrics\":[\"visits\"],\"explain\":true," MARCH, &answer), 0);
    assert_false(has(&answer, "detailed_from"));
    retain(&store);
    assert_int_equal(ask(&store, "\"metrics\":[\"visits\"],\"explain\":true," MARCH, &answer), 0);
    assert_true(has(&answer, "\"detailed_from\":\"2026-04-05\""));
    close_store(&store);
}

/* Paths are read from visits alone. */
static void test_journeys(void **state)
{
    static const struct {
        const char *name, *range;
        int result;
    } rows[] = {{"a month that is kept", "[\"2026-04-01\",\"2026-04-30\"]", 0},
                {"one that is not", "[\"2026-03-01\",\"2026-04-30\"]", QUERY_E_INVALID}};
    struct store store;

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 5, 3)));
    retain(&store);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        DB_TXN_AUTO *txn = NULL;
        struct paths_request request;
        struct paths *paths = NULL;
        char json[256];

        snprintf(json, sizeof json, "{\"site_id\":\"blog\",\"date_range\":%s}", rows[i].range);
        assert_int_equal(paths_request_parse(text_of(json), &request, &complaint), 0);
        assert_int_equal(db_begin_read(store.fixture.db, &txn), 0);
        struct query_store from = {.days = store.days, .txn = txn, .site = store.blog};
        struct query_source source = query_store_source(&from);
        check_equal(rows[i].name, journeys_run_paths(&request, store.blog, store.now_ms, &source, &paths, &complaint),
                    rows[i].result);
        check(rows[i].name, has(&complaint, "from 2026-04-05 on") == (rows[i].result != 0));
        paths_free(paths);
        paths_request_deinit(&request);
    }
    close_store(&store);
}

/* ---- sites that left ---- */

/* Everything goes when it would have gone, by what was configured last: GDPR art. 5(1)(e). */
static void test_left(void **state)
{
    static const char without[] = "data: ./data\n"
                                  "listen: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"
                                  "sites:\n"
                                  "  shop:\n"
                                  "    origins: [https://shop.example]\n"
                                  "    controller: {name: Shop, contact: me@shop.example}\n"
                                  "    purposes:\n"
                                  "      analytics: {collects: [log, device, clickpath]}\n";
    struct edition *edition = store_fixture_edition(without);
    struct retention_done done[2];
    DB_TXN_AUTO *txn = NULL;

    (void)state;
    for (int is_left = 0; is_left < 2; is_left++) {
        struct store store;

        open_store(&store);
        struct config *configured = store.fixture.config;
        assert_int_equal(db_begin_write(store.fixture.db, &txn), 0);
        assert_int_equal(edition_store(edition, txn), 0);
        assert_int_equal(edition->config->n_left, 1);
        assert_int_equal(db_commit(txn), 0);
        txn = NULL;
        if (is_left)
            store.fixture.config = edition->config;
        seal_at(&store, ms_of(day_of(2026, 5, 2)) - 1); /* it was open when the site left */
        done[is_left] = retain(&store);
        assert_int_equal(done[is_left].n_months, 0);
        store.now_ms = ms_of(day_of(2026, 7, 1));
        store.round = (struct retention_round){0};
        done[is_left] = retain(&store);
        assert_int_equal(done[is_left].n_months, 2);
        assert_int_equal(store_fixture_rows(store.fixture.db, DB_JOURNAL), 0);
        assert_int_equal(store_fixture_rows(store.fixture.db, DB_SEGMENTS), 0);
        check_store(&store);
        store.fixture.config = configured;
        close_store(&store);
    }
    assert_memory_equal(&done[0], &done[1], sizeof done[0]);
    edition_unref(edition);
}

/* ---- the journal ---- */

static void test_journal(void **state)
{
    struct store store;

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 4, 1)) - 1);
    assert_int_equal(retain(&store).n_days, 0);
    store.now_ms++;
    struct retention_done done = retain(&store);
    assert_int_equal(done.n_days, 1);
    assert_int_equal(done.n_events, VISITORS + 1);
    assert_int_equal(done.n_months, 0);
    struct day_state march2 = state_of(&store, day_of(2026, 3, 2)), march3 = state_of(&store, day_of(2026, 3, 3));
    assert_true(march2.expired && !march2.folded);
    assert_int_equal(march2.events, 0);
    assert_int_equal(march2.removed, VISITORS + 1);
    assert_false(march3.expired);
    assert_int_equal(march3.events, VISITORS + 1);
    check_store(&store);
    close_store(&store);
}

/* What nobody needs any more to tell the truth about somebody who is gone. */
static void test_amended(void **state)
{
    static const struct {
        const char *name;
        struct amendment amendment;
        bool is_foreign, stays_with_visits, stays;
    } rows[] = {
        {"gone since the first day", {.number = 1, .restricted = true, .has_ended = true}, false, true, false},
        {"still there", {.number = 2, .restricted = true}, false, true, true},
        {"to be erased by a job", {.number = 3, .erased = true, .has_ended = true}, false, true, true},
        {"of a site that may come back", {.number = 4, .restricted = true, .has_ended = true}, true, true, true},
    };
    DB_TXN_AUTO *txn = NULL;
    struct store store;

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 4, 10)));
    assert_int_equal(db_begin_write(store.fixture.db, &txn), 0);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct amendment amendment = rows[i].amendment;

        amendment.ended = amendment.has_ended ? day_of(2026, 3, 2) : 0;
        assert_int_equal(amended_put(txn, rows[i].is_foreign ? 77 : store.blog->id, &amendment), 0);
    }
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    for (unsigned later = 0; later < 2; later++) {
        retain(&store);
        assert_int_equal(db_begin_read(store.fixture.db, &txn), 0);
        for (size_t i = 0; i < N_ROWS(rows); i++) {
            struct amendment amendment;

            assert_int_equal(
                amended_get(txn, rows[i].is_foreign ? 77 : store.blog->id, rows[i].amendment.number, &amendment), 0);
            check_equal(rows[i].name, !amended_is_empty(&amendment), later ? rows[i].stays : rows[i].stays_with_visits);
        }
        txn = db_abort(txn);
        seal_at(&store, ms_of(day_of(2026, 5, 2)) + RETENTION_RESTRICTED_MS_MAX);
        store.round = (struct retention_round){0};
    }
    close_store(&store);
}

/* ---- months that wait for a restriction ---- */

/* What stays of March for ever. */
static void read_march(struct store *store, struct buffer *bytes)
{
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    for (unsigned field = 0; field < SUMMARY_FIELDS; field++) {
        int r = !summary_has((enum field)field) ? ROLLUPS_E_NONE
                                                : rollups_get(txn, store->blog->id, period_month(day_of(2026, 3, 2)),
                                                              (enum field)field, true, bytes);

        assert_true(r == 0 || r == ROLLUPS_E_NONE);
    }
    assert_true(bytes->size > 0 && !bytes->fault);
}

/* As a restriction and its lifting do: what is built of the visitor's days is built again. */
static void restrict_visitor(struct store *store, uint32_t number, bool restricted, bool has_ended)
{
    const int32_t days[] = {day_of(2026, 3, 2), day_of(2026, 3, 3), day_of(2026, 3, 20), day_of(2026, 4, 5)};
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(store->fixture.db, &txn), 0);
    assert_int_equal(amended_put(txn, store->blog->id,
                                 &(struct amendment){.number = number,
                                                     .restricted = restricted,
                                                     .has_ended = has_ended,
                                                     .ended = day_of(2026, 4, 30)}),
                     0);
    for (size_t i = 0; i < N_ROWS(days); i++) {
        struct day_state day;

        assert_int_equal(day_get(txn, store->blog->id, days[i], &day), 0);
        day.changes++;
        assert_int_equal(day_put(txn, store->blog->id, days[i], &day), 0);
    }
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
}

static void test_restricted(void **state)
{
    static const struct {
        const char *name;
        uint32_t number; /* 0: nobody is restricted */
        bool has_ended;
        int64_t later_ms; /* than the month is due */
        bool is_folded;
    } rows[] = {
        {"nobody", 0, false, 0, true},
        {"a visitor of the month", 1, false, 0, false},
        {"a visitor of another month", VISITORS + 7, false, 0, true},
        {"one whose id has ended, and lifts nothing", 1, true, 0, true},
        {"to the end of the time", 1, false, RETENTION_RESTRICTED_MS_MAX - 1, false},
        {"and no longer", 1, false, RETENTION_RESTRICTED_MS_MAX, true},
    };
    BUFFER_AUTO whole = BUFFER_INIT(1 << 20);

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO after = BUFFER_INIT(1 << 20);
        int64_t at_ms = ms_of(day_of(2026, 5, 2)) + rows[i].later_ms;
        struct store store;

        open_store(&store);
        seal_at(&store, at_ms);
        if (rows[i].number)
            restrict_visitor(&store, rows[i].number, true, rows[i].has_ended);
        seal_at(&store, at_ms);
        retain(&store);
        check_equal(rows[i].name, state_of(&store, day_of(2026, 3, 2)).folded, rows[i].is_folded);
        check(rows[i].name, state_of(&store, day_of(2026, 3, 2)).expired); /* events go on their day */
        if (i == 0)
            read_march(&store, &whole);
        if (!rows[i].is_folded) {
            restrict_visitor(&store, rows[i].number, false, false);
            seal_at(&store, at_ms);
            store.round = (struct retention_round){0};
            retain(&store);
            check(rows[i].name, state_of(&store, day_of(2026, 3, 2)).folded);
            read_march(&store, &after);
            check(rows[i].name, text_equal(buffer_text(&after), buffer_text(&whole))); /* to the byte */
        }
        check_store(&store);
        close_store(&store);
    }
}

/* A row of the journal as a free page or a backup has it. */
struct kept_row {
    struct key key;
    uint8_t bytes[1024];
    size_t size;
};

static struct kept_row keep_row(struct store *store, int32_t day)
{
    struct key from = key_journal(store->blog->id, day, 0);
    DB_CURSOR_AUTO *cursor = NULL;
    DB_TXN_AUTO *txn = NULL;
    struct kept_row row;
    struct text key, value;

    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    assert_int_equal(db_cursor_new(txn, DB_JOURNAL, &cursor), 0);
    assert_int_equal(db_cursor_seek(cursor, key_text(&from), &key, &value), 0);
    assert_in_range(value.size, 1, sizeof row.bytes);
    memcpy(row.key.bytes, key.data, key.size);
    row.key.size = key.size;
    memcpy(row.bytes, value.data, value.size);
    row.size = value.size;
    return row;
}

/* Whether it can be read with the keys that are there; its visitor's is, in any case. */
static int read_kept(struct store *store, const struct kept_row *row)
{
    struct text value = {.data = (const char *)row->bytes, .size = row->size};
    KEYS_AUTO keys = KEYS_INIT(db_keyring_of(store->fixture.db), KEYS_WALK_MAX);
    BUFFER_AUTO plain = BUFFER_INIT(JOURNAL_RECORD_BYTES_MAX);
    struct journal_record record;
    const uint8_t *secret;
    struct key_ref ref;

    assert_true(journal_key(key_text(&row->key), value, &ref));
    assert_int_equal(keys_get(&keys, ref, &secret), 0);
    return journal_decode(key_text(&row->key), value, &keys, &plain, &record);
}

/* Of visitors who are still there, too: what has expired is gone from free pages and backups at once. */
static void test_journal_is_unreadable(void **state)
{
    struct store store;

    (void)state;
    open_store(&store);
    struct kept_row march2 = keep_row(&store, day_of(2026, 3, 2)), march3 = keep_row(&store, day_of(2026, 3, 3));
    seal_at(&store, ms_of(day_of(2026, 4, 1)));
    assert_int_equal(read_kept(&store, &march2), 0);
    assert_int_equal(retain(&store).n_days, 1);
    assert_int_equal(read_kept(&store, &march2), JOURNAL_E_ERASED);
    assert_int_equal(read_kept(&store, &march3), 0);
    close_store(&store);
}

/* A day that is not built, or not any more as it is, is built first. */
static void test_journal_waits(void **state)
{
    struct store store;

    (void)state;
    open_store(&store);
    store.now_ms = ms_of(day_of(2026, 4, 2));
    assert_int_equal(retain(&store).n_days, 0);
    seal_at(&store, store.now_ms);
    day_store_add(store.fixture.db, store.blog, day_of(2026, 3, 2), 1, ms_of(day_of(2026, 3, 2)), "/late");
    assert_int_equal(retain(&store).n_days, 1);
    assert_false(state_of(&store, day_of(2026, 3, 2)).expired);
    seal_at(&store, store.now_ms);
    assert_int_equal(retain(&store).n_days, 1);
    assert_true(state_of(&store, day_of(2026, 3, 2)).expired);
    close_store(&store);
}

/* More rows than one transaction removes, and more than one pass. */
static void test_journal_in_pieces(void **state)
{
    int32_t day = day_of(2026, 3, 10);
    struct retention_done done;
    struct store store;

    (void)state;
    open_store(&store);
    day_store_fill(store.fixture.db, store.blog, day, RETENTION_ROWS_MAX + 10);
    seal_at(&store, ms_of(day_of(2026, 4, 10)));
    assert_int_equal(pass(&store, day_store_submit, &done), 0);
    assert_int_equal(done.n_days, 3);
    assert_int_equal(done.n_events, 0);
    assert_int_equal(store.round.resting_ms, 0);
    check_store(&store); /* between the passes, too */
    assert_int_equal(retain(&store).n_events, RETENTION_ROWS_MAX + 10 + 2 * (VISITORS + 1));
    assert_int_equal(state_of(&store, day).removed, RETENTION_ROWS_MAX + 10);
    check_store(&store);
    close_store(&store);
}

static void test_late(void **state)
{
    struct store store;
    struct batch batch;
    int32_t day = day_of(2026, 3, 2);

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 4, 1)));
    assert_int_equal(batch_begin(store.fixture.db, &batch), 0);
    assert_int_equal(batch_takes_day(&batch, store.blog->id, day), 0);
    batch_abort(&batch);
    retain(&store);
    assert_int_equal(batch_begin(store.fixture.db, &batch), 0);
    assert_int_equal(batch_takes_day(&batch, store.blog->id, day), BATCH_E_EXPIRED);
    assert_int_equal(batch_takes_day(&batch, store.blog->id, day - 1), BATCH_E_EXPIRED); /* which was never there */
    assert_int_equal(batch_takes_day(&batch, store.blog->id, day + 1), 0);
    assert_int_equal(batch_takes_day(&batch, store.blog->id, day_of(2026, 4, 6)), 0);
    batch_abort(&batch);
    close_store(&store);
}

/* ---- months ---- */

static bool has_segment(struct store *store, int32_t day)
{
    DB_TXN_AUTO *txn = NULL;
    SEGMENT_AUTO segment = {.n_texts = 0};

    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    int r = segments_open(txn, store->blog->id, day, &segment);
    assert_true(r == 0 || r == SEGMENTS_E_NONE);
    return r == 0;
}

static void read_cells(struct store *store, struct period period, enum field field, struct cells *ret_cells)
{
    BUFFER_AUTO bytes = BUFFER_INIT(1 << 20);
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    assert_int_equal(rollups_get(txn, store->blog->id, period, field, true, &bytes), 0);
    assert_int_equal(cells_decode(buffer_text(&bytes), summary_sketches(period.kind, field), ret_cells), 0);
}

static void test_month(void **state)
{
    int32_t march2 = day_of(2026, 3, 2), april5 = day_of(2026, 4, 5);
    struct store store;
    struct cells cells;

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 5, 2)) - 1);
    struct retention_done done = retain(&store);
    assert_int_equal(done.n_months, 0);
    assert_true(has_segment(&store, march2));
    assert_true(store_fixture_can_read(store.fixture.db, TEXT(RARE)));

    store.now_ms++;
    assert_int_equal(retain(&store).n_months, 1);
    assert_false(has_segment(&store, march2));
    assert_false(has_segment(&store, day_of(2026, 3, 20)));
    assert_true(has_segment(&store, april5));
    assert_true(state_of(&store, march2).folded);
    assert_false(state_of(&store, april5).folded);
    check_store(&store);

    read_cells(&store, period_month(march2), FIELD_PAGE, &cells);
    assert_int_equal(cells.n, 2);
    assert_false(cells.has_sketches);
    /* Two had the rare page, which would be the difference between the total and all others. */
    assert_text(cells.cells[0].value, FOLD_OTHER.data);
    assert_int_equal(cells.cells[0].visitors, FOLD_BELOW);
    assert_int_equal(cells.cells[0].figures.events, 2 + FOLD_BELOW);
    assert_text(cells.cells[1].value, "/");
    assert_int_equal(cells.cells[1].figures.events, 3 * VISITORS);
    cells_deinit(&cells);
    read_cells(&store, (struct period){PERIOD_DAY, march2}, FIELD_N, &cells);
    assert_int_equal(cells.n, 1);
    assert_false(cells.has_sketches);
    assert_int_equal(cells.cells[0].visitors, VISITORS);
    cells_deinit(&cells);

    /* Again, and whatever is sealed meanwhile: it stays as it is. */
    uint64_t n = store_fixture_rows(store.fixture.db, DB_ROLLUPS);
    seal_at(&store, ms_of(day_of(2026, 5, 3)));
    assert_int_equal(retain(&store).n_months, 0);
    assert_int_equal(store_fixture_rows(store.fixture.db, DB_ROLLUPS), n);
    close_store(&store);
}

/* What must not be there any more, and is, is found. */
static void test_found(void **state)
{
    static const char *const findings[] = {"it is there, but its time is over",
                                           "it is there as it was, but its time is over",
                                           "it is not there, but the day is sealed"};
    int32_t day = day_of(2026, 3, 2);

    (void)state;
    for (size_t i = 0; i < N_ROWS(findings); i++) {
        struct audit_finding finding = {.what = ""};
        BUFFER_AUTO bytes = BUFFER_INIT(1 << 20);
        struct rollups rollups;
        struct store store;
        struct batch batch;
        DB_TXN_AUTO *txn = NULL;

        open_store(&store);
        seal_at(&store, ms_of(day_of(2026, 5, 3)));
        rollups_init(&rollups);
        assert_int_equal(db_begin_read(store.fixture.db, &txn), 0);
        assert_int_equal(seal_segment(txn, store.blog, day, &bytes), 0);
        for (unsigned field = 0; field < SUMMARY_FIELDS; field++)
            if (summary_has((enum field)field))
                assert_int_equal(rollups_get(txn, store.blog->id, (struct period){PERIOD_DAY, day}, (enum field)field,
                                             true, &rollups.of[field]),
                                 0);
        txn = db_abort(txn);
        retain(&store);
        assert_int_equal(batch_begin(store.fixture.db, &batch), 0);
        if (i == 0)
            assert_int_equal(segments_put(&batch, store.blog->id, day, buffer_text(&bytes)), 0);
        if (i == 1)
            assert_int_equal(rollups_put(&batch, store.blog->id, (struct period){PERIOD_DAY, day}, &rollups), 0);
        if (i == 2)
            assert_int_equal(rollups_delete(&batch, store.blog->id, (struct period){PERIOD_DAY, day}), 0);
        assert_int_equal(batch_commit(&batch), 0);
        assert_int_equal(db_begin_read(store.fixture.db, &txn), 0);
        int r =
            i == 0 ? audit_segments(txn, store.fixture.config, false, &finding) : audit_rollups(txn, false, &finding);
        check_equal(findings[i], r, AUDIT_E_WRONG);
        assert_string_equal(finding.what, findings[i]);
        assert_int_equal(finding.period.number, day);
        txn = db_abort(txn);
        rollups_deinit(&rollups);
        close_store(&store);
    }
}

/* What was told of April goes with April. */
static void test_all_months(void **state)
{
    struct store store;

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 8, 1)));
    assert_int_equal(retain(&store).n_months, 2);
    assert_int_equal(store_fixture_rows(store.fixture.db, DB_SEGMENTS), 0);
    assert_int_equal(store_fixture_rows(store.fixture.db, DB_JOURNAL), 0);
    assert_false(store_fixture_can_read(store.fixture.db, TEXT(RARE)));
    check_store(&store);
    store_fixture_reopen(&store.fixture);
    check_store(&store);
    close_store(&store);
}

static int32_t busy_from;

static int is_busy(struct db_txn *txn, uint32_t site, int32_t last, bool *ret_busy)
{
    (void)txn;
    (void)site;
    *ret_busy = busy_from <= last;
    return 0;
}

/* Who was erased a moment ago must not be told of for ever. */
static void test_busy(void **state)
{
    struct retention_done done;
    struct store store;

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 5, 2)));
    struct retention_work work = {.db = store.fixture.db,
                                  .config = store.fixture.config,
                                  .now_ms = store.now_ms,
                                  .submit = day_store_submit,
                                  .context = store.fixture.db,
                                  .is_busy = is_busy};
    busy_from = day_of(2026, 3, 31); /* the last day of the month that is due */
    for (unsigned i = 0; i < 5; i++) {
        store.round.resting_ms = 0;
        assert_int_equal(retention_pass(&store.round, &work, &done), 0);
        assert_int_equal(done.n_months, 0);
    }
    busy_from++;
    store.round.resting_ms = 0;
    assert_int_equal(retention_pass(&store.round, &work, &done), 0);
    assert_int_equal(done.n_months, 1);
    close_store(&store);
}

/* ---- keys of visitors ---- */

static struct key_ref add_orphan(struct store *store, uint32_t site, int32_t day)
{
    struct batch batch;

    assert_int_equal(batch_begin(store->fixture.db, &batch), 0);
    struct orphan orphan = {.key = store_fixture_key(&batch), .site = site, .day = day};
    assert_int_equal(orphans_put(batch.txn, &orphan), 0);
    assert_int_equal(batch_commit(&batch), 0);
    return orphan.key;
}

static bool opens(struct store *store, struct key_ref ref)
{
    uint8_t key[CRYPT_KEY_BYTES];
    int r = keyring_get(db_keyring_of(store->fixture.db), ref, key);

    assert_true(r == 0 || r == KEYRING_E_GONE);
    return r == 0;
}

static void test_orphans(void **state)
{
    struct store store;

    (void)state;
    open_store(&store);
    struct key_ref early = add_orphan(&store, store.blog->id, day_of(2026, 3, 1)),
                   late = add_orphan(&store, store.blog->id, day_of(2026, 3, 2)),
                   foreign = add_orphan(&store, 77, day_of(2026, 3, 1));
    seal_at(&store, ms_of(day_of(2026, 3, 30)));
    assert_int_equal(retain(&store).n_keys, 0); /* the 2nd is kept, and the zone may have changed */
    assert_true(opens(&store, early));
    store.now_ms = ms_of(day_of(2026, 4, 1));
    assert_int_equal(retain(&store).n_keys, 1);
    assert_false(opens(&store, early));
    assert_true(opens(&store, late));
    store.now_ms = ms_of(day_of(2026, 4, 3));
    assert_int_equal(retain(&store).n_keys, 1);
    assert_false(opens(&store, late));
    assert_true(opens(&store, foreign)); /* its site may come back */
    close_store(&store);
}

static void test_many_orphans(void **state)
{
    unsigned n = RETENTION_ROWS_MAX + 50;
    struct store store;
    struct batch batch;

    (void)state;
    open_store(&store);
    assert_int_equal(batch_begin(store.fixture.db, &batch), 0);
    for (unsigned i = 0; i < n; i++) {
        struct orphan orphan = {.key = store_fixture_key(&batch), .site = store.blog->id};

        assert_int_equal(orphans_put(batch.txn, &orphan), 0);
    }
    assert_int_equal(batch_commit(&batch), 0);
    store.now_ms = ms_of(day_of(2026, 3, 20));
    assert_int_equal(retain(&store).n_keys, n);
    assert_int_equal(store_fixture_rows(store.fixture.db, DB_ORPHANS), 0);
    close_store(&store);
}

/* ---- the deletion log ---- */

struct log {
    unsigned n;
    struct retention_plan entries[8];
    bool is_full;
};

static int write_down(void *context, struct batch *batch, const struct retention_plan *given_up)
{
    struct log *log = context;

    assert_non_null(batch->txn);
    if (log->is_full)
        return -ENOSPC;
    assert_true(log->n < N_ROWS(log->entries));
    log->entries[log->n++] = *given_up;
    return 0;
}

static void test_record(void **state)
{
    struct log log = {.is_full = true};
    struct retention_done done;
    struct store store;

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 5, 3)));
    struct retention_work work = {.db = store.fixture.db,
                                  .config = store.fixture.config,
                                  .now_ms = store.now_ms,
                                  .submit = day_store_submit,
                                  .context = store.fixture.db,
                                  .record = write_down,
                                  .record_context = &log};
    /* What cannot be written down does not go. */
    assert_int_equal(retention_pass(&store.round, &work, &done), -ENOSPC);
    assert_false(state_of(&store, day_of(2026, 3, 2)).expired);
    log.is_full = false;
    for (unsigned i = 0; i < 5; i++) {
        store.round.resting_ms = 0;
        assert_int_equal(retention_pass(&store.round, &work, &done), 0);
    }
    assert_int_equal(log.n, 4);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(log.entries[i].tier, RETENTION_JOURNAL);
        assert_int_equal(log.entries[i].n_rows, VISITORS + (i < 2 ? 1 : FOLD_BELOW));
    }
    assert_int_equal(log.entries[2].first, day_of(2026, 3, 20));
    assert_int_equal(log.entries[3].tier, RETENTION_SEGMENTS);
    assert_int_equal(log.entries[3].first, day_of(2026, 3, 1));
    assert_int_equal(log.entries[3].last, day_of(2026, 3, 31));
    assert_int_equal(log.entries[3].n_rows, 3);
    close_store(&store);
}

/* ---- stopped anywhere ---- */

static int left; /* operations until one is lost */

static int submit_or_die(void *context, struct write_op *op)
{
    struct batch batch;

    if (left-- > 0)
        return day_store_submit(context, op);
    assert_int_equal(batch_begin(context, &batch), 0);
    assert_int_equal(op->apply(op, &batch), 0);
    batch_abort(&batch);
    return -ECANCELED;
}

static void test_stopped(void **state)
{
    (void)state;
    for (int n = 0; n < 12; n++) {
        struct retention_done done;
        struct store store;

        open_store(&store);
        seal_at(&store, ms_of(day_of(2026, 8, 1)));
        left = n;
        for (unsigned i = 0; i < 3 && left >= 0; i++)
            (void)pass(&store, submit_or_die, &done);
        check_store(&store);
        store.round = (struct retention_round){0}; /* whoever comes after a kill knows nothing */
        retain(&store);
        assert_int_equal(store_fixture_rows(store.fixture.db, DB_SEGMENTS), 0);
        assert_int_equal(store_fixture_rows(store.fixture.db, DB_JOURNAL), 0);
        assert_int_equal(state_of(&store, day_of(2026, 3, 2)).removed, VISITORS + 1);
        assert_false(store_fixture_can_read(store.fixture.db, TEXT(RARE)));
        check_store(&store);
        close_store(&store);
    }
}

/* ---- what would go ---- */

struct told {
    unsigned n;
    struct retention_plan plans[4];
};

static int tell(void *context, const struct retention_plan *plan)
{
    struct told *told = context;

    assert_true(told->n < 4);
    told->plans[told->n++] = *plan;
    return 0;
}

static void test_plan(void **state)
{
    DB_TXN_AUTO *txn = NULL;
    struct told told = {0};
    struct store store;

    (void)state;
    open_store(&store);
    seal_at(&store, ms_of(day_of(2026, 5, 3)));
    assert_int_equal(db_begin_read(store.fixture.db, &txn), 0);
    assert_int_equal(retention_due_plan(txn, store.fixture.config, ms_of(day_of(2026, 3, 5)), tell, &told), 0);
    assert_int_equal(told.n, 0);
    assert_int_equal(retention_due_plan(txn, store.fixture.config, store.now_ms, tell, &told), 0);
    assert_int_equal(told.n, 2);
    assert_int_equal(told.plans[0].tier, RETENTION_JOURNAL);
    assert_int_equal(told.plans[0].first, day_of(2026, 3, 2));
    assert_int_equal(told.plans[0].last, day_of(2026, 3, 20));
    assert_int_equal(told.plans[0].n_days, 3);
    assert_int_equal(told.plans[0].n_rows, 3 * VISITORS + 2 + FOLD_BELOW);
    assert_true(told.plans[0].bytes > told.plans[0].n_rows * 50);
    assert_int_equal(told.plans[1].tier, RETENTION_SEGMENTS);
    assert_int_equal(told.plans[1].n_days, 3);
    assert_int_equal(told.plans[1].n_rows, 3);
    txn = db_abort(txn);
    retain(&store);
    told.n = 0;
    assert_int_equal(db_begin_read(store.fixture.db, &txn), 0);
    assert_int_equal(retention_due_plan(txn, store.fixture.config, store.now_ms, tell, &told), 0);
    assert_int_equal(told.n, 0);
    txn = db_abort(txn);
    close_store(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_due),
                                       cmocka_unit_test(test_questions),
                                       cmocka_unit_test(test_explained),
                                       cmocka_unit_test(test_journeys),
                                       cmocka_unit_test(test_found),
                                       cmocka_unit_test(test_left),
                                       cmocka_unit_test(test_journal),
                                       cmocka_unit_test(test_journal_waits),
                                       cmocka_unit_test(test_journal_in_pieces),
                                       cmocka_unit_test(test_journal_is_unreadable),
                                       cmocka_unit_test(test_amended),
                                       cmocka_unit_test(test_restricted),
                                       cmocka_unit_test(test_late),
                                       cmocka_unit_test(test_month),
                                       cmocka_unit_test(test_all_months),
                                       cmocka_unit_test(test_busy),
                                       cmocka_unit_test(test_orphans),
                                       cmocka_unit_test(test_many_orphans),
                                       cmocka_unit_test(test_record),
                                       cmocka_unit_test(test_stopped),
                                       cmocka_unit_test(test_plan)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
