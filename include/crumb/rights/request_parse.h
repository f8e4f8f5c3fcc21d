/*
 * What people send about requests: a new one, and a step with one.  Pure.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/rights/request.h"
#include <jansson.h>

enum {
    REQUEST_E_INVALID = 1,     /* the complaint says why */
    REQUEST_E_UNKNOWN_SITE = 2 /* the complaint says so */
};

/* A new request. Texts are borrowed from the JSON, which the caller frees whatever came out. */
struct request_wish {
    json_t *json;
    const struct site *site; /* set as soon as it is known */
    enum request_kind kind;
    struct text text, contact;
};

/* Reads the body of POST /v1/me/requests. 0, one of the above with one sentence in @complaint, or -ENOMEM. */
int request_parse(struct text body, const struct config *config, struct request_wish *ret_wish,
                  struct buffer *complaint);

/* A step of an officer; ditto. */
struct request_change {
    json_t *json;
    int64_t version;          /* of the request that the officer has read: so many steps it had then */
    enum request_state state; /* 0: as it is */
    bool is_told;
    struct text note;
};

/* Reads the body of POST /admin/requests/NUMBER. Same results, but REQUEST_E_UNKNOWN_SITE. */
int request_parse_change(struct text body, struct request_change *ret_change, struct buffer *complaint);
