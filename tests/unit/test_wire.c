/*
 * The wire format as a table: the pairs of one event, and either every field
 * they set or what is wrong with them; then every limit, at it and one past it.
 */
#include "check.h"
#include "crumb/base/buffer.h"
#include "crumb/ingest/wire.h"
#include <stdio.h>
#include <stdlib.h>

#define UUID "123e4567-e89b-12d3-a456-426614174000"

/* ---- what an event says, as one line ---- */

static void put_field(void *context, enum event_class class, const char *name, struct text value)
{
    buffer_printf(context, "|%s=%.*s", name, TEXT_ARGS(value));
}

/* "pv shop|id=...|host=a.example|path=/": kind, site, what is not stored, then the fields in the order of the store. */
static void describe(const struct event *event, struct buffer *ret_line)
{
    buffer_printf(ret_line, "%s %.*s", words_event_kind(event->kind), TEXT_ARGS(event->site));
    if (event->id.size)
        buffer_printf(ret_line, "|id=%.*s", TEXT_ARGS(event->id));
    if (event->created_ms)
        buffer_printf(ret_line, "|created=%llu", (unsigned long long)event->created_ms);
    if (event->sent_ms)
        buffer_printf(ret_line, "|sent=%llu", (unsigned long long)event->sent_ms);
    event_each_field(event, put_field, ret_line);
    assert_int_equal(ret_line->fault, 0);
}

/* The scratch is as small as is allowed, so that a write past it is seen by a sanitizer. */
static int parse(struct text pairs, char **ret_scratch, struct event *ret_event, const char **ret_what)
{
    *ret_scratch = malloc(pairs.size ? pairs.size : 1);
    assert_non_null(*ret_scratch);
    return wire_parse(pairs, *ret_scratch, ret_event, ret_what);
}

/* ---- rows ---- */

#define V "aid=shop&e=pv"

