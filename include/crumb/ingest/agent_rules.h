/*
 * The expressions of uap-core's regexes.yaml: three lists, for browsers,
 * systems and devices.  The first of a list that matches a User-Agent says
 * what it is, by its own texts and by what it captured
 * (github.com/ua-parser/uap-core, docs/specification.md).
 *
 * Immutable once read, shared by threads; what a match needs to work with is a
 * matcher, one per thread.
 */
#pragma once

#include "crumb/base/buffer.h"

struct agent_rules;
struct agent_matcher;

enum agent_list { AGENT_LIST_BROWSER, AGENT_LIST_OS, AGENT_LIST_DEVICE, AGENT_LIST_N };

/* What a list says, in this order; the empty text: nothing. A device has no versions but brand and model. */
enum { AGENT_FAMILY, AGENT_MAJOR, AGENT_MINOR, AGENT_PATCH, AGENT_BUILD, AGENT_PARTS_N };
enum { AGENT_BRAND = 1, AGENT_MODEL = 2 };

enum { AGENT_RULES_E_UNUSABLE = 1 };

/*
 * AGENT_RULES_E_UNUSABLE: @yaml is not such a file, or an expression does not
 * compile; @complaint says what stands where in @file.  0 or -ENOMEM.
 */
int agent_rules_new(struct text yaml, const char *file, struct agent_rules **ret_rules, struct buffer *complaint);
struct agent_rules *agent_rules_free(struct agent_rules *rules);

/* Bytes of expressions, machine code and literals; for measuring. */
size_t agent_rules_bytes(const struct agent_rules *rules);
/* The number of expressions of a list, and of those that are tried on every agent, as nothing is known of them. */
unsigned agent_rules_count(const struct agent_rules *rules, enum agent_list list, unsigned *ret_n_always);

int agent_matcher_new(struct agent_matcher **ret_matcher);
struct agent_matcher *agent_matcher_free(struct agent_matcher *matcher);

/*
 * What every list says of @agent, lent until the matcher's next call.  A list
 * says nothing where none of its expressions matches, and where one went
 * through AGENT_MATCH_STEPS_MAX steps without an end.
 */
void agent_rules_match(const struct agent_rules *rules, struct agent_matcher *matcher, struct text agent,
                       struct text ret_found[AGENT_LIST_N][AGENT_PARTS_N]);
