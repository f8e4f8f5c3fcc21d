/*
 * What the single values of a configuration may look like: pure parsers of
 * text.  Each returns false, and leaves its output untouched, for anything but
 * exactly the form named here; none skips blanks.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/base/text.h"
#include <stdint.h>
#include <sys/socket.h>

/* A decimal number without sign or fraction, at most @max. */
bool value_count(struct text text, uint64_t max, uint64_t *ret_count);

/*
 * "45s", "15m", "12h", "30d", "6mo", "2y".  A month is 30 days and a year 365,
 * so a period is never longer than the calendar's.
 */
bool value_duration(struct text text, int64_t *ret_ms);

/* "64GiB", "512MiB", "10MB", "4096B": powers of 1024 with an i, of 1000 without. */
bool value_size(struct text text, int64_t *ret_bytes);

/* "127.0.0.1:8080", "[::1]:8080"; port 0 means any free port. */
bool value_listen(struct text text, struct sockaddr_storage *ret_address, socklen_t *ret_size);

/*
 * "10.0.0.0/8", "2001:db8::/32", or one address.  Bits behind the prefix must
 * be 0.  IPv4 comes out as IPv4-mapped IPv6, its prefix 96 bits longer.
 */
bool value_cidr(struct text text, uint8_t ret_bytes[static 16], unsigned *ret_n_bits);

/* A host name as it stands in a URL, not an address; comes out in lower case. */
bool value_host(struct text text, char ret_host[static HOST_BYTES_MAX + 1]);

/*
 * "https://shop.example:8443": http or https, a host name or address, perhaps
 * a port; no path, no wildcard.  Comes out as browsers write it in `Origin`:
 * in lower case, without the scheme's own port.
 */
bool value_origin(struct text text, char ret_origin[static ORIGIN_BYTES_MAX + 1]);

/* The host in what value_origin() made. */
struct text value_origin_host(const char *origin);

/* True where @host is @domain or a name under it. */
bool value_host_within(struct text host, struct text domain);

/* A country of ISO 3166-1 by its two capital letters. */
bool value_country(struct text text);

/*
 * "US", or "US-CA": a country, and of ISO 3166-2 one to three capital letters
 * or digits of a region, whose being there is not checked.  The region of a
 * country alone is "".
 */
bool value_place(struct text text, char ret_country[static 3], char ret_region[static 4]);

/* A currency by the form of ISO 4217: three capital letters. Which there are is not checked: they come and go. */
bool value_currency(struct text text);

/* "2026-01-31", as days since 1970. */
bool value_date(struct text text, int32_t *ret_day);

/* The name of a query pair that no address writes in two ways: letters, digits, dots, - and _. */
bool value_query_name(struct text text);

/*
 * A cookie's name (a token of RFC 9110 section 5.6.2), or the beginning of
 * names with a `*` behind it.
 */
bool value_cookie(struct text text);

/* The name of a site: [a-z0-9][a-z0-9._-]*. */
bool value_site_name(struct text text);

/* The name of a purpose or recipient: [a-z][a-z0-9_]*. */
bool value_purpose_name(struct text text);

/* 64 hexadecimal digits. */
bool value_hash(struct text text, uint8_t ret_hash[static 32]);

/* A language tag by the shape of RFC 5646; comes out in its section 2.1.1's case: "pt-BR", "zh-Hant". */
bool value_language(struct text text, char ret_language[static LANGUAGE_BYTES_MAX + 1]);

/* The number of letters to insert, remove or replace to turn @a into @b; VALUE_DISTANCE_FAR where it is over 2. */
#define VALUE_DISTANCE_FAR 3u
unsigned value_distance(struct text a, struct text b);
