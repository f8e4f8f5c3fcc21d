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

const char *page_string(json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value ? value : "";
}

static const char *text(const struct opened *opened, const char *key)
{
    return page_string(json_object_get(opened->notice, "texts"), key);
}

const char *page_word(const struct opened *opened, const char *key)
{
    return texts_get(opened->site, opened->lang, key);
}

void page_put_filled(const struct opened *opened, const char *key, const char *mark, const char *value)
{
    BUFFER_AUTO line = BUFFER_INIT(PAGE_BYTES_MAX);

    texts_fill(&line, page_word(opened, key), &(struct texts_mark){mark, text_of(value)}, 1);
    buffer_put_u8(&line, '\0');
    if (line.fault)
        opened->html->fault = line.fault;
    else
        html_put(opened->html, "%s", (const char *)line.data);
}

void page_put_time(const struct opened *opened, const char *time)
{
    char day[11], minute[6];

    if (strlen(time) < sizeof "2026-11-23T12:34" - 1) {
        html_put(opened->html, "%s", time);
        return;
    }
    snprintf(day, sizeof day, "%.10s", time);
    snprintf(minute, sizeof minute, "%.5s", time + sizeof day);
    html_put(opened->html, "<time datetime=\"%s\" dir=\"ltr\">%s %s UTC</time>", time, day, minute);
}

void page_put_section(const struct opened *opened, const char *id, const char *key)
{
    html_put(opened->html, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n", id, id,
             id, page_word(opened, key));
}

void page_put_form(const struct opened *opened, const char *what)
{
    html_put(opened->html,
             "<form method=\"post\" action=\"privacy?site=%s&amp;lang=%s\">\n"
             "<input type=\"hidden\" name=\"do\" value=\"%s\">\n",
             opened->site->name, opened->lang, what);
}

void page_put_answers(const struct opened *opened, json_t *notice, json_t *purposes)
{
    json_t *purpose;
    size_t i;

    html_put(opened->html, "<ul class=\"answers\">\n");
    json_array_foreach(json_object_get(notice, "purposes"), i, purpose)
    {
        json_t *answer = json_object_get(purposes, page_string(purpose, "name"));

        if (answer)
            html_put(opened->html, "<li class=\"%s\"><bdi>%s</bdi>: <b>%s</b></li>\n",
                     json_is_true(answer) ? "yes" : "no", page_string(purpose, "title"),
                     page_word(opened, json_is_true(answer) ? "state.allowed" : "state.refused"));
    }
    html_put(opened->html, "</ul>\n");
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
    const struct site *site = opened->site;
    const char *title = page_word(opened, "notice_only.title");

    html_put(opened->html,
             "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"robots\" content=\"noindex\">\n<title>%s · %s</title>\n"
             "<link rel=\"stylesheet\" href=\"privacy.css\">\n<script src=\"privacy.js\" defer></script>\n</head>\n"
             "<body>\n<main class=\"mine\" data-failed=\"%s\">\n",
             opened->lang, texts_dir(opened->lang), title, site->title, page_word(opened, "page.failed"));
    if (site->n_origins)
        html_put(opened->html, "<p class=\"site\"><a href=\"%s/\"><bdi>%s</bdi></a></p>\n", site->origins[0],
                 site->title);
    else
        html_put(opened->html, "<p class=\"site\"><bdi>%s</bdi></p>\n", site->title);
    html_put(opened->html, "<h1>%s</h1>\n", title);
}

static void put_said(const struct opened *opened, const char *key, bool is_bad)
{
    if (page_word(opened, key)[0])
        html_put(opened->html, "<p class=\"said%s\" role=\"%s\" tabindex=\"-1\">%s</p>\n", is_bad ? " bad" : "",
                 is_bad ? "alert" : "status", page_word(opened, key));
}

static void put_sent(const struct opened *opened)
{
    html_put(opened->html, "<div class=\"said\" role=\"status\" tabindex=\"-1\">\n<p>");
    page_put_filled(opened, "page.sent", "{n}", opened->page->number);
    html_put(
        opened->html,
        "</p>\n<p class=\"small\">%s</p>\n<p><b>%s:</b> %s<br><b>%s:</b> <code dir=\"ltr\">%s</code></p>\n</div>\n",
        page_word(opened, "page.key_about"), page_word(opened, "page.number"), opened->page->number,
        page_word(opened, "page.key"), opened->page->key);
}

static void put_news(const struct opened *opened)
{
    static const struct {
        const char *key;
        bool is_bad;
    } news[PAGE_NEWS_N] = {[PAGE_SAVED] = {"saved", false},
                           [PAGE_CHANGED] = {"changed", false},
                           [PAGE_NOT_FOUND] = {"page.not_found", true},
                           [PAGE_INVALID] = {"page.invalid", true},
                           [PAGE_TOO_MANY] = {"page.too_many", true},
                           [PAGE_FAILED] = {"page.failed", true},
                           [PAGE_GENUINE] = {"page.genuine", false},
                           [PAGE_FORGED] = {"page.forged", true}};
    const struct page *page = opened->page;

    if (page->news == PAGE_SENT)
        put_sent(opened);
    else if (page->news != PAGE_NOTHING)
        put_said(opened, news[page->news].key, news[page->news].is_bad);
    else if (page->state->chosen && page->state->ask)
        put_said(opened, "changed", false);
    /* CCPA regulations section 7025(c)(6): show that the signal was honoured, where it is. */
    if (page->gpc && !page->state->granted)
        put_said(opened, "gpc", false);
}

