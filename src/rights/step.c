/*
 * One day's rows, JOB_ROWS_MAX at a time.
 *
 * What is counted is written with what is done, and whoever does it again after
 * a kill finds the rows gone and the day counted.
 */
#include "crew.h"
#include "crumb/base/error.h"
#include "crumb/store/journal.h"
#include <errno.h>

struct step {
    struct write_op super;
    struct crew *crew;
    const struct found *found;
    size_t from, n;                      /* rows of it */
    struct job after[JOBS_TOGETHER_MAX]; /* the jobs as this step leaves them */
    bool touched[JOBS_TOGETHER_MAX];
    uint64_t n_removed;
    bool has_rewritten;
};

/* ---- in the writer's transaction ---- */

static int erase_row(struct step *step, struct batch *batch, const struct found_row *row)
{
    const struct job *job = &step->crew->jobs[row->job];
    struct journal_change change = {.site = step->crew->site->id,
                                    .day = step->found->day,
                                    .sequence = row->sequence,
                                    .from = job->key,
                                    .to = job->next,
                                    .classes = job->classes};
    bool left, cut;
    int r = journal_change(batch, &change, &left, &cut);

    if (r == DB_E_NOT_FOUND)
        return 0; /* it was done before */
    if (r)
        return error_trace(r);
    step->n_removed += !left;
    step->has_rewritten = true;
    step->after[row->job].events += cut;
    step->touched[row->job] = true;
    return 0;
}

/* Once a job, with the first rows of the day. */
static void count_day(struct step *step)
{
    for (unsigned i = 0; i < step->crew->n; i++) {
        struct job *job = &step->after[i];

        if (!step->found->concerns[i] || step->found->day <= job->counted)
            continue;
        job->counted = step->found->day;
        job->days++;
        job->visits += step->found->visits[i];
        step->touched[i] = true;
    }
}

static int mark_day(const struct step *step, struct db_txn *txn)
{
    struct day_state state;
    int r = error_fold(day_get(txn, step->crew->site->id, step->found->day, &state));

    if (r)
        return r;
    if (step->n_removed > state.events || state.changes == UINT32_MAX)
        return error_origin(-EBADMSG);
    state.events -= step->n_removed;
    state.removed += step->n_removed;
    state.changes++;
    state.rewritten |= step->has_rewritten && state.sealed;
    return error_trace(day_put(txn, step->crew->site->id, step->found->day, &state));
}

static int read_jobs(struct step *step, struct db_txn *txn)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < step->crew->n; i++)
        r = error_fold(job_get(txn, step->crew->jobs[i].sequence, &step->after[i]));
    return r;
}

static int put_jobs(const struct step *step, struct db_txn *txn)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < step->crew->n; i++)
        if (step->touched[i])
            r = job_put(txn, &step->after[i]);
    return error_trace(r);
}

static int step_apply(struct write_op *op, struct batch *batch)
{
    struct step *step = (struct step *)op;

    memset(step->touched, 0, sizeof step->touched);
    step->n_removed = 0;
    step->has_rewritten = false;
    int r = read_jobs(step, batch->txn);
    if (r == 0)
        count_day(step);
    for (size_t i = step->from; r == 0 && i < step->from + step->n; i++) {
        r = erase_row(step, batch, &step->found->rows[i]);
    }
    if (r == 0)
        r = mark_day(step, batch->txn);
    return r ? error_trace(r) : error_trace(put_jobs(step, batch->txn));
}

static void step_done(struct write_op *op, int result)
{
    struct step *step = (struct step *)op;

    if (result == 0)
        memcpy(step->crew->jobs, step->after, step->crew->n * sizeof step->after[0]);
}

/* ---- all of a day ---- */

int step_day(struct crew *crew, const struct found *found)
{
    size_t from = 0;
    int r = 0;

    if (!look_concerns_any(crew, found))
        return 0;
    do {
        size_t left = found->n_rows - from;
        struct step step = {.super = {.reserve = true, .apply = step_apply, .done = step_done},
                            .crew = crew,
                            .found = found,
                            .from = from,
                            .n = left < JOB_ROWS_MAX ? left : JOB_ROWS_MAX};

        r = error_fold(crew->work->submit(crew->work->context, &step.super));
        from += step.n;
    } while (r == 0 && from < found->n_rows);
    return r;
}
