/*
 * Amending: a table as if visitors had not been there, had never given some
 * classes, or had had other attributes.  Pure.
 *
 * Restriction, correction, withdrawal and erasure are this one thing.  It is
 * done to every table that an answer or a rollup is made of, and to segments
 * only where the change is for good, so that lifting a restriction gives the
 * same bytes as before it.
 *
 *   gone       the visitor's visits and hits are left out
 *   cut        without log nothing is told; without device a visit has no agent,
 *              language and screen; without clickpath the clicks and custom
 *              events are left out, and what page views say of that class, and a
 *              visit that had nothing else
 *   corrected  country (region and city are empty then), language, kind of device
 *
 * The table stays canonical (rollup/renumber.h): for visitors who are gone it is
 * the one of a journal that never had them, to the byte.  Two things cannot be
 * seen in a table any more and stay as they were counted: a visit's end by a
 * click that is cut, and whom the whole day showed to be programs.
 */
#pragma once

#include "crumb/rollup/table.h"
#include "crumb/store/amended.h"

/* What is amended: answers and rollups by everything, segments by what is for good. */
enum amend_scope { AMEND_ANSWER, AMEND_SEGMENT };

/* Whether a table with @visitors (its column, ascending) would change. */
bool amend_concerns(const struct amendments *amendments, enum amend_scope scope, const uint32_t *visitors, uint32_t n);

/*
 * Amends a canonical table with all columns.  Doing it twice changes nothing
 * more.  0, -ENOMEM, or -EBADMSG (visits and hits do not fit each other): then it
 * is good for table_deinit() only.
 */
int amend_table(const struct amendments *amendments, enum amend_scope scope, struct table *table);
