/*
 * Filters: which hits or visits of a table a question is about.
 *
 * A filter is a tree.  Its leaves look at a field of a hit or of a visit; `and`,
 * `or` and `not` join them; `has_done` asks whether any hit of the visit fits.
 * A leaf is decided once for each row that a projection has, and then carried
 * to hits or visits; a mask of visits becomes one of hits only where it meets
 * one of hits.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/query/field.h"
#include <jansson.h>

enum { FILTER_E_INVALID = 1 };

struct filter;

/*
 * Reads `filters` of a request: a list, all of which must hold.
 * FILTER_E_INVALID: @complaint says where, what is wrong and what would be
 * right.  0 or -ENOMEM.  *ret_filter is NULL for an empty list.
 */
int filter_parse(json_t *list, struct filter **ret_filter, struct buffer *complaint);
struct filter *filter_free(struct filter *filter);

/* The columns (a set) that it reads. */
uint64_t filter_columns(const struct filter *filter);

/* True where a leaf outside of has_done looks at hits, so that what it leaves is hits and not visits. */
bool filter_is_of_hits(const struct filter *filter);

/* Whom it lets through: a byte, 0 or 1, for each hit or visit. */
struct mask {
    bool of_hits;
    uint8_t *passes;
};

/*
 * Decides for every hit or visit of @table, which has filter_columns() of it and
 * the visits' n_hits.  0, -ENOMEM, or -EBADMSG (projection_make()).  The caller
 * frees mask.passes.
 */
int filter_apply(const struct filter *filter, const struct table *table, struct mask *ret_mask);
