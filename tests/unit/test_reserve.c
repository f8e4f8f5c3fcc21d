/*
 * The reserve: a store that is full still takes withdrawals, and nothing else.
 */
#include "check.h"
#include "crumb/consent/choice.h"
#include "crumb/ingest/expire.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW STORE_FIXTURE_NOW_MS
#define DAY (24LL * 3600 * 1000)
#define N_VISITORS 100

enum { A = 1, J = 2, ALL = 15 };

/* A store as small as holds the notices of two sites and some visitors. */
#define SMALL_BYTES (2 * DB_SIZE_BYTES_MIN)

struct small {
    char folder[STORE_FIXTURE_PATH_BYTES];
    struct db *db;
    struct edition *edition;
    const struct site *shop;
    struct random_seeded random;
    struct writer *writer;
    unsigned n_filled;
};

static void open_small(struct small *small)
{
    struct db_options options = {.folder = small->folder, .mode = DB_SERVE, .size_bytes_max = SMALL_BYTES};

    assert_int_equal(db_open(&options, &small->db), 0);
    assert_int_equal(edition_store_alone(small->edition, small->db), 0);
    assert_int_equal(writer_new(small->db, &small->writer), 0);
}

static void close_small(struct small *small)
{
    writer_free(small->writer);
    db_close(small->db);
}

static int setup(void **state)
{
    struct small *small = calloc(1, sizeof *small);

    store_fixture_folder(small->folder);
    small->edition = store_fixture_edition(store_fixture_yaml);
    small->shop = config_site(small->edition->config, TEXT("shop"));
    small->random = random_seeded(7);
    open_small(small);
    *state = small;
    return 0;
}

static int teardown(void **state)
{
    struct small *small = *state;

    close_small(small);
    edition_unref(small->edition);
    store_fixture_remove(small->folder);
    free(small);
    return 0;
}

/* ---- transactions ---- */

static int put(struct small *small, const char *name, size_t size, bool reserve)
{
    static const char bytes[8000];
    DB_TXN_AUTO *txn = NULL;

    assert_true(size <= sizeof bytes);
    assert_int_equal(db_begin_write(small->db, &txn), 0);
    if (reserve)
        db_use_reserve(txn);
    int r = db_put(txn, DB_ROLLUPS, text_of(name), (struct text){bytes, size});
    if (r)
        return r;
    struct db_txn *done = txn;
    txn = NULL;
    return db_commit(done);
}

/* Puts values of @size until one does not fit; returns how many did. */
static unsigned fill(struct small *small, size_t size, bool reserve)
{
    unsigned n = 0;
    int r = 0;

    while (r == 0) {
        char name[32];

        snprintf(name, sizeof name, "row %06u", small->n_filled);
        r = put(small, name, size, reserve);
        if (r == 0) {
            n++;
            small->n_filled++;
        }
    }
    assert_int_equal(r, -ENOSPC);
    return n;
}

static int take_away(struct small *small, unsigned first, unsigned n)
{
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(small->db, &txn), 0);
    db_use_reserve(txn);
    for (unsigned i = first; i < first + n; i++) {
        char name[32];

        snprintf(name, sizeof name, "row %06u", i);
        assert_int_equal(db_delete(txn, DB_ROLLUPS, text_of(name)), 0);
    }
    struct db_txn *done = txn;
    txn = NULL;
    return db_commit(done);
}

/* Whatever the store is filled with, the reserve is left: large rows, small ones, one big transaction. */
static void test_reserve_is_left(void **state)
{
    static const size_t sizes[] = {7000, 3000, 1000, 100};

    for (size_t i = 0; i < N_ROWS(sizes); i++) {
        void *each;

        setup(&each);
        struct small *small = each;
        unsigned n = fill(small, sizes[i], false);
        assert_true(n * sizes[i] > SMALL_BYTES / 4);
        fill(small, 10, false); /* and what is small enough for the last gap */
        unsigned n_more = fill(small, sizes[i], true);
        if (n_more * sizes[i] < DB_RESERVE_BYTES_MIN / 3)
            fail_msg("of rows of %zu bytes only %u fit into the reserve", sizes[i], n_more);
        teardown(&each);
    }
}

