/*
 * One tally a field.  What visits viewed is found once a table and told to all of
 * them, as most fields are of visits.
 *
 * Sketches of a day are most of what a rollup would take, while its table is
 * small: a day keeps those of its totals alone, a month all.
 */
#include "crumb/rollup/summary.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <stdlib.h>

#define NEEDS (TALLY_VIEWS | TALLY_VISITORS | TALLY_WHOLE | TALLY_PAGES)

struct summary {
    uint32_t site;
    enum period_kind kind;
    struct tally_field fields[SUMMARY_FIELDS];
    struct tally *tallies[SUMMARY_FIELDS]; /* NULL: not ours, or too much */
};

uint8_t summary_number(enum field field) { return field == FIELD_N ? 0 : (uint8_t)(field + 1); }

bool summary_field(uint8_t number, enum field *ret_field)
{
    enum field field = number ? (enum field)(number - 1) : FIELD_N;

    if (number > FIELD_N || !summary_has(field))
        return false;
    *ret_field = field;
    return true;
}

enum cells_sketches summary_sketches(enum period_kind kind, enum field field)
{
    if (field == FIELD_N)
        return CELLS_FINE;
    return kind == PERIOD_DAY ? CELLS_NO_SKETCHES : CELLS_COARSE;
}

int summary_new(uint32_t site, enum period_kind kind, struct summary **ret_summary)
{
    struct summary *summary = calloc(1, sizeof *summary);
    int r = summary ? 0 : error_origin(-ENOMEM);

    for (unsigned i = 0; r == 0 && i < SUMMARY_FIELDS; i++) {
        struct tally_question question = {.fields = &summary->fields[i], .n_fields = i != FIELD_N, .needs = NEEDS};

        summary->fields[i].field = (enum field)i;
        if (summary_has((enum field)i))
            r = tally_new(&question, &summary->tallies[i]);
    }
    if (r < 0) {
        summary_free(summary);
        return error_trace(r);
    }
    summary->site = site;
    summary->kind = kind;
    *ret_summary = summary;
    return 0;
}

struct summary *summary_free(struct summary *summary)
{
    for (unsigned i = 0; summary && i < SUMMARY_FIELDS; i++)
        tally_free(summary->tallies[i]);
    free(summary);
    return NULL;
}

uint64_t summary_columns(const struct summary *summary)
{
    uint64_t columns = 0;

    for (unsigned i = 0; i < SUMMARY_FIELDS; i++)
        columns |= summary->tallies[i] ? tally_columns(tally_asked(summary->tallies[i]), false) : 0;
    return columns;
}

/* A tally that is full goes: its field has too many values. */
static int add_to(struct tally **tally, const struct tally_day *day)
{
    int r = *tally ? tally_add(*tally, day) : 0;

    if (r == TALLY_E_FULL || (r == 0 && *tally && tally_n(*tally) > ROLLUP_CELLS_MAX)) {
        *tally = tally_free(*tally);
        return 0;
    }
    return r;
}

int summary_add(struct summary *summary, const struct table *table)
{
    struct tally_viewed *viewed = NULL;
    int r = tally_view(table, &viewed);
    struct tally_day day = {.table = table, .site = summary->site, .to_s = UINT32_MAX, .viewed = viewed};

    for (unsigned i = 0; r == 0 && i < SUMMARY_FIELDS; i++)
        r = add_to(&summary->tallies[i], &day);
    free(viewed);
    return error_trace(r);
}

/* ---- cells ---- */

static int compare_cells(const void *left, const void *right)
{
    return cells_order(((const struct cell *)left)->value, ((const struct cell *)right)->value);
}

/* Their values and sketches are lent from the tally. */
static int make_cells(const struct tally *tally, struct cells *ret_cells)
{
    bool is_total = tally_asked(tally)->n_fields == 0;
    struct cells cells = {.cells = calloc(tally_n(tally) + 1, sizeof *cells.cells)};

    if (!cells.cells)
        return error_origin(-ENOMEM);
    for (size_t group = 0; group < tally_n(tally); group++) {
        struct figures figures = tally_figures(tally, group);

        if (figures.events || figures.visits)
            cells.cells[cells.n++] = (struct cell){.value = is_total ? TEXT_NONE : tally_text(tally, group, 0),
                                                   .figures = figures,
                                                   .visitors = tally_visitors(tally, group),
                                                   .sketch = *tally_sketch(tally, group)};
    }
    qsort(cells.cells, cells.n, sizeof *cells.cells, compare_cells);
    *ret_cells = cells;
    return 0;
}

int summary_encode(const struct summary *summary, enum field field, struct buffer *buffer)
{
    __attribute__((cleanup(cells_deinit))) struct cells cells = CELLS_INIT;
    const struct tally *tally = summary->tallies[field];
    int r = tally ? make_cells(tally, &cells) : 0;

    if (r < 0 || !tally)
        return error_trace(r);
    cells.has_sketches = summary_sketches(summary->kind, field) != CELLS_NO_SKETCHES;
    cells_encode(&cells, buffer);
    if (buffer->fault == -EOVERFLOW)
        buffer_clear(buffer);
    return buffer->fault ? error_origin(buffer->fault) : 0;
}

void rollups_init(struct rollups *rollups)
{
    for (unsigned i = 0; i < SUMMARY_FIELDS; i++)
        rollups->of[i] = BUFFER_INIT(ROLLUP_BYTES_MAX);
}

void rollups_deinit(struct rollups *rollups)
{
    for (unsigned i = 0; i < SUMMARY_FIELDS; i++)
        buffer_deinit(&rollups->of[i]);
}

int summary_encode_all(const struct summary *summary, struct rollups *rollups)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < SUMMARY_FIELDS; i++)
        r = summary_encode(summary, (enum field)i, &rollups->of[i]);
    return error_trace(r);
}
