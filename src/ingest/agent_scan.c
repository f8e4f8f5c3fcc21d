/*
 * A tree of the literals, made into an automaton that has a next state for
 * every byte: where the tree has no way on, that of the longest suffix of what
 * was read that is in the tree.  A state that ends literals has a chain of the
 * numbers they stand for, and leads to the next shorter suffix that ends some.
 *
 * Bytes that occur in no literal are one class, so that a state is a short row.
 */
#include "crumb/ingest/agent_scan.h"
#include "crumb/base/error.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct output {
    uint16_t number;
    uint16_t more; /* of the same state; 0: none */
};

struct agent_scan {
    uint8_t classes[256]; /* of a byte; 0: in no literal */
    unsigned n_classes, n_states, n_outputs, outputs_max;
    uint16_t *next;    /* n_states rows of n_classes; state 0: nothing was read that matters */
    uint16_t *outputs; /* of a state: its first output, 0: none */
    uint16_t *shorter; /* of a state: its longest proper suffix that has an output, 0: none */
    struct output *table;
};

static uint16_t *row_of(const struct agent_scan *scan, unsigned state) { return scan->next + state * scan->n_classes; }

/* ---- the tree ---- */

static void find_classes(struct agent_scan *scan, const struct agent_scan_row *rows, unsigned n_rows)
{
    scan->n_classes = 1;
    for (unsigned i = 0; i < n_rows; i++) {
        for (unsigned j = 0; j < rows[i].n_literals; j++) {
            const struct agent_literal *literal = &rows[i].literals[j];

            for (unsigned k = 0; k < literal->size; k++) {
                uint8_t *class = &scan->classes[(uint8_t)literal->bytes[k]];
                if (!*class)
                    *class = (uint8_t)scan->n_classes++;
            }
        }
    }
    for (unsigned c = 'A'; c <= 'Z'; c++)
        scan->classes[c] = scan->classes[c | 0x20];
}

/* Bytes and number of all literals: bounds of the states and of the outputs. */
static void count(const struct agent_scan_row *rows, unsigned n_rows, size_t *ret_bytes, size_t *ret_literals)
{
    size_t n_bytes = 0, n_literals = 0;

    for (unsigned i = 0; i < n_rows; i++) {
        n_literals += rows[i].n_literals;
        for (unsigned j = 0; j < rows[i].n_literals; j++)
            n_bytes += rows[i].literals[j].size;
    }
    *ret_bytes = n_bytes;
    *ret_literals = n_literals;
}

static void plant(struct agent_scan *scan, const struct agent_literal *literal, unsigned number)
{
    unsigned state = 0;

    for (unsigned i = 0; i < literal->size; i++) {
        uint16_t *next = &row_of(scan, state)[scan->classes[(uint8_t)literal->bytes[i]]];
        if (!*next)
            *next = (uint16_t)scan->n_states++;
        state = *next;
    }
    struct output *output = &scan->table[++scan->n_outputs];
    *output = (struct output){.number = (uint16_t)number, .more = scan->outputs[state]};
    scan->outputs[state] = (uint16_t)scan->n_outputs;
}

/* ---- the automaton ---- */

/*
 * Breadth first, so that a state's suffix is done before it: a missing way on
 * becomes that of the suffix, a present one gets its own suffix from there.
 */
static int link_suffixes(struct agent_scan *scan)
{
    uint16_t *queue = calloc(scan->n_states, sizeof *queue);
    uint16_t *suffixes = calloc(scan->n_states, sizeof *suffixes);
    unsigned n_queued = 1; /* state 0, which is its own suffix */

    if (!queue || !suffixes) {
        free(queue);
        free(suffixes);
        return error_origin(-ENOMEM);
    }
    for (unsigned i = 0; i < n_queued; i++) {
        unsigned state = queue[i], suffix = suffixes[state];

        for (unsigned c = 0; c < scan->n_classes; c++) {
            uint16_t *next = &row_of(scan, state)[c], beside = state ? row_of(scan, suffix)[c] : 0;
            if (!*next) {
                *next = beside;
                continue;
            }
            suffixes[*next] = beside;
            scan->shorter[*next] = scan->outputs[beside] ? beside : scan->shorter[beside];
            queue[n_queued++] = *next;
        }
    }
    assert(n_queued == scan->n_states);
    free(queue);
    free(suffixes);
    return 0;
}

static int grow(struct agent_scan *scan, const struct agent_scan_row *rows, unsigned n_rows, size_t n_states_max)
{
    scan->next = calloc(n_states_max * scan->n_classes, sizeof *scan->next);
    scan->outputs = calloc(n_states_max, sizeof *scan->outputs);
    scan->shorter = calloc(n_states_max, sizeof *scan->shorter);
    scan->table = calloc(scan->outputs_max, sizeof *scan->table);
    if (!scan->next || !scan->outputs || !scan->shorter || !scan->table)
        return error_origin(-ENOMEM);
    scan->n_states = 1;
    for (unsigned i = 0; i < n_rows; i++)
        for (unsigned j = 0; j < rows[i].n_literals; j++)
            plant(scan, &rows[i].literals[j], rows[i].number);
    /* Many begin alike: there are fewer states than bytes. */
    uint16_t *smaller = realloc(scan->next, (size_t)scan->n_states * scan->n_classes * sizeof *smaller);
    if (smaller)
        scan->next = smaller;
    return error_trace(link_suffixes(scan));
}

int agent_scan_new(const struct agent_scan_row *rows, unsigned n_rows, struct agent_scan **ret_scan)
{
    size_t n_bytes, n_literals;

    count(rows, n_rows, &n_bytes, &n_literals);
    if (n_bytes >= AGENT_SCAN_STATES_MAX || n_literals >= AGENT_SCAN_STATES_MAX)
        return AGENT_SCAN_E_TOO_LARGE;
    struct agent_scan *scan = calloc(1, sizeof *scan);
    if (!scan)
        return error_origin(-ENOMEM);
    find_classes(scan, rows, n_rows);
    scan->outputs_max = (unsigned)n_literals + 1;
    int r = grow(scan, rows, n_rows, n_bytes + 1);
    if (r) {
        agent_scan_free(scan);
        return error_trace(r);
    }
    *ret_scan = scan;
    return 0;
}

struct agent_scan *agent_scan_free(struct agent_scan *scan)
{
    if (scan) {
        free(scan->next);
        free(scan->outputs);
        free(scan->shorter);
        free(scan->table);
        free(scan);
    }
    return NULL;
}

/* ---- looking ---- */

static void mark(const struct agent_scan *scan, unsigned state, uint64_t *bits)
{
    for (; state; state = scan->shorter[state]) {
        for (unsigned i = scan->outputs[state]; i; i = scan->table[i].more) {
            unsigned number = scan->table[i].number;
            bits[number / 64] |= UINT64_C(1) << number % 64;
        }
    }
}

void agent_scan_mark(const struct agent_scan *scan, struct text text, uint64_t *bits)
{
    unsigned state = 0;

    for (size_t i = 0; i < text.size; i++) {
        state = row_of(scan, state)[scan->classes[(uint8_t)text.data[i]]];
        if (scan->outputs[state] | scan->shorter[state])
            mark(scan, state, bits);
    }
}

size_t agent_scan_bytes(const struct agent_scan *scan)
{
    return sizeof *scan + (size_t)scan->n_states * (scan->n_classes + 2) * sizeof *scan->next +
           scan->outputs_max * sizeof *scan->table;
}
