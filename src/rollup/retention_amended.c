/*
 * Amendments of visitors who are gone, once nothing is left that they amend:
 * neither a journal nor a segment of a day on which there can be something of
 * the visitor.  And months that wait for those of visitors who are there.
 */
#include "crumb/base/error.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/amended.h"
#include "retention_parts.h"
#include <errno.h>
#include <stdlib.h>

struct ended {
    uint32_t site, number;
};

struct sweep {
    struct write_op super;
    const struct retention_work *work;
    const struct due *due;
    struct db_txn *txn;
    const struct site *site; /* whose first day was looked for last */
    int32_t kept;            /* its first segment; INT32_MAX: there is none */
    struct ended *list;      /* RETENTION_ROWS_MAX */
    unsigned n;
};

enum { ENOUGH = 1 };

static int find_kept(struct sweep *sweep, const struct site *site)
{
    int32_t day = INT32_MAX;
    int r = sweep->site == site ? 0 : retention_due_oldest(sweep->txn, site->id, RETENTION_SEGMENTS, &day);

    if (r < 0)
        return error_trace(r);
    if (sweep->site != site)
        sweep->kept = r == DB_E_NOT_FOUND ? INT32_MAX : day;
    sweep->site = site;
    return 0;
}

static int see_amendment(void *context, uint32_t id, const struct amendment *amendment)
{
    struct sweep *sweep = context;
    const struct config *config = sweep->work->config;
    const struct site *site = config_site_of_id(config, id);

    /* What is for good goes with its job. */
    if (!site || !amendment->has_ended || amendment->erased || amendment->cut)
        return 0;
    int r = find_kept(sweep, site);
    if (r)
        return error_trace(r);
    /* A day more, as the zone of the site may have changed. */
    if (sweep->kept <= amendment->ended + 1 || sweep->due->kept[config_index(config, site)] <= amendment->ended + 1)
        return 0;
    if (sweep->n == RETENTION_ROWS_MAX)
        return ENOUGH;
    sweep->list[sweep->n++] = (struct ended){.site = id, .number = amendment->number};
    return 0;
}

static int look(struct sweep *sweep)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(sweep->work->db, &txn);

    sweep->txn = txn;
    if (r == 0)
        r = amended_each(txn, 0, see_amendment, sweep);
    return r == ENOUGH ? 0 : error_trace(r);
}

/* No visitor gets a number again, so nobody else is amended meanwhile. */
static int sweep_apply(struct write_op *op, struct batch *batch)
{
    const struct sweep *sweep = (const struct sweep *)op;
    int r = 0;

    for (unsigned i = 0; r == 0 && i < sweep->n; i++)
        r = amended_put(batch->txn, sweep->list[i].site, &(struct amendment){.number = sweep->list[i].number});
    return error_trace(r);
}

static void sweep_done(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

int retention_amended_sweep(const struct retention_work *work, const struct due *due, bool *ret_more)
{
    struct sweep sweep = {.super = {.reserve = true, .apply = sweep_apply, .done = sweep_done},
                          .work = work,
                          .due = due,
                          .list = malloc(RETENTION_ROWS_MAX * sizeof *sweep.list)};
    int r = sweep.list ? look(&sweep) : error_origin(-ENOMEM);

    if (r == 0 && sweep.n)
        r = error_fold(work->submit(work->context, &sweep.super));
    *ret_more = r == 0 && sweep.n == RETENTION_ROWS_MAX;
    free(sweep.list);
    return error_trace(r);
}

/* ---- months that wait ---- */

/* Whoever's row is gone lifts nothing any more. */
static bool may_be_lifted(const struct amendment *amendment)
{
    return amendment && amendment->restricted && !amendment->erased && !amendment->has_ended;
}

static bool has_any(const struct amendments *amendments)
{
    for (size_t i = 0; i < amendments->n; i++)
        if (may_be_lifted(&amendments->list[i]))
            return true;
    return false;
}

/* Whether one of them visited that day. What cannot be read can come back for nobody. */
static int find_visits(struct db_txn *txn, uint32_t site, int32_t day, const struct amendments *amendments,
                       bool *ret_found)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    SEGMENT_AUTO segment = {.n_texts = 0};
    int r = segments_open(txn, site, day, &segment);

    if (r)
        return r < 0 ? error_trace(r) : 0;
    r = segment_read(&segment, COLUMN_BIT(COLUMN_VISIT_visitor), &table);
    for (uint32_t i = 0; r == 0 && !*ret_found && i < table.n[RELATION_VISIT]; i++)
        *ret_found = may_be_lifted(amended_find(amendments, table.columns[COLUMN_VISIT_visitor][i]));
    return error_trace(r);
}

int retention_amended_waits(struct db_txn *txn, const struct site *site, struct period period, int64_t now_ms,
                            bool *ret_waits)
{
    int64_t due_ms = retention_due_ms(site, RETENTION_SEGMENTS, period_first_day(period));
    AMENDMENTS_AUTO amendments = {.n = 0};
    bool found = false;
    int r = now_ms < due_ms + RETENTION_RESTRICTED_MS_MAX ? amended_read(txn, site->id, &amendments) : 0;

    if (r == 0 && has_any(&amendments))
        for (int32_t day = period_first_day(period); r == 0 && !found && day <= period_last_day(period); day++)
            r = find_visits(txn, site->id, day, &amendments, &found);
    if (r)
        return error_trace(r);
    *ret_waits = found;
    return 0;
}
