/*
 * Days that are over become segments and rollups.
 */
#include "crumb/rollup/seal.h"
#include "crumb/base/error.h"
#include "crumb/base/metrics.h"
#include "crumb/rollup/amend.h"
#include "crumb/rollup/days.h"
#include "crumb/rollup/fill.h"
#include "crumb/rollup/rollups.h"
#include "crumb/rollup/segments.h"
#include "crumb/rollup/tabulate.h"
#include "crumb/store/day.h"
#include "crumb/store/key.h"
#include "seal_month.h"
#include <errno.h>
#include <stdlib.h>

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
    struct days *days; /* NULL: nothing of it is in memory */
    const struct site *site;
    int32_t day;
    struct day_state from; /* what it was built from */
    struct buffer segment; /* empty: the one that is there stays */
    struct rollups rollups;
};

static int table_of_journal(struct db_txn *txn, const struct site *site, int32_t day, struct table *ret_table)
{
    struct gather *gather = NULL;
    int r = gather_new(zone_day_start_ms(site->zone, day), &gather);

    if (r == 0)
        r = fill_gather(txn, site->id, day, 0, gather);
    if (r == 0)
        r = tabulate_table(gather, ret_table);
    gather_free(gather);
    return error_trace(r);
}

/* As far as it was read already, from memory. */
static int table_of_events(struct db_txn *txn, const struct seal *seal, struct table *ret_table)
{
    bool is_held = false;
    int r = seal->days ? days_live_table(seal->days, txn, seal->site, seal->day, &seal->from, ret_table, &is_held) : 0;

    if (r || is_held)
        return error_trace(r);
    return error_trace(table_of_journal(txn, seal->site, seal->day, ret_table));
}

/* Of a day of which nothing can be read any more. */
static int table_of_nothing(struct table *ret_table)
{
    struct gather *gather = NULL;
    int r = gather_new(0, &gather);

    if (r == 0)
        r = tabulate_table(gather, ret_table);
    gather_free(gather);
    return error_trace(r);
}

/* The segment that is there: 0, SEGMENTS_E_GONE, or a fault; a day that is sealed and has none is damaged. */
static int table_of_segment(struct db_txn *txn, const struct site *site, int32_t day, struct table *table)
{
    SEGMENT_AUTO segment = {.n_texts = 0};
    int r = segments_open(txn, site->id, day, &segment);

    if (r)
        return r == SEGMENTS_E_NONE ? error_origin(-EBADMSG) : r;
    return error_trace(segment_read(&segment, COLUMN_ALL, table));
}

static int encode_segment(const struct table *table, struct buffer *segment)
{
    segment_encode(table, segment);
    return segment->fault ? error_origin(segment->fault) : 0;
}

int seal_segment(struct db_txn *txn, const struct site *site, int32_t day, struct buffer *segment)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    int r = table_of_journal(txn, site, day, &table);

    return r ? error_trace(r) : error_trace(encode_segment(&table, segment));
}

static int make_rollups(struct seal *seal, const struct table *table)
{
    struct summary *summary = NULL;
    int r = summary_new(seal->site->id, PERIOD_DAY, &summary);

    if (r == 0)
        r = summary_add(summary, table);
    if (r == 0)
        r = summary_encode_all(summary, &seal->rollups);
    summary_free(summary);
    return error_trace(r);
}

/*
 * The table of what is kept of the day, and its segment where that changes.  What
 * is for good has left the journal, if there is one; else it leaves the segment.
 */
static int build_segment(struct db_txn *txn, struct seal *seal, const struct amendments *amendments,
                         struct table *table)
{
    bool keeps = day_keeps_segment(&seal->from), expired = seal->from.expired;
    bool reads = keeps || (expired && seal->from.sealed);
    int r = reads ? table_of_segment(txn, seal->site, seal->day, table) : SEGMENTS_E_GONE;

    if (keeps && r == 0)
        return 0;
    if (r == SEGMENTS_E_GONE)
        r = expired ? table_of_nothing(table) : table_of_events(txn, seal, table);
    if (r == 0 && expired)
        r = amend_table(amendments, AMEND_SEGMENT, table);
    return r ? error_trace(r) : error_trace(encode_segment(table, &seal->segment));
}

