/*
 * A site's texts over the shipped ones.
 */
#include "crumb/consent/texts.h"
#include "crumb/config/shipped.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define FALLBACK "en"
#define SECONDS_A_DAY 86400

bool texts_is_general(const char *key)
{
    return !text_starts(text_of(key), TEXT("purpose.")) && !text_starts(text_of(key), TEXT("policy.")) &&
           !text_starts(text_of(key), TEXT("page."));
}

static bool is_listed(const char *lang, const char *const *langs, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(langs[i], lang) == 0)
            return true;
    return false;
}

static int by_tag(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

unsigned texts_languages(const struct site *site, const char *ret_langs[TEXTS_LANGUAGES_MAX])
{
    unsigned n = 0;

    ret_langs[n++] = FALLBACK;
    for (unsigned i = 0; i < shipped_n_langs(); i++)
        if (strcmp(shipped_lang(i), FALLBACK) != 0)
            ret_langs[n++] = shipped_lang(i);
    for (unsigned i = 0; i < site->n_texts; i++)
        if (!is_listed(site->texts[i].lang, ret_langs, n)) {
            assert(n < TEXTS_LANGUAGES_MAX); /* a configuration with more was refused */
            ret_langs[n++] = site->texts[i].lang;
        }
    qsort(ret_langs + 1, n - 1, sizeof *ret_langs, by_tag);
    return n;
}

static const char *find(const struct site *site, const char *lang, const char *key)
{
    for (unsigned i = 0; i < site->n_texts; i++)
        if (strcmp(site->texts[i].lang, lang) == 0 && strcmp(site->texts[i].key, key) == 0)
            return site->texts[i].value;
    return shipped_text(lang, key);
}

const char *texts_get(const struct site *site, const char *lang, const char *key)
{
    const char *text = find(site, lang, key);

    if (!text)
        text = find(site, FALLBACK, key);
    return text ? text : "";
}

const char *texts_purpose(const struct site *site, const char *lang, const char *purpose, const char *what)
{
    char key[PURPOSE_NAME_BYTES_MAX + 32];

    snprintf(key, sizeof key, "purpose.%s.%s", purpose, what);
    const char *text = texts_get(site, lang, key);
    return text[0] || strcmp(what, "title") != 0 ? text : purpose;
}

/* ---- how a language is written ---- */

static bool is_one_of(struct text subtag, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(names[i]) == subtag.size && strncasecmp(names[i], subtag.data, subtag.size) == 0)
            return true;
    return false;
}

#define IS_ONE_OF(subtag, names) is_one_of(subtag, names, sizeof(names) / sizeof(names)[0])

/* Scripts of ISO 15924 that run from right to left, and the languages written in one of them unless said otherwise. */
static const char *const rtl_scripts[] = {"Adlm", "Arab", "Aran", "Hebr", "Mand", "Nkoo",
                                          "Rohg", "Samr", "Syrc", "Thaa", "Yezi"};
static const char *const rtl_langs[] = {"ar", "arc", "ary", "arz", "azb", "ckb", "dv",  "fa",  "glk",
                                        "he", "iw",  "ji",  "khw", "ks",  "lrc", "mzn", "nqo", "pnb",
                                        "ps", "sd",  "skr", "syr", "ug",  "ur",  "yi"};
static const char *const arabic_langs[] = {"ar",  "ary", "arz", "azb", "ckb", "fa",  "glk", "khw", "ks",
                                           "lrc", "mzn", "pnb", "ps",  "sd",  "skr", "ug",  "ur"};

/* The script that a tag names: four letters behind the language (RFC 5646 section 2.2.3). */
static struct text script_of(struct text tag)
{
    text_cut(&tag, '-');
    while (tag.size) {
        struct text subtag = text_cut(&tag, '-');

        if (subtag.size == 4 && (subtag.data[0] < '0' || subtag.data[0] > '9'))
            return subtag;
        if (subtag.size != 3) /* only extended languages stand before it */
            break;
    }
    return TEXT_NONE;
}

const char *texts_dir(const char *lang)
{
    struct text tag = text_of(lang), script = script_of(tag);
    bool rtl = script.size ? IS_ONE_OF(script, rtl_scripts) : IS_ONE_OF(text_cut(&tag, '-'), rtl_langs);

    return rtl ? "rtl" : "ltr";
}

struct texts_date texts_date(const char *lang, const char *date)
{
    bool rtl = strcmp(texts_dir(lang), "rtl") == 0;
    struct texts_date ret;

    snprintf(ret.text, sizeof ret.text, "%s%.48s%s", rtl ? "\xe2\x81\xa6" : "", date, rtl ? "\xe2\x81\xa9" : "");
    return ret;
}

const char *texts_separator(const char *lang)
{
    static const char *const ideographic[] = {"ja", "zh", "yue"};
    struct text tag = text_of(lang), language = text_cut(&tag, '-');

    if (IS_ONE_OF(language, ideographic))
        return "、";
    return IS_ONE_OF(language, arabic_langs) && strcmp(texts_dir(lang), "rtl") == 0 ? "، " : ", ";
}

const char *texts_country(const char *lang, const char *code)
{
    const struct asset_countries *in = asset_countries;

    while (in->lang && strcmp(in->lang, lang) != 0)
        in++;
    for (unsigned i = 0; in->lang && asset_country_codes[i]; i++)
        if (strcmp(asset_country_codes[i], code) == 0)
            return in->names[i];
    return code;
}

/* ---- filling in ---- */

static const struct texts_mark *mark_at(const char *text, const struct texts_mark *marks, unsigned n_marks)
{
    for (unsigned i = 0; i < n_marks; i++)
        if (strncmp(text, marks[i].mark, strlen(marks[i].mark)) == 0)
            return &marks[i];
    return NULL;
}

void texts_fill(struct buffer *buffer, const char *text, const struct texts_mark *marks, unsigned n_marks)
{
    while (*text) {
        const struct texts_mark *mark = mark_at(text, marks, n_marks);
        size_t size = mark ? strlen(mark->mark) : 1 + strcspn(text + 1, "{");

        buffer_put_text(buffer, mark ? mark->value : (struct text){.data = text, .size = size});
        text += size;
    }
}

const char *texts_period(unsigned index)
{
    static const char *const names[TEXTS_PERIODS] = {"journal", "segments", "visitor", "choice", "refusal"};

    assert(index < TEXTS_PERIODS);
    return names[index];
}

void texts_put_period(struct buffer *buffer, const char *days, const char *seconds)
{
    long long s = strtoll(seconds, NULL, 10);
    char number[32];

    if (s < SECONDS_A_DAY || s % SECONDS_A_DAY) {
        buffer_printf(buffer, "%lld s", s);
        return;
    }
    snprintf(number, sizeof number, "%lld", s / SECONDS_A_DAY);
    texts_fill(buffer, days, &(struct texts_mark){"{days}", text_of(number)}, 1);
}
