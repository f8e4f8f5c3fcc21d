/*
 * Text, buffer and reader: cutting, growing up to a bound, and reading bytes
 * that may be anything.
 *
 * Linked with -Wl,--wrap=realloc.
 */
#include "check.h"
#include "crumb/base/buffer.h"
#include "crumb/base/reader.h"
#include <errno.h>
#include <stdlib.h>

void *__real_realloc(void *pointer, size_t size);
void *__wrap_realloc(void *pointer, size_t size);

static bool no_memory;

void *__wrap_realloc(void *pointer, size_t size) { return no_memory ? NULL : __real_realloc(pointer, size); }

/* Text. */

static void test_text_equal(void **state)
{
    static const struct {
        const char *name, *a, *b;
        bool equal, starts;
    } rows[] = {
        {"both empty", "", "", true, true},           {"none and empty", NULL, "", true, true},
        {"same", "abc", "abc", true, true},           {"prefix", "abc", "ab", false, true},
        {"longer prefix", "ab", "abc", false, false}, {"other case", "Abc", "abc", false, false},
        {"empty prefix", "abc", "", false, true},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        check_equal(rows[i].name, text_equal(text_of(rows[i].a), text_of(rows[i].b)), rows[i].equal);
        check_equal(rows[i].name, text_starts(text_of(rows[i].a), text_of(rows[i].b)), rows[i].starts);
    }
}

static void test_text_trim(void **state)
{
    static const struct {
        const char *name, *whole, *trimmed;
    } rows[] = {
        {"both ends", " \ta b\t ", "a b"},  {"nothing to trim", "a", "a"}, {"other white space", "\na\r", "\na\r"},
        {"nothing but blanks", " \t ", ""}, {"nothing", "", ""},           {"NULL", NULL, ""}};

    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_text(rows[i].name, text_trim(text_of(rows[i].whole)), rows[i].trimmed);
}

static void test_text_cut(void **state)
{
    static const struct {
        const char *name, *whole, *head, *rest;
    } rows[] = {
        {"in the middle", "a=b", "a", "b"},
        {"at the start", "=b", "", "b"},
        {"at the end", "a=", "a", ""},
        {"absent", "ab", "ab", ""},
        {"twice", "a=b=c", "a", "b=c"},
        {"alone", "=", "", ""},
        {"nothing", "", "", ""},
        {"NULL", NULL, "", ""},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct text rest = text_of(rows[i].whole);
        struct text head = text_cut(&rest, '=');

        check_text(rows[i].name, head, rows[i].head);
        check_text(rows[i].name, rest, rows[i].rest);
    }
    assert_text(text_from(TEXT("abc"), 1), "bc");
    assert_text(text_from(TEXT("abc"), 3), "");
    assert_int_equal(text_from(TEXT_NONE, 0).size, 0);
    assert_int_equal(text_find((struct text){"a\0b", 3}, 'b'), 2); /* a NUL is a byte like any other */
}

/* Buffer. */

static void test_integers_are_big_endian(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(64);
    static const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    buffer_put_u8(&buffer, 0x01);
    buffer_put_u16(&buffer, 0x0203);
    buffer_put_u32(&buffer, 0x04050607);
    buffer_put_u64(&buffer, 0x08090a0b0c0d0e0f);
    assert_int_equal(buffer.size, sizeof expected);
    assert_memory_equal(buffer.data, expected, sizeof expected);
}

static void test_bound(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(1000);

    for (unsigned i = 0; i < 1000; i++)
        buffer_put_u8(&buffer, (uint8_t)i);
    assert_int_equal(buffer.fault, 0);
    assert_int_equal(buffer.size, 1000);
    assert_true(buffer.capacity <= 1000);
    buffer_put_u8(&buffer, 1);
    assert_int_equal(buffer.fault, -EOVERFLOW);
    assert_int_equal(buffer.size, 1000);
    assert_null(buffer_extend(&buffer, 0)); /* the fault sticks */
    buffer_clear(&buffer);
    assert_int_equal(buffer.fault, 0);
    buffer_put_text(&buffer, TEXT("again"));
    assert_text(buffer_text(&buffer), "again");

    /* What does not fit is not begun, and what is small enough for the rest does not follow it. */
    BUFFER_AUTO small = BUFFER_INIT(4);
    buffer_put_text(&small, TEXT("ab"));
    buffer_put_u32(&small, 1);
    buffer_put_u8(&small, 'c');
    assert_text(buffer_text(&small), "ab");
    assert_int_equal(small.fault, -EOVERFLOW);
}

