/*
 *   list     every group that has something, and the number of its time
 *   order    rows_order.c: as far as the page goes
 *   page     the visitors of its rows, which take long to count; then rows,
 *            values, texts and characters in one block of memory
 */
#include "crumb/base/error.h"
#include "measure.h"
#include "rows_inside.h"
#include "times.h"
#include <errno.h>
#include <stdlib.h>

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))

static void rows_deinit(struct rows *rows)
{
    free(rows->rows);
    free(rows->values);
    free(rows->places);
}

/* ---- dimensions ---- */

struct text rows_text(const struct rows *rows, const struct row *row, unsigned dimension)
{
    if (rows->query->dimensions[dimension].kind == QUERY_GOAL)
        return text_of(rows->counts->goals[row->tally]->name);
    return tally_text(rows->counts->rows[row->tally], row->group, counts_field(rows->query, dimension));
}

/* ---- metrics ---- */

/* The same group over the other range. */
static struct row find_compared(const struct rows *rows, const struct row *row)
{
    const struct counts *counts = rows->counts, *compared = rows->question->compared;
    const struct tally *tally = counts->rows[row->tally];
    struct row found = {.tally = row->tally, .is_none = true};
    struct text texts[QUERY_DIMENSIONS_MAX];

    if (counts->by_time)
        found.time = row->time - times_of_instant(counts->unit, counts->site->zone, counts->days.from_ms) +
                     times_of_instant(counts->unit, counts->site->zone, compared->days.from_ms);
    for (unsigned i = 0; !row->is_none && i < counts->n_fields; i++)
        texts[i] = tally_text(tally, row->group, i);
    found.is_none = !tally_find(compared->rows[row->tally], found.time, texts, &found.group);
    return found;
}

static int find_coverage(const struct rows *rows, const struct counts *counts, const struct row *row,
                         struct query_coverage *ret_coverage)
{
    const struct query_source *source = rows->question->source;
    int64_t from_ms = counts->days.from_ms, to_ms = counts->days.to_ms;

    if (counts->by_time)
        times_instants(counts->unit, counts->site->zone, row->time, &counts->days, &from_ms, &to_ms);
    if (from_ms >= to_ms)
        return 0;
    return error_fold(source->coverage(source->context, from_ms, to_ms, ret_coverage));
}

static bool asks_for(const struct query *query, enum query_metric metric)
{
    for (unsigned i = 0; i < query->n_metrics; i++)
        if (query->metrics[i] == metric)
            return true;
    return false;
}

static struct side side_of(const struct counts *counts)
{
    if (!counts)
        return (struct side){.counts = NULL};
    return (struct side){.counts = counts,
                         .total = counts_visitors(counts->total, 0, NULL),
                         .all = counts_visitors(counts->all, 0, NULL)};
}

bool rows_of_visitors(enum query_metric metric)
{
    return metric == QUERY_VISITORS || metric == QUERY_PERCENTAGE || metric == QUERY_CONVERSION_RATE ||
           metric == QUERY_GROUP_CONVERSION_RATE;
}

/* Visitors of a row's group, and of the same one without filters on goals. */
static void count_visitors(const struct rows *rows, const struct counts *counts, const struct row *row,
                           const struct row *named, struct measures *measures)
{
    struct text texts[QUERY_DIMENSIONS_MAX];

    if (!row->is_none)
        measures->visitors = tally_visitors(counts->rows[row->tally], row->group);
    for (unsigned i = 0; !named->is_none && i < counts->n_fields; i++)
        texts[i] = tally_text(rows->counts->rows[named->tally], named->group, i);
    if (!named->is_none || counts->n_fields == 0)
        measures->alike = counts_visitors(counts->alike, row->time, texts);
}

/* The metrics of visitors, or all others. @named: the row of this side or of the other that has the same texts. */
static int measure_row(const struct rows *rows, const struct side *side, const struct row *row, const struct row *named,
                       bool of_visitors, int64_t *values)
{
    const struct query *query = rows->query;
    const struct counts *counts = side->counts;
    const struct tally *tally = counts->rows[row->tally];
    const char *currency = counts->goals ? counts->goals[row->tally]->currency : rows->question->currency;
    struct measures measures = {.has_revenue = currency != NULL, .total = side->total, .all = side->all};

    if (of_visitors)
        count_visitors(rows, counts, row, named, &measures);
    else if (!row->is_none)
        measures.figures = tally_figures(tally, row->group);
    if (!of_visitors && asks_for(query, QUERY_COVERAGE)) {
        int r = find_coverage(rows, counts, row, &measures.coverage);
        if (r < 0)
            return error_trace(r);
    }
    for (unsigned i = 0; i < query->n_metrics; i++)
        if (rows_of_visitors(query->metrics[i]) == of_visitors)
            values[i] = measure(query->metrics[i], &measures);
    return 0;
}

