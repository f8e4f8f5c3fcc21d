/*
 * Days stand in an array under one lock.  Whoever works at one marks it busy
 * and leaves the lock, so a question about another day need not wait, and two
 * about the same one do the work once.  The day that was asked for longest ago
 * gives its place to a new one, and goes when all together hold more events than
 * the bound.
 */
#include "live.h"
#include "crumb/base/error.h"
#include "crumb/rollup/amend.h"
#include "crumb/rollup/fill.h"
#include "crumb/rollup/tabulate.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct live_day {
    bool used, busy;
    uint32_t site;
    int32_t day;
    int64_t start_ms;
    uint64_t asked;        /* the count of questions when it was asked for last */
    struct gather *gather; /* NULL: nothing yet */
    uint64_t last;         /* sequence of the newest event in it */
    uint32_t changes;      /* of the day, as they were when it was begun */
    struct pinned *pinned; /* the table of it, for which this is a pin; NULL: none yet */
};

struct live {
    struct days_bounds bounds;
    pthread_mutex_t lock;
    pthread_cond_t idle;                 /* a day is busy no more */
    struct live_day days[LIVE_DAYS_MAX]; /* the first bounds.n_days of them */
    uint64_t n_questions;
};

int live_new(struct days_bounds bounds, struct live **ret_live)
{
    struct live *live = calloc(1, sizeof *live);

    assert(bounds.n_days > 0 && bounds.n_days <= LIVE_DAYS_MAX);
    if (!live)
        return error_origin(-ENOMEM);
    live->bounds = bounds;
    pthread_mutex_init(&live->lock, NULL);
    pthread_cond_init(&live->idle, NULL);
    *ret_live = live;
    return 0;
}

/* ---- giving back ---- */

/* Under the lock. */
static void unpin(struct pinned *pinned)
{
    if (!pinned || --pinned->n_pins)
        return;
    table_deinit(&pinned->table);
    free(pinned);
}

static void drop(struct live_day *day)
{
    gather_free(day->gather);
    unpin(day->pinned);
    *day = (struct live_day){.used = false};
}

struct live *live_free(struct live *live)
{
    if (live) {
        for (unsigned i = 0; i < live->bounds.n_days; i++)
            drop(&live->days[i]);
        pthread_cond_destroy(&live->idle);
        pthread_mutex_destroy(&live->lock);
        free(live);
    }
    return NULL;
}

void live_unpin(struct live *live, struct pinned *pinned)
{
    pthread_mutex_lock(&live->lock);
    unpin(pinned);
    pthread_mutex_unlock(&live->lock);
}

/* ---- places ---- */

static struct live_day *find(struct live *live, uint32_t site, int32_t day)
{
    for (unsigned i = 0; i < live->bounds.n_days; i++)
        if (live->days[i].used && live->days[i].site == site && live->days[i].day == day)
            return &live->days[i];
    return NULL;
}

/* A free place, made free where need be; NULL: all are busy. */
static struct live_day *find_room(struct live *live)
{
    struct live_day *oldest = NULL;

    for (unsigned i = 0; i < live->bounds.n_days; i++) {
        struct live_day *day = &live->days[i];

        if (!day->used)
            return day;
        if (!day->busy && (!oldest || day->asked < oldest->asked))
            oldest = day;
    }
    if (oldest)
        drop(oldest);
    return oldest;
}

/* The place of a day, busy now and the caller's. @start_ms: another one means that the site's zone has changed. */
static struct live_day *take(struct live *live, uint32_t site, int32_t number, int64_t start_ms)
{
    struct live_day *day;

    while (true) {
        day = find(live, site, number);
        if (day && !day->busy && day->start_ms != start_ms)
            drop(day);
        else if (day && !day->busy)
            break;
        else if (!day && (day = find_room(live)))
            break;
        else
            pthread_cond_wait(&live->idle, &live->lock);
    }
    if (!day->used)
        *day = (struct live_day){.used = true, .site = site, .day = number, .start_ms = start_ms};
    day->busy = true;
    return day;
}

/* ---- bounds ---- */

/* The day that was asked for longest ago, and how much there is of all; NULL: each is busy. */
static struct live_day *least_asked(struct live *live, struct days_bounds *ret_held)
{
    struct live_day *least = NULL;

    *ret_held = (struct days_bounds){.n_days = 0};
    for (unsigned i = 0; i < live->bounds.n_days; i++) {
        struct live_day *day = &live->days[i];

        if (!day->used || day->busy || !day->gather)
            continue;
        ret_held->n_days++;
        ret_held->n_events += gather_n_events(day->gather);
        if (!least || day->asked < least->asked)
            least = day;
    }
    return least;
}

static void bound(struct live *live)
{
    struct days_bounds held;
    struct live_day *least;

    while ((least = least_asked(live, &held)) && held.n_events > live->bounds.n_events)
        drop(least);
}

