/*
 * Paths and funnels over the days of a range, as query_run() is for queries.
 */
#pragma once

#include "crumb/query/funnel_request.h"
#include "crumb/query/paths_request.h"

/*
 * Answers for a site at @now_ms; @request is borrowed until the paths or funnel
 * are freed.  0 or a fault (-ECANCELED).  QUERY_E_INVALID: the range ends before
 * it begins or is too long, there is no such goal, or there is too much to look
 * at or to keep; @complaint says so.
 */
int journeys_run_paths(struct paths_request *request, const struct site *site, int64_t now_ms,
                       const struct query_source *source, struct paths **ret_paths, struct buffer *complaint);
int journeys_run_funnel(struct funnel_request *request, const struct site *site, int64_t now_ms,
                        const struct query_source *source, struct funnel **ret_funnel, struct buffer *complaint);
