/*
 * The end of a job, when no day has anything of the visitor any more that must
 * not be there.
 */
#include "crew.h"
#include "crumb/base/error.h"
#include "crumb/consent/ledger.h"
#include "crumb/rights/requests.h"
#include "crumb/store/amended.h"
#include "crumb/store/orphans.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define DETAILS_BYTES 160

struct finish {
    struct write_op super;
    const struct site *site;
    const struct job *job;
    const struct trail *trail;
    int64_t now_ms;
    bool is_done;       /* else there are more choices to forget */
    struct buffer deed; /* as it was written */
};

/* Classes that other jobs of the same visitor have still to cut. */
struct others {
    const struct job *job;
    unsigned classes;
};

static int see_other(void *context, const struct job *job)
{
    struct others *others = context;

    if (job->sequence != others->job->sequence && job->site == others->job->site &&
        job->number == others->job->number && job->kind == JOB_CUT)
        others->classes |= job->classes;
    return 0;
}

/* Nothing is left that the amendment would change. */
static int end_amendment(const struct finish *finish, struct db_txn *txn)
{
    struct others others = {.job = finish->job};
    struct amendment amendment = {.number = finish->job->number};
    int r = 0;

    if (finish->job->kind == JOB_ERASE)
        return error_trace(amended_put(txn, finish->site->id, &amendment));
    r = job_each(txn, see_other, &others);
    if (r == 0)
        r = amended_get(txn, finish->site->id, finish->job->number, &amendment);
    amendment.cut &= ~(finish->job->classes & ~others.classes);
    return r ? error_trace(r) : error_trace(amended_put(txn, finish->site->id, &amendment));
}

/* ---- days since it was asked for ---- */

/* The visitor may have allowed the classes again meanwhile: what was built with the amendment is built again. */
struct younger {
    uint32_t site;
    int32_t from, day;
};

enum { FOUND = 1, OTHER_SITE = 2 };

static int see_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct younger *younger = context;

    (void)state;
    if (site != younger->site)
        return OTHER_SITE;
    younger->day = day;
    return FOUND;
}

static int change_younger(const struct finish *finish, struct db_txn *txn)
{
    struct younger younger = {.site = finish->site->id,
                              .from = zone_day(finish->site->zone, finish->job->asked_ms) - 1};
    int r;

    while ((r = day_each_from(txn, younger.site, younger.from, see_day, &younger)) == FOUND) {
        struct day_state state;

        r = day_get(txn, younger.site, younger.day, &state);
        if (r)
            break;
        state.changes++;
        r = day_put(txn, younger.site, younger.day, &state);
        if (r)
            break;
        younger.from = younger.day + 1;
    }
    return r == OTHER_SITE ? 0 : error_fold(r);
}

/* ---- the end ---- */

/* Nothing that must be read is under it any more. */
static int end_key(const struct finish *finish, struct batch *batch)
{
    int r = orphans_delete(batch->txn, finish->job->key);

    return r ? error_trace(r) : error_trace(batch_doom_key(batch, finish->job->key));
}

/* What went is on record. By the receipt's id, as nothing may lead from the visitor to it. */
static int record(const struct finish *finish, struct batch *batch, const struct deed *deed)
{
    char id[DEED_ID_HEX_BYTES], object[sizeof "receipt " + DEED_ID_HEX_BYTES], details[DETAILS_BYTES];

    deed_hex(deed->id, id);
    snprintf(object, sizeof object, "receipt %s", id);
    snprintf(details, sizeof details, "%s: events %" PRIu64 ", visits %" PRIu64 ", days %" PRIu64,
             deed_right_name(deed->right), deed->events, deed->visits, deed->days);
    return error_trace(trail_append(batch, finish->trail,
                                    &(struct trail_entry){.at_ms = deed->done_ms,
                                                          .actor = ACTOR_VISITOR,
                                                          .act = ACT_ERASED,
                                                          .site = deed->site,
                                                          .object = text_of(object),
                                                          .details = text_of(details)}));
}

static int put_deed(struct finish *finish, struct batch *batch)
{
    const struct job *job = finish->job;
    struct deed deed = {.site = text_of(finish->site->name),
                        .right = job->right,
                        .classes = job->kind == JOB_REFRESH ? 0 : job->classes,
                        .events = job->events,
                        .visits = job->visits,
                        .days = job->days,
                        .asked_ms = job->asked_ms,
                        .done_ms = finish->now_ms};

    memcpy(deed.id, job->deed, DEED_ID_BYTES);
    buffer_clear(&finish->deed);
    int r = deed_sign(&deed, finish->trail->seed, &finish->deed);
    if (r == 0)
        r = deed_put(batch->txn, job->deed, buffer_text(&finish->deed));
    if (r == 0 && job->kind != JOB_REFRESH)
        r = record(finish, batch, &deed);
    if (r == 0)
        r = job_delete(batch->txn, job->sequence);
    return error_trace(r);
}

/* What leads from the visitor to the ledger's records, and to what they asked the site for. */
static int forget(const struct finish *finish, struct batch *batch, unsigned *ret_n)
{
    uint8_t asker[TRAIL_VISITOR_BYTES];
    unsigned n = 0, n_more = 0;
    int r = ledger_forget(batch, finish->job->visitor, JOB_ROWS_MAX, &n);

    trail_visitor(finish->trail, finish->job->visitor, asker);
    if (r == 0 && n < JOB_ROWS_MAX)
        r = requests_forget(batch, finish->site->id, asker, JOB_ROWS_MAX - n, &n_more);
    if (r)
        return error_trace(r);
    *ret_n = n + n_more;
    return 0;
}

static int finish_apply(struct write_op *op, struct batch *batch)
{
    struct finish *finish = (struct finish *)op;
    unsigned n = 0;
    int r = 0;

    if (finish->job->kind == JOB_ERASE)
        r = forget(finish, batch, &n);
    finish->is_done = n < JOB_ROWS_MAX;
    if (r || !finish->is_done)
        return error_trace(r);
    if (finish->job->kind != JOB_REFRESH)
        r = end_amendment(finish, batch->txn);
    if (r == 0 && finish->job->kind != JOB_REFRESH)
        r = end_key(finish, batch);
    if (r == 0 && finish->job->kind == JOB_CUT)
        r = change_younger(finish, batch->txn);
    return r ? error_trace(r) : error_trace(put_deed(finish, batch));
}

static void finish_done(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

int finish_job(const struct work *work, const struct site *site, const struct job *job)
{
    struct finish finish = {.super = {.reserve = true, .apply = finish_apply, .done = finish_done},
                            .site = site,
                            .job = job,
                            .trail = work->trail,
                            .now_ms = clock_now_ms(work->clock),
                            .deed = BUFFER_INIT(DEED_BYTES_MAX)};
    int r = 0;

    while (r == 0 && !finish.is_done)
        r = error_fold(work->submit(work->context, &finish.super));
    if (r == 0 && work->desk)
        desk_done(work->desk, job->sequence, buffer_text(&finish.deed));
    buffer_deinit(&finish.deed);
    return error_trace(r);
}
