/*
 * HyperLogLog: the error against exact sets, one form for one set whatever the
 * order, and bytes that are no sketch.
 */
#include "crumb/rollup/hll.h"
#include "splitmix.h"
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <xxhash.h>

#define SKETCH_BYTES_MAX (1 << 15)

/* Item @i of the set @seed; different items differ in @i alone. */
struct item {
    uint64_t seed;
    uint64_t i;
};

static void add_range(struct hll *hll, uint64_t seed, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        struct item item = {.seed = seed, .i = i};
        assert_int_equal(hll_add(hll, &item, sizeof item), 0);
    }
}

/* Adds items 0..n-1 in an order that @order decides, some of them twice. */
static void add_shuffled(struct hll *hll, uint64_t seed, uint64_t n, uint64_t order)
{
    uint64_t *items = calloc(n + 1, sizeof *items);

    for (uint64_t i = 0; i < n; i++)
        items[i] = i;
    for (uint64_t i = n; i > 1; i--) {
        uint64_t j = splitmix(&order) % i, kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
    for (uint64_t i = 0; i < n; i++) {
        add_range(hll, seed, items[i], items[i] + 1);
        if (i % 3 == 0)
            add_range(hll, seed, items[i / 2], items[i / 2] + 1);
    }
    free(items);
}

static struct buffer encode(struct hll *hll)
{
    struct buffer buffer = BUFFER_INIT(SKETCH_BYTES_MAX);

    hll_encode(hll, &buffer);
    assert_int_equal(buffer.fault, 0);
    return buffer;
}

static void assert_same(struct hll *a, struct hll *b)
{
    BUFFER_AUTO left = encode(a);
    BUFFER_AUTO right = encode(b);

    assert_int_equal(left.size, right.size);
    assert_memory_equal(left.data, right.data, left.size);
}

struct bound {
    uint64_t n;
    double error;
};

static void check_bounds(const struct bound *bounds, size_t n_bounds, bool coarse)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct hll hll = coarse ? HLL_COARSE_INIT : HLL_INIT;
        uint64_t n = 0;

        for (size_t i = 0; i < n_bounds; i++) {
            add_range(&hll, seed, n, bounds[i].n);
            n = bounds[i].n;
            double error = (double)hll_count(&hll) - (double)n;
            if (error > bounds[i].error || error < -bounds[i].error)
                fail_msg("seed %llu: %llu items are estimated %+.0f off", (unsigned long long)seed,
                         (unsigned long long)n, error);
        }
        hll_deinit(&hll);
    }
}

static void test_error_stays_in_bounds(void **state)
{
    /* Three standard errors where dense; where sparse, three of linear counting: 3 * n / sqrt(2 * 2^25). */
    static const struct bound bounds[] = {{0, 0},    {1, 0},         {10, 0},        {1000, 1},
                                          {4000, 2}, {10000, 243.8}, {100000, 2438}, {1000000, 24380}};

    (void)state;
    check_bounds(bounds, sizeof bounds / sizeof *bounds, false);
}

/* What a sketch that was dense from the start would hold, straight from the definition. */
static void expect_registers(uint8_t *registers, uint64_t seed, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        struct item item = {.seed = seed, .i = i};
        uint64_t hash = XXH3_64bits(&item, sizeof item);
        uint8_t rank = 1;

        for (unsigned bit = 63 - HLL_BITS; bit < 64 && !(hash >> bit & 1); bit--)
            rank++;
        uint8_t *at = &registers[hash >> (64 - HLL_BITS)];
        *at = *at > rank ? *at : rank;
    }
}

static void test_sparse_becomes_dense_without_loss(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct hll hll = HLL_INIT;
        uint8_t expected[HLL_REGISTERS] = {0};
        uint64_t n = HLL_SPARSE_MAX - 10;

        add_range(&hll, seed, 0, n);
        assert_false(hll_is_dense(&hll));
        while (!hll_is_dense(&hll)) {
            add_range(&hll, seed, n, n + 1);
            n++;
        }
        expect_registers(expected, seed, 0, n);
        assert_memory_equal(hll.registers, expected, HLL_REGISTERS);
        add_range(&hll, seed, n, 3 * n);
        expect_registers(expected, seed, n, 3 * n);
        assert_memory_equal(hll.registers, expected, HLL_REGISTERS);
        hll_deinit(&hll);
    }
}

