/*
 * What can be asked: metrics, dimensions, goals, and the values that a dimension
 * has, for whoever builds an interface.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/query/query.h"

/* Appends {"metrics", "dimensions", "goals"} of @site. Pure. */
void schema_put(const struct site *site, struct buffer *answer);

/* Of GET /api/v2/schema, as they stand in a URL; empty where they are missing. */
struct schema_wish {
    struct text site, dimension, search, range, limit;
};

/*
 * The query that finds a dimension's values, those with the most visitors first:
 * such as contain `search`, in any case.  The range is SCHEMA_RANGE where none is
 * given.  Results as of query_parse(); the caller deinits the query.  Pure.
 */
int schema_query(const struct schema_wish *wish, struct query *ret_query, struct buffer *complaint);
#define SCHEMA_RANGE "30d"

/* Appends {"dimension", "values"} from its answer. Pure. */
void schema_put_values(const struct query *query, const struct query_answer *answer, struct buffer *buffer);
