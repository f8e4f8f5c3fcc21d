/*
 * The last DEDUPE_EVENTS_MAX event fingerprints, so that an event that a
 * browser sends again is answered `duplicate`.  Fixed memory.  The journal
 * holds every fingerprint and builds count each once, so forgetting the oldest
 * here makes no figure of a day wrong; and dedupe_load() refills it from the
 * journal after a restart.  Writer thread only.
 */
#pragma once

#include "crumb/store/db.h"

struct dedupe;

/* 0 or -ENOMEM. */
int dedupe_new(struct dedupe **ret_dedupe);
struct dedupe *dedupe_free(struct dedupe *dedupe);

/* Adds a fingerprint (not 0). False: it was there. */
bool dedupe_add(struct dedupe *dedupe, uint64_t fingerprint);

/* Takes back the newest addition of it, whose transaction failed. */
void dedupe_remove(struct dedupe *dedupe, uint64_t fingerprint);

/* Fills it with the newest events of the journal. 0 or a fault. */
int dedupe_load(struct dedupe *dedupe, struct db *db);