static const struct row {
    const char *name, *pairs;
    int r;
    const char *line; /* what it says, or what is wrong */
} rows[] = {
    /* Kinds. */
    {"a page view", V "&url=https://shop.example/a", 0, "pv shop|host=shop.example|path=/a"},
    {"a ping", "e=pp&aid=shop&url=https://shop.example/a", 0, "pp shop|host=shop.example|path=/a"},
    {"a click", "aid=shop&e=se&se_ca=click&se_ac=buy&se_la=https://x.example/", 0,
     "se shop|category=click|action=buy|label=https://x.example/"},
    {"a custom event", "aid=shop&e=se&se_ca=event&se_ac=signup&se_pr=plan&se_va=9.5", 0,
     "se shop|category=event|action=signup|property=plan|value=9.5"},
    {"as little as there can be", V, 0, "pv shop"},
    {"a kind that is none", "aid=shop&e=ue", WIRE_E_MALFORMED, "e is none of pv, pp, se"},
    {"a kind in capitals", "aid=shop&e=PV", WIRE_E_MALFORMED, "e is none of pv, pp, se"},
    {"a kind of one letter", "aid=shop&e=p", WIRE_E_MALFORMED, "e is none of pv, pp, se"},
    {"no kind", "aid=shop&url=https://a.example/", WIRE_E_MALFORMED, "e, the kind of event, is missing"},
    {"an empty kind", "aid=shop&e=", WIRE_E_MALFORMED, "e, the kind of event, is missing"},
    {"no site", "e=pv", WIRE_E_MALFORMED, "aid, the site, is missing"},
    {"an empty site", "aid=&e=pv", WIRE_E_MALFORMED, "aid, the site, is missing"},
    {"nothing", "", WIRE_E_MALFORMED, "aid, the site, is missing"},

    /* Pairs. */
    {"unknown pairs", V "&tv=js-3.5&p=web&cookie=1&co=%7B%7D", 0, "pv shop"},
    {"an unknown pair that cannot be decoded", V "&zz=%", 0, "pv shop"},
    {"a name in capitals is unknown", V "&URL=https://a.example/", 0, "pv shop"},
    {"an encoded name is unknown", V "&ur%6c=https://a.example/", 0, "pv shop"},
    {"a name that begins like another", V "&urls=x&res2=1x1", 0, "pv shop"},
    {"a name without a value", V "&page", 0, "pv shop"},
    {"an empty value", V "&page=", 0, "pv shop"},
    {"a value without a name", V "&=x", 0, "pv shop"},
    {"ampersands", "&&" V "&&&page=T&", 0, "pv shop|title=T"},
    {"= in a value", V "&page=a=b", 0, "pv shop|title=a=b"},
    {"a pair twice", V "&page=a&page=b", WIRE_E_MALFORMED, "a pair is there twice"},
    {"a pair twice, the same", V "&page=a&page=a", WIRE_E_MALFORMED, "a pair is there twice"},
    {"a pair twice, the first empty", V "&page=&page=a", WIRE_E_MALFORMED, "a pair is there twice"},
    {"the site twice", "aid=shop&aid=blog&e=pv", WIRE_E_MALFORMED, "a pair is there twice"},
    {"an unknown pair twice", V "&zz=1&zz=2", 0, "pv shop"},

    /* Decoding. */
    {"plus is a space", V "&page=a+b", 0, "pv shop|title=a b"},
    {"percent", V "&page=a%20b%2Bc%26d%3De%25", 0, "pv shop|title=a b+c&d=e%"},
    {"percent, either case", V "&page=%c3%A4%C3%a4", 0, "pv shop|title=\xc3\xa4\xc3\xa4"},
    {"bytes as they are", V "&page=\xc3\xa4", 0, "pv shop|title=\xc3\xa4"},
    {"four bytes", V "&page=%F0%9F%8D%AA", 0, "pv shop|title=\xf0\x9f\x8d\xaa"},
    {"tab and line ends", V "&page=a%09b%0d%0Ac", 0, "pv shop|title=a\tb\r\nc"},
    {"percent at the end", V "&page=a%", WIRE_E_MALFORMED, "a % is not followed by two hexadecimal digits"},
    {"percent, one digit", V "&page=a%2", WIRE_E_MALFORMED, "a % is not followed by two hexadecimal digits"},
    {"percent, no digits", V "&page=%zz", WIRE_E_MALFORMED, "a % is not followed by two hexadecimal digits"},
    {"percent, a sign", V "&page=%+1", WIRE_E_MALFORMED, "a % is not followed by two hexadecimal digits"},
    {"percent before an ampersand", V "&page=%2&x=0", WIRE_E_MALFORMED,
     "a % is not followed by two hexadecimal digits"},
    {"a NUL", V "&page=a%00b", WIRE_E_MALFORMED, "a value has a control character"},
    {"an escape", V "&page=%1b[31m", WIRE_E_MALFORMED, "a value has a control character"},
    {"a control character as it is", V "&page=a\x01", WIRE_E_MALFORMED, "a value has a control character"},
    {"delete", V "&page=%7F", WIRE_E_MALFORMED, "a value has a control character"},
    {"not UTF-8", V "&page=%ff", WIRE_E_MALFORMED, "a value is not UTF-8"},
    {"UTF-8 cut off", V "&page=%c3", WIRE_E_MALFORMED, "a value is not UTF-8"},
    {"UTF-8 overlong", V "&page=%c0%80", WIRE_E_MALFORMED, "a value is not UTF-8"},
    {"a surrogate", V "&page=%ed%a0%80", WIRE_E_MALFORMED, "a value is not UTF-8"},
    {"beyond Unicode", V "&page=%f4%90%80%80", WIRE_E_MALFORMED, "a value is not UTF-8"},
    {"a site that cannot be decoded", "aid=%ff&e=pv", WIRE_E_MALFORMED, "a value is not UTF-8"},

    /* Addresses of pages. */
    {"query and fragment are left out", V "&url=https://shop.example/a/b?q=1%26r=2%23top", 0,
     "pv shop|host=shop.example|path=/a/b"},
    {"no path", V "&url=https://shop.example", 0, "pv shop|host=shop.example|path=/"},
    {"no path, a query", V "&url=https://shop.example?q", 0, "pv shop|host=shop.example|path=/"},
    {"no path, a fragment", V "&url=https://shop.example%23a", 0, "pv shop|host=shop.example|path=/"},
    {"a port", V "&url=http://shop.example:8080/a", 0, "pv shop|host=shop.example|path=/a"},
    {"a user", V "&url=https://ann:secret@shop.example/a", 0, "pv shop|host=shop.example|path=/a"},
    {"two users", V "&url=https://a@b@shop.example/a", 0, "pv shop|host=shop.example|path=/a"},
    {"@ in the path", V "&url=https://shop.example/a@b", 0, "pv shop|host=shop.example|path=/a@b"},
    {"capitals", V "&url=HTTPS://Shop.EXAMPLE/A", 0, "pv shop|host=shop.example|path=/A"},
    {"IPv6", V "&url=http://[2001:DB8::1]:8080/a", 0, "pv shop|host=[2001:db8::1]|path=/a"},
    {"a path of several bytes a letter", V "&url=https://shop.example/%C3%A4", 0,
     "pv shop|host=shop.example|path=/\xc3\xa4"},
    {"a file", V "&url=file:///etc/passwd", WIRE_E_MALFORMED, "url is not an http or https address"},
    {"a script", V "&url=javascript:alert(1)", WIRE_E_MALFORMED, "url is not an http or https address"},
    {"a path alone", V "&url=/a", WIRE_E_MALFORMED, "url is not an http or https address"},
    {"no scheme", V "&url=//shop.example/a", WIRE_E_MALFORMED, "url is not an http or https address"},
    {"no host", V "&url=https:///a", WIRE_E_MALFORMED, "url is not an http or https address"},
    {"a scheme alone", V "&url=https://", WIRE_E_MALFORMED, "url is not an http or https address"},
    {"a port alone", V "&url=https://:80/", WIRE_E_MALFORMED, "url is not an http or https address"},
    {"a user alone", V "&url=https://ann@/", WIRE_E_MALFORMED, "url is not an http or https address"},
    {"a referrer", V "&refr=https://search.example/find?q=crumb%23x", 0,
     "pv shop|referrer=https://search.example/find"},
    {"a referrer's user and port", V "&refr=HTTP://Ann@Search.example:81/Find", 0,
     "pv shop|referrer=http://search.example/Find"},
    {"a referrer's host", V "&refr=https://search.example/", 0, "pv shop|referrer=https://search.example"},
    {"a referrer that is no address", V "&refr=about:client", 0, "pv shop"},
    {"an application as referrer", V "&refr=android-app://com.example.App_1", 0,
     "pv shop|referrer=android-app://com.example.App_1"},
    {"a page inside of one", V "&refr=android-app://com.example/https/ann?q=1", 0,
     "pv shop|referrer=android-app://com.example"},
    {"an application without a name", V "&refr=android-app:///https/ann", 0, "pv shop"},
    {"an application that is none", V "&refr=android-app://ann%40mail.example/x", 0, "pv shop"},

    /* Numbers and sizes. */
    {"times", V "&dtm=1772443800000&stm=1772443800123", 0, "pv shop|created=1772443800000|sent=1772443800123"},
    {"a time of eighteen digits", V "&dtm=999999999999999999", 0, "pv shop|created=999999999999999999"},
    {"a time of nineteen", V "&dtm=1000000000000000000", WIRE_E_MALFORMED, "a number is not a whole number"},
    {"a time with a fraction", V "&dtm=1772443800000.5", WIRE_E_MALFORMED, "a number is not a whole number"},
    {"a time that is a word", V "&stm=now", WIRE_E_MALFORMED, "a number is not a whole number"},
    {"scrolled", "e=pp&aid=shop&pp_mix=1&pp_max=2&pp_miy=3&pp_may=4", 0,
     "pp shop|scroll_x_min=1|scroll_x_max=2|scroll_y_min=3|scroll_y_max=4"},
    {"scrolled past the edge", "e=pp&aid=shop&pp_miy=-120&pp_may=7", 0, "pp shop|scroll_y_max=7"},
    {"a sign alone", V "&pp_may=-", WIRE_E_MALFORMED, "a number is not a whole number"},
    {"two signs", V "&pp_may=--1", WIRE_E_MALFORMED, "a number is not a whole number"},
    {"a plus is a space", V "&pp_may=+1", WIRE_E_MALFORMED, "a number is not a whole number"},
    {"visible", "e=pp&aid=shop&x_vis=4500", 0, "pp shop|dwell_ms=4500"},
    {"screen, window and page", V "&res=1920x1080&vp=1200x800&ds=1200x5000", 0,
     "pv shop|screen_width=1920|screen_height=1080|viewport_width=1200|viewport_height=800|page_width=1200|"
     "page_height=5000"},
    {"a size of nothing", V "&res=0x0", 0, "pv shop"},
    {"a size without a height", V "&res=1920x", WIRE_E_MALFORMED, "a size is not WIDTHxHEIGHT"},
    {"a size without a width", V "&res=x1080", WIRE_E_MALFORMED, "a size is not WIDTHxHEIGHT"},
    {"a size of one number", V "&res=1920", WIRE_E_MALFORMED, "a size is not WIDTHxHEIGHT"},
    {"a size of three", V "&res=1x2x3", WIRE_E_MALFORMED, "a size is not WIDTHxHEIGHT"},
    {"a size in capitals", V "&vp=1X2", WIRE_E_MALFORMED, "a size is not WIDTHxHEIGHT"},
    {"a negative size", V "&ds=-1x2", WIRE_E_MALFORMED, "a size is not WIDTHxHEIGHT"},
    {"a value", "aid=shop&e=se&se_va=-0.5", 0, "se shop|value=-0.5"},
    {"a value that ends with a dot", "aid=shop&e=se&se_va=1.", 0, "se shop|value=1."},
    {"a value of a dot", "aid=shop&e=se&se_va=.", WIRE_E_MALFORMED, "se_va is not a number"},
    {"a value of two dots", "aid=shop&e=se&se_va=1.2.3", WIRE_E_MALFORMED, "se_va is not a number"},
    {"a value with an exponent", "aid=shop&e=se&se_va=1e3", WIRE_E_MALFORMED, "se_va is not a number"},
    {"a value that is a sign", "aid=shop&e=se&se_va=-", WIRE_E_MALFORMED, "se_va is not a number"},
    {"a value that is a word", "aid=shop&e=se&se_va=NaN", WIRE_E_MALFORMED, "se_va is not a number"},

    {"a currency", "aid=shop&e=se&se_va=9&x_cur=EUR", 0, "se shop|value=9|currency=EUR"},
    {"a currency in small letters", "aid=shop&e=se&x_cur=eur", 0, "se shop|currency=EUR"},
    {"a currency of two letters", "aid=shop&e=se&x_cur=EU", WIRE_E_MALFORMED,
     "x_cur is not a currency of three letters"},
    {"a currency of four letters", "aid=shop&e=se&x_cur=EURO", WIRE_E_TOO_LARGE, "a value is too long"},
    {"a currency's sign", "aid=shop&e=se&x_cur=%E2%82%AC", WIRE_E_MALFORMED,
     "x_cur is not a currency of three letters"},
    {"a currency with a digit", "aid=shop&e=se&x_cur=EU1", WIRE_E_MALFORMED,
     "x_cur is not a currency of three letters"},

    /* Ids. */
    {"an id", V "&eid=" UUID, 0, "pv shop|id=" UUID},
    {"an id in capitals", V "&eid=123E4567-E89B-12D3-A456-426614174000", 0, "pv shop|id=" UUID},
    {"an id with a dash elsewhere", V "&eid=123e456-7e89b-12d3-a456-426614174000", WIRE_E_MALFORMED,
     "eid is not a UUID"},
    {"an id with a letter too far", V "&eid=g23e4567-e89b-12d3-a456-426614174000", WIRE_E_MALFORMED,
     "eid is not a UUID"},
    {"a short id", V "&eid=123e4567-e89b-12d3-a456-42661417400", WIRE_E_MALFORMED, "eid is not a UUID"},
    {"no id", V "&eid=", 0, "pv shop"},

    /* The browser. */
    {"language and zone", V "&lang=pt-BR&tz=Europe/Berlin", 0, "pv shop|language=pt-BR|zone=Europe/Berlin"},
    {"an encoded zone", V "&tz=America%2FNew_York", 0, "pv shop|zone=America/New_York"},

    /* Properties. */
    {"a property", V "&x_p.plan=pro", 0, "pv shop|x_p.plan=pro"},
    {"an encoded property", V "&x_p.my%20plan=a+b%3d", 0, "pv shop|x_p.my plan=a b="},
    {"an empty property", V "&x_p.plan=", 0, "pv shop|x_p.plan="},
    {"a property without =", V "&x_p.plan", 0, "pv shop|x_p.plan="},
    {"two properties", V "&x_p.b=1&x_p.a=2", 0, "pv shop|x_p.b=1|x_p.a=2"},
    {"a property without a name", V "&x_p.=1", WIRE_E_MALFORMED, "a property has no name"},
    {"a property twice", V "&x_p.a=1&x_p.a=2", WIRE_E_MALFORMED, "a property is there twice"},
    {"a property twice, once encoded", V "&x_p.a=1&x_p.%61=2", WIRE_E_MALFORMED, "a property is there twice"},
    {"a property's name that is not UTF-8", V "&x_p.%ff=1", WIRE_E_MALFORMED, "a value is not UTF-8"},
    {"a property's value with a NUL", V "&x_p.a=%00", WIRE_E_MALFORMED, "a value has a control character"},
    {"x_p without a dot is unknown", V "&x_p=1&x_px=2", 0, "pv shop"},

    /* Several mistakes: the first is told. */
    {"two mistakes", V "&res=1&dtm=x", WIRE_E_MALFORMED, "a size is not WIDTHxHEIGHT"},
    {"a mistake before the site", "res=1&e=pv&aid=shop", WIRE_E_MALFORMED, "a size is not WIDTHxHEIGHT"},
};

