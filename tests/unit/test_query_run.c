/*
 * Queries by hand: metrics, rounding, what the source is asked for, limits, and
 * no memory.  test_query_oracle.c has the random ones.
 *
 * Every allocation of crumb's own goes through the wrappers below (the linker's
 * --wrap), so that the n-th can be made to fail.
 */
#include "crumb/query/groups.h"
#include "crumb/query/output.h"
#include "crumb/query/query.h"
#include "query_site.h"
#include <stdio.h>

/* Allocations. */

static long allocations_left = -1; /* below 0: all succeed */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *string);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *string);

static bool fails(void)
{
    if (allocations_left < 0)
        return false;
    if (allocations_left == 0)
        return true;
    allocations_left--;
    return false;
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *memory, size_t size) { return fails() ? NULL : __real_realloc(memory, size); }
char *__wrap_strdup(const char *string) { return fails() ? NULL : __real_strdup(string); }

/* Queries by hand. */

static struct query query_of(const char *json)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query query;

    assert_int_equal(query_parse(text_of(json), &query, &complaint), 0);
    return query;
}

#define QUERY(range, metrics, dimensions)                                                                              \
    "{\"site_id\":\"shop\",\"date_range\":" range ",\"metrics\":" metrics ",\"dimensions\":" dimensions "}"
#define EVERY_METRIC "[\"visitors\",\"visits\",\"pageviews\",\"views_per_visit\",\"bounce_rate\",\"visit_duration\"]"

/* The first page of three days, with the same five visitors each. */
static struct site site_of_three_days(int32_t today)
{
    struct site site = {.first = today - 2, .last = today, .pages = {"/"}};
    struct slot slot = {.present = true, .counts = {12, 8, 8, 3, 12500, 12}, .visitors = 0x1f};

    for (unsigned day = 0; day < 3; day++)
        site.slots[day][0] = site.slots[day][SITE_TOTAL] = slot;
    return site;
}

static struct query_answer run(const struct fixture *fixture, struct site *site, const struct query *query)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query_source source = source_of(site);
    struct query_answer answer;

    assert_int_equal(query_run(query, fixture->zone, fixture->now_ms, &source, &answer, &complaint), 0);
    return answer;
}

static void test_metrics(void **state)
{
    const struct fixture *fixture = *state;
    struct site site = site_of_three_days(fixture->today);
    struct query query = query_of(QUERY("\"all\"", EVERY_METRIC, "[]"));
    struct query_answer answer = run(fixture, &site, &query);
    /* 5 people in 24 visits, 1.50 views each, 37.5 % bounced, 37.5 s in 24 visits are 1.56 s. */
    static const uint64_t expected[] = {5, 24, 36, 150, 375, 2};

    assert_int_equal(answer.n_rows, 1);
    assert_memory_equal(answer.rows[0].metrics, expected, sizeof expected);
    query_answer_deinit(&answer);
    assert_int_equal(answer.n_rows, 0);
    query_answer_deinit(&answer);
}

/* Half of a unit is rounded up, less is rounded down. */
static void test_rounding(void **state)
{
    static const struct {
        uint64_t entries, bounces, duration_ms, entry_pageviews;
        uint64_t bounce_rate, visit_duration, views_per_visit;
    } rows[] = {
        {1, 1, 499, 1, 1000, 0, 100},
        {1, 0, 500, 3, 0, 1, 300},
        {3, 1, 4499, 4, 333, 1, 133},
        {3, 2, 4500, 5, 667, 2, 167},
        {2000, 1, 2999000, 1, 1, 1, 0},
        {2001, 1, 3001499, 10, 0, 1, 0},
        {200, 1, 300000, 1, 5, 2, 1},
        {0, 7, 7, 7, 0, 0, 0},
        {UINT64_MAX, UINT64_MAX, 0, UINT64_MAX, 1000, 0, 100},
    };
    const struct fixture *fixture = *state;
    struct query query = query_of(QUERY("\"day\"", "[\"bounce_rate\",\"visit_duration\",\"views_per_visit\"]", "[]"));

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct site site = {.first = fixture->today, .last = fixture->today};

        site.slots[0][SITE_TOTAL] = (struct slot){
            .present = true,
            .counts = {1, 1, rows[i].entries, rows[i].bounces, rows[i].duration_ms, rows[i].entry_pageviews}};
        struct query_answer answer = run(fixture, &site, &query);
        const uint64_t *got = answer.rows[0].metrics;
        if (got[0] != rows[i].bounce_rate || got[1] != rows[i].visit_duration || got[2] != rows[i].views_per_visit)
            fail_msg("row %zu: %llu %llu %llu", i, (unsigned long long)got[0], (unsigned long long)got[1],
                     (unsigned long long)got[2]);
        query_answer_deinit(&answer);
    }
}

