/*
 * What a client prefers and what it has already, read from header values.
 * Pure.
 */
#pragma once

#include "crumb/base/text.h"

/*
 * The best of @codings, named from the one we like least to the one we like
 * best, by the value of Accept-Encoding (RFC 9110 section 12.5.3): the highest
 * weight, then what we like best.  codings[0] is "identity", which is also the
 * answer where nothing else is acceptable.
 */
unsigned negotiate_coding(struct text accept, const struct text *codings, unsigned n_codings);

/*
 * The one of @types that Accept (RFC 9110 section 12.5.1) gives the highest
 * weight by name, the first of equals; types[0] where it names none.
 */
unsigned negotiate_type(struct text accept, const struct text *types, unsigned n_types);

/* True where If-None-Match (RFC 9110 section 13.1.2) names @etag, or anything. */
bool negotiate_has(struct text if_none_match, struct text etag);
