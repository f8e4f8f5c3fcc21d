/*
 * The tree of a filter: its nodes in the order of a walk from the top, each
 * followed by what is below it.
 */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8

#include "crumb/base/limits.h"
#include "crumb/query/filter.h"
#include <pcre2.h>

enum filter_kind {
    FILTER_IS,
    FILTER_CONTAINS,
    FILTER_MATCHES,
    /* which join those below them */
    FILTER_AND, /* `not` is one with a single child */
    FILTER_OR,
    FILTER_HAS_DONE
};

static inline bool filter_is_leaf(enum filter_kind kind) { return kind < FILTER_AND; }

struct filter_clause {
    struct text text;
    pcre2_code *pattern; /* of FILTER_MATCHES */
};

struct filter_node {
    enum filter_kind kind;
    bool negated;
    size_t n_below; /* nodes that follow and are part of it */
    /* of a leaf */
    bool ignores_case;
    bool is_of_goals; /* its texts are names of goals, and it has no field */
    enum field field;
    struct text property;
    struct filter_clause *clauses; /* any of which will do */
    unsigned n_clauses;
    const struct goal **goals; /* that the site has of these names: filter_goals_bind() */
    unsigned n_goals;
};

struct filter {
    struct filter_node nodes[QUERY_FILTERS_MAX];
    size_t n_nodes;
    uint64_t *n_steps; /* of its expressions so far: applying it adds to them */
    bool has_segments; /* leaves that only filter_segments_bind() knows; it is not applied as it is */
    json_t *request;   /* owns the texts */
};

/* True where two texts of the same size are the same but for the case of ASCII letters. */
static inline bool filter_same_letters(struct text a, struct text b)
{
    for (size_t i = 0; i < b.size; i++) {
        unsigned char x = (unsigned char)a.data[i], y = (unsigned char)b.data[i];

        x = x >= 'A' && x <= 'Z' ? x | 0x20 : x;
        y = y >= 'A' && y <= 'Z' ? y | 0x20 : y;
        if (x != y)
            return false;
    }
    return true;
}

/* Whether a text is another, or has it inside. */
bool filter_text_is(struct text text, struct text wanted, bool ignores_case);
bool filter_text_contains(struct text text, struct text part, bool ignores_case);
