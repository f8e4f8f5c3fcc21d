/*
 * A chain: an append-only table of records, each of which holds the SHA-256 of
 * the record before it and its own, so that a change, removal or insertion
 * anywhere breaks the chain at a place that can be named.  The head (last hash
 * and count) is kept beside it, so that records cut off at the end are missed,
 * too.  The ledger and the audit trail are chains.
 *
 *   value    version u8 | previous 32 | body | hash 32 | seal
 *   hash     SHA-256 of the sequence number and everything before the hash
 *   seal     what only the chain's owner can make, over the hash; may be empty
 */
#pragma once

#include "crumb/store/batch.h"
#include "crumb/store/key.h"

#define CHAIN_OVERHEAD_BYTES (1 + HASH_BYTES + HASH_BYTES) /* of a record, beside its body and its seal */

/* Lives for ever. */
struct chain {
    enum db_table table;
    struct text head_key; /* in DB_META */
    size_t record_bytes_max, seal_bytes;
};

/* Where a chain ends. An empty one's is all zeros: so is the first record's `previous`. */
struct chain_head {
    uint64_t n_records;
    uint64_t sequence; /* of the last record */
    uint8_t hash[HASH_BYTES];
};

/* A record, borrowed from its value. */
struct chain_link {
    uint64_t sequence;
    unsigned version;
    uint8_t previous[HASH_BYTES], hash[HASH_BYTES];
    struct text body, seal;
};

/* 0, or a fault; -EBADMSG: it is damaged. */
int chain_head(struct db_txn *txn, const struct chain *chain, struct chain_head *ret_head);

/* Writes the seal of a record with @hash, @chain->seal_bytes, into @ret_seal. */
typedef void (*chain_seal)(const void *context, const uint8_t hash[HASH_BYTES], uint8_t *ret_seal);

/*
 * Appends a record behind the last.  link->sequence, above the last one's,
 * link->version and link->body are the caller's; its hashes are set.  @seal may
 * be NULL where there is none.  0, or a fault; -EOVERFLOW: it is too large.
 */
int chain_append(struct batch *batch, const struct chain *chain, chain_seal seal, const void *context,
                 struct chain_link *link);

/* Reads a record; its texts are borrowed from @value. Checks its own hash, not the chain. False: damaged. */
bool chain_read(const struct chain *chain, uint64_t sequence, struct text value, struct chain_link *ret_link);

enum { CHAIN_E_BROKEN = 1 };

struct chain_break {
    uint64_t sequence; /* of the first record that is wrong; 0: the head is */
    const char *what;
};

/*
 * Called for each record in order.  Sets *ret_what where the record is wrong;
 * else a non-zero result ends the walk and is returned.
 */
typedef int (*chain_visit)(void *context, const struct chain_link *link, const char **ret_what);

/*
 * Walks the chain from its beginning and compares the head.  CHAIN_E_BROKEN:
 * *ret_break names the first record that is wrong.
 */
int chain_verify(struct db_txn *txn, const struct chain *chain, chain_visit visit, void *context,
                 struct chain_break *ret_break);

/*
 * The same from behind the record that *walked names on, which is a record that
 * was found good, or zeros.  *walked becomes the last one that was found good,
 * also where @visit ends the walk.
 */
int chain_verify_on(struct db_txn *txn, const struct chain *chain, struct chain_head *walked, chain_visit visit,
                    void *context, struct chain_break *ret_break);
