/*
 * Answers about paths and funnels as JSON.  Pure; faults stay in the buffer.
 * Bytes of names that are not UTF-8 become U+FFFD.
 */
#pragma once

#include "crumb/query/funnel_request.h"
#include "crumb/query/paths_request.h"

/* {"visits", "traced", "untraced", "steps", "links", "paths"}: docs/journeys.md */
void journeys_output_paths(const struct paths_request *request, const struct paths_answer *answer,
                           struct buffer *buffer);

/* {"traced", "untraced", "steps"}: docs/journeys.md */
void journeys_output_funnel(const struct funnel_request *request, const struct funnel_answer *answer,
                            struct buffer *buffer);