static void test_a_buffer_over_an_array(void **state)
{
    uint8_t bytes[4] = {0};
    struct buffer buffer = BUFFER_OVER(bytes);

    buffer_put_text(&buffer, TEXT("abcd"));
    assert_ptr_equal(buffer.data, bytes);
    assert_text(buffer_text(&buffer), "abcd");
    buffer_put_u8(&buffer, 'e');
    assert_int_equal(buffer.fault, -EOVERFLOW);
    assert_text(buffer_text(&buffer), "abcd");
}

static void test_nothing_is_no_fault(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(0);

    buffer_put(&buffer, NULL, 0);
    buffer_put_text(&buffer, TEXT_NONE);
    assert_int_equal(buffer.fault, 0);
    assert_int_equal(buffer_text(&buffer).size, 0);
    buffer_deinit(&buffer);
    buffer_deinit(&buffer);
}

static void test_printf(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(600);
    BUFFER_AUTO full = BUFFER_INIT(4);

    buffer_printf(&buffer, "%s=%d", "a", -1);
    buffer_printf(&buffer, "%300s", "");
    buffer_printf(&buffer, "%s", "");
    buffer_put_u8(&buffer, 'z');
    assert_int_equal(buffer.fault, 0);
    assert_int_equal(buffer.size, 4 + 300 + 1);
    assert_memory_equal(buffer.data, "a=-1 ", 5);
    assert_int_equal(buffer.data[304], 'z');
    buffer_printf(&full, "%s", "too long");
    assert_int_equal(full.fault, -EOVERFLOW);
    assert_int_equal(full.size, 0);
}

static void test_decimals(void **state)
{
    static const struct {
        uint64_t value;
        const char *digits;
    } rows[] = {{0, "0"}, {9, "9"}, {10, "10"}, {1234567890, "1234567890"}, {UINT64_MAX, "18446744073709551615"}};

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(20);

        buffer_put_decimal(&buffer, rows[i].value);
        check_text(rows[i].digits, buffer_text(&buffer), rows[i].digits);
    }
}

static void test_no_memory(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(10000);

    buffer_put_text(&buffer, TEXT("kept"));
    no_memory = true;
    assert_null(buffer_extend(&buffer, 5000));
    no_memory = false;
    assert_int_equal(buffer.fault, -ENOMEM);
    buffer_put_text(&buffer, TEXT("!"));
    assert_text(buffer_text(&buffer), "kept");
    assert_int_equal(buffer.fault, -ENOMEM);
}

/* NULL says that there is a fault, and nothing else. */
static void test_no_bytes(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(100);

    (void)state;
    assert_non_null(buffer_extend(&buffer, 0));
    assert_int_equal(buffer.size, 0);
    assert_int_equal(buffer.fault, 0);
}

/* Reader. */

static struct reader reader_at(const void *bytes, size_t size)
{
    return reader_of((struct text){.data = bytes, .size = size});
}