static void test_one_big_transaction(void **state)
{
    struct small *small = *state;
    static const char bytes[3000];
    unsigned n_most = 0;

    /* As many rows as a transaction may have; one more and nothing of it is there. */
    for (unsigned n = 100; n < 500; n += 5) {
        DB_TXN_AUTO *txn = NULL;
        int r = 0;

        assert_int_equal(db_begin_write(small->db, &txn), 0);
        for (unsigned i = 0; r == 0 && i < n; i++) {
            char name[32];

            snprintf(name, sizeof name, "row %06u", i);
            r = db_put(txn, DB_ROLLUPS, text_of(name), (struct text){bytes, sizeof bytes});
        }
        if (r == 0) {
            struct db_txn *done = txn;
            txn = NULL;
            r = db_commit(done);
        }
        if (r)
            break;
        n_most = n;
        txn = NULL;
        assert_int_equal(take_away(small, 0, n), 0);
        for (unsigned i = 0; i < 3; i++) /* pages that were freed are free to the transaction after next */
            assert_int_equal(put(small, "tick", i + 1, true), 0);
    }
    assert_true(n_most >= 100 && n_most < 400);
}

/* Room that was made is there again, though the file does not shrink, and its pages lie anywhere. */
static void test_room_again(void **state)
{
    struct small *small = *state;
    unsigned n = fill(small, 1000, false);

    for (unsigned i = 0; i + 8 < n; i += 16) /* in pieces: not many pages beside each other */
        assert_int_equal(take_away(small, i, 8), 0);
    assert_int_equal(put(small, "tick", 1, true), 0);
    assert_int_equal(put(small, "room", 10, false), 0);
    unsigned n_again = fill(small, 1000, false);
    assert_true(n_again > n / 4);
}

static void test_reopened(void **state)
{
    struct small *small = *state;

    fill(small, 1000, false);
    fill(small, 10, false);
    close_small(small);
    open_small(small);                               /* nothing new is to be stored, so a full store opens */
    assert_in_range(fill(small, 1000, false), 0, 8); /* pages that were freed last are free by now */
    assert_int_equal(put(small, "another", 10, true), 0);
}

/* A reader holds the pages that are freed meanwhile; what it costs is not taken from the reserve. */
static void test_reader(void **state)
{
    struct small *small = *state;
    DB_TXN_AUTO *reader = NULL;

    fill(small, 1000, false);
    fill(small, 10, false);
    assert_int_equal(db_begin_read(small->db, &reader), 0);
    assert_in_range(fill(small, 1000, false), 0, 8);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(put(small, "another", 10 + i, true), 0);
}

/* ---- the writer ---- */

struct choosing {
    struct write_op super;
    struct small *small;
    struct choice choice;
    struct choice_context context;
    struct choice_result result;
    int outcome;
};

static int choosing_apply(struct write_op *op, struct batch *batch)
{
    struct choosing *choosing = (struct choosing *)op;

    return choice_record(batch, &choosing->choice, choosing->small->edition, &choosing->context, &choosing->result);
}

static void choosing_done(struct write_op *op, int result) { ((struct choosing *)op)->outcome = result; }

static void begin(struct small *small, enum choice_kind kind, uint32_t granted, const uint8_t *known,
                  struct choosing *ret_choosing)
{
    *ret_choosing =
        (struct choosing){.super = {.reserve = known != NULL, .apply = choosing_apply, .done = choosing_done},
                          .small = small,
                          .choice = {.site = small->shop,
                                     .notice = edition_notice(small->edition, small->shop, TEXT("en")),
                                     .kind = kind,
                                     .surface = SURFACE_PAGE,
                                     .granted = granted},
                          .context = {.at_ms = NOW, .known = known != NULL},
                          .outcome = 99};
    if (known)
        memcpy(ret_choosing->context.visitor, known, VISITOR_BYTES);
    random_fill(&small->random.super, ret_choosing->context.fresh, VISITOR_BYTES);
    random_fill(&small->random.super, ret_choosing->context.record_id, RECORD_ID_BYTES);
    assert_int_equal(writer_submit(small->writer, &ret_choosing->super), 0);
}

static int choose(struct small *small, enum choice_kind kind, uint32_t granted, const uint8_t *known)
{
    struct choosing choosing;

    begin(small, kind, granted, known, &choosing);
    writer_drain(small->writer);
    return choosing.outcome;
}

static void make_visitors(struct small *small, uint8_t ret_ids[N_VISITORS][VISITOR_BYTES])
{
    for (unsigned i = 0; i < N_VISITORS; i++) {
        struct choosing choosing;

        begin(small, CHOICE_CUSTOM, A | J, NULL, &choosing);
        writer_drain(small->writer);
        assert_int_equal(choosing.outcome, 0);
        memcpy(ret_ids[i], choosing.result.visitor, VISITOR_BYTES);
    }
}

