/*
 * Journal records, written and read field by field: version, keys and salt as
 * they are, with a checksum, as whoever looks for a visitor's records reads only
 * these; all else in a box, whose tag tells whether it is whole.
 */
#include "crumb/store/journal.h"
#include "crumb/base/error.h"
#include "crumb/store/checksum.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <xxhash.h>

#define JOURNAL_VERSION 1

uint64_t journal_fingerprint(const uint8_t visitor[VISITOR_BYTES], struct text id)
{
    if (id.size == 0)
        return 0;
    uint64_t hash = XXH3_64bits_withSeed(id.data, id.size, XXH3_64bits(visitor, VISITOR_BYTES));
    return hash ? hash : 1;
}

#define HEAD_BYTES (1 + 2 * KEY_REF_BYTES + CRYPT_SALT_BYTES + CHECKSUM_BYTES)

static struct crypt_place place_of(struct text key)
{
    return (struct crypt_place){.table = db_table_name(DB_JOURNAL), .key = key};
}

static void encode(const struct journal_record *record, struct text key, const uint8_t *secret, const uint8_t *salt,
                   struct buffer *buffer)
{
    struct crypt_place place = place_of(key);

    buffer_put_u8(buffer, JOURNAL_VERSION);
    keyring_put_ref(buffer, record->key);
    keyring_put_ref(buffer, record->day_key);
    buffer_put(buffer, salt, CRYPT_SALT_BYTES);
    checksum_put(buffer, key);
    buffer_put_u8(buffer, (uint8_t)record->kind);
    buffer_put_u8(buffer, (uint8_t)(record->classes | record->granted << CLASS_N));
    buffer_put(buffer, record->visitor, VISITOR_BYTES);
    buffer_put_u32(buffer, record->number);
    buffer_put_u64(buffer, record->consent);
    buffer_put_u64(buffer, record->fingerprint);
    for (unsigned class = 0; class < CLASS_N; class ++)
        if (record->classes & CLASS_BIT(class))
            buffer_put_sized(buffer, record->sections[class]);
    if (!buffer->fault)
        crypt_seal(secret, &place, salt, buffer, HEAD_BYTES);
}

/* What a record is under: both of its keys. 0, JOURNAL_E_ERASED or a fault. */
static int find_secret(struct batch *batch, const struct journal_record *record, uint8_t ret_secret[CRYPT_KEY_BYTES])
{
    uint8_t visitors[CRYPT_KEY_BYTES];
    const uint8_t *key;
    int r = batch_key(batch, record->key, &key);

    if (r == 0) {
        memcpy(visitors, key, sizeof visitors);
        r = batch_key(batch, record->day_key, &key);
    }
    if (r == 0)
        crypt_join(visitors, key, ret_secret);
    sodium_memzero(visitors, sizeof visitors);
    return r == KEYRING_E_GONE ? JOURNAL_E_ERASED : error_trace(r);
}

/* In the batch's salt, as no place is written twice in it under the same keys. */
static int put_record(struct batch *batch, struct text key, const struct journal_record *record,
                      const uint8_t secret[CRYPT_KEY_BYTES])
{
    struct buffer *buffer = &batch->scratch;

    buffer_clear(buffer);
    encode(record, key, secret, batch_salt(batch), buffer);
    if (buffer->fault)
        return error_origin(buffer->fault);
    return error_fold(db_put(batch->txn, DB_JOURNAL, key, buffer_text(buffer)));
}

int journal_append(struct batch *batch, struct journal_record *record)
{
    uint8_t secret[CRYPT_KEY_BYTES];

    assert(record->classes & CLASS_BIT(event_carrier(record->kind)) && !(record->classes & ~record->granted));
    int r = batch_day_key(batch, record->site, record->day, &record->day_key);
    if (r == 0)
        r = find_secret(batch, record, secret);
    if (r)
        return r < 0 ? error_trace(r) : r;
    record->sequence = batch_take_sequence(batch);
    struct key key = key_journal(record->site, record->day, record->sequence);
    r = put_record(batch, key_text(&key), record, secret);
    sodium_memzero(secret, sizeof secret);
    return r ? error_trace(r) : error_trace(batch_mark_day(batch, record->site, record->day, record->sequence));
}

