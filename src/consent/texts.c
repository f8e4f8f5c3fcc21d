/*
 * Shipped texts. Plain words, first layer; nothing that the program does not do.
 */
#include "crumb/consent/texts.h"
#include <stdio.h>

static const char *const keys[] = {"title", "body", "accept", "reject", "choose", "save", "withdraw"};

static const struct shipped {
    const char *lang, *key, *value;
} shipped[] = {
    {"en", "title", "Your choice"},
    {"en", "body",
     "With your permission we measure how this site is used. Nothing is stored or read before you choose, and "
     "you can change your mind at any time."},
    {"en", "accept", "Accept"},
    {"en", "reject", "Reject"},
    {"en", "choose", "Choose"},
    {"en", "save", "Save my choice"},
    {"en", "withdraw", "Withdraw my consent"},
    {"en", "purpose.analytics.title", "Measuring visits"},
    {"en", "purpose.analytics.description",
     "Which pages are visited, when and for how long, and from what kind of device."},
    {"en", "purpose.journeys.title", "Ways through the site"},
    {"en", "purpose.journeys.description", "What is clicked, and in which order pages are visited."},
    {"en", "purpose.marketing.title", "Advertising"},
    {"en", "purpose.marketing.description",
     "Telling the named recipients about your visit so that they can show you ads."},
};

#define N_KEYS (sizeof keys / sizeof keys[0])
#define N_SHIPPED (sizeof shipped / sizeof shipped[0])

unsigned texts_count(void) { return N_KEYS; }

const char *texts_key(unsigned index) { return keys[index]; }

static bool is_listed(const char *lang, const char *const *langs, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(langs[i], lang) == 0)
            return true;
    return false;
}

unsigned texts_languages(const struct site *site, const char *ret_langs[TEXTS_LANGUAGES_MAX])
{
    unsigned n = 0;

    for (unsigned i = 0; i < N_SHIPPED && n < TEXTS_LANGUAGES_MAX; i++)
        if (!is_listed(shipped[i].lang, ret_langs, n))
            ret_langs[n++] = shipped[i].lang;
    for (unsigned i = 0; i < site->n_texts && n < TEXTS_LANGUAGES_MAX; i++)
        if (!is_listed(site->texts[i].lang, ret_langs, n))
            ret_langs[n++] = site->texts[i].lang;
    return n;
}

static const char *find(const struct site *site, const char *lang, const char *key)
{
    for (unsigned i = 0; i < site->n_texts; i++)
        if (strcmp(site->texts[i].lang, lang) == 0 && strcmp(site->texts[i].key, key) == 0)
            return site->texts[i].value;
    for (unsigned i = 0; i < N_SHIPPED; i++)
        if (strcmp(shipped[i].lang, lang) == 0 && strcmp(shipped[i].key, key) == 0)
            return shipped[i].value;
    return NULL;
}

const char *texts_get(const struct site *site, const char *lang, const char *key)
{
    const char *text = find(site, lang, key);

    if (!text)
        text = find(site, "en", key);
    return text ? text : "";
}

const char *texts_purpose(const struct site *site, const char *lang, const char *purpose, const char *what)
{
    char key[PURPOSE_NAME_BYTES_MAX + 32];

    snprintf(key, sizeof key, "purpose.%s.%s", purpose, what);
    const char *text = texts_get(site, lang, key);
    return text[0] || strcmp(what, "title") != 0 ? text : purpose;
}
