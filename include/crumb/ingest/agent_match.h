/*
 * Asks the expressions (agent_rules.h) about one agent.  What that needs to work
 * with is a matcher, one per thread.
 */
#pragma once

#include "crumb/ingest/agent_rules.h"

struct agent_matcher;

/* What a list says, in this order; the empty text: nothing. A device has no versions but brand and model. */
enum { AGENT_FAMILY, AGENT_MAJOR, AGENT_MINOR, AGENT_PATCH, AGENT_BUILD, AGENT_PARTS_N };
enum { AGENT_BRAND = 1, AGENT_MODEL = 2 };

int agent_matcher_new(struct agent_matcher **ret_matcher);
struct agent_matcher *agent_matcher_free(struct agent_matcher *matcher);

/*
 * What every list says of @agent, lent until the matcher's next call.  A list
 * says nothing where none of its expressions matches, and where one went
 * through AGENT_MATCH_STEPS_MAX steps without an end.
 */
void agent_match(const struct agent_rules *rules, struct agent_matcher *matcher, struct text agent,
                 struct text ret_found[AGENT_LIST_N][AGENT_PARTS_N]);
