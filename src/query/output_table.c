/*
 * Answers as a table for people.  Cells are measured before any is written, so
 * the text of each is made twice and kept nowhere.
 */
#include "crumb/query/names.h"
#include "crumb/query/output.h"
#include "output_value.h"
#include <stdio.h>

#define COLUMNS_MAX (QUERY_DIMENSIONS_MAX + 2 * QUERY_METRICS_MAX)
#define BAR_EIGHTHS 80 /* ten characters */
#define CELL_BYTES_MAX (2 * QUERY_BODY_BYTES_MAX)

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

struct table_form {
    const struct query *query;
    unsigned n_columns; /* dimensions, then metrics, each with its change where there is a comparison */
    size_t widths[COLUMNS_MAX];
    int64_t most; /* of the first metric; 0: no bars */
};

static void put_header_cell(const struct table_form *form, unsigned column, struct buffer *cell)
{
    const struct query *query = form->query;
    unsigned number = column - query->n_dimensions;

    if (column < query->n_dimensions)
        names_put_dimension(&query->dimensions[column], cell);
    else if (query->comparison && number % 2)
        buffer_put_text(cell, TEXT("change"));
    else
        buffer_put_text(cell, text_of(names_metric(query->metrics[query->comparison ? number / 2 : number])));
}

static void put_cell(const struct table_form *form, const struct query_row *row, unsigned column, struct buffer *cell)
{
    const struct query *query = form->query;
    unsigned number = column - query->n_dimensions, i = query->comparison ? number / 2 : number;

    if (!row) {
        put_header_cell(form, column, cell);
    } else if (column < query->n_dimensions) {
        buffer_put_text(cell, row->dimensions[column]);
    } else {
        bool is_change = query->comparison && number % 2;
        struct output_value value = !is_change ? output_value_of(query->metrics[i], row->metrics[i])
                                    : row->compared
                                        ? output_value_change(query->metrics[i], row->metrics[i], row->compared[i])
                                        : (struct output_value){""};

        buffer_printf(cell, "%s%s", is_change && value.text[0] && value.text[0] != '-' ? "+" : "",
                      value.text[0] ? value.text : "-");
        if (is_change && value.text[0] && names_unit(query->metrics[i]) != NAMES_PERCENT)
            buffer_put_u8(cell, '%');
    }
}

/* The same, lent in @cell until the next; faults go on to @buffer. */
static struct text cell_of(const struct table_form *form, const struct query_row *row, unsigned column,
                           struct buffer *cell, struct buffer *buffer)
{
    buffer_clear(cell);
    put_cell(form, row, column, cell);
    if (cell->fault && !buffer->fault)
        buffer->fault = cell->fault;
    return buffer_text(cell);
}

/* ---- lines ---- */

/* A bar as long as @value is to the most, in eighths of a character; what is more than nothing has one at least. */
static void put_bar(const struct table_form *form, int64_t value, struct buffer *buffer)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int64_t most = form->most;

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

/* The header where there is no @row. @cell is memory for one cell at a time. */
static void put_line(const struct table_form *form, const struct query_row *row, struct buffer *cell,
                     struct buffer *buffer)
{
    for (unsigned i = 0; i < form->n_columns; i++) {
        bool is_name = i < form->query->n_dimensions;

        struct text text = cell_of(form, row, i, cell, buffer);
        size_t width = shown_width(text);
        size_t pad = form->widths[i] > width ? form->widths[i] - width : 0;

        put_spaces((i ? 2 : 0) + (is_name ? 0 : pad), buffer);
        put_shown(text, buffer);
        put_spaces(is_name ? pad : 0, buffer);
    }
    if (row && form->most > 0)
        put_bar(form, row->metrics[0], buffer);
    buffer_put_u8(buffer, '\n');
}

static void measure_line(struct table_form *form, const struct query_row *row, struct buffer *cell,
                         struct buffer *buffer)
{
    for (unsigned i = 0; i < form->n_columns; i++) {
        size_t width = shown_width(cell_of(form, row, i, cell, buffer));

        if (width > form->widths[i])
            form->widths[i] = width;
    }
}

void query_output_table(const struct query *query, const struct query_answer *answer, struct buffer *buffer)
{
    struct table_form form = {.query = query};
    BUFFER_AUTO cell = BUFFER_INIT(CELL_BYTES_MAX);

    form.n_columns = query->n_dimensions + query->n_metrics * (query->comparison ? 2 : 1);
    measure_line(&form, NULL, &cell, buffer);
    for (size_t i = 0; i < answer->n_rows; i++) {
        measure_line(&form, &answer->rows[i], &cell, buffer);
        if (answer->n_rows > 1 && answer->rows[i].metrics[0] > form.most)
            form.most = answer->rows[i].metrics[0];
    }
    put_line(&form, NULL, &cell, buffer);
    for (size_t i = 0; i < answer->n_rows; i++)
        put_line(&form, &answer->rows[i], &cell, buffer);
}
