/*
 * From headers to an agent, without a cache: for agent.c, tests and
 * benchmarks.
 */
#pragma once

#include "crumb/ingest/agent.h"
#include "crumb/ingest/agent_match.h"

/* The expressions of what was opened, lent. */
const struct agent_rules *agents_rules(const struct agents *agents);

/*
 * @rules NULL: none are configured.  @texts is where texts are made that are
 * not in the headers; it must not move while it grows (BUFFER_OVER), and what
 * does not fit is empty.  Texts are lent by it, @hints and @matcher.
 */
void agent_read(const struct agent_rules *rules, struct agent_matcher *matcher, const struct agent_hints *hints,
                struct buffer *texts, struct agent *ret_agent);
