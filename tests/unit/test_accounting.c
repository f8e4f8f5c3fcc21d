/*
 * The books: they balance, rows of older versions are read, and a row that does
 * not balance is no row.
 */
#include "check.h"
#include "crumb/store/accounting.h"
#include "crumb/store/checksum.h"
#include "store_fixture.h"
#include <errno.h>

static void test_hours(void **state)
{
    static const struct {
        int64_t at_ms;
        uint32_t hour;
    } rows[] = {{0, 0},  {3599999, 0},  {3600000, 1}, {7200000, 2}, {STORE_FIXTURE_NOW_MS, 492345},
                {-1, 0}, {INT64_MIN, 0}};

    for (size_t i = 0; i < N_ROWS(rows); i++)
        assert_int_equal(accounting_hour(rows[i].at_ms), rows[i].hour);
}

static void test_counting_balances(void **state)
{
    struct books books = {0}, sum = {0};

    assert_true(accounting_balanced(&books));
    for (unsigned reason = 0; reason < REASON_N; reason++)
        for (unsigned n = 0; n <= reason; n++) {
            accounting_count(&books, reason);
            assert_true(accounting_balanced(&books));
        }
    assert_int_equal(books.stored, 1);
    assert_int_equal(books.dropped[REASON_NONE], 0);
    assert_int_equal(books.dropped[REASON_TOO_LARGE], REASON_TOO_LARGE + 1);
    assert_int_equal(books.received, REASON_N * (REASON_N + 1) / 2);
    accounting_sum(&sum, &books);
    accounting_sum(&sum, &books);
    assert_true(accounting_balanced(&sum));
    assert_int_equal(sum.received, 2 * books.received);
    assert_int_equal(sum.dropped[REASON_GPC], 2 * books.dropped[REASON_GPC]);
}

static void test_unbalanced(void **state)
{
    assert_false(accounting_balanced(&(struct books){.received = 1}));
    assert_false(accounting_balanced(&(struct books){.stored = 1}));
    assert_false(accounting_balanced(&(struct books){.dropped = {[REASON_GPC] = 1}}));
    assert_false(accounting_balanced(&(struct books){.received = 1, .dropped = {[REASON_NONE] = 1}}));
    assert_true(accounting_balanced(&(struct books){.received = 2, .stored = 1, .dropped = {[REASON_GPC] = 1}}));
}

struct walk {
    unsigned n, stop_at;
    uint32_t sites[8], hours[8];
    struct books books[8];
};

static int visit(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    struct walk *walk = context;

    walk->sites[walk->n] = site;
    walk->hours[walk->n] = hour;
    walk->books[walk->n++] = *books;
    return walk->n == walk->stop_at ? 42 : 0;
}

static void test_rows_add_up(void **state)
{
    struct store_fixture *fixture = *state;
    struct books stored = {.received = 1, .stored = 1};
    struct books dropped = {.received = 300, .dropped = {[REASON_NO_CONSENT] = 200, [REASON_TOO_LARGE] = 100}};
    struct walk walk = {.n = 0};
    uint32_t site, hour;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(accounting_add(txn, 2, 5, &stored), 0);
    assert_int_equal(accounting_add(txn, 1, 300, &stored), 0);
    assert_int_equal(accounting_add(txn, 1, 300, &dropped), 0);
    assert_int_equal(accounting_add(txn, 1, 299, &dropped), 0);
    assert_int_equal(accounting_add(txn, ACCOUNTING_NO_SITE, UINT32_MAX, &stored), 0);
    assert_int_equal(accounting_each(txn, visit, &walk, &site, &hour), 0);
    assert_int_equal(walk.n, 4);
    assert_memory_equal(walk.sites, ((uint32_t[]){0, 1, 1, 2}), 4 * sizeof(uint32_t));
    assert_memory_equal(walk.hours, ((uint32_t[]){UINT32_MAX, 299, 300, 5}), 4 * sizeof(uint32_t));
    assert_int_equal(walk.books[2].received, 301);
    assert_int_equal(walk.books[2].stored, 1);
    assert_int_equal(walk.books[2].dropped[REASON_NO_CONSENT], 200);
    assert_int_equal(walk.books[2].dropped[REASON_TOO_LARGE], 100);
    walk = (struct walk){.stop_at = 2};
    assert_int_equal(accounting_each(txn, visit, &walk, &site, &hour), 42);
    assert_int_equal(walk.n, 2);
}

