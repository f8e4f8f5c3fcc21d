/*
 * What the adapters share.
 */
#include "adapt.h"
#include "crumb/config/value.h"
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_TEXT_BYTES 32

/* ---- reading ---- */

bool adapt_read_query(struct text query, const char *const names[], size_t n, struct text values[])
{
    bool once = true;

    for (unsigned n_pairs = 0; query.size; n_pairs++) {
        struct text value = text_cut(&query, '&');
        struct text name = text_cut(&value, '=');

        if (n_pairs == PAIRS_PER_EVENT_MAX)
            return false;
        for (size_t i = 0; i < n; i++) {
            if (!text_equal(name, text_of(names[i])) || value.size == 0)
                continue;
            once &= values[i].size == 0;
            values[i] = value;
        }
    }
    return once;
}

json_t *adapt_member(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    return json_is_null(value) ? NULL : value;
}

/* ---- where ---- */

struct text adapt_page_origin(const struct adapt_request *request)
{
    struct text referer = request->referer, rest = referer;

    /* A page without an origin of its own says "null". */
    if (request->origin.size && !text_equal(request->origin, TEXT("null")))
        return request->origin;
    struct text scheme = text_cut(&rest, '/');
    if (!text_equal(scheme, TEXT("http:")) && !text_equal(scheme, TEXT("https:")))
        return TEXT_NONE;
    if (text_cut(&rest, '/').size)
        return TEXT_NONE; /* no second slash */
    struct text host = text_cut(&rest, '/');
    return host.size ? (struct text){.data = referer.data, .size = (size_t)(host.data + host.size - referer.data)}
                     : TEXT_NONE;
}

static bool has_host(const struct site *site, struct text host)
{
    for (unsigned i = 0; i < site->n_origins; i++)
        if (text_equal(value_origin_host(site->origins[i]), host))
            return true;
    return false;
}

const struct site *adapt_site(const struct adapt_request *request, struct text said)
{
    const struct config *config = request->config;
    const struct site *site = said.size ? config_site(config, said) : NULL;
    struct text origin = adapt_page_origin(request);

    for (unsigned i = 0; !site && said.size && i < config->n_sites; i++)
        if (has_host(&config->sites[i], said))
            site = &config->sites[i];
    for (unsigned i = 0; !site && origin.size && i < config->n_sites; i++)
        if (config_origin_listed(&config->sites[i], origin))
            site = &config->sites[i];
    return site;
}

/* ---- writing a line ---- */

static bool stands_for_itself(unsigned char c)
{
    return c > 0x20 && c != 0x7f && c != '%' && c != '+' && c != '&' && c != '=';
}

static void put_escaped(struct buffer *lines, struct text value)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};

        if (c == ' ')
            buffer_put_u8(lines, '+');
        else if (stands_for_itself(c))
            buffer_put_u8(lines, c);
        else
            buffer_put(lines, escaped, sizeof escaped);
    }
}

static void put_name(struct buffer *lines, const char *name)
{
    buffer_put_u8(lines, '&');
    put_escaped(lines, text_of(name));
    buffer_put_u8(lines, '=');
}

void adapt_begin(struct buffer *lines, const struct site *site)
{
    buffer_put_text(lines, TEXT("aid="));
    buffer_put_text(lines, site ? text_of(site->name) : TEXT("-"));
}

void adapt_put(struct buffer *lines, const char *name, struct text value)
{
    if (value.size == 0)
        return;
    put_name(lines, name);
    put_escaped(lines, value);
}

void adapt_put_more(struct buffer *lines, struct text encoded)
{
    for (size_t i = 0; i < encoded.size; i++) {
        /* A line end would begin another event. */
        if (encoded.data[i] == '\n' || encoded.data[i] == '\r')
            buffer_put_text(lines, encoded.data[i] == '\n' ? TEXT("%0a") : TEXT("%0d"));
        else
            buffer_put_u8(lines, (uint8_t)encoded.data[i]);
    }
}

void adapt_put_raw(struct buffer *lines, const char *name, struct text encoded)
{
    if (encoded.size == 0)
        return;
    put_name(lines, name);
    adapt_put_more(lines, encoded);
}

/*
 * With the fifteen digits that a double holds for sure, and without an exponent,
 * as the wire knows none.  What has more places than there is room for keeps
 * its exponent and is refused as no number.
 */
static int print_real(char scratch[NUMBER_TEXT_BYTES], double value)
{
    char plain[NUMBER_TEXT_BYTES];
    int n = snprintf(scratch, NUMBER_TEXT_BYTES, "%.15g", value);
    const char *exponent = strchr(scratch, 'e');

    if (!exponent)
        return n;
    int places = 14 - atoi(exponent + 1);
    int n_plain = snprintf(plain, sizeof plain, "%.*f", places < 0 ? 0 : places < 28 ? places : 28, value);
    if (n_plain < 0 || n_plain >= NUMBER_TEXT_BYTES)
        return n;
    while (places > 0 && plain[n_plain - 1] == '0')
        n_plain--;
    n_plain -= plain[n_plain - 1] == '.';
    memcpy(scratch, plain, (size_t)n_plain);
    return n_plain;
}

/* A scalar as text; false: it is none. */
static bool read_scalar(json_t *value, char scratch[NUMBER_TEXT_BYTES], struct text *ret_text)
{
    int n;

    if (json_is_string(value)) {
        *ret_text = (struct text){.data = json_string_value(value), .size = json_string_length(value)};
        return true;
    }
    if (json_is_boolean(value)) {
        *ret_text = json_is_true(value) ? TEXT("true") : TEXT("false");
        return true;
    }
    if (json_is_integer(value))
        n = snprintf(scratch, NUMBER_TEXT_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        n = print_real(scratch, json_real_value(value));
    else
        return false;
    *ret_text = (struct text){.data = scratch, .size = (size_t)n};
    return true;
}

void adapt_put_json(struct buffer *lines, const char *name, json_t *value)
{
    char scratch[NUMBER_TEXT_BYTES];
    struct text text;

    if (!value)
        return;
    if (read_scalar(value, scratch, &text))
        adapt_put(lines, name, text);
    else
        adapt_refuse(lines);
}

void adapt_put_properties(struct buffer *lines, json_t *object)
{
    char scratch[NUMBER_TEXT_BYTES];
    const char *name;
    struct text text;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (json_is_null(value))
            continue;
        if (!read_scalar(value, scratch, &text)) {
            adapt_refuse(lines);
            continue;
        }
        buffer_put_text(lines, TEXT("&x_p."));
        put_escaped(lines, text_of(name));
        buffer_put_u8(lines, '=');
        put_escaped(lines, text);
    }
}

void adapt_refuse(struct buffer *lines) { buffer_put_text(lines, TEXT("&e=-")); }

void adapt_end(struct buffer *lines) { buffer_put_u8(lines, '\n'); }

void adapt_put_unreadable(const struct adapt_request *request, struct buffer *lines)
{
    adapt_begin(lines, adapt_site(request, TEXT_NONE));
    adapt_refuse(lines);
    adapt_end(lines);
}
