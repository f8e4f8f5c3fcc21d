/*
 * Cells: adding up, the file form there and back, and files that are none.
 *
 * Linked with -Wl,--wrap=malloc.
 */
#include "crumb/base/limits.h"
#include "crumb/rollup/cell.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <xxhash.h>
#include <zlib.h>

#define FILE_BYTES_MAX (8u << 20)
#define COUNTS "\1\2\3\4\5\6" /* of one cell */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static size_t largest_malloc; /* bytes, since it was set to 0 */

/* Memory comes full of ones, so that a reader of what was never written finds an empty sketch in it. */
void *__wrap_malloc(size_t size)
{
    void *memory = __real_malloc(size);

    largest_malloc = size > largest_malloc ? size : largest_malloc;
    return memory ? memset(memory, 1, size) : NULL;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void add_visitors(struct hll *hll, uint64_t first, uint64_t n)
{
    for (uint64_t i = first; i < first + n; i++)
        assert_int_equal(hll_add(hll, &i, sizeof i), 0);
}

/* What the tests count in the cell of one value: all numbers follow from @weight. */
static void fill(struct cell *cell, uint64_t weight)
{
    cell->pageviews += weight;
    cell->visits += weight * 2;
    cell->entries += weight * 3;
    cell->bounces += weight * 5;
    cell->duration_ms += weight * 7 << 30;
    cell->entry_pageviews += weight * 11;
    add_visitors(&cell->visitors, weight % 50, weight % 90);
}

/* Cells with @values, which must be ascending, and what fill() gives for the @weights. */
static struct cells make_cells(const struct text *values, const uint64_t *weights, size_t n)
{
    struct cells cells = {.cells = calloc(n + 1, sizeof *cells.cells), .n_cells = n};

    for (size_t i = 0; i < n; i++) {
        cells.cells[i].value = values[i];
        fill(&cells.cells[i], weights[i]);
    }
    assert_int_equal(cells_own_values(&cells), 0);
    return cells;
}

/* @n pages, the first @n_dense of which have many visitors. */
static struct cells make_pages(size_t n, size_t n_dense)
{
    struct text *values = calloc(n + 1, sizeof *values);
    uint64_t *weights = calloc(n + 1, sizeof *weights);
    char(*names)[32] = calloc(n + 1, sizeof *names);

    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "/page/%06zu", i);
        values[i] = text_of(names[i]);
        weights[i] = 1 + i * i % 1000;
    }
    struct cells cells = make_cells(values, weights, n);
    for (size_t i = 0; i < n_dense; i++)
        add_visitors(&cells.cells[i].visitors, i, HLL_SPARSE_MAX + 1000);
    free(values);
    free(weights);
    free(names);
    return cells;
}

static void assert_same_sketch(struct hll *a, struct hll *b)
{
    BUFFER_AUTO left = BUFFER_INIT(FILE_BYTES_MAX);
    BUFFER_AUTO right = BUFFER_INIT(FILE_BYTES_MAX);

    hll_encode(a, &left);
    hll_encode(b, &right);
    assert_true(text_equal(buffer_text(&left), buffer_text(&right)));
}

static void assert_same_cells(struct cells *a, struct cells *b)
{
    assert_int_equal(a->n_cells, b->n_cells);
    for (size_t i = 0; i < a->n_cells; i++) {
        struct cell *left = &a->cells[i], *right = &b->cells[i];

        assert_true(text_equal(left->value, right->value));
        assert_int_equal(left->pageviews, right->pageviews);
        assert_int_equal(left->visits, right->visits);
        assert_int_equal(left->entries, right->entries);
        assert_int_equal(left->bounces, right->bounces);
        assert_int_equal(left->duration_ms, right->duration_ms);
        assert_int_equal(left->entry_pageviews, right->entry_pageviews);
        assert_same_sketch(&left->visitors, &right->visitors);
    }
}

static struct buffer encode(struct cells *cells)
{
    struct buffer file = BUFFER_INIT(FILE_BYTES_MAX);

    cells_encode(cells, &file);
    assert_int_equal(file.fault, 0);
    return file;
}

