/*
 * Events: a day is marked, and from then on its segment tells what it was; then
 * its rows are removed.
 */
#include "crumb/base/error.h"
#include "crumb/store/journal.h"
#include "crumb/store/orphans.h"
#include "retention_parts.h"
#include <errno.h>

static void forget(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

/* ---- marks ---- */

struct mark {
    struct write_op super;
    const struct retention_work *work;
    const struct due_day *days;
    unsigned n, n_marked;
};

static int mark_day(struct mark *mark, struct batch *batch, const struct due_day *day)
{
    struct day_state state;
    int r = error_fold(day_get(batch->txn, day->site->id, day->day, &state));

    if (r || state.expired || !day_is_sealed(&state))
        return r; /* something came in between: it is built first */
    struct retention_plan given_up = {.site = day->site,
                                      .tier = RETENTION_JOURNAL,
                                      .first = day->day,
                                      .last = day->day,
                                      .n_days = 1,
                                      .n_rows = state.events};
    r = batch_doom_key(batch, state.key);
    if (r)
        return error_trace(r);
    state.expired = true;
    state.key = (struct key_ref){0};
    mark->n_marked++;
    r = day_put(batch->txn, day->site->id, day->day, &state);
    return r ? error_trace(r) : error_trace(retention_record(batch, mark->work, &given_up));
}

static int mark_apply(struct write_op *op, struct batch *batch)
{
    struct mark *mark = (struct mark *)op;
    int r = 0;

    mark->n_marked = 0;
    for (unsigned i = 0; r == 0 && i < mark->n; i++)
        r = mark_day(mark, batch, &mark->days[i]);
    return error_trace(r);
}

int retention_journal_mark(const struct retention_work *work, const struct due_day *days, unsigned n,
                           unsigned *ret_n_days)
{
    struct mark mark = {
        .super = {.reserve = true, .apply = mark_apply, .done = forget}, .work = work, .days = days, .n = n};
    int r = error_fold(work->submit(work->context, &mark.super));

    if (r == 0)
        *ret_n_days = mark.n_marked;
    return r;
}

/* ---- rows ---- */

struct drain {
    struct write_op super;
    const struct due_day *day;
    uint64_t sequences[RETENTION_ROWS_MAX];
    unsigned n;
};

/* A cursor is good until the next write, so rows are found first. */
static int find_rows(struct drain *drain, struct db_txn *txn)
{
    struct key from = key_journal(drain->day->site->id, drain->day->day, 0);
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_JOURNAL, &cursor);

    if (r)
        return error_trace(r);
    drain->n = 0;
    for (r = db_cursor_seek(cursor, key_text(&from), &key, &value); r == 0 && drain->n < RETENTION_ROWS_MAX;
         r = db_cursor_next(cursor, &key, &value)) {
        uint32_t site;
        int32_t day;

        if (!key_read_journal(key, &site, &day, &drain->sequences[drain->n]))
            return error_origin(-EBADMSG);
        if (site != drain->day->site->id || day != drain->day->day)
            break;
        drain->n++;
    }
    return r < 0 ? error_trace(r) : 0;
}

static int drain_apply(struct write_op *op, struct batch *batch)
{
    struct drain *drain = (struct drain *)op;
    uint32_t site = drain->day->site->id;
    struct day_state state;
    int r = error_fold(day_get(batch->txn, site, drain->day->day, &state));

    if (r == 0)
        r = find_rows(drain, batch->txn);
    if (r == 0 && (!state.expired || drain->n > state.events || (state.events && !drain->n)))
        return error_origin(-EBADMSG); /* `crumb verify` names it */
    for (unsigned i = 0; r == 0 && i < drain->n; i++) {
        struct key key = key_journal(site, drain->day->day, drain->sequences[i]);

        r = db_delete(batch->txn, DB_JOURNAL, key_text(&key));
    }
    state.events -= drain->n;
    state.removed += drain->n;
    return r ? error_trace(r) : error_trace(day_put(batch->txn, site, drain->day->day, &state));
}

int retention_journal_drain(const struct retention_work *work, const struct due_day *day, uint64_t *ret_n)
{
    struct drain drain = {.super = {.reserve = true, .apply = drain_apply, .done = forget}, .day = day};
    int r = error_fold(work->submit(work->context, &drain.super));

    if (r == 0)
        *ret_n = drain.n;
    return r;
}

/* ---- keys of visitors who are gone ---- */

struct orphans {
    struct write_op super;
    const struct retention_work *work;
    const struct due *due;
    struct key_ref keys[RETENTION_ROWS_MAX];
    unsigned n, n_seen;
    struct key_ref after;
};

enum { ENOUGH = 1 };

/* A day more, as the zone of the site may have changed. */
static bool is_needed(const struct orphans *orphans, const struct orphan *orphan)
{
    const struct config *config = orphans->work->config;
    const struct site *site = config_site_of_id(config, orphan->site);

    return !site || orphans->due->kept[config_index(config, site)] <= orphan->day + 1;
}

static int see_orphan(void *context, const struct orphan *orphan)
{
    struct orphans *orphans = context;

    if (orphans->n_seen++ == RETENTION_ROWS_MAX)
        return ENOUGH;
    orphans->after = orphan->key;
    if (!is_needed(orphans, orphan))
        orphans->keys[orphans->n++] = orphan->key;
    return 0;
}

static int orphans_apply(struct write_op *op, struct batch *batch)
{
    struct orphans *orphans = (struct orphans *)op;
    int r = 0;

    for (unsigned i = 0; r == 0 && i < orphans->n; i++) {
        r = orphans_delete(batch->txn, orphans->keys[i]);
        if (r == 0)
            r = batch_doom_key(batch, orphans->keys[i]);
    }
    return error_trace(r);
}

static int look(struct orphans *orphans)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(orphans->work->db, &txn);

    if (r == 0)
        r = orphans_each(txn, orphans->after, see_orphan, orphans);
    if (r == 0)
        orphans->after = (struct key_ref){0};
    return r == ENOUGH ? 0 : error_trace(r);
}

int retention_journal_orphans(const struct retention_work *work, const struct due *due, struct key_ref *after,
                              unsigned *ret_n)
{
    struct orphans orphans = {
        .super = {.reserve = true, .apply = orphans_apply, .done = forget}, .work = work, .due = due, .after = *after};
    int r = look(&orphans);

    if (r == 0 && orphans.n)
        r = error_fold(work->submit(work->context, &orphans.super));
    if (r)
        return error_trace(r);
    *after = orphans.after;
    *ret_n = orphans.n;
    return 0;
}
