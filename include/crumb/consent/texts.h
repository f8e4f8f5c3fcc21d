/*
 * The shipped texts of the notice, and a site's overrides of them.
 */
#pragma once

#include "crumb/config/config.h"

#define TEXTS_LANGUAGES_MAX 64

/* The languages a site has: the shipped ones, then those of its own texts. Returns how many. */
unsigned texts_languages(const struct site *site, const char *ret_langs[TEXTS_LANGUAGES_MAX]);

/* The keys that every notice has. */
unsigned texts_count(void);
const char *texts_key(unsigned index);

/* The site's own text, else the shipped one of that language, else the shipped English one. Never NULL. */
const char *texts_get(const struct site *site, const char *lang, const char *key);

/*
 * @what ("title" or "description") of a purpose: the text `purpose.NAME.WHAT`
 * of the site, else the shipped one, else the purpose's name or "".
 */
const char *texts_purpose(const struct site *site, const char *lang, const char *purpose, const char *what);

/* "rtl" or "ltr": how the language is written, for HTML's `dir`. */
const char *texts_dir(const char *lang);
