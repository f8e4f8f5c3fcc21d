/*
 * The keyring: keys of visitors, segments and rollups, each in a slot of a file
 * outside LMDB, each wrapped under the master key.  A key that was destroyed is
 * nowhere any more, whatever copies of the store there are.
 * Format: docs/formats.md, "Keyring".
 *
 * Threads: any may open keys; one at a time, the writer, changes them.
 */
#pragma once

#include "crumb/base/random.h"
#include "crumb/base/text.h"
#include "crumb/store/crypt.h"
#include "crumb/store/master.h"
#include <stdbool.h>
#include <stdint.h>

#define KEYRING_ID_BYTES 16
#define KEYRING_NAME "keys"

/* Numbers are on disk: append, never renumber. */
enum key_kind { KEY_VISITOR = 1, KEY_SEGMENT, KEY_ROLLUP, KEY_REQUEST, KEY_DAY, KEY_KIND_N };

/* As values of the store refer to a key: 8 bytes. {0, 0} refers to none: an even generation is gone. */
struct key_ref {
    uint32_t slot, generation;
};

#define KEY_REF_BYTES 8

static inline bool key_ref_equal(struct key_ref a, struct key_ref b)
{
    return a.slot == b.slot && a.generation == b.generation;
}

void keyring_put_ref(struct buffer *buffer, struct key_ref ref);
struct reader;
struct key_ref keyring_read_ref(struct reader *reader);

enum {
    KEYRING_E_GONE = 1, /* keyring_get: it was destroyed, and with it what it protected */
    /* keyring_open, keyring_meet: the keyring or the master key cannot be used; keyring_refusal() says what to do. */
    KEYRING_E_REFUSED = 16,
    KEYRING_E_NO_MASTER = KEYRING_E_REFUSED, /* there is no master key */
    KEYRING_E_WRONG_MASTER,                  /* it is not the one */
    KEYRING_E_BAD_MASTER,                    /* it is none */
    KEYRING_E_SHOWN_MASTER,                  /* others may read its file */
    KEYRING_E_ABSENT,                        /* there are no keys beside the store */
    KEYRING_E_DAMAGED,                       /* cut off, or both heads are damaged */
    KEYRING_E_FOREIGN,                       /* of another store */
    KEYRING_E_OLDER,                         /* than the store */
    KEYRING_E_END
};

/* A sentence for people, of one of the refusals. */
const char *keyring_refusal(int refusal);

struct keyring;

struct keyring_options {
    const char *folder;
    const char *master_path; /* NULL or "": master.key in the folder */
    bool writable;
    bool may_make;         /* there is no store yet: keys and master key are made where there are none */
    struct random *random; /* NULL: the system's */
    /* Tests: called before each step that writes; a negative result is that step's fault. */
    int (*fault)(void *context);
    void *fault_context;
};

/* 0, one of the refusals, or a fault. */
int keyring_open(const struct keyring_options *options, struct keyring **ret_keyring);
struct keyring *keyring_close(struct keyring *keyring);

/* Whether it is of the store with this id and serial. 0, KEYRING_E_FOREIGN or KEYRING_E_OLDER. */
int keyring_meet(struct keyring *keyring, const uint8_t id[KEYRING_ID_BYTES], uint64_t serial);
const uint8_t *keyring_id(const struct keyring *keyring);
uint64_t keyring_serial(const struct keyring *keyring);

/* Of the keyring's source of randomness: a salt, or a key that is given to keyring_add(). */
void keyring_random(struct keyring *keyring, void *bytes, size_t size);

/* Opens a key. 0, KEYRING_E_GONE, or a fault (-EBADMSG: the slot is damaged). Any thread. */
int keyring_get(struct keyring *keyring, struct key_ref ref, uint8_t ret_key[CRYPT_KEY_BYTES]);

/* ---- the writer alone ---- */

/*
 * Gives a new random key a slot, in memory: it can be opened by the writer, but
 * nothing is on disk.  0, -ENOMEM, -ENOSPC (KEYRING_SLOTS_MAX) or a fault.
 */
int keyring_make(struct keyring *keyring, enum key_kind kind, struct key_ref *ret_ref,
                 uint8_t ret_key[CRYPT_KEY_BYTES]);

/* The key, where it was made and not been written yet. */
bool keyring_find_made(const struct keyring *keyring, struct key_ref ref, uint8_t ret_key[CRYPT_KEY_BYTES]);

/* The key is to be destroyed by keyring_destroy(). 0 or -ENOMEM. */
int keyring_doom(struct keyring *keyring, struct key_ref ref);

/* Whether something was made or doomed since the last keyring_forget(), and what. */
bool keyring_has_changed(const struct keyring *keyring);
size_t keyring_n_made(const struct keyring *keyring);
struct key_ref keyring_made(const struct keyring *keyring, size_t i);
size_t keyring_n_doomed(const struct keyring *keyring);
struct key_ref keyring_doomed(const struct keyring *keyring, size_t i);

/* Writes what was made, with the next serial, and syncs. Before the commit. 0 or a fault: forget it then. */
int keyring_write(struct keyring *keyring);

/*
 * After the commit: destroys what was doomed, and syncs.  A fault leaves it to
 * be done again, by whom it is listed.
 */
int keyring_destroy(struct keyring *keyring);

/* Forgets what was made and doomed; @committed: the rows that refer to it are there, or may be. */
void keyring_forget(struct keyring *keyring, bool committed);

/* ---- another master key: store/keyring_turn.c ---- */

struct keyring_state {
    uint32_t n_slots;
    uint32_t n_keys[KEY_KIND_N]; /* of each kind; 0: of none that is known */
    uint32_t n_left;             /* keys that are still under the master key that is being left */
    uint32_t epoch;
    bool is_turning, from_environment;
};

/* Counts all slots. 0 or a fault. */
int keyring_turn_state(struct keyring *keyring, struct keyring_state *ret_state);

/* Whether there may be something to turn: quick, and any thread may ask. */
bool keyring_turn_waits(struct keyring *keyring);

/* Where the master key's file is, or would be. */
const char *keyring_master_path(const struct keyring *keyring);

/* Whether a next master key is there, or one is being left. */
int keyring_turn_due(struct keyring *keyring, bool *ret_due);

/*
 * Goes on for KEYRING_REWRAP_SLOTS slots at most.  *ret_done: all is under the
 * next master key, which is the only one now.  The writer alone; 0, a refusal
 * (the next master key cannot be used) or a fault, after which it may be called
 * again, as after a kill.
 */
int keyring_turn(struct keyring *keyring, bool *ret_done);

/*
 * Calls @visit with each slot that has a key: 0 goes on, else the walk ends with
 * it.  @opens: whether it can be opened.
 */
int keyring_turn_each(struct keyring *keyring,
                      int (*visit)(void *context, struct key_ref ref, enum key_kind kind, bool opens), void *context);
