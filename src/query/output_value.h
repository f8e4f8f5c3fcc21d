/*
 * Single values and characters of an answer, as every form of it needs them.
 */
#pragma once

#include "crumb/query/query.h"

struct output_value {
    char text[48]; /* a sign, 19 digits and a point, and more than the compiler can doubt */
};

/* "66.7", or "" for QUERY_NULL. */
struct output_value output_value_of(enum query_metric metric, int64_t value);

/* How @now differs from @before, in the words of output.h: "-12", or "". */
struct output_value output_value_change(enum query_metric metric, int64_t now, int64_t before);

/* An amount of a hundredth of @currency each, for people: "€1,234.50", "CHF 1,234.50"; short: "€1.2K". */
void output_value_put_money(int64_t hundredths, const char *currency, bool is_short, struct buffer *buffer);

/* Takes one character off the front of @text. False, with the byte it takes, where that is not UTF-8 (RFC 3629). */
bool output_value_take(struct text *text, uint32_t *ret_code);

/* @text as a string of JSON. */
void output_value_put_string(struct text text, struct buffer *buffer);

/* A comma, but before the first. */
void output_value_put_comma(size_t i, struct buffer *buffer);
