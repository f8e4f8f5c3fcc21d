/*
 * What the keyring's files share: the open keyring.
 */
#pragma once

#include "keyring_file.h"
#include <pthread.h>

struct keyring_made {
    struct key_ref ref;
    enum key_kind kind;
    uint8_t key[CRYPT_KEY_BYTES];
};

/* Master keys by epoch, in memory that is neither swapped nor dumped. */
struct keyring_secrets {
    struct masters masters;
    uint8_t keys[KEYRING_EPOCHS][SECRET_BYTES]; /* of the head's epochs */
    bool is_next[KEYRING_EPOCHS];               /* each is that of masters.keys[MASTER_NEXT] */
};

struct keyring {
    int fd;
    bool writable;
    char *path, *master_path;
    uint8_t id[KEYRING_ID_BYTES];
    struct random *random;
    int (*fault)(void *context);
    void *fault_context;

    pthread_mutex_t lock; /* guards head and secrets, where others than the writer read them */
    struct keyring_head head;
    struct keyring_secrets *secrets;

    /* of the writer */
    uint32_t hand, n_looked; /* the slot to be looked at next; how many were, since the last keyring_forget() */
    uint32_t n_slots;        /* with those that are not written yet */
    struct keyring_made *made;
    size_t n_made, made_capacity;
    bool is_written; /* these, or some of them */
    struct key_ref *doomed;
    size_t n_doomed, doomed_capacity;
    uint32_t turned; /* slots that were looked at for the next master key */
};

/* Reads head and master keys again: somebody else may have changed them. 0, a refusal or a fault. */
int keyring_reload(struct keyring *keyring);

/* Writes the head with the next serial. The writer alone. */
int keyring_write_head(struct keyring *keyring);

/* Syncs the file. */
int keyring_sync(struct keyring *keyring);
