/*
 * Cells as a file: what is written is read, whatever else is there is refused,
 * and no allocation that fails leaks or crashes.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/rollup/cell.h"
#include "failing.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES_MAX (1 << 20)
#define N_VALUES (CELLS_FIRST_BLOCK + 5) /* two blocks */
#define DENSE 3
#define MOST 66

static char values[N_VALUES][8];

static void name_values(void)
{
    for (unsigned i = 1; i < N_VALUES; i++)
        snprintf(values[i], sizeof values[i], "/%02u", i);
}

static unsigned visitors_of(unsigned i) { return i == DENSE ? 5000 : i % 4; }
/* Two of them have as many. */
static uint64_t events_of(unsigned i) { return i == MOST ? 1ull << 40 : i < 2 ? 0 : i; }

static void make(bool coarse, bool has_sketches, struct cells *ret_cells)
{
    struct cells cells = {.cells = calloc(N_VALUES, sizeof *cells.cells), .n = N_VALUES, .has_sketches = has_sketches};

    assert_non_null(cells.cells);
    for (unsigned i = 0; i < N_VALUES; i++) {
        struct cell *cell = &cells.cells[i];

        cell->value = text_of(values[i]);
        cell->figures =
            (struct figures){.events = events_of(i), .views = i, .visits = 300 * i, .whole = 1, .scroll = UINT64_MAX};
        cell->sketch = coarse ? HLL_COARSE_INIT : HLL_INIT;
        for (uint32_t visitor = 0; visitor < visitors_of(i); visitor++)
            assert_int_equal(hll_add_visitor(&cell->sketch, hll_visitor(1, visitor)), 0);
        cell->visitors = hll_count(&cell->sketch);
    }
    *ret_cells = cells;
}

static void unmake(struct cells *cells)
{
    for (unsigned i = 0; i < N_VALUES; i++)
        hll_deinit(&cells->cells[i].sketch);
    cells_deinit(cells);
}

static void expect(const struct cells *got, const struct cells *wanted)
{
    assert_int_equal(got->n, wanted->n);
    for (size_t i = 0; i < got->n; i++) {
        const struct cell *a = &got->cells[i], *b = &wanted->cells[i];

        assert_true(text_equal(a->value, b->value));
        assert_memory_equal(&a->figures, &b->figures, sizeof a->figures);
        assert_int_equal(a->visitors, b->visitors);
        assert_int_equal(hll_count(&a->sketch), got->has_sketches ? b->visitors : 0);
    }
}

static const struct {
    const char *name;
    bool coarse, has_sketches;
    enum cells_sketches asked;
    bool gets_sketches;
} rows[] = {
    {"figures alone", true, false, CELLS_NO_SKETCHES, false},
    {"sketches that are not there", true, false, CELLS_COARSE, false},
    {"sketches that nobody asks for", true, true, CELLS_NO_SKETCHES, false},
    {"coarse sketches", true, true, CELLS_COARSE, true},
    {"fine sketches", false, true, CELLS_FINE, true},
};

static void test_round_trip(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX), again = BUFFER_INIT(FILE_BYTES_MAX);
        struct cells cells, read;

        make(rows[i].coarse, rows[i].has_sketches, &cells);
        cells_encode(&cells, &file);
        check_equal(rows[i].name, file.fault, 0);
        check_equal(rows[i].name, cells_decode(buffer_text(&file), rows[i].asked, &read), 0);
        check_equal(rows[i].name, read.has_sketches, rows[i].gets_sketches);
        expect(&read, &cells);
        check(rows[i].name, cells_bytes(&read) > N_VALUES * sizeof(struct cell));
        cells_encode(&read, &again);
        if (read.has_sketches == rows[i].has_sketches)
            check(rows[i].name, text_equal(buffer_text(&file), buffer_text(&again)));
        cells_deinit(&read);
        unmake(&cells);
    }
}

