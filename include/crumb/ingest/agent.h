/*
 * Agents: what a browser says of itself, read.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/words.h"

struct agents; /* immutable once opened, reference counted, shared by threads */

enum { AGENTS_E_UNUSABLE = 1 };

/* Header values; empty: not sent. */
struct agent_hints {
    struct text agent, brands, full_versions, mobile, platform, platform_version, model;
};

struct agent {
    enum device device;
    enum bot bot;
    struct text brand, model, os, os_version, browser, browser_version;
};

struct agent_cache; /* one per thread */

/* Texts lent until the next agent_get() of that cache. @agents may be NULL: none configured. */
const struct agent *agent_get(struct agent_cache *cache, struct agents *agents, const struct agent_hints *hints);
