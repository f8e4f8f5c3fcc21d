/*
 * Cells: what a rollup holds for each value of one field over a day or a month,
 * and its file form (docs/formats.md, "Rollup").  The totals are the one cell
 * of no field, with the value "".
 *
 * Who asks about one period needs no sketch, as the number of its visitors
 * stands in the cell.  So sketches are apart, and read only where periods are
 * merged; a rollup may do without.  Most questions want few of them, of the
 * values with most events: they lie in blocks in that order, each twice as long
 * as the one before.
 */
#pragma once

#include "crumb/rollup/figures.h"
#include "crumb/rollup/hll.h"

struct cell {
    struct text value;
    struct figures figures; /* without revenue, which has many currencies */
    uint64_t visitors;      /* hll_count() of the sketch */
    struct hll sketch;      /* coarse, but of the totals; empty where it was not read */
    uint32_t rank;          /* how many cells have more events; known where sketches are asked for */
};

/* Ascending by value, bytes compared as unsigned. */
struct cells {
    struct cell *cells;
    size_t n;
    bool has_sketches; /* here, or in blocks that are read by themselves */
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

/*
 * The parts of what cells_encode() made, which can be kept and read apart: the
 * figures, which cells_decode() takes for a rollup without sketches, then each
 * block of sketches.  How many these are.
 */
#define CELLS_FIRST_BLOCK 64u
#define CELLS_PARTS_MAX (1 + 12)
unsigned cells_split(struct text bytes, struct text ret_parts[CELLS_PARTS_MAX]);

/* The part in which the sketch of a rank is, and the rank that the part begins with. */
static inline unsigned cells_part(uint32_t rank)
{
    return 1 + (unsigned)(31 - __builtin_clz(rank / CELLS_FIRST_BLOCK + 1));
}

static inline uint32_t cells_first(unsigned part) { return CELLS_FIRST_BLOCK * ((1u << (part - 1)) - 1); }

/*
 * Reads it; the sketches, which are as @sketches says, only if they are asked
 * for and there: all of them or none.  Any bytes are safe: 0, -EBADMSG (damaged or no rollup), -EFBIG
 * (inflates past ROLLUP_BYTES_MAX) or -ENOMEM.  The caller deinits the cells.
 */
int cells_decode(struct text bytes, enum cells_sketches sketches, struct cells *ret_cells);

/* Reads a block by itself: cells that have a sketch each and nothing else, by rank. Likewise. */
int cells_decode_block(struct text bytes, enum cells_sketches sketches, struct cells *ret_cells);

/* Roughly the memory that they take. */
size_t cells_bytes(const struct cells *cells);
