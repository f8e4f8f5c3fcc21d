/*
 * The metrics and dimensions by name: those this version answers, and those
 * the interface has besides, so that a request for one is told apart from a
 * slip of the pen.  Pure.
 *
 * `time` is another name of time:day where the interface means days by it; for
 * shorter and longer ranges scan.c refuses it.
 */
#pragma once

#include "crumb/query/query.h"

/* What a name is that is none of this version's. */
enum { NAMES_UNKNOWN = -1, NAMES_LATER = -2 };

const char *names_metric(enum query_metric metric);
const char *names_dimension(enum query_dimension dimension);

/* A metric's or dimension's number, NAMES_LATER for one that only the interface has, or NAMES_UNKNOWN. */
int names_find_metric(struct text name);
int names_find_dimension(struct text name);

/* Every name of this version, for complaints. */
extern const char names_known_metrics[];
extern const char names_known_dimensions[];

/* How many decimals the metric is given with; its values are whole numbers of that unit. */
unsigned names_decimals(enum query_metric metric);
