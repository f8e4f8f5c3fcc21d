/*
 * Rollups as questions have read them: their parts, unpacked once and kept up to a
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

/* A part of a field's rollup: its figures, or a block of sketches. 0, ROLLUPS_E_NONE, or a fault. Any thread. */
int drawer_pin(struct drawer *drawer, struct db_txn *txn, uint32_t site, struct period period, enum field field,
               unsigned part, const struct cells **ret_cells);
void drawer_unpin(struct drawer *drawer, const struct cells *cells);

/* What is kept now. */
size_t drawer_bytes(struct drawer *drawer);
