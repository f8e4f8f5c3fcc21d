/*
 * Cells: what a rollup holds for each value of one dimension of one site-day,
 * and its file form.  The total is the dimension with the single value "".
 *
 * All counts are exact; visitors are a sketch.  Cells of several days add up
 * (cells_merge), because a visit never crosses midnight.
 */
#pragma once

#include "crumb/rollup/hll.h"

/*
 * Numbers are written to disk: append, never renumber.  What programs did is in
 * DIMENSION_BOT alone, by why they are taken for programs (words_bot()).
 */
enum dimension { DIMENSION_TOTAL = 1, DIMENSION_PAGE = 2, DIMENSION_BOT = 3, DIMENSION_N };

struct cell {
    struct text value;        /* of the dimension; owned by the cells */
    uint64_t pageviews;       /* page views of this value */
    uint64_t visits;          /* visits with at least one such page view (total: all visits) */
    uint64_t entries;         /* visits whose first page view is of this value (total: all visits) */
    uint64_t bounces;         /* of the entries: one page view at most and no other event but pings */
    uint64_t duration_ms;     /* of the entries: from first to last event, summed */
    uint64_t entry_pageviews; /* of the entries: their page views, whatever the page */
    struct hll visitors;      /* of the visits (total: of all visits) */
};

/* A set of cells, ascending by value (bytes compared as unsigned). */
struct cells {
    struct cell *cells;
    size_t n_cells;
    char *values; /* the memory of the values */
};

#define CELLS_INIT ((struct cells){0})

/* The order of cells: below, at or above 0. A value comes before its own extensions. */
static inline int cells_order(struct text a, struct text b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared ? memcmp(a.data, b.data, shared) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

void cells_deinit(struct cells *cells);

/* For who makes cells: copies their values, which are lent so far, to memory of the cells' own. 0 or -ENOMEM. */
int cells_own_values(struct cells *cells);

/*
 * Adds every count and sketch of @from to the cell of the same value, making it
 * where it is missing.  0, or -ENOMEM: then @into is good for cells_deinit only.
 * Takes as long as both have cells together, whichever is the smaller.
 */
int cells_merge(struct cells *into, const struct cells *from);

/*
 * Appends the compressed form (docs/formats.md, "Rollup"): magic, version,
 * inflated size, zlib stream, checksum.  The same cells give the same bytes
 * (P6), as long as zlib is the same.  Faults stay in the buffer: -ENOMEM, or
 * -EOVERFLOW past its bound or ROLLUP_BYTES_MAX.
 */
void cells_encode(struct cells *cells, struct buffer *buffer);

/*
 * Reads that form.  Any bytes are safe: 0, -EBADMSG (damaged or not a rollup),
 * -EFBIG (inflates past ROLLUP_BYTES_MAX), -ENOMEM.
 */
int cells_decode(struct text bytes, struct cells *ret_cells);
