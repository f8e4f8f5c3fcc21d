/*
 * Amendments where tables come from: live days, segments and rollups answer as
 * amended at once; a seal brings rollups after, segments follow what is for good;
 * and what is lifted leaves no trace, byte for byte.
 */
#include "crumb/rollup/audit.h"
#include "crumb/rollup/days.h"
#include "crumb/rollup/rollups.h"
#include "crumb/store/amended.h"
#include "crumb/store/day.h"
#include "day_store.h"
#include <stdlib.h>

#define DAY_MS (24 * 3600 * 1000LL)
#define LATER_MS (STORE_FIXTURE_NOW_MS + 40 * DAY_MS) /* the month is over */
#define VISITORS 5

struct store {
    struct store_fixture fixture;
    const struct site *site;
    struct days *days;
};

static void open_store(struct store *store)
{
    *store = (struct store){.site = NULL};
    store_fixture_init(&store->fixture, store_fixture_yaml);
    store->site = store_fixture_site(&store->fixture, "blog");
    day_store_fill(store->fixture.db, store->site, DAY_STORE_FIRST, VISITORS);
    day_store_fill(store->fixture.db, store->site, DAY_STORE_FIRST + 1, VISITORS);
    assert_int_equal(days_new(DAYS_BOUNDS, &store->days), 0);
}

static void close_store(struct store *store)
{
    days_free(store->days);
    store_fixture_deinit(&store->fixture);
}

/* What a job does: the amendment, and that the days changed on which the visitor was. */
static void amend(struct store *store, const struct amendment *amendment)
{
    struct db_txn *txn;

    assert_int_equal(db_begin_write(store->fixture.db, &txn), 0);
    assert_int_equal(amended_put(txn, store->site->id, amendment), 0);
    for (int32_t day = DAY_STORE_FIRST; day <= DAY_STORE_FIRST + 1; day++) {
        struct day_state state;

        assert_int_equal(day_get(txn, store->site->id, day, &state), 0);
        state.changes++;
        assert_int_equal(day_put(txn, store->site->id, day, &state), 0);
    }
    assert_int_equal(db_commit(txn), 0);
}

static void expire(struct store *store, int32_t day)
{
    struct db_txn *txn;
    struct day_state state;

    assert_int_equal(db_begin_write(store->fixture.db, &txn), 0);
    assert_int_equal(day_get(txn, store->site->id, day, &state), 0);
    for (uint64_t sequence = 1; sequence <= state.last; sequence++) {
        struct key key = key_journal(store->site->id, day, sequence);

        assert_int_equal(db_delete(txn, DB_JOURNAL, key_text(&key)), 0);
    }
    state.removed += state.events;
    state.events = 0;
    state.expired = true;
    assert_int_equal(day_put(txn, store->site->id, day, &state), 0);
    assert_int_equal(db_commit(txn), 0);
}

static uint32_t count_visits(struct store *store, int32_t day, uint64_t columns)
{
    const struct table *table = NULL;
    enum days_tier tier;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    assert_int_equal(days_pin(store->days, txn, store->site, day, columns, &table, &tier), 0);
    uint32_t n = table->n[RELATION_VISIT];
    days_unpin(store->days, table);
    return n;
}

/* Visits by the totals of a period, or -1: there are none that may be used. */
static int rollup_visits(struct store *store, struct period period)
{
    const struct cells *cells = NULL;
    DB_TXN_AUTO *txn = NULL;
    int n = -1;

    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    assert_int_equal(days_pin_rollup(store->days, txn, store->site, period, FIELD_N, false, &cells), 0);
    if (cells)
        n = cells->n ? (int)cells->cells[0].figures.visits : 0;
    days_unpin_rollup(store->days, cells);
    return n;
}

/* Rollups without their encryption, which is another one each time they are written. */
static void copy_table(struct store *store, enum db_table table, struct buffer *bytes)
{
    DB_TXN_AUTO *txn = NULL;
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;

    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    assert_int_equal(db_cursor_new(txn, table, &cursor), 0);
    for (int r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        BUFFER_AUTO plain = BUFFER_INIT(1 << 20);

        if (table == DB_ROLLUPS)
            assert_int_equal(rollups_open_row(txn, key, value, true, &plain), 0);
        buffer_put_sized(bytes, key);
        buffer_put_sized(bytes, table == DB_ROLLUPS ? buffer_text(&plain) : value);
    }
    assert_int_equal(bytes->fault, 0);
}

static void check_table(struct store *store, enum db_table table, const struct buffer *wanted, bool same)
{
    BUFFER_AUTO bytes = BUFFER_INIT(1 << 22);

    copy_table(store, table, &bytes);
    check_equal(db_table_name(table), text_equal(buffer_text(&bytes), buffer_text(wanted)), same);
}

static void check_sound(struct store *store)
{
    struct audit_finding finding;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    assert_int_equal(audit_segments(txn, store->fixture.config, true, &finding), 0);
    assert_int_equal(audit_rollups(txn, true, &finding), 0);
}

