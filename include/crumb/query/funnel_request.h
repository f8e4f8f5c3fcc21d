/*
 * The request of POST /api/v2/funnel, checked.  Pure.
 *
 *   site_id, date_range, filters   as in a query
 *   steps                          1 to FUNNEL_STEPS_MAX objects, each with a
 *                                  `name`, if it is to have one, and one of
 *       page      a page that is viewed: "*" stands for anything but "/", "**"
 *                 for anything; or a list of such, of which any will do
 *       event     the name of an event, or a list
 *       any       a list of {"page": ...} and {"event": ...}
 *       filters   as in a query: a hit that passes them all
 *   order                          "loose" or "strict"
 *   window                         "45s", "30m" or "2h" from the first step to
 *                                  the last; none: as long as the visit
 */
#pragma once

#include "crumb/query/funnel.h"
#include "crumb/query/query.h"

struct funnel_request {
    char site[SITE_NAME_BYTES_MAX + 1];
    struct query_range range;
    struct funnel_question question;     /* lent from below */
    struct text names[FUNNEL_STEPS_MAX]; /* lent from the JSON: what was asked, where it has no name */
    struct filter *filter;
    struct filter *filters[FUNNEL_STEPS_MAX]; /* of the steps */
    json_t *json;
};

/* 0, -ENOMEM or QUERY_E_INVALID (query_parse()). The caller deinits the request. */
int funnel_request_parse(struct text json, struct funnel_request *ret_request, struct buffer *complaint);
void funnel_request_deinit(struct funnel_request *request);
