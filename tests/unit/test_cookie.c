/*
 * Cookies: one that is good among all that a browser or a stranger may send.
 */
#include "check.h"
#include "crumb/base/random.h"
#include "crumb/consent/cookie.h"
#include "store_fixture.h"
#include <stdlib.h>

#define VISITOR ((const uint8_t *)"visitor-no-00001")
#define OTHER_VISITOR ((const uint8_t *)"visitor-no-00002")
#define HEADER_BYTES_MAX (2 * COOKIE_HEADER_BYTES_MAX)

static const uint8_t key[COOKIE_KEY_BYTES] = {1, 2, 3};
static const uint8_t other_key[COOKIE_KEY_BYTES] = {1, 2, 4};

struct sites {
    struct config *config;
    const struct site *shop, *blog;
};

static int setup(void **state)
{
    static struct sites sites;

    sites.config = store_fixture_config(store_fixture_yaml);
    sites.shop = config_site(sites.config, TEXT("shop"));
    sites.blog = config_site(sites.config, TEXT("blog"));
    *state = &sites;
    return random_init();
}

static int teardown(void **state)
{
    config_unref(((struct sites *)*state)->config);
    return 0;
}

/* crumb_id. */

static void put_changed(struct buffer *header, const struct sites *sites, char how)
{
    BUFFER_AUTO value = BUFFER_INIT(100);

    cookie_put_id(&value, how == '~' ? other_key : key, how == '#' ? sites->blog : sites->shop,
                  how == '%' ? OTHER_VISITOR : VISITOR);
    assert_int_equal(value.size, COOKIE_ID_TEXT_BYTES);
    if (how == '!')
        value.data[20] = value.data[20] == 'A' ? 'B' : 'A';
    if (how == '<')
        value.size--;
    if (how == '2')
        value.data[0] = '2';
    buffer_put_text(header, buffer_text(&value));
}

/*
 * @ is the good value; % another visitor's; # the blog's; ! one with a digit changed; < a truncated
 * one; ~ one made with another key; 2 one of another version; ^ 4096 bytes.
 */
static void expand(const char *pattern, const struct sites *sites, struct buffer *ret_header)
{
    for (; *pattern; pattern++) {
        if (strchr("@%#!<~2", *pattern))
            put_changed(ret_header, sites, *pattern);
        else if (*pattern == '^')
            memset(buffer_extend(ret_header, COOKIE_HEADER_BYTES_MAX), 'x', COOKIE_HEADER_BYTES_MAX);
        else
            buffer_put_u8(ret_header, (uint8_t)*pattern);
    }
    assert_int_equal(ret_header->fault, 0);
}

static void test_read_id(void **state)
{
    static const struct {
        const char *name, *header;
        enum cookie_id_state state;
    } rows[] = {
        {"no header", "", COOKIE_ID_NONE},
        {"good", "crumb_id=@", COOKIE_ID_GOOD},
        {"good behind others", "a=b; c=d; crumb_id=@", COOKIE_ID_GOOD},
        {"good before others", "crumb_id=@; a=b", COOKIE_ID_GOOD},
        {"no space", "a=b;crumb_id=@;c=d", COOKIE_ID_GOOD},
        {"spaces and tabs around", "a=b;  \t crumb_id=@ \t ;c", COOKIE_ID_GOOD},
        {"semicolons", ";;; crumb_id=@;;", COOKIE_ID_GOOD},
        {"others alone", "a=b; c=d", COOKIE_ID_NONE},
        {"a name that ends alike", "xcrumb_id=@", COOKIE_ID_NONE},
        {"a name that begins alike", "crumb_idx=@", COOKIE_ID_NONE},
        {"a name in other case", "Crumb_Id=@", COOKIE_ID_NONE},
        {"a value that looks like one", "a=crumb_id=@", COOKIE_ID_NONE},
        {"a space before =", "crumb_id =@", COOKIE_ID_NONE},
        {"empty", "crumb_id=", COOKIE_ID_BAD},
        {"without =", "crumb_id", COOKIE_ID_BAD},
        {"forged", "crumb_id=!", COOKIE_ID_BAD},
        {"made with another key", "crumb_id=~", COOKIE_ID_BAD},
        {"of another site", "crumb_id=#", COOKIE_ID_BAD},
        {"truncated", "crumb_id=<", COOKIE_ID_BAD},
        {"longer", "crumb_id=@A", COOKIE_ID_BAD},
        {"of another version", "crumb_id=2", COOKIE_ID_BAD},
        {"quoted", "crumb_id=\"@\"", COOKIE_ID_BAD},
        {"a space after =", "crumb_id= @", COOKIE_ID_BAD},
        {"digits that are none", "crumb_id=1.AAAAAAAAAAAAAAAAAAAAA++++++AAAAAAAAAAAAAAAA", COOKIE_ID_BAD},
        {"all zeros", "crumb_id=1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", COOKIE_ID_BAD},
        {"two, the same", "crumb_id=@; a=b; crumb_id=@", COOKIE_ID_GOOD},
        {"two, both good", "crumb_id=@; crumb_id=%", COOKIE_ID_BAD},
        {"two, the same, and a bad one", "crumb_id=@; crumb_id=@; crumb_id=!", COOKIE_ID_BAD},
        {"two, the first good", "crumb_id=@; crumb_id=#", COOKIE_ID_BAD},
        {"two, the second good", "crumb_id=; a=b; crumb_id=@", COOKIE_ID_BAD},
        {"header too large", "crumb_id=@; a=^", COOKIE_ID_BAD},
        {"header too large without one", "a=^", COOKIE_ID_BAD},
    };
    const struct sites *sites = *state;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO header = BUFFER_INIT(HEADER_BYTES_MAX);
        uint8_t visitor[VISITOR_BYTES] = "untouched";

        expand(rows[i].header, sites, &header);
        check_equal(rows[i].name, cookie_read_id(buffer_text(&header), key, sites->shop, visitor), rows[i].state);
        check(rows[i].name,
              memcmp(visitor, rows[i].state == COOKIE_ID_GOOD ? VISITOR : (const uint8_t *)"untouched", 9) == 0);
    }
}

