/*
 * Tables: sealed days from the shelf (shelf.h), the others live (live.h).
 * Cells: sealed days from rollups, open days from warm builds.
 *
 * Warm builds stand in an array under one lock; a build under way holds it, so
 * two questions about the open day do the work once.  The least recently asked
 * build gives its place to a new one, and goes when all together hold more
 * events than the bound.
 */
#include "crumb/rollup/days.h"
#include "crumb/base/error.h"
#include "crumb/store/day.h"
#include "crumb/store/journal.h"
#include "live.h"
#include "shelf.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct warm {
    struct build *build; /* NULL: the place is free */
    uint32_t site;
    int32_t day;
    uint64_t last;  /* sequence of the newest event in the build */
    uint64_t asked; /* the count of questions when it was asked last */
};

struct days {
    struct live *live;
    struct shelf *shelf;
    struct days_bounds bounds;
    pthread_mutex_t lock;
    struct warm warm[LIVE_DAYS_MAX]; /* the first bounds.n_days of them */
    uint64_t n_questions;
};

int days_new(struct days_bounds bounds, struct days **ret_days)
{
    struct days *days = calloc(1, sizeof *days);

    assert(bounds.n_days > 0 && bounds.n_days <= LIVE_DAYS_MAX);
    if (!days)
        return error_origin(-ENOMEM);
    days->bounds = bounds;
    pthread_mutex_init(&days->lock, NULL);
    int r = live_new(bounds, &days->live);
    if (r == 0)
        r = shelf_new(bounds.cache_bytes, &days->shelf);
    if (r) {
        days_free(days);
        return error_trace(r);
    }
    *ret_days = days;
    return 0;
}

struct days *days_free(struct days *days)
{
    if (days) {
        live_free(days->live);
        shelf_free(days->shelf);
        for (unsigned i = 0; i < days->bounds.n_days; i++)
            build_free(days->warm[i].build);
        pthread_mutex_destroy(&days->lock);
        free(days);
    }
    return NULL;
}

/* ---- tables ---- */

static int pin(struct days *days, struct db_txn *txn, const struct site *site, int32_t day, uint64_t columns,
               const struct day_state *state, struct pinned **ret_pinned)
{
    struct shelf_key key = {.site = site->id, .day = day, .sealed = state->sealed};

    if (!day_is_sealed(state))
        return error_trace(live_pin(days->live, txn, site, day, state, ret_pinned));
    live_forget(days->live, site->id, day);
    return error_trace(shelf_pin(days->shelf, txn, key, columns, ret_pinned));
}

int days_pin(struct days *days, struct db_txn *txn, const struct site *site, int32_t day, uint64_t columns,
             const struct table **ret_table, enum days_tier *ret_tier)
{
    struct pinned *pinned;
    struct day_state state;
    int r = site->id ? day_get(txn, site->id, day, &state) : DB_E_NOT_FOUND;

    if (r == DB_E_NOT_FOUND) {
        *ret_table = NULL;
        *ret_tier = DAYS_SEGMENT; /* nothing was looked at, which is as quick */
        return 0;
    }
    if (r == 0)
        r = pin(days, txn, site, day, columns, &state, &pinned);
    if (r)
        return error_trace(r);
    *ret_table = &pinned->table;
    *ret_tier = pinned->tier;
    return 0;
}

void days_unpin(struct days *days, const struct table *table)
{
    if (!table)
        return;
    if (pinned_of(table)->tier == DAYS_LIVE)
        live_unpin(days->live, pinned_of(table));
    else
        shelf_unpin(days->shelf, pinned_of(table));
}

struct days_bounds days_held(struct days *days)
{
    struct days_bounds held = live_held(days->live);

    held.cache_bytes = shelf_bytes(days->shelf);
    return held;
}

/* ---- journal to build ---- */

/* Of any address that may have been kept: its /24 or /48. */
static struct text network_of(struct text address)
{
    size_t size = address.size == 4 ? 3 : address.size == 16 ? 6 : address.size;

    return size == 3 || size == 6 ? (struct text){.data = address.data, .size = size} : TEXT_NONE;
}

static bool is_alive(const struct journal_record *record, const struct event *event)
{
    return record->kind != EVENT_PAGEVIEW || event->dwell_ms || event->scroll_x_max || event->scroll_y_max;
}

static int add_record(void *context, const struct journal_record *record)
{
    struct build *build = context;
    struct event event;

    /* Without consent to `log` there is neither time nor page: nothing to count here. */
    if (!(record->classes & CLASS_BIT(CLASS_LOG)))
        return 0;
    if (!journal_event(record, &event) || event.bot >= BOT_N)
        return error_origin(-EBADMSG);
    struct build_event added = {.sequence = record->sequence,
                                .at_ms = (int64_t)event.at_ms,
                                .fingerprint = record->fingerprint,
                                .kind = record->kind,
                                .page = event.path,
                                .bot = (enum bot)event.bot,
                                .alive = is_alive(record, &event),
                                .network = network_of(event.address)};
    memcpy(added.visitor, record->visitor, VISITOR_BYTES);
    int r = build_add(build, &added);
    return r == BUILD_E_FULL ? error_origin(-EOVERFLOW) : error_trace(r);
}

