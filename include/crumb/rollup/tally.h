/*
 * Tallying: the hits and visits of tables, counted by group.
 *
 * A group is a time and the texts of some fields.  Figures of hits (events,
 * page views, visitors, revenue) are of those that pass, and belong to the time
 * of the hit.  A visit is counted in a group when one of its hits passes there,
 * and belongs to the time of its start.  What it was as a whole (how long, how
 * many pages, a bounce) belongs to each group it is counted in, where all fields
 * are of visits; else to the group of its first page view, if it is counted
 * there.
 *
 * Programs are in no figure, except where a field is visit:bot or the question
 * says so: there they are, and people are not.
 *
 * Tables are told one after the other, of one day or of many; a visit never
 * spans two, and a visitor's hits of one table follow each other.  That is how
 * different ones are counted: a group remembers the last that it has met.  Not
 * thread safe; pure but for memory.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/rollup/cell.h"
#include "crumb/rollup/field.h"
#include "crumb/rollup/mask.h"

enum { TALLY_E_FULL = 1 };

/* What is counted: a set.  What is not in it stays 0; events and visits are always counted. */
enum tally_need {
    TALLY_VIEWS = 1 << 0,
    TALLY_VISITORS = 1 << 1,
    TALLY_WHOLE = 1 << 2,  /* whole to whole_views */
    TALLY_PAGES = 1 << 3,  /* viewing to scroll */
    TALLY_REVENUE = 1 << 4 /* paid, revenue */
};

struct tally_field {
    enum field field;
    struct text property; /* of FIELD_PROPERTY; lent for as long as the tally lives */
};

/* What is asked; lent likewise. */
struct tally_question {
    const struct tally_field *fields;
    unsigned n_fields;    /* at most QUERY_DIMENSIONS_MAX */
    struct text currency; /* of TALLY_REVENUE */
    bool programs;        /* count them and not people, whatever the fields are */
    bool by_hour;
    unsigned needs; /* set of enum tally_need */
};

/* The wall clock of a day: what it shows, in seconds, before and behind its change, less the seconds gone by. */
struct tally_clock {
    uint32_t change_s; /* seconds of the day when it is set; 0: never */
    int32_t before_s, after_s;
};

/* What a visit viewed, which is the same whatever it is counted by. */
struct tally_viewed {
    uint32_t views, viewing, scrolled, scroll; /* as in struct figures */
    uint64_t dwell_s;
};

/*
 * Finds that for each visit of a table, which has the columns of TALLY_PAGES and
 * n_hits.  0, -ENOMEM or -EBADMSG (the table is damaged).  The caller frees it.
 */
int tally_view(const struct table *table, struct tally_viewed **ret_viewed);

/* One table, and what of it is asked. */
struct tally_day {
    const struct table *table;
    uint32_t site;            /* makes sketches of two sites different */
    int64_t time;             /* of its groups */
    uint32_t from_s, to_s;    /* only hits with from_s <= second of the day < to_s, and visits that began then;
                                 the whole day is 0 and UINT32_MAX */
    struct tally_clock clock; /* for hours */
    const struct mask *mask;  /* who is asked about, before programs are told from people; NULL: everybody */
    const struct tally_viewed
        *viewed; /* tally_view(), which makes TALLY_PAGES by fields of visits quick; may be NULL */
};

/* Whether one of the fields is that. */
bool tally_has_field(const struct tally_question *question, enum field field);

struct tally;

/* 0 or -ENOMEM. Free with tally_free(). */
int tally_new(const struct tally_question *question, struct tally **ret_tally);
struct tally *tally_free(struct tally *tally);

const struct tally_question *tally_asked(const struct tally *tally);

/* The columns (a set) that tables must have; those of days that from_s and to_s cut have more. Masks need others. */
uint64_t tally_columns(const struct tally_question *question, bool cuts);

/*
 * Adds a table.  0, -ENOMEM, -EBADMSG (the table is damaged), or TALLY_E_FULL:
 * there are QUERY_GROUPS_MAX groups, or their texts exceed
 * QUERY_GROUP_NAMES_BYTES_MAX; but for 0 the tally is good for tally_free() only.
 */
int tally_add(struct tally *tally, const struct tally_day *day);

/*
 * Adds the cells of a rollup of the same question, which has one field at most,
 * to the groups of @time, but for their sketches; @ret_groups, which has room for
 * them, gets the group of each.  @alone: nothing else is added to that time, so
 * that no sketch is needed.  Else a group owes visitors until its sketches are
 * merged and it is settled.  Likewise.
 */
int tally_add_cells(struct tally *tally, int64_t time, const struct cells *cells, bool alone, uint32_t *ret_groups);
int tally_merge(struct tally *tally, size_t group, const struct hll *sketch); /* 0 or -ENOMEM */
void tally_settle(struct tally *tally, size_t group);

/* Groups are numbered from 0 in the order of their coming. One without events and visits is none. */
size_t tally_n(const struct tally *tally);
struct figures tally_figures(const struct tally *tally, size_t group);
/* How many visitors there were; 0 where they are not counted. Not for a group that owes some. */
uint64_t tally_visitors(const struct tally *tally, size_t group);
/*
 * At least as many, for any group, and quickly: sketches may be off by their
 * standard error, of which there is room for seven.
 */
uint64_t tally_visitors_at_most(const struct tally *tally, size_t group);
/* Who they were, lent until the next tally_add(); nobody where tally_add_cells() was told that they are alone. */
const struct hll *tally_sketch(const struct tally *tally, size_t group);
/* As tally_add() was told; by hour, 24 times that plus the hour. */
int64_t tally_time(const struct tally *tally, size_t group);
/* The text of its @field, lent until the next tally_add(). */
struct text tally_text(const struct tally *tally, size_t group, unsigned field);
/* False: there is no such group. */
bool tally_find(const struct tally *tally, int64_t time, const struct text *texts, size_t *ret_group);
