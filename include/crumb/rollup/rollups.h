/*
 * The rows of rollups in the store: each period's, and whether they still tell
 * everything that the segments do.
 */
#pragma once

#include "crumb/rollup/summary.h"
#include "crumb/store/db.h"

enum { ROLLUPS_E_NONE = 1 };

/*
 * Whether a period's rows may be used: something happened, and everything that
 * did is in segments that have not changed since the rows were written.
 * @ret_version tells this period from itself after a later seal.  0,
 * ROLLUPS_E_NONE or a fault.
 */
int rollups_version(struct db_txn *txn, uint32_t site, struct period period, uint64_t *ret_version);

/* The row of a period that may be used, lent from the transaction. 0, ROLLUPS_E_NONE or a fault. */
int rollups_get(struct db_txn *txn, uint32_t site, struct period period, enum field field, struct text *ret_bytes);

/* Writes the rows of a period; a field that has none loses the one that it had. 0 or a fault. */
int rollups_put(struct db_txn *txn, uint32_t site, struct period period, const struct rollups *rollups);

/* Takes them away. 0 or a fault. */
int rollups_delete(struct db_txn *txn, uint32_t site, struct period period);

/* Adds a sealed day's segment, amended, to a summary; a day without one adds nothing. 0 or a fault. */
int rollups_add_day(struct db_txn *txn, uint32_t site, int32_t day, struct summary *summary);
