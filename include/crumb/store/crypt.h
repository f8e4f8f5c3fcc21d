/*
 * Encryption of one value, or of one part of it: AES-256-GCM, bound to the place
 * where the value lies (docs/formats.md, "Encryption").
 *
 * Pure: the same key, place, salt and bytes give the same box.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/limits.h"

#define CRYPT_KEY_BYTES 32
#define CRYPT_SALT_BYTES 8
#define CRYPT_TAG_BYTES 16

/* A key that nobody can make without both. */
void crypt_join(const uint8_t first[CRYPT_KEY_BYTES], const uint8_t second[CRYPT_KEY_BYTES],
                uint8_t ret_key[CRYPT_KEY_BYTES]);

/*
 * Where a box lies.  A box of one place does not open in another.  Rows that are
 * under one key differ in the last 8 bytes of theirs.
 */
struct crypt_place {
    const char *table; /* its name, at most CRYPT_TABLE_BYTES_MAX */
    struct text key;   /* of the row, at most DB_KEY_BYTES_MAX */
    uint32_t part;     /* of the value */
};

/* For keys that encrypt each place once. */
extern const uint8_t crypt_no_salt[CRYPT_SALT_BYTES];

/*
 * Encrypts what @buffer has from @start on, where it stands, and appends the
 * tag.  No salt may be used twice for one key and place: a key that is used at
 * several times has random ones.  Faults stay in the buffer.
 */
void crypt_seal(const uint8_t key[CRYPT_KEY_BYTES], const struct crypt_place *place,
                const uint8_t salt[CRYPT_SALT_BYTES], struct buffer *buffer, size_t start);

/*
 * Opens a box into @ret_plain, which has room for CRYPT_TAG_BYTES less than
 * that.  False: it is not what was sealed with this key for this place; or there
 * was no memory, on processors without instructions for AES.
 */
bool crypt_open(const uint8_t key[CRYPT_KEY_BYTES], const struct crypt_place *place,
                const uint8_t salt[CRYPT_SALT_BYTES], struct text box, uint8_t *ret_plain);
