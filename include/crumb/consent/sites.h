/*
 * Sites as the store knows them: the number that stands for each in every key,
 * and how long its data are kept.  A site that leaves the configuration leaves
 * its data behind, and they expire by what was configured last (GDPR art.
 * 5(1)(e)), without anybody having to think of it.
 * Format: docs/formats.md, "Sites".
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/store/db.h"

/*
 * Gives each site of the configuration its number, a new one where it has none,
 * writes down what changed of its retention, and sites_bind().  0 or a fault;
 * -EBADMSG: a row is damaged.
 */
int sites_store(struct db_txn *txn, struct config *config);

/*
 * Sets the numbers of sites that the store knows, and config->left: those that it
 * knows and the configuration does not.  The same results.
 */
int sites_bind(struct db_txn *txn, struct config *config);
