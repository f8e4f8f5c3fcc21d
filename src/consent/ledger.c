/*
 * Ledger records, as the links of a chain.
 */
#include "crumb/consent/ledger.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include <errno.h>
#include <sodium.h>

static const struct chain chain = {
    .table = DB_LEDGER, .head_key = {"ledger", sizeof "ledger" - 1}, .record_bytes_max = LEDGER_RECORD_BYTES_MAX};

bool ledger_has_visitor(const struct ledger_record *record) { return !sodium_is_zero(record->visitor, VISITOR_BYTES); }

int ledger_head(struct db_txn *txn, struct chain_head *ret_head)
{
    return error_trace(chain_head(txn, &chain, ret_head));
}

static void encode_body(const struct ledger_record *record, struct buffer *buffer)
{
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
    BUFFER_AUTO body = BUFFER_INIT(LEDGER_RECORD_BYTES_MAX);

    encode_body(record, &body);
    if (body.fault)
        return error_origin(body.fault);
    struct chain_link link = {
        .sequence = batch_take_sequence(batch), .version = LEDGER_VERSION, .body = buffer_text(&body)};
    int r = chain_append(batch, &chain, NULL, NULL, &link);
    if (r)
        return error_trace(r);
    record->version = link.version;
    record->sequence = link.sequence;
    memcpy(record->previous, link.previous, HASH_BYTES);
    memcpy(record->hash, link.hash, HASH_BYTES);
    struct key key = key_sequence(record->sequence);
    r = error_fold(db_put(batch->txn, DB_RECEIPTS, bytes_text(record->id, RECORD_ID_BYTES), key_text(&key)));
    if (r == 0 && ledger_has_visitor(record)) {
        struct key choice = key_choice(record->visitor, record->sequence);

        r = error_fold(db_put(batch->txn, DB_CHOICES, key_text(&choice), TEXT_NONE));
    }
    return error_trace(r);
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
    if (record->version < 1 || record->version > LEDGER_VERSION)
        return false;
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

static bool decode_link(const struct chain_link *link, struct ledger_record *ret_record)
{
    struct ledger_record record = {.sequence = link->sequence, .version = link->version};
    struct reader reader = reader_of(link->body);

    memcpy(record.previous, link->previous, HASH_BYTES);
    memcpy(record.hash, link->hash, HASH_BYTES);
    if (!decode_body(&reader, &record))
        return false;
    *ret_record = record;
    return true;
}

bool ledger_decode(uint64_t sequence, struct text value, struct ledger_record *ret_record)
{
    struct chain_link link;

    return chain_read(&chain, sequence, value, &link) && decode_link(&link, ret_record);
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

struct walk {
    ledger_visit visit;
    void *context;
};

static int visit_link(void *context, const struct chain_link *link, const char **ret_what)
{
    const struct walk *walk = context;
    struct ledger_record record;

    if (!decode_link(link, &record)) {
        *ret_what = "its content is not that of a record";
        return 0;
    }
    return walk->visit ? walk->visit(walk->context, &record) : 0;
}

int ledger_verify(struct db_txn *txn, ledger_visit visit, void *context, struct chain_break *ret_break)
{
    struct walk walk = {.visit = visit, .context = context};

    return chain_verify(txn, &chain, visit_link, &walk, ret_break);
}
