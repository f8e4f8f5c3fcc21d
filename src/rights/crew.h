/*
 * Jobs of one site that are worked off together, by the numbers of their
 * visitors; and what was found of them on one day.
 */
#pragma once

#include "crumb/rights/work.h"
#include "crumb/store/day.h"

struct crew {
    const struct work *work;
    const struct site *site;
    struct job jobs[JOBS_TOGETHER_MAX]; /* ascending by number, no number twice */
    unsigned n;
};

/* A row of the journal and whose it is. */
struct found_row {
    uint64_t sequence;
    unsigned job;
};

struct found {
    int32_t day;
    struct day_state state;
    struct found_row *rows; /* to be removed or rewritten; JOB_FOUND_MAX of them at most */
    size_t n_rows;
    bool is_full;                     /* there may be more */
    bool concerns[JOBS_TOGETHER_MAX]; /* something of the visitor is on this day */
    uint32_t visits[JOBS_TOGETHER_MAX];
};

/* ---- look.c ---- */

/* The job of a visitor's number, or -1. */
int look_find_job(const struct crew *crew, uint32_t number);

/* What there is of a day. 0 or a fault; *ret_found is the caller's to deinit. */
int look_at_day(const struct crew *crew, int32_t day, struct found *ret_found);
void look_deinit(struct found *found);

/* Whether something of one of them is there. */
bool look_concerns_any(const struct crew *crew, const struct found *found);

/* ---- mark.c ---- */

/* Marks days as changed, JOB_ROWS_MAX in a transaction. 0 or a fault. */
int mark_days(const struct crew *crew, const int32_t *days, size_t n);

/* ---- step.c ---- */

/* Removes or rewrites the rows, counts them, marks the day as changed. 0 or a fault. */
int step_day(struct crew *crew, const struct found *found);

/* ---- finish.c ---- */

/* Nothing of the visitor is left but what leads to them: that goes, and the deed is written. 0 or a fault. */
int finish_job(const struct work *work, const struct site *site, const struct job *job);
