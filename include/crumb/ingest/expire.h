/*
 * Expiry: visitor rows that have outlived their id, or all that they can lead to,
 * are removed from the store, not only disregarded (GDPR art. 5(1)(e)).
 *
 * The table is walked in passes: each reads at most EXPIRE_ROWS_MAX rows and
 * removes at most EXPIRE_DELETES_MAX of them, by an operation of the writer
 * like any other, so ingest never waits for it.  A round that has reached the
 * end rests for EXPIRE_REST_MS.
 */
#pragma once

#include "crumb/consent/notice.h"
#include "crumb/ingest/writer.h"
#include "crumb/store/trail.h"

/* Where the walk is. Zeros: at its beginning. */
struct expire {
    struct key after;          /* the last row that was looked at; empty: none yet */
    int64_t resting_ms;        /* since then; 0: not */
    const struct trail *trail; /* what goes is put on record; NULL: nowhere */
};

/*
 * One pass at @now_ms.  @submit queues an operation and waits for it.  Rows that
 * cannot be read stay.  *ret_n rows were removed.  0, or a fault: the next pass
 * does it again.
 */
int expire_pass(struct expire *expire, struct db *db, const struct config *config, int64_t now_ms,
                int (*submit)(void *context, struct write_op *op), void *context, unsigned *ret_n);
