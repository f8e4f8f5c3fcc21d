/*
 * The decision table: what may be stored of an event, by what its visitor chose,
 * the signals, the law at the place, and the rights that were used.
 *
 * Each row names the rule it stands for.  What no row names is looked at by the
 * exhaustive loop: all inputs there are, against what must hold for any.
 */
#include "check.h"
#include "crumb/consent/policy.h"

#define LOG CLASS_BIT(CLASS_LOG)
#define DEVICE CLASS_BIT(CLASS_DEVICE)
#define CLICKS CLASS_BIT(CLASS_CLICKPATH)
#define ALL CLASS_ALL
#define NOBODY ((enum choice_kind)0)

enum { NOW = 1, THEN = 2 }; /* Sec-GPC came with the event; had come with the choice */

static const struct row {
    const char *name;
    enum choice_kind choice;
    enum regime regime;
    unsigned granted, gpc;
    bool stale, restricted, minor;
    unsigned classes;
    enum reason reason;
} rows[] = {
    /* Somebody of whom nothing is known: GDPR art. 6(1)(a), ePrivacy art. 5(3). */
    {"nobody known, opt_in", NOBODY, REGIME_OPT_IN, 0, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"nobody known, opt_out: implied is a record too", NOBODY, REGIME_OPT_OUT, 0, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"nobody known, notice_only", NOBODY, REGIME_NOTICE_ONLY, 0, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"nobody known, but classes are claimed", NOBODY, REGIME_OPT_IN, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"nobody known, with the signal", NOBODY, REGIME_OPT_IN, 0, NOW, 0, 0, 0, 0, REASON_NO_CONSENT},

    /* A clear choice: GDPR art. 4(11). */
    {"grant of everything", CHOICE_GRANT, REGIME_OPT_IN, ALL, 0, 0, 0, 0, ALL, REASON_NO_CONSENT},
    {"grant, opt_out", CHOICE_GRANT, REGIME_OPT_OUT, ALL, 0, 0, 0, 0, ALL, REASON_NO_CONSENT},
    {"grant, notice_only", CHOICE_GRANT, REGIME_NOTICE_ONLY, ALL, 0, 0, 0, 0, ALL, REASON_NO_CONSENT},
    {"custom: log alone", CHOICE_CUSTOM, REGIME_OPT_IN, LOG, 0, 0, 0, 0, LOG, REASON_NO_CONSENT},
    {"custom: log and device", CHOICE_CUSTOM, REGIME_OPT_IN, LOG | DEVICE, 0, 0, 0, 0, LOG | DEVICE, REASON_NO_CONSENT},
    {"custom: device alone", CHOICE_CUSTOM, REGIME_OPT_IN, DEVICE, 0, 0, 0, 0, DEVICE, REASON_NO_CONSENT},
    {"custom: clicks alone", CHOICE_CUSTOM, REGIME_OPT_IN, CLICKS, 0, 0, 0, 0, CLICKS, REASON_NO_CONSENT},
    {"custom: purposes that collect nothing", CHOICE_CUSTOM, REGIME_OPT_IN, 0, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"renewed", CHOICE_RENEW, REGIME_OPT_IN, LOG, 0, 0, 0, 0, LOG, REASON_NO_CONSENT},
    {"renewed, opt_out", CHOICE_RENEW, REGIME_OPT_OUT, ALL, 0, 0, 0, 0, ALL, REASON_NO_CONSENT},
    {"renewed, a regime that is none", CHOICE_RENEW, (enum regime)0, LOG, 0, 0, 0, 0, LOG, REASON_NO_CONSENT},
    {"classes that there are not", CHOICE_GRANT, REGIME_OPT_IN, ~0u, 0, 0, 0, 0, ALL, REASON_NO_CONSENT},

    /* Anything that is no grant, whatever the row says was granted. */
    {"deny", CHOICE_DENY, REGIME_OPT_IN, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"deny, opt_out", CHOICE_DENY, REGIME_OPT_OUT, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"deny, notice_only", CHOICE_DENY, REGIME_NOTICE_ONLY, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"closed without a choice", CHOICE_DISMISS, REGIME_OPT_IN, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"closed without a choice, opt_out", CHOICE_DISMISS, REGIME_OPT_OUT, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"withdrawn: GDPR art. 7(3)", CHOICE_WITHDRAW, REGIME_OPT_IN, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"withdrawn, notice_only", CHOICE_WITHDRAW, REGIME_NOTICE_ONLY, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"a kind that is none", CHOICE_N, REGIME_OPT_IN, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"a kind that is none, opt_out", (enum choice_kind)77, REGIME_OPT_OUT, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},

    /* Silence, where the law takes it for a yes. */
    {"implied, opt_in", CHOICE_IMPLIED, REGIME_OPT_IN, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"implied, opt_out", CHOICE_IMPLIED, REGIME_OPT_OUT, ALL, 0, 0, 0, 0, ALL, REASON_NO_CONSENT},
    {"implied, notice_only", CHOICE_IMPLIED, REGIME_NOTICE_ONLY, LOG, 0, 0, 0, 0, LOG, REASON_NO_CONSENT},
    {"implied, a regime that is none", CHOICE_IMPLIED, (enum regime)0, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"implied, a regime to come", CHOICE_IMPLIED, REGIME_N, ALL, 0, 0, 0, 0, 0, REASON_NO_CONSENT},
    {"implied, with the signal", CHOICE_IMPLIED, REGIME_OPT_OUT, ALL, NOW, 0, 0, 0, 0, REASON_GPC},
    {"implied, with the signal all along", CHOICE_IMPLIED, REGIME_OPT_OUT, ALL, NOW | THEN, 0, 0, 0, 0, REASON_GPC},
    {"implied, the signal was there and is gone", CHOICE_IMPLIED, REGIME_OPT_OUT, ALL, THEN, 0, 0, 0, ALL,
     REASON_NO_CONSENT},
    {"implied, opt_in, with the signal", CHOICE_IMPLIED, REGIME_OPT_IN, ALL, NOW, 0, 0, 0, 0, REASON_NO_CONSENT},

    /* Global Privacy Control: CCPA regulations section 7025. */
    {"the choice was the signal", CHOICE_GPC, REGIME_OPT_OUT, ALL, NOW | THEN, 0, 0, 0, 0, REASON_GPC},
    {"the choice was the signal, which is gone", CHOICE_GPC, REGIME_OPT_OUT, ALL, THEN, 0, 0, 0, 0, REASON_GPC},
    {"the choice was the signal, opt_in", CHOICE_GPC, REGIME_OPT_IN, 0, THEN, 0, 0, 0, 0, REASON_GPC},
    {"the choice was the signal, stale", CHOICE_GPC, REGIME_OPT_IN, LOG, NOW, 1, 0, 0, 0, REASON_GPC},
    {"renewed in spite of the signal", CHOICE_RENEW, REGIME_OPT_OUT, LOG, NOW | THEN, 0, 0, 0, LOG, REASON_NO_CONSENT},
    {"granted in spite of the signal", CHOICE_GRANT, REGIME_OPT_IN, ALL, NOW | THEN, 0, 0, 0, ALL, REASON_NO_CONSENT},
    {"the signal came after the grant", CHOICE_GRANT, REGIME_OPT_IN, ALL, NOW, 0, 0, 0, 0, REASON_GPC},
    {"the signal came after the grant, opt_out", CHOICE_GRANT, REGIME_OPT_OUT, ALL, NOW, 0, 0, 0, 0, REASON_GPC},
    {"the signal went after the grant", CHOICE_GRANT, REGIME_OPT_IN, ALL, THEN, 0, 0, 0, ALL, REASON_NO_CONSENT},
    {"custom in spite of the signal", CHOICE_CUSTOM, REGIME_OPT_OUT, LOG, NOW | THEN, 0, 0, 0, LOG, REASON_NO_CONSENT},
    {"the signal came after a custom choice", CHOICE_CUSTOM, REGIME_OPT_OUT, LOG, NOW, 0, 0, 0, 0, REASON_GPC},
    {"the signal came after a renewal", CHOICE_RENEW, REGIME_OPT_IN, LOG, NOW, 0, 0, 0, 0, REASON_GPC},
    {"refused, and the signal", CHOICE_DENY, REGIME_OPT_IN, 0, NOW, 0, 0, 0, 0, REASON_NO_CONSENT},

    /* A purpose that changed its meaning: GDPR recital 32, EDPB guidelines 05/2020. */
    {"stale in part", CHOICE_GRANT, REGIME_OPT_IN, LOG, 0, 1, 0, 0, LOG, REASON_STALE_NOTICE},
    {"stale as a whole", CHOICE_GRANT, REGIME_OPT_IN, 0, 0, 1, 0, 0, 0, REASON_STALE_NOTICE},
    {"stale, implied", CHOICE_IMPLIED, REGIME_OPT_OUT, 0, 0, 1, 0, 0, 0, REASON_STALE_NOTICE},
    {"stale, and the signal came", CHOICE_GRANT, REGIME_OPT_IN, LOG, NOW, 1, 0, 0, 0, REASON_GPC},
    {"stale, but it was a refusal", CHOICE_DENY, REGIME_OPT_IN, 0, 0, 1, 0, 0, 0, REASON_NO_CONSENT},

    /* Restriction: GDPR art. 18. */
    {"restricted", CHOICE_GRANT, REGIME_OPT_IN, ALL, 0, 0, 1, 0, 0, REASON_RESTRICTED},
    {"restricted, implied", CHOICE_IMPLIED, REGIME_NOTICE_ONLY, ALL, 0, 0, 1, 0, 0, REASON_RESTRICTED},
    {"restricted, and the signal came", CHOICE_GRANT, REGIME_OPT_IN, ALL, NOW, 0, 1, 0, 0, REASON_RESTRICTED},
    {"restricted, stale", CHOICE_GRANT, REGIME_OPT_IN, ALL, 0, 1, 1, 0, 0, REASON_RESTRICTED},
    {"restricted, refused", CHOICE_DENY, REGIME_OPT_IN, 0, 0, 0, 1, 0, 0, REASON_RESTRICTED},

    /* Children: GDPR art. 8, COPPA. */
    {"a minor who granted", CHOICE_GRANT, REGIME_OPT_IN, ALL, 0, 0, 0, 1, 0, REASON_MINOR},
    {"a minor, implied", CHOICE_IMPLIED, REGIME_OPT_OUT, ALL, 0, 0, 0, 1, 0, REASON_MINOR},
    {"a record that says minor", CHOICE_MINOR, REGIME_OPT_IN, ALL, 0, 0, 0, 0, 0, REASON_MINOR},
    {"a record that says minor, notice_only", CHOICE_MINOR, REGIME_NOTICE_ONLY, ALL, 0, 0, 0, 0, 0, REASON_MINOR},
    {"a minor, restricted", CHOICE_GRANT, REGIME_OPT_IN, ALL, 0, 0, 1, 1, 0, REASON_MINOR},
    {"a minor, and the signal came", CHOICE_GRANT, REGIME_OPT_IN, ALL, NOW, 0, 0, 1, 0, REASON_MINOR},
};

