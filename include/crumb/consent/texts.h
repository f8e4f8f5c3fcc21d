/*
 * What a site says, in which languages: its own texts, and the shipped ones
 * (config/shipped.h) where it has none.
 */
#pragma once

#include "crumb/config/config.h"

#define TEXTS_PURPOSES_MARK "{purposes}" /* in a text: the titles of what is asked for */

/*
 * The languages a site has, shipped or its own: English, which every text
 * falls back to, then the others by their tags.  Returns how many.  Lent for
 * as long as the site lives.
 */
unsigned texts_languages(const struct site *site, const char *ret_langs[TEXTS_LANGUAGES_MAX]);

/* Whether every notice has the shipped key: all but those of purposes, which have their place beside the purpose. */
bool texts_is_general(const char *key);

/* The site's own text, else the shipped one of that language; the same in English; else "". Never NULL. */
const char *texts_get(const struct site *site, const char *lang, const char *key);

/*
 * @what ("title" or "description") of a purpose: the text `purpose.NAME.WHAT`
 * of the site, else the shipped one, else the purpose's name or "".
 */
const char *texts_purpose(const struct site *site, const char *lang, const char *purpose, const char *what);

/* "rtl" or "ltr": how the language is written, for HTML's `dir`. By its script where the tag names one. */
const char *texts_dir(const char *lang);

/* What stands between the items of a list in that language: ", " and its like. */
const char *texts_separator(const char *lang);
