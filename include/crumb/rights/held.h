/*
 * What the store still holds of people at one site, and until when: for sites
 * that left the configuration, whose visitors nobody serves any more.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/store/db.h"

struct held {
    uint64_t visitors;               /* rows: what leads to somebody */
    unsigned event_days, visit_days; /* whose journal, whose segment is there */
    unsigned requests;
    int64_t until_ms; /* the last of it goes then, as far as it is known today; 0: there is nothing */
};

/* 0 or a fault; -EBADMSG: a row is damaged. */
int held_find(struct db_txn *txn, const struct site *site, struct held *ret_held);
bool held_is_nothing(const struct held *held);
