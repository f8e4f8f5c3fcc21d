/*
 * What consent.c and consent_state.c do for the pages that show a choice
 * themselves.
 */
#pragma once

#include "crumb/consent/choice.h"
#include "loop.h"

/* ---- consent.c ---- */

/* Answers @req. @result is NULL where the choice could not be recorded; the cookies are set already where it was, and
 * where @result is `unrecorded`. @asked: the deeds of what follows, or NULL with @result. */
typedef void (*consent_recorded)(h2o_req_t *req, const struct choice *choice, const struct choice_result *result,
                                 const struct asked *asked);

/* Whether this client may make such a choice now; if so, it is counted. Else the caller answers 429. */
bool consent_may_record(const struct exchange *exchange, const struct choice *choice);

/*
 * Records @choice by the writer where it may be made from where the request
 * comes, then calls @tell.  The choice is copied.  CHOICE_E_INVALID, with a
 * sentence in @complaint: it may not, and nothing is told.
 */
int consent_record(struct exchange *exchange, struct choice *choice, struct buffer *complaint, consent_recorded tell);

/*
 * The same of a withdrawal by which everything is erased (GDPR art. 17), whatever
 * `on_withdraw` says; where there is nobody to erase, nothing is recorded, and
 * @asked is empty or has the deed of an erasure that is under way.
 */
int consent_erase(struct exchange *exchange, struct choice *choice, struct buffer *complaint, consent_recorded tell);

/* ---- consent_state.c ---- */

/* What is chosen now, by the ledger where the browser has an id, else by its own crumb_choice. Borrowed. */
struct consent_state {
    struct edition *edition;
    const struct site *site;
    const struct notice *notice;
    bool chosen;             /* there is a choice */
    bool ask;                /* there is none, or the notice has changed what it means */
    uint32_t asked, granted; /* sets of purposes */
    enum choice_kind action; /* 0: there is no choice */
    json_t *receipt;         /* of the live choice, or NULL */
};

/* Answers @req. @state is NULL where it cannot be read. */
typedef void (*consent_found)(h2o_req_t *req, const struct consent_state *state, const void *context);

/* Reads the choice on a pool thread, then calls @tell with @context, which lives in the request's pool or is NULL. */
void consent_look_up(struct exchange *exchange, const struct site *site, const struct notice *notice,
                     consent_found tell, const void *context);
