/*
 * Zones and dates: days with a daylight saving change, a day that never was, and
 * the calendar counted out by hand.
 *
 * Linked with -Wl,--wrap=calloc.
 */
#include "check.h"
#include "crumb/base/zone.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static long n_until_failure = -1; /* this many allocations from now one fails; negative: none does */

void *__wrap_calloc(size_t n, size_t size)
{
    return n_until_failure >= 0 && n_until_failure-- == 0 ? NULL : __real_calloc(n, size);
}

#define MINUTE_MS 60000LL
#define HOUR_MS (60 * MINUTE_MS)

static struct zone *zone_of(const char *name)
{
    struct zone *zone = NULL;

    if (zone_new(name, &zone) != 0)
        fail_msg("there is no time zone %s", name);
    return zone;
}

static void test_length_of_days(void **state)
{
    static const struct {
        const char *zone;
        struct zone_date date;
        int64_t start_ms, minutes;
    } rows[] = {
        {"UTC", {1970, 1, 1}, 0, 1440},
        {"UTC", {2024, 2, 29}, 1709164800000, 1440},
        {"Europe/Berlin", {2024, 1, 15}, 1705273200000, 1440},
        {"Europe/Berlin", {2024, 3, 31}, 1711839600000, 23 * 60}, /* 02:00 becomes 03:00 */
        {"Europe/Berlin", {2024, 7, 15}, 1720994400000, 1440},
        {"Europe/Berlin", {2024, 10, 27}, 1729980000000, 25 * 60},
        {"Europe/Berlin", {2050, 3, 27}, 2531948400000, 23 * 60}, /* by the rule at the end of the file */
        {"America/New_York", {2024, 3, 10}, 1710046800000, 23 * 60},
        {"America/New_York", {2024, 11, 3}, 1730606400000, 25 * 60},
        {"Asia/Kolkata", {2024, 3, 10}, 1710009000000, 1440},            /* +05:30 */
        {"Asia/Kathmandu", {2024, 3, 10}, 1710008100000, 1440},          /* +05:45 */
        {"Australia/Lord_Howe", {2024, 4, 7}, 1712408400000, 1440 + 30}, /* half an hour */
        {"America/Sao_Paulo", {2018, 11, 4}, 1541300400000, 23 * 60},    /* midnight is skipped */
        {"Pacific/Apia", {2011, 12, 29}, 1325152800000, 1440},
        {"Pacific/Apia", {2011, 12, 30}, 1325239200000, 0}, /* this day never was */
        {"Pacific/Apia", {2011, 12, 31}, 1325239200000, 1440},
        {"Pacific/Kiritimati", {2024, 3, 10}, 1709978400000, 1440}, /* +14 */
        {"Etc/GMT+12", {2024, 3, 10}, 1710072000000, 1440},         /* -12 */
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct zone *zone = zone_of(rows[i].zone);
        int32_t day = zone_day_of_date(rows[i].date);
        int64_t start = zone_day_start_ms(zone, day);

        check_equal(rows[i].zone, start, rows[i].start_ms);
        check_equal(rows[i].zone, (zone_day_start_ms(zone, day + 1) - start) / MINUTE_MS, rows[i].minutes);
        zone_free(zone);
    }
}

static const char *const zones[] = {"UTC",          "Europe/Berlin",       "America/New_York", "Pacific/Apia",
                                    "Asia/Kolkata", "Australia/Lord_Howe", "America/Santiago", "Asia/Beirut",
                                    "Africa/Cairo", "Atlantic/Azores",     "Pacific/Chatham",  "America/Havana"};

