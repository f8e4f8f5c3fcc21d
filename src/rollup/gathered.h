/*
 * What gather.c keeps of a day's events, for tabulate.c to make a table of, and
 * how what they have in common becomes numbers (gathered.c).
 */
#pragma once

#include "crumb/rollup/gather.h"
#include "crumb/rollup/intern.h"

/* What is the same for many events is interned as the bytes of its tuple. */
enum shared {
    SHARED_PAGE,
    SHARED_AGENT,
    SHARED_PLACE,
    SHARED_ORIGIN,
    SHARED_ACT,
    SHARED_SET,
    SHARED_CONTEXT, /* agent, place, language, screen, bot */
    SHARED_DETAIL,  /* act, amount, currency, set */
    SHARED_N
};

/*
 * A short cut from the bytes of many fields, as the journal has them, to their
 * number: most events say of page, browser and place what others said before,
 * and are found at one look, without being read.
 */
enum front { FRONT_PAGE, FRONT_CONTEXT, FRONT_ORIGIN, FRONT_DETAIL, FRONT_N };

struct front_table {
    struct intern keys;
    uint32_t *numbers; /* of each key */
    size_t capacity;
};

struct gathered {
    uint64_t fingerprint;
    uint32_t at_ms; /* since the day's start */
    uint32_t visitor;
    uint32_t page, context, origin, detail;
    uint32_t network; /* of the address, numbered from 1; 0: unknown */
    uint32_t dwell_ms;
    uint8_t scroll; /* percent plus 1; 0: not known */
    uint8_t kind;
    bool traced;
    bool has_origin; /* page views alone have one */
    bool alive;      /* it shows that somebody is there */
};

struct gather {
    int64_t start_ms;
    struct gathered *events;
    size_t n_events, capacity, n_left_out;
    uint64_t sequence; /* of the newest */
    struct intern texts, networks, shared[SHARED_N];
    struct front_table fronts[FRONT_N];
    struct buffer key;      /* that is looked for in a front */
    struct buffer sections; /* of an event that is no record */
};

/* The numbers of a row, lent until the next gather_add(). */
static inline const uint32_t *gathered_row(const struct gather *gather, enum shared shared, uint32_t number)
{
    return (const uint32_t *)(const void *)intern_text(&gather->shared[shared], number).data;
}

/* The number of what @event says of each. Faults stay in *r (0, -ENOMEM, or INTERN_E_FULL), and then it means nothing.
 */
uint32_t gathered_page(struct gather *gather, const struct event *event, int *r);
uint32_t gathered_context(struct gather *gather, const struct event *event, int *r);
uint32_t gathered_origin(struct gather *gather, const struct event *event, int *r);
uint32_t gathered_detail(struct gather *gather, const struct event *event, int *r);

/* Row 0 of every relation, and text 0, are the empty ones; and there is always room for "(other)". */
void gathered_nothing(struct gather *gather, int *r);

/* The class of a screen's width, which is the same for all that are told by the same text; below EVENT_LOG_country. */
uint8_t gathered_screen(uint64_t width);
