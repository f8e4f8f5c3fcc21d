/*
 * Parsers of single values: text in, a number or a normal form out.
 */
#include "crumb/config/value.h"
#include "crumb/base/zone.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* A token's, without the `*` that stands for any end. */
#define COOKIE_LETTERS LOWER UPPER DIGITS "!#$%&'+-.^_`|~"

#define DAY_MS (24LL * 3600 * 1000)
#define DISTANCE_BYTES_MAX 64 /* longer words are never near each other */
#define LABEL_OF_HOST_BYTES_MAX 63

static bool is_in(char c, const char *set) { return c && strchr(set, c); }

static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }
static char upper(char c) { return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c); }

/* The leading bytes of @text that are in @set. */
static size_t span(struct text text, const char *set)
{
    size_t n = 0;

    while (n < text.size && is_in(text.data[n], set))
        n++;
    return n;
}

/* True where @text is 1 to @max bytes, the first in @first, the others in @rest. */
static bool is_word(struct text text, size_t max, const char *first, const char *rest)
{
    return text.size > 0 && text.size <= max && is_in(text.data[0], first) &&
           span(text_from(text, 1), rest) == text.size - 1;
}

/* @text as a string for the system's parsers. */
static bool copy(struct text text, char *ret_string, size_t capacity)
{
    if (text.size >= capacity || text_find(text, '\0') < text.size)
        return false;
    if (text.size)
        memcpy(ret_string, text.data, text.size);
    ret_string[text.size] = '\0';
    return true;
}

/* Numbers. */

bool value_count(struct text text, uint64_t max, uint64_t *ret_count)
{
    uint64_t count = 0;

    if (text.size == 0 || span(text, DIGITS) < text.size)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint64_t digit = (uint64_t)(text.data[i] - '0');

        if (count > (UINT64_MAX - digit) / 10)
            return false;
        count = count * 10 + digit;
    }
    if (count > max)
        return false;
    *ret_count = count;
    return true;
}

struct unit {
    const char *name;
    int64_t factor;
};

static bool parse_quantity(struct text text, const struct unit *units, size_t n_units, int64_t *ret)
{
    size_t n_digits = span(text, DIGITS);
    struct text unit = text_from(text, n_digits);
    uint64_t count;

    for (size_t i = 0; i < n_units; i++) {
        if (!text_equal(unit, text_of(units[i].name)))
            continue;
        text.size = n_digits;
        if (!value_count(text, (uint64_t)(INT64_MAX / units[i].factor), &count))
            return false;
        *ret = (int64_t)count * units[i].factor;
        return true;
    }
    return false;
}

bool value_duration(struct text text, int64_t *ret_ms)
{
    static const struct unit units[] = {{"s", 1000},   {"m", 60 * 1000},    {"h", 3600 * 1000},
                                        {"d", DAY_MS}, {"mo", 30 * DAY_MS}, {"y", 365 * DAY_MS}};

    return parse_quantity(text, units, sizeof units / sizeof *units, ret_ms);
}

static bool part(struct text text, size_t size, unsigned *ret_part)
{
    uint64_t value;

    if (text.size != size || !value_count(text, 9999, &value))
        return false;
    *ret_part = (unsigned)value;
    return true;
}

bool value_date(struct text text, struct zone_date *ret_date)
{
    struct text rest = text, year = text_cut(&rest, '-'), month = text_cut(&rest, '-');
    struct zone_date date;
    unsigned y;

    if (!part(year, 4, &y) || !part(month, 2, &date.month) || !part(rest, 2, &date.mday))
        return false;
    date.year = (int)y;
    if (y < 1970 || !zone_date_valid(date))
        return false;
    *ret_date = date;
    return true;
}

