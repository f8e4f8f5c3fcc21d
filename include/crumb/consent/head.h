/*
 * The signed head of the ledger: how many records there are, the hash of the
 * last one, the time, and an Ed25519 signature (RFC 8032) over these by a key
 * of this store alone (data/ledger.key).
 *
 * The chain shows that no record was changed after the ones behind it were
 * written; it cannot show that somebody with the whole file wrote all of it
 * anew.  A head that was published, sent away or time-stamped can: from then on
 * every ledger that does not continue it is another one.
 * Format: docs/formats.md, "Ledger head".
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/consent/ledger.h"
#include "crumb/store/sign.h"

#define HEAD_KEY_BYTES SIGN_KEY_BYTES
#define HEAD_SIGNATURE_BYTES SIGN_BYTES
#define HEAD_TIME_BYTES 32
#define HEAD_JSON_BYTES_MAX 1024

struct head {
    struct chain_head ledger;
    char time[HEAD_TIME_BYTES];  /* "2026-01-31T12:00:00Z" */
    uint8_t key[HEAD_KEY_BYTES]; /* public */
    uint8_t signature[HEAD_SIGNATURE_BYTES];
};

/* The head of @ledger at @at_ms, signed. Pure. */
void head_sign(const struct chain_head *ledger, int64_t at_ms, const uint8_t seed[HEAD_KEY_BYTES],
               struct head *ret_head);

/* Appends it as one JSON object. 0, -ENOMEM or -EOVERFLOW. */
int head_put(struct buffer *buffer, const struct head *head);

enum {
    HEAD_E_INVALID = 1, /* not a head */
    HEAD_E_FORGED = 2   /* its signature is not its key's over what it says */
};

/* Reads what head_put() wrote and checks the signature. */
int head_read(struct text json, struct head *ret_head);

/* The key or signature as people and JSON see it: base64 with padding, and a NUL. */
#define HEAD_KEY_TEXT_BYTES 45
void head_key_text(const uint8_t key[HEAD_KEY_BYTES], char ret_text[HEAD_KEY_TEXT_BYTES]);
