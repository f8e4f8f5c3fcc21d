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

struct export;

/*
 * Exports a table, which has all columns, is of a day that begins at @start_ms,
 * and is borrowed until export_free().  0, -ENOMEM, or -EOVERFLOW (its texts
 * exceed EXPORT_TEXTS_BYTES_MAX).
 */
int export_new(const struct table *table, int64_t start_ms, enum export_form form, struct export **ret_export);
struct export *export_free(struct export *export);

/*
 * The next rows, EXPORT_ROWS_BYTES of them and a row more at most; empty: there
 * are no more.  Lent until the next call.  0, -ENOMEM, or -EOVERFLOW (a row
 * exceeds EXPORT_ROW_BYTES_MAX).
 */
int export_next(struct export *export, struct text *ret_rows);
