/*
 * The hits of a range of days of a site as text, piece by piece (export.h).
 *
 * One day's table is held at a time, and no transaction between two pieces, so
 * that whoever reads them slowly keeps nothing else from being forgotten.
 */
#pragma once

#include "crumb/rollup/days.h"
#include "crumb/rollup/export.h"

struct exporter;

/* Both days are included; days without data are passed over. All is borrowed until exporter_free(). */
struct exporter_wish {
    struct days *days;
    struct db *db;
    const struct site *site;
    int32_t from, to; /* INT32_MIN, INT32_MAX: the first and the last that there is */
    enum export_form form;
};

/* 0 or -ENOMEM. */
int exporter_new(const struct exporter_wish *wish, struct exporter **ret_exporter);
struct exporter *exporter_free(struct exporter *exporter);

/* What is wished for, for the audit trail: "from 2026-01-01 to the last day, ndjson". */
#define EXPORTER_DETAILS_BYTES 64
void exporter_describe(const struct exporter_wish *wish, char ret_text[EXPORTER_DETAILS_BYTES]);

/*
 * The next piece: the head of a CSV first; empty: there is no more.  Lent until
 * the next call.  0 or a fault (days_pin(), export_next()).  One thread at a time.
 */
int exporter_next(struct exporter *exporter, struct text *ret_piece);
