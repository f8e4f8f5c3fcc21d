/*
 * One pass: find, then mark, drain, fold, and destroy keys.
 */
#include "crumb/rollup/retention.h"
#include "crumb/base/error.h"
#include "crumb/base/metrics.h"
#include "crumb/rollup/seal.h"
#include "retention_parts.h"
#include <errno.h>

static const char *const tier_names[RETENTION_TIER_N] = {
    [RETENTION_JOURNAL] = "journal", [RETENTION_SEGMENTS] = "segments"};

const char *retention_tier_name(enum retention_tier tier) { return tier_names[tier]; }

/* Events are not kept longer than the visits that are made of them. */
int64_t retention_due_ms(const struct site *site, enum retention_tier tier, int32_t day)
{
    int64_t segments_ms =
        zone_day_start_ms(site->zone, period_first_day(period_month(day))) + site->retention.segments_ms;
    int64_t journal_ms = zone_day_start_ms(site->zone, day) + site->retention.journal_ms;

    return tier == RETENTION_JOURNAL && journal_ms < segments_ms ? journal_ms : segments_ms;
}

static bool is_stopped(const struct retention_work *work) { return work->stop && atomic_load(work->stop); }

/* ---- one pass ---- */

struct pass {
    const struct retention_work *work;
    struct due due;
    unsigned n_ops;
    bool has_more;
    struct retention_done *done;
    int fault; /* the first */
};

/* Whether another transaction may follow; what failed does not keep the rest from going. */
static bool goes_on(struct pass *pass, int r)
{
    pass->fault = pass->fault ? pass->fault : r;
    pass->n_ops++;
    if (pass->n_ops < RETENTION_OPS_MAX)
        return !is_stopped(pass->work);
    pass->has_more = true;
    return false;
}

static bool mark(struct pass *pass)
{
    unsigned n = 0;

    if (!pass->due.n_marks)
        return true;
    int r = retention_journal_mark(pass->work, pass->due.marks, pass->due.n_marks, &n);
    pass->done->n_days += n;
    pass->has_more |= n > 0; /* their rows */
    return goes_on(pass, r);
}

static bool drain(struct pass *pass)
{
    for (unsigned i = 0; i < pass->due.n_drains; i++) {
        uint64_t n;
        int r;

        do {
            n = 0;
            r = retention_journal_drain(pass->work, &pass->due.drains[i], &n);
            pass->done->n_events += n;
            if (!goes_on(pass, r))
                return false;
        } while (r == 0 && n == RETENTION_ROWS_MAX);
    }
    return true;
}

static bool fold(struct pass *pass)
{
    for (unsigned i = 0; i < pass->due.n_months; i++) {
        bool folded = false;
        int r = retention_month_fold(pass->work, &pass->due.months[i], &folded);

        pass->done->n_months += folded;
        pass->due.waits |= r == 0 && !folded;
        if (!goes_on(pass, r))
            return false;
    }
    return true;
}

static void destroy_keys(struct pass *pass, struct retention_round *round)
{
    struct key_ref after = round->orphans;
    unsigned n = 0;
    int r = retention_journal_orphans(pass->work, &pass->due, &after, &n);

    pass->done->n_keys += n;
    pass->fault = pass->fault ? pass->fault : r;
    if (r == 0)
        round->orphans = after;
    pass->has_more |= r == 0 && after.generation;
}

static void sweep_amended(struct pass *pass)
{
    bool more = false;
    int r = retention_amended_sweep(pass->work, &pass->due, &more);

    pass->fault = pass->fault ? pass->fault : r;
    pass->has_more |= more;
}

static void tell_metrics(const struct retention_done *done)
{
    metrics_add(METRIC_events_expired_total, done->n_events);
    metrics_add(METRIC_months_folded_total, done->n_months);
}

int retention_pass(struct retention_round *round, const struct retention_work *work, struct retention_done *ret_done)
{
    /* A clock that was set back ends the rest, too. */
    int64_t rested_ms = work->now_ms - round->resting_ms;
    struct pass pass = {.work = work, .done = ret_done};

    *ret_done = (struct retention_done){0};
    if (round->resting_ms && rested_ms >= 0 && rested_ms < RETENTION_REST_MS)
        return 0;
    int r = retention_due_find(work, &pass.due);
    if (r)
        return error_trace(r);
    pass.has_more = pass.due.has_more;
    if (mark(&pass) && drain(&pass) && fold(&pass)) {
        destroy_keys(&pass, round);
        sweep_amended(&pass);
    }
    retention_due_deinit(&pass.due);
    round->resting_ms = pass.has_more || is_stopped(work) ? 0 : work->now_ms;
    if (round->resting_ms && pass.due.waits)
        round->resting_ms -= RETENTION_REST_MS - RETENTION_WAIT_MS;
    tell_metrics(ret_done);
    return error_trace(pass.fault);
}
