/*
 * Acts: what a command did that belongs into the audit trail.  A command has no
 * writer, as one process alone writes to the store; so it leaves a file in the
 * data folder, synced before anything personal is printed, and the service
 * records and removes it (ingest/acts.h).
 * Format: docs/formats.md, "Act".
 */
#pragma once

#include "crumb/base/random.h"
#include "crumb/store/trail.h"

#define ACT_FOLDER "acts"
#define ACT_ID_BYTES 16
#define ACT_NAME_BYTES 64 /* of a file's name, with a NUL */

/* The name of an act's file; those of earlier acts come first in their order. */
struct act_name {
    char text[ACT_NAME_BYTES];
    uint8_t id[ACT_ID_BYTES];
};

enum {
    ACT_E_FULL = 1,      /* too many wait */
    ACT_E_UNREADABLE = 2 /* it is not what act_drop() writes */
};

/* Leaves @entry in the data folder @folder, on disk. 0, ACT_E_FULL or a fault: then nothing may be printed. */
int act_drop(const char *folder, const struct trail_entry *entry, struct random *random);

/* Up to @max of those that wait, the earliest first. 0 or a fault; there is no act where there is no folder. */
int act_list(const char *folder, unsigned max, struct act_name *ret_names, unsigned *ret_n);

/*
 * Reads one into @bytes, from which the entry borrows.  0, ACT_E_UNREADABLE,
 * ACT_E_FULL never, or a fault; -ENOENT: it is not there any more.
 */
int act_load(const char *folder, const struct act_name *name, struct buffer *bytes, struct trail_entry *ret_entry);

/* Reads what act_drop() wrote into a file of that name. False: damaged. Pure. */
bool act_decode(struct text name, struct text bytes, struct trail_entry *ret_entry);

/* Removes it, or with @keep renames it to NAME.bad. 0 or a fault. Not synced. */
int act_remove(const char *folder, const struct act_name *name, bool keep);
/* Makes what was removed durable. */
int act_sync(const char *folder);

bool act_exists(const char *folder, const uint8_t id[ACT_ID_BYTES]);

/* Removes drafts that were never finished. Only while no act is expected to be written: at start. */
void act_tidy(const char *folder);
