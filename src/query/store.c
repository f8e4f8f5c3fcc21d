/*
 * Cells of a site from the store.
 */
#include "crumb/query/store.h"
#include "crumb/base/error.h"
#include "crumb/store/day.h"

static int cells(void *context, int32_t day, enum dimension dimension, int64_t from_ms, int64_t to_ms,
                 struct cells *ret_cells)
{
    struct query_store *store = context;

    return error_trace(days_cells(store->days, store->txn, store->site, day, dimension, from_ms, to_ms, ret_cells));
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

struct query_source query_store_source(struct query_store *store)
{
    return (struct query_source){.context = store, .cells = cells, .days = days};
}
