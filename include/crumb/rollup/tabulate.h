/*
 * From events to a table: what happened on one site-day, as visits and hits.
 *
 * Pure: the table depends on the events alone (P6).  The same code seals days,
 * answers from the open day and rebuilds.
 *
 *   visit   a visitor's events with no silence longer than VISIT_GAP_MS between
 *           them; the day's end ends it too, as a table never sees two days
 *   hit     a page view, a click or a custom event
 *   ping    no hit: it lengthens its visit, and what it says of time and
 *           scrolling goes to the last view of its page
 *
 * Events with the same fingerprint (not 0) of one visitor count once: the
 * earliest (then lowest sequence).  An event without a time (its visitor allows
 * click-path alone) is not told.
 *
 * A hit's dwell is the visible time that was reported for it, and where nothing
 * was, the time until the visit's next hit on another page.
 */
#pragma once

#include "crumb/rollup/table.h"
#include "crumb/store/event.h"

struct tabulate;

struct tabulate_event {
    uint64_t sequence;    /* of the journal, higher than any before */
    uint64_t fingerprint; /* of the event id, 0: none */
    uint32_t visitor;     /* the number of the visitor at the site */
    bool traced;          /* click-path was granted */
    const struct event *event;
};

/* For a day that begins at @start_ms (zone_day_start_ms()). 0 or -ENOMEM. Free with tabulate_free(). */
int tabulate_new(int64_t start_ms, struct tabulate **ret_tabulate);
struct tabulate *tabulate_free(struct tabulate *tabulate);

/*
 * Adds one event; its texts are copied.  Past DAY_HITS_MAX events it is only
 * counted as left out; a text past SEGMENT_TEXTS_MAX or SEGMENT_TEXT_BYTES_MAX
 * becomes "(other)".  0, or -ENOMEM: then it is as if it had not been added.
 */
int tabulate_add(struct tabulate *tabulate, const struct tabulate_event *event);

/* The events added, repeated ones too, and those left out. */
size_t tabulate_n_events(const struct tabulate *tabulate);
size_t tabulate_n_left_out(const struct tabulate *tabulate);

/* The table of everything so far. More may be added afterwards. 0 or -ENOMEM; the caller deinits it. */
int tabulate_table(const struct tabulate *tabulate, struct table *ret_table);
