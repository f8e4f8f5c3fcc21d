/*
 * Any bytes as the headers of a browser, each on a line: User-Agent, Sec-CH-UA
 * and its kin.  What is said is text that may be stored, the same each time,
 * and the same from the cache.  The expressions are a few of every form.
 */
#include "crumb/base/limits.h"
#include "crumb/ingest/agent_read.h"
#include <assert.h>
#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char expressions[] = "user_agent_parsers:\n"
                                  "  - regex: '(Chrome)/(\\d+)\\.(\\d+)(?:\\.(\\d+)|)'\n"
                                  "  - regex: '^(.{0,200})/(\\d+)(?:\\.(\\d+)|) CFNetwork'\n"
                                  "  - regex: '(\\w+)/(\\S+)'\n    v2_replacement: '$1$2$9$0$'\n"
                                  "os_parsers:\n"
                                  "  - regex: '(Windows) NT (\\d+)\\.(\\d+)'\n"
                                  "  - regex: '(Android)[ \\-/](\\d+)(?:\\.(\\d+)|)'\n"
                                  "  - regex: '(Mac OS X) (\\d+)_(\\d+)_(\\d+)'\n"
                                  "device_parsers:\n"
                                  "  - regex: '(?:bot|spider)'\n    regex_flag: 'i'\n    device_replacement: "
                                  "'Spider'\n    brand_replacement: 'Spider'\n"
                                  "  - regex: '; *([^;/]+?) *(?:Build|\\))'\n    brand_replacement: 'Generic_Android'\n"
                                  "  - regex: '(.*.*)*x'\n    brand_replacement: ' $1 '\n";

static struct agent_rules *rules;
static struct agent_cache *cache;
static struct agent_matcher *matcher;

static void prepare(void)
{
    static uint8_t room[1024];
    struct buffer complaint = BUFFER_OVER(room);
    int r = agent_rules_new(TEXT(expressions), "fuzz", &rules, &complaint);

    assert(r == 0);
    r = agent_matcher_new(&matcher);
    assert(r == 0);
    r = agent_cache_new(&cache);
    assert(r == 0);
}

static void check_text(struct text text)
{
    assert(text.size <= AGENT_TEXT_BYTES_MAX);
    assert(text.size == 0 || g_utf8_validate_len(text.data, text.size, NULL));
    for (size_t i = 0; i < text.size; i++)
        assert((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f);
}

static void check_agent(const struct agent *agent)
{
    assert(agent->device < DEVICE_N);
    assert(agent->bot == BOT_NONE || agent->bot == BOT_AGENT || agent->bot == BOT_AUTOMATION);
    check_text(agent->brand);
    check_text(agent->model);
    check_text(agent->os);
    check_text(agent->os_version);
    check_text(agent->browser);
    check_text(agent->browser_version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[4096];
    struct text rest = {.data = (const char *)data, .size = size};
    struct buffer texts = BUFFER_OVER(room);
    struct agent_hints hints;
    struct agent agent;

    if (!rules)
        prepare();
    hints.agent = text_cut(&rest, '\n');
    hints.brands = text_cut(&rest, '\n');
    hints.full_versions = text_cut(&rest, '\n');
    hints.mobile = text_cut(&rest, '\n');
    hints.platform = text_cut(&rest, '\n');
    hints.platform_version = text_cut(&rest, '\n');
    hints.model = text_cut(&rest, '\n');
    /* The cache first: without expressions, twice. */
    struct agent first = *agent_get(cache, NULL, &hints), again = *agent_get(cache, NULL, &hints);
    assert(first.device == again.device && first.bot == again.bot && first.browser.size == 0);
    agent_read(rules, matcher, &hints, &texts, &agent);
    check_agent(&agent);
    return 0;
}
