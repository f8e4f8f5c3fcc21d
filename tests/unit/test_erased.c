/*
 * What is left of a visitor whose key was destroyed: nothing that can be read,
 * in the journal, in segments, in rollups, in free pages, nor in a copy of the
 * store from before, once it is opened beside the keys of today (P5).
 */
#include "check.h"
#include "crumb/rollup/audit.h"
#include "crumb/rollup/mend.h"
#include "crumb/rollup/rollups.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/doomed.h"
#include "day_store.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define ANN_PATH "/only-ann-was-here"
#define BOB_PATH "/bob-was-here-as-well"
#define HOUR_MS (3600 * 1000LL)
#define N_REFS_MAX 64

struct people {
    struct store_fixture fixture;
    const struct site *site;
    int32_t day;
    int64_t later_ms;
    struct key_ref ann, bob;
};

static void view(struct people *people, struct batch *batch, struct key_ref key, uint32_t number, const char *path)
{
    BUFFER_AUTO section = BUFFER_INIT(1024);
    struct event event = {.kind = EVENT_PAGEVIEW,
                          .at_ms = (uint64_t)(zone_day_start_ms(people->site->zone, people->day) + 1000LL * number),
                          .path = text_of(path)};
    struct journal_record record = {.site = people->site->id,
                                    .day = people->day,
                                    .kind = EVENT_PAGEVIEW,
                                    .key = key,
                                    .number = number,
                                    .granted = CLASS_ALL,
                                    .classes = CLASS_BIT(CLASS_LOG)};

    event_encode(&event, CLASS_LOG, &section);
    record.sections[CLASS_LOG] = buffer_text(&section);
    assert_int_equal(journal_append(batch, &record), 0);
}

/* Both have been there, the day is over and sealed. */
static struct people setup(void)
{
    struct people people = {.day = DAY_STORE_FIRST};
    struct batch batch;

    store_fixture_init(&people.fixture, store_fixture_yaml);
    people.site = store_fixture_site(&people.fixture, "blog");
    people.later_ms = zone_day_start_ms(people.site->zone, people.day + 1) + HOUR_MS;
    assert_int_equal(batch_begin(people.fixture.db, &batch), 0);
    people.ann = store_fixture_key(&batch);
    people.bob = store_fixture_key(&batch);
    for (unsigned i = 0; i < 20; i++) {
        view(&people, &batch, people.ann, 1, ANN_PATH);
        view(&people, &batch, people.bob, 2, BOB_PATH);
    }
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(day_store_seal(&people.fixture, people.later_ms), 1);
    return people;
}

/* The key goes, and the day is built again without what was under it. */
static void erase_ann(struct people *people)
{
    struct batch batch;
    struct day_state state;

    assert_int_equal(batch_begin(people->fixture.db, &batch), 0);
    assert_int_equal(batch_doom_key(&batch, people->ann), 0);
    assert_int_equal(day_get(batch.txn, people->site->id, people->day, &state), 0);
    state.sealed = 0;
    assert_int_equal(day_put(batch.txn, people->site->id, people->day, &state), 0);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(day_store_seal(&people->fixture, people->later_ms), 1);
}

static bool can_read(const struct people *people, const char *path)
{
    return store_fixture_can_read(people->fixture.db, text_of(path));
}

static bool lies_there(struct people *people, const char *path)
{
    people->fixture.db = db_close(people->fixture.db);
    bool found = store_fixture_has_bytes(people->fixture.folder, text_of(path));
    people->fixture.db = store_fixture_open(people->fixture.folder);
    return found;
}

static void expect_good(const struct people *people)
{
    DB_TXN_AUTO *txn = NULL;
    struct audit_finding finding;

    assert_int_equal(db_begin_read(people->fixture.db, &txn), 0);
    assert_int_equal(audit_segments(txn, people->fixture.config, true, &finding), 0);
    assert_int_equal(audit_rollups(txn, true, &finding), 0);
}

