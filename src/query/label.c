/*
 * Labels of a range are found by walking through it in steps that no unit can
 * lie between, and taking each label that is greater than the one before.  They
 * sort as texts, so an hour that comes a second time is not.
 */
#include "crumb/query/label.h"
#include "crumb/query/range.h"
#include <stdio.h>

#define QUARTER_MS (15 * 60 * 1000LL) /* clocks stand a multiple of this beside UTC */
#define HOUR_S 3600
#define HOUR_MS (HOUR_S * 1000LL)
#define DAY_S 86400
#define DAY_HOURS 24
#define WEEK_DAYS 7
#define FIRST_MONDAY 4 /* 1970-01-05 */

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* The first day of the unit in which @day lies. */
static int32_t first_of(enum query_unit unit, int32_t day)
{
    struct zone_date date;

    switch (unit) {
    case QUERY_WEEK:
        return (int32_t)(floor_div((int64_t)day - FIRST_MONDAY, WEEK_DAYS) * WEEK_DAYS) + FIRST_MONDAY;
    case QUERY_MONTH:
        date = zone_date_of_day(day);
        date.mday = 1;
        return zone_day_of_date(date);
    case QUERY_HOUR:
    case QUERY_DAY:
        break;
    }
    return day;
}

static struct label write_label(enum query_unit unit, int32_t day, unsigned hour)
{
    struct label label = {""};

    range_write_date(day, label.text);
    if (unit == QUERY_HOUR)
        snprintf(label.text + RANGE_DATE_BYTES, sizeof label.text - RANGE_DATE_BYTES, " %c%c:00:00",
                 '0' + (char)(hour / 10 % 10), '0' + (char)(hour % 10));
    return label;
}

struct label label_of(enum query_unit unit, const struct zone *zone, int64_t at_ms)
{
    int64_t wall_s = floor_div(at_ms, 1000) + zone_offset_s(zone, at_ms);
    int32_t day = (int32_t)floor_div(wall_s, DAY_S);

    return write_label(unit, first_of(unit, day), (unsigned)((wall_s - (int64_t)day * DAY_S) / HOUR_S));
}

struct labels labels_of(enum query_unit unit, const struct query_days *days, const struct zone *zone)
{
    return (struct labels){.unit = unit, .zone = zone, .at_ms = days->from_ms, .to_ms = days->to_ms};
}

/* The end of the hour that the wall's clock shows, or sooner where it is set before that. */
static int64_t next_hour_ms(const struct zone *zone, int64_t at_ms)
{
    int32_t offset_s = zone_offset_s(zone, at_ms);
    int64_t wall_ms = at_ms + offset_s * 1000LL,
            next_ms = at_ms + HOUR_MS - (wall_ms - floor_div(wall_ms, HOUR_MS) * HOUR_MS);

    return zone_offset_s(zone, next_ms) == offset_s ? next_ms : floor_div(at_ms, QUARTER_MS) * QUARTER_MS + QUARTER_MS;
}

/* An instant so soon that no unit is skipped. */
static int64_t next_ms(const struct labels *labels)
{
    if (labels->unit == QUERY_HOUR)
        return next_hour_ms(labels->zone, labels->at_ms);
    return zone_day_start_ms(labels->zone, zone_day(labels->zone, labels->at_ms) + 1);
}

bool labels_next(struct labels *labels, struct label *ret_label)
{
    while (labels->at_ms < labels->to_ms) {
        struct label label = label_of(labels->unit, labels->zone, labels->at_ms);

        labels->at_ms = next_ms(labels);
        if (strcmp(label.text, labels->last.text) > 0) {
            labels->last = *ret_label = label;
            return true;
        }
    }
    return false;
}

/* ---- moving ---- */

/* Labels by number: hours, days, weeks or months since some day. */
static bool number_of(enum query_unit unit, struct text label, int64_t *ret_number)
{
    struct zone_date date;
    struct text day = {.data = label.data, .size = label.size < RANGE_DATE_BYTES ? label.size : RANGE_DATE_BYTES};
    int64_t number;

    if (!range_parse_date(day, &date))
        return false;
    number = zone_day_of_date(date);
    if (unit == QUERY_HOUR && label.size < RANGE_DATE_BYTES + sizeof " 00" - 1)
        return false;
    if (unit == QUERY_HOUR)
        number =
            number * DAY_HOURS + 10 * (label.data[RANGE_DATE_BYTES + 1] - '0') + label.data[RANGE_DATE_BYTES + 2] - '0';
    else if (unit == QUERY_WEEK)
        number = floor_div(number - FIRST_MONDAY, WEEK_DAYS);
    else if (unit == QUERY_MONTH)
        number = date.year * 12LL + date.month - 1;
    *ret_number = number;
    return true;
}

static struct label label_of_number(enum query_unit unit, int64_t number)
{
    switch (unit) {
    case QUERY_HOUR:
        return write_label(unit, (int32_t)floor_div(number, DAY_HOURS),
                           (unsigned)(number - floor_div(number, DAY_HOURS) * DAY_HOURS));
    case QUERY_WEEK:
        return write_label(unit, (int32_t)(number * WEEK_DAYS + FIRST_MONDAY), 0);
    case QUERY_MONTH:
        return write_label(
            unit,
            zone_day_of_date((struct zone_date){.year = (int)floor_div(number, 12),
                                                .month = (unsigned)(number - floor_div(number, 12) * 12) + 1,
                                                .mday = 1}),
            0);
    case QUERY_DAY:
        break;
    }
    return write_label(unit, (int32_t)number, 0);
}

bool label_moved(enum query_unit unit, struct text label, struct label from, struct label to, struct label *ret_label)
{
    int64_t number, from_number, to_number;

    if (!number_of(unit, label, &number) || !number_of(unit, text_of(from.text), &from_number) ||
        !number_of(unit, text_of(to.text), &to_number))
        return false;
    *ret_label = label_of_number(unit, number - from_number + to_number);
    return true;
}
