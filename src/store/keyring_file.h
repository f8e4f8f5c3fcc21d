/*
 * The keyring's bytes: heads and slots of the file, read and written whole.
 */
#pragma once

#include "crumb/store/keyring.h"

#define KEYRING_CHECK_BYTES 16
#define KEYRING_PLACES 2
#define KEYRING_EPOCHS 2 /* of the master key in force, and of the one that is being left */
#define KEYRING_SLOT_BYTES 160
#define KEYRING_WRAPPED_BYTES (24 + CRYPT_KEY_BYTES + CRYPT_TAG_BYTES)

struct keyring_head {
    uint8_t id[KEYRING_ID_BYTES];
    uint64_t serial;
    uint32_t n_slots;
    struct {
        uint32_t epoch; /* 0: none */
        uint8_t check[KEYRING_CHECK_BYTES];
    } masters[KEYRING_EPOCHS];
};

struct keyring_slot {
    uint32_t generation;
    uint8_t kind;
    struct keyring_place {
        uint32_t epoch;
        uint8_t wrapped[KEYRING_WRAPPED_BYTES]; /* nonce and box */
    } places[KEYRING_PLACES];
};

/* An empty file: a head and no slot; synced. */
int keyring_file_make(const char *path, const struct keyring_head *head);

/* The newer of the heads that are good. 0, KEYRING_E_DAMAGED (also: the file ends before its last slot) or a fault. */
int keyring_file_read_head(int fd, struct keyring_head *ret_head);
/* To the place of the older one. */
int keyring_file_write_head(int fd, const struct keyring_head *head);

/* Makes the file long enough for so many slots, and some more. */
int keyring_file_grow(int fd, uint32_t n_slots);
/* @n slots from @first on; those behind the file's end are empty. */
int keyring_file_read_slots(int fd, uint32_t first, uint32_t n, struct keyring_slot *ret_slots);
int keyring_file_write_slot(int fd, uint32_t number, const struct keyring_slot *slot);
/* One of its places alone. */
int keyring_file_write_place(int fd, uint32_t number, unsigned place, const struct keyring_slot *slot);

/* What tells a master key from others. */
void keyring_file_check(const uint8_t master[SECRET_BYTES], const uint8_t id[KEYRING_ID_BYTES], uint32_t epoch,
                        uint8_t ret_check[KEYRING_CHECK_BYTES]);

/* Fills a place with @key under @master. */
void keyring_file_wrap(const uint8_t id[KEYRING_ID_BYTES], uint32_t number, uint32_t epoch,
                       const uint8_t master[SECRET_BYTES], const uint8_t key[CRYPT_KEY_BYTES], struct random *random,
                       struct keyring_slot *slot, unsigned place);
bool keyring_file_unwrap(const uint8_t id[KEYRING_ID_BYTES], uint32_t number, const struct keyring_slot *slot,
                         unsigned place, const uint8_t master[SECRET_BYTES], uint8_t ret_key[CRYPT_KEY_BYTES]);
