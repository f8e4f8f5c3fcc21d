/*
 * Rows by key, each in an envelope: one part with the figures, and one with each
 * block of sketches, if there are any.  A month's rows are deleted in the transaction that seals one of
 * its days, so where they are, they are of the segments as these are now; only
 * events that no segment has yet make them incomplete.
 */
#include "crumb/rollup/rollups.h"
#include "crumb/base/error.h"
#include "crumb/rollup/amend.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/day.h"
#include "crumb/store/envelope.h"
#include "crumb/store/key.h"
#include <errno.h>
#include <sodium.h>

static struct key key_of(uint32_t site, struct period period, enum field field)
{
    return key_rollup(&(struct key_rollup){
        .site = site, .kind = (uint8_t)period.kind, .period = period.number, .field = summary_number(field)});
}

/* Each seal of a day is of a higher sequence or of more changes than the one before, so the sum grows, too. */
int rollups_version(struct db_txn *txn, uint32_t site, struct period period, uint64_t *ret_version)
{
    int32_t last = period_last_day(period);
    uint64_t version = 0;

    for (int32_t day = period_first_day(period); day <= last; day++) {
        struct day_state state;
        int r = day_get(txn, site, day, &state);

        if (r == DB_E_NOT_FOUND)
            continue;
        if (r)
            return error_trace(r);
        if (!day_is_sealed(&state))
            return ROLLUPS_E_NONE;
        version += state.sealed + state.changes;
    }
    if (!version)
        return ROLLUPS_E_NONE;
    *ret_version = version;
    return 0;
}

int rollups_are_folded(struct db_txn *txn, uint32_t site, struct period period, bool *ret_folded)
{
    bool folded = false;

    for (int32_t day = period_first_day(period); day <= period_last_day(period); day++) {
        struct day_state state;
        int r = day_get(txn, site, day, &state);

        if (r && r != DB_E_NOT_FOUND)
            return error_trace(r);
        folded |= r == 0 && state.folded;
    }
    *ret_folded = folded;
    return 0;
}

static int open_envelope(struct db_txn *txn, struct text key, struct text value, struct envelope *envelope)
{
    int r = envelope_read(DB_ROLLUPS, key, value, envelope);

    if (r == 0)
        r = envelope_open(envelope, db_keyring(txn));
    return r == KEYRING_E_GONE ? ROLLUPS_E_NONE : error_trace(r);
}

static int open_part(const struct envelope *envelope, unsigned part, struct buffer *bytes)
{
    uint8_t *at = part < envelope->n_parts ? buffer_extend(bytes, envelope_size(envelope, part)) : NULL;

    if (!at)
        return error_origin(bytes->fault ? bytes->fault : -EBADMSG);
    return error_trace(envelope_part(envelope, part, at));
}

int rollups_open_row(struct db_txn *txn, struct text key, struct text value, bool with_sketches, struct buffer *bytes)
{
    struct envelope envelope;
    int r = open_envelope(txn, key, value, &envelope);

    if (r)
        return r < 0 ? error_trace(r) : r;
    r = open_part(&envelope, 0, bytes);
    for (unsigned part = 1; r == 0 && with_sketches && part < envelope.n_parts; part++)
        r = open_part(&envelope, part, bytes);
    envelope_wipe(&envelope);
    return error_trace(r);
}

int rollups_get(struct db_txn *txn, uint32_t site, struct period period, enum field field, bool with_sketches,
                struct buffer *bytes)
{
    struct key key = key_of(site, period, field);
    struct text value;
    int r = db_get(txn, DB_ROLLUPS, key_text(&key), &value);

    if (r)
        return r == DB_E_NOT_FOUND ? ROLLUPS_E_NONE : error_trace(r);
    r = rollups_open_row(txn, key_text(&key), value, with_sketches, bytes);
    return r < 0 ? error_trace(r) : r;
}

int rollups_get_part(struct db_txn *txn, uint32_t site, struct period period, enum field field, unsigned part,
                     struct buffer *bytes, unsigned *ret_n_parts)
{
    struct key key = key_of(site, period, field);
    struct envelope envelope;
    struct text value;
    int r = db_get(txn, DB_ROLLUPS, key_text(&key), &value);

    if (r)
        return r == DB_E_NOT_FOUND ? ROLLUPS_E_NONE : error_trace(r);
    r = open_envelope(txn, key_text(&key), value, &envelope);
    if (r)
        return r < 0 ? error_trace(r) : r;
    r = open_part(&envelope, part, bytes);
    if (r == 0)
        *ret_n_parts = envelope.n_parts;
    envelope_wipe(&envelope);
    return error_trace(r);
}

