/*
 * The ledger: whatever is done to it afterwards, verify names the place.
 *
 * Tampering happens in a write transaction that is never committed.
 */
#include "check.h"
#include "crumb/base/buffer.h"
#include "crumb/consent/ledger.h"
#include "store_fixture.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#define N_RECORDS 5

static struct ledger_record record_of(unsigned n)
{
    struct ledger_record record = {.at_ms = STORE_FIXTURE_NOW_MS + n,
                                   .site = TEXT("shop"),
                                   .kind = CHOICE_GRANT + n % (CHOICE_N - 1),
                                   .surface = SURFACE_BANNER + n % (SURFACE_N - 1),
                                   .regime = REGIME_OPT_IN + n % (REGIME_N - 1),
                                   .country = {n % 2 ? 'D' : '\0', n % 2 ? 'E' : '\0'},
                                   .device = n % DEVICE_N,
                                   .signals = n % 2 ? LEDGER_SIGNAL_GPC : 0,
                                   .lang = TEXT("en"),
                                   .n_answers = n % 4};
    static const struct text names[] = {{"analytics", 9}, {"journeys", 8}, {"marketing", 9}};

    memset(record.id, (int)n + 1, sizeof record.id);
    memset(record.notice, 0xa0 + (int)n, sizeof record.notice);
    memset(record.material, 0xb0, sizeof record.material);
    if (n % 3)
        memset(record.visitor, 0xc0 + (int)n, sizeof record.visitor);
    for (unsigned i = 0; i < record.n_answers; i++)
        record.answers[i] = (struct ledger_answer){.purpose = names[i], .granted = (n + i) % 2};
    return record;
}

/* A batch with N_RECORDS records in the ledger; ret_sequences[i] is the i-th's. */
static struct batch begin_with_records(struct store_fixture *fixture, uint64_t ret_sequences[N_RECORDS])
{
    struct batch batch;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    for (unsigned i = 0; i < N_RECORDS; i++) {
        struct ledger_record record = record_of(i);

        batch_take_sequence(&batch); /* an event between two records */
        assert_int_equal(ledger_append(&batch, &record), 0);
        ret_sequences[i] = record.sequence;
    }
    return batch;
}

static struct text value_of(struct db_txn *txn, uint64_t sequence)
{
    struct key key = key_sequence(sequence);
    struct text value;

    assert_int_equal(db_get(txn, DB_LEDGER, key_text(&key), &value), 0);
    return value;
}

static void put(struct db_txn *txn, uint64_t sequence, struct text value)
{
    struct key key = key_sequence(sequence);

    assert_int_equal(db_put(txn, DB_LEDGER, key_text(&key), value), 0);
}

static void take_away(struct db_txn *txn, uint64_t sequence)
{
    struct key key = key_sequence(sequence);

    assert_int_equal(db_delete(txn, DB_LEDGER, key_text(&key)), 0);
}

/* Verifies a ledger that is broken; returns the sequence that is named. */
static uint64_t broken_at(struct db_txn *txn)
{
    struct chain_break where = {.sequence = 99};

    assert_int_equal(ledger_verify(txn, NULL, NULL, &where), LEDGER_E_BROKEN);
    assert_non_null(where.what);
    return where.sequence;
}

static void assert_whole(struct db_txn *txn)
{
    struct chain_break where;
    int r = ledger_verify(txn, NULL, NULL, &where);

    if (r)
        fail_msg("ledger_verify: %d: %s", r, r > 0 ? where.what : "");
}

static void check_same(const struct ledger_record *a, const struct ledger_record *b)
{
    assert_true(a->sequence == b->sequence && a->at_ms == b->at_ms);
    assert_memory_equal(a->previous, b->previous, HASH_BYTES);
    assert_memory_equal(a->hash, b->hash, HASH_BYTES);
    assert_memory_equal(a->id, b->id, RECORD_ID_BYTES);
    assert_memory_equal(a->notice, b->notice, HASH_BYTES);
    assert_memory_equal(a->material, b->material, HASH_BYTES);
    assert_memory_equal(a->visitor, b->visitor, VISITOR_BYTES);
    assert_true(text_equal(a->site, b->site) && text_equal(a->lang, b->lang));
    assert_true(a->version == b->version && a->device == b->device && strcmp(a->country, b->country) == 0);
    assert_true(a->kind == b->kind && a->surface == b->surface && a->regime == b->regime && a->signals == b->signals);
    assert_int_equal(a->n_answers, b->n_answers);
    for (unsigned i = 0; i < a->n_answers; i++) {
        assert_true(text_equal(a->answers[i].purpose, b->answers[i].purpose));
        assert_int_equal(a->answers[i].granted, b->answers[i].granted);
    }
}

