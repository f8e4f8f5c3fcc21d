/*
 * A table that is lent: whoever keeps it frees it when nobody has it any more.
 */
#pragma once

#include "crumb/rollup/days.h"

struct pinned {
    struct table table; /* first: what is lent */
    enum days_tier tier;
    unsigned n_pins; /* guarded by the lock of whoever keeps it */
};

static inline struct pinned *pinned_of(const struct table *table) { return (struct pinned *)(uintptr_t)table; }
