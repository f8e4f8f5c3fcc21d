/*
 * Codes: several fields of one table as one number.  Hits or visits with the
 * same rows of all fields have the same code, and codes are few: from 0 to n.
 *
 * One field's codes are its rows as they are.  Each further field is folded in:
 * every pair of the code so far and a row that occurs gets the next number.
 * Fields of visits come first, as there are less visits than hits.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/rollup/projection.h"
#include "crumb/rollup/tally.h"

/* A pair of what was folded: the code before it, and the row of the field that was added. */
struct codes_pair {
    uint32_t left, right;
};

struct codes {
    bool of_hits;
    const uint32_t *of; /* each hit or visit */
    uint32_t n;
    /* private */
    unsigned n_fields;
    unsigned places[QUERY_DIMENSIONS_MAX]; /* of the fields in the order of folding */
    struct projection projections[QUERY_DIMENSIONS_MAX];
    uint32_t *own[QUERY_DIMENSIONS_MAX];            /* `of` after each fold */
    struct codes_pair *pairs[QUERY_DIMENSIONS_MAX]; /* what its numbers are */
};

#define CODES_INIT ((struct codes){.n = 0})

/*
 * Codes of @table, which must live as long.  Visits with a 0 in @visits, and
 * hits with one in @hits (which may be NULL), may have any.  0, -ENOMEM or
 * -EBADMSG.
 */
int codes_make(const struct tally_field *fields, unsigned n_fields, const struct table *table, const uint8_t *visits,
               const uint8_t *hits, struct codes *ret_codes);
void codes_deinit(struct codes *codes);

/* The text of each field of a code. */
void codes_texts(const struct codes *codes, uint32_t code, struct text texts[QUERY_DIMENSIONS_MAX]);
