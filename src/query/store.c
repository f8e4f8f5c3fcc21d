/*
 * Tables from the segments and live days of a store, its rollups, coverage from
 * its books.
 */
#include "crumb/query/store.h"
#include "crumb/base/error.h"
#include "crumb/rollup/retention.h"
#include "crumb/store/accounting.h"
#include "crumb/store/day.h"

static int table(void *context, int32_t day, uint64_t columns, const struct table **ret_table,
                 enum query_tier *ret_tier)
{
    struct query_store *store = context;
    enum days_tier tier;
    int r = days_pin(store->days, store->txn, store->site, day, columns, ret_table, &tier);

    if (r)
        return r == DAYS_E_FOLDED ? QUERY_E_FOLDED : error_trace(r);
    *ret_tier = tier == DAYS_SEGMENT ? QUERY_SEGMENT : QUERY_LIVE;
    return 0;
}

static void release(void *context, const struct table *table)
{
    struct query_store *store = context;

    days_unpin(store->days, table);
}

static int rollup(void *context, struct period period, enum field field, unsigned part, const struct cells **ret_cells)
{
    struct query_store *store = context;

    return error_trace(days_pin_rollup(store->days, store->txn, store->site, period, field, part, ret_cells));
}

static void release_rollup(void *context, const struct cells *cells)
{
    struct query_store *store = context;

    days_unpin_rollup(store->days, cells);
}

static int days(void *context, int32_t *ret_first, int32_t *ret_last)
{
    struct query_store *store = context;
    int r = store->site->id ? day_bounds(store->txn, store->site->id, ret_first, ret_last) : DB_E_NOT_FOUND;

    if (r == DB_E_NOT_FOUND) {
        *ret_first = 0;
        *ret_last = -1;
        return 0;
    }
    return error_trace(r);
}

static int detailed(void *context, int32_t *ret_first)
{
    struct query_store *store = context;
    int32_t first, last;
    int r = days(context, &first, &last);

    if (r == 0 && first <= last)
        r = retention_due_oldest(store->txn, store->site->id, RETENTION_SEGMENTS, &first);
    if (r < 0)
        return error_trace(r);
    *ret_first = r == DB_E_NOT_FOUND ? last + 1 : first;
    return 0;
}

/* An hour of the books belongs to where it begins: they are hours of UTC, and some zones are half of one away. */
static uint32_t hour_from(int64_t at_ms) { return at_ms <= 0 ? 0 : accounting_hour(at_ms - 1) + 1; }

static int coverage(void *context, int64_t from_ms, int64_t to_ms, struct query_coverage *ret_coverage)
{
    struct query_store *store = context;
    struct books books;
    int r = accounting_between(store->txn, store->site->id, hour_from(from_ms), hour_from(to_ms), &books);

    if (r)
        return error_trace(r);
    *ret_coverage = (struct query_coverage){.received = books.received, .stored = books.stored};
    return 0;
}

static bool is_cancelled(void *context)
{
    const struct query_store *store = context;

    return store->cancelled && atomic_load(store->cancelled);
}

struct query_source query_store_source(struct query_store *store)
{
    return (struct query_source){.context = store,
                                 .table = table,
                                 .release = release,
                                 .rollup = rollup,
                                 .release_rollup = release_rollup,
                                 .days = days,
                                 .detailed = detailed,
                                 .coverage = coverage,
                                 .is_cancelled = is_cancelled};
}
