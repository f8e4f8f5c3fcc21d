/*
 * Where the table of a site-day comes from: its segment when that tells all of
 * it, else a gather of its journal; amended (rollup/amend.h) either way.
 *
 * Open days are kept warm, at most LIVE_DAYS_MAX of them with LIVE_EVENTS_MAX
 * events, and grown by what the journal got since the last question.  They are
 * brought up to date when they are asked for, so an answer shows every event
 * that was acknowledged before the question.  Of sealed days those columns are
 * unpacked that are asked for, and kept up to DAYS_CACHE_BYTES_MAX.  Rollups of
 * days and months are kept likewise, up to ROLLUPS_CACHE_BYTES_MAX.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/config/config.h"
#include "crumb/rollup/summary.h"
#include "crumb/rollup/table.h"
#include "crumb/store/day.h"

struct days;

/* How much is kept warm. */
struct days_bounds {
    unsigned n_days;
    uint64_t n_events;   /* of all of them */
    size_t cache_bytes;  /* columns of sealed days, beside those that are pinned */
    size_t rollup_bytes; /* cells of rollups, likewise */
};

/* Those of the service. */
#define DAYS_BOUNDS                                                                                                    \
    ((struct days_bounds){.n_days = LIVE_DAYS_MAX,                                                                     \
                          .n_events = LIVE_EVENTS_MAX,                                                                 \
                          .cache_bytes = DAYS_CACHE_BYTES_MAX,                                                         \
                          .rollup_bytes = ROLLUPS_CACHE_BYTES_MAX})

/* 0 or -ENOMEM. @bounds: DAYS_BOUNDS, or smaller ones. */
int days_new(struct days_bounds bounds, struct days **ret_days);
/* Nothing may be pinned. Returns NULL. */
struct days *days_free(struct days *days);

/* ---- tables ---- */

enum days_tier { DAYS_LIVE, DAYS_SEGMENT };

enum { DAYS_E_FOLDED = 1 };

/*
 * The table of one site-day, with @columns (a set) at least, lent until
 * days_unpin(); *ret_table is NULL where nothing happened.  It does not change
 * meanwhile, whatever is sealed; but only the columns that were asked for may be
 * looked at, and the texts only where one of them is of texts, as another thread
 * may be adding others.  0, DAYS_E_FOLDED (there is none any more, only rollups;
 * rollup/retention.h), or a fault (-EBADMSG: a row is damaged).  Any thread.
 */
int days_pin(struct days *days, struct db_txn *txn, const struct site *site, int32_t day, uint64_t columns,
             const struct table **ret_table, enum days_tier *ret_tier);
/* Gives it back; NULL is fine. Any thread. */
void days_unpin(struct days *days, const struct table *table);

/*
 * The events of an open day, as far as they are in memory and grown to what
 * @state and @txn tell, as a table that is the caller's, not amended.
 * *ret_is_held is false, and there is none, where nothing is.  0 or a fault.  Any
 * thread.
 */
int days_live_table(struct days *days, struct db_txn *txn, const struct site *site, int32_t day,
                    const struct day_state *state, struct table *ret_table, bool *ret_is_held);

/* Keeps the events of this day no longer: it is sealed. Any thread. */
void days_live_forget(struct days *days, const struct site *site, int32_t day);

/* What is kept now, for tests and metrics. Any thread. */
struct days_bounds days_held(struct days *days);

/* ---- rollups ---- */

/*
 * The cells of a field (FIELD_N: the totals) over a period, by part: 0 are the
 * figures, cells_part() tells where the sketch of each is.  Lent until
 * days_unpin_rollup(); *ret_cells is NULL where there are none: something of the
 * period is not sealed, it is no month that is over, or there are too many
 * values.  0 or a fault (-EBADMSG: a row is damaged).  Any thread.
 */
int days_pin_rollup(struct days *days, struct db_txn *txn, const struct site *site, struct period period,
                    enum field field, unsigned part, const struct cells **ret_cells);
/* Gives them back; NULL is fine. Any thread. */
void days_unpin_rollup(struct days *days, const struct cells *cells);
