/*
 * The journal: tier 1, events as they arrived, cut to what is consented, each
 * encrypted under its visitor's key and its day's, joined.  Where one of them was
 * destroyed, with the visitor or with the day, the record is erased, and every
 * walk passes over it.
 * Format: docs/formats.md, "Journal".
 */
#pragma once

#include "crumb/store/batch.h"
#include "crumb/store/event.h"
#include "crumb/store/key.h"
#include "crumb/store/keys.h"

struct journal_record {
    uint32_t site;
    int32_t day;            /* of the event, in the site's zone */
    uint64_t sequence;      /* given by journal_append() */
    struct key_ref key;     /* of the visitor */
    struct key_ref day_key; /* given by journal_append() */
    enum event_kind kind;
    uint8_t visitor[VISITOR_BYTES];
    uint32_t number;      /* of the visitor at the site (consent/visitor.h) */
    uint64_t consent;     /* sequence of the ledger record that allows it */
    uint64_t fingerprint; /* of visitor and event id, 0: it had no id */
    unsigned granted;     /* which classes the visitor allowed, whether the event says something of them or not */
    unsigned classes;     /* which sections there are: some of those */
    struct text sections[CLASS_N];
};

/* XXH3-64 of visitor and event id, never 0; 0 where @id is empty. */
uint64_t journal_fingerprint(const uint8_t visitor[VISITOR_BYTES], struct text id);

/* Adds a record, gives it the next sequence, marks its day. 0, JOURNAL_E_ERASED (the visitor's key is gone) or a fault.
 */
int journal_append(struct batch *batch, struct journal_record *record);

enum { JOURNAL_E_ERASED = 1 };

/* What a job does with a record that is under the key @from. */
struct journal_change {
    uint32_t site;
    int32_t day;
    uint64_t sequence;
    struct key_ref from, to; /* to: none: the record goes; else it is written anew under that key ... */
    unsigned classes;        /* ... without these; where one of them carries the event it goes, too */
};

/*
 * Changes a record in its place; the day's row is the caller's.  *ret_left: it
 * is there still; *ret_cut: it is not what it was.  0, DB_E_NOT_FOUND (there is
 * none, or it is under another key), or a fault (-EBADMSG: it is damaged).
 */
int journal_change(struct batch *batch, const struct journal_change *change, bool *ret_left, bool *ret_cut);

/*
 * Reads a record; sections are borrowed from @plain, which is overwritten.  0,
 * JOURNAL_E_ERASED, or a fault (-EBADMSG: it is damaged, or its key is).
 */
int journal_decode(struct text key, struct text value, struct keys *keys, struct buffer *plain,
                   struct journal_record *ret_record);

/* Whose key a record is under, without opening it. False: damaged. */
bool journal_key(struct text key, struct text value, struct key_ref *ret_ref);

/* Decodes the sections of a record into an event. False: damaged. */
bool journal_event(const struct journal_record *record, struct event *ret_event);

/*
 * Called for each record of a range, ascending; a non-zero result ends the walk
 * and is returned.  The record is lent for the call.
 */
typedef int (*journal_visit)(void *context, const struct journal_record *record);

/*
 * Walks the records of @site and @day whose sequence is above @after.  0, what
 * @visit returned, or a fault (-EBADMSG: a record is damaged).
 */
int journal_each(struct db_txn *txn, uint32_t site, int32_t day, uint64_t after, journal_visit visit, void *context);

/* The same of records under the keys of which @wanted says so; no others are opened. */
int journal_each_under(struct db_txn *txn, uint32_t site, int32_t day,
                       bool (*wanted)(void *context, struct key_ref ref), journal_visit visit, void *context);

/* The same, of all of a day, and how many are erased; 0 or a fault or what @visit returned. */
int journal_count(struct db_txn *txn, uint32_t site, int32_t day, journal_visit visit, void *context,
                  uint64_t *ret_n_erased);
