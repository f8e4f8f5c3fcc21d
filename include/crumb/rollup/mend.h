/*
 * A store whose keyring is newer, such as a backup: days whose segment or
 * rollups are under a key that was destroyed since.  They are sealed again, from
 * their journal, in which whoever was erased is passed over.
 */
#pragma once

#include "crumb/store/db.h"

/* Looks at every sealed day, and opens those again. Before anything else is written. 0 or a fault. */
int mend_days(struct db *db, unsigned *ret_n);
