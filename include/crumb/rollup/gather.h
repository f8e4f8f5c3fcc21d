/*
 * Gathering the events of one site-day, in the order of the journal, for
 * tabulate.h to make a table of.
 */
#pragma once

#include "crumb/store/journal.h"

struct gather;

struct gather_event {
    uint64_t sequence;    /* of the journal, higher than any before */
    uint64_t fingerprint; /* of the event id, 0: none */
    uint32_t visitor;     /* the number of the visitor at the site */
    bool traced;          /* click-path was granted */
    const struct event *event;
};

/* For a day that begins at @start_ms (zone_day_start_ms()). 0 or -ENOMEM. Free with gather_free(). */
int gather_new(int64_t start_ms, struct gather **ret_gather);
struct gather *gather_free(struct gather *gather);

/*
 * Adds one event as the journal has it; its texts are copied.  Past DAY_HITS_MAX events it is only
 * counted as left out; a text past SEGMENT_TEXTS_MAX or SEGMENT_TEXT_BYTES_MAX
 * becomes "(other)".  0, -EBADMSG (a section is damaged) or -ENOMEM: then it is as
 * if it had not been added.
 */
int gather_record(struct gather *gather, const struct journal_record *record);

/* The same of an event that is no record yet. */
int gather_add(struct gather *gather, const struct gather_event *event);

/* The events added, repeated ones too, and those left out. */
size_t gather_n_events(const struct gather *gather);
size_t gather_n_left_out(const struct gather *gather);
