/*
 * Rows of segments, sealed and opened.
 */
#include "crumb/rollup/segments.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <sodium.h>

int segments_open_row(struct db_txn *txn, struct text key, struct text value, struct segment *ret_segment)
{
    struct envelope envelope;
    int r = envelope_read(DB_SEGMENTS, key, value, &envelope);

    if (r == 0)
        r = envelope_open(&envelope, db_keyring(txn));
    if (r)
        return r == KEYRING_E_GONE ? SEGMENTS_E_GONE : error_trace(r);
    r = segment_open_sealed(&envelope, ret_segment);
    envelope_wipe(&envelope);
    return error_trace(r);
}

/* Whether there is another row by now than the one whose key is gone. */
static int check_newest(struct db_txn *txn, struct text key, struct text value)
{
    DB_TXN_AUTO *newest = NULL;
    struct text now;
    int r = db_begin_read(db_of(txn), &newest);

    if (r == 0)
        r = db_get(newest, DB_SEGMENTS, key, &now);
    if (r < 0)
        return error_trace(r);
    return r == 0 && text_equal(now, value) ? SEGMENTS_E_GONE : error_origin(-ESTALE);
}

int segments_open(struct db_txn *txn, uint32_t site, int32_t day, struct segment *ret_segment)
{
    struct key key = key_day(site, day);
    struct text value;
    int r = db_get(txn, DB_SEGMENTS, key_text(&key), &value);

    if (r)
        return r == DB_E_NOT_FOUND ? SEGMENTS_E_NONE : error_trace(r);
    r = segments_open_row(txn, key_text(&key), value, ret_segment);
    if (r == SEGMENTS_E_GONE)
        r = check_newest(txn, key_text(&key), value);
    return r < 0 ? error_trace(r) : r;
}

void segments_close(struct segment *segment) { envelope_wipe(&segment->envelope); }

int segments_put(struct batch *batch, uint32_t site, int32_t day, struct text bytes)
{
    BUFFER_AUTO sealed = BUFFER_INIT(SEGMENT_BYTES_MAX + SEGMENT_PARTS_MAX * 64);
    struct key key = key_day(site, day);
    struct text parts[SEGMENT_PARTS_MAX];
    uint8_t secret[CRYPT_KEY_BYTES];
    struct key_ref ref;
    int r = envelope_doom(batch, DB_SEGMENTS, key_text(&key));

    if (r == 0)
        r = batch_new_key(batch, KEY_SEGMENT, &ref, secret);
    if (r)
        return error_trace(r);
    envelope_seal(ref, secret, DB_SEGMENTS, key_text(&key), parts, segment_parts(bytes, parts), &sealed);
    sodium_memzero(secret, sizeof secret);
    if (sealed.fault)
        return error_origin(sealed.fault);
    return error_fold(db_put(batch->txn, DB_SEGMENTS, key_text(&key), buffer_text(&sealed)));
}

int segments_delete(struct batch *batch, uint32_t site, int32_t day)
{
    struct key key = key_day(site, day);
    int r = envelope_doom(batch, DB_SEGMENTS, key_text(&key));

    return r ? error_trace(r) : error_trace(db_delete(batch->txn, DB_SEGMENTS, key_text(&key)));
}

int segments_plain(const struct segment *segment, struct buffer *buffer)
{
    int r = 0;

    for (unsigned part = 0; r == 0 && part < segment->envelope.n_parts; part++) {
        uint8_t *bytes = buffer_extend(buffer, envelope_size(&segment->envelope, part));

        r = bytes ? envelope_part(&segment->envelope, part, bytes) : error_origin(buffer->fault);
    }
    return error_trace(r);
}
