/*
 * GET /api/v2/coverage: the books of a site, by day: what was received, stored
 * and dropped, by reason (promise P3).
 */
#pragma once

#include "crumb/query/consents.h"

/*
 * Appends the answer as JSON: {"results", "total", "query"}; days without an
 * event have no row.  @query is one without dimensions, of
 * query_consents_parse().  QUERY_E_INVALID: the range is too large; or a fault.
 */
int query_books_run(const struct query_consents *query, struct db_txn *txn, const char *site_name, uint32_t site,
                    const struct zone *zone, int64_t now_ms, struct buffer *answer, struct buffer *complaint);