/* One in 2048 hashes needs its rank in the entry: here are many, in a sketch that stays sparse until it is merged. */
static void test_ranks_survive_the_sparse_form(void **state)
{
    struct hll sparse = HLL_INIT, dense = HLL_INIT;
    uint8_t expected[HLL_REGISTERS] = {0};
    unsigned n = 0;
    (void)state;

    add_range(&dense, 2, 0, 5000);
    expect_registers(expected, 2, 0, 5000);
    for (uint64_t i = 0; n < 500; i++) {
        struct item item = {.seed = 1, .i = i};
        if (XXH3_64bits(&item, sizeof item) >> (64 - HLL_SPARSE_BITS) & 0x7ff)
            continue;
        add_range(&sparse, 1, i, i + 1);
        expect_registers(expected, 1, i, i + 1);
        n++;
    }
    assert_false(hll_is_dense(&sparse));
    assert_int_equal(hll_merge(&dense, &sparse), 0);
    assert_memory_equal(dense.registers, expected, HLL_REGISTERS);
    hll_deinit(&sparse);
    hll_deinit(&dense);
}

static void test_same_set_same_bytes(void **state)
{
    static const uint64_t sizes[] = {0, 1, 2, 5, 100, HLL_SPARSE_MAX - 1, HLL_SPARSE_MAX + 1, 6000, 20000};
    (void)state;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t n = sizes[i];
        struct hll straight = HLL_INIT;

        add_range(&straight, 3, 0, n);
        for (uint64_t order = 1; order <= 4; order++) {
            struct hll shuffled = HLL_INIT, left = HLL_INIT, right = HLL_INIT;

            add_shuffled(&shuffled, 3, n, order);
            assert_same(&straight, &shuffled);
            /* Two parts that overlap, of all mixes of form as n and order grow. */
            add_shuffled(&left, 3, n * order / 5, order);
            add_range(&right, 3, n * order / 7, n);
            assert_int_equal(hll_merge(&left, &right), 0);
            assert_same(&straight, &left);
            assert_int_equal(hll_merge(&right, &left), 0);
            assert_same(&straight, &right);
            hll_deinit(&shuffled);
            hll_deinit(&left);
            hll_deinit(&right);
        }
        hll_deinit(&straight);
    }
}

static void test_turn_depends_on_the_set_alone(void **state)
{
    struct hll full = HLL_INIT, half = HLL_INIT, rest = HLL_INIT, one = HLL_INIT;
    uint64_t n = 0;
    (void)state;

    for (; full.n_entries < HLL_SPARSE_MAX; n++)
        add_range(&full, 4, n, n + 1);
    add_shuffled(&full, 4, n, 1); /* nothing new */
    assert_false(hll_is_dense(&full));

    add_range(&half, 4, 0, 2 * n / 3);
    add_range(&rest, 4, n / 3, n);
    assert_int_equal(hll_merge(&half, &rest), 0);
    assert_false(hll_is_dense(&half));
    assert_same(&full, &half);

    /* An item with an index of its own: one in 8000 shares that of another. */
    add_range(&one, 5, 0, 1);
    add_range(&full, 5, 0, 1);
    assert_int_equal(hll_merge(&half, &one), 0);
    assert_true(hll_is_dense(&full));
    assert_true(hll_is_dense(&half));
    assert_same(&full, &half);
    hll_deinit(&full);
    hll_deinit(&half);
    hll_deinit(&rest);
    hll_deinit(&one);
}

static int decode(const void *bytes, size_t size, struct hll *ret_hll)
{
    struct reader reader = reader_of((struct text){.data = bytes, .size = size});
    int r = hll_decode(&reader, ret_hll);

    if (r == 0)
        assert_true(reader_done(&reader));
    return r;
}

static void test_decoding_what_was_encoded(void **state)
{
    static const uint64_t sizes[] = {0, 1, 3, 1000, HLL_SPARSE_MAX, 50000};
    (void)state;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct hll hll = HLL_INIT, again = HLL_INIT;

        add_range(&hll, 6, 0, sizes[i]);
        BUFFER_AUTO bytes = encode(&hll);
        assert_int_equal(decode(bytes.data, bytes.size, &again), 0);
        assert_same(&hll, &again);
        assert_int_equal(hll_count(&hll), hll_count(&again));
        add_range(&hll, 6, sizes[i], sizes[i] + 100);
        add_range(&again, 6, sizes[i], sizes[i] + 100);
        assert_same(&hll, &again);
        hll_deinit(&hll);
        hll_deinit(&again);
    }
}

