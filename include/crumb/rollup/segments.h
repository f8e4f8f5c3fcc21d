/*
 * The rows of segments in the store: each in an envelope under a key of its own.
 *
 * Where the key is gone the segment is missing, not damaged: the store is a
 * backup from before somebody of that day was erased.
 */
#pragma once

#include "crumb/rollup/segment.h"
#include "crumb/store/db.h"

enum {
    SEGMENTS_E_NONE = 1, /* there is none */
    SEGMENTS_E_GONE = 2  /* there is one, and its key was destroyed */
};

/*
 * Opens the segment of a day; it borrows from the transaction.  0,
 * SEGMENTS_E_NONE, SEGMENTS_E_GONE, or a fault: -ESTALE: the day was sealed
 * again since the transaction began, a newer one can read it.
 */
int segments_open(struct db_txn *txn, uint32_t site, int32_t day, struct segment *ret_segment);

/* The same of a row that a cursor is at: 0, SEGMENTS_E_GONE or a fault. */
int segments_open_row(struct db_txn *txn, struct text key, struct text value, struct segment *ret_segment);

/* Wipes the key. */
void segments_close(struct segment *segment);

/* Writes what segment_encode() made under a new key; the key of the one before is given up. 0 or a fault. */
int segments_put(struct batch *batch, uint32_t site, int32_t day, struct text bytes);

/* Takes it away, with its key. 0, also where there is none, or a fault. */
int segments_delete(struct batch *batch, uint32_t site, int32_t day);

/* What segment_encode() made, appended. 0 or a fault. */
int segments_plain(const struct segment *segment, struct buffer *buffer);

#define SEGMENT_AUTO __attribute__((cleanup(segments_close))) struct segment
