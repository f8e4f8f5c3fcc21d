/*
 * Ledger records and their chain.
 */
#include "crumb/consent/ledger.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>

#define HEAD_KEY TEXT("ledger")
#define HEAD_BYTES_MAX 64

bool ledger_has_visitor(const struct ledger_record *record) { return !sodium_is_zero(record->visitor, VISITOR_BYTES); }

int ledger_head(struct db_txn *txn, struct ledger_head *ret_head)
{
    struct ledger_head head = {.n_records = 0};
    struct text value;
    int r = db_get(txn, DB_META, HEAD_KEY, &value);

    if (r < 0)
        return error_trace(r);
    if (r == 0) {
        if (!checksum_take(&value, HEAD_KEY))
            return error_origin(-EBADMSG);
        struct reader reader = reader_of(value);
        head.n_records = reader_u64(&reader);
        head.sequence = reader_u64(&reader);
        reader_copy(&reader, head.hash, HASH_BYTES);
        if (!reader_done(&reader))
            return error_origin(-EBADMSG);
    }
    *ret_head = head;
    return 0;
}

static int write_head(struct db_txn *txn, const struct ledger_head *head)
{
    BUFFER_AUTO buffer = BUFFER_INIT(HEAD_BYTES_MAX);

    buffer_put_u64(&buffer, head->n_records);
    buffer_put_u64(&buffer, head->sequence);
    buffer_put(&buffer, head->hash, HASH_BYTES);
    checksum_put(&buffer, HEAD_KEY);
    if (buffer.fault)
        return error_origin(buffer.fault);
    return error_fold(db_put(txn, DB_META, HEAD_KEY, buffer_text(&buffer)));
}

/* The sequence is hashed too: a record cannot be moved. */
static void hash_record(uint64_t sequence, struct text body, uint8_t ret_hash[HASH_BYTES])
{
    struct key key = key_sequence(sequence);
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, key.bytes, key.size);
    crypto_hash_sha256_update(&state, (const uint8_t *)body.data, body.size);
    crypto_hash_sha256_final(&state, ret_hash);
}

static void encode_body(const struct ledger_record *record, struct buffer *buffer)
{
    buffer_put_u8(buffer, LEDGER_VERSION);
    buffer_put(buffer, record->previous, HASH_BYTES);
    buffer_put(buffer, record->id, RECORD_ID_BYTES);
    buffer_put_u64(buffer, (uint64_t)record->at_ms);
    buffer_put_sized(buffer, record->site);
    buffer_put_u8(buffer, (uint8_t)record->kind);
    buffer_put_u8(buffer, (uint8_t)record->surface);
    buffer_put_u8(buffer, (uint8_t)record->regime);
    buffer_put_u8(buffer, (uint8_t)record->signals);
    buffer_put_sized(buffer, record->lang);
    buffer_put(buffer, record->notice, HASH_BYTES);
    buffer_put(buffer, record->material, HASH_BYTES);
    buffer_put(buffer, record->visitor, VISITOR_BYTES);
    buffer_put_u8(buffer, (uint8_t)record->n_answers);
    for (unsigned i = 0; i < record->n_answers; i++) {
        buffer_put_sized(buffer, record->answers[i].purpose);
        buffer_put_u8(buffer, record->answers[i].granted);
    }
    uint8_t country[COUNTRY_BYTES];
    key_write_country(record->country, country);
    buffer_put(buffer, country, sizeof country);
    buffer_put_u8(buffer, (uint8_t)record->device);
}

static struct text bytes_text(const uint8_t *bytes, size_t size)
{
    return (struct text){.data = (const char *)bytes, .size = size};
}

