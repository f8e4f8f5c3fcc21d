/*
 * Folding: which values are told together, how many visitors they have, and that
 * nothing of a sketch is left.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/rollup/fold.h"
#include "failing.h"
#include <errno.h>
#include <stdlib.h>

#define CELLS_MAX 6

/* A value, and its visitors, a letter each. */
struct given {
    const char *value, *visitors;
};

struct expected {
    const char *value;
    unsigned visitors, events; /* each visitor has ten events of a value */
};

static const struct {
    const char *name;
    uint64_t below;
    struct given given[CELLS_MAX];
    struct expected expected[CELLS_MAX];
} rows[] = {
    {"nothing", 5, {{0}}, {{0}}},
    {"all have enough", 3, {{"/", "abcd"}, {"/a", "abc"}}, {{"/", 4, 40}, {"/a", 3, 30}}},
    {"no folding at all", 1, {{"/", "abcd"}, {"/a", "a"}}, {{"/", 4, 40}, {"/a", 1, 10}}},
    {"one short of enough",
     3,
     {{"/", "abcd"}, {"/a", "abc"}, {"/b", "ab"}, {"/c", "ef"}},
     {{"(other)", 4, 40}, {"/", 4, 40}, {"/a", 3, 30}}},
    {"visitors of several values are counted once",
     3,
     {{"/", "abcd"}, {"/b", "ab"}, {"/c", "bc"}},
     {{"(other)", 3, 40}, {"/", 4, 40}}},
    {"one value alone would be the difference",
     3,
     {{"/", "abcdef"}, {"/a", "abcd"}, {"/b", "e"}},
     {{"(other)", 5, 50}, {"/", 6, 60}}},
    {"of two alike, the first in the order of values",
     3,
     {{"/", "abcd"}, {"/a", "abcd"}, {"/b", "e"}},
     {{"(other)", 5, 50}, {"/a", 4, 40}}},
    {"too few in all", 5, {{"/", "ab"}, {"/a", "abc"}}, {{"(other)", 3, 50}}},
    {"one value", 5, {{"/", "ab"}}, {{"(other)", 2, 20}}},
    {"the empty value", 3, {{"", "a"}, {"/", "bcd"}, {"/a", "cde"}}, {{"(other)", 4, 40}, {"/a", 3, 30}}},
    {"what was other before", 2, {{"(other)", "abc"}, {"/", "bcd"}, {"/a", "z"}}, {{"(other)", 4, 40}, {"/", 3, 30}}},
    {"what was other before, and too little",
     3,
     {{"(other)", "a"}, {"/", "bcd"}, {"/a", "bcdefg"}},
     {{"(other)", 4, 40}, {"/a", 6, 60}}},
    {"what was other before, and enough", 3, {{"(other)", "abc"}, {"/", "bcd"}}, {{"(other)", 3, 30}, {"/", 3, 30}}},
};

static void make(const struct given *given, struct cells *ret_cells)
{
    struct cells cells = {.cells = calloc(CELLS_MAX, sizeof *cells.cells), .has_sketches = true};

    assert_non_null(cells.cells);
    for (; cells.n < CELLS_MAX && given[cells.n].value; cells.n++) {
        struct cell *cell = &cells.cells[cells.n];
        uint64_t n = strlen(given[cells.n].visitors);

        *cell = (struct cell){.value = text_of(given[cells.n].value), .visitors = n, .sketch = HLL_COARSE_INIT};
        cell->figures =
            (struct figures){n * 10, n * 9, n * 8, n * 7, n * 6, n * 5, n * 4, n * 3, n * 2, n, n * 11, 0, 0};
        for (uint64_t i = 0; i < n; i++)
            assert_int_equal(hll_add_visitor(&cell->sketch, hll_visitor(1, (uint32_t)given[cells.n].visitors[i])), 0);
    }
    *ret_cells = cells;
}

static void unmake(struct cells *cells)
{
    for (size_t i = 0; i < cells->n; i++)
        hll_deinit(&cells->cells[i].sketch);
    cells_deinit(cells);
}

static void check_cell(const char *name, const struct cell *cell, const struct expected *expected)
{
    uint64_t n = expected->events / 10;

    check(name, text_equal(cell->value, text_of(expected->value)));
    check_equal(name, cell->visitors, expected->visitors);
    check_equal(name, cell->figures.events, n * 10);
    check_equal(name, cell->figures.views, n * 9);
    check_equal(name, cell->figures.visits, n * 8);
    check_equal(name, cell->figures.whole, n * 7);
    check_equal(name, cell->figures.bounces, n * 6);
    check_equal(name, cell->figures.duration_s, n * 5);
    check_equal(name, cell->figures.whole_views, n * 4);
    check_equal(name, cell->figures.viewing, n * 3);
    check_equal(name, cell->figures.dwell_s, n * 2);
    check_equal(name, cell->figures.scrolled, n);
    check_equal(name, cell->figures.scroll, n * 11);
    check(name, !cell->sketch.entries && !cell->sketch.registers);
}

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct cells cells, folded;
        size_t n = 0;

        make(rows[i].given, &cells);
        assert_int_equal(fold_cells(&cells, rows[i].below, &folded), 0);
        check_equal(rows[i].name, folded.has_sketches, 0);
        for (; n < CELLS_MAX && rows[i].expected[n].value; n++)
            if (n < folded.n)
                check_cell(rows[i].name, &folded.cells[n], &rows[i].expected[n]);
        check_equal(rows[i].name, folded.n, n);
        cells_deinit(&folded);
        unmake(&cells);
    }
}

/* Whoever has lost the sketches cannot say how many visitors "(other)" has. */
static void test_without_sketches(void **state)
{
    struct cells cells, folded;

    (void)state;
    make(rows[1].given, &cells);
    cells.has_sketches = false;
    assert_int_equal(fold_cells(&cells, 5, &folded), -EBADMSG);
    unmake(&cells);
}

static void test_totals(void **state)
{
    static const struct {
        const char *name;
        uint64_t visitors;
        bool keeps;
    } totals[] = {{"few", 3, false},
                  {"one short of many", RETENTION_SKETCH_VISITORS_MIN - 1, false},
                  {"many", RETENTION_SKETCH_VISITORS_MIN, true}};

    (void)state;
    for (size_t i = 0; i < N_ROWS(totals); i++) {
        static const struct given given[CELLS_MAX] = {{"", "abc"}};
        struct cells cells, folded;

        make(given, &cells);
        cells.cells[0].visitors = totals[i].visitors;
        assert_int_equal(fold_totals(&cells, &folded), 0);
        check_equal(totals[i].name, folded.n, 1);
        check_equal(totals[i].name, folded.has_sketches, totals[i].keeps);
        check_equal(totals[i].name, folded.cells[0].visitors, totals[i].visitors);
        check_equal(totals[i].name, folded.cells[0].figures.events, 30);
        check_equal(totals[i].name, hll_count(&folded.cells[0].sketch), totals[i].keeps ? 3 : 0);
        cells_deinit(&folded);
        unmake(&cells);
    }
}

static void test_memory(void **state)
{
    struct cells cells, folded;
    int r = -ENOMEM;

    (void)state;
    make(rows[3].given, &cells);
    for (long n = 0; r; n++) {
        n_until_failure = n;
        r = fold_cells(&cells, 3, &folded);
        n_until_failure = -1;
        assert_true(r == 0 || r == -ENOMEM);
        assert_true(n < 100);
    }
    cells_deinit(&folded);
    unmake(&cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_without_sketches),
                                       cmocka_unit_test(test_totals), cmocka_unit_test(test_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
