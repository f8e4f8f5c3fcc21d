/*
 * Rows of counters.
 */
#include "crumb/store/consents.h"
#include "crumb/base/buffer.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <assert.h>
#include <errno.h>

#define CONSENTS_VERSION 2
#define CONSENTS_BYTES_MAX (2 + 10 * (CONSENTS_N + 1) + CHECKSUM_BYTES)

static void encode(const struct consents *consents, struct text key, struct buffer *buffer)
{
    buffer_put_u8(buffer, CONSENTS_VERSION);
    buffer_put_u8(buffer, CONSENTS_N);
    for (unsigned i = 0; i < CONSENTS_N; i++)
        buffer_put_varint(buffer, consents->counts[i]);
    buffer_put_varint(buffer, consents->answered);
    checksum_put(buffer, key);
}

/* Version 1 did not tell an answer to a notice from a later change of mind. */
static uint64_t guess_answered(const uint64_t *counts)
{
    return counts[CHOICE_GRANT] + counts[CHOICE_DENY] + counts[CHOICE_CUSTOM] + counts[CHOICE_DISMISS];
}

/* Rows written before a kind of choice was added have fewer counters; the missing ones are zero. */
static bool decode(struct text key, struct text value, struct consents *ret_consents)
{
    struct consents consents = {.answered = 0};

    if (!checksum_take(&value, key))
        return false;
    struct reader reader = reader_of(value);
    unsigned version = reader_u8(&reader);
    if (version < 1 || version > CONSENTS_VERSION)
        return false;
    unsigned n = reader_u8(&reader);
    if (n > CONSENTS_N)
        return false;
    for (unsigned i = 0; i < n; i++)
        consents.counts[i] = reader_varint(&reader);
    consents.answered = version == 1 ? guess_answered(consents.counts) : reader_varint(&reader);
    if (!reader_done(&reader))
        return false;
    *ret_consents = consents;
    return true;
}

int consents_add(struct db_txn *txn, const struct key_consents *of, unsigned counter, bool answers)
{
    struct key key = key_consents(of);
    struct consents consents = {.answered = 0};
    struct text value;
    int r = db_get(txn, DB_CONSENTS, key_text(&key), &value);

    assert(counter < CONSENTS_N);
    if (r < 0)
        return error_trace(r);
    if (r == 0 && !decode(key_text(&key), value, &consents))
        return error_origin(-EBADMSG);
    consents.counts[counter]++;
    consents.answered += answers;
    uint8_t bytes[CONSENTS_BYTES_MAX];
    struct buffer buffer = BUFFER_OVER(bytes);
    encode(&consents, key_text(&key), &buffer);
    if (buffer.fault)
        return error_origin(buffer.fault);
    return error_fold(db_put(txn, DB_CONSENTS, key_text(&key), buffer_text(&buffer)));
}

/* Walks from @from for as long as keys begin with @prefix and lie on a day up to @last. */
static int walk(struct db_txn *txn, struct text from, struct text prefix, int32_t last, consents_visit visit,
                void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_CONSENTS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, from, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct key_consents of;
        struct consents consents;

        if (!text_starts(key, prefix))
            return 0;
        if (!key_read_consents(key, &of) || !decode(key, value, &consents))
            return error_origin(-EBADMSG);
        if (of.day > last)
            return 0;
        int stop = visit(context, &of, &consents);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

int consents_each(struct db_txn *txn, consents_visit visit, void *context)
{
    return walk(txn, TEXT_NONE, TEXT_NONE, INT32_MAX, visit, context);
}

/* The number of a site as keys begin with it. */
static struct text prefix_of(const struct key *key)
{
    return (struct text){.data = (const char *)key->bytes, .size = 4};
}

int consents_each_of(struct db_txn *txn, uint32_t site, int32_t first, int32_t last, consents_visit visit,
                     void *context)
{
    struct key from = key_day(site, first);

    return walk(txn, key_text(&from), prefix_of(&from), last, visit, context);
}

int consents_bounds(struct db_txn *txn, uint32_t site, int32_t *ret_first, int32_t *ret_last)
{
    struct key from = key_day(site, 0), behind = key_day(site + 1, 0);
    DB_CURSOR_AUTO *cursor = NULL;
    struct key_consents first, last;
    struct text key, value;
    int r = db_cursor_new(txn, DB_CONSENTS, &cursor);

    if (r)
        return error_trace(r);
    r = db_cursor_seek(cursor, key_text(&from), &key, &value);
    if (r < 0)
        return error_trace(r);
    if (r || !text_starts(key, prefix_of(&from)))
        return DB_E_NOT_FOUND;
    if (!key_read_consents(key, &first))
        return error_origin(-EBADMSG);
    r = error_fold(db_cursor_before(cursor, key_text(&behind), &key, &value));
    if (r)
        return r;
    if (!key_read_consents(key, &last) || last.site != site)
        return error_origin(-EBADMSG);
    *ret_first = first.day;
    *ret_last = last.day;
    return 0;
}
