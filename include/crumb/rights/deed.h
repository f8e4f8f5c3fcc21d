/*
 * Deeds: receipts of what was done for a visitor who used a right.  Each is
 * JSON without an identifier, signed (Ed25519, RFC 8032) with the key of the
 * ledger, so that its holder can have it checked later.
 * Format: docs/formats.md, "Deeds".
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/words.h"
#include "crumb/consent/head.h"
#include "crumb/store/db.h"

#define DEED_ID_BYTES 16
#define DEED_ID_HEX_BYTES 33 /* and a NUL */

/* Their numbers are on disk: append, never renumber. */
enum deed_right {
    RIGHT_ERASURE = 1,     /* GDPR art. 17(1) */
    RIGHT_WITHDRAWAL = 2,  /* art. 7(3), 17(1)(b) */
    RIGHT_MINOR = 3,       /* art. 8, 17(1)(f) */
    RIGHT_RESTRICTION = 4, /* art. 18 */
    RIGHT_LIFTING = 5,     /* art. 18(3) */
    RIGHT_CORRECTION = 6,  /* art. 16 */
    RIGHT_N
};

/* "erasure" */
const char *deed_right_name(enum deed_right right);

struct deed {
    uint8_t id[DEED_ID_BYTES];
    struct text site;
    enum deed_right right;
    unsigned classes; /* that were erased */
    uint64_t events, visits, days;
    int64_t asked_ms, done_ms;
};

void deed_hex(const uint8_t id[DEED_ID_BYTES], char ret_hex[DEED_ID_HEX_BYTES]);
bool deed_unhex(struct text hex, uint8_t ret_id[DEED_ID_BYTES]);

/* Appends the deed, signed with the key of @seed, as canonical JSON. 0, -ENOMEM or -EOVERFLOW. */
int deed_sign(const struct deed *deed, const uint8_t seed[HEAD_KEY_BYTES], struct buffer *json);

enum {
    DEED_E_INVALID = 1, /* no deed */
    DEED_E_FORGED = 2   /* its signature is not that of @key over what it says */
};

/*
 * Whether @json, in any order and with any white space, was signed with the key
 * whose public half is @key; NULL: with the one that it names, whosever that is.
 */
int deed_check(struct text json, const uint8_t *key, uint8_t ret_id[DEED_ID_BYTES]);

int deed_put(struct db_txn *txn, const uint8_t id[DEED_ID_BYTES], struct text json);
/* DB_E_NOT_FOUND, or the JSON, lent by the transaction. */
int deed_get(struct db_txn *txn, const uint8_t id[DEED_ID_BYTES], struct text *ret_json);