/* One visitor on a thousand days is one visitor, whatever level of the merge the days end on. */
static void test_many_days(void **state)
{
    const struct fixture *fixture = *state;
    struct query query = query_of(QUERY("\"all\"", "[\"visitors\",\"pageviews\"]", "[\"event:page\"]"));

    for (int32_t n_days = 1; n_days <= 1024; n_days = n_days * 3 / 2 + 1) {
        struct site site = {.first = fixture->today - n_days + 1, .last = fixture->today, .pages = {"/"}};

        for (unsigned day = 0; day < SITE_DAYS_MAX; day++)
            site.slots[day][0] = (struct slot){.present = true, .counts = {2, 1, 1}, .visitors = 1};
        struct query_answer answer = run(fixture, &site, &query);
        assert_int_equal(answer.n_rows, 1);
        assert_int_equal(answer.rows[0].metrics[0], 1);
        assert_int_equal(answer.rows[0].metrics[1], 2 * n_days);
        assert_int_equal(site.n_asked, n_days);
        query_answer_deinit(&answer);
    }
}

/* The source is asked for days that have data and lie in the range, once each, and told the instants. */
static void test_asked(void **state)
{
    const struct fixture *fixture = *state;
    struct site site = site_of_three_days(fixture->today);
    struct query query = query_of(QUERY("\"24h\"", "[\"visits\"]", "[]"));
    struct query_answer answer = run(fixture, &site, &query);

    assert_int_equal(site.n_asked, 2);
    assert_int_equal(site.first_asked, fixture->today - 1);
    assert_int_equal(site.last_asked, fixture->today);
    assert_int_equal(site.dimension, DIMENSION_TOTAL);
    assert_int_equal(site.from_ms, fixture->now_ms - 86400000 + 1000);
    assert_int_equal(site.to_ms, fixture->now_ms + 1000);
    assert_int_equal(answer.days.first, fixture->today - 1);
    assert_int_equal(answer.days.to_ms, site.to_ms);
    query_answer_deinit(&answer);

    site = site_of_three_days(fixture->today);
    query = query_of(QUERY("\"year\"", "[\"visits\"]", "[\"time:day\",\"event:page\"]"));
    answer = run(fixture, &site, &query);
    assert_int_equal(site.n_asked, 3);
    assert_int_equal(site.dimension, DIMENSION_PAGE);
    assert_int_equal(answer.n_rows, 3);
    query_answer_deinit(&answer);
}

static void test_nothing(void **state)
{
    static const struct {
        const char *json;
        unsigned n_rows;
    } rows[] = {
        {QUERY("\"7d\"", EVERY_METRIC, "[]"), 1},
        {QUERY("\"all\"", "[\"visitors\"]", "[\"time:day\"]"), 0},
        {QUERY("\"year\"", "[\"visitors\"]", "[\"event:page\"]"), 0},
        {QUERY("[\"2024-03-31T02:10:00\",\"2024-03-31T02:50:00\"]", "[\"visitors\"]", "[]"), 1},
    };
    const struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct site site = {.first = 0, .last = -1};
        struct query query = query_of(rows[i].json);
        struct query_answer answer = run(fixture, &site, &query);

        assert_int_equal(site.n_asked, 0);
        assert_int_equal(answer.n_rows, rows[i].n_rows);
        assert_int_equal(answer.n_total, rows[i].n_rows);
        for (unsigned k = 0; k < answer.n_rows * query.n_metrics; k++)
            assert_int_equal(answer.rows[0].metrics[k], 0);
        query_answer_deinit(&answer);
    }
}

static int run_refused(const struct fixture *fixture, struct query_source *source, const char *json, const char *part)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query query = query_of(json);
    struct query_answer answer = {.n_rows = 4711};
    int r = query_run(&query, fixture->zone, fixture->now_ms, source, &answer, &complaint);

    assert_int_equal(answer.n_rows, 4711);
    buffer_put_u8(&complaint, 0);
    assert_non_null(strstr((const char *)complaint.data, part));
    return r;
}

