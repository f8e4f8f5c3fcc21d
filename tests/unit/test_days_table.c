/*
 * Tables of site-days: where they come from, what is kept of them, and that
 * nobody who has one sees it change.
 */
#include "crumb/rollup/days.h"
#include "crumb/rollup/segment.h"
#include "day_store.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS (3600 * 1000LL)
#define DAY_MS (24 * HOUR_MS)
#define N_DAYS 6 /* of which day DAY_STORE_FIRST + i has i + 1 views */
#define LATER_MS (STORE_FIXTURE_NOW_MS + 30 * DAY_MS)
#define ROOM (1 << 20) /* for everything */

struct store {
    struct store_fixture fixture;
    const struct site *site;
    struct db_txn *txn;
    struct days *days;
};

/* As the store is now. */
static void look_again(struct store *store)
{
    db_abort(store->txn);
    assert_int_equal(db_begin_read(store->fixture.db, &store->txn), 0);
}

static void open_store(struct store *store, struct days_bounds bounds, bool sealed)
{
    *store = (struct store){.site = NULL};
    store_fixture_init(&store->fixture, store_fixture_yaml);
    store->site = store_fixture_site(&store->fixture, "blog");
    for (int32_t i = 0; i < N_DAYS; i++)
        day_store_fill(store->fixture.db, store->site, DAY_STORE_FIRST + i, (unsigned)i + 1);
    if (sealed)
        assert_int_equal(day_store_seal(&store->fixture, LATER_MS), N_DAYS);
    assert_int_equal(days_new(bounds, &store->days), 0);
    look_again(store);
}

static void close_store(struct store *store)
{
    days_free(store->days);
    db_abort(store->txn);
    store_fixture_deinit(&store->fixture);
}

static const struct table *pin(struct store *store, int32_t day, uint64_t columns, enum days_tier wanted)
{
    const struct table *table = NULL;
    enum days_tier tier;

    assert_int_equal(days_pin(store->days, store->txn, store->site, DAY_STORE_FIRST + day, columns, &table, &tier), 0);
    if (table)
        assert_int_equal(tier, wanted);
    return table;
}

static void add_late(struct store *store, int32_t day)
{
    int64_t at_ms = zone_day_start_ms(store->site->zone, DAY_STORE_FIRST + day) + 12 * HOUR_MS;

    day_store_add(store->fixture.db, store->site, DAY_STORE_FIRST + day, 99, at_ms, "/late");
}

/* ---- where from ---- */

static void test_tiers(void **state)
{
    struct store store;
    const struct table *table;

    open_store(&store, DAYS_BOUNDS, false);
    table = pin(&store, 2, COLUMN_ALL, DAYS_LIVE);
    assert_int_equal(table->n[RELATION_HIT], 3);
    days_unpin(store.days, table);
    assert_int_equal(days_held(store.days).n_days, 1);

    day_store_seal(&store.fixture, LATER_MS);
    look_again(&store);
    table = pin(&store, 2, COLUMN_ALL, DAYS_SEGMENT);
    assert_int_equal(table->n[RELATION_HIT], 3);
    days_unpin(store.days, table);
    assert_int_equal(days_held(store.days).n_days, 0); /* it is not needed any more */

    add_late(&store, 2);
    look_again(&store);
    table = pin(&store, 2, COLUMN_ALL, DAYS_LIVE);
    assert_int_equal(table->n[RELATION_HIT], 4);
    days_unpin(store.days, table);

    assert_null(pin(&store, N_DAYS, COLUMN_ALL, DAYS_SEGMENT));
    days_unpin(store.days, NULL);
    close_store(&store);
}

/* A site of the configuration that the store has not seen has no number, and no days. */
static void test_unknown_site(void **state)
{
    struct store store;
    const struct table *table = NULL;
    enum days_tier tier;

    open_store(&store, DAYS_BOUNDS, false);
    struct site site = *store.site;
    site.id = 0;
    assert_int_equal(days_pin(store.days, store.txn, &site, DAY_STORE_FIRST, COLUMN_ALL, &table, &tier), 0);
    assert_null(table);
    close_store(&store);
}

