/*
 * libsodium's generator, and a seeded stream (ChaCha20, each call under the
 * key BLAKE2b(seed, number of calls before)).
 */
#include "crumb/base/random.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <sodium.h>

static void system_fill(struct random *random, void *bytes, size_t size)
{
    (void)random;
    randombytes_buf(bytes, size);
}

struct random random_system = {.fill = system_fill};

static void seeded_fill(struct random *random, void *bytes, size_t size)
{
    struct random_seeded *self = (struct random_seeded *)random;
    uint8_t key[randombytes_SEEDBYTES];

    crypto_generichash(key, sizeof key, (const uint8_t *)&self->n_taken, sizeof self->n_taken, self->seed,
                       sizeof self->seed);
    self->n_taken++;
    randombytes_buf_deterministic(bytes, size, key);
}

struct random_seeded random_seeded(uint64_t seed)
{
    struct random_seeded self = {.super = {.fill = seeded_fill}};

    for (unsigned i = 0; i < 8; i++)
        self.seed[i] = (uint8_t)(seed >> (8 * i));
    return self;
}

int random_init(void) { return sodium_init() < 0 ? error_origin(-EIO) : 0; }
