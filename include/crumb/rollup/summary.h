/*
 * Rollups from tables: everything that happened at one site in a period, by each
 * field of the interface but properties and targets of clicks, and by none.  Those
 * two are asked about with a filter beside them, which rollups do not have.
 *
 * Pure: the bytes depend on the tables alone (P6).  The same code seals days and
 * months and rebuilds.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/rollup/period.h"
#include "crumb/rollup/tally.h"

/* From 0: every field by its number (of those two there is none), and FIELD_N for the totals. */
#define SUMMARY_FIELDS (FIELD_N + 1)

static inline bool summary_has(enum field field) { return field != FIELD_PROPERTY && field != FIELD_TARGET; }

/* Where a field stands in a key, and back; false: it is none of ours. */
uint8_t summary_number(enum field field);
bool summary_field(uint8_t number, enum field *ret_field);

/* What sketches the rollup of a field has. */
enum cells_sketches summary_sketches(enum period_kind kind, enum field field);

struct summary;

/* 0 or -ENOMEM. */
int summary_new(uint32_t site, enum period_kind kind, struct summary **ret_summary);
struct summary *summary_free(struct summary *summary);

/* The columns (a set) that tables must have. */
uint64_t summary_columns(const struct summary *summary);

/* Adds the table of a day. 0, -ENOMEM or -EBADMSG (the table is damaged). */
int summary_add(struct summary *summary, const struct table *table);

/*
 * Appends the rollup of a field; nothing, where it has more than
 * ROLLUP_CELLS_MAX values or more than fits.  0 or -ENOMEM.
 */
int summary_encode(const struct summary *summary, enum field field, struct buffer *buffer);

/* All rollups of a period: a buffer for each field. */
struct rollups {
    struct buffer of[SUMMARY_FIELDS];
};

void rollups_init(struct rollups *rollups);
void rollups_deinit(struct rollups *rollups);

/* Encodes all. 0 or -ENOMEM. */
int summary_encode_all(const struct summary *summary, struct rollups *rollups);
