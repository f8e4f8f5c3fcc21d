/*
 * Places on the web that many people come from: what each is called, and what
 * kind of place it is.  Pure: a table.
 */
#pragma once

#include "crumb/base/words.h"

struct source_site {
    const char *host;     /* or an Android application; in the second table without its public suffix */
    const char *name;     /* as people say it */
    enum channel channel; /* SEARCH, SOCIAL, VIDEO, SHOPPING, MAIL, AI, AUDIO or REFERRAL */
    bool alone;           /* hosts below it are something else, but for www. and m. */
};

/*
 * The row of @host or of the nearest host above it.  @name is the
 * host without its public suffix, or empty (suffixes_name()): some are found
 * under any.  NULL: it is none of them.
 */
const struct source_site *source_sites_find(struct text host, struct text name);

/* The first row that is called so, in any letters, or has it as a short name ("fb"). NULL: none. */
const struct source_site *source_sites_called(struct text name);

/* Each row in turn, hosts first; NULL behind the last. */
const struct source_site *source_sites_row(size_t i);
