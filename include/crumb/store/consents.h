/*
 * Consent statistics without tracking: how often a notice was shown and what
 * was answered, by site, day, notice, country, kind of device and language.
 * Counters and nothing else: no identifier, no time of day.
 *
 * A row changes only in the transaction that writes the ledger record it
 * counts, so the sum over a kind of choice is the number of records of it.
 * Format: docs/formats.md, "Consents".
 */
#pragma once

#include "crumb/base/words.h"
#include "crumb/store/db.h"
#include "crumb/store/key.h"

/* Counter 0 is "shown"; the others count a kind of choice by its number. */
#define CONSENTS_SHOWN 0
#define CONSENTS_N CHOICE_N

struct consents {
    uint64_t counts[CONSENTS_N];
    uint64_t answered; /* those of the choices that answered a notice on the screen */
};

/* Adds one to a counter, and to the answers. 0, or a fault; -EBADMSG: the row is damaged, and stays as it is. */
int consents_add(struct db_txn *txn, const struct key_consents *of, unsigned counter, bool answers);

/* Called for each row in ascending order; a non-zero result ends the walk and is returned. Texts are lent. */
typedef int (*consents_visit)(void *context, const struct key_consents *of, const struct consents *consents);

/* Walks all rows, or those of one site from @first to @last. 0, what @visit returned, or a fault; -EBADMSG: damaged. */
int consents_each(struct db_txn *txn, consents_visit visit, void *context);
int consents_each_of(struct db_txn *txn, uint32_t site, int32_t first, int32_t last, consents_visit visit,
                     void *context);

/* The first and last day of a site. DB_E_NOT_FOUND: it has none. */
int consents_bounds(struct db_txn *txn, uint32_t site, int32_t *ret_first, int32_t *ret_last);
