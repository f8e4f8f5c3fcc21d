/*
 * Randomness: the seeded stream repeats, the system's does not.
 */
#include "check.h"
#include "crumb/base/random.h"

static void test_seeded_repeats(void **state)
{
    struct random_seeded a = random_seeded(42), b = random_seeded(42);
    uint8_t x[64], y[64], before[64] = {0};

    /* The same calls give the same bytes, and no call gives those of the one before. */
    for (size_t size = 1; size <= sizeof x; size++) {
        memset(x, 0, sizeof x);
        memset(y, 0, sizeof y);
        random_fill(&a.super, x, size);
        random_fill(&b.super, y, size);
        assert_memory_equal(x, y, sizeof x);
        if (size >= 16)
            assert_memory_not_equal(x, before, 15);
        memcpy(before, x, sizeof before);
    }
}

static void test_seeds_differ(void **state)
{
    uint8_t seen[256][16];

    for (unsigned seed = 0; seed < 256; seed++) {
        /* The low and the high byte of a seed both count. */
        struct random_seeded random = random_seeded(seed % 2 ? (uint64_t)seed << 56 : seed);

        random_fill(&random.super, seen[seed], 16);
        for (unsigned other = 0; other < seed; other++)
            assert_memory_not_equal(seen[seed], seen[other], 16);
    }
}

static void test_system(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};

    random_fill(&random_system, a, sizeof a);
    random_fill(&random_system, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    random_fill(&random_system, a, 0);
}

static int group_setup(void **state) { return random_init(); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeded_repeats),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_system),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
