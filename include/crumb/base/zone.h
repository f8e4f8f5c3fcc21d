/*
 * Days of a time zone.  A day is a number: days since 1970-01-01 on the
 * zone's calendar.  Daylight saving makes some days 23 or 25 hours long.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct zone;

enum { ZONE_E_UNKNOWN = 1 };

/*
 * Loads an IANA time zone ("Europe/Berlin") from the system's database.
 * ZONE_E_UNKNOWN: there is no such zone.  The zone is immutable: any thread
 * may use it.  Free with zone_free().
 */
int zone_new(const char *name, struct zone **ret_zone);
struct zone *zone_free(struct zone *zone);

/* Seconds to add to UTC at the instant @at_ms (milliseconds since 1970 UTC). */
int32_t zone_offset_s(const struct zone *zone, int64_t at_ms);

/* The day at the instant @at_ms. */
int32_t zone_day(const struct zone *zone, int64_t at_ms);

/* The first instant of @day in milliseconds since 1970 UTC; where midnight is skipped, the instant after the gap. */
int64_t zone_day_start_ms(const struct zone *zone, int32_t day);

/* Calendar dates (proleptic Gregorian), pure. */
struct zone_date {
    int year;
    unsigned month; /* 1-12 */
    unsigned mday;  /* 1-31 */
};

int32_t zone_day_of_date(struct zone_date date);
struct zone_date zone_date_of_day(int32_t day);

/* "2026-01-02" of a day; years beyond four digits are written whole. */
#define ZONE_DATE_BYTES 32
void zone_write_date(int32_t day, char ret_date[ZONE_DATE_BYTES]);

/* False for the 30th of February and the like. */
bool zone_date_valid(struct zone_date date);
