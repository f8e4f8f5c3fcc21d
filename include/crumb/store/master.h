/*
 * Master keys: what the keyring is wrapped under.  From a file that only the
 * service may read, or from the environment; and while one is replaced, two.
 */
#pragma once

#include "crumb/base/random.h"
#include "crumb/store/secret.h"

#define MASTER_NAME "master.key"
#define MASTER_VARIABLE "CRUMB_MASTER_KEY"                   /* 64 hex digits; wins over any file */
#define MASTER_PREVIOUS_VARIABLE "CRUMB_MASTER_KEY_PREVIOUS" /* the one that it replaces */

enum master_which { MASTER_NOW, MASTER_NEXT, MASTER_N };

struct masters {
    uint8_t keys[MASTER_N][SECRET_BYTES];
    bool has[MASTER_N];
    bool from_environment; /* then NOW is what is replaced, if there is such a one, else what there is */
};

enum { MASTER_E_ABSENT = 1 };

/*
 * Reads the master key at @path and PATH.next, or those of the environment.  0,
 * MASTER_E_ABSENT (there is none), -EPERM (others may read one), -EBADMSG (one
 * is none) or another fault.
 */
int master_read(const char *path, struct masters *ret_masters);

/* True where the environment has one, good or not. */
bool master_in_environment(void);

/* Makes PATH.next where there is none. 0 or a fault. */
int master_make_next(const char *path, struct random *random);

/* PATH.next becomes PATH, after the bytes of the old one were written over. 0, also where there is none, or a fault. */
int master_switch(const char *path);

void master_wipe(struct masters *masters);
