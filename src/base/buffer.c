/*
 * A growable byte string with a bound and a sticky fault.
 */
#include "crumb/base/buffer.h"
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_FIRST_BYTES 256

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = BUFFER_INIT(buffer->max);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->fault = 0;
}

uint8_t *buffer_extend_slowly(struct buffer *buffer, size_t size)
{
    if (buffer->fault)
        return NULL;
    if (size > buffer->max - buffer->size) {
        buffer->fault = -EOVERFLOW;
        return NULL;
    }
    if (!buffer->data || size > buffer->capacity - buffer->size) { /* NULL is a fault, also for no bytes */
        size_t capacity = buffer->capacity ? buffer->capacity : BUFFER_FIRST_BYTES;

        while (capacity < buffer->size + size)
            capacity *= 2;
        if (capacity > buffer->max)
            capacity = buffer->max;
        uint8_t *data = realloc(buffer->data, capacity);
        if (!data) {
            buffer->fault = -ENOMEM;
            return NULL;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    uint8_t *at = buffer->data + buffer->size;
    buffer->size += size;
    return at;
}

void buffer_put_text(struct buffer *buffer, struct text text) { buffer_put(buffer, text.data, text.size); }

void buffer_put_u16(struct buffer *buffer, uint16_t value)
{
    value = htobe16(value);
    buffer_put(buffer, &value, sizeof value);
}

void buffer_put_u32(struct buffer *buffer, uint32_t value)
{
    value = htobe32(value);
    buffer_put(buffer, &value, sizeof value);
}

void buffer_put_u64(struct buffer *buffer, uint64_t value)
{
    value = htobe64(value);
    buffer_put(buffer, &value, sizeof value);
}

void buffer_put_varint(struct buffer *buffer, uint64_t value)
{
    uint8_t bytes[10]; /* 64 bits, seven at a time */
    unsigned n = 0;

    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (uint8_t)(value | 0x80);
    bytes[n++] = (uint8_t)value;
    buffer_put(buffer, bytes, n);
}

void buffer_put_sized(struct buffer *buffer, struct text text)
{
    buffer_put_varint(buffer, text.size);
    buffer_put_text(buffer, text);
}

void buffer_put_decimal(struct buffer *buffer, uint64_t value)
{
    char digits[20];
    unsigned n = sizeof digits;

    do
        digits[--n] = (char)('0' + value % 10);
    while (value /= 10);
    buffer_put(buffer, digits + n, sizeof digits - n);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n >= 0) {
        /* vsnprintf writes a NUL behind the text; it is taken off again. */
        uint8_t *at = buffer_extend(buffer, (size_t)n + 1);
        if (at) {
            vsnprintf((char *)at, (size_t)n + 1, format, again);
            buffer->size--;
        }
    }
    va_end(again);
}

struct text buffer_text(const struct buffer *buffer)
{
    return (struct text){.data = (const char *)buffer->data, .size = buffer->size};
}
