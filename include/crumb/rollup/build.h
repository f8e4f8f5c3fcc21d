/*
 * Builds one site-day: takes its events in any order, gives its cells.
 *
 * Pure: the cells depend on the set of events alone (P6).  The same code seals
 * days, answers from the open day and rebuilds.
 *
 * A visit is a visitor's events with no silence longer than VISIT_GAP_MS
 * between them; the day's end ends it too, as a build never sees two days.
 * Events with the same fingerprint (not 0) of one visitor count once: the
 * earliest (then lowest sequence) stays, whatever the window of a question, so
 * that the page views of windows side by side add up to those of the day.
 *
 * What programs do is counted apart.  Which events are theirs is found from the
 * whole day, too (rollup/bots.h).
 */
#pragma once

#include "crumb/base/words.h"
#include "crumb/rollup/cell.h"

struct build;

/*
 * The event does not fit: DAY_HITS_MAX events, DAY_PAGES_MAX different pages or
 * DAY_PAGE_BYTES_MAX of their text are held already.
 */
enum { BUILD_E_FULL = 1 };

struct build_event {
    uint64_t sequence; /* of the journal: orders events of the same millisecond */
    int64_t at_ms;
    uint8_t visitor[16];
    uint64_t fingerprint; /* of the event id, 0: none */
    enum event_kind kind;
    struct text page;    /* path; copied */
    enum bot bot;        /* as the event says; BOT_NONE: the day may tell more */
    bool alive;          /* it shows that somebody is there: dwell, scrolling, a click */
    struct text network; /* the address's network; copied; empty: unknown */
};

/* 0 or -ENOMEM. Free with build_free(). */
int build_new(struct build **ret_build);
struct build *build_free(struct build *build);

/* Adds one event, whose kind must be valid. 0, -ENOMEM or BUILD_E_FULL; after either the build is as before. */
int build_add(struct build *build, const struct build_event *event);

/* The events added, repeated ones too. */
size_t build_n_events(const struct build *build);

/*
 * The cells of @dimension, of the events with from_ms <= at_ms < to_ms (pass
 * INT64_MIN and INT64_MAX for the whole day).  Visits are formed from these
 * events alone, people's and programs' each by themselves.  A visit begins with the page of its first page view;
 * without one it is in the total only.  A page that nobody viewed has no cell, and without events there is no cell at
 * all.  May be called again after more events were added.  0 or -ENOMEM.  The caller deinits the cells.
 */
int build_cells(struct build *build, enum dimension dimension, int64_t from_ms, int64_t to_ms, struct cells *ret_cells);
