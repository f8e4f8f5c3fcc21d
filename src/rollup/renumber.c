/*
 * Counting goes down from visits and hits to the rows they refer to, and from
 * those rows, once each, to texts.  Then texts are ordered, so that rows can be
 * compared by the numbers of their texts, and the rows after them.
 *
 * Properties are no rows of their own right: they move with their set.
 */
#include "crumb/rollup/renumber.h"
#include "crumb/base/error.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))

/* Relations whose rows are referred to by visits and hits. */
static bool is_shared(enum relation relation) { return relation >= RELATION_PAGE && relation <= RELATION_SET; }

/* Row 0 stands for "none" and stays the first. */
static bool has_none(enum relation relation) { return relation == RELATION_ACT || relation == RELATION_SET; }

/* How often each text and each row of the shared relations is referred to. */
struct counts {
    uint32_t *rows[RELATION_N];
    uint32_t *texts;
    uint32_t *starts; /* of each set's properties */
};

static void counts_deinit(struct counts *counts)
{
    for (unsigned i = 0; i < RELATION_N; i++)
        free(counts->rows[i]);
    free(counts->texts);
    free(counts->starts);
}

static int counts_init(const struct table *table, struct counts *counts)
{
    bool good = true;

    for (unsigned i = 0; i < RELATION_N; i++)
        if (is_shared(i))
            good &= (counts->rows[i] = calloc((size_t)table->n[i] + 1, sizeof(uint32_t))) != NULL;
    good &= (counts->texts = calloc((size_t)table->texts.n + 1, sizeof(uint32_t))) != NULL;
    good &= (counts->starts = calloc((size_t)table->n[RELATION_SET] + 1, sizeof(uint32_t))) != NULL;
    return good ? 0 : error_origin(-ENOMEM);
}

static void count_column(const struct table *table, enum column column, uint32_t *counts)
{
    uint32_t n = table->n[table_relation(column)];

    for (uint32_t i = 0; i < n; i++)
        counts[table->columns[column][i]]++;
}

static void count_row_texts(const struct table *table, enum column column, const uint32_t *used, uint32_t *texts)
{
    uint32_t n = table->n[table_relation(column)];

    for (uint32_t i = 0; i < n; i++)
        texts[table->columns[column][i]] += used[i] != 0;
}

static void count_property_texts(const struct table *table, const struct counts *counts)
{
    for (uint32_t set = 0; set < table->n[RELATION_SET]; set++)
        for (uint32_t i = 0; counts->rows[RELATION_SET][set] && i < table->columns[COLUMN_SET_n_properties][set]; i++) {
            counts->texts[table->columns[COLUMN_PROPERTY_name][counts->starts[set] + i]]++;
            counts->texts[table->columns[COLUMN_PROPERTY_value][counts->starts[set] + i]]++;
        }
}

static void count(const struct table *table, struct counts *counts)
{
    uint32_t start = 0;

    for (uint32_t set = 0; set < table->n[RELATION_SET]; set++) {
        counts->starts[set] = start;
        start += table->columns[COLUMN_SET_n_properties][set];
    }
    for (unsigned column = 0; column < COLUMN_N; column++) {
        int refers = table_refers(column);

        if (table_relation(column) <= RELATION_HIT && refers != REFERS_NONE)
            count_column(table, column, refers == REFERS_TEXT ? counts->texts : counts->rows[refers]);
    }
    for (unsigned column = 0; column < COLUMN_N; column++)
        if (is_shared(table_relation(column)) && table_refers(column) == REFERS_TEXT)
            count_row_texts(table, column, counts->rows[table_relation(column)], counts->texts);
    count_property_texts(table, counts);
}

/* ---- an order of rows or texts ---- */

struct order {
    const struct table *table;
    const struct counts *counts;
    const uint32_t *used;   /* how often each is */
    enum relation relation; /* RELATION_N: texts */
};

static int compare_numbers(uint32_t a, uint32_t b) { return (a > b) - (a < b); }

static int compare_sets(const struct order *order, uint32_t a, uint32_t b)
{
    const uint32_t *sizes = order->table->columns[COLUMN_SET_n_properties];
    const uint32_t *names = order->table->columns[COLUMN_PROPERTY_name];
    const uint32_t *values = order->table->columns[COLUMN_PROPERTY_value];
    uint32_t at_a = order->counts->starts[a], at_b = order->counts->starts[b];
    int c = compare_numbers(sizes[a], sizes[b]);

    for (uint32_t i = 0; c == 0 && i < sizes[a]; i++) {
        c = compare_numbers(names[at_a + i], names[at_b + i]);
        c = c ? c : compare_numbers(values[at_a + i], values[at_b + i]);
    }
    return c;
}

static int compare_rows(const struct order *order, uint32_t a, uint32_t b)
{
    int c = 0;

    for (unsigned column = 0; c == 0 && column < COLUMN_N; column++)
        if (table_relation(column) == order->relation)
            c = compare_numbers(order->table->columns[column][a], order->table->columns[column][b]);
    return c;
}

static int compare_texts(const struct table *table, uint32_t a, uint32_t b)
{
    struct text left = table_text(table, a), right = table_text(table, b);
    size_t shared = left.size < right.size ? left.size : right.size;
    int c = shared ? memcmp(left.data, right.data, shared) : 0;

    return c ? c : (left.size > right.size) - (left.size < right.size);
}

static int compare(const void *left, const void *right, void *context)
{
    const struct order *order = context;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int c = compare_numbers(order->used[b], order->used[a]);

    if (c)
        return c;
    if (order->relation == RELATION_N)
        return compare_texts(order->table, a, b);
    return order->relation == RELATION_SET ? compare_sets(order, a, b) : compare_rows(order, a, b);
}

