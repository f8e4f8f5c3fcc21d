/*
 * The visits that paths and funnels are about: those of people that match, and
 * of them those whose order of pages may be used.
 */
#pragma once

#include "crumb/query/filter.h"

struct journeys_counts {
    uint64_t traced, untraced;
};

/* The hits [from, to) of @visit. 0, or anything else to stop. */
typedef int (*journeys_visit)(void *context, uint32_t visit, size_t from, size_t to);

/* What a question covers; lent. */
struct journeys_scope {
    const struct table *table;
    const struct filter *filter; /* NULL: none. A visit matches when it, or one of its hits, passes */
    uint32_t from_s, to_s;       /* when visits begin: from_s <= second of the day < to_s */
};

uint64_t journeys_columns(const struct filter *filter);

/* Calls @each for every visit of it that is traced, in the table's order. 0, -ENOMEM, -EBADMSG, or what it gave. */
int journeys_each(const struct journeys_scope *scope, journeys_visit each, void *context,
                  struct journeys_counts *counts);
