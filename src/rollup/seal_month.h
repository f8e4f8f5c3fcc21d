/*
 * Months that are over: their rollups are made from the segments of their days.
 * They go when one of these days is sealed again, and come back afterwards.  That
 * there are totals says that a month was done.
 */
#pragma once

#include "crumb/rollup/seal.h"

/* As seal_due(), of months. */
int seal_months_due(struct db *db, const struct config *config, int64_t now_ms,
                    int (*submit)(void *context, struct write_op *op), void *context, const atomic_bool *stop);
