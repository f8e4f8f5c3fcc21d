/*
 * Sleep, look, seal, expire, and turn to another master key.  (And forget dead
 * readers: one that was killed in the middle of `crumb dump | head` would keep
 * every page from being used again.)
 */
#include "crumb/rollup/keeper.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/log.h"
#include "crumb/ingest/acts.h"
#include "crumb/ingest/expire.h"
#include "crumb/rollup/seal.h"
#include "crumb/rollup/turn.h"
#include "crumb/store/keyring.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_US_MAX (KEEPER_PAUSE_MS_MAX * 1000LL)

struct keeper {
    struct db *db;
    struct days *days;
    struct writer *writer;
    const struct clock *clock;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the edition */
    pthread_cond_t wake;
    struct edition *edition;
    struct expire expire; /* the keeper's thread only */
    char *folder;         /* of the store, whatever a reload says */
    const struct trail *trail;
    struct acts acts; /* the keeper's thread only */
    bool acts_failed;
    bool expire_failed, turn_failed, is_turning;
    const struct keeper_chore *chores;
    unsigned n_chores;
    bool chores_failed;
    int64_t paused_us; /* when it last slept, or let others go first; the keeper's thread only */
    bool is_called;    /* under the lock: somebody has something to do */
    atomic_bool stop;
};

/* Until then, or until it is to stop; a call to work is heard behind it. */
static void pause_until(struct keeper *keeper, int64_t at_us)
{
    struct timespec until = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};

    pthread_mutex_lock(&keeper->lock);
    while (!atomic_load(&keeper->stop) && pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&keeper->lock);
}

/* Beacons that come quickly have the writer, and the cores, to themselves for as long as the keeper had its share. */
static int submit(void *context, struct write_op *op)
{
    struct keeper *keeper = context;
    int r = writer_submit_wait(keeper->writer, op);
    int64_t now_us = clock_monotonic_us(), worked_us = now_us - keeper->paused_us;

    if (writer_is_busy(keeper->writer))
        pause_until(keeper, now_us + (worked_us < PAUSE_US_MAX ? worked_us : PAUSE_US_MAX));
    keeper->paused_us = clock_monotonic_us();
    return r;
}

/* Told once each time it begins to fail, which it does for as long as the store is full. */
static void expire(struct keeper *keeper, const struct edition *edition)
{
    unsigned n;
    int r = expire_pass(&keeper->expire, keeper->db, edition->config, clock_now_ms(keeper->clock), submit, keeper, &n);

    if (r && !keeper->expire_failed && !atomic_load(&keeper->stop))
        log_fault("cannot remove visitors that have expired; they allow nothing meanwhile", r);
    keeper->expire_failed = r != 0;
}

static void record_acts(struct keeper *keeper)
{
    unsigned n;
    int r = acts_pass(&keeper->acts, keeper->folder, keeper->db, keeper->trail, clock_now_ms(keeper->clock), submit,
                      keeper, &n);

    if (r && !keeper->acts_failed && !atomic_load(&keeper->stop))
        log_fault("cannot record what commands did in the audit trail; it is kept in the data folder", r);
    keeper->acts_failed = r != 0;
}

/* All of them, whatever becomes of one. */
static int work(struct keeper *keeper, const struct edition *edition)
{
    int first = 0;

    for (unsigned i = 0; i < keeper->n_chores; i++) {
        const struct keeper_chore *chore = &keeper->chores[i];
        int r = chore->work(chore->context, edition->config, submit, keeper, &keeper->stop);

        if (r && !keeper->chores_failed && !atomic_load(&keeper->stop))
            log_fault(chore->complaint, r);
        first = first ? first : r;
    }
    keeper->chores_failed = first != 0;
    return first;
}

/* A pass after the other, each of which lets the writer do everything else in between. */
static void turn(struct keeper *keeper)
{
    bool done = false;
    int r = 0;

    while (r == 0 && !done && !atomic_load(&keeper->stop)) {
        r = turn_pass(keeper->db, submit, keeper, &done);
        if (!done && r == 0 && !keeper->is_turning) {
            log_info("wrapping all keys under the next master key");
            keeper->is_turning = true;
        }
    }
    if (r > 0 && !keeper->turn_failed)
        log_error("cannot turn to the next master key: %s", keyring_refusal(r));
    else if (r && !keeper->turn_failed && !atomic_load(&keeper->stop))
        log_fault("cannot turn to the next master key; it is tried again", r);
    keeper->turn_failed = r != 0;
    if (r == 0 && done && keeper->is_turning) {
        log_info("all keys are under the next master key, which is the only one now");
        keeper->is_turning = false;
    }
}

