/*
 * Writing the privacy page: its head, what has just happened, its parts in their
 * order, its foot, and what all parts are made of.
 *
 * Every word that a visitor reads is of the notice, in its language, so that
 * the record's hash names what was on this page.  All of the notice is here:
 * the page has one layer.
 */
#include "page.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/texts.h"
#include "html.h"
#include <errno.h>
#include <stdio.h>

const char *page_string(json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value ? value : "";
}

const char *page_text(const struct opened *opened, const char *key)
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
        html_put(opened->html, " · <a href=\"v1/receipt/%s\">%s (%s)</a>", record, page_text(opened, "receipt"), brief);
    }
    html_put(opened->html, " · <a href=\"policy?site=%s&amp;lang=%s\">%s</a>", page->state->site->name,
             page->state->notice->lang, texts_get(page->state->site, page->state->notice->lang, "policy.title"));
    html_put(opened->html, "</p>\n</footer>\n</main>\n</body>\n</html>\n");
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
    page_put_glance(&opened);
    page_put_ways(&opened);
    page_put_choice(&opened);
    page_put_notice(&opened);
    page_put_stored(&opened);
    page_put_rights(&opened);
    page_put_ask(&opened);
    page_put_check(&opened);
    put_languages(&opened);
    put_foot(&opened);
    return buffer->fault ? error_origin(buffer->fault) : 0;
}
