/*
 * The store as a source of tables and rollups.
 */
#pragma once

#include "crumb/query/query.h"
#include "crumb/rollup/days.h"

/* All borrowed; the transaction must live as long as the source is used. */
struct query_store {
    struct days *days;
    struct db_txn *txn;
    const struct site *site;
    const atomic_bool *cancelled; /* becomes true when nobody waits for the answer any more; NULL: somebody does */
};

struct query_source query_store_source(struct query_store *store);
