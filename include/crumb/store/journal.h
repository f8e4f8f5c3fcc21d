/*
 * The journal: tier 1, events as they arrived, cut to what is consented.
 * Format: docs/formats.md, "Journal".
 */
#pragma once

#include "crumb/store/batch.h"
#include "crumb/store/event.h"
#include "crumb/store/key.h"

struct journal_record {
    uint32_t site;
    int32_t day;       /* of the event, in the site's zone */
    uint64_t sequence; /* given by journal_append() */
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

/* Adds a record, gives it the next sequence, marks its day. 0 or a fault. */
int journal_append(struct batch *batch, struct journal_record *record);

/*
 * Takes classes out of a stored record: what is left is written in its place,
 * and nothing where the class that carries the event is among them.  *ret_left
 * is false then.  The day's row is the caller's.  0, DB_E_NOT_FOUND, or a fault
 * (-EBADMSG: the record is damaged).
 */
int journal_cut(struct batch *batch, uint32_t site, int32_t day, uint64_t sequence, unsigned classes, bool *ret_left);

/* Reads a record; sections are borrowed from @value. False: damaged. */
bool journal_decode(struct text key, struct text value, struct journal_record *ret_record);

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
