/*
 * Headers that no browser sends, or that contradict each other: then a program
 * asks that plays a browser.  Pure.
 *
 * Only what a browser cannot help sending counts, because a visitor who is
 * taken for a program is left out of every figure.  What programs say openly is
 * the agent's (ingest/agent.h); how they behave, the build's (rollup/bots.h).
 */
#pragma once

#include "crumb/ingest/agent.h"

struct bot_headers {
    bool known; /* false: there was no request with headers, as in a replay; nothing is concluded */
    struct agent_hints hints;
    struct text accept, accept_language;
};

/* BOT_HEADERS or BOT_NONE. */
enum bot bot_of_headers(const struct bot_headers *headers);
