/*
 * Boxes open where they were sealed, whole, with their key and salt, and nowhere
 * else.
 */
#include "check.h"
#include "crumb/store/crypt.h"
#include <errno.h>
#include <sodium.h>

static const uint8_t KEY[CRYPT_KEY_BYTES] = {1, 2, 3}, OTHER_KEY[CRYPT_KEY_BYTES] = {1, 2, 4};
static const uint8_t SALT[CRYPT_SALT_BYTES] = {9, 9}, OTHER_SALT[CRYPT_SALT_BYTES] = {9, 8};
#define PLAIN TEXT("https://shop.example/hats")
#define PLACE                                                                                                          \
    {                                                                                                                  \
        .table = "journal", .key = TEXT("\0\0\0\1key"), .part = 0                                                      \
    }

static void seal(struct buffer *buffer)
{
    const struct crypt_place place = PLACE;

    buffer_put_text(buffer, TEXT("head"));
    buffer_put_text(buffer, PLAIN);
    crypt_seal(KEY, &place, SALT, buffer, 4);
    assert_int_equal(buffer->fault, 0);
    assert_int_equal(buffer->size, 4 + PLAIN.size + CRYPT_TAG_BYTES);
}

static void test_places(void **state)
{
    const struct {
        const char *name;
        struct crypt_place place;
        const uint8_t *key, *salt;
        bool good;
    } rows[] = {
        {"as it was sealed", PLACE, KEY, SALT, true},
        {"another key", PLACE, OTHER_KEY, SALT, false},
        {"another salt", PLACE, KEY, OTHER_SALT, false},
        {"no salt", PLACE, KEY, crypt_no_salt, false},
        {"another table", {.table = "journals", .key = TEXT("\0\0\0\1key")}, KEY, SALT, false},
        {"a table that runs into the key", {.table = "journal\0", .key = TEXT("\0\0\0\0\1key")}, KEY, SALT, false},
        {"another row", {.table = "journal", .key = TEXT("\0\0\0\2key")}, KEY, SALT, false},
        {"a shorter key of the row", {.table = "journal", .key = TEXT("\0\0\0\1ke")}, KEY, SALT, false},
        {"another part", {.table = "journal", .key = TEXT("\0\0\0\1key"), .part = 1}, KEY, SALT, false},
    };

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(256);
        uint8_t plain[64];

        seal(&buffer);
        assert_memory_equal(buffer.data, "head", 4); /* what stands before is left alone */
        assert_null(memmem(buffer.data, buffer.size, "hats", 4));
        check_equal(rows[i].name,
                    crypt_open(rows[i].key, &rows[i].place, rows[i].salt, text_from(buffer_text(&buffer), 4), plain),
                    rows[i].good);
        if (rows[i].good)
            assert_memory_equal(plain, PLAIN.data, PLAIN.size);
    }
}

static void test_damage(void **state)
{
    const struct crypt_place place = PLACE;
    BUFFER_AUTO buffer = BUFFER_INIT(256);
    uint8_t plain[64];

    (void)state;
    seal(&buffer);
    struct text box = text_from(buffer_text(&buffer), 4);
    for (size_t i = 4; i < buffer.size; i++) {
        buffer.data[i] ^= 1;
        assert_false(crypt_open(KEY, &place, SALT, box, plain));
        buffer.data[i] ^= 1;
    }
    for (size_t size = 0; size < box.size; size++)
        assert_false(crypt_open(KEY, &place, SALT, (struct text){box.data, size}, plain));
    assert_true(crypt_open(KEY, &place, SALT, box, plain));
}

/* The bytes as docs/formats.md says they come about, put together by other means. */
static void test_form(void **state)
{
    static const uint8_t data[] = "journal\0\0\0\0\1key\0\0\0\0";
    BUFFER_AUTO buffer = BUFFER_INIT(256);
    uint8_t nonce[24], plain[64];

    (void)state;
    seal(&buffer);
    memcpy(nonce, SALT, CRYPT_SALT_BYTES);
    /* XXH3-128 of the 19 bytes, high half first. */
    assert_int_equal(
        sodium_hex2bin(nonce + CRYPT_SALT_BYTES, 16, "4c7cdbb86aafc89ff2ffd1eb72ef0c00", 32, NULL, NULL, NULL), 0);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, buffer.data + 4, buffer.size - 4,
                                                                data, sizeof data - 1, nonce, KEY),
                     0);
}

static void test_no_room(void **state)
{
    const struct crypt_place place = PLACE;
    BUFFER_AUTO buffer = BUFFER_INIT(20);

    (void)state;
    buffer_put_text(&buffer, TEXT("12345"));
    crypt_seal(KEY, &place, SALT, &buffer, 0);
    assert_int_equal(buffer.fault, -EOVERFLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places), cmocka_unit_test(test_damage),
                                       cmocka_unit_test(test_form), cmocka_unit_test(test_no_room)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