/* Nobody can tell from its table whether a day is sealed. */
static void test_same_before_and_after(void **state)
{
    struct store store;

    open_store(&store, DAYS_BOUNDS, false);
    for (int32_t day = 0; day < N_DAYS; day++) {
        BUFFER_AUTO live = BUFFER_INIT(ROOM), sealed = BUFFER_INIT(ROOM);
        const struct table *table = pin(&store, day, COLUMN_ALL, DAYS_LIVE);

        segment_encode(table, &live);
        days_unpin(store.days, table);
        day_store_seal(&store.fixture, LATER_MS);
        look_again(&store);
        table = pin(&store, day, COLUMN_ALL, DAYS_SEGMENT);
        segment_encode(table, &sealed);
        days_unpin(store.days, table);
        assert_true(text_equal(buffer_text(&live), buffer_text(&sealed)));
        add_late(&store, day + 1); /* the next is open again */
        look_again(&store);
    }
    close_store(&store);
}

/* ---- open days ---- */

/* Nobody can read the first record of @day any more; and, if @changes, rows of it were changed. */
static void damage_first(struct store *store, int32_t day, bool changes)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct key from = key_journal(store->site->id, DAY_STORE_FIRST + day, 1);
    uint64_t sequence;
    struct day_state state;
    struct text key, value;
    struct batch batch;
    uint32_t site;

    assert_int_equal(batch_begin(store->fixture.db, &batch), 0);
    assert_int_equal(db_cursor_new(batch.txn, DB_JOURNAL, &cursor), 0);
    assert_int_equal(db_cursor_seek(cursor, key_text(&from), &key, &value), 0);
    assert_true(key_read_journal(key, &site, &day, &sequence));
    from = key_journal(site, day, sequence);
    cursor = db_cursor_free(cursor);
    store_fixture_damage(batch.txn, DB_JOURNAL, key_text(&from), 40);
    assert_int_equal(day_get(batch.txn, site, day, &state), 0);
    state.changes += changes;
    assert_int_equal(day_put(batch.txn, site, day, &state), 0);
    assert_int_equal(batch_commit(&batch), 0);
}

/* What is in memory is not read again, only what came since; but where rows were changed, all is. */
static void test_sealed_from_memory(void **state)
{
    static const struct {
        const char *name;
        bool asked, changed;
        int result;
    } rows[] = {
        {"nobody has asked for it", false, false, -EBADMSG},
        {"it is in memory", true, false, 0},
        {"and was changed since", true, true, -EBADMSG},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct store store;
        unsigned n = 0;

        open_store(&store, DAYS_BOUNDS, false);
        if (rows[i].asked)
            days_unpin(store.days, pin(&store, 2, COLUMN_ALL, DAYS_LIVE));
        add_late(&store, 2);
        damage_first(&store, 2, rows[i].changed);
        check_equal(rows[i].name,
                    seal_due(store.fixture.db, store.days, store.fixture.config, LATER_MS, day_store_submit,
                             store.fixture.db, NULL, &n),
                    rows[i].result);
        look_again(&store);
        if (rows[i].result == 0) {
            const struct table *table = pin(&store, 2, COLUMN_ALL, DAYS_SEGMENT);

            assert_int_equal(table->n[RELATION_HIT], 4);
            days_unpin(store.days, table);
        }
        assert_int_equal(days_held(store.days).n_days, rows[i].result && rows[i].asked);
        close_store(&store);
    }
}

static void test_live_bounds(void **state)
{
    static const struct {
        const char *name;
        struct days_bounds bounds;
        const char *asked; /* days by number, in this order */
        unsigned n_days;
        uint64_t n_events;
    } rows[] = {
        {"nothing was asked", {4, 100, 0, 0}, "", 0, 0},
        {"one day", {4, 100, 0, 0}, "2", 1, 3},
        {"one day twice", {4, 100, 0, 0}, "22", 1, 3},
        {"as many days as there is room for", {4, 100, 0, 0}, "0123", 4, 10},
        {"one more takes the place of the one that was asked longest ago", {4, 100, 0, 0}, "01235", 4, 2 + 3 + 4 + 6},
        {"which another question makes another one", {4, 100, 0, 0}, "012305", 4, 1 + 3 + 4 + 6},
        {"room for one", {1, 100, 0, 0}, "0123", 1, 4},
        {"as many events as there is room for", {4, 10, 0, 0}, "0123", 4, 10},
        {"one more event drops a day", {4, 9, 0, 0}, "0123", 3, 2 + 3 + 4},
        {"or several", {4, 9, 0, 0}, "01235", 1, 6},
        {"a day that is too large is not kept", {4, 5, 0, 0}, "5", 0, 0},
        {"nor are the others then", {4, 5, 0, 0}, "0015", 0, 0},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct store store;

        open_store(&store, rows[i].bounds, false);
        for (const char *day = rows[i].asked; *day; day++) {
            const struct table *table = pin(&store, *day - '0', COLUMN_ALL, DAYS_LIVE);

            check_equal(rows[i].name, table->n[RELATION_HIT], *day - '0' + 1);
            days_unpin(store.days, table);
        }
        check_equal(rows[i].name, days_held(store.days).n_days, rows[i].n_days);
        check_equal(rows[i].name, days_held(store.days).n_events, rows[i].n_events);
        close_store(&store);
    }
}

