/*
 * Periods that have rollups: days and months of the calendar, as numbers.  Pure.
 */
#pragma once

#include <stdint.h>

/* Written to disk: append, never renumber. */
enum period_kind { PERIOD_DAY = 1, PERIOD_MONTH = 2 };

struct period {
    enum period_kind kind;
    int32_t number; /* days since 1970; months since January of the year 0 */
};

struct period period_month(int32_t day); /* that the day is in */
int32_t period_first_day(struct period period);
int32_t period_last_day(struct period period);
