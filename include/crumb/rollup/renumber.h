/*
 * The canonical numbers of a table's rows and texts: the most frequent first,
 * ties by content; what nothing refers to is left out.  So a table depends on
 * what happened alone and not on the order in which it was told (P6), and small
 * numbers are the frequent ones, which is what makes columns small.
 */
#pragma once

#include "crumb/rollup/table.h"

/*
 * Renumbers a table whose columns are all there.  Visits and hits keep their
 * order.  Row 0 of ACT and SET and text 0 keep theirs, used or not.  0, or
 * -ENOMEM: then it is good for table_deinit() only.
 */
int renumber_table(struct table *table);
