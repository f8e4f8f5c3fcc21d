/*
 * Site-days: rows there and back, their bounds, and when a day counts as sealed.
 */
#include "check.h"
#include "crumb/base/buffer.h"
#include "crumb/store/checksum.h"
#include "crumb/store/day.h"
#include "store_fixture.h"
#include <errno.h>

static void test_is_sealed(void **state)
{
    static const struct {
        const char *name;
        struct day_state state;
        bool sealed, has_segment, keeps_segment;
    } rows[] = {
        {"never", {.events = 3, .last = 9, .sealed = 0}, false, false, false},
        {"at its last event", {.events = 3, .last = 9, .sealed = 9}, true, true, true},
        {"dirty: an event came late", {.events = 4, .last = 12, .sealed = 9}, false, false, false},
        {"dirty: changed", {.events = 4, .last = 9, .sealed = 9, .changes = 2, .built = 1}, false, true, true},
        {"built again", {.events = 4, .last = 9, .sealed = 9, .changes = 2, .built = 2}, true, true, true},
        {"rewritten",
         {.events = 4, .last = 9, .sealed = 9, .changes = 2, .built = 1, .rewritten = true},
         false,
         true,
         false},
        {"open and changed", {.events = 4, .last = 9, .changes = 1}, false, false, false},
        {"expired", {.removed = 4, .last = 9, .sealed = 9, .expired = true}, true, true, false},
        {"empty", {.events = 0, .last = 0, .sealed = 0}, false, false, false},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        check_equal(rows[i].name, day_is_sealed(&rows[i].state), rows[i].sealed);
        check_equal(rows[i].name, day_has_segment(&rows[i].state), rows[i].has_segment);
        check_equal(rows[i].name, day_keeps_segment(&rows[i].state), rows[i].keeps_segment);
    }
}

struct walk {
    unsigned n, stop_at;
    uint32_t sites[8];
    int32_t days[8];
    struct day_state last;
};

static int visit(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct walk *walk = context;

    walk->sites[walk->n] = site;
    walk->days[walk->n++] = day;
    walk->last = *state;
    return walk->n == walk->stop_at ? 42 : 0;
}

static void test_rows(void **state)
{
    static const struct {
        uint32_t site;
        int32_t day;
    } puts[] = {{2, 100}, {1, 7}, {1, 300}, {1, 255}, {256, 1}, {2, 99}};
    struct store_fixture *fixture = *state;
    struct day_state found;
    struct walk walk = {.n = 0};
    int32_t first = -5, last = -5;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(day_get(txn, 1, 7, &found), DB_E_NOT_FOUND);
    assert_int_equal(day_bounds(txn, 1, &first, &last), DB_E_NOT_FOUND);
    assert_int_equal(day_each(txn, visit, &walk), 0);
    assert_int_equal(walk.n, 0);
    for (size_t i = 0; i < N_ROWS(puts); i++) {
        struct day_state put = {.events = i,
                                .removed = 7 * i,
                                .last = UINT64_MAX - i,
                                .sealed = i,
                                .changes = UINT32_MAX - (uint32_t)i,
                                .built = (uint32_t)i,
                                .rewritten = i & 1,
                                .expired = i & 2};
        assert_int_equal(day_put(txn, puts[i].site, puts[i].day, &put), 0);
    }
    assert_int_equal(day_get(txn, 1, 300, &found), 0);
    assert_int_equal(found.events, 2);
    assert_true(found.last == UINT64_MAX - 2);
    assert_int_equal(found.sealed, 2);
    assert_int_equal(found.removed, 14);
    assert_int_equal(found.changes, UINT32_MAX - 2);
    assert_int_equal(found.built, 2);
    assert_false(found.rewritten);
    assert_true(found.expired);

    assert_int_equal(day_each(txn, visit, &walk), 0);
    assert_int_equal(walk.n, 6);
    assert_memory_equal(walk.sites, ((uint32_t[]){1, 1, 1, 2, 2, 256}), 6 * sizeof(uint32_t));
    assert_memory_equal(walk.days, ((int32_t[]){7, 255, 300, 99, 100, 1}), 6 * sizeof(int32_t));
    walk = (struct walk){.stop_at = 4};
    assert_int_equal(day_each(txn, visit, &walk), 42);
    assert_int_equal(walk.n, 4);

    static const struct {
        uint32_t site;
        int r;
        int32_t first, last;
    } bounds[] = {{0, DB_E_NOT_FOUND, -5, -5}, {1, 0, 7, 300}, {2, 0, 99, 100},
                  {3, DB_E_NOT_FOUND, -5, -5}, {256, 0, 1, 1}, {257, DB_E_NOT_FOUND, -5, -5}};
    for (size_t i = 0; i < N_ROWS(bounds); i++) {
        first = last = -5;
        assert_int_equal(day_bounds(txn, bounds[i].site, &first, &last), bounds[i].r);
        assert_int_equal(first, bounds[i].first);
        assert_int_equal(last, bounds[i].last);
    }
}

static void test_damage(void **state)
{
    struct store_fixture *fixture = *state;
    struct key key = key_day(1, 7);
    struct day_state put = {.events = 1, .last = 2, .sealed = 2}, found;
    struct walk walk = {.n = 0};
    struct text value;
    int32_t first, last;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(day_put(txn, 1, 7, &put), 0);
    assert_int_equal(db_get(txn, DB_DAYS, key_text(&key), &value), 0);
    size_t size = value.size;
    for (size_t i = 0; i < size; i++) {
        store_fixture_damage(txn, DB_DAYS, key_text(&key), i);
        assert_int_equal(day_get(txn, 1, 7, &found), -EBADMSG);
        assert_int_equal(day_each(txn, visit, &walk), -EBADMSG);
        store_fixture_damage(txn, DB_DAYS, key_text(&key), i);
    }
    assert_int_equal(day_get(txn, 1, 7, &found), 0);

    /* Sealed further than there are events. */
    put.sealed = 3;
    assert_int_equal(day_put(txn, 1, 7, &put), 0);
    assert_int_equal(day_get(txn, 1, 7, &found), -EBADMSG);

    /* Built of changes that have not come. */
    put = (struct day_state){.events = 1, .last = 2, .sealed = 2, .changes = 1, .built = 2};
    assert_int_equal(day_put(txn, 1, 7, &put), 0);
    assert_int_equal(day_get(txn, 1, 7, &found), -EBADMSG);

    /* A key that is none. */
    assert_int_equal(db_put(txn, DB_DAYS, (struct text){"\0\0\0\1\0\0", 6}, TEXT("")), 0);
    assert_int_equal(day_each(txn, visit, &walk), -EBADMSG);
    assert_int_equal(walk.n, 0);
    assert_int_equal(day_bounds(txn, 1, &first, &last), 0);
    assert_int_equal(day_bounds(txn, 0, &first, &last), -EBADMSG);
    assert_int_equal(db_put(txn, DB_DAYS, (struct text){"\0\0\0\1\1\1\1\1\1", 9}, TEXT("")), 0);
    assert_int_equal(day_bounds(txn, 1, &first, &last), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_sealed),
        STORE_FIXTURE_TEST(test_rows),
        STORE_FIXTURE_TEST(test_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