static void test_refused(void **state)
{
    const struct fixture *fixture = *state;
    struct site site = site_of_three_days(fixture->today);
    struct query_source source = source_of(&site);
    const char *any = QUERY("\"all\"", "[\"visits\"]", "[]");

    assert_int_equal(run_refused(fixture, &source, QUERY("[\"2024-01-02\",\"2024-01-01\"]", "[\"visits\"]", "[]"),
                                 "date_range: ends before it begins"),
                     QUERY_E_INVALID);
    assert_int_equal(run_refused(fixture, &source, QUERY("[\"2000-01-01\",\"2200-01-01\"]", "[\"visits\"]", "[]"),
                                 "date_range: covers more than a hundred years"),
                     QUERY_E_INVALID);
    site.fault_of_cells = -EIO;
    assert_int_equal(run_refused(fixture, &source, any, ""), -EIO);
    site.fault_of_days = -EBADMSG;
    assert_int_equal(run_refused(fixture, &source, any, ""), -EBADMSG);
}

/* `time` means days for some ranges only; time:day is answered for all. Berlin's clocks change on 2024-10-27. */
static void test_time_by_length(void **state)
{
    static const char hours[] = "\"time\" means hours", longer[] = "\"time\" means weeks or months";
    static const struct {
        const char *range;
        const char *complaint; /* NULL: it is days */
    } rows[] = {
        {"\"day\"", hours},
        {"\"24h\"", hours},
        {"\"2d\"", hours},
        {"\"3d\"", NULL},
        {"\"7d\"", NULL},
        {"\"30d\"", NULL},
        {"\"month\"", NULL}, /* it is the 15th */
        {"\"1mo\"", NULL},
        {"\"2mo\"", longer},
        {"\"year\"", longer},
        {"\"all\"", NULL}, /* three days */
        {"[\"2024-01-01\",\"2024-01-02\"]", hours},
        {"[\"2024-01-01\",\"2024-01-03\"]", NULL},
        {"[\"2024-10-26\",\"2024-10-27\"]", hours}, /* 49 hours, of which the last is not whole */
        {"[\"2024-01-01\",\"2024-02-10\"]", NULL},  /* 41 days, of which the last is not whole */
        {"[\"2024-01-01\",\"2024-02-11\"]", longer},
        {"[\"2024-01-01T00:00:00Z\",\"2024-01-03T00:59:59Z\"]", hours},
        {"[\"2024-01-01T00:00:00Z\",\"2024-01-03T01:00:00Z\"]", NULL},
        {"[\"2024-01-01T00:00:00Z\",\"2024-02-10T23:59:59Z\"]", NULL},
        {"[\"2024-01-01T00:00:00Z\",\"2024-02-11T00:00:00Z\"]", longer},
    };
    const struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct site site = site_of_three_days(fixture->today);
        struct query_source source = source_of(&site);
        char json[256];

        snprintf(json, sizeof json, QUERY("%s", "[\"visits\"]", "[\"%s\"]"), rows[i].range, "time:day");
        struct query query = query_of(json);
        struct query_answer answer = run(fixture, &site, &query);
        query_answer_deinit(&answer);
        snprintf(json, sizeof json, QUERY("%s", "[\"visits\"]", "[\"%s\"]"), rows[i].range, "time");
        query = query_of(json);
        if (rows[i].complaint) {
            assert_int_equal(run_refused(fixture, &source, json, rows[i].complaint), QUERY_E_INVALID);
            continue;
        }
        answer = run(fixture, &site, &query);
        query_answer_deinit(&answer);
    }
}

/* As many pages a day as the context says, each with one view. */
static int wide_cells(void *context, int32_t day, enum dimension dimension, int64_t from_ms, int64_t to_ms,
                      struct cells *ret_cells)
{
    unsigned n = *(unsigned *)context;

    (void)day, (void)dimension, (void)from_ms, (void)to_ms;
    *ret_cells = (struct cells){.cells = calloc(n, sizeof(struct cell)), .n_cells = n, .values = malloc(8 * n)};
    for (unsigned i = 0; i < n; i++) {
        char name[16];

        snprintf(name, sizeof name, "%08u", i);
        memcpy(ret_cells->values + 8 * i, name, 8);
        ret_cells->cells[i].value = (struct text){ret_cells->values + 8 * i, 8};
        ret_cells->cells[i].pageviews = 1;
    }
    return 0;
}

