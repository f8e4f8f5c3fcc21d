/*
 * Collecting paths.  A table's pages get their numbers when they are first met;
 * from then on a visit is a short run of integers.  All that depends on which
 * pages are frequent is left to paths_answer.c, which sees each different path
 * once.
 */
#include "crumb/query/paths.h"
#include "crumb/base/error.h"
#include "paths_kept.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIRST_ROOM 64 /* numbers */

/* ---- making and freeing ---- */

/* The number of a page that was asked for by name. */
static int number_asked(struct paths *paths, struct text page, uint32_t *ret_number)
{
    uint32_t number;

    if (!page.data)
        return 0;
    int r = intern_number(&paths->pages, page, &number);
    if (r)
        return error_fold(r); /* two pages fit */
    *ret_number = number + 1;
    return 0;
}

int paths_new(const struct paths_question *question, struct paths **ret_paths)
{
    struct paths *paths = calloc(1, sizeof *paths);

    assert(question->n_steps >= 1 && question->n_steps <= PATHS_STEPS_MAX);
    assert(question->n_nodes >= 1 && question->n_nodes <= PATHS_NODES_MAX && question->n_paths <= PATHS_NODES_MAX);
    if (!paths)
        return error_origin(-ENOMEM);
    paths->question = *question;
    paths->pages = INTERN_INIT(PATHS_PAGES_MAX, PATHS_BYTES_MAX);
    paths->sequences = INTERN_INIT(PATHS_DIFFERENT_MAX, PATHS_BYTES_MAX);
    int r = number_asked(paths, question->start, &paths->start);
    r = r ? r : number_asked(paths, question->end, &paths->end);
    if (r < 0) {
        paths_free(paths);
        return error_trace(r);
    }
    *ret_paths = paths;
    return 0;
}

struct paths *paths_free(struct paths *paths)
{
    if (!paths)
        return NULL;
    intern_deinit(&paths->pages);
    intern_deinit(&paths->sequences);
    free(paths->visits);
    free(paths->dwell_s);
    free(paths);
    return NULL;
}

uint64_t paths_columns(const struct paths_question *question)
{
    return journeys_columns(question->filter) | COLUMN_BIT(COLUMN_HIT_page) | COLUMN_BIT(COLUMN_HIT_act) |
           COLUMN_BIT(COLUMN_HIT_dwell_s) | COLUMN_BIT(COLUMN_PAGE_path);
}

/* ---- one visit ---- */

struct step {
    uint32_t page;
    uint64_t dwell_s;
};

/* A table under way. */
struct walk {
    struct paths *paths;
    const struct table *table;
    uint32_t *numbers;  /* of each of its pages; 0: not met yet */
    struct step *steps; /* room for the longest visit */
};

static int number_page(struct walk *walk, uint32_t row)
{
    uint32_t path = walk->table->columns[COLUMN_PAGE_path][row], number;
    int r = intern_number(&walk->paths->pages, table_text(walk->table, path), &number);

    if (r)
        return r == INTERN_E_FULL ? PATHS_E_FULL : error_trace(r);
    walk->numbers[row] = number + 1;
    return 0;
}

/* The path so far is @n steps; gives how many it is with @next. */
static size_t append(struct step *steps, size_t n, struct step next, bool keeps_loops)
{
    if (n >= 1 && steps[n - 1].page == next.page) {
        steps[n - 1].dwell_s += next.dwell_s;
        return n;
    }
    if (!keeps_loops && n >= 3 && steps[n - 2].page == next.page && steps[n - 3].page == steps[n - 1].page) {
        steps[n - 3].dwell_s += steps[n - 1].dwell_s; /* A B A, and B again: A B, longer */
        steps[n - 2].dwell_s += next.dwell_s;
        return n - 1;
    }
    steps[n] = next;
    return n + 1;
}

/* One more than is asked for shows that the path goes on, unless a later step can change which ones are taken. */
static size_t steps_enough(const struct paths *paths)
{
    const struct paths_question *question = &paths->question;
    bool is_beginning = !question->backward && !paths->start && !paths->end;

    return is_beginning && question->keeps_loops ? question->n_steps + 1u : SIZE_MAX;
}

/* The hits [@from, @to) of a visit as steps, as far as they matter. */
static int read_steps(struct walk *walk, size_t from, size_t to, size_t *ret_n)
{
    const uint32_t *acts = walk->table->columns[COLUMN_HIT_act], *pages = walk->table->columns[COLUMN_HIT_page];
    const uint32_t *dwells = walk->table->columns[COLUMN_HIT_dwell_s], *numbers = walk->numbers;
    struct step *steps = walk->steps;
    bool keeps_loops = walk->paths->question.keeps_loops;
    size_t n = 0, n_enough = steps_enough(walk->paths);

    for (size_t hit = from; hit < to && n < n_enough; hit++) {
        if (acts[hit])
            continue;
        int r = numbers[pages[hit]] ? 0 : number_page(walk, pages[hit]);
        if (r)
            return r;
        struct step step = {.page = numbers[pages[hit]], .dwell_s = dwells[hit]};
        n = append(steps, n, step, keeps_loops);
    }
    *ret_n = n;
    return 0;
}

static void reverse(struct step *steps, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct step step = steps[i];

        steps[i] = steps[n - 1 - i];
        steps[n - 1 - i] = step;
    }
}

static size_t find_page(const struct step *steps, size_t from, size_t n, uint32_t page)
{
    while (from < n && steps[from].page != page)
        from++;
    return from;
}

