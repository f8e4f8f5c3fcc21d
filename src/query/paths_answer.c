/*
 * From the different paths to an answer, in three passes over them:
 *
 *   count     visits of each page at each step; the most frequent become nodes
 *   link      visits from node to node, in a square of counts a step
 *   choose    the most frequent whole paths
 */
#include "crumb/base/error.h"
#include "paths_kept.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define SLOTS (PATHS_NODES_MAX + 2) /* nodes of a step: the pages, PATHS_OTHER, PATHS_END */

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))

/* By page number and step, as dwell_s is. */
struct census {
    const struct paths *paths;
    unsigned n_steps;
    uint32_t n_pages;
    uint64_t *visits;
    uint8_t *nodes; /* the slot of the step's nodes that stands for the page */
};
_Static_assert(SLOTS <= UINT8_MAX, "a node's slot fits a byte");

static size_t cell(const struct census *census, uint32_t page, unsigned step)
{
    return (size_t)page * census->n_steps + step;
}

static int text_order(struct text a, struct text b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.data, b.data, size) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* ---- nodes ---- */

static int count(struct census *census)
{
    size_t n_cells = ((size_t)census->n_pages + 1) * census->n_steps;

    census->visits = calloc(n_cells, sizeof *census->visits);
    census->nodes = malloc(n_cells);
    if (!census->visits || !census->nodes)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < paths_n_sequences(census->paths); i++) {
        struct paths_sequence sequence = paths_sequence(census->paths, i);

        for (unsigned step = 0; step < sequence.n; step++)
            census->visits[cell(census, sequence.pages[step], step)] += sequence.visits;
        if (sequence.ended && sequence.n < census->n_steps)
            census->visits[cell(census, PATHS_ENDED, sequence.n)] += sequence.visits;
    }
    return 0;
}

/* Whether page @a goes before @b at @step. */
static bool page_before(const struct census *census, unsigned step, uint32_t a, uint32_t b)
{
    uint64_t of_a = census->visits[cell(census, a, step)], of_b = census->visits[cell(census, b, step)];

    if (of_a != of_b)
        return of_a > of_b;
    return text_order(paths_page(census->paths, a), paths_page(census->paths, b)) < 0;
}

/* The most frequent pages of @step, in order. */
static unsigned top_pages(const struct census *census, unsigned step, uint32_t top[PATHS_NODES_MAX])
{
    unsigned n = 0, n_max = census->paths->question.n_nodes;

    for (uint32_t page = 1; page <= census->n_pages; page++) {
        if (!census->visits[cell(census, page, step)])
            continue;
        if (n == n_max && !page_before(census, step, page, top[n - 1]))
            continue;
        unsigned at = n < n_max ? n++ : n - 1;
        for (; at > 0 && page_before(census, step, page, top[at - 1]); at--)
            top[at] = top[at - 1];
        top[at] = page;
    }
    return n;
}

static void add_page(const struct census *census, unsigned step, uint32_t page, struct paths_node *node)
{
    node->n_pages++;
    node->visits += census->visits[cell(census, page, step)];
    node->dwell_s += census->paths->dwell_s[cell(census, page, step)];
}

static struct paths_node *new_node(struct paths_step *step, enum paths_kind kind)
{
    struct paths_node *node = &step->nodes[step->n_nodes++];

    *node = (struct paths_node){.kind = kind};
    return node;
}

/* Gives each page of the step its node; those that have none yet are folded into one. */
static void fold_rest(struct census *census, unsigned step, struct paths_step *told)
{
    unsigned n_top = told->n_nodes;
    struct paths_node *other = NULL;

    for (uint32_t page = 1; page <= census->n_pages; page++) {
        if (!census->visits[cell(census, page, step)] || census->nodes[cell(census, page, step)] < n_top)
            continue;
        other = other ? other : new_node(told, PATHS_OTHER);
        add_page(census, step, page, other);
        census->nodes[cell(census, page, step)] = (uint8_t)n_top;
    }
}

static void make_step(struct census *census, unsigned step, struct paths_step *told)
{
    uint32_t top[PATHS_NODES_MAX];
    unsigned n = top_pages(census, step, top);

    for (uint32_t page = 0; page <= census->n_pages; page++)
        census->nodes[cell(census, page, step)] = SLOTS;
    for (unsigned i = 0; i < n; i++) {
        struct paths_node *node = new_node(told, PATHS_PAGE);

        node->page = paths_page(census->paths, top[i]);
        add_page(census, step, top[i], node);
        census->nodes[cell(census, top[i], step)] = (uint8_t)i;
    }
    fold_rest(census, step, told);
    for (unsigned i = 0; i < told->n_nodes; i++)
        told->visits += told->nodes[i].visits;
    if (census->visits[cell(census, PATHS_ENDED, step)]) {
        census->nodes[cell(census, PATHS_ENDED, step)] = (uint8_t)told->n_nodes;
        new_node(told, PATHS_END)->visits = census->visits[cell(census, PATHS_ENDED, step)];
    }
}

