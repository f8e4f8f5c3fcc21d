/*
 * Envelopes: a value of several parts under one key, each part a box of its own,
 * so that one can be read without the others.  Each writing takes a new key and
 * gives up the one from before, so nothing of what was there can be read again.
 * Format: docs/formats.md, "Envelope".
 */
#pragma once

#include "crumb/store/batch.h"
#include "crumb/store/key.h"

struct envelope {
    struct key_ref ref;
    uint8_t secret[CRYPT_KEY_BYTES]; /* once it is open */
    enum db_table table;
    struct key row;
    unsigned n_parts;
    struct text sizes, boxes; /* borrowed from the value */
};

/* Appends the envelope of @parts, at most ENVELOPE_PARTS_MAX, for the row @key of @table. Faults stay in the buffer. */
void envelope_seal(struct key_ref ref, const uint8_t secret[CRYPT_KEY_BYTES], enum db_table table, struct text key,
                   const struct text *parts, unsigned n_parts, struct buffer *buffer);

/* Reads what is not encrypted. 0 or -EBADMSG. */
int envelope_read(enum db_table table, struct text key, struct text value, struct envelope *ret_envelope);
/* Opens its key. 0, KEYRING_E_GONE or a fault. Wipe it afterwards. */
int envelope_open(struct envelope *envelope, struct keyring *keyring);
void envelope_wipe(struct envelope *envelope);

/* How many bytes a part has. */
size_t envelope_size(const struct envelope *envelope, unsigned part);
/* Opens a part of an open envelope into @ret_plain, which has room for it. 0 or -EBADMSG. */
int envelope_part(const struct envelope *envelope, unsigned part, void *ret_plain);

/* Gives up the key of the row, if there is such a row. 0 or a fault; damaged rows have a key that nobody knows. */
int envelope_doom(struct batch *batch, enum db_table table, struct text key);
