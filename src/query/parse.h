/*
 * Parsing a query: as far as it was read, and where complaints go.
 */
#pragma once

#include "crumb/query/request.h"

struct asked {
    struct query query;
    struct buffer *complaint;
};

/* Reads `include`, once the dimensions are there (parse_include.c). */
int parse_include(struct asked *asked, json_t *object);
