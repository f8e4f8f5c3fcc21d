/*
 * Pairs to an event.  One table names every pair, its form, its place and its
 * bound; whatever the table does not name is ignored.
 */
#include "crumb/ingest/wire.h"
#include <glib.h>
#include <stddef.h>

enum form {
    FORM_TEXT,
    FORM_INTEGER,
    FORM_SIZE,     /* 1920x1080: two integers behind each other in the event */
    FORM_URL,      /* host and path, and as it is for page_read() */
    FORM_REFERRER, /* a URL without query and fragment; dropped where it is none */
    FORM_UUID,
    FORM_KIND,
    FORM_NUMBER,  /* a decimal number, kept as text */
    FORM_CURRENCY /* three letters; capitals from here on */
};

/* A pair's name as a number: no name is longer, and one comparison tells. */
#define NAME_BYTES_MAX 8

static const struct pair {
    char name[NAME_BYTES_MAX]; /* filled up with zeros */
    enum form form;
    size_t offset;
    size_t max; /* bytes of texts, value of integers */
} pairs_known[] = {
#define PAIR(name, form, field, max)                                                                                   \
    {                                                                                                                  \
        name, form, offsetof(struct event, field), max                                                                 \
    }
    PAIR("aid", FORM_TEXT, site, SITE_NAME_BYTES_MAX),
    PAIR("e", FORM_KIND, kind, 2),
    PAIR("eid", FORM_UUID, id, 36),
    PAIR("dtm", FORM_INTEGER, created_ms, INT64_MAX / 2),
    PAIR("stm", FORM_INTEGER, sent_ms, INT64_MAX / 2),
    PAIR("url", FORM_URL, host, URL_BYTES_MAX),
    PAIR("page", FORM_TEXT, title, TITLE_BYTES_MAX),
    PAIR("refr", FORM_REFERRER, referrer, URL_BYTES_MAX),
    PAIR("res", FORM_SIZE, screen_width, SCREEN_PIXELS_MAX),
    PAIR("vp", FORM_SIZE, viewport_width, SCREEN_PIXELS_MAX),
    PAIR("ds", FORM_SIZE, page_width, INT32_MAX),
    PAIR("lang", FORM_TEXT, language, LANGUAGE_BYTES_MAX),
    PAIR("tz", FORM_TEXT, zone, ZONE_BYTES_MAX),
    PAIR("pp_mix", FORM_INTEGER, scroll_x_min, INT32_MAX),
    PAIR("pp_max", FORM_INTEGER, scroll_x_max, INT32_MAX),
    PAIR("pp_miy", FORM_INTEGER, scroll_y_min, INT32_MAX),
    PAIR("pp_may", FORM_INTEGER, scroll_y_max, INT32_MAX),
    PAIR("se_ca", FORM_TEXT, category, LABEL_BYTES_MAX),
    PAIR("se_ac", FORM_TEXT, action, LABEL_BYTES_MAX),
    PAIR("se_la", FORM_TEXT, label, LABEL_BYTES_MAX),
    PAIR("se_pr", FORM_TEXT, property, LABEL_BYTES_MAX),
    PAIR("se_va", FORM_NUMBER, value, 32),
    PAIR("x_vis", FORM_INTEGER, dwell_ms, DWELL_MS_MAX),
    PAIR("x_cur", FORM_CURRENCY, currency, 3),
#undef PAIR
};

#define N_KNOWN (sizeof pairs_known / sizeof pairs_known[0])
_Static_assert(N_KNOWN <= 32, "seen pairs are held in a 32-bit mask");

struct parse {
    char *at; /* in the scratch */
    struct event *event;
    const char *what;
    uint32_t seen;
};

static int malformed(struct parse *parse, const char *what)
{
    parse->what = what;
    return WIRE_E_MALFORMED;
}

static int too_large(struct parse *parse, const char *what)
{
    parse->what = what;
    return WIRE_E_TOO_LARGE;
}

/* ---- decoding ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* What stands for itself: printable ASCII but % and +. */
static bool is_plain(char c) { return (unsigned char)(c - 0x20) < 0x5f && c != '%' && c != '+'; }

