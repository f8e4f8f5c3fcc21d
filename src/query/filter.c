/*
 * Applying a filter.  Every node gives a mask; a node that joins others uses
 * the mask of its first child up.
 */
#include "crumb/base/error.h"
#include "crumb/query/goal.h"
#include "crumb/rollup/projection.h"
#include "filter_tree.h"
#include <errno.h>
#include <stdlib.h>

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))

uint64_t filter_columns(const struct filter *filter)
{
    uint64_t columns = COLUMN_BIT(COLUMN_VISIT_n_hits);

    for (size_t i = 0; i < filter->n_nodes; i++)
        if (filter_is_leaf(filter->nodes[i].kind))
            columns |= filter->nodes[i].is_of_goals ? goal_columns() : field_columns(filter->nodes[i].field);
    return columns;
}

bool filter_has_segments(const struct filter *filter) { return filter->has_segments; }
json_t *filter_request(const struct filter *filter) { return filter->request; }

bool filter_has_field(const struct filter *filter, enum field field)
{
    for (size_t i = 0; i < filter->n_nodes; i++) {
        const struct filter_node *node = &filter->nodes[i];

        if (filter_is_leaf(node->kind) && !node->is_of_goals && node->field == field)
            return true;
    }
    return false;
}

bool filter_is_of_hits(const struct filter *filter)
{
    for (size_t i = 0; i < filter->n_nodes; i++) {
        const struct filter_node *node = &filter->nodes[i];

        if (node->kind == FILTER_HAS_DONE)
            i += node->n_below; /* what is below is about other hits */
        else if (filter_is_leaf(node->kind) && (node->is_of_goals || field_is_of_hits(node->field)))
            return true;
    }
    return false;
}

/* ---- one text ---- */

bool filter_text_is(struct text text, struct text wanted, bool ignores_case)
{
    if (!ignores_case)
        return text_equal(text, wanted);
    return text.size == wanted.size && filter_same_letters(text, wanted);
}

bool filter_text_contains(struct text text, struct text part, bool ignores_case)
{
    if (!ignores_case)
        return part.size == 0 || memmem(text.data, text.size, part.data, part.size);
    for (size_t at = 0; at + part.size <= text.size; at++)
        if (filter_same_letters((struct text){.data = text.data + at, .size = part.size}, part))
            return true;
    return false;
}

/* ---- expressions ---- */

#define STEPS_FIRST 1000
#define STEPS_LEAST 10 /* what an expression costs that fails at once */

struct matcher {
    pcre2_match_data *match;
    pcre2_match_context *limits;
    uint64_t *n_steps; /* the filter's */
};

static void matcher_deinit(struct matcher *matcher)
{
    pcre2_match_data_free(matcher->match);
    pcre2_match_context_free(matcher->limits);
}

static int matcher_init(struct matcher *matcher, const struct filter *filter)
{
    matcher->match = pcre2_match_data_create(1, NULL);
    matcher->limits = pcre2_match_context_create(NULL);
    matcher->n_steps = filter->n_steps;
    if (!matcher->match || !matcher->limits)
        return error_origin(-ENOMEM);
    pcre2_set_depth_limit(matcher->limits, QUERY_MATCH_DEPTH_MAX);
    pcre2_set_heap_limit(matcher->limits, QUERY_MATCH_HEAP_KIB_MAX);
    return 0;
}

static bool is_spent(const struct matcher *matcher) { return *matcher->n_steps > QUERY_MATCH_STEPS_ALL_MAX; }

/*
 * Nobody tells how many steps an expression took, only that they were more than
 * a limit; so it is tried with ever higher ones, and those that it passed are
 * what it cost, to a power of ten.  Past the last it does not match.
 */
