/*
 * The deletion log is kept by whoever starts the passes: it is signed, with a key
 * that this layer does not have.
 */
#include "crumb/base/error.h"
#include "retention_parts.h"

int retention_record(struct batch *batch, const struct retention_work *work, const struct retention_plan *given_up)
{
    return work->record ? error_trace(work->record(work->record_context, batch, given_up)) : 0;
}
