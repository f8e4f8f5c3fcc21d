/*
 * Rollups as questions have read them: cells, unpacked once and kept up to a
 * number of bytes.  They are known by the version of their period, so what was
 * sealed again is another one.
 */
#pragma once

#include "crumb/rollup/rollups.h"

struct drawer;

/* 0 or -ENOMEM. What is pinned may exceed @bytes_max. */
int drawer_new(size_t bytes_max, struct drawer **ret_drawer);
/* Nothing may be pinned. Returns NULL. */
struct drawer *drawer_free(struct drawer *drawer);

/* The cells of a field, with sketches or without. 0, ROLLUPS_E_NONE, or a fault. Any thread. */
int drawer_pin(struct drawer *drawer, struct db_txn *txn, uint32_t site, struct period period, enum field field,
               bool with_sketches, const struct cells **ret_cells);
void drawer_unpin(struct drawer *drawer, const struct cells *cells);

/* What is kept now. */
size_t drawer_bytes(struct drawer *drawer);