static void test_order(void **state)
{
    const struct text ascending[] = {TEXT(""),    TEXT("\0"), TEXT("/"),     TEXT("/a"),    TEXT("/a\0"), TEXT("/a/"),
                                     TEXT("/aa"), TEXT("/b"), TEXT("/\x7f"), TEXT("/\x80"), TEXT("/\xff")};
    const size_t n = sizeof ascending / sizeof *ascending;
    (void)state;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            int order = cells_order(ascending[i], ascending[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
}

static void test_there_and_back(void **state)
{
    static const struct row {
        size_t n_cells, n_dense;
    } rows[] = {{0, 0}, {1, 0}, {1, 1}, {3, 2}, {500, 0}, {500, 9}, {20000, 0}};
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cells cells = make_pages(rows[i].n_cells, rows[i].n_dense), again = CELLS_INIT;

        BUFFER_AUTO file = encode(&cells);
        assert_int_equal(cells_decode(buffer_text(&file), &again), 0);
        assert_same_cells(&cells, &again);
        BUFFER_AUTO file_again = encode(&again);
        assert_true(text_equal(buffer_text(&file), buffer_text(&file_again)));
        cells_deinit(&cells);
        cells_deinit(&again);
    }
}

static void test_values_and_counts_of_any_kind(void **state)
{
    const struct text values[] = {TEXT(""), TEXT("\0"), TEXT("/"), TEXT("/a"), TEXT("/a b"), TEXT("\xff\xff")};
    static const uint64_t weights[] = {0, 1, UINT64_MAX, 127, 128, UINT64_MAX / 3};
    struct cells cells = make_cells(values, weights, 6), again = CELLS_INIT;
    (void)state;

    BUFFER_AUTO file = encode(&cells);
    assert_int_equal(cells_decode(buffer_text(&file), &again), 0);
    assert_same_cells(&cells, &again);
    cells_deinit(&cells);
    cells_deinit(&again);
}

/* A page more, with up to 3 visitors and none in common, costs this much at most. */
static void test_small_cells_take_few_bytes(void **state)
{
    size_t sizes[2];
    (void)state;

    for (size_t more = 0; more < 2; more++) {
        struct cells cells = make_pages(1000 + more * 1000, 0);

        for (size_t i = 0; i < cells.n_cells; i++) {
            hll_deinit(&cells.cells[i].visitors);
            add_visitors(&cells.cells[i].visitors, 3 * i, 1 + i % 3);
        }
        BUFFER_AUTO file = encode(&cells);
        sizes[more] = file.size;
        cells_deinit(&cells);
    }
    assert_in_range(sizes[1] - sizes[0], 0, 1000 * 20);
}

/* Huffman codes alone pack registers tighter than the search for repeats does, which takes 6.2 KB for each of these. */
static void test_dense_sketches_are_packed(void **state)
{
    struct cells cells = make_pages(10, 0);
    (void)state;

    for (size_t i = 0; i < cells.n_cells; i++)
        add_visitors(&cells.cells[i].visitors, i << 32, 20000);
    BUFFER_AUTO file = encode(&cells);
    assert_in_range(file.size, 0, 10 * 5600);
    cells_deinit(&cells);
}

/* Each seed: random cells, merged one by one, against the same numbers counted into one set of cells. */
static void test_merge(void **state)
{
    const struct text values[] = {TEXT(""), TEXT("/"), TEXT("/a"), TEXT("/a/b"), TEXT("/aa"), TEXT("\xc3\xa4")};
    (void)state;

    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t random = seed, weights[6];
        struct cells merged = CELLS_INIT, expected = make_cells(values, (uint64_t[6]){0}, 6);
        bool met[6] = {false};

        for (unsigned part = 0; part < 5; part++) {
            struct text some[6];
            size_t n = 0;

            for (size_t i = 0; i < 6; i++) {
                if (next_random(&random) % 3)
                    continue;
                weights[n] = next_random(&random) % 1000;
                fill(&expected.cells[i], weights[n]);
                met[i] = true;
                some[n++] = values[i];
            }
            struct cells cells = make_cells(some, weights, n);
            assert_int_equal(cells_merge(&merged, &cells), 0);
            cells_deinit(&cells);
        }
        size_t n_met = 0;
        for (size_t i = 0; i < 6; i++) {
            if (met[i])
                expected.cells[n_met++] = expected.cells[i];
            else
                hll_deinit(&expected.cells[i].visitors);
        }
        expected.n_cells = n_met;
        assert_same_cells(&merged, &expected);
        cells_deinit(&merged);
        cells_deinit(&expected);
    }
}