int ledger_append(struct batch *batch, struct ledger_record *record)
{
    struct ledger_head head;
    int r = ledger_head(batch->txn, &head);

    if (r)
        return error_trace(r);
    record->version = LEDGER_VERSION;
    record->sequence = batch_take_sequence(batch);
    memcpy(record->previous, head.hash, HASH_BYTES);
    BUFFER_AUTO buffer = BUFFER_INIT(LEDGER_RECORD_BYTES_MAX);
    encode_body(record, &buffer);
    if (buffer.fault)
        return error_origin(buffer.fault);
    hash_record(record->sequence, buffer_text(&buffer), record->hash);
    buffer_put(&buffer, record->hash, HASH_BYTES);
    if (buffer.fault)
        return error_origin(buffer.fault);

    struct key key = key_sequence(record->sequence);
    r = error_fold(db_put(batch->txn, DB_LEDGER, key_text(&key), buffer_text(&buffer)));
    if (r == 0)
        r = error_fold(db_put(batch->txn, DB_RECEIPTS, bytes_text(record->id, RECORD_ID_BYTES), key_text(&key)));
    if (r == 0 && ledger_has_visitor(record)) {
        struct key choice = key_choice(record->visitor, record->sequence);

        r = error_fold(db_put(batch->txn, DB_CHOICES, key_text(&choice), TEXT_NONE));
    }
    if (r)
        return r;
    head.n_records++;
    head.sequence = record->sequence;
    memcpy(head.hash, record->hash, HASH_BYTES);
    return error_trace(write_head(batch->txn, &head));
}

/* Records are kept for ever, so every version is read for ever. Version 1 ends before these. */
static bool decode_place(struct reader *reader, struct ledger_record *record)
{
    uint8_t country[COUNTRY_BYTES];

    if (record->version == 1)
        return true;
    reader_copy(reader, country, sizeof country);
    unsigned device = reader_u8(reader);
    record->device = (enum device)device;
    return device < DEVICE_N && key_read_country(country, record->country);
}

static bool decode_body(struct reader *reader, struct ledger_record *record)
{
    record->version = reader_u8(reader);
    if (record->version < 1 || record->version > LEDGER_VERSION)
        return false;
    reader_copy(reader, record->previous, HASH_BYTES);
    reader_copy(reader, record->id, RECORD_ID_BYTES);
    record->at_ms = (int64_t)reader_u64(reader);
    record->site = reader_sized(reader);
    unsigned kind = reader_u8(reader), surface = reader_u8(reader), regime = reader_u8(reader);
    record->signals = reader_u8(reader);
    record->lang = reader_sized(reader);
    reader_copy(reader, record->notice, HASH_BYTES);
    reader_copy(reader, record->material, HASH_BYTES);
    reader_copy(reader, record->visitor, VISITOR_BYTES);
    record->n_answers = reader_u8(reader);
    if (kind < 1 || kind >= CHOICE_N || surface < 1 || surface >= SURFACE_N || regime < 1 || regime >= REGIME_N ||
        record->n_answers > PURPOSES_MAX)
        return false;
    record->kind = (enum choice_kind)kind;
    record->surface = (enum surface)surface;
    record->regime = (enum regime)regime;
    for (unsigned i = 0; i < record->n_answers; i++) {
        record->answers[i].purpose = reader_sized(reader);
        unsigned granted = reader_u8(reader);
        if (granted > 1)
            return false;
        record->answers[i].granted = granted;
    }
    return decode_place(reader, record) && reader_done(reader);
}

bool ledger_decode(uint64_t sequence, struct text value, struct ledger_record *ret_record)
{
    struct ledger_record record = {.sequence = sequence};
    uint8_t hash[HASH_BYTES];

    if (value.size < HASH_BYTES)
        return false;
    struct text body = {.data = value.data, .size = value.size - HASH_BYTES};
    memcpy(record.hash, value.data + body.size, HASH_BYTES);
    hash_record(sequence, body, hash);
    struct reader reader = reader_of(body);
    if (memcmp(hash, record.hash, HASH_BYTES) != 0 || !decode_body(&reader, &record))
        return false;
    *ret_record = record;
    return true;
}

int ledger_get(struct db_txn *txn, uint64_t sequence, struct ledger_record *ret_record)
{
    struct key key = key_sequence(sequence);
    struct text value;
    int r = db_get(txn, DB_LEDGER, key_text(&key), &value);

    if (r)
        return error_trace(r);
    return ledger_decode(sequence, value, ret_record) ? 0 : error_origin(-EBADMSG);
}

int ledger_find(struct db_txn *txn, const uint8_t id[RECORD_ID_BYTES], struct ledger_record *ret_record)
{
    struct text value;
    uint64_t sequence;
    int r = db_get(txn, DB_RECEIPTS, bytes_text(id, RECORD_ID_BYTES), &value);

    if (r)
        return error_trace(r);
    if (!key_read_sequence(value, &sequence))
        return error_origin(-EBADMSG);
    r = ledger_get(txn, sequence, ret_record);
    return r == DB_E_NOT_FOUND ? error_origin(-EBADMSG) : error_trace(r);
}

