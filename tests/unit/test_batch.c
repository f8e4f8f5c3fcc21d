/*
 * Batches: the sequence never repeats, an abort leaves nothing, and the books
 * and the marks on days are written once, however often they were added to.
 */
#include "check.h"
#include "crumb/store/journal.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdlib.h>

static uint64_t next_sequence(struct db *db)
{
    DB_TXN_AUTO *txn = NULL;
    uint64_t sequence = 0;

    assert_int_equal(db_begin_read(db, &txn), 0);
    assert_int_equal(batch_next_sequence(txn, &sequence), 0);
    return sequence;
}

static void test_sequence_never_repeats(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t last = 0;

    assert_int_equal(next_sequence(fixture->db), 1);
    for (unsigned round = 0; round < 10; round++) {
        struct batch batch;

        assert_int_equal(batch_begin(fixture->db, &batch), 0);
        for (unsigned i = 0; i < round; i++) {
            uint64_t sequence = batch_take_sequence(&batch);

            assert_int_equal(sequence, last + 1);
            last = sequence;
        }
        assert_int_equal(batch_commit(&batch), 0);
        assert_int_equal(next_sequence(fixture->db), last + 1);
        if (round % 3 == 0)
            store_fixture_reopen(fixture);
    }
}

static int no_books(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    fail_msg("there are books of site %u, hour %u", site, hour);
    return 0;
}

static void test_abort_leaves_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    struct books one = {.received = 1, .stored = 1};
    struct batch batch;
    struct day_state day;
    uint32_t site, hour;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_int_equal(batch_take_sequence(&batch), 1);
    assert_int_equal(batch_take_sequence(&batch), 2);
    assert_int_equal(batch_count(&batch, 1, 5, &one), 0);
    assert_int_equal(batch_mark_day(&batch, 1, 20000, 2), 0);
    assert_int_equal(db_put(batch.txn, DB_META, TEXT("mine"), TEXT("x")), 0);
    batch_abort(&batch);

    assert_int_equal(next_sequence(fixture->db), 1);
    struct text value;
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    assert_int_equal(accounting_each(txn, no_books, NULL, &site, &hour), 0);
    assert_int_equal(day_get(txn, 1, 20000, &day), DB_E_NOT_FOUND);
    assert_int_equal(db_get(txn, DB_META, TEXT("mine"), &value), DB_E_NOT_FOUND);
}

struct rows {
    unsigned n;
    uint64_t received;
};

static int add_row(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    struct rows *rows = context;

    rows->n++;
    rows->received += books->received;
    assert_int_equal(books->received, 300); /* each site and hour got as many */
    return 0;
}

/* How often the store was written to. */
static int count_puts(void *context, enum db_step step)
{
    *(unsigned *)context += step == DB_STEP_PUT;
    return 0;
}

static void test_gathered_is_written_once(void **state)
{
    char folder[STORE_FIXTURE_PATH_BYTES];
    unsigned n_puts = 0;
    struct db *db = NULL;
    struct batch batch;

    store_fixture_folder(folder);
    assert_int_equal(db_open(&(struct db_options){.folder = folder,
                                                  .mode = DB_SERVE,
                                                  .size_bytes_max = 16 << 20,
                                                  .fault = count_puts,
                                                  .fault_context = &n_puts},
                             &db),
                     0);
    assert_int_equal(batch_begin(db, &batch), 0);
    for (unsigned i = 0; i < 300; i++) {
        struct books one = {.received = 0};

        accounting_count(&one, 1 + i % (REASON_N - 1));
        for (uint32_t site = 1; site <= 3; site++)
            for (uint32_t hour = 10; hour < 17; hour++)
                assert_int_equal(batch_count(&batch, site, hour, &one), 0);
        for (int32_t day = 0; day < 11; day++)
            assert_int_equal(batch_mark_day(&batch, 1, day, 1000 + i), 0);
    }
    assert_int_equal(n_puts, 0); /* all of it waits for the commit */
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(n_puts, 1 + 3 * 7 + 11);

    struct rows rows = {.n = 0};
    uint32_t site, hour;
    DB_TXN_AUTO *txn = NULL;
    assert_int_equal(db_begin_read(db, &txn), 0);
    assert_int_equal(accounting_each(txn, add_row, &rows, &site, &hour), 0);
    assert_int_equal(rows.n, 3 * 7);
    for (int32_t day = 0; day < 11; day++) {
        struct day_state found;

        assert_int_equal(day_get(txn, 1, day, &found), 0);
        assert_int_equal(found.events, 300);
        assert_int_equal(found.last, 1299);
    }
    txn = db_abort(txn);

    /* Another batch adds to what is there, and leaves the seal as it is. */
    assert_int_equal(batch_begin(db, &batch), 0);
    assert_int_equal(day_put(batch.txn, 1, 3, &(struct day_state){.events = 300, .last = 1299, .sealed = 1299}), 0);
    assert_int_equal(batch_mark_day(&batch, 1, 3, 2000), 0);
    assert_int_equal(batch_commit(&batch), 0);
    struct day_state found;
    assert_int_equal(db_begin_read(db, &txn), 0);
    assert_int_equal(day_get(txn, 1, 3, &found), 0);
    assert_int_equal(found.events, 301);
    assert_int_equal(found.last, 2000);
    assert_int_equal(found.sealed, 1299);
    txn = db_abort(txn);
    db_close(db);
    store_fixture_remove(folder);
}

