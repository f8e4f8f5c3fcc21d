/*
 * Field-by-field reading of bytes that may be anything.
 */
#include "crumb/base/reader.h"
#include <endian.h>

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

uint8_t reader_u8(struct reader *reader)
{
    uint8_t value;

    reader_copy(reader, &value, sizeof value);
    return value;
}

uint16_t reader_u16(struct reader *reader)
{
    uint16_t value;

    reader_copy(reader, &value, sizeof value);
    return be16toh(value);
}

uint32_t reader_u32(struct reader *reader)
{
    uint32_t value;

    reader_copy(reader, &value, sizeof value);
    return be32toh(value);
}

uint64_t reader_u64(struct reader *reader)
{
    uint64_t value;

    reader_copy(reader, &value, sizeof value);
    return be64toh(value);
}

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
