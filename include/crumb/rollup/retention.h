/*
 * Retention: what a site keeps no longer is removed (GDPR art. 5(1)(e)).
 *
 *   journal   a day's events go `retention.journal` after the day began, once the
 *             day is sealed: so no event is kept longer.  Nothing can come for the
 *             day any more then (RETENTION_JOURNAL_MS_MIN).
 *   segments  a calendar month's visits go together, `retention.segments` after
 *             the month began.  What stays for ever is folded (rollup/fold.h): of
 *             the month every field, of its days the totals.  A month with visits
 *             of somebody who is restricted, and may lift that, waits for it.
 *   keys      of visitors whose row is gone (store/orphans.h) go with the last
 *             day on which there can be an event under them.
 *
 * The key of what goes is destroyed with the transaction that says so; a day's
 * events are marked, and not read any more, before their rows are removed a few
 * at a time.  Each transaction is an operation of the writer like any other, so
 * ingest never waits for more than one of them, and being killed between two
 * repeats nothing.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/ingest/writer.h"

enum retention_tier { RETENTION_JOURNAL, RETENTION_SEGMENTS, RETENTION_TIER_N };

/* "journal", "segments" */
const char *retention_tier_name(enum retention_tier tier);

/* When the events, or the visits, of a day go. Pure. */
int64_t retention_due_ms(const struct site *site, enum retention_tier tier, int32_t day);

/* Where the keeper is. Zeros: at the beginning. */
struct retention_round {
    int64_t resting_ms;     /* since then; 0: not */
    struct key_ref orphans; /* the last that was looked at */
};

/* Days of a site's tier that go together, or would: the deletion log's entry, and what `crumb retention --dry-run`
 * tells. */
struct retention_plan {
    const struct site *site;
    enum retention_tier tier;
    int32_t first, last; /* days */
    unsigned n_days;
    uint64_t n_rows, bytes; /* events or segments; the bytes are told by retention_due_plan() alone */
};

struct retention_work {
    struct db *db;
    const struct config *config;
    int64_t now_ms;
    /* Queues an operation and waits for it. */
    int (*submit)(void *context, struct write_op *op);
    void *context;
    const atomic_bool *stop; /* NULL: nothing stops it */
    /* Whether a visitor's right is being brought into what a site has up to @last; then no month of it is folded that
     * ends there. NULL: never. */
    int (*is_busy)(struct db_txn *txn, uint32_t site, int32_t last, bool *ret_busy);
    /* The deletion log: writes down what goes, in the transaction that gives it up. 0 or a fault. NULL: there is none.
     */
    int (*record)(void *context, struct batch *batch, const struct retention_plan *given_up);
    void *record_context;
};

struct retention_done {
    unsigned n_days;   /* whose journal was given up */
    uint64_t n_events; /* removed from the journal */
    unsigned n_months; /* folded */
    unsigned n_keys;   /* of visitors, destroyed */
};

/*
 * Does what is due at work->now_ms, at most RETENTION_OPS_MAX transactions of it.
 * *ret_done tells what was done, after a fault too.  0, or the first fault;
 * the rest was tried, and the next pass does it again.
 */
int retention_pass(struct retention_round *round, const struct retention_work *work, struct retention_done *ret_done);

/* Calls @visit for each of which there is something; 0, what it returned, or a fault. */
int retention_due_plan(struct db_txn *txn, const struct config *config, int64_t now_ms,
                       int (*visit)(void *context, const struct retention_plan *plan), void *context);

/* The first day of a site whose events, or visits, are kept. DB_E_NOT_FOUND: there is none; or a fault. */
int retention_due_oldest(struct db_txn *txn, uint32_t site, enum retention_tier tier, int32_t *ret_day);
