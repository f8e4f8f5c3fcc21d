/*
 * The forms of single values, as tables: what is taken, as what, and what is not.
 */
#include "crumb/config/value.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof *(array))
#define UNTOUCHED 77

#define SECOND 1000LL
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

struct number_row {
    const char *input;
    int64_t expected; /* UNTOUCHED: refused */
};

typedef bool number_parser(struct text text, int64_t *ret);

static void check_numbers(const struct number_row *rows, size_t n_rows, number_parser *parse)
{
    for (size_t i = 0; i < n_rows; i++) {
        int64_t got = UNTOUCHED;
        bool good = parse(text_of(rows[i].input), &got);

        if (got != rows[i].expected || good != (rows[i].expected != UNTOUCHED))
            fail_msg("\"%s\" became %lld (%d), not %lld", rows[i].input, (long long)got, good,
                     (long long)rows[i].expected);
    }
}

static void test_duration(void **state)
{
    static const struct number_row rows[] = {
        {"45s", 45 * SECOND},
        {"15m", 900 * SECOND},
        {"12h", 12 * HOUR},
        {"30d", 30 * DAY},
        {"6mo", 180 * DAY},
        {"13mo", 390 * DAY},
        {"25mo", 750 * DAY},
        {"2y", 730 * DAY},
        {"0d", 0},
        {"007d", 7 * DAY},
        {"9223372036854775s", 9223372036854775 * SECOND},
        {"9223372036854776s", UNTOUCHED},
        {"292471209y", UNTOUCHED},
        {"18446744073709551617s", UNTOUCHED},
        {"", UNTOUCHED},
        {"d", UNTOUCHED},
        {"30", UNTOUCHED},
        {"30 d", UNTOUCHED},
        {" 30d", UNTOUCHED},
        {"30d ", UNTOUCHED},
        {"30days", UNTOUCHED},
        {"30D", UNTOUCHED},
        {"30M", UNTOUCHED},
        {"-1d", UNTOUCHED},
        {"+1d", UNTOUCHED},
        {"1.5d", UNTOUCHED},
        {"1d12h", UNTOUCHED},
        {"0x10d", UNTOUCHED},
    };

    (void)state;
    check_numbers(rows, N(rows), value_duration);
}

static void test_size(void **state)
{
    static const struct number_row rows[] = {
        {"64GiB", 64LL << 30},
        {"512MiB", 512LL << 20},
        {"10MB", 10000000},
        {"1TiB", 1LL << 40},
        {"4KiB", 4096},
        {"4kB", 4000},
        {"4KB", 4000},
        {"3GB", 3000000000},
        {"2TB", 2000000000000},
        {"7B", 7},
        {"0B", 0},
        {"8388607TiB", 8388607LL << 40},
        {"8388608TiB", UNTOUCHED},
        {"64", UNTOUCHED},
        {"64G", UNTOUCHED},
        {"64gib", UNTOUCHED},
        {"64 GiB", UNTOUCHED},
        {"GiB", UNTOUCHED},
        {"-1GiB", UNTOUCHED},
        {"1.5GiB", UNTOUCHED},
        {"", UNTOUCHED},
    };

    (void)state;
    check_numbers(rows, N(rows), value_size);
}

static bool count_to_64(struct text text, int64_t *ret)
{
    uint64_t count;
    bool good = value_count(text, 64, &count);

    if (good)
        *ret = (int64_t)count;
    return good;
}

static void test_count(void **state)
{
    static const struct number_row rows[] = {
        {"0", 0},
        {"64", 64},
        {"08", 8},
        {"65", UNTOUCHED},
        {"18446744073709551616", UNTOUCHED},
        {"18446744073709551626", UNTOUCHED},
        {"", UNTOUCHED},
        {"-0", UNTOUCHED},
        {"+1", UNTOUCHED},
        {"1 ", UNTOUCHED},
        {"1e1", UNTOUCHED},
        {"four", UNTOUCHED},
    };

    (void)state;
    check_numbers(rows, N(rows), count_to_64);
}

