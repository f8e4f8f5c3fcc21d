/*
 * Whom a tally counts: those that pass the filter and complete the goal.
 */
#pragma once

#include "crumb/query/filter.h"

struct selection {
    const struct filter *filter; /* bound; NULL: none */
    bool without_goals;          /* filter_apply_without_goals() */
    const struct goal *goal;     /* hits must complete it, too; NULL: need not */
};

static inline bool selection_is_all(const struct selection *selection)
{
    return !selection->filter && !selection->goal;
}

/* True where it is about programs, as a filter on visit:bot is. */
bool selection_is_of_programs(const struct selection *selection);

/* The columns (a set) that it reads. */
uint64_t selection_columns(const struct selection *selection);

/* As filter_apply(); where it is all, no mask is made and nothing is to be freed. */
int selection_apply(const struct selection *selection, const struct table *table, struct mask *ret_mask);
