/*
 * Look, then open again what was found.
 */
#include "crumb/rollup/mend.h"
#include "crumb/base/error.h"
#include "crumb/rollup/rollups.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/day.h"
#include <errno.h>
#include <stdlib.h>

struct day {
    uint32_t site;
    int32_t day;
};

struct found {
    struct db_txn *txn;
    struct day *days;
    size_t n, capacity;
};

static int add(struct found *found, uint32_t site, int32_t day)
{
    if (found->n == found->capacity) {
        size_t capacity = found->capacity ? 2 * found->capacity : 16;
        struct day *grown = reallocarray(found->days, capacity, sizeof *grown);

        if (!grown)
            return error_origin(-ENOMEM);
        found->days = grown;
        found->capacity = capacity;
    }
    found->days[found->n++] = (struct day){.site = site, .day = day};
    return 0;
}

/* What is damaged stays for `crumb verify` to name. */
static int look_at(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct found *found = context;
    SEGMENT_AUTO segment = {.n_texts = 0};

    if (!state->sealed)
        return 0;
    int r = segments_open(found->txn, site, day, &segment);
    bool is_gone = r == SEGMENTS_E_GONE;
    if (r == 0)
        is_gone = rollups_has(found->txn, site, (struct period){PERIOD_DAY, day}, FIELD_N) == ROLLUPS_E_GONE;
    if (r == -ENOMEM)
        return error_trace(r);
    return is_gone ? error_trace(add(found, site, day)) : 0;
}

static int find(struct db *db, struct found *found)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(db, &txn);

    found->txn = txn;
    return r ? error_trace(r) : error_trace(day_each(txn, look_at, found));
}

static int reopen(struct batch *batch, const struct day *day)
{
    struct day_state state;
    int r = error_fold(day_get(batch->txn, day->site, day->day, &state));

    /* Of a day without a journal there is nothing but its segment: it stays, and what can be made of it is made again.
     */
    if (r == 0 && state.expired) {
        state.changes++;
    } else if (r == 0) {
        state.sealed = 0;
        r = segments_delete(batch, day->site, day->day);
    }
    if (r == 0)
        r = rollups_delete(batch, day->site, (struct period){PERIOD_DAY, day->day});
    if (r == 0)
        r = rollups_delete(batch, day->site, period_month(day->day));
    return r ? error_trace(r) : error_trace(day_put(batch->txn, day->site, day->day, &state));
}

static int reopen_all(struct db *db, const struct found *found)
{
    struct batch batch;
    int r = batch_begin(db, &batch);

    if (r)
        return error_trace(r);
    batch_use_reserve(&batch);
    for (size_t i = 0; r == 0 && i < found->n; i++)
        r = reopen(&batch, &found->days[i]);
    if (r) {
        batch_abort(&batch);
        return error_trace(r);
    }
    return error_trace(batch_commit(&batch));
}

int mend_days(struct db *db, unsigned *ret_n)
{
    struct found found = {.n = 0};
    int r = find(db, &found);

    if (r == 0 && found.n)
        r = reopen_all(db, &found);
    free(found.days);
    if (r == 0)
        *ret_n = (unsigned)found.n;
    return error_trace(r);
}
