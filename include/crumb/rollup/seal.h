/*
 * Sealing: a day that is over, by its site's zone and SEAL_GRACE_MS, is built
 * from its journal, and its segment and rollups are written.  A day that got late
 * events after it was sealed is dirty and is sealed again.  A month that is over
 * gets its rollups when all its days are sealed (seal_month.h).
 *
 * What a visitor's right changed makes a day dirty, too.  Its segment is built
 * again of its journal where rows of that changed, of itself where the journal
 * has expired, and stays where only the amendments are others (rollup/amend.h),
 * which rollups follow and segments do not.
 *
 * The build reads a snapshot beside the writer; what it gives is written by the
 * writer, in one transaction with the mark that says up to which sequence it was
 * built.  Sealing twice gives the same rows (P6); being killed in between leaves
 * an open day.
 */
#pragma once

#include "crumb/base/clock.h"
#include "crumb/config/config.h"
#include "crumb/ingest/writer.h"

struct days;

/*
 * Seals every site-day and month that is due at @now_ms.  What @days has in memory
 * of a day is not read from the journal again; NULL: nothing.  @submit gives one
 * operation to the writer and returns its result when it is done
 * (writer_submit_wait, or submit and drain).  Stops early when *@stop becomes
 * true.  *ret_n counts the days sealed.  0, or the first fault; the others were
 * tried.
 */
int seal_due(struct db *db, struct days *days, const struct config *config, int64_t now_ms,
             int (*submit)(void *context, struct write_op *op), void *context, const atomic_bool *stop,
             unsigned *ret_n);

/* Seals one day that is over, due or not. 0 or a fault. */
int seal_day(struct db *db, const struct site *site, int32_t day, int (*submit)(void *context, struct write_op *op),
             void *context);

/* The segment of a site-day from its journal, appended: what `crumb verify` compares. 0 or a fault. */
int seal_segment(struct db_txn *txn, const struct site *site, int32_t day, struct buffer *segment);
