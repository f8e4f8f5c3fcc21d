/*
 * One walk over the days for both: a table is pinned, added and released before
 * the next one, so that one day is in memory at a time.
 */
#include "crumb/query/journeys_run.h"
#include "crumb/base/error.h"
#include "crumb/query/folded.h"
#include "crumb/query/range.h"
#include "crumb/query/request.h"
#include <errno.h>

#define FULL_E 1 /* PATHS_E_FULL, FUNNEL_E_FULL */
_Static_assert((int)PATHS_E_FULL == FULL_E && (int)FUNNEL_E_FULL == FULL_E, "one outcome of adding a table");

struct run {
    const struct site *site;
    const struct query_source *source;
    struct query_days days;
    uint64_t columns, n_hits;
    void *to; /* the paths or the funnel, and how they take a table */
    int (*add)(void *to, const struct table *table, uint32_t from_s, uint32_t to_s);
    struct buffer *complaint;
};

static int add_to_paths(void *to, const struct table *table, uint32_t from_s, uint32_t to_s)
{
    return paths_add(to, table, from_s, to_s);
}

static int add_to_funnel(void *to, const struct table *table, uint32_t from_s, uint32_t to_s)
{
    return funnel_add(to, table, from_s, to_s);
}

static int find_days(struct run *run, const struct query_range *range, int64_t now_ms)
{
    int32_t first, last;
    int r = run->source->days(run->source->context, &first, &last);

    if (r)
        return error_fold(r);
    r = range_days(range, run->site->zone, now_ms, first, last, &run->days);
    if (r < 0)
        return error_trace(r);
    if (r == RANGE_E_REVERSED)
        return request_complain(run->complaint,
                                "date_range: ends before it begins; put the earlier date or time first");
    if (r)
        return request_complain(run->complaint, "date_range: covers more than a hundred years; ask for fewer days");
    run->days.first = run->days.first > first ? run->days.first : first;
    run->days.last = run->days.last < last ? run->days.last : last;
    return 0;
}

static int add_table(struct run *run, const struct table *table, int32_t day)
{
    int64_t start_ms = zone_day_start_ms(run->site->zone, day), end_ms = zone_day_start_ms(run->site->zone, day + 1);
    uint32_t from_s = run->days.from_ms > start_ms ? (uint32_t)((run->days.from_ms - start_ms) / 1000) : 0;
    uint32_t to_s = run->days.to_ms < end_ms ? (uint32_t)((run->days.to_ms - start_ms) / 1000) : UINT32_MAX;

    run->n_hits += table->n[RELATION_HIT];
    if (run->n_hits > QUERY_SCAN_HITS_MAX)
        return request_complain(run->complaint, "date_range: has more events than one query may look at; ask for fewer "
                                                "days");
    int r = run->add(run->to, table, from_s, to_s);
    if (r == FULL_E)
        return request_complain(run->complaint, "date_range: there are too many different paths or visitors; ask for "
                                                "fewer days or steps, or with a filter");
    if (r == -ETIME)
        return request_complain(run->complaint, FILTER_COSTLY);
    return error_trace(r);
}

static int add_days(struct run *run)
{
    const struct query_source *source = run->source;
    int r = 0;

    for (int32_t day = run->days.first; r == 0 && day <= run->days.last; day++) {
        const struct table *table = NULL;
        enum query_tier tier;

        if (source->is_cancelled && source->is_cancelled(source->context))
            return error_origin(-ECANCELED);
        r = source->table(source->context, day, run->columns, &table, &tier);
        r = r == QUERY_E_FOLDED ? folded_complain(source, run->complaint) : error_fold(r);
        if (r || !table)
            continue;
        r = add_table(run, table, day);
        source->release(source->context, table);
    }
    return r;
}

/* Segments and goals of the site that a filter names. */
static int bind_goals(struct filter *filter, const struct run *run)
{
    int r = filter ? filter_segments_bind(filter, run->site, run->complaint) : 0;

    r = r || !filter ? r : filter_goals_bind(filter, run->site, run->complaint);
    return r > 0 ? QUERY_E_INVALID : error_trace(r);
}

int journeys_run_paths(struct paths_request *request, const struct site *site, int64_t now_ms,
                       const struct query_source *source, struct paths **ret_paths, struct buffer *complaint)
{
    struct run run = {.site = site, .source = source, .add = add_to_paths, .complaint = complaint};
    struct paths *paths = NULL;
    int r = bind_goals(request->filter, &run);

    r = r ? r : find_days(&run, &request->range, now_ms);
    r = r ? r : paths_new(&request->question, &paths);
    if (r)
        return error_trace(r);
    run.to = paths;
    run.columns = paths_columns(&request->question);
    r = add_days(&run);
    if (r) {
        paths_free(paths);
        return error_trace(r);
    }
    *ret_paths = paths;
    return 0;
}

int journeys_run_funnel(struct funnel_request *request, const struct site *site, int64_t now_ms,
                        const struct query_source *source, struct funnel **ret_funnel, struct buffer *complaint)
{
    struct run run = {.site = site, .source = source, .add = add_to_funnel, .complaint = complaint};
    struct funnel *funnel = NULL;
    int r = bind_goals(request->filter, &run);

    for (unsigned i = 0; r == 0 && i < request->question.n_steps; i++)
        r = bind_goals(request->filters[i], &run);
    r = r ? r : find_days(&run, &request->range, now_ms);
    r = r ? r : funnel_new(&request->question, &funnel);
    if (r)
        return error_trace(r);
    run.to = funnel;
    run.columns = funnel_columns(&request->question);
    r = add_days(&run);
    if (r) {
        funnel_free(funnel);
        return error_trace(r);
    }
    *ret_funnel = funnel;
    return 0;
}
