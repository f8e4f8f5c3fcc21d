/*
 * HyperLogLog: how many different visitors, in a few bytes, mergeable.
 *
 * Hash: XXH3-64 of the item (seed 0).  Sparse while small: a sorted set of
 * 32-bit entries of precision HLL_SPARSE_BITS, practically exact; dense
 * afterwards: 2^HLL_BITS registers.  Standard error when dense:
 * 1.04 / sqrt(2^14) = 0.81 %.
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
#define HLL_REGISTERS (1u << HLL_BITS)
#define HLL_SPARSE_BITS 25
#define HLL_SPARSE_MAX 4096 /* entries: as much memory as the registers; one more makes the sketch dense */

struct hll {
    /* private; all zeros is the empty sketch */
    uint8_t *registers; /* dense form, or NULL while sparse */
    uint32_t *entries;  /* sparse form: ascending, no index twice */
    uint32_t n_entries, capacity;
};

#define HLL_INIT ((struct hll){0})

void hll_deinit(struct hll *hll);

static inline bool hll_is_dense(const struct hll *hll) { return hll->registers != NULL; }

/* Adds one item. 0, or -ENOMEM (the sketch is unchanged). */
int hll_add(struct hll *hll, const void *item, size_t size);

/* Adds everything that is in @from. 0, or -ENOMEM (the sketch is unchanged). */
int hll_merge(struct hll *hll, const struct hll *from);

/* The estimated number of different items, rounded to the nearest. */
uint64_t hll_count(struct hll *hll);

/* Appends the sketch (docs/formats.md, "Sketch"). Faults stay in the buffer. */
void hll_encode(struct hll *hll, struct buffer *buffer);

/*
 * Reads one sketch into @ret_hll, which the caller deinits.  Any bytes are safe:
 * 0, -EBADMSG (not a sketch: entries and ranks must be such as hll_encode
 * writes), -ENOMEM.  Registers that no large set leaves are taken as they are.
 */
int hll_decode(struct reader *reader, struct hll *ret_hll);
