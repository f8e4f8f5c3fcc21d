/*
 * A choice: what POST /v1/consent asks for, checked and recorded.
 *
 * choice_parse() and choice_admit() are pure.  choice_record() writes the ledger
 * record and the visitor's live state in the writer's transaction.
 */
#pragma once

#include "crumb/consent/cookie.h"
#include "crumb/consent/ledger.h"
#include "crumb/consent/regime.h"
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
/* What one click on "accept" grants: every purpose that is not to be asked separately. */
uint32_t choice_together(const struct site *site);
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

/*
 * The same for POST /v1/shown, which says that a notice was shown: site,
 * notice, lang and surface; nothing of the rest is set.
 */
int choice_parse_shown(struct text json, const struct edition *edition, struct choice *ret_choice,
                       struct buffer *complaint);

/* What the browser brought along. */
struct choice_context {
    int64_t at_ms;
    struct place place; /* it is there */
    enum device device;
    bool gpc, no_gpc;                   /* Sec-GPC says 1; it says something else */
    enum choice_kind before;            /* what crumb_choice says was chosen and has not expired; 0: nothing */
    bool before_is_current;             /* under the notice that is shown now, as far as it is material */
    uint32_t before_granted;            /* and these purposes by it */
    bool known;                         /* it has one good crumb_id ... */
    uint8_t visitor[VISITOR_BYTES];     /* ... of this visitor; else zeros */
    struct cookie_ids others;           /* not known: good ones of which none can be told to be meant; all end */
    bool erase;                         /* whoever chooses asks for erasure, GDPR art. 17(1) */
    uint8_t fresh[VISITOR_BYTES];       /* random: the id where a new one is made */
    uint8_t record_id[RECORD_ID_BYTES]; /* random */
};

/*
 * Whether this choice may be made by this browser; mends what is said into
 * what is recorded: whoever said to be a child stays one, and a signal that was
 * there before is there.  0, or CHOICE_E_INVALID with a complaint.
 */
int choice_admit(struct choice *choice, struct choice_context *context, struct buffer *complaint);

/*
 * Whether what a choice takes away is erased: where the site says so, where it is
 * asked for, and always of a child (GDPR art. 8, 17(1)(f)).  A dialog that was
 * closed erases nothing.  Pure.
 */
bool choice_erases(const struct choice *choice, const struct choice_context *context);

/* A visitor of whom a choice took something away. */
struct choice_loss {
    uint8_t visitor[VISITOR_BYTES];
    struct visitor before;
    bool all;         /* nothing that collects is left; else: */
    unsigned classes; /* that were allowed by what was taken back, and by nothing that is left */
};
#define CHOICE_LOSSES_MAX (1 + COOKIE_IDS_MAX)

struct choice_result {
    bool stands;     /* nothing was recorded, as an explicit choice is there, which no signal and no silence undoes */
    bool unrecorded; /* the ledger's head is damaged and takes no record; what the choice takes away has ended */
    struct ledger_record record; /* its texts are borrowed from the choice's site and notice */
    bool keeps_id;               /* after this the browser holds crumb_id of `visitor` */
    bool rests;                  /* the same, for its rights alone: nothing is granted, and what was collected stays */
    int64_t until_ms;            /* how long it does, or may */
    uint8_t visitor[VISITOR_BYTES];
    bool keeps_choice; /* crumb_choice stays as it is (a dialog closed without a change, or a choice that stands) */
    bool ended;        /* a live choice was there, and is in force no more as it was */
    uint32_t granted;
    /* Whom it took something from: what rights/ask.h erases, where the site says so. */
    struct choice_loss losses[CHOICE_LOSSES_MAX];
    unsigned n_losses;
};

/*
 * Records the choice. 0 or a fault; -EBADMSG: the ledger's head is damaged, and
 * the choice takes nothing away.
 */
int choice_record(struct batch *batch, const struct choice *choice, const struct edition *edition,
                  const struct choice_context *context, struct choice_result *ret_result);

/* Counts that the choice's notice was shown; of the context, time, place and device are used. 0 or a fault. */
int choice_count_shown(struct batch *batch, const struct choice *choice, const struct choice_context *context);
