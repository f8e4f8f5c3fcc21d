/*
 *   list     every group that has something; its metrics, the number of its time
 *   sort     by the first order's value, which stands beside the row's number,
 *            and among equals by everything else, as far as the page goes
 *   page     rows, values, texts and characters in one block of memory
 */
#include "rows.h"
#include "crumb/base/error.h"
#include "measure.h"
#include "times.h"
#include <errno.h>
#include <stdlib.h>

#define CHOICE_LEAST 16
#define CHOICE_ROUNDS 64 /* then sorting more than is needed is quicker */

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))

/* A group, or (is_none) what stands for there being none. */
struct row {
    unsigned tally; /* of counts->rows */
    bool is_none;
    size_t group;
    int64_t time;
};

/* What is sorted: the first order's value, as a number that ascends. */
struct place {
    int64_t first;
    uint32_t row;
};

/* A range, and the visitors that all its shares are of: counted once, as that takes as long as some rows. */
struct side {
    const struct counts *counts;
    uint64_t total, all;
};

struct rows {
    const struct rows_question *question;
    const struct query *query;
    const struct counts *counts;
    struct side here, there; /* there: what is compared with */
    struct row *rows;
    int64_t *values; /* n_metrics a row */
    struct place *places;
    size_t n;
};

static void rows_deinit(struct rows *rows)
{
    free(rows->rows);
    free(rows->values);
    free(rows->places);
}

/* ---- dimensions ---- */

static struct text text_of_row(const struct rows *rows, const struct row *row, unsigned dimension)
{
    if (rows->query->dimensions[dimension].kind == QUERY_GOAL)
        return text_of(rows->counts->goals[row->tally]->name);
    return tally_text(rows->counts->rows[row->tally], row->group, counts_field(rows->query, dimension));
}

