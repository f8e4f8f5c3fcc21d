/*
 * A table for people: columns of names, left, then of numbers, right, and a bar
 * behind each row that shows how it compares with the largest, where there are
 * several.
 *
 * The first row is the header.  A terminal obeys control characters, and a
 * page's name is what a stranger chose: they are shown as \x1b and \u{202e}, the
 * backslash as \\.  Pure; faults stay in the grid until grid_put().
 */
#pragma once

#include "crumb/base/buffer.h"

#define GRID_COLUMNS_MAX 64
#define GRID_CELL_BYTES_MAX 128 /* of grid_cell() */

struct grid {
    /* private */
    unsigned n_columns, n_names;
    struct buffer texts, ends, values;
};

#define GRID_AUTO __attribute__((cleanup(grid_deinit))) struct grid

struct grid grid_init(unsigned n_columns, unsigned n_names);
void grid_deinit(struct grid *grid);

/* Adds a cell, row by row: a number or short text ... */
void grid_cell(struct grid *grid, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* ... or what is put into the buffer until grid_end(). */
struct buffer *grid_begin(struct grid *grid);
void grid_end(struct grid *grid);

/* What the bar of the next row behind the header is to show. */
void grid_bar(struct grid *grid, int64_t value);

/* Appends the table. */
void grid_put(const struct grid *grid, struct buffer *buffer);