int rows_measure(const struct rows *rows, uint32_t number, bool of_visitors)
{
    const struct row *row = &rows->rows[number];
    int64_t *values = rows->values + number * (size_t)rows->query->n_metrics;

    return error_trace(measure_row(rows, &rows->here, row, row, of_visitors, values));
}

int rows_count_visitors(const struct rows *rows, size_t from, size_t to)
{
    FREE_AUTO uint32_t *groups = malloc((to - from + 1) * sizeof *groups);
    size_t n = 0;
    int r = 0;

    if (!groups)
        return error_origin(-ENOMEM);
    for (size_t i = from; i < to; i++) {
        const struct row *row = &rows->rows[rows->places[i].row];

        if (!row->is_counted && !row->is_none)
            groups[n++] = (uint32_t)row->group;
    }
    /* Only rollups leave something owed, and they answer where the rows are of one tally. */
    if (rows->counts->n_debts)
        r = counts_settle(rows->counts, rows->question->source, rows->counts->rows[0], groups, n);
    for (size_t i = from; r == 0 && i < to; i++) {
        struct row *row = &rows->rows[rows->places[i].row];

        r = row->is_counted ? 0 : rows_measure(rows, rows->places[i].row, true);
        row->is_counted = true;
    }
    return error_trace(r);
}

/* ---- the list ---- */

static size_t groups_of_all(const struct counts *counts)
{
    size_t n = 0;

    for (unsigned i = 0; i < counts->n_rows; i++)
        n += tally_n(counts->rows[i]);
    return n;
}

static void list_groups(struct rows *rows, unsigned tally)
{
    const struct tally *counted = rows->counts->rows[tally];

    for (size_t group = 0; group < tally_n(counted); group++) {
        struct figures figures = tally_figures(counted, group);

        if (figures.events || figures.visits)
            rows->rows[rows->n++] = (struct row){.tally = tally, .group = group, .time = tally_time(counted, group)};
    }
}

/* The total of nothing is a row, too. */
static int list(struct rows *rows, bool *ret_is_empty)
{
    const struct query *query = rows->query;
    size_t n = groups_of_all(rows->counts) + 1;

    rows->rows = malloc(n * sizeof *rows->rows);
    rows->values = calloc(n * (query->n_metrics + 1), sizeof *rows->values);
    rows->places = malloc(n * sizeof *rows->places);
    if (!rows->rows || !rows->values || !rows->places)
        return error_origin(-ENOMEM);
    for (unsigned i = 0; i < rows->counts->n_rows; i++)
        list_groups(rows, i);
    *ret_is_empty = rows->n == 0;
    if (rows->n == 0 && query->n_dimensions == 0)
        rows->rows[rows->n++] = (struct row){.is_none = true};
    return 0;
}

/* ---- the page ---- */

/* Where the parts of an answer's memory are filled next. */
struct block {
    struct query_row *rows;
    int64_t *values;
    struct text *texts;
    char *characters;
};

static size_t characters_of(const struct rows *rows, const struct row *row)
{
    size_t size = 0;

    for (unsigned i = 0; i < rows->query->n_dimensions; i++)
        size += rows->query->dimensions[i].kind == QUERY_TIME ? TIMES_LABEL_BYTES : rows_text(rows, row, i).size;
    return size;
}

