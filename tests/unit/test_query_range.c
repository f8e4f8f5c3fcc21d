/*
 * date_range: spellings, and the days and instants they cover, with clocks that
 * change, zones on both sides of midnight, and ranges that are not; what ranges
 * are compared with, and the labels of their times.
 */
#include "crumb/query/label.h"
#include "crumb/query/range.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_words(void **state)
{
    static const struct {
        const char *word;
        int kind; /* -1: refused */
        unsigned n;
    } rows[] = {
        {"day", RANGE_DAY, 0},
        {"24h", RANGE_24H, 0},
        {"7d", RANGE_LAST_DAYS, 7},
        {"28d", RANGE_LAST_DAYS, 28},
        {"30d", RANGE_LAST_DAYS, 30},
        {"91d", RANGE_LAST_DAYS, 91},
        {"1d", RANGE_LAST_DAYS, 1},
        {"999d", RANGE_LAST_DAYS, 999},
        {"month", RANGE_MONTH, 0},
        {"6mo", RANGE_LAST_MONTHS, 6},
        {"12mo", RANGE_LAST_MONTHS, 12},
        {"year", RANGE_YEAR, 0},
        {"all", RANGE_ALL, 0},
        {"", -1, 0},
        {"0d", -1, 0},
        {"07d", -1, 0},
        {"1000d", -1, 0},
        {"99999999999999999999d", -1, 0},
        {"7", -1, 0},
        {"d", -1, 0},
        {"7D", -1, 0},
        {"7dd", -1, 0},
        {"7m", -1, 0},
        {"-7d", -1, 0},
        {"7 d", -1, 0},
        {"25h", -1, 0},
        {"Day", -1, 0},
        {"days", -1, 0},
        {"week", -1, 0},
        {"2024-01-01", -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query_range range = {.n = 4711};
        bool good = range_parse_word(text_of(rows[i].word), &range);

        if (good != (rows[i].kind >= 0) || (good && ((int)range.kind != rows[i].kind || range.n != rows[i].n)) ||
            (!good && range.n != 4711))
            fail_msg("%s: %d, kind %d, n %u", rows[i].word, good, (int)range.kind, range.n);
    }
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        bool good, on_wall;
        int64_t at_s;
    } rows[] = {
        {"1970-01-01T00:00:00Z", true, false, 0},
        {"1970-01-01T00:00:00", true, true, 0},
        {"1970-01-01T23:59:59.999Z", true, false, 86399},
        {"1970-01-01T23:59:59.0123456789012345", true, true, 86399},
        {"1970-01-01T00:00:00+02:00", true, false, -7200},
        {"1970-01-01T00:00:00-09:30", true, false, 34200},
        {"1970-01-01T00:00:00+00:00", true, false, 0},
        {"2024-02-29T12:00:00+23:59", true, false, 1709208000 - 86340},
        {"2999-12-31T23:59:59Z", true, false, 32503679999},
        {"2023-02-29T12:00:00Z", false, false, 0},
        {"3000-01-01T00:00:00Z", false, false, 0},
        {"1899-12-31T00:00:00Z", false, false, 0},
        {"2024-01-01", false, false, 0},
        {"2024-01-01T", false, false, 0},
        {"2024-01-01T12:00", false, false, 0},
        {"2024-01-01T12:00Z", false, false, 0},
        {"2024-01-01T12:00:0Z", false, false, 0},
        {"2024-01-01 12:00:00Z", false, false, 0},
        {"2024-01-01t12:00:00Z", false, false, 0},
        {"2024-01-01T12:00:00z", false, false, 0},
        {"2024-01-01T24:00:00Z", false, false, 0},
        {"2024-01-01T12:60:00Z", false, false, 0},
        {"2024-01-01T12:00:60Z", false, false, 0},
        {"2024-01-01T12:00:00.Z", false, false, 0},
        {"2024-01-01T12:00:00,5Z", false, false, 0},
        {"2024-01-01T12:00:00+02", false, false, 0},
        {"2024-01-01T12:00:00+0200", false, false, 0},
        {"2024-01-01T12:00:00+24:00", false, false, 0},
        {"2024-01-01T12:00:00+02:60", false, false, 0},
        {"2024-01-01T12:00:00+02:00Z", false, false, 0},
        {"2024-01-01T12:00:00ZZ", false, false, 0},
        {"2024-1-1T12:00:00Z", false, false, 0},
        {"", false, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query_time time = {0};
        bool good = range_parse_time(text_of(rows[i].text), &time);

        if (good != rows[i].good || time.at_s != rows[i].at_s || time.on_wall != rows[i].on_wall)
            fail_msg("%s: %d, %lld, %d", rows[i].text, good, (long long)time.at_s, time.on_wall);
    }
}

static void test_dates(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"2024-02-29", true},   {"1900-01-01", true},  {"2999-12-31", true},  {"2023-02-29", false},
        {"2100-02-29", false},  {"2024-04-31", false}, {"2024-00-01", false}, {"2024-13-01", false},
        {"2024-01-00", false},  {"2024-01-32", false}, {"1899-12-31", false}, {"3000-01-01", false},
        {"2024-01-011", false}, {"24-01-01", false},   {"2024/01/01", false}, {"2024-01-01Z", false},
        {"20240101", false},    {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zone_date date = {0};

        if (range_parse_date(text_of(rows[i].text), &date) != rows[i].good)
            fail_msg("%s", rows[i].text);
        if (rows[i].good) {
            char text[RANGE_DATE_BYTES];

            range_write_date(zone_day_of_date(date), text);
            assert_memory_equal(text, rows[i].text, RANGE_DATE_BYTES);
        }
    }
}