static void test_decisions(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        const struct row *row = &rows[i];
        struct policy_input input = {.choice = row->choice,
                                     .granted = row->granted,
                                     .stale = row->stale,
                                     .gpc_now = row->gpc & NOW,
                                     .gpc_at_choice = row->gpc & THEN,
                                     .regime = row->regime,
                                     .restricted = row->restricted,
                                     .minor = row->minor};
        struct policy_answer answer = policy_decide(&input);

        check_equal(row->name, answer.classes, row->classes);
        check_text(row->name, text_of(words_reason(answer.reason)), words_reason(row->reason));
    }
}

/* The @n-th of all inputs, kinds and regimes that are none included. */
static struct policy_input nth_input(unsigned n)
{
    struct policy_input input = {0};

    input.choice = (enum choice_kind)(n % (CHOICE_N + 2));
    n /= CHOICE_N + 2;
    input.regime = (enum regime)(n % (REGIME_N + 1));
    n /= REGIME_N + 1;
    input.granted = n % (2 * (CLASS_ALL + 1));
    n /= 2 * (CLASS_ALL + 1);
    input.stale = n & 1;
    input.gpc_now = n & 2;
    input.gpc_at_choice = n & 4;
    input.restricted = n & 8;
    input.minor = n & 16;
    return input;
}