static void test_faults_of_the_buffer(void **state)
{
    struct cells cells = make_pages(50, 1);
    struct text huge = {.data = "x", .size = ROLLUP_BYTES_MAX};
    BUFFER_AUTO whole = encode(&cells);
    (void)state;

    for (size_t max = 0; max < whole.size; max += 100) {
        BUFFER_AUTO file = BUFFER_INIT(max);
        cells_encode(&cells, &file);
        assert_int_equal(file.fault, -EOVERFLOW);
    }
    /* Behind other bytes the file is the same. */
    BUFFER_AUTO behind = BUFFER_INIT(FILE_BYTES_MAX);
    buffer_put_text(&behind, TEXT("before"));
    cells_encode(&cells, &behind);
    assert_true(text_equal(text_from(buffer_text(&behind), 6), buffer_text(&whole)));
    cells_deinit(&cells);

    /* More than a reader would inflate is not written. */
    struct cell cell = {.value = huge};
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX);
    cells_encode(&(struct cells){.cells = &cell, .n_cells = 1}, &file);
    assert_int_equal(file.fault, -EOVERFLOW);
}

static int decode(struct text bytes)
{
    struct cells cells = {.n_cells = 77};
    int r = cells_decode(bytes, &cells);

    if (r == 0)
        cells_deinit(&cells);
    else
        assert_int_equal(cells.n_cells, 77);
    return r;
}

static void test_any_damage_is_noticed(void **state)
{
    struct cells cells = make_pages(20, 0);
    BUFFER_AUTO file = encode(&cells);
    (void)state;

    for (size_t i = 0; i < file.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            file.data[i] ^= (uint8_t)(1u << bit);
            assert_int_equal(decode(buffer_text(&file)), -EBADMSG);
            file.data[i] ^= (uint8_t)(1u << bit);
        }
        assert_int_equal(decode((struct text){.data = (char *)file.data, .size = i}), -EBADMSG);
    }
    assert_int_equal(decode(buffer_text(&file)), 0);
    buffer_put_u8(&file, 0);
    assert_int_equal(decode(buffer_text(&file)), -EBADMSG);
    cells_deinit(&cells);
}

/* A file around @payload that is right but for what the other arguments say. */
struct forgery {
    const char *name;
    struct text payload;
    int expected;
    uint8_t version;     /* 0: the right one */
    uint32_t told_bytes; /* 0: the right number */
    bool garbage;        /* behind the zlib stream */
};

static struct buffer forge(const struct forgery *forgery)
{
    struct buffer file = BUFFER_INIT(FILE_BYTES_MAX);
    uLong size = compressBound(forgery->payload.size);
    uint8_t *stream = malloc(size);

    assert_int_equal(compress(stream, &size, (const Bytef *)forgery->payload.data, forgery->payload.size), Z_OK);
    buffer_put_text(&file, TEXT("roll"));
    buffer_put_u8(&file, forgery->version ? forgery->version : 1);
    buffer_put_u32(&file, forgery->told_bytes ? forgery->told_bytes : (uint32_t)forgery->payload.size);
    buffer_put(&file, stream, size);
    if (forgery->garbage)
        buffer_put_u8(&file, 0);
    buffer_put_u32(&file, (uint32_t)XXH3_64bits(file.data, file.size));
    free(stream);
    return file;
}

