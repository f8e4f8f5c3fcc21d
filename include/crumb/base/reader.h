/*
 * Reads a byte string field by field.  Reading past the end, an over-long
 * varint or a size that exceeds what is left sets `bad`; from then on every
 * call returns zeros.  Callers check once, at the end.
 */
#pragma once

#include "crumb/base/text.h"
#include <endian.h>
#include <stdint.h>

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static inline struct reader reader_of(struct text bytes)
{
    const uint8_t *start = (const uint8_t *)bytes.data;

    return (struct reader){.at = start, .end = bytes.size ? start + bytes.size : start};
}

static inline size_t reader_left(const struct reader *reader) { return (size_t)(reader->end - reader->at); }

/* True when everything was read and nothing was bad. */
static inline bool reader_done(const struct reader *reader) { return !reader->bad && reader->at == reader->end; }

/* @size bytes, lent from the underlying bytes; empty when bad. */
static inline struct text reader_bytes(struct reader *reader, size_t size)
{
    if (reader->bad || size > reader_left(reader)) {
        reader->bad = true;
        return TEXT_NONE;
    }
    struct text bytes = {.data = (const char *)reader->at, .size = size};
    reader->at += size;
    return bytes;
}

/* Copies @size bytes to @ret; zeros when bad. */
static inline void reader_copy(struct reader *reader, void *ret, size_t size)
{
    if (reader->bad || size > reader_left(reader)) {
        reader->bad = true;
        memset(ret, 0, size);
    } else if (size) {
        memcpy(ret, reader->at, size);
        reader->at += size;
    }
}

static inline uint8_t reader_u8(struct reader *reader)
{
    uint8_t value;

    reader_copy(reader, &value, sizeof value);
    return value;
}

static inline uint16_t reader_u16(struct reader *reader)
{
    uint16_t value;

    reader_copy(reader, &value, sizeof value);
    return be16toh(value);
}

static inline uint32_t reader_u32(struct reader *reader)
{
    uint32_t value;

    reader_copy(reader, &value, sizeof value);
    return be32toh(value);
}

static inline uint64_t reader_u64(struct reader *reader)
{
    uint64_t value;

    reader_copy(reader, &value, sizeof value);
    return be64toh(value);
}

/* The same of two bytes and more, or of none. */
uint64_t reader_varint_slowly(struct reader *reader);

static inline uint64_t reader_varint(struct reader *reader)
{
    if (!reader->bad && reader->at < reader->end && *reader->at < 0x80)
        return *reader->at++;
    return reader_varint_slowly(reader);
}

/* A varint size and as many bytes. */
static inline struct text reader_sized(struct reader *reader)
{
    uint64_t size = reader_varint(reader);

    if (size > reader_left(reader)) {
        reader->bad = true;
        return TEXT_NONE;
    }
    return reader_bytes(reader, (size_t)size);
}
