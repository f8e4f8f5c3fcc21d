/*
 * Rows of reported children.
 */
#include "crumb/consent/minors.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <errno.h>

#define ROW_BYTES (8 + CHECKSUM_BYTES)

static bool decode(struct text key, struct text value, int64_t *ret_until_ms)
{
    if (!checksum_take(&value, key))
        return false;
    struct reader reader = reader_of(value);
    int64_t until_ms = (int64_t)reader_u64(&reader);
    if (!reader_done(&reader))
        return false;
    *ret_until_ms = until_ms;
    return true;
}

int minors_put(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES], int64_t until_ms)
{
    struct key key = key_visitor(site, id);
    uint8_t bytes[ROW_BYTES];
    struct buffer row = BUFFER_OVER(bytes);

    buffer_put_u64(&row, (uint64_t)until_ms);
    checksum_put(&row, key_text(&key));
    return error_fold(db_put(txn, DB_MINORS, key_text(&key), buffer_text(&row)));
}

/* Unsure means that it is a child's. */
static int read_row(struct db_txn *txn, const struct key *key, int64_t *ret_until_ms)
{
    struct text value;
    int r = db_get(txn, DB_MINORS, key_text(key), &value);

    if (r)
        return error_trace(r);
    if (!decode(key_text(key), value, ret_until_ms))
        *ret_until_ms = INT64_MAX;
    return 0;
}

int minors_has(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES], int64_t now_ms, bool *ret_has)
{
    struct key key = key_visitor(site, id);
    int64_t until_ms = 0;
    int r = read_row(txn, &key, &until_ms);

    if (r < 0)
        return error_trace(r);
    *ret_has = r == 0 && now_ms < until_ms;
    return 0;
}

int minors_mend(struct db_txn *txn, struct choice *choice, const struct choice_context *context)
{
    bool is = false;
    int r = context->known ? minors_has(txn, choice->site->id, context->visitor, context->at_ms, &is) : 0;

    for (unsigned i = 0; r == 0 && !is && i < context->others.n; i++)
        r = minors_has(txn, choice->site->id, context->others.visitors[i], context->at_ms, &is);
    if (r || !is)
        return error_trace(r);
    choice->kind = CHOICE_MINOR;
    choice->granted = 0;
    return 0;
}

int minors_remove(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES], int64_t now_ms, bool *ret_removed)
{
    struct key key = key_visitor(site, id);
    int64_t until_ms = 0;
    int r = read_row(txn, &key, &until_ms);

    *ret_removed = r == 0 && until_ms <= now_ms;
    if (r || !*ret_removed)
        return r < 0 ? error_trace(r) : 0;
    return error_trace(db_delete(txn, DB_MINORS, key_text(&key)));
}

int minors_each(struct db_txn *txn, minors_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_MINORS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        uint8_t id[VISITOR_BYTES];
        int64_t until_ms;
        uint32_t site;

        if (!key_read_visitor(key, &site, id) || !decode(key, value, &until_ms))
            return error_origin(-EBADMSG);
        int stop = visit(context, site, id, until_ms);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}
