/*
 * Days in order: where rollups tell them, these are added (counts_rollup.c); else
 * the table is pinned, every tally takes it, and it is let go.
 */
#include "counts.h"
#include "crumb/base/error.h"
#include "crumb/query/folded.h"
#include "times.h"
#include <errno.h>
#include <stdlib.h>

#define TALLIES_OF_ONE_RANGE 3 /* beside those of the rows */

/* ---- what is asked of a tally ---- */

static const unsigned needs_of_metric[QUERY_METRIC_N] = {
    [QUERY_VISITORS] = TALLY_VISITORS,        [QUERY_PAGEVIEWS] = TALLY_VIEWS,
    [QUERY_VIEWS_PER_VISIT] = TALLY_WHOLE,    [QUERY_BOUNCE_RATE] = TALLY_WHOLE,
    [QUERY_VISIT_DURATION] = TALLY_WHOLE,     [QUERY_SCROLL_DEPTH] = TALLY_PAGES,
    [QUERY_TIME_ON_PAGE] = TALLY_PAGES,       [QUERY_PERCENTAGE] = TALLY_VISITORS,
    [QUERY_CONVERSION_RATE] = TALLY_VISITORS, [QUERY_GROUP_CONVERSION_RATE] = TALLY_VISITORS,
    [QUERY_TOTAL_REVENUE] = TALLY_REVENUE,    [QUERY_AVERAGE_REVENUE] = TALLY_REVENUE,
};

static unsigned needs_of(const struct query *query)
{
    unsigned needs = 0;

    for (unsigned i = 0; i < query->n_metrics; i++)
        needs |= needs_of_metric[query->metrics[i]];
    return needs;
}

static bool asks_for(const struct query *query, enum query_metric metric)
{
    for (unsigned i = 0; i < query->n_metrics; i++)
        if (query->metrics[i] == metric)
            return true;
    return false;
}

static bool has_dimension(const struct query *query, enum query_dimension_kind kind)
{
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (query->dimensions[i].kind == kind)
            return true;
    return false;
}

unsigned counts_field(const struct query *query, unsigned dimension)
{
    unsigned field = 0;

    for (unsigned i = 0; i < dimension; i++)
        field += query->dimensions[i].kind == QUERY_FIELD;
    return field;
}

/* ---- tallies ---- */

static struct tally_question question_of(const struct counts *counts)
{
    return (struct tally_question){.fields = counts->fields,
                                   .n_fields = counts->n_fields,
                                   .programs =
                                       counts->query->filter && filter_has_field(counts->query->filter, FIELD_BOT),
                                   .by_hour = counts->by_time && counts->unit == QUERY_HOUR,
                                   .needs = needs_of(counts->query)};
}

static bool is_asked(const struct query *query, const struct goal *goal)
{
    return !query->filter || !filter_goals_any(query->filter) || filter_goals_has(query->filter, goal);
}

/* One for each goal, of those that the filter names where it names some. */
static int make_rows_of_goals(struct counts *counts)
{
    const struct site *site = counts->site;

    counts->rows = calloc(site->n_goals + 1, sizeof(struct tally *));
    counts->goals = calloc(site->n_goals + 1, sizeof(struct goal *));
    if (!counts->rows || !counts->goals)
        return error_origin(-ENOMEM);
    for (unsigned i = 0; i < site->n_goals; i++) {
        struct tally_question question = question_of(counts);

        if (!is_asked(counts->query, &site->goals[i]))
            continue;
        question.currency = text_of(site->goals[i].currency);
        int r = tally_new(&question, &counts->rows[counts->n_rows]);
        if (r < 0)
            return error_trace(r);
        counts->goals[counts->n_rows++] = &site->goals[i];
    }
    return 0;
}

static int make_rows(struct counts *counts, const char *currency)
{
    struct tally_question question = question_of(counts);

    if (has_dimension(counts->query, QUERY_GOAL))
        return error_trace(make_rows_of_goals(counts));
    question.currency = text_of(currency);
    counts->rows = calloc(1, sizeof(struct tally *));
    if (!counts->rows)
        return error_origin(-ENOMEM);
    int r = tally_new(&question, &counts->rows[0]);
    counts->n_rows = r == 0;
    return error_trace(r);
}