/* Every good one is found, whatever is beside it, up to the bound. */
static void test_read_ids(void **state)
{
    static const struct {
        const char *name, *header;
        enum cookie_id_state state;
        unsigned n;
        bool other_first;
    } rows[] = {
        {"none", "a=b", COOKIE_ID_NONE, 0, false},
        {"one", "crumb_id=@", COOKIE_ID_GOOD, 1, false},
        {"the same twice", "crumb_id=@; crumb_id=@", COOKIE_ID_GOOD, 1, false},
        {"two", "crumb_id=@; crumb_id=%", COOKIE_ID_BAD, 2, false},
        {"two, the other way", "crumb_id=%; crumb_id=@; crumb_id=%", COOKIE_ID_BAD, 2, true},
        {"one beside bad ones", "crumb_id=!; crumb_id=@; crumb_id=#", COOKIE_ID_BAD, 1, false},
        {"bad ones", "crumb_id=!; crumb_id=#", COOKIE_ID_BAD, 0, false},
        {"the last that is looked at",
         "crumb_id=; crumb_id=; crumb_id=; crumb_id=; crumb_id=; crumb_id=; crumb_id=; crumb_id=@", COOKIE_ID_BAD, 1,
         false},
        {"the first that is not",
         "crumb_id=; crumb_id=; crumb_id=; crumb_id=; crumb_id=; crumb_id=; crumb_id=; crumb_id=; crumb_id=@",
         COOKIE_ID_BAD, 0, false},
        {"as many of the same as are looked at, and one more",
         "crumb_id=@; crumb_id=@; crumb_id=@; crumb_id=@; crumb_id=@; crumb_id=@; crumb_id=@; crumb_id=@; crumb_id=@",
         COOKIE_ID_BAD, 1, false},
        {"header too large", "crumb_id=@; a=^", COOKIE_ID_BAD, 0, false},
    };
    const struct sites *sites = *state;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO header = BUFFER_INIT(HEADER_BYTES_MAX);
        struct cookie_ids ids;

        expand(rows[i].header, sites, &header);
        cookie_read_ids(buffer_text(&header), key, sites->shop, &ids);
        check_equal(rows[i].name, ids.state, rows[i].state);
        check_equal(rows[i].name, ids.n, rows[i].n);
        for (unsigned k = 0; k < ids.n; k++)
            check(rows[i].name, memcmp(ids.visitors[k], (k == 1) != rows[i].other_first ? OTHER_VISITOR : VISITOR,
                                       VISITOR_BYTES) == 0);
        check_equal(rows[i].name, cookie_is_sent(buffer_text(&header), TEXT(COOKIE_ID_NAME)),
                    rows[i].state != COOKIE_ID_NONE);
    }
}

static void test_header_at_its_bound(void **state)
{
    const struct sites *sites = *state;
    BUFFER_AUTO header = BUFFER_INIT(HEADER_BYTES_MAX);
    uint8_t visitor[VISITOR_BYTES];

    expand("crumb_id=@; a=", sites, &header);
    while (header.size < COOKIE_HEADER_BYTES_MAX)
        buffer_put_u8(&header, 'x');
    assert_int_equal(cookie_read_id(buffer_text(&header), key, sites->shop, visitor), COOKIE_ID_GOOD);
    buffer_put_u8(&header, 'x');
    assert_int_equal(cookie_read_id(buffer_text(&header), key, sites->shop, visitor), COOKIE_ID_BAD);
}