static void test_small_sketches_take_few_bytes(void **state)
{
    static const size_t bytes_max[] = {1, 5, 10, 14}; /* of 0, 1, 2, 3 items, unless one needs a rank */
    (void)state;

    for (uint64_t n = 0; n < 4; n++) {
        struct hll hll = HLL_INIT;

        add_range(&hll, 7, 0, n);
        BUFFER_AUTO bytes = encode(&hll);
        assert_in_range(bytes.size, 1, bytes_max[n]);
        hll_deinit(&hll);
    }
}

static void test_decoding_anything(void **state)
{
    static const struct row {
        const char *name;
        const char *bytes;
        size_t size;
        int expected;
    } rows[] = {
        {"nothing", "", 0, -EBADMSG},
        {"the empty sketch", "\x01", 1, 0},
        {"one entry", "\x02\x05", 2, 0},
        {"an entry is missing", "\x03\x05", 2, -EBADMSG},
        {"an entry is cut", "\x02\x85", 2, -EBADMSG},
        {"two entries side by side", "\x03\x05\x00", 3, 0},
        {"a rank", "\x02\x00\x01", 3, 0},
        {"a rank is missing", "\x02\x00", 2, -EBADMSG},
        {"rank 0", "\x02\x00\x00", 3, -EBADMSG},
        {"the greatest rank", "\x02\x00\x28", 3, 0},
        {"a rank too great", "\x02\x00\x29", 3, -EBADMSG},
        {"the greatest index", "\x02\xff\xff\xff\x0f", 5, 0},
        {"an index too great", "\x02\x80\x80\x80\x10\x01", 6, -EBADMSG},
        {"an entry behind the greatest index", "\x03\xff\xff\xff\x0f\x00\x01", 7, -EBADMSG},
        {"an index of more than 32 bits", "\x02\xff\xff\xff\xff\xff\x01", 7, -EBADMSG},
        {"an index of more than 64 bits", "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11, -EBADMSG},
        {"more entries than bytes", "\x81\x20\x05", 3, -EBADMSG},
        {"dense without registers", "\x00", 1, -EBADMSG},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hll hll = {.n_entries = 77};
        int r = decode(rows[i].bytes, rows[i].size, &hll);

        if (r != rows[i].expected)
            fail_msg("%s: %d", rows[i].name, r);
        if (r == 0)
            hll_deinit(&hll);
        else
            assert_int_equal(hll.n_entries, 77);
    }
}

static void test_decoding_the_most_entries(void **state)
{
    uint8_t bytes[2 + HLL_SPARSE_MAX + 1] = {0x81, 0x20}; /* varint: HLL_SPARSE_MAX entries, plus 1 */
    struct hll hll = HLL_INIT;
    (void)state;

    memset(bytes + 2, 1, HLL_SPARSE_MAX + 1); /* every second index; an odd one needs no rank */
    assert_int_equal(decode(bytes, 2 + HLL_SPARSE_MAX, &hll), 0);
    assert_in_range(hll_count(&hll), HLL_SPARSE_MAX, HLL_SPARSE_MAX + 1);
    hll_deinit(&hll);
    bytes[0]++;
    assert_int_equal(decode(bytes, 2 + HLL_SPARSE_MAX + 1, &hll), -EBADMSG);
}

/* Registers as @n items leave them on average: the share below or at rank k is exp(-n/m / 2^k). */
static void test_counts_beyond_what_can_be_added(void **state)
{
    (void)state;
    for (unsigned log2_n = 20; log2_n <= 62; log2_n += 6) {
        uint8_t bytes[1 + HLL_REGISTERS] = {0};
        struct hll hll = HLL_INIT;
        double n = ldexp(1, (int)log2_n);

        for (uint32_t i = 0; i < HLL_REGISTERS; i++) {
            double share = (i + 0.5) / HLL_REGISTERS;
            uint8_t rank = 0;
            while (rank < 51 && exp(-ldexp(n / HLL_REGISTERS, -rank)) < share)
                rank++;
            bytes[1 + i] = rank;
        }
        assert_int_equal(decode(bytes, sizeof bytes, &hll), 0);
        double error = (double)hll_count(&hll) / n - 1;
        if (error > 0.001 || error < -0.001)
            fail_msg("2^%u items are estimated %+.4f off", log2_n, error);
        hll_deinit(&hll);
    }
}

static void test_decoding_registers(void **state)
{
    static uint8_t bytes[1 + HLL_REGISTERS];
    struct hll hll = HLL_INIT;
    (void)state;

    assert_int_equal(decode(bytes, HLL_REGISTERS, &hll), -EBADMSG); /* one short */
    assert_int_equal(decode(bytes, sizeof bytes, &hll), 0);
    assert_int_equal(hll_count(&hll), 0);
    hll_deinit(&hll);

    memset(bytes + 1, 51, HLL_REGISTERS); /* no set gives this; it must not divide by zero either */
    assert_int_equal(decode(bytes, sizeof bytes, &hll), 0);
    assert_true(hll_count(&hll) == UINT64_MAX);
    hll_deinit(&hll);

    bytes[HLL_REGISTERS] = 52;
    assert_int_equal(decode(bytes, sizeof bytes, &hll), -EBADMSG);
}

static void test_greater_rank_of_one_index_wins(void **state)
{
    static const char low[] = "\x02\x00\x03", high[] = "\x02\x00\x05";
    (void)state;

    for (int swapped = 0; swapped < 2; swapped++) {
        struct hll into = HLL_INIT, from = HLL_INIT;

        assert_int_equal(decode(swapped ? high : low, 3, &into), 0);
        assert_int_equal(decode(swapped ? low : high, 3, &from), 0);
        assert_int_equal(hll_merge(&into, &from), 0);
        BUFFER_AUTO bytes = encode(&into);
        assert_int_equal(bytes.size, 3);
        assert_memory_equal(bytes.data, high, 3);
        hll_deinit(&into);
        hll_deinit(&from);
    }
}

/* ---- coarse sketches ---- */

static void test_coarse_error_stays_in_bounds(void **state)
{
    /* Three standard errors of 1.63 % where dense. */
    static const struct bound bounds[] = {{0, 0}, {1, 0}, {1000, 1}, {3000, 146.7}, {10000, 489}, {100000, 4890}};

    (void)state;
    check_bounds(bounds, sizeof bounds / sizeof *bounds, true);
}

/* One register of a coarse sketch is four of the other: its rank is what their first that is met says. */
static void test_coarse_is_the_fine_one_folded(void **state)
{
    struct hll fine = HLL_INIT, coarse = HLL_COARSE_INIT;
    (void)state;

    add_range(&fine, 9, 0, 20000);
    add_range(&coarse, 9, 0, 20000);
    for (uint32_t i = 0; i < HLL_COARSE_REGISTERS; i++) {
        const uint8_t *four = &fine.registers[4 * i];
        uint8_t low = four[0] ? (uint8_t)(four[0] + 2) : 0;
        uint8_t expected = low ? low : four[1] ? 2 : four[2] || four[3] ? 1 : 0;
        assert_int_equal(coarse.registers[i], expected);
    }
    hll_deinit(&fine);
    hll_deinit(&coarse);
}

static void test_coarse_same_set_same_bytes(void **state)
{
    static const uint64_t sizes[] = {0, 1, 500, HLL_COARSE_SPARSE_MAX, HLL_COARSE_SPARSE_MAX + 2, 5000};
    (void)state;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t n = sizes[i];
        struct hll straight = HLL_COARSE_INIT, again = HLL_INIT;

        add_range(&straight, 3, 0, n);
        assert_int_equal(hll_is_dense(&straight), n > HLL_COARSE_SPARSE_MAX);
        for (uint64_t order = 1; order <= 4; order++) {
            struct hll shuffled = HLL_COARSE_INIT, left = HLL_COARSE_INIT, right = HLL_COARSE_INIT;

            add_shuffled(&shuffled, 3, n, order);
            assert_same(&straight, &shuffled);
            add_shuffled(&left, 3, n * order / 5, order);
            add_range(&right, 3, n * order / 7, n);
            assert_int_equal(hll_merge(&left, &right), 0);
            assert_same(&straight, &left);
            hll_deinit(&shuffled);
            hll_deinit(&left);
            hll_deinit(&right);
        }
        BUFFER_AUTO bytes = encode(&straight);
        struct reader reader = reader_of(buffer_text(&bytes));
        assert_int_equal(hll_decode_coarse(&reader, &again), 0);
        assert_true(reader_done(&reader) && again.coarse);
        assert_same(&straight, &again);
        add_range(&straight, 3, n, n + 2000);
        add_range(&again, 3, n, n + 2000);
        assert_same(&straight, &again);
        hll_deinit(&straight);
        hll_deinit(&again);
    }
}