/* Each day's bounds, from both sides. */
static void test_bounds_fit_days(void **state)
{
    for (size_t i = 0; i < N_ROWS(zones); i++) {
        struct zone *zone = zone_of(zones[i]);
        int32_t first = zone_day_of_date((struct zone_date){2023, 1, 1});
        int32_t end = zone_day_of_date((struct zone_date){2027, 1, 1});

        for (int32_t day = first; day < end; day++) {
            int64_t start = zone_day_start_ms(zone, day);

            check_equal(zones[i], zone_day(zone, start), day);
            check_equal(zones[i], zone_day(zone, start - 1), day - 1);
        }
        zone_free(zone);
    }
}

static void test_instants_lie_in_their_day(void **state)
{
    uint64_t random = 7;

    for (size_t i = 0; i < N_ROWS(zones); i++) {
        struct zone *zone = zone_of(zones[i]);

        for (unsigned n = 0; n < 2000; n++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            int64_t at_ms = (int64_t)(random >> 22) % 4102444800000; /* 1970 to 2099 */
            int32_t day = zone_day(zone, at_ms);
            int64_t offset_ms = (int64_t)zone_offset_s(zone, at_ms) * 1000;

            check_equal(zones[i], (at_ms + offset_ms) / (24 * HOUR_MS), day);
            check(zones[i], zone_day_start_ms(zone, day) <= at_ms);
            check(zones[i], at_ms < zone_day_start_ms(zone, day + 1));
        }
        zone_free(zone);
    }
}

static void test_offsets_change_to_the_millisecond(void **state)
{
    struct zone *berlin = zone_of("Europe/Berlin");
    int64_t spring = 1711846800000, autumn = 1729990800000; /* 2024-03-31T01:00:00Z, 2024-10-27T01:00:00Z */

    assert_int_equal(zone_offset_s(berlin, spring - 1), 3600);
    assert_int_equal(zone_offset_s(berlin, spring), 7200);
    assert_int_equal(zone_offset_s(berlin, autumn - 1), 7200);
    assert_int_equal(zone_offset_s(berlin, autumn), 3600);
    assert_int_equal(zone_offset_s(berlin, -1), 3600);
    assert_int_equal(zone_day(berlin, -HOUR_MS - 1), -1); /* 1969-12-31T23:59:59.999 there */
    zone_free(berlin);
}

struct asking {
    const struct zone *zone; /* everybody's */
    uint64_t random;
    unsigned n_wrong;
};

static void *ask(void *context)
{
    struct asking *asking = context;
    struct zone *own = zone_of("Europe/Berlin");

    for (unsigned n = 0; n < 20000; n++) {
        asking->random = asking->random * 6364136223846793005 + 1442695040888963407;
        /* Half an hour around a change, so that threads meet. */
        int64_t at_ms = 1711846800000 - 15 * MINUTE_MS + (int64_t)(asking->random >> 33) % (30 * MINUTE_MS);

        asking->n_wrong += zone_offset_s(asking->zone, at_ms) != zone_offset_s(own, at_ms);
        asking->n_wrong += zone_offset_s(asking->zone, at_ms) != (at_ms < 1711846800000 ? 3600 : 7200);
    }
    zone_free(own);
    return NULL;
}

