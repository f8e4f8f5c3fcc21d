/*
 * Days of the week by their first three letters in English, holidays by their
 * dates: which there are differs by country and region, and crumb knows none.
 */
#include "calendar.h"
#include "crumb/config/value.h"
#include "field.h"

#define WEEK_DAYS 7

static const char *weekday_name(const void *of, unsigned i)
{
    static const char *const names[WEEK_DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

    (void)of;
    return names[i];
}

static void read_weekday(const struct yaml_at *at, void *into)
{
    static const struct walk_names names = {.name = weekday_name, .n = WEEK_DAYS};
    struct site *site = into;
    int weekday = field_choice(at, "day of the week", &names);

    if (weekday < 0)
        return;
    if (site->working_days & 1u << weekday)
        yaml_refuse(at, "is listed twice; leave one out");
    site->working_days |= 1u << weekday;
}

void calendar_read_days(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    if (!yaml_expect(at, YAML_LIST))
        return;
    if (yaml_size(at) == 0)
        yaml_complain(at, "this list is empty; name the days of the week on which somebody answers requests");
    walk_list(at, read_weekday, site);
}

static void read_holiday(const struct yaml_at *at, void *into)
{
    struct site *site = into;
    struct zone_date date;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (!value_date(text, &date)) {
        yaml_refuse(at, "is not a date; write one such as 2026-12-25");
        return;
    }
    int32_t day = zone_day_of_date(date);
    for (unsigned i = 0; i < site->n_holidays; i++)
        if (site->holidays[i] == day) {
            yaml_refuse(at, "is listed twice; leave one out");
            return;
        }
    site->holidays[site->n_holidays++] = day;
}

void calendar_read_holidays(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->holidays = walk_array(at, YAML_LIST, sizeof *site->holidays, HOLIDAYS_MAX);
    if (site->holidays)
        walk_list(at, read_holiday, site);
}
