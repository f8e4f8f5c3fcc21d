/*
 * Expiry: which rows go, when, and how many at a time.
 */
#include "check.h"
#include "crumb/consent/visitor.h"
#include "crumb/ingest/expire.h"
#include "crumb/store/amended.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NOW STORE_FIXTURE_NOW_MS
#define DAY (24LL * 3600 * 1000) /* the shop keeps a choice for 180 of them, a visitor for 390 */

static void make_id(unsigned n, uint8_t ret_id[VISITOR_BYTES])
{
    memset(ret_id, 0, VISITOR_BYTES);
    ret_id[0] = (uint8_t)(n >> 8);
    ret_id[1] = (uint8_t)n;
}

static void put(struct store_fixture *fixture, uint32_t site, unsigned first, unsigned n, int64_t since_ms,
                int64_t at_ms)
{
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    for (unsigned i = first; i < first + n; i++) {
        struct visitor visitor = {
            .choice = CHOICE_GRANT, .regime = REGIME_OPT_IN, .since_ms = since_ms, .at_ms = at_ms, .n_granted = 1};
        uint8_t id[VISITOR_BYTES];

        make_id(i, id);
        assert_int_equal(visitor_put(txn, site, id, &visitor), 0);
    }
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
}

static bool is_there(struct store_fixture *fixture, uint32_t site, unsigned n)
{
    DB_TXN_AUTO *txn = NULL;
    struct visitor visitor;
    uint8_t id[VISITOR_BYTES];

    make_id(n, id);
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    int r = visitor_get(txn, site, id, &visitor);
    assert_true(r == 0 || r == DB_E_NOT_FOUND);
    return r == 0;
}

/* Applies an operation as the writer does; before that, what a test wants to happen in between. */
struct submitting {
    struct store_fixture *fixture;
    void (*before)(struct store_fixture *fixture);
    unsigned n;
    int fault;
};

static int submit(void *context, struct write_op *op)
{
    struct submitting *submitting = context;
    struct batch batch;

    submitting->n++;
    if (submitting->fault)
        return submitting->fault;
    if (submitting->before)
        submitting->before(submitting->fixture);
    assert_int_equal(batch_begin(submitting->fixture->db, &batch), 0);
    assert_int_equal(op->apply(op, &batch), 0);
    assert_int_equal(batch_commit(&batch), 0);
    op->done(op, 0);
    return 0;
}

static int pass(struct store_fixture *fixture, struct expire *expire, int64_t now_ms, unsigned *ret_n)
{
    struct submitting submitting = {.fixture = fixture};

    return expire_pass(expire, fixture->db, fixture->config, now_ms, submit, &submitting, ret_n);
}

static void test_which(void **state)
{
    static const struct {
        const char *name;
        int64_t since_ago_ms, at_ago_ms;
        bool stays;
    } rows[] = {
        {"this moment", 0, 0, true},
        {"the choice expires: what was collected is still there", 180 * DAY, 180 * DAY, true},
        {"a millisecond before what was collected has gone", 280 * DAY - 1, 280 * DAY - 1, true},
        {"what was collected has gone", 280 * DAY, 280 * DAY, false},
        {"a millisecond before the id expires", 390 * DAY - 1, 10 * DAY, true},
        {"the id expires, though the choice is fresh", 390 * DAY, 10 * DAY, false},
        {"long ago", 5000 * DAY, 5000 * DAY, false},
        {"a choice from the future: some clock was wrong", -DAY, -DAY, true},
    };
    struct store_fixture *fixture = *state;
    uint32_t shop = store_fixture_site(fixture, "shop")->id;
    struct expire expire = {.resting_ms = 0};
    unsigned n;

    fixture->config->sites[0].retention.segments_ms = 100 * DAY;
    for (unsigned i = 0; i < N_ROWS(rows); i++)
        put(fixture, shop, i, 1, NOW - rows[i].since_ago_ms, NOW - rows[i].at_ago_ms);
    assert_int_equal(pass(fixture, &expire, NOW, &n), 0);
    assert_int_equal(n, 3);
    for (unsigned i = 0; i < N_ROWS(rows); i++)
        check_equal(rows[i].name, is_there(fixture, shop, i), rows[i].stays);
}

