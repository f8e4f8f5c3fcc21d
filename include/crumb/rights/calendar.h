/*
 * Working days: which days of a site's calendar count where the law or the
 * privacy policy gives so many of them.  Pure.
 */
#pragma once

#include "crumb/config/config.h"

/* Monday is 0. */
unsigned calendar_weekday(int32_t day);

/* One of the site's `working_days`, and none of its `holidays`. */
bool calendar_works(const struct site *site, int32_t day);

/*
 * The @n-th working day after @day, which itself does not count, whatever it is
 * (Regulation 1182/71 art. 3(1)).
 */
int32_t calendar_after(const struct site *site, int32_t day, unsigned n);

/*
 * How many working days follow @today up to @due: 0 on that day itself, and
 * below 0 behind it, by those that have passed since.  At most
 * CALENDAR_LEFT_MAX either way.
 */
int calendar_left(const struct site *site, int32_t today, int32_t due);
