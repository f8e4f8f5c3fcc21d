/*
 * Rollups answer where everybody is asked about, by one field at most, over whole
 * days.  All tallies of a question must find theirs, as a table is read for all
 * of them.
 *
 * A group that is told by one period alone needs no sketches: by month one month,
 * by day any day.  Elsewhere periods are merged, and where a rollup has no
 * sketches to merge, tables answer.  They are merged later, for those groups whose
 * visitors somebody sees (counts_settle.c).
 */
#include "counts.h"
#include "crumb/base/error.h"
#include "crumb/rollup/summary.h"
#include "times.h"
#include <errno.h>
#include <stdlib.h>

/* The field whose rollup the part is made of; false: there is no such rollup. */
static bool find_field(const struct counts_part *part, enum field *ret_field)
{
    const struct tally_question *question = tally_asked(part->tally);

    if (!selection_is_all(&part->selection) || question->n_fields > 1 || question->by_hour ||
        question->needs & TALLY_REVENUE)
        return false;
    *ret_field = question->n_fields ? question->fields[0].field : FIELD_N;
    /* Totals are of people. */
    return summary_has(*ret_field) && question->programs == false;
}

/* The days that are counted under the same time as @period's. */
static struct query_days days_alike(const struct counts *counts, const struct counts_part *part, struct period period)
{
    struct query_days days = {.first = counts->first, .last = counts->last};

    if (part->is_timeless || !counts->by_time)
        return days;
    int64_t time = times_of_day(counts->unit, period_first_day(period));
    int32_t first = times_first_day(counts->unit, time), last = times_first_day(counts->unit, time + 1) - 1;
    days.first = first > days.first ? first : days.first;
    days.last = last < days.last ? last : days.last;
    return days;
}

/* Whether the whole period has one time. */
static bool has_one_time(const struct counts *counts, struct period period)
{
    return !counts->by_time ||
           times_of_day(counts->unit, period_first_day(period)) == times_of_day(counts->unit, period_last_day(period));
}

struct taken {
    struct tally *tally;
    enum field field;
    int64_t time;
    const struct cells *cells;
    bool is_alone, merges;
};

static int take(const struct counts *counts, const struct counts_part *part, const struct query_source *source,
                struct period period, struct taken *ret_taken)
{
    struct query_days alike = days_alike(counts, part, period);
    bool by_time = counts->by_time && !part->is_timeless;
    struct taken taken = {.tally = part->tally,
                          .time = by_time ? times_of_day(counts->unit, period_first_day(period)) : 0,
                          .is_alone = period_first_day(period) <= alike.first && alike.last <= period_last_day(period)};

    taken.merges = !taken.is_alone && tally_asked(part->tally)->needs & TALLY_VISITORS;
    if (!find_field(part, &taken.field) ||
        (taken.merges && summary_sketches(period.kind, taken.field) == CELLS_NO_SKETCHES))
        return COUNTS_E_NONE;
    int r = source->rollup(source->context, period, taken.field, 0, &taken.cells);
    if (r)
        return error_fold(r);
    if (taken.cells && taken.merges && taken.cells->n && !taken.cells->has_sketches) { /* they are folded */
        source->release_rollup(source->context, taken.cells);
        return COUNTS_E_NONE;
    }
    *ret_taken = taken;
    return taken.cells ? 0 : COUNTS_E_NONE;
}

static int add(struct counts *counts, struct period period, const struct taken *taken)
{
    struct counts_debt debt = {.tally = taken->tally, .period = period, .field = taken->field};
    uint32_t *groups = malloc((taken->cells->n + 1) * sizeof *groups);

    if (!groups)
        return error_origin(-ENOMEM);
    int r = tally_add_cells(taken->tally, taken->time, taken->cells, taken->is_alone, groups);
    if (r == 0 && taken->merges)
        r = counts_settle_later(counts, &debt, taken->cells, groups);
    free(groups);
    return r;
}

int counts_rollup(struct counts *counts, const struct query_source *source, struct period period)
{
    unsigned n = 0;
    int r = 0;

    if (!source->rollup || counts->goals || !has_one_time(counts, period))
        return COUNTS_E_NONE;
    struct taken *taken = calloc(counts_n_parts(counts), sizeof *taken);
    if (!taken)
        return error_origin(-ENOMEM);
    for (unsigned i = 0; r == 0 && i < counts_n_parts(counts); i++) {
        struct counts_part part = counts_part(counts, i);

        if (part.tally)
            r = take(counts, &part, source, period, &taken[n]);
        n += r == 0 && part.tally;
    }
    for (unsigned i = 0; r == 0 && i < n; i++)
        r = add(counts, period, &taken[i]);
    for (unsigned i = 0; i < n; i++)
        source->release_rollup(source->context, taken[i].cells);
    free(taken);
    return r;
}
