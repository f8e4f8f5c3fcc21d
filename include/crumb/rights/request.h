/*
 * A subject request: what somebody asks of the site beyond what the program
 * does by itself, from a complaint to anything else (GDPR art. 12 to 22, 77).
 * It has a number, a day on which it is due, a state, and a history.
 *
 * Whoever made it follows it by the cookie crumb_id, or by its number and a key
 * that is told once: of the key only a hash is kept, and of the visitor what
 * the audit trail has, too (store/trail.h).
 * Format: docs/formats.md, "Request".
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/limits.h"
#include "crumb/store/crypt.h"
#include "crumb/store/key.h"
#include "crumb/store/keyring.h"
#include "crumb/store/trail.h"

/* Numbers are on disk: append, never renumber. */
enum request_kind {
    REQUEST_ACCESS = 1,
    REQUEST_COPY = 2,
    REQUEST_CORRECTION = 3,
    REQUEST_ERASURE = 4,
    REQUEST_RESTRICTION = 5,
    REQUEST_OBJECTION = 6,
    REQUEST_COMPLAINT = 7,
    REQUEST_OTHER = 8,
    REQUEST_KIND_N
};

enum request_state {
    REQUEST_OPEN = 1,
    REQUEST_IN_PROGRESS = 2,
    REQUEST_ANSWERED = 3,
    REQUEST_REFUSED = 4,
    REQUEST_WITHDRAWN = 5,
    REQUEST_STATE_N
};

enum request_side { REQUEST_BY_ASKER, REQUEST_BY_OFFICER, REQUEST_SIDE_N };

/* A step of its history; texts are borrowed. */
struct request_step {
    int64_t at_ms;
    enum request_state state; /* from then on */
    enum request_side side;
    struct text name; /* of the officer's token */
    bool is_told;     /* whoever asked sees the note; else officers alone do */
    struct text note;
};

#define REQUEST_KEY_BYTES 16 /* to follow it by */

struct request {
    uint32_t site, number;
    enum request_kind kind;
    enum request_state state;
    int64_t made_ms, changed_ms; /* the last step */
    int32_t due;                 /* a day of the site's zone */
    uint8_t follow[HASH_BYTES];  /* SHA-256 of the key */
    bool has_asker;
    uint8_t asker[ASKER_BYTES];

    /* What follows is encrypted. */
    struct key_ref key;             /* under this one, which is the request's own */
    uint8_t salt[CRYPT_SALT_BYTES]; /* of this writing */
    struct text box;                /* as the row has it; borrowed from it */

    /* The body: what was said. Texts are borrowed. */
    struct text text, contact;
    struct request_step steps[REQUEST_STEPS_MAX]; /* the first is its making */
    unsigned n_steps;
};

/* Whether it is waited for by somebody: it has a place in the queue. Pure, as all of these. */
bool request_is_open(enum request_state state);

/* Whether @side may move a request from one state to another, or add a note where both are the same. */
bool request_may_move(enum request_state from, enum request_state to, enum request_side side);

const char *request_kind_word(unsigned kind);
const char *request_state_word(unsigned state);
/* -1: there is no such word. */
int request_find_kind(struct text word);
int request_find_state(struct text word);

/* Appends the body. */
void request_encode_body(const struct request *request, struct buffer *buffer);
/* Reads it into @request. False: damaged, or not the body of what the rest says. Texts are borrowed from @body. */
bool request_decode_body(struct text body, struct request *request);

/* Appends the row, with request->salt and the body encrypted under @secret. */
void request_encode(const struct request *request, const struct key *key, const uint8_t secret[CRYPT_KEY_BYTES],
                    struct buffer *buffer);
/* The same of one whose body was not opened: its box stays as it is. */
void request_encode_closed(const struct request *request, const struct key *key, struct buffer *buffer);
/* Reads all but the body. False: damaged. */
bool request_decode(struct text key, struct text value, struct request *ret_request);
/* Opens the body of request->box into @plain, from which @request borrows then. 0, or a fault (-EBADMSG: damaged). */
int request_open(struct request *request, const uint8_t secret[CRYPT_KEY_BYTES], struct buffer *plain);