int days_fill(struct db_txn *txn, uint32_t site, int32_t day, uint64_t after, struct build *build)
{
    return error_trace(journal_each(txn, site, day, after, add_record, build));
}

/* ---- sealed days ---- */

static int read_rollup(struct db_txn *txn, uint32_t site, int32_t day, enum dimension dimension,
                       struct cells *ret_cells)
{
    struct key key = key_rollup(site, day, (uint8_t)dimension);
    struct text value;
    int r = db_get(txn, DB_ROLLUPS, key_text(&key), &value);

    if (r)
        return r == DB_E_NOT_FOUND ? error_origin(-EBADMSG) : error_trace(r);
    return error_trace(cells_decode(value, ret_cells));
}

/* ---- open days ---- */

/* The place of a build, made free where another had it. */
static struct warm *find_warm(struct days *days, uint32_t site, int32_t day)
{
    struct warm *oldest = &days->warm[0];

    for (unsigned i = 0; i < days->bounds.n_days; i++) {
        struct warm *warm = &days->warm[i];

        if (warm->build && warm->site == site && warm->day == day)
            return warm;
        if (!warm->build || (oldest->build && warm->asked < oldest->asked))
            oldest = warm;
    }
    oldest->build = build_free(oldest->build);
    *oldest = (struct warm){.site = site, .day = day};
    return oldest;
}

static int grow_warm(struct warm *warm, struct db_txn *txn, const struct day_state *state)
{
    int r = warm->build ? 0 : build_new(&warm->build);

    /* A question may hold an older snapshot than the build; it is answered from the newer one. */
    if (r == 0 && state->last > warm->last)
        r = days_fill(txn, warm->site, warm->day, warm->last, warm->build);
    if (r) {
        /* Half filled is worse than empty. */
        warm->build = build_free(warm->build);
        warm->last = 0;
        return error_trace(r);
    }
    if (state->last > warm->last)
        warm->last = state->last;
    return 0;
}

static struct warm *least_asked(struct days *days, struct days_bounds *ret_held)
{
    struct warm *least = NULL;

    *ret_held = (struct days_bounds){.n_days = 0};
    for (unsigned i = 0; i < days->bounds.n_days; i++) {
        struct warm *warm = &days->warm[i];

        if (!warm->build)
            continue;
        ret_held->n_days++;
        ret_held->n_events += build_n_events(warm->build);
        if (!least || warm->asked < least->asked)
            least = warm;
    }
    return least;
}

static void bound_warm(struct days *days)
{
    struct days_bounds held;
    struct warm *least;

    while ((least = least_asked(days, &held)) && held.n_events > days->bounds.n_events)
        least->build = build_free(least->build);
}

struct days_bounds days_warm(struct days *days)
{
    struct days_bounds held;

    pthread_mutex_lock(&days->lock);
    least_asked(days, &held);
    pthread_mutex_unlock(&days->lock);
    return held;
}

static int open_cells(struct days *days, struct db_txn *txn, const struct site *site, int32_t day,
                      const struct day_state *state, enum dimension dimension, int64_t from_ms, int64_t to_ms,
                      struct cells *ret_cells)
{
    pthread_mutex_lock(&days->lock);
    struct warm *warm = find_warm(days, site->id, day);
    int r = grow_warm(warm, txn, state);
    if (r == 0) {
        warm->asked = ++days->n_questions;
        r = build_cells(warm->build, dimension, from_ms, to_ms, ret_cells);
        bound_warm(days);
    }
    pthread_mutex_unlock(&days->lock);
    return error_trace(r);
}

int days_cells(struct days *days, struct db_txn *txn, const struct site *site, int32_t day, enum dimension dimension,
               int64_t from_ms, int64_t to_ms, struct cells *ret_cells)
{
    struct day_state state;
    int r = site->id ? day_get(txn, site->id, day, &state) : DB_E_NOT_FOUND;

    if (r == DB_E_NOT_FOUND) {
        *ret_cells = CELLS_INIT;
        return 0;
    }
    if (r)
        return error_trace(r);
    bool whole = from_ms <= zone_day_start_ms(site->zone, day) && to_ms >= zone_day_start_ms(site->zone, day + 1);
    if (whole && day_is_sealed(&state))
        return error_trace(read_rollup(txn, site->id, day, dimension, ret_cells));
    if (whole) {
        from_ms = INT64_MIN;
        to_ms = INT64_MAX;
    }
    return error_trace(open_cells(days, txn, site, day, &state, dimension, from_ms, to_ms, ret_cells));
}
