/*
 * Time comes from a struct, so that tests and replay set it.  Nothing else in
 * crumb asks the system for the time of day.
 */
#pragma once

#include <stdint.h>

struct clock {
    /* Milliseconds since 1970-01-01 UTC. Any thread. */
    int64_t (*now_ms)(const struct clock *clock);
};

/* A clock that shows what was set last. Single-threaded use. */
struct clock_manual {
    struct clock super;
    int64_t at_ms;
};

extern const struct clock clock_system;

struct clock_manual clock_manual(int64_t at_ms);

static inline int64_t clock_now_ms(const struct clock *clock) { return clock->now_ms(clock); }

/* Microseconds since an arbitrary point, never going back: for measuring and for time-outs. */
int64_t clock_monotonic_us(void);
