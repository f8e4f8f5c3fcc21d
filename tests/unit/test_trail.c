/*
 * The audit trail: what is appended is read back, and whatever is done to it
 * afterwards, verify names the place.
 */
#include "check.h"
#include "crumb/store/trail.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdio.h>

#define N_RECORDS 4

static const uint8_t seed[SIGN_KEY_BYTES] = "a seed of thirty-two bytes.....";
static const uint8_t other_seed[SIGN_KEY_BYTES] = "another seed of as many bytes..";

static struct trail_entry entry_of(unsigned n)
{
    return (struct trail_entry){.at_ms = STORE_FIXTURE_NOW_MS + n,
                                .actor = (enum trail_actor)(1 + n % (ACTOR_N - 1)),
                                .name = TEXT("officer"),
                                .act = (enum trail_act)(1 + n % (ACT_N - 1)),
                                .site = n % 2 ? TEXT("shop") : TEXT_NONE,
                                .object = TEXT("request 7"),
                                .details = n % 3 ? TEXT("d\xc3\xa9tails") : TEXT_NONE};
}

static void assert_same(const struct trail_entry *a, const struct trail_entry *b)
{
    assert_true(a->at_ms == b->at_ms && a->actor == b->actor && a->act == b->act);
    assert_true(text_equal(a->name, b->name) && text_equal(a->site, b->site));
    assert_true(text_equal(a->object, b->object) && text_equal(a->details, b->details));
}

static struct batch begin_with_records(struct store_fixture *fixture)
{
    struct trail trail;
    struct batch batch;

    trail_init(&trail, seed);
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    for (unsigned i = 0; i < N_RECORDS; i++) {
        struct trail_entry entry = entry_of(i);

        assert_int_equal(trail_append(&batch, &trail, &entry), 0);
    }
    return batch;
}

static const uint8_t *public_key(void)
{
    static uint8_t key[SIGN_KEY_BYTES];

    sign_public_key(seed, key);
    return key;
}

struct walk {
    unsigned n, stop_at;
    uint64_t sequences[N_RECORDS];
};

static int visit(void *context, const struct trail_record *record)
{
    struct walk *walk = context;
    struct trail_entry wanted = entry_of((unsigned)record->sequence - 1);

    assert_same(&record->entry, &wanted);
    walk->sequences[walk->n] = record->sequence;
    return ++walk->n == walk->stop_at ? 42 : 0;
}

static void test_round_trip(void **state)
{
    struct batch batch = begin_with_records(*state);
    struct chain_break where;
    struct walk walk = {.n = 0};

    assert_int_equal(batch_commit(&batch), 0);
    store_fixture_reopen(*state);
    DB_TXN_AUTO *txn = NULL;
    assert_int_equal(db_begin_read(((struct store_fixture *)*state)->db, &txn), 0);
    assert_int_equal(trail_verify(txn, public_key(), visit, &walk, &where), 0);
    assert_int_equal(walk.n, N_RECORDS);
    for (unsigned i = 0; i < N_RECORDS; i++)
        assert_int_equal(walk.sequences[i], i + 1);
}

static void test_backwards(void **state)
{
    struct batch batch = begin_with_records(*state);
    struct walk walk = {.n = 0};

    assert_int_equal(trail_each_back(batch.txn, UINT64_MAX, visit, &walk), 0);
    assert_int_equal(walk.n, N_RECORDS);
    assert_int_equal(walk.sequences[0], N_RECORDS);
    walk = (struct walk){.stop_at = 1};
    assert_int_equal(trail_each_back(batch.txn, 3, visit, &walk), 42);
    assert_int_equal(walk.sequences[0], 2);
    walk = (struct walk){.n = 0};
    assert_int_equal(trail_each_back(batch.txn, 1, visit, &walk), 0);
    assert_int_equal(walk.n, 0);
    batch_abort(&batch);
}

static void test_empty(void **state)
{
    struct store_fixture *fixture = *state;
    DB_TXN_AUTO *txn = NULL;
    struct chain_break where;

    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    assert_int_equal(trail_verify(txn, public_key(), NULL, NULL, &where), 0);
    assert_int_equal(trail_each_back(txn, UINT64_MAX, visit, NULL), 0);
}

/* ---- what is too long ---- */

