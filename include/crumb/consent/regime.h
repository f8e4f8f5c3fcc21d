/*
 * The regime of a request: what the law asks where its visitor is, as far as
 * the site's configuration tells.  Pure.
 */
#pragma once

#include "crumb/config/config.h"

/* Where somebody is, as far as it is known. */
struct place {
    char country[3]; /* ISO 3166-1 alpha-2; "": unknown */
    char region[4];  /* ISO 3166-2 without the country; "": unknown */
};

/*
 * What `regimes` says of the region, else of the country, else of everywhere
 * else.  Unsure means no (P7): an unknown country has the site's default, and
 * where a country's regions differ and the region is unknown, the strictest of
 * that country counts.
 */
enum regime regime_of(const struct site *site, const struct place *place);

/* Whichever asks for more. */
enum regime regime_stricter(enum regime a, enum regime b);