static void test_rows(void **state)
{
    assert_true(N_ROWS(rows) >= 80);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO line = BUFFER_INIT(4096);
        struct event event;
        const char *what = NULL;
        char *scratch;

        check_equal(rows[i].name, parse(text_of(rows[i].pairs), &scratch, &event, &what), rows[i].r);
        if (rows[i].r)
            buffer_put_text(&line, text_of(what));
        else
            describe(&event, &line);
        check_text(rows[i].name, buffer_text(&line), rows[i].line);
        free(scratch);
    }
}

/* The site is known in spite of a mistake, so that the books say whose event it was. */
static void test_site_of_bad_events(void **state)
{
    static const struct {
        const char *pairs, *site;
    } bad[] = {
        {"res=1&e=pv&aid=shop", "shop"},    {"e=xx&aid=shop", "shop"}, {"page=%ff&aid=shop", "shop"},
        {"aid=shop&aid=blog&e=pv", "shop"}, {"aid=%ff&e=pv", ""},      {"e=pv", ""},
    };

    for (size_t i = 0; i < N_ROWS(bad); i++) {
        struct event event;
        const char *what;
        char *scratch;

        check_equal(bad[i].pairs, parse(text_of(bad[i].pairs), &scratch, &event, &what), WIRE_E_MALFORMED);
        check_text(bad[i].pairs, event.site, bad[i].site);
        free(scratch);
    }
}

