/*
 * A table of byte strings: the strings behind each other, the end of each,
 * and a hash table of numbers with linear probing.  A slot holds 32 bits of
 * the hash, which say where it belongs, so that the table grows without
 * looking at the strings, and tell most strangers apart.
 */
#include "crumb/rollup/intern.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <stdlib.h>
#define XXH_INLINE_ALL /* strings are short */
#include <xxhash.h>

#define FIRST_SLOTS 64
#define FIRST_ENDS 32
#define FIRST_BYTES 1024

struct intern_slot {
    uint32_t hash;
    uint32_t number_plus_1; /* 0: free */
};

void intern_deinit(struct intern *intern)
{
    free(intern->bytes);
    free(intern->ends);
    free(intern->slots);
    *intern = INTERN_INIT(intern->n_max, intern->bytes_max);
}

static uint32_t hash_of(struct text string) { return (uint32_t)XXH3_64bits(string.data, string.size); }

/* The slot of @string, or the free one where it belongs. */
static struct intern_slot *find(const struct intern *intern, struct text string, uint32_t hash)
{
    struct intern_slot *slots = intern->slots;
    size_t at = hash & (intern->n_slots - 1);

    for (; slots[at].number_plus_1; at = (at + 1) & (intern->n_slots - 1))
        if (slots[at].hash == hash && text_equal(intern_text(intern, slots[at].number_plus_1 - 1), string))
            break;
    return &slots[at];
}

static int grow_slots(struct intern *intern)
{
    size_t n_slots = intern->n_slots ? 2 * intern->n_slots : FIRST_SLOTS;
    struct intern_slot *slots = calloc(n_slots, sizeof *slots);

    if (!slots)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < intern->n_slots; i++) {
        size_t at = intern->slots[i].hash & (n_slots - 1);

        if (!intern->slots[i].number_plus_1)
            continue;
        while (slots[at].number_plus_1)
            at = (at + 1) & (n_slots - 1);
        slots[at] = intern->slots[i];
    }
    free(intern->slots);
    intern->slots = slots;
    intern->n_slots = n_slots;
    return 0;
}

static int append(struct intern *intern, struct text string)
{
    if (intern->n_bytes + string.size > intern->bytes_capacity || !intern->bytes) {
        size_t capacity = intern->bytes_capacity ? intern->bytes_capacity : FIRST_BYTES;

        while (capacity < intern->n_bytes + string.size)
            capacity *= 2;
        char *bytes = realloc(intern->bytes, capacity);
        if (!bytes)
            return error_origin(-ENOMEM);
        intern->bytes = bytes;
        intern->bytes_capacity = capacity;
    }
    if (intern->n == intern->ends_capacity) {
        size_t capacity = intern->ends_capacity ? 2 * intern->ends_capacity : FIRST_ENDS;
        uint32_t *ends = realloc(intern->ends, capacity * sizeof *ends);

        if (!ends)
            return error_origin(-ENOMEM);
        intern->ends = ends;
        intern->ends_capacity = capacity;
    }
    if (string.size)
        memcpy(intern->bytes + intern->n_bytes, string.data, string.size);
    intern->n_bytes += string.size;
    intern->ends[intern->n++] = (uint32_t)intern->n_bytes;
    return 0;
}

bool intern_find(const struct intern *intern, struct text string, uint32_t *ret_number)
{
    const struct intern_slot *slot;

    if (intern->n == 0)
        return false;
    slot = find(intern, string, hash_of(string));
    if (!slot->number_plus_1)
        return false;
    *ret_number = slot->number_plus_1 - 1;
    return true;
}

uint32_t intern_hash(struct text string) { return hash_of(string); }

void intern_fetch(const struct intern *intern, uint32_t hash)
{
    if (intern->n_slots)
        __builtin_prefetch(&intern->slots[hash & (intern->n_slots - 1)]);
}

static inline int number(struct intern *intern, struct text string, uint32_t hash, uint32_t *ret_number)
{
    if (2 * (intern->n + 1) > intern->n_slots) {
        int r = grow_slots(intern);
        if (r < 0)
            return error_trace(r);
    }
    struct intern_slot *slot = find(intern, string, hash);
    if (!slot->number_plus_1) {
        if (intern->n == intern->n_max || string.size > intern->bytes_max - intern->n_bytes)
            return INTERN_E_FULL;
        int r = append(intern, string);
        if (r < 0)
            return error_trace(r);
        *slot = (struct intern_slot){.hash = hash, .number_plus_1 = (uint32_t)intern->n};
    }
    *ret_number = slot->number_plus_1 - 1;
    return 0;
}

int intern_number(struct intern *intern, struct text string, uint32_t *ret_number)
{
    return number(intern, string, hash_of(string), ret_number);
}

int intern_number_hashed(struct intern *intern, struct text string, uint32_t hash, uint32_t *ret_number)
{
    return number(intern, string, hash, ret_number);
}