/*
 * The old numbers of those that are used, in their new order, and the new one
 * of each old.  @has_first: 0 stays, used or not.
 */
static int put_in_order(struct order *order, uint32_t n, bool has_first, uint32_t **ret_old, uint32_t **ret_new,
                        uint32_t *ret_n)
{
    uint32_t *old = malloc(((size_t)n + 1) * sizeof *old), *new = calloc((size_t)n + 1, sizeof *new), n_used = 0;

    if (!old || !new) {
        free(old);
        free(new);
        return error_origin(-ENOMEM);
    }
    for (uint32_t i = 0; i < n; i++)
        if (order->used[i] || (has_first && i == 0))
            old[n_used++] = i;
    qsort_r(old + has_first, n_used - (has_first && n_used), sizeof *old, compare, order);
    for (uint32_t i = 0; i < n_used; i++)
        new[old[i]] = i;
    *ret_old = old;
    *ret_new = new;
    *ret_n = n_used;
    return 0;
}

/* ---- moving ---- */

static void map_column(struct table *table, enum column column, const uint32_t *new)
{
    uint32_t n = table->n[table_relation(column)];

    for (uint32_t i = 0; i < n; i++)
        table->columns[column][i] = new[table->columns[column][i]];
}

static int pick_column(struct table *table, enum column column, const uint32_t *old, uint32_t n)
{
    uint32_t *picked = malloc(((size_t)n + 1) * sizeof *picked);

    if (!picked)
        return error_origin(-ENOMEM);
    for (uint32_t i = 0; i < n; i++)
        picked[i] = table->columns[column][old[i]];
    free(table->columns[column]);
    table->columns[column] = picked;
    return 0;
}

static int pick_texts(struct table *table, const uint32_t *old, uint32_t n)
{
    struct table_texts texts = {.n = n};
    uint32_t end = 0;

    for (uint32_t i = 0; i < n; i++)
        end += (uint32_t)table_text(table, old[i]).size;
    texts.ends = malloc(((size_t)n + 1) * sizeof *texts.ends);
    texts.bytes = malloc((size_t)end + 1);
    if (!texts.ends || !texts.bytes) {
        free(texts.ends);
        free(texts.bytes);
        return error_origin(-ENOMEM);
    }
    end = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct text text = table_text(table, old[i]);

        if (text.size)
            memcpy(texts.bytes + end, text.data, text.size);
        texts.ends[i] = end += (uint32_t)text.size;
    }
    free(table->texts.ends);
    free(table->texts.bytes);
    table->texts = texts;
    return 0;
}

static int renumber_texts(struct table *table, const struct counts *counts)
{
    struct order order = {.table = table, .counts = counts, .used = counts->texts, .relation = RELATION_N};
    FREE_AUTO uint32_t *old = NULL;
    FREE_AUTO uint32_t *new = NULL;
    uint32_t n;
    int r = put_in_order(&order, table->texts.n, true, &old, &new, &n);

    for (unsigned column = 0; r == 0 && column < COLUMN_N; column++)
        if (table_refers(column) == REFERS_TEXT)
            map_column(table, column, new);
    return error_trace(r ? r : pick_texts(table, old, n));
}

/* The properties behind each other in the new order of their sets. */
static int pick_properties(struct table *table, const struct counts *counts, const uint32_t *old_sets, uint32_t n_sets)
{
    const uint32_t *sizes = table->columns[COLUMN_SET_n_properties];
    FREE_AUTO uint32_t *old = malloc(((size_t)table->n[RELATION_PROPERTY] + 1) * sizeof *old);
    uint32_t n = 0;

    if (!old)
        return error_origin(-ENOMEM);
    for (uint32_t set = 0; set < n_sets; set++)
        for (uint32_t i = 0; i < sizes[old_sets[set]]; i++)
            old[n++] = counts->starts[old_sets[set]] + i;
    int r = pick_column(table, COLUMN_PROPERTY_name, old, n);
    r = r ? r : pick_column(table, COLUMN_PROPERTY_value, old, n);
    if (r == 0)
        table->n[RELATION_PROPERTY] = n;
    return error_trace(r);
}

static int renumber_rows(struct table *table, const struct counts *counts, enum relation relation)
{
    struct order order = {.table = table, .counts = counts, .used = counts->rows[relation], .relation = relation};
    FREE_AUTO uint32_t *old = NULL;
    FREE_AUTO uint32_t *new = NULL;
    uint32_t n;
    int r = put_in_order(&order, table->n[relation], has_none(relation), &old, &new, &n);

    if (r == 0 && relation == RELATION_SET)
        r = pick_properties(table, counts, old, n);
    for (unsigned column = 0; r == 0 && column < COLUMN_N; column++) {
        if (table_refers(column) == (int)relation)
            map_column(table, column, new);
        if (table_relation(column) == relation)
            r = pick_column(table, column, old, n);
    }
    if (r == 0)
        table->n[relation] = n;
    return error_trace(r);
}

int renumber_table(struct table *table)
{
    __attribute__((cleanup(counts_deinit))) struct counts counts = {.texts = NULL};
    int r = counts_init(table, &counts);

    if (r < 0)
        return error_trace(r);
    count(table, &counts);
    r = renumber_texts(table, &counts);
    for (unsigned relation = RELATION_PAGE; r == 0 && relation <= RELATION_SET; relation++)
        r = renumber_rows(table, &counts, relation);
    return error_trace(r);
}
