/*
 * Where the cells of a site-day come from: its rollups when it is sealed, else
 * a build of its journal.
 *
 * Builds of open days are kept warm, at most LIVE_DAYS_MAX of them with
 * LIVE_EVENTS_MAX events, and grown by what the journal got since the last
 * question: this is the live segment.  It is brought up to date when it is
 * asked, so an answer shows every event that was acknowledged before the
 * question.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/config/config.h"
#include "crumb/rollup/build.h"
#include "crumb/store/db.h"

struct days;

/* How much is kept warm. */
struct days_bounds {
    unsigned n_days;
    uint64_t n_events; /* of all of them */
};

/* Those of the service. */
#define DAYS_BOUNDS ((struct days_bounds){.n_days = LIVE_DAYS_MAX, .n_events = LIVE_EVENTS_MAX})

/* 0 or -ENOMEM. @bounds: DAYS_BOUNDS, or smaller ones. */
int days_new(struct days_bounds bounds, struct days **ret_days);
struct days *days_free(struct days *days);

/* What is warm now. Any thread. */
struct days_bounds days_warm(struct days *days);

/*
 * The cells of one dimension of one site-day, of the events with
 * from_ms <= time < to_ms.  A day without events gives no cells.  0 or a fault
 * (-EBADMSG: a row is damaged; -EOVERFLOW: the day has more than DAY_HITS_MAX
 * events).  Any thread; the caller deinits the cells.
 */
int days_cells(struct days *days, struct db_txn *txn, const struct site *site, int32_t day, enum dimension dimension,
               int64_t from_ms, int64_t to_ms, struct cells *ret_cells);

/*
 * Adds the events of the journal of a site-day above sequence @after to a
 * build.  0 or a fault as above.
 */
int days_fill(struct db_txn *txn, uint32_t site, int32_t day, uint64_t after, struct build *build);
