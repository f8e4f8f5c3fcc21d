/*
 * The journal: records there and back, walks that stop at the day's end, and
 * rows that are damaged.
 */
#include "check.h"
#include "crumb/store/checksum.h"
#include "crumb/store/journal.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdio.h>

#define VISITOR ((const uint8_t *)"visitor-no-00001")

static struct journal_record record_of(uint32_t site, int32_t day)
{
    struct journal_record record = {.site = site,
                                    .day = day,
                                    .kind = EVENT_PAGEVIEW,
                                    .consent = 7,
                                    .fingerprint = 0x1122334455667788,
                                    .number = 77,
                                    .granted = CLASS_ALL,
                                    .classes = CLASS_BIT(CLASS_LOG) | CLASS_BIT(CLASS_CLICKPATH),
                                    .sections = {[CLASS_LOG] = TEXT("\x03\x02/a"), [CLASS_CLICKPATH] = TEXT("")}};

    memcpy(record.visitor, VISITOR, VISITOR_BYTES);
    return record;
}

static void test_fingerprint(void **state)
{
    uint8_t a[VISITOR_BYTES] = {1}, b[VISITOR_BYTES] = {2};

    assert_true(journal_fingerprint(a, TEXT_NONE) == 0);
    assert_true(journal_fingerprint(a, TEXT("id")) != 0);
    assert_true(journal_fingerprint(a, TEXT("id")) == journal_fingerprint(a, TEXT("id")));
    assert_true(journal_fingerprint(a, TEXT("id")) != journal_fingerprint(b, TEXT("id")));
    assert_true(journal_fingerprint(a, TEXT("id")) != journal_fingerprint(a, TEXT("ie")));
}

struct walk {
    unsigned n, stop_at;
    uint64_t sequences[16];
    struct journal_record last; /* its sections are gone */
    char path[8];
};

static int visit(void *context, const struct journal_record *record)
{
    struct walk *walk = context;
    struct event event;

    walk->sequences[walk->n++] = record->sequence;
    walk->last = *record;
    assert_true(journal_event(record, &event));
    snprintf(walk->path, sizeof walk->path, "%.*s", TEXT_ARGS(event.path));
    return walk->n == walk->stop_at ? 42 : 0;
}

static struct walk walk_of(struct db_txn *txn, uint32_t site, int32_t day, uint64_t after)
{
    struct walk walk = {.n = 0};

    assert_int_equal(journal_each(txn, site, day, after, visit, &walk), 0);
    return walk;
}

static void test_append_and_walk(void **state)
{
    struct store_fixture *fixture = *state;
    struct batch batch;
    struct journal_record records[] = {record_of(1, 20000), record_of(1, 20000), record_of(1, 20001),
                                       record_of(2, 20000), record_of(1, 20000), record_of(1, 19999)};

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    for (size_t i = 0; i < N_ROWS(records); i++) {
        records[i].key = store_fixture_key(&batch);
        assert_int_equal(journal_append(&batch, &records[i]), 0);
        assert_int_equal(records[i].sequence, i + 1);
    }
    assert_int_equal(batch_commit(&batch), 0);

    DB_TXN_AUTO *txn = NULL;
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    struct walk walk = walk_of(txn, 1, 20000, 0);
    assert_int_equal(walk.n, 3);
    assert_memory_equal(walk.sequences, ((uint64_t[]){1, 2, 5}), 3 * sizeof(uint64_t));
    assert_string_equal(walk.path, "/a");
    assert_int_equal(walk.last.kind, EVENT_PAGEVIEW);
    assert_int_equal(walk.last.consent, 7);
    assert_true(walk.last.fingerprint == 0x1122334455667788);
    assert_int_equal(walk.last.classes, CLASS_BIT(CLASS_LOG) | CLASS_BIT(CLASS_CLICKPATH));
    assert_memory_equal(walk.last.visitor, VISITOR, VISITOR_BYTES);

    assert_int_equal(walk_of(txn, 1, 20000, 1).n, 2);
    assert_int_equal(walk_of(txn, 1, 20000, 2).n, 1);
    assert_int_equal(walk_of(txn, 1, 20000, 5).n, 0);
    assert_int_equal(walk_of(txn, 1, 19998, 0).n, 0);
    assert_int_equal(walk_of(txn, 1, 20001, 0).n, 1);
    assert_int_equal(walk_of(txn, 2, 20000, 0).n, 1);
    assert_int_equal(walk_of(txn, 3, 0, 0).n, 0);

    struct walk stopped = {.stop_at = 2};
    assert_int_equal(journal_each(txn, 1, 20000, 0, visit, &stopped), 42);
    assert_int_equal(stopped.n, 2);

    struct day_state state_of_day;
    assert_int_equal(day_get(txn, 1, 20000, &state_of_day), 0);
    assert_int_equal(state_of_day.events, 3);
    assert_int_equal(state_of_day.last, 5);
    assert_int_equal(state_of_day.sealed, 0);
}

