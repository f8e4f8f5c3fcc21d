/*
 * The filter's mask, and hits that complete the goal among those that pass it.
 */
#include "crumb/query/selection.h"
#include "crumb/base/error.h"
#include "crumb/query/goal.h"
#include <errno.h>
#include <stdlib.h>

bool selection_is_of_programs(const struct selection *selection)
{
    return selection->filter && filter_has_field(selection->filter, FIELD_BOT);
}

uint64_t selection_columns(const struct selection *selection)
{
    uint64_t columns = COLUMN_BIT(COLUMN_VISIT_n_hits);

    columns |= selection->filter ? filter_columns(selection->filter) : 0;
    return columns | (selection->goal ? goal_columns() : 0);
}

static int apply_goal(const struct goal *goal, const struct table *table, struct mask *ret_mask)
{
    uint8_t *hits = calloc((size_t)table->n[RELATION_HIT] + 1, 1);
    int r = hits ? goal_mark(goal, table, hits) : error_origin(-ENOMEM);

    if (r < 0) {
        free(hits);
        return error_trace(r);
    }
    *ret_mask = (struct mask){.of_hits = true, .passes = hits};
    return 0;
}

/* What @with lets through, for hits. */
static void narrow(const struct table *table, const struct mask *with, uint8_t *hits)
{
    const uint32_t *n_hits = table->columns[COLUMN_VISIT_n_hits];
    uint32_t hit = 0;

    for (; with->of_hits && hit < table->n[RELATION_HIT]; hit++)
        hits[hit] &= with->passes[hit];
    for (uint32_t visit = 0; !with->of_hits && visit < table->n[RELATION_VISIT]; visit++)
        for (uint32_t end = hit + n_hits[visit]; hit < end; hit++)
            hits[hit] &= with->passes[visit];
}

int selection_apply(const struct selection *selection, const struct table *table, struct mask *ret_mask)
{
    struct mask filtered = {.passes = NULL}, mask;
    int r = 0;

    if (selection->filter)
        r = (selection->without_goals ? filter_apply_without_goals : filter_apply)(selection->filter, table, &filtered);
    if (r < 0)
        return error_trace(r);
    if (!selection->goal) {
        *ret_mask = filtered;
        return 0;
    }
    r = apply_goal(selection->goal, table, &mask);
    if (r == 0 && filtered.passes)
        narrow(table, &filtered, mask.passes);
    free(filtered.passes);
    if (r < 0)
        return error_trace(r);
    *ret_mask = mask;
    return 0;
}