struct days_bounds live_held(struct live *live)
{
    struct days_bounds held;

    pthread_mutex_lock(&live->lock);
    least_asked(live, &held);
    pthread_mutex_unlock(&live->lock);
    return held;
}

void live_forget(struct live *live, uint32_t site, int32_t number)
{
    pthread_mutex_lock(&live->lock);
    struct live_day *day = find(live, site, number);
    if (day && !day->busy)
        drop(day);
    pthread_mutex_unlock(&live->lock);
}

/* ---- growing ---- */

static int make_table(const struct live_day *day, struct db_txn *txn, struct pinned **ret_pinned)
{
    AMENDMENTS_AUTO amendments = {.n = 0};
    struct pinned *pinned = calloc(1, sizeof *pinned);
    int r = pinned ? amended_read(txn, day->site, &amendments) : error_origin(-ENOMEM);

    if (r == 0)
        r = tabulate_table(day->gather, &pinned->table);
    if (r == 0)
        r = amend_table(&amendments, AMEND_ANSWER, &pinned->table);
    if (r) {
        if (pinned)
            table_deinit(&pinned->table);
        free(pinned);
        return error_trace(r);
    }
    pinned->tier = DAYS_LIVE;
    pinned->n_pins = 1;
    *ret_pinned = pinned;
    return 0;
}

/*
 * Without the lock; nobody else touches a busy day.  A question may hold an older
 * snapshot than the gather; it is answered from the newer one.  *ret_pinned is
 * NULL where the table is as it was.
 */
static int grow(struct live_day *day, struct db_txn *txn, const struct day_state *state, struct pinned **ret_pinned)
{
    bool has_changed = day->gather && state->changes > day->changes;

    if (has_changed) { /* rows of its journal may be gone, and nothing of them stays here */
        day->gather = gather_free(day->gather);
        day->last = 0;
    }
    if (!day->gather)
        day->changes = state->changes;
    bool has_grown = state->last > day->last;
    int r = day->gather ? 0 : gather_new(day->start_ms, &day->gather);

    if (r == 0 && has_grown)
        r = fill_gather(txn, day->site, day->day, day->last, day->gather);
    if (r == 0 && (has_grown || has_changed || !day->pinned))
        r = make_table(day, txn, ret_pinned);
    if (r == 0 && has_grown)
        day->last = state->last;
    return error_trace(r);
}

/* The day, if events of it are here that @state has, too; busy, and the caller's. */
static struct live_day *take_held(struct live *live, const struct site *site, int32_t number,
                                  const struct day_state *state)
{
    struct live_day *day;

    while ((day = find(live, site->id, number)) && day->busy)
        pthread_cond_wait(&live->idle, &live->lock);
    if (!day || !day->gather || day->start_ms != zone_day_start_ms(site->zone, number) ||
        day->changes != state->changes || day->last > state->last)
        return NULL;
    day->busy = true;
    return day;
}

int live_table(struct live *live, struct db_txn *txn, const struct site *site, int32_t number,
               const struct day_state *state, struct table *ret_table, bool *ret_is_held)
{
    pthread_mutex_lock(&live->lock);
    struct live_day *day = take_held(live, site, number, state);
    pthread_mutex_unlock(&live->lock);
    if (!day)
        return 0;
    int r = state->last > day->last ? fill_gather(txn, day->site, day->day, day->last, day->gather) : 0;
    bool has_grown = r == 0 && state->last > day->last;
    r = r ? r : tabulate_table(day->gather, ret_table);
    pthread_mutex_lock(&live->lock);
    day->busy = false;
    if (has_grown) {
        day->last = state->last;
        unpin(day->pinned); /* it tells less */
        day->pinned = NULL;
    }
    if (r)
        drop(day);
    pthread_cond_broadcast(&live->idle);
    pthread_mutex_unlock(&live->lock);
    *ret_is_held = r == 0;
    return error_trace(r);
}

int live_pin(struct live *live, struct db_txn *txn, const struct site *site, int32_t number,
             const struct day_state *state, struct pinned **ret_pinned)
{
    struct pinned *made = NULL;

    pthread_mutex_lock(&live->lock);
    struct live_day *day = take(live, site->id, number, zone_day_start_ms(site->zone, number));
    pthread_mutex_unlock(&live->lock);
    int r = grow(day, txn, state, &made);
    pthread_mutex_lock(&live->lock);
    day->busy = false;
    if (made) {
        unpin(day->pinned);
        day->pinned = made;
    }
    if (r) {
        drop(day); /* half filled is worse than empty */
    } else {
        day->asked = ++live->n_questions;
        day->pinned->n_pins++;
        *ret_pinned = day->pinned;
    }
    bound(live);
    pthread_cond_broadcast(&live->idle);
    pthread_mutex_unlock(&live->lock);
    return error_trace(r);
}