static int64_t utc_ms(const char *text)
{
    struct query_time time;

    assert_true(range_parse_time(text_of(text), &time));
    return time.at_s * 1000;
}

static int32_t day_of(const char *text)
{
    struct zone_date date;

    assert_true(range_parse_date(text_of(text), &date));
    return zone_day_of_date(date);
}

/* A word, or two dates or times with a space between. */
static struct query_range range_of(const char *string)
{
    struct text last = text_of(string), first = text_cut(&last, ' ');
    struct query_range range = {0};

    if (range_parse_word(first, &range))
        return range;
    range.kind = RANGE_DATES;
    if (range_parse_date(first, &range.first) && range_parse_date(last, &range.last))
        return range;
    range.kind = RANGE_TIMES;
    assert_true(range_parse_time(first, &range.from));
    assert_true(range_parse_time(last, &range.to));
    return range;
}

#define BERLIN "Europe/Berlin"
#define NEW_YORK "America/New_York"
#define SUMMER "2024-07-15T10:00:00Z"

static const struct {
    const char *zone, *now, *range;
    const char *first, *last; /* days */
    const char *from, *to;    /* in UTC, the second excluded */
} days_rows[] = {
    {"UTC", SUMMER, "day", "2024-07-15", "2024-07-15", "2024-07-15T00:00:00Z", "2024-07-16T00:00:00Z"},
    {BERLIN, SUMMER, "day", "2024-07-15", "2024-07-15", "2024-07-14T22:00:00Z", "2024-07-15T22:00:00Z"},
    {"Pacific/Kiritimati", SUMMER, "day", "2024-07-16", "2024-07-16", "2024-07-15T10:00:00Z", "2024-07-16T10:00:00Z"},
    {"Pacific/Pago_Pago", SUMMER, "day", "2024-07-14", "2024-07-14", "2024-07-14T11:00:00Z", "2024-07-15T11:00:00Z"},
    {"Asia/Kolkata", SUMMER, "day", "2024-07-15", "2024-07-15", "2024-07-14T18:30:00Z", "2024-07-15T18:30:00Z"},
    /* The days on which the clocks change: 23 and 25 hours. */
    {BERLIN, "2024-03-31T12:00:00Z", "day", "2024-03-31", "2024-03-31", "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z"},
    {BERLIN, "2024-10-27T12:00:00Z", "day", "2024-10-27", "2024-10-27", "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z"},
    /* Midnight is skipped: the day starts at one. */
    {"America/Santiago", "2024-09-08T12:00:00Z", "day", "2024-09-08", "2024-09-08", "2024-09-08T04:00:00Z",
     "2024-09-09T03:00:00Z"},
    {BERLIN, SUMMER, "24h", "2024-07-14", "2024-07-15", "2024-07-14T10:00:01Z", "2024-07-15T10:00:01Z"},
    {BERLIN, "2024-07-14T21:59:59Z", "24h", "2024-07-14", "2024-07-14", "2024-07-13T22:00:00Z", "2024-07-14T22:00:00Z"},
    {BERLIN, SUMMER, "7d", "2024-07-08", "2024-07-14", "2024-07-07T22:00:00Z", "2024-07-14T22:00:00Z"},
    {BERLIN, SUMMER, "28d", "2024-06-17", "2024-07-14", "2024-06-16T22:00:00Z", "2024-07-14T22:00:00Z"},
    {BERLIN, "2024-04-02T12:00:00Z", "7d", "2024-03-26", "2024-04-01", "2024-03-25T23:00:00Z", "2024-04-01T22:00:00Z"},
    {BERLIN, "2024-03-01T12:00:00Z", "1d", "2024-02-29", "2024-02-29", "2024-02-28T23:00:00Z", "2024-02-29T23:00:00Z"},
    {BERLIN, "2024-06-30T22:30:00Z", "30d", "2024-06-01", "2024-06-30", "2024-05-31T22:00:00Z", "2024-06-30T22:00:00Z"},
    {BERLIN, SUMMER, "month", "2024-07-01", "2024-07-15", "2024-06-30T22:00:00Z", "2024-07-15T22:00:00Z"},
    {NEW_YORK, "2024-08-01T03:59:59Z", "month", "2024-07-01", "2024-07-31", "2024-07-01T04:00:00Z",
     "2024-08-01T04:00:00Z"},
    {NEW_YORK, "2024-08-01T04:00:00Z", "month", "2024-08-01", "2024-08-01", "2024-08-01T04:00:00Z",
     "2024-08-02T04:00:00Z"},
    {BERLIN, SUMMER, "year", "2024-01-01", "2024-07-15", "2023-12-31T23:00:00Z", "2024-07-15T22:00:00Z"},
    {BERLIN, SUMMER, "6mo", "2024-01-01", "2024-06-30", "2023-12-31T23:00:00Z", "2024-06-30T22:00:00Z"},
    {BERLIN, SUMMER, "12mo", "2023-07-01", "2024-06-30", "2023-06-30T22:00:00Z", "2024-06-30T22:00:00Z"},
    {BERLIN, "2024-03-31T12:00:00Z", "1mo", "2024-02-01", "2024-02-29", "2024-01-31T23:00:00Z", "2024-02-29T23:00:00Z"},
    {"UTC", "2024-01-31T12:00:00Z", "1mo", "2023-12-01", "2023-12-31", "2023-12-01T00:00:00Z", "2024-01-01T00:00:00Z"},
    {BERLIN, SUMMER, "2024-03-30 2024-03-31", "2024-03-30", "2024-03-31", "2024-03-29T23:00:00Z",
     "2024-03-31T22:00:00Z"},
    {BERLIN, SUMMER, "2024-12-31 2025-01-01", "2024-12-31", "2025-01-01", "2024-12-30T23:00:00Z",
     "2025-01-01T23:00:00Z"},
    {BERLIN, SUMMER, "2024-01-01T12:00:00+02:00 2024-01-01T15:59:59+02:00", "2024-01-01", "2024-01-01",
     "2024-01-01T10:00:00Z", "2024-01-01T14:00:00Z"},
    {BERLIN, SUMMER, "2024-01-01T23:00:00Z 2024-01-01T23:00:00.9Z", "2024-01-02", "2024-01-02", "2024-01-01T23:00:00Z",
     "2024-01-01T23:00:01Z"},
    {BERLIN, SUMMER, "2024-01-01T22:59:59Z 2024-01-01T23:00:00Z", "2024-01-01", "2024-01-02", "2024-01-01T22:59:59Z",
     "2024-01-01T23:00:01Z"},
    {BERLIN, SUMMER, "2024-01-01T00:00:00 2024-01-01T23:59:59", "2024-01-01", "2024-01-01", "2023-12-31T23:00:00Z",
     "2024-01-01T23:00:00Z"},
    {BERLIN, SUMMER, "2024-07-01T00:00:00 2024-07-01T21:59:59Z", "2024-07-01", "2024-07-01", "2024-06-30T22:00:00Z",
     "2024-07-01T22:00:00Z"},
    /* The wall shows 2 to 3 o'clock twice: both are covered, and only those. */
    {BERLIN, SUMMER, "2024-10-27T02:00:00 2024-10-27T02:59:59", "2024-10-27", "2024-10-27", "2024-10-27T00:00:00Z",
     "2024-10-27T02:00:00Z"},
    {BERLIN, SUMMER, "2024-10-27T02:30:00 2024-10-27T02:30:00", "2024-10-27", "2024-10-27", "2024-10-27T00:30:00Z",
     "2024-10-27T01:30:01Z"},
    {BERLIN, SUMMER, "2024-10-27T01:00:00 2024-10-27T01:59:59", "2024-10-27", "2024-10-27", "2024-10-26T23:00:00Z",
     "2024-10-27T00:00:00Z"},
    {BERLIN, SUMMER, "2024-10-27T03:00:00 2024-10-27T03:59:59", "2024-10-27", "2024-10-27", "2024-10-27T02:00:00Z",
     "2024-10-27T03:00:00Z"},
    {NEW_YORK, SUMMER, "2024-11-03T01:00:00 2024-11-03T01:59:59", "2024-11-03", "2024-11-03", "2024-11-03T05:00:00Z",
     "2024-11-03T07:00:00Z"},
    /* The wall skips 2 to 3 o'clock. */
    {BERLIN, SUMMER, "2024-03-31T01:30:00 2024-03-31T02:30:00", "2024-03-31", "2024-03-31", "2024-03-31T00:30:00Z",
     "2024-03-31T01:00:00Z"},
    {BERLIN, SUMMER, "2024-03-31T02:30:00 2024-03-31T03:29:59", "2024-03-31", "2024-03-31", "2024-03-31T01:00:00Z",
     "2024-03-31T01:30:00Z"},
    {BERLIN, SUMMER, "2024-03-31T02:10:00 2024-03-31T02:50:00", "2024-03-31", "2024-03-30", "2024-03-31T01:00:00Z",
     "2024-03-31T01:00:00Z"},
    {NEW_YORK, SUMMER, "2024-03-10T02:30:00 2024-03-10T03:00:00", "2024-03-10", "2024-03-10", "2024-03-10T07:00:00Z",
     "2024-03-10T07:00:01Z"},
    /* A whole day is skipped. */
    {"Pacific/Apia", SUMMER, "2011-12-30T12:00:00 2011-12-31T00:00:00", "2011-12-31", "2011-12-31",
     "2011-12-30T10:00:00Z", "2011-12-30T10:00:01Z"},
};