/* Until even a record does not fit. */
static void fill_up(struct small *small)
{
    fill(small, 3000, false);
    fill(small, 10, false);
    assert_int_equal(choose(small, CHOICE_DENY, 0, NULL), -ENOSPC);
}

static uint64_t n_rows(struct small *small, enum db_table table)
{
    DB_TXN_AUTO *txn = NULL;
    struct chain_break where;
    uint64_t n;

    assert_int_equal(db_begin_read(small->db, &txn), 0);
    assert_int_equal(db_entries(txn, table, &n), 0);
    assert_int_equal(ledger_verify(txn, NULL, NULL, &where), 0);
    return n;
}

static void test_what_is_taken(void **state)
{
    static const struct {
        const char *name;
        enum choice_kind kind;
        uint32_t granted;
        bool known, taken;
    } rows[] = {
        {"a withdrawal", CHOICE_WITHDRAW, 0, true, true},
        {"a refusal", CHOICE_DENY, 0, true, true},
        {"a child", CHOICE_MINOR, 0, true, true},
        {"less than before", CHOICE_CUSTOM, A, true, true},
        {"less than before, renewed", CHOICE_RENEW, J, true, true},
        {"as much as before", CHOICE_RENEW, A | J, true, false},
        {"more than before", CHOICE_GRANT, ALL, true, false},
        {"something else than before", CHOICE_CUSTOM, 4, true, false},
        {"a closed dialog", CHOICE_DISMISS, 0, true, false},
        {"a grant by a stranger", CHOICE_GRANT, ALL, false, false},
        {"a refusal by a stranger, who could fill it", CHOICE_DENY, 0, false, false},
    };
    struct small *small = *state;
    uint8_t ids[N_VISITORS][VISITOR_BYTES];

    make_visitors(small, ids);
    fill_up(small);
    uint64_t n_records = n_rows(small, DB_LEDGER);
    for (unsigned i = 0; i < N_ROWS(rows); i++) {
        check_equal(rows[i].name, choose(small, rows[i].kind, rows[i].granted, rows[i].known ? ids[i] : NULL),
                    rows[i].taken ? 0 : -ENOSPC);
        n_records += rows[i].taken;
        check_equal(rows[i].name, n_rows(small, DB_LEDGER), n_records);
        check(rows[i].name, !writer_ready(small->writer)); /* the store is full all the same */
    }
    /* Once: an id that is withdrawn takes nothing away. */
    assert_int_equal(choose(small, CHOICE_WITHDRAW, 0, ids[0]), -ENOSPC);
}

/* Everybody can go, beside others in the same batch who cannot come. */
static void test_all_withdraw(void **state)
{
    struct small *small = *state;
    uint8_t ids[N_VISITORS][VISITOR_BYTES];
    static struct choosing going[N_VISITORS], coming[N_VISITORS];

    make_visitors(small, ids);
    fill_up(small);
    for (unsigned i = 0; i < N_VISITORS; i++) {
        begin(small, CHOICE_GRANT, ALL, NULL, &coming[i]);
        begin(small, CHOICE_WITHDRAW, 0, ids[i], &going[i]);
    }
    writer_drain(small->writer);
    for (unsigned i = 0; i < N_VISITORS; i++) {
        assert_int_equal(coming[i].outcome, -ENOSPC);
        assert_int_equal(going[i].outcome, 0);
    }
    assert_int_equal(n_rows(small, DB_VISITORS), 0);
    assert_int_equal(n_rows(small, DB_LEDGER), 2 * N_VISITORS);
}

static int submit(void *context, struct write_op *op)
{
    struct small *small = context;
    int r = writer_submit(small->writer, op);

    writer_drain(small->writer);
    return r;
}

/* Expiry makes room, so it may go on. */
static void test_expiry(void **state)
{
    struct small *small = *state;
    uint8_t ids[N_VISITORS][VISITOR_BYTES];
    struct expire expire = {.resting_ms = 0};
    unsigned n;

    make_visitors(small, ids);
    fill_up(small);
    assert_int_equal(expire_pass(&expire, small->db, small->edition->config, NOW + 400 * DAY, submit, small, &n), 0);
    assert_int_equal(n, N_VISITORS);
    assert_int_equal(n_rows(small, DB_VISITORS), 0);
}

#define SMALL_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reserve_is_left),
        SMALL_TEST(test_one_big_transaction),
        SMALL_TEST(test_room_again),
        SMALL_TEST(test_reopened),
        SMALL_TEST(test_reader),
        SMALL_TEST(test_what_is_taken),
        SMALL_TEST(test_all_withdraw),
        SMALL_TEST(test_expiry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