bool value_instant(struct text text, int64_t *ret_ms)
{
    struct text rest = text, day = text_cut(&rest, 'T'), hour = text_cut(&rest, ':'), minute = text_cut(&rest, ':');
    struct zone_date date;
    unsigned h, m, s;

    if (rest.size != 3 || rest.data[2] != 'Z' || !value_date(day, &date) || !part(hour, 2, &h) ||
        !part(minute, 2, &m) || !part((struct text){.data = rest.data, .size = 2}, 2, &s) || h > 23 || m > 59 || s > 59)
        return false;
    *ret_ms = ((int64_t)zone_day_of_date(date) * 86400 + (int64_t)h * 3600 + (int64_t)m * 60 + s) * 1000;
    return true;
}

bool value_size(struct text text, int64_t *ret_bytes)
{
    static const struct unit units[] = {
        {"B", 1},     {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40},
        {"kB", 1000}, {"KB", 1000},       {"MB", 1000000},    {"GB", 1000000000}, {"TB", 1000000000000}};

    return parse_quantity(text, units, sizeof units / sizeof *units, ret_bytes);
}

/* Addresses. */

/* At most five digits and no leading zero, so that there is one way to write a port. */
static bool parse_port(struct text text, uint16_t *ret_port)
{
    uint64_t port;

    if (!value_count(text, UINT16_MAX, &port) || (text.size > 1 && text.data[0] == '0'))
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

/* Splits "[v6]:port" or "host:port" at its last colon; the port is empty where there is none. */
static bool split_port(struct text text, struct text *ret_host, bool *ret_bracketed, struct text *ret_port)
{
    bool bracketed = text.size && text.data[0] == '[';
    struct text host, rest;

    if (bracketed) {
        size_t end = text_find(text, ']');

        if (end == text.size)
            return false;
        host = (struct text){.data = text.data + 1, .size = end - 1};
        rest = text_from(text, end + 1);
    } else {
        size_t end = text_find(text, ':');

        host = (struct text){.data = text.data, .size = end};
        rest = text_from(text, end);
    }
    if (rest.size == 1 || (rest.size && rest.data[0] != ':'))
        return false;
    *ret_host = host;
    *ret_bracketed = bracketed;
    *ret_port = rest.size ? text_from(rest, 1) : TEXT_NONE;
    return true;
}

bool value_listen(struct text text, struct sockaddr_storage *ret_address, socklen_t *ret_size)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    char string[INET6_ADDRSTRLEN];
    struct text host, port_text;
    uint16_t port;
    bool bracketed;

    if (!split_port(text, &host, &bracketed, &port_text) || !parse_port(port_text, &port) ||
        !copy(host, string, sizeof string))
        return false;
    if (inet_pton(bracketed ? AF_INET6 : AF_INET, string, bracketed ? (void *)&v6->sin6_addr : &v4->sin_addr) != 1)
        return false;
    address.ss_family = bracketed ? AF_INET6 : AF_INET;
    if (bracketed)
        v6->sin6_port = htons(port);
    else
        v4->sin_port = htons(port);
    *ret_address = address;
    *ret_size = bracketed ? sizeof *v6 : sizeof *v4;
    return true;
}

/* An address as 16 bytes, IPv4 mapped. */
static bool parse_address(struct text text, uint8_t *ret_bytes, bool *ret_is_v4)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char string[INET6_ADDRSTRLEN];

    if (!copy(text, string, sizeof string))
        return false;
    bool is_v4 = inet_pton(AF_INET, string, ret_bytes + 12) == 1;
    if (is_v4)
        memcpy(ret_bytes, mapped, sizeof mapped);
    else if (inet_pton(AF_INET6, string, ret_bytes) != 1)
        return false;
    *ret_is_v4 = is_v4;
    return true;
}

bool value_cidr(struct text text, uint8_t ret_bytes[static 16], unsigned *ret_n_bits)
{
    uint8_t bytes[16];
    bool has_prefix = text_find(text, '/') < text.size;
    struct text address = text_cut(&text, '/');
    uint64_t n_bits = 128;
    bool is_v4;

    if (!parse_address(address, bytes, &is_v4))
        return false;
    if (has_prefix && !value_count(text, is_v4 ? 32 : 128, &n_bits))
        return false;
    if (has_prefix && is_v4)
        n_bits += 96;
    for (size_t i = n_bits; i < 128; i++)
        if (bytes[i / 8] & (0x80u >> i % 8))
            return false;
    memcpy(ret_bytes, bytes, sizeof bytes);
    *ret_n_bits = (unsigned)n_bits;
    return true;
}