#define N_INPUTS ((CHOICE_N + 2) * (REGIME_N + 1) * 2 * (CLASS_ALL + 1) * 32)

static void check_invariants(const struct policy_input *input)
{
    struct policy_answer answer = policy_decide(input);
    bool chose = input->choice == CHOICE_GRANT || input->choice == CHOICE_CUSTOM || input->choice == CHOICE_RENEW;
    bool implied =
        input->choice == CHOICE_IMPLIED && (input->regime == REGIME_OPT_OUT || input->regime == REGIME_NOTICE_ONLY);

    assert_int_equal(answer.classes & ~(input->granted & CLASS_ALL), 0);
    assert_in_range(answer.reason, REASON_NO_CONSENT, REASON_STALE_NOTICE); /* a refusal always has one */
    if (!chose && !implied)
        assert_int_equal(answer.classes, 0);
    if (input->minor || input->restricted)
        assert_int_equal(answer.classes, 0);
    if (input->gpc_now && !(chose && input->gpc_at_choice))
        assert_int_equal(answer.classes, 0);
    if (answer.classes)
        assert_true(answer.reason == (input->stale ? REASON_STALE_NOTICE : REASON_NO_CONSENT));
    if (chose && !input->minor && !input->restricted && !input->gpc_now)
        assert_int_equal(answer.classes, input->granted & CLASS_ALL); /* what was granted is honoured */
}

/* More signals, more rights used, less granted: never more allowed. */
static void check_monotone(const struct policy_input *input)
{
    unsigned classes = policy_decide(input).classes;
    struct policy_input stricter[4] = {*input, *input, *input, *input};

    stricter[0].restricted = true;
    stricter[1].minor = true;
    stricter[2].gpc_now = true;
    stricter[3].regime = REGIME_OPT_IN;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(policy_decide(&stricter[i]).classes & ~classes, 0);
    for (unsigned class = 0; class < CLASS_N; class ++) {
        struct policy_input less = *input;

        less.granted &= ~CLASS_BIT(class);
        assert_int_equal(policy_decide(&less).classes, classes & ~CLASS_BIT(class));
    }
}

static void test_all_inputs(void **state)
{
    for (unsigned n = 0; n < N_INPUTS; n++) {
        struct policy_input input = nth_input(n);

        check_invariants(&input);
        check_monotone(&input);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_all_inputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