int rollups_has(struct db_txn *txn, uint32_t site, struct period period, enum field field)
{
    struct key key = key_of(site, period, field);
    uint8_t secret[CRYPT_KEY_BYTES];
    struct envelope envelope;
    struct text value;
    int r = db_get(txn, DB_ROLLUPS, key_text(&key), &value);

    if (r)
        return r == DB_E_NOT_FOUND ? ROLLUPS_E_NONE : error_trace(r);
    r = envelope_read(DB_ROLLUPS, key_text(&key), value, &envelope);
    if (r == 0)
        r = keyring_get(db_keyring(txn), envelope.ref, secret);
    sodium_memzero(secret, sizeof secret);
    return r == KEYRING_E_GONE ? ROLLUPS_E_GONE : error_trace(r);
}

/* All of a period are under one key: the first that is found tells it. */
static int doom_key(struct batch *batch, uint32_t site, struct period period)
{
    struct key_ref doomed = {0};
    int r = 0;

    for (unsigned i = 0; r == 0 && i < SUMMARY_FIELDS; i++) {
        struct key key = key_of(site, period, (enum field)i);
        struct envelope envelope;
        struct text value;

        r = summary_has((enum field)i) ? db_get(batch->txn, DB_ROLLUPS, key_text(&key), &value) : DB_E_NOT_FOUND;
        if (r == DB_E_NOT_FOUND) {
            r = 0;
            continue;
        }
        if (r == 0 && envelope_read(DB_ROLLUPS, key_text(&key), value, &envelope) == 0 &&
            !key_ref_equal(envelope.ref, doomed)) {
            doomed = envelope.ref;
            r = batch_doom_key(batch, doomed);
        }
    }
    return error_trace(r);
}

static int put_row(struct batch *batch, const struct key *key, struct key_ref ref, const uint8_t *secret,
                   struct text bytes)
{
    BUFFER_AUTO sealed = BUFFER_INIT(3ul * ROLLUP_BYTES_MAX);
    struct text parts[CELLS_PARTS_MAX];
    unsigned n_parts = cells_split(bytes, parts);

    envelope_seal(ref, secret, DB_ROLLUPS, key_text(key), parts, n_parts, &sealed);
    if (sealed.fault)
        return error_origin(sealed.fault);
    return error_fold(db_put(batch->txn, DB_ROLLUPS, key_text(key), buffer_text(&sealed)));
}

int rollups_put(struct batch *batch, uint32_t site, struct period period, const struct rollups *rollups)
{
    uint8_t secret[CRYPT_KEY_BYTES];
    struct key_ref ref;
    int r = doom_key(batch, site, period);

    if (r == 0)
        r = batch_new_key(batch, KEY_ROLLUP, &ref, secret);
    for (unsigned i = 0; r == 0 && i < SUMMARY_FIELDS; i++) {
        struct key key = key_of(site, period, (enum field)i);

        if (!summary_has((enum field)i))
            continue;
        if (rollups->of[i].size)
            r = put_row(batch, &key, ref, secret, buffer_text(&rollups->of[i]));
        else
            r = db_delete(batch->txn, DB_ROLLUPS, key_text(&key));
    }
    sodium_memzero(secret, sizeof secret);
    return error_trace(r);
}

int rollups_delete(struct batch *batch, uint32_t site, struct period period)
{
    int r = doom_key(batch, site, period);

    for (unsigned i = 0; r == 0 && i < SUMMARY_FIELDS; i++) {
        struct key key = key_of(site, period, (enum field)i);

        if (summary_has((enum field)i))
            r = db_delete(batch->txn, DB_ROLLUPS, key_text(&key));
    }
    return error_trace(r);
}

static int add_table(struct db_txn *txn, uint32_t site, const struct segment *segment, struct summary *summary)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    AMENDMENTS_AUTO amendments = {.n = 0};
    int r = amended_read(txn, site, &amendments);

    if (r == 0)
        r = segment_read(segment, amendments.n ? COLUMN_ALL : summary_columns(summary), &table);
    if (r == 0)
        r = amend_table(&amendments, AMEND_ANSWER, &table);
    return r ? error_trace(r) : error_trace(summary_add(summary, &table));
}

int rollups_add_day(struct db_txn *txn, uint32_t site, int32_t day, struct summary *summary)
{
    SEGMENT_AUTO segment = {.n_texts = 0};
    int r = segments_open(txn, site, day, &segment);

    if (r > 0)
        return 0;
    return r ? error_trace(r) : error_trace(add_table(txn, site, &segment, summary));
}
