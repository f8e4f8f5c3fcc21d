/*
 * Paths: how visits go on from a page, or what led to it, step by step.
 *
 * Only visits whose `traced` is 1 take part, as their visitors allowed that the
 * order of their pages is used, and none of programs.  A visit that did not is
 * counted, and its order is not looked at.
 *
 * A visit's path is the pages (event:page: hosts and titles make no difference)
 * of its page views, in order.  The same page again right behind itself is one
 * step, and unless loops are kept, so is going to and fro: A B A B becomes A B
 * (longer circles, A B C A B C, stay as they are).  Then
 *
 *   forward    it begins with the first view of `start` (none: the first view)
 *              and ends with the first view of `end` behind it (none: where the
 *              visit ends)
 *   backward   the same, read from the visit's last view to its first: it begins
 *              with the last view of `end` and goes back to the last view of
 *              `start` before it
 *
 * A visit without them has no path.  The first n_steps of it are told.
 *
 * Tables are told one after the other, of one day or of many; a visit never
 * spans two.  Not thread safe; pure but for memory.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/query/filter.h"

enum { PATHS_E_FULL = 1 };

/* What is asked; lent for as long as the paths live. */
struct paths_question {
    const struct filter *filter; /* NULL: none. A visit matches when it, or one of its hits, passes */
    struct text start, end;      /* pages; data NULL: none */
    bool backward;
    bool keeps_loops; /* A B A B is four steps */
    unsigned n_steps; /* 1 to PATHS_STEPS_MAX */
    unsigned n_nodes; /* pages told of each step, 1 to PATHS_NODES_MAX; the others are one node */
    unsigned n_paths; /* whole paths told, 0 to PATHS_NODES_MAX */
};

struct paths;

/* 0 or -ENOMEM. Free with paths_free(). */
int paths_new(const struct paths_question *question, struct paths **ret_paths);
struct paths *paths_free(struct paths *paths);

/* The columns (a set) that tables must have. */
uint64_t paths_columns(const struct paths_question *question);

/*
 * Adds the visits of @table that began at a second of the day with from_s <=
 * second < to_s, whole.  0, -ENOMEM, -EBADMSG or -ETIME (filter_apply()), or
 * PATHS_E_FULL: there are more than PATHS_PAGES_MAX pages or PATHS_DIFFERENT_MAX
 * different paths, or they exceed PATHS_BYTES_MAX.  Unless 0, the paths are good
 * for paths_free() only.
 */
int paths_add(struct paths *paths, const struct table *table, uint32_t from_s, uint32_t to_s);

enum paths_kind {
    PATHS_PAGE,
    PATHS_OTHER, /* the pages past n_nodes */
    PATHS_END    /* of visits that ended with the step before; where it goes backward: that began with it */
};

struct paths_node {
    enum paths_kind kind;
    struct text page; /* of PATHS_PAGE */
    size_t n_pages;   /* that it stands for */
    uint64_t visits;
    uint64_t dwell_s; /* in all */
};

struct paths_step {
    uint64_t visits; /* that viewed a page here: without the PATHS_END */
    /* Pages by visits descending, then by bytes; then PATHS_OTHER and PATHS_END, where there are such visits. */
    struct paths_node nodes[PATHS_NODES_MAX + 2];
    unsigned n_nodes;
};

/* From a node of a step to one of the next. */
struct paths_link {
    unsigned step; /* index of the step that it leaves */
    unsigned source, target;
    uint64_t visits;
};

/* A whole path, as far as n_steps. */
struct paths_path {
    struct text pages[PATHS_STEPS_MAX];
    unsigned n_pages;
    bool ended; /* the visit has no further page that way; false: it reached the page asked for, or goes on */
    uint64_t visits;
};

struct paths_answer {
    uint64_t visits;           /* with a path */
    uint64_t traced, untraced; /* visits that match and are of no programs: whether their order may be used */
    struct paths_step *steps;
    unsigned n_steps;         /* up to the last that any visit came to */
    struct paths_link *links; /* by step, source and target */
    size_t n_links;
    struct paths_path *paths; /* by visits descending, then by their pages' bytes */
    unsigned n_paths;
};

/* What was added so far. Its texts are lent from @paths. 0 or -ENOMEM; the caller deinits it. */
int paths_answer(const struct paths *paths, struct paths_answer *ret_answer);
void paths_answer_deinit(struct paths_answer *answer);
