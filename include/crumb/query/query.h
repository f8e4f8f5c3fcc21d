/*
 * A query: the request of POST /api/v2/query (Plausible Stats API v2), checked.
 *
 * parse (JSON -> struct query, pure) -> range (date_range -> days, pure) ->
 * scan (cells -> groups -> rows) -> output.
 *
 * What this version answers of that interface is in names.h; the rest is
 * refused with a sentence that says so, never answered by something else.
 *
 * Metrics of a page: `visits` are those that saw it; bounce_rate,
 * visit_duration and views_per_visit are over the visits that began with it.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/limits.h"
#include "crumb/base/zone.h"
#include "crumb/rollup/cell.h"

enum { QUERY_E_INVALID = 1 };

enum query_metric {
    QUERY_VISITORS,
    QUERY_VISITS,
    QUERY_PAGEVIEWS,
    QUERY_VIEWS_PER_VISIT,
    QUERY_BOUNCE_RATE,
    QUERY_VISIT_DURATION,
    QUERY_METRIC_N
};

enum query_dimension { QUERY_TIME_DAY, QUERY_EVENT_PAGE, QUERY_VISIT_BOT, QUERY_DIMENSION_N };

/* date_range as it was asked; range.h turns it into days. */
enum query_range_kind {
    RANGE_DAY,
    RANGE_24H,
    RANGE_LAST_DAYS, /* "7d" and the like: n */
    RANGE_MONTH,
    RANGE_LAST_MONTHS, /* "6mo" and the like: n */
    RANGE_YEAR,
    RANGE_ALL,
    RANGE_DATES, /* two dates, both included */
    RANGE_TIMES  /* two times, both seconds included */
};

/* A second: since 1970 UTC, or, where no offset was given, since 1970 on the clock on the site's wall. */
struct query_time {
    bool on_wall;
    int64_t at_s;
};

struct query_range {
    enum query_range_kind kind;
    unsigned n;
    struct zone_date first, last; /* RANGE_DATES */
    struct query_time from, to;   /* RANGE_TIMES */
};

struct query_order {
    bool by_metric; /* else by dimension */
    unsigned index; /* into metrics or dimensions of the query */
    bool descending;
};

struct query {
    char site[SITE_NAME_BYTES_MAX + 1];
    enum query_metric metrics[QUERY_METRICS_MAX]; /* none twice */
    unsigned n_metrics;
    enum query_dimension dimensions[QUERY_DIMENSIONS_MAX]; /* none twice */
    unsigned n_dimensions;
    bool time_by_length; /* the time dimension was asked for as `time`: what it means depends on the range */
    struct query_range range;
    struct query_order orders[QUERY_ORDERS_MAX];
    unsigned n_orders; /* where none was asked: the time dimension ascending, then the first metric descending */
    bool include_time_labels, include_total_rows;
    unsigned limit, offset;
};

/* The days a range covers and, for its first and last day, the instants inside them. */
struct query_days {
    int32_t first, last;    /* last < first: nothing */
    int64_t from_ms, to_ms; /* [from_ms, to_ms): clips the first and last day; whole days for date ranges */
};

/*
 * Parses and checks a request.  QUERY_E_INVALID: @complaint (empty before, with
 * room for QUERY_COMPLAINT_BYTES_MAX) holds where, what is wrong and what would
 * be right, in one sentence.  Pure.
 */
int query_parse(struct text json, struct query *ret_query, struct buffer *complaint);

/* Where cells come from: rollups, the open day, or a test. */
struct query_source {
    void *context;
    /*
     * The cells of one site-day, of its events with from_ms <= at < to_ms (both
     * may lie far outside the day).  A day without data gives no cells.  0 or a
     * fault.
     */
    int (*cells)(void *context, int32_t day, enum dimension dimension, int64_t from_ms, int64_t to_ms,
                 struct cells *ret_cells);
    /* The first and last day that have data; last < first where none has. 0 or a fault. */
    int (*days)(void *context, int32_t *ret_first, int32_t *ret_last);
};

struct query_row {
    const struct text *dimensions; /* n_dimensions texts */
    const uint64_t *metrics;       /* n_metrics values, in units of 10^-names_decimals(): 66.7 is 667 */
};

struct query_answer {
    const struct query_row *rows; /* the page asked for, in order */
    size_t n_rows;
    size_t n_total; /* rows before pagination */
    bool is_empty;  /* nothing happened on these days; the one row of a query without dimensions tells so */
    struct query_days days;
    void *memory; /* private: of everything above */
};

/*
 * Answers @query for a site whose zone is @zone at @now_ms.  Rows are ordered as
 * the query asks, then by their dimensions ascending (pages by bytes); groups
 * without any visit or page view give no row, but a query without dimensions
 * always gives one.  0 or a fault; the caller deinits the answer.
 * QUERY_E_INVALID: the range ends before it begins or covers more than
 * QUERY_DAYS_MAX, `time` does not mean days for it, or there are too many
 * groups; @complaint says so as in query_parse().
 */
int query_run(const struct query *query, const struct zone *zone, int64_t now_ms, const struct query_source *source,
              struct query_answer *ret_answer, struct buffer *complaint);
void query_answer_deinit(struct query_answer *answer);
