/*
 * A journal's records, one after the other, into a gather.
 */
#include "crumb/rollup/fill.h"
#include "crumb/base/error.h"
#include "crumb/store/journal.h"

static int add_record(void *context, const struct journal_record *record)
{
    return error_trace(gather_record(context, record));
}

int fill_gather(struct db_txn *txn, uint32_t site, int32_t day, uint64_t after, struct gather *gather)
{
    return error_trace(journal_each(txn, site, day, after, add_record, gather));
}
