/*
 * Between the files of retention: what is due, and how each of it goes.
 */
#pragma once

#include "crumb/rollup/period.h"
#include "crumb/rollup/retention.h"
#include "crumb/store/day.h"

struct due_day {
    const struct site *site;
    int32_t day;
};

struct due_month {
    const struct site *site;
    struct period period;
};

/* What one walk over the days finds. */
struct due {
    struct due_day marks[RETENTION_DAYS_MAX]; /* their journal is given up */
    unsigned n_marks;
    struct due_day drains[RETENTION_OPS_MAX]; /* it was, and has rows */
    unsigned n_drains;
    struct due_month months[RETENTION_OPS_MAX];
    unsigned n_months;
    bool has_more; /* than is told here */
    bool waits;    /* something is due, and must be sealed or finished first */
    int32_t *kept; /* of each site, by config_index(), the first day whose journal is kept; INT32_MAX: none */
};

/* 0 or a fault; the caller deinits it. */
int retention_due_find(const struct retention_work *work, struct due *ret_due);
void retention_due_deinit(struct due *due);

/* Each does one transaction. 0 or a fault. */
int retention_journal_mark(const struct retention_work *work, const struct due_day *days, unsigned n,
                           unsigned *ret_n_days);
/* *ret_n: rows removed; fewer than RETENTION_ROWS_MAX: no more are there. */
int retention_journal_drain(const struct retention_work *work, const struct due_day *day, uint64_t *ret_n);
int retention_month_fold(const struct retention_work *work, const struct due_month *month, bool *ret_folded);
/* *after is set behind; {0, 0} where the end was reached. */
int retention_journal_orphans(const struct retention_work *work, const struct due *due, struct key_ref *after,
                              unsigned *ret_n);

/* Removes amendments of visitors of whom nothing is left. *ret_more: there may be others. 0 or a fault. */
int retention_amended_sweep(const struct retention_work *work, const struct due *due, bool *ret_more);

/*
 * Whether a month that is due waits for a restriction to be lifted, at most
 * RETENTION_RESTRICTED_MS_MAX: once it is folded, nothing of the visitor can come
 * back into it (GDPR art. 18).  0 or a fault.
 */
int retention_amended_waits(struct db_txn *txn, const struct site *site, struct period period, int64_t now_ms,
                            bool *ret_waits);

/* Writes down what is given up, in the transaction that does so. */
int retention_record(struct batch *batch, const struct retention_work *work, const struct retention_plan *given_up);
