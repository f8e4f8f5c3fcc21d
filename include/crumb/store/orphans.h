/*
 * Keys of visitors whose row is gone, while events of theirs may still be in the
 * journal: a key goes when its last event has.
 * Format: docs/formats.md, "Orphans".
 */
#pragma once

#include "crumb/store/db.h"
#include "crumb/store/keyring.h"

struct orphan {
    struct key_ref key;
    uint32_t site;
    int32_t day; /* the last one on which there can be an event under the key, in the site's zone */
};

int orphans_put(struct db_txn *txn, const struct orphan *orphan);
/* 0 also where there is none. */
int orphans_delete(struct db_txn *txn, struct key_ref key);

/* The key that a row is of. False: the row is damaged. */
bool orphans_key(struct text key, struct text value, struct key_ref *ret_ref);

/*
 * Called for each behind a key, in the order of slots; {0, 0}: from the first.  A
 * non-zero result ends the walk and is returned.  -EBADMSG: a row is damaged.
 */
typedef int (*orphans_visit)(void *context, const struct orphan *orphan);
int orphans_each(struct db_txn *txn, struct key_ref after, orphans_visit visit, void *context);