static struct zone *zone_of(const char *name)
{
    struct zone *zone;

    assert_int_equal(zone_new(name, &zone), 0);
    return zone;
}

static void test_days(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof days_rows / sizeof days_rows[0]; i++) {
        struct zone *zone = zone_of(days_rows[i].zone);
        struct query_range range = range_of(days_rows[i].range);
        struct query_days days = {0};
        int r = range_days(&range, zone, utc_ms(days_rows[i].now), 0, -1, &days);

        zone_free(zone);
        if (r || days.first != day_of(days_rows[i].first) || days.last != day_of(days_rows[i].last) ||
            days.from_ms != utc_ms(days_rows[i].from) || days.to_ms != utc_ms(days_rows[i].to))
            fail_msg("row %zu, %s in %s: %d, days %+d to %+d, instants off by %lld and %lld s", i, days_rows[i].range,
                     days_rows[i].zone, r, days.first - day_of(days_rows[i].first),
                     days.last - day_of(days_rows[i].last),
                     (long long)(days.from_ms - utc_ms(days_rows[i].from)) / 1000,
                     (long long)(days.to_ms - utc_ms(days_rows[i].to)) / 1000);
    }
}

/* "24h" ends with the current second, whatever its fraction. */
static void test_24h_fraction(void **state)
{
    struct zone *zone = zone_of("UTC");
    struct query_range range = range_of("24h");
    struct query_days days;

    (void)state;
    assert_int_equal(range_days(&range, zone, 86400999, 0, -1, &days), 0);
    assert_int_equal(days.to_ms, 86401000);
    assert_int_equal(days.from_ms, 1000);
    zone_free(zone);
}

