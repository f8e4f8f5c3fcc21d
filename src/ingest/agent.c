/*
 * Agents that were read, in a table of small sets.
 *
 * A newcomer takes the last place of its set, and climbs one place each time it
 * is asked for.  So a flood of agents that are seen once only displaces others
 * of the flood: what many visitors have stays.
 */
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/agent_read.h"
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#define HINTS_N 7
#define KEY_BYTES_MAX (AGENT_BYTES_MAX + (HINTS_N - 1) * AGENT_HINT_BYTES_MAX + HINTS_N * 2)
#define TEXTS_BYTES_MAX (AGENT_BYTES_MAX + 8 * AGENT_TEXT_BYTES_MAX)

struct entry {
    uint64_t hash;
    size_t key_bytes;
    struct agent agent; /* its texts lie behind the key */
    char bytes[];
};

struct agent_cache {
    struct agents *agents; /* that all entries were read with */
    struct agent_matcher *matcher;
    struct agent current; /* what could not be kept */
    uint8_t texts[TEXTS_BYTES_MAX];
    uint8_t key[KEY_BYTES_MAX];
    struct entry *sets[AGENT_CACHE_SETS][AGENT_CACHE_WAYS];
};

int agent_cache_new(struct agent_cache **ret_cache)
{
    struct agent_cache *cache = calloc(1, sizeof *cache);

    if (!cache)
        return error_origin(-ENOMEM);
    int r = agent_matcher_new(&cache->matcher);
    if (r) {
        free(cache);
        return error_trace(r);
    }
    *ret_cache = cache;
    return 0;
}

static void forget_all(struct agent_cache *cache)
{
    for (unsigned i = 0; i < AGENT_CACHE_SETS; i++) {
        for (unsigned j = 0; j < AGENT_CACHE_WAYS; j++) {
            free(cache->sets[i][j]);
            cache->sets[i][j] = NULL;
        }
    }
}

struct agent_cache *agent_cache_free(struct agent_cache *cache)
{
    if (cache) {
        forget_all(cache);
        agents_unref(cache->agents);
        agent_matcher_free(cache->matcher);
        free(cache);
    }
    return NULL;
}

/* What is too long is read as far as it goes, or, of a hint, not at all: browsers send none such. */
static struct agent_hints bound(const struct agent_hints *hints)
{
    struct agent_hints bounded = *hints;
    struct text *others[] = {&bounded.brands,   &bounded.full_versions,    &bounded.mobile,
                             &bounded.platform, &bounded.platform_version, &bounded.model};

    if (bounded.agent.size > AGENT_BYTES_MAX)
        bounded.agent.size = AGENT_BYTES_MAX;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i]->size > AGENT_HINT_BYTES_MAX)
            *others[i] = TEXT_NONE;
    return bounded;
}

static struct text make_key(struct agent_cache *cache, const struct agent_hints *hints)
{
    const struct text texts[HINTS_N] = {hints->agent,    hints->brands,           hints->full_versions, hints->mobile,
                                        hints->platform, hints->platform_version, hints->model};
    struct buffer key = BUFFER_OVER(cache->key);

    for (unsigned i = 0; i < HINTS_N; i++) {
        buffer_put_u16(&key, (uint16_t)texts[i].size);
        buffer_put_text(&key, texts[i]);
    }
    return buffer_text(&key);
}

/* The entry of that key, one place further up; or NULL. */
static struct entry *find(struct entry *set[AGENT_CACHE_WAYS], uint64_t hash, struct text key)
{
    for (unsigned i = 0; i < AGENT_CACHE_WAYS && set[i]; i++) {
        struct entry *entry = set[i];

        if (entry->hash != hash || entry->key_bytes != key.size || memcmp(entry->bytes, key.data, key.size) != 0)
            continue;
        if (i > 0) {
            set[i] = set[i - 1];
            set[i - 1] = entry;
        }
        return entry;
    }
    return NULL;
}

static void move_text(char **at, struct text *text)
{
    if (text->size)
        memcpy(*at, text->data, text->size);
    text->data = *at;
    *at += text->size;
}

/* A copy of what was read that lends its own texts, or NULL. */
static struct entry *copy(uint64_t hash, struct text key, const struct agent *agent)
{
    size_t bytes = agent->brand.size + agent->model.size + agent->os.size + agent->os_version.size +
                   agent->browser.size + agent->browser_version.size;
    struct entry *entry = malloc(sizeof *entry + key.size + bytes);

    if (!entry)
        return NULL;
    *entry = (struct entry){.hash = hash, .key_bytes = key.size, .agent = *agent};
    memcpy(entry->bytes, key.data, key.size);
    char *at = entry->bytes + key.size;
    move_text(&at, &entry->agent.brand);
    move_text(&at, &entry->agent.model);
    move_text(&at, &entry->agent.os);
    move_text(&at, &entry->agent.os_version);
    move_text(&at, &entry->agent.browser);
    move_text(&at, &entry->agent.browser_version);
    return entry;
}

/* Into the first free place, or the last one. False: there was no memory. */
static bool keep(struct entry *set[AGENT_CACHE_WAYS], struct entry *entry)
{
    unsigned i = 0;

    if (!entry)
        return false;
    while (i < AGENT_CACHE_WAYS - 1 && set[i])
        i++;
    free(set[i]);
    set[i] = entry;
    return true;
}

static void use(struct agent_cache *cache, struct agents *agents)
{
    if (cache->agents == agents)
        return;
    forget_all(cache);
    agents_unref(cache->agents);
    cache->agents = agents ? agents_ref(agents) : NULL;
}

const struct agent *agent_get(struct agent_cache *cache, struct agents *agents, const struct agent_hints *hints)
{
    struct agent_hints bounded = bound(hints);
    struct text key = make_key(cache, &bounded);
    uint64_t hash = XXH3_64bits(key.data, key.size);
    struct entry **set = cache->sets[hash % AGENT_CACHE_SETS];

    use(cache, agents);
    struct entry *entry = find(set, hash, key);
    if (entry)
        return &entry->agent;
    struct buffer texts = BUFFER_OVER(cache->texts);
    agent_read(agents ? agents_rules(agents) : NULL, cache->matcher, &bounded, &texts, &cache->current);
    if (key.size > AGENT_CACHE_KEY_BYTES_MAX)
        return &cache->current;
    entry = copy(hash, key, &cache->current);
    return keep(set, entry) ? &entry->agent : &cache->current;
}
