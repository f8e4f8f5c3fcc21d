/*
 * Rows are sorted by the first order's value, which stands beside the row's
 * number, and among equals by everything else, as far as the page goes.
 *
 * Visitors take long to count, so they are counted only where they decide: of all
 * rows, or, where rows with most visitors come first, of those that may have as
 * many as the last one of the page.
 */
#include "crumb/base/error.h"
#include "rows_inside.h"
#include <stdlib.h>

#define CHOICE_LEAST 16
#define CHOICE_ROUNDS 64 /* then sorting more than is needed is quicker */

static int compare_texts(struct text a, struct text b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.data, b.data, size) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_dimension(const struct rows *rows, unsigned dimension, const struct row *a, const struct row *b)
{
    if (rows->query->dimensions[dimension].kind == QUERY_TIME)
        return (a->time > b->time) - (a->time < b->time);
    return compare_texts(rows_text(rows, a, dimension), rows_text(rows, b, dimension));
}

static int64_t first_value(const struct rows *rows, size_t row)
{
    const struct query_order *order = &rows->query->orders[0];
    int64_t value = 0;

    if (rows->query->n_orders == 0)
        return 0;
    if (order->by_metric)
        value = rows->values[row * rows->query->n_metrics + order->index];
    else if (rows->query->dimensions[order->index].kind == QUERY_TIME)
        value = rows->rows[row].time;
    return order->descending ? ~value : value; /* ~ turns the order around, and has no overflow */
}

static int compare_by(const struct rows *rows, const struct query_order *order, uint32_t a, uint32_t b)
{
    unsigned n_metrics = rows->query->n_metrics;

    if (!order->by_metric)
        return compare_dimension(rows, order->index, &rows->rows[a], &rows->rows[b]);
    int64_t value_a = rows->values[a * (size_t)n_metrics + order->index];
    int64_t value_b = rows->values[b * (size_t)n_metrics + order->index];
    return (value_a > value_b) - (value_a < value_b);
}

/* No two rows are equal: their dimensions, which are compared in the end, differ. */
static int compare_rows(const void *left, const void *right, void *context)
{
    const struct rows *rows = context;
    const struct query *query = rows->query;
    const struct place *a = left, *b = right;
    int result = (a->first > b->first) - (a->first < b->first);

    for (unsigned i = 0; result == 0 && i < query->n_orders; i++) {
        result = compare_by(rows, &query->orders[i], a->row, b->row);
        result = query->orders[i].descending ? -result : result;
    }
    for (unsigned i = 0; result == 0 && i < query->n_dimensions; i++)
        result = compare_dimension(rows, i, &rows->rows[a->row], &rows->rows[b->row]);
    return result;
}

static void swap(struct place *a, struct place *b)
{
    struct place place = *a;

    *a = *b;
    *b = place;
}

/* Puts what goes before the place in the middle in front of it; how many these are. */
static size_t part(struct rows *rows, struct place *places, size_t n)
{
    struct place *last = places + n - 1;
    size_t before = 0;

    swap(places + n / 2, last);
    for (struct place *place = places; place < last; place++)
        if (compare_rows(place, last, rows) < 0)
            swap(place, places + before++);
    swap(places + before, last);
    return before;
}

/*
 * Of @n places, moves those up to the end of the page, in any order, to the front
 * of some that are few more; how many these are.  Most rows of a long list are on
 * no page.
 */
static size_t choose(struct rows *rows, size_t n)
{
    size_t n_wanted = (size_t)rows->query->offset + rows->query->limit;
    size_t low = 0, high = n; /* the last that is wanted is in [low, high), which is in its place as a whole */

    for (unsigned round = 0; high - low > CHOICE_LEAST && round < CHOICE_ROUNDS && high > n_wanted; round++) {
        size_t pivot = low + part(rows, rows->places + low, high - low);

        if (pivot < n_wanted)
            low = pivot + 1;
        else
            high = pivot;
    }
    return high;
}

/* ---- visitors ---- */

/* Whether the visitors of rows decide which are on the page. */
static bool decide(const struct rows *rows)
{
    const struct query *query = rows->query;

    for (unsigned i = 0; i < query->n_orders; i++)
        if (query->orders[i].by_metric && rows_of_visitors(query->metrics[query->orders[i].index]))
            return true;
    return false;
}

static bool are_first(const struct rows *rows)
{
    const struct query_order *order = &rows->query->orders[0];

    return order->by_metric && order->descending && rows->query->metrics[order->index] == QUERY_VISITORS;
}

static int64_t visitors_at_most(const struct rows *rows, size_t number)
{
    const struct row *row = &rows->rows[number];
    uint64_t most = row->is_none ? 0 : tally_visitors_at_most(rows->counts->rows[row->tally], row->group);

    return most > INT64_MAX ? INT64_MAX : (int64_t)most;
}

/*
 * Those that may have most are counted, a page of them.  Of the others only those
 * come into question that may have as many as the least of these.  How many places
 * are in question, which come first.
 */
static int find_candidates(struct rows *rows, size_t *ret_n)
{
    unsigned metric = rows->query->orders[0].index, n_metrics = rows->query->n_metrics;
    int64_t least = INT64_MAX;

    for (size_t i = 0; i < rows->n; i++)
        rows->places[i].first = ~visitors_at_most(rows, i);
    size_t n = choose(rows, rows->n), n_counted = n;
    int r = rows_count_visitors(rows, 0, n);
    if (r < 0)
        return error_trace(r);
    for (size_t i = 0; i < n; i++) {
        int64_t visitors = rows->values[rows->places[i].row * (size_t)n_metrics + metric];

        least = visitors < least ? visitors : least;
    }
    for (size_t i = n; i < rows->n; i++)
        if (~rows->places[i].first >= least)
            swap(&rows->places[i], &rows->places[n++]);
    *ret_n = n;
    return error_trace(rows_count_visitors(rows, n_counted, n));
}

int rows_order(struct rows *rows)
{
    size_t n = rows->n;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        rows->places[i].row = (uint32_t)i;
        r = rows_measure(rows, (uint32_t)i, false);
    }
    if (r == 0 && decide(rows))
        r = are_first(rows) ? find_candidates(rows, &n) : rows_count_visitors(rows, 0, n);
    if (r < 0)
        return error_trace(r);
    for (size_t i = 0; i < n; i++)
        rows->places[i].first = first_value(rows, rows->places[i].row);
    qsort_r(rows->places, choose(rows, n), sizeof *rows->places, compare_rows, rows);
    return 0;
}
