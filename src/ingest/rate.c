/*
 * Token buckets in a table of fixed size.
 *
 *   table    RATE_SLOTS slots in sets of RATE_WAYS; a keyed hash of kind and
 *            address says which set, and is the slot's name in it
 *   slot     16 bytes: the hash, and when its bucket will be full again
 *
 * That instant is all a bucket is: at a rate of r tokens a second, one that will
 * be full in t seconds lacks t * r of them.  A bucket that is full says nothing,
 * so its slot is free.
 *
 * A client that is new to a set without a free slot takes the one whose bucket
 * lacks least, and begins with a full one.  So a flood, whether from one address
 * or from very many that send little, forgets only those that had sent about as
 * little; an address that is being limited stays limited.  The hash is SipHash
 * with a random key: nobody can choose addresses that meet in one set.  To be
 * forgotten, a limited address needs RATE_WAYS others in its own set that are
 * limited like it: whoever has that many addresses is not one client, and is
 * bounded by the site's bucket.
 */
#include "crumb/ingest/rate.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define N_SETS (RATE_SLOTS / RATE_WAYS)
#define SECOND_NS 1000000000LL
#define HOUR_S 3600
#define NS_PER_MS 1000000LL

struct slot {
    uint64_t name;
    int64_t full_ns; /* since 1970: when the bucket will be full; past: it is, and the slot is free */
};

struct rates {
    uint8_t key[crypto_shorthash_KEYBYTES];
    pthread_mutex_t locks[RATE_LOCKS]; /* each of every RATE_LOCKS-th set; held for one look at one set */
    pthread_mutex_t sites_lock;
    int64_t sites[SITES_MAX]; /* full_ns, by number: numbers are given in order, so no two of a configuration meet
                                 before that many sites have come and gone */
    struct slot slots[N_SETS][RATE_WAYS];
};
_Static_assert(N_SETS % RATE_LOCKS == 0 && RATE_SLOTS % RATE_WAYS == 0, "sets and locks come out even");
_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "a name is a hash");

int rates_new(struct random *random, struct rates **ret_rates)
{
    struct rates *rates = calloc(1, sizeof *rates);

    if (!rates)
        return error_origin(-ENOMEM);
    random_fill(random, rates->key, sizeof rates->key);
    for (unsigned i = 0; i < RATE_LOCKS; i++)
        pthread_mutex_init(&rates->locks[i], NULL);
    pthread_mutex_init(&rates->sites_lock, NULL);
    *ret_rates = rates;
    return 0;
}

struct rates *rates_free(struct rates *rates)
{
    if (rates) {
        for (unsigned i = 0; i < RATE_LOCKS; i++)
            pthread_mutex_destroy(&rates->locks[i]);
        pthread_mutex_destroy(&rates->sites_lock);
        free(rates);
    }
    return NULL;
}

/* How long one token takes to come back, and all of them. */
struct pace {
    int64_t token_ns, burst_ns;
};

static struct pace by_second(unsigned per_s)
{
    return (struct pace){.token_ns = SECOND_NS / per_s, .burst_ns = RATE_BURST_S * SECOND_NS};
}

/* Takes up to @n tokens from a bucket; how many there were. */
static unsigned take(int64_t *full_ns, struct pace pace, unsigned n, int64_t now_ns)
{
    int64_t token_ns = pace.token_ns, burst_ns = pace.burst_ns;

    /* One that lacks more than it holds was filled before the clock was set back. */
    if (*full_ns > now_ns + burst_ns)
        *full_ns = now_ns + burst_ns;
    if (*full_ns < now_ns)
        *full_ns = now_ns;
    int64_t there = (now_ns + burst_ns - *full_ns) / token_ns;
    unsigned taken = there < n ? (unsigned)there : n;
    *full_ns += taken * token_ns;
    return taken;
}

/* Where the address is in @client, and how much of it tells clients apart. 0 bytes: it has none. */
static size_t address_of(const struct sockaddr *client, const uint8_t **ret_bytes)
{
    if (client && client->sa_family == AF_INET) {
        *ret_bytes = (const uint8_t *)&((const struct sockaddr_in *)(const void *)client)->sin_addr;
        return 4;
    }
    if (!client || client->sa_family != AF_INET6)
        return 0;
    const struct in6_addr *address = &((const struct sockaddr_in6 *)(const void *)client)->sin6_addr;
    bool mapped = IN6_IS_ADDR_V4MAPPED(address);
    *ret_bytes = address->s6_addr + (mapped ? 12 : 0);
    return mapped ? 4 : 8; /* a /64 is what one subscriber gets at least */
}

static uint64_t name_of(const struct rates *rates, enum rate_kind kind, const uint8_t *address, size_t size)
{
    uint8_t bytes[9] = {(uint8_t)kind};
    uint64_t name;

    memcpy(bytes + 1, address, size);
    crypto_shorthash((uint8_t *)&name, bytes, 1 + size, rates->key);
    return name;
}

/* The slot of @name; where it has none, that whose bucket lacks least, with a full one. */
static struct slot *find_slot(struct slot set[RATE_WAYS], uint64_t name)
{
    struct slot *least = set;

    for (struct slot *slot = set; slot < set + RATE_WAYS; slot++) {
        if (slot->name == name)
            return slot;
        if (slot->full_ns < least->full_ns)
            least = slot;
    }
    *least = (struct slot){.name = name};
    return least;
}

static unsigned take_of(struct rates *rates, enum rate_kind kind, const struct sockaddr *client, struct pace pace,
                        unsigned n, int64_t now_ms)
{
    const uint8_t *address;
    size_t size = address_of(client, &address);

    if (size == 0)
        return n;
    uint64_t name = name_of(rates, kind, address, size);
    size_t set = name % N_SETS;
    pthread_mutex_t *lock = &rates->locks[set % RATE_LOCKS];
    pthread_mutex_lock(lock);
    unsigned taken = take(&find_slot(rates->slots[set], name)->full_ns, pace, n, now_ms * NS_PER_MS);
    pthread_mutex_unlock(lock);
    return taken;
}

unsigned rates_take(struct rates *rates, enum rate_kind kind, const struct sockaddr *client, unsigned per_s, unsigned n,
                    int64_t now_ms)
{
    return per_s ? take_of(rates, kind, client, by_second(per_s), n, now_ms) : n;
}

bool rates_take_hourly(struct rates *rates, enum rate_kind kind, const struct sockaddr *client, unsigned per_hour,
                       int64_t now_ms)
{
    if (per_hour == 0)
        return true;
    struct pace pace = {.token_ns = HOUR_S * SECOND_NS / per_hour, .burst_ns = HOUR_S * SECOND_NS};
    return take_of(rates, kind, client, pace, 1, now_ms) == 1;
}

bool rates_take_site(struct rates *rates, uint32_t site, unsigned per_s, int64_t now_ms)
{
    if (per_s == 0)
        return true;
    pthread_mutex_lock(&rates->sites_lock);
    unsigned taken = take(&rates->sites[site % SITES_MAX], by_second(per_s), 1, now_ms * NS_PER_MS);
    pthread_mutex_unlock(&rates->sites_lock);
    return taken == 1;
}