/* The table stays until there is something new, and who has the old one keeps it. */
static void test_live_growth(void **state)
{
    struct store store;

    open_store(&store, DAYS_BOUNDS, false);
    const struct table *first = pin(&store, 1, COLUMN_ALL, DAYS_LIVE);
    const struct table *same = pin(&store, 1, COLUMN_ALL, DAYS_LIVE);
    assert_ptr_equal(first, same);
    days_unpin(store.days, same);
    add_late(&store, 1);
    look_again(&store);
    const struct table *grown = pin(&store, 1, COLUMN_ALL, DAYS_LIVE);
    assert_ptr_not_equal(first, grown);
    assert_int_equal(first->n[RELATION_HIT], 2);
    assert_int_equal(first->columns[COLUMN_VISIT_visitor][1], 2);
    assert_int_equal(grown->n[RELATION_HIT], 3);
    assert_int_equal(grown->columns[COLUMN_VISIT_visitor][2], 99);
    days_unpin(store.days, grown);
    days_unpin(store.days, first);
    assert_int_equal(days_held(store.days).n_events, 3);
    close_store(&store);
}

/* Pinned days that give their place to others are still there. */
static void test_live_displaced(void **state)
{
    const struct table *tables[N_DAYS];
    struct store store;

    open_store(&store, (struct days_bounds){.n_days = 1, .n_events = 3}, false);
    for (int32_t i = 0; i < N_DAYS; i++)
        tables[i] = pin(&store, i, COLUMN_ALL, DAYS_LIVE);
    for (uint32_t i = 0; i < N_DAYS; i++) {
        assert_int_equal(tables[i]->n[RELATION_HIT], i + 1);
        assert_int_equal(tables[i]->columns[COLUMN_VISIT_visitor][i], i + 1);
        days_unpin(store.days, tables[i]);
    }
    close_store(&store);
}

/* ---- sealed days ---- */

static void test_columns_on_demand(void **state)
{
    struct store store;

    open_store(&store, DAYS_BOUNDS, true);
    const struct table *table = pin(&store, 3, 0, DAYS_SEGMENT);
    assert_int_equal(table->n[RELATION_HIT], 4);
    for (unsigned i = 0; i < COLUMN_N; i++)
        assert_null(table->columns[i]);
    const struct table *more = pin(&store, 3, COLUMN_BIT(COLUMN_HIT_page), DAYS_SEGMENT);
    assert_ptr_equal(table, more);
    const uint32_t *pages = table->columns[COLUMN_HIT_page];
    assert_non_null(pages);
    assert_null(table->columns[COLUMN_PAGE_path]);
    assert_int_equal(table->texts.n, 0);
    const struct table *texts =
        pin(&store, 3, COLUMN_BIT(COLUMN_HIT_page) | COLUMN_BIT(COLUMN_PAGE_path), DAYS_SEGMENT);
    assert_ptr_equal(table->columns[COLUMN_HIT_page], pages);
    assert_true(table->texts.n > 0);
    const char *bytes = table->texts.bytes;
    const struct table *all = pin(&store, 3, COLUMN_ALL, DAYS_SEGMENT);
    assert_ptr_equal(table->texts.bytes, bytes);
    for (unsigned i = 0; i < COLUMN_N; i++)
        assert_non_null(table->columns[i]);
    days_unpin(store.days, table);
    days_unpin(store.days, more);
    days_unpin(store.days, texts);
    days_unpin(store.days, all);
    close_store(&store);
}

