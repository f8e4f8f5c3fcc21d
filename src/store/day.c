/*
 * Rows of the days table.  Format: docs/formats.md, "Day".
 */
#include "crumb/store/day.h"
#include "crumb/base/buffer.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include "crumb/store/key.h"
#include <errno.h>

#define DAY_VERSION 3
#define DAY_BYTES_MAX 64

enum { FLAG_REWRITTEN = 1, FLAG_EXPIRED = 2, FLAG_FOLDED = 4, FLAGS_ALL = 7 };

static bool decode(struct text key, struct text value, struct day_state *ret_state)
{
    struct day_state state = {.events = 0};

    if (!checksum_take(&value, key))
        return false;
    struct reader reader = reader_of(value);
    if (reader_u8(&reader) != DAY_VERSION)
        return false;
    unsigned flags = reader_u8(&reader);
    state.rewritten = flags & FLAG_REWRITTEN;
    state.expired = flags & FLAG_EXPIRED;
    state.folded = flags & FLAG_FOLDED;
    state.events = reader_u64(&reader);
    state.removed = reader_u64(&reader);
    state.last = reader_u64(&reader);
    state.sealed = reader_u64(&reader);
    state.changes = reader_u32(&reader);
    state.built = reader_u32(&reader);
    state.key = keyring_read_ref(&reader);
    if (!reader_done(&reader) || flags & ~(unsigned)FLAGS_ALL || state.sealed > state.last ||
        state.built > state.changes || (state.folded && !state.expired))
        return false;
    *ret_state = state;
    return true;
}

int day_get(struct db_txn *txn, uint32_t site, int32_t day, struct day_state *ret_state)
{
    struct key key = key_day(site, day);
    struct text value;
    int r = db_get(txn, DB_DAYS, key_text(&key), &value);

    if (r)
        return error_trace(r);
    return decode(key_text(&key), value, ret_state) ? 0 : error_origin(-EBADMSG);
}

int day_put(struct db_txn *txn, uint32_t site, int32_t day, const struct day_state *state)
{
    struct key key = key_day(site, day);
    BUFFER_AUTO buffer = BUFFER_INIT(DAY_BYTES_MAX);

    buffer_put_u8(&buffer, DAY_VERSION);
    buffer_put_u8(&buffer, (uint8_t)((state->rewritten ? FLAG_REWRITTEN : 0) | (state->expired ? FLAG_EXPIRED : 0) |
                                     (state->folded ? FLAG_FOLDED : 0)));
    buffer_put_u64(&buffer, state->events);
    buffer_put_u64(&buffer, state->removed);
    buffer_put_u64(&buffer, state->last);
    buffer_put_u64(&buffer, state->sealed);
    buffer_put_u32(&buffer, state->changes);
    buffer_put_u32(&buffer, state->built);
    keyring_put_ref(&buffer, state->key);
    checksum_put(&buffer, key_text(&key));
    if (buffer.fault)
        return error_origin(buffer.fault);
    return error_fold(db_put(txn, DB_DAYS, key_text(&key), buffer_text(&buffer)));
}

static int each_from(struct db_txn *txn, struct text from, day_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_DAYS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, from, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct day_state state;
        uint32_t site;
        int32_t day;

        if (!key_read_day(key, &site, &day) || !decode(key, value, &state))
            return error_origin(-EBADMSG);
        int stop = visit(context, site, day, &state);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

int day_each(struct db_txn *txn, day_visit visit, void *context)
{
    return error_trace(each_from(txn, TEXT_NONE, visit, context));
}

int day_each_from(struct db_txn *txn, uint32_t site, int32_t day, day_visit visit, void *context)
{
    struct key from = key_day(site, day);

    return error_trace(each_from(txn, key_text(&from), visit, context));
}

int day_next(struct db_txn *txn, uint32_t site, int32_t from, int32_t *ret_day, struct day_state *ret_state)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct key at = key_day(site, from);
    struct text key, value;
    uint32_t found;
    int32_t day;
    int r = db_cursor_new(txn, DB_DAYS, &cursor);

    r = r ? r : db_cursor_seek(cursor, key_text(&at), &key, &value);
    if (r)
        return error_trace(r);
    if (!key_read_day(key, &found, &day))
        return error_origin(-EBADMSG);
    if (found != site)
        return DB_E_NOT_FOUND;
    if (!decode(key, value, ret_state))
        return error_origin(-EBADMSG);
    *ret_day = day;
    return 0;
}

int day_bounds(struct db_txn *txn, uint32_t site, int32_t *ret_first, int32_t *ret_last)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct key from = key_day(site, 0), to = key_day(site + 1, 0);
    struct text key, value;
    uint32_t first_site, last_site;
    int32_t first, last;
    int r = db_cursor_new(txn, DB_DAYS, &cursor);

    if (r)
        return error_trace(r);
    r = db_cursor_seek(cursor, key_text(&from), &key, &value);
    if (r)
        return error_trace(r);
    if (!key_read_day(key, &first_site, &first))
        return error_origin(-EBADMSG);
    if (first_site != site)
        return DB_E_NOT_FOUND;
    r = error_fold(db_cursor_before(cursor, key_text(&to), &key, &value));
    if (r)
        return r;
    if (!key_read_day(key, &last_site, &last) || last_site != site)
        return error_origin(-EBADMSG);
    *ret_first = first;
    *ret_last = last;
    return 0;
}
