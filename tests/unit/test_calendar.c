/*
 * Working days: rows of a day, how many, and the day that it comes to.
 */
#include "check.h"
#include "crumb/rights/calendar.h"
#include "store_fixture.h"
#include <stdio.h>

#define MON_FRI 0x1f
#define MON_SAT 0x3f
#define SUN_THU 0x4f
#define WEDNESDAY 0x04

static int32_t day_of(const char *date)
{
    struct zone_date of = {.year = 0};

    assert_int_equal(sscanf(date, "%d-%2u-%2u", &of.year, &of.month, &of.mday), 3);
    return zone_day_of_date(of);
}

static void test_weekdays(void **state)
{
    static const struct {
        const char *date;
        unsigned weekday;
    } rows[] = {{"1970-01-01", 3}, {"1970-01-04", 6}, {"1970-01-05", 0}, {"1969-12-31", 2}, {"1969-12-28", 6},
                {"2026-01-05", 0}, {"2026-11-23", 0}, {"2000-02-29", 1}, {"2024-02-29", 3}, {"1900-01-01", 0}};

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_equal(rows[i].date, calendar_weekday(day_of(rows[i].date)), rows[i].weekday);
}

static void test_after(void **state)
{
    static const struct {
        const char *name;
        unsigned working_days;
        const char *holidays[8];
        const char *from;
        unsigned n;
        const char *to;
    } rows[] = {
        {"nothing is the same day", MON_FRI, {NULL}, "2026-03-02", 0, "2026-03-02"},
        {"the day itself does not count", MON_FRI, {NULL}, "2026-03-02", 1, "2026-03-03"},
        {"two weeks", MON_FRI, {NULL}, "2026-03-02", 10, "2026-03-16"},
        {"a Friday", MON_FRI, {NULL}, "2026-03-06", 1, "2026-03-09"},
        {"from a Saturday", MON_FRI, {NULL}, "2026-03-07", 1, "2026-03-09"},
        {"from a Sunday", MON_FRI, {NULL}, "2026-03-08", 10, "2026-03-20"},
        {"a holiday in between", MON_FRI, {"2026-03-10"}, "2026-03-02", 10, "2026-03-17"},
        {"a holiday on its last day", MON_FRI, {"2026-03-16"}, "2026-03-02", 10, "2026-03-17"},
        {"a holiday on its first day does not count either", MON_FRI, {"2026-03-02"}, "2026-03-02", 10, "2026-03-16"},
        {"a holiday on a weekend changes nothing", MON_FRI, {"2026-03-07"}, "2026-03-02", 10, "2026-03-16"},
        {"a holiday behind changes nothing", MON_FRI, {"2026-03-17"}, "2026-03-02", 10, "2026-03-16"},
        {"Christmas",
         MON_FRI,
         {"2026-12-24", "2026-12-25", "2026-12-31", "2027-01-01"},
         "2026-12-21",
         10,
         "2027-01-08"},
        {"over a year's end", MON_FRI, {"2027-01-01"}, "2026-12-31", 1, "2027-01-04"},
        {"over a leap day", MON_FRI, {NULL}, "2028-02-28", 2, "2028-03-01"},
        {"over the end of February", MON_FRI, {NULL}, "2026-02-27", 1, "2026-03-02"},
        {"a leap day that is a holiday", MON_FRI, {"2028-02-29"}, "2028-02-28", 1, "2028-03-01"},
        {"six days a week", MON_SAT, {NULL}, "2026-03-02", 10, "2026-03-13"},
        {"Sunday to Thursday", SUN_THU, {NULL}, "2026-03-05", 1, "2026-03-08"},
        {"one day a week", WEDNESDAY, {NULL}, "2026-03-02", 10, "2026-05-06"},
        {"one day a week, and that a holiday", WEDNESDAY, {"2026-03-04", "2026-03-11"}, "2026-03-02", 1, "2026-03-18"},
        {"a week of holidays",
         MON_FRI,
         {"2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-09", "2026-03-10"},
         "2026-03-02",
         1,
         "2026-03-11"},
        {"before 1970", MON_FRI, {NULL}, "1969-12-31", 2, "1970-01-02"},
    };

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        int32_t holidays[8];
        struct site site = {.working_days = rows[i].working_days, .holidays = holidays};

        for (; site.n_holidays < 8 && rows[i].holidays[site.n_holidays]; site.n_holidays++)
            holidays[site.n_holidays] = day_of(rows[i].holidays[site.n_holidays]);
        check_equal(rows[i].name, calendar_after(&site, day_of(rows[i].from), rows[i].n), day_of(rows[i].to));
    }
}

