/*
 * Compacting and copying a store.
 *
 * LMDB never gives pages back, and a page that is free keeps its bytes until it
 * is used again.  What was deleted is unreadable, as its key is destroyed, but
 * only a store that is written anew has nothing of it, and is as small as what it
 * holds.
 *
 * The copy is written beside the store, synced, and takes its place by rename(2):
 * being killed leaves the store that was or the one that is.
 */
#pragma once

#include "crumb/store/db.h"

enum {
    COMPACT_E_READERS = 5, /* a command reads the store; beside DB_E_ABSENT, DB_E_LOCKED and what follows */
    COMPACT_E_EXISTS = 6   /* there is such a file already */
};

struct compact_sizes {
    uint64_t before, after; /* bytes of the file */
};

/*
 * Compacts the store of options->folder, which nobody may use meanwhile.  0,
 * COMPACT_E_READERS, what db_open() says, or a fault (-ENOSPC: there is no room
 * for a second one): then the store is as it was.
 */
int compact_store(const struct db_options *options, struct compact_sizes *ret_sizes);

/* Copies the store, which a server may be using, to the new file @path (0600). 0, COMPACT_E_EXISTS or a fault. */
int compact_copy(struct db *db, const char *path);

/* Copies a file to a new one (0600), synced. 0, COMPACT_E_EXISTS or a fault; -ENOENT: there is none. */
int compact_copy_file(const char *from, const char *to);

/* Makes names in a folder durable. 0 or a fault. */
int compact_sync_folder(const char *folder);
