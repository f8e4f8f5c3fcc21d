/*
 * Cells as a file: what is written is read, whatever else is there is refused,
 * and no allocation that fails leaks or crashes.
 */
#include "check.h"
#include "crumb/rollup/cell.h"
#include "failing.h"
#include <errno.h>
#include <stdlib.h>

#define FILE_BYTES_MAX (1 << 20)
#define N_VALUES 5
static const char *const values[N_VALUES] = {"", "/", "/a", "/about", "/b"};
static const unsigned visitors[N_VALUES] = {0, 1, 3, 5000, 2}; /* one is dense */

static void make(bool coarse, bool has_sketches, struct cells *ret_cells)
{
    struct cells cells = {.cells = calloc(N_VALUES, sizeof *cells.cells), .n = N_VALUES, .has_sketches = has_sketches};

    assert_non_null(cells.cells);
    for (unsigned i = 0; i < N_VALUES; i++) {
        struct cell *cell = &cells.cells[i];

        cell->value = text_of(values[i]);
        cell->figures =
            (struct figures){.events = 1ull << 40, .views = i, .visits = 300 * i, .whole = 1, .scroll = UINT64_MAX};
        cell->sketch = coarse ? HLL_COARSE_INIT : HLL_INIT;
        for (uint32_t visitor = 0; visitor < visitors[i]; visitor++)
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
        if (r == 0) { /* cut between its parts it is a file of figures */
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
        cmocka_unit_test(test_no_memory),  cmocka_unit_test(test_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
