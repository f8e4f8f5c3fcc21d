/*
 * Programs by what they do, which only a whole day shows.  Pure.
 *
 *   speed   a visit with BOT_SPEED_VIEWS page views within BOT_SPEED_MS: nobody
 *           reads that fast.  The visit is a program's.
 *   crowd   a network with BOT_CROWD_VISITORS_MIN visitors or more of whom nearly
 *           all (BOT_CROWD_PERCENT) did nothing but view one page, without a
 *           sign of life.  Those visitors are programs.  A tracker that never
 *           reports signs of life would make crowds of people, so this counts
 *           only where more than half of everybody else shows some.
 */
#pragma once

#include "crumb/base/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The page views of one visit so far. Zeros at first. */
struct bots_speed {
    int64_t times_ms[BOT_SPEED_VIEWS]; /* the newest, in a ring */
    unsigned n;
    bool exceeded;
};

/* Begins another visit; as good as zeros, and quicker. */
static inline void bots_begin(struct bots_speed *speed)
{
    speed->n = 0;
    speed->exceeded = false;
}

/* Adds a page view; times must not go back. */
void bots_view(struct bots_speed *speed, int64_t at_ms);

/* A visitor of the day whom nothing else has shown to be a program. */
struct bots_visitor {
    uint32_t network; /* numbered from 1; 0: unknown */
    bool lone;        /* one page view, without a sign of life, was all */
};

struct bots_network {
    uint32_t n_visitors, n_lone;
    bool is_crowd; /* its lone visitors are programs */
};

/*
 * Finds the crowds of a day.  @networks has a place for each number, zeros at
 * first, the unknown one among them; it is filled in.
 */
void bots_find_crowds(const struct bots_visitor *visitors, size_t n_visitors, struct bots_network *networks,
                      size_t n_networks);
