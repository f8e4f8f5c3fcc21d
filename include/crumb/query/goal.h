/*
 * Goals: what visitors are hoped to do, as the configuration names it.  A goal
 * is a page view of certain pages, or an event of a certain name.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/rollup/table.h"

/* The columns (a set) that goal_mark() reads. */
uint64_t goal_columns(void);

/* Sets the bytes of those hits of @table that complete @goal to 1, and leaves the others. 0, -ENOMEM or -EBADMSG. */
int goal_mark(const struct goal *goal, const struct table *table, uint8_t *hits);

/* Whether @path is one of a goal's: `*` is any run of bytes but "/", `**` any at all. */
bool goal_page_fits(struct text pattern, struct text path);
