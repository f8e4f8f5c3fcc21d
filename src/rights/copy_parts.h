/*
 * Between the files of the copy: who it is of, and a day of theirs.
 */
#pragma once

#include "crumb/consent/visitor.h"
#include "crumb/rights/copy.h"
#include "crumb/rights/request_json.h"
#include "crumb/store/amended.h"
#include "crumb/store/day.h"

#define COPY_KEYS_MAX 16
#define COPY_STALE_MAX 8 /* a day may be sealed again while it is read */

struct known {
    struct visitor visitor;
    struct amendment amendment;
    struct key_ref older[COPY_KEYS_MAX]; /* that jobs have not done with yet: some events are still under them */
    unsigned n_older;
};

/* ---- copy_overview.c ---- */

/* 0, COPY_E_UNKNOWN, or a fault. Whoever is being erased has nothing any more that could be shown. */
int copy_overview_known(struct db_txn *txn, const struct copy_wish *wish, struct known *ret_known);
/* 0 or a fault. */
int copy_overview_make(struct db_txn *txn, const struct copy_wish *wish, const struct known *known,
                       enum request_view view, json_t **ret_object);

/* ---- copy_day.c ---- */

struct copy_day_at {
    uint32_t site;
    int32_t day;
    struct day_state state;
};

struct copy_day {
    const struct copy_wish *wish;
    const struct known *known;
    json_t *events, *visits; /* NULL: no memory */
};

/* The first day that may have something of theirs: an event may be told later than it happened. */
int32_t copy_day_first(const struct copy_wish *wish, const struct known *known);

void copy_day_init(struct copy_day *day, const struct copy_wish *wish, const struct known *known);
void copy_day_deinit(struct copy_day *day);
/* Adds what there is of day @number, whose state is @state. 0 or a fault; -ESTALE: it was sealed again meanwhile. */
int copy_day_read(struct db_txn *txn, struct copy_day *day, int32_t number, const struct day_state *state);
bool copy_day_is_empty(const struct copy_day *day);
/* As the copy has it; NULL: no memory. */
json_t *copy_day_json(const struct copy_day *day, int32_t number);
