/*
 * The bar of a long command.
 */
#include "check.h"
#include "crumb/base/progress.h"

#define SECOND_US 1000000

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t done, total;
        int64_t elapsed_us;
        const char *expected;
    } rows[] = {
        {"nothing is done yet", 0, 10, 0, "work  ░░░░░░░░░░░░░░░░░░░░░░░░   0 %"},
        {"a half, too early to foretell", 5, 10, SECOND_US, "work  ████████████░░░░░░░░░░░░  50 %"},
        {"a half in ten seconds", 5, 10, 10 * SECOND_US, "work  ████████████░░░░░░░░░░░░  50 %  10 s left"},
        {"a quarter in a minute", 1, 4, 60 * SECOND_US, "work  ██████░░░░░░░░░░░░░░░░░░  25 %  3:00 min left"},
        {"a hundredth in a minute", 1, 100, 60 * SECOND_US, "work  ░░░░░░░░░░░░░░░░░░░░░░░░   1 %  1:39 h left"},
        {"all", 10, 10, 10 * SECOND_US, "work  ████████████████████████ 100 %"},
        {"more came meanwhile", 11, 10, 10 * SECOND_US, "work  ████████████████████████ 100 %"},
        {"nobody knows how much it is", 1234, 0, 10 * SECOND_US, "work  1234"},
        {"as much as there can be", UINT64_MAX, UINT64_MAX, 0, "work  ████████████████████████ 100 %"},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO line = BUFFER_INIT(1024);

        progress_put("work", rows[i].done, rows[i].total, rows[i].elapsed_us, &line);
        check(rows[i].name, line.fault == 0);
        check(rows[i].name, text_equal(buffer_text(&line), text_of(rows[i].expected)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
