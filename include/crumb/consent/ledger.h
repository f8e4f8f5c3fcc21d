/*
 * The ledger: every choice ever made, append-only and hash-chained (promise
 * P4; GDPR art. 7(1)).
 * Format: docs/formats.md, "Ledger".
 */
#pragma once

#include "crumb/consent/notice.h"
#include "crumb/store/chain.h"

#define RECORD_ID_BYTES 16

enum { LEDGER_SIGNAL_GPC = 1 };
#define LEDGER_VERSION 2
#define LEDGER_COUNTED 2 /* from this version on records are counted in store/consents.h */

struct ledger_answer {
    struct text purpose;
    bool granted;
};

struct ledger_record {
    unsigned version;  /* 1: written before there were country and device, and before choices were counted */
    uint64_t sequence; /* given by ledger_append() */
    uint8_t previous[HASH_BYTES], hash[HASH_BYTES]; /* given by ledger_append() */
    uint8_t id[RECORD_ID_BYTES];                    /* random, names the receipt */
    int64_t at_ms;
    struct text site;
    enum choice_kind kind;
    enum surface surface;
    enum regime regime; /* of the request */
    char country[3];    /* it came from there; "": unknown */
    enum device device;
    unsigned signals;
    struct text lang;
    uint8_t notice[HASH_BYTES], material[HASH_BYTES];
    uint8_t visitor[VISITOR_BYTES];             /* zeros: a refusal by somebody unknown */
    struct ledger_answer answers[PURPOSES_MAX]; /* everything that was asked */
    unsigned n_answers;
};

bool ledger_has_visitor(const struct ledger_record *record);

/* Appends @record and its receipt. 0 or a fault. */
int ledger_append(struct batch *batch, struct ledger_record *record);

/* Reads a record; texts are borrowed from @value. Checks its form and its own hash, not the chain. False: damaged. */
bool ledger_decode(uint64_t sequence, struct text value, struct ledger_record *ret_record);

/* By sequence, or by record id. DB_E_NOT_FOUND, or a fault; -EBADMSG: damaged. Texts are lent by the transaction. */
int ledger_get(struct db_txn *txn, uint64_t sequence, struct ledger_record *ret_record);
int ledger_find(struct db_txn *txn, const uint8_t id[RECORD_ID_BYTES], struct ledger_record *ret_record);

/* 0, or a fault; -EBADMSG: it is damaged. */
int ledger_head(struct db_txn *txn, struct chain_head *ret_head);

/* Called for each record in order; a non-zero result ends the walk and is returned. */
typedef int (*ledger_visit)(void *context, const struct ledger_record *record);

/* The same of one visitor's records. -EBADMSG: what leads to them is damaged. */
int ledger_each_of(struct db_txn *txn, const uint8_t visitor[VISITOR_BYTES], ledger_visit visit, void *context);

/*
 * Forgets, at most @n_max of them, what leads from a visitor to their records;
 * the records stay.  *ret_n: how many; fewer than @n_max: all.  0 or a fault.
 */
int ledger_forget(struct batch *batch, const uint8_t visitor[VISITOR_BYTES], unsigned n_max, unsigned *ret_n);

enum { LEDGER_E_BROKEN = CHAIN_E_BROKEN };

/*
 * Walks the chain from its beginning and compares the head.  LEDGER_E_BROKEN:
 * *ret_break names the first record that is wrong.  @visit may be NULL.
 */
int ledger_verify(struct db_txn *txn, ledger_visit visit, void *context, struct chain_break *ret_break);