/* ---- appending ---- */

static void test_round_trip(void **state)
{
    struct store_fixture *fixture = *state;
    struct ledger_record written[N_RECORDS], found;
    uint8_t previous[HASH_BYTES] = {0};

    for (unsigned i = 0; i < N_RECORDS; i++) { /* each in a transaction of its own */
        struct batch batch;

        written[i] = record_of(i);
        assert_int_equal(batch_begin(fixture->db, &batch), 0);
        assert_int_equal(ledger_append(&batch, &written[i]), 0);
        assert_int_equal(batch_commit(&batch), 0);
        assert_memory_equal(written[i].previous, previous, HASH_BYTES);
        memcpy(previous, written[i].hash, HASH_BYTES);
        store_fixture_reopen(fixture);
    }
    DB_TXN_AUTO *txn = NULL;
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    for (unsigned i = 0; i < N_RECORDS; i++) {
        assert_int_equal(ledger_get(txn, written[i].sequence, &found), 0);
        check_same(&written[i], &found);
        assert_int_equal(ledger_find(txn, written[i].id, &found), 0);
        check_same(&written[i], &found);
        assert_int_equal(ledger_has_visitor(&found), i % 3 != 0);
    }
    assert_int_equal(ledger_get(txn, 77, &found), DB_E_NOT_FOUND);
    assert_int_equal(ledger_find(txn, (const uint8_t *)"no such record!!", &found), DB_E_NOT_FOUND);
    assert_whole(txn);
}

static void test_largest(void **state)
{
    struct store_fixture *fixture = *state;
    static char name[PURPOSE_NAME_BYTES_MAX], site[SITE_NAME_BYTES_MAX], lang[LANGUAGE_BYTES_MAX];
    static char endless[LEDGER_RECORD_BYTES_MAX];
    struct ledger_record record = record_of(1), found;
    struct batch batch;

    memset(name, 'p', sizeof name);
    memset(site, 's', sizeof site);
    memset(lang, 'l', sizeof lang);
    record.site = (struct text){site, sizeof site};
    record.lang = (struct text){lang, sizeof lang};
    record.n_answers = PURPOSES_MAX;
    for (unsigned i = 0; i < PURPOSES_MAX; i++)
        record.answers[i] = (struct ledger_answer){.purpose = {name, sizeof name}, .granted = i % 2};
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_int_equal(ledger_append(&batch, &record), 0);
    assert_int_equal(ledger_get(batch.txn, record.sequence, &found), 0);
    check_same(&record, &found);
    assert_whole(batch.txn);
    record.site = (struct text){endless, sizeof endless};
    assert_int_equal(ledger_append(&batch, &record), -EOVERFLOW);
    batch_abort(&batch);
}

struct walk {
    unsigned n, stop_at;
};

static int visit(void *context, const struct ledger_record *record)
{
    struct walk *walk = context;

    assert_int_equal(record->at_ms, STORE_FIXTURE_NOW_MS + walk->n);
    return ++walk->n == walk->stop_at ? 42 : 0;
}

static void test_verify_walks(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t sequences[N_RECORDS];
    struct chain_break where;
    struct walk walk = {.n = 0};
    struct batch batch;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_whole(batch.txn); /* an empty ledger is whole */
    batch_abort(&batch);
    batch = begin_with_records(fixture, sequences);
    assert_int_equal(ledger_verify(batch.txn, visit, &walk, &where), 0);
    assert_int_equal(walk.n, N_RECORDS);
    walk = (struct walk){.stop_at = 3};
    assert_int_equal(ledger_verify(batch.txn, visit, &walk, &where), 42);
    assert_int_equal(walk.n, 3);
    batch_abort(&batch);
}

