/*
 * A table in which a slot has one place, by its number.  Slots are given one
 * after the other, so those of a day's visitors mostly have different places;
 * where two want one, the table grows as far as it may, and then the newer one
 * has it.  That a key is gone is remembered, too.
 */
#include "crumb/store/keys.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_KEYS 64

struct keys_entry {
    struct key_ref ref; /* generation 0: nothing is here, as no reference has it */
    bool is_gone;
    uint8_t key[CRYPT_KEY_BYTES];
    struct key_ref with; /* another key, which it was joined with last; generation 0: none */
    uint8_t joined[CRYPT_KEY_BYTES];
};

static struct keys_entry *place_of(struct keys *keys, struct key_ref ref)
{
    return &keys->entries[ref.slot & (keys->n - 1)];
}

static int resize(struct keys *keys, uint32_t n)
{
    struct keys old = *keys;
    struct keys_entry *entries = calloc(n, sizeof *entries);

    if (!entries)
        return error_origin(-ENOMEM);
    keys->entries = entries;
    keys->n = n;
    for (uint32_t i = 0; i < old.n; i++)
        if (old.entries[i].ref.generation)
            *place_of(keys, old.entries[i].ref) = old.entries[i];
    keys_deinit(&old);
    return 0;
}

/* The place where it is to be; without memory, where another one is. */
static struct keys_entry *make_place(struct keys *keys, struct key_ref ref)
{
    while (keys->n < keys->n_max) {
        const struct keys_entry *there = place_of(keys, ref);

        if (!there->ref.generation || there->ref.slot == ref.slot || resize(keys, 2 * keys->n))
            break;
    }
    return place_of(keys, ref);
}

/* The entry of a key, opened where it is not kept yet. 0, KEYRING_E_GONE or a fault. */
static int find_entry(struct keys *keys, struct key_ref ref, struct keys_entry **ret_entry)
{
    uint8_t key[CRYPT_KEY_BYTES];
    int r = keys->entries ? 0 : resize(keys, FIRST_KEYS);

    if (r)
        return error_trace(r);
    if (!(ref.generation & 1))
        return KEYRING_E_GONE;
    struct keys_entry *entry = place_of(keys, ref);
    if (!key_ref_equal(entry->ref, ref)) {
        r = keyring_get(keys->keyring, ref, key);
        if (r < 0)
            return error_trace(r);
        entry = make_place(keys, ref);
        sodium_memzero(entry, sizeof *entry);
        entry->ref = ref;
        entry->is_gone = r == KEYRING_E_GONE;
        if (r == 0)
            memcpy(entry->key, key, sizeof key);
        sodium_memzero(key, sizeof key);
    }
    if (entry->is_gone)
        return KEYRING_E_GONE;
    *ret_entry = entry;
    return 0;
}

int keys_get(struct keys *keys, struct key_ref ref, const uint8_t **ret_key)
{
    struct keys_entry *entry = NULL;
    int r = find_entry(keys, ref, &entry);

    if (r)
        return r < 0 ? error_trace(r) : r;
    *ret_key = entry->key;
    return 0;
}

/* Joins both, and keeps that with the first, if it is still there: the second may have taken its place. */
static int join(struct keys *keys, const struct keys_entry *entry, struct key_ref second,
                const struct keys_entry **ret_entry)
{
    struct key_ref first = entry->ref;
    uint8_t key[CRYPT_KEY_BYTES], joined[CRYPT_KEY_BYTES];
    struct keys_entry *other = NULL;

    memcpy(key, entry->key, sizeof key);
    int r = find_entry(keys, second, &other);
    if (r == 0) {
        struct keys_entry *keeper = keys_has(keys, first) ? place_of(keys, first) : other;

        crypt_join(key, other->key, joined);
        memcpy(keeper->joined, joined, sizeof joined);
        keeper->with = keeper == other ? (struct key_ref){0} : second;
        *ret_entry = keeper;
    }
    sodium_memzero(key, sizeof key);
    sodium_memzero(joined, sizeof joined);
    return r;
}

int keys_joined(struct keys *keys, struct key_ref first, struct key_ref second, const uint8_t **ret_key)
{
    struct keys_entry *found = NULL;
    int r = find_entry(keys, first, &found);
    const struct keys_entry *entry = found;

    if (r == 0 && !(second.generation && key_ref_equal(entry->with, second)))
        r = join(keys, entry, second, &entry);
    if (r)
        return r < 0 ? error_trace(r) : r;
    *ret_key = entry->joined;
    return 0;
}

bool keys_has(struct keys *keys, struct key_ref ref)
{
    return keys->entries && key_ref_equal(place_of(keys, ref)->ref, ref);
}

void keys_add(struct keys *keys, struct key_ref ref, const uint8_t key[CRYPT_KEY_BYTES])
{
    if (!keys->entries && resize(keys, FIRST_KEYS))
        return;
    struct keys_entry *entry = make_place(keys, ref);
    *entry = (struct keys_entry){.ref = ref};
    memcpy(entry->key, key, sizeof entry->key);
}

void keys_forget(struct keys *keys, struct key_ref ref)
{
    struct keys_entry *entry = keys->entries ? place_of(keys, ref) : NULL;

    if (entry && key_ref_equal(entry->ref, ref))
        sodium_memzero(entry, sizeof *entry);
}

void keys_deinit(struct keys *keys)
{
    if (keys->entries)
        sodium_memzero(keys->entries, keys->n * sizeof *keys->entries);
    free(keys->entries);
    keys->entries = NULL;
    keys->n = 0;
}