static void test_cut(void **state)
{
    static char many[4 * TRAIL_DETAILS_BYTES_MAX];
    struct store_fixture *fixture = *state;
    struct trail trail;
    struct batch batch;
    struct trail_record found;
    struct text value;

    for (size_t i = 0; i < sizeof many; i += 2)
        memcpy(many + i, "\xc3\xa9", 2);
    trail_init(&trail, seed);
    struct text odd = {many + 1, sizeof many - 1}, even = {many, sizeof many};
    struct trail_entry entry = {
        .actor = ACTOR_TOKEN, .name = even, .act = ACT_DUMPED, .site = even, .object = odd, .details = even};
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_int_equal(trail_append(&batch, &trail, &entry), 0);
    struct key key = key_sequence(1);
    assert_int_equal(db_get(batch.txn, DB_AUDIT, key_text(&key), &value), 0);
    assert_true(trail_decode(1, value, &found));
    assert_int_equal(found.entry.name.size, TRAIL_NAME_BYTES_MAX);
    assert_int_equal(found.entry.site.size, SITE_NAME_BYTES_MAX - 1); /* an odd number: a character is not halved */
    assert_int_equal(found.entry.object.size, TRAIL_OBJECT_BYTES_MAX - 1);
    assert_int_equal(found.entry.details.size, TRAIL_DETAILS_BYTES_MAX);
    batch_abort(&batch);
}

/* ---- tampering ---- */

static uint64_t broken_at(struct db_txn *txn, const uint8_t *key)
{
    struct chain_break where = {.sequence = 99};

    assert_int_equal(trail_verify(txn, key, NULL, NULL, &where), CHAIN_E_BROKEN);
    assert_non_null(where.what);
    return where.sequence;
}

static void put(struct db_txn *txn, uint64_t sequence, struct text value)
{
    struct key key = key_sequence(sequence);

    assert_int_equal(db_put(txn, DB_AUDIT, key_text(&key), value), 0);
}

static void test_every_bit(void **state)
{
    struct batch batch = begin_with_records(*state);

    for (uint64_t sequence = 1; sequence <= N_RECORDS; sequence++) {
        uint8_t bytes[TRAIL_RECORD_BYTES_MAX];
        struct key key = key_sequence(sequence);
        struct text value;

        assert_int_equal(db_get(batch.txn, DB_AUDIT, key_text(&key), &value), 0);
        size_t size = value.size;
        memcpy(bytes, value.data, size);
        for (size_t bit = 0; bit < 8 * size; bit += 3) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            put(batch.txn, sequence, (struct text){(const char *)bytes, size});
            assert_int_equal(broken_at(batch.txn, public_key()), sequence);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < size; cut++) {
            put(batch.txn, sequence, (struct text){(const char *)bytes, cut});
            assert_int_equal(broken_at(batch.txn, public_key()), sequence);
        }
        put(batch.txn, sequence, (struct text){(const char *)bytes, size});
    }
    batch_abort(&batch);
}

static void test_removed(void **state)
{
    for (uint64_t sequence = 1; sequence <= N_RECORDS; sequence++) {
        struct batch batch = begin_with_records(*state);
        struct key key = key_sequence(sequence);

        assert_int_equal(db_delete(batch.txn, DB_AUDIT, key_text(&key)), 0);
        assert_int_equal(broken_at(batch.txn, public_key()), sequence < N_RECORDS ? sequence + 1 : 0);
        batch_abort(&batch);
    }
}

/* Somebody who can write the file, and hash, but has not the key. */
static void test_added_by_a_stranger(void **state)
{
    struct batch batch = begin_with_records(*state);
    struct trail_entry entry = entry_of(1);
    struct trail stranger;
    struct chain_break where;

    trail_init(&stranger, other_seed);
    assert_int_equal(trail_append(&batch, &stranger, &entry), 0);
    assert_int_equal(broken_at(batch.txn, public_key()), N_RECORDS + 1);
    assert_int_equal(trail_verify(batch.txn, NULL, NULL, NULL, &where), 0); /* the chain alone cannot tell */
    batch_abort(&batch);
}

/* ---- in parts ---- */

/* Walks on from where each part ended. Gives what the last part gave. */
static int verify_in_parts(struct db_txn *txn, unsigned most, unsigned *ret_n, struct chain_break *ret_break)
{
    uint64_t last = 0;
    int r;

    *ret_n = 0;
    do {
        r = trail_verify_part(txn, public_key(), last, most, &last, ret_break);
        ++*ret_n;
    } while (r == TRAIL_E_MORE);
    if (r == 0)
        assert_int_equal(last, N_RECORDS);
    else
        assert_int_equal(last, ret_break->sequence ? ret_break->sequence - 1 : N_RECORDS);
    return r;
}