/* Hosts and origins. */

bool value_host(struct text text, char ret_host[static HOST_BYTES_MAX + 1])
{
    struct text rest = text, label = TEXT_NONE;

    if (text.size == 0 || text.size > HOST_BYTES_MAX || text.data[text.size - 1] == '.')
        return false;
    while (rest.size) {
        label = text_cut(&rest, '.');
        if (!is_word(label, LABEL_OF_HOST_BYTES_MAX, LOWER UPPER DIGITS "_", LOWER UPPER DIGITS "_-") ||
            label.data[label.size - 1] == '-')
            return false;
    }
    /* A browser takes a name whose last label is a number for an IPv4 address. */
    if (span(label, DIGITS) == label.size)
        return false;
    for (size_t i = 0; i < text.size; i++)
        ret_host[i] = lower(text.data[i]);
    ret_host[text.size] = '\0';
    return true;
}

/* A host as browsers write it: a name in lower case, 192.0.2.1 or [2001:db8::1]. */
static bool parse_url_host(struct text text, bool bracketed, char ret_host[static HOST_BYTES_MAX + 1])
{
    char string[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (!bracketed && value_host(text, ret_host))
        return true;
    if (!copy(text, string, sizeof string) || inet_pton(bracketed ? AF_INET6 : AF_INET, string, &address) != 1)
        return false;
    inet_ntop(bracketed ? AF_INET6 : AF_INET, &address, string, sizeof string);
    snprintf(ret_host, HOST_BYTES_MAX + 1, bracketed ? "[%s]" : "%s", string);
    return true;
}

/* Takes @prefix (in lower case) off @text, which may have it in any case. */
static bool takes_prefix(struct text *text, struct text prefix)
{
    if (text->size < prefix.size)
        return false;
    for (size_t i = 0; i < prefix.size; i++)
        if (lower(text->data[i]) != prefix.data[i])
            return false;
    *text = text_from(*text, prefix.size);
    return true;
}

bool value_origin(struct text text, char ret_origin[static ORIGIN_BYTES_MAX + 1])
{
    char origin[sizeof "https://" + HOST_BYTES_MAX + sizeof ":65535"];
    char host[HOST_BYTES_MAX + 1];
    struct text name, port_text;
    uint16_t port;
    bool bracketed;

    bool https = takes_prefix(&text, TEXT("https://"));
    if (!https && !takes_prefix(&text, TEXT("http://")))
        return false;
    uint16_t own_port = https ? 443 : 80;
    if (!split_port(text, &name, &bracketed, &port_text) || !parse_url_host(name, bracketed, host))
        return false;
    if (port_text.size == 0)
        port = own_port;
    else if (!parse_port(port_text, &port) || port == 0)
        return false;
    int size = snprintf(origin, sizeof origin, "%s://%s", https ? "https" : "http", host);
    if (port != own_port)
        size += snprintf(origin + size, sizeof origin - (size_t)size, ":%u", port);
    if (size > ORIGIN_BYTES_MAX)
        return false;
    memcpy(ret_origin, origin, (size_t)size + 1);
    return true;
}

struct text value_origin_host(const char *origin)
{
    struct text host = text_from(text_of(origin), strncmp(origin, "https:", 6) == 0 ? 8 : 7);

    host.size = host.data[0] == '[' ? text_find(host, ']') + 1 : text_find(host, ':');
    return host;
}

bool value_host_within(struct text host, struct text domain)
{
    if (host.size <= domain.size)
        return text_equal(host, domain);
    size_t n_more = host.size - domain.size;
    return host.data[n_more - 1] == '.' && text_equal(text_from(host, n_more), domain);
}

/* Names. */

bool value_country(struct text text)
{
    /* ISO 3166-1 alpha-2, and XK, by which address databases know Kosovo. */
    static const char countries[] =
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
        "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
        "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
        "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
        "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
        "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
        "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW ";

    for (const char *at = countries; *at; at += 3)
        if (text_equal(text, (struct text){.data = at, .size = 2}))
            return true;
    return false;
}

bool value_place(struct text text, char ret_country[static 3], char ret_region[static 4])
{
    struct text region = text;
    struct text country = text_cut(&region, '-');

    if (!value_country(country) || (country.size != text.size && !is_word(region, 3, UPPER DIGITS, UPPER DIGITS)))
        return false;
    memcpy(ret_country, country.data, 2);
    ret_country[2] = '\0';
    memset(ret_region, 0, 4);
    if (region.size)
        memcpy(ret_region, region.data, region.size);
    return true;
}

bool value_currency(struct text text) { return text.size == 3 && is_word(text, 3, UPPER, UPPER); }

bool value_query_name(struct text text)
{
    return is_word(text, PAGE_QUERY_BYTES_MAX, LOWER UPPER DIGITS "-._", LOWER UPPER DIGITS "-._");
}

bool value_cookie(struct text text)
{
    if (text.size > 1 && text.data[text.size - 1] == '*')
        text.size--;
    return is_word(text, COOKIE_NAME_BYTES_MAX, COOKIE_LETTERS, COOKIE_LETTERS);
}

bool value_site_name(struct text text) { return is_word(text, SITE_NAME_BYTES_MAX, LOWER DIGITS, LOWER DIGITS "._-"); }

bool value_purpose_name(struct text text) { return is_word(text, PURPOSE_NAME_BYTES_MAX, LOWER, LOWER DIGITS "_"); }

/* The value of a hexadecimal digit, or -1. */
static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, lower(c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

bool value_hash(struct text text, uint8_t ret_hash[static 32])
{
    uint8_t hash[32];

    if (text.size != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(ret_hash, hash, sizeof hash);
    return true;
}

bool value_language(struct text text, char ret_language[static LANGUAGE_BYTES_MAX + 1])
{
    char language[LANGUAGE_BYTES_MAX + 1];
    struct text rest = text;
    size_t at = 0;

    if (text.size == 0 || text.size > LANGUAGE_BYTES_MAX || text.data[text.size - 1] == '-')
        return false;
    while (rest.size) {
        struct text part = text_cut(&rest, '-');
        bool first = at == 0;

        if (!is_word(part, 8, first ? LOWER UPPER : LOWER UPPER DIGITS, first ? LOWER UPPER : LOWER UPPER DIGITS))
            return false;
        if (first && part.size < 2)
            return false;
        for (size_t i = 0; i < part.size; i++) {
            bool capital = !first && (part.size == 2 || (part.size == 4 && i == 0));

            language[at++] = capital ? upper(part.data[i]) : lower(part.data[i]);
        }
        language[at++] = rest.size ? '-' : '\0';
    }
    memcpy(ret_language, language, at);
    return true;
}

unsigned value_distance(struct text a, struct text b)
{
    unsigned row[DISTANCE_BYTES_MAX + 1];

    size_t difference = a.size > b.size ? a.size - b.size : b.size - a.size;

    if (difference >= VALUE_DISTANCE_FAR || a.size > DISTANCE_BYTES_MAX || b.size > DISTANCE_BYTES_MAX)
        return text_equal(a, b) ? 0 : VALUE_DISTANCE_FAR;
    /* row[j] is the distance between the first i letters of a and the first j of b. */
    for (unsigned j = 0; j <= b.size; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.size; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= b.size; j++) {
            unsigned replaced = diagonal + (a.data[i - 1] != b.data[j - 1]);
            unsigned shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];

            diagonal = row[j];
            row[j] = replaced < shorter + 1 ? replaced : shorter + 1;
        }
    }
    return row[b.size] < VALUE_DISTANCE_FAR ? row[b.size] : VALUE_DISTANCE_FAR;
}
