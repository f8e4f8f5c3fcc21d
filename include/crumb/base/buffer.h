/*
 * A byte string being built: grows up to a bound, and the first failure sticks
 * so that callers check once, at the end.  Integers are written most
 * significant byte first, as everywhere in crumb's formats.
 */
#pragma once

#include "crumb/base/text.h"
#include <stdint.h>

struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t max; /* bytes */
    int fault;  /* 0, -ENOMEM or -EOVERFLOW (past max); nothing more is added after it */
};

#define BUFFER_INIT(max_bytes) ((struct buffer){.max = (max_bytes)})

/* A buffer in the caller's array: it never grows, and is not to be deinitialized. */
#define BUFFER_OVER(array) ((struct buffer){.data = (array), .capacity = sizeof(array), .max = sizeof(array)})

/* Frees what is held and makes the buffer empty again. */
void buffer_deinit(struct buffer *buffer);

/* Forgets the content, keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* The same when the memory has to grow, or there was a fault. */
uint8_t *buffer_extend_slowly(struct buffer *buffer, size_t size);

/* Makes room for @size more bytes and returns where they go, or NULL on a fault. They count as written. */
static inline uint8_t *buffer_extend(struct buffer *buffer, size_t size)
{
    if (buffer->fault || !buffer->data || size > buffer->capacity - buffer->size)
        return buffer_extend_slowly(buffer, size);
    uint8_t *at = buffer->data + buffer->size;
    buffer->size += size;
    return at;
}

static inline void buffer_put(struct buffer *buffer, const void *bytes, size_t size)
{
    uint8_t *at = size ? buffer_extend(buffer, size) : NULL;

    if (at)
        memcpy(at, bytes, size);
}

static inline void buffer_put_u8(struct buffer *buffer, uint8_t value)
{
    uint8_t *at = buffer_extend(buffer, 1);

    if (at)
        *at = value;
}

void buffer_put_text(struct buffer *buffer, struct text text); /* the bytes alone */
void buffer_put_u16(struct buffer *buffer, uint16_t value);
void buffer_put_u32(struct buffer *buffer, uint32_t value);
void buffer_put_u64(struct buffer *buffer, uint64_t value);
void buffer_put_varint(struct buffer *buffer, uint64_t value);  /* LEB128 */
void buffer_put_sized(struct buffer *buffer, struct text text); /* varint size, then the bytes */
void buffer_put_decimal(struct buffer *buffer, uint64_t value); /* as digits */
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The content, lent until the buffer changes. */
struct text buffer_text(const struct buffer *buffer);

/* For __attribute__((cleanup(buffer_deinit))). */
#define BUFFER_AUTO __attribute__((cleanup(buffer_deinit))) struct buffer
