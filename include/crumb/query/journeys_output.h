/*
 * Answers about paths and funnels.  Pure; faults stay in the buffer.
 *
 * As JSON (docs/journeys.md); bytes of names that are not UTF-8 become U+FFFD.
 * As a table for people: whole paths with their visits, the steps of a funnel.
 */
#pragma once

#include "crumb/query/funnel_request.h"
#include "crumb/query/paths_request.h"

/* {"visits", "traced", "untraced", "steps", "links", "paths"} */
void journeys_output_paths(const struct paths_request *request, const struct paths_answer *answer,
                           struct buffer *buffer);

/* {"traced", "untraced", "steps"} */
void journeys_output_funnel(const struct funnel_request *request, const struct funnel_answer *answer,
                            struct buffer *buffer);

void journeys_table_paths(const struct paths_request *request, const struct paths_answer *answer,
                          struct buffer *buffer);
void journeys_table_funnel(const struct funnel_request *request, const struct funnel_answer *answer,
                           struct buffer *buffer);
