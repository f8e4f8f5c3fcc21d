/*
 * A choice: what POST /v1/consent asks for, checked and recorded.
 *
 * choice_parse() is pure.  choice_record() writes the ledger record and the
 * visitor's live state in the writer's transaction.
 */
#pragma once

#include "crumb/consent/cookie.h"
#include "crumb/consent/ledger.h"
#include "crumb/consent/visitor.h"

struct choice {
    const struct site *site;
    const struct notice *notice;
    enum choice_kind kind;
    enum surface surface;
    uint32_t granted; /* set of indexes into the site's purposes */
};

/* Every purpose of a site, as a set. */
uint32_t choice_all(const struct site *site);
/* True where one of the purposes collects something: then the browser gets an id. */
bool choice_collects(const struct site *site, uint32_t granted);

enum {
    CHOICE_E_INVALID = 1,      /* the body is not a choice; the complaint says why */
    CHOICE_E_UNKNOWN_SITE = 2, /* the complaint names it */
    CHOICE_E_STALE_NOTICE = 3  /* the notice is not one that is shown now: ask again with the current one */
};

/*
 * Reads the JSON body of POST /v1/consent against the edition in force.
 * 0, one of the above, or -ENOMEM.  In the second case only ret_choice->site is
 * set, where the body names a site and has the right members, and one sentence
 * for people is in @complaint.
 */
int choice_parse(struct text json, const struct edition *edition, struct choice *ret_choice, struct buffer *complaint);

/* What the browser brought along. */
struct choice_context {
    int64_t at_ms;
    bool gpc;
    bool known;                         /* it has a good crumb_id ... */
    uint8_t visitor[VISITOR_BYTES];     /* ... of this visitor; else zeros */
    uint8_t fresh[VISITOR_BYTES];       /* random: the id where a new one is made */
    uint8_t record_id[RECORD_ID_BYTES]; /* random */
};

struct choice_result {
    struct ledger_record record; /* its texts are borrowed from the choice's site and notice */
    bool keeps_id;               /* after this the browser holds crumb_id of `visitor` */
    uint8_t visitor[VISITOR_BYTES];
    bool keeps_choice; /* crumb_choice stays as it is (a dialog closed without a change) */
    uint32_t granted;
};

/* Records the choice. 0 or a fault. */
int choice_record(struct batch *batch, const struct choice *choice, const struct edition *edition,
                  const struct choice_context *context, struct choice_result *ret_result);
