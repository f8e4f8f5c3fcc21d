/*
 * What a text must hold for an expression to match it: a few short literals,
 * one of which occurs in every text that matches.  Pure.
 *
 * With them most of a thousand expressions need not be tried at all.  To find
 * none is always right, only slower; so whatever is not understood for sure
 * yields none.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/base/text.h"
#include <stdint.h>

struct agent_literal {
    uint8_t size;
    char bytes[AGENT_LITERAL_BYTES_MAX];
};

/* Any of them, in lower case. */
struct agent_literals {
    unsigned n;
    struct agent_literal items[AGENT_LITERALS_MAX];
};

/*
 * @pattern: a PCRE2 pattern that compiles, without options but maybe
 * PCRE2_CASELESS.  Letters are those of ASCII: they are looked for in either
 * case.  n is 0 where every text has to be tried.
 */
void agent_literals_of(struct text pattern, struct agent_literals *ret_literals);

/* ASCII letters in lower case; other bytes as they are. */
static inline char agent_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }
