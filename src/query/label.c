/*
 * Labels of a range are found by walking through it in steps that no unit can
 * lie between, and taking each label that is greater than the one before.  They
 * sort as texts, so an hour that comes a second time is not.
 */
#include "crumb/query/label.h"
#include "crumb/base/error.h"
#include "crumb/query/range.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS (3600 * 1000LL)
#define QUARTER_MS (HOUR_MS / 4) /* clocks stand a multiple of this beside UTC */
#define DAY_S 86400
#define WEEK_DAYS 7

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* The first day of the unit in which @day lies. */
static int32_t first_of(enum query_unit unit, int32_t day)
{
    struct zone_date date;

    switch (unit) {
    case QUERY_WEEK: /* 1970-01-05 was a Monday */
        return day - (int32_t)(((int64_t)day - 4) - floor_div((int64_t)day - 4, WEEK_DAYS) * WEEK_DAYS);
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

struct label label_of(enum query_unit unit, const struct zone *zone, int64_t at_ms)
{
    int64_t wall_s = floor_div(at_ms, 1000) + zone_offset_s(zone, at_ms);
    int32_t day = (int32_t)floor_div(wall_s, DAY_S);
    unsigned hour = (unsigned)((wall_s - (int64_t)day * DAY_S) / 3600) % 24;
    struct label label = {""};

    range_write_date(first_of(unit, day), label.text);
    if (unit == QUERY_HOUR)
        snprintf(label.text + RANGE_DATE_BYTES, sizeof label.text - RANGE_DATE_BYTES, " %c%c:00:00",
                 '0' + (char)(hour / 10), '0' + (char)(hour % 10));
    return label;
}

struct labels labels_of(enum query_unit unit, const struct query_days *days, const struct zone *zone)
{
    return (struct labels){.unit = unit, .zone = zone, .at_ms = days->from_ms, .to_ms = days->to_ms};
}

/* An instant so soon that no unit is skipped. */
static int64_t next_ms(const struct labels *labels)
{
    if (labels->unit == QUERY_HOUR)
        return floor_div(labels->at_ms, QUARTER_MS) * QUARTER_MS + QUARTER_MS;
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

int labels_list(enum query_unit unit, const struct query_days *days, const struct zone *zone, struct label **ret_labels,
                size_t *ret_n)
{
    struct labels labels = labels_of(unit, days, zone);
    struct label *list = NULL, label;
    size_t n = 0, capacity = 0;

    while (labels_next(&labels, &label)) {
        if (n == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            struct label *more = realloc(list, capacity * sizeof *list);

            if (!more) {
                free(list);
                return error_origin(-ENOMEM);
            }
            list = more;
        }
        list[n++] = label;
    }
    *ret_labels = list;
    *ret_n = n;
    return 0;
}
