/*
 * Every pair of the wire format, spoilt in every way: one table of pairs, one of
 * ways.  What came before and behind the spoilt pair does not matter, so each is
 * tried at the start, in the middle and at the end of an event.
 */
#include "check.h"
#include "crumb/base/buffer.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/wire.h"
#include <stdlib.h>

#define UUID "123e4567-e89b-12d3-a456-426614174000"

enum kind { TEXTUAL, INTEGRAL, PIXELS, ADDRESS, SOURCE, NAMED, DECIMAL, CODE };

/* A good value, and one that is out of range by one; NULL: there is none that is a text's length. */
static const struct pair {
    const char *name;
    enum kind kind;
    const char *good, *beyond;
    size_t bytes_max; /* of a text */
    bool needed;
} pairs[] = {
    {"aid", TEXTUAL, "shop", NULL, SITE_NAME_BYTES_MAX, true},
    {"e", NAMED, "pv", NULL, 2, true},
    {"eid", NAMED, UUID, NULL, 36, false},
    {"dtm", INTEGRAL, "1772443800000", "4611686018427387904", 0, false},
    {"stm", INTEGRAL, "1772443800000", "4611686018427387904", 0, false},
    {"url", ADDRESS, "https://shop.example/", NULL, URL_BYTES_MAX, false},
    {"page", TEXTUAL, "Hats", NULL, TITLE_BYTES_MAX, false},
    {"refr", SOURCE, "https://a.example/", NULL, URL_BYTES_MAX, false},
    {"res", PIXELS, "1920x1080", "65536x1", 0, false},
    {"vp", PIXELS, "1200x800", "1x65536", 0, false},
    {"ds", PIXELS, "1200x5000", "2147483648x1", 0, false},
    {"lang", TEXTUAL, "de-AT", NULL, LANGUAGE_BYTES_MAX, false},
    {"tz", TEXTUAL, "Europe/Vienna", NULL, ZONE_BYTES_MAX, false},
    {"pp_mix", INTEGRAL, "1", "2147483648", 0, false},
    {"pp_max", INTEGRAL, "1", "2147483648", 0, false},
    {"pp_miy", INTEGRAL, "1", "2147483648", 0, false},
    {"pp_may", INTEGRAL, "1", "2147483648", 0, false},
    {"se_ca", TEXTUAL, "click", NULL, LABEL_BYTES_MAX, false},
    {"se_ac", TEXTUAL, "buy", NULL, LABEL_BYTES_MAX, false},
    {"se_la", TEXTUAL, "/cart", NULL, LABEL_BYTES_MAX, false},
    {"se_pr", TEXTUAL, "red", NULL, LABEL_BYTES_MAX, false},
    {"se_va", DECIMAL, "9.99", NULL, 32, false},
    {"x_cur", CODE, "EUR", "EU1", 3, false},
    {"x_vis", INTEGRAL, "12345", "86400001", 0, false},
    {"x_p.size", TEXTUAL, "L", NULL, LABEL_BYTES_MAX, false},
};

/* Values that no pair may have, encoded. */
static const struct {
    const char *name, *value;
} never[] = {
    {"NUL", "%00"},
    {"an escape character", "%1b"},
    {"DEL", "%7f"},
    {"a control character as it is", "\x01"},
    {"a percent sign alone", "%"},
    {"one digit", "%4"},
    {"other letters", "%zz"},
    {"bytes that are not UTF-8", "%ff%fe"},
    {"the same as they are", "\xff\xfe"},
    {"half a letter", "%c3"},
    {"an overlong form", "%c0%af"},
    {"the first half of a surrogate pair", "%ed%a0%bd"},
    {"the second half", "%ed%b8%80"},
    {"both halves, each by itself", "%ed%a0%bd%ed%b8%80"},
    {"past the last letter", "%f4%90%80%80"},
};

static int parse(struct text event)
{
    char *bytes = malloc(event.size ? event.size : 1), *scratch = malloc(event.size ? event.size : 1);
    struct event parsed;
    const char *what;

    assert_non_null(bytes);
    assert_non_null(scratch);
    if (event.size)
        memcpy(bytes, event.data, event.size); /* of its own size, so that a sanitizer sees a read past the end */
    int r = wire_parse((struct text){.data = bytes, .size = event.size}, scratch, &parsed, &what);
    free(scratch);
    free(bytes);
    return r;
}

/* The event of all pairs but @spoilt, which has @value and stands at place @at. */
static int parse_with(const struct pair *spoilt, const char *value, size_t size, size_t at, bool twice)
{
    BUFFER_AUTO event = BUFFER_INIT(1 << 20);

    for (size_t i = 0, n = 0; i <= N_ROWS(pairs); i++) {
        const struct pair *pair = i < N_ROWS(pairs) ? &pairs[i] : NULL;

        if (n++ == at || (!pair && at >= n)) {
            buffer_printf(&event, "&%s=", spoilt->name);
            buffer_put(&event, value, size);
        }
        if (pair && (pair != spoilt || twice))
            buffer_printf(&event, "&%s=%s", pair->name, pair->good);
    }
    assert_int_equal(event.fault, 0);
    return parse(buffer_text(&event));
}

