/*
 * The requests of a store: rows, queue and askers agree whatever happens, and
 * verify names what does not.
 */
#include "check.h"
#include "crumb/rights/requests.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdio.h>

#define NOW STORE_FIXTURE_NOW_MS
#define SITE 1
#define OTHER 2
#define DAY 20514

static struct request request_of(uint8_t asker, int32_t due)
{
    struct request request = {.kind = REQUEST_OTHER,
                              .state = REQUEST_OPEN,
                              .made_ms = NOW,
                              .due = due,
                              .has_asker = asker != 0,
                              .text = TEXT("please"),
                              .steps = {{.at_ms = NOW, .state = REQUEST_OPEN}},
                              .n_steps = 1};

    memset(request.asker, asker, sizeof request.asker);
    return request;
}

static uint32_t add(struct batch *batch, uint32_t site, uint8_t asker, int32_t due)
{
    struct request request = request_of(asker, due);

    assert_int_equal(requests_add(batch, site, &request), 0);
    return request.number;
}

static int move(struct batch *batch, uint32_t site, uint32_t number, enum request_state to, enum request_side side)
{
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request_step step = {.at_ms = NOW + 1, .state = to, .side = side, .note = TEXT("so")};
    struct request request;
    int r = requests_get(batch->txn, site, number, &request);

    if (r == 0)
        r = requests_open_in(batch, &request, &plain);
    return r ? r : requests_move(batch, &request, &step);
}

struct found {
    unsigned n, stop_at;
    uint32_t numbers[8];
};

static int find(void *context, const struct request *request)
{
    struct found *found = context;

    assert_in_range(found->n, 0, 7);
    found->numbers[found->n++] = request->number;
    return found->n == found->stop_at ? 42 : 0;
}

