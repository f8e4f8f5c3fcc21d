/*
 * Funnels: how many visits went through given steps, in order, and where the
 * others stopped.
 *
 * Only visits whose `traced` is 1 take part, as in paths.h.  A funnel lies in
 * one visit: silence and midnight end both.
 *
 * A step is a filter, and a hit that passes it makes the step; one hit makes
 * one step at most.  In loose order anything may lie between a step and the
 * next; in strict order no view of another page may (clicks, custom events and
 * the same page again do no harm).  With a window the last step must come at
 * most so many seconds after the first.
 *
 * Of all ways through a visit the one counted gets furthest, gets there first,
 * and, seen from there, made each step before as late as it could.
 *
 * Hits of the same second are in the order of the table.  Not thread safe; pure
 * but for memory.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/query/filter.h"

enum { FUNNEL_E_FULL = 1 };

/* What is asked; lent for as long as the funnel lives. */
struct funnel_question {
    const struct filter *filter;                  /* NULL: none. A visit matches when it, or one of its hits, passes */
    const struct filter *steps[FUNNEL_STEPS_MAX]; /* filters of visits pass all their hits */
    unsigned n_steps;                             /* 1 at least */
    bool is_strict;
    uint32_t window_s; /* 0: none */
};

struct funnel;

/* 0 or -ENOMEM. Free with funnel_free(). */
int funnel_new(const struct funnel_question *question, struct funnel **ret_funnel);
struct funnel *funnel_free(struct funnel *funnel);

/* The columns (a set) that tables must have. */
uint64_t funnel_columns(const struct funnel_question *question);

/*
 * Adds the visits of @table that began at a second of the day with from_s <=
 * second < to_s, whole.  0, -ENOMEM, -EBADMSG or -ETIME (filter_apply()), or
 * FUNNEL_E_FULL: more than FUNNEL_VISITORS_MAX visitors came to the first step.
 * Unless 0, the funnel is good for funnel_free() only.
 */
int funnel_add(struct funnel *funnel, const struct table *table, uint32_t from_s, uint32_t to_s);

struct funnel_step {
    uint64_t visits;   /* that came to this step */
    uint64_t visitors; /* of them, exactly; one of several visits counts with the one that got furthest */
    uint64_t after_s;  /* since the step before, over all the visits; of the first step 0 */
};

struct funnel_answer {
    uint64_t traced, untraced; /* visits that match and are of no programs: whether their order may be used */
    struct funnel_step steps[FUNNEL_STEPS_MAX];
    unsigned n_steps;
};

/* What was added so far. */
struct funnel_answer funnel_answer(const struct funnel *funnel);
