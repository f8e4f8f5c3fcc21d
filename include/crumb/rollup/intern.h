/*
 * Interning: byte strings, each kept once and numbered from 0 in the order of
 * arrival, so that what refers to them needs four bytes.
 */
#pragma once

#include "crumb/base/text.h"
#include <stdint.h>

enum { INTERN_E_FULL = 1 };

struct intern {
    /* bounds, at most UINT32_MAX each */
    size_t n_max;
    size_t bytes_max; /* of all strings together */

    /* private; zeros at first */
    char *bytes; /* one string behind the other */
    size_t n_bytes, bytes_capacity;
    uint32_t *ends; /* of each string in bytes */
    size_t n, ends_capacity;
    struct intern_slot *slots; /* open addressing, a power of 2, at most half full */
    size_t n_slots;
};

#define INTERN_INIT(n, bytes) ((struct intern){.n_max = (n), .bytes_max = (bytes)})

void intern_deinit(struct intern *intern);

/*
 * The number of @string, which is copied and gets the next number where it is
 * new.  0, -ENOMEM, or INTERN_E_FULL: it is new and a bound is reached.
 */
int intern_number(struct intern *intern, struct text string, uint32_t *ret_number);

/*
 * The same in two steps, for those who have many strings at hand: asking memory
 * for the place of one while others are looked up hides most of the wait.
 */
uint32_t intern_hash(struct text string);
void intern_fetch(const struct intern *intern, uint32_t hash);
int intern_number_hashed(struct intern *intern, struct text string, uint32_t hash, uint32_t *ret_number);

/* True where the string has a number, which is given. */
bool intern_find(const struct intern *intern, struct text string, uint32_t *ret_number);

/* The string of a number that was given out, lent until the next new string. */
static inline struct text intern_text(const struct intern *intern, uint32_t number)
{
    size_t start = number ? intern->ends[number - 1] : 0;

    return (struct text){.data = intern->bytes + start, .size = intern->ends[number] - start};
}

static inline size_t intern_n(const struct intern *intern) { return intern->n; }