/* "1 3 2" */
static void assert_found(const struct found *found, const char *wanted)
{
    char text[128] = "";

    for (unsigned i = 0; i < found->n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u", i ? " " : "", (unsigned)found->numbers[i]);
    assert_string_equal(text, wanted);
}

static void assert_whole(struct db_txn *txn, uint64_t n)
{
    uint32_t site, number;
    const char *what = "";
    uint64_t n_found;
    int r = requests_verify(txn, &site, &number, &what, &n_found);

    if (r)
        fail_msg("requests_verify: %d: %u of %u: %s", r, (unsigned)number, (unsigned)site, what);
    assert_int_equal(n_found, n);
}

static void assert_wrong(struct db_txn *txn, uint32_t number, const char *wanted)
{
    uint32_t site, found;
    const char *what;
    uint64_t n;

    assert_int_equal(requests_verify(txn, &site, &found, &what, &n), REQUESTS_E_STATE);
    assert_int_equal(found, number);
    assert_string_equal(what, wanted);
}

static void test_lists(void **state)
{
    struct store_fixture *fixture = *state;
    struct batch batch;
    struct found found;
    uint8_t ann[ASKER_BYTES], bob[ASKER_BYTES], nobody[ASKER_BYTES];

    memset(ann, 'a', sizeof ann);
    memset(bob, 'b', sizeof bob);
    memset(nobody, 'n', sizeof nobody);
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_int_equal(add(&batch, SITE, 'a', DAY + 5), 1);
    assert_int_equal(add(&batch, SITE, 'b', DAY + 3), 2);
    assert_int_equal(add(&batch, OTHER, 'a', DAY), 1);
    assert_int_equal(add(&batch, SITE, 0, DAY + 3), 3);
    assert_int_equal(add(&batch, SITE, 'a', DAY + 4), 4);
    assert_int_equal(move(&batch, SITE, 2, REQUEST_ANSWERED, REQUEST_BY_OFFICER), 0);
    assert_int_equal(move(&batch, SITE, 3, REQUEST_IN_PROGRESS, REQUEST_BY_OFFICER), 0);
    assert_int_equal(batch_commit(&batch), 0);
    store_fixture_reopen(fixture);

    DB_TXN_AUTO *txn = NULL;
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    found = (struct found){.n = 0};
    assert_int_equal(requests_each_open(txn, SITE, find, &found), 0);
    assert_found(&found, "3 4 1");
    found = (struct found){.n = 0};
    assert_int_equal(requests_each_back(txn, SITE, find, &found), 0);
    assert_found(&found, "4 3 2 1");
    found = (struct found){.stop_at = 2};
    assert_int_equal(requests_each_back(txn, SITE, find, &found), 42);
    assert_found(&found, "4 3");
    found = (struct found){.n = 0};
    assert_int_equal(requests_each_of(txn, SITE, ann, find, &found), 0);
    assert_found(&found, "1 4");
    found = (struct found){.n = 0};
    assert_int_equal(requests_each_of(txn, OTHER, ann, find, &found), 0);
    assert_found(&found, "1");
    found = (struct found){.n = 0};
    assert_int_equal(requests_each_of(txn, OTHER, bob, find, &found), 0);
    assert_int_equal(requests_each_of(txn, SITE, nobody, find, &found), 0);
    assert_int_equal(requests_each_open(txn, 7, find, &found), 0);
    assert_int_equal(requests_each_back(txn, 7, find, &found), 0);
    assert_found(&found, "");
    assert_whole(txn, 5);
}

static void test_moves(void **state)
{
    struct store_fixture *fixture = *state;
    struct batch batch;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_int_equal(add(&batch, SITE, 'a', DAY), 1);
    assert_int_equal(move(&batch, SITE, 9, REQUEST_ANSWERED, REQUEST_BY_OFFICER), REQUESTS_E_NONE);
    assert_int_equal(move(&batch, OTHER, 1, REQUEST_ANSWERED, REQUEST_BY_OFFICER), REQUESTS_E_NONE);
    assert_int_equal(move(&batch, SITE, 1, REQUEST_ANSWERED, REQUEST_BY_ASKER), REQUESTS_E_STATE);
    assert_int_equal(move(&batch, SITE, 1, REQUEST_REFUSED, REQUEST_BY_OFFICER), 0);
    assert_whole(batch.txn, 1);
    assert_int_equal(move(&batch, SITE, 1, REQUEST_IN_PROGRESS, REQUEST_BY_OFFICER), 0); /* in the queue again */
    assert_whole(batch.txn, 1);
    for (unsigned i = 3; i < REQUEST_STEPS_MAX - 1; i++)
        assert_int_equal(move(&batch, SITE, 1, REQUEST_IN_PROGRESS, REQUEST_BY_OFFICER), 0);
    assert_int_equal(move(&batch, SITE, 1, REQUEST_IN_PROGRESS, REQUEST_BY_OFFICER), REQUESTS_E_HISTORY);
    assert_int_equal(move(&batch, SITE, 1, REQUEST_WITHDRAWN, REQUEST_BY_ASKER), 0);
    assert_whole(batch.txn, 1);
    batch_abort(&batch);
}

static void test_full(void **state)
{
    struct store_fixture *fixture = *state;
    struct request request = request_of(0, DAY);
    struct batch batch;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    for (unsigned i = 0; i < REQUESTS_OPEN_MAX; i++)
        add(&batch, SITE, 0, DAY);
    assert_int_equal(requests_add(&batch, SITE, &request), REQUESTS_E_FULL);
    assert_int_equal(add(&batch, OTHER, 0, DAY), 1);
    assert_int_equal(move(&batch, SITE, 7, REQUEST_WITHDRAWN, REQUEST_BY_ASKER), 0);
    assert_int_equal(add(&batch, SITE, 0, DAY), REQUESTS_OPEN_MAX + 1);
    batch_abort(&batch);
}

static void test_counts(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *shop = store_fixture_site(fixture, "shop");
    int32_t monday = zone_day(shop->zone, NOW);
    struct requests_count count;
    struct batch batch;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    /* Due on last Friday, today, Thursday, next Friday. */
    static const int32_t offsets[] = {-3, 0, 3, 4};
    for (size_t i = 0; i < N_ROWS(offsets); i++)
        add(&batch, shop->id, 0, monday + offsets[i]);
    assert_int_equal(requests_count(batch.txn, shop, NOW, &count), 0);
    assert_true(count.n_open == 4 && count.n_soon == 2 && count.n_overdue == 1);
    move(&batch, shop->id, 1, REQUEST_ANSWERED, REQUEST_BY_OFFICER);
    assert_int_equal(requests_count(batch.txn, shop, NOW, &count), 0);
    assert_true(count.n_open == 3 && count.n_soon == 2 && count.n_overdue == 0);
    assert_int_equal(requests_urgency(shop, monday, NOW), REQUEST_SOON);
    assert_int_equal(requests_urgency(shop, monday, NOW + 24 * 3600 * 1000), REQUEST_OVERDUE);
    batch_abort(&batch);
}

static void test_verify(void **state)
{
    struct store_fixture *fixture = *state;
    struct key row = key_request(SITE, 2), due = key_due(SITE, DAY, 2), stray = key_due(SITE, DAY, 7);
    struct key asker = key_asker(SITE, (const uint8_t *)"bbbbbbbbbbbbbbbb", 2);
    struct key other = key_asker(SITE, (const uint8_t *)"bbbbbbbbbbbbbbbb", 7);

    for (unsigned i = 0; i < 5; i++) {
        struct batch batch;

        assert_int_equal(batch_begin(fixture->db, &batch), 0);
        add(&batch, SITE, 'a', DAY);
        add(&batch, SITE, 'b', DAY);
        assert_whole(batch.txn, 2);
        if (i == 0) {
            store_fixture_damage(batch.txn, DB_REQUESTS, key_text(&row), 40);
            assert_wrong(batch.txn, 2, "it is damaged");
        } else if (i == 1) {
            db_delete(batch.txn, DB_DUE, key_text(&due));
            assert_wrong(batch.txn, 2, "it is open and has no place in the queue");
        } else if (i == 2) {
            db_delete(batch.txn, DB_ASKERS, key_text(&asker));
            assert_wrong(batch.txn, 2, "whoever made it cannot find it");
        } else if (i == 3) {
            db_put(batch.txn, DB_DUE, key_text(&stray), TEXT("1"));
            assert_wrong(batch.txn, 0, "the queue has requests that are not open");
        } else {
            db_put(batch.txn, DB_ASKERS, key_text(&other), TEXT("1"));
            assert_wrong(batch.txn, 0, "somebody is told to have made requests that are not there");
        }
        batch_abort(&batch);
    }
}

/* Whoever was erased leads to nothing any more; what was said is there for whoever has the key. */
static void test_forget(void **state)
{
    struct store_fixture *fixture = *state;
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    uint8_t ann[ASKER_BYTES], bob[ASKER_BYTES];
    struct request request;
    struct batch batch;
    unsigned n;

    memset(ann, 'a', sizeof ann);
    memset(bob, 'b', sizeof bob);
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    add(&batch, SITE, 'a', DAY);
    add(&batch, SITE, 'b', DAY);
    add(&batch, SITE, 'a', DAY + 1);
    add(&batch, OTHER, 'a', DAY);
    assert_int_equal(requests_forget(&batch, SITE, ann, 1, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(requests_forget(&batch, SITE, ann, 10, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(requests_forget(&batch, SITE, ann, 10, &n), 0);
    assert_int_equal(n, 0);
    assert_whole(batch.txn, 4);
    struct found found = {0};
    assert_int_equal(requests_each_of(batch.txn, SITE, ann, find, &found), 0);
    assert_int_equal(found.n, 0);
    assert_int_equal(requests_each_of(batch.txn, SITE, bob, find, &found), 0);
    assert_int_equal(requests_each_of(batch.txn, OTHER, ann, find, &found), 0);
    assert_int_equal(found.n, 2);
    assert_int_equal(requests_get(batch.txn, SITE, 3, &request), 0);
    assert_false(request.has_asker);
    assert_int_equal(requests_open_in(&batch, &request, &plain), 0);
    assert_true(text_equal(request.text, TEXT("please")));
    batch_abort(&batch);
}

/* Closed long enough: the row goes, and the key of what was said. */
static void test_remove(void **state)
{
    static const struct {
        const char *name;
        uint32_t number;
        int64_t until_ms;
        bool is_removed;
    } rows[] = {
        {"open", 1, NOW + 100, false},
        {"closed later", 2, NOW, false},
        {"closed then", 2, NOW + 1, true},
        {"gone already", 2, NOW + 1, false},
        {"of nobody's cookie", 3, NOW + 1, true},
    };
    struct store_fixture *fixture = *state;
    struct request request;
    struct batch batch;
    uint8_t key[CRYPT_KEY_BYTES];

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    add(&batch, SITE, 'a', DAY);
    add(&batch, SITE, 'a', DAY);
    add(&batch, SITE, 0, DAY);
    move(&batch, SITE, 2, REQUEST_ANSWERED, REQUEST_BY_OFFICER);
    move(&batch, SITE, 3, REQUEST_WITHDRAWN, REQUEST_BY_ASKER);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_int_equal(requests_get(batch.txn, SITE, 2, &request), 0);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        bool is_removed;

        assert_int_equal(requests_remove(&batch, SITE, rows[i].number, false, rows[i].until_ms, &is_removed), 0);
        check_equal(rows[i].name, is_removed, rows[i].is_removed);
    }
    assert_whole(batch.txn, 1);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(keyring_get(db_keyring_of(fixture->db), request.key, key), KEYRING_E_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_lists),  STORE_FIXTURE_TEST(test_moves),  STORE_FIXTURE_TEST(test_full),
        STORE_FIXTURE_TEST(test_counts), STORE_FIXTURE_TEST(test_verify), STORE_FIXTURE_TEST(test_forget),
        STORE_FIXTURE_TEST(test_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
