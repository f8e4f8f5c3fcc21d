/*
 * The privacy page at a glance: what was chosen, whether anything is kept, and
 * where what is.
 */
#include "crumb/consent/texts.h"
#include "html.h"
#include "page.h"
#include <stdio.h>

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
void page_put_glance(const struct opened *opened)
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
void page_put_ways(const struct opened *opened)
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
