/*
 * Times as numbers: hours, weeks and months, and days whose clock is set.
 */
#include "../../src/query/times.h"
#include "check.h"
#include <stdlib.h>

#define HOUR_MS 3600000

static struct zone *zone_of(const char *name)
{
    struct zone *zone;

    assert_int_equal(zone_new(name, &zone), 0);
    return zone;
}

static int32_t day_of(int year, unsigned month, unsigned mday)
{
    return zone_day_of_date((struct zone_date){year, month, mday});
}

static void test_labels(void **state)
{
    static const struct {
        int year;
        unsigned month, mday;
        const char *labels[4]; /* by hour, day, week, month */
    } rows[] = {
        {1970, 1, 1, {"1970-01-01 00:00:00", "1970-01-01", "1969-12-29", "1970-01-01"}},
        {1969, 12, 28, {"1969-12-28 00:00:00", "1969-12-28", "1969-12-22", "1969-12-01"}},
        {2026, 3, 29, {"2026-03-29 00:00:00", "2026-03-29", "2026-03-23", "2026-03-01"}},
        {2026, 3, 30, {"2026-03-30 00:00:00", "2026-03-30", "2026-03-30", "2026-03-01"}},
        {2024, 2, 29, {"2024-02-29 00:00:00", "2024-02-29", "2024-02-26", "2024-02-01"}},
        {1900, 12, 31, {"1900-12-31 00:00:00", "1900-12-31", "1900-12-31", "1900-12-01"}},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++)
        for (unsigned unit = QUERY_HOUR; unit <= QUERY_MONTH; unit++) {
            int32_t day = day_of(rows[i].year, rows[i].month, rows[i].mday);
            int64_t time = times_of_day(unit, day) * (unit == QUERY_HOUR ? 24 : 1);
            char label[TIMES_LABEL_BYTES];
            struct text text = {label, times_label(unit, time, label)};

            check_text(rows[i].labels[1], text, rows[i].labels[unit]);
            check(rows[i].labels[1], times_first_day(unit, time) <= day);
            check(rows[i].labels[1], times_first_day(unit, time + 1) > day || unit == QUERY_HOUR);
        }
}

static void test_clocks(void **state)
{
    static const struct {
        const char *name, *zone;
        int year;
        unsigned month, mday;
        struct tally_clock clock;
    } rows[] = {
        {"a day like any", "Europe/Berlin", 2026, 3, 28, {0, 0, 0}},
        {"an hour is skipped", "Europe/Berlin", 2026, 3, 29, {7200, 0, 3600}},
        {"an hour comes twice", "Europe/Berlin", 2026, 10, 25, {10800, 0, -3600}},
        {"half an hour comes twice", "Australia/Lord_Howe", 2026, 4, 5, {7200, 0, -1800}},
        {"midnight is skipped", "Asia/Beirut", 2026, 3, 29, {0, 3600, 3600}},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct zone *zone = zone_of(rows[i].zone);
        struct tally_clock clock = times_clock(zone, day_of(rows[i].year, rows[i].month, rows[i].mday));

        check_equal(rows[i].name, clock.change_s, rows[i].clock.change_s);
        check_equal(rows[i].name, clock.before_s, rows[i].clock.before_s);
        check_equal(rows[i].name, clock.after_s, rows[i].clock.after_s);
        zone_free(zone);
    }
}

/* Every instant of a day lies in the hour that it is given to, and its hours cover the day. */
static void test_hours_of_days(void **state)
{
    static const struct {
        const char *zone;
        int year;
        unsigned month, mday;
    } rows[] = {{"Europe/Berlin", 2026, 3, 28},       {"Europe/Berlin", 2026, 3, 29},
                {"Europe/Berlin", 2026, 10, 25},      {"Australia/Lord_Howe", 2026, 4, 5},
                {"Australia/Lord_Howe", 2026, 10, 4}, {"Asia/Kolkata", 2026, 1, 1},
                {"Asia/Beirut", 2026, 3, 29}};

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct zone *zone = zone_of(rows[i].zone);
        int32_t day = day_of(rows[i].year, rows[i].month, rows[i].mday);
        struct query_days all = {day, day, zone_day_start_ms(zone, day), zone_day_start_ms(zone, day + 1)};

        for (int64_t at_ms = all.from_ms; at_ms < all.to_ms; at_ms += HOUR_MS / 4) {
            int64_t time = times_of_instant(QUERY_HOUR, zone, at_ms), from_ms, to_ms;

            times_instants(QUERY_HOUR, zone, time, &all, &from_ms, &to_ms);
            check(rows[i].zone, time / 24 == day);
            check(rows[i].zone, from_ms <= at_ms && at_ms < to_ms);
            check(rows[i].zone, to_ms - from_ms <= 2 * HOUR_MS);
        }
        zone_free(zone);
    }
}

static void test_instants_stay_within(void **state)
{
    struct zone *zone = zone_of("Europe/Berlin");
    int32_t first = day_of(2026, 3, 25), last = day_of(2026, 4, 2);
    struct query_days days = {first, last, zone_day_start_ms(zone, first) + 5000, zone_day_start_ms(zone, last) + 7000};
    int64_t from_ms, to_ms;

    times_instants(QUERY_WEEK, zone, times_of_day(QUERY_WEEK, first), &days, &from_ms, &to_ms);
    assert_int_equal(from_ms, days.from_ms);
    assert_int_equal(to_ms, zone_day_start_ms(zone, day_of(2026, 3, 30)));
    times_instants(QUERY_MONTH, zone, times_of_day(QUERY_MONTH, last), &days, &from_ms, &to_ms);
    assert_int_equal(from_ms, zone_day_start_ms(zone, day_of(2026, 4, 1)));
    assert_int_equal(to_ms, days.to_ms);
    zone_free(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_hours_of_days),
        cmocka_unit_test(test_instants_stay_within),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