/* ---- limits ---- */

/* "aid=shop&e=se&NAME=PREFIXxxx..." with @n characters of value; parses it and tells the code and the field's size. */
static int parse_long(const char *name, const char *prefix, size_t n, size_t *ret_size)
{
    BUFFER_AUTO pairs = BUFFER_INIT(1 << 16);
    BUFFER_AUTO line = BUFFER_INIT(1 << 16);
    struct event event;
    const char *what;
    char *scratch;

    buffer_printf(&pairs, "%s&%s=%s", strcmp(name, "aid") ? "e=se&aid=shop" : "e=se", name, prefix);
    for (size_t i = strlen(prefix); i < n; i++)
        buffer_put_u8(&pairs, 'x');
    int r = parse(buffer_text(&pairs), &scratch, &event, &what);
    if (r == 0)
        describe(&event, &line);
    *ret_size = line.size;
    free(scratch);
    return r;
}

static void test_texts_at_their_bounds(void **state)
{
    static const struct {
        const char *pair, *prefix;
        size_t max;
    } bounds[] = {
        {"aid", "", SITE_NAME_BYTES_MAX}, {"url", "https://a/", URL_BYTES_MAX}, {"refr", "https://a/", URL_BYTES_MAX},
        {"page", "", TITLE_BYTES_MAX},    {"se_ca", "", LABEL_BYTES_MAX},       {"se_ac", "", LABEL_BYTES_MAX},
        {"se_la", "", LABEL_BYTES_MAX},   {"se_pr", "", LABEL_BYTES_MAX},       {"lang", "", LANGUAGE_BYTES_MAX},
        {"tz", "", ZONE_BYTES_MAX},       {"x_p.a", "", LABEL_BYTES_MAX},
    };

    for (size_t i = 0; i < N_ROWS(bounds); i++) {
        size_t at, below, past;

        check_equal(bounds[i].pair, parse_long(bounds[i].pair, bounds[i].prefix, bounds[i].max, &at), 0);
        check_equal(bounds[i].pair, parse_long(bounds[i].pair, bounds[i].prefix, bounds[i].max - 1, &below), 0);
        check_equal(bounds[i].pair, at, below + 1); /* nothing was cut off */
        check_equal(bounds[i].pair, parse_long(bounds[i].pair, bounds[i].prefix, bounds[i].max + 1, &past),
                    WIRE_E_TOO_LARGE);
    }
}

