/*
 * A table's hits as text, one row a hit, for other programs: CSV (RFC 4180) or
 * NDJSON.
 *
 * Pseudonymous: visits and visitors are numbered from 1 within their day, so
 * that what one person did on two days cannot be told from the rows.  Pure: a
 * sealed day gives the same bytes whenever it is exported.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/rollup/table.h"

enum export_form { EXPORT_NDJSON, EXPORT_CSV, EXPORT_FORM_N };

/* "ndjson" or "csv"; -1: neither. */
int export_form_of(const char *name);

/* The first line of a CSV; of NDJSON nothing. */
void export_head(enum export_form form, struct buffer *buffer);

/*
 * Gives rows to @write, some at a time, in a buffer that is then used again; a
 * non-zero result of it ends the export and is returned.  The table has all
 * columns and is of a day that begins at @start_ms.  0, or -ENOMEM.
 */
int export_table(const struct table *table, int64_t start_ms, enum export_form form,
                 int (*write)(void *context, struct text rows), void *context);
