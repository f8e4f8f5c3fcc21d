/*
 * Lapse: what is kept for a while beside what visitors did goes when its time is
 * over: subject requests that were closed `retention.requests` ago, with their
 * keys, and blocks of ids that no browser has any more.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/ingest/writer.h"
#include "crumb/store/trail.h"

struct lapse_work {
    struct db *db;
    const struct config *config;
    const struct trail *trail; /* what goes is put on record */
    int64_t now_ms;
    /* Queues an operation and waits for it. */
    int (*submit)(void *context, struct write_op *op);
    void *context;
};

/*
 * One look, at most every LAPSE_REST_MS: *resting_ms tells since when it rests, 0
 * at first.  At most LAPSE_ROWS_MAX rows go at a time.  *ret_n went.  0, or a fault: the next
 * look does it again.
 */
int lapse_pass(int64_t *resting_ms, const struct lapse_work *work, unsigned *ret_n);