static void test_numbers_at_their_bounds(void **state)
{
    static const struct {
        const char *pair, *at, *past;
    } bounds[] = {
        {"x_vis", "86400000", "86400001"},
        {"pp_mix", "2147483647", "2147483648"},
        {"pp_max", "2147483647", "2147483648"},
        {"pp_miy", "2147483647", "2147483648"},
        {"pp_may", "2147483647", "2147483648"},
        {"res", "65535x65535", "65536x1"},
        {"res", "65535x1", "1x65536"},
        {"vp", "65535x65535", "65536x65535"},
        {"vp", "1x65535", "1x65536"},
        {"ds", "2147483647x2147483647", "2147483648x1"},
        {"ds", "1x2147483647", "1x2147483648"},
        {"ds", "1x1", "1x1000000000000000000"},
        {"dtm", "999999999999999999", "1000000000000000000"},
    };

    for (size_t i = 0; i < N_ROWS(bounds); i++) {
        size_t size;

        check_equal(bounds[i].at, parse_long(bounds[i].pair, bounds[i].at, 0, &size), 0);
        check_equal(bounds[i].past, parse_long(bounds[i].pair, bounds[i].past, 0, &size), WIRE_E_MALFORMED);
    }
}

static void test_value_at_its_bound(void **state)
{
    char digits[40];
    size_t size;

    memset(digits, '1', sizeof digits);
    digits[33] = '\0';
    assert_int_equal(parse_long("se_va", digits, 0, &size), WIRE_E_TOO_LARGE);
    digits[32] = '\0';
    assert_int_equal(parse_long("se_va", digits, 0, &size), 0);
}

