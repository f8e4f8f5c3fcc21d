/*
 * Queries over random sites, checked against a brute-force oracle: it adds up
 * every pair of day and page one by one, knows visitors as sets and sorts by
 * insertion.  A seed that fails is named.
 */
#include "crumb/query/query.h"
#include "query_site.h"
#include <stdio.h>

static void shuffle(uint64_t *random, unsigned *items, unsigned n)
{
    for (unsigned i = n; i > 1; i--) {
        unsigned k = pick(random, i), item = items[k];

        items[k] = items[i - 1];
        items[i - 1] = item;
    }
}

static void random_orders(uint64_t *random, struct query *query)
{
    unsigned n = query->n_metrics + query->n_dimensions, all[QUERY_METRIC_N + QUERY_DIMENSION_N];

    for (unsigned i = 0; i < n; i++)
        all[i] = i;
    shuffle(random, all, n);
    query->n_orders = pick(random, n + 1);
    for (unsigned i = 0; i < query->n_orders; i++)
        query->orders[i] = (struct query_order){.by_metric = all[i] < query->n_metrics,
                                                .index = all[i] < query->n_metrics ? all[i] : all[i] - query->n_metrics,
                                                .descending = pick(random, 2) == 0};
}

#define N_DIMENSIONS 2 /* the site has no programs */

static struct query random_query(uint64_t *random, int32_t today)
{
    unsigned metrics[QUERY_METRIC_N] = {0, 1, 2, 3, 4, 5};
    unsigned dimensions[N_DIMENSIONS] = {QUERY_TIME_DAY, QUERY_EVENT_PAGE};
    struct query query = {.site = "shop"};
    int32_t first = today - 20 + (int32_t)pick(random, 40);

    shuffle(random, metrics, QUERY_METRIC_N);
    shuffle(random, dimensions, N_DIMENSIONS);
    query.n_metrics = 1 + pick(random, QUERY_METRIC_N);
    query.n_dimensions = pick(random, N_DIMENSIONS + 1);
    for (unsigned i = 0; i < query.n_metrics; i++)
        query.metrics[i] = (enum query_metric)metrics[i];
    for (unsigned i = 0; i < query.n_dimensions; i++)
        query.dimensions[i] = (enum query_dimension)dimensions[i];
    random_orders(random, &query);
    query.range = (struct query_range){.kind = RANGE_DATES,
                                       .first = zone_date_of_day(first),
                                       .last = zone_date_of_day(first + (int32_t)pick(random, 30))};
    query.limit = 1 + (pick(random, 2) ? pick(random, 10) : pick(random, QUERY_ROWS_MAX));
    query.offset = pick(random, 2) ? pick(random, 20) : 0;
    return query;
}

/* The oracle. */

struct expected_row {
    int32_t day;
    unsigned page;
    struct slot sum;
};

static bool asks_for(const struct query *query, enum query_dimension dimension)
{
    return (query->n_dimensions > 0 && query->dimensions[0] == dimension) ||
           (query->n_dimensions > 1 && query->dimensions[1] == dimension);
}

static uint64_t round_half_up(uint64_t part, uint64_t whole, uint64_t scale)
{
    return whole ? (uint64_t)((long double)(part * scale) / (long double)whole + 0.5L) : 0;
}

static uint64_t expected_value(const struct slot *sum, enum query_metric metric)
{
    const uint64_t *counts = sum->counts;

    switch (metric) {
    case QUERY_VISITORS:
        return (uint64_t)__builtin_popcountll(sum->visitors);
    case QUERY_VISITS:
        return counts[1];
    case QUERY_PAGEVIEWS:
        return counts[0];
    case QUERY_VIEWS_PER_VISIT:
        return round_half_up(counts[5], counts[2], 100);
    case QUERY_BOUNCE_RATE:
        return round_half_up(counts[3], counts[2], 1000);
    case QUERY_VISIT_DURATION:
        return round_half_up(counts[4], counts[2] * 1000, 1);
    case QUERY_METRIC_N:
        break;
    }
    fail();
    return 0;
}

static int compare_by(enum query_dimension dimension, const struct expected_row *a, const struct expected_row *b)
{
    if (dimension == QUERY_TIME_DAY)
        return a->day - b->day;
    return (int)a->page - (int)b->page; /* pages are ascending */
}

