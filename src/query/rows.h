/*
 * Rows: from what was counted to the page of an answer, in order.
 */
#pragma once

#include "counts.h"

struct rows_question {
    const struct counts *counts;
    const struct counts *compared; /* NULL: no comparison */
    const struct query_source *source;
    const char *currency; /* of revenue, where no goal is a dimension; NULL: none */
};

/* Fills rows, n_rows, n_total, is_empty and memory of @answer. 0 or a fault. */
int rows_make(const struct rows_question *question, struct query_answer *answer);
