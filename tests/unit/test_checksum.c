/*
 * The checksum: finds every flipped bit, every cut, and a value under another
 * key.
 */
#include "check.h"
#include "crumb/store/checksum.h"

static const struct text values[] = {
    {"", 0}, {"x", 1}, {"a value of some length, longer than one block of a hash", 55}};

static void test_round_trip(void **state)
{
    for (size_t i = 0; i < N_ROWS(values); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(100);

        buffer_put_text(&buffer, values[i]);
        checksum_put(&buffer, TEXT("key"));
        assert_int_equal(buffer.size, values[i].size + CHECKSUM_BYTES);
        struct text value = buffer_text(&buffer);
        assert_true(checksum_take(&value, TEXT("key")));
        assert_true(text_equal(value, values[i]));
    }
}

static void test_damage(void **state)
{
    for (size_t i = 0; i < N_ROWS(values); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(100);

        buffer_put_text(&buffer, values[i]);
        checksum_put(&buffer, TEXT("key"));
        struct text whole = buffer_text(&buffer), value;
        for (size_t bit = 0; bit < 8 * buffer.size; bit++) {
            buffer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            value = whole;
            assert_false(checksum_take(&value, TEXT("key")));
            assert_int_equal(value.size, whole.size); /* untouched */
            buffer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t size = 0; size < buffer.size; size++) {
            value = (struct text){whole.data, size};
            assert_false(checksum_take(&value, TEXT("key")));
        }
        static const struct text other_keys[] = {{"keY", 3}, {"ke", 2}, {"keys", 4}, {"", 0}};
        for (size_t k = 0; k < N_ROWS(other_keys); k++) {
            value = whole;
            assert_false(checksum_take(&value, other_keys[k]));
        }
        value = whole;
        assert_true(checksum_take(&value, TEXT("key")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
