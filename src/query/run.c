/*
 * Answering: the range and what it is compared with are resolved, both are
 * counted, and rows are made of what was.
 */
#include "counts.h"
#include "crumb/base/error.h"
#include "crumb/query/folded.h"
#include "crumb/query/range.h"
#include "crumb/query/rules.h"
#include "rows.h"
#include <errno.h>
#include <stdlib.h>

/* Words of the interface. */
#define NO_REVENUE_GOALS "revenue_goals_unavailable"
#define NO_MATCHING_GOAL "no_revenue_goals_matching"
#define MANY_CURRENCIES "no_single_revenue_currency"

struct run {
    const struct query *query;
    const struct site *site;
    const struct query_source *source;
    int64_t now_ms;
    int32_t data_first, data_last;
    struct counts counts, compared;
};

static void run_deinit(struct run *run)
{
    counts_deinit(&run->counts);
    counts_deinit(&run->compared);
}

static int complain(struct buffer *complaint, const char *where, const char *sentence)
{
    buffer_printf(complaint, "%s: %s", where, sentence);
    return complaint->fault ? error_origin(complaint->fault) : QUERY_E_INVALID;
}

static int complain_range(struct buffer *complaint, const char *where, int code)
{
    if (code < 0)
        return error_trace(code);
    if (code == RANGE_E_REVERSED)
        return complain(complaint, where, "ends before it begins; put the earlier date or time first");
    return complain(complaint, where, "covers more than a hundred years; ask for fewer days");
}

/* ---- what is asked ---- */

static int find_ranges(const struct run *run, struct query_answer *answer, struct buffer *complaint)
{
    const struct query *query = run->query;
    const struct zone *zone = run->site->zone;
    int r = range_days(&query->range, zone, run->now_ms, run->data_first, run->data_last, &answer->days);

    if (r)
        return complain_range(complaint, "date_range", r);
    if (query->comparison == COMPARE_NONE)
        return 0;
    r = range_compared(query, &answer->days, zone, run->now_ms, run->data_first, run->data_last,
                       &answer->compared_days);
    return r ? complain_range(complaint, "include.comparison", r) : 0;
}

static enum query_unit find_unit(const struct query *query, const struct query_days *days)
{
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (query->dimensions[i].kind == QUERY_TIME)
            return query->dimensions[i].by_length ? range_unit(days) : query->dimensions[i].unit;
    return QUERY_DAY;
}

static bool is_by_goal(const struct query *query)
{
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (query->dimensions[i].kind == QUERY_GOAL)
            return true;
    return false;
}

static bool asks_for_revenue(const struct query *query)
{
    for (unsigned i = 0; i < query->n_metrics; i++)
        if (query->metrics[i] == QUERY_TOTAL_REVENUE || query->metrics[i] == QUERY_AVERAGE_REVENUE)
            return true;
    return false;
}

static bool is_about(const struct query *query, const struct goal *goal)
{
    if (query->filter && filter_goals_any(query->filter))
        return filter_goals_has(query->filter, goal);
    return is_by_goal(query);
}

/* The one currency of the goals that the query is about; else why revenue cannot be told. */
static void find_currency(const struct run *run, struct query_answer *answer)
{
    bool is_configured = false, is_several = false;

    if (!asks_for_revenue(run->query))
        return;
    for (unsigned i = 0; i < run->site->n_goals; i++) {
        const struct goal *goal = &run->site->goals[i];

        is_configured |= goal->currency != NULL;
        if (!goal->currency || !is_about(run->query, goal))
            continue;
        is_several |= answer->currency && strcmp(answer->currency, goal->currency) != 0;
        answer->currency = goal->currency;
    }
    if (!is_configured)
        answer->revenue_warning = NO_REVENUE_GOALS;
    else if (!answer->currency)
        answer->revenue_warning = NO_MATCHING_GOAL;
    else if (is_several && !is_by_goal(run->query)) /* by goal, each row has its own */
        answer->revenue_warning = MANY_CURRENCIES;
    if (is_several)
        answer->currency = NULL;
}

static int bind_filter(const struct run *run, struct buffer *complaint)
{
    struct filter *filter = run->query->filter;
    int r = filter ? filter_segments_bind(filter, run->site, complaint) : 0;

    r = r || !filter ? r : filter_goals_bind(filter, run->site, complaint);
    return r > 0 ? QUERY_E_INVALID : error_trace(r);
}

/* ---- the answer ---- */

static int count(struct run *run, struct query_answer *answer, struct buffer *complaint)
{
    bool compares = run->query->comparison != COMPARE_NONE;
    int r = counts_init(&run->counts, run->query, run->site, &answer->days, answer->unit, answer->currency);

    r = r ? r : counts_scan(&run->counts, run->source, run->data_first, run->data_last, &answer->cost, complaint);
    if (r || !compares)
        return r;
    r = counts_init(&run->compared, run->query, run->site, &answer->compared_days, answer->unit, answer->currency);
    return r ? r : counts_scan(&run->compared, run->source, run->data_first, run->data_last, &answer->cost, complaint);
}

static int answer_query(struct run *run, struct query_answer *answer, struct buffer *complaint)
{
    int r = bind_filter(run, complaint);

    r = r ? r : rules_check(run->query, complaint);
    r = r ? r : find_ranges(run, answer, complaint);
    if (r)
        return r;
    answer->unit = find_unit(run->query, &answer->days);
    find_currency(run, answer);
    r = run->query->explain ? folded_find(run->source, &answer->detailed_from, &answer->has_folded) : 0;
    r = r ? r : count(run, answer, complaint);
    if (r)
        return r;
    struct rows_question question = {.counts = &run->counts,
                                     .compared = run->query->comparison == COMPARE_NONE ? NULL : &run->compared,
                                     .source = run->source,
                                     .currency = answer->currency};
    return error_trace(rows_make(&question, answer));
}

int query_run(const struct query *query, const struct site *site, int64_t now_ms, const struct query_source *source,
              struct query_answer *ret_answer, struct buffer *complaint)
{
    __attribute__((cleanup(run_deinit))) struct run run = {.query = query,
                                                           .site = site,
                                                           .source = source,
                                                           .now_ms = now_ms,
                                                           .counts = COUNTS_INIT,
                                                           .compared = COUNTS_INIT};
    struct query_answer answer = {0};
    int r = source->days(source->context, &run.data_first, &run.data_last);

    if (r)
        return error_fold(r);
    r = answer_query(&run, &answer, complaint);
    if (r)
        return r < 0 ? error_trace(r) : r;
    *ret_answer = answer;
    return 0;
}

void query_answer_deinit(struct query_answer *answer)
{
    free(answer->memory);
    *answer = (struct query_answer){0};
}
