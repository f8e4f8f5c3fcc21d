/*
 * Work: jobs are worked off (rights/job.h), all that wait of one site together,
 * in one pass over its days:
 *
 *   mark     every day that tells of them, at once: what is answered from then on
 *            is made with the amendment, long before the days are built again
 *   look     which rows of the journal are theirs, and which segments tell of
 *            them: read beside the writer
 *   step     at most JOB_ROWS_MAX rows are removed or rewritten, what was done is
 *            counted in the job's row, and the day is marked changed: one
 *            operation of the writer, so ingest never waits long
 *   seal     a day that was sealed is built again of what is left
 *   finish   what leads to the visitor goes, the amendment with it, and the deed
 *            is written in the job's place
 *
 * A kill in between leaves a job that begins anew and finds what is left to do:
 * steps do nothing twice, and the amendment keeps answers from telling of it
 * meanwhile.  Of one visitor one job is worked off at a time, in the order in
 * which they were asked for.  A site that left the configuration does
 * not keep them from being done.
 */
#pragma once

#include "crumb/base/clock.h"
#include "crumb/config/config.h"
#include "crumb/ingest/writer.h"
#include "crumb/rights/desk.h"
#include "crumb/rights/job.h"
#include "crumb/store/trail.h"

struct work {
    struct db *db;
    const struct config *config;
    const struct clock *clock;
    const struct trail *trail; /* its seed signs deeds, and it is told of them */
    struct desk *desk;         /* NULL: nobody waits */
    /* Gives one operation to the writer and returns its result when it is done. */
    int (*submit)(void *context, struct write_op *op);
    void *context;
    const atomic_bool *stop; /* or NULL */
};

/*
 * Works off the first jobs of each site, JOBS_TOGETHER_MAX at most, and of each
 * visitor one: whoever calls does other things in between, and calls again until
 * none is finished.  *ret_n were finished.  0, or the first fault; jobs of other
 * sites were tried.
 */
int work_jobs(const struct work *work, unsigned *ret_n);