/* Cuts @steps, which are in the asked direction, to [*begin, *end). False: the visit has no such path. */
static bool cut(const struct paths *paths, const struct step *steps, size_t n, size_t *ret_begin, size_t *ret_end)
{
    uint32_t first = paths->question.backward ? paths->end : paths->start;
    uint32_t last = paths->question.backward ? paths->start : paths->end;
    size_t begin = first ? find_page(steps, 0, n, first) : 0;
    size_t end = last ? find_page(steps, begin + (first != 0), n, last) + 1 : n;

    if (begin >= n || end > n)
        return false;
    *ret_begin = begin;
    *ret_end = end;
    return true;
}

/* ---- what is kept ---- */

/* Gives @memory room for @n numbers at least, the new ones 0. */
static int grow(uint64_t **memory, size_t *room, size_t n)
{
    size_t wanted = *room ? *room : FIRST_ROOM;

    if (n <= *room)
        return 0;
    while (wanted < n)
        wanted *= 2;
    uint64_t *more = realloc(*memory, wanted * sizeof *more);
    if (!more)
        return error_origin(-ENOMEM);
    memset(more + *room, 0, (wanted - *room) * sizeof *more);
    *memory = more;
    *room = wanted;
    return 0;
}

static int keep_dwells(struct paths *paths, const struct step *steps, unsigned n)
{
    unsigned n_steps = paths->question.n_steps;
    int r = grow(&paths->dwell_s, &paths->dwell_room, (intern_n(&paths->pages) + 1) * n_steps);

    if (r < 0)
        return error_trace(r);
    for (unsigned i = 0; i < n; i++)
        paths->dwell_s[(size_t)steps[i].page * n_steps + i] += steps[i].dwell_s;
    return 0;
}

/* Counts the path that has waited longest. */
static int count_pending(struct paths *paths)
{
    const struct paths_pending *pending = &paths->pending[paths->n_counted++ % PATHS_PENDING];
    struct text bytes = {.data = (const char *)pending->pages, .size = pending->n * sizeof pending->pages[0]};
    uint32_t number;
    int r = intern_number_hashed(&paths->sequences, bytes, pending->hash, &number);

    if (r)
        return r == INTERN_E_FULL ? PATHS_E_FULL : error_trace(r);
    r = grow(&paths->visits, &paths->visits_room, (size_t)number + 1);
    if (r < 0)
        return error_trace(r);
    paths->visits[number]++;
    return 0;
}

static int count_all_pending(struct paths *paths)
{
    int r = 0;

    while (r == 0 && paths->n_counted < paths->n_came)
        r = count_pending(paths);
    return r;
}

/* There are many different paths, so each one's place is far from the last one's: they wait until it has come. */
static int keep(struct paths *paths, const struct step *steps, size_t n, bool ended)
{
    unsigned n_told = n < paths->question.n_steps ? (unsigned)n : paths->question.n_steps;
    int r = paths->n_came - paths->n_counted == PATHS_PENDING ? count_pending(paths) : 0;

    if (r)
        return r;
    struct paths_pending *pending = &paths->pending[paths->n_came++ % PATHS_PENDING];
    for (unsigned i = 0; i < n_told; i++)
        pending->pages[i] = steps[i].page;
    pending->n = n_told;
    if (ended && n == n_told)
        pending->pages[pending->n++] = PATHS_ENDED;
    pending->hash =
        intern_hash((struct text){.data = (const char *)pending->pages, .size = pending->n * sizeof pending->pages[0]});
    intern_fetch(&paths->sequences, pending->hash);
    paths->n_visits++;
    return error_trace(keep_dwells(paths, steps, n_told));
}

/* ---- tables ---- */

static int walk_visit(void *context, uint32_t visit, size_t from, size_t to)
{
    struct walk *walk = context;
    struct paths *paths = walk->paths;
    bool reaches = (paths->question.backward ? paths->start : paths->end) != 0;
    size_t n, begin, end;
    int r = read_steps(walk, from, to, &n);

    if (r)
        return r;
    if (paths->question.backward)
        reverse(walk->steps, n);
    if (!cut(paths, walk->steps, n, &begin, &end))
        return 0;
    return keep(paths, walk->steps + begin, end - begin, !reaches);
}

static size_t longest_visit(const struct table *table)
{
    const uint32_t *n_hits = table->columns[COLUMN_VISIT_n_hits];
    uint32_t longest = 0;

    for (uint32_t visit = 0; visit < table->n[RELATION_VISIT]; visit++)
        longest = n_hits[visit] > longest ? n_hits[visit] : longest;
    return longest;
}

int paths_add(struct paths *paths, const struct table *table, uint32_t from_s, uint32_t to_s)
{
    const struct journeys_scope scope = {
        .table = table, .filter = paths->question.filter, .from_s = from_s, .to_s = to_s};
    struct walk walk = {.paths = paths, .table = table};

    walk.numbers = calloc((size_t)table->n[RELATION_PAGE] + 1, sizeof *walk.numbers);
    walk.steps = malloc((longest_visit(table) + 1) * sizeof *walk.steps);
    int r =
        walk.numbers && walk.steps ? journeys_each(&scope, walk_visit, &walk, &paths->counts) : error_origin(-ENOMEM);
    r = r ? r : count_all_pending(paths);
    free(walk.numbers);
    free(walk.steps);
    return error_trace(r);
}
