/*
 * The one place that looks at consent to tracing: past it, no order of an
 * untraced visit's pages is read.
 */
#include "journeys.h"
#include "crumb/base/error.h"
#include <stdlib.h>

uint64_t journeys_columns(const struct filter *filter)
{
    return COLUMN_BIT(COLUMN_VISIT_start_s) | COLUMN_BIT(COLUMN_VISIT_n_hits) | COLUMN_BIT(COLUMN_VISIT_bot) |
           COLUMN_BIT(COLUMN_VISIT_traced) | (filter ? filter_columns(filter) : 0);
}

static bool matches(const struct mask *mask, uint32_t visit, size_t from, size_t to)
{
    if (!mask->passes)
        return true;
    return mask->of_hits ? to > from && memchr(mask->passes + from, 1, to - from) : mask->passes[visit];
}

static int each_visit(const struct journeys_scope *scope, const struct mask *mask, journeys_visit each, void *context,
                      struct journeys_counts *counts)
{
    const struct table *table = scope->table;
    const uint32_t *starts_s = table->columns[COLUMN_VISIT_start_s], *n_hits = table->columns[COLUMN_VISIT_n_hits];
    const uint32_t *bots = table->columns[COLUMN_VISIT_bot], *traced = table->columns[COLUMN_VISIT_traced];
    uint32_t n = table->n[RELATION_VISIT], from_s = scope->from_s, to_s = scope->to_s;
    size_t from = 0, to;
    int r = 0;

    for (uint32_t visit = 0; r == 0 && visit < n; visit++, from = to) {
        to = from + n_hits[visit];
        if (bots[visit] || starts_s[visit] < from_s || starts_s[visit] >= to_s || !matches(mask, visit, from, to))
            continue;
        if (traced[visit] == 1) { /* whatever else it might be is no consent */
            counts->traced++;
            r = each(context, visit, from, to);
        } else {
            counts->untraced++;
        }
    }
    return r;
}

int journeys_each(const struct journeys_scope *scope, journeys_visit each, void *context,
                  struct journeys_counts *counts)
{
    struct mask mask = {.passes = NULL};
    int r = scope->filter ? filter_apply(scope->filter, scope->table, &mask) : 0;

    if (r < 0)
        return error_trace(r);
    r = each_visit(scope, &mask, each, context, counts);
    free(mask.passes);
    return error_trace(r);
}
