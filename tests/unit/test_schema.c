/*
 * What can be asked, and the queries that find the values of a dimension.
 */
#include "check.h"
#include "crumb/base/json.h"
#include "crumb/query/names.h"
#include "crumb/query/schema.h"
#include <stdlib.h>

static char names[][8] = {"Sale", "a\"b"};
static char currency[] = "EUR";

static void test_names(void **state)
{
    struct goal goals[] = {{.name = names[0], .currency = currency}, {.name = names[1]}};
    struct site site = {.goals = goals, .n_goals = 2};
    BUFFER_AUTO answer = BUFFER_INIT(1 << 16);
    JSON_AUTO *root = NULL;

    (void)state;
    schema_put(&site, &answer);
    assert_int_equal(json_read(buffer_text(&answer), &root), 0);
    assert_int_equal(json_array_size(json_object_get(root, "metrics")), QUERY_METRIC_N);
    for (int i = 0; i < QUERY_METRIC_N; i++) {
        json_t *metric = json_array_get(json_object_get(root, "metrics"), (size_t)i);

        assert_string_equal(json_string_value(json_object_get(metric, "name")), names_metric((enum query_metric)i));
        assert_non_null(json_string_value(json_object_get(metric, "unit")));
    }
    assert_int_equal(json_array_size(json_object_get(root, "dimensions")), FIELD_N + 6);
    JSON_AUTO *wanted = json_pack("[{s:s,s:s}, {s:s}]", "name", "Sale", "currency", "EUR", "name", "a\"b");
    assert_true(json_equal(json_object_get(root, "goals"), wanted));
}

static const struct {
    const char *name, *dimension, *search, *range, *limit;
    const char *filters; /* NULL: refused */
    const char *complaint;
} rows[] = {
    {"all values", "visit:source", "", "", "", "[]", NULL},
    {"some", "visit:source", "Goo%20g", "", "",
     "[[\"contains\",\"visit:source\",[\"Goo g\"],{\"case_sensitive\":false}]]", NULL},
    {"a property", "event:props:a%20b", "x", "", "",
     "[[\"contains\",\"event:props:a b\",[\"x\"],{\"case_sensitive\":false}]]", NULL},
    {"of a range and few", "visit:city", "", "2024-01-01,2024-01-31", "7", "[]", NULL},
    {"of a word", "visit:city", "", "12mo", "10000", "[]", NULL},
    {"times", "time:day", "", "", "", NULL, "dimension: times have no values to choose from"},
    {"any time", "time", "", "", "", NULL, "dimension: times have no values"},
    {"none", "visit:nothing", "", "", "", NULL, "dimensions[0]: \"visit:nothing\" is not a dimension"},
    {"no UTF-8", "visit:source", "%ff", "", "", NULL, "the parameters: cannot be read"},
    {"a NUL", "visit:source", "%00", "", "", NULL, "the parameters: cannot be read"},
    {"half an escape", "visit:source", "%2", "", "", NULL, "the parameters: cannot be read"},
    {"too many", "visit:source", "", "", "10001", NULL, "pagination.limit: must be a whole number from 1 to 10000"},
    {"no number", "visit:source", "", "", "1x", NULL, "pagination.limit: must be"},
    {"a long number", "visit:source", "", "", "99999999999999", NULL, "pagination.limit: must be"},
    {"no range", "visit:source", "", "week", "", NULL, "date_range: must be"},
};

static void test_queries(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        BUFFER_AUTO filters = BUFFER_INIT(1024);
        struct schema_wish wish = {.site = TEXT("shop"),
                                   .dimension = text_of(rows[i].dimension),
                                   .search = text_of(rows[i].search),
                                   .range = text_of(rows[i].range),
                                   .limit = text_of(rows[i].limit)};
        struct query query;

        if (!rows[i].filters) {
            check_equal(rows[i].name, schema_query(&wish, &query, &complaint), QUERY_E_INVALID);
            buffer_put_u8(&complaint, '\0');
            check(rows[i].name, strstr((const char *)complaint.data, rows[i].complaint));
            continue;
        }
        check_equal(rows[i].name, schema_query(&wish, &query, &complaint), 0);
        check_equal(rows[i].name, json_put(&filters, json_incref(query.filters), 0), 0);
        check_text(rows[i].name, buffer_text(&filters), rows[i].filters);
        check(rows[i].name, strcmp(query.site, "shop") == 0 && query.n_metrics == 1 && query.n_dimensions == 1);
        check_equal(rows[i].name, query.limit, *rows[i].limit ? atoi(rows[i].limit) : SCHEMA_VALUES_DEFAULT);
        check_equal(rows[i].name, query.range.kind,
                    !*rows[i].range              ? RANGE_LAST_DAYS
                    : strchr(rows[i].range, ',') ? RANGE_DATES
                                                 : RANGE_LAST_MONTHS);
        query_deinit(&query);
    }
}

static void test_values(void **state)
{
    static const struct text values[] = {{"Google", 6}, {"a\"\xff", 3}};
    static const int64_t counts[] = {3, 1};
    const struct query_row answer_rows[] = {{&values[0], &counts[0], NULL}, {&values[1], &counts[1], NULL}};
    const struct query_answer answer = {.rows = answer_rows, .n_rows = 2};
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    BUFFER_AUTO buffer = BUFFER_INIT(1024);
    struct schema_wish wish = {.site = TEXT("shop"), .dimension = TEXT("visit:source")};
    struct query query;

    (void)state;
    assert_int_equal(schema_query(&wish, &query, &complaint), 0);
    schema_put_values(&query, &answer, &buffer);
    assert_text(buffer_text(&buffer),
                "{\"dimension\":\"visit:source\",\"values\":[{\"value\":\"Google\",\"visitors\":3},"
                "{\"value\":\"a\\\"\xef\xbf\xbd\",\"visitors\":1}]}");
    query_deinit(&query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
