/*
 * Reading a request: the query as far as it was read, where complaints go, and
 * how they are worded.  Every complaint has one form: place, what is wrong,
 * what would be right.
 */
#pragma once

#include "crumb/query/query.h"

struct asked {
    struct query query;
    struct buffer *complaint;
};

/* QUERY_E_INVALID, or -ENOMEM. Control characters of what is quoted become `?`. */
int asked_complain(struct asked *asked, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct asked_quote {
    char text[48];
};

/* The beginning of what was sent, in quotes, cut between characters. */
struct asked_quote asked_quote(const char *string);

/* Refuses an @object with keys that are not among @known, which ends with NULL. */
int asked_keys(struct asked *asked, const char *place, json_t *object, const char *const *known);

/* Reads true or false, where there is a @value. */
int asked_bool(struct asked *asked, const char *place, json_t *value, bool *flag);

/* Reads date_range, or another range at @place. */
int asked_range(struct asked *asked, const char *place, json_t *value, struct query_range *ret_range);

/* Reads `include`, once the dimensions are there (asked_include.c). */
int asked_include(struct asked *asked, json_t *object);
