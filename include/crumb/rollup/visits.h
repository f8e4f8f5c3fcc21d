/*
 * The visits of a segment as JSON, with their hits: for `crumb dump segment` and
 * for the visitor's own copy.
 */
#pragma once

#include "crumb/rollup/segment.h"
#include <jansson.h>

struct visits;

/* 0, -ENOMEM or -EBADMSG (it is damaged). */
int visits_read(const struct segment *segment, struct visits **ret_visits);
struct visits *visits_free(struct visits *visits);

uint32_t visits_n(const struct visits *visits);
/* The visitor's number. */
uint32_t visits_visitor(const struct visits *visits, uint32_t visit);
/* NULL: no memory. */
json_t *visits_json(const struct visits *visits, uint32_t visit);