static int build(struct db_txn *txn, struct seal *seal)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    AMENDMENTS_AUTO amendments = {.n = 0};
    int r = amended_read(txn, seal->site->id, &amendments);

    if (r == 0)
        r = build_segment(txn, seal, &amendments, &table);
    if (r == 0)
        r = amend_table(&amendments, AMEND_ANSWER, &table);
    return r ? error_trace(r) : error_trace(make_rollups(seal, &table));
}

/* Under a new key: the old one is destroyed, and with it whoever was there and is no more. */
static int put_segment(struct seal *seal, struct batch *batch)
{
    if (!seal->segment.size)
        return 0;
    return error_trace(segments_put(batch, seal->site->id, seal->day, buffer_text(&seal->segment)));
}

/* What it tells of this day is not true any more; but a month of which days are folded cannot be built again. */
static int delete_month(const struct seal *seal, struct batch *batch)
{
    struct period month = period_month(seal->day);
    bool folded = false;
    int r = rollups_are_folded(batch->txn, seal->site->id, month, &folded);

    return r || folded ? error_trace(r) : error_trace(rollups_delete(batch, seal->site->id, month));
}

/*
 * All of a day and its mark are one transaction, so a sealed day has everything.
 * Events that came while it was built leave the day dirty, as `last` is ahead of
 * `sealed`; changes likewise, and then rows of the journal may have changed again.
 */
static int seal_apply(struct write_op *op, struct batch *batch)
{
    struct seal *seal = (struct seal *)op;
    struct day_state state;
    int r = error_fold(day_get(batch->txn, seal->site->id, seal->day, &state));

    if (r == 0 && seal->from.expired != state.expired)
        return 0; /* its journal expired meanwhile: the next look builds it of what is left */
    if (r == 0)
        r = put_segment(seal, batch);
    if (r == 0)
        r = rollups_put(batch, seal->site->id, (struct period){PERIOD_DAY, seal->day}, &seal->rollups);
    if (r == 0)
        r = delete_month(seal, batch);
    if (r)
        return error_trace(r);
    state.sealed = seal->from.last;
    state.built = seal->from.changes;
    state.rewritten &= state.changes != seal->from.changes;
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
    int r = db_begin_read(db, &txn);

    if (r == 0)
        r = error_fold(day_get(txn, seal->site->id, seal->day, &seal->from));
    return r ? error_trace(r) : error_trace(build(txn, seal));
}

static int seal_one(struct db *db, struct days *days, struct due_day due,
                    int (*submit)(void *context, struct write_op *op), void *context)
{
    struct seal seal = {
        .super = {.apply = seal_apply, .done = seal_done}, .days = days, .site = due.site, .day = due.day};

    seal.segment = BUFFER_INIT(SEGMENT_BYTES_MAX);
    rollups_init(&seal.rollups);
    int r = read_day(db, &seal);
    if (r == 0)
        r = error_fold(submit(context, &seal.super));
    if (r == 0 && days)
        days_live_forget(days, due.site, due.day);
    buffer_deinit(&seal.segment);
    rollups_deinit(&seal.rollups);
    return error_trace(r);
}

int seal_day(struct db *db, const struct site *site, int32_t day, int (*submit)(void *context, struct write_op *op),
             void *context)
{
    return error_trace(seal_one(db, NULL, (struct due_day){site, day}, submit, context));
}

int seal_due(struct db *db, struct days *days, const struct config *config, int64_t now_ms,
             int (*submit)(void *context, struct write_op *op), void *context, const atomic_bool *stop, unsigned *ret_n)
{
    struct due due = {.config = config, .now_ms = now_ms};
    unsigned n = 0;
    int first = find_due(db, &due);

    for (size_t i = 0; i < due.n && !(stop && atomic_load(stop)); i++) {
        int r = seal_one(db, days, due.days[i], submit, context);

        n += r == 0;
        if (first == 0)
            first = r;
    }
    free(due.days);
    int r = seal_months_due(db, config, now_ms, submit, context, stop);
    if (first == 0)
        first = r;
    if (first)
        return error_trace(first);
    *ret_n = n;
    return 0;
}
