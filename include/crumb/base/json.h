/*
 * JSON text into a buffer.  jansson's own json_dumps() forgets a failed
 * allocation where it writes sorted keys, and then gives a text that lacks
 * members; the buffer's fault sticks.
 */
#pragma once

#include "crumb/base/buffer.h"
#include <jansson.h>

/* For locals that are freed on every way out. */
void json_free_at(json_t **json);
#define JSON_AUTO __attribute__((cleanup(json_free_at))) json_t

/*
 * Objects and arrays that are whole or NULL: each takes its arguments, and
 * whatever takes a NULL becomes NULL, so that one look at the end is enough.
 */
json_t *json_member(json_t *object, const char *name, json_t *value);
json_t *json_item(json_t *array, json_t *item);

/* Bytes as hex digits; NULL: no memory. At most JSON_HEX_BYTES_MAX. */
#define JSON_HEX_BYTES_MAX 32
json_t *json_hex(const void *bytes, size_t size);

/*
 * Reads text that json_put() wrote with JSON_SORT_KEYS, as notices are.  NULL:
 * no memory, or it is no such text.  jansson's own reader passes over a failed
 * allocation and gives strings that lack a byte; text of this form is the same
 * when it is written again, so that is found.
 */
json_t *json_read_canonical(struct text text);

/* Whether brackets nest deeper than JSON_DEPTH_MAX; jansson's own bound is far higher. */
bool json_too_deep(struct text text);

enum { JSON_E_INVALID = 1 };

/*
 * Reads text that somebody sent.  0, -ENOMEM, or JSON_E_INVALID: it is no JSON,
 * nests too deep, has more than JSON_VALUES_MAX values, or a member twice.
 */
int json_read(struct text text, json_t **ret_json);

/*
 * Takes @json and appends its text without white space; JSON_SORT_KEYS is the
 * one flag that means anything here.  NULL counts as no memory, so that what
 * json_pack() gave can be passed on unseen.  0, -ENOMEM or -EOVERFLOW.
 */
int json_put(struct buffer *buffer, json_t *json, size_t flags);

/* Appends @text as a JSON string. Bytes that are no UTF-8 become U+FFFD. */
void json_put_text(struct buffer *buffer, struct text text);

/* Appends `,"@name":` and @text as a string; the empty text is null. */
void json_put_text_member(struct buffer *buffer, const char *name, struct text text);
