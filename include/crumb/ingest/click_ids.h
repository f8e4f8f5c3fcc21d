/*
 * Click ids: query pairs that advertisers and others put on the links that lead
 * away from them.  Only the name of one is ever kept, never its value.  Static.
 *
 * The tracker sends a name that looks like one (pixel/src/page.ts).
 */
#pragma once

#include "crumb/base/text.h"

struct click_id {
    const char *name, *owner; /* a well-known place, see source_sites.h */
    bool paid;                /* only advertisements have it */
    bool display;             /* of an advertisement that is shown, not searched for */
};

/* The rows in the order in which they are looked for: advertisements first. NULL: there is no such row. */
const struct click_id *click_ids_row(size_t i);

/* By its name, as it is written. NULL: nobody's. */
const struct click_id *click_ids_find(struct text name);
