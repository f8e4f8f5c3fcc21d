/*
 * The wire format: one event as the pairs of a query string (docs/wire.md).
 * Pure and strict: what is not exactly right is refused with a reason, and
 * unknown pairs are ignored, as the Snowplow tracker protocol has many more.
 */
#pragma once

#include "crumb/store/event.h"

enum {
    WIRE_E_MALFORMED = 1, /* REASON_MALFORMED */
    WIRE_E_TOO_LARGE = 2  /* REASON_TOO_LARGE */
};

/*
 * Parses @pairs ("aid=shop&e=pv&url=...").  Decoded texts are written to
 * @scratch, which must have room for as many bytes as @pairs has, at most
 * QUERY_BYTES_MAX; the event borrows from it.  0, or one of the above, then *ret_what says in a few words
 * what is wrong, and ret_event->site is set where it could be read, so that
 * the books know whose event it was.
 */
int wire_parse(struct text pairs, char *scratch, struct event *ret_event, const char **ret_what);

/* Whether @name is that of a pair that is read, a property's ("x_p.NAME") included. */
bool wire_knows(struct text name);

/* How many pairs are read, properties aside. */
size_t wire_n_known(void);

/*
 * Decodes one value as wire_parse() does, into @scratch, which has room for
 * @raw.size bytes and may be @raw itself.  False: it breaks a rule.
 */
bool wire_decode(struct text raw, char *scratch, struct text *ret_value);

/*
 * Splits an http(s) URL into host (lower case, without port) and path (without
 * query and fragment, at least "/").  @url's bytes are changed in place.  False:
 * it is no such URL.
 */
bool wire_split_url(char *url, size_t size, struct text *ret_host, struct text *ret_path);
