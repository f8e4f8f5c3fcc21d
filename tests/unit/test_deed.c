/*
 * Deeds: what is signed is checked, in whatever form it comes back, and nothing
 * else is.
 */
#include "check.h"
#include "crumb/base/random.h"
#include "crumb/rights/deed.h"
#include <stdio.h>

static const uint8_t seed[HEAD_KEY_BYTES] = "a seed of a key that nobody has";
static const uint8_t other_seed[HEAD_KEY_BYTES] = "a seed of a key of another store";

static void sign(struct buffer *json)
{
    struct deed deed = {.id = "deed-id-no-0001",
                        .site = TEXT("shop"),
                        .right = RIGHT_ERASURE,
                        .classes = CLASS_ALL,
                        .events = 1000,
                        .visits = 30,
                        .days = 7,
                        .asked_ms = 1772443800000,
                        .done_ms = 1772443801000};

    assert_int_equal(deed_sign(&deed, seed, json), 0);
}

static int judge(const char *json, const uint8_t *of)
{
    uint8_t key[HEAD_KEY_BYTES], id[DEED_ID_BYTES];

    if (of)
        head_public_key(of, key);
    int r = deed_check(text_of(json), of ? key : NULL, id);
    if (r == 0)
        assert_memory_equal(id, "deed-id-no-0001", DEED_ID_BYTES);
    return r;
}

/* The text with one part replaced. */
static void replace(const char *json, const char *from, const char *to, char ret_json[DEED_BYTES_MAX])
{
    const char *at = strstr(json, from);

    assert_non_null(at);
    snprintf(ret_json, DEED_BYTES_MAX, "%.*s%s%s", (int)(at - json), json, to, at + strlen(from));
}

static const struct {
    const char *name, *from, *to;
    int r;
} rows[] = {
    {"as it was", "{", "{", 0},
    {"white space", "{", "{ \n", 0},
    {"a number in another form", "\"v\":1,", "\"v\": 1 ,", 0},
    {"fewer events", "\"events\":1000", "\"events\":100", DEED_E_FORGED},
    {"another site", "\"shop\"", "\"blog\"", DEED_E_FORGED},
    {"another time", "2026-03-02", "2026-03-03", DEED_E_FORGED},
    {"a member more", "{", "{\"more\":1,", DEED_E_FORGED},
    {"a member twice", "{", "{\"v\":1,", DEED_E_INVALID},
    {"no id", "\"id\"", "\"di\"", DEED_E_INVALID},
    {"no signature", "\"signature\"", "\"erutangis\"", DEED_E_INVALID},
    {"a signature that is none", "\"signature\":\"", "\"signature\":\"!", DEED_E_INVALID},
    {"no object", "{", "[", DEED_E_INVALID},
};

static void test_check(void **state)
{
    BUFFER_AUTO json = BUFFER_INIT(DEED_BYTES_MAX);
    char signed_json[DEED_BYTES_MAX], changed[DEED_BYTES_MAX];

    sign(&json);
    snprintf(signed_json, sizeof signed_json, "%.*s", TEXT_ARGS(buffer_text(&json)));
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        replace(signed_json, rows[i].from, rows[i].to, changed);
        check_equal(rows[i].name, judge(changed, seed), rows[i].r);
        check_equal(rows[i].name, judge(changed, NULL), rows[i].r);
    }
    assert_int_equal(judge(signed_json, other_seed), DEED_E_FORGED);
    assert_int_equal(judge("", seed), DEED_E_INVALID);
}

static void test_names(void **state)
{
    uint8_t id[DEED_ID_BYTES];
    char hex[DEED_ID_HEX_BYTES];

    for (unsigned right = RIGHT_ERASURE; right < RIGHT_N; right++)
        assert_non_null(deed_right_name((enum deed_right)right));
    deed_hex((const uint8_t *)"deed-id-no-0001", hex);
    assert_true(deed_unhex(text_of(hex), id));
    assert_memory_equal(id, "deed-id-no-0001", DEED_ID_BYTES);
    assert_false(deed_unhex(TEXT("0123"), id));
    assert_false(deed_unhex(TEXT("g0112233445566778899aabbccddeeff"), id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_check), cmocka_unit_test(test_names)};

    if (random_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
