/*
 * Tallying: the hits and visits of tables, counted by group.
 *
 * A group is a time and the texts of some fields.  Figures of hits (events,
 * page views, visitors) are of those that pass the filter.  A visit is counted
 * in a group when one of its hits passes there; what it was as a whole (how
 * long, how many pages, a bounce) belongs
 *
 *   to that group, where all fields are of visits;
 *   to the group of its first page, where the field is the page or its host.
 *
 * Tables are told one after the other, of one day or of many; a visit never
 * spans two.  Not thread safe; pure but for memory.
 */
#pragma once

#include "crumb/query/filter.h"
#include "crumb/query/projection.h"
#include "crumb/rollup/hll.h"

enum { TALLY_E_FULL = 1 };

struct figures {
    uint64_t events, pageviews; /* hits, and those of them that are page views */
    uint64_t visits;            /* with such a hit */
    uint64_t viewing;           /* of the visits, those with such a page view */
    uint64_t dwell_s;           /* of the page views */
    uint64_t scroll;            /* per cent, summed over `scrolled` visits, the furthest of each */
    uint64_t scrolled;
    /* of visits as a whole */
    uint64_t whole, bounces, duration_s, whole_pageviews;
    struct hll visitors;
};

struct tally_group {
    int64_t time;              /* as tally_add() was told, and the hour where hours were asked for */
    const uint32_t *texts;     /* one a field, for tally_text() */
    struct figures figures;
};

struct tally_field {
    enum field field;
    struct text property; /* of FIELD_PROPERTY; lent for as long as the tally lives */
};

/* What is asked; lent likewise. */
struct tally_question {
    const struct tally_field *fields;
    unsigned n_fields; /* at most QUERY_DIMENSIONS_MAX */
    const struct filter *filter; /* NULL: none */
    bool by_hour;
    bool visitors; /* else the sketches stay empty */
};

struct tally;

/* 0 or -ENOMEM. Free with tally_free(). */
int tally_new(const struct tally_question *question, struct tally **ret_tally);
struct tally *tally_free(struct tally *tally);

/* The columns (a set) that tables must have. */
uint64_t tally_columns(const struct tally_question *question);

/*
 * Adds the hits of @table with from_s <= second of the day < to_s, and the
 * visits that began then, to groups of the time @time.  @site makes sketches of
 * two sites different.  0, -ENOMEM, -EBADMSG (the table is damaged), or
 * TALLY_E_FULL: there are QUERY_GROUPS_MAX groups, or their texts exceed
 * QUERY_GROUP_NAMES_BYTES_MAX; then the tally is good for tally_free() only.
 */
int tally_add(struct tally *tally, const struct table *table, uint32_t site, int64_t time, uint32_t from_s,
              uint32_t to_s);

/* The groups, in the order of their coming. Lent until the next tally_add(). */
struct tally_group *tally_groups(struct tally *tally, size_t *ret_n);
struct text tally_text(const struct tally *tally, uint32_t text);
