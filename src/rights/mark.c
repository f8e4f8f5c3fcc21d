/*
 * The first pass over a site's days: those that tell of the visitors are marked
 * changed, all of them before any is worked off, so that no answer tells of them
 * any more, however long the rest takes.  What is cached is of older changes, and
 * what is made now is made with the amendments.
 */
#include "crew.h"
#include "crumb/base/error.h"
#include <errno.h>

struct marks {
    struct write_op super;
    uint32_t site;
    const int32_t *days;
    size_t n;
};

static int mark_day(const struct marks *marks, struct db_txn *txn, int32_t day)
{
    struct day_state state;
    int r = error_fold(day_get(txn, marks->site, day, &state));

    if (r)
        return r;
    if (state.changes == UINT32_MAX)
        return error_origin(-EBADMSG);
    state.changes++;
    return error_trace(day_put(txn, marks->site, day, &state));
}

static int marks_apply(struct write_op *op, struct batch *batch)
{
    const struct marks *marks = (const struct marks *)op;
    int r = 0;

    for (size_t i = 0; r == 0 && i < marks->n; i++)
        r = mark_day(marks, batch->txn, marks->days[i]);
    return error_trace(r);
}

static void marks_done(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

int mark_days(const struct crew *crew, const int32_t *days, size_t n)
{
    int r = 0;

    for (size_t at = 0; r == 0 && at < n; at += JOB_ROWS_MAX) {
        struct marks marks = {.super = {.reserve = true, .apply = marks_apply, .done = marks_done},
                              .site = crew->site->id,
                              .days = days + at,
                              .n = n - at < JOB_ROWS_MAX ? n - at : JOB_ROWS_MAX};

        r = error_fold(crew->work->submit(crew->work->context, &marks.super));
    }
    return r;
}
