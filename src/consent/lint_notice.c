/*
 * Rules about what visitors are told: who collects, who receives, what is
 * asked and in which words.
 */
#include "crumb/config/value.h"
#include "crumb/consent/prominence.h"
#include "crumb/consent/texts.h"
#include "lint_rules.h"
#include <stdio.h>

/* ---- who collects, and where it lies ---- */

static bool is_mail_address(struct text text)
{
    char host[HOST_BYTES_MAX + 1];
    struct text name = text_cut(&text, '@');

    return name.size && text_find(name, ' ') == name.size && text_find(text, '.') < text.size && value_host(text, host);
}

static bool is_page(struct text text)
{
    bool https = text_starts(text, TEXT("https://"));
    char origin[ORIGIN_BYTES_MAX + 1];

    if (!https && !text_starts(text, TEXT("http://")))
        return false;
    size_t scheme = https ? 8 : 7;
    text.size = scheme + text_find(text_from(text, scheme), '/');
    return value_origin(text, origin);
}

void lint_notice_contact(const struct lint *lint, const struct config *config, const struct site *site)
{
    struct text contact = text_of(site->controller.contact);

    if (text_starts(contact, TEXT("mailto:")))
        contact = text_from(contact, sizeof "mailto:" - 1);
    if (!is_mail_address(contact) && !is_page(contact))
        lint_doubt(lint, IN_SITE(site, "controller", "contact"),
                   "\"%.*s\" is neither a mail address nor a page, so a visitor in a browser may not get there; write "
                   "one such as privacy@shop.example or https://shop.example/contact",
                   TEXT_ARGS(yaml_shorten(contact)));
}

void lint_notice_address(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (!site->controller.address[0])
        lint_doubt(lint, IN_SITE(site, "controller", "address"),
                   "visitors are not told where whoever collects is to be found; write the postal address");
}

void lint_notice_storage(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (!site->storage.country[0])
        lint_doubt(lint, IN_SITE(site, "storage", "country"),
                   "visitors are not told in which country their data lie; write it, such as DE");
}

/* ---- who receives it ---- */

static bool is_used(const struct site *site, unsigned recipient)
{
    for (unsigned i = 0; i < site->n_purposes; i++)
        for (unsigned j = 0; j < site->purposes[i].n_recipients; j++)
            if (site->purposes[i].recipients[j] == recipient)
                return true;
    return false;
}

static bool is_abroad(const struct recipient *recipient)
{
    return recipient->country[0] && !lint_in_eea(recipient->country);
}

void lint_notice_country(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->n_recipients; i++)
        if (is_used(site, i) && !site->recipients[i].country[0])
            lint_doubt(lint, IN_SITE(site, "recipients", site->recipients[i].key, "country"),
                       "visitors are not told in which country \"%s\" has their data; write it, such as US",
                       site->recipients[i].name);
}

void lint_notice_why(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->n_recipients; i++) {
        const struct recipient *recipient = &site->recipients[i];

        if (is_used(site, i) && !is_abroad(recipient) && !recipient->why[0])
            lint_doubt(lint, IN_SITE(site, "recipients", recipient->key, "why"),
                       "visitors are not told what \"%s\" does with their data; write it in a few words",
                       recipient->name);
    }
}

void lint_notice_abroad(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->n_recipients; i++) {
        const struct recipient *recipient = &site->recipients[i];

        if (is_used(site, i) && is_abroad(recipient) && !recipient->why[0])
            lint_doubt(lint, IN_SITE(site, "recipients", recipient->key, "why"),
                       "\"%s\" has the data in %s, outside the European Economic Area, and visitors are not told why; "
                       "write what it does with them, and what protects them there",
                       recipient->name, recipient->country);
    }
}

void lint_notice_unused(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->n_recipients; i++)
        if (!is_used(site, i))
            lint_doubt(lint, IN_SITE(site, "recipients", site->recipients[i].key),
                       "no purpose names this recipient, so no visitor is told of it or asked; add it to the purpose "
                       "that it receives data for, or take it out");
}

/* ---- what is asked ---- */

void lint_notice_nothing(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->n_purposes; i++) {
        const struct purpose *purpose = &site->purposes[i];

        if (!purpose->collects && !purpose->n_recipients && !purpose->n_cookies && !purpose->consent_mode)
            lint_doubt(lint, IN_SITE(site, "purposes", purpose->name),
                       "visitors are asked for leave to collect nothing and to tell nobody; write what it collects, or "
                       "who receives data where it lets something into the page (a video, a map), or leave it out");
    }
}

static bool is_about_marketing(const char *purpose)
{
    static const char *const words[] = {"ad",          "ads",         "advertising", "marketing",
                                        "remarketing", "retargeting", "targeting"};
    struct text rest = text_of(purpose);

    while (rest.size) {
        struct text word = text_cut(&rest, '_');

        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            if (text_equal(word, text_of(words[i])))
                return true;
    }
    return false;
}

void lint_notice_marketing(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->n_purposes; i++) {
        const struct purpose *purpose = &site->purposes[i];

        if (is_about_marketing(purpose->name) && purpose->collects && !purpose->n_recipients)
            lint_doubt(lint, IN_SITE(site, "purposes", purpose->name, "recipients"),
                       "advertising seldom goes without somebody else who learns of the visit, and none is named; "
                       "write the recipients, or name the purpose after what it collects");
    }
}

void lint_notice_many(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (site->n_purposes > LINT_PURPOSES_MAX)
        lint_doubt(lint, IN_SITE(site, "purposes"),
                   "%u purposes may be more than people read before they choose; if some mean the same to a visitor, "
                   "join them",
                   site->n_purposes);
}

