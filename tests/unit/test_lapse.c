/*
 * Lapse: what goes when its time is over, and what is told of it.
 */
#include "check.h"
#include "crumb/consent/minors.h"
#include "crumb/rights/lapse.h"
#include "crumb/rights/requests.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NOW STORE_FIXTURE_NOW_MS
#define ANN ((const uint8_t *)"visitor ann....1")
#define BOB ((const uint8_t *)"visitor bob....2")

static const uint8_t seed[SIGN_KEY_BYTES] = "a seed of thirty-two bytes.....";

struct stage {
    struct store_fixture *fixture;
    struct trail trail;
    int64_t resting_ms;
    unsigned n_submitted;
    int fault;
};

static struct stage stage_of(void **state)
{
    struct stage stage = {.fixture = *state};

    trail_init(&stage.trail, seed);
    return stage;
}

static int submit(void *context, struct write_op *op)
{
    struct stage *stage = context;
    struct batch batch;

    stage->n_submitted++;
    if (stage->fault)
        return stage->fault;
    assert_int_equal(batch_begin(stage->fixture->db, &batch), 0);
    assert_int_equal(op->apply(op, &batch), 0);
    assert_int_equal(batch_commit(&batch), 0);
    op->done(op, 0);
    return 0;
}

static int pass(struct stage *stage, int64_t now_ms, unsigned *ret_n)
{
    struct lapse_work work = {.db = stage->fixture->db,
                              .config = stage->fixture->config,
                              .trail = &stage->trail,
                              .now_ms = now_ms,
                              .submit = submit,
                              .context = stage};

    return lapse_pass(&stage->resting_ms, &work, ret_n);
}

/* Requests @n of a site, closed at NOW, or open. */
static void add_requests(struct stage *stage, uint32_t site, unsigned n, bool is_open)
{
    struct batch batch;

    assert_int_equal(batch_begin(stage->fixture->db, &batch), 0);
    for (unsigned i = 0; i < n; i++) {
        struct request_step step = {.at_ms = NOW, .state = REQUEST_ANSWERED, .side = REQUEST_BY_OFFICER};
        struct request request = {.kind = REQUEST_OTHER,
                                  .state = REQUEST_OPEN,
                                  .made_ms = NOW,
                                  .text = TEXT("please"),
                                  .steps = {{.at_ms = NOW, .state = REQUEST_OPEN}},
                                  .n_steps = 1};

        assert_int_equal(requests_add(&batch, site, &request), 0);
        if (!is_open)
            assert_int_equal(requests_move(&batch, &request, &step), 0);
    }
    assert_int_equal(batch_commit(&batch), 0);
}

struct told {
    char text[256];
};

static int tell(void *context, const struct trail_record *record)
{
    struct told *told = context;
    const struct trail_entry *entry = &record->entry;

    assert_int_equal(entry->act, ACT_EXPIRED);
    snprintf(told->text + strlen(told->text), sizeof told->text - strlen(told->text), "%.*s %.*s %.*s; ",
             TEXT_ARGS(entry->site), TEXT_ARGS(entry->object), TEXT_ARGS(entry->details));
    return 0;
}

static void assert_told(const struct stage *stage, const char *wanted)
{
    DB_TXN_AUTO *txn = NULL;
    struct chain_break broken;
    struct told told = {""};

    assert_int_equal(db_begin_read(stage->fixture->db, &txn), 0);
    assert_int_equal(trail_verify(txn, NULL, tell, &told, &broken), 0);
    assert_string_equal(told.text, wanted);
}