static void test_parts(void **state)
{
    static const struct {
        unsigned most, n;
    } rows[] = {{1, N_RECORDS}, {2, 2}, {3, 2}, {N_RECORDS, 1}, {100, 1}};
    struct batch batch = begin_with_records(*state);
    struct chain_break where;
    uint64_t last;
    unsigned n;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        assert_int_equal(verify_in_parts(batch.txn, rows[i].most, &n, &where), 0);
        assert_int_equal(n, rows[i].n);
    }
    assert_int_equal(trail_verify_part(batch.txn, public_key(), N_RECORDS, 1, &last, &where), 0);
    assert_int_equal(trail_verify_part(batch.txn, public_key(), N_RECORDS + 1, 1, &last, &where), TRAIL_E_NONE);
    assert_int_equal(trail_verify_part(batch.txn, public_key(), UINT64_MAX, 1, &last, &where), TRAIL_E_NONE);
    batch_abort(&batch);
}

/* A part names the same record as a walk of all. */
static void test_parts_of_a_broken_one(void **state)
{
    for (uint64_t sequence = 1; sequence <= N_RECORDS; sequence++)
        for (unsigned most = 1; most <= N_RECORDS; most++) {
            struct batch batch = begin_with_records(*state);
            struct chain_break where = {.sequence = 99};
            uint8_t bytes[TRAIL_RECORD_BYTES_MAX];
            struct key key = key_sequence(sequence);
            struct text value;
            unsigned n;

            assert_int_equal(db_get(batch.txn, DB_AUDIT, key_text(&key), &value), 0);
            size_t size = value.size;
            memcpy(bytes, value.data, size);
            bytes[size - 1] ^= 1; /* of the signature: the chain itself is whole */
            put(batch.txn, sequence, (struct text){(const char *)bytes, size});
            assert_int_equal(verify_in_parts(batch.txn, most, &n, &where), CHAIN_E_BROKEN);
            assert_int_equal(where.sequence, sequence);
            batch_abort(&batch);
        }
}

static void test_parts_of_a_shorter_one(void **state)
{
    struct batch batch = begin_with_records(*state);
    struct key key = key_sequence(N_RECORDS);
    struct chain_break where = {.sequence = 99};
    uint64_t last;

    assert_int_equal(db_delete(batch.txn, DB_AUDIT, key_text(&key)), 0);
    assert_int_equal(trail_verify_part(batch.txn, public_key(), N_RECORDS - 2, 9, &last, &where), CHAIN_E_BROKEN);
    assert_int_equal(where.sequence, 0);
    assert_int_equal(last, N_RECORDS - 1);
    batch_abort(&batch);
}

/* ---- visitors ---- */

static void test_visitors(void **state)
{
    static const uint8_t ann[VISITOR_BYTES] = "ann............", bob[VISITOR_BYTES] = "bob............";
    char text[TRAIL_VISITOR_TEXT_BYTES], again[TRAIL_VISITOR_TEXT_BYTES];
    struct trail trail, other;

    (void)state;
    trail_init(&trail, seed);
    trail_init(&other, other_seed);
    trail_visitor_text(&trail, ann, text);
    assert_int_equal(strlen(text), TRAIL_VISITOR_TEXT_BYTES - 1);
    trail_visitor_text(&trail, ann, again);
    assert_string_equal(text, again);
    trail_visitor_text(&trail, bob, again);
    assert_string_not_equal(text, again);
    trail_visitor_text(&other, ann, again);
    assert_string_not_equal(text, again); /* another store cannot tell who it is */
}

static void test_words(void **state)
{
    (void)state;
    for (unsigned act = 1; act < ACT_N; act++)
        assert_int_equal(trail_find_act(text_of(trail_act_word(act))), act);
    assert_int_equal(trail_find_act(TEXT("nothing")), -1);
    assert_string_equal(trail_act_word(0), "?");
    assert_string_equal(trail_act_word(ACT_N), "?");
    assert_string_equal(trail_actor_word(ACTOR_N), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_round_trip),
        STORE_FIXTURE_TEST(test_backwards),
        STORE_FIXTURE_TEST(test_empty),
        STORE_FIXTURE_TEST(test_cut),
        STORE_FIXTURE_TEST(test_every_bit),
        STORE_FIXTURE_TEST(test_removed),
        STORE_FIXTURE_TEST(test_added_by_a_stranger),
        STORE_FIXTURE_TEST(test_parts),
        STORE_FIXTURE_TEST(test_parts_of_a_broken_one),
        STORE_FIXTURE_TEST(test_parts_of_a_shorter_one),
        cmocka_unit_test(test_visitors),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
