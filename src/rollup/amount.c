/*
 * Digits up to the fourth behind the point count; the fourth rounds.
 */
#include "crumb/rollup/amount.h"

#define WHOLE_MAX 1000000000000000
#define DECIMALS 3

static bool take(struct text *text, char c)
{
    if (text->size == 0 || text->data[0] != c)
        return false;
    *text = text_from(*text, 1);
    return true;
}

static bool take_digit(struct text *text, int64_t *ret_digit)
{
    if (text->size == 0 || text->data[0] < '0' || text->data[0] > '9')
        return false;
    *ret_digit = text->data[0] - '0';
    *text = text_from(*text, 1);
    return true;
}

bool amount_parse(struct text text, int64_t *ret_thousandths)
{
    bool is_negative = take(&text, '-');
    unsigned n_digits = 0, n_decimals = 0;
    int64_t value = 0, digit, half = 0;

    for (; take_digit(&text, &digit); n_digits++) {
        value = 10 * value + digit;
        if (value > WHOLE_MAX)
            return false;
    }
    bool has_point = take(&text, '.');
    for (; has_point && take_digit(&text, &digit); n_decimals++) {
        value = n_decimals < DECIMALS ? 10 * value + digit : value;
        half = n_decimals == DECIMALS ? digit >= 5 : half;
    }
    if (n_digits + n_decimals == 0 || text.size > 0)
        return false;
    for (; n_decimals < DECIMALS; n_decimals++)
        value *= 10;
    value += half;
    *ret_thousandths = is_negative ? -value : value;
    return true;
}

int64_t amount_add(int64_t a, int64_t b)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}
