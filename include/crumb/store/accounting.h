/*
 * The books: for each site and hour, how many events were received, stored and
 * dropped by reason (promise P3).  No identifiers.  Rows change only in the
 * transaction that stores or drops the events they count, so that
 *
 *     received = stored + the sum of dropped
 *
 * holds in every state the store can be found in.
 */
#pragma once

#include "crumb/base/words.h"
#include "crumb/store/db.h"

struct books {
    uint64_t received;
    uint64_t stored;
    uint64_t dropped[REASON_N]; /* [REASON_NONE] stays 0 */
};

/* Site number of events that name no site of the configuration. */
#define ACCOUNTING_NO_SITE 0

/* The hour of an instant: hours since 1970 UTC. */
uint32_t accounting_hour(int64_t at_ms);

/* Counts one event: stored for REASON_NONE, dropped otherwise. */
void accounting_count(struct books *books, enum reason reason);

/* Adds @more to @books. */
void accounting_sum(struct books *books, const struct books *more);

bool accounting_balanced(const struct books *books);

/* Adds @delta to the row of @site and @hour. 0 or a fault (-EBADMSG: the row is damaged). */
int accounting_add(struct db_txn *txn, uint32_t site, uint32_t hour, const struct books *delta);

/*
 * The sum of the rows of @site with from_hour <= hour < to_hour.  0 or a fault
 * (-EBADMSG: a row is damaged).
 */
int accounting_between(struct db_txn *txn, uint32_t site, uint32_t from_hour, uint32_t to_hour,
                       struct books *ret_books);

/* Called for each row in ascending order; a non-zero result ends the walk and is returned. */
typedef int (*accounting_visit)(void *context, uint32_t site, uint32_t hour, const struct books *books);

/*
 * Walks all rows.  0, what @visit returned, or a fault; -EBADMSG: a row is
 * damaged, *ret_site and *ret_hour name it.
 */
int accounting_each(struct db_txn *txn, accounting_visit visit, void *context, uint32_t *ret_site, uint32_t *ret_hour);