static void test_all(void **state)
{
    static const struct {
        int32_t data_first, data_last, first, last; /* relative to today */
    } rows[] = {
        {0, -1, 0, 0}, /* no data */
        {-400, -1, -400, 0}, {-400, 0, -400, 0}, {0, 0, 0, 0}, {3, 5, 0, 5}, {-3, 5, -3, 5},
    };
    struct zone *zone = zone_of(BERLIN);
    struct query_range range = range_of("all");
    int32_t today = day_of("2024-07-15");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query_days days;

        assert_int_equal(
            range_days(&range, zone, utc_ms(SUMMER), today + rows[i].data_first, today + rows[i].data_last, &days), 0);
        assert_int_equal(days.first - today, rows[i].first);
        assert_int_equal(days.last - today, rows[i].last);
    }
    zone_free(zone);
}

static void test_refused(void **state)
{
    static const struct {
        const char *range;
        int32_t data_first, data_last;
        int code;
    } rows[] = {
        {"2024-01-02 2024-01-01", 0, -1, RANGE_E_REVERSED},
        {"2024-01-01T00:00:01Z 2024-01-01T00:00:00Z", 0, -1, RANGE_E_REVERSED},
        {"2024-01-01T00:00:01 2024-01-01T00:00:00", 0, -1, RANGE_E_REVERSED},
        {"2024-03-31T02:50:00 2024-03-31T02:10:00", 0, -1, RANGE_E_REVERSED},
        {"2024-07-01T12:00:00 2024-07-01T09:59:59Z", 0, -1, RANGE_E_REVERSED},
        {"2000-01-01 2100-03-16", 0, -1, 0}, /* 36600 days */
        {"2000-01-01 2100-03-17", 0, -1, RANGE_E_LONG},
        {"2000-01-01T00:00:00 2100-03-17T00:00:00", 0, -1, RANGE_E_LONG},
        {"1970-01-01T00:00:00Z 2999-12-31T23:59:59-23:59", 0, -1, RANGE_E_LONG},
        {"all", -20000, 0, RANGE_E_LONG},
        {"all", 0, INT32_MAX, RANGE_E_LONG},
        {"all", INT32_MIN, INT32_MAX, RANGE_E_LONG},
    };
    struct zone *zone = zone_of(BERLIN);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query_range range = range_of(rows[i].range);
        struct query_days days = {.first = 4711};
        int r = range_days(&range, zone, utc_ms(SUMMER), rows[i].data_first, rows[i].data_last, &days);

        if (r != rows[i].code || (r && days.first != 4711))
            fail_msg("%s: %d", rows[i].range, r);
    }
    zone_free(zone);
}

