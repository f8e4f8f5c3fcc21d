/*
 * Writing the privacy page.
 *
 * Every word that a visitor reads is of the notice, in its language, so that
 * the record's hash names what was on this page.  All of the notice is here:
 * the page has one layer.  Accept and reject are the same in size, weight and
 * clicks (EDPB guidelines 03/2022; Cookie Banner Taskforce 2023), and nothing
 * is ticked that was not granted (GDPR recital 32; CJEU C-673/17).
 */
#include "page.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/texts.h"
#include "html.h"
#include <errno.h>
#include <stdlib.h>

#define SECONDS_A_DAY 86400

/* The notice, opened. Strings are its own. */
struct opened {
    const struct page *page;
    json_t *notice;
    struct buffer *html;
};

static const char *string_of(json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value ? value : "";
}

static const char *text(const struct opened *opened, const char *key)
{
    return string_of(json_object_get(opened->notice, "texts"), key);
}

/* ---- head and news ---- */

/* Where the law asks for less than a choice beforehand, the notice has other words for it. */
static const char *text_by_regime(const struct opened *opened, const char *key)
{
    static const char *const prefixes[REGIME_N] = {[REGIME_OPT_OUT] = "opt_out", [REGIME_NOTICE_ONLY] = "notice_only"};
    const char *prefix = prefixes[opened->page->regime];
    char own[32] = "";

    if (prefix)
        snprintf(own, sizeof own, "%s.%s", prefix, key);
    return text(opened, own)[0] ? text(opened, own) : text(opened, key);
}

static void put_head(const struct opened *opened)
{
    const struct consent_state *state = opened->page->state;

    html_put(opened->html,
             "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"robots\" content=\"noindex\">\n<title>%s · %s</title>\n"
             "<link rel=\"stylesheet\" href=\"privacy.css\">\n</head>\n<body>\n<main>\n",
             state->notice->lang, texts_dir(state->notice->lang), text_by_regime(opened, "title"), state->site->title);
    if (state->site->n_origins)
        html_put(opened->html, "<p class=\"site\"><a href=\"%s/\">%s</a></p>\n", state->site->origins[0],
                 state->site->title);
    else
        html_put(opened->html, "<p class=\"site\">%s</p>\n", state->site->title);
    html_put(opened->html, "<h1>%s</h1>\n<p>%s</p>\n", text_by_regime(opened, "title"), text_by_regime(opened, "body"));
}

static void put_said(const struct opened *opened, const char *key)
{
    if (text(opened, key)[0])
        html_put(opened->html, "<p class=\"said\" role=\"status\">%s</p>\n", text(opened, key));
}

static void put_news(const struct opened *opened)
{
    static const char *const keys[] = {[PAGE_SAVED] = "saved", [PAGE_CHANGED] = "changed"};
    const struct page *page = opened->page;

    if (page->news != PAGE_NOTHING)
        put_said(opened, keys[page->news]);
    else if (page->state->chosen && page->state->ask)
        put_said(opened, "changed");
    /* CCPA regulations section 7025(c)(6): show that the signal was honoured, where it is. */
    if (page->gpc && !page->state->granted)
        put_said(opened, "gpc");
}

/* ---- the form ---- */

static void put_recipients(const struct opened *opened, json_t *recipients)
{
    json_t *recipient;
    size_t i;

    if (json_array_size(recipients) == 0)
        return;
    html_put(opened->html, "<p class=\"small\">%s</p>\n<ul class=\"small\">\n", text(opened, "recipients"));
    json_array_foreach(recipients, i, recipient)
    {
        const char *country = string_of(recipient, "country"), *why = string_of(recipient, "why");

        html_put(opened->html, "<li dir=\"auto\">%s", string_of(recipient, "name"));
        if (country[0])
            html_put(opened->html, " (%s)", country);
        if (why[0])
            html_put(opened->html, ": %s", why);
        html_put(opened->html, "</li>\n");
    }
    html_put(opened->html, "</ul>\n");
}

static void put_collects(const struct opened *opened, json_t *classes)
{
    json_t *class;
    size_t i;

    if (json_array_size(classes) == 0)
        return;
    html_put(opened->html, "<p class=\"small\">%s</p>\n<ul class=\"small\">\n", text(opened, "collects"));
    json_array_foreach(classes, i, class)
    {
        char key[32];

        snprintf(key, sizeof key, "class.%s", json_string_value(class));
        html_put(opened->html, "<li>%s</li>\n", text(opened, key));
    }
    html_put(opened->html, "</ul>\n");
}

