/*
 * Rows of orphaned keys.
 */
#include "crumb/store/orphans.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <errno.h>

#define ROW_BYTES (4 + 4 + CHECKSUM_BYTES)

int orphans_put(struct db_txn *txn, const struct orphan *orphan)
{
    uint8_t key_bytes[KEY_REF_BYTES], bytes[ROW_BYTES];
    struct buffer key = BUFFER_OVER(key_bytes), row = BUFFER_OVER(bytes);

    keyring_put_ref(&key, orphan->key);
    buffer_put_u32(&row, orphan->site);
    buffer_put_u32(&row, (uint32_t)orphan->day);
    checksum_put(&row, buffer_text(&key));
    return error_fold(db_put(txn, DB_ORPHANS, buffer_text(&key), buffer_text(&row)));
}

int orphans_delete(struct db_txn *txn, struct key_ref ref)
{
    uint8_t bytes[KEY_REF_BYTES];
    struct buffer key = BUFFER_OVER(bytes);

    keyring_put_ref(&key, ref);
    return error_trace(db_delete(txn, DB_ORPHANS, buffer_text(&key)));
}

static bool decode(struct text key, struct text value, struct orphan *ret_orphan)
{
    struct reader reader = reader_of(key);

    ret_orphan->key = keyring_read_ref(&reader);
    if (!reader_done(&reader) || !checksum_take(&value, key))
        return false;
    reader = reader_of(value);
    ret_orphan->site = reader_u32(&reader);
    ret_orphan->day = (int32_t)reader_u32(&reader);
    return reader_done(&reader);
}

bool orphans_key(struct text key, struct text value, struct key_ref *ret_ref)
{
    struct orphan orphan;

    if (!decode(key, value, &orphan))
        return false;
    *ret_ref = orphan.key;
    return true;
}

int orphans_each(struct db_txn *txn, struct key_ref after, orphans_visit visit, void *context)
{
    struct key_ref next = {.slot = after.slot, .generation = after.generation + 1}; /* odd ones alone are keys */
    uint8_t bytes[KEY_REF_BYTES];
    struct buffer from = BUFFER_OVER(bytes);
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_ORPHANS, &cursor);

    if (r)
        return error_trace(r);
    keyring_put_ref(&from, next);
    for (r = db_cursor_seek(cursor, after.generation ? buffer_text(&from) : TEXT_NONE, &key, &value); r == 0;
         r = db_cursor_next(cursor, &key, &value)) {
        struct orphan orphan;

        if (!decode(key, value, &orphan))
            return error_origin(-EBADMSG);
        int stop = visit(context, &orphan);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}