static char *block_new(const struct rows *rows, size_t first, size_t n, struct block *ret_block)
{
    const struct query *query = rows->query;
    size_t rows_bytes = n * sizeof(struct query_row);
    size_t values_bytes = n * query->n_metrics * (rows->question->compared ? 2 : 1) * sizeof(int64_t);
    size_t texts_bytes = n * query->n_dimensions * sizeof(struct text);
    size_t characters = 0;

    for (size_t i = first; i < first + n; i++)
        characters += characters_of(rows, &rows->rows[rows->places[i].row]);
    char *memory = malloc(rows_bytes + values_bytes + texts_bytes + characters + 1);
    if (!memory)
        return NULL;
    ret_block->rows = (struct query_row *)(void *)memory;
    ret_block->values = (int64_t *)(void *)(memory + rows_bytes);
    ret_block->texts = (struct text *)(void *)(memory + rows_bytes + values_bytes);
    ret_block->characters = memory + rows_bytes + values_bytes + texts_bytes;
    return memory;
}

static void put_texts(struct block *block, const struct rows *rows, const struct row *row)
{
    for (unsigned i = 0; i < rows->query->n_dimensions; i++) {
        struct text text = {.data = block->characters, .size = 0};

        if (rows->query->dimensions[i].kind == QUERY_TIME) {
            text.size = times_label(rows->counts->unit, row->time, block->characters);
        } else {
            struct text from = rows_text(rows, row, i);

            if (from.size)
                memcpy(block->characters, from.data, from.size);
            text.size = from.size;
        }
        *block->texts++ = text;
        block->characters += text.size;
    }
}

static int put_row(struct block *block, const struct rows *rows, uint32_t number, const struct row *other)
{
    const struct row *row = &rows->rows[number];
    unsigned n_metrics = rows->query->n_metrics;
    struct query_row *into = block->rows++;

    *into = (struct query_row){.dimensions = block->texts, .metrics = block->values};
    memcpy(block->values, rows->values + number * (size_t)n_metrics, n_metrics * sizeof *block->values);
    block->values += n_metrics;
    put_texts(block, rows, row);
    if (!other)
        return 0;
    into->compared = block->values;
    block->values += n_metrics;
    int r = measure_row(rows, &rows->there, other, row, false, block->values - n_metrics);
    return r ? error_trace(r)
             : error_trace(measure_row(rows, &rows->there, other, row, true, block->values - n_metrics));
}

/* The rows that a page is compared with. NULL, and 0, where it is not. */
static int find_others(const struct rows *rows, size_t first, size_t n, struct row **ret_others)
{
    const struct counts *compared = rows->question->compared;
    FREE_AUTO uint32_t *groups = malloc((n + 1) * sizeof *groups);
    size_t n_groups = 0;

    if (!compared)
        return 0;
    struct row *others = *ret_others = malloc((n + 1) * sizeof *others);
    if (!groups || !others)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < n; i++) {
        others[i] = find_compared(rows, &rows->rows[rows->places[first + i].row]);
        if (!others[i].is_none)
            groups[n_groups++] = (uint32_t)others[i].group;
    }
    if (!compared->n_debts)
        return 0;
    return error_trace(counts_settle(compared, rows->question->source, compared->rows[0], groups, n_groups));
}

static int page(const struct rows *rows, struct query_answer *answer)
{
    size_t first = rows->query->offset < rows->n ? rows->query->offset : rows->n;
    size_t n = rows->n - first < rows->query->limit ? rows->n - first : rows->query->limit;
    struct block block;
    FREE_AUTO char *memory = block_new(rows, first, n, &block);
    FREE_AUTO struct row *others = NULL;

    if (!memory)
        return error_origin(-ENOMEM);
    const struct query_row *begin = block.rows;
    int r = rows_count_visitors(rows, first, first + n);
    r = r ? r : find_others(rows, first, n, &others);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = put_row(&block, rows, rows->places[first + i].row, others ? &others[i] : NULL);
    if (r < 0)
        return error_trace(r);
    answer->rows = begin;
    answer->n_rows = n;
    answer->n_total = rows->n;
    answer->memory = memory;
    memory = NULL;
    return 0;
}

int rows_make(const struct rows_question *question, struct query_answer *answer)
{
    __attribute__((cleanup(rows_deinit))) struct rows rows = {.question = question,
                                                              .query = question->counts->query,
                                                              .counts = question->counts,
                                                              .here = side_of(question->counts),
                                                              .there = side_of(question->compared)};
    bool is_empty = true;
    int r = list(&rows, &is_empty);

    r = r ? r : rows_order(&rows);
    if (r < 0)
        return error_trace(r);
    answer->is_empty = is_empty;
    return error_trace(page(&rows, answer));
}
