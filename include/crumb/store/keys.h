/*
 * Keys that were opened, so that a key is not opened again for each of its rows.
 * Bounded; one thread.
 */
#pragma once

#include "crumb/store/keyring.h"

struct keys_entry;

struct keys {
    struct keyring *keyring;
    struct keys_entry *entries; /* NULL: none was asked for yet */
    uint32_t n, n_max;          /* powers of two */
};

#define KEYS_INIT(of_keyring, max) ((struct keys){.keyring = (of_keyring), .n_max = (max)})

/* Lent until the next call. 0, KEYRING_E_GONE, or a fault (-EBADMSG, -ENOMEM). */
int keys_get(struct keys *keys, struct key_ref ref, const uint8_t **ret_key);

/*
 * The same of two keys, joined (store/crypt.h).  For a walk: what was joined is
 * kept with the first, and a second that is destroyed later is not noticed.
 */
int keys_joined(struct keys *keys, struct key_ref first, struct key_ref second, const uint8_t **ret_key);

/* Whether it is kept: then keys_get() asks nobody. */
bool keys_has(struct keys *keys, struct key_ref ref);

/* One that is known from elsewhere. Without memory for it nothing is done. */
void keys_add(struct keys *keys, struct key_ref ref, const uint8_t key[CRYPT_KEY_BYTES]);

/* Wipes one; and all. */
void keys_forget(struct keys *keys, struct key_ref ref);
void keys_deinit(struct keys *keys);

#define KEYS_AUTO __attribute__((cleanup(keys_deinit))) struct keys
