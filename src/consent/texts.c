/*
 * Shipped texts. Plain words, first layer; nothing that the program does not do.
 */
#include "crumb/consent/texts.h"
#include <stdio.h>

static const char *const keys[] = {"title",
                                   "body",
                                   "accept",
                                   "reject",
                                   "choose",
                                   "save",
                                   "withdraw",
                                   "necessary.title",
                                   "necessary.description",
                                   "recipients",
                                   "storage",
                                   "retention",
                                   "controller",
                                   "retention.journal",
                                   "retention.segments",
                                   "retention.visitor",
                                   "retention.choice",
                                   "gpc",
                                   "saving_failed",
                                   "saved",
                                   "changed"};

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
    {"en", "necessary.title", "What is needed"},
    {"en", "necessary.description",
     "Your choice itself is kept in a cookie without an identifier, so that you are not asked on every page."},
    {"en", "recipients", "Who receives it"},
    {"en", "storage", "Where it is stored"},
    {"en", "retention", "How long it is kept"},
    {"en", "controller", "Who is responsible"},
    {"en", "retention.journal", "Single events"},
    {"en", "retention.segments", "Visits without a name"},
    {"en", "retention.visitor", "The identifier of your browser"},
    {"en", "retention.choice", "Your choice"},
    {"en", "gpc", "Your browser's privacy signal is honoured; nothing optional is on."},
    {"en", "saving_failed", "Your choice could not be saved and has no effect. Please try again later."},
    {"en", "saved", "Your choice is saved."},
    {"en", "changed", "This notice has changed. Please read it and choose again."},
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

const char *texts_dir(const char *lang)
{
    static const struct text rtl[] = {{"ar", 2}, {"he", 2}, {"fa", 2}, {"ur", 2}, {"ps", 2},
                                      {"sd", 2}, {"ug", 2}, {"yi", 2}, {"dv", 2}, {"ckb", 3}};
    struct text rest = text_of(lang);
    struct text language = text_cut(&rest, '-');

    for (size_t i = 0; i < sizeof rtl / sizeof rtl[0]; i++)
        if (text_equal(language, rtl[i]))
            return "rtl";
    return "ltr";
}
