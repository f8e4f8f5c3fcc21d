/*
 * The choice on the privacy page, and the notice that it is about, whole.
 *
 * Accept and reject are the same in size, weight and clicks (EDPB guidelines
 * 03/2022; Cookie Banner Taskforce 2023), and nothing is ticked that was not
 * granted (GDPR recital 32; CJEU C-673/17).
 */
#include "crumb/consent/texts.h"
#include "html.h"
#include "page.h"
#include <stdio.h>
#include <stdlib.h>

#define SECONDS_A_DAY 86400

/* ---- the form ---- */

/* Where the law asks for less than a choice beforehand, the notice has other words for it. */
static const char *text_by_regime(const struct opened *opened, const char *key)
{
    static const char *const prefixes[REGIME_N] = {[REGIME_OPT_OUT] = "opt_out", [REGIME_NOTICE_ONLY] = "notice_only"};
    const char *prefix = prefixes[opened->page->regime];
    char own[32] = "";

    if (prefix)
        snprintf(own, sizeof own, "%s.%s", prefix, key);
    return page_text(opened, own)[0] ? page_text(opened, own) : page_text(opened, key);
}

static void put_recipients(const struct opened *opened, json_t *recipients)
{
    json_t *recipient;
    size_t i;

    if (json_array_size(recipients) == 0)
        return;
    html_put(opened->html, "<p class=\"small\">%s</p>\n<ul class=\"small\">\n", page_text(opened, "recipients"));
    json_array_foreach(recipients, i, recipient)
    {
        const char *country = page_string(recipient, "country"), *why = page_string(recipient, "why");

        html_put(opened->html, "<li><bdi>%s", page_string(recipient, "name"));
        if (country[0])
            html_put(opened->html, " (%s)", texts_country(opened->lang, country));
        if (why[0])
            html_put(opened->html, ": %s", why);
        html_put(opened->html, "</bdi></li>\n");
    }
    html_put(opened->html, "</ul>\n");
}

static void put_collects(const struct opened *opened, json_t *classes)
{
    json_t *class;
    size_t i;

    if (json_array_size(classes) == 0)
        return;
    html_put(opened->html, "<p class=\"small\">%s</p>\n<ul class=\"small\">\n", page_text(opened, "collects"));
    json_array_foreach(classes, i, class)
    {
        char key[32];

        snprintf(key, sizeof key, "class.%s", json_string_value(class));
        html_put(opened->html, "<li>%s</li>\n", page_text(opened, key));
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
    html_put(opened->html, "<button name=\"action\" value=\"%s\">%s</button>\n", action, page_text(opened, key));
}

/* The first button is what Enter presses: it must not be the one that grants. */
void page_put_choice(const struct opened *opened)
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
    if (page_text(opened, "necessary.title")[0])
        html_put(opened->html, "<section>\n<h3>%s</h3>\n<p>%s</p>\n</section>\n", page_text(opened, "necessary.title"),
                 page_text(opened, "necessary.description"));
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
    html_put(opened->html, "<section>\n<h2>%s</h2>\n<p><bdi>%s</bdi>", page_text(opened, "controller"),
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
                 page_text(opened, "storage"), location, country[0] && location[0] ? ", " : "",
                 texts_country(opened->lang, country));
}

/* "2592000s" as "Days: 30" in the notice's words; less than a day in seconds, whose symbol is everybody's. */
static void put_duration(const struct opened *opened, const char *seconds)
{
    static const char mark[] = "{days}";
    long long s = atoll(seconds);
    const char *days = page_text(opened, "days"), *at = strstr(days, mark);
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

    html_put(opened->html, "<section>\n<h2>%s</h2>\n<dl>\n", page_text(opened, "retention"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char key[32];

        snprintf(key, sizeof key, "retention.%s", names[i]);
        html_put(opened->html, "<div><dt>%s</dt><dd>", page_text(opened, key));
        put_duration(opened, page_string(retention, names[i]));
        html_put(opened->html, "</dd></div>\n");
    }
    html_put(opened->html, "</dl>\n</section>\n");
}

/* Everything that belongs to the notice but is no question. */
void page_put_notice(const struct opened *opened)
{
    html_put(opened->html, "<details class=\"part\" id=\"details\">\n<summary>%s</summary>\n",
             page_text(opened, "more"));
    put_controller(opened);
    put_storage(opened);
    put_retention(opened);
    html_put(opened->html, "</details>\n");
}