static void test_cache_bound(void **state)
{
    const struct table *tables[N_DAYS];
    struct store store;
    size_t one, all;

    open_store(&store, DAYS_BOUNDS, true);
    assert_int_equal(days_held(store.days).cache_bytes, 0);
    days_unpin(store.days, pin(&store, 5, COLUMN_ALL, DAYS_SEGMENT));
    one = days_held(store.days).cache_bytes;
    assert_true(one > 0);
    days_unpin(store.days, pin(&store, 5, COLUMN_ALL, DAYS_SEGMENT));
    assert_int_equal(days_held(store.days).cache_bytes, one);
    close_store(&store);

    open_store(&store, (struct days_bounds){1, 1, one, 0}, true);
    for (int32_t i = 0; i < N_DAYS; i++) {
        days_unpin(store.days, pin(&store, i, COLUMN_ALL, DAYS_SEGMENT));
        assert_in_range(days_held(store.days).cache_bytes, 1, one);
    }
    /* What is pinned stays, and goes when it is given back. */
    for (int32_t i = 0; i < N_DAYS; i++)
        tables[i] = pin(&store, i, COLUMN_ALL, DAYS_SEGMENT);
    all = days_held(store.days).cache_bytes;
    assert_true(all > one);
    for (uint32_t i = 0; i < N_DAYS; i++) {
        assert_int_equal(tables[i]->columns[COLUMN_VISIT_visitor][i], i + 1);
        days_unpin(store.days, tables[i]);
    }
    assert_in_range(days_held(store.days).cache_bytes, 1, one);
    close_store(&store);
}

static void ask_for_all_of(struct store *store, int32_t day)
{
    days_unpin(store->days, pin(store, day, COLUMN_ALL, DAYS_SEGMENT));
}

static bool is_held(struct store *store, int32_t day)
{
    const struct table *table = pin(store, day, 0, DAYS_SEGMENT);
    bool is = table->columns[COLUMN_ACT_label] != NULL;

    days_unpin(store->days, table);
    return is;
}

/* Questions that go through more days than fit find some of them again; but not for ever the same ones. */
static void test_cache_order(void **state)
{
    struct store store;
    size_t two;

    open_store(&store, DAYS_BOUNDS, true);
    ask_for_all_of(&store, 4);
    ask_for_all_of(&store, 5);
    two = days_held(store.days).cache_bytes;
    close_store(&store);

    open_store(&store, (struct days_bounds){1, 1, two + 1, 0}, true);
    for (unsigned round = 0; round < 3; round++)
        for (int32_t day = 3; day < N_DAYS; day++)
            ask_for_all_of(&store, day);
    assert_true(is_held(&store, 3));
    assert_false(is_held(&store, N_DAYS - 1));
    for (unsigned i = 0; i < SHELF_STALE_PINS; i++)
        ask_for_all_of(&store, 5);
    assert_true(is_held(&store, 5));
    assert_false(is_held(&store, 4));
    close_store(&store);
}

static void test_sealed_again(void **state)
{
    struct store store;

    open_store(&store, DAYS_BOUNDS, true);
    const struct table *first = pin(&store, 1, COLUMN_BIT(COLUMN_VISIT_visitor), DAYS_SEGMENT);
    add_late(&store, 1);
    assert_int_equal(day_store_seal(&store.fixture, LATER_MS), 1);
    look_again(&store);
    const struct table *second = pin(&store, 1, COLUMN_BIT(COLUMN_VISIT_visitor), DAYS_SEGMENT);
    assert_ptr_not_equal(first, second);
    assert_int_equal(first->n[RELATION_VISIT], 2);
    assert_int_equal(first->columns[COLUMN_VISIT_visitor][1], 2);
    assert_int_equal(second->n[RELATION_VISIT], 3);
    assert_int_equal(second->columns[COLUMN_VISIT_visitor][2], 99);
    days_unpin(store.days, first);
    days_unpin(store.days, second);
    close_store(&store);
}

/* ---- damage ---- */

static void spoil(struct store *store, int32_t day, bool remove)
{
    struct key key = key_day(store->site->id, DAY_STORE_FIRST + day);
    struct text value;
    struct batch batch;

    assert_int_equal(batch_begin(store->fixture.db, &batch), 0);
    assert_int_equal(db_get(batch.txn, DB_SEGMENTS, key_text(&key), &value), 0);
    if (remove)
        assert_int_equal(db_delete(batch.txn, DB_SEGMENTS, key_text(&key)), 0);
    else
        store_fixture_damage(batch.txn, DB_SEGMENTS, key_text(&key), value.size - 1); /* of the texts */
    assert_int_equal(batch_commit(&batch), 0);
    look_again(store);
}