static bool matches(const struct matcher *matcher, const pcre2_code *pattern, struct text text)
{
    int r = PCRE2_ERROR_MATCHLIMIT;

    *matcher->n_steps += STEPS_LEAST;
    for (uint32_t limit = STEPS_FIRST; r == PCRE2_ERROR_MATCHLIMIT && limit <= QUERY_MATCH_STEPS_MAX; limit *= 10) {
        pcre2_set_match_limit(matcher->limits, limit);
        r = pcre2_match(pattern, (PCRE2_SPTR)text.data, text.size, 0, 0, matcher->match, matcher->limits);
        if (r < 0 && r != PCRE2_ERROR_NOMATCH)
            *matcher->n_steps += limit;
    }
    return r >= 0;
}
_Static_assert(QUERY_MATCH_STEPS_MAX % STEPS_FIRST == 0, "the last try is the limit");

static bool fits(const struct filter_node *node, unsigned clause, struct text text, const struct matcher *matcher)
{
    const struct filter_clause *wanted = &node->clauses[clause];

    switch (node->kind) {
    case FILTER_IS:
        return filter_text_is(text, wanted->text, node->ignores_case);
    case FILTER_CONTAINS:
        return filter_text_contains(text, wanted->text, node->ignores_case);
    default: /* FILTER_MATCHES */
        return !is_spent(matcher) && matches(matcher, wanted->pattern, text);
    }
}

static bool fits_any(const struct filter_node *node, struct text text, const struct matcher *matcher)
{
    for (unsigned i = 0; i < node->n_clauses; i++)
        if (fits(node, i, text, matcher))
            return true;
    return false;
}

/* ---- masks ---- */

static size_t rows_of(const struct table *table, bool of_hits)
{
    return table->n[of_hits ? RELATION_HIT : RELATION_VISIT];
}

static int mask_new(const struct table *table, bool of_hits, struct mask *ret_mask)
{
    uint8_t *passes = malloc(rows_of(table, of_hits) + 1);

    if (!passes)
        return error_origin(-ENOMEM);
    *ret_mask = (struct mask){.of_hits = of_hits, .passes = passes};
    return 0;
}

static int apply_goals(const struct filter_node *node, const struct table *table, struct mask *ret_mask)
{
    struct mask mask;
    int r = mask_new(table, true, &mask);

    if (r < 0)
        return error_trace(r);
    memset(mask.passes, 0, table->n[RELATION_HIT]);
    for (unsigned i = 0; r == 0 && i < node->n_goals; i++)
        r = goal_mark(node->goals[i], table, mask.passes);
    if (r < 0) {
        free(mask.passes);
        return error_trace(r);
    }
    *ret_mask = mask;
    return 0;
}

/*
 * Rows are decided when they are met: most texts of a dictionary are no language.
 * @wanted: a byte for each of the @n, 0 where nobody will look; NULL: all.
 */
static int decide(const struct filter_node *node, const struct projection *projection, const struct matcher *matcher,
                  const uint8_t *wanted, size_t n, uint8_t *passes)
{
    enum { NOT_YET = 2 };
    static const uint8_t always = 1;
    size_t step = wanted ? 1 : 0;
    FREE_AUTO uint8_t *row_fits = malloc((size_t)projection->n_rows + 1);

    if (!row_fits)
        return error_origin(-ENOMEM);
    memset(row_fits, NOT_YET, projection->n_rows);
    wanted = wanted ? wanted : &always;
    /* Without a branch that cannot be foreseen: hits that are wanted and not lie mixed. */
    for (size_t i = 0; i < n; i++) {
        uint32_t row = projection->rows[i];
        uint8_t is_wanted = wanted[i * step];

        if (row_fits[row] / NOT_YET & is_wanted)
            row_fits[row] = fits_any(node, projection->texts[row], matcher);
        passes[i] = row_fits[row] & is_wanted;
    }
    return is_spent(matcher) ? error_origin(-ETIME) : 0;
}

