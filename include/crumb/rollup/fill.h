/*
 * From the journal of a site-day to a gather: what sealing, the open day and
 * `crumb verify --rebuild` begin with.
 */
#pragma once

#include "crumb/rollup/gather.h"
#include "crumb/store/db.h"

/*
 * Adds the events of the journal of a site-day above sequence @after.  0,
 * -ENOMEM, -EBADMSG (a record is damaged) or a fault of the store; after a fault
 * @gather holds some of them.
 */
int fill_gather(struct db_txn *txn, uint32_t site, int32_t day, uint64_t after, struct gather *gather);
