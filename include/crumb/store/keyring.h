/*
 * Keys: secrets of the data folder, each in a file that only the service may
 * read, made with the store: the key that signs crumb_id, and the seed of the
 * key that signs the ledger's head.
 */
#pragma once

#include "crumb/base/random.h"
#include <stdbool.h>

#define KEYRING_KEY_BYTES 32
#define KEYRING_COOKIE "cookie.key"
#define KEYRING_LEDGER "ledger.key"

/*
 * Reads the key file NAME of the data folder, or makes it (mode 0600, synced)
 * where there is none and @may_make.  0, or a fault; -EPERM: others may read
 * the file; -EBADMSG: it is not a key; -ENOENT: there is none.
 */
int keyring_key(const char *folder, const char *name, bool may_make, struct random *random,
                uint8_t ret_key[KEYRING_KEY_BYTES]);