/* Every other byte at every place: nothing but the value itself is good. */
static void test_every_change_is_seen(void **state)
{
    const struct sites *sites = *state;
    BUFFER_AUTO header = BUFFER_INIT(HEADER_BYTES_MAX);
    uint8_t visitor[VISITOR_BYTES];

    expand("crumb_id=@", sites, &header);
    for (size_t i = 9; i < header.size; i++) {
        uint8_t kept = header.data[i];

        for (unsigned c = 0; c < 256; c++) {
            header.data[i] = (uint8_t)c;
            assert_int_equal(cookie_read_id(buffer_text(&header), key, sites->shop, visitor) == COOKIE_ID_GOOD,
                             c == kept);
        }
        header.data[i] = kept;
    }
}

static void test_ids_differ(void **state)
{
    const struct sites *sites = *state;
    struct random_seeded random = random_seeded(5);

    for (unsigned i = 0; i < 1000; i++) {
        BUFFER_AUTO header = BUFFER_INIT(100);
        uint8_t visitor[VISITOR_BYTES], found[VISITOR_BYTES];

        random_fill(&random.super, visitor, sizeof visitor);
        buffer_put_text(&header, TEXT("crumb_id="));
        cookie_put_id(&header, key, sites->blog, visitor);
        assert_int_equal(cookie_read_id(buffer_text(&header), key, sites->blog, found), COOKIE_ID_GOOD);
        assert_memory_equal(visitor, found, sizeof found);
        /* Cookie-octets: RFC 6265 section 4.1.1. */
        for (size_t at = 0; at < header.size; at++)
            assert_true(header.data[at] > ' ' && header.data[at] < 0x7f && !strchr("\",;\\", header.data[at]));
    }
}

/* crumb_choice. */

#define MATERIAL "0123456789abcdef"

static void test_choice_round_trip(void **state)
{
    const struct sites *sites = *state;

    for (uint32_t asked = 0; asked < 16; asked++)
        for (uint32_t granted = 0; granted < 16; granted++) {
            struct cookie_choice choice = {.material = MATERIAL,
                                           .at_s = asked == 15 ? 999999999999 : 1772443800 + asked,
                                           .action = CHOICE_GRANT + granted % (CHOICE_N - 1),
                                           .asked = asked,
                                           .granted = granted & asked};
            struct cookie_choice found;
            BUFFER_AUTO header = BUFFER_INIT(HEADER_BYTES_MAX);

            buffer_put_text(&header, TEXT("a=b; crumb_choice="));
            cookie_put_choice(&header, sites->shop, &choice);
            buffer_put_text(&header, TEXT("; c=d"));
            assert_true(cookie_read_choice(buffer_text(&header), sites->shop, &found));
            assert_string_equal(found.material, MATERIAL);
            assert_int_equal(found.at_s, choice.at_s);
            assert_int_equal(found.action, choice.action);
            assert_int_equal(found.asked, asked);
            assert_int_equal(found.granted, choice.granted);
        }
}

static void test_choice_form(void **state)
{
    const struct sites *sites = *state;
    struct cookie_choice choice = {
        .material = MATERIAL, .at_s = 1772443800, .action = CHOICE_CUSTOM, .asked = 13, .granted = 9};
    BUFFER_AUTO value = BUFFER_INIT(COOKIE_CHOICE_TEXT_BYTES_MAX);

    cookie_put_choice(&value, sites->shop, &choice);
    assert_text(buffer_text(&value), "1." MATERIAL ".1772443800.custom.analytics=1&marketing=0&strict=1");
}