static const struct period first_day = {PERIOD_DAY, DAY_STORE_FIRST};

static void test_live(void **state)
{
    struct store store;

    open_store(&store);
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_ALL), VISITORS);
    amend(&store, &(struct amendment){.number = 3, .restricted = true});
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_ALL), VISITORS - 1);
    amend(&store, &(struct amendment){.number = 3});
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_ALL), VISITORS);
    close_store(&store);
}

static void test_restricted_and_lifted(void **state)
{
    BUFFER_AUTO segments = BUFFER_INIT(1 << 22), rollups = BUFFER_INIT(1 << 22);
    struct store store;

    open_store(&store);
    day_store_seal(&store.fixture, LATER_MS);
    copy_table(&store, DB_SEGMENTS, &segments);
    copy_table(&store, DB_ROLLUPS, &rollups);
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_BIT(COLUMN_VISIT_start_s)), VISITORS);
    assert_int_equal(rollup_visits(&store, first_day), VISITORS);
    assert_int_equal(rollup_visits(&store, period_month(DAY_STORE_FIRST)), 2 * VISITORS);

    amend(&store, &(struct amendment){.number = 3, .restricted = true});
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_BIT(COLUMN_VISIT_start_s)), VISITORS - 1);
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_ALL), VISITORS - 1);
    assert_int_equal(rollup_visits(&store, first_day), -1); /* they tell of the visitor */
    assert_int_equal(rollup_visits(&store, period_month(DAY_STORE_FIRST)), -1);
    check_sound(&store);

    assert_int_equal(day_store_seal(&store.fixture, LATER_MS), 2);
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_ALL), VISITORS - 1);
    assert_int_equal(rollup_visits(&store, first_day), VISITORS - 1);
    check_table(&store, DB_SEGMENTS, &segments, true);
    check_table(&store, DB_ROLLUPS, &rollups, false);
    check_sound(&store);

    amend(&store, &(struct amendment){.number = 3});
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_ALL), VISITORS);
    assert_int_equal(day_store_seal(&store.fixture, LATER_MS), 2);
    check_table(&store, DB_SEGMENTS, &segments, true);
    check_table(&store, DB_ROLLUPS, &rollups, true);
    assert_int_equal(rollup_visits(&store, period_month(DAY_STORE_FIRST)), 2 * VISITORS);
    check_sound(&store);
    close_store(&store);
}

/* Of a day whose journal has gone the segment is all there is, and forgets for good. */
static void test_expired(void **state)
{
    struct store store;

    open_store(&store);
    day_store_seal(&store.fixture, LATER_MS);
    expire(&store, DAY_STORE_FIRST);
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_ALL), VISITORS);
    amend(&store, &(struct amendment){.number = 3, .erased = true});
    amend(&store, &(struct amendment){.number = 4, .restricted = true});
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_ALL), VISITORS - 2);
    assert_int_equal(day_store_seal(&store.fixture, LATER_MS), 2);
    assert_int_equal(rollup_visits(&store, first_day), VISITORS - 2);
    amend(&store, &(struct amendment){.number = 3});
    amend(&store, &(struct amendment){.number = 4});
    assert_int_equal(count_visits(&store, DAY_STORE_FIRST, COLUMN_ALL), VISITORS - 1); /* 3 does not come back */
    assert_int_equal(day_store_seal(&store.fixture, LATER_MS), 2);
    assert_int_equal(rollup_visits(&store, first_day), VISITORS - 1);
    check_sound(&store);
    close_store(&store);
}

/* Whoever has a table keeps it as it is, whatever is amended meanwhile. */
static void test_pinned(void **state)
{
    const struct table *table = NULL, *again = NULL;
    enum days_tier tier;
    struct store store;
    struct db_txn *txn = NULL;

    open_store(&store);
    day_store_seal(&store.fixture, LATER_MS);
    assert_int_equal(db_begin_read(store.fixture.db, &txn), 0);
    assert_int_equal(
        days_pin(store.days, txn, store.site, DAY_STORE_FIRST, COLUMN_BIT(COLUMN_VISIT_start_s), &table, &tier), 0);
    /* The amendment is there, and the day not marked yet: what is opened already stays of one piece. */
    struct db_txn *write;
    assert_int_equal(db_begin_write(store.fixture.db, &write), 0);
    assert_int_equal(amended_put(write, store.site->id, &(struct amendment){.number = 3, .restricted = true}), 0);
    assert_int_equal(db_commit(write), 0);
    db_abort(txn);
    assert_int_equal(db_begin_read(store.fixture.db, &txn), 0);
    assert_int_equal(days_pin(store.days, txn, store.site, DAY_STORE_FIRST, COLUMN_ALL, &again, &tier), 0);
    assert_ptr_equal(table, again);
    assert_int_equal(table->n[RELATION_VISIT], VISITORS);
    days_unpin(store.days, table);
    days_unpin(store.days, again);
    db_abort(txn);
    close_store(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_restricted_and_lifted),
        cmocka_unit_test(test_expired),
        cmocka_unit_test(test_pinned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