static struct query_days days_in(const struct zone *zone, const char *now, const char *text)
{
    struct query_range range = range_of(text);
    struct query_days days;

    assert_int_equal(range_days(&range, zone, utc_ms(now), 0, -1, &days), 0);
    return days;
}

static const struct {
    const char *zone, *now, *range;
    enum query_comparison comparison;
    bool by_weekday;
    const char *from, *to; /* in UTC, the second excluded */
} compared_rows[] = {
    {BERLIN, SUMMER, "day", COMPARE_PREVIOUS_PERIOD, false, "2024-07-13T22:00:00Z", "2024-07-14T22:00:00Z"},
    {BERLIN, SUMMER, "7d", COMPARE_PREVIOUS_PERIOD, false, "2024-06-30T22:00:00Z", "2024-07-07T22:00:00Z"},
    {BERLIN, SUMMER, "7d", COMPARE_PREVIOUS_PERIOD, true, "2024-06-30T22:00:00Z", "2024-07-07T22:00:00Z"},
    {BERLIN, SUMMER, "day", COMPARE_PREVIOUS_PERIOD, true, "2024-07-07T22:00:00Z", "2024-07-08T22:00:00Z"},
    /* 30 days lie 35 before. */
    {"UTC", SUMMER, "30d", COMPARE_PREVIOUS_PERIOD, true, "2024-05-11T00:00:00Z", "2024-06-10T00:00:00Z"},
    {"UTC", SUMMER, "30d", COMPARE_PREVIOUS_PERIOD, false, "2024-05-16T00:00:00Z", "2024-06-15T00:00:00Z"},
    /* Days, not hours: the clock changes between. */
    {BERLIN, "2024-04-02T12:00:00Z", "2d", COMPARE_PREVIOUS_PERIOD, false, "2024-03-28T23:00:00Z",
     "2024-03-30T23:00:00Z"},
    {BERLIN, SUMMER, "day", COMPARE_PREVIOUS_YEAR, false, "2023-07-14T22:00:00Z", "2023-07-15T22:00:00Z"},
    {BERLIN, SUMMER, "day", COMPARE_PREVIOUS_YEAR, true, "2023-07-16T22:00:00Z", "2023-07-17T22:00:00Z"},
    {"UTC", SUMMER, "2024-02-01 2024-02-29", COMPARE_PREVIOUS_YEAR, false, "2023-02-01T00:00:00Z",
     "2023-03-01T00:00:00Z"},
    {"UTC", SUMMER, "2024-02-29 2024-02-29", COMPARE_PREVIOUS_YEAR, false, "2023-02-28T00:00:00Z",
     "2023-03-01T00:00:00Z"},
    {"UTC", SUMMER, "2025-01-01 2025-12-31", COMPARE_PREVIOUS_YEAR, false, "2024-01-01T00:00:00Z",
     "2025-01-01T00:00:00Z"},
    {"UTC", SUMMER, "2024-02-26 2024-03-03", COMPARE_PREVIOUS_YEAR, true, "2023-02-27T00:00:00Z",
     "2023-03-06T00:00:00Z"},
    /* Instants: as long as the range is. */
    {BERLIN, SUMMER, "24h", COMPARE_PREVIOUS_PERIOD, false, "2024-07-13T10:00:01Z", "2024-07-14T10:00:01Z"},
    {BERLIN, SUMMER, "24h", COMPARE_PREVIOUS_PERIOD, true, "2024-07-07T10:00:01Z", "2024-07-08T10:00:01Z"},
    {"UTC", SUMMER, "2024-01-01T12:00:00Z 2024-01-01T12:59:59Z", COMPARE_PREVIOUS_PERIOD, false, "2024-01-01T11:00:00Z",
     "2024-01-01T12:00:00Z"},
    /* The same time on the wall's clock, in summer and winter. */
    {BERLIN, SUMMER, "2024-04-03T10:00:00 2024-04-03T10:59:59", COMPARE_PREVIOUS_PERIOD, true, "2024-03-27T09:00:00Z",
     "2024-03-27T10:00:00Z"},
    {BERLIN, SUMMER, "2024-03-28T10:00:00 2024-03-28T10:59:59", COMPARE_PREVIOUS_YEAR, false, "2023-03-28T08:00:00Z",
     "2023-03-28T09:00:00Z"},
    {"UTC", SUMMER, "2024-02-29T10:00:00 2024-02-29T10:59:59", COMPARE_PREVIOUS_YEAR, false, "2023-02-28T10:00:00Z",
     "2023-02-28T11:00:00Z"},
};

