/*
 * A few threads for work that may block: queries and reads of the store.
 */
#pragma once

#include <stdbool.h>

struct pool;

enum {
    POOL_E_FULL = 1,   /* POOL_JOBS_MAX are queued: try later */
    POOL_E_STOPPED = 2 /* pool_free() was called */
};

struct pool_job {
    struct pool_job *next; /* private while the pool holds the job */
    bool cancelled;        /* the pool is stopping: nobody waits for the result, only for the end */
    /* Runs on one of the pool's threads; the job is the callee's again. */
    void (*run)(struct pool_job *job);
};

/* Starts @n_threads threads; @name, of at most 15 bytes, is theirs in ps(1) and outlives the pool. 0 or a fault. */
int pool_new(const char *name, unsigned n_threads, struct pool **ret_pool);
/* Refuses new jobs, runs those that are queued as cancelled, ends the threads. Returns NULL. */
struct pool *pool_free(struct pool *pool);
/* 0: job->run will be called. Any thread. */
int pool_submit(struct pool *pool, struct pool_job *job);
