/*
 * Field-by-field reading of bytes that may be anything.
 */
#include "crumb/base/reader.h"

struct text reader_bytes(struct reader *reader, size_t size)
{
    if (reader->bad || size > reader_left(reader)) {
        reader->bad = true;
        return TEXT_NONE;
    }
    struct text bytes = {.data = (const char *)reader->at, .size = size};
    reader->at += size;
    return bytes;
}

void reader_copy(struct reader *reader, void *ret, size_t size)
{
    struct text bytes = reader_bytes(reader, size);

    if (reader->bad)
        memset(ret, 0, size);
    else if (size)
        memcpy(ret, bytes.data, size);
}

static uint64_t read_integer(struct reader *reader, unsigned n_bytes)
{
    struct text bytes = reader_bytes(reader, n_bytes);
    uint64_t value = 0;

    for (size_t i = 0; i < bytes.size; i++)
        value = value << 8 | (uint8_t)bytes.data[i];
    return value;
}

uint8_t reader_u8(struct reader *reader) { return (uint8_t)read_integer(reader, 1); }
uint16_t reader_u16(struct reader *reader) { return (uint16_t)read_integer(reader, 2); }
uint32_t reader_u32(struct reader *reader) { return (uint32_t)read_integer(reader, 4); }
uint64_t reader_u64(struct reader *reader) { return read_integer(reader, 8); }

uint64_t reader_varint(struct reader *reader)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = reader_u8(reader);

        if (reader->bad)
            return 0;
        if (shift == 63 && byte > 1)
            break; /* more than 64 bits */
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    reader->bad = true;
    return 0;
}

struct text reader_sized(struct reader *reader)
{
    uint64_t size = reader_varint(reader);

    if (size > reader_left(reader)) {
        reader->bad = true;
        return TEXT_NONE;
    }
    return reader_bytes(reader, (size_t)size);
}
