/*
 * Any bytes as a row of the store.  The first byte says which row, and whether
 * its checksum (or hash) is to be made right, as random bytes hardly ever get
 * past it; the rest is the row.
 *
 * Rows of tables that are read through a transaction are put into one that is
 * never committed.
 */
#include "crumb/base/random.h"
#include "crumb/consent/ledger.h"
#include "crumb/consent/versions.h"
#include "crumb/consent/visitor.h"
#include "crumb/store/checksum.h"
#include "crumb/store/consents.h"
#include "crumb/store/journal.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROW_BYTES_MAX (64 << 10)
#define SITE 1
#define FROM_MS 1772443800000LL
#define DAY 20514
#define HOUR 492345
#define SEQUENCE 7
#define VISITOR ((const uint8_t *)"visitor-no-00001")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct db_txn *txn;
static struct key_ref ref, day_ref;
static uint8_t secret[CRYPT_KEY_BYTES], day_secret[CRYPT_KEY_BYTES];
static struct keys keys;

/* The store's files are unlinked at once: they live as long as the process. */
static void open_store(void)
{
    char folder[] = "/tmp/crumb-fuzz-XXXXXX", path[64];
    struct db *db;
    struct batch batch;

    assert(random_init() == 0);
    assert(mkdtemp(folder));
    int r = db_open(&(struct db_options){.folder = folder, .mode = DB_SERVE, .size_bytes_max = 16 << 20}, &db);
    assert(r == 0 && batch_begin(db, &batch) == 0);
    assert(batch_new_key(&batch, KEY_VISITOR, &ref, secret) == 0);
    assert(batch_new_key(&batch, KEY_DAY, &day_ref, day_secret) == 0 && batch_commit(&batch) == 0);
    assert(db_begin_write(db, &txn) == 0);
    keys = KEYS_INIT(db_keyring(txn), KEYS_WALK_MAX);
    static const char *const files[] = {"crumb.mdb", "crumb.mdb-lock", "lock", "keys", "master.key"};
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void put(enum db_table table, const struct key *key, struct text row)
{
    assert(db_put(txn, table, key_text(key), row) == 0);
}

static void try_journal(const struct key *key, struct text row)
{
    BUFFER_AUTO plain = BUFFER_INIT(JOURNAL_RECORD_BYTES_MAX);
    struct journal_record record;
    struct event event;
    int r = journal_decode(key_text(key), row, &keys, &plain, &record);

    assert(r == 0 || r == JOURNAL_E_ERASED || r == -EBADMSG);
    if (r)
        return;
    assert(record.site == SITE && record.day == DAY && record.sequence == SEQUENCE);
    assert(record.kind >= EVENT_PAGEVIEW && record.kind < EVENT_KIND_N);
    assert((record.classes & ~CLASS_ALL) == 0 && record.classes & CLASS_BIT(event_carrier(record.kind)));
    if (!journal_event(&record, &event))
        return;
    assert(event.kind == record.kind && event.n_properties <= PROPERTIES_MAX);
    /* What was read is written and read the same. */
    for (unsigned class = 0; class < CLASS_N; class ++) {
        BUFFER_AUTO once = BUFFER_INIT(ROW_BYTES_MAX), twice = BUFFER_INIT(ROW_BYTES_MAX);
        struct event back = {.kind = event.kind};

        event_encode(&event, class, &once);
        assert(event_decode(buffer_text(&once), class, &back));
        event_encode(&back, class, &twice);
        assert(text_equal(buffer_text(&once), buffer_text(&twice)));
    }
}

/* What follows the version as it would be encrypted; nobody finds a box that opens by chance. */
static void seal_record(const struct key *key, struct text bytes, struct buffer *row)
{
    struct crypt_place place = {.table = "journal", .key = key_text(key)};
    uint8_t joined[CRYPT_KEY_BYTES];

    crypt_join(secret, day_secret, joined);
    buffer_clear(row);
    buffer_put(row, bytes.data, bytes.size ? 1 : 0);
    keyring_put_ref(row, ref);
    keyring_put_ref(row, day_ref);
    buffer_put(row, crypt_no_salt, CRYPT_SALT_BYTES);
    size_t start = row->size;
    buffer_put_text(row, text_from(bytes, bytes.size ? 1 : 0));
    crypt_seal(joined, &place, crypt_no_salt, row, start);
    checksum_put(row, key_text(key));
}

static void try_ledger(struct text row)
{
    struct ledger_record record;

    if (!ledger_decode(SEQUENCE, row, &record))
        return;
    assert(record.sequence == SEQUENCE && record.n_answers <= PURPOSES_MAX);
    assert(strcmp(words_choice_kind(record.kind), "?") && strcmp(words_surface(record.surface), "?"));
    assert(strcmp(words_regime(record.regime), "?") && strcmp(words_device(record.device), "?"));
    assert(record.country[0] ? strlen(record.country) == 2 : !record.country[1]);
}

static void try_visitor(const struct key *key, struct text row)
{
    struct visitor visitor, again;

    put(DB_VISITORS, key, row);
    int r = visitor_get(txn, SITE, VISITOR, &visitor);
    assert(r == 0 || r == -EBADMSG);
    if (r)
        return;
    assert(visitor.n_granted <= PURPOSES_MAX && strcmp(words_choice_kind(visitor.choice), "?"));
    assert(visitor_put(txn, SITE, VISITOR, &visitor) == 0 && visitor_get(txn, SITE, VISITOR, &again) == 0);
    assert(strcmp(words_regime(visitor.regime), "?"));
    assert(visitor.regime == again.regime && strcmp(visitor.country, again.country) == 0);
    assert(visitor.choice == again.choice && visitor.n_granted == again.n_granted && visitor.at_ms == again.at_ms);
}

static int take_books(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    (void)context;
    assert(site == SITE && hour == HOUR && accounting_balanced(books));
    return 0;
}

static void try_books(const struct key *key, struct text row)
{
    struct books one = {.received = 1, .stored = 1};
    uint32_t site, hour;

    put(DB_ACCOUNTING, key, row);
    int r = accounting_each(txn, take_books, NULL, &site, &hour);
    assert(r == 0 || r == -EBADMSG);
    assert(accounting_add(txn, SITE, HOUR, &one) == r);
}

static void try_day(const struct key *key, struct text row)
{
    struct day_state state;

    put(DB_DAYS, key, row);
    int r = day_get(txn, SITE, DAY, &state);
    assert(r == 0 || r == -EBADMSG);
    assert(r || state.sealed <= state.last);
}

static int take_consents(void *context, const struct key_consents *of, const struct consents *consents)
{
    assert(of->site == SITE && of->day == DAY && of->device == DEVICE_PHONE && text_equal(of->lang, TEXT("de")));
    *(struct consents *)context = *consents;
    return 0;
}

static void try_consents(const struct key_consents *of, const struct key *key, struct text row)
{
    struct consents before = {.answered = 0}, after = {.answered = 0};

    put(DB_CONSENTS, key, row);
    int r = consents_each(txn, take_consents, &before);
    assert(r == 0 || r == -EBADMSG);
    assert(consents_add(txn, of, CHOICE_GRANT, true) == r);
    if (r)
        return;
    assert(consents_each(txn, take_consents, &after) == 0);
    for (unsigned i = 0; i < CONSENTS_N; i++)
        assert(after.counts[i] == before.counts[i] + (i == CHOICE_GRANT));
}

static int take_version(void *context, const struct version *version)
{
    uint8_t hash[HASH_BYTES], again[HASH_BYTES];

    (void)context;
    assert(version->site == SITE && version->from_ms == FROM_MS);
    assert(version->n_langs > 0 && version->n_langs <= TEXTS_LANGUAGES_MAX);
    for (unsigned i = 0; i < version->n_langs; i++) {
        struct text lang = versions_lang(version, i, hash);

        assert(lang.size > 0 && lang.size <= LANGUAGE_BYTES_MAX);
    }
    versions_lang(version, 0, hash);
    versions_notice(version, "no such language", again);
    assert(memcmp(hash, again, HASH_BYTES) == 0);
    return 0;
}

static void try_version(const struct key *key, struct text row)
{
    struct version version;

    put(DB_VERSIONS, key, row);
    int r = versions_each(txn, take_version, NULL);
    assert(r == 0 || r == -EBADMSG);
    assert(versions_before(txn, SITE, INT64_MAX, &version) == r);
}

static void sign(const struct key *key, struct buffer *row)
{
    uint8_t hash[HASH_BYTES];
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, key->bytes, key->size);
    crypto_hash_sha256_update(&state, row->data, row->size);
    crypto_hash_sha256_final(&state, hash);
    buffer_put(row, hash, sizeof hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct key_consents of = {.site = SITE, .day = DAY, .device = DEVICE_PHONE, .lang = TEXT("de")};
    const struct key keys_of[] = {key_journal(SITE, DAY, SEQUENCE),
                                  key_sequence(SEQUENCE),
                                  key_visitor(SITE, VISITOR),
                                  key_hour(SITE, HOUR),
                                  key_day(SITE, DAY),
                                  key_consents(&of),
                                  key_version(SITE, FROM_MS)};
    BUFFER_AUTO row = BUFFER_INIT(ROW_BYTES_MAX);

    if (!txn)
        open_store();
    if (size < 1 || size > ROW_BYTES_MAX - HASH_BYTES)
        return 0;
    unsigned which = data[0] & 0x40 ? 5 + (data[0] & 1) : data[0] % 5;
    buffer_put(&row, data + 1, size - 1);
    if (data[0] & 0x80 && which == 1)
        sign(&keys_of[1], &row);
    else if (data[0] & 0x80 && which == 0 && !(data[0] & 0x20))
        seal_record(&keys_of[0], (struct text){.data = (const char *)data + 1, .size = size - 1}, &row);
    else if (data[0] & 0x80)
        checksum_put(&row, key_text(&keys_of[which]));
    if (which == 0)
        try_journal(&keys_of[0], buffer_text(&row));
    else if (which == 1)
        try_ledger(buffer_text(&row));
    else if (which == 2)
        try_visitor(&keys_of[2], buffer_text(&row));
    else if (which == 3)
        try_books(&keys_of[3], buffer_text(&row));
    else if (which == 4)
        try_day(&keys_of[4], buffer_text(&row));
    else if (which == 5)
        try_consents(&of, &keys_of[5], buffer_text(&row));
    else
        try_version(&keys_of[6], buffer_text(&row));
    return 0;
}
