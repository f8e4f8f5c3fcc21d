/*
 * The expressions of uap-core's regexes.yaml: three lists, for browsers,
 * systems and devices.  The first of a list that matches a User-Agent says
 * what it is, by its own texts and by what it captured
 * (github.com/ua-parser/uap-core, docs/specification.md).
 *
 * Immutable once read, shared by threads.
 */
#pragma once

#include "crumb/base/buffer.h"

struct agent_rules;

enum agent_list { AGENT_LIST_BROWSER, AGENT_LIST_OS, AGENT_LIST_DEVICE, AGENT_LIST_N };

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
