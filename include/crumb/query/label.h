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

/*
 * What lies as far behind the label @to as @label does behind @from, all of
 * @unit: how a time is paired with one of another range.  False: @label is none.
 */
bool label_moved(enum query_unit unit, struct text label, struct label from, struct label to, struct label *ret_label);
