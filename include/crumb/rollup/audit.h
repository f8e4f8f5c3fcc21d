/*
 * What must be true of segments and rollups: each can be read to its end and is
 * of days that were sealed, each sealed day has them, and building them again
 * gives the same bytes (P6): segments from the journal, rollups from segments.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/rollup/summary.h"
#include "crumb/store/db.h"

enum { AUDIT_E_WRONG = 1 };

struct audit_finding {
    uint32_t site;
    struct period period;
    enum field field; /* of a rollup */
    const char *what;
    uint64_t n; /* rows that are wrong; this is the first */
};

/*
 * Looks at all segments.  @rebuild: builds those again whose journal is there
 * and whose site the configuration names, as its zone says when a day begins.
 * 0, AUDIT_E_WRONG with the finding, or a fault (-EBADMSG: days or events behind
 * them are damaged).
 */
int audit_segments(struct db_txn *txn, const struct config *config, bool rebuild, struct audit_finding *ret_finding);

/* The same of all rollups; @rebuild needs segments that are good, and no job under way. */
int audit_rollups(struct db_txn *txn, bool rebuild, struct audit_finding *ret_finding);

/*
 * Of how many days nothing can be built again, as what it was made of has
 * expired: segments, whose journal has, and rollups, whose segments have.  0 or a
 * fault.
 */
int audit_expired(struct db_txn *txn, uint64_t *ret_n_segments, uint64_t *ret_n_rollups);
