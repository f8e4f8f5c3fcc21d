/*
 * JSON whole or not at all: each allocation fails in turn.
 */
#include "check.h"
#include "crumb/base/json.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <stdlib.h>

static long n_until_failure = -1;

static void *failing_malloc(size_t size)
{
    return n_until_failure >= 0 && n_until_failure-- == 0 ? NULL : malloc(size);
}

static const char whole[] = "{\"a\":[1,\"two\",null],\"b\":{\"c\":true}}";

static int put_whole(struct buffer *buffer)
{
    json_t *array = json_item(json_item(json_item(json_array(), json_integer(1)), json_string("two")), json_null());
    json_t *object = json_member(json_object(), "b", json_member(json_object(), "c", json_true()));

    return json_put(buffer, json_member(object, "a", array), JSON_SORT_KEYS);
}

static void test_whole(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(1000);

    (void)state;
    assert_int_equal(put_whole(&buffer), 0);
    assert_text(buffer_text(&buffer), whole);
}

static void test_null_is_no_memory(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(1000);

    (void)state;
    assert_int_equal(json_put(&buffer, NULL, 0), -ENOMEM);
    assert_null(json_member(json_object(), "a", NULL));
    assert_null(json_member(NULL, "a", json_true()));
    assert_null(json_item(json_array(), NULL));
    assert_null(json_item(NULL, json_true()));
}

static void test_hex(void **state)
{
    uint8_t bytes[JSON_HEX_BYTES_MAX] = {0x00, 0x9f, 0xff};
    json_t *few = json_hex(bytes, 3), *none = json_hex(bytes, 0), *all = json_hex(bytes, sizeof bytes);

    (void)state;
    assert_string_equal(json_string_value(few), "009fff");
    assert_string_equal(json_string_value(none), "");
    assert_int_equal(json_string_length(all), 2 * JSON_HEX_BYTES_MAX);
    json_decref(few);
    json_decref(none);
    json_decref(all);
}

static void test_put_text_member(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(1000);

    (void)state;
    json_put_text_member(&buffer, "a", TEXT("x\"y"));
    json_put_text_member(&buffer, "b", TEXT(""));
    assert_text(buffer_text(&buffer), ",\"a\":\"x\\\"y\",\"b\":null");
}

static void test_bound(void **state)
{
    (void)state;
    for (size_t max = 0; max < sizeof whole - 1; max++) {
        BUFFER_AUTO buffer = BUFFER_INIT(max);
        assert_int_equal(put_whole(&buffer), -EOVERFLOW);
    }
    BUFFER_AUTO buffer = BUFFER_INIT(sizeof whole - 1);
    assert_int_equal(put_whole(&buffer), 0);
}

static void test_no_memory(void **state)
{
    bool passed = false;

    (void)state;
    json_set_alloc_funcs(failing_malloc, free);
    for (long n = 0; !passed; n++) {
        BUFFER_AUTO buffer = BUFFER_INIT(1000);

        n_until_failure = n;
        int r = put_whole(&buffer);
        passed = n_until_failure >= 0;
        n_until_failure = -1;
        assert_true(r == 0 || r == -ENOMEM);
        assert_true(r || text_equal(buffer_text(&buffer), TEXT(whole)));
        assert_true(!passed || r == 0);
    }
    json_set_alloc_funcs(malloc, free);
}

/* jansson's reader loses bytes of strings where memory fails; this finds it. */
static void test_read_without_memory(void **state)
{
    static const char text[] =
        "{\"a\":[\"a string that is long enough to need more room than the first\",\"\\u0001\"]}";
    bool passed = false;

    (void)state;
    json_set_alloc_funcs(failing_malloc, free);
    for (long n = 0; !passed; n++) {
        n_until_failure = n;
        JSON_AUTO *json = json_read_canonical(TEXT(text));
        passed = n_until_failure >= 0;
        n_until_failure = -1;
        BUFFER_AUTO again = BUFFER_INIT(1000);
        assert_true(!json ||
                    (json_put(&again, json_incref(json), 0) == 0 && text_equal(buffer_text(&again), TEXT(text))));
        assert_true(json || !passed);
    }
    json_set_alloc_funcs(malloc, free);
}

