/*
 * A list under a lock, and the deeds of jobs that were done lately: a job may be
 * done before whoever asked for it begins to wait.
 */
#include "crumb/rights/desk.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* The deed of a job. */
struct kept {
    uint64_t job; /* 0: none */
    size_t size;
    char deed[DEED_BYTES_MAX];
};

struct desk {
    pthread_mutex_t lock;
    struct kept kept[DESK_DEEDS_MAX]; /* a ring */
    size_t n_kept;
    struct desk_wait *waits;
    void (*hear)(void *context);
    void *context;
};

int desk_new(struct desk **ret_desk)
{
    struct desk *desk = calloc(1, sizeof *desk);

    if (!desk)
        return error_origin(-ENOMEM);
    pthread_mutex_init(&desk->lock, NULL);
    *ret_desk = desk;
    return 0;
}

struct desk *desk_free(struct desk *desk)
{
    if (desk) {
        assert(!desk->waits);
        pthread_mutex_destroy(&desk->lock);
        free(desk);
    }
    return NULL;
}

void desk_listen(struct desk *desk, void (*hear)(void *context), void *context)
{
    pthread_mutex_lock(&desk->lock);
    desk->hear = hear;
    desk->context = context;
    pthread_mutex_unlock(&desk->lock);
}

void desk_call(struct desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    if (desk->hear)
        desk->hear(desk->context);
    pthread_mutex_unlock(&desk->lock);
}

static const struct kept *find_kept(const struct desk *desk, uint64_t job)
{
    for (size_t i = 0; i < DESK_DEEDS_MAX; i++)
        if (desk->kept[i].job == job)
            return &desk->kept[i];
    return NULL;
}

static void keep(struct desk *desk, uint64_t job, struct text deed)
{
    struct kept *kept = &desk->kept[desk->n_kept++ % DESK_DEEDS_MAX];

    assert(job && deed.size <= sizeof kept->deed);
    kept->job = job;
    kept->size = deed.size;
    memcpy(kept->deed, deed.data, deed.size);
}

void desk_wait(struct desk *desk, struct desk_wait *wait)
{
    pthread_mutex_lock(&desk->lock);
    const struct kept *kept = find_kept(desk, wait->job);
    if (kept) {
        wait->done(wait, (struct text){.data = kept->deed, .size = kept->size});
    } else {
        wait->next = desk->waits;
        desk->waits = wait;
    }
    pthread_mutex_unlock(&desk->lock);
}

bool desk_leave(struct desk *desk, struct desk_wait *wait)
{
    bool found = false;

    pthread_mutex_lock(&desk->lock);
    for (struct desk_wait **at = &desk->waits; *at && !found; at = found ? at : &(*at)->next)
        if (*at == wait) {
            *at = wait->next;
            found = true;
        }
    pthread_mutex_unlock(&desk->lock);
    return found;
}

void desk_done(struct desk *desk, uint64_t job, struct text deed)
{
    pthread_mutex_lock(&desk->lock);
    keep(desk, job, deed);
    for (struct desk_wait **at = &desk->waits; *at;) {
        struct desk_wait *wait = *at;

        if (wait->job != job) {
            at = &wait->next;
            continue;
        }
        *at = wait->next;
        wait->done(wait, deed);
    }
    pthread_mutex_unlock(&desk->lock);
}