/* Other sites have other periods; a site that is not configured has none. */
static void test_sites(void **state)
{
    struct store_fixture *fixture = *state;
    struct site *blog = &fixture->config->sites[1];
    uint32_t shop = store_fixture_site(fixture, "shop")->id;
    struct expire expire = {.resting_ms = 0};
    unsigned n;

    blog->retention.visitor_ms = 500 * DAY;
    put(fixture, shop, 1, 1, NOW - 400 * DAY, NOW - 190 * DAY);
    put(fixture, blog->id, 1, 1, NOW - 400 * DAY, NOW - 190 * DAY);
    put(fixture, 77, 1, 1, 0, 0);
    assert_int_equal(pass(fixture, &expire, NOW, &n), 0);
    assert_int_equal(n, 1);
    assert_true(!is_there(fixture, shop, 1) && is_there(fixture, blog->id, 1) && is_there(fixture, 77, 1));
}

/* More than one pass may do: each removes its bound, and the next goes on where it stopped. */
static void test_bounds(void **state)
{
    struct store_fixture *fixture = *state;
    uint32_t shop = store_fixture_site(fixture, "shop")->id;
    struct expire expire = {.resting_ms = 0};
    unsigned n_fresh = 2 * EXPIRE_ROWS_MAX, n_old = 2 * EXPIRE_DELETES_MAX + 1, n_passes = 0, n;

    put(fixture, shop, 0, n_fresh, NOW, NOW);
    put(fixture, shop, n_fresh, n_old, 0, 0);
    while (expire.resting_ms == 0) {
        uint64_t before = store_fixture_rows(fixture->db, DB_VISITORS);

        assert_int_equal(pass(fixture, &expire, NOW, &n), 0);
        assert_true(n <= EXPIRE_DELETES_MAX && before - store_fixture_rows(fixture->db, DB_VISITORS) == n);
        assert_true(++n_passes < 10);
    }
    assert_int_equal(store_fixture_rows(fixture->db, DB_VISITORS), n_fresh);
    assert_true(n_passes >= 5);
}

static void test_rest(void **state)
{
    static const struct {
        int64_t later_ms;
        unsigned n;
    } rows[] = {{0, 0}, {EXPIRE_REST_MS - 1, 0}, {EXPIRE_REST_MS, 1}, {-1, 1}};
    struct store_fixture *fixture = *state;
    uint32_t shop = store_fixture_site(fixture, "shop")->id;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct expire expire = {.resting_ms = 0};
        unsigned n;

        assert_int_equal(pass(fixture, &expire, NOW, &n), 0);
        put(fixture, shop, 1, 1, 0, 0);
        assert_int_equal(pass(fixture, &expire, NOW + rows[i].later_ms, &n), 0);
        assert_int_equal(n, rows[i].n);
        expire = (struct expire){.resting_ms = 0};
        assert_int_equal(pass(fixture, &expire, NOW, &n), 0);
    }
}

static void renew(struct store_fixture *fixture)
{
    put(fixture, store_fixture_site(fixture, "shop")->id, 1, 1, NOW - 200 * DAY, NOW);
}

/* Who renews between the look and the removal stays. */
static void test_renewed_meanwhile(void **state)
{
    struct store_fixture *fixture = *state;
    uint32_t shop = store_fixture_site(fixture, "shop")->id;
    struct submitting submitting = {.fixture = fixture, .before = renew};
    struct expire expire = {.resting_ms = 0};
    unsigned n;

    fixture->config->sites[0].retention.segments_ms = 10 * DAY;
    put(fixture, shop, 1, 2, NOW - 200 * DAY, NOW - 200 * DAY);
    assert_int_equal(expire_pass(&expire, fixture->db, fixture->config, NOW, submit, &submitting, &n), 0);
    assert_int_equal(n, 1);
    assert_true(is_there(fixture, shop, 1) && !is_there(fixture, shop, 2));
}

/* What could not be removed is tried again from the same place; without anything to remove nothing is written. */
static void test_faults(void **state)
{
    struct store_fixture *fixture = *state;
    uint32_t shop = store_fixture_site(fixture, "shop")->id;
    struct submitting submitting = {.fixture = fixture, .fault = -ENOSPC};
    struct expire expire = {.resting_ms = 0};
    unsigned n;

    put(fixture, shop, 1, 1, 0, 0);
    assert_int_equal(expire_pass(&expire, fixture->db, fixture->config, NOW, submit, &submitting, &n), -ENOSPC);
    assert_true(expire.resting_ms == 0 && expire.after.size == 0);
    submitting.fault = WRITER_E_STOPPED;
    assert_true(expire_pass(&expire, fixture->db, fixture->config, NOW, submit, &submitting, &n) < 0);
    submitting.fault = 0;
    assert_int_equal(expire_pass(&expire, fixture->db, fixture->config, NOW, submit, &submitting, &n), 0);
    assert_int_equal(n, 1);
    unsigned n_submitted = submitting.n;
    expire = (struct expire){.resting_ms = 0};
    assert_int_equal(expire_pass(&expire, fixture->db, fixture->config, NOW, submit, &submitting, &n), 0);
    assert_int_equal(submitting.n, n_submitted);
}