static void test_read_choice(void **state)
{
    static const struct {
        const char *name, *value;
        bool good;
        uint32_t asked, granted;
    } rows[] = {
        {"every purpose", "1." MATERIAL ".1.grant.analytics=1&journeys=0&marketing=1&strict=0", true, 15, 5},
        {"one purpose", "1." MATERIAL ".1.grant.strict=1", true, 8, 8},
        {"no purpose", "1." MATERIAL ".1.grant.", true, 0, 0},
        {"another order", "1." MATERIAL ".1.grant.strict=0&analytics=1", true, 9, 1},
        {"a purpose that is no more", "1." MATERIAL ".1.grant.old=1&analytics=1", true, 1, 1},
        {"another version", "2." MATERIAL ".1.grant.analytics=1", false, 0, 0},
        {"nothing", "", false, 0, 0},
        {"a version alone", "1.", false, 0, 0},
        {"a short material", "1.0123456789abcde.1.grant.analytics=1", false, 0, 0},
        {"a long material", "1.0123456789abcdef0.1.grant.analytics=1", false, 0, 0},
        {"a material in capitals", "1.0123456789ABCDEF.1.grant.analytics=1", false, 0, 0},
        {"a material that is none", "1.0123456789abcdeg.1.grant.analytics=1", false, 0, 0},
        {"no action", "1." MATERIAL ".1.analytics=1", false, 0, 0},
        {"an empty action", "1." MATERIAL ".1..analytics=1", false, 0, 0},
        {"an action that is none", "1." MATERIAL ".1.accept.analytics=1", false, 0, 0},
        {"an action in capitals", "1." MATERIAL ".1.GRANT.analytics=1", false, 0, 0},
        {"the signal", "1." MATERIAL ".1.gpc.analytics=0", true, 1, 0},
        {"no time", "1." MATERIAL "..grant.analytics=1", false, 0, 0},
        {"a negative time", "1." MATERIAL ".-1.grant.analytics=1", false, 0, 0},
        {"a time that is none", "1." MATERIAL ".1x.grant.analytics=1", false, 0, 0},
        {"a time of 13 digits", "1." MATERIAL ".1000000000000.grant.analytics=1", false, 0, 0},
        {"an answer that is none", "1." MATERIAL ".1.grant.analytics=2", false, 0, 0},
        {"an empty answer", "1." MATERIAL ".1.grant.analytics=", false, 0, 0},
        {"no answer", "1." MATERIAL ".1.grant.analytics", false, 0, 0},
        {"an answer of two digits", "1." MATERIAL ".1.grant.analytics=10", false, 0, 0},
        {"a wrong answer of an old purpose", "1." MATERIAL ".1.grant.old=yes", false, 0, 0},
        {"yes and no", "1." MATERIAL ".1.grant.analytics=1&analytics=0", false, 0, 0},
        {"yes twice", "1." MATERIAL ".1.grant.analytics=1&analytics=1", false, 0, 0},
        {"a true word", "1." MATERIAL ".1.grant.analytics=true", false, 0, 0},
    };
    const struct sites *sites = *state;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO header = BUFFER_INIT(HEADER_BYTES_MAX);
        struct cookie_choice choice = {.at_s = -7};

        buffer_printf(&header, "x=y; crumb_choice=%s", rows[i].value);
        check_equal(rows[i].name, cookie_read_choice(buffer_text(&header), sites->shop, &choice), rows[i].good);
        check_equal(rows[i].name, choice.at_s, rows[i].good ? 1 : -7);
        check_equal(rows[i].name, choice.asked, rows[i].asked);
        check_equal(rows[i].name, choice.granted, rows[i].granted);
        buffer_printf(&header, "; crumb_choice=%s", rows[i].value);
        check(rows[i].name, !cookie_read_choice(buffer_text(&header), sites->shop, &choice)); /* two */
    }
    struct cookie_choice choice;
    assert_false(cookie_read_choice(TEXT_NONE, sites->shop, &choice));
    assert_false(cookie_read_choice(TEXT("a=b"), sites->shop, &choice));
}

static void test_header(void **state)
{
    static const struct {
        const char *name, *value;
        int64_t max_age_s;
        bool shop, secure, http_only;
        const char *wanted;
    } rows[] = {
        {"n", "v", 60, true, true, true,
         "n=v; Path=/; Max-Age=60; SameSite=Lax; Domain=shop.example; Secure; HttpOnly"},
        {"n", "v", 60, true, false, true, "n=v; Path=/; Max-Age=60; SameSite=Lax; Domain=shop.example; HttpOnly"},
        {"n", "v", 60, true, true, false, "n=v; Path=/; Max-Age=60; SameSite=Lax; Domain=shop.example; Secure"},
        {"n", "v", 60, false, false, false, "n=v; Path=/; Max-Age=60; SameSite=Lax"},
        {"gone", "", 0, false, true, true, "gone=; Path=/; Max-Age=0; SameSite=Lax; Secure; HttpOnly"},
        {"long", "v", 33696000, false, false, true, "long=v; Path=/; Max-Age=33696000; SameSite=Lax; HttpOnly"},
    };
    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(1000);

        cookie_put_header(&buffer, rows[i].name, text_of(rows[i].value), rows[i].max_age_s,
                          rows[i].shop ? "shop.example" : NULL, rows[i].secure, rows[i].http_only);
        check_text(rows[i].wanted, buffer_text(&buffer), rows[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_id),
        cmocka_unit_test(test_read_ids),
        cmocka_unit_test(test_header_at_its_bound),
        cmocka_unit_test(test_every_change_is_seen),
        cmocka_unit_test(test_ids_differ),
        cmocka_unit_test(test_choice_round_trip),
        cmocka_unit_test(test_choice_form),
        cmocka_unit_test(test_read_choice),
        cmocka_unit_test(test_header),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