static const size_t places[] = {0, N_ROWS(pairs) / 2, N_ROWS(pairs)};

static void check_value(const struct pair *pair, const char *value, size_t size, int r)
{
    for (size_t i = 0; i < N_ROWS(places); i++)
        check_equal(pair->name, parse_with(pair, value, size, places[i], false), r);
}

static void check_string(const struct pair *pair, const char *value, int r)
{
    check_value(pair, value, strlen(value), r);
}

/* The table has every pair there is: each is known, none is there twice (test_doubled), and there are no more. */
static void test_every_pair(void **state)
{
    size_t n_properties = 0;

    (void)state;
    for (size_t i = 0; i < N_ROWS(pairs); i++) {
        check(pairs[i].name, wire_knows(text_of(pairs[i].name)));
        n_properties += text_starts(text_of(pairs[i].name), TEXT("x_p."));
    }
    assert_int_equal(N_ROWS(pairs) - n_properties, wire_n_known());
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(pairs); i++)
        check_string(&pairs[i], pairs[i].good, 0);
}

static void test_empty(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(pairs); i++)
        check_string(&pairs[i], "", pairs[i].needed ? WIRE_E_MALFORMED : 0);
}

static void test_doubled(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(pairs); i++) {
        for (size_t j = 0; j < N_ROWS(places); j++) {
            check_equal(pairs[i].name, parse_with(&pairs[i], pairs[i].good, strlen(pairs[i].good), places[j], true),
                        WIRE_E_MALFORMED);
            check_equal(pairs[i].name, parse_with(&pairs[i], "", 0, places[j], true), WIRE_E_MALFORMED);
        }
    }
}

static void test_encoded_wrongly(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(pairs); i++) {
        for (size_t j = 0; j < N_ROWS(never); j++) {
            BUFFER_AUTO behind = BUFFER_INIT(1000);

            buffer_printf(&behind, "%s%s", pairs[i].good, never[j].value);
            check_string(&pairs[i], never[j].value, WIRE_E_MALFORMED);
            check_value(&pairs[i], (char *)behind.data, behind.size, WIRE_E_MALFORMED);
        }
    }
}

static void test_nul_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(pairs); i++)
        check_value(&pairs[i], "\0", 1, WIRE_E_MALFORMED);
}

static void test_out_of_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(pairs); i++) {
        if (pairs[i].beyond)
            check_string(&pairs[i], pairs[i].beyond, WIRE_E_MALFORMED);
        if (pairs[i].kind == INTEGRAL || pairs[i].kind == PIXELS) {
            check_string(&pairs[i], "99999999999999999999999999", WIRE_E_MALFORMED);
            check_string(&pairs[i], "1e3", WIRE_E_MALFORMED);
            check_string(&pairs[i], "NaN", WIRE_E_MALFORMED);
            check_string(&pairs[i], "%d9%a3", WIRE_E_MALFORMED); /* a digit of another script */
        }
    }
}

/* At the bound of a text, past it, and past that of an event. */
static void test_huge(void **state)
{
    char *huge = malloc(2 * QUERY_BYTES_MAX);

    (void)state;
    assert_non_null(huge);
    memset(huge, 'x', 2 * QUERY_BYTES_MAX);
    for (size_t i = 0; i < N_ROWS(pairs); i++) {
        if (pairs[i].kind == TEXTUAL)
            check_value(&pairs[i], huge, pairs[i].bytes_max, 0);
        if (pairs[i].bytes_max)
            check_value(&pairs[i], huge, pairs[i].bytes_max + 1, WIRE_E_TOO_LARGE);
        else
            check_value(&pairs[i], huge, 100, WIRE_E_MALFORMED);
        check_value(&pairs[i], huge, QUERY_BYTES_MAX, WIRE_E_TOO_LARGE);
    }
    free(huge);
}

/* What is no value of its kind. A referrer that is none is dropped, and the event stays. */
static void test_of_another_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(pairs); i++)
        if (pairs[i].kind != TEXTUAL)
            check_string(&pairs[i], "x", pairs[i].kind == SOURCE ? 0 : WIRE_E_MALFORMED);
}

/* An event that is cut at any byte is an event with less in it, or none; never a read past the end. */
static void test_cut(void **state)
{
    BUFFER_AUTO event = BUFFER_INIT(10000);

    (void)state;
    for (size_t i = 0; i < N_ROWS(pairs); i++)
        buffer_printf(&event, "&%s=%s%s", pairs[i].name, pairs[i].good, pairs[i].kind == TEXTUAL && i ? "%c3%bc" : "");
    assert_int_equal(parse(buffer_text(&event)), 0);
    for (size_t size = 0; size < event.size; size++)
        assert_in_range(parse((struct text){.data = (char *)event.data, .size = size}), 0, WIRE_E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),      cmocka_unit_test(test_good),
        cmocka_unit_test(test_empty),           cmocka_unit_test(test_doubled),
        cmocka_unit_test(test_encoded_wrongly), cmocka_unit_test(test_nul_as_it_is),
        cmocka_unit_test(test_out_of_range),    cmocka_unit_test(test_huge),
        cmocka_unit_test(test_of_another_kind), cmocka_unit_test(test_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