/* What shares are shares of: their visitors. */
static int make_wholes(struct counts *counts)
{
    struct tally_question alike = question_of(counts);
    struct tally_question total = {.programs = alike.programs || tally_has_field(&alike, FIELD_BOT),
                                   .needs = TALLY_VISITORS};
    int r = 0;

    alike.needs = TALLY_VISITORS;
    if (asks_for(counts->query, QUERY_PERCENTAGE))
        r = tally_new(&total, &counts->total);
    if (r == 0 && asks_for(counts->query, QUERY_CONVERSION_RATE))
        r = tally_new(&total, &counts->all);
    if (r == 0 && asks_for(counts->query, QUERY_GROUP_CONVERSION_RATE))
        r = tally_new(&alike, &counts->alike);
    return error_trace(r);
}

int counts_init(struct counts *counts, const struct query *query, const struct site *site,
                const struct query_days *days, enum query_unit unit, const char *currency)
{
    *counts = (struct counts){.query = query, .site = site, .days = *days, .unit = unit};
    counts->by_time = has_dimension(query, QUERY_TIME);
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (query->dimensions[i].kind == QUERY_FIELD)
            counts->fields[counts->n_fields++] =
                (struct tally_field){.field = query->dimensions[i].field, .property = query->dimensions[i].property};
    int r = make_rows(counts, currency);
    r = r ? r : make_wholes(counts);
    return error_trace(r);
}

void counts_deinit(struct counts *counts)
{
    for (unsigned i = 0; i < counts->n_rows; i++)
        tally_free(counts->rows[i]);
    free(counts->rows);
    free(counts->goals);
    counts_settle_forget(counts);
    tally_free(counts->total);
    tally_free(counts->all);
    tally_free(counts->alike);
    *counts = COUNTS_INIT;
}

/* ---- days ---- */

static int complain(struct buffer *complaint, const char *sentence)
{
    buffer_put_text(complaint, text_of(sentence));
    return complaint->fault ? error_origin(complaint->fault) : QUERY_E_INVALID;
}

static int complain_groups(struct buffer *complaint)
{
    return complain(complaint, "dimensions: give too many rows over this date_range, even before pagination; ask for "
                               "fewer days, fewer dimensions or with a filter");
}

/* The seconds of the day that the range has of it. */
static void cut_day(const struct counts *counts, int32_t day, struct tally_day *ret_day)
{
    int64_t start_ms = zone_day_start_ms(counts->site->zone, day);
    int64_t end_ms = zone_day_start_ms(counts->site->zone, day + 1);

    ret_day->from_s = counts->days.from_ms > start_ms ? (uint32_t)((counts->days.from_ms - start_ms) / 1000) : 0;
    ret_day->to_s = counts->days.to_ms < end_ms ? (uint32_t)((counts->days.to_ms - start_ms) / 1000) : UINT32_MAX;
}

unsigned counts_n_parts(const struct counts *counts) { return counts->n_rows + TALLIES_OF_ONE_RANGE; }

struct counts_part counts_part(const struct counts *counts, unsigned i)
{
    struct counts_part part = {.selection.filter = counts->query->filter};

    if (i < counts->n_rows) {
        part.tally = counts->rows[i];
        part.selection.goal = counts->goals ? counts->goals[i] : NULL;
        return part;
    }
    i -= counts->n_rows;
    part.tally = i == 0 ? counts->total : i == 1 ? counts->all : counts->alike;
    part.selection.without_goals = i > 0;
    part.is_timeless = i < 2;
    return part;
}

static uint64_t columns_of(const struct counts *counts, const struct tally_day *day)
{
    bool cuts = day->from_s > 0 || day->to_s < UINT32_MAX;
    uint64_t columns = 0;

    for (unsigned i = 0; i < counts_n_parts(counts); i++) {
        struct counts_part part = counts_part(counts, i);

        if (part.tally)
            columns |= tally_columns(tally_asked(part.tally), cuts) | selection_columns(&part.selection);
    }
    return columns;
}

static int add_to_part(const struct counts_part *part, const struct tally_day *day)
{
    struct tally_day asked = *day;
    struct mask mask = {.passes = NULL};
    int r = selection_apply(&part->selection, day->table, &mask);

    if (r < 0)
        return error_trace(r);
    asked.mask = mask.passes ? &mask : NULL;
    asked.time = part->is_timeless ? 0 : day->time;
    r = tally_add(part->tally, &asked);
    free(mask.passes);
    return r;
}

static int add_table(struct counts *counts, const struct tally_day *day)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < counts_n_parts(counts); i++) {
        struct counts_part part = counts_part(counts, i);

        if (part.tally)
            r = add_to_part(&part, day);
    }
    return r;
}

