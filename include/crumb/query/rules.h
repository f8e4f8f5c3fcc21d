/*
 * What may be asked together.  Pure.
 */
#pragma once

#include "crumb/query/query.h"

/*
 * Refuses metrics that a query cannot have with its dimensions and filters:
 * QUERY_E_INVALID and a sentence, as of query_parse().  @query is whole otherwise.
 * Segments of its filter may have what is needed until they are bound.
 */
int rules_check(const struct query *query, struct buffer *complaint);

/* What a metric asks of the rest of the query, in a few words; NULL: nothing. */
const char *rules_requirement(enum query_metric metric);