/* A limit counts decoded bytes. */
static void test_limits_count_decoded_bytes(void **state)
{
    BUFFER_AUTO pairs = BUFFER_INIT(1 << 16);
    struct event event;
    const char *what;
    char *scratch;

    buffer_put_text(&pairs, TEXT("aid=shop&e=pv&page="));
    for (unsigned i = 0; i < TITLE_BYTES_MAX / 2; i++)
        buffer_put_text(&pairs, TEXT("%c3%a4"));
    assert_int_equal(parse(buffer_text(&pairs), &scratch, &event, &what), 0);
    assert_int_equal(event.title.size, TITLE_BYTES_MAX);
    free(scratch);
    buffer_put_text(&pairs, TEXT("a"));
    assert_int_equal(parse(buffer_text(&pairs), &scratch, &event, &what), WIRE_E_TOO_LARGE);
    free(scratch);
}

/* The event's texts are gone with the scratch. */
static int parse_buffer(const struct buffer *pairs, struct event *ret_event)
{
    const char *what;
    char *scratch;
    int r = parse(buffer_text(pairs), &scratch, ret_event, &what);

    free(scratch);
    return r;
}

static void test_properties_at_their_bounds(void **state)
{
    for (unsigned n = PROPERTIES_MAX - 1; n <= PROPERTIES_MAX + 1; n++) {
        BUFFER_AUTO pairs = BUFFER_INIT(1 << 16);
        struct event event;

        buffer_put_text(&pairs, TEXT("aid=shop&e=pv"));
        for (unsigned i = 0; i < n; i++)
            buffer_printf(&pairs, "&x_p.p%u=%u", i, i);
        assert_int_equal(parse_buffer(&pairs, &event), n > PROPERTIES_MAX ? WIRE_E_TOO_LARGE : 0);
        assert_int_equal(event.n_properties, n > PROPERTIES_MAX ? PROPERTIES_MAX : n);
    }
    for (unsigned n = PROPERTY_NAME_BYTES_MAX; n <= PROPERTY_NAME_BYTES_MAX + 1; n++) {
        BUFFER_AUTO pairs = BUFFER_INIT(1 << 16);
        struct event event;

        buffer_put_text(&pairs, TEXT("aid=shop&e=pv&x_p."));
        for (unsigned i = 0; i < n; i++)
            buffer_put_u8(&pairs, 'n');
        assert_int_equal(parse_buffer(&pairs, &event), n > PROPERTY_NAME_BYTES_MAX ? WIRE_E_TOO_LARGE : 0);
    }
}