/* The bytes of a record as they lie in the store. */
static struct key append_one(struct batch *batch)
{
    struct journal_record record = record_of(1, 20000);

    record.key = store_fixture_key(batch);
    assert_int_equal(journal_append(batch, &record), 0);
    return key_journal(1, 20000, record.sequence);
}

static void test_damage(void **state)
{
    struct store_fixture *fixture = *state;
    BUFFER_AUTO plain = BUFFER_INIT(JOURNAL_RECORD_BYTES_MAX);
    struct batch batch;
    struct journal_record record;
    struct text value;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    struct key key = append_one(&batch), other = key_journal(1, 20001, 1);
    assert_int_equal(batch_commit(&batch), 0); /* its key is on the disk */
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    KEYS_AUTO keys = KEYS_INIT(db_keyring(batch.txn), KEYS_WALK_MAX);
    assert_int_equal(db_get(batch.txn, DB_JOURNAL, key_text(&key), &value), 0);
    assert_int_equal(journal_decode(key_text(&key), value, &keys, &plain, &record), 0);
    assert_int_equal(journal_decode(key_text(&other), value, &keys, &plain, &record), -EBADMSG); /* moved */
    size_t size = value.size;
    for (size_t i = 0; i < size; i++) {
        struct walk walk = {.n = 0};

        assert_int_equal(db_get(batch.txn, DB_JOURNAL, key_text(&key), &value), 0);
        assert_int_equal(journal_decode(key_text(&key), (struct text){value.data, i}, &keys, &plain, &record),
                         -EBADMSG);
        store_fixture_damage(batch.txn, DB_JOURNAL, key_text(&key), i);
        assert_int_equal(journal_each(batch.txn, 1, 20000, 0, visit, &walk), -EBADMSG);
        assert_int_equal(walk.n, 0);
        store_fixture_damage(batch.txn, DB_JOURNAL, key_text(&key), i);
    }
    assert_int_equal(walk_of(batch.txn, 1, 20000, 0).n, 1);
    batch_abort(&batch);
}

/* Rows with a good checksum that nobody of us would write. */
static void test_forms_that_are_none(void **state)
{
    static const struct {
        const char *name;
        unsigned version, kind, sets, n_sections, n_more;
        bool good;
    } rows[] = {
        {"a page view", 1, 1, 0x09, 1, 0, true},
        {"a ping with all classes", 1, 2, 0x3f, 3, 0, true},
        {"a click", 1, 3, 0x24, 1, 0, true},
        {"another version", 2, 1, 0x09, 1, 0, false},
        {"no kind", 1, 0, 0x09, 1, 0, false},
        {"an unknown kind", 1, EVENT_KIND_N, 0x09, 1, 0, false},
        {"an unknown class", 1, 1, 0x49, 1, 0, false},
        {"more than was granted", 1, 1, 0x0b, 2, 0, false},
        {"all granted, one there", 1, 1, 0x39, 1, 0, true},
        {"no class", 1, 1, 0x08, 0, 0, false},
        {"a page view without its carrier", 1, 1, 0x12, 1, 0, false},
        {"a click without its carrier", 1, 3, 0x1b, 2, 0, false},
        {"fewer sections than classes", 1, 1, 0x1b, 1, 0, false},
        {"bytes behind", 1, 1, 0x09, 1, 1, false},
    };
    struct store_fixture *fixture = *state;
    struct key key = key_journal(1, 20000, 1);
    struct crypt_place place = {.table = "journal", .key = key_text(&key)};
    uint8_t visitors[CRYPT_KEY_BYTES], days[CRYPT_KEY_BYTES], secret[CRYPT_KEY_BYTES];
    struct key_ref ref, day_ref;
    struct batch batch;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_int_equal(batch_new_key(&batch, KEY_VISITOR, &ref, visitors), 0);
    assert_int_equal(batch_new_key(&batch, KEY_DAY, &day_ref, days), 0);
    crypt_join(visitors, days, secret);
    assert_int_equal(batch_commit(&batch), 0);
    KEYS_AUTO keys = KEYS_INIT(db_keyring_of(fixture->db), KEYS_WALK_MAX);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(1000), plain = BUFFER_INIT(1000);
        struct journal_record record = {.site = 99};

        buffer_put_u8(&buffer, (uint8_t)rows[i].version);
        keyring_put_ref(&buffer, ref);
        keyring_put_ref(&buffer, day_ref);
        buffer_put(&buffer, crypt_no_salt, CRYPT_SALT_BYTES);
        checksum_put(&buffer, key_text(&key));
        size_t start = buffer.size;
        buffer_put_u8(&buffer, (uint8_t)rows[i].kind);
        buffer_put_u8(&buffer, (uint8_t)rows[i].sets);
        buffer_put(&buffer, VISITOR, VISITOR_BYTES);
        buffer_put_u32(&buffer, 77);
        buffer_put_u64(&buffer, 1);
        buffer_put_u64(&buffer, 2);
        for (unsigned n = 0; n < rows[i].n_sections; n++)
            buffer_put_sized(&buffer, TEXT_NONE);
        for (unsigned n = 0; n < rows[i].n_more; n++)
            buffer_put_u8(&buffer, 0);
        crypt_seal(secret, &place, crypt_no_salt, &buffer, start);
        check_equal(rows[i].name, journal_decode(key_text(&key), buffer_text(&buffer), &keys, &plain, &record),
                    rows[i].good ? 0 : -EBADMSG);
        check_equal(rows[i].name, record.site, rows[i].good ? 1 : 99); /* untouched where it is none */
    }
}

