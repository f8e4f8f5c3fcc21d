/*
 * The request of POST /api/v2/paths, checked.  Pure.
 *
 *   site_id, date_range, filters   as in a query
 *   start, end                     pages; none: any
 *   direction                      "forward" or "backward"; without it backward
 *                                  where there is an end and no start
 *   steps                          1 to PATHS_STEPS_MAX
 *   limit                          pages told of each step
 *   paths                          whole paths told
 *   loops                          "collapsed" or "kept"
 */
#pragma once

#include "crumb/query/paths.h"
#include "crumb/query/query.h"

struct paths_request {
    char site[SITE_NAME_BYTES_MAX + 1];
    struct query_range range;
    struct paths_question question; /* lent from below */
    struct filter *filter;
    json_t *json;
};

/* 0, -ENOMEM or QUERY_E_INVALID (query_parse()). The caller deinits the request. */
int paths_request_parse(struct text json, struct paths_request *ret_request, struct buffer *complaint);
void paths_request_deinit(struct paths_request *request);
