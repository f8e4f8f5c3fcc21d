/*
 * An answer in the forms crumb gives it in.  Pure; faults stay in the buffer.
 *
 * Where there is a comparison, every row has the values of the other range, too,
 * and what changed: of shares the difference in percentage points, of all else
 * per cent of what it was, rounded to whole ones; nothing (null) where it was 0
 * and no longer is, and where either is null.
 */
#pragma once

#include "crumb/query/query.h"

/*
 * The response of the Plausible Stats API v2: {"results", "meta", "query"}.  The
 * query is the one that was executed: its date_range is two times with the
 * zone's offset, its defaults are filled in, `time` has become the time that it
 * means, and it can be sent again as it is.  Bytes of a name that are not UTF-8
 * become U+FFFD.  @site is the one that was asked.
 */
void query_output_json(const struct query *query, const struct query_answer *answer, const struct site *site,
                       struct buffer *buffer);

/* The rows alone, an object a line: {"event:page": "/", "visitors": 3}. The rest as in JSON. */
void query_output_ndjson(const struct query *query, const struct query_answer *answer, const struct site *site,
                         struct buffer *buffer);

/*
 * RFC 4180: a header line, then a record a row; dimensions before metrics; CRLF.
 * Names are given byte for byte; null is an empty field.  A comparison gives each
 * metric two more fields, METRIC_before and METRIC_change.
 */
void query_output_csv(const struct query *query, const struct query_answer *answer, struct buffer *buffer);

/*
 * Aligned columns for people: names left, numbers right, and behind them a bar
 * that shows how the first metric compares with the largest of all rows, where there are several.  A
 * terminal obeys control characters, and a page's name is what a stranger chose:
 * they are shown as \x1b and \u{202e}, the backslash as \\.
 */
void query_output_table(const struct query *query, const struct query_answer *answer, struct buffer *buffer);