static int scan_table(struct counts *counts, struct tally_day *day, struct query_cost *cost, struct buffer *complaint)
{
    cost->hits += day->table->n[RELATION_HIT];
    cost->visits += day->table->n[RELATION_VISIT];
    if (cost->hits > QUERY_SCAN_HITS_MAX)
        return complain(complaint, "date_range: has more events than one query may look at; ask for fewer days");
    int r = add_table(counts, day);
    if (r == -ETIME)
        return complain(complaint, FILTER_COSTLY);
    return r == TALLY_E_FULL ? complain_groups(complaint) : error_trace(r);
}

static int scan_day(struct counts *counts, const struct query_source *source, int32_t day, struct query_cost *cost,
                    struct buffer *complaint)
{
    struct tally_day asked = {.site = counts->site->id};
    enum query_tier tier;

    cut_day(counts, day, &asked);
    if (counts->by_time)
        asked.time = times_of_day(counts->unit, day);
    if (counts->by_time && counts->unit == QUERY_HOUR)
        asked.clock = times_clock(counts->site->zone, day);
    int r = source->table(source->context, day, columns_of(counts, &asked), &asked.table, &tier);
    if (r == QUERY_E_FOLDED)
        return folded_complain(source, complaint);
    if (r)
        return error_fold(r);
    if (!asked.table)
        return 0;
    cost->tables[tier]++;
    r = scan_table(counts, &asked, cost, complaint);
    source->release(source->context, asked.table);
    return r;
}

static bool is_cut(const struct counts *counts, int32_t day)
{
    struct tally_day asked = {.table = NULL};

    cut_day(counts, day, &asked);
    return asked.from_s > 0 || asked.to_s < UINT32_MAX;
}

/* Whether a month from @day on is asked about as a whole, as far as there are data. */
static bool has_month(const struct counts *counts, int32_t day, int32_t data_last)
{
    struct period month = period_month(day);
    int32_t last = period_last_day(month) < data_last ? period_last_day(month) : data_last;

    return last <= counts->last && !is_cut(counts, day) && !is_cut(counts, last);
}

/* The same from rollups, for @day or a month that begins with it; *ret_last is the last day that is counted then. */
static int roll_up(struct counts *counts, const struct query_source *source, const struct query_days *data, int32_t day,
                   int32_t *ret_last)
{
    struct period month = period_month(day), one = {.kind = PERIOD_DAY, .number = day};
    int32_t begins = period_first_day(month) > data->first ? period_first_day(month) : data->first;
    int r = COUNTS_E_NONE;

    if (day == begins && has_month(counts, day, data->last))
        r = counts_rollup(counts, source, month);
    if (r == 0) {
        *ret_last = period_last_day(month);
        return 0;
    }
    if (r == COUNTS_E_NONE && !is_cut(counts, day))
        r = counts_rollup(counts, source, one);
    if (r == 0)
        *ret_last = day;
    return r;
}

/* Counts @day, or the period that begins with it, and sets it behind. */
static int count_next(struct counts *counts, const struct query_source *source, const struct query_days *data,
                      int32_t *day, struct query_cost *cost, struct buffer *complaint)
{
    int32_t last = *day;
    int r = roll_up(counts, source, data, *day, &last);

    if (r == TALLY_E_FULL)
        return complain_groups(complaint);
    if (r == 0)
        cost->tables[QUERY_ROLLUP]++;
    if (r == COUNTS_E_NONE)
        r = scan_day(counts, source, *day, cost, complaint);
    *day = last + 1;
    return r;
}

/* What shares are of, and totals of it: few groups, of which all are asked for. */
static int settle_wholes(const struct counts *counts, const struct query_source *source)
{
    struct tally *const wholes[] = {counts->total, counts->all, counts->alike};
    int r = 0;

    for (unsigned i = 0; r == 0 && i < sizeof wholes / sizeof wholes[0]; i++)
        r = wholes[i] ? counts_settle_all(counts, source, wholes[i]) : 0;
    return error_trace(r);
}

int counts_scan(struct counts *counts, const struct query_source *source, int32_t first, int32_t last,
                struct query_cost *cost, struct buffer *complaint)
{
    const struct query_days data = {.first = first, .last = last};
    int r = 0;

    counts->first = first > counts->days.first ? first : counts->days.first;
    counts->last = last < counts->days.last ? last : counts->days.last;
    for (int32_t day = counts->first; r == 0 && day <= counts->last;) {
        if (source->is_cancelled && source->is_cancelled(source->context))
            return error_origin(-ECANCELED);
        r = count_next(counts, source, &data, &day, cost, complaint);
    }
    return r ? r : settle_wholes(counts, source);
}

uint64_t counts_visitors(const struct tally *tally, int64_t time, const struct text *texts)
{
    size_t group;

    return tally && tally_find(tally, time, texts, &group) ? tally_visitors(tally, group) : 0;
}
