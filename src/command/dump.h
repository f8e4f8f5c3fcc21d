/*
 * Between the files of crumb dump: what is asked for, and rows as JSON lines.
 */
#pragma once

#include "command.h"
#include "crumb/rollup/field.h"
#include "crumb/store/key.h"
#include <jansson.h>

/* Whatever there is of one visitor. */
struct visitor_wish {
    const uint8_t *id;
    uint32_t number;            /* in segments; 0: not known */
    uint8_t asker[ASKER_BYTES]; /* in requests */
};

struct dump {
    struct setup setup;
    const struct site *site;            /* NULL: all */
    const int32_t *day;                 /* of segments and rollups; NULL: all */
    const int32_t *month;               /* of rollups, as struct period numbers it; NULL: all */
    const enum field *field;            /* of rollups; FIELD_N: totals; NULL: all */
    const struct visitor_wish *visitor; /* NULL: all */
    const char *tier;                   /* that lines name; NULL: there is only one */
    uint64_t n_lines;
};

/* ---- dump.c: what rows have in common ---- */

/* Prints a line and takes @object; NULL is none. */
void dump_print(struct dump *dump, json_t *object);
/* Whether rows of that site, or of that visitor, are asked for. */
bool dump_wants(const struct dump *dump, uint32_t site);
bool dump_is_of(const struct dump *dump, const uint8_t id[VISITOR_BYTES]);
/* The configuration's name of a site, or its number where it has left it. */
json_t *dump_site(const struct dump *dump, uint32_t id);
json_t *dump_date(int32_t day);

/* ---- a tier each; 0 or a fault ---- */

/* dump_events.c */
int dump_journal(struct dump *dump);
int dump_books(struct dump *dump);
int dump_days(struct dump *dump);
/* dump_consent.c */
int dump_ledger(struct dump *dump);
int dump_visitors(struct dump *dump);
int dump_notices(struct dump *dump);
int dump_versions(struct dump *dump);
int dump_consents(struct dump *dump);
/* dump_segments.c, dump_rollups.c */
int dump_segments(struct dump *dump);
int dump_rollups(struct dump *dump);
/* dump_rights.c */
int dump_audit(struct dump *dump);
int dump_requests(struct dump *dump);
int dump_amended(struct dump *dump);
int dump_jobs(struct dump *dump);
int dump_deeds(struct dump *dump);
int dump_minors(struct dump *dump);
