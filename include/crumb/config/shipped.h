/*
 * The shipped texts: what notice, banner and dialog say in every language that
 * crumb brings.  The table is made from consent-js/texts/ when crumb is built
 * (consent-js/texts.mjs); every language has every key.
 *
 * It belongs to the configuration's layer as a site's own texts are checked
 * against its keys.  What a site says is consent/texts.h.
 */
#pragma once

#include "crumb/base/limits.h"
#include <stddef.h>

/* Made by the build: sorted by language, then by key, as strcmp() compares; asset_n_text_keys rows a language. */
struct asset_text {
    const char *lang, *key, *value;
};
extern const struct asset_text asset_texts[];
extern const size_t asset_n_texts;
extern const size_t asset_n_text_keys;

/* The languages, in the order of their tags. */
unsigned shipped_n_langs(void);
const char *shipped_lang(unsigned index);

/* The keys, in their order: those of the notice, and purpose.NAME.title and .description of well-known purposes. */
unsigned shipped_n_keys(void);
const char *shipped_key(unsigned index);

/* The text of @key in @lang, or NULL where there is none. */
const char *shipped_text(const char *lang, const char *key);
