/*
 * Tables: sealed days from the shelf (shelf.h), the others live (live.h).
 * Rollups: from the drawer (drawer.h).
 */
#include "crumb/rollup/days.h"
#include "crumb/base/error.h"
#include "crumb/store/day.h"
#include "drawer.h"
#include "live.h"
#include "shelf.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct days {
    struct live *live;
    struct shelf *shelf;
    struct drawer *drawer;
};

int days_new(struct days_bounds bounds, struct days **ret_days)
{
    struct days *days = calloc(1, sizeof *days);

    assert(bounds.n_days > 0 && bounds.n_days <= LIVE_DAYS_MAX);
    if (!days)
        return error_origin(-ENOMEM);
    int r = live_new(bounds, &days->live);
    if (r == 0)
        r = shelf_new(bounds.cache_bytes, &days->shelf);
    if (r == 0)
        r = drawer_new(bounds.rollup_bytes, &days->drawer);
    if (r) {
        days_free(days);
        return error_trace(r);
    }
    *ret_days = days;
    return 0;
}

struct days *days_free(struct days *days)
{
    if (days) {
        live_free(days->live);
        shelf_free(days->shelf);
        drawer_free(days->drawer);
        free(days);
    }
    return NULL;
}

/* ---- tables ---- */

static int pin(struct days *days, struct db_txn *txn, const struct site *site, int32_t day, uint64_t columns,
               const struct day_state *state, struct pinned **ret_pinned)
{
    struct shelf_key key = {
        .site = site->id, .day = day, .sealed = state->sealed, .changes = state->changes, .built = state->built};

    if (!day_has_segment(state))
        return error_trace(live_pin(days->live, txn, site, day, state, ret_pinned));
    live_forget(days->live, site->id, day);
    return error_trace(shelf_pin(days->shelf, txn, key, columns, ret_pinned));
}

int days_pin(struct days *days, struct db_txn *txn, const struct site *site, int32_t day, uint64_t columns,
             const struct table **ret_table, enum days_tier *ret_tier)
{
    struct pinned *pinned;
    struct day_state state;
    int r = site->id ? day_get(txn, site->id, day, &state) : DB_E_NOT_FOUND;

    if (r == DB_E_NOT_FOUND) {
        *ret_table = NULL;
        *ret_tier = DAYS_SEGMENT; /* nothing was looked at, which is as quick */
        return 0;
    }
    if (r == 0 && state.folded)
        return DAYS_E_FOLDED;
    if (r == 0)
        r = pin(days, txn, site, day, columns, &state, &pinned);
    if (r)
        return error_trace(r);
    *ret_table = &pinned->table;
    *ret_tier = pinned->tier;
    return 0;
}

void days_unpin(struct days *days, const struct table *table)
{
    if (!table)
        return;
    if (pinned_of(table)->tier == DAYS_LIVE)
        live_unpin(days->live, pinned_of(table));
    else
        shelf_unpin(days->shelf, pinned_of(table));
}

int days_live_table(struct days *days, struct db_txn *txn, const struct site *site, int32_t day,
                    const struct day_state *state, struct table *ret_table, bool *ret_is_held)
{
    return error_trace(live_table(days->live, txn, site, day, state, ret_table, ret_is_held));
}

void days_live_forget(struct days *days, const struct site *site, int32_t day)
{
    live_forget(days->live, site->id, day);
}

struct days_bounds days_held(struct days *days)
{
    struct days_bounds held = live_held(days->live);

    held.cache_bytes = shelf_bytes(days->shelf);
    held.rollup_bytes = drawer_bytes(days->drawer);
    return held;
}

/* ---- rollups ---- */

int days_pin_rollup(struct days *days, struct db_txn *txn, const struct site *site, struct period period,
                    enum field field, unsigned part, const struct cells **ret_cells)
{
    const struct cells *cells = NULL;
    int r = site->id ? drawer_pin(days->drawer, txn, site->id, period, field, part, &cells) : ROLLUPS_E_NONE;

    if (r < 0)
        return error_trace(r);
    *ret_cells = cells;
    return 0;
}

void days_unpin_rollup(struct days *days, const struct cells *cells)
{
    if (cells)
        drawer_unpin(days->drawer, cells);
}
