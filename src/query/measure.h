/*
 * Metrics from figures: whole numbers of the unit that names_decimals() says,
 * rounded, halves up.  Pure.
 */
#pragma once

#include "crumb/query/query.h"
#include "crumb/rollup/tally.h"

/* What metrics of one row are made of. */
struct measures {
    struct figures figures;
    uint64_t visitors;
    uint64_t total, all, alike; /* visitors that shares are of (counts.h) */
    bool has_revenue;           /* there is one currency */
    struct query_coverage coverage;
};

/* The value, or QUERY_NULL where nothing tells it. */
int64_t measure(enum query_metric metric, const struct measures *measures);
