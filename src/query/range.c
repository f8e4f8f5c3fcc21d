/*
 * date_range: spelling -> struct query_range -> days.
 *
 * Everything but "24h" and two times is first a pair of days, whose instants
 * the zone tells.  A time without an offset is looked up on the site's wall
 * clock, which shows some times twice and others never.  What a range is
 * compared with is found the same way: days from days, instants from instants.
 */
#include "crumb/query/range.h"
#include <assert.h>
#include <stdio.h>

#define HOUR_S 3600
#define DAY_S 86400
#define WEEK_DAYS 7
#define YEAR_WEEKS 52
#define UNIT_HOURS_MAX 48 /* where `time` means hours, days, weeks: the interface's numbers */
#define UNIT_DAYS_MAX 40
#define UNIT_WEEKS_MAX 52
#define YEAR_MIN 1900 /* so that any "999mo" can be echoed as two times */
#define YEAR_MAX 2999

/* Spelling. */

static bool take_char(struct text *text, char c)
{
    if (text->size == 0 || text->data[0] != c)
        return false;
    *text = text_from(*text, 1);
    return true;
}

static bool take_digit(struct text *text, unsigned *ret_digit)
{
    if (text->size == 0 || text->data[0] < '0' || text->data[0] > '9')
        return false;
    *ret_digit = (unsigned)(text->data[0] - '0');
    *text = text_from(*text, 1);
    return true;
}

/* Exactly @n_digits, of a number that is at most @max. */
static bool take_number(struct text *text, unsigned n_digits, unsigned max, unsigned *ret_number)
{
    unsigned number = 0, digit;

    for (unsigned i = 0; i < n_digits; i++) {
        if (!take_digit(text, &digit))
            return false;
        number = 10 * number + digit;
    }
    *ret_number = number;
    return number <= max;
}

/* "7d" and "6mo": a number without leading zeros and one of two units. */
static bool parse_count(struct text word, struct query_range *ret_range)
{
    struct query_range range = {0};
    unsigned digit;

    while (range.n <= QUERY_RANGE_COUNT_MAX && take_digit(&word, &digit)) {
        if (range.n == 0 && digit == 0)
            return false;
        range.n = 10 * range.n + digit;
    }
    if (range.n == 0 || range.n > QUERY_RANGE_COUNT_MAX)
        return false;
    if (text_equal(word, TEXT("d")))
        range.kind = RANGE_LAST_DAYS;
    else if (text_equal(word, TEXT("mo")))
        range.kind = RANGE_LAST_MONTHS;
    else
        return false;
    *ret_range = range;
    return true;
}

bool range_parse_word(struct text word, struct query_range *ret_range)
{
    static const struct {
        const char *word;
        enum query_range_kind kind;
    } words[] = {
        {"day", RANGE_DAY}, {"24h", RANGE_24H}, {"month", RANGE_MONTH}, {"year", RANGE_YEAR}, {"all", RANGE_ALL}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!text_equal(text_of(words[i].word), word))
            continue;
        *ret_range = (struct query_range){.kind = words[i].kind};
        return true;
    }
    return parse_count(word, ret_range);
}

static bool take_date(struct text *text, struct zone_date *ret_date)
{
    unsigned year, month, mday;

    if (!take_number(text, 4, YEAR_MAX, &year) || !take_char(text, '-') || !take_number(text, 2, 12, &month) ||
        !take_char(text, '-') || !take_number(text, 2, 31, &mday))
        return false;
    struct zone_date date = {.year = (int)year, .month = month, .mday = mday};
    if (year < YEAR_MIN || !zone_date_valid(date))
        return false;
    *ret_date = date;
    return true;
}

bool range_parse_date(struct text text, struct zone_date *ret_date)
{
    struct zone_date date;

    if (!take_date(&text, &date) || text.size > 0)
        return false;
    *ret_date = date;
    return true;
}

/* ".5": any number of digits, which change nothing. */
static bool skip_fraction(struct text *text)
{
    unsigned digit;

    if (!take_char(text, '.'))
        return true;
    if (!take_digit(text, &digit))
        return false;
    while (take_digit(text, &digit))
        ;
    return true;
}

/* "Z", "+02:00" or nothing, up to the end of @text. */
static bool parse_offset(struct text text, bool *ret_on_wall, int64_t *ret_offset_s)
{
    bool west = text.size > 0 && text.data[0] == '-';
    unsigned hours, minutes;

    *ret_on_wall = text.size == 0;
    *ret_offset_s = 0;
    if (text.size == 0 || text_equal(text, TEXT("Z")))
        return true;
    if ((!take_char(&text, '+') && !take_char(&text, '-')) || !take_number(&text, 2, 23, &hours) ||
        !take_char(&text, ':') || !take_number(&text, 2, 59, &minutes) || text.size > 0)
        return false;
    *ret_offset_s = (west ? -1 : 1) * (int64_t)(3600 * hours + 60 * minutes);
    return true;
}

