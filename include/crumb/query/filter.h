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
#include "crumb/config/config.h"
#include "crumb/rollup/field.h"
#include "crumb/rollup/mask.h"
#include <jansson.h>

enum { FILTER_E_INVALID = 1, FILTER_E_NO_GOAL = 2 };

struct filter;

/*
 * Reads `filters` of a request: a list, all of which must hold.
 * FILTER_E_INVALID: @complaint says where, what is wrong and what would be
 * right.  0 or -ENOMEM.  *ret_filter is NULL for an empty list.
 */
int filter_parse(json_t *list, struct filter **ret_filter, struct buffer *complaint);
struct filter *filter_free(struct filter *filter);

/*
 * Puts the filters that @site has saved into the places of its leaves on
 * `segment`, before anything else is asked of it.  FILTER_E_INVALID: @complaint
 * names the one that there is not, or what is wrong with its filters.  0 or
 * -ENOMEM; unless 0, the filter is as before.
 */
int filter_segments_bind(struct filter *filter, const struct site *site, struct buffer *complaint);

/* Whether it has leaves on `segment`, which are not bound yet. */
bool filter_has_segments(const struct filter *filter);

/* The list that it was read from, with what segments stand for once they are bound; lent. */
json_t *filter_request(const struct filter *filter);

/*
 * Finds the goals of @site that its leaves on event:goal name, before it is
 * applied; a filter without such leaves needs it not.  They are lent from the
 * site.  FILTER_E_NO_GOAL: @complaint names the one that the site does not
 * have, and those that it has.  0 or -ENOMEM.
 */
int filter_goals_bind(struct filter *filter, const struct site *site, struct buffer *complaint);

/* True where a filter at the top is on event:goal, and where such a one names @goal: what a question is about. */
bool filter_goals_any(const struct filter *filter);
bool filter_goals_has(const struct filter *filter, const struct goal *goal);
/* True where a leaf looks at the field. */
bool filter_has_field(const struct filter *filter, enum field field);

/* The columns (a set) that it reads. */
uint64_t filter_columns(const struct filter *filter);

/* True where a leaf outside of has_done looks at hits, so that what it leaves is hits and not visits. */
bool filter_is_of_hits(const struct filter *filter);

/*
 * Decides for every hit or visit of @table, which has filter_columns() of it and
 * the visits' n_hits.  0, -ENOMEM, -EBADMSG (projection_make()), or -ETIME: its
 * expressions took more than QUERY_MATCH_STEPS_ALL_MAX steps on the tables so
 * far.  The caller frees mask.passes.
 */
int filter_apply(const struct filter *filter, const struct table *table, struct mask *ret_mask);

/* What to say of -ETIME. */
#define FILTER_COSTLY "filters: the regular expressions take too many steps; ask for fewer days, or with simpler ones"

/*
 * The same without those at the top that are on event:goal or a property: whom
 * a rate of conversion is a share of.
 */
int filter_apply_without_goals(const struct filter *filter, const struct table *table, struct mask *ret_mask);
