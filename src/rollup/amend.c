/*
 *   walk       visits and amendments both ascend by visitor; what stays of
 *              visits and hits moves to the front of their columns
 *   find       the row or text that a changed visit refers to: one that is
 *              there, as no two are the same, else a new one at the end
 *   renumber   what nobody refers to any more goes, and numbers are canonical
 */
#include "crumb/rollup/amend.h"
#include "crumb/base/error.h"
#include "crumb/rollup/renumber.h"
#include <errno.h>
#include <stdlib.h>

#define TEXT_EMPTY 0
#define ACT_NONE 0
#define SET_NONE 0

/* One amendment as far as the scope goes. */
struct change {
    bool gone;
    unsigned cut;
    const struct amendment *corrected; /* NULL: nothing is */
};

static struct change change_of(const struct amendment *amendment, enum amend_scope scope)
{
    bool answers = scope == AMEND_ANSWER;
    bool corrected = amendment->has_country || amendment->has_language || amendment->has_device;

    /* What is not log has no time, and what has no time is not told. */
    return (struct change){.gone = amendment->erased || (answers && amendment->restricted) ||
                                   amendment->cut & CLASS_BIT(CLASS_LOG),
                           .cut = amendment->cut,
                           .corrected = answers && corrected ? amendment : NULL};
}

static bool has_effect(const struct change *change) { return change->gone || change->cut || change->corrected; }

/* The amendment of @visitor, from *at on, which it leaves there; NULL: none. */
static const struct amendment *find_amendment(const struct amendments *amendments, size_t *at, uint32_t visitor)
{
    while (*at < amendments->n && amendments->list[*at].number < visitor)
        ++*at;
    return *at < amendments->n && amendments->list[*at].number == visitor ? &amendments->list[*at] : NULL;
}

bool amend_concerns(const struct amendments *amendments, enum amend_scope scope, const uint32_t *visitors, uint32_t n)
{
    size_t at = 0;

    for (uint32_t i = 0; i < n && at < amendments->n; i++) {
        const struct amendment *amendment = find_amendment(amendments, &at, visitors[i]);
        struct change change = {.gone = false};

        if (amendment)
            change = change_of(amendment, scope);
        if (has_effect(&change))
            return true;
    }
    return false;
}

/* ---- rows and texts ---- */

static int find_text(struct table *table, struct text wanted, uint32_t *ret_number)
{
    for (uint32_t i = 0; i < table->texts.n; i++)
        if (text_equal(table_text(table, i), wanted)) {
            *ret_number = i;
            return 0;
        }
    struct table_texts *texts = &table->texts;
    uint32_t end = texts->n ? texts->ends[texts->n - 1] : 0;
    uint32_t *ends = reallocarray(texts->ends, (size_t)texts->n + 1, sizeof *ends);
    if (!ends)
        return error_origin(-ENOMEM);
    texts->ends = ends;
    char *bytes = realloc(texts->bytes, (size_t)end + wanted.size + 1);
    if (!bytes)
        return error_origin(-ENOMEM);
    texts->bytes = bytes;
    memcpy(bytes + end, wanted.data, wanted.size);
    *ret_number = texts->n;
    texts->ends[texts->n++] = end + (uint32_t)wanted.size;
    return 0;
}

#define FIRST_COLUMN(relation) (relation == RELATION_AGENT ? COLUMN_AGENT_device : COLUMN_PLACE_country)
#define AGENT_COLUMNS (COLUMN_AGENT_browser_version - COLUMN_AGENT_device + 1)
#define PLACE_COLUMNS (COLUMN_PLACE_city - COLUMN_PLACE_country + 1)
#define ROW_COLUMNS_MAX AGENT_COLUMNS
_Static_assert(AGENT_COLUMNS >= PLACE_COLUMNS, "a row of either fits");