static void test_compared(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof compared_rows / sizeof compared_rows[0]; i++) {
        struct zone *zone = zone_of(compared_rows[i].zone);
        struct query query = {.range = range_of(compared_rows[i].range),
                              .comparison = compared_rows[i].comparison,
                              .match_day_of_week = compared_rows[i].by_weekday};
        struct query_days days = days_in(zone, compared_rows[i].now, compared_rows[i].range), before = {0};
        int r = range_compared(&query, &days, zone, utc_ms(compared_rows[i].now), 0, -1, &before);
        int64_t from_ms = utc_ms(compared_rows[i].from), to_ms = utc_ms(compared_rows[i].to);

        if (r || before.from_ms != from_ms || before.to_ms != to_ms || before.first != zone_day(zone, from_ms) ||
            before.last != zone_day(zone, to_ms - 1))
            fail_msg("row %zu, %s: %d, instants off by %lld and %lld s", i, compared_rows[i].range, r,
                     (long long)(before.from_ms - from_ms) / 1000, (long long)(before.to_ms - to_ms) / 1000);
        zone_free(zone);
    }
}

/* A range of its own is read as date_range is; nothing before nothing is nothing. */
static void test_compared_range(void **state)
{
    struct zone *zone = zone_of(BERLIN);
    struct query query = {.range = range_of("day"), .comparison = COMPARE_RANGE, .comparison_range = range_of("7d")};
    struct query_days days = days_in(zone, SUMMER, "day"), before, week = days_in(zone, SUMMER, "7d");

    (void)state;
    assert_int_equal(range_compared(&query, &days, zone, utc_ms(SUMMER), 0, -1, &before), 0);
    assert_memory_equal(&before, &week, sizeof week);
    query.comparison_range = range_of("2024-01-02 2024-01-01");
    assert_int_equal(range_compared(&query, &days, zone, utc_ms(SUMMER), 0, -1, &before), RANGE_E_REVERSED);
    query = (struct query){.range = range_of("2024-03-31T02:10:00 2024-03-31T02:50:00"),
                           .comparison = COMPARE_PREVIOUS_PERIOD};
    days = days_in(zone, SUMMER, "2024-03-31T02:10:00 2024-03-31T02:50:00");
    for (int by_weekday = 0; by_weekday < 2; by_weekday++) {
        query.match_day_of_week = by_weekday;
        assert_int_equal(range_compared(&query, &days, zone, utc_ms(SUMMER), 0, -1, &before), 0);
        assert_int_equal(before.from_ms, before.to_ms);
        assert_true(before.last < before.first);
    }
    zone_free(zone);
}

