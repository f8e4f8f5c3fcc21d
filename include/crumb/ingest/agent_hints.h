/*
 * Client hints (Sec-CH-UA and its kin, wicg.github.io/ua-client-hints): what
 * browsers built on Chromium say of themselves outside of the User-Agent, parts
 * of which they have frozen.  Pure.
 *
 * A hint is believed where it does not contradict the User-Agent.
 */
#pragma once

#include "crumb/ingest/agent.h"

struct agent_hinted {
    struct text browser;          /* its own brand, such as "Brave"; empty: not told, or nothing but "Chromium" */
    struct text browser_version;  /* "120", or as full as it was sent */
    struct text chromium_version; /* of what it is built on, likewise */
    struct text platform;         /* "Windows" */
    struct text platform_version;
    struct text model;
    bool headless;
};

/* Texts lent by @hints. */
struct agent_hinted agent_hints_read(const struct agent_hints *hints);
