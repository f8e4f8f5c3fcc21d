/*
 * Time zones by GLib (GTimeZone reads the system's TZif files, footers
 * included, and is safe on any thread; libc's tzset is neither).  The date
 * arithmetic is Howard Hinnant's "chrono-Compatible Low-Level Date
 * Algorithms": years start in March, eras have 400 years.
 */
#include "crumb/base/zone.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <glib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_S 86400
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/"

/* Offsets change at multiples of this: the oddest since 1970 was Monrovia's, at 00:44:30 in 1972. */
#define STEP_S 30

struct zone {
    GTimeZone *zone;
    /*
     * What was answered last, as most questions are about now: the step in the
     * high half, the offset in the low.  One atomic word, so that any thread
     * finds two halves that belong together.
     */
    _Atomic uint64_t *last;
};

/*
 * GLib takes more than names: paths, offsets, and POSIX rules, by which
 * "Berlin5" lies five hours west of Greenwich.  A name here is a file of the
 * database; UTC needs none.
 */
static bool in_database(const char *name)
{
    const char *folder = getenv("TZDIR");
    char path[4096];

    if (strcmp(name, "UTC") == 0)
        return true;
    if (name[0] < 'A' || name[0] > 'Z' || name[strspn(name, NAME_LETTERS)])
        return false;
    int n = snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/zoneinfo", name);
    return n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0;
}

int zone_new(const char *name, struct zone **ret_zone)
{
    if (!in_database(name))
        return ZONE_E_UNKNOWN;
    struct zone *zone = calloc(1, sizeof *zone);
    if (zone)
        zone->last = calloc(1, sizeof *zone->last);
    if (!zone || !zone->last) {
        free(zone);
        return error_origin(-ENOMEM);
    }
    zone->zone = g_time_zone_new_identifier(name);
    if (!zone->zone) {
        zone_free(zone);
        return ZONE_E_UNKNOWN;
    }
    *ret_zone = zone;
    return 0;
}

struct zone *zone_free(struct zone *zone)
{
    if (zone) {
        if (zone->zone)
            g_time_zone_unref(zone->zone);
        free(zone->last);
        free(zone);
    }
    return NULL;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int32_t find_offset(const struct zone *zone, int64_t at_s)
{
    return g_time_zone_get_offset(zone->zone, g_time_zone_find_interval(zone->zone, G_TIME_TYPE_UNIVERSAL, at_s));
}

int32_t zone_offset_s(const struct zone *zone, int64_t at_ms)
{
    int64_t at_s = floor_div(at_ms, 1000), step = floor_div(at_s, STEP_S);

    /* Step 0 stands for "nothing answered yet". */
    if (step <= 0 || step > UINT32_MAX)
        return find_offset(zone, at_s);
    uint64_t last = atomic_load_explicit(zone->last, memory_order_relaxed);
    if (last >> 32 == (uint64_t)step)
        return (int32_t)(uint32_t)last;
    int32_t offset = find_offset(zone, at_s);
    atomic_store_explicit(zone->last, (uint64_t)step << 32 | (uint32_t)offset, memory_order_relaxed);
    return offset;
}

int32_t zone_day(const struct zone *zone, int64_t at_ms)
{
    return (int32_t)floor_div(floor_div(at_ms, 1000) + zone_offset_s(zone, at_ms), DAY_S);
}

int64_t zone_day_start_ms(const struct zone *zone, int32_t day)
{
    /* Days only grow with time, so the first second of @day is found by halving; no zone is 36 hours from UTC. */
    int64_t before = (int64_t)day * DAY_S - 3 * DAY_S / 2;
    int64_t on_day = (int64_t)day * DAY_S + 3 * DAY_S / 2;

    while (on_day - before > 1) {
        int64_t middle = before + (on_day - before) / 2;

        if (zone_day(zone, middle * 1000) < day)
            before = middle;
        else
            on_day = middle;
    }
    return on_day * 1000;
}

int32_t zone_day_of_date(struct zone_date date)
{
    int year = date.year - (date.month <= 2);
    int era = (year >= 0 ? year : year - 399) / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * ((int)date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + (int)date.mday - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

struct zone_date zone_date_of_day(int32_t day)
{
    int64_t z = (int64_t)day + 719468; /* a day from disk may be any */
    int era = (int)((z >= 0 ? z : z - 146096) / 146097);
    int day_of_era = (int)(z - (int64_t)era * 146097);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int mp = (5 * day_of_year + 2) / 153;
    unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);

    return (struct zone_date){.year = year_of_era + era * 400 + (month <= 2),
                              .month = month,
                              .mday = (unsigned)(day_of_year - (153 * mp + 2) / 5 + 1)};
}

void zone_write_date(int32_t day, char ret_date[ZONE_DATE_BYTES])
{
    struct zone_date date = zone_date_of_day(day);

    snprintf(ret_date, ZONE_DATE_BYTES, "%04d-%02u-%02u", date.year, date.month, date.mday);
}

bool zone_date_valid(struct zone_date date)
{
    if (date.month < 1 || date.month > 12 || date.mday < 1 || date.mday > 31)
        return false;
    struct zone_date back = zone_date_of_day(zone_day_of_date(date));
    return back.year == date.year && back.month == date.month && back.mday == date.mday;
}