static void put_purpose(const struct opened *opened, json_t *purpose)
{
    const struct consent_state *state = opened->page->state;
    const char *name = string_of(purpose, "name");
    int number = config_purpose(state->site, text_of(name));
    bool granted = number >= 0 && state->chosen && state->granted & 1u << number;

    html_put(opened->html,
             "<section>\n<label><input type=\"checkbox\" name=\"purpose\" value=\"%s\"%s aria-describedby=\"about-%s\">"
             "<span>%s</span></label>\n<div id=\"about-%s\">\n<p>%s</p>\n",
             name, granted ? " checked" : "", name, string_of(purpose, "title"), name,
             string_of(purpose, "description"));
    put_collects(opened, json_object_get(purpose, "collects"));
    put_recipients(opened, json_object_get(purpose, "recipients"));
    html_put(opened->html, "</div>\n</section>\n");
}

static void put_button(const struct opened *opened, const char *action, const char *key)
{
    html_put(opened->html, "<button name=\"action\" value=\"%s\">%s</button>\n", action, text(opened, key));
}

/* The first button is what Enter presses: it must not be the one that grants. */
static void put_form(const struct opened *opened)
{
    const struct consent_state *state = opened->page->state;
    json_t *purpose;
    size_t i;

    html_put(
        opened->html,
        "<form method=\"post\" action=\"privacy?site=%s\">\n<input type=\"hidden\" name=\"site\" value=\"%s\">\n"
        "<input type=\"hidden\" name=\"notice\" value=\"%s\">\n<input type=\"hidden\" name=\"lang\" value=\"%s\">\n",
        state->site->name, state->site->name, state->notice->hex, state->notice->lang);
    if (text(opened, "necessary.title")[0])
        html_put(opened->html, "<section>\n<h2>%s</h2>\n<p>%s</p>\n</section>\n", text(opened, "necessary.title"),
                 text(opened, "necessary.description"));
    json_array_foreach(json_object_get(opened->notice, "purposes"), i, purpose) put_purpose(opened, purpose);
    html_put(opened->html, "<div class=\"actions\">\n");
    put_button(opened, "deny", "reject");
    put_button(opened, "grant", "accept");
    put_button(opened, "custom", "save");
    if (state->chosen && state->granted)
        put_button(opened, "withdraw", "withdraw");
    html_put(opened->html, "</div>\n</form>\n");
}

/* ---- the rest of the notice ---- */

static void put_controller(const struct opened *opened)
{
    json_t *controller = json_object_get(opened->notice, "controller");
    const char *contact = string_of(controller, "contact");

    if (!string_of(controller, "name")[0] && !contact[0])
        return;
    html_put(opened->html, "<section>\n<h2>%s</h2>\n<p><bdi>%s</bdi>", text(opened, "controller"),
             string_of(controller, "name"));
    if (string_of(controller, "address")[0])
        html_put(opened->html, "<br><bdi>%s</bdi>", string_of(controller, "address"));
    if (contact[0] && strchr(contact, '@') && !strchr(contact, '/'))
        html_put(opened->html, "<br><a href=\"mailto:%s\" dir=\"ltr\">%s</a>", contact, contact);
    else if (contact[0])
        html_put(opened->html, "<br><bdi>%s</bdi>", contact);
    html_put(opened->html, "</p>\n</section>\n");
}

static void put_storage(const struct opened *opened)
{
    json_t *storage = json_object_get(opened->notice, "storage");
    const char *country = string_of(storage, "country"), *location = string_of(storage, "location");

    if (country[0] || location[0])
        html_put(opened->html, "<section>\n<h2>%s</h2>\n<p><bdi>%s%s%s</bdi></p>\n</section>\n",
                 text(opened, "storage"), location, country[0] && location[0] ? ", " : "", country);
}

/* "2592000s" as "Days: 30" in the notice's words; less than a day in seconds, whose symbol is everybody's. */
static void put_duration(const struct opened *opened, const char *seconds)
{
    static const char mark[] = "{days}";
    long long s = atoll(seconds);
    const char *days = text(opened, "days"), *at = strstr(days, mark);
    char number[32], before[64] = "";

    if (s < SECONDS_A_DAY || s % SECONDS_A_DAY || !at || (size_t)(at - days) >= sizeof before) {
        snprintf(number, sizeof number, "%lld", s);
        html_put(opened->html, "<time dir=\"ltr\" datetime=\"PT%sS\">%s s</time>", number, number);
        return;
    }
    memcpy(before, days, (size_t)(at - days));
    snprintf(number, sizeof number, "%lld", s / SECONDS_A_DAY);
    html_put(opened->html, "<time datetime=\"P%sD\">%s%s%s</time>", number, before, number, at + sizeof mark - 1);
}

