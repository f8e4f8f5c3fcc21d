/*
 * The audit trail: who read personal data, and who did what as an
 * administrator (GDPR art. 5(2), 30, 32).  A chain (store/chain.h) whose
 * records are signed one by one with the store's key, so that nobody who can
 * merely write the file can add one.  Records are numbered from 1 without gaps.
 *
 * Actors are tokens by their names, commands by the user who ran them, visitors
 * as such, and the service itself.  A visitor is never named: by an HMAC of the
 * id at most, which tells only whoever has the key and the id that the two
 * belong together.
 * Format: docs/formats.md, "Audit".
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/reader.h"
#include "crumb/store/chain.h"
#include "crumb/store/sign.h"

#define TRAIL_TIME_MS_MAX 253402300799999 /* of the year 9999, the last one that can be written */

/* Numbers are on disk: append, never renumber. */
enum trail_actor {
    ACTOR_SERVICE = 1, /* by itself, or by a signal */
    ACTOR_TOKEN = 2,
    ACTOR_COMMAND = 3,
    ACTOR_VISITOR = 4,
    ACTOR_N
};

enum trail_act {
    ACT_CONFIGURED = 1,      /* a configuration came into force by a reload */
    ACT_REFUSED = 2,         /* a token was used for what it may not do */
    ACT_EXPORTED = 3,        /* hits of a site */
    ACT_DUMPED = 4,          /* a table that holds personal data */
    ACT_DISCLOSED = 5,       /* everything of one visitor, by an order */
    ACT_REQUEST_READ = 6,    /* a subject request, with what it says */
    ACT_REQUEST_MOVED = 7,   /* it was answered, refused, or otherwise worked on */
    ACT_KEY_ROTATED = 8,     /* the master key */
    ACT_COMPACTED = 9,       /* the store was written anew without what was deleted */
    ACT_EXPIRED = 10,        /* data went by its retention */
    ACT_ERASED = 11,         /* data went by a right or a withdrawal */
    ACT_UNREADABLE = 12,     /* a command's act was left behind and cannot be read */
    ACT_MINOR_REPORTED = 13, /* a visitor was reported to be a child: erased, and blocked */
    ACT_N
};

/* What happened. Texts are UTF-8 and borrowed; empty where there is nothing to say. */
struct trail_entry {
    int64_t at_ms;
    enum trail_actor actor;
    struct text name; /* of the actor, at most TRAIL_NAME_BYTES_MAX */
    enum trail_act act;
    struct text site;    /* its name */
    struct text object;  /* what it was done to, at most TRAIL_OBJECT_BYTES_MAX */
    struct text details; /* at most TRAIL_DETAILS_BYTES_MAX */
};

struct trail_record {
    uint64_t sequence;
    uint8_t previous[HASH_BYTES], hash[HASH_BYTES];
    uint8_t signature[SIGN_BYTES];
    struct trail_entry entry;
};

/* What it is written with. */
struct trail {
    uint8_t seed[SIGN_KEY_BYTES];
    uint8_t hash_key[SIGN_KEY_BYTES];
};

/* @seed: of data/ledger.key. Pure. */
void trail_init(struct trail *trail, const uint8_t seed[SIGN_KEY_BYTES]);

/* What stands for a visitor: the first bytes of HMAC-SHA-256. Pure. */
#define TRAIL_VISITOR_BYTES 16
void trail_visitor(const struct trail *trail, const uint8_t visitor[VISITOR_BYTES],
                   uint8_t ret_hash[TRAIL_VISITOR_BYTES]);
/* "visitor 0123…", as an entry's object. */
#define TRAIL_VISITOR_TEXT_BYTES (sizeof "visitor " + 2 * TRAIL_VISITOR_BYTES)
void trail_visitor_text(const struct trail *trail, const uint8_t visitor[VISITOR_BYTES],
                        char ret_text[TRAIL_VISITOR_TEXT_BYTES]);

/* The entry's bytes, as records and acts (store/act.h) have them. Texts that are too long are cut between characters.
 */
void trail_entry_put(struct buffer *buffer, const struct trail_entry *entry);
/* False: they are not those of an entry. */
bool trail_entry_read(struct reader *reader, struct trail_entry *ret_entry);

/* Appends a record. 0 or a fault. */
int trail_append(struct batch *batch, const struct trail *trail, const struct trail_entry *entry);
/* The same of what went by a site's retention: @object says what it was, @details how much. Texts are lent. */
int trail_append_expired(struct batch *batch, const struct trail *trail, int64_t at_ms, const char *site,
                         const char *object, const char *details);

/* Reads a record; texts are borrowed from @value. Checks its form and its own hash. False: damaged. Pure. */
bool trail_decode(uint64_t sequence, struct text value, struct trail_record *ret_record);

/* Whether it was signed with the key whose public half is @key. Pure. */
bool trail_signed(const struct trail_record *record, const uint8_t key[SIGN_KEY_BYTES]);

/* 0, or a fault; -EBADMSG: it is damaged. */
int trail_head(struct db_txn *txn, struct chain_head *ret_head);

/* Called for each record; a non-zero result ends the walk and is returned. */
typedef int (*trail_visit)(void *context, const struct trail_record *record);

/* Walks from the last record below @before to the first. 0, what @visit returned, or a fault; -EBADMSG: damaged. */
int trail_each_back(struct db_txn *txn, uint64_t before, trail_visit visit, void *context);

/*
 * Walks the chain from its beginning.  @key: the public key; NULL: signatures
 * are not looked at.  @visit may be NULL.  CHAIN_E_BROKEN: *ret_break names the
 * first record that is wrong.
 */
int trail_verify(struct db_txn *txn, const uint8_t *key, trail_visit visit, void *context,
                 struct chain_break *ret_break);

enum {
    TRAIL_E_MORE = 2, /* beside CHAIN_E_BROKEN */
    TRAIL_E_NONE = 3
};

/*
 * Walks at most @most records behind record @after (0: from the first), with
 * their signatures.  0: to the end, and that is the one that was written last.
 * TRAIL_E_MORE: there are more.  TRAIL_E_NONE: there is no record @after.
 * CHAIN_E_BROKEN: *ret_break names the first that is wrong.  *ret_last, but for
 * TRAIL_E_NONE: the last that is good, 0 where none is.
 */
int trail_verify_part(struct db_txn *txn, const uint8_t key[SIGN_KEY_BYTES], uint64_t after, unsigned most,
                      uint64_t *ret_last, struct chain_break *ret_break);

/* As the interface calls them; "?" for a number that is none. */
const char *trail_actor_word(unsigned actor);
const char *trail_act_word(unsigned act);
/* The act of that name, or -1. */
int trail_find_act(struct text name);