/* One byte that does not: 0, or the byte and how many more characters it took. */
static int decode_byte(struct parse *parse, struct text raw, size_t at, char *ret_byte, size_t *ret_more)
{
    char c = raw.data[at];
    size_t more = 0;

    if (c == '+') {
        c = ' ';
    } else if (c == '%') {
        int high = at + 1 < raw.size ? hex_digit(raw.data[at + 1]) : -1;
        int low = at + 2 < raw.size ? hex_digit(raw.data[at + 2]) : -1;

        if (high < 0 || low < 0)
            return malformed(parse, "a % is not followed by two hexadecimal digits");
        c = (char)(high << 4 | low);
        more = 2;
    }
    if (((unsigned char)c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
        return malformed(parse, "a value has a control character");
    *ret_byte = c;
    *ret_more = more;
    return 0;
}

/* application/x-www-form-urlencoded, strictly; no control characters but tab and line ends; valid UTF-8. */
static int decode(struct parse *parse, struct text raw, struct text *ret_value)
{
    char *out = parse->at;
    bool ascii = true;

    for (size_t i = 0; i < raw.size; i++, out++) {
        size_t more;

        if (is_plain(raw.data[i])) {
            *out = raw.data[i];
            continue;
        }
        int r = decode_byte(parse, raw, i, out, &more);
        if (r)
            return r;
        ascii &= (unsigned char)*out < 0x80;
        i += more;
    }
    size_t size = (size_t)(out - parse->at);
    if (!ascii && !g_utf8_validate_len(parse->at, size, NULL))
        return malformed(parse, "a value is not UTF-8");
    *ret_value = (struct text){.data = parse->at, .size = size};
    parse->at = out;
    return 0;
}

bool wire_decode(struct text raw, char *scratch, struct text *ret_value)
{
    struct parse parse = {.at = scratch};

    return decode(&parse, raw, ret_value) == 0;
}

/* ---- forms ---- */

static bool read_integer(struct text digits, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (digits.size == 0 || digits.size > 18)
        return false;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(digits.data[i] - '0');
    }
    *ret_value = value;
    return true;
}

static int take_integer(struct parse *parse, const struct pair *pair, struct text value, void *place)
{
    uint64_t number;

    /* Elastic scrolling reports offsets below zero; they mean the edge. */
    if (value.size > 1 && value.data[0] == '-' && read_integer(text_from(value, 1), &number))
        number = 0;
    else if (!read_integer(value, &number))
        return malformed(parse, "a number is not a whole number");
    if (number > pair->max)
        return malformed(parse, "a number is out of range");
    *(uint64_t *)place = number;
    return 0;
}

static int take_size(struct parse *parse, const struct pair *pair, struct text value, void *place)
{
    uint64_t *numbers = place;
    struct text width = text_cut(&value, 'x');

    if (!read_integer(width, &numbers[0]) || !read_integer(value, &numbers[1]))
        return malformed(parse, "a size is not WIDTHxHEIGHT");
    if (numbers[0] > pair->max || numbers[1] > pair->max)
        return malformed(parse, "a size is out of range");
    return 0;
}

static char *mutable(struct text scratch_text) { return (char *)(uintptr_t)scratch_text.data; }

static void lower(char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] >= 'A' && bytes[i] <= 'Z')
            bytes[i] = (char)(bytes[i] - 'A' + 'a');
}

/* Where the host begins, behind "http://" or "https://"; 0: neither. */
static size_t after_scheme(const char *url, size_t size)
{
    struct text text = {.data = url, .size = size};

    if (size > 8 && g_ascii_strncasecmp(text.data, "https://", 8) == 0)
        return 8;
    if (size > 7 && g_ascii_strncasecmp(text.data, "http://", 7) == 0)
        return 7;
    return 0;
}

