/*
 * HyperLogLog: how many different visitors, in a few bytes, mergeable.
 *
 * Hash: XXH3-64 of the item (seed 0).  Sparse while small: a set of 32-bit
 * entries of precision HLL_SPARSE_BITS, practically exact; dense afterwards:
 * 2^HLL_BITS registers, or 2^HLL_COARSE_BITS where the sketch is coarse.
 * Standard error when dense: 1.04 / sqrt(2^14) = 0.81 %, coarse 1.63 %.  Coarse
 * ones are for rows of a dimension, of which there are many.
 *
 * Sources: Flajolet et al., "HyperLogLog", 2007; Heule et al., "HyperLogLog in
 * Practice", 2013 (sparse form); Ertl, "New cardinality estimation algorithms
 * for HyperLogLog sketches", 2017 (estimator: no bias table, no threshold).
 *
 * A sketch is a pure function of the set of items: the same set gives the same
 * bytes in any order of adding and merging.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/reader.h"
#include <stdint.h>

#define HLL_BITS 14
#define HLL_COARSE_BITS 12
#define HLL_REGISTERS (1u << HLL_BITS)
#define HLL_COARSE_REGISTERS (1u << HLL_COARSE_BITS)
#define HLL_SPARSE_BITS 25
/* Entries: as much memory as the registers; one more makes the sketch dense. */
#define HLL_SPARSE_MAX 4096
#define HLL_COARSE_SPARSE_MAX 1024

struct hll {
    bool coarse; /* set before the first item */
    /* private; all zeros is the empty sketch */
    uint8_t *registers; /* dense form, or NULL while sparse */
    uint32_t *entries;  /* sparse form: a hash table, in which 0 is a free slot */
    uint32_t n_entries, capacity;
};

#define HLL_INIT ((struct hll){0})
#define HLL_COARSE_INIT ((struct hll){.coarse = true})

/* The sketch is empty then, and as coarse as before. */
void hll_deinit(struct hll *hll);

static inline bool hll_is_dense(const struct hll *hll) { return hll->registers != NULL; }
static inline bool hll_is_empty(const struct hll *hll) { return !hll->registers && !hll->n_entries; }

/* Adds one item. 0, or -ENOMEM (the sketch is unchanged). */
int hll_add(struct hll *hll, const void *item, size_t size);

/*
 * The same in two steps, for a visitor that goes into many sketches: its item
 * is the site's number and its own, 4 bytes each, most significant byte first.
 */
uint32_t hll_visitor(uint32_t site, uint32_t number);
int hll_add_visitor(struct hll *hll, uint32_t visitor);
/* Many at once, which is quicker. 0, or -ENOMEM (some may have been added). */
int hll_add_visitors(struct hll *hll, const uint32_t *visitors, uint32_t n);

/* Adds everything that is in @from, which is as coarse. 0, or -ENOMEM (the sketch is unchanged). */
int hll_merge(struct hll *hll, const struct hll *from);

/* The estimated number of different items, rounded to the nearest. */
uint64_t hll_count(const struct hll *hll);

/* Appends the sketch (docs/formats.md, "Sketch"). Faults stay in the buffer. */
void hll_encode(const struct hll *hll, struct buffer *buffer);

/*
 * Reads one sketch into @ret_hll, which the caller deinits; its bytes do not
 * tell whether it is coarse.  Any bytes are safe: 0, -EBADMSG (not a sketch:
 * entries and ranks must be such as hll_encode writes), -ENOMEM.  Registers that
 * no large set leaves are taken as they are.
 */
int hll_decode(struct reader *reader, struct hll *ret_hll);
int hll_decode_coarse(struct reader *reader, struct hll *ret_hll);
