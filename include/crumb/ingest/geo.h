/*
 * The geo database: from an address to a country and, where the file has
 * them, a region and a city.  Files of the MaxMind DB format in one of two
 * shapes: flat (`country_code`, `region_code`, `city`), or that of GeoLite2 and
 * GeoIP2 (`country.iso_code`, `subdivisions[0].iso_code`, `city.names.en`).
 *
 * The file is copied into memory when it is opened: what happens to it
 * afterwards (replaced, written over, cut off, on a disk that hangs) changes
 * nothing until the next reload.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/consent/regime.h"
#include <sys/socket.h>

struct geo;

enum { GEO_E_UNUSABLE = 1 };

/* GEO_E_UNUSABLE: it is missing or no such database; one sentence is in @complaint. 0, or -ENOMEM. */
int geo_open(const char *path, struct geo **ret_geo, struct buffer *complaint);
/* Returns NULL. */
struct geo *geo_free(struct geo *geo);

/*
 * Where @address is.  Everything that is not known for sure is unknown: no
 * database (@geo NULL), no address (NULL), no entry, a damaged one, a code that
 * is no country's.  Bounded, does not block, any thread.
 */
struct place geo_locate(const struct geo *geo, const struct sockaddr *address);

/*
 * The same, and the city by its English name, lent by @geo; empty where the
 * country is unknown, or the name is none: longer than CITY_BYTES_MAX, not
 * UTF-8, with control characters.
 */
struct place geo_locate_city(const struct geo *geo, const struct sockaddr *address, struct text *ret_city);
