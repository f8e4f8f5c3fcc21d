/*
 * One pass over the agent finds the literals that it holds, which leaves a few
 * expressions to try; of each list the first that matches speaks.
 */
#include "crumb/ingest/agent_match.h"
#include "agent_lists.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <stdlib.h>

struct agent_matcher {
    pcre2_match_data *found;
    pcre2_match_context *limits;
    unsigned n_groups; /* that the last match set, the whole of it among them */
    struct buffer texts[AGENT_LIST_N];
};

/* The group that a part is taken from where the expression has no text for it; 0: none. */
static const uint8_t groups[AGENT_LIST_N][AGENT_PARTS_N] = {
    [AGENT_LIST_BROWSER] = {1, 2, 3, 4, 0},
    [AGENT_LIST_OS] = {1, 2, 3, 4, 5},
    [AGENT_LIST_DEVICE] = {1, 0, 1, 0, 0},
};

int agent_matcher_new(struct agent_matcher **ret_matcher)
{
    struct agent_matcher *matcher = calloc(1, sizeof *matcher);

    if (!matcher)
        return error_origin(-ENOMEM);
    for (unsigned i = 0; i < AGENT_LIST_N; i++)
        matcher->texts[i] = BUFFER_INIT(AGENT_PARTS_N * AGENT_TEXT_BYTES_MAX);
    matcher->found = pcre2_match_data_create(AGENT_GROUPS_MAX + 1, NULL);
    matcher->limits = pcre2_match_context_create(NULL);
    if (!matcher->found || !matcher->limits) {
        agent_matcher_free(matcher);
        return error_origin(-ENOMEM);
    }
    pcre2_set_match_limit(matcher->limits, AGENT_MATCH_STEPS_MAX);
    pcre2_set_heap_limit(matcher->limits, AGENT_MATCH_HEAP_KIB_MAX);
    *ret_matcher = matcher;
    return 0;
}

struct agent_matcher *agent_matcher_free(struct agent_matcher *matcher)
{
    if (matcher) {
        pcre2_match_data_free(matcher->found);
        pcre2_match_context_free(matcher->limits);
        for (unsigned i = 0; i < AGENT_LIST_N; i++)
            buffer_deinit(&matcher->texts[i]);
        free(matcher);
    }
    return NULL;
}

static struct text group(const struct agent_matcher *matcher, struct text agent, unsigned number)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(matcher->found) + 2 * number;

    /* A group may have taken no part; and by \K the whole can end before it begins. */
    if (number >= matcher->n_groups || at[0] == PCRE2_UNSET || at[1] < at[0])
        return TEXT_NONE;
    return (struct text){.data = agent.data + at[0], .size = at[1] - at[0]};
}

/* @text with what "$1" to "$9" captured. */
static void put_replaced(struct buffer *buffer, const struct agent_matcher *matcher, struct text agent,
                         const char *text)
{
    for (; *text; text++) {
        if (text[0] == '$' && text[1] >= '1' && text[1] <= '9')
            buffer_put_text(buffer, group(matcher, agent, (unsigned)(*++text - '0')));
        else
            buffer_put_u8(buffer, (uint8_t)*text);
    }
}

static void put_part(struct buffer *buffer, const struct agent_matcher *matcher, struct text agent,
                     const struct agent_rule *rule, enum agent_list list, unsigned part)
{
    if (rule->texts[part])
        put_replaced(buffer, matcher, agent, rule->texts[part]);
    else if (groups[list][part])
        buffer_put_text(buffer, group(matcher, agent, groups[list][part]));
}

/* The parts are put one after another first: the buffer moves while it grows. What does not fit says nothing. */
static void read_parts(const struct agent_rule *rule, struct agent_matcher *matcher, struct text agent,
                       enum agent_list list, struct text ret_parts[AGENT_PARTS_N])
{
    struct buffer *buffer = &matcher->texts[list];
    size_t ends[AGENT_PARTS_N], begin = 0;

    buffer_clear(buffer);
    for (unsigned i = 0; i < AGENT_PARTS_N; i++) {
        put_part(buffer, matcher, agent, rule, list, i);
        ends[i] = buffer->size;
    }
    if (buffer->fault)
        return;
    for (unsigned i = 0; i < AGENT_PARTS_N; begin = ends[i++])
        if (ends[i] > begin)
            ret_parts[i] = text_trim((struct text){.data = (char *)buffer->data + begin, .size = ends[i] - begin});
}

/* The first of a list's expressions that match, among those in @bits. */
static void match_list(const struct agent_rules *rules, struct agent_matcher *matcher, struct text agent,
                       const uint64_t *bits, enum agent_list list, struct text ret_parts[AGENT_PARTS_N])
{
    for (unsigned i = rules->begins[list]; i < rules->begins[list + 1]; i++) {
        if (bits[i / 64] >> i % 64 == 0) {
            i |= 63; /* the loop's own step goes on to the next word */
            continue;
        }
        i += (unsigned)__builtin_ctzll(bits[i / 64] >> i % 64);
        if (i >= rules->begins[list + 1])
            return;
        int n = pcre2_match(rules->rules[i].code, (PCRE2_SPTR)agent.data, agent.size, 0, 0, matcher->found,
                            matcher->limits);
        if (n == PCRE2_ERROR_NOMATCH)
            continue;
        matcher->n_groups = n ? (unsigned)n : AGENT_GROUPS_MAX + 1; /* 0: it has more groups than there is room */
        if (n >= 0)
            read_parts(&rules->rules[i], matcher, agent, list, ret_parts);
        return; /* a fault: whether this one matches is not known, so what comes behind it must not answer */
    }
}

void agent_match(const struct agent_rules *rules, struct agent_matcher *matcher, struct text agent,
                 struct text ret_found[AGENT_LIST_N][AGENT_PARTS_N])
{
    uint64_t bits[AGENT_BITS_WORDS];

    /* What some expressions take grows with the cube of it. */
    if (agent.size > AGENT_MATCH_BYTES_MAX)
        agent.size = AGENT_MATCH_BYTES_MAX;
    memcpy(bits, rules->always, sizeof bits);
    agent_scan_mark(rules->scan, agent, bits);
    for (unsigned list = 0; list < AGENT_LIST_N; list++) {
        for (unsigned part = 0; part < AGENT_PARTS_N; part++)
            ret_found[list][part] = TEXT_NONE;
        match_list(rules, matcher, agent, bits, (enum agent_list)list, ret_found[list]);
    }
}