static int count_records(void *context, const struct journal_record *record)
{
    (void)record;
    ++*(unsigned *)context;
    return 0;
}

/* Where the visitor's key was destroyed, every walk passes over the record; damage is still told from it. */
static void test_erased(void **state)
{
    struct store_fixture *fixture = *state;
    struct journal_record records[] = {record_of(1, 20000), record_of(1, 20000), record_of(1, 20000)};
    struct key_ref ann, bob;
    struct batch batch;
    uint64_t n_erased;
    unsigned n = 0;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    ann = store_fixture_key(&batch);
    bob = store_fixture_key(&batch);
    for (size_t i = 0; i < N_ROWS(records); i++) {
        records[i].key = i == 1 ? bob : ann;
        assert_int_equal(journal_append(&batch, &records[i]), 0);
    }
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_int_equal(batch_doom_key(&batch, bob), 0);
    assert_int_equal(journal_append(&batch, &records[1]), 0); /* it is there until the commit */
    assert_int_equal(batch_commit(&batch), 0);

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_int_equal(journal_append(&batch, &records[1]), JOURNAL_E_ERASED);
    assert_int_equal(journal_append(&batch, &(struct journal_record){.kind = EVENT_PAGEVIEW,
                                                                     .granted = CLASS_ALL,
                                                                     .classes = CLASS_BIT(CLASS_LOG)}),
                     JOURNAL_E_ERASED);
    assert_int_equal(journal_count(batch.txn, 1, 20000, count_records, &n, &n_erased), 0);
    assert_int_equal(n, 2);
    assert_int_equal(n_erased, 2);
    assert_int_equal(walk_of(batch.txn, 1, 20000, 0).n, 2);
    struct key key = key_journal(1, 20000, records[1].sequence);
    store_fixture_damage(batch.txn, DB_JOURNAL, key_text(&key), 5); /* of the reference */
    assert_int_equal(journal_each(batch.txn, 1, 20000, 0, count_records, &n), -EBADMSG);
    batch_abort(&batch);
}

static void test_sections_that_are_none(void **state)
{
    struct journal_record record = record_of(1, 20000);
    struct event event;

    assert_true(journal_event(&record, &event));
    assert_text(event.path, "/a");
    record.sections[CLASS_CLICKPATH] = TEXT("\xff");
    assert_false(journal_event(&record, &event));
    record.classes = CLASS_BIT(CLASS_LOG); /* a section that is not there is not read */
    assert_true(journal_event(&record, &event));
}

static void test_too_large(void **state)
{
    static char bytes[JOURNAL_RECORD_BYTES_MAX];
    struct store_fixture *fixture = *state;
    struct journal_record record = record_of(1, 20000);
    struct batch batch;

    record.sections[CLASS_LOG] = (struct text){bytes, sizeof bytes};
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    record.key = store_fixture_key(&batch);
    assert_int_equal(journal_append(&batch, &record), -EOVERFLOW);
    batch_abort(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fingerprint),
        STORE_FIXTURE_TEST(test_append_and_walk),
        STORE_FIXTURE_TEST(test_damage),
        STORE_FIXTURE_TEST(test_erased),
        STORE_FIXTURE_TEST(test_forms_that_are_none),
        cmocka_unit_test(test_sections_that_are_none),
        STORE_FIXTURE_TEST(test_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
