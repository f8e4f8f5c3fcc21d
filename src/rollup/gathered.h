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
    SHARED_CONTEXT, /* agent, place, language, screen, bot, network */
    SHARED_DETAIL,  /* act, amount, currency, set */
    SHARED_N
};

/*
 * A short cut from the bytes of many fields, as the journal has them, to their
 * number: most events say of page, browser and place what others said before,
 * and are found at one look, without being read.  The context of an event is
 * that of its visitor's last one; of a visitor's first, browser and place are
 * looked up apart: there are few of each, but many pairs of them.
 */
enum front { FRONT_PAGE, FRONT_CONTEXT, FRONT_AGENT, FRONT_PLACE, FRONT_ORIGIN, FRONT_DETAIL, FRONT_N };

#define SCREENS_N 7 /* classes of width */

struct front_table {
    struct intern keys;
    uint32_t *numbers; /* of each key */
    size_t capacity;
    struct buffer key; /* that is looked for */
};

struct gathered {
    uint64_t fingerprint;
    uint32_t at_ms; /* since the day's start */
    uint32_t visitor;
    uint32_t page, context, origin, detail;
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
    uint32_t screens[SCREENS_N]; /* the text of each class */
    struct buffer sections;      /* of an event that is no record */
};

/* The numbers of a row, lent until the next gather_add(). */
static inline const uint32_t *gathered_row(const struct gather *gather, enum shared shared, uint32_t number)
{
    return (const uint32_t *)(const void *)intern_text(&gather->shared[shared], number).data;
}

/*
 * The number of what @event says of each, and of a text.  Faults stay in *r (0,
 * -ENOMEM, or INTERN_E_FULL), and then it means nothing.
 */
uint32_t gathered_text(struct gather *gather, struct text text, int *r);
uint32_t gathered_page(struct gather *gather, const struct event *event, int *r);
uint32_t gathered_agent(struct gather *gather, const struct event *event, int *r);
uint32_t gathered_place(struct gather *gather, const struct event *event, int *r);
uint32_t gathered_origin(struct gather *gather, const struct event *event, int *r);
uint32_t gathered_detail(struct gather *gather, const struct event *event, int *r);

/* The numbers of a context's parts, in the order of its row. */
enum context_part {
    CONTEXT_AGENT,
    CONTEXT_PLACE,
    CONTEXT_LANGUAGE,
    CONTEXT_SCREEN,
    CONTEXT_BOT,
    CONTEXT_NETWORK, /* of the address, numbered from 1; 0: unknown */
    CONTEXT_N
};
uint32_t gathered_context(struct gather *gather, const uint32_t parts[CONTEXT_N], int *r);

/* The text of a screen's width: its class. */
uint32_t gathered_screen(const struct gather *gather, uint64_t width);

/* Row 0 of every relation, and text 0, are the empty ones; and there is always room for "(other)". */
void gathered_nothing(struct gather *gather, int *r);