static void test_decoding_coarse_ones(void **state)
{
    static uint8_t bytes[2 + HLL_COARSE_REGISTERS];
    const struct text dense = {(const char *)bytes, 1 + HLL_COARSE_REGISTERS};
    struct hll hll = HLL_INIT;
    (void)state;

    struct reader reader = reader_of(dense);
    bytes[dense.size - 1] = 53; /* the greatest rank */
    assert_int_equal(hll_decode_coarse(&reader, &hll), 0);
    assert_true(reader_done(&reader));
    hll_deinit(&hll);
    reader = reader_of(dense);
    bytes[dense.size - 1] = 54;
    assert_int_equal(hll_decode_coarse(&reader, &hll), -EBADMSG);
    reader = reader_of((struct text){dense.data, dense.size - 1});
    assert_int_equal(hll_decode_coarse(&reader, &hll), -EBADMSG);

    bytes[0] = 0x82, bytes[1] = 0x08; /* HLL_COARSE_SPARSE_MAX entries, plus 1, and one too many */
    memset(bytes + 2, 1, HLL_COARSE_SPARSE_MAX + 1);
    reader = reader_of((struct text){(const char *)bytes, 2 + HLL_COARSE_SPARSE_MAX + 1});
    assert_int_equal(hll_decode_coarse(&reader, &hll), -EBADMSG);
    bytes[0]--;
    reader = reader_of((struct text){(const char *)bytes, 2 + HLL_COARSE_SPARSE_MAX});
    assert_int_equal(hll_decode_coarse(&reader, &hll), 0);
    assert_in_range(hll_count(&hll), HLL_COARSE_SPARSE_MAX, HLL_COARSE_SPARSE_MAX + 1);
    hll_deinit(&hll);
}