/* Every key that a value of the store refers to. */
static size_t refs_of(struct db *db, struct key_ref refs[N_REFS_MAX])
{
    static const enum db_table tables[] = {DB_SEGMENTS, DB_ROLLUPS};
    DB_TXN_AUTO *txn = NULL;
    size_t n = 0;

    assert_int_equal(db_begin_read(db, &txn), 0);
    for (size_t i = 0; i < N_ROWS(tables); i++) {
        DB_CURSOR_AUTO *cursor = NULL;
        struct text key, value;
        int r = db_cursor_new(txn, tables[i], &cursor);

        for (r = r ? r : db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0;
             r = db_cursor_next(cursor, &key, &value)) {
            struct envelope envelope;

            assert_int_equal(envelope_read(tables[i], key, value, &envelope), 0);
            assert_true(n < N_REFS_MAX);
            refs[n++] = envelope.ref;
        }
    }
    return n;
}

static void test_nothing_is_left(void **state)
{
    struct people people = setup();
    struct key_ref refs[N_REFS_MAX];
    uint8_t key[CRYPT_KEY_BYTES];

    (void)state;
    assert_true(can_read(&people, ANN_PATH) && can_read(&people, BOB_PATH)); /* else the search would find nothing */
    assert_false(lies_there(&people, ANN_PATH) || lies_there(&people, BOB_PATH));
    size_t n = refs_of(people.fixture.db, refs);
    assert_true(n > 10);
    erase_ann(&people);
    assert_false(can_read(&people, ANN_PATH));
    assert_true(can_read(&people, BOB_PATH));
    assert_false(lies_there(&people, ANN_PATH));
    /* What lies in free pages is under these. */
    struct keyring *keyring = db_keyring_of(people.fixture.db);
    assert_int_equal(keyring_get(keyring, people.ann, key), KEYRING_E_GONE);
    assert_int_equal(keyring_get(keyring, people.bob, key), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(keyring_get(keyring, refs[i], key), KEYRING_E_GONE);
    expect_good(&people);
    store_fixture_deinit(&people.fixture);
}

static void copy_file(const char *from, const char *to)
{
    char bytes[4096];
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");
    size_t n;

    assert_true(in && out);
    while ((n = fread(bytes, 1, sizeof bytes, in)))
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* A backup of the store, put back beside the keys of today. */
static void test_backup(void **state)
{
    char store[STORE_FIXTURE_PATH_BYTES + 16], backup[STORE_FIXTURE_PATH_BYTES + 16];
    struct people people = setup();
    unsigned n = 0;

    (void)state;
    snprintf(store, sizeof store, "%s/crumb.mdb", people.fixture.folder);
    snprintf(backup, sizeof backup, "%s/backup", people.fixture.folder);
    people.fixture.db = db_close(people.fixture.db);
    copy_file(store, backup);
    people.fixture.db = store_fixture_open(people.fixture.folder);
    erase_ann(&people);
    people.fixture.db = db_close(people.fixture.db);
    assert_int_equal(rename(backup, store), 0);

    people.fixture.db = store_fixture_open(people.fixture.folder);
    assert_false(can_read(&people, ANN_PATH)); /* as it is, before anything was done */
    expect_good(&people);
    assert_int_equal(mend_days(people.fixture.db, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(mend_days(people.fixture.db, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(day_store_seal(&people.fixture, people.later_ms), 1);
    assert_false(can_read(&people, ANN_PATH));
    assert_true(can_read(&people, BOB_PATH));
    assert_false(lies_there(&people, ANN_PATH));
    expect_good(&people);
    store_fixture_deinit(&people.fixture);
}

/* A store and keys that do not belong together, or in the wrong order of days. */
static void test_keys_of_another_day(void **state)
{
    char keys[STORE_FIXTURE_PATH_BYTES + 16], older[STORE_FIXTURE_PATH_BYTES + 16];
    struct people people = setup();
    struct db *db = NULL;

    (void)state;
    snprintf(keys, sizeof keys, "%s/keys", people.fixture.folder);
    snprintf(older, sizeof older, "%s/older", people.fixture.folder);
    people.fixture.db = db_close(people.fixture.db);
    copy_file(keys, older);
    people.fixture.db = store_fixture_open(people.fixture.folder);
    erase_ann(&people);
    people.fixture.db = db_close(people.fixture.db);
    assert_int_equal(rename(older, keys), 0); /* with the key of Ann in it */
    struct db_options options = {.folder = people.fixture.folder, .mode = DB_SERVE, .size_bytes_max = 64 << 20};
    assert_int_equal(db_open(&options, &db), KEYRING_E_OLDER);
    options.mode = DB_READ;
    assert_int_equal(db_open(&options, &db), KEYRING_E_OLDER);
    unlink(keys);
    assert_int_equal(db_open(&options, &db), KEYRING_E_ABSENT);
    options.mode = DB_SERVE;
    assert_int_equal(db_open(&options, &db), KEYRING_E_ABSENT);
    assert_int_equal(access(keys, F_OK), -1); /* never a new one beside a store */
    edition_unref(people.fixture.edition);
    store_fixture_remove(people.fixture.folder);
}

/* A day that is sealed again takes its old key away from whoever still looks at the snapshot from before. */
static void test_older_snapshot(void **state)
{
    struct people people = setup();
    DB_TXN_AUTO *older = NULL;
    DB_TXN_AUTO *newer = NULL;
    SEGMENT_AUTO segment = {.n_texts = 0};

    (void)state;
    assert_int_equal(db_begin_read(people.fixture.db, &older), 0);
    assert_int_equal(segments_open(older, people.site->id, people.day, &segment), 0);
    erase_ann(&people);
    assert_int_equal(segments_open(older, people.site->id, people.day, &segment), -ESTALE);
    assert_int_equal(db_begin_read(people.fixture.db, &newer), 0);
    assert_int_equal(segments_open(newer, people.site->id, people.day, &segment), 0);
    older = db_abort(older);
    newer = db_abort(newer);
    store_fixture_deinit(&people.fixture);
}

/* ---- killed between the commit and the destruction ---- */

static int faults_left;

static int fail_keys(void *context, enum db_step step)
{
    (void)context;
    return step == DB_STEP_KEYS && faults_left >= 0 && faults_left-- == 0 ? -EIO : 0;
}

/* The n-th step of the keyring fails: either the batch is not there, or its keys are gone after the next start. */
static void test_interrupted(void **state)
{
    (void)state;
    for (int n = 0, was_hit = 1; was_hit; n++) {
        struct people people = setup();
        struct batch batch;
        uint8_t key[CRYPT_KEY_BYTES];
        DB_TXN_AUTO *txn = NULL;
        uint64_t n_doomed;

        people.fixture.db = db_close(people.fixture.db);
        faults_left = n;
        struct db_options options = {
            .folder = people.fixture.folder, .mode = DB_SERVE, .size_bytes_max = 64 << 20, .fault = fail_keys};
        assert_int_equal(db_open(&options, &people.fixture.db), 0);
        assert_int_equal(batch_begin(people.fixture.db, &batch), 0);
        struct key_ref carl = store_fixture_key(&batch);
        assert_int_equal(batch_doom_key(&batch, people.ann), 0);
        int r = batch_commit(&batch);
        was_hit = faults_left < 0;
        bool is_broken = db_broken(people.fixture.db);
        assert_true(r == 0 || !is_broken);
        faults_left = -1;
        db_close(people.fixture.db);
        people.fixture.db = store_fixture_open(people.fixture.folder);
        struct keyring *keyring = db_keyring_of(people.fixture.db);
        assert_int_equal(keyring_get(keyring, people.ann, key), r ? 0 : KEYRING_E_GONE);
        assert_int_equal(keyring_get(keyring, carl, key), r ? KEYRING_E_GONE : 0);
        assert_int_equal(keyring_get(keyring, people.bob, key), 0);
        assert_int_equal(db_begin_read(people.fixture.db, &txn), 0);
        assert_int_equal(db_entries(txn, DB_DOOMED, &n_doomed), 0);
        assert_int_equal(n_doomed, 0); /* the list was worked off */
        txn = db_abort(txn);
        store_fixture_deinit(&people.fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_left), cmocka_unit_test(test_backup),
                                       cmocka_unit_test(test_keys_of_another_day), cmocka_unit_test(test_interrupted),
                                       cmocka_unit_test(test_older_snapshot)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
