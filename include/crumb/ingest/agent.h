/*
 * What a browser says of itself in its request: which device, system and
 * browser it is, and whether it is one at all.
 *
 * The names come from uap-core's expressions (`agents` of the configuration),
 * from client hints where a browser sends them and they agree with its
 * User-Agent, and from tables of our own for the kind of device and for
 * programs.  Whatever is not known for sure is empty.
 *
 * Reading an agent takes some microseconds, so that each thread has a cache.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/words.h"

struct agents;

enum { AGENTS_E_UNUSABLE = 1 };

/*
 * Reads the expressions of the file at @path, which may change or go
 * afterwards.  What is opened never changes, and is shared by threads.
 * AGENTS_E_UNUSABLE: it is missing or no such file; one sentence is in
 * @complaint.  0, or -ENOMEM.
 */
int agents_open(const char *path, struct agents **ret_agents, struct buffer *complaint);
struct agents *agents_ref(struct agents *agents);
/* Returns NULL; so does agents_unref(NULL). */
struct agents *agents_unref(struct agents *agents);

/* Values of headers; empty: not sent. */
struct agent_hints {
    struct text agent;            /* User-Agent */
    struct text brands;           /* Sec-CH-UA */
    struct text full_versions;    /* Sec-CH-UA-Full-Version-List */
    struct text mobile;           /* Sec-CH-UA-Mobile */
    struct text platform;         /* Sec-CH-UA-Platform */
    struct text platform_version; /* Sec-CH-UA-Platform-Version */
    struct text model;            /* Sec-CH-UA-Model */
};

struct agent {
    enum device device;
    enum bot bot; /* BOT_AGENT or BOT_AUTOMATION, where it says so itself */
    struct text brand, model, os, os_version, browser, browser_version; /* UTF-8 without control characters */
};

struct agent_cache;

/* A cache for one thread. 0 or -ENOMEM. */
int agent_cache_new(struct agent_cache **ret_cache);
struct agent_cache *agent_cache_free(struct agent_cache *cache);

/*
 * Who sends these headers, lent until the next call with @cache.  @agents NULL:
 * none are configured, and only device and bot are told.  Bounded whatever the
 * headers hold; never fails.  The cache keeps a reference to @agents until
 * it is called with others, or freed.
 */
const struct agent *agent_get(struct agent_cache *cache, struct agents *agents, const struct agent_hints *hints);
