/*
 * A batch: one write transaction of the writer, and what its operations share:
 * the sequence, the books and the marks on days.  These are gathered in memory
 * and written once, just before the commit, in the same transaction.
 *
 * One sequence numbers consent records and events alike, so the order of a
 * withdrawal and an event is a comparison of two numbers.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/store/accounting.h"
#include "crumb/store/day.h"
#include "crumb/store/db.h"
#include "crumb/store/keyring.h"

struct batch {
    struct db_txn *txn;    /* for the operations' own rows */
    bool reserve;          /* it uses the reserve: only what takes consent away or makes room may be in it */
    struct buffer scratch; /* for whoever encodes a row: clear it first */
    /* private */
    uint64_t next_sequence;
    uint8_t salt[CRYPT_SALT_BYTES];
    bool has_salt;
    struct batch_books *books;
    size_t n_books, books_capacity, books_hit;
    struct batch_day *days;
    size_t n_days, days_capacity, days_hit;
};

/* Begins a write transaction. 0 or a fault. End it with batch_commit() or batch_abort(). */
int batch_begin(struct db *db, struct batch *ret_batch);

/* Lets the batch fill the reserve (store/db.h). */
void batch_use_reserve(struct batch *batch);

/* The next number of the store's sequence; never given again once the batch is committed. */
uint64_t batch_take_sequence(struct batch *batch);

/*
 * The next number for a visitor of @site, from 1; never given again once the
 * batch is committed.  0, a fault (-EBADMSG: the row is damaged), or -EOVERFLOW
 * after VISITORS_MAX.
 */
int batch_take_visitor(struct batch *batch, uint32_t site, uint32_t *ret_number);

/* The same for a request of a subject at @site. */
int batch_take_request(struct batch *batch, uint32_t site, uint32_t *ret_number);

/*
 * A new key, which is on disk when the batch is; and one that the rows of the
 * batch give up, which is destroyed once they are committed ({0, 0}: nothing is
 * done).  0 or a fault.
 */
int batch_new_key(struct batch *batch, enum key_kind kind, struct key_ref *ret_ref, uint8_t ret_key[CRYPT_KEY_BYTES]);
int batch_doom_key(struct batch *batch, struct key_ref ref);

/* Opens a key, also one that the batch has made; lent until the next call. 0, KEYRING_E_GONE or a fault. */
int batch_key(struct batch *batch, struct key_ref ref, const uint8_t **ret_key);

/* Random, and the same throughout the batch: for boxes whose place is written once in it. Lent with it. */
const uint8_t *batch_salt(struct batch *batch);

/* Adds to the books of @site and @hour. 0 or -ENOMEM. */
int batch_count(struct batch *batch, uint32_t site, uint32_t hour, const struct books *delta);

/*
 * Whether an event of that day may still be stored: not where its journal, or
 * that of a later day of the site, has expired, as nothing that is built would
 * tell of it.  0, BATCH_E_EXPIRED or a fault.
 */
enum { BATCH_E_EXPIRED = 1 };
int batch_takes_day(struct batch *batch, uint32_t site, int32_t day);

/*
 * The key that the events of a day are under, besides those of their visitors;
 * made with the first of them.  0 or a fault.
 */
int batch_day_key(struct batch *batch, uint32_t site, int32_t day, struct key_ref *ret_ref);

/* Notes that an event with @sequence was added to the journal of @site and @day. 0 or -ENOMEM. */
int batch_mark_day(struct batch *batch, uint32_t site, int32_t day, uint64_t sequence);

/* Writes what was gathered and commits. 0: on disk. A fault: nothing of the batch is. The batch is gone either way. */
int batch_commit(struct batch *batch);
void batch_abort(struct batch *batch);

/* The sequence number that the next write will get; reads the committed state. */
int batch_next_sequence(struct db_txn *txn, uint64_t *ret_sequence);