struct text_row {
    const char *input;
    const char *expected; /* NULL: refused */
};

/* Compares what @parse makes of each input, as text. */
static void check_texts(const struct text_row *rows, size_t n_rows, bool (*parse)(struct text text, char *ret_text))
{
    for (size_t i = 0; i < n_rows; i++) {
        char got[512] = "untouched";
        bool good = parse(text_of(rows[i].input), got);
        const char *expected = rows[i].expected ? rows[i].expected : "untouched";

        if (strcmp(got, expected) != 0 || good != (rows[i].expected != NULL))
            fail_msg("\"%s\" became \"%s\" (%d), not \"%s\"", rows[i].input, got, good, expected);
    }
}

static bool listen_text(struct text text, char *ret_text)
{
    struct sockaddr_storage address;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    char host[INET6_ADDRSTRLEN];
    socklen_t size;

    if (!value_listen(text, &address, &size))
        return false;
    memcpy(&v4, &address, sizeof v4);
    memcpy(&v6, &address, sizeof v6);
    if (address.ss_family == AF_INET) {
        assert_int_equal(size, sizeof v4);
        snprintf(ret_text, 512, "4 %s %u", inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host), ntohs(v4.sin_port));
    } else {
        assert_int_equal(size, sizeof v6);
        snprintf(ret_text, 512, "6 %s %u", inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host), ntohs(v6.sin6_port));
    }
    return true;
}

static void test_listen(void **state)
{
    static const struct text_row rows[] = {
        {"127.0.0.1:8080", "4 127.0.0.1 8080"},
        {"0.0.0.0:80", "4 0.0.0.0 80"},
        {"127.0.0.1:0", "4 127.0.0.1 0"},
        {"[::1]:8080", "6 ::1 8080"},
        {"[::]:65535", "6 :: 65535"},
        {"[2001:DB8::1]:443", "6 2001:db8::1 443"},
        {"127.0.0.1", NULL},
        {"127.0.0.1:", NULL},
        {"127.0.0.1:65536", NULL},
        {"127.0.0.1:-1", NULL},
        {"127.0.0.1:080", NULL},
        {"127.0.0.1:80 ", NULL},
        {"127.0.0.1:http", NULL},
        {"127.0.0.1.:80", NULL},
        {"127.0.1:80", NULL},
        {"127.0.0.256:80", NULL},
        {"localhost:8080", NULL},
        {"*:8080", NULL},
        {":8080", NULL},
        {"8080", NULL},
        {"::1:8080", NULL},
        {"[::1]", NULL},
        {"[::1]:", NULL},
        {"[::1]8080", NULL},
        {"[::1:8080", NULL},
        {"[127.0.0.1]:80", NULL},
        {"[fe80::1%eth0]:80", NULL},
        {"[]:80", NULL},
        {"", NULL},
    };

    (void)state;
    check_texts(rows, N(rows), listen_text);
}

static bool cidr_text(struct text text, char *ret_text)
{
    uint8_t bytes[16];
    char address[INET6_ADDRSTRLEN];
    unsigned n_bits;

    if (!value_cidr(text, bytes, &n_bits))
        return false;
    snprintf(ret_text, 512, "%s/%u", inet_ntop(AF_INET6, bytes, address, sizeof address), n_bits);
    return true;
}

static void test_cidr(void **state)
{
    static const struct text_row rows[] = {
        {"127.0.0.1/32", "::ffff:127.0.0.1/128"},
        {"10.0.0.0/8", "::ffff:10.0.0.0/104"},
        {"0.0.0.0/0", "::ffff:0.0.0.0/96"},
        {"192.0.2.128/25", "::ffff:192.0.2.128/121"},
        {"192.0.2.7", "::ffff:192.0.2.7/128"},
        {"2001:db8::/32", "2001:db8::/32"},
        {"::/0", "::/0"},
        {"::1", "::1/128"},
        {"fd00:0:0:8000::/49", "fd00:0:0:8000::/49"},
        {"::ffff:10.0.0.0/104", "::ffff:10.0.0.0/104"},
        {"10.0.0.1/8", NULL},
        {"2001:db8::1/64", NULL},
        {"fd00:0:0:8000::/48", NULL},
        {"10.0.0.0/33", NULL},
        {"::/129", NULL},
        {"10.0.0.0/", NULL},
        {"10.0.0.0/8/8", NULL},
        {"10.0.0.0/-1", NULL},
        {"10.0.0/8", NULL},
        {"10.0.0.0/255.0.0.0", NULL},
        {"[::1]", NULL},
        {"proxy.example", NULL},
        {"/8", NULL},
        {"", NULL},
    };

    (void)state;
    check_texts(rows, N(rows), cidr_text);
}