/* ---- at a glance ---- */

/* "Measuring visits, Advertising" */
static void put_yes(const struct opened *opened)
{
    const struct consent_state *state = opened->page->state;
    BUFFER_AUTO list = BUFFER_INIT(PAGE_BYTES_MAX);
    json_t *purpose;
    size_t i;

    json_array_foreach(json_object_get(opened->notice, "purposes"), i, purpose)
    {
        int number = config_purpose(state->site, text_of(page_string(purpose, "name")));

        if (number >= 0 && state->granted & 1u << number)
            buffer_printf(&list, "%s%s", list.size ? texts_separator(opened->lang) : "", page_string(purpose, "title"));
    }
    buffer_put_u8(&list, '\0');
    if (list.fault)
        opened->html->fault = list.fault;
    else
        page_put_filled(opened, "page.yes", "{purposes}", (const char *)list.data);
}

static void put_line(const struct opened *opened, const char *key)
{
    html_put(opened->html, "<p>%s</p>\n", page_word(opened, key));
}

/* The notice of then, in its own words and language, folded; and what was answered. */
static void put_told(const struct opened *opened)
{
    json_t *notice = opened->page->file->notice, *texts = json_object_get(notice, "texts"), *purpose;
    const char *lang = page_string(notice, "lang");
    size_t i;

    if (!notice)
        return;
    html_put(
        opened->html,
        "<details>\n<summary>%s</summary>\n<div class=\"told\" lang=\"%s\" dir=\"%s\">\n<h2>%s</h2>\n<p>%s</p>\n<dl>\n",
        page_word(opened, "page.told"), lang, texts_dir(lang), page_string(texts, "title"), page_string(texts, "body"));
    json_array_foreach(json_object_get(notice, "purposes"), i, purpose)
        html_put(opened->html, "<div><dt><bdi>%s</bdi></dt><dd dir=\"auto\">%s</dd></div>\n",
                 page_string(purpose, "title"), page_string(purpose, "description"));
    html_put(opened->html, "<div><dt>%s</dt><dd><bdi>%s</bdi></dd></div>\n</dl>\n</div>\n",
             page_string(texts, "controller"), page_string(json_object_get(notice, "controller"), "name"));
    page_put_answers(opened, notice, json_object_get(opened->page->state->receipt, "purposes"));
    html_put(opened->html, "</details>\n");
}

static bool is_restricted(const struct page *page)
{
    return json_is_true(json_object_get(json_object_get(page->file->kept, "visitor"), "restricted"));
}

static void put_when(const struct opened *opened)
{
    const char *time = page_string(opened->page->state->receipt, "time");
    char day[11];

    snprintf(day, sizeof day, "%.10s", time);
    if (time[0]) {
        html_put(opened->html, "<p class=\"small\">");
        page_put_filled(opened, "page.chosen", "{date}", texts_date(opened->lang, day).text);
        html_put(opened->html, "</p>\n");
    }
}

/* What matters first: what was chosen, and whether anything is kept. */
static void put_glance(const struct opened *opened)
{
    const struct page *page = opened->page;
    const struct consent_state *state = page->state;
    const char *mood = page->is_unreadable || !state->chosen ? "open"
                       : is_restricted(page)                 ? "locked"
                       : state->granted                      ? "yes"
                                                             : "no";

    html_put(opened->html, "<div class=\"glance %s\" id=\"state\">\n<p class=\"big\">", mood);
    if (!state->chosen)
        html_put(opened->html, "%s", page_word(opened, "page.undecided"));
    else if (state->granted)
        put_yes(opened);
    else
        html_put(opened->html, "%s", page_word(opened, "page.refused"));
    html_put(opened->html, "</p>\n");
    if (page->file->is_erasing)
        put_line(opened, "page.deleting");
    else if (page->is_unreadable)
        put_line(opened, "page.unreadable");
    else if (is_restricted(page))
        put_line(opened, "page.locked");
    else if (!page->file->kept)
        put_line(opened, "page.nothing");
    put_when(opened);
    put_told(opened);
    html_put(opened->html, "</div>\n");
}