static int apply_field(const struct filter *filter, const struct filter_node *node, const struct table *table,
                       const uint8_t *wanted, struct mask *ret_mask)
{
    __attribute__((cleanup(projection_deinit))) struct projection projection = PROJECTION_INIT;
    __attribute__((cleanup(matcher_deinit))) struct matcher matcher = {.match = NULL};
    struct mask mask;
    int r = projection_make(table, node->field, node->property, &projection);

    r = r ? r : matcher_init(&matcher, filter);
    r = r ? r : mask_new(table, projection.of_hits, &mask);
    if (r < 0)
        return error_trace(r);
    r = decide(node, &projection, &matcher, wanted, rows_of(table, projection.of_hits), mask.passes);
    if (r < 0) {
        free(mask.passes);
        return error_trace(r);
    }
    *ret_mask = mask;
    return 0;
}

/* A visit's answer for each of its hits. */
static int spread(const struct table *table, struct mask *mask)
{
    const uint32_t *n_hits = table->columns[COLUMN_VISIT_n_hits];
    struct mask wide;
    size_t hit = 0;

    if (mask->of_hits)
        return 0;
    int r = mask_new(table, true, &wide);
    if (r < 0)
        return error_trace(r);
    for (uint32_t visit = 0; visit < table->n[RELATION_VISIT]; hit += n_hits[visit++])
        memset(wide.passes + hit, mask->passes[visit], n_hits[visit]);
    free(mask->passes);
    *mask = wide;
    return 0;
}

/* Whether any hit of the visit passes. */
static int gather_visits(const struct table *table, struct mask *mask)
{
    const uint32_t *n_hits = table->columns[COLUMN_VISIT_n_hits];
    struct mask narrow;
    size_t hit = 0;

    if (!mask->of_hits)
        return 0;
    int r = mask_new(table, false, &narrow);
    if (r < 0)
        return error_trace(r);
    for (uint32_t visit = 0; visit < table->n[RELATION_VISIT]; hit += n_hits[visit++])
        narrow.passes[visit] = n_hits[visit] && memchr(mask->passes + hit, 1, n_hits[visit]);
    free(mask->passes);
    *mask = narrow;
    return 0;
}

static int join(const struct table *table, enum filter_kind kind, struct mask *into, struct mask *with)
{
    int r = 0;

    if (into->of_hits != with->of_hits) {
        r = spread(table, into);
        r = r ? r : spread(table, with);
    }
    if (r < 0)
        return error_trace(r);
    size_t n = rows_of(table, into->of_hits);
    for (size_t i = 0; kind == FILTER_AND && i < n; i++)
        into->passes[i] &= with->passes[i];
    for (size_t i = 0; kind == FILTER_OR && i < n; i++)
        into->passes[i] |= with->passes[i];
    return 0;
}

static int mask_all(const struct table *table, struct mask *ret_mask)
{
    int r = mask_new(table, false, ret_mask);

    if (r == 0)
        memset(ret_mask->passes, 1, rows_of(table, false));
    return error_trace(r);
}

struct application {
    const struct filter *filter;
    const struct table *table;
    bool skips_goals; /* at the top */
};

/* @wanted as decide() has it, of a leaf's hits or visits. */
static int apply(const struct application *application, size_t at, const uint8_t *wanted, struct mask *ret_mask);

static bool is_skipped(const struct application *application, size_t parent, const struct filter_node *node)
{
    return application->skips_goals && parent == 0 && filter_is_leaf(node->kind) &&
           (node->is_of_goals || node->field == FIELD_PROPERTY);
}

static bool is_of_field(const struct filter_node *node) { return filter_is_leaf(node->kind) && !node->is_of_goals; }

/* What else must hold need not be asked where @mask says no already. */
static int narrow(const struct table *table, const struct filter_node *node, struct mask *mask,
                  const uint8_t **ret_wanted)
{
    bool of_hits = field_is_of_hits(node->field);
    int r = of_hits ? spread(table, mask) : 0;

    *ret_wanted = mask->of_hits == of_hits ? mask->passes : NULL;
    return error_trace(r);
}

