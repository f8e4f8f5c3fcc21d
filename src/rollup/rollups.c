/*
 * Rows by key.  A month's rows are deleted in the transaction that seals one of
 * its days, so where they are, they are of the segments as these are now; only
 * events that no segment has yet make them incomplete.
 */
#include "crumb/rollup/rollups.h"
#include "crumb/base/error.h"
#include "crumb/rollup/amend.h"
#include "crumb/rollup/segment.h"
#include "crumb/store/day.h"
#include "crumb/store/key.h"

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

int rollups_get(struct db_txn *txn, uint32_t site, struct period period, enum field field, struct text *ret_bytes)
{
    struct key key = key_of(site, period, field);
    int r = db_get(txn, DB_ROLLUPS, key_text(&key), ret_bytes);

    return r == DB_E_NOT_FOUND ? ROLLUPS_E_NONE : error_trace(r);
}

static int delete_row(struct db_txn *txn, const struct key *key)
{
    int r = db_delete(txn, DB_ROLLUPS, key_text(key));

    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

int rollups_put(struct db_txn *txn, uint32_t site, struct period period, const struct rollups *rollups)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < SUMMARY_FIELDS; i++) {
        struct key key = key_of(site, period, (enum field)i);

        if (!summary_has((enum field)i))
            continue;
        if (rollups->of[i].size)
            r = error_fold(db_put(txn, DB_ROLLUPS, key_text(&key), buffer_text(&rollups->of[i])));
        else
            r = delete_row(txn, &key);
    }
    return error_trace(r);
}

int rollups_delete(struct db_txn *txn, uint32_t site, struct period period)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < SUMMARY_FIELDS; i++) {
        struct key key = key_of(site, period, (enum field)i);

        if (summary_has((enum field)i))
            r = delete_row(txn, &key);
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
    struct key key = key_day(site, day);
    struct segment segment;
    struct text bytes;
    int r = db_get(txn, DB_SEGMENTS, key_text(&key), &bytes);

    if (r == DB_E_NOT_FOUND)
        return 0;
    r = r ? error_trace(r) : segment_open(bytes, &segment);
    return r ? r : error_trace(add_table(txn, site, &segment, summary));
}
