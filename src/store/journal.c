/*
 * Journal records, written and read field by field.
 */
#include "crumb/store/journal.h"
#include "crumb/base/error.h"
#include "crumb/store/checksum.h"
#include <assert.h>
#include <errno.h>
#include <xxhash.h>

#define JOURNAL_VERSION 1

uint64_t journal_fingerprint(const uint8_t visitor[VISITOR_BYTES], struct text id)
{
    if (id.size == 0)
        return 0;
    uint64_t hash = XXH3_64bits_withSeed(id.data, id.size, XXH3_64bits(visitor, VISITOR_BYTES));
    return hash ? hash : 1;
}

static void encode(const struct journal_record *record, const struct key *key, struct buffer *buffer)
{
    buffer_put_u8(buffer, JOURNAL_VERSION);
    buffer_put_u8(buffer, (uint8_t)record->kind);
    buffer_put_u8(buffer, (uint8_t)(record->classes | record->granted << CLASS_N));
    buffer_put(buffer, record->visitor, VISITOR_BYTES);
    buffer_put_u32(buffer, record->number);
    buffer_put_u64(buffer, record->consent);
    buffer_put_u64(buffer, record->fingerprint);
    for (unsigned class = 0; class < CLASS_N; class ++)
        if (record->classes & CLASS_BIT(class))
            buffer_put_sized(buffer, record->sections[class]);
    checksum_put(buffer, key_text(key));
}

int journal_append(struct batch *batch, struct journal_record *record)
{
    assert(record->classes & CLASS_BIT(event_carrier(record->kind)) && !(record->classes & ~record->granted));
    record->sequence = batch_take_sequence(batch);

    struct key key = key_journal(record->site, record->day, record->sequence);
    struct buffer *buffer = &batch->scratch;
    buffer_clear(buffer);
    encode(record, &key, buffer);
    if (buffer->fault)
        return error_origin(buffer->fault);
    int r = error_fold(db_put(batch->txn, DB_JOURNAL, key_text(&key), buffer_text(buffer)));
    if (r)
        return r;
    return error_trace(batch_mark_day(batch, record->site, record->day, record->sequence));
}

/* Of the record whose key was read. */
static bool decode(struct text key, struct text value, struct journal_record *record)
{
    if (!checksum_take(&value, key))
        return false;
    struct reader reader = reader_of(value);
    if (reader_u8(&reader) != JOURNAL_VERSION)
        return false;
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

static int rewrite(struct batch *batch, const struct key *key, struct journal_record *record, unsigned classes)
{
    struct buffer *buffer = &batch->scratch;

    record->granted &= ~classes;
    record->classes &= ~classes;
    buffer_clear(buffer);
    encode(record, key, buffer);
    if (buffer->fault)
        return error_origin(buffer->fault);
    return error_fold(db_put(batch->txn, DB_JOURNAL, key_text(key), buffer_text(buffer)));
}

int journal_cut(struct batch *batch, uint32_t site, int32_t day, uint64_t sequence, unsigned classes, bool *ret_left)
{
    struct key key = key_journal(site, day, sequence);
    struct journal_record record;
    struct text value;
    int r = db_get(batch->txn, DB_JOURNAL, key_text(&key), &value);

    if (r)
        return error_trace(r);
    if (!journal_decode(key_text(&key), value, &record))
        return error_origin(-EBADMSG);
    bool left = !(classes & CLASS_BIT(event_carrier(record.kind)));
    r = left ? rewrite(batch, &key, &record, classes) : error_fold(db_delete(batch->txn, DB_JOURNAL, key_text(&key)));
    if (r == 0)
        *ret_left = left;
    return error_trace(r);
}

bool journal_decode(struct text key, struct text value, struct journal_record *ret_record)
{
    struct journal_record record = {.site = 0};

    if (!key_read_journal(key, &record.site, &record.day, &record.sequence) || !decode(key, value, &record))
        return false;
    *ret_record = record;
    return true;
}

bool journal_event(const struct journal_record *record, struct event *ret_event)
{
    *ret_event = (struct event){.kind = record->kind};
    for (unsigned class = 0; class < CLASS_N; class ++)
        if (record->classes & CLASS_BIT(class) && !event_decode(record->sections[class], class, ret_event))
            return false;
    return true;
}

int journal_each(struct db_txn *txn, uint32_t site, int32_t day, uint64_t after, journal_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct key from = key_journal(site, day, after + 1);
    struct text key, value;
    int r = db_cursor_new(txn, DB_JOURNAL, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, key_text(&from), &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct journal_record record = {.site = 0};

        if (!key_read_journal(key, &record.site, &record.day, &record.sequence))
            return error_origin(-EBADMSG);
        if (record.site != site || record.day != day)
            return 0;
        if (!decode(key, value, &record))
            return error_origin(-EBADMSG);
        int stop = visit(context, &record);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}
