/*
 * XXH3 over key and value; the key's hash is the seed of the value's.
 */
#include "crumb/store/checksum.h"
#include "crumb/base/reader.h"
#define XXH_INLINE_ALL /* keys are short, and so are most values */
#include <xxhash.h>

static uint32_t checksum(struct text key, const void *bytes, size_t size)
{
    return (uint32_t)XXH3_64bits_withSeed(bytes, size, XXH3_64bits(key.data, key.size));
}

void checksum_put(struct buffer *buffer, struct text key)
{
    buffer_put_u32(buffer, checksum(key, buffer->data, buffer->size));
}

bool checksum_take(struct text *value, struct text key)
{
    if (value->size < CHECKSUM_BYTES)
        return false;
    size_t size = value->size - CHECKSUM_BYTES;
    struct reader tail = reader_of(text_from(*value, size));
    if (reader_u32(&tail) != checksum(key, value->data, size))
        return false;
    value->size = size;
    return true;
}
