/*
 * Units of time as numbers, and a day's clock.
 */
#include "times.h"
#include "crumb/query/range.h"
#include <stdio.h>

#define DAY_S 86400
#define HOUR_S 3600
#define DAY_HOURS 24
#define WEEK_DAYS 7
#define MONDAY 3 /* days from the Monday before 1970-01-01 to it */

static int64_t floor_of(int64_t a, int64_t b) { return a / b - (a % b < 0); }

int64_t times_of_day(enum query_unit unit, int32_t day)
{
    switch (unit) {
    case QUERY_HOUR:
    case QUERY_DAY:
        return day;
    case QUERY_WEEK:
        return floor_of((int64_t)day + MONDAY, WEEK_DAYS);
    case QUERY_MONTH:
        break;
    }
    return period_month(day).number;
}

int64_t times_of_instant(enum query_unit unit, const struct zone *zone, int64_t at_ms)
{
    if (unit != QUERY_HOUR)
        return times_of_day(unit, zone_day(zone, at_ms));
    return floor_of(floor_of(at_ms, 1000) + zone_offset_s(zone, at_ms), HOUR_S);
}

int32_t times_first_day(enum query_unit unit, int64_t time)
{
    switch (unit) {
    case QUERY_HOUR:
        return (int32_t)floor_of(time, DAY_HOURS);
    case QUERY_DAY:
        return (int32_t)time;
    case QUERY_WEEK:
        return (int32_t)(time * WEEK_DAYS - MONDAY);
    case QUERY_MONTH:
        break;
    }
    return period_first_day((struct period){.kind = PERIOD_MONTH, .number = (int32_t)time});
}

size_t times_label(enum query_unit unit, int64_t time, char ret_label[TIMES_LABEL_BYTES])
{
    char hour[sizeof " 00:00:00"];

    range_write_date(times_first_day(unit, time), ret_label);
    if (unit != QUERY_HOUR)
        return RANGE_DATE_BYTES;
    unsigned number = (unsigned)(time - DAY_HOURS * floor_of(time, DAY_HOURS)) % DAY_HOURS;
    snprintf(hour, sizeof hour, " %02u:00:00", number);
    memcpy(ret_label + RANGE_DATE_BYTES, hour, sizeof hour - 1);
    return TIMES_LABEL_BYTES;
}

struct tally_clock times_clock(const struct zone *zone, int32_t day)
{
    int64_t start_s = zone_day_start_ms(zone, day) / 1000, end_s = zone_day_start_ms(zone, day + 1) / 1000;
    int32_t before_s = zone_offset_s(zone, start_s * 1000), after_s = zone_offset_s(zone, (end_s - 1) * 1000);
    int32_t late_s = (int32_t)(start_s - (int64_t)day * DAY_S); /* what midnight is late of UTC's */
    int64_t low_s = start_s, high_s = end_s - 1;

    while (before_s != after_s && high_s - low_s > 1) {
        int64_t middle_s = low_s + (high_s - low_s) / 2;

        if (zone_offset_s(zone, middle_s * 1000) == before_s)
            low_s = middle_s;
        else
            high_s = middle_s;
    }
    return (struct tally_clock){.change_s = before_s == after_s ? 0 : (uint32_t)(high_s - start_s),
                                .before_s = late_s + before_s,
                                .after_s = late_s + after_s};
}

/* When, in seconds of the day, the clock shows @wall_s: the first time, or the last. */
static int64_t second_of(const struct tally_clock *clock, int64_t wall_s, bool last)
{
    int64_t before_s = wall_s - clock->before_s, after_s = wall_s - clock->after_s;

    if (last)
        return after_s > (int64_t)clock->change_s ? after_s : before_s;
    return before_s < (int64_t)clock->change_s ? before_s : after_s;
}

static void instants_of_hour(const struct zone *zone, int64_t time, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    int32_t day = times_first_day(QUERY_HOUR, time);
    struct tally_clock clock = times_clock(zone, day);
    int64_t start_ms = zone_day_start_ms(zone, day), wall_s = (time - (int64_t)DAY_HOURS * day) * HOUR_S;

    *ret_from_ms = start_ms + second_of(&clock, wall_s, false) * 1000;
    *ret_to_ms = start_ms + second_of(&clock, wall_s + HOUR_S, true) * 1000;
}

void times_instants(enum query_unit unit, const struct zone *zone, int64_t time, const struct query_days *within,
                    int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    int64_t from_ms, to_ms;

    if (unit == QUERY_HOUR) {
        instants_of_hour(zone, time, &from_ms, &to_ms);
    } else {
        from_ms = zone_day_start_ms(zone, times_first_day(unit, time));
        to_ms = zone_day_start_ms(zone, times_first_day(unit, time + 1));
    }
    *ret_from_ms = from_ms > within->from_ms ? from_ms : within->from_ms;
    *ret_to_ms = to_ms < within->to_ms ? to_ms : within->to_ms;
}
