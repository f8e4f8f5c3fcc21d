/*
 * Paths and funnels over days: which tables are looked at, which part of them,
 * and that each is given back.
 */
#include "crumb/query/journeys_run.h"
#include "journeys_table.h"
#include <errno.h>

#define N_DAYS 3
#define FIRST 20454 /* 2026-01-01 */
#define NOW_MS (JOURNEYS_START_MS + 2 * 86400000LL + 43200000)

static const struct journey visits[] = {{.visitor = 1, .start_s = 10, .hits = "A0 B5"},
                                        {.visitor = 2, .start_s = 40000, .hits = "A0 B1"},
                                        {.visitor = 3, .start_s = 50000, .hits = "B0"}};

/* Three days of the same visits; the one in the middle may be without any. */
struct days {
    struct table table;
    bool has_hole;
    int fault;
    bool is_cancelled;
    unsigned n_pinned, n_asked;
    uint64_t columns;
};

static int days_table(void *context, int32_t day, uint64_t columns, const struct table **ret_table,
                      enum query_tier *ret_tier)
{
    struct days *days = context;

    assert_in_range(day, FIRST, FIRST + N_DAYS - 1);
    days->n_asked++;
    days->columns = columns;
    if (days->fault)
        return days->fault;
    *ret_tier = QUERY_LIVE;
    *ret_table = days->has_hole && day == FIRST + 1 ? NULL : &days->table;
    days->n_pinned += *ret_table != NULL;
    return 0;
}

static void days_release(void *context, const struct table *table)
{
    struct days *days = context;

    assert_ptr_equal(table, &days->table);
    days->n_pinned--;
}

static int days_days(void *context, int32_t *ret_first, int32_t *ret_last)
{
    *ret_first = FIRST;
    *ret_last = FIRST + N_DAYS - 1;
    return 0;
}

static bool days_cancelled(void *context) { return ((struct days *)context)->is_cancelled; }

static struct query_source source_of(struct days *days)
{
    return (struct query_source){.context = days,
                                 .table = days_table,
                                 .release = days_release,
                                 .days = days_days,
                                 .is_cancelled = days_cancelled};
}

static const struct row {
    const char *range; /* and more of the request */
    bool has_hole, is_cancelled;
    int fault, r;
    unsigned n_asked;
    uint64_t visits; /* traced, or of a complaint none */
    const char *complaint;
} rows[] = {
    {.range = "\"all\"", .n_asked = 3, .visits = 9},
    {.range = "\"all\"", .has_hole = true, .n_asked = 3, .visits = 6},
    {.range = "\"day\"", .n_asked = 1, .visits = 3},
    {.range = "[\"2025-12-01\",\"2026-01-02\"]", .n_asked = 2, .visits = 6},
    {.range = "[\"2025-11-01\",\"2025-12-01\"]"},
    {.range = "[\"2026-01-01T00:00:11Z\",\"2026-01-02T11:06:39Z\"]", .n_asked = 2, .visits = 3},
    {.range = "[\"2026-01-02\",\"2026-01-01\"]", .r = QUERY_E_INVALID, .complaint = "date_range: ends before"},
    {.range = "[\"1900-01-01\",\"2999-01-01\"]", .r = QUERY_E_INVALID, .complaint = "date_range: covers more"},
    {.range = "\"all\"", .fault = -EIO, .r = -EIO, .n_asked = 1},
    {.range = "\"all\"", .is_cancelled = true, .r = -ECANCELED},
    {.range = "\"all\",\"filters\":[[\"is\",\"event:goal\",[\"None\"]]]", .r = QUERY_E_INVALID, .complaint = ""},
};

static void check_run(const struct row *row, const struct days *days, int r, uint64_t got,
                      const struct buffer *complaint)
{
    check_equal(row->range, r, row->r);
    check_equal(row->range, days->n_pinned, 0);
    check_equal(row->range, days->n_asked, row->n_asked);
    check_equal(row->range, got, row->visits);
    check_equal(row->range, complaint->size > 0, row->complaint != NULL);
    if (row->complaint)
        check(row->range, text_starts(buffer_text(complaint), text_of(row->complaint)));
}

static void run_paths(const struct row *row, struct days *days, const struct site *site)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX), json = BUFFER_INIT(4096);
    const struct query_source source = source_of(days);
    struct paths_answer answer = {.traced = 0};
    struct paths_request request;
    struct paths *paths;

    buffer_printf(&json, "{\"site_id\":\"shop\",\"date_range\":%s}", row->range);
    check_equal(row->range, paths_request_parse(buffer_text(&json), &request, &complaint), 0);
    int r = journeys_run_paths(&request, site, NOW_MS, &source, &paths, &complaint);
    if (r == 0) {
        check_equal(row->range, paths_answer(paths, &answer), 0);
        paths_free(paths);
    }
    check_run(row, days, r, answer.traced, &complaint);
    paths_answer_deinit(&answer);
    paths_request_deinit(&request);
}

static void run_funnel(const struct row *row, struct days *days, const struct site *site)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX), json = BUFFER_INIT(4096);
    const struct query_source source = source_of(days);
    struct funnel_answer answer = {.traced = 0};
    struct funnel_request request;
    struct funnel *funnel;

    buffer_printf(&json, "{\"site_id\":\"shop\",\"steps\":[{\"page\":\"/A\"}],\"date_range\":%s}", row->range);
    check_equal(row->range, funnel_request_parse(buffer_text(&json), &request, &complaint), 0);
    int r = journeys_run_funnel(&request, site, NOW_MS, &source, &funnel, &complaint);
    if (r == 0) {
        answer = funnel_answer(funnel);
        funnel_free(funnel);
    }
    check_run(row, days, r, answer.traced, &complaint);
    funnel_request_deinit(&request);
}

static void test_rows(void **state)
{
    struct site site = {.name = NULL};

    assert_int_equal(zone_new("UTC", &site.zone), 0);
    for (size_t i = 0; i < N_ROWS(rows); i++)
        for (unsigned of_funnel = 0; of_funnel < 2; of_funnel++) {
            struct days days = {
                .has_hole = rows[i].has_hole, .fault = rows[i].fault, .is_cancelled = rows[i].is_cancelled};

            journeys_make(visits, N_ROWS(visits), &days.table);
            (of_funnel ? run_funnel : run_paths)(&rows[i], &days, &site);
            table_deinit(&days.table);
        }
    zone_free(site.zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