static int wide_days(void *context, int32_t *ret_first, int32_t *ret_last)
{
    (void)context;
    *ret_first = 0;
    *ret_last = 1 << 20;
    return 0;
}

/* Two days of half of the limit are answered, with one page more they are refused. */
static void test_too_many_groups(void **state)
{
    const struct fixture *fixture = *state;
    unsigned n = QUERY_GROUPS_MAX / 2;
    struct query_source source = {.context = &n, .cells = wide_cells, .days = wide_days};
    const char *json = QUERY("\"2d\"", "[\"pageviews\"]", "[\"time:day\",\"event:page\"]");
    struct query query = query_of(json);
    struct query_answer answer;
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);

    assert_int_equal(query_run(&query, fixture->zone, fixture->now_ms, &source, &answer, &complaint), 0);
    assert_int_equal(answer.n_total, QUERY_GROUPS_MAX);
    assert_int_equal(answer.n_rows, QUERY_ROWS_DEFAULT);
    assert_memory_equal(answer.rows[9999].dimensions[1].data, "00009999", 8);
    query_answer_deinit(&answer);
    n++;
    assert_int_equal(run_refused(fixture, &source, json, "dimensions: give too many rows"), QUERY_E_INVALID);
}

/* Four pages whose names fill the room for names; one byte more does not fit. */
static void test_names_of_groups(void **state)
{
    size_t size = QUERY_GROUP_NAMES_BYTES_MAX / 4;
    struct query query = query_of(QUERY("\"day\"", "[\"pageviews\"]", "[\"event:page\"]"));
    struct groups groups = groups_init(&query);
    char *name = malloc(size);
    struct cell cell = {.pageviews = 1};

    (void)state;
    assert_non_null(name);
    memset(name, 'x', size);
    cell.value = (struct text){name, size};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(groups_add(&groups, 0, &cell), 0);
    cell.value.size = 1;
    assert_int_equal(groups_add(&groups, 0, &cell), GROUPS_E_FULL);
    assert_int_equal(groups_n(&groups), 4);
    groups_deinit(&groups);
    free(name);
}

/* Parse, run and output, with every allocation of crumb's own failing once. */
static int whole_way(const struct fixture *fixture, struct site *site, const char *json, struct buffer *output)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    __attribute__((cleanup(query_answer_deinit))) struct query_answer answer = {0};
    struct query_source source = source_of(site);
    struct query query;
    int r = query_parse(text_of(json), &query, &complaint);

    if (!r)
        r = query_run(&query, fixture->zone, fixture->now_ms, &source, &answer, &complaint);
    if (!r) {
        query_output_json(&query, &answer, fixture->zone, output);
        query_output_csv(&query, &answer, output);
        query_output_table(&query, &answer, output);
        r = output->fault;
    }
    return r;
}

static void test_no_memory(void **state)
{
    static const struct {
        const char *json;
        int end; /* when memory lasts */
    } rows[] = {
        {QUERY("\"all\"", EVERY_METRIC, "[]"), 0},
        {QUERY("\"all\"", EVERY_METRIC, "[\"event:page\"]"), 0},
        {QUERY("\"all\"", EVERY_METRIC, "[\"time:day\",\"event:page\"]"), 0},
        {QUERY("\"7d\"", EVERY_METRIC, "[\"time:week\"]"), QUERY_E_INVALID},
        {QUERY("[\"2024-01-02\",\"2024-01-01\"]", EVERY_METRIC, "[]"), QUERY_E_INVALID},
    };
    const struct fixture *fixture = *state;
    uint64_t random = 7;
    struct site site;

    random_site(&random, fixture->today, &site);
    site.first = fixture->today - 9;
    site.last = fixture->today;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int r = -ENOMEM;

        for (long n = 0; r == -ENOMEM; n++) {
            BUFFER_AUTO output = BUFFER_INIT(1 << 20);

            assert_true(n < 100000);
            allocations_left = n;
            r = whole_way(fixture, &site, rows[i].json, &output);
            allocations_left = -1;
            assert_true(n > 0 || r == -ENOMEM);
        }
        assert_int_equal(r, rows[i].end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metrics),         cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_many_days),       cmocka_unit_test(test_asked),
        cmocka_unit_test(test_nothing),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_time_by_length),  cmocka_unit_test(test_too_many_groups),
        cmocka_unit_test(test_names_of_groups), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
