/*
 * Asking: what a visitor's request changes at once, in the writer's transaction:
 * the row, the amendment that keeps every answer from telling what must not be
 * told, and the job that brings what is on disk after (rights/work.h).
 */
#pragma once

#include "crumb/base/random.h"
#include "crumb/consent/choice.h"
#include "crumb/rights/job.h"
#include "crumb/store/amended.h"

#define ASK_IDS_BYTES (CHOICE_LOSSES_MAX * DEED_ID_BYTES)

/* The deeds that will be given. */
struct asked {
    unsigned n;
    struct asked_deed {
        uint8_t id[DEED_ID_BYTES];
        uint64_t job;
    } deeds[CHOICE_LOSSES_MAX];
};

/*
 * What follows from a choice that takes away, where that is erased.  @ids:
 * ASK_IDS_BYTES random bytes.  0 or a fault.
 */
int ask_after_choice(struct batch *batch, const struct choice *choice, const struct choice_context *context,
                     const struct choice_result *result, const uint8_t *ids, struct asked *ret_asked);

/* One visitor asks for something else. */
struct ask {
    const struct site *site;
    uint8_t visitor[VISITOR_BYTES];
    uint8_t deed[DEED_ID_BYTES]; /* random */
    int64_t at_ms;
};

enum {
    ASK_E_UNKNOWN = 1, /* there is no such visitor, or none any more */
    ASK_E_FULL = 2     /* JOBS_MAX jobs wait: try later */
};

/*
 * Restricts (GDPR art. 18) or lifts that.  *ret_asked has no deed where it was
 * so before.  0, one of the above, or a fault.
 */
int ask_restrict(struct batch *batch, const struct ask *ask, bool restricted, struct asked *ret_asked);

/* Which corrections a request makes, and which it takes back. */
struct corrections {
    bool country, language, device; /* it speaks of this one */
    struct amendment to;            /* has_X: corrected to that; else: what was derived is told again */
};

/* Corrects what was derived (GDPR art. 16). The same. */
int ask_correct(struct batch *batch, const struct ask *ask, const struct corrections *corrections,
                struct asked *ret_asked);
