/*
 * The keeper: a thread that looks every SEAL_TICK_MS for days to seal, for
 * visitors who have expired, for what commands left for the audit trail, and for
 * readers of the store that were killed.
 */
#pragma once

#include "crumb/base/clock.h"
#include "crumb/consent/notice.h"
#include "crumb/ingest/writer.h"
#include "crumb/store/trail.h"

struct keeper;

/* Starts the thread; it takes a reference to @edition, whose data folder is the store's. 0 or a fault. */
int keeper_start(struct db *db, struct writer *writer, const struct clock *clock, const struct trail *trail,
                 struct edition *edition, struct keeper **ret_keeper);
/* Works with another edition from the next look on. */
void keeper_reload(struct keeper *keeper, struct edition *edition);
/* Ends the thread, after the day it is at. Before writer_stop(). Returns NULL. */
struct keeper *keeper_stop(struct keeper *keeper);