static int make_steps(struct census *census, struct paths_answer *answer)
{
    answer->steps = calloc(census->n_steps, sizeof *answer->steps);
    if (!answer->steps)
        return error_origin(-ENOMEM);
    for (unsigned step = 0; step < census->n_steps; step++) {
        make_step(census, step, &answer->steps[step]);
        if (answer->steps[step].n_nodes)
            answer->n_steps = step + 1;
    }
    return 0;
}

/* ---- links ---- */

static void count_links(const struct census *census, uint64_t (*counts)[SLOTS][SLOTS])
{
    for (size_t i = 0; i < paths_n_sequences(census->paths); i++) {
        struct paths_sequence sequence = paths_sequence(census->paths, i);
        unsigned n = sequence.n + sequence.ended; /* the 0 behind the pages is a node, too */

        for (unsigned step = 0; step + 1 < n && step + 1 < census->n_steps; step++) {
            uint8_t source = census->nodes[cell(census, sequence.pages[step], step)];
            uint8_t target = census->nodes[cell(census, sequence.pages[step + 1], step + 1)];

            counts[step][source][target] += sequence.visits;
        }
    }
}

static size_t write_links(const struct paths_answer *answer, uint64_t (*counts)[SLOTS][SLOTS], struct paths_link *links)
{
    size_t n = 0;

    for (unsigned step = 0; step + 1 < answer->n_steps; step++)
        for (unsigned source = 0; source < SLOTS; source++)
            for (unsigned target = 0; target < SLOTS; target++) {
                if (!counts[step][source][target])
                    continue;
                if (links)
                    links[n] = (struct paths_link){step, source, target, counts[step][source][target]};
                n++;
            }
    return n;
}

static int make_links(const struct census *census, struct paths_answer *answer)
{
    FREE_AUTO uint64_t(*counts)[SLOTS][SLOTS] = calloc(census->n_steps, sizeof *counts);

    if (!counts)
        return error_origin(-ENOMEM);
    count_links(census, counts);
    answer->n_links = write_links(answer, counts, NULL);
    answer->links = malloc((answer->n_links + 1) * sizeof *answer->links);
    if (!answer->links)
        return error_origin(-ENOMEM);
    write_links(answer, counts, answer->links);
    return 0;
}

/* ---- whole paths ---- */

static bool sequence_before(const struct paths *paths, size_t a, size_t b)
{
    struct paths_sequence of_a = paths_sequence(paths, a), of_b = paths_sequence(paths, b);

    if (of_a.visits != of_b.visits)
        return of_a.visits > of_b.visits;
    for (unsigned i = 0; i < of_a.n && i < of_b.n; i++) {
        int order = text_order(paths_page(paths, of_a.pages[i]), paths_page(paths, of_b.pages[i]));

        if (order)
            return order < 0;
    }
    return of_a.n != of_b.n ? of_a.n < of_b.n : of_a.ended;
}

static unsigned top_sequences(const struct paths *paths, size_t top[PATHS_NODES_MAX])
{
    unsigned n = 0, n_max = paths->question.n_paths;

    for (size_t i = 0; n_max > 0 && i < paths_n_sequences(paths); i++) {
        if (n == n_max && !sequence_before(paths, i, top[n - 1]))
            continue;
        unsigned at = n < n_max ? n++ : n - 1;
        for (; at > 0 && sequence_before(paths, i, top[at - 1]); at--)
            top[at] = top[at - 1];
        top[at] = i;
    }
    return n;
}

static int make_paths(const struct paths *paths, struct paths_answer *answer)
{
    size_t top[PATHS_NODES_MAX];
    unsigned n = top_sequences(paths, top);

    answer->paths = calloc(n + 1, sizeof *answer->paths);
    if (!answer->paths)
        return error_origin(-ENOMEM);
    for (answer->n_paths = 0; answer->n_paths < n; answer->n_paths++) {
        struct paths_path *path = &answer->paths[answer->n_paths];
        struct paths_sequence sequence = paths_sequence(paths, top[answer->n_paths]);

        *path = (struct paths_path){.n_pages = sequence.n, .ended = sequence.ended, .visits = sequence.visits};
        for (unsigned i = 0; i < sequence.n; i++)
            path->pages[i] = paths_page(paths, sequence.pages[i]);
    }
    return 0;
}

/* ---- the answer ---- */

void paths_answer_deinit(struct paths_answer *answer)
{
    free(answer->steps);
    free(answer->links);
    free(answer->paths);
    *answer = (struct paths_answer){.visits = 0};
}

int paths_answer(const struct paths *paths, struct paths_answer *ret_answer)
{
    struct paths_answer answer = {
        .visits = paths->n_visits, .traced = paths->counts.traced, .untraced = paths->counts.untraced};
    struct census census = {
        .paths = paths, .n_steps = paths->question.n_steps, .n_pages = (uint32_t)intern_n(&paths->pages)};
    int r = count(&census);

    r = r ? r : make_steps(&census, &answer);
    r = r ? r : make_links(&census, &answer);
    r = r ? r : make_paths(paths, &answer);
    free(census.visits);
    free(census.nodes);
    if (r < 0) {
        paths_answer_deinit(&answer);
        return error_trace(r);
    }
    *ret_answer = answer;
    return 0;
}
