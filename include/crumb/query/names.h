/*
 * The metrics and dimensions by name, and what the metrics are measured in.
 * Pure.
 */
#pragma once

#include "crumb/query/query.h"

enum { NAMES_UNKNOWN = -1 };

/* What a metric counts or is measured in. */
enum names_unit {
    NAMES_VISITORS,
    NAMES_VISITS,
    NAMES_PAGEVIEWS,
    NAMES_EVENTS,
    NAMES_RATIO, /* page views a visit */
    NAMES_PERCENT,
    NAMES_SECONDS,
    NAMES_MONEY /* of answer.currency, or the goal's */
};

const char *names_metric(enum query_metric metric);
int names_find_metric(struct text name); /* or NAMES_UNKNOWN */
enum names_unit names_unit(enum query_metric metric);
const char *names_of_unit(enum names_unit unit); /* "seconds" */

/* How many decimals the metric is given with; its values are whole numbers of that unit. */
unsigned names_decimals(enum query_metric metric);

/* Finds "event:page"; the property of "event:props:NAME" is lent from @name. False: there is none. */
bool names_find_dimension(struct text name, struct query_dimension *ret_dimension);
void names_put_dimension(const struct query_dimension *dimension, struct buffer *buffer);
bool names_same_dimension(const struct query_dimension *a, const struct query_dimension *b);

/* Dimension number @i of all there are; false behind the last. That of properties has no property. */
bool names_dimension_at(unsigned i, struct query_dimension *ret_dimension);

/* The index of the query's first dimension of the kind, or -1. */
int names_place_of(const struct query *query, enum query_dimension_kind kind);

/* Every name, with commas between, for complaints. */
void names_put_metrics(struct buffer *buffer);
void names_put_dimensions(struct buffer *buffer);
