/*
 * Boxes open where they were sealed, whole, with their key and salt, and nowhere
 * else.
 */
#include "check.h"
#include "crumb/store/crypt.h"
#include <errno.h>
#include <openssl/evp.h>
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

/*
 * The bytes as docs/formats.md says they come about, put together by other means.
 * The key of the row has 7 bytes, so the salt's first one is as it was.
 */
static void test_form(void **state)
{
    static const uint8_t data[] = "journal\0\0\0\0\1key\0\0\0\2";
    static const uint8_t nonce[12] = {9, 9, 0, 0, 1, 'k', 'e', 'y', 0, 0, 0, 2};
    struct crypt_place place = PLACE;
    BUFFER_AUTO buffer = BUFFER_INIT(256);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t plain[64];
    int n;

    (void)state;
    place.part = 2;
    buffer_put_text(&buffer, PLAIN);
    crypt_seal(KEY, &place, SALT, &buffer, 0);
    assert_int_equal(EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, KEY, nonce), 1);
    assert_int_equal(EVP_DecryptUpdate(context, NULL, &n, data, sizeof data - 1), 1);
    assert_int_equal(EVP_DecryptUpdate(context, plain, &n, buffer.data, (int)PLAIN.size), 1);
    assert_memory_equal(plain, PLAIN.data, PLAIN.size);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CRYPT_TAG_BYTES, buffer.data + PLAIN.size), 1);
    assert_int_equal(EVP_DecryptFinal_ex(context, plain, &n), 1);
    EVP_CIPHER_CTX_free(context);
}

/* Whether a key has only few bytes, or a salt is of another time, no two places have one nonce: their boxes differ. */
static void test_nonces(void **state)
{
    const struct {
        struct crypt_place place;
        const uint8_t *salt;
    } rows[] = {
        {{.table = "t", .key = TEXT("")}, crypt_no_salt},
        {{.table = "t", .key = TEXT("\1")}, crypt_no_salt},
        {{.table = "t", .key = TEXT("12345678\0\0\0\0\0\0\0\2")}, crypt_no_salt},
        {{.table = "t", .key = TEXT("12345678\2\0\0\0\0\0\0\0")}, crypt_no_salt},
        {{.table = "t", .key = TEXT(""), .part = 1}, crypt_no_salt},
        {{.table = "t", .key = TEXT(""), .part = 1u << 31}, crypt_no_salt},
        {{.table = "t", .key = TEXT("")}, SALT},
        {{.table = "t", .key = TEXT("")}, OTHER_SALT},
    };
    uint8_t boxes[N_ROWS(rows)][32];

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(256);

        buffer_put_text(&buffer, TEXT("sixteen bytes..."));
        crypt_seal(KEY, &rows[i].place, rows[i].salt, &buffer, 0);
        memcpy(boxes[i], buffer.data, sizeof boxes[i]);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(boxes[i], boxes[k], 16);
    }
}

#define SIZES 300

/* Of all sizes, and each as the other way opens it. */
static void seal_sizes(struct buffer *boxes)
{
    const struct crypt_place place = PLACE;

    for (size_t size = 0; size < SIZES; size++) {
        size_t start = boxes->size;

        memset(buffer_extend(boxes, size), (int)size, size);
        crypt_seal(KEY, &place, SALT, boxes, start);
    }
    assert_int_equal(boxes->fault, 0);
}

static void open_sizes(const struct buffer *boxes)
{
    const struct crypt_place place = PLACE;
    struct text left = buffer_text(boxes);
    uint8_t plain[SIZES];

    for (size_t size = 0; size < SIZES; size++) {
        struct text box = {.data = left.data, .size = size + CRYPT_TAG_BYTES};

        assert_true(crypt_open(KEY, &place, SALT, box, plain));
        for (size_t i = 0; i < size; i++)
            assert_int_equal(plain[i], (uint8_t)size);
        left = text_from(left, box.size);
    }
}

static struct buffer of_openssl = {.max = 1 << 20};

/* libsodium says that it has no AES until it was begun with. */
static int begin(void **state)
{
    (void)state;
    assert_false(crypto_aead_aes256gcm_is_available());
    seal_sizes(&of_openssl);
    open_sizes(&of_openssl);
    return sodium_init() < 0;
}

static int end(void **state)
{
    (void)state;
    buffer_deinit(&of_openssl);
    return 0;
}

static void test_both_ways(void **state)
{
    BUFFER_AUTO boxes = BUFFER_INIT(1 << 20);

    (void)state;
    seal_sizes(&boxes);
    assert_true(text_equal(buffer_text(&boxes), buffer_text(&of_openssl)));
    open_sizes(&of_openssl);
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
                                       cmocka_unit_test(test_form),   cmocka_unit_test(test_no_room),
                                       cmocka_unit_test(test_nonces), cmocka_unit_test(test_both_ways)};

    return cmocka_run_group_tests(tests, begin, end);
}
