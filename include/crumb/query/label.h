/*
 * What times are called in answers: hours "2024-01-31 09:00:00", days
 * "2024-01-31", weeks by their Monday, months by their first day.  Pure.
 *
 * An hour is one of the clock on the site's wall: what it shows twice in autumn
 * is one hour, and what it skips in spring is none.
 */
#pragma once

#include "crumb/query/query.h"

struct label {
    char text[20]; /* "2024-01-31 09:00:00" and a NUL */
};

/* The label of the @unit in which @at_ms lies. */
struct label label_of(enum query_unit unit, const struct zone *zone, int64_t at_ms);

/* All labels of a range, one after the other: ascending, none twice. */
struct labels {
    /* private */
    enum query_unit unit;
    const struct zone *zone;
    int64_t at_ms, to_ms;
    struct label last;
};

struct labels labels_of(enum query_unit unit, const struct query_days *days, const struct zone *zone);
/* False: there are no more. */
bool labels_next(struct labels *labels, struct label *ret_label);

/* The same as an array that the caller frees. 0 or -ENOMEM. */
int labels_list(enum query_unit unit, const struct query_days *days, const struct zone *zone, struct label **ret_labels,
                size_t *ret_n);
