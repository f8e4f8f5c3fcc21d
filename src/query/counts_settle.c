/*
 * Sketches of rollups are merged when it is known of which groups: a year of a
 * site has thousands of pages, and a page of the answer has a hundred rows.  A
 * period is told by its figures until then, and which rank each group has in it.
 */
#include "counts.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <stdlib.h>

static int reserve(struct counts *counts)
{
    size_t capacity = counts->debts_capacity ? 2 * counts->debts_capacity : 16;
    struct counts_debt *debts;

    if (counts->n_debts < counts->debts_capacity)
        return 0;
    debts = realloc(counts->debts, capacity * sizeof *debts);
    if (!debts)
        return error_origin(-ENOMEM);
    counts->debts = debts;
    counts->debts_capacity = capacity;
    return 0;
}

int counts_settle_later(struct counts *counts, const struct counts_debt *debt, const struct cells *cells,
                        const uint32_t *groups)
{
    struct counts_debt owed = *debt;
    int r = reserve(counts);

    if (r)
        return error_trace(r);
    owed.n_ranks = (uint32_t)cells->n;
    owed.n_groups = tally_n(debt->tally);
    owed.ranks = calloc(owed.n_groups + 1, sizeof *owed.ranks);
    if (!owed.ranks)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < cells->n; i++)
        owed.ranks[groups[i]] = cells->cells[i].rank + 1;
    counts->debts[counts->n_debts++] = owed;
    return 0;
}

void counts_settle_forget(struct counts *counts)
{
    for (size_t i = 0; i < counts->n_debts; i++)
        free(counts->debts[i].ranks);
    free(counts->debts);
    counts->debts = NULL;
    counts->n_debts = counts->debts_capacity = 0;
}

/* A block of a debt's sketches while it is merged; it is read for the first group that has one there. */
struct block {
    const struct query_source *source;
    const struct counts_debt *debt;
    unsigned part;
    const struct cells *cells;
};

static int merge_group(struct block *block, uint32_t group)
{
    const struct counts_debt *debt = block->debt;
    uint32_t rank_plus_1 = group < debt->n_groups ? debt->ranks[group] : 0;

    if (!rank_plus_1 || cells_part(rank_plus_1 - 1) != block->part)
        return 0;
    if (!block->cells) {
        int r = block->source->rollup(block->source->context, debt->period, debt->field, block->part, &block->cells);

        if (r || !block->cells)
            return r ? error_fold(r) : error_origin(-ESTALE);
    }
    uint32_t at = rank_plus_1 - 1 - cells_first(block->part);
    if (at >= block->cells->n)
        return error_origin(-EBADMSG);
    return error_trace(tally_merge(debt->tally, group, &block->cells->cells[at].sketch));
}

static int settle_debt(const struct query_source *source, const struct counts_debt *debt, const uint32_t *groups,
                       size_t n)
{
    int r = 0;

    for (unsigned part = 1; r == 0 && cells_first(part) < debt->n_ranks; part++) {
        struct block block = {.source = source, .debt = debt, .part = part};

        for (size_t i = 0; r == 0 && i < n; i++)
            r = merge_group(&block, groups[i]);
        if (block.cells)
            source->release_rollup(source->context, block.cells);
    }
    return error_trace(r);
}

int counts_settle(const struct counts *counts, const struct query_source *source, struct tally *tally,
                  const uint32_t *groups, size_t n)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < counts->n_debts; i++) {
        if (source->is_cancelled && source->is_cancelled(source->context))
            return error_origin(-ECANCELED);
        if (counts->debts[i].tally == tally)
            r = settle_debt(source, &counts->debts[i], groups, n);
    }
    for (size_t i = 0; r == 0 && i < n; i++)
        tally_settle(tally, groups[i]);
    return error_trace(r);
}

int counts_settle_all(const struct counts *counts, const struct query_source *source, struct tally *tally)
{
    size_t n = tally_n(tally);
    uint32_t *groups = malloc((n + 1) * sizeof *groups);

    if (!groups)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < n; i++)
        groups[i] = (uint32_t)i;
    int r = counts_settle(counts, source, tally, groups, n);
    free(groups);
    return error_trace(r);
}
