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

/*
 * Whether every notice has the shipped key: all but those of purposes, which
 * have their place beside the purpose, and those of the policy and of the
 * privacy page around the notice, which tell of it and are none.
 */
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

/*
 * @date ("2026-12-24") as it is read in a sentence of that language: between
 * Arabic letters its parts would change places (UAX 9), so there it is isolated.
 */
struct texts_date {
    char text[64];
};
struct texts_date texts_date(const char *lang, const char *date);

/* What stands between the items of a list in that language: ", " and its like. */
const char *texts_separator(const char *lang);

/* Made by script/country-names.mjs: codes in their order, then NULL; the names in it, by language, then a NULL one. */
extern const char *const asset_country_codes[];
extern const struct asset_countries {
    const char *lang;
    const char *const *names;
} asset_countries[];

/* What a country (ISO 3166-1 alpha-2) is called in that language, or its code where that is not known. */
const char *texts_country(const char *lang, const char *code);

/* Appends @text with every "{name}" replaced that @marks name; their values are put as they are. */
struct texts_mark {
    const char *mark; /* "{date}" */
    struct text value;
};
void texts_fill(struct buffer *buffer, const char *text, const struct texts_mark *marks, unsigned n_marks);

/* The periods of a notice's `retention`, in the order in which they are shown. */
#define TEXTS_PERIODS 5
const char *texts_period(unsigned index);

/* Appends a notice's "2592000s" by the text @days ("Days: {days}"); less than a day in seconds, whose symbol is
 * everybody's. */
void texts_put_period(struct buffer *buffer, const char *days, const char *seconds);
