/*
 * A walk over the days of all sites.  They come by site and number, so those of
 * one month come together.
 */
#include "crumb/base/error.h"
#include "crumb/rollup/rollups.h"
#include "crumb/store/key.h"
#include "retention_parts.h"
#include <errno.h>
#include <stdlib.h>

/* ---- what is to be done ---- */

struct finding {
    const struct retention_work *work;
    struct db_txn *txn;
    struct due *due;
    struct due_month month; /* that is looked at; site NULL: none */
    bool is_whole, has_any; /* all days of it have nothing but their segment; some have one */
};

static void add_day(struct due_day *days, unsigned *n, unsigned n_max, struct due_day day, struct due *due)
{
    if (*n < n_max)
        days[(*n)++] = day;
    else
        due->has_more = true;
}

/* All days of the month were seen. It is folded from its own rollups, which must be there. */
static int end_month(struct finding *finding)
{
    struct due *due = finding->due;
    const struct due_month *month = &finding->month;

    if (!month->site || !finding->has_any ||
        retention_due_ms(month->site, RETENTION_SEGMENTS, period_first_day(month->period)) > finding->work->now_ms)
        return 0;
    int r = finding->is_whole ? rollups_has(finding->txn, month->site->id, month->period, FIELD_N) : ROLLUPS_E_NONE;
    due->waits |= r > 0;
    if (r)
        return r > 0 ? 0 : error_trace(r);
    bool waits = false;
    r = retention_amended_waits(finding->txn, month->site, month->period, finding->work->now_ms, &waits);
    if (r || waits)
        return error_trace(r);
    if (due->n_months < RETENTION_OPS_MAX)
        due->months[due->n_months++] = *month;
    else
        due->has_more = true;
    return 0;
}

static void see_journal(struct finding *finding, const struct site *site, int32_t day, const struct day_state *state)
{
    struct due_day found = {.site = site, .day = day};
    struct due *due = finding->due;
    int32_t *kept = &due->kept[config_index(finding->work->config, site)];

    if (state->expired && state->events)
        add_day(due->drains, &due->n_drains, RETENTION_OPS_MAX, found, due);
    if (!state->expired && state->events && day < *kept)
        *kept = day;
    if (state->expired || retention_due_ms(site, RETENTION_JOURNAL, day) > finding->work->now_ms)
        return;
    if (!day_is_sealed(state))
        due->waits = true;
    else
        add_day(due->marks, &due->n_marks, RETENTION_DAYS_MAX, found, due);
}

static int see_day(void *context, uint32_t id, int32_t day, const struct day_state *state)
{
    struct finding *finding = context;
    struct due_month month = {.site = config_site_of_id(finding->work->config, id), .period = period_month(day)};

    if (month.site != finding->month.site || month.period.number != finding->month.period.number) {
        int r = end_month(finding);
        if (r)
            return error_trace(r);
        finding->month = month;
        finding->is_whole = true;
        finding->has_any = false;
    }
    if (!month.site)
        return 0;
    finding->is_whole &= state->folded || (state->expired && day_is_sealed(state));
    finding->has_any |= !state->folded;
    see_journal(finding, month.site, day, state);
    return 0;
}

static int walk(struct finding *finding)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(finding->work->db, &txn);

    finding->txn = txn;
    if (r == 0)
        r = day_each(txn, see_day, finding);
    return r ? error_trace(r) : error_trace(end_month(finding));
}

int retention_due_find(const struct retention_work *work, struct due *ret_due)
{
    struct due due = {.kept = malloc((work->config->n_sites + work->config->n_left + 1ul) * sizeof *due.kept)};
    struct finding finding = {.work = work, .due = &due};

    if (!due.kept)
        return error_origin(-ENOMEM);
    for (unsigned i = 0; i < work->config->n_sites + work->config->n_left; i++)
        due.kept[i] = INT32_MAX;
    int r = walk(&finding);
    if (r) {
        free(due.kept);
        return error_trace(r);
    }
    *ret_due = due;
    return 0;
}

void retention_due_deinit(struct due *due)
{
    free(due->kept);
    due->kept = NULL;
}

/* ---- what would go ---- */

struct planning {
    struct db_txn *txn;
    const struct config *config;
    int64_t now_ms;
    uint32_t site_id; /* that is looked at */
    struct period month;
    bool month_waits;
    struct retention_plan plans[RETENTION_TIER_N];
    int (*visit)(void *context, const struct retention_plan *plan);
    void *context;
};

