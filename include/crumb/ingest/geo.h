/*
 * The geo database: from an address to a country and, where the file has
 * them, a region.  Files of the MaxMind DB format with a flat `country_code`,
 * or of the shape of GeoLite2 and GeoIP2 (`country.iso_code`,
 * `subdivisions[0].iso_code`).
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
 * database (@geo NULL), no entry, a damaged one, a code that is no country's.
 * Bounded, does not block, any thread.
 */
struct place geo_locate(const struct geo *geo, const struct sockaddr *address);
