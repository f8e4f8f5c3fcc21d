/*
 * A journal's records, one after the other, into a gather.
 */
#include "crumb/rollup/fill.h"
#include "crumb/base/error.h"
#include "crumb/store/journal.h"
#include <errno.h>

/* Words of a later version, or of a damaged record whose checksum is right. */
static bool is_known(const struct event *event)
{
    return event->bot < BOT_N && event->channel < CHANNEL_N && event->device < DEVICE_N;
}

static int add_record(void *context, const struct journal_record *record)
{
    struct gather *gather = context;
    struct event event;

    if (!journal_event(record, &event) || !is_known(&event))
        return error_origin(-EBADMSG);
    struct gather_event one = {.sequence = record->sequence,
                               .fingerprint = record->fingerprint,
                               .visitor = record->number,
                               .traced = record->granted & CLASS_BIT(CLASS_CLICKPATH),
                               .event = &event};
    return error_trace(gather_add(gather, &one));
}

int fill_gather(struct db_txn *txn, uint32_t site, int32_t day, uint64_t after, struct gather *gather)
{
    return error_trace(journal_each(txn, site, day, after, add_record, gather));
}
