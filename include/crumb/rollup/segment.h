/*
 * Segments: the file form of a table (docs/formats.md, "Segment"), tier 2.
 *
 * Each column stands by itself with its own checksum, so a question reads and
 * unpacks those that it needs.  In the store (rollup/segments.h) each is a part
 * of an envelope.  Pure: the same table gives the same bytes, as
 * long as zlib is the same (P6).
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/rollup/table.h"
#include "crumb/store/envelope.h"

/* Appends the segment of a table with all columns. Faults stay in the buffer: -ENOMEM, or -EOVERFLOW past its bound. */
void segment_encode(const struct table *table, struct buffer *buffer);

/* Where everything lies in a segment's bytes, which are borrowed; or in its envelope. */
struct segment {
    uint32_t n[RELATION_N];
    uint32_t n_texts, text_bytes;
    struct text columns[COLUMN_N]; /* empty: written before there was such a column */
    struct text ends, texts;
    unsigned n_columns;       /* that were written */
    struct envelope envelope; /* no parts: the bytes are not in one; else of the texts above only the sizes count */
};

/* The head's bytes; they end where the first part begins. */
#define SEGMENT_HEAD_BYTES_MAX 1024

/* The parts of what segment_encode() wrote, as an envelope has them: the head, then the others. */
#define SEGMENT_PARTS_MAX (COLUMN_N + 3)
unsigned segment_parts(struct text bytes, struct text ret_parts[SEGMENT_PARTS_MAX]);

/* Reads the head from an open envelope, which is copied. As segment_open(). */
int segment_open_sealed(const struct envelope *envelope, struct segment *ret_segment);

/*
 * Reads the head.  Any bytes are safe: 0, -EBADMSG (damaged or no segment) or
 * -EFBIG (past SEGMENT_ROWS_MAX rows of a relation, SEGMENT_TEXTS_MAX texts or
 * SEGMENT_TEXT_BYTES_MAX).
 */
int segment_open(struct text bytes, struct segment *ret_segment);

/*
 * Adds the @columns (a set) that @table does not have yet; a column of texts
 * brings the dictionary.  The table must be TABLE_INIT or of this segment.
 * Numbers that refer to rows or texts are within bounds, and the hits of the
 * visits add up.  0, -EBADMSG or -ENOMEM; after a fault the table is as far as
 * it came, and good for table_deinit() or another try.
 */
int segment_read(const struct segment *segment, uint64_t columns, struct table *table);
