/*
 * The fields of the query interface that are no times: what a question can
 * group and filter by.  Pure.
 */
#pragma once

#include "crumb/rollup/table.h"
#include <stdbool.h>

/* Numbers are written to disk, in keys of rollups: append, never renumber. */
enum field {
    /* of a hit */
    FIELD_PAGE,
    FIELD_HOSTNAME,
    FIELD_NAME,
    FIELD_PROPERTY, /* event:props:NAME */
    /* of a visit */
    FIELD_ENTRY_PAGE,
    FIELD_ENTRY_HOSTNAME,
    FIELD_EXIT_PAGE,
    FIELD_EXIT_HOSTNAME,
    FIELD_CHANNEL,
    FIELD_SOURCE,
    FIELD_REFERRER,
    FIELD_UTM_SOURCE,
    FIELD_UTM_MEDIUM,
    FIELD_UTM_CAMPAIGN,
    FIELD_UTM_CONTENT,
    FIELD_UTM_TERM,
    FIELD_DEVICE,
    FIELD_BROWSER,
    FIELD_BROWSER_VERSION,
    FIELD_OS,
    FIELD_OS_VERSION,
    FIELD_COUNTRY,
    FIELD_REGION,
    FIELD_CITY,
    FIELD_COUNTRY_NAME,
    FIELD_REGION_NAME,
    FIELD_CITY_NAME, /* a city is stored by its name */
    FIELD_LANGUAGE,
    FIELD_SCREEN,
    FIELD_BOT,
    FIELD_TARGET, /* of a hit: what was clicked */
    FIELD_N       /* in keys and questions of rollups: no field, the totals */
};

/* Its name in the interface; of FIELD_PROPERTY what stands before the property's name. */
const char *field_name(enum field field);

/* The field of a name, and of event:props:NAME the NAME, lent; FIELD_N: there is none. */
enum field field_find(struct text name, struct text *ret_property);

/* True where hits have it, false where visits do. */
bool field_is_of_hits(enum field field);

/*
 * Where it stands: the column of hits or visits, which says the row of a
 * relation (or is the text or word itself), and the row's column.  COLUMN_N:
 * there is no row.
 */
enum column field_reference(enum field field);
enum column field_column(enum field field);

/* The columns (a set) that a projection of the field reads. */
uint64_t field_columns(enum field field);