/* Ranks are by events, and a sketch is where its rank says. */
static void test_blocks(void **state)
{
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX);
    struct text parts[CELLS_PARTS_MAX];
    struct cells cells, figures, blocks[2];

    make(true, true, &cells);
    cells_encode(&cells, &file);
    assert_int_equal(cells_split(buffer_text(&file), parts), 3);
    assert_int_equal(parts[0].size + parts[1].size + parts[2].size, file.size);
    assert_int_equal(cells_decode(parts[0], CELLS_COARSE, &figures), 0);
    assert_false(figures.has_sketches);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(cells_decode_block(parts[1 + i], CELLS_COARSE, &blocks[i]), 0);
    assert_int_equal(blocks[0].n, CELLS_FIRST_BLOCK);
    assert_int_equal(blocks[1].n, N_VALUES - CELLS_FIRST_BLOCK);
    assert_int_equal(figures.cells[MOST].rank, 0);
    assert_int_equal(figures.cells[N_VALUES - 1].rank, 1);
    assert_int_equal(figures.cells[0].rank, N_VALUES - 2);
    assert_int_equal(figures.cells[1].rank, N_VALUES - 1);
    for (unsigned i = 0; i < N_VALUES; i++) {
        uint32_t rank = figures.cells[i].rank;
        unsigned part = cells_part(rank);

        assert_int_equal(part, rank < CELLS_FIRST_BLOCK ? 1 : 2);
        assert_int_equal(hll_count(&blocks[part - 1].cells[rank - cells_first(part)].sketch), cells.cells[i].visitors);
    }
    assert_int_equal(cells_decode(parts[1], CELLS_COARSE, &figures), -EBADMSG);
    assert_int_equal(cells_decode_block(parts[0], CELLS_COARSE, &figures), -EBADMSG);
    assert_int_equal(cells_decode_block(buffer_text(&file), CELLS_COARSE, &figures), -EBADMSG);
    cells_deinit(&figures);
    for (unsigned i = 0; i < 2; i++)
        cells_deinit(&blocks[i]);
    unmake(&cells);
}

static void test_parts(void **state)
{
    static const struct {
        uint32_t rank;
        unsigned part;
    } parts[] = {{0, 1}, {63, 1}, {64, 2}, {191, 2}, {192, 3}, {447, 3}, {448, 4}, {ROLLUP_CELLS_MAX - 1, 12}};

    for (size_t i = 0; i < N_ROWS(parts); i++) {
        assert_int_equal(cells_part(parts[i].rank), parts[i].part);
        assert_true(cells_first(parts[i].part) <= parts[i].rank);
        assert_true(cells_first(parts[i].part + 1) > parts[i].rank);
    }
}

static void test_no_cells(void **state)
{
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX);
    struct cells cells = {.has_sketches = true}, read;

    cells_encode(&cells, &file);
    assert_int_equal(cells_decode(buffer_text(&file), CELLS_FINE, &read), 0);
    assert_int_equal(read.n, 0);
    cells_deinit(&read);
}

/* No byte may be another one, and none may be missing or follow. */
static void test_damage(void **state)
{
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX);
    struct cells cells, read;

    make(true, true, &cells);
    cells_encode(&cells, &file);
    unmake(&cells);
    for (size_t i = 0; i < file.size; i++) {
        file.data[i] ^= 0x10;
        int r = cells_decode(buffer_text(&file), CELLS_COARSE, &read);
        assert_true(r == -EBADMSG || r == -EFBIG);
        file.data[i] ^= 0x10;
        if (i == 0)
            continue;
        struct text cut = {.data = (const char *)file.data, .size = i};
        r = cells_decode(cut, CELLS_COARSE, &read);
        if (r == 0) { /* cut behind its figures it is a file of them */
            assert_false(read.has_sketches);
            cells_deinit(&read);
        } else {
            assert_int_equal(r, -EBADMSG);
        }
    }
    buffer_put_u8(&file, 0);
    assert_int_equal(cells_decode(buffer_text(&file), CELLS_COARSE, &read), -EBADMSG);
}

static void test_no_memory(void **state)
{
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX);
    struct cells cells, read;
    long n = 0;
    int r = -ENOMEM;

    make(true, true, &cells);
    for (; r; n++) {
        buffer_clear(&file);
        n_until_failure = n;
        cells_encode(&cells, &file);
        n_until_failure = -1;
        r = file.fault;
        assert_true(r == 0 || r == -ENOMEM);
    }
    assert_true(n > 3);
    r = -ENOMEM;
    for (n = 0; r; n++) {
        n_until_failure = n;
        r = cells_decode(buffer_text(&file), CELLS_COARSE, &read);
        n_until_failure = -1;
        assert_true(r == 0 || r == -ENOMEM);
    }
    assert_true(n > 5);
    expect(&read, &cells);
    cells_deinit(&read);
    unmake(&cells);
}

static void test_bound(void **state)
{
    BUFFER_AUTO file = BUFFER_INIT(64);
    struct cells cells;

    make(true, true, &cells);
    cells_encode(&cells, &file);
    assert_int_equal(file.fault, -EOVERFLOW);
    unmake(&cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_no_cells), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_no_memory),  cmocka_unit_test(test_bound),    cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_parts),
    };

    name_values();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