/* The quick way is the slow one for eight bytes. */
static void test_visitors_are_items(void **state)
{
    struct hll quick = HLL_INIT, slow = HLL_INIT;
    (void)state;

    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t number = i * 0x01000193;
        const uint8_t item[] = {
            0, 0, 1, 2, (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

        assert_int_equal(hll_add_visitor(&quick, hll_visitor(0x102, number)), 0);
        assert_int_equal(hll_add(&slow, item, sizeof item), 0);
    }
    assert_same(&quick, &slow);
    assert_int_equal(hll_count(&quick), 3000);
    assert_int_equal(hll_add_visitor(&slow, hll_visitor(0x103, 0)), 0); /* of another site */
    assert_int_equal(hll_count(&slow), 3001);
    hll_deinit(&quick);
    hll_deinit(&slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_stays_in_bounds),
        cmocka_unit_test(test_counts_beyond_what_can_be_added),
        cmocka_unit_test(test_sparse_becomes_dense_without_loss),
        cmocka_unit_test(test_ranks_survive_the_sparse_form),
        cmocka_unit_test(test_same_set_same_bytes),
        cmocka_unit_test(test_turn_depends_on_the_set_alone),
        cmocka_unit_test(test_decoding_what_was_encoded),
        cmocka_unit_test(test_small_sketches_take_few_bytes),
        cmocka_unit_test(test_decoding_anything),
        cmocka_unit_test(test_decoding_the_most_entries),
        cmocka_unit_test(test_decoding_registers),
        cmocka_unit_test(test_greater_rank_of_one_index_wins),
        cmocka_unit_test(test_coarse_error_stays_in_bounds),
        cmocka_unit_test(test_coarse_is_the_fine_one_folded),
        cmocka_unit_test(test_coarse_same_set_same_bytes),
        cmocka_unit_test(test_decoding_coarse_ones),
        cmocka_unit_test(test_visitors_are_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