bool wire_split_url(char *url, size_t size, struct text *ret_host, struct text *ret_path)
{
    size_t start = after_scheme(url, size), end = start, host = start;

    if (start == 0)
        return false;
    while (end < size && url[end] != '/' && url[end] != '?' && url[end] != '#') {
        if (url[end] == '@')
            host = end + 1; /* a user name in a URL is personal data and no part of the host */
        end++;
    }
    size_t host_end = host;
    if (host < end && url[host] == '[')
        while (host_end < end && url[host_end] != ']')
            host_end++;
    while (host_end < end && url[host_end] != ':')
        host_end++;
    if (host_end == host)
        return false;
    size_t path_end = end;
    while (path_end < size && url[path_end] != '?' && url[path_end] != '#')
        path_end++;
    lower(url + host, host_end - host);
    *ret_host = (struct text){.data = url + host, .size = host_end - host};
    *ret_path = path_end > end ? (struct text){.data = url + end, .size = path_end - end} : TEXT("/");
    return true;
}

static int take_url(struct parse *parse, struct text value)
{
    if (!wire_split_url(mutable(value), value.size, &parse->event->host, &parse->event->path))
        return malformed(parse, "url is not an http or https address");
    parse->event->url = value;
    return 0;
}

/* An application of Android is named by its package; what follows is a page inside of it. */
static bool take_application(struct parse *parse, struct text value)
{
    struct text scheme = TEXT("android-app://");

    if (!text_starts(value, scheme))
        return false;
    size_t end = scheme.size;
    while (end < value.size && (g_ascii_isalnum(value.data[end]) || value.data[end] == '.' || value.data[end] == '_'))
        end++;
    if (end == scheme.size || (end < value.size && value.data[end] != '/'))
        return false;
    parse->event->referrer = (struct text){.data = value.data, .size = end};
    return true;
}

/* Only where it came from: query and fragment of somebody else's page are nobody's business. */
static void take_referrer(struct parse *parse, struct text value)
{
    struct text host, path;
    char *url = mutable(value);

    if (take_application(parse, value) || !wire_split_url(url, value.size, &host, &path))
        return;
    size_t scheme = after_scheme(url, value.size);
    size_t path_size = path.size == 1 ? 0 : path.size;
    lower(url, scheme);
    memmove(url + scheme, host.data, host.size);
    if (path_size)
        memmove(url + scheme + host.size, path.data, path_size);
    parse->event->referrer = (struct text){.data = url, .size = scheme + host.size + path_size};
}

/* RFC 9562 section 4: 8-4-4-4-12 hexadecimal digits. */
static int take_uuid(struct parse *parse, struct text value)
{
    if (value.size != 36)
        return malformed(parse, "eid is not a UUID");
    for (size_t i = 0; i < value.size; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? value.data[i] != '-' : hex_digit(value.data[i]) < 0)
            return malformed(parse, "eid is not a UUID");
    }
    lower(mutable(value), value.size);
    parse->event->id = value;
    return 0;
}

static int take_kind(struct parse *parse, struct text value)
{
    int kind = words_find_event_kind(value);

    if (kind < 0)
        return malformed(parse, "e is none of pv, pp, se");
    parse->event->kind = (enum event_kind)kind;
    return 0;
}

static int take_number(struct parse *parse, struct text value, void *place)
{
    size_t i = value.size && value.data[0] == '-' ? 1 : 0, n_digits = 0, n_dots = 0;

    for (; i < value.size; i++) {
        bool digit = value.data[i] >= '0' && value.data[i] <= '9';

        if (!digit && value.data[i] != '.')
            return malformed(parse, "se_va is not a number");
        n_digits += digit;
        n_dots += !digit;
    }
    if (n_digits == 0 || n_dots > 1)
        return malformed(parse, "se_va is not a number");
    *(struct text *)place = value;
    return 0;
}

/* ISO 4217: three letters. */
static int take_currency(struct parse *parse, struct text value)
{
    char *letters = mutable(value);

    for (size_t i = 0; i < value.size; i++)
        if (!g_ascii_isalpha(letters[i]))
            return malformed(parse, "x_cur is not a currency of three letters");
    if (value.size != 3)
        return malformed(parse, "x_cur is not a currency of three letters");
    for (size_t i = 0; i < value.size; i++)
        letters[i] = g_ascii_toupper(letters[i]);
    parse->event->currency = value;
    return 0;
}

