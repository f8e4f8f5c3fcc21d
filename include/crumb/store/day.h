/*
 * Site-days: how many events the journal of a day has, up to which sequence,
 * and up to which sequence its rollups were built.  A day whose `sealed` is
 * behind its `last` is open, or dirty: late events arrived after the seal.  So is
 * one whose `built` is behind its `changes`: a visitor used a right, which
 * changed what is true of the day.
 */
#pragma once

#include "crumb/store/db.h"
#include "crumb/store/keyring.h"

struct day_state {
    uint64_t events;    /* in the journal */
    uint64_t removed;   /* that were there and are no more */
    uint64_t last;      /* sequence of the newest event */
    uint64_t sealed;    /* `last` as it was when the rollups were built; 0: never sealed */
    uint32_t changes;   /* of what is true of it, otherwise than by new events */
    uint32_t built;     /* `changes` as it was when the rollups were built */
    struct key_ref key; /* its events are under this one, too, and it goes with them; {0, 0}: there are none */
    bool rewritten;     /* rows of its journal were removed or changed since the seal */
    bool expired;       /* its journal is gone or on its way: it is not looked at any more */
    bool folded;        /* so is its segment: nothing is left but folded rollups, which stay as they are */
};

/* DB_E_NOT_FOUND: no event ever was on this day. -EBADMSG: the row is damaged. */
int day_get(struct db_txn *txn, uint32_t site, int32_t day, struct day_state *ret_state);
int day_put(struct db_txn *txn, uint32_t site, int32_t day, const struct day_state *state);

/* True where the rollups tell everything that the journal does. */
static inline bool day_is_sealed(const struct day_state *state)
{
    return state->folded || (state->sealed && state->sealed == state->last && state->built == state->changes);
}

/* True where the segment, amended, tells everything that the journal does: all there is of a day that has expired. */
static inline bool day_has_segment(const struct day_state *state)
{
    return state->sealed && !state->folded && (state->sealed == state->last || state->expired);
}

/*
 * True where the segment needs not be built again, only what is made of it: no
 * more came, and no row of the journal changed.
 */
static inline bool day_keeps_segment(const struct day_state *state)
{
    return day_has_segment(state) && !state->rewritten && !state->expired;
}

/* Called for each row in ascending order; a non-zero result ends the walk and is returned. */
typedef int (*day_visit)(void *context, uint32_t site, int32_t day, const struct day_state *state);
int day_each(struct db_txn *txn, day_visit visit, void *context);
/* The same from a day of a site on, which may lead to other sites. */
int day_each_from(struct db_txn *txn, uint32_t site, int32_t day, day_visit visit, void *context);

/* The first one from a day of a site on. DB_E_NOT_FOUND: there is none. */
int day_next(struct db_txn *txn, uint32_t site, int32_t from, int32_t *ret_day, struct day_state *ret_state);

/* The first and last day of a site. DB_E_NOT_FOUND: it has none. */
int day_bounds(struct db_txn *txn, uint32_t site, int32_t *ret_first, int32_t *ret_last);
