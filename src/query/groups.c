/*
 * Cells -> groups -> the page of rows that was asked for.
 *
 * A group's values stand in one array for all groups, its page's name in one
 * buffer; sorting moves only the small struct group.  An answer copies its page
 * into one block of memory: rows, values, texts, characters.
 */
#include "crumb/query/groups.h"
#include "crumb/base/error.h"
#include "crumb/query/range.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define GROUPS_FIRST 64

struct group {
    size_t number; /* its values begin at values[number * n_metrics] */
    size_t page_at, page_size;
    int32_t day;
};

struct groups groups_init(const struct query *query)
{
    return (struct groups){.query = query, .names = BUFFER_INIT(QUERY_GROUP_NAMES_BYTES_MAX)};
}

void groups_deinit(struct groups *groups)
{
    free(groups->groups);
    free(groups->values);
    buffer_deinit(&groups->names);
    *groups = groups_init(groups->query);
}

size_t groups_n(const struct groups *groups) { return groups->n_groups; }

static int reserve(struct groups *groups)
{
    if (groups->n_groups < groups->capacity)
        return 0;
    if (groups->n_groups >= QUERY_GROUPS_MAX)
        return GROUPS_E_FULL;
    size_t capacity = groups->capacity ? 2 * groups->capacity : GROUPS_FIRST;
    struct group *grown = realloc(groups->groups, capacity * sizeof *grown);
    if (!grown)
        return error_origin(-ENOMEM);
    groups->groups = grown;
    uint64_t *values = realloc(groups->values, capacity * groups->query->n_metrics * sizeof *values);
    if (!values)
        return error_origin(-ENOMEM);
    groups->values = values;
    groups->capacity = capacity;
    return 0;
}

/* @part * @scale / @whole, rounded half up; 0 of nothing. */
static uint64_t ratio(uint64_t part, uint64_t whole, uint64_t scale)
{
    /* Only a damaged rollup counts this far; its ratio need not be exact. */
    while (whole > UINT64_MAX / (4 * scale)) {
        whole >>= 1;
        part >>= 1;
    }
    if (whole == 0)
        return 0;
    return part / whole * scale + (part % whole * scale * 2 + whole) / (whole * 2);
}

static uint64_t compute(enum query_metric metric, struct cell *cell)
{
    switch (metric) {
    case QUERY_VISITORS:
        return hll_count(&cell->visitors);
    case QUERY_VISITS:
        return cell->visits;
    case QUERY_PAGEVIEWS:
        return cell->pageviews;
    case QUERY_VIEWS_PER_VISIT:
        return ratio(cell->entry_pageviews, cell->entries, 100);
    case QUERY_BOUNCE_RATE:
        return ratio(cell->bounces, cell->entries, 100 * 10);
    case QUERY_VISIT_DURATION:
        return ratio(cell->duration_ms, cell->entries * 1000, 1);
    case QUERY_METRIC_N:
        break;
    }
    assert(false);
    return 0;
}

int groups_add(struct groups *groups, int32_t day, struct cell *cell)
{
    const struct query *query = groups->query;
    int r = reserve(groups);

    if (r)
        return error_trace(r);
    struct group group = {
        .number = groups->n_groups, .day = day, .page_at = groups->names.size, .page_size = cell->value.size};
    buffer_put_text(&groups->names, cell->value);
    if (groups->names.fault == -EOVERFLOW)
        return GROUPS_E_FULL;
    if (groups->names.fault)
        return error_origin(groups->names.fault);
    for (unsigned i = 0; i < query->n_metrics; i++)
        groups->values[group.number * query->n_metrics + i] = compute(query->metrics[i], cell);
    groups->groups[groups->n_groups++] = group;
    return 0;
}

/* Order. */

static const uint64_t *values_of(const struct groups *groups, const struct group *group)
{
    return groups->values + group->number * groups->query->n_metrics;
}

static struct text page_of(const struct groups *groups, const struct group *group)
{
    return group->page_size ? (struct text){(const char *)groups->names.data + group->page_at, group->page_size}
                            : TEXT_NONE;
}

