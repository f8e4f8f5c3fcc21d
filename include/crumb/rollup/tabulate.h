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
 * A visit's bot is what its events say of themselves; of others the day may find
 * out by what they do (rollup/bots.h).
 *
 * A hit's dwell is the visible time that was reported for it, and where nothing
 * was, the time until the visit's next hit on another page.
 */
#pragma once

#include "crumb/rollup/gather.h"
#include "crumb/rollup/table.h"

/* The table of everything so far. More may be added afterwards. 0 or -ENOMEM; the caller deinits it. */
int tabulate_table(const struct gather *gather, struct table *ret_table);
