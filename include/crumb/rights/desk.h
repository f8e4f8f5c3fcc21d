/*
 * The desk: where requests wait for their jobs, and whoever works these off is
 * told that there is one.  Any thread.
 */
#pragma once

#include "crumb/base/buffer.h"
#include <stdint.h>

struct desk;

/* 0 or -ENOMEM. */
int desk_new(struct desk **ret_desk);
/* Nobody may wait. Returns NULL. */
struct desk *desk_free(struct desk *desk);

/* Whom desk_call() calls; NULL: nobody any more, and no call is under way on return. */
void desk_listen(struct desk *desk, void (*hear)(void *context), void *context);
/* There is a new job, committed, so that whoever listens finds it; or there may be more. */
void desk_call(struct desk *desk);

/* Somebody who waits for a job. */
struct desk_wait {
    struct desk_wait *next; /* private */
    uint64_t job;
    /* Called once where the job was done, with its deed, lent for the call. Must not block. */
    void (*done)(struct desk_wait *wait, struct text deed);
};

/* Begins to wait; `done` is called at once where the job was done lately. */
void desk_wait(struct desk *desk, struct desk_wait *wait);
/* Waits no more. False: `done` was called, or is being called. */
bool desk_leave(struct desk *desk, struct desk_wait *wait);
/* A job was done. */
void desk_done(struct desk *desk, uint64_t job, struct text deed);