bool range_parse_time(struct text text, struct query_time *ret_time)
{
    struct zone_date date;
    unsigned hour, minute, second;
    int64_t offset_s;
    bool on_wall;

    if (!take_date(&text, &date) || !take_char(&text, 'T') || !take_number(&text, 2, 23, &hour) ||
        !take_char(&text, ':') || !take_number(&text, 2, 59, &minute) || !take_char(&text, ':') ||
        !take_number(&text, 2, 59, &second) || !skip_fraction(&text) || !parse_offset(text, &on_wall, &offset_s))
        return false;
    *ret_time = (struct query_time){.on_wall = on_wall,
                                    .at_s = (int64_t)zone_day_of_date(date) * DAY_S + 3600 * hour + 60 * minute +
                                            second - offset_s};
    return true;
}

/* Days. */

static int64_t floor_s(int64_t ms) { return ms / 1000 - (ms % 1000 < 0); }

/* The first second from @before_s (exclusive) to @after_s (inclusive) that has the offset of @after_s. */
static int64_t offset_change_s(const struct zone *zone, int64_t before_s, int64_t after_s)
{
    int32_t offset_s = zone_offset_s(zone, after_s * 1000);

    while (after_s - before_s > 1) {
        int64_t middle_s = before_s + (after_s - before_s) / 2;

        if (zone_offset_s(zone, middle_s * 1000) == offset_s)
            after_s = middle_s;
        else
            before_s = middle_s;
    }
    return after_s;
}

/*
 * When the wall clock shows @wall_s: the first time it does or the @last.
 * Where it skips that time: the second after the skip or, for the last, the
 * second before it.  Assumes at most one change of offset in two days.
 */
static int64_t wall_to_utc_s(const struct zone *zone, int64_t wall_s, bool last)
{
    int32_t before_s = zone_offset_s(zone, (wall_s - DAY_S) * 1000);
    int32_t after_s = zone_offset_s(zone, (wall_s + DAY_S) * 1000);
    int64_t early = wall_s - (before_s > after_s ? before_s : after_s);
    int64_t late = wall_s - (before_s > after_s ? after_s : before_s);
    bool early_shows = early + zone_offset_s(zone, early * 1000) == wall_s;
    bool late_shows = late + zone_offset_s(zone, late * 1000) == wall_s;

    if (early_shows && (!last || !late_shows))
        return early;
    if (late_shows)
        return late;
    return offset_change_s(zone, early, late) - (last ? 1 : 0);
}

static int64_t time_to_utc_s(const struct zone *zone, struct query_time time, bool last)
{
    return time.on_wall ? wall_to_utc_s(zone, time.at_s, last) : time.at_s;
}

static struct query_days days_of_instants(const struct zone *zone, int64_t from_ms, int64_t to_ms)
{
    int32_t first = zone_day(zone, from_ms);

    return (struct query_days){.first = first,
                               .last = to_ms > from_ms ? zone_day(zone, to_ms - 1) : first - 1,
                               .from_ms = from_ms,
                               .to_ms = to_ms};
}

static struct query_days days_of_days(const struct zone *zone, int32_t first, int32_t last)
{
    return (struct query_days){.first = first,
                               .last = last,
                               .from_ms = zone_day_start_ms(zone, first),
                               .to_ms = zone_day_start_ms(zone, last + 1)};
}

/* The first day of the month that lies @n months before the month of @day. */
static int32_t month_start(int32_t day, unsigned n)
{
    struct zone_date date = zone_date_of_day(day);
    int months = date.year * 12 + (int)date.month - 1 - (int)n;

    assert(months >= 0);
    return zone_day_of_date((struct zone_date){.year = months / 12, .month = (unsigned)(months % 12) + 1, .mday = 1});
}

static int days_of_times(const struct query_range *range, const struct zone *zone, struct query_days *ret_days)
{
    int64_t from_ms = time_to_utc_s(zone, range->from, false) * 1000;
    int64_t to_ms = (time_to_utc_s(zone, range->to, true) + 1) * 1000;
    /* Two times of the same clock are compared as they stand: inside a skipped hour they are all the same instant. */
    bool alike = range->from.on_wall == range->to.on_wall;

    if (alike ? range->to.at_s < range->from.at_s : to_ms <= from_ms)
        return RANGE_E_REVERSED;
    *ret_days = days_of_instants(zone, from_ms, to_ms);
    return 0;
}

/* The ranges that are whole days. */
static void calendar_days(const struct query_range *range, int32_t today, int32_t data_first, int32_t data_last,
                          int32_t *ret_first, int32_t *ret_last)
{
    int32_t first = today, last = today;

    switch (range->kind) {
    case RANGE_DAY:
    case RANGE_24H:
    case RANGE_TIMES:
        break;
    case RANGE_LAST_DAYS:
        first = today - (int32_t)range->n;
        last = today - 1;
        break;
    case RANGE_MONTH:
        first = month_start(today, 0);
        break;
    case RANGE_LAST_MONTHS:
        first = month_start(today, range->n);
        last = month_start(today, 0) - 1;
        break;
    case RANGE_YEAR:
        first = zone_day_of_date((struct zone_date){.year = zone_date_of_day(today).year, .month = 1, .mday = 1});
        break;
    case RANGE_ALL:
        if (data_first <= data_last) {
            first = data_first < today ? data_first : today;
            last = data_last > today ? data_last : today;
        }
        break;
    case RANGE_DATES:
        first = zone_day_of_date(range->first);
        last = zone_day_of_date(range->last);
        break;
    }
    *ret_first = first;
    *ret_last = last;
}

