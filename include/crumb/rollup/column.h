/*
 * Columns: many numbers of one kind in few bytes (docs/formats.md, "Column").
 *
 * The encoder takes the lightest of the encodings that fits: one value for all,
 * runs, differences of numbers that ascend, as many bits as the largest needs,
 * or, where that saves a third more, the numbers' bytes in planes through
 * zlib.  Pure: the same numbers give the same bytes, as long as zlib is the
 * same.
 *
 * Sources: Abadi, Madden and Ferreira, "Integrating Compression and Execution
 * in Column-Oriented Database Systems", 2006; Lemire and Boytsov, "Decoding
 * billions of integers per second through vectorization", 2015.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/reader.h"

/* Appends @n numbers. Faults stay in the buffer: -ENOMEM, or -EOVERFLOW past its bound. */
void column_encode(const uint32_t *values, size_t n, struct buffer *buffer);

/*
 * Reads a column of exactly @n numbers, which the caller knows to be a
 * reasonable count, into @ret_values.  Any bytes are safe: 0, -EBADMSG, or
 * -ENOMEM; after a fault the numbers are undefined.
 */
int column_decode(struct reader *reader, uint32_t *ret_values, size_t n);
