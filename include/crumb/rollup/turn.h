/*
 * The turn to another master key while the service runs: a pass of it is an
 * operation of the writer, so keys are made and destroyed in between.
 */
#pragma once

#include "crumb/ingest/writer.h"

/*
 * One pass, where a next master key waits.  *ret_done: nothing is left to be
 * done.  0, a refusal of the keyring (the next master key cannot be used), or a
 * fault; it is as it was then, and may be tried again.
 */
int turn_pass(struct db *db, int (*submit)(void *context, struct write_op *op), void *context, bool *ret_done);