/* A damaged row that the commit must add to: nothing of the batch is kept. */
static void test_commit_that_fails(void **state)
{
    static const struct {
        const char *name;
        enum db_table table;
        bool is_day;
    } rows[] = {{"books", DB_ACCOUNTING, false}, {"day", DB_DAYS, true}};
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct key key = rows[i].is_day ? key_day(1, 20000) : key_hour(1, 5);
        struct books one = {.received = 1, .stored = 1};
        struct batch batch;
        struct text value;
        DB_TXN_AUTO *txn = NULL;

        assert_int_equal(db_begin_write(fixture->db, &txn), 0);
        assert_int_equal(db_put(txn, rows[i].table, key_text(&key), TEXT("damaged")), 0);
        assert_int_equal(db_commit(txn), 0);
        txn = NULL;
        uint64_t before = next_sequence(fixture->db);
        assert_int_equal(batch_begin(fixture->db, &batch), 0);
        batch_take_sequence(&batch);
        assert_int_equal(batch_count(&batch, 1, 5, &one), 0);
        assert_int_equal(batch_mark_day(&batch, 1, 20000, 1), 0);
        assert_int_equal(db_put(batch.txn, DB_META, TEXT("mine"), TEXT("x")), 0);
        check_equal(rows[i].name, batch_commit(&batch), -EBADMSG);
        check_equal(rows[i].name, next_sequence(fixture->db), before);
        assert_int_equal(db_begin_write(fixture->db, &txn), 0); /* the next one can begin */
        assert_int_equal(db_get(txn, DB_META, TEXT("mine"), &value), DB_E_NOT_FOUND);
        assert_int_equal(db_delete(txn, rows[i].table, key_text(&key)), 0);
        assert_int_equal(db_commit(txn), 0);
        txn = NULL;
    }
}

static void test_damaged_sequence(void **state)
{
    struct store_fixture *fixture = *state;
    struct batch batch;
    uint64_t sequence = 5;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    batch_take_sequence(&batch);
    assert_int_equal(batch_commit(&batch), 0);
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(db_begin_write(fixture->db, &txn), 0);
        store_fixture_damage(txn, DB_META, TEXT("sequence"), i);
        assert_int_equal(batch_next_sequence(txn, &sequence), -EBADMSG);
        assert_int_equal(sequence, 5);
        txn = db_abort(txn);
    }
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    store_fixture_put_checked(txn, DB_META, TEXT("sequence"), TEXT("seven b"));
    assert_int_equal(batch_next_sequence(txn, &sequence), -EBADMSG);
    store_fixture_put_checked(txn, DB_META, TEXT("sequence"), TEXT("nine byte"));
    assert_int_equal(batch_next_sequence(txn, &sequence), -EBADMSG);
    txn = db_abort(txn);
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    store_fixture_damage(txn, DB_META, TEXT("sequence"), 0);
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    assert_int_equal(batch_begin(fixture->db, &batch),
                     -EBADMSG); /* numbers could repeat: nothing is written any more */
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_sequence_never_repeats), STORE_FIXTURE_TEST(test_abort_leaves_nothing),
        cmocka_unit_test(test_gathered_is_written_once), STORE_FIXTURE_TEST(test_commit_that_fails),
        STORE_FIXTURE_TEST(test_damaged_sequence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
