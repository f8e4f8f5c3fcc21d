/*
 * One table while it is counted: who passes, what codes and hours hits have, and
 * where the walk over visits and hits is.
 */
#pragma once

#include "codes.h"
#include "tally_groups.h"

#define TALLY_HOUR_S 3600
#define TALLY_DAY_HOURS 24
#define TALLY_SCROLL_MAX 101 /* per cent plus 1 */

/* A visitor is new in a group of this table. */
struct tally_meeting {
    uint32_t slot, visitor; /* the group's, as in scan.groups; what sketches know of the visitor */
};

struct tally_scan {
    struct tally *tally;
    const struct tally_question *question;
    const struct tally_day *day;
    const struct table *table;
    uint8_t *visits, *hits; /* who passes; hits NULL: as their visit */
    uint8_t *hours;         /* of each hit; NULL: not asked for */
    struct codes codes;
    uint32_t *groups; /* of each slot: a code (of an hour), plus 1; 0: not met yet */
    size_t n_slots;
    struct tally_meeting *meetings;
    size_t n_meetings;
    uint32_t *pages; /* numbers of the pages' paths, plus 1, where pages are told apart; 0: not met yet */
    const struct tally_viewed *viewed; /* where all hits of a visit go to one group, and it is known */
    const uint32_t *n_hits, *acts, *starts_s, *visitors;
    /* the visit that the walk is at */
    uint32_t visit, first, end;     /* its hits */
    uint32_t visitor, visitor_item; /* its number, and in sketches */
    bool began;                     /* within what is asked */
    unsigned start_hour;
    uint32_t entry; /* group of its first view, plus 1 */
};

static inline bool tally_scan_is_within(const struct tally_day *day, uint32_t at_s)
{
    return at_s >= day->from_s && at_s < day->to_s;
}

/* The hour on the wall; TALLY_DAY_HOURS or more where the table is damaged. */
static inline unsigned tally_scan_hour(const struct tally_clock *clock, uint32_t at_s)
{
    int32_t shift_s = at_s < clock->change_s ? clock->before_s : clock->after_s;
    int64_t wall_s = (int64_t)at_s + shift_s;

    return wall_s < 0 || wall_s >= TALLY_DAY_HOURS * TALLY_HOUR_S ? TALLY_DAY_HOURS : (unsigned)(wall_s / TALLY_HOUR_S);
}

/*
 * Walks over all visits that pass, and counts their hits by group.  Visitors that
 * are new in a group become meetings.  0, a fault, or TALLY_E_FULL.
 */
int tally_walk(struct tally_scan *scan);

/* tally_add() */
int tally_scan_table(struct tally *tally, const struct tally_day *day);
