/*
 * Finds which of many literals occur in a text, in one pass over it whatever
 * their number (Aho and Corasick, "Efficient string matching", 1975), letters
 * of ASCII in either case.  Made once, then read by any thread.
 */
#pragma once

#include "crumb/ingest/agent_literal.h"

struct agent_scan;

/* A set of literals, and the number that stands for it where one of them occurs. */
struct agent_scan_row {
    unsigned number; /* below 65536 */
    unsigned n_literals;
    const struct agent_literal *literals; /* none longer than AGENT_LITERAL_BYTES_MAX, none empty */
};

enum { AGENT_SCAN_E_TOO_LARGE = 1 };

/* AGENT_SCAN_E_TOO_LARGE: the literals have more than AGENT_SCAN_STATES_MAX bytes together. 0 or -ENOMEM. */
int agent_scan_new(const struct agent_scan_row *rows, unsigned n_rows, struct agent_scan **ret_scan);
struct agent_scan *agent_scan_free(struct agent_scan *scan);

/* Sets bit `number` of @bits for every set of which @text holds a literal. */
void agent_scan_mark(const struct agent_scan *scan, struct text text, uint64_t *bits);

size_t agent_scan_bytes(const struct agent_scan *scan);