static int take(struct parse *parse, const struct pair *pair, struct text value)
{
    void *place = (char *)parse->event + pair->offset;

    if (value.size == 0)
        return 0; /* not said */
    if (pair->form != FORM_INTEGER && pair->form != FORM_SIZE && value.size > pair->max)
        return too_large(parse, "a value is too long");
    switch (pair->form) {
    case FORM_TEXT:
        *(struct text *)place = value;
        return 0;
    case FORM_INTEGER:
        return take_integer(parse, pair, value, place);
    case FORM_SIZE:
        return take_size(parse, pair, value, place);
    case FORM_URL:
        return take_url(parse, value);
    case FORM_REFERRER:
        take_referrer(parse, value);
        return 0;
    case FORM_UUID:
        return take_uuid(parse, value);
    case FORM_KIND:
        return take_kind(parse, value);
    case FORM_NUMBER:
        return take_number(parse, value, place);
    case FORM_CURRENCY:
        return take_currency(parse, value);
    }
    return 0;
}

/* x_p.<name>=<value> */
static int take_property(struct parse *parse, struct text raw_name, struct text raw_value)
{
    struct event *event = parse->event;
    struct event_property property;
    int r = decode(parse, raw_name, &property.name);

    if (r == 0)
        r = decode(parse, raw_value, &property.value);
    if (r)
        return r;
    if (property.name.size == 0)
        return malformed(parse, "a property has no name");
    if (property.name.size > PROPERTY_NAME_BYTES_MAX || property.value.size > LABEL_BYTES_MAX)
        return too_large(parse, "a property is too long");
    for (unsigned i = 0; i < event->n_properties; i++)
        if (text_equal(event->properties[i].name, property.name))
            return malformed(parse, "a property is there twice");
    if (event->n_properties == PROPERTIES_MAX)
        return too_large(parse, "there are too many properties");
    event->properties[event->n_properties++] = property;
    return 0;
}

static const struct pair *find_pair(struct text name)
{
    uint64_t wanted = 0, known;

    if (name.size > NAME_BYTES_MAX || name.data[name.size - 1] == '\0')
        return NULL;
    memcpy(&wanted, name.data, name.size);
    for (const struct pair *pair = pairs_known; pair < pairs_known + N_KNOWN; pair++) {
        memcpy(&known, pair->name, sizeof known);
        if (known == wanted)
            return pair;
    }
    return NULL;
}

bool wire_knows(struct text name) { return name.size && (text_starts(name, TEXT("x_p.")) || find_pair(name)); }

size_t wire_n_known(void) { return N_KNOWN; }

static int take_pair(struct parse *parse, struct text name, struct text raw)
{
    if (name.size == 0)
        return 0;
    if (text_starts(name, TEXT("x_p.")))
        return take_property(parse, text_from(name, 4), raw);
    const struct pair *pair = find_pair(name);
    if (!pair)
        return 0;
    uint32_t bit = 1u << (pair - pairs_known);
    struct text value;
    int r = decode(parse, raw, &value);
    if (r)
        return r;
    if (parse->seen & bit)
        return malformed(parse, "a pair is there twice");
    parse->seen |= bit;
    return take(parse, pair, value);
}

static int parse_pairs(struct parse *parse, struct text pairs)
{
    int first = 0;

    if (pairs.size > QUERY_BYTES_MAX)
        return too_large(parse, "the event is too long");
    /* All pairs are looked at even after a mistake, so that the site becomes known. */
    for (unsigned n = 0; pairs.size; n++) {
        struct text value = text_cut(&pairs, '&');
        struct text name = text_cut(&value, '=');

        if (n == PAIRS_PER_EVENT_MAX)
            return first ? first : too_large(parse, "there are too many pairs");
        const char *what = parse->what;
        int r = take_pair(parse, name, value);
        if (first)
            parse->what = what;
        else
            first = r;
    }
    if (first)
        return first;
    if (parse->event->site.size == 0)
        return malformed(parse, "aid, the site, is missing");
    if (parse->event->kind == 0)
        return malformed(parse, "e, the kind of event, is missing");
    return 0;
}

int wire_parse(struct text pairs, char *scratch, struct event *ret_event, const char **ret_what)
{
    struct parse parse = {.at = scratch, .event = ret_event};

    *ret_event = (struct event){.n_properties = 0};
    int r = parse_pairs(&parse, pairs);
    if (r)
        *ret_what = parse.what;
    return r;
}
