/*
 * What me.c and requests.c do for the privacy page, which shows rights itself.
 * Each @tell answers @req; its @context lives in the request's pool, or is NULL.
 */
#pragma once

#include "crumb/rights/request_parse.h"
#include "loop.h"

/* ---- me.c: restriction and correction ---- */

enum right_outcome {
    RIGHT_TAKEN,   /* it is in force */
    RIGHT_UNKNOWN, /* there is no such visitor */
    RIGHT_LATER    /* nothing was changed */
};

/* @asked: the deeds that will come; NULL but for RIGHT_TAKEN. */
typedef void (*right_told)(h2o_req_t *req, enum right_outcome outcome, const struct asked *asked, const void *context);

struct right_use {
    const struct site *site;
    const uint8_t *visitor;                /* VISITOR_BYTES */
    const struct corrections *corrections; /* NULL: it is about restriction */
    bool restricts;
};

/* What is used is copied. */
void me_use(struct exchange *exchange, const struct right_use *use, right_told tell, const void *context);

/* Reads the body of PATCH /v1/me. NULL, or what is wrong. */
const char *me_read_corrections(json_t *object, struct corrections *corrections);

/* ---- requests.c ---- */

enum request_outcome {
    REQUEST_GIVEN,
    REQUEST_UNKNOWN,
    REQUEST_TOO_MANY, /* REQUESTS_OPEN_MAX are open */
    REQUEST_ENDED,    /* it is no longer open */
    REQUEST_FAILED    /* nothing was changed */
};

/* @number and @key are of the one that was made. */
typedef void (*requests_told)(h2o_req_t *req, enum request_outcome outcome, uint32_t number, const char *key,
                              const void *context);

/* Whether the client may ask now; if so, it is counted. */
bool requests_may_ask(const struct exchange *exchange);
/* Takes what @wish holds. */
void requests_make(struct exchange *exchange, const struct request_wish *wish, requests_told tell, const void *context);
/* Takes back the one of that number: the visitor's of crumb_id, or the one of @key (hex digits), where it is not empty.
 */
void requests_take_back(struct exchange *exchange, const struct site *site, uint32_t number, struct text key,
                        requests_told tell, const void *context);
/* "0123..." to what is kept of it. False: it is no key. */
bool requests_read_key(struct text hex, uint8_t ret_follow[HASH_BYTES]);
/* The request of that number and key, as whoever asked may read it. 0, REQUESTS_E_NONE or a fault. */
int requests_read_by_key(struct db_txn *txn, const struct site *site, uint32_t number, const uint8_t follow[HASH_BYTES],
                         int64_t now_ms, json_t **ret_object);
