/*
 * What is counted of a group of hits and visits.  All but visitors, who are a
 * sketch beside it, add up over days, as no visit spans two.
 */
#pragma once

#include <stdint.h>

struct figures {
    uint64_t events, views; /* hits, and those of them that are page views */
    uint64_t visits;        /* with such a hit, that began in the time asked for */
    /* of visits as a whole */
    uint64_t whole, bounces, duration_s, whole_views;
    /* of each pair of visit and page that such a view is of */
    uint64_t viewing, dwell_s; /* pairs, and their dwell */
    uint64_t scrolled, scroll; /* pairs whose scrolling is known, and the furthest of each in per cent */
    uint64_t paid;             /* hits that are worth something in the currency asked for ... */
    int64_t revenue;           /* ... how much, in thousandths; it stays at the end of its range */
};