static void test_pairs_at_their_bound(void **state)
{
    for (unsigned n = PAIRS_PER_EVENT_MAX; n <= PAIRS_PER_EVENT_MAX + 1; n++) {
        BUFFER_AUTO pairs = BUFFER_INIT(1 << 16);
        struct event event;
        const char *what;
        char *scratch;

        buffer_put_text(&pairs, TEXT("aid=shop&e=pv"));
        for (unsigned i = 2; i < n; i++)
            buffer_printf(&pairs, "&z%u=1", i);
        assert_int_equal(parse(buffer_text(&pairs), &scratch, &event, &what),
                         n > PAIRS_PER_EVENT_MAX ? WIRE_E_TOO_LARGE : 0);
        assert_text(event.site, "shop");
        free(scratch);
    }
}

static void test_events_at_their_bound(void **state)
{
    BUFFER_AUTO pairs = BUFFER_INIT(1 << 16);
    struct event event;

    buffer_put_text(&pairs, TEXT("aid=shop&e=pv&zz="));
    while (pairs.size < QUERY_BYTES_MAX)
        buffer_put_u8(&pairs, 'z');
    assert_int_equal(parse_buffer(&pairs, &event), 0);
    buffer_put_u8(&pairs, 'z');
    assert_int_equal(parse_buffer(&pairs, &event), WIRE_E_TOO_LARGE);
    assert_int_equal(event.site.size, 0); /* it was not looked at */
}

