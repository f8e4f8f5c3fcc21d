/*
 * Counters and clocks: what GET /metrics writes, and time that is set by hand.
 */
#include "check.h"
#include "crumb/base/clock.h"
#include "crumb/base/metrics.h"
#include <stdio.h>

static void test_counting(void **state)
{
    for (unsigned i = 0; i < METRIC_N; i++)
        assert_int_equal(metrics_get(i), 0);
    metrics_add(METRIC_events_stored_total, 1);
    metrics_add(METRIC_events_stored_total, 41);
    metrics_add(METRIC_events_dropped_total, UINT64_MAX);
    assert_int_equal(metrics_get(METRIC_events_stored_total), 42);
    assert_true(metrics_get(METRIC_events_dropped_total) == UINT64_MAX);
    assert_int_equal(metrics_get(METRIC_requests_total), 0);
}

/* Each counter is three lines: help, type and value, all of the same name. */
static void test_text_format(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(1 << 16);
    unsigned n = 0;

    metrics_write(&buffer);
    assert_int_equal(buffer.fault, 0);
    struct text rest = buffer_text(&buffer);
    for (; rest.size; n++) {
        struct text help = text_cut(&rest, '\n'), type = text_cut(&rest, '\n'), value = text_cut(&rest, '\n');
        char wanted[200];

        assert_true(text_starts(help, TEXT("# HELP crumb_")));
        assert_true(text_starts(type, TEXT("# TYPE crumb_")));
        struct text name = text_from(type, strlen("# TYPE "));
        name.size -= strlen(" counter");
        snprintf(wanted, sizeof wanted, "# TYPE %.*s counter", TEXT_ARGS(name));
        assert_text(type, wanted);
        assert_true(text_starts(text_from(help, strlen("# HELP ")), name));
        assert_true(text_starts(value, name) && value.data[name.size] == ' ');
        assert_true(name.size > 6 && text_equal(text_from(name, name.size - 6), TEXT("_total")));
    }
    assert_int_equal(n, METRIC_N);
    assert_non_null(memmem(buffer.data, buffer.size, "\ncrumb_events_stored_total 42\n", 30));
}

static void test_clocks(void **state)
{
    struct clock_manual clock = clock_manual(1000);
    int64_t before = clock_monotonic_us();

    assert_int_equal(clock_now_ms(&clock.super), 1000);
    clock.at_ms += 500;
    assert_int_equal(clock_now_ms(&clock.super), 1500);
    assert_true(clock_now_ms(&clock_system) > 1700000000000); /* after 2023 */
    assert_true(clock_monotonic_us() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_text_format),
        cmocka_unit_test(test_clocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