static void test_right_checksum_wrong_content(void **state)
{
    /* number of cells, sizes, values, columns of counts, forms, sketches */
    const struct forgery rows[] = {
        {.name = "no cell", .payload = TEXT("\0")},
        {.name = "one cell", .payload = TEXT("\1\1/" COUNTS "\0\1")},
        {.name = "two cells", .payload = TEXT("\2\1\2//a" COUNTS COUNTS "\0\0\1\1")},
        {.name = "another version", .payload = TEXT("\0"), .expected = -EBADMSG, .version = 2},
        {.name = "told to be larger", .payload = TEXT("\1\1/" COUNTS "\0"), .expected = -EBADMSG, .told_bytes = 11},
        {.name = "told to be smaller",
         .payload = TEXT("\1\1/" COUNTS "\0\1\0"),
         .expected = -EBADMSG,
         .told_bytes = 11},
        {.name = "told to be more than allowed",
         .payload = TEXT("\0"),
         .expected = -EFBIG,
         .told_bytes = ROLLUP_BYTES_MAX + 1},
        {.name = "told to be more than deflate can do",
         .payload = TEXT("\0"),
         .expected = -EBADMSG,
         .told_bytes = ROLLUP_BYTES_MAX},
        {.name = "garbage behind the stream", .payload = TEXT("\0"), .expected = -EBADMSG, .garbage = true},
        {.name = "nothing", .payload = TEXT(""), .expected = -EBADMSG},
        {.name = "garbage behind the cells", .payload = TEXT("\1\1/" COUNTS "\0\1\0"), .expected = -EBADMSG},
        {.name = "more cells than fit", .payload = TEXT("\2\1/" COUNTS "\0\1"), .expected = -EBADMSG},
        {.name = "far more cells than fit",
         .payload = TEXT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\1/" COUNTS "\0\1"),
         .expected = -EBADMSG},
        {.name = "a value longer than the file", .payload = TEXT("\1\x7f/" COUNTS "\0\1"), .expected = -EBADMSG},
        {.name = "values not ascending", .payload = TEXT("\2\2\1/a/" COUNTS COUNTS "\0\0\1\1"), .expected = -EBADMSG},
        {.name = "a value twice", .payload = TEXT("\2\1\1//" COUNTS COUNTS "\0\0\1\1"), .expected = -EBADMSG},
        {.name = "a form that is none, and no sketch", .payload = TEXT("\1\1/" COUNTS "\2"), .expected = -EBADMSG},
        {.name = "a form that is none", .payload = TEXT("\1\1/" COUNTS "\2\1"), .expected = -EBADMSG},
        {.name = "a form that the sketch has not", .payload = TEXT("\1\1/" COUNTS "\1\1"), .expected = -EBADMSG},
        {.name = "a sketch that is none", .payload = TEXT("\1\1/" COUNTS "\0\2"), .expected = -EBADMSG},
        {.name = "a bad sketch behind a good one",
         .payload = TEXT("\2\1\2//a" COUNTS COUNTS "\0\0\1\2"),
         .expected = -EBADMSG},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        BUFFER_AUTO file = forge(&rows[i]);
        int r = decode(buffer_text(&file));
        if (r != rows[i].expected)
            fail_msg("%s: %d", rows[i].name, r);
    }
}

/* 8 MiB of zeros in 8 KiB: no more is asked for than is told, and nothing that deflate cannot have packed. */
static void test_bomb(void **state)
{
    static char zeros[8 << 20];
    struct forgery bomb = {.payload = {.data = zeros, .size = sizeof zeros}};
    (void)state;

    BUFFER_AUTO honest = forge(&bomb);
    assert_int_equal(decode(buffer_text(&honest)), -EBADMSG); /* no cell, then garbage */
    bomb.told_bytes = 100;
    BUFFER_AUTO modest = forge(&bomb);
    largest_malloc = 0;
    assert_int_equal(decode(buffer_text(&modest)), -EBADMSG);
    assert_in_range(largest_malloc, 1, 100);

    bomb.told_bytes = ROLLUP_BYTES_MAX;
    BUFFER_AUTO boastful = forge(&bomb);
    largest_malloc = 0;
    assert_int_equal(decode(buffer_text(&boastful)), -EBADMSG);
    assert_int_equal(largest_malloc, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_values_and_counts_of_any_kind),
        cmocka_unit_test(test_small_cells_take_few_bytes),
        cmocka_unit_test(test_dense_sketches_are_packed),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_faults_of_the_buffer),
        cmocka_unit_test(test_any_damage_is_noticed),
        cmocka_unit_test(test_right_checksum_wrong_content),
        cmocka_unit_test(test_bomb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