/* What is not encrypted, into @record; @value is then the box. */
static bool read_head(struct text key, struct text *value, struct journal_record *record, struct text *ret_salt)
{
    struct text head = {.data = value->data, .size = HEAD_BYTES};
    struct reader reader;

    if (value->size < HEAD_BYTES + CRYPT_TAG_BYTES || !checksum_take(&head, key))
        return false;
    reader = reader_of(head);
    if (reader_u8(&reader) != JOURNAL_VERSION)
        return false;
    record->key = keyring_read_ref(&reader);
    record->day_key = keyring_read_ref(&reader);
    *ret_salt = reader_bytes(&reader, CRYPT_SALT_BYTES);
    *value = text_from(*value, HEAD_BYTES);
    return reader_done(&reader);
}

bool journal_key(struct text key, struct text value, struct key_ref *ret_ref)
{
    struct journal_record record;
    struct text salt;

    if (!read_head(key, &value, &record, &salt))
        return false;
    *ret_ref = record.key;
    return true;
}

/* Of the record whose key was read. */
static bool decode(struct text plain, struct journal_record *record)
{
    struct reader reader = reader_of(plain);
    unsigned kind = reader_u8(&reader);
    unsigned sets = reader_u8(&reader);

    record->classes = sets & CLASS_ALL;
    record->granted = sets >> CLASS_N;
    if (kind < EVENT_PAGEVIEW || kind >= EVENT_KIND_N || record->granted & ~CLASS_ALL ||
        record->classes & ~record->granted)
        return false;
    record->kind = (enum event_kind)kind;
    reader_copy(&reader, record->visitor, VISITOR_BYTES);
    record->number = reader_u32(&reader);
    record->consent = reader_u64(&reader);
    record->fingerprint = reader_u64(&reader);
    for (unsigned class = 0; class < CLASS_N; class ++)
        if (record->classes & CLASS_BIT(class))
            record->sections[class] = reader_sized(&reader);
    return reader_done(&reader) && record->classes & CLASS_BIT(event_carrier(record->kind));
}

static int open_record(struct text key, struct text value, struct keys *keys, struct buffer *plain,
                       struct journal_record *record)
{
    struct crypt_place place = place_of(key);
    struct text salt;
    const uint8_t *secret;

    if (!read_head(key, &value, record, &salt))
        return error_origin(-EBADMSG);
    int r = keys_joined(keys, record->key, record->day_key, &secret);
    if (r)
        return r == KEYRING_E_GONE ? JOURNAL_E_ERASED : error_trace(r);
    buffer_clear(plain);
    uint8_t *bytes = buffer_extend(plain, value.size - CRYPT_TAG_BYTES);
    if (!bytes)
        return error_origin(plain->fault == -EOVERFLOW ? -EBADMSG : plain->fault);
    if (!crypt_open(secret, &place, (const uint8_t *)salt.data, value, bytes) || !decode(buffer_text(plain), record))
        return error_origin(-EBADMSG);
    return 0;
}

/* The record anew, under another key of the visitor's and with less. */
static int rewrite(struct batch *batch, struct text key, struct journal_record *record,
                   const struct journal_change *change)
{
    uint8_t secret[CRYPT_KEY_BYTES];

    record->key = change->to;
    record->granted &= ~change->classes;
    record->classes &= ~change->classes;
    int r = find_secret(batch, record, secret);
    if (r)
        return r < 0 ? error_trace(r) : r;
    r = put_record(batch, key, record, secret);
    sodium_memzero(secret, sizeof secret);
    return error_trace(r);
}

/* What is left of a record that is under the key; nothing of one that cannot be read any more. */
static int change_record(struct batch *batch, struct text key, struct text value, const struct journal_change *change,
                         bool *left, bool *cut)
{
    KEYS_AUTO keys = KEYS_INIT(db_keyring(batch->txn), 1);
    BUFFER_AUTO plain = BUFFER_INIT(JOURNAL_RECORD_BYTES_MAX);
    struct journal_record record;
    int r = journal_decode(key, value, &keys, &plain, &record);

    if (r == 0) {
        *cut = record.granted & change->classes;
        *left = !(change->classes & CLASS_BIT(event_carrier(record.kind)));
        r = *left ? rewrite(batch, key, &record, change) : 0;
    }
    if (r < 0)
        return error_trace(r);
    *left &= r == 0;
    return 0;
}

