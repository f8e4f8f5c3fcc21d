/*
 * Answers as a table for people.
 */
#include "crumb/query/names.h"
#include "crumb/query/output.h"
#include "grid.h"
#include "output_value.h"

_Static_assert(QUERY_DIMENSIONS_MAX + 2 * QUERY_METRICS_MAX <= GRID_COLUMNS_MAX, "the columns of a query fit");

static void put_header(const struct query *query, struct grid *grid)
{
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        names_put_dimension(&query->dimensions[i], grid_begin(grid));
        grid_end(grid);
    }
    for (unsigned i = 0; i < query->n_metrics; i++) {
        grid_cell(grid, "%s", names_metric(query->metrics[i]));
        if (query->comparison)
            grid_cell(grid, "change");
    }
}

/* "+12.5%", or points of a share: "-3.1". */
static void put_change(enum query_metric metric, const struct query_row *row, unsigned i, struct grid *grid)
{
    struct output_value value = {""};

    if (row->compared)
        value = output_value_change(metric, row->metrics[i], row->compared[i]);
    if (!value.text[0])
        grid_cell(grid, "-");
    else
        grid_cell(grid, "%s%s%s", value.text[0] == '-' ? "" : "+", value.text,
                  names_unit(metric) == NAMES_PERCENT ? "" : "%");
}

static void put_row(const struct query *query, const struct query_row *row, struct grid *grid)
{
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        buffer_put_text(grid_begin(grid), row->dimensions[i]);
        grid_end(grid);
    }
    for (unsigned i = 0; i < query->n_metrics; i++) {
        struct output_value value = output_value_of(query->metrics[i], row->metrics[i]);

        grid_cell(grid, "%s", value.text[0] ? value.text : "-");
        if (query->comparison)
            put_change(query->metrics[i], row, i, grid);
    }
    grid_bar(grid, row->metrics[0]);
}

void query_output_table(const struct query *query, const struct query_answer *answer, struct buffer *buffer)
{
    unsigned n_metrics = query->n_metrics * (query->comparison ? 2 : 1);
    GRID_AUTO grid = grid_init(query->n_dimensions + n_metrics, query->n_dimensions);

    put_header(query, &grid);
    for (size_t i = 0; i < answer->n_rows; i++)
        put_row(query, &answer->rows[i], &grid);
    grid_put(&grid, buffer);
}