static void test_damage(void **state)
{
    const struct table *table = NULL;
    enum days_tier tier;
    struct store store;

    open_store(&store, DAYS_BOUNDS, true);
    spoil(&store, 1, true);
    spoil(&store, 2, false);
    assert_int_equal(days_pin(store.days, store.txn, store.site, DAY_STORE_FIRST + 1, 0, &table, &tier), -EBADMSG);
    assert_int_equal(days_pin(store.days, store.txn, store.site, DAY_STORE_FIRST + 2, COLUMN_ALL, &table, &tier),
                     -EBADMSG);
    assert_null(table);
    /* Other columns of it are good. */
    const struct table *good = pin(&store, 2, COLUMN_BIT(COLUMN_HIT_page), DAYS_SEGMENT);
    assert_int_equal(days_pin(store.days, store.txn, store.site, DAY_STORE_FIRST + 2, COLUMN_ALL, &table, &tier),
                     -EBADMSG);
    assert_int_equal(good->n[RELATION_HIT], 3);
    assert_non_null(good->columns[COLUMN_HIT_page]);
    days_unpin(store.days, good);
    close_store(&store);
}

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS 300

struct asker {
    const struct store *store;
    uint64_t seed;
    pthread_t thread;
};

static uint32_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Reads all that was asked for. */
static void check_table(const struct table *table, uint64_t columns, uint32_t n_least)
{
    uint64_t sum = 0;

    assert_true(table->n[RELATION_HIT] >= n_least);
    for (unsigned i = 0; i < COLUMN_N; i++) {
        if (!(columns & COLUMN_BIT(i)))
            continue;
        for (uint32_t row = 0; row < table->n[table_relation(i)]; row++)
            if (table_refers(i) == REFERS_TEXT)
                sum += table_text(table, table->columns[i][row]).size;
            else
                sum += table->columns[i][row];
    }
    if (columns & COLUMN_BIT(COLUMN_VISIT_visitor))
        assert_true(sum > 0);
}

static void *ask(void *context)
{
    struct asker *asker = context;
    const struct store *store = asker->store;

    for (unsigned i = 0; i < ROUNDS; i++) {
        DB_TXN_AUTO *txn = NULL;
        uint32_t day = next(&asker->seed) % N_DAYS;
        uint64_t columns = ((uint64_t)next(&asker->seed) << 32 | next(&asker->seed)) & COLUMN_ALL;
        const struct table *table = NULL;
        enum days_tier tier;

        int r = -ESTALE;
        /* A day that was sealed again since the snapshot is asked for in a newer one, as questions do it. */
        for (unsigned n = 0; r == -ESTALE && n < QUERY_TRIES_MAX; n++) {
            db_abort(txn);
            assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
            r = days_pin(store->days, txn, store->site, DAY_STORE_FIRST + (int32_t)day, columns, &table, &tier);
        }
        assert_int_equal(r, 0);
        check_table(table, columns, day + 1);
        days_unpin(store->days, table);
    }
    return NULL;
}

/* Some ask, while days get late events and are sealed again. */
static void ask_from_threads(struct days_bounds bounds)
{
    struct asker askers[THREADS];
    struct store store;

    open_store(&store, bounds, true);
    for (unsigned i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){.store = &store, .seed = i + 1};
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    for (int32_t i = 0; i < 20; i++) {
        add_late(&store, i % N_DAYS);
        if (i % 3 == 0)
            day_store_seal(&store.fixture, LATER_MS);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(askers[i].thread, NULL);
    close_store(&store);
}

static void test_threads(void **state) { ask_from_threads(DAYS_BOUNDS); }

/* Days displace each other, and columns are unpacked again and again. */
static void test_threads_without_room(void **state)
{
    ask_from_threads((struct days_bounds){.n_days = 1, .n_events = 8, .cache_bytes = 4000});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiers),
        cmocka_unit_test(test_unknown_site),
        cmocka_unit_test(test_same_before_and_after),
        cmocka_unit_test(test_sealed_from_memory),
        cmocka_unit_test(test_live_bounds),
        cmocka_unit_test(test_live_growth),
        cmocka_unit_test(test_live_displaced),
        cmocka_unit_test(test_columns_on_demand),
        cmocka_unit_test(test_cache_bound),
        cmocka_unit_test(test_cache_order),
        cmocka_unit_test(test_sealed_again),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_threads_without_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
