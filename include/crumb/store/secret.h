/*
 * Secrets: 32 random bytes, each in a file that only the service may read, made
 * with the store: the key that signs crumb_id, the seed of the key that signs
 * the ledger's head, and the master key (store/master.h).
 */
#pragma once

#include "crumb/base/random.h"
#include <stdbool.h>

#define SECRET_BYTES 32
#define SECRET_COOKIE "cookie.key"
#define SECRET_LEDGER "ledger.key"

/*
 * Reads the secret NAME of the data folder, or makes it (mode 0600, synced)
 * where there is none and @may_make.  0, or a fault; -EPERM: others may read
 * the file; -EBADMSG: it is no secret; -ENOENT: there is none.
 */
int secret_key(const char *folder, const char *name, bool may_make, struct random *random,
               uint8_t ret_key[SECRET_BYTES]);

/* The same of any path. */
int secret_read(const char *path, uint8_t ret_key[SECRET_BYTES]);
/* Makes one; another file at @path is replaced. 0 or a fault; after one there is none, or the one from before. */
int secret_make(const char *path, struct random *random);

/* What the folder of @path has in it is on disk after this. 0 or a fault. */
int secret_sync_folder_of(const char *path);