static void test_read_canonical(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {{"{}", true},
                {"{\"a\":1,\"b\":2}", true},
                {"{\"b\":2,\"a\":1}", false},
                {"{ }", false},
                {"", false},
                {"{\"a\":1,\"a\":1}", false},
                {"[1", false},
                {"[\"\\u0041\"]", false}};

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        JSON_AUTO *json = json_read_canonical(text_of(rows[i].text));
        check_equal(rows[i].text, json != NULL, rows[i].good);
    }
}

/* What somebody sent: @open @n times, then @inside, then @close as often. */
static void test_read(void **state)
{
    static const struct {
        const char *name, *open, *inside, *close;
        unsigned n;
        int r;
    } rows[] = {
        {"an object", "", "{\"a\":1}", "", 0, 0},
        {"nothing", "", "", "", 0, JSON_E_INVALID},
        {"rubbish", "", "a=1", "", 0, JSON_E_INVALID},
        {"two", "", "{} {}", "", 0, JSON_E_INVALID},
        {"a member twice", "", "{\"a\":1,\"a\":1}", "", 0, JSON_E_INVALID},
        {"NUL in a text", "", "[\"\\u0000\"]", "", 0, JSON_E_INVALID},
        {"NUL in a name", "", "{\"a\\u0000b\":1}", "", 0, JSON_E_INVALID},
        {"half a surrogate pair", "", "[\"\\ud83d\"]", "", 0, JSON_E_INVALID},
        {"a number too large", "", "[1e999]", "", 0, JSON_E_INVALID},
        {"as deep as may be", "[", "1", "]", JSON_DEPTH_MAX, 0},
        {"deeper", "[", "1", "]", JSON_DEPTH_MAX + 1, JSON_E_INVALID},
        {"much deeper", "[", "1", "]", 10000, JSON_E_INVALID},
        {"much deeper, and cut", "{\"a\":[", "", "", 5000, JSON_E_INVALID},
        {"brackets in a text", "", "[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]", "", 0, 0},
        {"as wide as may be", "", "[1", ",1", JSON_VALUES_MAX - 1, 0},
        {"wider", "", "[1", ",1", JSON_VALUES_MAX, JSON_E_INVALID},
        {"commas in a text", "", "[\"", ",", 3 * JSON_VALUES_MAX, 0},
    };

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO text = BUFFER_INIT(1 << 20);
        JSON_AUTO *json = NULL;

        for (unsigned n = 0; n < rows[i].n; n++)
            buffer_put_text(&text, text_of(rows[i].open));
        buffer_put_text(&text, text_of(rows[i].inside));
        for (unsigned n = 0; n < rows[i].n; n++)
            buffer_put_text(&text, text_of(rows[i].close));
        if (rows[i].close[0] == ',')
            buffer_put_text(&text, rows[i].inside[1] == '"' ? TEXT("\"]") : TEXT("]"));
        check_equal(rows[i].name, json_read(buffer_text(&text), &json), rows[i].r);
        check_equal(rows[i].name, json != NULL, rows[i].r == 0);
    }
}

/* Every byte string becomes a JSON string; what is no character (RFC 3629) becomes U+FFFD, a byte at a time. */
static void test_put_text(void **state)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"", "\"\""},
        {"/shop?a=b", "\"/shop?a=b\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\x1b\x7f", "\"\\u000a\\u001b\\u007f\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xaa", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xaa\""},
        {"\xf4\x8f\xbf\xbf\xed\x9f\xbf", "\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\""},
        {"a\xff", "\"a\xef\xbf\xbd\""},
        {"\x80z", "\"\xef\xbf\xbdz\""},
        {"\xc3", "\"\xef\xbf\xbd\""},
        {"\xc3z", "\"\xef\xbf\xbdz\""},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xe0\x80\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf5\x80\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO json = BUFFER_INIT(1024);

        json_put_text(&json, text_of(rows[i].text));
        check_text(rows[i].json, buffer_text(&json), rows[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read),
                                       cmocka_unit_test(test_put_text),
                                       cmocka_unit_test(test_whole),
                                       cmocka_unit_test(test_null_is_no_memory),
                                       cmocka_unit_test(test_hex),
                                       cmocka_unit_test(test_put_text_member),
                                       cmocka_unit_test(test_bound),
                                       cmocka_unit_test(test_no_memory),
                                       cmocka_unit_test(test_read_canonical),
                                       cmocka_unit_test(test_read_without_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
