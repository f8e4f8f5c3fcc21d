/*
 * The requests of a store: their rows, the queue of those that are open, by the
 * day on which they are due, and whose they are.  The three change together.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/rights/request.h"
#include "crumb/store/batch.h"

enum {
    REQUESTS_E_FULL = 1,    /* REQUESTS_OPEN_MAX of the site are open */
    REQUESTS_E_STATE = 2,   /* it is not to be moved so from where it is */
    REQUESTS_E_HISTORY = 3, /* REQUEST_STEPS_MAX steps were taken */
    REQUESTS_E_NONE = 4,    /* there is no such request; or what it said was erased */
    REQUESTS_E_STALE = 5    /* steps were taken with it that whoever takes this one has not seen */
};

/*
 * Adds a request: everything but its number and site's is the caller's, and one
 * step.  0, REQUESTS_E_FULL or a fault.
 */
int requests_add(struct batch *batch, uint32_t site, struct request *request);

/* All but its body, which is lent by the transaction. 0, REQUESTS_E_NONE or a fault; -EBADMSG: damaged. */
int requests_get(struct db_txn *txn, uint32_t site, uint32_t number, struct request *ret_request);

/*
 * Reads the body into @plain, from which @request borrows then.  0,
 * REQUESTS_E_NONE or a fault; -EBADMSG: damaged.  The second is for the writer,
 * who may have made the request in the same batch.
 */
int requests_open(struct db_txn *txn, struct request *request, struct buffer *plain);
int requests_open_in(struct batch *batch, struct request *request, struct buffer *plain);

/*
 * Takes a step with a request that requests_open_in() has read.  0, REQUESTS_E_STATE, _HISTORY
 * or a fault; @request is changed where it is 0.
 */
int requests_move(struct batch *batch, struct request *request, const struct request_step *step);

/*
 * Cuts what leads from a visitor to their requests, which stay for whoever has
 * their keys: at most @n_max.  *ret_n were cut.  0 or a fault.
 */
int requests_forget(struct batch *batch, uint32_t site, const uint8_t asker[ASKER_BYTES], unsigned n_max,
                    unsigned *ret_n);

/*
 * Whether it has been closed since @until_ms, or before; where nobody can answer
 * it, as its site left the configuration, whether nothing happened to it since.
 * Pure.
 */
bool requests_is_over(const struct request *request, bool is_left, int64_t until_ms);
/* Removes one that is, and destroys its key. 0 or a fault. */
int requests_remove(struct batch *batch, uint32_t site, uint32_t number, bool is_left, int64_t until_ms,
                    bool *ret_removed);

/* Called for each, without its body; a non-zero result ends the walk and is returned. */
typedef int (*requests_visit)(void *context, const struct request *request);

/* Those that are open, the first that is due first. 0, what @visit returned, or a fault. */
int requests_each_open(struct db_txn *txn, uint32_t site, requests_visit visit, void *context);
/* All of a site, the newest first. */
int requests_each_back(struct db_txn *txn, uint32_t site, requests_visit visit, void *context);
/* Those of one visitor, in the order of their making. */
int requests_each_of(struct db_txn *txn, uint32_t site, const uint8_t asker[ASKER_BYTES], requests_visit visit,
                     void *context);
/* All of the store. -EBADMSG: one is damaged, *ret_site and *ret_number name it. */
int requests_each(struct db_txn *txn, requests_visit visit, void *context, uint32_t *ret_site, uint32_t *ret_number);

struct requests_count {
    unsigned n_open; /* soon and overdue ones among them */
    unsigned n_soon; /* due today or on one of the next REQUEST_SOON_DAYS working days */
    unsigned n_overdue;
};

/* What is to be done at @site, by its calendar. Reads the queue alone. 0 or a fault. */
int requests_count(struct db_txn *txn, const struct site *site, int64_t now_ms, struct requests_count *ret_count);

enum request_urgency { REQUEST_LATER, REQUEST_SOON, REQUEST_OVERDUE };
/* Of an open request. Pure. */
enum request_urgency requests_urgency(const struct site *site, int32_t due, int64_t now_ms);
/* How many working days are left until it is due; below 0: for how many it has been (calendar.h). Pure. */
int requests_left(const struct site *site, int32_t due, int64_t now_ms);

/*
 * Checks that rows, queue and askers agree.  REQUESTS_E_STATE: *ret_what says
 * what is wrong with request *ret_number of *ret_site.  0 or a fault.
 */
int requests_verify(struct db_txn *txn, uint32_t *ret_site, uint32_t *ret_number, const char **ret_what,
                    uint64_t *ret_n);
