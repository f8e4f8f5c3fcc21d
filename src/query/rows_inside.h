/*
 * Rows while they are made: listed, put in order, written out.
 */
#pragma once

#include "rows.h"

/* A group, or (is_none) what stands for there being none. */
struct row {
    unsigned tally;           /* of counts->rows */
    bool is_none, is_counted; /* its metrics of visitors are there */
    size_t group;
    int64_t time;
};

/* What is sorted: the first order's value, as a number that ascends. */
struct place {
    int64_t first;
    uint32_t row;
};

/* A range, and the visitors that all its shares are of: counted once, as that takes as long as some rows. */
struct side {
    const struct counts *counts;
    uint64_t total, all;
};

struct rows {
    const struct rows_question *question;
    const struct query *query;
    const struct counts *counts;
    struct side here, there; /* there: what is compared with */
    struct row *rows;
    int64_t *values; /* n_metrics a row */
    struct place *places;
    size_t n;
};

/* The text of a dimension. */
struct text rows_text(const struct rows *rows, const struct row *row, unsigned dimension);

/* Whether a metric is made of visitors. */
bool rows_of_visitors(enum query_metric metric);

/* Fills a row's values: those metrics, or all others. 0 or a fault. */
int rows_measure(const struct rows *rows, uint32_t number, bool of_visitors);
/* Those metrics of the rows in the places [from, to), as their visitors may have to be counted first. 0 or a fault. */
int rows_count_visitors(const struct rows *rows, size_t from, size_t to);

/*
 * Fills places, so that the rows up to the end of the page come in their order
 * there, and measures all of them but for visitors.  0 or a fault.
 */
int rows_order(struct rows *rows);
