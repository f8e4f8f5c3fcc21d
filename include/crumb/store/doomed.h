/*
 * Keys that are given up: listed in the transaction that gives them up, and
 * destroyed once it is committed.  A kill in between is made good at start.
 * Formats: docs/formats.md, "Doomed", and "Meta" for the row that names the
 * keyring.
 */
#pragma once

#include "crumb/store/db.h"
#include "crumb/store/keyring.h"

#define DOOMED_KEYRING_KEY TEXT("keyring") /* of DB_META */

void doomed_encode_keyring(const uint8_t id[KEYRING_ID_BYTES], uint64_t serial, struct buffer *buffer);
/* @ret_id: lent from @value. False: damaged. */
bool doomed_decode_keyring(struct text value, const uint8_t **ret_id, uint64_t *ret_serial);

/*
 * Before a commit: takes what was listed earlier, and is destroyed by now, off
 * the list; lists what the keyring has doomed since, and writes its next serial.
 * 0 or a fault.
 */
int doomed_list(struct db_txn *txn);

/* At start, before anything else is written: destroys everything that is listed. 0 or a fault. */
int doomed_work_off(struct db *db);
