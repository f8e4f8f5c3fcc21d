/*
 * An answer in the forms crumb gives it in.  Pure; faults stay in the buffer.
 */
#pragma once

#include "crumb/query/query.h"

/*
 * The response of the Plausible Stats API v2: {"results", "meta", "query"}.  The
 * query is the one that was executed: its date_range is two times with the
 * zone's offset, its defaults are filled in, and it can be sent again as it is.
 * Bytes of a page's name that are not UTF-8 become U+FFFD.
 */
void query_output_json(const struct query *query, const struct query_answer *answer, const struct zone *zone,
                       struct buffer *buffer);

/* RFC 4180: a header line, then a record a row; dimensions before metrics; CRLF. Names are given byte for byte. */
void query_output_csv(const struct query *query, const struct query_answer *answer, struct buffer *buffer);

/*
 * Aligned columns for people: names left, numbers right.  A terminal obeys
 * control characters, and a page's name is what a stranger chose: they are
 * shown as \x1b and \u{202e}, the backslash as \\.
 */
void query_output_table(const struct query *query, const struct query_answer *answer, struct buffer *buffer);