/* ---- tampering ---- */

static void test_every_bit_of_every_record(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t sequences[N_RECORDS];
    struct batch batch = begin_with_records(fixture, sequences);

    for (unsigned i = 0; i < N_RECORDS; i++) {
        uint8_t bytes[LEDGER_RECORD_BYTES_MAX];
        struct text value = value_of(batch.txn, sequences[i]);
        size_t size = value.size;

        memcpy(bytes, value.data, size);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            struct ledger_record found;

            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            put(batch.txn, sequences[i], (struct text){(const char *)bytes, size});
            assert_int_equal(broken_at(batch.txn), sequences[i]);
            assert_int_equal(ledger_get(batch.txn, sequences[i], &found), -EBADMSG);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < size; cut++) {
            put(batch.txn, sequences[i], (struct text){(const char *)bytes, cut});
            assert_int_equal(broken_at(batch.txn), sequences[i]);
        }
        put(batch.txn, sequences[i], (struct text){(const char *)bytes, size});
        assert_whole(batch.txn);
    }
    batch_abort(&batch);
}

static void test_removed(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t sequences[N_RECORDS];

    for (unsigned i = 0; i < N_RECORDS; i++) {
        struct batch batch = begin_with_records(fixture, sequences);

        take_away(batch.txn, sequences[i]);
        /* The next one does not follow any more; behind the last one there is only the head. */
        assert_int_equal(broken_at(batch.txn), i + 1 < N_RECORDS ? sequences[i + 1] : 0);
        batch_abort(&batch);
    }
    struct batch batch = begin_with_records(fixture, sequences);
    for (unsigned i = 0; i < N_RECORDS; i++)
        take_away(batch.txn, sequences[i]);
    assert_int_equal(broken_at(batch.txn), 0);
    batch_abort(&batch);
}

static void test_swapped_and_moved(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t sequences[N_RECORDS];
    struct batch batch = begin_with_records(fixture, sequences);
    BUFFER_AUTO second = BUFFER_INIT(LEDGER_RECORD_BYTES_MAX);
    BUFFER_AUTO third = BUFFER_INIT(LEDGER_RECORD_BYTES_MAX);

    buffer_put_text(&second, value_of(batch.txn, sequences[1]));
    buffer_put_text(&third, value_of(batch.txn, sequences[2]));
    put(batch.txn, sequences[1], buffer_text(&third));
    put(batch.txn, sequences[2], buffer_text(&second));
    assert_int_equal(broken_at(batch.txn), sequences[1]);
    put(batch.txn, sequences[1], buffer_text(&second));
    put(batch.txn, sequences[2], buffer_text(&third));
    assert_whole(batch.txn);

    /* To another number, in the same order. */
    take_away(batch.txn, sequences[2]);
    put(batch.txn, sequences[2] + 1, buffer_text(&third));
    assert_int_equal(broken_at(batch.txn), sequences[2] + 1);
    take_away(batch.txn, sequences[2] + 1);
    put(batch.txn, sequences[2], buffer_text(&third));
    assert_whole(batch.txn);

    /* A key that is no number comes behind all that begin with a lower byte. */
    assert_int_equal(db_put(batch.txn, DB_LEDGER, TEXT("zzz"), buffer_text(&second)), 0);
    assert_int_equal(broken_at(batch.txn), 0);
    batch_abort(&batch);
}

/* Puts its own hash behind @body, made right for @sequence. */
static void forge(uint64_t sequence, struct buffer *body)
{
    struct key key = key_sequence(sequence);
    BUFFER_AUTO hashed = BUFFER_INIT(2 * LEDGER_RECORD_BYTES_MAX);
    uint8_t hash[HASH_BYTES];

    buffer_put_text(&hashed, key_text(&key));
    buffer_put_text(&hashed, buffer_text(body));
    crypto_hash_sha256(hash, hashed.data, hashed.size);
    buffer_put(body, hash, sizeof hash);
}