/* Whatever fits an event fits the journal: the largest of all, every text at its bound. */
static void test_largest_event(void **state)
{
    BUFFER_AUTO pairs = BUFFER_INIT(1 << 16);
    BUFFER_AUTO encoded = BUFFER_INIT(JOURNAL_RECORD_BYTES_MAX);
    struct event event;
    const char *what;

    buffer_put_text(&pairs, TEXT("aid=shop&e=pv"));
    for (unsigned i = 0; i < PROPERTIES_MAX; i++) {
        buffer_printf(&pairs, "&x_p.%u=", i);
        while (pairs.size < (i + 1) * QUERY_BYTES_MAX / PROPERTIES_MAX)
            buffer_put_u8(&pairs, 'v');
    }
    char *scratch = malloc(pairs.size);
    assert_int_equal(wire_parse(buffer_text(&pairs), scratch, &event, &what), 0);
    for (unsigned class = 0; class < CLASS_N; class ++)
        event_encode(&event, class, &encoded);
    assert_int_equal(encoded.fault, 0);
    assert_in_range(encoded.size, QUERY_BYTES_MAX * 9 / 10, JOURNAL_RECORD_BYTES_MAX - 1000);
    free(scratch);
}

/* ---- URLs by themselves ---- */

static void test_split_url(void **state)
{
    static const struct {
        const char *url, *host, *path; /* host NULL: it is none */
    } urls[] = {
        {"https://a", "a", "/"},
        {"https://a/", "a", "/"},
        {"https://a//", "a", "//"},
        {"https://A.b/C?d#e", "a.b", "/C"},
        {"https://a#/b", "a", "/"},
        {"https://a:443", "a", "/"},
        {"https://u:p@a:1/b", "a", "/b"},
        {"https://[::1]", "[::1]", "/"},
        {"https://[::1]:1/a", "[::1]", "/a"},
        {"https://u@[::1]/a", "[::1]", "/a"},
        {"https://", NULL, NULL},
        {"http://", NULL, NULL},
        {"https:/a", NULL, NULL},
        {"https://?a", NULL, NULL},
        {"https://#a", NULL, NULL},
        {"https://:1", NULL, NULL},
        {"https://u@:1", NULL, NULL},
        {"ftp://a/", NULL, NULL},
        {" https://a/", NULL, NULL},
        {"", NULL, NULL},
    };

    for (size_t i = 0; i < N_ROWS(urls); i++) {
        char *url = strdup(urls[i].url);
        struct text host = TEXT("untouched"), path = TEXT("untouched");

        check_equal(urls[i].url, wire_split_url(url, strlen(url), &host, &path), urls[i].host != NULL);
        check_text(urls[i].url, host, urls[i].host ? urls[i].host : "untouched");
        check_text(urls[i].url, path, urls[i].host ? urls[i].path : "untouched");
        free(url);
    }
}

static void test_a_name_that_ends_with_nul_is_unknown(void **state)
{
    struct text pairs = TEXT(V "&page\0=x&url\0\0\0=y");
    struct event event;
    const char *what = NULL;
    char *scratch;

    assert_int_equal(parse(pairs, &scratch, &event, &what), 0);
    assert_int_equal(event.title.size, 0);
    assert_int_equal(event.host.size, 0);
    free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_that_ends_with_nul_is_unknown),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_site_of_bad_events),
        cmocka_unit_test(test_texts_at_their_bounds),
        cmocka_unit_test(test_numbers_at_their_bounds),
        cmocka_unit_test(test_value_at_its_bound),
        cmocka_unit_test(test_limits_count_decoded_bytes),
        cmocka_unit_test(test_properties_at_their_bounds),
        cmocka_unit_test(test_pairs_at_their_bound),
        cmocka_unit_test(test_events_at_their_bound),
        cmocka_unit_test(test_largest_event),
        cmocka_unit_test(test_split_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
