/*
 * What must be true of segments: each can be read to its last column and is of a
 * day that was sealed, each sealed day has one, and building it again gives the
 * same bytes (P6).
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/store/db.h"

enum { AUDIT_E_WRONG = 1 };

struct audit_finding {
    uint32_t site;
    int32_t day;
    const char *what;
    uint64_t n; /* segments that are wrong; this is the first */
};

/*
 * Looks at all segments.  @rebuild: builds those again whose journal is there
 * and whose site the configuration names, as its zone says when a day begins.
 * 0, AUDIT_E_WRONG with the finding, or a fault (-EBADMSG: days or events behind
 * them are damaged).
 */
int audit_segments(struct db_txn *txn, const struct config *config, bool rebuild, struct audit_finding *ret_finding);
