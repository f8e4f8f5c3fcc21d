/*
 * A query: the request of POST /api/v2/query (Plausible Stats API v2), checked.
 *
 * parse (JSON -> struct query, pure) -> run (tables and rollups -> rows) ->
 * output.  Run resolves the range, chooses for each day where its figures come
 * from, tallies hits and visits by group (tally.h), and makes metrics of them.
 *
 * Metrics of a page: `visits` are those that saw it; bounce_rate,
 * visit_duration and views_per_visit are over the visits that began with it.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/limits.h"
#include "crumb/base/zone.h"
#include "crumb/config/config.h"
#include "crumb/query/filter.h"
#include "crumb/rollup/cell.h"
#include "crumb/rollup/field.h"
#include "crumb/rollup/period.h"

enum {
    QUERY_E_INVALID = 1,
    QUERY_E_FOLDED = 4 /* of a source: visits of that day are not kept any more */
};

enum query_metric {
    QUERY_VISITORS,
    QUERY_VISITS,
    QUERY_PAGEVIEWS,
    QUERY_EVENTS,
    QUERY_VIEWS_PER_VISIT,
    QUERY_BOUNCE_RATE,
    QUERY_VISIT_DURATION,
    QUERY_SCROLL_DEPTH,
    QUERY_TIME_ON_PAGE,
    QUERY_PERCENTAGE,
    QUERY_CONVERSION_RATE,
    QUERY_GROUP_CONVERSION_RATE,
    QUERY_TOTAL_REVENUE,
    QUERY_AVERAGE_REVENUE,
    QUERY_COVERAGE,
    QUERY_METRIC_N
};

/* What answered for a day or month. */
enum query_tier { QUERY_LIVE, QUERY_SEGMENT, QUERY_ROLLUP, QUERY_TIER_N };

/* What a query can group by. */
enum query_dimension_kind { QUERY_TIME, QUERY_FIELD, QUERY_GOAL };

enum query_unit { QUERY_HOUR, QUERY_DAY, QUERY_WEEK, QUERY_MONTH };

struct query_dimension {
    enum query_dimension_kind kind;
    bool by_length;       /* QUERY_TIME asked for as `time`: the unit depends on the range, query_run() finds it */
    enum query_unit unit; /* of QUERY_TIME */
    enum field field;     /* of QUERY_FIELD */
    struct text property; /* of FIELD_PROPERTY: owned by the query */
};

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

/* Another range that every row is compared with. */
enum query_comparison { COMPARE_NONE, COMPARE_PREVIOUS_PERIOD, COMPARE_PREVIOUS_YEAR, COMPARE_RANGE };

struct query {
    char site[SITE_NAME_BYTES_MAX + 1];
    enum query_metric metrics[QUERY_METRICS_MAX]; /* none twice */
    unsigned n_metrics;
    struct query_dimension dimensions[QUERY_DIMENSIONS_MAX]; /* none twice, one time at most */
    unsigned n_dimensions;
    struct filter *filter; /* owned; NULL: none */
    struct query_range range;
    enum query_comparison comparison;
    struct query_range comparison_range; /* of COMPARE_RANGE */
    bool match_day_of_week; /* of COMPARE_PREVIOUS_PERIOD and _YEAR: shifted to begin on the same weekday */
    struct query_order orders[QUERY_ORDERS_MAX];
    unsigned n_orders; /* where none was asked: the time dimension ascending, then the first metric descending */
    bool include_time_labels, include_total_rows, explain;
    unsigned limit, offset;
    json_t *filters; /* owned; as they were asked, for the answer to repeat; NULL: none */
    json_t *request; /* owned; what the texts above are lent from */
};

/* The days a range covers and, for its first and last day, the instants inside them. */
struct query_days {
    int32_t first, last;    /* last < first: nothing */
    int64_t from_ms, to_ms; /* [from_ms, to_ms): clips the first and last day; whole days for date ranges */
};

