/*
 * Allocations that fail: for one test each, linked with what tests/meson.build
 * calls `allocations`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t n, size_t size);

/* This many allocations from now one fails, and those behind it do not; negative: none does. */
static long n_until_failure = -1;

static bool fails_now(void) { return n_until_failure >= 0 && n_until_failure-- == 0; }

void *__wrap_malloc(size_t size) { return fails_now() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t n, size_t size) { return fails_now() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *memory, size_t size) { return fails_now() ? NULL : __real_realloc(memory, size); }

void *__wrap_reallocarray(void *memory, size_t n, size_t size)
{
    return fails_now() ? NULL : __real_reallocarray(memory, n, size);
}
