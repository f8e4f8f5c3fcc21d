/*
 * A cache of things that are dear to make: each is made once, by whoever asks
 * first, while the others wait for it; it stays until it was not asked for
 * longest when room is needed.  Any thread; nothing blocks longer than a look
 * at a table.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct cache;

/* Made once, never changed, shared by reference count. Embed it first. */
struct cache_value {
    _Atomic unsigned n_refs; /* cache_value_init() gives the maker one */
    size_t bytes;            /* what it counts against the cache's bound */
    void (*free)(struct cache_value *value);
};

void cache_value_init(struct cache_value *value, size_t bytes, void (*free)(struct cache_value *value));
struct cache_value *cache_value_ref(struct cache_value *value);
/* Returns NULL; so does cache_value_unref(NULL). */
struct cache_value *cache_value_unref(struct cache_value *value);

/* Somebody who waits for a value. Embed it; it must live until `ready` was called. */
struct cache_waiter {
    struct cache_waiter *next; /* private */
    /* Called once, on the maker's thread, with a reference to the value, or NULL: it could not be made. */
    void (*ready)(struct cache_waiter *waiter, struct cache_value *value);
};

enum {
    CACHE_E_WAIT = 1, /* somebody makes it now: `ready` will be called */
    CACHE_E_MAKE = 2  /* nobody does: make it and call cache_put(), which calls `ready` of all who wait, yours too */
};

/* 0 or -ENOMEM. What is kept never exceeds @bytes_max; what is being made is not counted. */
int cache_new(size_t bytes_max, struct cache **ret_cache);
/* Nobody may be waiting or making. Values that others refer to live on. Returns NULL. */
struct cache *cache_free(struct cache *cache);

/* A reference to what is kept under @key, or NULL. */
struct cache_value *cache_find(struct cache *cache, uint64_t key);

/* 0: *ret_value is the caller's reference, and @waiter was not used. CACHE_E_WAIT, CACHE_E_MAKE, or -ENOMEM. */
int cache_get(struct cache *cache, uint64_t key, struct cache_waiter *waiter, struct cache_value **ret_value);

/* After CACHE_E_MAKE, once. Takes @value, which may be NULL: it could not be made, and the next to ask tries again. */
void cache_put(struct cache *cache, uint64_t key, struct cache_value *value);
