/*
 * Randomness comes from a struct, so that tests and replay are repeatable.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct random {
    /* Fills @bytes with @size random bytes. Cannot fail. */
    void (*fill)(struct random *random, void *bytes, size_t size);
};

/* The kernel's generator through libsodium; any thread. random_init() must have been called. */
extern struct random random_system;

/* A repeatable stream for tests and replay: the same seed gives the same bytes. One thread at a time. */
struct random_seeded {
    struct random super;
    uint8_t seed[32];
    uint64_t n_taken;
};

struct random_seeded random_seeded(uint64_t seed);

/* Prepares libsodium; call once at start. 0, or -EIO where the system has no randomness. */
int random_init(void);

static inline void random_fill(struct random *random, void *bytes, size_t size) { random->fill(random, bytes, size); }
