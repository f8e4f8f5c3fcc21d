/*
 * The writer: one thread that owns every write transaction.
 *
 * Operations are queued by any thread.  The writer takes as many as there are,
 * applies them in order in one transaction, commits, and only then tells each
 * that it is done (promise P2).
 *
 * A lone operation is never kept waiting.  While operations come in quickly,
 * a batch gathers for at most WRITER_BATCH_WAIT_US_MAX or until twice as many
 * are there as came last time, as a commit costs the same for one and for many.
 *
 * When the store is full, operations that take consent away or make room are
 * tried again by themselves with the reserve (store/db.h); the others are told.
 *
 * When a batch fails because of one operation, each is tried by itself, so a
 * damaged row or an impossible request spoils nobody else's.
 */
#pragma once

#include "crumb/store/batch.h"

struct write_op {
    struct write_op *next; /* private while the writer holds the operation */
    bool reserve;          /* may be tried with the reserve, and then refuses (-ENOSPC) what is not meant for it */
    size_t bytes;          /* memory it holds, counted against WRITER_QUEUE_BYTES_MAX */
    /*
     * Does the work inside the transaction.  0, or a fault: the transaction is
     * given up.  May be called again, in another transaction, and must then
     * start afresh.
     */
    int (*apply)(struct write_op *op, struct batch *batch);
    /*
     * Tells the outcome, once: 0, it is on disk; a fault: nothing of it is.
     * The operation is the callee's again.  Must not block.
     */
    void (*done)(struct write_op *op, int result);
};

struct writer;

enum {
    WRITER_E_FULL = 1,   /* too much is queued: try later */
    WRITER_E_STOPPED = 2 /* writer_stop() was called */
};

/* 0 or -ENOMEM. @db must outlive the writer. */
int writer_new(struct db *db, struct writer **ret_writer);
/* The thread must not run. Operations still queued are told -ECANCELED. Returns NULL. */
struct writer *writer_free(struct writer *writer);

/* Starts the thread. 0 or a fault. */
int writer_start(struct writer *writer);
/* Refuses new operations, finishes those that are queued, ends the thread. */
void writer_stop(struct writer *writer);

/* Queues @op. 0: done will be called. WRITER_E_FULL, WRITER_E_STOPPED: it was not taken. Any thread. */
int writer_submit(struct writer *writer, struct write_op *op);

/*
 * Queues @op and waits until it is done; returns its result, or a WRITER_E_
 * code.  Not on an event loop.  The op's own `done` is called before.
 */
int writer_submit_wait(struct writer *writer, struct write_op *op);

/* Applies everything that is queued on the calling thread, which must be the only one: for replay and tests. */
void writer_drain(struct writer *writer);

/* Whether operations come quickly, as the last batch had many: whoever can wait gives way. Any thread. */
bool writer_is_busy(struct writer *writer);

/* False while the disk or the map refuses to be written: GET /readyz. Any thread. */
bool writer_ready(struct writer *writer);
/* True when the store can no longer be written in this process (db_broken). Any thread. */
bool writer_broken(struct writer *writer);
