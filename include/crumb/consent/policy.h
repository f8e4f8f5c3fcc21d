/*
 * The policy: which event classes may be stored now.  A pure function; its
 * test is the decision table tests/unit/test_policy.c.
 *
 * Unsure means no (P7): everything that is not a clear, current, informed
 * choice allows nothing.
 */
#pragma once

#include "crumb/base/words.h"

struct policy_input {
    /* The live record of this visitor; 0: there is none, it cannot be read, or it has expired. */
    enum choice_kind choice;
    /* The classes of the granted purposes that still mean what they meant when they were granted. */
    unsigned granted;
    /* Some granted purpose has since changed its meaning (material change of the notice). */
    bool stale;
    /* Sec-GPC: 1 came with this event; it had come with the choice, too. */
    bool gpc_now, gpc_at_choice;
    /* The stricter of when the choice was made and of now: silence is consent only where the law says so, and still
     * does. */
    enum regime regime;
    bool restricted; /* GDPR art. 18 */
    bool minor;      /* GDPR art. 8 */
};

struct policy_answer {
    unsigned classes;   /* allowed event classes */
    enum reason reason; /* why what is not allowed is not */
};

struct policy_answer policy_decide(const struct policy_input *input);
