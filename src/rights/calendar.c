/*
 * One day after the other: ten working days are few, and there is always one,
 * as a site has a day of the week to work on and a bounded number of holidays.
 */
#include "crumb/rights/calendar.h"
#include <assert.h>

#define WEEK_DAYS 7
#define WEEKDAY_OF_1970 3 /* 1970-01-01 was a Thursday */

unsigned calendar_weekday(int32_t day)
{
    int32_t weekday = (day % WEEK_DAYS + WEEKDAY_OF_1970 + WEEK_DAYS) % WEEK_DAYS;

    return (unsigned)weekday;
}

static bool is_holiday(const struct site *site, int32_t day)
{
    for (unsigned i = 0; i < site->n_holidays; i++)
        if (site->holidays[i] == day)
            return true;
    return false;
}

bool calendar_works(const struct site *site, int32_t day)
{
    return site->working_days & 1u << calendar_weekday(day) && !is_holiday(site, day);
}

static int count(const struct site *site, int32_t from, int32_t to)
{
    int n = 0;

    while (from < to && n < CALENDAR_LEFT_MAX)
        n += calendar_works(site, ++from);
    return n;
}

int calendar_left(const struct site *site, int32_t today, int32_t due)
{
    return due < today ? -count(site, due, today) : count(site, today, due);
}

int32_t calendar_after(const struct site *site, int32_t day, unsigned n)
{
    assert(site->working_days & ((1u << WEEK_DAYS) - 1));
    while (n > 0)
        n -= calendar_works(site, ++day);
    return day;
}
