/*
 * A month is read day by day, each in a transaction of its own, so that the
 * store's pages are not kept for long.  What each day was sealed with is
 * remembered, and the writer looks at it again: if another seal came in between,
 * nothing is written, and the next look begins anew.
 */
#include "seal_month.h"
#include "crumb/base/error.h"
#include "crumb/rollup/rollups.h"
#include "crumb/store/day.h"
#include <errno.h>
#include <stdlib.h>

#define MONTH_DAYS_MAX 31

struct due_month {
    const struct site *site;
    struct period period;
};

/* ---- which months ---- */

/* Days come by site and number, so those of one month come together. */
struct due {
    struct db_txn *txn;
    const struct config *config;
    int64_t now_ms;
    struct due_month month; /* that is looked at; site NULL: none */
    bool is_open;           /* one of its days is not sealed */
    struct due_month *months;
    size_t n, capacity;
};

static int add_month(struct due *due)
{
    if (due->n == due->capacity) {
        size_t capacity = due->capacity ? due->capacity * 2 : 16;
        struct due_month *grown = reallocarray(due->months, capacity, sizeof *grown);

        if (!grown)
            return error_origin(-ENOMEM);
        due->months = grown;
        due->capacity = capacity;
    }
    due->months[due->n++] = due->month;
    return 0;
}

/* All days of the month were seen. */
static int end_month(struct due *due)
{
    const struct site *site = due->month.site;

    if (!site || due->is_open)
        return 0;
    if (zone_day_start_ms(site->zone, period_last_day(due->month.period) + 1) + SEAL_GRACE_MS > due->now_ms)
        return 0;
    int r = rollups_has(due->txn, site->id, due->month.period, FIELD_N);
    return r > 0 ? error_trace(add_month(due)) : error_trace(r);
}

static int see_day(void *context, uint32_t id, int32_t day, const struct day_state *state)
{
    struct due *due = context;
    struct due_month month = {.site = config_site_of_id(due->config, id), .period = period_month(day)};

    if (month.site != due->month.site || month.period.number != due->month.period.number) {
        int r = end_month(due);
        if (r)
            return error_trace(r);
        due->month = month;
        due->is_open = false;
    }
    due->is_open |= !day_is_sealed(state) || state->folded;
    return 0;
}

static int find_due(struct db *db, struct due *due)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(db, &txn);

    due->txn = txn;
    if (r == 0)
        r = day_each(txn, see_day, due);
    return r ? error_trace(r) : error_trace(end_month(due));
}

/* ---- one month ---- */

struct seal_month {
    struct write_op super;
    const struct due_month *due;
    uint64_t sealed[MONTH_DAYS_MAX]; /* of each day, what was read; 0: no such day */
    struct summary *summary;
    struct rollups rollups;
};

/* 0 where nothing happened, or what did is not in a segment yet. */
static int sealed_of(struct db_txn *txn, uint32_t site, int32_t day, uint64_t *ret_sealed)
{
    struct day_state state;
    int r = day_get(txn, site, day, &state);

    if (r && r != DB_E_NOT_FOUND)
        return error_trace(r);
    /* Either grows with each seal, and neither goes back. */
    *ret_sealed = r == 0 && day_is_sealed(&state) ? state.sealed + state.changes : 0;
    return 0;
}

static int month_apply(struct write_op *op, struct batch *batch)
{
    struct seal_month *month = (struct seal_month *)op;
    uint32_t site = month->due->site->id;
    int32_t first = period_first_day(month->due->period), last = period_last_day(month->due->period);

    for (int32_t day = first; day <= last; day++) {
        uint64_t sealed = 0;
        int r = sealed_of(batch->txn, site, day, &sealed);

        if (r)
            return error_trace(r);
        if (sealed != month->sealed[day - first])
            return 0;
    }
    return error_trace(rollups_put(batch, site, month->due->period, &month->rollups));
}

static void month_done(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

static int read_day(struct db *db, struct seal_month *month, int32_t day)
{
    DB_TXN_AUTO *txn = NULL;
    uint64_t *sealed = &month->sealed[day - period_first_day(month->due->period)];
    int r = db_begin_read(db, &txn);

    if (r == 0)
        r = sealed_of(txn, month->due->site->id, day, sealed);
    if (r == 0 && *sealed)
        r = rollups_add_day(txn, month->due->site->id, day, month->summary);
    return error_trace(r);
}

static int read_days(struct db *db, struct seal_month *month, const atomic_bool *stop)
{
    int32_t last = period_last_day(month->due->period);
    int r = summary_new(month->due->site->id, PERIOD_MONTH, &month->summary);

    for (int32_t day = period_first_day(month->due->period); r == 0 && day <= last; day++)
        r = stop && atomic_load(stop) ? error_origin(-ECANCELED) : read_day(db, month, day);
    if (r == 0)
        r = summary_encode_all(month->summary, &month->rollups);
    return error_trace(r);
}

static int seal_month(struct db *db, const struct due_month *due, int (*submit)(void *context, struct write_op *op),
                      void *context, const atomic_bool *stop)
{
    struct seal_month month = {.super = {.apply = month_apply, .done = month_done}, .due = due};

    rollups_init(&month.rollups);
    int r = read_days(db, &month, stop);
    month.summary = summary_free(month.summary);
    if (r == 0)
        r = error_fold(submit(context, &month.super));
    rollups_deinit(&month.rollups);
    return r == -ECANCELED ? 0 : error_trace(r);
}

int seal_months_due(struct db *db, const struct config *config, int64_t now_ms,
                    int (*submit)(void *context, struct write_op *op), void *context, const atomic_bool *stop)
{
    struct due due = {.config = config, .now_ms = now_ms};
    int first = find_due(db, &due);

    for (size_t i = 0; i < due.n && !(stop && atomic_load(stop)); i++) {
        int r = seal_month(db, &due.months[i], submit, context, stop);

        if (first == 0)
            first = r;
    }
    free(due.months);
    return error_trace(first);
}