/* Writes a row as some version of crumb might have: @n_reasons counters, the last of them @count. */
static void put_row(struct db_txn *txn, unsigned version, unsigned n_reasons, uint64_t received, uint64_t stored,
                    uint64_t count)
{
    struct key key = key_hour(3, 77);
    BUFFER_AUTO buffer = BUFFER_INIT(1000);

    buffer_put_u8(&buffer, (uint8_t)version);
    buffer_put_u8(&buffer, (uint8_t)n_reasons);
    buffer_put_varint(&buffer, received);
    buffer_put_varint(&buffer, stored);
    for (unsigned i = 0; i < n_reasons; i++)
        buffer_put_varint(&buffer, i + 1 == n_reasons ? count : 0);
    checksum_put(&buffer, key_text(&key));
    assert_int_equal(db_put(txn, DB_ACCOUNTING, key_text(&key), buffer_text(&buffer)), 0);
}

static void test_rows_of_other_versions(void **state)
{
    static const struct {
        const char *name;
        unsigned version, n_reasons;
        uint64_t received, stored, count;
        int r;
    } rows[] = {
        {"as now", 1, REASON_N, 5, 3, 2, 0},
        {"before the last reason was added", 1, REASON_N - 1, 5, 3, 2, 0},
        {"with two reasons", 1, 2, 5, 3, 2, 0},
        {"with none", 1, 0, 3, 3, 0, 0},
        {"with a reason that only a newer version knows", 1, REASON_N + 1, 5, 3, 2, -EBADMSG},
        {"of a newer form", 2, REASON_N, 5, 3, 2, -EBADMSG},
        {"more received than told", 1, REASON_N, 6, 3, 2, -EBADMSG},
        {"less received than told", 1, REASON_N, 4, 3, 2, -EBADMSG},
        {"dropped for no reason", 1, 1, 5, 3, 2, -EBADMSG},
    };
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct walk walk = {.n = 0};
        uint32_t site = 0, hour = 0;
        DB_TXN_AUTO *txn = NULL;

        assert_int_equal(db_begin_write(fixture->db, &txn), 0);
        put_row(txn, rows[i].version, rows[i].n_reasons, rows[i].received, rows[i].stored, rows[i].count);
        check_equal(rows[i].name, accounting_each(txn, visit, &walk, &site, &hour), rows[i].r);
        check_equal(rows[i].name, walk.n, rows[i].r == 0);
        check_equal(rows[i].name, site, rows[i].r ? 3 : 0); /* a damaged row is named */
        check_equal(rows[i].name, hour, rows[i].r ? 77 : 0);
        /* What was counted before goes on; what is damaged is not added to. */
        struct books more = {.received = 1, .dropped = {[REASON_N - 1] = 1}};
        check_equal(rows[i].name, accounting_add(txn, 3, 77, &more), rows[i].r);
        if (rows[i].r == 0) {
            walk.n = 0;
            check_equal(rows[i].name, accounting_each(txn, visit, &walk, &site, &hour), 0);
            check_equal(rows[i].name, walk.books[0].received, rows[i].received + 1);
        }
    }
}

static void test_damage(void **state)
{
    struct store_fixture *fixture = *state;
    struct key key = key_hour(1, 2);
    struct books books = {.received = 1, .stored = 1};
    struct text value;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(accounting_add(txn, 1, 2, &books), 0);
    assert_int_equal(db_get(txn, DB_ACCOUNTING, key_text(&key), &value), 0);
    size_t size = value.size;
    for (size_t i = 0; i < size; i++) {
        store_fixture_damage(txn, DB_ACCOUNTING, key_text(&key), i);
        assert_int_equal(accounting_add(txn, 1, 2, &books), -EBADMSG);
        store_fixture_damage(txn, DB_ACCOUNTING, key_text(&key), i);
    }
    assert_int_equal(accounting_add(txn, 1, 2, &books), 0);

    /* A key that is none. */
    struct walk walk = {.n = 0};
    uint32_t site = 9, hour = 9;
    assert_int_equal(db_put(txn, DB_ACCOUNTING, TEXT("zz"), TEXT("")), 0);
    assert_int_equal(accounting_each(txn, visit, &walk, &site, &hour), -EBADMSG);
    assert_int_equal(walk.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hours),
        cmocka_unit_test(test_counting_balances),
        cmocka_unit_test(test_unbalanced),
        STORE_FIXTURE_TEST(test_rows_add_up),
        STORE_FIXTURE_TEST(test_rows_of_other_versions),
        STORE_FIXTURE_TEST(test_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