/* ---- in which words ---- */

static const char *own_text(const struct site *site, const char *lang, const char *key)
{
    for (unsigned i = 0; i < site->n_texts; i++)
        if (strcmp(site->texts[i].lang, lang) == 0 && strcmp(site->texts[i].key, key) == 0)
            return site->texts[i].value;
    return NULL;
}

static bool is_shipped(const char *key)
{
    static const struct site none = {.n_texts = 0};

    return texts_get(&none, "en", key)[0];
}

/* What visitors are shown of a purpose because the language lacks its text; NULL: it is there. */
static const char *shown_instead(const struct site *site, const char *lang, const char *key, const char *english,
                                 const char *otherwise)
{
    if (is_shipped(key) || own_text(site, lang, key))
        return NULL;
    return own_text(site, "en", key) ? english : otherwise;
}

#define PURPOSE_KEY_BYTES (sizeof "purpose..description" + PURPOSE_NAME_BYTES_MAX)

static void look_for_words(const struct lint *lint, const struct site *site, const char *lang, const char *purpose)
{
    char title[PURPOSE_KEY_BYTES], description[PURPOSE_KEY_BYTES];

    snprintf(title, sizeof title, "purpose.%s.title", purpose);
    snprintf(description, sizeof description, "purpose.%s.description", purpose);
    const char *no_title = shown_instead(site, lang, title, "an English title", "its name in this file as its title");
    const char *none = shown_instead(site, lang, description, "an English description", "no description");
    if (no_title && none)
        lint_doubt(lint, IN_SITE(site, "texts", lang, title),
                   "of this purpose visitors are shown %s, and %s; write its title and its description", no_title,
                   none);
    else if (no_title)
        lint_doubt(lint, IN_SITE(site, "texts", lang, title), "of this purpose visitors are shown %s; write its title",
                   no_title);
    else if (none)
        lint_doubt(lint, IN_SITE(site, "texts", lang, description),
                   "of this purpose visitors are shown %s; write what is done with their data, in a sentence", none);
}

static void look_for_texts(const struct lint *lint, const struct site *site, const char *lang)
{
    for (unsigned i = 0; i < site->n_purposes; i++)
        look_for_words(lint, site, lang, site->purposes[i].name);
}

/* The texts of a language follow each other. */
static bool begins_language(const struct site *site, unsigned i)
{
    return i == 0 || strcmp(site->texts[i].lang, site->texts[i - 1].lang) != 0;
}

/* English is looked at even where the site has no texts in it: it is what every other language falls back to. */
void lint_notice_words(const struct lint *lint, const struct config *config, const struct site *site)
{
    look_for_texts(lint, site, "en");
    for (unsigned i = 0; i < site->n_texts; i++)
        if (begins_language(site, i) && strcmp(site->texts[i].lang, "en") != 0)
            look_for_texts(lint, site, site->texts[i].lang);
}

static bool is_body(const char *key)
{
    return strcmp(key, "body") == 0 || strcmp(key, "opt_out.body") == 0 || strcmp(key, "notice_only.body") == 0;
}

/* The first layer names the purposes in its body and nowhere else. */
void lint_notice_body(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->n_texts; i++)
        if (is_body(site->texts[i].key) && !strstr(site->texts[i].value, TEXTS_PURPOSES_MARK))
            lint_doubt(lint, IN_SITE(site, "texts", site->texts[i].lang, site->texts[i].key),
                       "the first layer does not say what visitors are asked for; write " TEXTS_PURPOSES_MARK
                       " where the purposes' titles belong");
}

/* The choices of the first layer that must weigh the same. */
struct buttons {
    const char *accept, *reject; /* the site's own texts, or NULL */
};

static struct buttons buttons_of(const struct site *site, const char *lang)
{
    return (struct buttons){.accept = own_text(site, lang, "accept"), .reject = own_text(site, lang, "reject")};
}

void lint_notice_one_button(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->n_texts; i++) {
        const char *lang = site->texts[i].lang;
        struct buttons buttons = buttons_of(site, lang);

        if (begins_language(site, i) && !buttons.accept != !buttons.reject)
            lint_doubt(lint, IN_SITE(site, "texts", lang, buttons.accept ? "reject" : "accept"),
                       "one of the two buttons has words of your own and the other has not, so the two may differ in "
                       "tone or language; write both");
    }
}

/* Reports where only one of the buttons has a property; the loud one is named. */
static void compare(const struct lint *lint, const struct site *site, const char *lang, bool accept, bool reject,
                    const char *property)
{
    if (accept != reject)
        lint_doubt(lint, IN_SITE(site, "texts", lang, accept ? "accept" : "reject"),
                   "only this one of the two buttons %s, which makes them unequal; write accept and reject alike",
                   property);
}

void lint_notice_buttons(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->n_texts; i++) {
        const char *lang = site->texts[i].lang;
        struct buttons buttons = buttons_of(site, lang);

        if (!begins_language(site, i) || !buttons.accept || !buttons.reject)
            continue;
        struct prominence accept = prominence_of(buttons.accept), reject = prominence_of(buttons.reject);
        compare(lint, site, lang, prominence_longer(&accept, &reject), prominence_longer(&reject, &accept),
                "is so long");
        compare(lint, site, lang, accept.exclaims, reject.exclaims, "has an exclamation mark");
        compare(lint, site, lang, accept.pictures, reject.pictures, "has a symbol or an emoji");
        compare(lint, site, lang, accept.shouts, reject.shouts, "is in capitals");
    }
}
