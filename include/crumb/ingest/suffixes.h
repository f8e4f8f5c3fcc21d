/*
 * Public suffixes: which part of a host name somebody has registered.  The
 * list is that of publicsuffix.org, as libpsl and the system bring it.
 */
#pragma once

#include "crumb/base/text.h"

struct suffixes;

/* The newest list that is installed, else the one inside libpsl; to be opened once. 0, or -ENOMEM. */
int suffixes_open(struct suffixes **ret_suffixes);
/* Returns NULL. */
struct suffixes *suffixes_free(struct suffixes *suffixes);

/* The last SUFFIX_LABELS_MAX labels of @host, which are all that anybody looks at: a client may send many. */
struct text suffixes_labels(struct text host);

/*
 * The registrable domain of @host (lower case), which is the end of it:
 * "shop.example" of "www.shop.example".  @host as a whole where it has none: an
 * address, a single word, a public suffix, a name longer than
 * HOST_BYTES_MAX, or no list (@suffixes NULL).  Bounded, any thread.
 */
struct text suffixes_domain(const struct suffixes *suffixes, struct text host);

/*
 * What stands before the public suffix: "www.shop" of "www.shop.example".  Empty
 * where that is nothing, or where the suffix is not a registry's but that of a
 * company which lends names to anybody.
 */
struct text suffixes_name(const struct suffixes *suffixes, struct text host);