static bool is_row(const struct table *table, unsigned first, unsigned n, uint32_t row, const uint32_t *wanted)
{
    for (unsigned i = 0; i < n; i++)
        if (table->columns[first + i][row] != wanted[i])
            return false;
    return true;
}

/* Of an agent or a place. */
static int find_row(struct table *table, enum relation relation, const uint32_t *wanted, uint32_t *ret_row)
{
    unsigned first = FIRST_COLUMN(relation), n = relation == RELATION_AGENT ? AGENT_COLUMNS : PLACE_COLUMNS;
    uint32_t n_rows = table->n[relation];

    for (uint32_t row = 0; row < n_rows; row++)
        if (is_row(table, first, n, row, wanted)) {
            *ret_row = row;
            return 0;
        }
    for (unsigned i = 0; i < n; i++) {
        uint32_t *column = reallocarray(table->columns[first + i], (size_t)n_rows + 2, sizeof *column);

        if (!column)
            return error_origin(-ENOMEM);
        column[n_rows] = wanted[i];
        table->columns[first + i] = column;
    }
    *ret_row = table->n[relation]++;
    return 0;
}

/* ---- visits ---- */

#define VISIT(table, column) ((table)->columns[COLUMN_VISIT_##column])
#define HIT(table, column) ((table)->columns[COLUMN_HIT_##column])

/* The table under way: what was read, and how much of it stays. */
struct walk {
    struct table *table;
    uint32_t hit; /* the first of the visit that is looked at */
    uint32_t n_visits, n_hits;
    uint32_t n_run_visits, n_run_hits; /* right before it, that stay as they are and were not moved yet */
};

static int correct_country(struct table *table, uint32_t visit, const char *country)
{
    uint32_t row[PLACE_COLUMNS] = {TEXT_EMPTY};
    int r = find_text(table, text_of(country), &row[0]);

    return r ? error_trace(r) : error_trace(find_row(table, RELATION_PLACE, row, &VISIT(table, place)[visit]));
}

static int correct_device(struct table *table, uint32_t visit, enum device device)
{
    uint32_t row[AGENT_COLUMNS];

    for (unsigned i = 0; i < AGENT_COLUMNS; i++)
        row[i] = table->columns[COLUMN_AGENT_device + i][VISIT(table, agent)[visit]];
    row[0] = device;
    return error_trace(find_row(table, RELATION_AGENT, row, &VISIT(table, agent)[visit]));
}

static int correct(struct table *table, uint32_t visit, const struct amendment *amendment)
{
    int r = 0;

    if (amendment->has_country)
        r = correct_country(table, visit, amendment->country);
    if (r == 0 && amendment->has_language)
        r = find_text(table, text_of(amendment->language), &VISIT(table, language)[visit]);
    if (r == 0 && amendment->has_device)
        r = correct_device(table, visit, amendment->device);
    return error_trace(r);
}

static int cut_device(struct table *table, uint32_t visit)
{
    static const uint32_t nothing[AGENT_COLUMNS] = {DEVICE_UNKNOWN};

    VISIT(table, language)[visit] = TEXT_EMPTY;
    VISIT(table, screen)[visit] = TEXT_EMPTY;
    return error_trace(find_row(table, RELATION_AGENT, nothing, &VISIT(table, agent)[visit]));
}

static void move_hit(struct table *table, uint32_t from, uint32_t to)
{
    for (unsigned column = 0; column < COLUMN_N; column++)
        if (table_relation(column) == RELATION_HIT)
            table->columns[column][to] = table->columns[column][from];
}

static void move_visit(struct table *table, uint32_t from, uint32_t to)
{
    for (unsigned column = 0; column < COLUMN_N; column++)
        if (table_relation(column) == RELATION_VISIT)
            table->columns[column][to] = table->columns[column][from];
}