static void test_requests(void **state)
{
    struct stage stage = stage_of(state);
    const struct site *shop = store_fixture_site(stage.fixture, "shop"),
                      *blog = store_fixture_site(stage.fixture, "blog");
    unsigned n;

    add_requests(&stage, shop->id, 3, false);
    add_requests(&stage, shop->id, 2, true);
    add_requests(&stage, blog->id, 1, false);
    add_requests(&stage, 999, 1, false); /* of a site that has left the configuration */
    assert_int_equal(pass(&stage, NOW + shop->retention.requests_ms - 1, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(stage.n_submitted, 0);
    assert_int_equal(pass(&stage, NOW + shop->retention.requests_ms, &n), 0); /* it rests */
    assert_int_equal(n, 0);
    assert_int_equal(pass(&stage, NOW + shop->retention.requests_ms + LAPSE_REST_MS, &n), 0);
    assert_int_equal(n, 4);
    assert_int_equal(store_fixture_rows(stage.fixture->db, DB_REQUESTS), 3);
    assert_int_equal(store_fixture_rows(stage.fixture->db, DB_DUE), 2);
    assert_told(&stage, store_fixture_site(stage.fixture, "shop")->id < blog->id
                            ? "shop requests 3 rows; blog requests 1 rows; "
                            : "blog requests 1 rows; shop requests 3 rows; ");
}

/* Nobody can close what was asked of a site that left, so nothing happens to it until it goes. */
static void test_left(void **state)
{
    struct stage stage = stage_of(state);
    const struct site *shop = store_fixture_site(stage.fixture, "shop");
    struct config *config = stage.fixture->config;
    struct site left = *shop;
    unsigned n;

    left.id = 999;
    left.name = (char[]){"gone"};
    config->left = &left;
    config->n_left = 1;
    add_requests(&stage, 999, 1, true);
    add_requests(&stage, shop->id, 1, true);
    assert_int_equal(pass(&stage, NOW + left.retention.requests_ms - 1, &n), 0);
    assert_int_equal(n, 0);
    stage.resting_ms = 0;
    assert_int_equal(pass(&stage, NOW + left.retention.requests_ms, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_fixture_rows(stage.fixture->db, DB_REQUESTS), 1);
    assert_int_equal(store_fixture_rows(stage.fixture->db, DB_DUE), 1);
    assert_told(&stage, "gone requests 1 rows; ");
    config->left = NULL;
    config->n_left = 0;
}

/* More than one transaction removes: it goes on at once. */
static void test_many(void **state)
{
    struct stage stage = stage_of(state);
    const struct site *shop = store_fixture_site(stage.fixture, "shop");
    int64_t later_ms = NOW + shop->retention.requests_ms;
    unsigned n;

    add_requests(&stage, shop->id, LAPSE_ROWS_MAX + 1, false);
    assert_int_equal(pass(&stage, later_ms, &n), 0);
    assert_int_equal(n, LAPSE_ROWS_MAX);
    assert_int_equal(stage.resting_ms, 0);
    assert_int_equal(pass(&stage, later_ms, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(stage.resting_ms, later_ms);
}

static void test_blocks(void **state)
{
    struct stage stage = stage_of(state);
    uint32_t shop = store_fixture_site(stage.fixture, "shop")->id;
    DB_TXN_AUTO *txn = NULL;
    unsigned n;
    bool has;

    assert_int_equal(db_begin_write(stage.fixture->db, &txn), 0);
    assert_int_equal(minors_put(txn, shop, ANN, NOW), 0);
    assert_int_equal(minors_put(txn, shop, BOB, NOW + 1), 0);
    assert_int_equal(minors_has(txn, shop, ANN, NOW, &has), 0);
    assert_false(has);
    assert_int_equal(minors_has(txn, shop, BOB, NOW, &has), 0);
    assert_true(has);
    assert_int_equal(minors_has(txn, shop + 1, BOB, NOW, &has), 0);
    assert_false(has);
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    assert_int_equal(pass(&stage, NOW, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_fixture_rows(stage.fixture->db, DB_MINORS), 1);
    assert_told(&stage, "shop minors 1 rows; ");
}

/* Unsure means that it is a child's; and nothing else stays because of it. */
static void test_damage(void **state)
{
    struct stage stage = stage_of(state);
    const struct site *shop = store_fixture_site(stage.fixture, "shop");
    struct key key = key_visitor(shop->id, ANN);
    DB_TXN_AUTO *txn = NULL;
    unsigned n;
    bool has;

    add_requests(&stage, shop->id, 1, false);
    assert_int_equal(db_begin_write(stage.fixture->db, &txn), 0);
    assert_int_equal(minors_put(txn, shop->id, ANN, 1), 0);
    store_fixture_damage(txn, DB_MINORS, key_text(&key), 2);
    assert_int_equal(minors_has(txn, shop->id, ANN, NOW, &has), 0);
    assert_true(has);
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    assert_int_equal(pass(&stage, NOW + shop->retention.requests_ms, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_fixture_rows(stage.fixture->db, DB_MINORS), 1);
}

static void test_fault(void **state)
{
    struct stage stage = stage_of(state);
    const struct site *shop = store_fixture_site(stage.fixture, "shop");
    unsigned n;

    add_requests(&stage, shop->id, 1, false);
    stage.fault = -ENOSPC;
    assert_int_equal(pass(&stage, NOW + shop->retention.requests_ms, &n), -ENOSPC);
    stage.fault = 0;
    assert_int_equal(pass(&stage, NOW + shop->retention.requests_ms, &n), 0);
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_requests), STORE_FIXTURE_TEST(test_left),   STORE_FIXTURE_TEST(test_many),
        STORE_FIXTURE_TEST(test_blocks),   STORE_FIXTURE_TEST(test_damage), STORE_FIXTURE_TEST(test_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
