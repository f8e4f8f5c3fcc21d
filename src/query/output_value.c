/*
 * Values are whole numbers of a decimal unit, so no form of them depends on
 * floating point or on the locale.
 */
#include "output_value.h"
#include "crumb/query/names.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- numbers ---- */

static uint64_t size_of(int64_t value) { return value < 0 ? 0 - (uint64_t)value : (uint64_t)value; }

static struct output_value decimal(int64_t value, unsigned decimals)
{
    static const uint64_t units[] = {1, 10, 100};
    const char *sign = value < 0 ? "-" : "";
    struct output_value text;

    assert(decimals < sizeof units / sizeof units[0]);
    if (decimals == 0)
        snprintf(text.text, sizeof text.text, "%" PRIi64, value);
    else
        snprintf(text.text, sizeof text.text, "%s%" PRIu64 ".%0*" PRIu64, sign, size_of(value) / units[decimals],
                 (int)decimals, size_of(value) % units[decimals]);
    return text;
}

struct output_value output_value_of(enum query_metric metric, int64_t value)
{
    return value == QUERY_NULL ? (struct output_value){""} : decimal(value, names_decimals(metric));
}

/* Per cent of @before, halves away from zero; QUERY_NULL past what can be reckoned. */
static int64_t relative_change(int64_t now, int64_t before)
{
    int64_t difference, hundredfold;

    if (now == before)
        return 0;
    if (before <= 0 || __builtin_sub_overflow(now, before, &difference) ||
        __builtin_mul_overflow(difference, (int64_t)100, &hundredfold))
        return QUERY_NULL;
    int64_t quotient = hundredfold / before, rest = (int64_t)size_of(hundredfold % before);

    return quotient + (rest >= before - rest ? (hundredfold < 0 ? -1 : 1) : 0);
}

struct output_value output_value_change(enum query_metric metric, int64_t now, int64_t before)
{
    if (now == QUERY_NULL || before == QUERY_NULL)
        return (struct output_value){""};
    if (names_unit(metric) == NAMES_PERCENT)
        return decimal(now - before, names_decimals(metric));
    int64_t change = relative_change(now, before);
    return change == QUERY_NULL ? (struct output_value){""} : decimal(change, 0);
}

/* ---- money ---- */

static void put_symbol(const char *currency, struct buffer *buffer)
{
    static const char *const symbols[][2] = {{"EUR", "€"}, {"USD", "$"}, {"GBP", "£"}, {"JPY", "¥"}, {"INR", "₹"}};

    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
        if (strcmp(symbols[i][0], currency) == 0) {
            buffer_put_text(buffer, text_of(symbols[i][1]));
            return;
        }
    buffer_printf(buffer, "%s ", currency);
}

/* "1,234,567" */
static void put_thousands(uint64_t whole, struct buffer *buffer)
{
    if (whole >= 1000) {
        put_thousands(whole / 1000, buffer);
        buffer_printf(buffer, ",%03u", (unsigned)(whole % 1000));
    } else {
        buffer_put_decimal(buffer, whole);
    }
}

void output_value_put_money(int64_t hundredths, const char *currency, bool is_short, struct buffer *buffer)
{
    static const struct {
        uint64_t whole;
        char letter;
    } scales[] = {{1000000000000, 'T'}, {1000000000, 'B'}, {1000000, 'M'}, {1000, 'K'}};
    uint64_t size = size_of(hundredths);

    if (hundredths < 0)
        buffer_put_u8(buffer, '-');
    put_symbol(currency, buffer);
    for (size_t i = 0; is_short && i < sizeof scales / sizeof scales[0]; i++)
        if (size / 100 >= scales[i].whole) {
            uint64_t tenths = size / (scales[i].whole * 10);

            buffer_printf(buffer, "%" PRIu64 ".%u%c", tenths / 10, (unsigned)(tenths % 10), scales[i].letter);
            return;
        }
    put_thousands(size / 100, buffer);
    buffer_printf(buffer, ".%02u", (unsigned)(size % 100));
}

/* ---- characters ---- */

bool output_value_take(struct text *text, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text->data;
    unsigned n_more = bytes[0] < 0x80 ? 0 : bytes[0] < 0xe0 ? 1 : bytes[0] < 0xf0 ? 2 : 3;
    uint32_t code = n_more ? bytes[0] & (0x3fu >> n_more) : bytes[0];
    bool good = bytes[0] < 0x80 || (bytes[0] >= 0xc0 && bytes[0] < 0xf8 && n_more < text->size);

    for (unsigned i = 1; good && i <= n_more; i++) {
        good = (bytes[i] & 0xc0) == 0x80;
        code = code << 6 | (bytes[i] & 0x3f);
    }
    good = good && code >= least[n_more] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    *ret_code = good ? code : bytes[0];
    *text = text_from(*text, good ? n_more + 1 : 1);
    return good;
}

/* How many bytes at the front of @text stand for themselves in JSON and are one character each. */
static size_t plain_bytes(struct text text)
{
    size_t n = 0;

    while (n < text.size && text.data[n] >= ' ' && text.data[n] < 0x7f && text.data[n] != '"' && text.data[n] != '\\')
        n++;
    return n;
}

void output_value_put_string(struct text text, struct buffer *buffer)
{
    buffer_put_u8(buffer, '"');
    for (size_t n = plain_bytes(text); n < text.size; n = plain_bytes(text)) {
        uint32_t code;

        buffer_put(buffer, text.data, n);
        text = text_from(text, n);
        const char *start = text.data;
        if (!output_value_take(&text, &code))
            buffer_put_text(buffer, TEXT("\xef\xbf\xbd"));
        else if (code < 0x20 || code == 0x7f)
            buffer_printf(buffer, "\\u%04x", (unsigned)code);
        else if (code < 0x7f)
            buffer_printf(buffer, "\\%c", (int)code);
        else
            buffer_put(buffer, start, (size_t)(text.data - start));
    }
    buffer_put_text(buffer, text);
    buffer_put_u8(buffer, '"');
}

void output_value_put_comma(size_t i, struct buffer *buffer)
{
    if (i > 0)
        buffer_put_u8(buffer, ',');
}
