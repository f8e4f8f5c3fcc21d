/*
 * Columns: every encoding is chosen where it should be, comes back as it was,
 * and no bytes harm the decoder.
 */
#include "check.h"
#include "crumb/rollup/column.h"
#include <errno.h>
#include <stdlib.h>

#define N 1000
#define BYTES_MAX (1 << 20)

enum encoding { CONSTANT, PACKED, PLANES, RUNS, ASCENDING };

static uint32_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static uint32_t same(size_t i, uint64_t *state) { return 4711; }
static uint32_t largest(size_t i, uint64_t *state) { return UINT32_MAX; }
static uint32_t uniform(size_t i, uint64_t *state) { return 100 + next(state) % 200; }
static uint32_t any(size_t i, uint64_t *state) { return next(state) << 1 | (next(state) & 1); }
static uint32_t bits(size_t i, uint64_t *state) { return next(state) >> 7 & 1; }
static uint32_t ends(size_t i, uint64_t *state) { return i % 2 ? UINT32_MAX : 0; }
static uint32_t skewed(size_t i, uint64_t *state)
{
    uint32_t value = next(state) % 1000;

    return value < 900 ? value % 3 : value;
}
static uint32_t runs(size_t i, uint64_t *state) { return (uint32_t)(i / 50 * 7 % 13); }
static uint32_t ascending(size_t i, uint64_t *state) { return 5 + (uint32_t)(i * 17 + (i & 3)); }
static uint32_t steep(size_t i, uint64_t *state) { return (uint32_t)(i * (UINT32_MAX / N)); }

static const struct row {
    const char *name;
    uint32_t (*value)(size_t i, uint64_t *state);
    size_t n;
    enum encoding encoding;
    size_t bytes_max;
} rows[] = {
    {"one value", same, N, CONSTANT, 3},
    {"the largest", largest, N, CONSTANT, 6},
    {"one number", uniform, 1, CONSTANT, 3},
    {"eight bits", uniform, N, PACKED, N + 8},
    {"32 bits", any, N, PACKED, 4 * N + 8},
    {"one bit", bits, N, PACKED, N / 8 + 8},
    {"the ends", ends, N, PLANES, N},
    {"two numbers", ends, 2, ASCENDING, 16},
    {"mostly three", skewed, N, PLANES, N * 5 / 6},
    {"runs", runs, N, RUNS, 40},
    {"ascending", ascending, N, ASCENDING, N},
    {"steep", steep, N, ASCENDING, 16},
    {"a number more than a byte of bits", bits, 9, PACKED, 8},
};

static void make(const struct row *row, uint32_t *values)
{
    uint64_t state = 1;

    for (size_t i = 0; i < row->n; i++)
        values[i] = row->value(i, &state);
}

static void test_each_encoding(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(BYTES_MAX);
        uint32_t values[N], back[N];

        make(&rows[i], values);
        column_encode(values, rows[i].n, &buffer);
        check_equal(rows[i].name, buffer.fault, 0);
        check_equal(rows[i].name, buffer.data[0], rows[i].encoding);
        check(rows[i].name, buffer.size <= rows[i].bytes_max);
        struct reader reader = reader_of(buffer_text(&buffer));
        check_equal(rows[i].name, column_decode(&reader, back, rows[i].n), 0);
        check(rows[i].name, reader_done(&reader));
        check(rows[i].name, memcmp(values, back, rows[i].n * sizeof *values) == 0);
    }
}

static void test_none(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(BYTES_MAX);
    struct reader reader = reader_of(TEXT_NONE);

    column_encode(NULL, 0, &buffer);
    assert_int_equal(buffer.size, 0);
    assert_int_equal(column_decode(&reader, NULL, 0), 0);
}

/* Each byte of each encoding missing, and changed in each bit. */
static void test_damaged(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(BYTES_MAX);
        uint32_t values[N], back[N];

        make(&rows[i], values);
        column_encode(values, rows[i].n, &buffer);
        for (size_t size = 0; size < buffer.size; size++) {
            struct reader reader = reader_of((struct text){(const char *)buffer.data, size});
            check_equal(rows[i].name, column_decode(&reader, back, rows[i].n), -EBADMSG);
        }
        for (size_t bit = 0; bit < 8 * buffer.size; bit++) {
            buffer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            struct reader reader = reader_of(buffer_text(&buffer));
            int r = column_decode(&reader, back, rows[i].n);
            check(rows[i].name, r == 0 || r == -EBADMSG);
            buffer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

/* What is whole in itself but says another number of values. */
static void test_counts(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[16];
        size_t size, n;
    } bad[] = {
        {"no such encoding", {5, 1}, 2, 1},
        {"a constant beyond 32 bits", {CONSTANT, 0x80, 0x80, 0x80, 0x80, 0x10}, 6, 1},
        {"no width", {PACKED, 0, 0}, 3, 2},
        {"too wide", {PACKED, 0, 33, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 12, 2},
        {"no planes", {PLANES, 0, 0}, 3, 2},
        {"five planes", {PLANES, 5, 0}, 3, 2},
        {"no runs", {RUNS, 0}, 2, 2},
        {"more runs than numbers", {RUNS, 3, CONSTANT, 1, CONSTANT, 0}, 6, 2},
        {"runs too short", {RUNS, 1, CONSTANT, 1, CONSTANT, 0}, 6, 2},
        {"runs too long", {RUNS, 2, CONSTANT, 1, CONSTANT, 1}, 6, 3},
        {"runs of runs", {RUNS, 1, RUNS, 1, CONSTANT, 1, CONSTANT, 0, CONSTANT, 0}, 10, 1},
        {"differences of differences", {ASCENDING, 1, ASCENDING, 1, CONSTANT, 1}, 6, 3},
        {"one number ascends", {ASCENDING, 1, CONSTANT, 1}, 4, 1},
        {"past the largest", {ASCENDING, 0xff, 0xff, 0xff, 0xff, 0x0f, CONSTANT, 1}, 8, 2},
    };
    uint32_t values[4];

    for (size_t i = 0; i < N_ROWS(bad); i++) {
        struct reader reader = reader_of((struct text){(const char *)bad[i].bytes, bad[i].size});
        check_equal(bad[i].name, column_decode(&reader, values, bad[i].n), -EBADMSG);
    }
}

static void test_full_buffer(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(1);
        uint32_t values[N];

        make(&rows[i], values);
        column_encode(values, rows[i].n, &buffer);
        check_equal(rows[i].name, buffer.fault, -EOVERFLOW);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_encoding), cmocka_unit_test(test_none),        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_counts),        cmocka_unit_test(test_full_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
