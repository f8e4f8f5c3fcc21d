/*
 * Readers of single settings, for the tables of walk_fields().  Each writes
 * its setting only where it is good, and complains otherwise.
 */
#pragma once

#include "crumb/config/walk.h"

/* A copy of @text that the caller frees; NULL where memory lacks (which sticks in @yaml). */
char *field_copy(struct yaml *yaml, struct text text);

/* Sets *@at_default to a copy of @text where it is NULL. */
void field_default(struct yaml *yaml, char **at_default, const char *text);

/* Complains where the key there is no name for a @what: a purpose or a recipient. */
void field_check_name(const struct yaml_at *at, const char *what);

void field_text(const struct yaml_at *at, void *into);    /* char *: not empty, no control characters */
void field_path(const struct yaml_at *at, void *into);    /* char *: relative ones from the file's folder */
void field_bool(const struct yaml_at *at, void *into);    /* bool */
void field_period(const struct yaml_at *at, void *into);  /* int64_t: milliseconds, up to ten years */
void field_country(const struct yaml_at *at, void *into); /* char * */

/* The number of the word there among @names, or -1 with a complaint that it is no @what. */
int field_choice(const struct yaml_at *at, const char *what, const struct walk_names *names);

/* One of the regimes' names, or 0 with a complaint. */
unsigned field_regime(const struct yaml_at *at);
