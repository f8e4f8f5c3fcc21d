/*
 * Open days: their events are gathered once, kept, and grown by what the journal
 * got since the last question, and gathered anew where a job changed the day.
 * The table that is made of them, amended, stays until the journal has grown.
 * So an answer tells of every event that was acknowledged before the question.
 */
#pragma once

#include "crumb/rollup/days.h"
#include "crumb/store/day.h"
#include "pinned.h"

struct live;

/* 0 or -ENOMEM. */
int live_new(struct days_bounds bounds, struct live **ret_live);
/* Nothing may be pinned. Returns NULL. */
struct live *live_free(struct live *live);

/* The table of a site-day, which has @state in @txn. 0 or a fault. Any thread. */
int live_pin(struct live *live, struct db_txn *txn, const struct site *site, int32_t day, const struct day_state *state,
             struct pinned **ret_pinned);
void live_unpin(struct live *live, struct pinned *pinned);

/* As days_live_table(). */
int live_table(struct live *live, struct db_txn *txn, const struct site *site, int32_t day,
               const struct day_state *state, struct table *ret_table, bool *ret_is_held);

/* Keeps nothing of this day any more: it is sealed. */
void live_forget(struct live *live, uint32_t site, int32_t day);

/* What is kept: days and events. */
struct days_bounds live_held(struct live *live);