static bool is_long(int32_t first, int32_t last) { return (int64_t)last - first >= QUERY_DAYS_MAX; }

int range_days(const struct query_range *range, const struct zone *zone, int64_t now_ms, int32_t data_first,
               int32_t data_last, struct query_days *ret_days)
{
    struct query_days days;
    int32_t first, last;

    if (range->kind == RANGE_TIMES) {
        int r = days_of_times(range, zone, &days);

        if (r)
            return r;
    } else if (range->kind == RANGE_24H) {
        int64_t to_ms = (floor_s(now_ms) + 1) * 1000;

        days = days_of_instants(zone, to_ms - DAY_S * 1000LL, to_ms);
    } else {
        calendar_days(range, zone_day(zone, now_ms), data_first, data_last, &first, &last);
        if (last < first)
            return RANGE_E_REVERSED;
        if (is_long(first, last)) /* before days that may come from a damaged store are turned into instants */
            return RANGE_E_LONG;
        days = days_of_days(zone, first, last);
    }
    if (is_long(days.first, days.last))
        return RANGE_E_LONG;
    *ret_days = days;
    return 0;
}

enum query_unit range_unit(const struct query_days *days)
{
    int64_t length_s = (days->to_ms - days->from_ms) / 1000 - 1; /* from the first second to the last */

    if (length_s / HOUR_S <= UNIT_HOURS_MAX)
        return QUERY_HOUR;
    if (length_s / DAY_S <= UNIT_DAYS_MAX)
        return QUERY_DAY;
    return length_s / (WEEK_DAYS * DAY_S) <= UNIT_WEEKS_MAX ? QUERY_WEEK : QUERY_MONTH;
}

/* Comparison. */

static int32_t year_before(int32_t day)
{
    struct zone_date date = zone_date_of_day(day);

    date.year--;
    if (!zone_date_valid(date))
        date.mday--; /* the 29th of February */
    return zone_day_of_date(date);
}

/* @day as the comparison has it, where what is compared lasts for @n_days. */
static int32_t day_before(const struct query *query, int32_t day, int32_t n_days)
{
    if (query->comparison == COMPARE_PREVIOUS_YEAR)
        return query->match_day_of_week ? day - YEAR_WEEKS * WEEK_DAYS : year_before(day);
    if (query->match_day_of_week)
        n_days = (n_days + WEEK_DAYS - 1) / WEEK_DAYS * WEEK_DAYS;
    return day - n_days;
}

/* The same time on the wall's clock, on the day before. */
static int64_t second_before(const struct query *query, const struct zone *zone, int64_t at_s, int32_t n_days,
                             bool last)
{
    int64_t wall_s = at_s + zone_offset_s(zone, at_s * 1000);
    int32_t day = zone_day(zone, at_s * 1000);

    return wall_to_utc_s(zone, wall_s - (int64_t)(day - day_before(query, day, n_days)) * DAY_S, last);
}

/* Two instants are compared with instants, as far as a calendar is not asked for. */
static struct query_days instants_before(const struct query *query, const struct query_days *days,
                                         const struct zone *zone)
{
    int64_t length_ms = days->to_ms - days->from_ms;
    int32_t n_days = (int32_t)((length_ms + DAY_S * 1000LL - 1) / (DAY_S * 1000LL));

    if (query->comparison == COMPARE_PREVIOUS_PERIOD && !query->match_day_of_week)
        return days_of_instants(zone, days->from_ms - length_ms, days->from_ms);
    int64_t from_s = second_before(query, zone, floor_s(days->from_ms), n_days, false);
    int64_t to_s = length_ms ? second_before(query, zone, floor_s(days->to_ms) - 1, n_days, true) + 1 : from_s;
    return days_of_instants(zone, from_s * 1000, to_s * 1000);
}

int range_compared(const struct query *query, const struct query_days *days, const struct zone *zone, int64_t now_ms,
                   int32_t data_first, int32_t data_last, struct query_days *ret_days)
{
    int32_t n_days = days->last - days->first + 1;

    assert(query->comparison != COMPARE_NONE);
    if (query->comparison == COMPARE_RANGE)
        return range_days(&query->comparison_range, zone, now_ms, data_first, data_last, ret_days);
    if (query->range.kind == RANGE_24H || query->range.kind == RANGE_TIMES)
        *ret_days = instants_before(query, days, zone);
    else
        *ret_days = days_of_days(zone, day_before(query, days->first, n_days), day_before(query, days->last, n_days));
    return 0;
}

void range_write_date(int32_t day, char ret_date[RANGE_DATE_BYTES])
{
    char text[ZONE_DATE_BYTES];

    zone_write_date(day, text);
    assert(strlen(text) == RANGE_DATE_BYTES);
    memcpy(ret_date, text, RANGE_DATE_BYTES);
}
