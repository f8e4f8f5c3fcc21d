/*
 * The rows of rollups in the store: each period's, and whether they still tell
 * everything that the segments do.  Those of a period are under one key; where
 * that is gone there are none.
 */
#pragma once

#include "crumb/rollup/summary.h"
#include "crumb/store/batch.h"

enum { ROLLUPS_E_NONE = 1, ROLLUPS_E_GONE = 2 };

/*
 * Whether a period's rows may be used: something happened, and everything that
 * did is in segments that have not changed since the rows were written.
 * @ret_version tells this period from itself after a later seal.  0,
 * ROLLUPS_E_NONE or a fault.
 */
int rollups_version(struct db_txn *txn, uint32_t site, struct period period, uint64_t *ret_version);

/*
 * Appends the row of a period that may be used, as summary_encode() made it,
 * with its sketches or without.  0, ROLLUPS_E_NONE or a fault.
 */
int rollups_get(struct db_txn *txn, uint32_t site, struct period period, enum field field, bool with_sketches,
                struct buffer *bytes);

/* One part of it (cells_split()), and how many there are. -EBADMSG: not that one. */
int rollups_get_part(struct db_txn *txn, uint32_t site, struct period period, enum field field, unsigned part,
                     struct buffer *bytes, unsigned *ret_n_parts);

/* The whole of a row that a cursor is at, as rollups_get(). */
int rollups_open_row(struct db_txn *txn, struct text key, struct text value, bool with_sketches, struct buffer *bytes);

/* Whether there is one. 0, ROLLUPS_E_NONE, ROLLUPS_E_GONE (its key was destroyed) or a fault. */
int rollups_has(struct db_txn *txn, uint32_t site, struct period period, enum field field);

/* Writes the rows of a period under a new key; a field that has none loses the one that it had. 0 or a fault. */
int rollups_put(struct batch *batch, uint32_t site, struct period period, const struct rollups *rollups);

/* Whether a day of the period is folded (rollup/retention.h): its rollups cannot be built any more. 0 or a fault. */
int rollups_are_folded(struct db_txn *txn, uint32_t site, struct period period, bool *ret_folded);

/* Takes them away, with their key. 0 or a fault. */
int rollups_delete(struct batch *batch, uint32_t site, struct period period);

/*
 * Adds a sealed day's segment, amended, to a summary; a day without one adds
 * nothing.  0 or a fault; -ESTALE as segments_open().
 */
int rollups_add_day(struct db_txn *txn, uint32_t site, int32_t day, struct summary *summary);
