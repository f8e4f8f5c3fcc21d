/*
 * What paths keep of the visits: each different path once.
 *
 * A page has the same number in all tables: its place among `pages` plus 1, so
 * that 0 is left for "the visit ended".  A path is its numbers, as the bytes of
 * an interned string; where the visit ended within the steps asked for, or
 * right behind them, 0 is the last.
 */
#pragma once

#include "crumb/query/paths.h"
#include "crumb/rollup/intern.h"
#include "journeys.h"

#define PATHS_ENDED 0u

#define PATHS_PENDING 16 /* a power of 2 */

/* A path on its way into `sequences`: memory was asked for its place. */
struct paths_pending {
    uint32_t pages[PATHS_STEPS_MAX + 1];
    unsigned n;
    uint32_t hash;
};

struct paths {
    struct paths_question question;
    struct paths_pending pending[PATHS_PENDING]; /* the newest, by the order in which they came */
    size_t n_came, n_counted;
    struct intern pages, sequences;
    uint64_t *visits; /* of each sequence */
    size_t visits_room;
    uint64_t *dwell_s; /* of page number p at step s: [p * n_steps + s] */
    size_t dwell_room;
    uint32_t start, end; /* their numbers; PATHS_ENDED: none asked for */
    uint64_t n_visits;   /* with a path */
    struct journeys_counts counts;
};

struct paths_sequence {
    const uint32_t *pages;
    unsigned n; /* without the 0 */
    bool ended;
    uint64_t visits;
};

static inline size_t paths_n_sequences(const struct paths *paths) { return intern_n(&paths->sequences); }

static inline struct paths_sequence paths_sequence(const struct paths *paths, size_t i)
{
    struct text bytes = intern_text(&paths->sequences, (uint32_t)i);
    const uint32_t *pages = (const uint32_t *)(const void *)bytes.data;
    unsigned n = (unsigned)(bytes.size / sizeof *pages);
    bool ended = pages[n - 1] == PATHS_ENDED;

    return (struct paths_sequence){.pages = pages, .n = n - ended, .ended = ended, .visits = paths->visits[i]};
}

static inline struct text paths_page(const struct paths *paths, uint32_t number)
{
    return intern_text(&paths->pages, number - 1);
}
