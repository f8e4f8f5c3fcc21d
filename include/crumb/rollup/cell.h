/*
 * Cells: what a rollup holds for each value of one field over a day or a month,
 * and its file form (docs/formats.md, "Rollup").  The totals are the one cell
 * of no field, with the value "".
 *
 * Who asks about one period needs no sketch, as the number of its visitors
 * stands in the cell.  So sketches are apart, and read only where periods are
 * merged; a rollup may do without.
 */
#pragma once

#include "crumb/rollup/figures.h"
#include "crumb/rollup/hll.h"

struct cell {
    struct text value;
    struct figures figures; /* without revenue, which has many currencies */
    uint64_t visitors;      /* hll_count() of the sketch */
    struct hll sketch;      /* coarse, but of the totals; empty where it was not read */
};

/* Ascending by value, bytes compared as unsigned. */
struct cells {
    struct cell *cells;
    size_t n;
    bool has_sketches;
    /* private: the memory of the values; NULL: they are lent */
    char *values;
};

#define CELLS_INIT ((struct cells){.n = 0})

/* The order of cells: below, at or above 0. A value comes before its own extensions. */
static inline int cells_order(struct text a, struct text b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared ? memcmp(a.data, b.data, shared) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

void cells_deinit(struct cells *cells);

/*
 * Appends the file form, with sketches where the cells have them.  The same
 * cells give the same bytes (P6), as long as zlib is the same.  Faults stay in
 * the buffer: -ENOMEM, or -EOVERFLOW past its bound or ROLLUP_BYTES_MAX.
 */
void cells_encode(const struct cells *cells, struct buffer *buffer);

/* What a rollup has of sketches. */
enum cells_sketches { CELLS_NO_SKETCHES, CELLS_FINE, CELLS_COARSE };

/* Where the sketches begin in what cells_encode() made: before it stands what cells_decode() needs without them. */
size_t cells_split(struct text bytes);

/*
 * Reads it; the sketches, which are as @sketches says, only if they are asked
 * for and there.  Any bytes are safe: 0, -EBADMSG (damaged or no rollup), -EFBIG
 * (inflates past ROLLUP_BYTES_MAX) or -ENOMEM.  The caller deinits the cells.
 */
int cells_decode(struct text bytes, enum cells_sketches sketches, struct cells *ret_cells);

/* Roughly the memory that they take. */
size_t cells_bytes(const struct cells *cells);
