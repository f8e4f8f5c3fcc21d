/*
 * A field as one table has it: for each hit or visit a row number, and for each
 * row the text that the interface calls it by.  Several rows may have the same
 * text; a predicate or a group is found once a row, and hits and visits follow.
 */
#pragma once

#include "crumb/rollup/field.h"

struct projection {
    bool of_hits;
    const uint32_t *rows; /* of each hit or visit */
    uint32_t n_rows;
    struct text *texts; /* of each row */
    /* private */
    uint32_t *own_rows;
    char *own_bytes;
};

#define PROJECTION_INIT ((struct projection){.n_rows = 0})

/*
 * Projects @field (with @property for FIELD_PROPERTY) onto @table, which has
 * field_columns() of it and must live as long as the projection.  0, -ENOMEM, or
 * -EBADMSG: a word is none that any program writes.  The caller deinits it.
 */
int projection_make(const struct table *table, enum field field, struct text property,
                    struct projection *ret_projection);
void projection_deinit(struct projection *projection);

/* What a hit that has no such property or target is grouped under, and a visit without a page. */
#define PROJECTION_NONE TEXT("(none)")
