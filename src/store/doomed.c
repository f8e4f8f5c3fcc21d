/*
 * The list of doomed keys.
 */
#include "crumb/store/doomed.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <errno.h>
#include <stdlib.h>

void doomed_encode_keyring(const uint8_t id[KEYRING_ID_BYTES], uint64_t serial, struct buffer *buffer)
{
    buffer_put(buffer, id, KEYRING_ID_BYTES);
    buffer_put_u64(buffer, serial);
    checksum_put(buffer, DOOMED_KEYRING_KEY);
}

bool doomed_decode_keyring(struct text value, const uint8_t **ret_id, uint64_t *ret_serial)
{
    if (!checksum_take(&value, DOOMED_KEYRING_KEY))
        return false;
    struct reader reader = reader_of(value);
    struct text id = reader_bytes(&reader, KEYRING_ID_BYTES);
    uint64_t serial = reader_u64(&reader);
    if (!reader_done(&reader))
        return false;
    *ret_id = (const uint8_t *)id.data;
    *ret_serial = serial;
    return true;
}

/* Up to DOOMED_ROWS_MAX of the list; -EBADMSG: a row is damaged. */
static int read_list(struct db_txn *txn, struct key_ref *refs, size_t *ret_n)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    size_t n = 0;
    int r = db_cursor_new(txn, DB_DOOMED, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0 && n < DOOMED_ROWS_MAX;
         r = db_cursor_next(cursor, &key, &value)) {
        struct reader reader = reader_of(key);

        refs[n++] = keyring_read_ref(&reader);
        if (!reader_done(&reader))
            return error_origin(-EBADMSG);
    }
    if (r < 0)
        return error_trace(r);
    *ret_n = n;
    return 0;
}

static int change_row(struct db_txn *txn, struct key_ref ref, bool is_listed)
{
    uint8_t bytes[KEY_REF_BYTES];
    struct buffer key = BUFFER_OVER(bytes);

    keyring_put_ref(&key, ref);
    return is_listed ? error_fold(db_put(txn, DB_DOOMED, buffer_text(&key), TEXT_NONE))
                     : error_trace(db_delete(txn, DB_DOOMED, buffer_text(&key)));
}

static int change_rows(struct db_txn *txn, const struct key_ref *refs, size_t n)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = change_row(txn, refs[i], false);
    return error_trace(r);
}

static int clear_list(struct db_txn *txn)
{
    uint64_t n_listed;
    size_t n;
    int r = db_entries(txn, DB_DOOMED, &n_listed);

    if (r || n_listed == 0)
        return error_trace(r);
    struct key_ref *refs = malloc(DOOMED_ROWS_MAX * sizeof *refs);
    r = refs ? read_list(txn, refs, &n) : error_origin(-ENOMEM);
    if (r == 0)
        r = change_rows(txn, refs, n);
    free(refs);
    return error_trace(r);
}

static int write_serial(struct db_txn *txn)
{
    uint8_t bytes[KEYRING_ID_BYTES + 8 + CHECKSUM_BYTES];
    struct buffer row = BUFFER_OVER(bytes);
    const struct keyring *keyring = db_keyring(txn);

    doomed_encode_keyring(keyring_id(keyring), keyring_serial(keyring) + 1, &row);
    return error_fold(db_put(txn, DB_META, DOOMED_KEYRING_KEY, buffer_text(&row)));
}

int doomed_list(struct db_txn *txn)
{
    const struct keyring *keyring = db_keyring(txn);
    int r = clear_list(txn);

    for (size_t i = 0; r == 0 && i < keyring_n_doomed(keyring); i++)
        r = change_row(txn, keyring_doomed(keyring, i), true);
    if (r == 0 && keyring_has_changed(keyring))
        r = write_serial(txn);
    return error_trace(r);
}

/* ---- at start ---- */

static int destroy(struct keyring *keyring, const struct key_ref *refs, size_t n)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = keyring_doom(keyring, refs[i]);
    if (r == 0)
        r = keyring_destroy(keyring);
    keyring_forget(keyring, true);
    return error_trace(r);
}

static int unlist(struct db *db, const struct key_ref *refs, size_t n)
{
    struct db_txn *txn;
    int r = db_begin_write(db, &txn);

    if (r)
        return error_trace(r);
    db_use_reserve(txn);
    r = change_rows(txn, refs, n);
    if (r) {
        db_abort(txn);
        return error_trace(r);
    }
    return error_trace(db_commit(txn));
}

static int look(struct db *db, struct key_ref *refs, size_t *ret_n)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(db, &txn);

    return r ? error_trace(r) : error_trace(read_list(txn, refs, ret_n));
}

int doomed_work_off(struct db *db)
{
    struct key_ref *refs = malloc(DOOMED_ROWS_MAX * sizeof *refs);
    size_t n = 1;
    int r = refs ? 0 : error_origin(-ENOMEM);

    while (r == 0 && n) {
        r = look(db, refs, &n);
        if (r == 0 && n)
            r = destroy(db_keyring_of(db), refs, n);
        if (r == 0 && n)
            r = unlist(db, refs, n);
        /* The list may stay where there is no room to write: what is on it is destroyed. */
        if (r == -ENOSPC && n < DOOMED_ROWS_MAX) {
            r = 0;
            break;
        }
    }
    free(refs);
    return error_trace(r);
}
