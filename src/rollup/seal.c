/*
 * Days that are over become segments and rollups.
 */
#include "crumb/rollup/seal.h"
#include "crumb/base/error.h"
#include "crumb/base/metrics.h"
#include "crumb/rollup/days.h"
#include "crumb/rollup/fill.h"
#include "crumb/rollup/segment.h"
#include "crumb/rollup/tabulate.h"
#include "crumb/store/day.h"
#include "crumb/store/key.h"
#include <errno.h>
#include <stdlib.h>

#define ROLLUP_FILE_BYTES_MAX ROLLUP_BYTES_MAX

struct due_day {
    const struct site *site;
    int32_t day;
};

/* ---- which days ---- */

struct due {
    const struct config *config;
    int64_t now_ms;
    struct due_day *days;
    size_t n, capacity;
};

static int collect_due(void *context, uint32_t id, int32_t day, const struct day_state *state)
{
    struct due *due = context;
    /* Days of a site that left the configuration stay as they are until it comes back. */
    const struct site *site = config_site_of_id(due->config, id);

    if (!site || day_is_sealed(state) || zone_day_start_ms(site->zone, day + 1) + SEAL_GRACE_MS > due->now_ms)
        return 0;
    if (due->n == due->capacity) {
        size_t capacity = due->capacity ? due->capacity * 2 : 16;
        struct due_day *grown = reallocarray(due->days, capacity, sizeof *grown);

        if (!grown)
            return error_origin(-ENOMEM);
        due->days = grown;
        due->capacity = capacity;
    }
    due->days[due->n++] = (struct due_day){.site = site, .day = day};
    return 0;
}

static int find_due(struct db *db, struct due *due)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(db, &txn);

    if (r == 0)
        r = day_each(txn, collect_due, due);
    return error_trace(r);
}

/* ---- one day ---- */

struct seal {
    struct write_op super;
    const struct site *site;
    int32_t day;
    uint64_t last; /* what it was built from */
    struct buffer segment;
    struct buffer rollups[DIMENSION_N];
};

static int build_rollups(struct build *build, struct buffer rollups[DIMENSION_N])
{
    for (unsigned dimension = 1; dimension < DIMENSION_N; dimension++) {
        struct cells cells;
        int r = build_cells(build, (enum dimension)dimension, INT64_MIN, INT64_MAX, &cells);

        if (r)
            return error_trace(r);
        cells_encode(&cells, &rollups[dimension]);
        cells_deinit(&cells);
        if (rollups[dimension].fault)
            return error_origin(rollups[dimension].fault);
    }
    return 0;
}

int seal_build(struct db_txn *txn, uint32_t site, int32_t day, struct buffer rollups[DIMENSION_N])
{
    struct build *build = NULL;
    int r = build_new(&build);

    if (r == 0)
        r = days_fill(txn, site, day, 0, build);
    if (r == 0)
        r = build_rollups(build, rollups);
    build_free(build);
    return error_trace(r);
}

static int encode_table(const struct gather *gather, struct buffer *segment)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    int r = tabulate_table(gather, &table);

    if (r)
        return error_trace(r);
    segment_encode(&table, segment);
    return segment->fault ? error_origin(segment->fault) : 0;
}

int seal_segment(struct db_txn *txn, const struct site *site, int32_t day, struct buffer *segment)
{
    struct gather *gather = NULL;
    int r = gather_new(zone_day_start_ms(site->zone, day), &gather);

    if (r == 0)
        r = fill_gather(txn, site->id, day, 0, gather);
    if (r == 0)
        r = encode_table(gather, segment);
    gather_free(gather);
    return error_trace(r);
}

/* All of a day and its mark are one transaction, so a sealed day has everything. */
static int seal_apply(struct write_op *op, struct batch *batch)
{
    struct seal *seal = (struct seal *)op;
    struct key key = key_day(seal->site->id, seal->day);
    struct day_state state;
    int r = error_fold(day_get(batch->txn, seal->site->id, seal->day, &state));

    if (r == 0)
        r = error_fold(db_put(batch->txn, DB_SEGMENTS, key_text(&key), buffer_text(&seal->segment)));
    for (unsigned dimension = 1; r == 0 && dimension < DIMENSION_N; dimension++) {
        key = key_rollup(seal->site->id, seal->day, (uint8_t)dimension);
        r = error_fold(db_put(batch->txn, DB_ROLLUPS, key_text(&key), buffer_text(&seal->rollups[dimension])));
    }
    if (r)
        return r;
    /* Events that came while it was built leave the day dirty: `last` is ahead of `sealed`. */
    state.sealed = seal->last;
    return error_trace(day_put(batch->txn, seal->site->id, seal->day, &state));
}

static void seal_done(struct write_op *op, int result)
{
    (void)op;
    if (result == 0)
        metrics_add(METRIC_days_sealed_total, 1);
}

/* The day's state and its events must be of one snapshot. */
static int read_day(struct db *db, struct seal *seal)
{
    DB_TXN_AUTO *txn = NULL;
    struct day_state state;
    int r = db_begin_read(db, &txn);

    if (r == 0)
        r = error_fold(day_get(txn, seal->site->id, seal->day, &state));
    if (r == 0)
        r = seal_segment(txn, seal->site, seal->day, &seal->segment);
    if (r == 0)
        r = seal_build(txn, seal->site->id, seal->day, seal->rollups);
    if (r == 0)
        seal->last = state.last;
    return error_trace(r);
}

static int seal_day(struct db *db, const struct due_day *due, int (*submit)(void *context, struct write_op *op),
                    void *context)
{
    struct seal seal = {.super = {.apply = seal_apply, .done = seal_done}, .site = due->site, .day = due->day};

    seal.segment = BUFFER_INIT(SEGMENT_BYTES_MAX);
    for (unsigned i = 0; i < DIMENSION_N; i++)
        seal.rollups[i] = BUFFER_INIT(ROLLUP_FILE_BYTES_MAX);
    int r = read_day(db, &seal);
    if (r == 0)
        r = error_fold(submit(context, &seal.super));
    buffer_deinit(&seal.segment);
    for (unsigned i = 0; i < DIMENSION_N; i++)
        buffer_deinit(&seal.rollups[i]);
    return error_trace(r);
}

int seal_due(struct db *db, const struct config *config, int64_t now_ms,
             int (*submit)(void *context, struct write_op *op), void *context, const atomic_bool *stop, unsigned *ret_n)
{
    struct due due = {.config = config, .now_ms = now_ms};
    unsigned n = 0;
    int first = find_due(db, &due);

    for (size_t i = 0; i < due.n && !(stop && atomic_load(stop)); i++) {
        int r = seal_day(db, &due.days[i], submit, context);

        n += r == 0;
        if (first == 0)
            first = r;
    }
    free(due.days);
    if (first)
        return error_trace(first);
    *ret_n = n;
    return 0;
}