static int end_site(struct planning *planning)
{
    int r = 0;

    for (unsigned tier = 0; r == 0 && tier < RETENTION_TIER_N; tier++)
        if (planning->plans[tier].n_days)
            r = planning->visit(planning->context, &planning->plans[tier]);
    return r;
}

static void add_to_plan(struct retention_plan *plan, int32_t day, uint64_t n_rows, uint64_t bytes)
{
    plan->first = plan->n_days ? plan->first : day;
    plan->last = day;
    plan->n_days++;
    plan->n_rows += n_rows;
    plan->bytes += bytes;
}

static int plan_journal(struct planning *planning, uint32_t site, int32_t day)
{
    struct key from = key_journal(site, day, 0), until = key_journal(site, day, UINT64_MAX);
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    uint64_t n_rows = 0, bytes = 0;
    int r = db_cursor_new(planning->txn, DB_JOURNAL, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, key_text(&from), &key, &value); r == 0 && cells_order(key, key_text(&until)) <= 0;
         r = db_cursor_next(cursor, &key, &value)) {
        n_rows++;
        bytes += key.size + value.size;
    }
    if (n_rows)
        add_to_plan(&planning->plans[RETENTION_JOURNAL], day, n_rows, bytes);
    return r < 0 ? error_trace(r) : 0;
}

static int plan_segment(struct planning *planning, uint32_t site, int32_t day)
{
    struct key key = key_day(site, day);
    struct text value;
    int r = db_get(planning->txn, DB_SEGMENTS, key_text(&key), &value);

    if (r == 0)
        add_to_plan(&planning->plans[RETENTION_SEGMENTS], day, 1, key.size + value.size);
    return r < 0 ? error_trace(r) : 0;
}

/* Looked at once a month. */
static int see_month(struct planning *planning, const struct site *site, struct period month)
{
    if (planning->month.kind == month.kind && planning->month.number == month.number)
        return 0;
    planning->month = month;
    return error_trace(retention_amended_waits(planning->txn, site, month, planning->now_ms, &planning->month_waits));
}

static int plan_day(void *context, uint32_t id, int32_t day, const struct day_state *state)
{
    struct planning *planning = context;
    const struct site *site = config_site_of_id(planning->config, id);
    int r = 0;

    if (id != planning->site_id) {
        r = end_site(planning);
        planning->site_id = id;
        for (unsigned tier = 0; tier < RETENTION_TIER_N; tier++)
            planning->plans[tier] = (struct retention_plan){.site = site, .tier = (enum retention_tier)tier};
        planning->month = (struct period){.kind = PERIOD_DAY};
    }
    if (r || !site)
        return r;
    if (!state->folded && retention_due_ms(site, RETENTION_SEGMENTS, day) <= planning->now_ms)
        r = see_month(planning, site, period_month(day));
    if (r)
        return error_trace(r);
    if (state->events && retention_due_ms(site, RETENTION_JOURNAL, day) <= planning->now_ms)
        r = plan_journal(planning, id, day);
    if (r == 0 && !state->folded && !planning->month_waits &&
        retention_due_ms(site, RETENTION_SEGMENTS, day) <= planning->now_ms)
        r = plan_segment(planning, id, day);
    return r;
}

int retention_due_plan(struct db_txn *txn, const struct config *config, int64_t now_ms,
                       int (*visit)(void *context, const struct retention_plan *plan), void *context)
{
    struct planning planning = {.txn = txn, .config = config, .now_ms = now_ms, .visit = visit, .context = context};
    int r = day_each(txn, plan_day, &planning);

    return r ? r : end_site(&planning);
}

/* ---- what is left ---- */

enum { FOUND = 1, OTHER_SITE = 2 };

struct search {
    uint32_t site;
    enum retention_tier tier;
    int32_t day;
};

static int see_kept(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct search *search = context;

    if (site != search->site)
        return OTHER_SITE;
    search->day = day;
    return (search->tier == RETENTION_JOURNAL ? state->expired : state->folded) ? 0 : FOUND;
}

int retention_due_oldest(struct db_txn *txn, uint32_t site, enum retention_tier tier, int32_t *ret_day)
{
    struct search search = {.site = site, .tier = tier};
    int r = day_each_from(txn, site, 0, see_kept, &search);

    if (r == FOUND)
        *ret_day = search.day;
    return r == FOUND ? 0 : r < 0 ? error_trace(r) : DB_E_NOT_FOUND;
}
