/*
 * What the privacy page tells of a visitor, read from the store: on one of the
 * pool's threads, with no request at hand.
 */
#pragma once

#include "crumb/http/server.h"
#include "crumb/rights/copy.h"
#include "crumb/rights/deed.h"
#include "crumb/rights/request.h"

/* What is looked for. */
struct file_wish {
    const struct service *service;
    bool is_known; /* crumb_id is good: read what is kept */
    struct copy_wish copy;
    bool has_deed;
    uint8_t deed[DEED_ID_BYTES];
    uint32_t number; /* of a request that is followed by its key, or 0 */
    uint8_t follow[HASH_BYTES];
    char notice[HASH_HEX_BYTES]; /* of the live choice, or "" */
};

enum deed_state { DEED_NONE, DEED_UNKNOWN, DEED_UNDER_WAY, DEED_GENUINE };

struct file {
    json_t *kept; /* copy_lately(), or NULL: nothing */
    enum deed_state deed_state;
    json_t *deed;    /* where it is genuine */
    bool is_erasing; /* the deed under way is of an erasure */
    json_t *request; /* the one that is followed, or NULL */
    json_t *notice;  /* as it was shown at the live choice, or NULL */
};

/* 0 or a fault; what was found until then is to be freed all the same. */
int file_read(const struct file_wish *wish, struct file *file);
void file_free(struct file *file);
