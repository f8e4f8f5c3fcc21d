/*
 * What the requests of analysts have in common: how they are read and refused.
 * Strict: a key, name or type that is not understood is refused, because an
 * answer to half of a question looks like an answer.  Pure.
 *
 * Where a function gives QUERY_E_INVALID, @complaint holds one sentence: the
 * place, what is wrong, and what would be right.  Other results: 0 and -ENOMEM.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/limits.h"
#include "crumb/query/query.h"
#include <jansson.h>

/* The object that @json is. @example shows one in the complaint. The caller frees it. */
int request_read(struct text json, const char *example, json_t **ret_object, struct buffer *complaint);

/* Writes the sentence; control characters become "?". Gives QUERY_E_INVALID, or the buffer's fault. */
int request_complain(struct buffer *complaint, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The beginning of what was sent in quotation marks, cut between characters. */
struct request_quote {
    char text[48];
};
struct request_quote request_quote(const char *string);

/* Refuses @object where it has keys that are not among @known, which ends with NULL. @place: "the request", "steps[1]".
 */
int request_keys(json_t *object, const char *place, const char *const *known, struct buffer *complaint);

int request_site(json_t *value, char ret_site[SITE_NAME_BYTES_MAX + 1], struct buffer *complaint);

/* Member @key of @object, a whole number from @min to @max. Where there is none, *count stays as it is. */
int request_count(json_t *object, const char *key, unsigned min, unsigned max, unsigned *count,
                  struct buffer *complaint);

/* True or false. @value NULL: *flag stays as it is. */
int request_bool(json_t *value, const char *place, bool *flag, struct buffer *complaint);

/* `date_range` or another range: a word as range.h knows it, or a list of two dates or two times. */
int request_range(json_t *value, const char *place, struct query_range *ret_range, struct buffer *complaint);

/* One of @words, which ends with NULL: its index. @value NULL: 0. */
int request_word(json_t *value, const char *key, const char *const *words, unsigned *ret_index,
                 struct buffer *complaint);

/* `filters` (NULL: none). Complaints begin with @place: "" or "steps[1].". Free with filter_free(). */
int request_filters(json_t *list, const char *place, struct filter **ret_filter, struct buffer *complaint);
