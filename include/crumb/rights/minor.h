/*
 * A visitor who was reported to be a child (GDPR art. 8, 17(1)(f)): by a parent,
 * say, in a subject request.  Everything of them is erased, and the browser that
 * has the id stays out.
 */
#pragma once

#include "crumb/rights/ask.h"
#include "crumb/rights/request.h"

struct minor_report {
    const struct edition *edition;
    const struct site *site;
    uint8_t visitor[VISITOR_BYTES];
    int64_t at_ms;
    uint8_t record_id[RECORD_ID_BYTES]; /* random, as the next */
    uint8_t ids[ASK_IDS_BYTES];
};

enum { MINOR_E_UNKNOWN = 1 /* there is no such visitor, or none any more */ };

/* 0, MINOR_E_UNKNOWN or a fault. */
int minor_report(struct batch *batch, const struct minor_report *report, struct asked *ret_asked);

/*
 * The visitor who made a request, with a good cookie.  It names no id, so every
 * visitor of the site is looked at.  0, MINOR_E_UNKNOWN or a fault.
 */
int minor_find(struct db_txn *txn, const struct trail *trail, uint32_t site, uint32_t request,
               uint8_t ret_visitor[VISITOR_BYTES]);
