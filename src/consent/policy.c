/*
 * The rules, strictest first.  Each names the law or promise behind it; each
 * has rows in tests/unit/test_policy.c.
 */
#include "crumb/consent/policy.h"

static struct policy_answer nothing(enum reason reason)
{
    return (struct policy_answer){.classes = 0, .reason = reason};
}

/* A record that somebody made by an action of theirs, GDPR art. 4(11). */
static bool is_explicit(enum choice_kind choice)
{
    return choice == CHOICE_GRANT || choice == CHOICE_CUSTOM || choice == CHOICE_RENEW;
}

struct policy_answer policy_decide(const struct policy_input *input)
{
    /* A child's data is not collected, whatever was clicked: GDPR art. 8, COPPA. */
    if (input->minor || input->choice == CHOICE_MINOR)
        return nothing(REASON_MINOR);
    /* Restricted data may only be stored, not added to: GDPR art. 18(2). */
    if (input->restricted)
        return nothing(REASON_RESTRICTED);
    if (input->choice == CHOICE_GPC)
        return nothing(REASON_GPC);
    /* Silence is consent only where the law says so. */
    bool implied =
        input->choice == CHOICE_IMPLIED && (input->regime == REGIME_OPT_OUT || input->regime == REGIME_NOTICE_ONLY);
    if (!is_explicit(input->choice) && !implied)
        return nothing(REASON_NO_CONSENT);
    /*
     * Global Privacy Control objects: CCPA regulations section 7025.  A choice
     * made by an action while the signal was already on is the more specific
     * wish and stands; a signal that appeared since is the newer one and wins.
     */
    if (input->gpc_now && (implied || !input->gpc_at_choice))
        return nothing(REASON_GPC);
    return (struct policy_answer){.classes = input->granted & CLASS_ALL,
                                  .reason = input->stale ? REASON_STALE_NOTICE : REASON_NO_CONSENT};
}