static bool comes_before(const struct query *query, const struct expected_row *a, const struct expected_row *b)
{
    for (unsigned i = 0; i < query->n_orders; i++) {
        unsigned index = query->orders[i].index;
        int order = 0;

        if (query->orders[i].by_metric) {
            uint64_t x = expected_value(&a->sum, query->metrics[index]);
            uint64_t y = expected_value(&b->sum, query->metrics[index]);

            order = x < y ? -1 : x > y;
        } else {
            order = compare_by(query->dimensions[index], a, b);
        }
        if (order)
            return query->orders[i].descending ? order > 0 : order < 0;
    }
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        int order = compare_by(query->dimensions[i], a, b);

        if (order)
            return order < 0;
    }
    return false;
}

static void add_slot(struct slot *sum, const struct slot *slot)
{
    for (unsigned k = 0; k < 6; k++)
        sum->counts[k] += slot->counts[k];
    sum->visitors |= slot->visitors;
}

/* All rows before pagination, in order. @rows has room for each pair of day and page. */
static unsigned expect(const struct query *query, const struct site *site, struct expected_row *rows)
{
    bool by_page = asks_for(query, QUERY_EVENT_PAGE), by_day = asks_for(query, QUERY_TIME_DAY);
    int32_t first = zone_day_of_date(query->range.first), last = zone_day_of_date(query->range.last);
    unsigned n = 0;

    if (query->n_dimensions == 0)
        rows[n++] = (struct expected_row){.page = SITE_TOTAL};
    for (int32_t day = site->first; day <= site->last; day++)
        for (unsigned page = by_page ? 0 : SITE_TOTAL; page < (by_page ? SITE_PAGES_MAX : SITE_TOTAL + 1); page++) {
            const struct slot *slot = &site->slots[day - site->first][page];
            unsigned i = 0;

            if (day < first || day > last || !slot->present)
                continue;
            if (slot->counts[0] == 0 && slot->counts[1] == 0 && slot->counts[2] == 0)
                continue;
            while (i < n && (rows[i].page != page || (by_day && rows[i].day != day)))
                i++;
            if (i == n)
                rows[n++] = (struct expected_row){.day = day, .page = page};
            add_slot(&rows[i].sum, slot);
        }
    for (unsigned i = 1; i < n; i++)
        for (unsigned k = i; k > 0 && comes_before(query, &rows[k], &rows[k - 1]); k--) {
            struct expected_row row = rows[k];

            rows[k] = rows[k - 1];
            rows[k - 1] = row;
        }
    return n;
}

static bool same_row(const struct query *query, const struct site *site, const struct query_row *row,
                     const struct expected_row *expected)
{
    for (unsigned i = 0; i < query->n_metrics; i++)
        if (row->metrics[i] != expected_value(&expected->sum, query->metrics[i]))
            return false;
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        struct zone_date date = zone_date_of_day(expected->day);
        char day[48];

        snprintf(day, sizeof day, "%04d-%02u-%02u", date.year, date.month, date.mday);
        if (!text_equal(row->dimensions[i],
                        text_of(query->dimensions[i] == QUERY_TIME_DAY ? day : site->pages[expected->page])))
            return false;
    }
    return true;
}

static void check_seed(const struct fixture *fixture, unsigned seed)
{
    static struct expected_row rows[SITE_DAYS_MAX * SITE_PAGES_MAX];
    uint64_t random = 0x9e3779b97f4a7c15 * (seed + 1);
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct site site;
    struct query_answer answer;

    random_site(&random, fixture->today, &site);
    struct query query = random_query(&random, fixture->today);
    struct query_source source = source_of(&site);
    unsigned n = expect(&query, &site, rows);
    unsigned first = query.offset < n ? query.offset : n;
    unsigned n_page = query.limit < n - first ? query.limit : n - first;

    assert_int_equal(query_run(&query, fixture->zone, fixture->now_ms, &source, &answer, &complaint), 0);
    if (answer.n_total != n || answer.n_rows != n_page)
        fail_msg("seed %u: %zu of %zu rows, not %u of %u", seed, answer.n_rows, answer.n_total, n_page, n);
    for (unsigned i = 0; i < n_page; i++)
        if (!same_row(&query, &site, &answer.rows[i], &rows[first + i]))
            fail_msg("seed %u: row %u of %u differs", seed, i, n_page);
    query_answer_deinit(&answer);
}

static void test_oracle(void **state)
{
    for (unsigned seed = 0; seed < 3000; seed++)
        check_seed(*state, seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_oracle)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