static int compare_dimension(const struct groups *groups, enum query_dimension dimension, const struct group *a,
                             const struct group *b)
{
    if (dimension == QUERY_TIME_DAY)
        return (a->day > b->day) - (a->day < b->day);
    return cells_order(page_of(groups, a), page_of(groups, b));
}

static int compare_metric(const struct groups *groups, unsigned index, const struct group *a, const struct group *b)
{
    uint64_t value_a = values_of(groups, a)[index], value_b = values_of(groups, b)[index];

    return (value_a > value_b) - (value_a < value_b);
}

/* No two groups are equal: their dimensions, which are compared in the end, differ. */
static int compare_groups(const void *left, const void *right, void *context)
{
    const struct groups *groups = context;
    const struct query *query = groups->query;
    const struct group *a = left, *b = right;

    for (unsigned i = 0; i < query->n_orders; i++) {
        const struct query_order *order = &query->orders[i];
        int result = order->by_metric ? compare_metric(groups, order->index, a, b)
                                      : compare_dimension(groups, query->dimensions[order->index], a, b);

        if (result)
            return order->descending ? -result : result;
    }
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        int result = compare_dimension(groups, query->dimensions[i], a, b);

        if (result)
            return result;
    }
    return 0;
}

/* The page. */

/* Where the parts of an answer's block of memory are filled next. */
struct block {
    struct query_row *rows;
    uint64_t *values;
    struct text *texts;
    char *characters;
};

static void *block_new(const struct query *query, const struct group *groups, size_t n_rows, struct block *ret_block)
{
    size_t rows_bytes = n_rows * sizeof(struct query_row);
    size_t values_bytes = n_rows * query->n_metrics * sizeof(uint64_t);
    size_t texts_bytes = n_rows * query->n_dimensions * sizeof(struct text);
    size_t characters = n_rows * RANGE_DATE_BYTES;

    for (size_t i = 0; i < n_rows; i++)
        characters += groups[i].page_size;
    char *memory = malloc(rows_bytes + values_bytes + texts_bytes + characters + 1);
    if (!memory)
        return NULL;
    ret_block->rows = (struct query_row *)(void *)memory;
    ret_block->values = (uint64_t *)(void *)(memory + rows_bytes);
    ret_block->texts = (struct text *)(void *)(memory + rows_bytes + values_bytes);
    ret_block->characters = memory + rows_bytes + values_bytes + texts_bytes;
    return memory;
}

static void block_add(struct block *block, const struct groups *groups, const struct group *group)
{
    const struct query *query = groups->query;
    struct text page = page_of(groups, group);

    *block->rows++ = (struct query_row){.dimensions = block->texts, .metrics = block->values};
    memcpy(block->values, values_of(groups, group), query->n_metrics * sizeof *block->values);
    block->values += query->n_metrics;
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        bool is_day = query->dimensions[i] == QUERY_TIME_DAY;
        struct text text = {block->characters, is_day ? RANGE_DATE_BYTES : page.size};

        if (is_day)
            range_write_date(group->day, block->characters);
        else if (page.size)
            memcpy(block->characters, page.data, page.size);
        *block->texts++ = text;
        block->characters += text.size;
    }
}

int groups_page(struct groups *groups, struct query_answer *answer)
{
    const struct query *query = groups->query;
    size_t n_total = groups->n_groups;
    size_t first = query->offset < n_total ? query->offset : n_total;
    size_t n_rows = query->limit < n_total - first ? query->limit : n_total - first;
    struct block block;

    if (n_total > 0)
        qsort_r(groups->groups, n_total, sizeof *groups->groups, compare_groups, groups);
    const struct group *page = n_rows ? groups->groups + first : NULL;
    void *memory = block_new(query, page, n_rows, &block);
    if (!memory)
        return error_origin(-ENOMEM);
    answer->rows = block.rows;
    for (size_t i = 0; i < n_rows; i++)
        block_add(&block, groups, &page[i]);
    answer->n_rows = n_rows;
    answer->n_total = n_total;
    answer->memory = memory;
    return 0;
}