static void test_units(void **state)
{
    static const struct {
        const char *range;
        enum query_unit unit;
    } rows[] = {
        {"2024-01-01T00:00:00Z 2024-01-01T00:00:00Z", QUERY_HOUR},
        {"day", QUERY_HOUR},
        {"24h", QUERY_HOUR},
        {"2024-07-01 2024-07-02", QUERY_HOUR},
        {"2024-07-01T00:00:00Z 2024-07-03T00:59:59Z", QUERY_HOUR}, /* 48 whole hours */
        {"2024-07-01T00:00:00Z 2024-07-03T01:00:00Z", QUERY_DAY},
        {"2024-07-01 2024-07-03", QUERY_DAY},
        {"30d", QUERY_DAY},
        {"2024-05-01 2024-06-10", QUERY_DAY}, /* 40 whole days and a bit */
        {"2024-05-01 2024-06-11", QUERY_WEEK},
        {"91d", QUERY_WEEK},
        {"2023-01-01 2024-01-06", QUERY_WEEK}, /* 53 weeks but for a second */
        {"2023-01-01 2024-01-07", QUERY_MONTH},
        {"2000-01-01 2024-01-01", QUERY_MONTH},
    };
    struct zone *zone = zone_of("UTC");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query_days days = days_in(zone, SUMMER, rows[i].range);

        if (range_unit(&days) != rows[i].unit)
            fail_msg("%s: %d", rows[i].range, (int)range_unit(&days));
    }
    zone_free(zone);
}

static const struct {
    const char *zone;
    enum query_unit unit;
    const char *range;
    size_t n;
    const char *first, *second, *last;
} label_rows[] = {
    {"UTC", QUERY_HOUR, "2024-07-01 2024-07-01", 24, "2024-07-01 00:00:00", "2024-07-01 01:00:00",
     "2024-07-01 23:00:00"},
    /* 23 hours, and 25, one of which the wall's clock shows twice. */
    {BERLIN, QUERY_HOUR, "2024-03-31 2024-03-31", 23, "2024-03-31 00:00:00", "2024-03-31 01:00:00",
     "2024-03-31 23:00:00"},
    {BERLIN, QUERY_HOUR, "2024-10-27 2024-10-27", 24, "2024-10-27 00:00:00", "2024-10-27 01:00:00",
     "2024-10-27 23:00:00"},
    {BERLIN, QUERY_HOUR, "2024-03-31T01:30:00 2024-03-31T03:10:00", 2, "2024-03-31 01:00:00", "2024-03-31 03:00:00",
     "2024-03-31 03:00:00"},
    {BERLIN, QUERY_HOUR, "2024-10-27T02:30:00 2024-10-27T03:00:00", 2, "2024-10-27 02:00:00", "2024-10-27 03:00:00",
     "2024-10-27 03:00:00"},
    /* Midnight is skipped, and half an hour. */
    {"America/Santiago", QUERY_HOUR, "2024-09-08 2024-09-08", 23, "2024-09-08 01:00:00", "2024-09-08 02:00:00",
     "2024-09-08 23:00:00"},
    {"Australia/Lord_Howe", QUERY_HOUR, "2024-04-07 2024-04-07", 24, "2024-04-07 00:00:00", "2024-04-07 01:00:00",
     "2024-04-07 23:00:00"},
    {"Australia/Lord_Howe", QUERY_HOUR, "2024-10-06 2024-10-06", 24, "2024-10-06 00:00:00", "2024-10-06 01:00:00",
     "2024-10-06 23:00:00"},
    {"Asia/Kathmandu", QUERY_HOUR, "2024-07-01T10:00:00 2024-07-01T11:00:00", 2, "2024-07-01 10:00:00",
     "2024-07-01 11:00:00", "2024-07-01 11:00:00"},
    {"UTC", QUERY_HOUR, "2024-07-01T10:59:59 2024-07-01T10:59:59", 1, "2024-07-01 10:00:00", NULL,
     "2024-07-01 10:00:00"},
    {BERLIN, QUERY_DAY, "2024-10-26 2024-10-28", 3, "2024-10-26", "2024-10-27", "2024-10-28"},
    {BERLIN, QUERY_DAY, "2024-02-01 2024-02-29", 29, "2024-02-01", "2024-02-02", "2024-02-29"},
    {"Pacific/Apia", QUERY_DAY, "2011-12-29 2011-12-31", 2, "2011-12-29", "2011-12-31", "2011-12-31"},
    /* Weeks and months begin before the range does. */
    {BERLIN, QUERY_WEEK, "2024-01-07 2024-01-08", 2, "2024-01-01", "2024-01-08", "2024-01-08"},
    {BERLIN, QUERY_WEEK, "1969-12-28 1970-01-05", 3, "1969-12-22", "1969-12-29", "1970-01-05"},
    {BERLIN, QUERY_WEEK, "2024-01-01 2024-12-31", 53, "2024-01-01", "2024-01-08", "2024-12-30"},
    {BERLIN, QUERY_MONTH, "2023-12-31 2024-03-01", 4, "2023-12-01", "2024-01-01", "2024-03-01"},
    {BERLIN, QUERY_MONTH, "2024-02-10 2024-02-10", 1, "2024-02-01", NULL, "2024-02-01"},
    {BERLIN, QUERY_HOUR, "2024-03-31T02:10:00 2024-03-31T02:50:00", 0, NULL, NULL, NULL},
};

