/*
 * Sealed days as far as questions have read them: columns of segments, unpacked
 * once and kept up to a number of bytes, amended.  A day is known by the sequence
 * that it was sealed with and by its changes, so one that is sealed or amended
 * again is another one, and who still has the old one keeps it.
 */
#pragma once

#include "crumb/store/db.h"
#include "pinned.h"

struct shelf;

/* 0 or -ENOMEM. What is pinned may exceed @bytes_max. */
int shelf_new(size_t bytes_max, struct shelf **ret_shelf);
/* Nothing may be pinned. Returns NULL. */
struct shelf *shelf_free(struct shelf *shelf);

struct shelf_key {
    uint32_t site;
    int32_t day;
    uint64_t sealed; /* as the day's state in the transaction tells: */
    uint32_t changes, built;
};

/*
 * The table of a sealed site-day, with @columns at least.  0, -EBADMSG (the
 * segment is missing or damaged) or a fault.  Any thread.
 */
int shelf_pin(struct shelf *shelf, struct db_txn *txn, struct shelf_key key, uint64_t columns,
              struct pinned **ret_pinned);
void shelf_unpin(struct shelf *shelf, struct pinned *pinned);

/* What is kept now. */
size_t shelf_bytes(struct shelf *shelf);
