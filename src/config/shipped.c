/*
 * Lookup in the table of shipped texts: the language by its first row, then
 * the key among the language's rows, each by halves.
 */
#include "crumb/config/shipped.h"
#include <assert.h>
#include <string.h>

unsigned shipped_n_langs(void) { return (unsigned)(asset_n_texts / asset_n_text_keys); }

unsigned shipped_n_keys(void) { return (unsigned)asset_n_text_keys; }

const char *shipped_lang(unsigned index)
{
    assert(index < shipped_n_langs());
    return asset_texts[index * asset_n_text_keys].lang;
}

const char *shipped_key(unsigned index)
{
    assert(index < shipped_n_keys());
    return asset_texts[index].key;
}

/* The index of @name among the @n that @name_of knows in their order, or @n. */
static unsigned find(const char *name, const char *(*name_of)(unsigned index), unsigned n)
{
    unsigned low = 0, high = n;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        int order = strcmp(name, name_of(middle));

        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return n;
}

const char *shipped_text(const char *lang, const char *key)
{
    unsigned l = find(lang, shipped_lang, shipped_n_langs());
    unsigned k = find(key, shipped_key, shipped_n_keys());

    if (l == shipped_n_langs() || k == shipped_n_keys())
        return NULL;
    return asset_texts[l * asset_n_text_keys + k].value;
}