int journal_change(struct batch *batch, const struct journal_change *change, bool *ret_left, bool *ret_cut)
{
    struct key key = key_journal(change->site, change->day, change->sequence);
    bool left = false, cut = true;
    struct key_ref ref;
    struct text value;
    int r = db_get(batch->txn, DB_JOURNAL, key_text(&key), &value);

    if (r)
        return error_trace(r);
    if (!journal_key(key_text(&key), value, &ref))
        return error_origin(-EBADMSG);
    if (!key_ref_equal(ref, change->from))
        return DB_E_NOT_FOUND;
    if (change->to.generation)
        r = change_record(batch, key_text(&key), value, change, &left, &cut);
    if (r == 0 && !left)
        r = error_fold(db_delete(batch->txn, DB_JOURNAL, key_text(&key)));
    if (r)
        return error_trace(r);
    *ret_left = left;
    *ret_cut = cut;
    return 0;
}

int journal_decode(struct text key, struct text value, struct keys *keys, struct buffer *plain,
                   struct journal_record *ret_record)
{
    struct journal_record record = {.site = 0};

    if (!key_read_journal(key, &record.site, &record.day, &record.sequence))
        return error_origin(-EBADMSG);
    int r = open_record(key, value, keys, plain, &record);
    if (r == 0)
        *ret_record = record;
    return r < 0 ? error_trace(r) : r;
}

bool journal_event(const struct journal_record *record, struct event *ret_event)
{
    *ret_event = (struct event){.kind = record->kind};
    for (unsigned class = 0; class < CLASS_N; class ++)
        if (record->classes & CLASS_BIT(class) && !event_decode(record->sections[class], class, ret_event))
            return false;
    return true;
}

struct walk {
    uint32_t site;
    int32_t day;
    bool (*wanted)(void *context, struct key_ref ref); /* NULL: all */
    struct db_cursor *cursor;
    struct keys keys;
    struct buffer plain;
    uint64_t n_erased;
};

/* False: it is under a key that nobody asked for. A damaged one is for open_record() to find. */
static bool is_wanted(const struct walk *walk, struct text key, struct text value, void *context)
{
    struct key_ref ref;

    return !walk->wanted || !journal_key(key, value, &ref) || walk->wanted(context, ref);
}

static int walk_on(struct walk *walk, uint64_t after, journal_visit visit, void *context)
{
    struct key from = key_journal(walk->site, walk->day, after + 1);
    struct text key, value;
    int r;

    for (r = db_cursor_seek(walk->cursor, key_text(&from), &key, &value); r == 0;
         r = db_cursor_next(walk->cursor, &key, &value)) {
        struct journal_record record = {.site = 0};

        if (!key_read_journal(key, &record.site, &record.day, &record.sequence))
            return error_origin(-EBADMSG);
        if (record.site != walk->site || record.day != walk->day)
            return 0;
        if (!is_wanted(walk, key, value, context))
            continue;
        r = open_record(key, value, &walk->keys, &walk->plain, &record);
        if (r < 0)
            return error_trace(r);
        walk->n_erased += r == JOURNAL_E_ERASED;
        int stop = r == 0 ? visit(context, &record) : 0;
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

static int run_walk(struct db_txn *txn, struct walk *walk, uint64_t after, journal_visit visit, void *context)
{
    int r = db_cursor_new(txn, DB_JOURNAL, &walk->cursor);

    if (r)
        return error_trace(r);
    walk->keys = KEYS_INIT(db_keyring(txn), KEYS_WALK_MAX);
    walk->plain = BUFFER_INIT(JOURNAL_RECORD_BYTES_MAX);
    r = walk_on(walk, after, visit, context);
    db_cursor_free(walk->cursor);
    keys_deinit(&walk->keys);
    buffer_deinit(&walk->plain);
    return r < 0 ? error_trace(r) : r;
}

int journal_each(struct db_txn *txn, uint32_t site, int32_t day, uint64_t after, journal_visit visit, void *context)
{
    struct walk walk = {.site = site, .day = day};

    return run_walk(txn, &walk, after, visit, context);
}

int journal_each_under(struct db_txn *txn, uint32_t site, int32_t day,
                       bool (*wanted)(void *context, struct key_ref ref), journal_visit visit, void *context)
{
    struct walk walk = {.site = site, .day = day, .wanted = wanted};

    return run_walk(txn, &walk, 0, visit, context);
}

int journal_count(struct db_txn *txn, uint32_t site, int32_t day, journal_visit visit, void *context,
                  uint64_t *ret_n_erased)
{
    struct walk walk = {.site = site, .day = day};
    int r = run_walk(txn, &walk, 0, visit, context);

    *ret_n_erased = walk.n_erased;
    return r;
}