static void test_varint(void **state)
{
    static const struct {
        const char *name;
        uint64_t value;
        const char *bytes;
        size_t size;
    } rows[] = {
        {"0", 0, "\x00", 1},
        {"1", 1, "\x01", 1},
        {"127", 127, "\x7f", 1},
        {"128", 128, "\x80\x01", 2},
        {"300", 300, "\xac\x02", 2},
        {"2^14 - 1", 16383, "\xff\x7f", 2},
        {"2^14", 16384, "\x80\x80\x01", 3},
        {"2^32", 1ULL << 32, "\x80\x80\x80\x80\x10", 5},
        {"2^63", 1ULL << 63, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10},
        {"2^64 - 1", UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(16);

        buffer_put_varint(&buffer, rows[i].value);
        check_equal(rows[i].name, buffer.size, rows[i].size);
        check(rows[i].name, memcmp(buffer.data, rows[i].bytes, rows[i].size) == 0);
        struct reader reader = reader_at(rows[i].bytes, rows[i].size);
        check(rows[i].name, reader_varint(&reader) == rows[i].value);
        check(rows[i].name, reader_done(&reader));
        for (size_t cut = 0; cut < rows[i].size; cut++) {
            struct reader cut_reader = reader_at(rows[i].bytes, cut);
            check_equal(rows[i].name, reader_varint(&cut_reader), 0);
            check(rows[i].name, cut_reader.bad);
        }
    }
}

static void test_varint_of_more_than_64_bits(void **state)
{
    static const char *const rows[] = {
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", /* 2^65 and more */
        "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct reader reader = reader_at(rows[i], strlen(rows[i]));

        assert_int_equal(reader_varint(&reader), 0);
        assert_true(reader.bad);
    }
}

static void test_reading_past_the_end(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7};
    uint8_t copy[8];

    /* Each of them wants more than there is; none reads on, and all that follows is zeros. */
    for (unsigned which = 0; which < 6; which++) {
        struct reader reader = reader_at(bytes, which == 1 ? 1 : which == 2 ? 3 : sizeof bytes);

        memset(copy, 0xff, sizeof copy);
        if (which == 0)
            assert_int_equal(reader_u64(&reader), 0);
        else if (which == 1)
            assert_int_equal(reader_u16(&reader), 0);
        else if (which == 2)
            assert_int_equal(reader_u32(&reader), 0);
        else if (which == 3)
            assert_int_equal(reader_bytes(&reader, SIZE_MAX).size, 0);
        else if (which == 4)
            reader_copy(&reader, copy, sizeof copy);
        else
            reader_bytes(&reader, 8);
        assert_true(reader.bad);
        assert_false(reader_done(&reader));
        assert_int_equal(reader_u8(&reader), 0);
        if (which == 4)
            assert_memory_equal(copy, ((uint8_t[8]){0}), sizeof copy);
    }
}

static void test_sized(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(1000);
    char long_text[300];

    memset(long_text, 'x', sizeof long_text);
    buffer_put_sized(&buffer, TEXT_NONE);
    buffer_put_sized(&buffer, TEXT("abc"));
    buffer_put_sized(&buffer, (struct text){long_text, sizeof long_text});
    struct reader reader = reader_of(buffer_text(&buffer));
    assert_int_equal(reader_sized(&reader).size, 0);
    assert_text(reader_sized(&reader), "abc");
    assert_int_equal(reader_sized(&reader).size, sizeof long_text);
    assert_true(reader_done(&reader));

    /* A size that promises more than there is, up to the largest number. */
    struct reader lies = reader_at("\x05"
                                   "abcd",
                                   5);
    assert_int_equal(reader_sized(&lies).size, 0);
    assert_true(lies.bad);
    struct reader huge = reader_at("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                                   "abcd",
                                   14);
    assert_int_equal(reader_sized(&huge).size, 0);
    assert_true(huge.bad);
}

static void test_integers_round_trip(void **state)
{
    static const uint64_t values[] = {0,      1,       0x7f,       0x80,       0xff,      0x100,
                                      0xffff, 0x10000, UINT32_MAX, 1ULL << 32, UINT64_MAX};

    for (size_t i = 0; i < N_ROWS(values); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(64);

        buffer_put_u8(&buffer, (uint8_t)values[i]);
        buffer_put_u16(&buffer, (uint16_t)values[i]);
        buffer_put_u32(&buffer, (uint32_t)values[i]);
        buffer_put_u64(&buffer, values[i]);
        struct reader reader = reader_of(buffer_text(&buffer));
        assert_int_equal(reader_u8(&reader), (uint8_t)values[i]);
        assert_int_equal(reader_u16(&reader), (uint16_t)values[i]);
        assert_int_equal(reader_u32(&reader), (uint32_t)values[i]);
        assert_true(reader_u64(&reader) == values[i]);
        assert_true(reader_done(&reader));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_equal),
        cmocka_unit_test(test_text_cut),
        cmocka_unit_test(test_text_trim),
        cmocka_unit_test(test_integers_are_big_endian),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_a_buffer_over_an_array),
        cmocka_unit_test(test_nothing_is_no_fault),
        cmocka_unit_test(test_printf),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_bytes),
        cmocka_unit_test(test_varint),
        cmocka_unit_test(test_varint_of_more_than_64_bits),
        cmocka_unit_test(test_reading_past_the_end),
        cmocka_unit_test(test_sized),
        cmocka_unit_test(test_integers_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
