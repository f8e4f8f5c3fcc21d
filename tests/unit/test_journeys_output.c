/*
 * Answers about paths and funnels as JSON: whole texts, as the shapes are what
 * others read.
 */
#include "crumb/query/journeys_output.h"
#include "journeys_table.h"

#define DAY_S 86400

static const struct journey visits[] = {{.visitor = 1, .hits = "A0 B4 C9 s10"},
                                        {.visitor = 2, .hits = "A0 B3"},
                                        {.visitor = 3, .hits = "A0 D10"},
                                        {.visitor = 4, .hits = "A0", .untraced = true}};

static struct paths_answer answer_paths(const struct paths_request *request, struct paths **ret_paths)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    struct paths_answer answer;

    journeys_make(visits, N_ROWS(visits), &table);
    assert_int_equal(paths_new(&request->question, ret_paths), 0);
    assert_int_equal(paths_add(*ret_paths, &table, 0, DAY_S), 0);
    assert_int_equal(paths_answer(*ret_paths, &answer), 0);
    return answer;
}

#define ASKED(rest) "{\"site_id\":\"shop\",\"date_range\":\"day\"," rest "}"

static void test_paths(void **state)
{
    static const struct {
        const char *request, *told;
    } rows[] = {
        {ASKED("\"steps\":3,\"limit\":1,\"paths\":2"),
         "{\"visits\":3,\"traced\":3,\"untraced\":1,\"steps\":["
         "{\"visits\":3,\"nodes\":[{\"kind\":\"page\",\"name\":\"/A\",\"visits\":3,\"dwell\":6}]},"
         "{\"visits\":3,\"nodes\":[{\"kind\":\"page\",\"name\":\"/B\",\"visits\":2,\"dwell\":3},"
         "{\"kind\":\"other\",\"name\":\"(other)\",\"visits\":1,\"dwell\":0,\"pages\":1}]},"
         "{\"visits\":1,\"nodes\":[{\"kind\":\"page\",\"name\":\"/C\",\"visits\":1,\"dwell\":0},"
         "{\"kind\":\"exit\",\"name\":\"(exit)\",\"visits\":2}]}],"
         "\"links\":[{\"step\":0,\"source\":0,\"target\":0,\"visits\":2},"
         "{\"step\":0,\"source\":0,\"target\":1,\"visits\":1},"
         "{\"step\":1,\"source\":0,\"target\":0,\"visits\":1},"
         "{\"step\":1,\"source\":0,\"target\":1,\"visits\":1},"
         "{\"step\":1,\"source\":1,\"target\":1,\"visits\":1}],"
         "\"paths\":[{\"pages\":[\"/A\",\"/B\"],\"exit\":true,\"visits\":1},"
         "{\"pages\":[\"/A\",\"/B\",\"/C\"],\"exit\":true,\"visits\":1}]}"},
        {ASKED("\"end\":\"/A\",\"paths\":1"),
         "{\"visits\":3,\"traced\":3,\"untraced\":1,\"steps\":["
         "{\"visits\":3,\"nodes\":[{\"kind\":\"page\",\"name\":\"/A\",\"visits\":3,\"dwell\":6}]},"
         "{\"visits\":0,\"nodes\":[{\"kind\":\"entry\",\"name\":\"(entry)\",\"visits\":3}]}],"
         "\"links\":[{\"step\":0,\"source\":0,\"target\":0,\"visits\":3}],"
         "\"paths\":[{\"pages\":[\"/A\"],\"entry\":true,\"visits\":3}]}"},
        {ASKED("\"start\":\"/none\""),
         "{\"visits\":0,\"traced\":3,\"untraced\":1,\"steps\":[],\"links\":[],\"paths\":[]}"},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX), told = BUFFER_INIT(1 << 16);
        struct paths_request request;
        struct paths *paths;

        check_equal(rows[i].request, paths_request_parse(text_of(rows[i].request), &request, &complaint), 0);
        struct paths_answer answer = answer_paths(&request, &paths);
        journeys_output_paths(&request, &answer, &told);
        check_equal(rows[i].request, told.fault, 0);
        check_text(rows[i].request, buffer_text(&told), rows[i].told);
        paths_answer_deinit(&answer);
        paths_free(paths);
        paths_request_deinit(&request);
    }
}

static void test_funnels(void **state)
{
    static const struct {
        const char *request, *told;
    } rows[] = {
        {ASKED("\"steps\":[{\"page\":\"/A\",\"name\":\"\\u00dcber "
               "\\\"uns\\\"\"},{\"page\":[\"/B\",\"/X\"]},{\"event\":\"s\"}]"),
         "{\"traced\":3,\"untraced\":1,\"steps\":["
         "{\"name\":\"\xc3\x9c"
         "ber \\\"uns\\\"\",\"visits\":3,\"visitors\":3,\"drop_off\":0,\"conversion_rate\":100.00,"
         "\"step_conversion_rate\":100.00,\"time_from_previous\":null},"
         "{\"name\":null,\"visits\":2,\"visitors\":2,\"drop_off\":1,\"conversion_rate\":66.67,"
         "\"step_conversion_rate\":66.67,\"time_from_previous\":4},"
         "{\"name\":\"s\",\"visits\":1,\"visitors\":1,\"drop_off\":1,\"conversion_rate\":33.33,"
         "\"step_conversion_rate\":50.00,\"time_from_previous\":6}]}"},
        {ASKED("\"steps\":[{\"page\":\"/none\"},{\"page\":\"/A\"}]"),
         "{\"traced\":3,\"untraced\":1,\"steps\":["
         "{\"name\":\"/none\",\"visits\":0,\"visitors\":0,\"drop_off\":0,\"conversion_rate\":null,"
         "\"step_conversion_rate\":null,\"time_from_previous\":null},"
         "{\"name\":\"/A\",\"visits\":0,\"visitors\":0,\"drop_off\":0,\"conversion_rate\":null,"
         "\"step_conversion_rate\":null,\"time_from_previous\":null}]}"},
    };
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;

    journeys_make(visits, N_ROWS(visits), &table);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX), told = BUFFER_INIT(1 << 16);
        struct funnel_request request;
        struct funnel *funnel;

        check_equal(rows[i].request, funnel_request_parse(text_of(rows[i].request), &request, &complaint), 0);
        check_equal(rows[i].request, funnel_new(&request.question, &funnel), 0);
        check_equal(rows[i].request, funnel_add(funnel, &table, 0, DAY_S), 0);
        struct funnel_answer answer = funnel_answer(funnel);
        journeys_output_funnel(&request, &answer, &told);
        check_equal(rows[i].request, told.fault, 0);
        check_text(rows[i].request, buffer_text(&told), rows[i].told);
        funnel_free(funnel);
        funnel_request_deinit(&request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_funnels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
