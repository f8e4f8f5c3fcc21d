/*
 * What countries and their regions are called in English.  The tables are made
 * from Debian's iso-codes when crumb is built (script/place-names.mjs).  Pure.
 */
#pragma once

#include "crumb/base/text.h"

/* Made by the build: sorted by code, as memcmp() compares. */
struct place_name {
    const char *code, *name;
};
extern const struct place_name place_countries[], place_regions[];
extern const size_t place_n_countries, place_n_regions;

/* "DE" is "Germany", by ISO 3166-1; a code that is none is its own name. */
struct text place_country(struct text code);

/* "US-CA" is "California", by ISO 3166-2; a code that is none is its own name. */
struct text place_region(struct text code);
