/*
 * GET /api/v2/consents: how often notices were shown and what was answered, by
 * the dimensions that are asked for.
 */
#pragma once

#include "crumb/query/query.h"
#include "crumb/store/db.h"

enum query_consents_dimension {
    CONSENTS_TIME_DAY,
    CONSENTS_NOTICE,
    CONSENTS_LANGUAGE,
    CONSENTS_COUNTRY,
    CONSENTS_DEVICE,
    CONSENTS_DIMENSION_N
};

struct query_consents {
    struct query_range range;
    enum query_consents_dimension dimensions[CONSENTS_DIMENSION_N]; /* none twice */
    unsigned n_dimensions;
};

/*
 * Reads the parameters, as they stand in a URL: @range is a word of date_range
 * or two dates with a comma, @dimensions names with commas, or empty.
 * QUERY_E_INVALID with one sentence in @complaint, or 0.  Pure.
 */
int query_consents_parse(struct text range, struct text dimensions, struct query_consents *ret_query,
                         struct buffer *complaint);

/*
 * Appends the answer as JSON: {"results", "meta", "query"}.  Rows ascend by
 * their dimensions; without dimensions there is one.  QUERY_E_INVALID: the range
 * or the number of rows is too large; or a fault.
 */
int query_consents_run(const struct query_consents *query, struct db_txn *txn, const char *site_name, uint32_t site,
                       const struct zone *zone, int64_t now_ms, struct buffer *answer, struct buffer *complaint);
