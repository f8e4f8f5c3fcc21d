/*
 * A site-day as a table: its visits and hits, in columns of numbers, over one
 * dictionary of texts.  Segments are its file form (segment.h), the open day is
 * one that lives in memory, and questions are answered by scanning it.
 *
 * A relation is a set of rows with the same columns.  Visits are ordered by
 * visitor, then start; hits by visit, then time.  What many hits or visits have
 * in common (a page, a browser, where somebody came from) is a row of its own
 * relation, and they hold its number.  Numbers of rows and of texts begin with
 * the most frequent, so that most of them are small.
 */
#pragma once

#include "crumb/base/text.h"
#include <stddef.h>
#include <stdint.h>

enum relation {
    RELATION_VISIT,
    RELATION_HIT,
    RELATION_PAGE,
    RELATION_AGENT,  /* device, system, browser */
    RELATION_PLACE,  /* country, region, city */
    RELATION_ORIGIN, /* where a visit came from */
    RELATION_ACT,    /* a click or custom event */
    RELATION_SET,    /* of properties that came together */
    RELATION_PROPERTY,
    RELATION_N
};

/* What the numbers of a column are: rows of a relation, or one of these. */
#define REFERS_NONE (-1)       /* amounts */
#define REFERS_TEXT RELATION_N /* texts of the dictionary */

/*
 * COLUMN(relation, name, what its numbers refer to), in the order of their
 * numbers on disk: append, never renumber.  Text 0 is the empty one, and so is
 * everything in row 0 of ACT and SET, which stand for "none".
 */
#define TABLE_COLUMNS(COLUMN)                                                                                          \
    COLUMN(VISIT, visitor, REFERS_NONE)    /* the visitor's number at this site */                                     \
    COLUMN(VISIT, start_s, REFERS_NONE)    /* seconds since the day's midnight */                                      \
    COLUMN(VISIT, duration_s, REFERS_NONE) /* from the first event to the last */                                      \
    COLUMN(VISIT, n_hits, REFERS_NONE)     /* the next so many hits are of this visit */                               \
    COLUMN(VISIT, agent, RELATION_AGENT)                                                                               \
    COLUMN(VISIT, place, RELATION_PLACE)                                                                               \
    COLUMN(VISIT, origin, RELATION_ORIGIN)                                                                             \
    COLUMN(VISIT, language, REFERS_TEXT)                                                                               \
    COLUMN(VISIT, screen, REFERS_TEXT) /* class of width */                                                            \
    COLUMN(VISIT, bot, REFERS_NONE)    /* enum bot */                                                                  \
    COLUMN(VISIT, traced, REFERS_NONE) /* 1: click-path was granted, so paths may use the order of its pages */        \
    COLUMN(HIT, after_s, REFERS_NONE)  /* since the hit before it, the first: since the visit's start */               \
    COLUMN(HIT, page, RELATION_PAGE)                                                                                   \
    COLUMN(HIT, act, RELATION_ACT)    /* 0: a page view */                                                             \
    COLUMN(HIT, dwell_s, REFERS_NONE) /* how long the page was visible */                                              \
    COLUMN(HIT, scroll, REFERS_NONE)  /* percent of the page that was seen, plus 1; 0: not known */                    \
    COLUMN(HIT, amount, REFERS_TEXT)  /* what a custom event was worth, as decimal text */                             \
    COLUMN(HIT, currency, REFERS_TEXT)                                                                                 \
    COLUMN(HIT, set, RELATION_SET) /* its properties */                                                                \
    COLUMN(PAGE, host, REFERS_TEXT)                                                                                    \
    COLUMN(PAGE, path, REFERS_TEXT)                                                                                    \
    COLUMN(PAGE, title, REFERS_TEXT)                                                                                   \
    COLUMN(AGENT, device, REFERS_NONE) /* enum device */                                                               \
    COLUMN(AGENT, brand, REFERS_TEXT)                                                                                  \
    COLUMN(AGENT, model, REFERS_TEXT)                                                                                  \
    COLUMN(AGENT, os, REFERS_TEXT)                                                                                     \
    COLUMN(AGENT, os_version, REFERS_TEXT)                                                                             \
    COLUMN(AGENT, browser, REFERS_TEXT)                                                                                \
    COLUMN(AGENT, browser_version, REFERS_TEXT)                                                                        \
    COLUMN(PLACE, country, REFERS_TEXT)                                                                                \
    COLUMN(PLACE, region, REFERS_TEXT)                                                                                 \
    COLUMN(PLACE, city, REFERS_TEXT)                                                                                   \
    COLUMN(ORIGIN, channel, REFERS_NONE) /* enum channel */                                                            \
    COLUMN(ORIGIN, source, REFERS_TEXT)                                                                                \
    COLUMN(ORIGIN, referrer, REFERS_TEXT)                                                                              \
    COLUMN(ORIGIN, utm_source, REFERS_TEXT)                                                                            \
    COLUMN(ORIGIN, utm_medium, REFERS_TEXT)                                                                            \
    COLUMN(ORIGIN, utm_campaign, REFERS_TEXT)                                                                          \
    COLUMN(ORIGIN, utm_content, REFERS_TEXT)                                                                           \
    COLUMN(ORIGIN, utm_term, REFERS_TEXT)                                                                              \
    COLUMN(ORIGIN, click_id, REFERS_TEXT)                                                                              \
    COLUMN(ACT, category, REFERS_TEXT)                                                                                 \
    COLUMN(ACT, action, REFERS_TEXT)                                                                                   \
    COLUMN(ACT, label, REFERS_TEXT)                                                                                    \
    COLUMN(ACT, property, REFERS_TEXT)                                                                                 \
    COLUMN(SET, n_properties, REFERS_NONE) /* the next so many properties are of this set */                           \
    COLUMN(PROPERTY, name, REFERS_TEXT)                                                                                \
    COLUMN(PROPERTY, value, REFERS_TEXT)

enum column {
#define COLUMN(relation, name, refers) COLUMN_##relation##_##name,
    TABLE_COLUMNS(COLUMN)
#undef COLUMN
        COLUMN_N
};

/* Sets of columns. */
#define COLUMN_BIT(column) (1ull << (column))
#define COLUMN_ALL (COLUMN_BIT(COLUMN_N) - 1)
_Static_assert(COLUMN_N < 64, "a set of columns fits 64 bits");

struct table_texts {
    uint32_t n;
    uint32_t *ends; /* of each text in bytes */
    char *bytes;
};

struct table {
    uint32_t n[RELATION_N];      /* rows */
    uint32_t *columns[COLUMN_N]; /* a number a row; NULL: not read */
    struct table_texts texts;
};

#define TABLE_INIT ((struct table){.columns = {NULL}})

void table_deinit(struct table *table);

enum relation table_relation(enum column column);
/* A relation, REFERS_TEXT or REFERS_NONE. */
int table_refers(enum column column);
/* "start_s", for dumps. */
const char *table_column_name(enum column column);

static inline struct text table_text(const struct table *table, uint32_t text)
{
    uint32_t start = text ? table->texts.ends[text - 1] : 0;

    return (struct text){.data = table->texts.bytes + start, .size = table->texts.ends[text] - start};
}
