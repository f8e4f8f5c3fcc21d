/*
 * Any bytes as the file of expressions: it is taken, or complained about in
 * one line.  What is taken answers agents, and a literal that is looked for
 * never hides an expression that matches: the same file with a comment in front
 * of each expression, so that no literal is known, says the same.
 */
#include "crumb/base/limits.h"
#include "crumb/ingest/agent_match.h"
#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const agents[] = {
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.8",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
    "abc ABC xyz 123 [](){}|",
    "",
};

/* As the file stands, but that nothing is known of expressions in single quotes. */
static void blind(struct text yaml, struct buffer *changed)
{
    static const struct text mark = {.data = "regex: '", .size = 8};

    while (yaml.size) {
        const char *at = memmem(yaml.data, yaml.size, mark.data, mark.size);
        size_t before = at ? (size_t)(at - yaml.data) + mark.size : yaml.size;

        buffer_put_text(changed, (struct text){.data = yaml.data, .size = before});
        if (at)
            buffer_put_text(changed, TEXT("(?#)"));
        yaml = text_from(yaml, before);
    }
}

static void check_same(const struct agent_rules *one, const struct agent_rules *other)
{
    struct agent_matcher *matchers[2] = {NULL, NULL};

    if (agent_matcher_new(&matchers[0]) == 0 && agent_matcher_new(&matchers[1]) == 0) {
        for (size_t i = 0; i < sizeof agents / sizeof *agents; i++) {
            struct text a[AGENT_LIST_N][AGENT_PARTS_N], b[AGENT_LIST_N][AGENT_PARTS_N];

            agent_match(one, matchers[0], text_of(agents[i]), a);
            agent_match(other, matchers[1], text_of(agents[i]), b);
            for (unsigned j = 0; j < AGENT_LIST_N; j++)
                for (unsigned k = 0; k < AGENT_PARTS_N; k++)
                    /* One that runs away is not always tried where its literal is known to be missing. */
                    assert(text_equal(a[j][k], b[j][k]) || !b[j][k].size);
        }
    }
    agent_matcher_free(matchers[0]);
    agent_matcher_free(matchers[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text yaml = {.data = (const char *)data, .size = size};
    struct agent_rules *rules = NULL, *blinded = NULL;
    BUFFER_AUTO complaint = BUFFER_INIT(8192);
    BUFFER_AUTO changed = BUFFER_INIT(16 << 20);
    BUFFER_AUTO ignored = BUFFER_INIT(8192);
    int r = agent_rules_new(yaml, "fuzz", &rules, &complaint);

    assert(r == 0 || r == AGENT_RULES_E_UNUSABLE);
    assert((r == 0) == (complaint.size == 0));
    assert(r == 0 || text_find(buffer_text(&complaint), '\n') == complaint.size);
    blind(yaml, &changed);
    if (r == 0 && agent_rules_new(buffer_text(&changed), "fuzz", &blinded, &ignored) == 0)
        check_same(rules, blinded);
    agent_rules_free(rules);
    agent_rules_free(blinded);
    return 0;
}
