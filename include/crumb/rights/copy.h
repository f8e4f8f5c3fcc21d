/*
 * The copy: everything that is kept of a visitor, as JSON, for them or for
 * whomever they give it to (GDPR art. 15 and 20).  docs/rights.md describes it,
 * docs/copy.schema.json is its schema.
 *
 * It is made piece by piece, a day at a time, each from a transaction of its
 * own, so that a slow reader keeps no pages of the store.
 */
#pragma once

#include "crumb/consent/notice.h"
#include "crumb/store/db.h"
#include "crumb/store/key.h"
#include <jansson.h>

#define COPY_VERSION 1

struct copy_wish {
    struct db *db;
    const struct edition *edition; /* outlives the copy */
    const struct site *site;
    uint8_t visitor[VISITOR_BYTES];
    uint8_t asker[ASKER_BYTES]; /* what stands for the visitor among requests */
    int64_t now_ms;
};

enum { COPY_E_UNKNOWN = 1 };

/*
 * What is known of a visitor without looking at events: the live choice, every
 * choice, corrections, requests without their texts, and what is under way.  0, COPY_E_UNKNOWN, or a fault.
 */
int copy_overview(const struct copy_wish *wish, json_t **ret_object);

/*
 * The same for a page: requests with what was said, and `days` as the copy has
 * them, the latest first; `more`: there may be older ones.  Same results.
 */
int copy_lately(const struct copy_wish *wish, json_t **ret_object);

struct copy;

/* 0 or -ENOMEM. */
int copy_new(const struct copy_wish *wish, struct copy **ret_copy);
struct copy *copy_free(struct copy *copy);

/* The next piece, lent until the next call; empty: there is no more. 0, COPY_E_UNKNOWN at the first, or a fault. */
int copy_next(struct copy *copy, struct text *ret_piece);
