/*
 * Walks the days of a query, fetches their cells and turns them into groups.
 *
 * Grouped by day, each day's cells are groups as they are.  Otherwise the days
 * are merged first, like a binary counter counts: level i holds the cells of
 * 2^i days, and two of a level make one of the next.  So a value is moved once a
 * level, not once a day, and each of its sketches is merged once.
 */
#include "crumb/base/error.h"
#include "crumb/query/groups.h"
#include "crumb/query/range.h"
#include <assert.h>
#include <stdlib.h>

#define LEVELS 17
_Static_assert(QUERY_DAYS_MAX < 1 << LEVELS, "the days of a query fit");

struct scan {
    const struct query *query;
    const struct query_source *source;
    struct query_days days;
    bool by_day, counts_visitors;
    enum dimension dimension;
    struct cells levels[LEVELS];
    struct groups groups;
};

static bool asks_for(const struct query *query, enum query_dimension dimension)
{
    for (unsigned i = 0; i < query->n_dimensions; i++)
        if (query->dimensions[i] == dimension)
            return true;
    return false;
}

static bool asks_for_metric(const struct query *query, enum query_metric metric)
{
    for (unsigned i = 0; i < query->n_metrics; i++)
        if (query->metrics[i] == metric)
            return true;
    return false;
}

static enum dimension dimension_of(const struct query *query)
{
    if (asks_for(query, QUERY_VISIT_BOT))
        return DIMENSION_BOT;
    return asks_for(query, QUERY_EVENT_PAGE) ? DIMENSION_PAGE : DIMENSION_TOTAL;
}

static struct scan scan_init(const struct query *query, const struct query_source *source, struct query_days days)
{
    return (struct scan){.query = query,
                         .source = source,
                         .days = days,
                         .by_day = asks_for(query, QUERY_TIME_DAY),
                         .counts_visitors = asks_for_metric(query, QUERY_VISITORS),
                         .dimension = dimension_of(query),
                         .groups = groups_init(query)};
}

static void scan_deinit(struct scan *scan)
{
    for (unsigned i = 0; i < LEVELS; i++)
        cells_deinit(&scan->levels[i]);
    groups_deinit(&scan->groups);
}

static bool has_something(const struct cell *cell)
{
    return cell->pageviews > 0 || cell->visits > 0 || cell->entries > 0;
}

static int add_groups(struct scan *scan, int32_t day, struct cells *cells)
{
    for (size_t i = 0; i < cells->n_cells; i++) {
        int r = has_something(&cells->cells[i]) ? groups_add(&scan->groups, day, &cells->cells[i]) : 0;

        if (r)
            return error_trace(r);
    }
    return 0;
}

/* Takes @from, which is empty afterwards. */
static int merge(struct cells *into, struct cells *from)
{
    if (into->n_cells == 0) {
        cells_deinit(into);
        *into = *from;
        *from = CELLS_INIT;
        return 0;
    }
    int r = cells_merge(into, from);
    cells_deinit(from);
    return error_trace(r);
}

static int merge_day(struct scan *scan, struct cells *cells)
{
    unsigned level = 0;

    for (; scan->levels[level].n_cells > 0; level++) {
        int r = merge(cells, &scan->levels[level]);

        if (r)
            return error_trace(r);
        assert(level + 1 < LEVELS);
    }
    return error_trace(merge(&scan->levels[level], cells));
}

/* Merging sketches is most of the work; where nobody asks for visitors, none is there to merge. */
static void drop_sketches(struct cells *cells)
{
    for (size_t i = 0; i < cells->n_cells; i++)
        hll_deinit(&cells->cells[i].visitors);
}

static int scan_day(struct scan *scan, int32_t day)
{
    const struct query_source *source = scan->source;
    __attribute__((cleanup(cells_deinit))) struct cells cells = CELLS_INIT;
    int r = source->cells(source->context, day, scan->dimension, scan->days.from_ms, scan->days.to_ms, &cells);

    if (r)
        return error_fold(r);
    if (cells.n_cells == 0)
        return 0;
    if (!scan->counts_visitors)
        drop_sketches(&cells);
    return error_trace(scan->by_day ? add_groups(scan, day, &cells) : merge_day(scan, &cells));
}

/* What the levels hold when all days are merged becomes groups. */
static int finish_merge(struct scan *scan)
{
    __attribute__((cleanup(cells_deinit))) struct cells all = CELLS_INIT;

    for (unsigned level = 0; level < LEVELS; level++) {
        int r = merge(&all, &scan->levels[level]);

        if (r)
            return error_trace(r);
    }
    return error_trace(add_groups(scan, 0, &all));
}

static int scan_days(struct scan *scan, int32_t first, int32_t last)
{
    for (int32_t day = first; day <= last; day++) {
        int r = scan_day(scan, day);

        if (r)
            return error_trace(r);
    }
    return scan->by_day ? 0 : error_trace(finish_merge(scan));
}

/* The total of nothing is a row, too. */
static int add_empty_total(struct scan *scan)
{
    struct cell cell = {.value = TEXT_NONE};

    if (scan->query->n_dimensions > 0 || groups_n(&scan->groups) > 0)
        return 0;
    return error_trace(groups_add(&scan->groups, 0, &cell));
}

static int complain(struct buffer *complaint, const char *sentence)
{
    buffer_put_text(complaint, text_of(sentence));
    return complaint->fault ? error_origin(complaint->fault) : QUERY_E_INVALID;
}

static int complain_range(struct buffer *complaint, int code)
{
    if (code == RANGE_E_REVERSED)
        return complain(complaint, "date_range: ends before it begins; put the earlier date or time first");
    return complain(complaint, "date_range: covers more than a hundred years; ask for fewer days");
}

static int complain_unit(struct buffer *complaint, enum range_unit unit)
{
    if (unit == RANGE_UNIT_HOUR)
        return complain(complaint, "dimensions: \"time\" means hours for a date_range of up to 48 hours, which is not "
                                   "supported yet; ask for time:day");
    return complain(complaint,
                    "dimensions: \"time\" means weeks or months for a date_range of more than 40 days, which "
                    "is not supported yet; ask for time:day");
}

int query_run(const struct query *query, const struct zone *zone, int64_t now_ms, const struct query_source *source,
              struct query_answer *ret_answer, struct buffer *complaint)
{
    int32_t data_first, data_last;
    struct query_days days;

    int r = source->days(source->context, &data_first, &data_last);
    if (r)
        return error_fold(r);
    r = range_days(&query->range, zone, now_ms, data_first, data_last, &days);
    if (r)
        return complain_range(complaint, r);
    if (query->time_by_length && range_unit(&days) != RANGE_UNIT_DAY)
        return complain_unit(complaint, range_unit(&days));

    __attribute__((cleanup(scan_deinit))) struct scan scan = scan_init(query, source, days);
    struct query_answer answer = {.days = days};
    r = scan_days(&scan, days.first > data_first ? days.first : data_first,
                  days.last < data_last ? days.last : data_last);
    answer.is_empty = groups_n(&scan.groups) == 0;
    if (!r)
        r = add_empty_total(&scan);
    if (r == GROUPS_E_FULL)
        return complain(complaint, "dimensions: give too many rows over this date_range, even before pagination; ask "
                                   "for fewer days or fewer dimensions");
    if (!r)
        r = groups_page(&scan.groups, &answer);
    if (r)
        return error_trace(r);
    *ret_answer = answer;
    return 0;
}

void query_answer_deinit(struct query_answer *answer)
{
    free(answer->memory);
    *answer = (struct query_answer){0};
}