/* Whole columns at a time: nearly all visits of a table are such. */
static void move_run(struct walk *walk, uint32_t visit)
{
    const uint32_t from[] = {visit - walk->n_run_visits, walk->hit - walk->n_run_hits};
    const uint32_t to[] = {walk->n_visits, walk->n_hits}, n[] = {walk->n_run_visits, walk->n_run_hits};
    _Static_assert(RELATION_VISIT == 0 && RELATION_HIT == 1, "their places in these");

    for (unsigned column = 0; column < COLUMN_N; column++) {
        enum relation relation = table_relation(column);
        uint32_t *numbers = walk->table->columns[column];

        if (relation <= RELATION_HIT && n[relation] && from[relation] != to[relation])
            memmove(numbers + to[relation], numbers + from[relation], n[relation] * sizeof *numbers);
    }
    walk->n_visits += walk->n_run_visits;
    walk->n_hits += walk->n_run_hits;
    walk->n_run_visits = walk->n_run_hits = 0;
}

/* The hits of a visit to their new place; how many. A hit that goes leaves its time to the next one. */
static uint32_t move_hits(struct walk *walk, uint32_t n, bool without_acts)
{
    struct table *table = walk->table;
    uint32_t first = walk->n_hits, left_s = 0;

    for (uint32_t hit = walk->hit; hit < walk->hit + n; hit++) {
        if (without_acts && HIT(table, act)[hit] != ACT_NONE) {
            left_s += HIT(table, after_s)[hit];
            continue;
        }
        move_hit(table, hit, walk->n_hits);
        HIT(table, after_s)[walk->n_hits] += left_s;
        left_s = 0;
        if (without_acts) {
            HIT(table, amount)[walk->n_hits] = TEXT_EMPTY;
            HIT(table, currency)[walk->n_hits] = TEXT_EMPTY;
            HIT(table, set)[walk->n_hits] = SET_NONE;
        }
        walk->n_hits++;
    }
    return walk->n_hits - first;
}

static int walk_visit(struct walk *walk, uint32_t visit, const struct change *change)
{
    struct table *table = walk->table;
    bool without_acts = change->cut & CLASS_BIT(CLASS_CLICKPATH);
    uint32_t n = VISIT(table, n_hits)[visit], to = walk->n_visits;
    int r = 0;

    if (change->gone)
        return 0;
    uint32_t n_left = move_hits(walk, n, without_acts);
    if (n && !n_left)
        return 0;
    move_visit(table, visit, to);
    walk->n_visits++;
    VISIT(table, n_hits)[to] = n_left;
    if (without_acts)
        VISIT(table, traced)[to] = 0;
    if (change->cut & CLASS_BIT(CLASS_DEVICE))
        r = cut_device(table, to);
    if (r == 0 && change->corrected)
        r = correct(table, to, change->corrected);
    return error_trace(r);
}

int amend_table(const struct amendments *amendments, enum amend_scope scope, struct table *table)
{
    uint32_t n_visits = table->n[RELATION_VISIT];
    struct walk walk = {.table = table};
    size_t at = 0;

    if (!amend_concerns(amendments, scope, VISIT(table, visitor), n_visits))
        return 0;
    for (uint32_t visit = 0; visit < n_visits; visit++) {
        const struct amendment *amendment = find_amendment(amendments, &at, VISIT(table, visitor)[visit]);
        struct change change = {.gone = false};
        uint32_t n = VISIT(table, n_hits)[visit];

        if (amendment)
            change = change_of(amendment, scope);
        if (n > table->n[RELATION_HIT] - walk.hit)
            return error_origin(-EBADMSG);
        if (has_effect(&change)) {
            move_run(&walk, visit);
            int r = walk_visit(&walk, visit, &change);
            if (r)
                return error_trace(r);
        } else {
            walk.n_run_visits++;
            walk.n_run_hits += n;
        }
        walk.hit += n;
    }
    move_run(&walk, n_visits);
    table->n[RELATION_VISIT] = walk.n_visits;
    table->n[RELATION_HIT] = walk.n_hits;
    return error_trace(renumber_table(table));
}