/* Somebody who knows the format makes a record's own hash right: the one behind it gives it away. */
static void test_forged(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t sequences[N_RECORDS];

    for (unsigned i = 0; i < N_RECORDS; i++) {
        struct batch batch = begin_with_records(fixture, sequences);
        BUFFER_AUTO body = BUFFER_INIT(LEDGER_RECORD_BYTES_MAX);
        struct text value = value_of(batch.txn, sequences[i]);
        struct ledger_record found;

        buffer_put_text(&body, (struct text){value.data, value.size - HASH_BYTES});
        body.data[49 + 7] ^= 1; /* the time */
        forge(sequences[i], &body);
        put(batch.txn, sequences[i], buffer_text(&body));
        assert_int_equal(ledger_get(batch.txn, sequences[i], &found), 0); /* by itself it looks right */
        assert_int_equal(broken_at(batch.txn), i + 1 < N_RECORDS ? sequences[i + 1] : 0);
        batch_abort(&batch);
    }
    /* One that is put in between. */
    struct batch batch = begin_with_records(fixture, sequences);
    BUFFER_AUTO body = BUFFER_INIT(LEDGER_RECORD_BYTES_MAX);
    struct text value = value_of(batch.txn, sequences[3]);
    buffer_put_text(&body, (struct text){value.data, value.size - HASH_BYTES});
    forge(sequences[3] - 1, &body);
    put(batch.txn, sequences[3] - 1, buffer_text(&body));
    assert_int_equal(broken_at(batch.txn), sequences[3]);
    batch_abort(&batch);
}

static void test_head(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t sequences[N_RECORDS];
    struct batch batch = begin_with_records(fixture, sequences);
    struct text head;

    assert_int_equal(db_get(batch.txn, DB_META, TEXT("ledger"), &head), 0);
    size_t size = head.size;
    for (size_t i = 0; i < size; i++) {
        struct ledger_record record = record_of(9);

        store_fixture_damage(batch.txn, DB_META, TEXT("ledger"), i);
        assert_int_equal(broken_at(batch.txn), 0);
        assert_int_equal(ledger_append(&batch, &record), -EBADMSG); /* nothing is chained to what is not known */
        store_fixture_damage(batch.txn, DB_META, TEXT("ledger"), i);
    }
    assert_whole(batch.txn);
    /* The same with a right checksum: count, last sequence and last hash must each fit. */
    char bytes[8 + 8 + HASH_BYTES];
    assert_int_equal(db_get(batch.txn, DB_META, TEXT("ledger"), &head), 0);
    memcpy(bytes, head.data, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        store_fixture_put_checked(batch.txn, DB_META, TEXT("ledger"), (struct text){bytes, sizeof bytes});
        assert_int_equal(broken_at(batch.txn), 0);
        bytes[i] ^= 1;
    }
    store_fixture_put_checked(batch.txn, DB_META, TEXT("ledger"), (struct text){bytes, sizeof bytes});
    assert_whole(batch.txn);
    store_fixture_put_checked(batch.txn, DB_META, TEXT("ledger"), TEXT("not 48 bytes"));
    assert_int_equal(broken_at(batch.txn), 0);
    assert_int_equal(db_delete(batch.txn, DB_META, TEXT("ledger")), 0);
    assert_int_equal(broken_at(batch.txn), 0);
    batch_abort(&batch);
}

static void test_receipts(void **state)
{
    struct store_fixture *fixture = *state;
    uint64_t sequences[N_RECORDS];
    struct batch batch = begin_with_records(fixture, sequences);
    struct ledger_record record = record_of(2), found;
    struct text id = {(const char *)record.id, RECORD_ID_BYTES};

    assert_int_equal(db_put(batch.txn, DB_RECEIPTS, id, TEXT("short")), 0);
    assert_int_equal(ledger_find(batch.txn, record.id, &found), -EBADMSG);
    struct key nowhere = key_sequence(1000);
    assert_int_equal(db_put(batch.txn, DB_RECEIPTS, id, key_text(&nowhere)), 0);
    assert_int_equal(ledger_find(batch.txn, record.id, &found), -EBADMSG);
    batch_abort(&batch);
}

