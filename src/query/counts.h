/*
 * Counting one range: the tallies that a query needs over the same days, so that
 * each day's table is read once.
 *
 *   rows     what the rows are made of: one tally, or one for each goal
 *   total    visitors without any dimension, for `percentage`
 *   all      the same without filters on goals, for `conversion_rate`
 *   alike    by the same dimensions but the goal, without filters on goals, for
 *            `group_conversion_rate`
 */
#pragma once

#include "crumb/query/query.h"
#include "crumb/query/selection.h"
#include "crumb/rollup/tally.h"

/* Sketches of a period that a tally's groups still owe. */
struct counts_debt {
    struct tally *tally;
    struct period period;
    enum field field;
    uint32_t n_ranks;
    uint32_t *ranks; /* of each group's cell, plus 1; 0: the period has none */
    size_t n_groups;
};

struct counts {
    const struct query *query; /* borrowed, as all others */
    const struct site *site;
    struct query_days days;
    bool by_time; /* groups have times.h's numbers of the unit; else all have 0 */
    enum query_unit unit;
    struct tally **rows;
    const struct goal **goals; /* of each of rows; NULL: the query has no dimension of goals */
    unsigned n_rows;
    struct tally *total, *all, *alike; /* NULL: not needed */
    /* private */
    struct tally_field fields[QUERY_DIMENSIONS_MAX];
    unsigned n_fields;
    int32_t first, last; /* days that are counted and may have data */
    struct counts_debt *debts;
    size_t n_debts, debts_capacity;
};

/* One of the tallies, and whom it counts. */
struct counts_part {
    struct tally *tally; /* NULL: it is not needed */
    struct selection selection;
    bool is_timeless; /* its groups have no times */
};

unsigned counts_n_parts(const struct counts *counts);
struct counts_part counts_part(const struct counts *counts, unsigned i);

#define COUNTS_INIT ((struct counts){.n_rows = 0})

/*
 * Makes the tallies of a query whose filter is bound.  @currency is that of
 * revenue where the query has no dimension of goals; NULL: none.  0 or -ENOMEM;
 * the caller deinits it, after a fault too.
 */
int counts_init(struct counts *counts, const struct query *query, const struct site *site,
                const struct query_days *days, enum query_unit unit, const char *currency);
void counts_deinit(struct counts *counts);

/*
 * Counts the days from @first to @last that the range covers, and adds to @cost.
 * Groups of rows may owe visitors then, until counts_settle().
 * QUERY_E_INVALID: there is too much, as @complaint says.  0 or a fault.
 */
int counts_scan(struct counts *counts, const struct query_source *source, int32_t first, int32_t last,
                struct query_cost *cost, struct buffer *complaint);

enum { COUNTS_E_NONE = 2 };

/*
 * Adds a period's rollups, all of whose days are asked about as a whole, to every
 * tally.  COUNTS_E_NONE: they cannot answer this question; nothing was added.
 * TALLY_E_FULL; 0 or a fault.
 */
int counts_rollup(struct counts *counts, const struct query_source *source, struct period period);

/* Notes what the groups of a period's cells owe, @groups being those of each. 0 or -ENOMEM. */
int counts_settle_later(struct counts *counts, const struct counts_debt *debt, const struct cells *cells,
                        const uint32_t *groups);
void counts_settle_forget(struct counts *counts);

/*
 * Merges the sketches that some groups of a tally owe: nobody else's are read,
 * where they are not in the same block.  0 or a fault; -ESTALE where a rollup is
 * gone since it was counted.
 */
int counts_settle(const struct counts *counts, const struct query_source *source, struct tally *tally,
                  const uint32_t *groups, size_t n);
int counts_settle_all(const struct counts *counts, const struct query_source *source, struct tally *tally);

/* The field of a dimension, as tally_text() has it. */
unsigned counts_field(const struct query *query, unsigned dimension);

/* Visitors of a group; 0 where there is no such group. */
uint64_t counts_visitors(const struct tally *tally, int64_t time, const struct text *texts);
