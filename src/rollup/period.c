/*
 * Months by the calendar of base/zone.h.
 */
#include "crumb/rollup/period.h"
#include "crumb/base/zone.h"

#define YEAR_MONTHS 12

struct period period_month(int32_t day)
{
    struct zone_date date = zone_date_of_day(day);

    return (struct period){.kind = PERIOD_MONTH, .number = YEAR_MONTHS * date.year + (int32_t)date.month - 1};
}

static int32_t first_day_of_month(int32_t number)
{
    int32_t year = number / YEAR_MONTHS - (number % YEAR_MONTHS < 0);

    return zone_day_of_date(
        (struct zone_date){.year = year, .month = (unsigned)(number - YEAR_MONTHS * year) + 1, .mday = 1});
}

int32_t period_first_day(struct period period)
{
    return period.kind == PERIOD_DAY ? period.number : first_day_of_month(period.number);
}

int32_t period_last_day(struct period period)
{
    return period.kind == PERIOD_DAY ? period.number : first_day_of_month(period.number + 1) - 1;
}