/* Records with a right hash that nobody of us would write. Offsets as docs/formats.md draws them. */
static void test_forms_that_are_none(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
        uint8_t byte;
        bool good;
    } rows[] = {
        {"as written", 0, 2, true},
        {"no version", 0, 0, false},
        {"the version before, which was shorter", 0, 1, false},
        {"another version", 0, 3, false},
        {"half a country", 149 + 1 + 11 + 10, 'A', false},
        {"a country in small letters", 149 + 1 + 11 + 10 + 1, 'a', false},
        {"a device that is none", 149 + 1 + 11 + 10 + 2, DEVICE_N, false},
        {"no kind", 62, 0, false},
        {"a kind that is none", 62, CHOICE_N, false},
        {"no surface", 63, 0, false},
        {"a surface that is none", 63, SURFACE_N, false},
        {"no regime", 64, 0, false},
        {"a regime that is none", 64, REGIME_N, false},
        {"a longer site", 57, 5, false},
        {"an endless site", 57, 0x80, false},
        {"more answers than there are", 149, 3, false},
        {"fewer answers than there are", 149, 1, false},
        {"more answers than there may be", 149, PURPOSES_MAX + 1, false},
        {"an answer that is neither yes nor no", 149 + 1 + 10, 2, false},
    };
    struct store_fixture *fixture = *state;
    uint64_t sequences[N_RECORDS];
    struct batch batch = begin_with_records(fixture, sequences);
    struct text value = value_of(batch.txn, sequences[2]); /* has two answers */

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO body = BUFFER_INIT(LEDGER_RECORD_BYTES_MAX);
        struct ledger_record found = {.sequence = 99};

        buffer_put_text(&body, (struct text){value.data, value.size - HASH_BYTES});
        body.data[rows[i].offset] = rows[i].byte;
        forge(sequences[2], &body);
        check_equal(rows[i].name, ledger_decode(sequences[2], buffer_text(&body), &found), rows[i].good);
        check_equal(rows[i].name, found.sequence, rows[i].good ? sequences[2] : 99);
    }
    batch_abort(&batch);
}

/* Version 1, byte for byte as the first version of crumb wrote it: it is read for ever. */
static void test_version_1(void **state)
{
    static const uint8_t body[] = "\x01"                                                             /* version */
                                  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" /* the first */
                                  "iiiiiiiiiiiiiiii"                                                 /* record id */
                                  "\0\0\x01\x9c\xad\xe2\x11\xc0"                                     /* time */
                                  "\x04shop"
                                  "\x03\x01\x01\x01" /* custom, banner, opt_in, the signal */
                                  "\x02"
                                  "en"
                                  "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
                                  "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
                                  "visitor-no-00001"
                                  "\x02"
                                  "\x09"
                                  "analytics\x01"
                                  "\x08"
                                  "journeys"; /* refused: the literal's own NUL */
    BUFFER_AUTO record = BUFFER_INIT(LEDGER_RECORD_BYTES_MAX);
    struct ledger_record found;

    buffer_put(&record, body, sizeof body);
    forge(7, &record);
    assert_true(ledger_decode(7, buffer_text(&record), &found));
    assert_true(found.version == 1 && found.kind == CHOICE_CUSTOM && found.regime == REGIME_OPT_IN);
    assert_true(found.country[0] == '\0' && found.device == DEVICE_UNKNOWN);
    assert_true(found.n_answers == 2 && found.answers[0].granted && !found.answers[1].granted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_round_trip),   STORE_FIXTURE_TEST(test_largest),
        STORE_FIXTURE_TEST(test_verify_walks), STORE_FIXTURE_TEST(test_every_bit_of_every_record),
        STORE_FIXTURE_TEST(test_removed),      STORE_FIXTURE_TEST(test_swapped_and_moved),
        STORE_FIXTURE_TEST(test_forged),       STORE_FIXTURE_TEST(test_head),
        STORE_FIXTURE_TEST(test_receipts),     STORE_FIXTURE_TEST(test_forms_that_are_none),
        cmocka_unit_test(test_version_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