/* A zone remembers its last answer; two threads must not make one answer of two. */
static void test_threads(void **state)
{
    struct zone *zone = zone_of("Europe/Berlin");
    struct asking askings[4];
    pthread_t threads[4];

    for (unsigned i = 0; i < 4; i++) {
        askings[i] = (struct asking){.zone = zone, .random = i};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askings[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(askings[i].n_wrong, 0);
    }
    zone_free(zone);
}

static void test_unknown_zones(void **state)
{
    static const char *const names[] = {
        "",       "Berlin",  "Berlin5",        "europe/berlin",       "Europe/Berlin ", "Europe/Berlin\n",
        "Europe", "Europe/", "Europe/Nowhere", "../../../etc/passwd", "/etc/localtime", "+02:00",
        "UTC+2",  "Z",       "CET-1CEST",      "tzdata.zi",           "Europe//../x",   "EUROPE/BERLIN",
    };
    struct zone *zone = NULL;

    for (size_t i = 0; i < N_ROWS(names); i++)
        check_equal(names[i], zone_new(names[i], &zone), ZONE_E_UNKNOWN);
    char *endless = malloc(10000);
    assert_non_null(endless);
    memset(endless, 'A', 9999);
    endless[9999] = '\0';
    assert_int_equal(zone_new(endless, &zone), ZONE_E_UNKNOWN);
    free(endless);
    assert_null(zone); /* untouched */
    assert_null(zone_free(NULL));
}

static void test_no_memory(void **state)
{
    struct zone *zone = NULL;
    int r;

    for (long n = 0; n < 2; n++) {
        n_until_failure = n;
        r = zone_new("Europe/Berlin", &zone);
        n_until_failure = -1;
        assert_int_equal(r, -ENOMEM);
        assert_null(zone);
    }
}

/* Dates. */

static unsigned days_of_month(int year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Counts every day from 1600 to 2400 and knows one of them. */
static void test_dates_round_trip(void **state)
{
    int32_t day = zone_day_of_date((struct zone_date){1600, 1, 1});

    assert_int_equal(day, -135140);
    for (int year = 1600; year <= 2400; year++)
        for (unsigned month = 1; month <= 12; month++)
            for (unsigned mday = 1; mday <= days_of_month(year, month); mday++, day++) {
                struct zone_date date = zone_date_of_day(day);

                assert_int_equal(zone_day_of_date((struct zone_date){year, month, mday}), day);
                assert_true(date.year == year && date.month == month && date.mday == mday);
                if (year == 1970 && month == 1 && mday == 1)
                    assert_int_equal(day, 0);
            }
}

/* Days from a damaged row may be any. */
static void test_first_and_last_day(void **state)
{
    struct zone_date first = zone_date_of_day(INT32_MIN), last = zone_date_of_day(INT32_MAX);

    assert_true(first.year == -5877641 && first.month == 6 && first.mday == 23);
    assert_true(last.year == 5881580 && last.month == 7 && last.mday == 11);
}

static void test_dates_as_text(void **state)
{
    static const struct {
        const char *text;
        int32_t day;
    } rows[] = {{"1970-01-01", 0},
                {"2026-03-02", 20514},
                {"0999-12-31", -354286},
                {"-5877641-06-23", INT32_MIN},
                {"5881580-07-11", INT32_MAX}};

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        char text[ZONE_DATE_BYTES];

        zone_write_date(rows[i].day, text);
        check_text(rows[i].text, text_of(text), rows[i].text);
    }
}

static void test_dates_that_are_none(void **state)
{
    static const struct {
        const char *name;
        struct zone_date date;
        bool valid;
    } rows[] = {
        {"leap day", {2024, 2, 29}, true},
        {"no leap day", {2023, 2, 29}, false},
        {"century", {1900, 2, 29}, false},
        {"fourth century", {2000, 2, 29}, true},
        {"30 February", {2024, 2, 30}, false},
        {"31 April", {2024, 4, 31}, false},
        {"31 December", {2024, 12, 31}, true},
        {"month 0", {2024, 0, 1}, false},
        {"month 13", {2024, 13, 1}, false},
        {"day 0", {2024, 1, 0}, false},
        {"day 32", {2024, 1, 32}, false},
        {"before year 0", {-1, 12, 31}, true},
        {"huge month", {2024, 4000000000, 1}, false},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_equal(rows[i].name, zone_date_valid(rows[i].date), rows[i].valid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length_of_days),
        cmocka_unit_test(test_bounds_fit_days),
        cmocka_unit_test(test_instants_lie_in_their_day),
        cmocka_unit_test(test_offsets_change_to_the_millisecond),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_unknown_zones),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_dates_round_trip),
        cmocka_unit_test(test_first_and_last_day),
        cmocka_unit_test(test_dates_as_text),
        cmocka_unit_test(test_dates_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
