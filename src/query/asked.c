/*
 * The parts of a request that stand in more than one place, and complaints.
 */
#include "asked.h"
#include "crumb/base/error.h"
#include "crumb/query/range.h"
#include <stdarg.h>
#include <stdio.h>

#define LIST_BYTES 256

int asked_complain(struct asked *asked, const char *format, ...)
{
    char sentence[QUERY_COMPLAINT_BYTES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    for (char *c = sentence; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?'; /* what was sent is quoted, and the sentence may end in a terminal */
    buffer_put_text(asked->complaint, text_of(sentence));
    return asked->complaint->fault ? error_origin(asked->complaint->fault) : QUERY_E_INVALID;
}

struct asked_quote asked_quote(const char *string)
{
    struct asked_quote quote;
    size_t size = strlen(string), max = sizeof quote.text - sizeof "\"...\"";
    bool cut = size > max;

    if (cut)
        for (size = max; ((unsigned char)string[size] & 0xc0) == 0x80; size--)
            ;
    snprintf(quote.text, sizeof quote.text, "\"%.*s%s\"", (int)size, string, cut ? "..." : "");
    return quote;
}

int asked_keys(struct asked *asked, const char *place, json_t *object, const char *const *known)
{
    char list[LIST_BYTES] = "";
    const char *key;
    json_t *value;

    for (size_t i = 0; known[i]; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", known[i]);
    json_object_foreach(object, key, value)
    {
        size_t i = 0;

        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return asked_complain(asked, "%s: %s is not a key of it; this version knows %s", place,
                                  asked_quote(key).text, list);
    }
    return 0;
}

int asked_bool(struct asked *asked, const char *place, json_t *value, bool *flag)
{
    if (!value)
        return 0;
    if (!json_is_boolean(value))
        return asked_complain(asked, "%s: must be true or false", place);
    *flag = json_is_true(value);
    return 0;
}

static int read_pair(struct asked *asked, const char *place, json_t *list, struct query_range *ret_range)
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
            return asked_complain(asked,
                                  "%s[%u]: %s is no date or time; write 2024-01-31, 2024-01-31T09:30:00Z or "
                                  "2024-01-31T09:30:00+02:00, of the years 1900 to 2999",
                                  place, i, asked_quote(item ? item : "what stands here").text);
    }
    if (n_dates == 1)
        return asked_complain(asked, "%s: mixes a date and a time; give two dates or two times", place);
    range.kind = n_dates == 2 ? RANGE_DATES : RANGE_TIMES;
    *ret_range = range;
    return 0;
}

int asked_range(struct asked *asked, const char *place, json_t *value, struct query_range *ret_range)
{
    const char *word = json_string_value(value);

    if (json_array_size(value) == 2)
        return read_pair(asked, place, value, ret_range);
    if (!word || !range_parse_word(text_of(word), ret_range))
        return asked_complain(asked,
                              "%s: must be \"day\", \"24h\", \"7d\" or another number of days up to %d, \"month\", "
                              "\"6mo\" or another number of months up to %d, \"year\", \"all\", or a list of two dates "
                              "or two times",
                              place, QUERY_RANGE_COUNT_MAX, QUERY_RANGE_COUNT_MAX);
    return 0;
}
