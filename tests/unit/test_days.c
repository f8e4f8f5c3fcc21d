/*
 * Open days: their builds are kept warm up to the bounds, and whatever is kept
 * or not, the answer is the same.
 */
#include "check.h"
#include "crumb/rollup/days.h"
#include "crumb/store/journal.h"
#include "store_fixture.h"
#include <stdlib.h>

#define FIRST_DAY 20514
#define N_DAYS 6

/* A store whose day FIRST_DAY + i has i + 1 page views, in UTC. */
struct store {
    struct store_fixture fixture;
    const struct site *site;
    struct db_txn *txn;
};

static void append(struct batch *batch, const struct site *site, int32_t day, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        BUFFER_AUTO section = BUFFER_INIT(256);
        struct event event = {.kind = EVENT_PAGEVIEW, .at_ms = (uint64_t)zone_day_start_ms(site->zone, day) + i};
        struct journal_record record = {.site = site->id,
                                        .day = day,
                                        .kind = EVENT_PAGEVIEW,
                                        .granted = CLASS_ALL,
                                        .classes = CLASS_BIT(CLASS_LOG)};

        event_encode(&event, CLASS_LOG, &section);
        record.sections[CLASS_LOG] = buffer_text(&section);
        assert_int_equal(journal_append(batch, &record), 0);
    }
}

static void open_store(struct store *store)
{
    struct batch batch;

    store_fixture_init(&store->fixture, store_fixture_yaml);
    store->site = store_fixture_site(&store->fixture, "blog");
    assert_int_equal(batch_begin(store->fixture.db, &batch), 0);
    for (unsigned i = 0; i < N_DAYS; i++)
        append(&batch, store->site, FIRST_DAY + (int32_t)i, i + 1);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(db_begin_read(store->fixture.db, &store->txn), 0);
}

static void close_store(struct store *store)
{
    db_abort(store->txn);
    store_fixture_deinit(&store->fixture);
}

static void ask(struct store *store, struct days *days, int day)
{
    struct cells cells;

    assert_int_equal(
        days_cells(days, store->txn, store->site, FIRST_DAY + day, DIMENSION_TOTAL, INT64_MIN, INT64_MAX, &cells), 0);
    assert_int_equal(cells.n_cells, 1);
    assert_int_equal(cells.cells[0].pageviews, day + 1);
    cells_deinit(&cells);
}

static void test_bounds(void **state)
{
    static const struct {
        const char *name;
        struct days_bounds bounds;
        const char *asked; /* days by number, in this order */
        struct days_bounds warm;
    } rows[] = {
        {"nothing was asked", {4, 100, 0}, "", {0, 0, 0}},
        {"one day", {4, 100, 0}, "2", {1, 3, 0}},
        {"one day twice", {4, 100, 0}, "22", {1, 3, 0}},
        {"as many days as there is room for", {4, 100, 0}, "0123", {4, 10, 0}},
        {"one more takes the place of the one that was asked longest ago", {4, 100, 0}, "01235", {4, 2 + 3 + 4 + 6, 0}},
        {"which another question makes another one", {4, 100, 0}, "012305", {4, 1 + 3 + 4 + 6, 0}},
        {"room for one", {1, 100, 0}, "0123", {1, 4, 0}},
        {"as many events as there is room for", {4, 10, 0}, "0123", {4, 10, 0}},
        {"one more event drops a day", {4, 9, 0}, "0123", {3, 2 + 3 + 4, 0}},
        {"or several", {4, 9, 0}, "01235", {1, 6, 0}},
        {"a day that is too large is not kept", {4, 5, 0}, "5", {0, 0, 0}},
        {"nor are the others then", {4, 5, 0}, "0015", {0, 0, 0}},
    };
    struct store store;
    (void)state;

    open_store(&store);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct days *days = NULL;

        assert_int_equal(days_new(rows[i].bounds, &days), 0);
        for (const char *day = rows[i].asked; *day; day++)
            ask(&store, days, *day - '0');
        struct days_bounds warm = days_warm(days);
        check_equal(rows[i].name, warm.n_days, rows[i].warm.n_days);
        check_equal(rows[i].name, warm.n_events, rows[i].warm.n_events);
        days_free(days);
    }
    close_store(&store);
}

/* A warm build is grown by what came since, not made anew. */
static void test_growth(void **state)
{
    struct store store;
    struct days *days = NULL;
    struct batch batch;
    struct cells cells;
    (void)state;

    open_store(&store);
    assert_int_equal(days_new(DAYS_BOUNDS, &days), 0);
    ask(&store, days, 0);
    db_abort(store.txn);
    assert_int_equal(batch_begin(store.fixture.db, &batch), 0);
    append(&batch, store.site, FIRST_DAY, 5);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(db_begin_read(store.fixture.db, &store.txn), 0);
    assert_int_equal(days_cells(days, store.txn, store.site, FIRST_DAY, DIMENSION_TOTAL, INT64_MIN, INT64_MAX, &cells),
                     0);
    assert_int_equal(cells.cells[0].pageviews, 6);
    cells_deinit(&cells);
    assert_int_equal(days_warm(days).n_days, 1);
    assert_int_equal(days_warm(days).n_events, 6);
    days_free(days);
    close_store(&store);
}

/* The service's own bound on days, with as many days of one event each. */
static void test_bounds_of_the_service(void **state)
{
    struct store_fixture fixture;
    struct days *days = NULL;
    struct db_txn *txn = NULL;
    struct batch batch;
    (void)state;

    store_fixture_init(&fixture, store_fixture_yaml);
    const struct site *site = store_fixture_site(&fixture, "blog");
    assert_int_equal(batch_begin(fixture.db, &batch), 0);
    for (int32_t i = 0; i <= LIVE_DAYS_MAX; i++)
        append(&batch, site, FIRST_DAY + i, 1);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(db_begin_read(fixture.db, &txn), 0);
    assert_int_equal(days_new(DAYS_BOUNDS, &days), 0);
    for (int32_t i = 0; i <= LIVE_DAYS_MAX; i++) {
        struct cells cells;

        assert_int_equal(days_cells(days, txn, site, FIRST_DAY + i, DIMENSION_TOTAL, INT64_MIN, INT64_MAX, &cells), 0);
        assert_int_equal(days_warm(days).n_days, i < LIVE_DAYS_MAX ? i + 1 : LIVE_DAYS_MAX);
        cells_deinit(&cells);
    }
    days_free(days);
    db_abort(txn);
    store_fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_bounds_of_the_service),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
