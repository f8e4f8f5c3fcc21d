/*
 * Cells are kept as they were put, and measured when all of them are there.
 */
#include "grid.h"
#include "crumb/base/limits.h"
#include "output_value.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BAR_EIGHTHS 80 /* ten characters */

/* ---- characters ---- */

/* Controls, and what makes a terminal show text in another order than it has (Unicode's bidirectional controls). */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* One character as a terminal may see it. */
struct shown {
    struct text text;
    size_t width; /* one a character; wide and combining ones are not told apart */
    char escape[16];
};

/* Takes one character off the front of @text; @shown lends it. */
static void take_shown(struct text *text, struct shown *shown)
{
    const char *start = text->data;
    uint32_t code;
    bool good = output_value_take(text, &code);

    if (good && !is_control(code) && code != '\\') {
        shown->text = (struct text){start, (size_t)(text->data - start)};
        shown->width = 1;
        return;
    }
    if (code == '\\')
        snprintf(shown->escape, sizeof shown->escape, "\\\\");
    else if (!good || code < 0x80)
        snprintf(shown->escape, sizeof shown->escape, "\\x%02x", (unsigned)code);
    else
        snprintf(shown->escape, sizeof shown->escape, "\\u{%04x}", (unsigned)code);
    shown->text = text_of(shown->escape);
    shown->width = shown->text.size;
}

static size_t shown_width(struct text text)
{
    struct shown shown;
    size_t width = 0;

    while (text.size > 0) {
        take_shown(&text, &shown);
        width += shown.width;
    }
    return width;
}

static void put_shown(struct text text, struct buffer *buffer)
{
    struct shown shown;

    while (text.size > 0) {
        take_shown(&text, &shown);
        buffer_put_text(buffer, shown.text);
    }
}

static void put_spaces(size_t n, struct buffer *buffer)
{
    uint8_t *at = n ? buffer_extend(buffer, n) : NULL;

    if (at)
        memset(at, ' ', n);
}

/* ---- cells ---- */

struct grid grid_init(unsigned n_columns, unsigned n_names)
{
    assert(n_columns <= GRID_COLUMNS_MAX);
    return (struct grid){.n_columns = n_columns,
                         .n_names = n_names,
                         .texts = BUFFER_INIT(QUERY_OUTPUT_BYTES_MAX),
                         .ends = BUFFER_INIT(QUERY_OUTPUT_BYTES_MAX),
                         .values = BUFFER_INIT(QUERY_OUTPUT_BYTES_MAX)};
}

void grid_deinit(struct grid *grid)
{
    buffer_deinit(&grid->texts);
    buffer_deinit(&grid->ends);
    buffer_deinit(&grid->values);
}

struct buffer *grid_begin(struct grid *grid) { return &grid->texts; }

void grid_end(struct grid *grid) { buffer_put(&grid->ends, &grid->texts.size, sizeof grid->texts.size); }

void grid_cell(struct grid *grid, const char *format, ...)
{
    char text[GRID_CELL_BYTES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buffer_put_text(&grid->texts, text_of(text));
    grid_end(grid);
}

void grid_bar(struct grid *grid, int64_t value) { buffer_put(&grid->values, &value, sizeof value); }

/* ---- lines ---- */

static size_t number_at(const struct buffer *numbers, size_t i)
{
    size_t number;

    memcpy(&number, numbers->data + i * sizeof number, sizeof number);
    return number;
}

static int64_t value_at(const struct grid *grid, size_t row)
{
    int64_t value;

    memcpy(&value, grid->values.data + row * sizeof value, sizeof value);
    return value;
}

static struct text cell_at(const struct grid *grid, size_t cell)
{
    size_t start = cell ? number_at(&grid->ends, cell - 1) : 0, end = number_at(&grid->ends, cell);

    return (struct text){.data = (const char *)grid->texts.data + start, .size = end - start};
}

/* A bar as long as @value is to the most, in eighths of a character; what is more than nothing has one at least. */
static void put_bar(int64_t most, int64_t value, struct buffer *buffer)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

    if (value <= 0)
        return;
    if (most > INT64_MAX / BAR_EIGHTHS) { /* a bar is no figure: small differences go */
        value /= BAR_EIGHTHS;
        most /= BAR_EIGHTHS;
    }
    int64_t eighths = value * BAR_EIGHTHS / most;
    if (eighths == 0)
        eighths = 1;
    put_spaces(2, buffer);
    for (; eighths >= 8; eighths -= 8)
        buffer_put_text(buffer, TEXT("█"));
    buffer_put_text(buffer, text_of(parts[eighths]));
}

static void put_line(const struct grid *grid, size_t row, const size_t *widths, struct buffer *buffer)
{
    for (unsigned i = 0; i < grid->n_columns; i++) {
        struct text text = cell_at(grid, row * grid->n_columns + i);
        size_t pad = widths[i] - shown_width(text);
        bool is_name = i < grid->n_names;

        put_spaces((i ? 2 : 0) + (is_name ? 0 : pad), buffer);
        put_shown(text, buffer);
        put_spaces(is_name ? pad : 0, buffer);
    }
}

static size_t measure(const struct grid *grid, size_t widths[GRID_COLUMNS_MAX])
{
    size_t n_cells = grid->ends.size / sizeof(size_t);

    for (size_t cell = 0; cell < n_cells; cell++) {
        size_t width = shown_width(cell_at(grid, cell)), column = cell % grid->n_columns;

        if (width > widths[column])
            widths[column] = width;
    }
    return n_cells / grid->n_columns;
}

static int64_t most_of(const struct grid *grid)
{
    size_t n = grid->values.size / sizeof(int64_t);
    int64_t most = 0;

    for (size_t row = 0; n > 1 && row < n; row++)
        if (value_at(grid, row) > most)
            most = value_at(grid, row);
    return most;
}

void grid_put(const struct grid *grid, struct buffer *buffer)
{
    size_t widths[GRID_COLUMNS_MAX] = {0};
    int fault = grid->texts.fault ? grid->texts.fault : grid->ends.fault ? grid->ends.fault : grid->values.fault;

    if (fault) {
        buffer->fault = buffer->fault ? buffer->fault : fault;
        return;
    }
    int64_t most = most_of(grid);
    size_t n_rows = measure(grid, widths), n_values = grid->values.size / sizeof(int64_t);
    for (size_t row = 0; row < n_rows; row++) {
        put_line(grid, row, widths, buffer);
        if (most > 0 && row > 0 && row <= n_values)
            put_bar(most, value_at(grid, row - 1), buffer);
        buffer_put_u8(buffer, '\n');
    }
}
