/*
 * The keeper: a thread that looks every SEAL_TICK_MS for days to seal, for
 * visitors who have expired, for what commands left for the audit trail, for
 * readers of the store that were killed, and for chores that others give it.
 */
#pragma once

#include "crumb/base/clock.h"
#include "crumb/consent/notice.h"
#include "crumb/ingest/writer.h"
#include "crumb/store/trail.h"

struct keeper;
struct days;

/* What else the keeper does at each look, of layers that it does not know; 0 or a fault. */
struct keeper_chore {
    int (*work)(void *context, const struct config *config, int (*submit)(void *context, struct write_op *op),
                void *submit_context, const atomic_bool *stop);
    void *context;
    const char *complaint; /* where it begins to fail: "cannot ..." */
};

/* Starts the thread; it takes a reference to @edition, whose data folder is the store's; @days (what questions hold in
 * memory) and @chores, of @n_chores, outlive it. 0 or a fault. */
int keeper_start(struct db *db, struct days *days, struct writer *writer, const struct clock *clock,
                 const struct trail *trail, struct edition *edition, const struct keeper_chore *chores,
                 unsigned n_chores, struct keeper **ret_keeper);
/* There is something to do: looks at once. Any thread. */
void keeper_wake(struct keeper *keeper);
/* Works with another edition from the next look on. */
void keeper_reload(struct keeper *keeper, struct edition *edition);
/* Ends the thread, after the day it is at. Before writer_stop(). Returns NULL. */
struct keeper *keeper_stop(struct keeper *keeper);
