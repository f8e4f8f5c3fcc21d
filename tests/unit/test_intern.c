/*
 * Interning: one number a string, through growth and up to the bounds.
 */
#include "crumb/rollup/intern.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <xxhash.h>

#define MANY 20000

static struct text name_of(char *room, size_t size, unsigned i)
{
    return (struct text){.data = room, .size = (size_t)snprintf(room, size, "/page/%u", i)};
}

static void test_numbers_are_kept(void **state)
{
    struct intern intern = INTERN_INIT(MANY, 1 << 20);
    char room[32];
    uint32_t number;
    (void)state;

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            assert_int_equal(intern_number(&intern, name_of(room, sizeof room, i), &number), 0);
            assert_int_equal(number, i);
        }
        assert_int_equal(intern_n(&intern), MANY);
    }
    for (unsigned i = 0; i < MANY; i++)
        assert_true(text_equal(intern_text(&intern, i), name_of(room, sizeof room, i)));
    intern_deinit(&intern);
    assert_int_equal(intern_n(&intern), 0);
}

static void test_any_bytes(void **state)
{
    const struct text strings[] = {TEXT(""), TEXT("\0"), TEXT("\0\0"), TEXT("a"), TEXT("a\0"), TEXT("\xff")};
    struct intern intern = INTERN_INIT(10, 100);
    uint32_t number;
    (void)state;

    for (unsigned round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 6; i++) {
            assert_int_equal(intern_number(&intern, strings[i], &number), 0);
            assert_int_equal(number, i);
            assert_true(text_equal(intern_text(&intern, i), strings[i]));
        }
    intern_deinit(&intern);
}

/* "/179155" and "/342324" agree in the 32 bits of the hash that a slot holds. */
static void test_strings_of_one_hash(void **state)
{
    const struct text one = TEXT("/179155"), other = TEXT("/342324");
    struct intern intern = INTERN_INIT(10, 100);
    uint32_t number;
    (void)state;

    assert_int_equal((uint32_t)XXH3_64bits(one.data, one.size), (uint32_t)XXH3_64bits(other.data, other.size));
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(intern_number(&intern, one, &number), 0);
        assert_int_equal(number, 0);
        assert_int_equal(intern_number(&intern, other, &number), 0);
        assert_int_equal(number, 1);
    }
    intern_deinit(&intern);
}

static void test_bounds(void **state)
{
    struct intern few = INTERN_INIT(2, 100), small = INTERN_INIT(100, 5);
    uint32_t number = 77;
    (void)state;

    assert_int_equal(intern_number(&few, TEXT("a"), &number), 0);
    assert_int_equal(intern_number(&few, TEXT("b"), &number), 0);
    assert_int_equal(intern_number(&few, TEXT("c"), &number), INTERN_E_FULL);
    assert_int_equal(number, 1); /* untouched */
    assert_int_equal(intern_number(&few, TEXT("a"), &number), 0);
    assert_int_equal(number, 0);

    assert_int_equal(intern_number(&small, TEXT("abc"), &number), 0);
    assert_int_equal(intern_number(&small, TEXT("def"), &number), INTERN_E_FULL);
    assert_int_equal(intern_number(&small, TEXT("de"), &number), 0);
    assert_int_equal(intern_number(&small, TEXT("f"), &number), INTERN_E_FULL);
    assert_int_equal(intern_number(&small, TEXT(""), &number), 0);
    assert_int_equal(intern_number(&small, TEXT("abc"), &number), 0);
    assert_int_equal(intern_n(&small), 3);
    intern_deinit(&few);
    intern_deinit(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_kept),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_strings_of_one_hash),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
