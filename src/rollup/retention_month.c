/*
 * A month's visits: its rollups and its days' totals are read, folded and
 * written under new keys in one transaction, which takes the segments, the days'
 * other rollups and the keys of them all away.  If anything of the month changed
 * in between, nothing is done, and the next pass begins anew.
 */
#include "crumb/base/error.h"
#include "crumb/rollup/fold.h"
#include "crumb/rollup/rollups.h"
#include "crumb/rollup/segments.h"
#include "retention_parts.h"
#include <errno.h>

#define MONTH_DAYS_MAX 31

struct month {
    struct write_op super;
    const struct retention_work *work;
    const struct due_month *due;
    bool has_folded;                       /* some day was folded before: then the month's rollups stay as they are */
    struct day_state days[MONTH_DAYS_MAX]; /* as they were read */
    bool is_there[MONTH_DAYS_MAX];
    struct buffer totals[MONTH_DAYS_MAX];
    struct rollups rollups;
    bool folded;
};

static uint32_t site_of(const struct month *month) { return month->due->site->id; }
static int32_t first_of(const struct month *month) { return period_first_day(month->due->period); }
static int32_t n_days(const struct month *month) { return period_last_day(month->due->period) - first_of(month) + 1; }

/* ---- reading ---- */

static int fold_rollup(struct month *month, struct db_txn *txn, struct period period, enum field field,
                       struct buffer *into)
{
    __attribute__((cleanup(cells_deinit))) struct cells cells = CELLS_INIT, folded = CELLS_INIT;
    BUFFER_AUTO bytes = BUFFER_INIT(3ul * ROLLUP_BYTES_MAX);
    int r = rollups_get(txn, site_of(month), period, field, true, &bytes);

    if (r)
        return r == ROLLUPS_E_NONE ? 0 : error_trace(r);
    r = cells_decode(buffer_text(&bytes), summary_sketches(period.kind, field), &cells);
    if (r == 0)
        r = field == FIELD_N ? fold_totals(&cells, &folded)
                             : fold_cells(&cells, month->due->site->retention.fold_below, &folded);
    if (r == 0)
        cells_encode(&folded, into);
    return r ? error_trace(r) : error_fold(into->fault);
}

/* 0 where there is no such day. */
static int read_day(struct month *month, struct db_txn *txn, int32_t i)
{
    struct period period = {.kind = PERIOD_DAY, .number = first_of(month) + i};
    int r = day_get(txn, site_of(month), period.number, &month->days[i]);

    if (r)
        return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
    month->has_folded |= month->days[i].folded;
    month->is_there[i] = !month->days[i].folded;
    return month->is_there[i] ? error_trace(fold_rollup(month, txn, period, FIELD_N, &month->totals[i])) : 0;
}

static int read_month(struct month *month, struct db_txn *txn)
{
    int r = 0;

    for (int32_t i = 0; r == 0 && i < n_days(month); i++)
        r = read_day(month, txn, i);
    for (unsigned i = 0; r == 0 && !month->has_folded && i < SUMMARY_FIELDS; i++)
        if (summary_has((enum field)i))
            r = fold_rollup(month, txn, month->due->period, (enum field)i, &month->rollups.of[i]);
    return error_trace(r);
}

/* ---- writing ---- */

static bool is_same(const struct day_state *a, const struct day_state *b)
{
    return a->last == b->last && a->sealed == b->sealed && a->changes == b->changes && a->built == b->built &&
           a->expired == b->expired && a->folded == b->folded;
}

/* Nothing came, nothing was amended, and the month was not built again. */
static int has_changed(const struct month *month, struct batch *batch, bool *ret_changed)
{
    bool changed = false;
    int r = rollups_has(batch->txn, site_of(month), month->due->period, FIELD_N);

    changed = r > 0;
    r = r > 0 ? 0 : r;
    for (int32_t i = 0; r == 0 && i < n_days(month); i++) {
        struct day_state now;

        r = day_get(batch->txn, site_of(month), first_of(month) + i, &now);
        if (r == 0 && !now.folded)
            changed |= !month->is_there[i] || !is_same(&now, &month->days[i]);
        r = r == DB_E_NOT_FOUND ? 0 : r;
    }
    if (r == 0 && !changed && month->work->is_busy)
        r = month->work->is_busy(batch->txn, site_of(month), period_last_day(month->due->period), &changed);
    *ret_changed = changed;
    return error_trace(r);
}

/* The change makes what is kept unpacked of the day, and of its month, another one. */
static int put_day(struct month *month, struct batch *batch, int32_t i)
{
    struct period period = {.kind = PERIOD_DAY, .number = first_of(month) + i};
    struct day_state state = month->days[i];
    struct rollups rollups;

    rollups_init(&rollups);
    rollups.of[FIELD_N] = month->totals[i];
    int r = rollups_put(batch, site_of(month), period, &rollups);
    if (r == 0)
        r = segments_delete(batch, site_of(month), period.number);
    if (r)
        return error_trace(r);
    r = error_fold(
        day_get(batch->txn, site_of(month), period.number, &state)); /* rows may have gone from its journal */
    if (r == 0 && state.changes == UINT32_MAX)
        return error_origin(-EBADMSG);
    state.folded = true;
    state.built = ++state.changes;
    return r ? error_trace(r) : error_trace(day_put(batch->txn, site_of(month), period.number, &state));
}

static int record(const struct month *month, struct batch *batch)
{
    struct retention_plan given_up = {.site = month->due->site,
                                      .tier = RETENTION_SEGMENTS,
                                      .first = first_of(month),
                                      .last = period_last_day(month->due->period)};

    for (int32_t i = 0; i < n_days(month); i++)
        given_up.n_days += month->is_there[i];
    given_up.n_rows = given_up.n_days;
    return error_trace(retention_record(batch, month->work, &given_up));
}

static int month_apply(struct write_op *op, struct batch *batch)
{
    struct month *month = (struct month *)op;
    bool changed = false;
    int r = has_changed(month, batch, &changed);

    month->folded = false;
    if (r || changed)
        return error_trace(r);
    if (!month->has_folded)
        r = rollups_put(batch, site_of(month), month->due->period, &month->rollups);
    for (int32_t i = 0; r == 0 && i < n_days(month); i++)
        if (month->is_there[i])
            r = put_day(month, batch, i);
    if (r == 0)
        r = record(month, batch);
    month->folded = r == 0;
    return error_trace(r);
}

static void month_done(struct write_op *op, int result)
{
    struct month *month = (struct month *)op;

    month->folded &= result == 0;
}

static int read_and_write(struct month *month)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(month->work->db, &txn);

    if (r == 0)
        r = read_month(month, txn);
    txn = db_abort(txn);
    return r ? error_trace(r) : error_fold(month->work->submit(month->work->context, &month->super));
}

int retention_month_fold(const struct retention_work *work, const struct due_month *due, bool *ret_folded)
{
    struct month month = {
        .super = {.reserve = true, .apply = month_apply, .done = month_done}, .work = work, .due = due};

    rollups_init(&month.rollups);
    for (unsigned i = 0; i < MONTH_DAYS_MAX; i++)
        month.totals[i] = BUFFER_INIT(ROLLUP_BYTES_MAX);
    int r = read_and_write(&month);
    for (unsigned i = 0; i < MONTH_DAYS_MAX; i++)
        buffer_deinit(&month.totals[i]);
    rollups_deinit(&month.rollups);
    if (r == 0)
        *ret_folded = month.folded;
    return error_trace(r);
}