/* @mask has none before the first child. */
static int apply_child(const struct application *application, size_t parent, size_t child, struct mask *mask)
{
    const struct filter_node *nodes = application->filter->nodes;
    const uint8_t *wanted = NULL;
    struct mask next;
    int r = 0;

    if (mask->passes && nodes[parent].kind == FILTER_AND && is_of_field(&nodes[child]))
        r = narrow(application->table, &nodes[child], mask, &wanted);
    r = r ? r : apply(application, child, wanted, &next);
    if (r < 0)
        return error_trace(r);
    if (!mask->passes) {
        *mask = next;
        return 0;
    }
    r = join(application->table, nodes[parent].kind, mask, &next);
    free(next.passes);
    return error_trace(r);
}

/* Visits are fewer than hits, and leave fewer hits to be asked. */
static bool comes_first(const struct filter_node *node) { return is_of_field(node) && !field_is_of_hits(node->field); }

static int apply_children(const struct application *application, size_t at, bool first, struct mask *mask)
{
    const struct filter_node *nodes = application->filter->nodes;
    int r = 0;

    for (size_t child = at + 1; r == 0 && child <= at + nodes[at].n_below; child += 1 + nodes[child].n_below)
        if (comes_first(&nodes[child]) == first && !is_skipped(application, at, &nodes[child]))
            r = apply_child(application, at, child, mask);
    return error_trace(r);
}

static int apply_all(const struct application *application, size_t at, struct mask *ret_mask)
{
    const struct filter_node *nodes = application->filter->nodes;
    struct mask mask = {.passes = NULL};
    int r = apply_children(application, at, true, &mask);

    r = r ? r : apply_children(application, at, false, &mask);
    if (r == 0 && !mask.passes)
        r = mask_all(application->table, &mask);
    if (r == 0 && nodes[at].kind == FILTER_HAS_DONE)
        r = gather_visits(application->table, &mask);
    if (r < 0) {
        free(mask.passes);
        return error_trace(r);
    }
    *ret_mask = mask;
    return 0;
}

static int apply_leaf(const struct filter *filter, const struct filter_node *node, const struct table *table,
                      const uint8_t *wanted, struct mask *ret_mask)
{
    return error_trace(node->is_of_goals ? apply_goals(node, table, ret_mask)
                                         : apply_field(filter, node, table, wanted, ret_mask));
}

/* The tree is QUERY_FILTER_DEPTH_MAX deep at most. */
static int apply(const struct application *application, size_t at, const uint8_t *wanted, struct mask *ret_mask)
{
    const struct filter_node *node = &application->filter->nodes[at];
    const struct table *table = application->table;
    int r = filter_is_leaf(node->kind) ? apply_leaf(application->filter, node, table, wanted, ret_mask)
                                       : apply_all(application, at, ret_mask);

    if (r < 0)
        return error_trace(r);
    if (node->negated) {
        size_t n = rows_of(table, ret_mask->of_hits);

        for (size_t i = 0; i < n; i++)
            ret_mask->passes[i] ^= 1;
    }
    return 0;
}

int filter_apply(const struct filter *filter, const struct table *table, struct mask *ret_mask)
{
    struct application application = {.filter = filter, .table = table};

    return error_trace(apply(&application, 0, NULL, ret_mask));
}

int filter_apply_without_goals(const struct filter *filter, const struct table *table, struct mask *ret_mask)
{
    struct application application = {.filter = filter, .table = table, .skips_goals = true};

    return error_trace(apply(&application, 0, NULL, ret_mask));
}

struct filter *filter_free(struct filter *filter)
{
    if (!filter)
        return NULL;
    for (size_t i = 0; i < filter->n_nodes; i++) {
        for (unsigned c = 0; c < filter->nodes[i].n_clauses; c++)
            pcre2_code_free(filter->nodes[i].clauses[c].pattern);
        free(filter->nodes[i].clauses);
        free(filter->nodes[i].goals);
    }
    json_decref(filter->request);
    free(filter->n_steps);
    free(filter);
    return NULL;
}
