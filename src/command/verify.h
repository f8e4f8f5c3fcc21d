/*
 * Between the files of crumb verify: what checks have gathered, what they find,
 * and what things are called.
 */
#pragma once

#include "command.h"
#include "crumb/base/buffer.h"
#include "crumb/base/progress.h"
#include "crumb/consent/head.h"
#include "crumb/consent/ledger.h"
#include "crumb/store/consents.h"

#define FOUND_BYTES_MAX 512

/* An older head that the ledger must continue. */
struct older_head {
    const char *file;
    struct head head;
    bool met;
};

/* A record that decides what its visitor allows, as events refer to it. */
struct decision {
    uint8_t visitor[VISITOR_BYTES];
    uint64_t sequence;
    bool grants;
};

struct verify {
    const struct config *config; /* names the sites */
    struct db_txn *txn;
    bool rebuild;
    const char *receipt; /* a file; NULL: none is asked about */
    const char *head_files[HEADS_MAX];
    struct older_head heads[HEADS_MAX];
    unsigned n_heads;
    struct decision *decisions; /* by visitor, then sequence, once sorted */
    size_t n_decisions, capacity;
    uint64_t n_records;     /* of the ledger */
    struct consents chosen; /* of them, those that are counted, by kind */
    uint64_t n_events;      /* of the journal */
    uint64_t n_removed;     /* events that were in it and are no more */
    uint64_t n_day_events, last_sequence;
    const struct day_state *day; /* of the day that is walked */
    struct buffer found;         /* what is wrong, one line */
    struct progress progress;    /* of the check under way */
    char keys[FOUND_BYTES_MAX];  /* how many there are, in words */
};

/* A check found something wrong: its walk ends. */
enum { VERIFY_E_WRONG = 1000 };

/* Notes what is wrong; returns VERIFY_E_WRONG. */
int verify_wrong(struct verify *verify, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- verify_name.c ---- */

struct verify_name {
    char text[SITE_NAME_BYTES_MAX + 64];
};

void verify_name_add(struct verify_name *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The configuration's name of a site, or its number where it has left it. */
struct verify_name verify_site_name(const struct verify *verify, uint32_t id);
/* "shop, 2026-01-02" */
struct verify_name verify_day_name(const struct verify *verify, uint32_t site, int32_t day);
/* "shop, 2026-01-02 08:00 UTC" */
struct verify_name verify_hour_name(const struct verify *verify, uint32_t site, uint32_t hour);

/* ---- checks: 0, VERIFY_E_WRONG or a fault ---- */

/* verify_ledger.c */
int verify_ledger(struct verify *verify);
int verify_visitors(struct verify *verify);
int verify_consents(struct verify *verify);
int verify_versions(struct verify *verify);
/* Behind verify_ledger(): the place of the first decision of @visitor at or after @sequence. */
size_t verify_find_decision(const struct verify *verify, const uint8_t visitor[VISITOR_BYTES], uint64_t sequence);
/* The decision there, or NULL: it is none of @visitor's. */
const struct decision *verify_decision_at(const struct verify *verify, size_t at, const uint8_t visitor[VISITOR_BYTES]);

/* verify_heads.c */
/* Reads the files. 0 or an exit code, after saying why. */
int verify_read_heads(struct verify *verify);
/* The ledger may have grown since: what a head names must be there, at the same place, with the same hash. */
void verify_meet_heads(struct verify *verify, const struct ledger_record *record);
int verify_heads(struct verify *verify);

/* verify_events.c */
int verify_journal(struct verify *verify);
int verify_books(struct verify *verify);
int verify_sequence(struct verify *verify);

/* verify_segments.c */
int verify_segments(struct verify *verify);
int verify_rollups(struct verify *verify);
/* What cannot be built again, as it has expired; in days that are not damaged. */
void verify_tell_expired(const struct verify *verify);