static bool origin_text(struct text text, char *ret_text) { return value_origin(text, ret_text); }

#define LABEL_50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define LABEL_63 LABEL_50 "aaaaaaaaaabbb"
#define NAME_199 LABEL_63 "." LABEL_63 "." LABEL_63 ".example"
#define NAME_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_50 "aaaaaaaa.de"

static void test_origin(void **state)
{
    static const struct text_row rows[] = {
        {"https://shop.example", "https://shop.example"},
        {"http://shop.example", "http://shop.example"},
        {"HTTPS://Shop.EXAMPLE", "https://shop.example"},
        {"https://shop.example:443", "https://shop.example"},
        {"http://shop.example:80", "http://shop.example"},
        {"http://shop.example:443", "http://shop.example:443"},
        {"https://shop.example:8443", "https://shop.example:8443"},
        {"https://shop.example:65535", "https://shop.example:65535"},
        {"http://localhost:3000", "http://localhost:3000"},
        {"https://a-b.c_d.example", "https://a-b.c_d.example"},
        {"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
        {"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
        {"http://[::1]:8080", "http://[::1]:8080"},
        {"https://[2001:DB8:0::1]:443", "https://[2001:db8::1]"},
        {"https://1.example", "https://1.example"},
        {"https://" NAME_199, "https://" NAME_199},
        {"https://shop.example/", NULL},
        {"https://shop.example/path", NULL},
        {"https://shop.example?x", NULL},
        {"https://shop.example#x", NULL},
        {"https://user@shop.example", NULL},
        {"https://*.shop.example", NULL},
        {"*", NULL},
        {"null", NULL},
        {"shop.example", NULL},
        {"//shop.example", NULL},
        {"https:/shop.example", NULL},
        {"https://", NULL},
        {"http://", NULL},
        {"https://:443", NULL},
        {"ftp://shop.example", NULL},
        {"https://shop.example:", NULL},
        {"https://shop.example:0", NULL},
        {"https://shop.example:65536", NULL},
        {"https://shop.example:0443", NULL},
        {"https://shop.example:443:443", NULL},
        {"https://shop.example.", NULL},
        {"https://.example", NULL},
        {"https://shop..example", NULL},
        {"https://-shop.example", NULL},
        {"https://shop-.example", NULL},
        {"https://sh op.example", NULL},
        {"https://b\xc3\xbc"
         "cher.example",
         NULL},
        {"https://1.2.3", NULL},
        {"https://1.2.3.256", NULL},
        {"https://1.2.3.4.5", NULL},
        {"https://::1", NULL},
        {"https://[1.2.3.4]", NULL},
        {"https://[::1", NULL},
        {"https://[::1]x", NULL},
        {"https://a" LABEL_63 ".example", NULL},
        {"https://" NAME_253, NULL},
        {"", NULL},
    };

    (void)state;
    check_texts(rows, N(rows), origin_text);
}

static bool host_text(struct text text, char *ret_text) { return value_host(text, ret_text); }

static void test_host(void **state)
{
    static const struct text_row rows[] = {
        {"shop.example", "shop.example"},
        {"Shop.Example", "shop.example"},
        {"localhost", "localhost"},
        {NAME_253, NAME_253},
        {"a" NAME_253, NULL},
        {".shop.example", NULL},
        {"shop.example.", NULL},
        {"shop.example:80", NULL},
        {"https://shop.example", NULL},
        {"127.0.0.1", NULL},
        {"shop.1", NULL},
        {"*.example", NULL},
        {"", NULL},
    };

    (void)state;
    check_texts(rows, N(rows), host_text);
}

static void test_origin_host(void **state)
{
    static const struct text_row rows[] = {
        {"https://shop.example", "shop.example"}, {"https://shop.example:8443", "shop.example"},
        {"http://localhost:3000", "localhost"},   {"http://127.0.0.1", "127.0.0.1"},
        {"http://[::1]:8080", "[::1]"},           {"https://[2001:db8::1]", "[2001:db8::1]"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct text host = value_origin_host(rows[i].input);

        if (!text_equal(host, text_of(rows[i].expected)))
            fail_msg("the host of %s became \"%.*s\"", rows[i].input, TEXT_ARGS(host));
    }
}

static void test_host_within(void **state)
{
    static const struct {
        const char *host, *domain;
        bool expected;
    } rows[] = {
        {"shop.example", "shop.example", true},      {"www.shop.example", "shop.example", true},
        {"a.b.shop.example", "shop.example", true},  {"myshop.example", "shop.example", false},
        {"shop.example", "www.shop.example", false}, {"shop.example", "example", true},
        {"other.example", "shop.example", false},    {"shop.example.org", "shop.example", false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++)
        if (value_host_within(text_of(rows[i].host), text_of(rows[i].domain)) != rows[i].expected)
            fail_msg("%s within %s", rows[i].host, rows[i].domain);
}

struct bool_row {
    const char *input;
    bool expected;
};

static void check_bools(const struct bool_row *rows, size_t n_rows, bool (*parse)(struct text text))
{
    for (size_t i = 0; i < n_rows; i++)
        if (parse(text_of(rows[i].input)) != rows[i].expected)
            fail_msg("\"%s\" was %s", rows[i].input, rows[i].expected ? "refused" : "taken");
}

static void test_currency(void **state)
{
    static const struct bool_row rows[] = {{"EUR", true},   {"USD", true},  {"eur", false}, {"EU", false},
                                           {"EURO", false}, {"E1R", false}, {"", false},    {"€", false}};

    (void)state;
    check_bools(rows, N(rows), value_currency);
}

static bool is_date(struct text text)
{
    int32_t day;

    return value_date(text, &day);
}

static void test_date(void **state)
{
    static const struct bool_row rows[] = {
        {"2026-01-31", true},   {"2028-02-29", true},  {"2026-02-29", false},
        {"2026-02-30", false},  {"2026-13-01", false}, {"2026-00-01", false},
        {"2026-01-00", false},  {"2026-1-31", false},  {"26-01-31", false},
        {"2026-01-311", false}, {"2026/01/31", false}, {"2026-01-3x", false},
        {"+026-01-31", false},  {"", false},           {"2026-01-", false},
        {" 2026-01-31", false}, {"2026-01", false},
    };
    int32_t day;

    (void)state;
    check_bools(rows, N(rows), is_date);
    assert_true(value_date(TEXT("2026-03-02"), &day));
    assert_int_equal(day, 20514);
    assert_false(value_date(TEXT("2026-03-0\0"), &day));
}

static void test_country(void **state)
{
    static const struct bool_row rows[] = {
        {"DE", true},   {"US", true},  {"GB", true},  {"NO", true},  {"AD", true},   {"ZW", true},  {"XK", true},
        {"UK", false},  {"EU", false}, {"de", false}, {"De", false}, {"DEU", false}, {"D", false},  {"", false},
        {"D E", false}, {"E ", false}, {" D", false}, {"XX", false}, {"T1", false},  {"A1", false}, {"AD AE", false},
    };

    (void)state;
    check_bools(rows, N(rows), value_country);
}

static void test_place(void **state)
{
    static const struct {
        const char *input, *country, *region; /* NULL: refused */
    } rows[] = {
        {"US", "US", ""},       {"US-CA", "US", "CA"}, {"FR-75", "FR", "75"},  {"GB-ENG", "GB", "ENG"},
        {"AT-9", "AT", "9"},    {"US-", NULL, NULL},   {"US-ca", NULL, NULL},  {"US-CALI", NULL, NULL},
        {"US-C A", NULL, NULL}, {"EU-DE", NULL, NULL}, {"us-CA", NULL, NULL},  {"-CA", NULL, NULL},
        {"US CA", NULL, NULL},  {"US_CA", NULL, NULL}, {"US--CA", NULL, NULL}, {"", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char country[3] = "xx", region[4] = "xxx";
        bool taken = value_place(text_of(rows[i].input), country, region);

        if (taken != (rows[i].country != NULL))
            fail_msg("\"%s\" was %s", rows[i].input, taken ? "taken" : "refused");
        assert_string_equal(country, taken ? rows[i].country : "xx");
        assert_string_equal(region, taken ? rows[i].region : "xxx");
    }
}

static void test_query_name(void **state)
{
    static const struct bool_row rows[] = {
        {"q", true},          {"page_no", true},      {"a-b.c", true}, {"Q2", true},   {"_", true},
        {"", false},          {"a=b", false},         {"a&b", false},  {"a b", false}, {"a%20", false},
        {"a[]", false},       {"a~", false},          {"#a", false},   {"a+b", false}, {"\xc3\xa4", false},
        {LABEL_63 "x", true}, {LABEL_63 "xy", false},
    };

    (void)state;
    check_bools(rows, N(rows), value_query_name);
}

static void test_cookie(void **state)
{
    static const struct bool_row rows[] = {
        {"_ga", true},        {"_ga_*", true},        {"_ga*", true},        {"a", true},     {"__Host-x.y~", true},
        {"a*", true},         {"*", false},           {"**", false},         {"a**", false},  {"*a", false},
        {"a*b", false},       {"a b", false},         {"a=b", false},        {"a;b", false},  {"a,b", false},
        {"", false},          {"\"a\"", false},       {"a/b", false},        {"a\tb", false}, {"caf\xc3\xa9", false},
        {LABEL_63 "x", true}, {LABEL_63 "xy", false}, {LABEL_63 "x*", true},
    };

    (void)state;
    check_bools(rows, N(rows), value_cookie);
}

static void test_names(void **state)
{
    static const struct bool_row sites[] = {
        {"shop", true},   {"0", true},      {"a.b-c_d", true}, {"shop.example", true}, {LABEL_63, true},
        {"Shop", false},  {"-shop", false}, {".shop", false},  {"_shop", false},       {"a" LABEL_63, false},
        {"sh op", false}, {"sh/op", false}, {"", false},       {"caf\xc3\xa9", false},
    };
    static const struct bool_row purposes[] = {
        {"analytics", true},
        {"a", true},
        {"ad_partner2", true},
        {"abcdefghijklmnopqrstuvwxyz_0123", true},
        {"abcdefghijklmnopqrstuvwxyz_01234", false},
        {"Analytics", false},
        {"2fa", false},
        {"_a", false},
        {"ad-partner", false},
        {"ad.partner", false},
        {"", false},
    };

    (void)state;
    check_bools(sites, N(sites), value_site_name);
    check_bools(purposes, N(purposes), value_purpose_name);
}

static bool hash_text(struct text text, char *ret_text)
{
    uint8_t hash[32];

    if (!value_hash(text, hash))
        return false;
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", hash[i]);
    return true;
}

#define HEX_60 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"

static void test_hash(void **state)
{
    static const struct text_row rows[] = {
        {HEX_60 "cdef", HEX_60 "cdef"}, {HEX_60 "CDeF", HEX_60 "cdef"}, {HEX_60 "cde", NULL}, {HEX_60 "cdef0", NULL},
        {HEX_60 "cdeg", NULL},          {HEX_60 "cd f", NULL},          {HEX_60, NULL},       {"", NULL},
    };

    (void)state;
    check_texts(rows, N(rows), hash_text);
}

static bool language_text(struct text text, char *ret_text) { return value_language(text, ret_text); }

static void test_language(void **state)
{
    static const struct text_row rows[] = {
        {"en", "en"},
        {"EN", "en"},
        {"gsw", "gsw"},
        {"pt-br", "pt-BR"},
        {"zh-hant-tw", "zh-Hant-TW"},
        {"es-419", "es-419"},
        {"de-CH-1996", "de-CH-1996"},
        {"abcdefgh-abcdefgh-abcdefgh-abcdefgh", "abcdefgh-abcdefgh-abcdefgh-abcdefgh"},
        {"abcdefgh-abcdefgh-abcdefgh-abcdefgh-a", NULL},
        {"e", NULL},
        {"abcdefghi", NULL},
        {"en-abcdefghi", NULL},
        {"en_US", NULL},
        {"en-", NULL},
        {"-en", NULL},
        {"en--US", NULL},
        {"e1", NULL},
        {"en-U$", NULL},
        {"*", NULL},
        {"", NULL},
    };

    (void)state;
    check_texts(rows, N(rows), language_text);
}

static void test_distance(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned expected;
    } rows[] = {
        {"origins", "origins", 0},
        {"orgins", "origins", 1},
        {"origns", "origins", 1},
        {"origin", "origins", 1},
        {"oirgins", "origins", 2},
        {"opt-in", "opt_in", 1},
        {"optin", "opt_in", 1},
        {"", "ab", 2},
        {"", "abc", VALUE_DISTANCE_FAR},
        {"abc", "xyz", VALUE_DISTANCE_FAR},
        {"analyst", "privacy", VALUE_DISTANCE_FAR},
        {"", "", 0},
        {LABEL_63 "a", LABEL_63 "b", 1},
        {LABEL_63 "aa", LABEL_63 "ab", VALUE_DISTANCE_FAR},
        {LABEL_63 "aa", LABEL_63 "aa", 0},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        unsigned there = value_distance(text_of(rows[i].a), text_of(rows[i].b));
        unsigned back = value_distance(text_of(rows[i].b), text_of(rows[i].a));

        if (there != rows[i].expected || back != rows[i].expected)
            fail_msg("\"%s\" to \"%s\" is %u, back %u", rows[i].a, rows[i].b, there, back);
    }
}

/* A text is not a string: bytes behind a NUL count, and there need not be one. */
static void test_inner_nul(void **state)
{
    struct sockaddr_storage address;
    char string[ORIGIN_BYTES_MAX + 1];
    uint8_t bytes[16];
    socklen_t size;
    unsigned n_bits;
    int64_t number;

    (void)state;
    assert_false(value_listen(TEXT("127.0.0.1\0:80"), &address, &size));
    assert_false(value_cidr(TEXT("127.0.0.1\0"), bytes, &n_bits));
    assert_false(value_origin(TEXT("https://shop.example\0"), string));
    assert_false(value_origin(TEXT("https://127.0.0.1\0"), string));
    assert_false(value_duration(TEXT("30d\0"), &number));
    assert_false(value_country(TEXT("D\0")));
    assert_false(value_currency(TEXT("EU\0")));
    assert_false(value_site_name(TEXT("shop\0")));
    assert_false(value_origin(TEXT_NONE, string));
    assert_true(value_duration((struct text){.data = "30days", .size = 3}, &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duration),   cmocka_unit_test(test_size),        cmocka_unit_test(test_count),
        cmocka_unit_test(test_listen),     cmocka_unit_test(test_cidr),        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_host),       cmocka_unit_test(test_origin_host), cmocka_unit_test(test_host_within),
        cmocka_unit_test(test_country),    cmocka_unit_test(test_currency),    cmocka_unit_test(test_names),
        cmocka_unit_test(test_hash),       cmocka_unit_test(test_language),    cmocka_unit_test(test_distance),
        cmocka_unit_test(test_inner_nul),  cmocka_unit_test(test_place),       cmocka_unit_test(test_cookie),
        cmocka_unit_test(test_query_name), cmocka_unit_test(test_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
