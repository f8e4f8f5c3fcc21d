/*
 * Acts into the audit trail: what commands left in data/acts/ is appended by
 * the service, and the files go.
 *
 *   1  in one transaction: the record, and a row of Meta that names the act
 *   2  the file is removed, and the folder synced
 *   3  the row goes
 *
 * A kill before 2 leaves file and row: the file goes without a second record.
 * A kill before 3 leaves a row without a file, which goes at the next start.
 */
#pragma once

#include "crumb/ingest/writer.h"
#include "crumb/store/trail.h"

/* What a process has still to do. Zeros: it has just started. */
struct acts {
    bool has_begun; /* drafts of commands that were killed are gone */
    bool tidied;    /* no row is left of a file that is gone */
};

/*
 * One look.  @submit queues an operation and waits for it.  *ret_n acts were
 * recorded, at most ACTS_PASS_MAX.  0, or a fault: the next look does it again.
 */
int acts_pass(struct acts *acts, const char *folder, struct db *db, const struct trail *trail, int64_t now_ms,
              int (*submit)(void *context, struct write_op *op), void *context, unsigned *ret_n);