static void test_left(void **state)
{
    static const struct {
        const char *name;
        unsigned working_days;
        const char *holiday, *today, *due;
        int left;
    } rows[] = {
        {"the day itself", MON_FRI, NULL, "2026-03-02", "2026-03-02", 0},
        {"the next day", MON_FRI, NULL, "2026-03-02", "2026-03-03", 1},
        {"two weeks", MON_FRI, NULL, "2026-03-02", "2026-03-16", 10},
        {"over a weekend", MON_FRI, NULL, "2026-03-06", "2026-03-09", 1},
        {"from a Sunday", MON_FRI, NULL, "2026-03-08", "2026-03-09", 1},
        {"a holiday does not count", MON_FRI, "2026-03-03", "2026-03-02", "2026-03-04", 1},
        {"a holiday that the due day has become", MON_FRI, "2026-03-04", "2026-03-02", "2026-03-04", 1},
        {"a day late", MON_FRI, NULL, "2026-03-03", "2026-03-02", -1},
        {"late, and at rest ever since", MON_FRI, NULL, "2026-03-08", "2026-03-06", 0},
        {"a week late", MON_FRI, NULL, "2026-03-13", "2026-03-06", -5},
        {"one day a week", WEDNESDAY, NULL, "2026-03-02", "2026-03-18", 3},
        {"so far off that nobody counts", MON_FRI, NULL, "2026-03-02", "2126-03-02", CALENDAR_LEFT_MAX},
        {"as late", MON_FRI, NULL, "2126-03-02", "2026-03-02", -CALENDAR_LEFT_MAX},
    };

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        int32_t holiday = rows[i].holiday ? day_of(rows[i].holiday) : 0;
        struct site site = {
            .working_days = rows[i].working_days, .holidays = &holiday, .n_holidays = rows[i].holiday != NULL};

        check_equal(rows[i].name, calendar_left(&site, day_of(rows[i].today), day_of(rows[i].due)), rows[i].left);
    }
}

static void test_settings(void **state)
{
    struct config *config = store_fixture_config("data: d\n"
                                                 "listen: {public: 127.0.0.1:0, private: 127.0.0.1:0}\n"
                                                 "sites:\n"
                                                 "  shop:\n"
                                                 "    origins: [https://shop.example]\n"
                                                 "    controller: {name: Shop, contact: a@shop.example}\n"
                                                 "    working_days: [sat, mon]\n"
                                                 "    holidays: [2026-12-26, 2026-01-01]\n"
                                                 "  blog:\n"
                                                 "    origins: [https://blog.example]\n"
                                                 "    controller: {name: Blog, contact: a@blog.example}\n");

    (void)state;
    assert_int_equal(config->sites[0].working_days, 0x21);
    assert_int_equal(config->sites[0].n_holidays, 2);
    assert_int_equal(config->sites[0].holidays[0], day_of("2026-12-26"));
    assert_int_equal(config->sites[1].working_days, MON_FRI);
    assert_int_equal(config->sites[1].n_holidays, 0);
    config_unref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_weekdays), cmocka_unit_test(test_after),
                                       cmocka_unit_test(test_left), cmocka_unit_test(test_settings)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