/* The sequence of the visitor's first record at or after *sequence. DB_E_NOT_FOUND: there is none. */
static int next_of(struct db_cursor *cursor, const uint8_t visitor[VISITOR_BYTES], uint64_t *sequence)
{
    struct key from = key_choice(visitor, *sequence);
    uint8_t found[VISITOR_BYTES];
    struct text key, value;
    int r = db_cursor_seek(cursor, key_text(&from), &key, &value);

    if (r)
        return error_trace(r);
    if (!key_read_choice(key, found, sequence))
        return error_origin(-EBADMSG);
    return memcmp(found, visitor, VISITOR_BYTES) == 0 ? 0 : DB_E_NOT_FOUND;
}

int ledger_each_of(struct db_txn *txn, const uint8_t visitor[VISITOR_BYTES], ledger_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    uint64_t sequence = 0;
    int r = db_cursor_new(txn, DB_CHOICES, &cursor);

    if (r)
        return error_trace(r);
    for (r = next_of(cursor, visitor, &sequence); r == 0; sequence++, r = next_of(cursor, visitor, &sequence)) {
        struct ledger_record record;

        r = ledger_get(txn, sequence, &record);
        if (r == DB_E_NOT_FOUND || (r == 0 && memcmp(record.visitor, visitor, VISITOR_BYTES) != 0))
            return error_origin(-EBADMSG);
        if (r == 0)
            r = visit(context, &record);
        if (r)
            return r;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

int ledger_forget(struct batch *batch, const uint8_t visitor[VISITOR_BYTES], unsigned n_max, unsigned *ret_n)
{
    DB_CURSOR_AUTO *cursor = NULL;
    unsigned n = 0;
    int r = db_cursor_new(batch->txn, DB_CHOICES, &cursor);

    if (r)
        return error_trace(r);
    for (uint64_t sequence = 0; n < n_max; n++) {
        r = next_of(cursor, visitor, &sequence);
        if (r)
            break;
        struct key key = key_choice(visitor, sequence);
        r = db_delete(batch->txn, DB_CHOICES, key_text(&key));
        if (r)
            break;
    }
    if (r < 0)
        return error_trace(r);
    *ret_n = n;
    return 0;
}

static const char *check_link(const struct ledger_head *before, struct text key, struct text value,
                              uint64_t *ret_sequence, struct ledger_record *ret_record)
{
    if (!key_read_sequence(key, ret_sequence))
        return "its key is not a sequence number";
    if (!ledger_decode(*ret_sequence, value, ret_record))
        return "its content does not match its hash";
    if (memcmp(ret_record->previous, before->hash, HASH_BYTES) != 0)
        return "it does not follow the record before it";
    return NULL;
}

int ledger_verify(struct db_txn *txn, ledger_visit visit, void *context, struct ledger_break *ret_break)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct ledger_head walked = {.n_records = 0}, head;
    struct text key, value;
    int r = db_cursor_new(txn, DB_LEDGER, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct ledger_record record;
        uint64_t sequence = 0;
        const char *what = check_link(&walked, key, value, &sequence, &record);

        if (what) {
            *ret_break = (struct ledger_break){.sequence = sequence, .what = what};
            return LEDGER_E_BROKEN;
        }
        walked = (struct ledger_head){.n_records = walked.n_records + 1, .sequence = sequence};
        memcpy(walked.hash, record.hash, HASH_BYTES);
        int stop = visit ? visit(context, &record) : 0;
        if (stop)
            return stop;
    }
    if (r != DB_E_NOT_FOUND)
        return error_trace(r);
    r = ledger_head(txn, &head);
    if (r < 0 && r != -EBADMSG)
        return error_trace(r);
    if (r || head.n_records != walked.n_records || head.sequence != walked.sequence ||
        memcmp(head.hash, walked.hash, HASH_BYTES) != 0) {
        *ret_break = (struct ledger_break){.sequence = 0, .what = "its end is not the one that was written last"};
        return LEDGER_E_BROKEN;
    }
    return 0;
}