/* Where what is. Rights that need something to be kept are not shown where nothing is. */
static void put_ways(const struct opened *opened)
{
    static const struct {
        const char *id, *key;
        bool needs_data;
    } ways[] = {{"choice", "settings_title", false}, {"stored", "policy.access", false},
                {"correct", "policy.correct", true}, {"restrict", "policy.restrict", true},
                {"delete", "policy.delete", true},   {"ask", "policy.ask", false}};

    html_put(opened->html, "<nav class=\"ways\" aria-labelledby=\"state\">\n<ul>\n");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (!ways[i].needs_data || opened->page->file->kept)
            html_put(opened->html, "<li><a href=\"#%s\">%s</a></li>\n", ways[i].id, page_word(opened, ways[i].key));
    html_put(opened->html, "</ul>\n</nav>\n");
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
        const char *country = page_string(recipient, "country"), *why = page_string(recipient, "why");

        html_put(opened->html, "<li dir=\"auto\">%s", page_string(recipient, "name"));
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
    const char *name = page_string(purpose, "name");
    int number = config_purpose(state->site, text_of(name));
    bool granted = number >= 0 && state->chosen && state->granted & 1u << number;

    html_put(opened->html,
             "<section>\n<label><input type=\"checkbox\" name=\"purpose\" value=\"%s\"%s aria-describedby=\"about-%s\">"
             "<span>%s</span></label>\n<div id=\"about-%s\">\n<p>%s</p>\n",
             name, granted ? " checked" : "", name, page_string(purpose, "title"), name,
             page_string(purpose, "description"));
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

    html_put(opened->html, "<h2 class=\"part\" id=\"choice\">%s</h2>\n<p>%s</p>\n", text_by_regime(opened, "title"),
             text_by_regime(opened, "body"));
    html_put(
        opened->html,
        "<form method=\"post\" action=\"privacy?site=%s\" class=\"choice\">\n<input type=\"hidden\" name=\"site\" "
        "value=\"%s\">\n"
        "<input type=\"hidden\" name=\"notice\" value=\"%s\">\n<input type=\"hidden\" name=\"lang\" value=\"%s\">\n",
        state->site->name, state->site->name, state->notice->hex, state->notice->lang);
    if (text(opened, "necessary.title")[0])
        html_put(opened->html, "<section>\n<h3>%s</h3>\n<p>%s</p>\n</section>\n", text(opened, "necessary.title"),
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
    const char *contact = page_string(controller, "contact");

    if (!page_string(controller, "name")[0] && !contact[0])
        return;
    html_put(opened->html, "<section>\n<h2>%s</h2>\n<p><bdi>%s</bdi>", text(opened, "controller"),
             page_string(controller, "name"));
    if (page_string(controller, "address")[0])
        html_put(opened->html, "<br><bdi>%s</bdi>", page_string(controller, "address"));
    if (contact[0] && strchr(contact, '@') && !strchr(contact, '/'))
        html_put(opened->html, "<br><a href=\"mailto:%s\" dir=\"ltr\">%s</a>", contact, contact);
    else if (contact[0])
        html_put(opened->html, "<br><bdi>%s</bdi>", contact);
    html_put(opened->html, "</p>\n</section>\n");
}

static void put_storage(const struct opened *opened)
{
    json_t *storage = json_object_get(opened->notice, "storage");
    const char *country = page_string(storage, "country"), *location = page_string(storage, "location");

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
        put_duration(opened, page_string(retention, names[i]));
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
    const char *record = page->record[0] ? page->record : page_string(page->state->receipt, "id");
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

/* Everything that belongs to the notice but is no question. */
static void put_notice(const struct opened *opened)
{
    html_put(opened->html, "<details class=\"part\" id=\"details\">\n<summary>%s</summary>\n", text(opened, "more"));
    put_controller(opened);
    put_storage(opened);
    put_retention(opened);
    html_put(opened->html, "</details>\n");
}

static struct opened open_page(const struct page *page, json_t *notice, struct buffer *html)
{
    return (struct opened){
        .page = page, .site = page->state->site, .lang = page->state->notice->lang, .notice = notice, .html = html};
}

int page_put_failure(struct buffer *buffer, const struct site *site, const struct notice *notice, const char *key)
{
    JSON_AUTO *json = notice_object(site, notice);
    struct consent_state state = {.site = site, .notice = notice};
    struct page page = {.state = &state, .record = ""};

    if (!json)
        return error_origin(-ENOMEM);
    struct opened opened = open_page(&page, json, buffer);
    put_head(&opened);
    put_said(&opened, key, true);
    html_put(buffer, "<p><a href=\"privacy?site=%s&amp;lang=%s\">%s</a></p>\n", site->name, notice->lang,
             page_word(&opened, "back"));
    put_foot(&opened);
    return buffer->fault ? error_origin(buffer->fault) : 0;
}

int page_put(struct buffer *buffer, const struct page *page)
{
    JSON_AUTO *notice = notice_object(page->state->site, page->state->notice);

    if (!notice)
        return error_origin(-ENOMEM);
    struct opened opened = open_page(page, notice, buffer);
    put_head(&opened);
    put_news(&opened);
    page_put_deed(&opened);
    page_put_followed(&opened);
    put_glance(&opened);
    put_ways(&opened);
    put_form(&opened);
    put_notice(&opened);
    page_put_stored(&opened);
    page_put_rights(&opened);
    page_put_ask(&opened);
    page_put_check(&opened);
    put_languages(&opened);
    put_foot(&opened);
    return buffer->fault ? error_origin(buffer->fault) : 0;
}
