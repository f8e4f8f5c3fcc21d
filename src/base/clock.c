/*
 * The system's clocks, and one that is set by hand.
 */
#include "crumb/base/clock.h"
#include <time.h>

static int64_t system_now_ms(const struct clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const struct clock clock_system = {.now_ms = system_now_ms};

static int64_t manual_now_ms(const struct clock *clock) { return ((const struct clock_manual *)clock)->at_ms; }

struct clock_manual clock_manual(int64_t at_ms)
{
    return (struct clock_manual){.super = {.now_ms = manual_now_ms}, .at_ms = at_ms};
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