static int look(struct keeper *keeper)
{
    unsigned n;

    pthread_mutex_lock(&keeper->lock);
    struct edition *edition = edition_ref(keeper->edition);
    pthread_mutex_unlock(&keeper->lock);
    record_acts(keeper);
    expire(keeper, edition);
    turn(keeper);
    work(keeper, edition);
    int r = seal_due(keeper->db, keeper->days, edition->config, clock_now_ms(keeper->clock), submit, keeper,
                     &keeper->stop, &n);
    edition_unref(edition);
    return r;
}

/* Sleeps, or is woken to stop or to work. */
static void sleep_ms(struct keeper *keeper, int64_t ms)
{
    int64_t at_us = clock_monotonic_us() + ms * 1000;
    struct timespec until = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};

    pthread_mutex_lock(&keeper->lock);
    while (!atomic_load(&keeper->stop) && !keeper->is_called &&
           pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until) != ETIMEDOUT)
        ;
    keeper->is_called = false;
    pthread_mutex_unlock(&keeper->lock);
}

static void *run(void *context)
{
    struct keeper *keeper = context;

    pthread_setname_np(pthread_self(), "crumb-keeper");
    /* On Linux a thread's own. Where it cannot be, the keeper competes with whoever is answered, and no more. */
    (void)!nice(KEEPER_NICE);
    while (!atomic_load(&keeper->stop)) {
        db_check_readers(keeper->db);
        keeper->paused_us = clock_monotonic_us();
        int r = look(keeper);

        if (r && !atomic_load(&keeper->stop))
            log_fault("cannot seal a day; it stays open and is tried again", r);
        sleep_ms(keeper, r ? SEAL_RETRY_MS : SEAL_TICK_MS);
    }
    return NULL;
}

int keeper_start(struct db *db, struct days *days, struct writer *writer, const struct clock *clock,
                 const struct trail *trail, struct edition *edition, const struct keeper_chore *chores,
                 unsigned n_chores, struct keeper **ret_keeper)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    char *folder = strdup(edition->config->data);
    pthread_condattr_t attributes;

    if (!keeper || !folder) {
        free(keeper);
        free(folder);
        return error_origin(-ENOMEM);
    }
    keeper->folder = folder;
    keeper->trail = trail;
    keeper->expire.trail = trail;
    keeper->db = db;
    keeper->days = days;
    keeper->writer = writer;
    keeper->clock = clock;
    keeper->edition = edition_ref(edition);
    keeper->chores = chores;
    keeper->n_chores = n_chores;
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    int r = pthread_create(&keeper->thread, NULL, run, keeper);
    if (r) {
        edition_unref(keeper->edition);
        free(keeper->folder);
        free(keeper);
        return error_origin(-r);
    }
    *ret_keeper = keeper;
    return 0;
}

void keeper_reload(struct keeper *keeper, struct edition *edition)
{
    pthread_mutex_lock(&keeper->lock);
    edition_unref(keeper->edition);
    keeper->edition = edition_ref(edition);
    pthread_mutex_unlock(&keeper->lock);
}

void keeper_wake(struct keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->is_called = true;
    pthread_mutex_unlock(&keeper->lock);
    pthread_cond_signal(&keeper->wake);
}

struct keeper *keeper_stop(struct keeper *keeper)
{
    if (keeper) {
        pthread_mutex_lock(&keeper->lock);
        atomic_store(&keeper->stop, true);
        pthread_mutex_unlock(&keeper->lock);
        pthread_cond_signal(&keeper->wake);
        pthread_join(keeper->thread, NULL);
        pthread_cond_destroy(&keeper->wake);
        pthread_mutex_destroy(&keeper->lock);
        edition_unref(keeper->edition);
        free(keeper->folder);
        free(keeper);
    }
    return NULL;
}