/*
 * Parses and checks a request.  QUERY_E_INVALID: @complaint (empty before, with
 * room for QUERY_COMPLAINT_BYTES_MAX) holds where, what is wrong and what would
 * be right, in one sentence.  Pure.  Goals are looked up by query_run(), as the
 * site is not known before.  The caller deinits the query.
 */
int query_parse(struct text json, struct query *ret_query, struct buffer *complaint);
void query_deinit(struct query *query);

/* What was counted and why not, on the instants of a range. */
struct query_coverage {
    uint64_t received, stored; /* events */
};

/* Where figures come from: the store (query/store.h), or a test. */
struct query_source {
    void *context;
    /*
     * Pins the table of one site-day, with @columns (a set) at least; NULL: no
     * event came.  It stays as it is until release().  0, QUERY_E_FOLDED or a
     * fault.
     */
    int (*table)(void *context, int32_t day, uint64_t columns, const struct table **ret_table,
                 enum query_tier *ret_tier);
    void (*release)(void *context, const struct table *table);
    /*
     * Pins a part of the rollup of a field (FIELD_N: the totals), as
     * days_pin_rollup(); NULL: there is none that tells everything.  0 or a fault.
     * May be NULL: there are none at all.  Answers are the same with rollups and
     * without.
     */
    int (*rollup)(void *context, struct period period, enum field field, unsigned part, const struct cells **ret_cells);
    void (*release_rollup)(void *context, const struct cells *cells);
    /* The first and last day that have data; last < first where none has. 0 or a fault. */
    int (*days)(void *context, int32_t *ret_first, int32_t *ret_last);
    /* The first day of which there are tables, where others have none any more; else the first day. May be NULL. */
    int (*detailed)(void *context, int32_t *ret_first);
    /* The books of [from_ms, to_ms), whole hours; 0 or a fault. */
    int (*coverage)(void *context, int64_t from_ms, int64_t to_ms, struct query_coverage *ret_coverage);
    /* True: nobody waits for the answer any more; query_run() gives -ECANCELED. May be NULL. */
    bool (*is_cancelled)(void *context);
};

/* A metric that cannot be told: an average of nothing. */
#define QUERY_NULL INT64_MIN

struct query_row {
    const struct text *dimensions; /* n_dimensions texts */
    const int64_t *metrics;        /* n_metrics values, in units of 10^-names_decimals(): 66.7 is 667; or QUERY_NULL */
    const int64_t *compared;       /* the same over the other range; NULL where there is no comparison */
};

/* What it took. */
struct query_cost {
    unsigned tables[QUERY_TIER_N]; /* by tier; of rollups the periods that they answered for */
    uint64_t hits, visits;         /* scanned */
};

struct query_answer {
    const struct query_row *rows; /* the page asked for, in order */
    size_t n_rows;
    size_t n_total; /* rows before pagination */
    bool is_empty;  /* nothing happened on these days; the one row of a query without dimensions tells so */
    struct query_days days, compared_days;
    enum query_unit unit;        /* of the time dimension */
    const char *currency;        /* of revenue, lent from the site; NULL: no currency, or several */
    const char *revenue_warning; /* why revenue is null, a word of the interface; NULL: it is not */
    struct query_cost cost;
    bool has_folded;       /* of the site; told where the query asks for an explanation */
    int32_t detailed_from; /* then: the first day of which visits are kept */
    void *memory;          /* private: of everything above */
};

/*
 * Answers @query for a site at @now_ms.  Rows are ordered as the query asks,
 * then by their dimensions ascending (bytes); groups without any visit or hit
 * give no row, but a query without dimensions always gives one.  0 or a fault
 * (-ECANCELED); the caller deinits the answer.  QUERY_E_INVALID: the range ends
 * before it begins or covers more than QUERY_DAYS_MAX, there are too many
 * groups, more than QUERY_SCAN_HITS_MAX hits to scan, or no such goal;
 * @complaint says so as in query_parse().
 */
int query_run(const struct query *query, const struct site *site, int64_t now_ms, const struct query_source *source,
              struct query_answer *ret_answer, struct buffer *complaint);
void query_answer_deinit(struct query_answer *answer);