static void put_retention(const struct opened *opened)
{
    static const char *const names[] = {"journal", "segments", "visitor", "choice", "refusal"};
    json_t *retention = json_object_get(opened->notice, "retention");

    html_put(opened->html, "<section>\n<h2>%s</h2>\n<dl>\n", text(opened, "retention"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char key[32];

        snprintf(key, sizeof key, "retention.%s", names[i]);
        html_put(opened->html, "<div><dt>%s</dt><dd>", text(opened, key));
        put_duration(opened, string_of(retention, names[i]));
        html_put(opened->html, "</dd></div>\n");
    }
    html_put(opened->html, "</dl>\n</section>\n");
}

/* ---- foot ---- */

/* In its own words; a language of the site's own has none unless the site says so, and is called by its tag. */
static const char *name_of_language(const struct site *site, const char *lang)
{
    const char *name = texts_get(site, lang, "language");

    return strcmp(name, texts_get(site, "en", "language")) == 0 && strncmp(lang, "en", 2) != 0 ? lang : name;
}

static void put_languages(const struct opened *opened)
{
    const struct consent_state *state = opened->page->state;
    const struct site_notices *notices = edition_notices(state->edition, state->site);

    if (notices->n_notices < 2)
        return;
    html_put(opened->html, "<nav class=\"small\">\n<ul>\n");
    for (unsigned i = 0; i < notices->n_notices; i++) {
        const char *lang = notices->notices[i].lang;
        bool here = &notices->notices[i] == state->notice;

        html_put(opened->html,
                 "<li><a href=\"privacy?site=%s&amp;lang=%s\" hreflang=\"%s\" lang=\"%s\"%s>%s</a></li>\n",
                 state->site->name, lang, lang, lang, here ? " aria-current=\"page\"" : "",
                 name_of_language(state->site, lang));
    }
    html_put(opened->html, "</ul>\n</nav>\n");
}

/* The notice and the receipt as they are kept, by their names. */
static void put_foot(const struct opened *opened)
{
    const struct page *page = opened->page;
    const char *record = page->record[0] ? page->record : string_of(page->state->receipt, "id");
    const char *hex = page->state->notice->hex;
    char brief[9];

    snprintf(brief, sizeof brief, "%.8s", hex);
    html_put(opened->html, "<footer class=\"small\">\n<p><a href=\"v1/notice/%s\" lang=\"en\">notice %s</a>", hex,
             brief);
    if (record[0]) {
        snprintf(brief, sizeof brief, "%.8s", record);
        html_put(opened->html, " · <a href=\"v1/receipt/%s\">%s (%s)</a>", record, text(opened, "receipt"), brief);
    }
    html_put(opened->html, " · <a href=\"policy?site=%s&amp;lang=%s\">%s</a>", page->state->site->name,
             page->state->notice->lang, texts_get(page->state->site, page->state->notice->lang, "policy.title"));
    html_put(opened->html, "</p>\n</footer>\n</main>\n</body>\n</html>\n");
}

int page_put_failure(struct buffer *buffer, const struct site *site, const struct notice *notice)
{
    JSON_AUTO *json = notice_object(site, notice);
    struct consent_state state = {.site = site, .notice = notice};
    struct page page = {.state = &state, .record = ""};
    struct opened opened = {.page = &page, .notice = json, .html = buffer};

    if (!json)
        return error_origin(-ENOMEM);
    put_head(&opened);
    put_said(&opened, "saving_failed");
    html_put(buffer, "<p><a href=\"privacy?site=%s&amp;lang=%s\">%s</a></p>\n", site->name, notice->lang,
             text(&opened, "title"));
    put_foot(&opened);
    return buffer->fault ? error_origin(buffer->fault) : 0;
}

int page_put(struct buffer *buffer, const struct page *page)
{
    JSON_AUTO *notice = notice_object(page->state->site, page->state->notice);
    struct opened opened = {.page = page, .notice = notice, .html = buffer};

    if (!notice)
        return error_origin(-ENOMEM);
    put_head(&opened);
    put_news(&opened);
    put_form(&opened);
    put_controller(&opened);
    put_storage(&opened);
    put_retention(&opened);
    put_languages(&opened);
    put_foot(&opened);
    return buffer->fault ? error_origin(buffer->fault) : 0;
}