/* A damaged row is left for `crumb verify` to name, and stops nobody else's expiry. */
static void test_damaged_row(void **state)
{
    struct store_fixture *fixture = *state;
    uint32_t shop = store_fixture_site(fixture, "shop")->id;
    struct expire expire = {.resting_ms = 0};
    uint8_t id[VISITOR_BYTES];
    DB_TXN_AUTO *txn = NULL;
    unsigned n;

    put(fixture, shop, 1, 2, 0, 0);
    make_id(1, id);
    struct key key = key_visitor(shop, id);
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    store_fixture_damage(txn, DB_VISITORS, key_text(&key), 3);
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    assert_int_equal(pass(fixture, &expire, NOW, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_fixture_rows(fixture->db, DB_VISITORS), 1);
}

/* What must be told otherwise of somebody is told so until what they left is gone, too. */
static void test_amendment(void **state)
{
    struct store_fixture *fixture = *state;
    uint32_t shop = store_fixture_site(fixture, "shop")->id;
    struct amendment amendment = {.restricted = true};
    struct expire expire = {.resting_ms = 0};
    DB_TXN_AUTO *txn = NULL;
    unsigned n;

    put(fixture, shop, 1, 1, 0, 0);
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(amended_put(txn, shop, &amendment), 0);
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    assert_int_equal(pass(fixture, &expire, NOW, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    assert_int_equal(amended_get(txn, shop, 0, &amendment), 0);
    assert_true(amendment.restricted && amendment.has_ended);
    assert_int_equal(amendment.ended, zone_day(store_fixture_site(fixture, "shop")->zone, NOW));
}

struct told {
    unsigned n;
    char text[256];
};

static int tell(void *context, const struct trail_record *record)
{
    struct told *told = context;
    const struct trail_entry *entry = &record->entry;

    assert_int_equal(entry->act, ACT_EXPIRED);
    assert_int_equal(entry->actor, ACTOR_SERVICE);
    assert_true(text_equal(entry->object, TEXT("visitors")));
    snprintf(told->text + strlen(told->text), sizeof told->text - strlen(told->text), "%.*s %.*s; ",
             TEXT_ARGS(entry->site), TEXT_ARGS(entry->details));
    told->n++;
    return 0;
}

/* What went is on record with the transaction that removed it: by site, and nobody is named. */
static void test_record(void **state)
{
    static const uint8_t seed[SIGN_KEY_BYTES] = "a seed of thirty-two bytes.....";
    struct store_fixture *fixture = *state;
    struct chain_break broken;
    DB_TXN_AUTO *txn = NULL;
    struct told told = {0};
    struct trail trail;
    struct expire expire = {.trail = &trail};
    unsigned n;

    trail_init(&trail, seed);
    put(fixture, store_fixture_site(fixture, "shop")->id, 1, 3, 0, 0);
    put(fixture, store_fixture_site(fixture, "shop")->id, 9, 1, NOW, NOW);
    put(fixture, store_fixture_site(fixture, "blog")->id, 1, 2, 0, 0);
    assert_int_equal(pass(fixture, &expire, NOW, &n), 0);
    assert_int_equal(n, 5);
    assert_int_equal(pass(fixture, &expire, NOW + EXPIRE_REST_MS, &n), 0); /* nothing more goes, nothing is told */
    assert_int_equal(n, 0);
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    assert_int_equal(trail_verify(txn, NULL, tell, &told, &broken), 0);
    assert_int_equal(told.n, 2);
    assert_non_null(strstr(told.text, "shop 3 rows; "));
    assert_non_null(strstr(told.text, "blog 2 rows; "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_which),
        STORE_FIXTURE_TEST(test_sites),
        STORE_FIXTURE_TEST(test_bounds),
        STORE_FIXTURE_TEST(test_rest),
        STORE_FIXTURE_TEST(test_renewed_meanwhile),
        STORE_FIXTURE_TEST(test_faults),
        STORE_FIXTURE_TEST(test_damaged_row),
        STORE_FIXTURE_TEST(test_record),
        STORE_FIXTURE_TEST(test_amendment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
