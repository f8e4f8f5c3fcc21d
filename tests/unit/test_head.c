/*
 * Signed heads: what is signed, and that nothing else passes.
 */
#include "check.h"
#include "crumb/consent/head.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* RFC 8032 section 7.1, test 1: its secret key is our seed. */
static const uint8_t seed[HEAD_KEY_BYTES] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
                                             0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
                                             0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
static const char public_key[] = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

#define AT_MS 1772443800123LL

static struct head head_of(void)
{
    struct chain_head ledger = {.n_records = 3, .sequence = 6};
    struct head head;

    memset(ledger.hash, 0xab, sizeof ledger.hash);
    head_sign(&ledger, AT_MS, seed, &head);
    return head;
}

static void test_key(void **state)
{
    uint8_t key[HEAD_KEY_BYTES];
    char text[HEAD_KEY_TEXT_BYTES];

    (void)state;
    sign_public_key(seed, key);
    head_key_text(key, text);
    assert_string_equal(text, public_key);
}

/* What docs/formats.md says is signed, made here by hand. */
static void test_message(void **state)
{
    struct head head = head_of();
    char message[256], hex[HASH_HEX_BYTES];

    (void)state;
    notice_hex(head.ledger.hash, hex);
    int n = snprintf(message, sizeof message, "crumb ledger head 1\n3\n6\n%s\n2026-03-02T09:30:00Z\n", hex);
    assert_int_equal(
        crypto_sign_verify_detached(head.signature, (const uint8_t *)message, (unsigned long long)n, head.key), 0);
}

static void test_round_trip(void **state)
{
    struct head head = head_of(), found;
    BUFFER_AUTO json = BUFFER_INIT(HEAD_JSON_BYTES_MAX);

    (void)state;
    assert_int_equal(head_put(&json, &head), 0);
    assert_int_equal(head_read(buffer_text(&json), &found), 0);
    assert_true(found.ledger.n_records == 3 && found.ledger.sequence == 6);
    assert_memory_equal(found.ledger.hash, head.ledger.hash, HASH_BYTES);
    assert_string_equal(found.time, "2026-03-02T09:30:00Z");
    assert_memory_equal(found.key, head.key, sizeof head.key);
}

/* Each byte in turn becomes another: nothing passes. */
static void test_changed(void **state)
{
    struct head head = head_of(), found;
    BUFFER_AUTO json = BUFFER_INIT(HEAD_JSON_BYTES_MAX);

    (void)state;
    assert_int_equal(head_put(&json, &head), 0);
    for (size_t i = 0; i < json.size; i++) {
        uint8_t before = json.data[i];

        json.data[i] = before == '1' ? '2' : '1';
        if (head_read(buffer_text(&json), &found) == 0)
            fail_msg("byte %zu of %.*s may be another", i, TEXT_ARGS(buffer_text(&json)));
        json.data[i] = before;
    }
    assert_int_equal(head_read(buffer_text(&json), &found), 0);
}

static void test_invalid(void **state)
{
#define HASH "0000000000000000000000000000000000000000000000000000000000000000"
#define KEY "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define SIGNATURE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define HEAD(records, hash, key, signature)                                                                            \
    "{\"records\":" records ",\"sequence\":0,\"hash\":\"" hash "\",\"time\":\"2026-03-02T09:30:00Z\",\"key\":\"" key   \
    "\",\"signature\":\"" signature "\"}"
    static const struct {
        const char *name, *json;
        int r;
    } rows[] = {{"nothing", "", HEAD_E_INVALID},
                {"no object", "[]", HEAD_E_INVALID},
                {"no members", "{}", HEAD_E_INVALID},
                {"no such signature", HEAD("0", HASH, KEY, SIGNATURE), HEAD_E_FORGED},
                {"negative", HEAD("-1", HASH, KEY, SIGNATURE), HEAD_E_INVALID},
                {"a number as text", HEAD("\"0\"", HASH, KEY, SIGNATURE), HEAD_E_INVALID},
                {"short hash", HEAD("0", "00", KEY, SIGNATURE), HEAD_E_INVALID},
                {"short key", HEAD("0", HASH, "11qY", SIGNATURE), HEAD_E_INVALID},
                {"short signature", HEAD("0", HASH, KEY, "AAAA"), HEAD_E_INVALID},
                {"no base64", HEAD("0", HASH, KEY, "????"), HEAD_E_INVALID},
                {"a member twice", "{\"records\":0,\"records\":0}", HEAD_E_INVALID}};
    struct head head;

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_equal(rows[i].name, head_read(text_of(rows[i].json), &head), rows[i].r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_key), cmocka_unit_test(test_message),
                                       cmocka_unit_test(test_round_trip), cmocka_unit_test(test_changed),
                                       cmocka_unit_test(test_invalid)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
