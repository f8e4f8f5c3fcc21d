/*
 * The groups of a tally while it is counted.
 *
 * What every hit touches is kept apart from the rest, so that it stays in the
 * processor's cache.  Visits and visitors met are numbered over all tables, from
 * 1: the last of each that a group has met tells whether it is new there.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/rollup/intern.h"
#include "crumb/rollup/tally.h"

struct tally_hot {
    uint64_t events, views, visits;
    uint32_t last_visit, last_visitor;
};

struct tally_cold {
    uint64_t whole, bounces, duration_s, whole_views;
    uint64_t viewing, dwell_s, scrolled, scroll;
    uint64_t paid;
    int64_t revenue;
    struct hll visitors;
    uint64_t n_visitors;   /* where there is no sketch, as a rollup told it */
    uint64_t n_owed;       /* the sum of rollups' visitors whose sketches are not merged yet */
    uint32_t last_counted; /* visit that was counted here for having begun in this hour */
};

/* A group and a page: the last visit that viewed it, and how far it scrolled. */
struct tally_pair {
    uint32_t last_visit, scroll;
};

struct tally {
    struct tally_question question;
    struct intern texts;
    struct intern keys; /* of groups, in their order: the time, then the number of each field's text */
    struct tally_hot *hot;
    struct tally_cold *cold;
    size_t capacity;
    uint32_t *of_texts; /* where there is one field: group of each text at of_time, plus 1; 0: not known */
    size_t n_of_texts;
    int64_t of_time;
    bool has_page;           /* among the fields, so that a group is a pair already */
    struct intern pair_keys; /* else: group and page */
    struct tally_pair *pairs;
    size_t pair_capacity;
    uint32_t n_visits, n_visitors; /* met */
};

/* The group of a time and texts, which is made where there is none. 0, -ENOMEM or TALLY_E_FULL. */
int tally_group(struct tally *tally, int64_t time, const struct text *texts, uint32_t *ret_group);

/* The number of a page's path, the same for all tables. 0, -ENOMEM or TALLY_E_FULL. */
int tally_page(struct tally *tally, struct text path, uint32_t *ret_page);

/* The pair of a group and a page. 0, -ENOMEM or TALLY_E_FULL. Lent until the next call. */
int tally_pair(struct tally *tally, uint32_t group, uint32_t page, struct tally_pair **ret_pair);
