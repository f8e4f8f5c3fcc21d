/*
 * Cells by the number of their visitors; the fold is a beginning of that list,
 * and what was told as "(other)" before.
 */
#include "crumb/rollup/fold.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <stdlib.h>

struct fold {
    const struct cells *cells;
    const struct cell **by_visitors; /* ascending */
    size_t n_folded;                 /* of that list */
    struct cell other;               /* its sketch is owned */
    bool has_other;
};

static int compare(const void *left, const void *right)
{
    const struct cell *a = *(const struct cell *const *)left, *b = *(const struct cell *const *)right;

    if (a->visitors != b->visitors)
        return a->visitors < b->visitors ? -1 : 1;
    return cells_order(a->value, b->value);
}

static void add_figures(struct figures *sum, const struct figures *more)
{
    sum->events += more->events;
    sum->views += more->views;
    sum->visits += more->visits;
    sum->whole += more->whole;
    sum->bounces += more->bounces;
    sum->duration_s += more->duration_s;
    sum->whole_views += more->whole_views;
    sum->viewing += more->viewing;
    sum->dwell_s += more->dwell_s;
    sum->scrolled += more->scrolled;
    sum->scroll += more->scroll;
}

static int add(struct fold *fold, const struct cell *cell)
{
    fold->has_other = true;
    add_figures(&fold->other.figures, &cell->figures);
    return error_trace(hll_merge(&fold->other.sketch, &cell->sketch));
}

/* "(other)" is in the fold in any case. Gives the others. */
static int sort(struct fold *fold, size_t *ret_n)
{
    size_t n = 0;
    int r = 0;

    fold->by_visitors = calloc(fold->cells->n + 1, sizeof(struct cell *));
    if (!fold->by_visitors)
        return error_origin(-ENOMEM);
    for (size_t i = 0; r == 0 && i < fold->cells->n; i++) {
        if (text_equal(fold->cells->cells[i].value, FOLD_OTHER))
            r = add(fold, &fold->cells->cells[i]);
        else
            fold->by_visitors[n++] = &fold->cells->cells[i];
    }
    qsort(fold->by_visitors, n, sizeof(struct cell *), compare);
    *ret_n = n;
    return error_trace(r);
}

static bool takes(const struct fold *fold, const struct cell *next, uint64_t below)
{
    return next->visitors < below || (fold->has_other && hll_count(&fold->other.sketch) < below);
}

static int compare_cells(const void *left, const void *right)
{
    return cells_order(((const struct cell *)left)->value, ((const struct cell *)right)->value);
}

/* In the order of values again. */
static int gather(const struct fold *fold, size_t n, struct cells *ret_cells)
{
    struct cells cells = {.cells = calloc(n + 1, sizeof *cells.cells)};

    if (!cells.cells)
        return error_origin(-ENOMEM);
    for (size_t i = fold->n_folded; i < n; i++)
        cells.cells[cells.n++] = *fold->by_visitors[i];
    if (fold->has_other)
        cells.cells[cells.n++] = fold->other;
    for (size_t i = 0; i < cells.n; i++)
        cells.cells[i].sketch = HLL_INIT;
    qsort(cells.cells, cells.n, sizeof *cells.cells, compare_cells);
    *ret_cells = cells;
    return 0;
}

int fold_cells(const struct cells *cells, uint64_t below, struct cells *ret_cells)
{
    struct fold fold = {.cells = cells, .other = {.value = FOLD_OTHER, .sketch = HLL_COARSE_INIT}};
    size_t n = 0;
    int r = cells->n && !cells->has_sketches ? error_origin(-EBADMSG) : sort(&fold, &n);

    while (r == 0 && fold.n_folded < n && takes(&fold, fold.by_visitors[fold.n_folded], below))
        r = add(&fold, fold.by_visitors[fold.n_folded++]);
    fold.other.visitors = hll_count(&fold.other.sketch);
    if (r == 0)
        r = gather(&fold, n, ret_cells);
    hll_deinit(&fold.other.sketch);
    free(fold.by_visitors);
    return error_trace(r);
}

int fold_totals(const struct cells *cells, struct cells *ret_cells)
{
    struct cells folded = {.n = cells->n, .has_sketches = cells->has_sketches && cells->n > 0};

    folded.cells = calloc(cells->n + 1, sizeof *folded.cells);
    if (!folded.cells)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < cells->n; i++) {
        folded.cells[i] = cells->cells[i];
        folded.has_sketches &= cells->cells[i].visitors >= RETENTION_SKETCH_VISITORS_MIN;
    }
    for (size_t i = 0; i < cells->n && !folded.has_sketches; i++)
        folded.cells[i].sketch = HLL_INIT;
    *ret_cells = folded;
    return 0;
}
