/*
 * `date_range` of any request: its JSON to struct query_range.  Pure.
 */
#pragma once

#include "crumb/query/query.h"
#include <jansson.h>

/*
 * A word as range.h knows it, or a list of two dates or two times.  0, -ENOMEM,
 * or QUERY_E_INVALID: @complaint says what would be right.
 */
int parse_range(json_t *value, struct query_range *ret_range, struct buffer *complaint);
