/*
 * Passes of keyring_turn() as operations.
 */
#include "crumb/rollup/turn.h"
#include "crumb/base/error.h"
#include "crumb/store/keyring.h"

struct turn {
    struct write_op super;
    bool done;
    int refusal;
};

/* It is of no use to the others of its batch that they fail with it. */
static int turn_apply(struct write_op *op, struct batch *batch)
{
    struct turn *turn = (struct turn *)op;
    struct keyring *keyring = db_keyring(batch->txn);

    turn->done = false;
    turn->refusal = 0;
    if (!keyring_has_changed(keyring)) /* else an operation before it has made keys: the next time, then */
        turn->refusal = keyring_turn(keyring, &turn->done);
    return 0;
}

static void turn_done(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

int turn_pass(struct db *db, int (*submit)(void *context, struct write_op *op), void *context, bool *ret_done)
{
    struct turn turn = {.super = {.reserve = true, .apply = turn_apply, .done = turn_done}};

    *ret_done = true;
    if (!keyring_turn_waits(db_keyring_of(db)))
        return 0;
    int r = error_fold(submit(context, &turn.super));
    if (r)
        return error_trace(r);
    *ret_done = turn.done;
    return turn.refusal < 0 ? error_trace(turn.refusal) : turn.refusal;
}
