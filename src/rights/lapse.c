/*
 * Look beside the writer, then remove what is still over, and say so.
 */
#include "crumb/rights/lapse.h"
#include "crumb/base/error.h"
#include "crumb/consent/minors.h"
#include "crumb/rights/requests.h"
#include <errno.h>
#include <stdio.h>

#define DETAILS_BYTES 64

struct row {
    const struct site *site;
    bool is_request;
    uint32_t number;           /* of a request */
    uint8_t id[VISITOR_BYTES]; /* of a block */
};

struct removal {
    struct write_op super;
    const struct lapse_work *work;
    struct row rows[LAPSE_ROWS_MAX]; /* by kind and site */
    unsigned n, n_removed;
};

enum { FULL = 1 };

static int64_t until_of(const struct lapse_work *work, const struct site *site)
{
    return work->now_ms - site->retention.requests_ms;
}

static bool is_left(const struct lapse_work *work, const struct site *site)
{
    return config_index(work->config, site) >= work->config->n_sites;
}

/* ---- looking ---- */

static int see_request(void *context, const struct request *request)
{
    struct removal *removal = context;
    const struct site *site = config_site_of_id(removal->work->config, request->site);

    if (!site || !requests_is_over(request, is_left(removal->work, site), until_of(removal->work, site)))
        return 0;
    if (removal->n == LAPSE_ROWS_MAX)
        return FULL;
    removal->rows[removal->n++] = (struct row){.site = site, .is_request = true, .number = request->number};
    return 0;
}

static int see_block(void *context, uint32_t id, const uint8_t visitor[VISITOR_BYTES], int64_t until_ms)
{
    struct removal *removal = context;
    const struct site *site = config_site_of_id(removal->work->config, id);

    if (!site || until_ms > removal->work->now_ms)
        return 0;
    if (removal->n == LAPSE_ROWS_MAX)
        return FULL;
    removal->rows[removal->n] = (struct row){.site = site};
    memcpy(removal->rows[removal->n++].id, visitor, VISITOR_BYTES);
    return 0;
}

/* What is damaged is for `crumb verify` to name, and keeps nothing else from going. */
static int look(struct removal *removal, bool *ret_full)
{
    DB_TXN_AUTO *txn = NULL;
    uint32_t site, number;
    int r = db_begin_read(removal->work->db, &txn);

    if (r)
        return error_trace(r);
    r = requests_each(txn, see_request, removal, &site, &number);
    if (r == 0 || r == -EBADMSG)
        r = minors_each(txn, see_block, removal);
    *ret_full = r == FULL;
    return r < 0 && r != -EBADMSG ? error_trace(r) : 0;
}

/* ---- on the writer's thread ---- */

static int record(const struct removal *removal, struct batch *batch, const struct row *row, unsigned n)
{
    char details[DETAILS_BYTES];

    if (!n)
        return 0;
    snprintf(details, sizeof details, "%u rows", n);
    return error_trace(trail_append_expired(batch, removal->work->trail, removal->work->now_ms, row->site->name,
                                            row->is_request ? "requests" : "minors", details));
}

static int remove_row(const struct removal *removal, struct batch *batch, const struct row *row, bool *ret_removed)
{
    if (row->is_request)
        return requests_remove(batch, row->site->id, row->number, is_left(removal->work, row->site),
                               until_of(removal->work, row->site), ret_removed);
    return minors_remove(batch->txn, row->site->id, row->id, removal->work->now_ms, ret_removed);
}

static int removal_apply(struct write_op *op, struct batch *batch)
{
    struct removal *removal = (struct removal *)op;
    unsigned n = 0;
    int r = 0;

    removal->n_removed = 0;
    for (unsigned i = 0; r == 0 && i < removal->n; i++) {
        const struct row *row = &removal->rows[i];
        bool is_last = i + 1 == removal->n || row[1].site != row->site || row[1].is_request != row->is_request,
             removed = false;

        r = remove_row(removal, batch, row, &removed);
        n += removed;
        removal->n_removed += removed;
        if (r == 0 && is_last) {
            r = record(removal, batch, row, n);
            n = 0;
        }
    }
    return error_trace(r);
}

static void removal_done(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

int lapse_pass(int64_t *resting_ms, const struct lapse_work *work, unsigned *ret_n)
{
    /* A clock that was set back ends the rest, too. */
    int64_t rested_ms = work->now_ms - *resting_ms;
    struct removal removal = {.super = {.reserve = true, .apply = removal_apply, .done = removal_done}, .work = work};
    bool is_full = false;

    *ret_n = 0;
    if (*resting_ms && rested_ms >= 0 && rested_ms < LAPSE_REST_MS)
        return 0;
    int r = look(&removal, &is_full);
    if (r == 0 && removal.n)
        r = error_fold(work->submit(work->context, &removal.super));
    if (r)
        return error_trace(r);
    *resting_ms = is_full ? 0 : work->now_ms;
    *ret_n = removal.n_removed;
    return 0;
}
