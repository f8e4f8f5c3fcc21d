/*
 * Days of which visits are not kept any more, only folded rollups
 * (rollup/retention.h).
 */
#pragma once

#include "crumb/query/query.h"

/* Says that rollups alone cannot answer, and from which day on it can be asked. QUERY_E_INVALID or a fault. */
int folded_complain(const struct query_source *source, struct buffer *complaint);

/* The first day of which visits are kept, where there are days without; else *ret_any is false. 0 or a fault. */
int folded_find(const struct query_source *source, int32_t *ret_detailed, bool *ret_any);
