/*
 * Folding: what is left of cells for ever, once the segments that they were made
 * of are gone.  Pure.
 *
 * Values that few visitors had are told together, as "(other)", so that no value
 * points at a person.  One value alone in there would be the difference between
 * the total and the others, so the fold takes further values, those with the
 * fewest visitors first, until it has as many visitors as a value must have.
 *
 * Sketches are dropped: in one it can be looked up whether a visitor of a known
 * number was there.  The estimates stay, as numbers.  A sketch of totals may
 * stay where there were so many visitors that it tells next to nothing of each:
 * with four to a register four in five strangers would be found in it, too.
 */
#pragma once

#include "crumb/rollup/cell.h"

#define FOLD_OTHER TEXT("(other)")

/*
 * Folds cells of values.  @ret_cells, which the caller deinits, has no sketches;
 * its values are lent from @cells.  Of a visit that is counted under several
 * values that are folded, "(other)" counts one for each; visitors it counts
 * once.  0, -ENOMEM, or -EBADMSG: @cells have no sketches.
 */
int fold_cells(const struct cells *cells, uint64_t below, struct cells *ret_cells);

/* The same of totals; sketches stay where there are RETENTION_SKETCH_VISITORS_MIN visitors, and are lent then. */
int fold_totals(const struct cells *cells, struct cells *ret_cells);
