/*
 * Visitors who were reported to be children (GDPR art. 8): their ids, as long as
 * a browser may still bring them.  Whatever such a browser chooses is recorded
 * as the choice of a child, and nothing of it is stored.
 * Format: docs/formats.md, "Minors".
 */
#pragma once

#include "crumb/consent/choice.h"

int minors_put(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES], int64_t until_ms);

/* Whether the id is one of these at @now_ms. A row that is damaged is one, too. 0 or a fault. */
int minors_has(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES], int64_t now_ms, bool *ret_has);

/* Makes the choice that of a child, where one of the browser's ids is one of these. 0 or a fault. */
int minors_mend(struct db_txn *txn, struct choice *choice, const struct choice_context *context);

/* Removes the row, if its time is over at @now_ms. 0 or a fault. */
int minors_remove(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES], int64_t now_ms,
                  bool *ret_removed);

/* Called for each row; a non-zero result ends the walk and is returned. -EBADMSG: a row is damaged. */
typedef int (*minors_visit)(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], int64_t until_ms);
int minors_each(struct db_txn *txn, minors_visit visit, void *context);
