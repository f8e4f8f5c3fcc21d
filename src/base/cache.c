/*
 * A table of chains, and a list from the value asked for last to the one asked
 * for longest ago.  An entry without a value is being made; it is not in the
 * list, so that it cannot be dropped, and holds those who wait.
 */
#include "crumb/base/cache.h"
#include "crumb/base/error.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define CACHE_CHAINS 256

struct entry {
    uint64_t key;
    struct entry *chained;
    struct entry *newer, *older; /* in the list, while there is a value */
    struct cache_value *value;   /* NULL: being made */
    struct cache_waiter *waiters;
};

struct cache {
    pthread_mutex_t mutex;
    size_t bytes, bytes_max;
    struct entry *chains[CACHE_CHAINS];
    struct entry *newest, *oldest;
};

/* ---- values ---- */

void cache_value_init(struct cache_value *value, size_t bytes, void (*free)(struct cache_value *value))
{
    value->n_refs = 1;
    value->bytes = bytes;
    value->free = free;
}

struct cache_value *cache_value_ref(struct cache_value *value)
{
    value->n_refs++;
    return value;
}

struct cache_value *cache_value_unref(struct cache_value *value)
{
    if (value && --value->n_refs == 0)
        value->free(value);
    return NULL;
}

/* ---- the table and the list; the mutex is held ---- */

/* Keys are small numbers next to each other: their low bits spread well. */
static struct entry **find(struct cache *cache, uint64_t key)
{
    struct entry **at = &cache->chains[key % CACHE_CHAINS];

    while (*at && (*at)->key != key)
        at = &(*at)->chained;
    return at;
}

static void unlist(struct cache *cache, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void list_newest(struct cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void drop(struct cache *cache, struct entry **at)
{
    struct entry *entry = *at;

    *at = entry->chained;
    if (entry->value) {
        unlist(cache, entry);
        cache->bytes -= entry->value->bytes;
        cache_value_unref(entry->value);
    }
    free(entry);
}

/* ---- the cache ---- */

int cache_new(size_t bytes_max, struct cache **ret_cache)
{
    struct cache *cache = calloc(1, sizeof *cache);

    if (!cache)
        return error_origin(-ENOMEM);
    pthread_mutex_init(&cache->mutex, NULL);
    cache->bytes_max = bytes_max;
    *ret_cache = cache;
    return 0;
}

struct cache *cache_free(struct cache *cache)
{
    if (!cache)
        return NULL;
    for (unsigned i = 0; i < CACHE_CHAINS; i++) {
        while (cache->chains[i]) {
            assert(cache->chains[i]->value); /* else somebody is still making it */
            drop(cache, &cache->chains[i]);
        }
    }
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
    return NULL;
}

/* As the newest: it was asked for. The mutex is held. */
static struct cache_value *take_newest(struct cache *cache, struct entry *entry)
{
    unlist(cache, entry);
    list_newest(cache, entry);
    return cache_value_ref(entry->value);
}

struct cache_value *cache_find(struct cache *cache, uint64_t key)
{
    pthread_mutex_lock(&cache->mutex);
    struct entry *entry = *find(cache, key);
    struct cache_value *value = entry && entry->value ? take_newest(cache, entry) : NULL;
    pthread_mutex_unlock(&cache->mutex);
    return value;
}

static int begin_making(struct entry **at, uint64_t key, struct cache_waiter *waiter)
{
    struct entry *entry = calloc(1, sizeof *entry);

    if (!entry)
        return error_origin(-ENOMEM);
    waiter->next = NULL;
    entry->key = key;
    entry->waiters = waiter;
    *at = entry;
    return CACHE_E_MAKE;
}

int cache_get(struct cache *cache, uint64_t key, struct cache_waiter *waiter, struct cache_value **ret_value)
{
    int r = 0;

    pthread_mutex_lock(&cache->mutex);
    struct entry **at = find(cache, key);
    if (!*at) {
        r = begin_making(at, key, waiter);
    } else if ((*at)->value) {
        *ret_value = take_newest(cache, *at);
    } else {
        waiter->next = (*at)->waiters;
        (*at)->waiters = waiter;
        r = CACHE_E_WAIT;
    }
    pthread_mutex_unlock(&cache->mutex);
    return r;
}

/* Keeps @value, whose reference becomes the cache's, and makes room for it. False: it is larger than all the room. */
static bool keep(struct cache *cache, struct entry *entry, struct cache_value *value)
{
    if (value->bytes > cache->bytes_max)
        return false;
    while (cache->bytes + value->bytes > cache->bytes_max)
        drop(cache, find(cache, cache->oldest->key));
    entry->value = value;
    cache->bytes += value->bytes;
    list_newest(cache, entry);
    return true;
}

void cache_put(struct cache *cache, uint64_t key, struct cache_value *value)
{
    pthread_mutex_lock(&cache->mutex);
    struct entry **at = find(cache, key);
    assert(*at && !(*at)->value);
    struct cache_waiter *waiters = (*at)->waiters;
    (*at)->waiters = NULL;
    /* Those who wait get their references before the cache may drop its own. */
    for (struct cache_waiter *waiter = waiters; value && waiter; waiter = waiter->next)
        cache_value_ref(value);
    bool kept = value && keep(cache, *at, value);
    if (!kept)
        drop(cache, find(cache, key));
    pthread_mutex_unlock(&cache->mutex);
    if (!kept)
        cache_value_unref(value);
    while (waiters) {
        struct cache_waiter *waiter = waiters;

        waiters = waiter->next; /* it may be gone behind `ready` */
        waiter->ready(waiter, value);
    }
}