static void test_labels(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof label_rows / sizeof label_rows[0]; i++) {
        struct zone *zone = zone_of(label_rows[i].zone);
        struct query_days days = days_in(zone, SUMMER, label_rows[i].range);
        struct labels labels = labels_of(label_rows[i].unit, &days, zone);
        struct label label = {""};
        size_t n = 0;

        for (; labels_next(&labels, &label); n++) {
            if (n == 0)
                assert_string_equal(label.text, label_rows[i].first);
            if (n == 1)
                assert_string_equal(label.text, label_rows[i].second);
        }
        if (n != label_rows[i].n || (n && strcmp(label.text, label_rows[i].last) != 0))
            fail_msg("row %zu: %zu labels to %s", i, n, label.text);
        zone_free(zone);
    }
}

static void test_moved(void **state)
{
    static const struct {
        enum query_unit unit;
        const char *label, *from, *to, *moved; /* NULL: it is none */
    } rows[] = {
        {QUERY_HOUR, "2024-07-02 01:00:00", "2024-07-01 23:00:00", "2024-06-30 22:00:00", "2024-07-01 00:00:00"},
        {QUERY_HOUR, "2024-07-02 01:00:00", "2024-07-02 01:00:00", "1969-12-31 23:00:00", "1969-12-31 23:00:00"},
        {QUERY_DAY, "2024-03-01", "2024-02-28", "2023-02-28", "2023-03-02"},
        {QUERY_WEEK, "2024-01-15", "2024-01-01", "2023-01-02", "2023-01-16"},
        {QUERY_WEEK, "1970-01-05", "1970-01-05", "1969-12-22", "1969-12-22"},
        {QUERY_MONTH, "2024-02-01", "2023-11-01", "2022-11-01", "2023-02-01"},
        {QUERY_DAY, "(none)", "2023-11-01", "2022-11-01", NULL},
        {QUERY_HOUR, "2024-07-02", "2023-11-01 00:00:00", "2022-11-01 00:00:00", NULL},
        {QUERY_DAY, "", "2023-11-01", "2022-11-01", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct label from, to, moved = {""};

        snprintf(from.text, sizeof from.text, "%s", rows[i].from);
        snprintf(to.text, sizeof to.text, "%s", rows[i].to);
        bool good = label_moved(rows[i].unit, text_of(rows[i].label), from, to, &moved);
        if (good != (rows[i].moved != NULL) || strcmp(moved.text, good ? rows[i].moved : "") != 0)
            fail_msg("row %zu: %d, %s", i, good, moved.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),   cmocka_unit_test(test_times),        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_days),    cmocka_unit_test(test_24h_fraction), cmocka_unit_test(test_all),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_compared),     cmocka_unit_test(test_compared_range),
        cmocka_unit_test(test_units),   cmocka_unit_test(test_labels),       cmocka_unit_test(test_moved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
