/*
 * What one notice tells otherwise than another, in plain words: for the list
 * of past versions and for what is announced.  Pure.
 */
#pragma once

#include "crumb/config/config.h"
#include <jansson.h>

/*
 * Compares two notices of @site (as objects, in the same language or not) in
 * all that is told and not worded: controller, storage, purposes, what each
 * collects and who receives it, retention, what a withdrawal does, and what the
 * site does besides.  An array, in the order of a notice, of
 *
 *     {"what": "How long it is kept (Visits)", "before": "Days: 750", "after": "Days: 390"}
 *
 * in the words of @lang, with a dash for nothing.  An empty one: only wording
 * differs.  The caller's; NULL: no memory.
 */
json_t *changes_of(const struct site *site, const char *lang, json_t *before, json_t *after);

/* Appends what changes, by name only, as a list in one line. */
void changes_put_names(struct buffer *line, const char *lang, json_t *changes);
