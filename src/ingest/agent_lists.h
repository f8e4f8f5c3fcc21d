/*
 * The lists of expressions as they are in memory: what agent_rules.c makes and
 * agent_match.c reads.
 */
#pragma once

#include "crumb/ingest/agent_match.h"
#include "crumb/ingest/agent_scan.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define AGENT_BITS_WORDS (AGENT_RULES_MAX / 64)

struct agent_rule {
    pcre2_code *code;
    char *texts[AGENT_PARTS_N];     /* "$1" in them is what the group captured; NULL: the group of that part */
    struct agent_literal *literals; /* until all are in the scan */
    unsigned n_literals;
};

struct agent_rules {
    struct agent_rule *rules;
    unsigned n_rules;
    unsigned begins[AGENT_LIST_N + 1]; /* a list is those from its begin to that of the next */
    uint64_t always[AGENT_BITS_WORDS]; /* that are to be tried on every agent */
    struct agent_scan *scan;
};
