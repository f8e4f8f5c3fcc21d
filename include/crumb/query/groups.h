/*
 * Groups: what a query's rows are before they are ordered and cut to a page.
 * A group is a day (where the query asks for days), a page (where it asks for
 * pages) and the value of each metric.  Metrics are computed as a group is
 * added, so no sketch is held.
 */
#pragma once

#include "crumb/query/query.h"

enum { GROUPS_E_FULL = 1 };

struct groups {
    /* private */
    const struct query *query; /* borrowed */
    struct group *groups;
    uint64_t *values; /* n_metrics a group */
    size_t n_groups, capacity;
    struct buffer names;
};

struct groups groups_init(const struct query *query);
void groups_deinit(struct groups *groups);

/*
 * Adds the group of @cell on @day (which only queries for days use).  0,
 * -ENOMEM, or GROUPS_E_FULL: there are QUERY_GROUPS_MAX already, or their names
 * exceed QUERY_GROUP_NAMES_BYTES_MAX.
 */
int groups_add(struct groups *groups, int32_t day, struct cell *cell);

size_t groups_n(const struct groups *groups);

/* Orders the groups and gives the page the query asks for: rows, n_rows, n_total and memory of @answer. 0 or -ENOMEM.
 */
int groups_page(struct groups *groups, struct query_answer *answer);
