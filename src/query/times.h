/*
 * Times of groups as numbers that count their unit: hours and days since 1970 on
 * the wall's clock, weeks since that of 1970-01-01, months since January of the
 * year 0.  An hour that the clock shows twice has one number.  Pure.
 */
#pragma once

#include "crumb/query/query.h"
#include "crumb/rollup/tally.h"

/* For hours that of the day: tally_add() makes hours of it. */
int64_t times_of_day(enum query_unit unit, int32_t day);
int64_t times_of_instant(enum query_unit unit, const struct zone *zone, int64_t at_ms);

/* The first day that is in it, at least in part. */
int32_t times_first_day(enum query_unit unit, int64_t time);

/* "2024-01-31 09:00:00" or "2024-01-31", without a NUL; its length is returned. The year must be 0 to 9999. */
#define TIMES_LABEL_BYTES 19
size_t times_label(enum query_unit unit, int64_t time, char ret_label[TIMES_LABEL_BYTES]);

/* The wall's clock on a day, which is set once at most. */
struct tally_clock times_clock(const struct zone *zone, int32_t day);

/* The instants of it that lie within @within. */
void times_instants(enum query_unit unit, const struct zone *zone, int64_t time, const struct query_days *within,
                    int64_t *ret_from_ms, int64_t *ret_to_ms);
