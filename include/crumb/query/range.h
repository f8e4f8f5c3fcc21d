/*
 * date_range: from its spelling to the days and instants it covers.  Pure.
 *
 *   "day"           today
 *   "24h"           the 24 hours that end with the current second
 *   "7d"  (any N)   the N days before today
 *   "month" "year"  from the first of this month or year to today
 *   "6mo" (any N)   the N whole months before this month
 *   "all"           from the first day with data to today (or to the last day
 *                   with data, where a stepped clock left some behind today)
 *   two dates       both days whole
 *   two times       both seconds whole; fractions of a second are cut off.
 *                   Without an offset they are of the clock on the site's wall:
 *                   an hour that it shows twice is covered twice, one that it
 *                   skips is empty.
 */
#pragma once

#include "crumb/query/query.h"

enum { RANGE_E_REVERSED = 1, RANGE_E_LONG = 2 };

/* "day", "24h", "7d", ...; false for any other text. */
bool range_parse_word(struct text word, struct query_range *ret_range);

/* "2024-01-31", of the years 1900 to 2999. */
bool range_parse_date(struct text text, struct zone_date *ret_date);

/* "2024-01-31T12:00:00", with ".5", with "Z" or "+02:00", of the same years (RFC 3339, the offset optional). */
bool range_parse_time(struct text text, struct query_time *ret_time);

/*
 * The days of @range at @now_ms for a site whose data lie on the days
 * @data_first to @data_last (last < first: it has none).  RANGE_E_REVERSED: it
 * ends before it begins.  RANGE_E_LONG: it covers more than QUERY_DAYS_MAX.
 */
int range_days(const struct query_range *range, const struct zone *zone, int64_t now_ms, int32_t data_first,
               int32_t data_last, struct query_days *ret_days);

/*
 * The days that @days, which range_days() made of the query's range, is
 * compared with.  @query asks for a comparison:
 *
 *   previous period  as long, and ends where @days begins
 *   previous year    from the same date to the same date a year before; the
 *                    29th of February becomes the 28th
 *   a range          as range_days() says
 *
 * With match_day_of_week the first two lie whole weeks before instead: as few as
 * keep them apart, and 52.  Results as of range_days(), which only a range has.
 */
int range_compared(const struct query *query, const struct query_days *days, const struct zone *zone, int64_t now_ms,
                   int32_t data_first, int32_t data_last, struct query_days *ret_days);

/*
 * What the interface means by the dimension `time` for a range of this length:
 * from its first second to its last, hours up to 48 whole hours, days up to 40
 * whole days, weeks up to 52 whole weeks, then months.
 */
enum query_unit range_unit(const struct query_days *days);

#define RANGE_DATE_BYTES 10

/* Writes @day as "2024-01-31", without a NUL. Its year must be 0 to 9999. */
void range_write_date(int32_t day, char ret_date[RANGE_DATE_BYTES]);