static int compare_texts(struct text a, struct text b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.data, b.data, size) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_dimension(const struct rows *rows, unsigned dimension, const struct row *a, const struct row *b)
{
    if (rows->query->dimensions[dimension].kind == QUERY_TIME)
        return (a->time > b->time) - (a->time < b->time);
    return compare_texts(text_of_row(rows, a, dimension), text_of_row(rows, b, dimension));
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

/* @named: the row of this side or of the other that has the same texts. */
static int measure_row(const struct rows *rows, const struct side *side, const struct row *row, const struct row *named,
                       int64_t *values)
{
    const struct query *query = rows->query;
    const struct counts *counts = side->counts;
    const struct tally *tally = counts->rows[row->tally];
    const char *currency = counts->goals ? counts->goals[row->tally]->currency : rows->question->currency;
    struct measures measures = {.has_revenue = currency != NULL, .total = side->total, .all = side->all};
    struct text texts[QUERY_DIMENSIONS_MAX];

    if (!row->is_none) {
        measures.figures = tally_figures(tally, row->group);
        measures.visitors = tally_visitors(tally, row->group);
    }
    for (unsigned i = 0; !named->is_none && i < counts->n_fields; i++)
        texts[i] = tally_text(rows->counts->rows[named->tally], named->group, i);
    if (!named->is_none || counts->n_fields == 0)
        measures.alike = counts_visitors(counts->alike, row->time, texts);
    if (asks_for(query, QUERY_COVERAGE)) {
        int r = find_coverage(rows, counts, row, &measures.coverage);
        if (r < 0)
            return error_trace(r);
    }
    for (unsigned i = 0; i < query->n_metrics; i++)
        values[i] = measure(query->metrics[i], &measures);
    return 0;
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
    rows->values = malloc(n * (query->n_metrics + 1) * sizeof *rows->values);
    rows->places = malloc(n * sizeof *rows->places);
    if (!rows->rows || !rows->values || !rows->places)
        return error_origin(-ENOMEM);
    for (unsigned i = 0; i < rows->counts->n_rows; i++)
        list_groups(rows, i);
    *ret_is_empty = rows->n == 0;
    if (rows->n == 0 && query->n_dimensions == 0)
        rows->rows[rows->n++] = (struct row){.is_none = true};
    for (size_t i = 0; i < rows->n; i++) {
        int r = measure_row(rows, &rows->here, &rows->rows[i], &rows->rows[i], rows->values + i * query->n_metrics);
        if (r < 0)
            return error_trace(r);
    }
    return 0;
}

/* ---- order ---- */

static int64_t first_value(const struct rows *rows, size_t row)
{
    const struct query_order *order = &rows->query->orders[0];
    int64_t value = 0;

    if (rows->query->n_orders == 0)
        return 0;
    if (order->by_metric)
        value = rows->values[row * rows->query->n_metrics + order->index];
    else if (rows->query->dimensions[order->index].kind == QUERY_TIME)
        value = rows->rows[row].time;
    return order->descending ? ~value : value; /* ~ turns the order around, and has no overflow */
}

static int compare_by(const struct rows *rows, const struct query_order *order, uint32_t a, uint32_t b)
{
    unsigned n_metrics = rows->query->n_metrics;

    if (!order->by_metric)
        return compare_dimension(rows, order->index, &rows->rows[a], &rows->rows[b]);
    int64_t value_a = rows->values[a * (size_t)n_metrics + order->index];
    int64_t value_b = rows->values[b * (size_t)n_metrics + order->index];
    return (value_a > value_b) - (value_a < value_b);
}

/* No two rows are equal: their dimensions, which are compared in the end, differ. */
static int compare_rows(const void *left, const void *right, void *context)
{
    const struct rows *rows = context;
    const struct query *query = rows->query;
    const struct place *a = left, *b = right;
    int result = (a->first > b->first) - (a->first < b->first);

    for (unsigned i = 0; result == 0 && i < query->n_orders; i++) {
        result = compare_by(rows, &query->orders[i], a->row, b->row);
        result = query->orders[i].descending ? -result : result;
    }
    for (unsigned i = 0; result == 0 && i < query->n_dimensions; i++)
        result = compare_dimension(rows, i, &rows->rows[a->row], &rows->rows[b->row]);
    return result;
}

static void swap(struct place *a, struct place *b)
{
    struct place place = *a;

    *a = *b;
    *b = place;
}

/* Puts what goes before the place in the middle in front of it; how many these are. */
static size_t part(struct rows *rows, struct place *places, size_t n)
{
    struct place *last = places + n - 1;
    size_t before = 0;

    swap(places + n / 2, last);
    for (struct place *place = places; place < last; place++)
        if (compare_rows(place, last, rows) < 0)
            swap(place, places + before++);
    swap(places + before, last);
    return before;
}

/*
 * Moves the first @n_wanted places, in any order, to the front of some that are
 * few more; how many these are.  Most rows of a long list are on no page.
 */
static size_t choose(struct rows *rows, size_t n_wanted)
{
    size_t low = 0, high = rows->n; /* the last that is wanted is in [low, high), which is in its place as a whole */

    for (unsigned round = 0; high - low > CHOICE_LEAST && round < CHOICE_ROUNDS && high > n_wanted; round++) {
        size_t pivot = low + part(rows, rows->places + low, high - low);

        if (pivot < n_wanted)
            low = pivot + 1;
        else
            high = pivot;
    }
    return high;
}

/* As far as the page goes. */
static void sort(struct rows *rows)
{
    size_t n_wanted = (size_t)rows->query->offset + rows->query->limit;

    for (size_t i = 0; i < rows->n; i++)
        rows->places[i] = (struct place){.first = first_value(rows, i), .row = (uint32_t)i};
    qsort_r(rows->places, choose(rows, n_wanted), sizeof *rows->places, compare_rows, rows);
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
        size += rows->query->dimensions[i].kind == QUERY_TIME ? TIMES_LABEL_BYTES : text_of_row(rows, row, i).size;
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
            struct text from = text_of_row(rows, row, i);

            if (from.size)
                memcpy(block->characters, from.data, from.size);
            text.size = from.size;
        }
        *block->texts++ = text;
        block->characters += text.size;
    }
}

static int put_row(struct block *block, const struct rows *rows, uint32_t number)
{
    const struct row *row = &rows->rows[number];
    unsigned n_metrics = rows->query->n_metrics;
    struct query_row *into = block->rows++;
    const struct counts *compared = rows->question->compared;

    *into = (struct query_row){.dimensions = block->texts, .metrics = block->values};
    memcpy(block->values, rows->values + number * (size_t)n_metrics, n_metrics * sizeof *block->values);
    block->values += n_metrics;
    put_texts(block, rows, row);
    if (!compared)
        return 0;
    struct row other = find_compared(rows, row);
    into->compared = block->values;
    block->values += n_metrics;
    return error_trace(measure_row(rows, &rows->there, &other, row, block->values - n_metrics));
}

static int page(const struct rows *rows, struct query_answer *answer)
{
    size_t first = rows->query->offset < rows->n ? rows->query->offset : rows->n;
    size_t n = rows->n - first < rows->query->limit ? rows->n - first : rows->query->limit;
    struct block block;
    FREE_AUTO char *memory = block_new(rows, first, n, &block);

    if (!memory)
        return error_origin(-ENOMEM);
    const struct query_row *begin = block.rows;
    for (size_t i = first; i < first + n; i++) {
        int r = put_row(&block, rows, rows->places[i].row);
        if (r < 0)
            return error_trace(r);
    }
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

    if (r < 0)
        return error_trace(r);
    sort(&rows);
    answer->is_empty = is_empty;
    return error_trace(page(&rows, answer));
}
