/*
 * A site's own texts, by language and name.
 */
#include "crumb/base/error.h"
#include "crumb/config/shipped.h"
#include "crumb/config/value.h"
#include "field.h"
#include "site_parts.h"
#include <errno.h>
#include <stdlib.h>

struct text_reading {
    struct site *site;
    const char *lang;
};

static const char *shipped_name(const void *of, unsigned i)
{
    (void)of;
    return shipped_key(i);
}

/* Those there are, then those there will be. */
static const char *purpose_name(const void *of, unsigned i)
{
    const struct site *site = of;

    return i < site->n_purposes ? site->purposes[i].name : site->next->purposes[i - site->n_purposes].name;
}

/* purpose.NAME.title and .description: of one of the site's purposes, now or to come. */
static void check_purpose_key(const struct yaml_at *at, const struct site *site)
{
    static const char *const words[] = {"title", "description"};
    const struct walk_names purposes = {
        .name = purpose_name, .of = site, .n = site->n_purposes + (site->next ? site->next->n_purposes : 0)};
    const struct walk_names whats = {.name = walk_word, .of = words, .n = WALK_COUNT(words)};
    struct text what = at->key;

    text_cut(&what, '.');
    struct text name = text_cut(&what, '.');
    if (walk_choose(at, name, "purpose", &purposes) >= 0)
        walk_choose(at, what, "text of a purpose", &whats);
}

/* A text under a name that nothing asks for would never be shown, and its author never told. */
static void check_text_key(const struct yaml_at *at, const struct site *site)
{
    const struct walk_names names = {.name = shipped_name, .n = shipped_n_keys()};

    if (text_starts(at->key, TEXT("purpose.")))
        check_purpose_key(at, site);
    else
        walk_choose(at, at->key, "text", &names);
}

static void read_text(const struct yaml_at *at, void *into)
{
    struct text_reading *reading = into;
    struct config_text *text = &reading->site->texts[reading->site->n_texts++];

    check_text_key(at, reading->site);
    text->lang = field_copy(at->yaml, text_of(reading->lang));
    text->key = field_copy(at->yaml, at->key);
    field_text(at, &text->value);
}

static bool has_language(const struct site *site, const char *lang)
{
    for (unsigned i = 0; i < site->n_texts; i++)
        if (site->texts[i].lang && strcmp(site->texts[i].lang, lang) == 0)
            return true;
    return false;
}

static bool is_shipped(const char *lang) { return shipped_text(lang, shipped_key(0)) != NULL; }

/* Of the shipped languages and the site's, which follow each other in its texts. */
static unsigned count_languages(const struct site *site)
{
    unsigned n = shipped_n_langs();

    for (unsigned i = 0; i < site->n_texts; i++) {
        const char *lang = site->texts[i].lang;
        bool again = i > 0 && site->texts[i - 1].lang && lang && strcmp(site->texts[i - 1].lang, lang) == 0;

        n += lang && !again && !is_shipped(lang);
    }
    return n;
}

static void read_language(const struct yaml_at *at, void *into)
{
    struct site *site = into;
    unsigned n = yaml_size(at);
    char lang[LANGUAGE_BYTES_MAX + 1] = "";

    if (!value_language(at->key, lang))
        yaml_complain(at, "this is no language; write a tag such as en or pt-BR");
    else if (has_language(site, lang))
        yaml_complain(at, "the language %s was given before; put its texts together", lang);
    else if (!is_shipped(lang) && count_languages(site) >= TEXTS_LANGUAGES_MAX)
        yaml_complain(at, "this is one language too many; write at most %u beside the %u shipped ones",
                      TEXTS_LANGUAGES_MAX - shipped_n_langs(), shipped_n_langs());
    if (n > TEXTS_MAX - site->n_texts) {
        yaml_complain(at, "these are too many texts; write at most %d for a site", TEXTS_MAX);
        return;
    }
    struct config_text *texts = realloc(site->texts, (site->n_texts + n + 1) * sizeof *texts);
    if (!texts) {
        yaml_fail(at->yaml, error_origin(-ENOMEM));
        return;
    }
    memset(texts + site->n_texts, 0, (n + 1) * sizeof *texts);
    site->texts = texts;
    walk_mapping(at, read_text, &(struct text_reading){.site = site, .lang = lang});
}

void site_texts_read(const struct yaml_at *at, void *into) { walk_mapping(at, read_language, into); }

void site_texts_deinit(struct site *site)
{
    for (unsigned i = 0; i < site->n_texts; i++) {
        free(site->texts[i].lang);
        free(site->texts[i].key);
        free(site->texts[i].value);
    }
    free(site->texts);
}
