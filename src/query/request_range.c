/*
 * A range: a word or a pair.  What the words mean is range.c's.
 */
#include "crumb/query/range.h"
#include "crumb/query/request.h"

static int read_pair(json_t *list, const char *place, struct query_range *ret_range, struct buffer *complaint)
{
    struct query_range range = {0};
    struct zone_date *dates[2] = {&range.first, &range.last};
    struct query_time *times[2] = {&range.from, &range.to};
    unsigned n_dates = 0;

    for (unsigned i = 0; i < 2; i++) {
        const char *item = json_string_value(json_array_get(list, i));

        if (item && range_parse_date(text_of(item), dates[i]))
            n_dates++;
        else if (!item || !range_parse_time(text_of(item), times[i]))
            return request_complain(complaint,
                                    "%s[%u]: %s is no date or time; write 2024-01-31, 2024-01-31T09:30:00Z or "
                                    "2024-01-31T09:30:00+02:00, of the years 1900 to 2999",
                                    place, i, request_quote(item ? item : "what stands here").text);
    }
    if (n_dates == 1)
        return request_complain(complaint, "%s: mixes a date and a time; give two dates or two times", place);
    range.kind = n_dates == 2 ? RANGE_DATES : RANGE_TIMES;
    *ret_range = range;
    return 0;
}

int request_range(json_t *value, const char *place, struct query_range *ret_range, struct buffer *complaint)
{
    const char *word = json_string_value(value);

    if (json_array_size(value) == 2)
        return read_pair(value, place, ret_range, complaint);
    if (!word || !range_parse_word(text_of(word), ret_range))
        return request_complain(complaint,
                                "%s: must be \"day\", \"24h\", \"7d\" or another number of days up to %d, "
                                "\"month\", \"6mo\" or another number of months up to %d, \"year\", \"all\", or a list "
                                "of two dates or two times",
                                place, QUERY_RANGE_COUNT_MAX, QUERY_RANGE_COUNT_MAX);
    return 0;
}
