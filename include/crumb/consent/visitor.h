/*
 * Visitors: the live choice of each visitor who granted something that
 * collects.  One row per site and visitor.  Where a refusal or withdrawal erases,
 * it removes the row, as whoever refuses is not to be recognised.  Where what was
 * collected stays, the row rests: it grants nothing, and leads whoever has the
 * id to what is kept of them (GDPR art. 11(2), 12(2), 15 to 18).
 * Format: docs/formats.md, "Visitor".
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/consent/policy.h"
#include "crumb/consent/regime.h"
#include "crumb/store/batch.h"
#include "crumb/store/key.h"

struct visitor {
    enum choice_kind choice;
    enum regime regime; /* where and when the choice was made */
    char country[3];    /* there; "": unknown */
    bool gpc_at_choice, restricted, minor;
    uint64_t consent;               /* sequence of the ledger record that made this state */
    uint32_t number;                /* in the order of their coming to this site, from 1; stands for them in segments */
    struct key_ref key;             /* what all that is kept of the visitor is encrypted under */
    int64_t since_ms;               /* when the visitor id was made */
    int64_t at_ms;                  /* when the choice was made */
    uint64_t granted[PURPOSES_MAX]; /* the `material` of each granted purpose */
    unsigned n_granted;             /* 0: the row rests */
};

/* DB_E_NOT_FOUND, or a fault; -EBADMSG: the row is damaged (treat as no consent). */
int visitor_get(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES], struct visitor *ret_visitor);
/* Whether the visitor's key is gone, as in a backup that is older than their erasure: 0, VISITOR_E_ERASED or a fault.
 */
int visitor_is_erased(struct db_txn *txn, const struct visitor *visitor);
enum { VISITOR_E_ERASED = 1 };
int visitor_put(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES], const struct visitor *visitor);
int visitor_delete(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES]);

/* Whether there is a row of somebody whose key is there and whose id has not expired; a damaged one is none. */
int visitor_find(struct batch *batch, const struct site *site, const uint8_t id[VISITOR_BYTES], int64_t now_ms,
                 struct visitor *ret_visitor, bool *ret_found);

/* What becomes of a row that is not erased when its choice ends. */
struct visitor_rest {
    enum choice_kind choice; /* that ends it */
    uint64_t consent;        /* the ledger's record of that; 0: there is none of this visitor */
    int64_t at_ms;
};

/*
 * Lets a row rest.  *ret_rests: it does; else there is no row to speak of, or
 * the id has expired, and the row is gone like by visitor_end().
 */
int visitor_rest(struct batch *batch, const struct site *site, const uint8_t id[VISITOR_BYTES],
                 const struct visitor_rest *rest, bool *ret_rests);

/*
 * Removes a row for good, if there is one, while events of the visitor stay as long as
 * the journal keeps them: its key becomes an orphan (store/orphans.h).
 */
int visitor_end(struct batch *batch, const struct site *site, const uint8_t id[VISITOR_BYTES], int64_t now_ms);

/* Called for each row; a non-zero result ends the walk and is returned. -EBADMSG: a row is damaged. */
typedef int (*visitor_visit)(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES],
                             const struct visitor *visitor);
int visitor_each(struct db_txn *txn, visitor_visit visit, void *context);

/* False of a row that rests, and once the choice or the visitor id has expired by the site's retention. Pure. */
bool visitor_is_live(const struct visitor *visitor, const struct site *site, int64_t now_ms);

/*
 * How long the row and crumb_id last: as long as the id by the site's retention,
 * and no longer than the last visit of before the choice ended is kept.  Pure.
 */
int64_t visitor_until_ms(const struct visitor *visitor, const struct site *site);

/*
 * What the policy says for this visitor at @now_ms and @place under the site's
 * present configuration.  @visitor may be NULL: nobody known.  Pure.
 */
struct policy_answer visitor_allowed(const struct visitor *visitor, const struct site *site, const struct place *place,
                                     bool gpc_now, int64_t now_ms);

/* True where every purpose that was granted still means what it meant then. Pure. */
bool visitor_is_current(const struct visitor *visitor, const struct site *site);

/*
 * Which of the site's purposes are granted, as a set of indexes: by the same
 * policy, for those that collect nothing, too.  Pure.
 */
uint32_t visitor_granted(const struct visitor *visitor, const struct site *site, const struct place *place,
                         bool gpc_now, int64_t now_ms);
