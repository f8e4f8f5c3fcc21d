/*
 * Rows of the amended table: what is written is read, what is damaged is not,
 * and one site's are no other's.
 */
#include "check.h"
#include "crumb/store/amended.h"
#include "crumb/store/key.h"
#include "store_fixture.h"
#include <errno.h>

static const struct {
    const char *name;
    struct amendment amendment;
} rows[] = {
    {"erased", {.number = 1, .erased = true}},
    {"restricted", {.number = 2, .restricted = true}},
    {"cut", {.number = 3, .cut = CLASS_BIT(CLASS_DEVICE)}},
    {"a country", {.number = 4, .has_country = true, .country = "AT"}},
    {"no country", {.number = 5, .has_country = true}},
    {"a language", {.number = 6, .has_language = true, .language = "de-AT"}},
    {"a device", {.number = 7, .has_device = true, .device = DEVICE_WATCH}},
    {"everything",
     {.number = UINT32_MAX,
      .erased = true,
      .restricted = true,
      .cut = CLASS_ALL,
      .has_country = true,
      .country = "CH",
      .has_language = true,
      .language = "abcdefghijklmnopqrstuvwxyz012345678",
      .has_device = true,
      .device = DEVICE_PHONE}},
};

static void check_row(const char *name, const struct amendment *left, const struct amendment *right)
{
    check_equal(name, left->number, right->number);
    check_equal(name, left->erased, right->erased);
    check_equal(name, left->restricted, right->restricted);
    check_equal(name, left->cut, right->cut);
    check_equal(name, left->has_country, right->has_country);
    check_equal(name, left->has_language, right->has_language);
    check_equal(name, left->has_device, right->has_device);
    assert_string_equal(left->country, right->country);
    assert_string_equal(left->language, right->language);
    check_equal(name, left->device, right->device);
}

static void put_all(struct db *db, uint32_t site)
{
    struct db_txn *txn;

    assert_int_equal(db_begin_write(db, &txn), 0);
    for (size_t i = 0; i < N_ROWS(rows); i++)
        assert_int_equal(amended_put(txn, site, &rows[i].amendment), 0);
    assert_int_equal(db_commit(txn), 0);
}

static void test_round_trip(void **state)
{
    struct store_fixture *fixture = *state;
    DB_TXN_AUTO *txn = NULL;
    struct amendment amendment;

    put_all(fixture->db, 1);
    put_all(fixture->db, 3);
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        assert_int_equal(amended_get(txn, 1, rows[i].amendment.number, &amendment), 0);
        check_row(rows[i].name, &amendment, &rows[i].amendment);
    }
    assert_int_equal(amended_get(txn, 1, 99, &amendment), 0);
    assert_true(amended_is_empty(&amendment));
    assert_int_equal(amendment.number, 99);
    for (uint32_t site = 1; site <= 3; site++) {
        AMENDMENTS_AUTO amendments = {.n = 0};

        assert_int_equal(amended_read(txn, site, &amendments), 0);
        for (size_t i = 0; i < amendments.n; i++)
            assert_ptr_equal(amended_find(&amendments, amendments.list[i].number), &amendments.list[i]);
        assert_null(amended_find(&amendments, 99));
        assert_int_equal(amendments.n, site == 2 ? 0 : N_ROWS(rows));
        for (size_t i = 0; i < amendments.n; i++)
            check_row(rows[i].name, &amendments.list[i], &rows[i].amendment);
    }
}

static void test_without_effect(void **state)
{
    struct store_fixture *fixture = *state;
    struct db_txn *txn;
    uint64_t n;

    put_all(fixture->db, 1);
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    for (size_t i = 0; i < N_ROWS(rows); i++)
        assert_int_equal(amended_put(txn, 1, &(struct amendment){.number = rows[i].amendment.number}), 0);
    assert_int_equal(db_entries(txn, DB_AMENDED, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(db_commit(txn), 0);
}

static const struct {
    const char *name;
    const char *bytes;
    size_t size;
} bad[] = {
    {"empty", "", 0},
    {"another version", "\2\1\0", 3},
    {"an unknown flag", "\1\40\0", 3},
    {"an unknown class", "\1\1\10", 3},
    {"no country", "\1\4\0", 3},
    {"a country that is none", "\1\4\0de", 5},
    {"a language that is cut short", "\1\10\0\3de", 6},
    {"a language that is too long", "\1\10\0\44abcdefghijklmnopqrstuvwxyz0123456789", 40},
    {"an unknown device", "\1\20\0\7", 4},
    {"bytes left over", "\1\1\0\0", 4},
};

static void test_damaged(void **state)
{
    struct store_fixture *fixture = *state;
    struct key key = key_number(1, 5);
    struct amendment amendment;
    AMENDMENTS_AUTO amendments = {.n = 0};

    for (size_t i = 0; i < N_ROWS(bad); i++) {
        struct db_txn *txn;

        assert_int_equal(db_begin_write(fixture->db, &txn), 0);
        store_fixture_put_checked(txn, DB_AMENDED, key_text(&key), (struct text){bad[i].bytes, bad[i].size});
        check_equal(bad[i].name, amended_get(txn, 1, 5, &amendment), -EBADMSG);
        check_equal(bad[i].name, amended_read(txn, 1, &amendments), -EBADMSG);
        db_abort(txn);
    }
}

/* A visitor's row goes: the amendment stays, and knows since when; where there is none, none is made. */
static void test_end(void **state)
{
    struct store_fixture *fixture = *state;
    struct amendment amendment = {.number = 7, .restricted = true, .has_country = true, .country = "AT"};
    DB_TXN_AUTO *txn = NULL;
    uint64_t n;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(amended_put(txn, 1, &amendment), 0);
    assert_int_equal(amended_end(txn, 1, 7, -3), 0);
    assert_int_equal(amended_end(txn, 1, 8, 20000), 0);
    assert_int_equal(db_entries(txn, DB_AMENDED, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(amended_get(txn, 1, 7, &amendment), 0);
    assert_true(amendment.has_ended && amendment.ended == -3 && amendment.restricted && amendment.has_country);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_round_trip),
        STORE_FIXTURE_TEST(test_without_effect),
        STORE_FIXTURE_TEST(test_damaged),
        STORE_FIXTURE_TEST(test_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
