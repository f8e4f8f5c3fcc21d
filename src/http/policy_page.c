/*
 * Writing the policy.
 *
 * Every fact is of the notice that is in force, or of the settings that it was
 * made from: there is nothing on this page that somebody could forget to
 * change (GDPR art. 12(1), 13).  Words are the shipped texts `policy.*` and the
 * notice's own.
 */
#include "policy_page.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/texts.h"
#include "html.h"
#include <errno.h>
#include <stdio.h>

/* The notice in force, opened. */
struct writing {
    const struct policy_page *page;
    const struct site *site;
    const char *lang;
    json_t *notice;
    struct buffer *html;
};

static const char *string_of(json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value ? value : "";
}

static const char *word(const struct writing *writing, const char *key)
{
    return texts_get(writing->site, writing->lang, key);
}

/* A text with something in the place of its mark, which is text, too. */
static void put_filled(const struct writing *writing, const char *key, const char *mark, struct text value)
{
    BUFFER_AUTO line = BUFFER_INIT(CHANGES_BYTES_MAX);

    texts_fill(&line, word(writing, key), &(struct texts_mark){mark, value}, 1);
    buffer_put_u8(&line, '\0');
    if (line.fault)
        writing->html->fault = line.fault;
    else
        html_put(writing->html, "%s", (const char *)line.data);
}

/* ---- head ---- */

/* The sections that every policy has, in their order. */
static const struct section {
    const char *id, *key;
} sections[] = {{"purposes", "policy.purposes"},   {"browser", "policy.browser"}, {"storage", "storage"},
                {"retention", "retention"},        {"rights", "policy.rights"},   {"minors", "policy.minors"},
                {"automated", "policy.automated"}, {"also", "policy.also"},       {"controller", "controller"},
                {"changes", "policy.changes"}};

static bool has_section(const struct writing *writing, const char *id)
{
    json_t *storage = json_object_get(writing->notice, "storage");

    if (strcmp(id, "storage") == 0)
        return string_of(storage, "country")[0] || string_of(storage, "location")[0];
    return strcmp(id, "also") != 0 || writing->site->n_also;
}

static void put_heading(const struct writing *writing, const char *id)
{
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (strcmp(sections[i].id, id) == 0)
            html_put(writing->html, "<h2 id=\"%s\">%s</h2>\n", id, word(writing, sections[i].key));
}

static void put_contents(const struct writing *writing)
{
    html_put(writing->html, "<nav class=\"contents\" aria-labelledby=\"title\">\n<ul>\n");
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (has_section(writing, sections[i].id))
            html_put(writing->html, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id,
                     word(writing, sections[i].key));
    html_put(writing->html, "</ul>\n</nav>\n");
}

static void put_head(const struct writing *writing)
{
    const struct site *site = writing->site;

    html_put(writing->html,
             "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s · %s</title>\n"
             "<link rel=\"stylesheet\" href=\"privacy.css\">\n</head>\n<body>\n<main class=\"policy\">\n",
             writing->lang, texts_dir(writing->lang), word(writing, "policy.title"), site->title);
    if (site->n_origins)
        html_put(writing->html, "<p class=\"site\"><a href=\"%s/\"><bdi>%s</bdi></a></p>\n", site->origins[0],
                 site->title);
    else
        html_put(writing->html, "<p class=\"site\"><bdi>%s</bdi></p>\n", site->title);
    html_put(writing->html, "<h1 id=\"title\">%s</h1>\n<p class=\"lead\">%s</p>\n", word(writing, "policy.title"),
             word(writing, "policy.intro"));
}

/* ---- what will change ---- */

static void put_next(const struct writing *writing)
{
    json_t *next = json_object_get(writing->notice, "next");

    if (!next)
        return;
    html_put(writing->html, "<section class=\"next\" id=\"next\">\n<p>%s</p>\n", string_of(next, "text"));
    policy_versions_put_changes(writing->html, writing->page, json_object_get(next, "changes"));
    html_put(writing->html, "</section>\n");
}

/* ---- purposes ---- */

static void put_list(const struct writing *writing, const char *key)
{
    html_put(writing->html, "<h4>%s</h4>\n<ul>\n", word(writing, key));
}

static void put_collects(const struct writing *writing, json_t *classes)
{
    json_t *class;
    size_t i;

    if (json_array_size(classes) == 0)
        return;
    put_list(writing, "collects");
    json_array_foreach(classes, i, class)
    {
        const char *name = json_string_value(class);
        char key[32];

        snprintf(key, sizeof key, "class.%s", name ? name : "");
        html_put(writing->html, "<li>%s</li>\n", word(writing, key));
        if (name && strcmp(name, words_class(CLASS_LOG)) == 0 && writing->site->address != ADDRESS_NONE) {
            snprintf(key, sizeof key, "address.%.16s", string_of(writing->notice, "address"));
            html_put(writing->html, "<li>%s</li>\n", word(writing, key));
        }
    }
    html_put(writing->html, "</ul>\n");
}

static void put_recipients(const struct writing *writing, json_t *recipients)
{
    json_t *recipient;
    size_t i;

    if (json_array_size(recipients) == 0) {
        html_put(writing->html, "<p>%s</p>\n", word(writing, "recipients.none"));
        return;
    }
    put_list(writing, "recipients");
    json_array_foreach(recipients, i, recipient)
    {
        const char *country = string_of(recipient, "country"), *why = string_of(recipient, "why");

        html_put(writing->html, "<li><bdi>%s", string_of(recipient, "name"));
        if (country[0])
            html_put(writing->html, " (%s)", texts_country(writing->lang, country));
        if (why[0])
            html_put(writing->html, ": %s", why);
        html_put(writing->html, "</bdi></li>\n");
    }
    html_put(writing->html, "</ul>\n");
}

/* Where another regime than consent applies: "United States, everywhere else". */
static void put_places(const struct writing *writing, enum regime regime, const char *key)
{
    const struct site *site = writing->site;
    BUFFER_AUTO places = BUFFER_INIT(CHANGES_BYTES_MAX);

    for (unsigned i = 0; i < site->n_regimes; i++) {
        const struct country_regime *place = &site->regimes[i];

        if (place->regime != regime)
            continue;
        buffer_printf(&places, "%s%s", places.size ? texts_separator(writing->lang) : "",
                      texts_country(writing->lang, place->country));
        if (place->region[0])
            buffer_printf(&places, " (%s)", place->region);
    }
    if (site->regime == regime)
        buffer_printf(&places, "%s%s", places.size ? texts_separator(writing->lang) : "",
                      word(writing, "policy.elsewhere"));
    if (places.fault)
        writing->html->fault = places.fault;
    if (places.size == 0)
        return;
    html_put(writing->html, "<p>");
    put_filled(writing, key, "{places}", buffer_text(&places));
    html_put(writing->html, "</p>\n");
}

static bool asks_somewhere(const struct site *site)
{
    for (unsigned i = 0; i < site->n_regimes; i++)
        if (site->regimes[i].regime == REGIME_OPT_IN)
            return true;
    return site->regime == REGIME_OPT_IN;
}

static void put_purposes(const struct writing *writing)
{
    json_t *purpose;
    size_t i;

    put_heading(writing, "purposes");
    if (asks_somewhere(writing->site))
        html_put(writing->html, "<p>%s</p>\n", word(writing, "policy.consent"));
    put_places(writing, REGIME_OPT_OUT, "policy.opt_out");
    put_places(writing, REGIME_NOTICE_ONLY, "policy.notice_only");
    json_array_foreach(json_object_get(writing->notice, "purposes"), i, purpose)
    {
        html_put(writing->html, "<section>\n<h3><bdi>%s</bdi></h3>\n<p dir=\"auto\">%s</p>\n",
                 string_of(purpose, "title"), string_of(purpose, "description"));
        put_collects(writing, json_object_get(purpose, "collects"));
        put_recipients(writing, json_object_get(purpose, "recipients"));
        html_put(writing->html, "</section>\n");
    }
    html_put(writing->html, "<p>%s</p>\n", word(writing, "policy.transfer"));
}

/* ---- where, and how long ---- */

static void put_period(const struct writing *writing, const char *name)
{
    BUFFER_AUTO line = BUFFER_INIT(2 * CONFIG_TEXT_BYTES_MAX);

    texts_put_period(&line, word(writing, "days"), string_of(json_object_get(writing->notice, "retention"), name));
    buffer_put_u8(&line, '\0');
    html_put(writing->html, "%s", line.fault ? "" : (const char *)line.data);
}

static bool keeps_withdrawn(const struct writing *writing)
{
    return strcmp(string_of(writing->notice, "on_withdraw"), "keep") == 0;
}

static void put_browser(const struct writing *writing)
{
    const struct {
        const char *cookie, *key, *period;
    } rows[] = {{"crumb_choice", "policy.cookie_choice", "choice"},
                {"crumb_id", keeps_withdrawn(writing) ? "policy.cookie_rights" : "policy.cookie_id", "visitor"}};

    put_heading(writing, "browser");
    html_put(writing->html, "<dl>\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        html_put(writing->html, "<div><dt><code dir=\"ltr\">%s</code><br>%s</dt><dd>", rows[i].cookie,
                 word(writing, rows[i].key));
        put_period(writing, rows[i].period);
        html_put(writing->html, "</dd></div>\n");
    }
    html_put(writing->html, "</dl>\n");
}

static void put_storage(const struct writing *writing)
{
    json_t *storage = json_object_get(writing->notice, "storage");
    const char *country = string_of(storage, "country"), *location = string_of(storage, "location");

    if (!has_section(writing, "storage"))
        return;
    put_heading(writing, "storage");
    html_put(writing->html, "<p><bdi>%s</bdi>%s<bdi>%s</bdi></p>\n<p>%s</p>\n", location,
             country[0] && location[0] ? texts_separator(writing->lang) : "",
             country[0] ? texts_country(writing->lang, country) : "", word(writing, "policy.encrypted"));
}

static void put_retention(const struct writing *writing)
{
    put_heading(writing, "retention");
    html_put(writing->html, "<dl>\n");
    for (unsigned i = 0; i < TEXTS_PERIODS; i++) {
        char key[32];

        snprintf(key, sizeof key, "retention.%s", texts_period(i));
        html_put(writing->html, "<div><dt>%s</dt><dd>", word(writing, key));
        put_period(writing, texts_period(i));
        html_put(writing->html, "</dd></div>\n");
    }
    html_put(writing->html, "</dl>\n<p>%s</p>\n<p>%s</p>\n", word(writing, "policy.totals"),
             word(writing, keeps_withdrawn(writing) ? "policy.keep" : "policy.erase"));
}

/* ---- rights ---- */

/* Something to press where a contact is an address of mail or of a page. */
static void put_contact(const struct writing *writing, const char *label)
{
    const char *contact = string_of(json_object_get(writing->notice, "controller"), "contact");
    const char *shown = label ? label : contact;

    if (strncmp(contact, "https://", 8) == 0 || strncmp(contact, "http://", 7) == 0)
        html_put(writing->html, "<a href=\"%s\">%s</a>", contact, shown);
    else if (strchr(contact, '@') && !strpbrk(contact, "/ ?&"))
        html_put(writing->html, "<a href=\"mailto:%s\">%s</a>", contact, shown);
    else if (label)
        html_put(writing->html, "%s: <bdi>%s</bdi>", label, contact);
    else
        html_put(writing->html, "<bdi>%s</bdi>", contact);
}

/*
 * Each right has its place on the privacy page.  Where the service has no such address yet, whoever is responsible is
 * asked: nothing is promised that there is not.
 */
static void put_right(const struct writing *writing, const char *key, const char *method, const char *path,
                      const char *place)
{
    const char *site = writing->site->name;

    html_put(writing->html, "<li>");
    if (!writing->page->has_address(text_of(method), text_of(path)))
        put_contact(writing, word(writing, key));
    else
        html_put(writing->html, "<a href=\"privacy?site=%s&amp;lang=%s#%s\">%s</a>", site, writing->lang, place,
                 word(writing, key));
    html_put(writing->html, "</li>\n");
}

static void put_rights(const struct writing *writing)
{
    /* GDPR art. 7(3), 15, 20, 16, 17, 18; anything else, and complaints; PIPL art. 44 to 47, 50. */
    static const struct {
        const char *key, *method, *path, *place;
    } rights[] = {{"settings_title", "GET", "/privacy", "choice"},
                  {"withdraw", "POST", "/privacy", "choice"},
                  {"policy.access", "GET", "/v1/me", "stored"},
                  {"policy.copy", "GET", "/v1/me/export", "stored"},
                  {"policy.correct", "PATCH", "/v1/me", "correct"},
                  {"policy.delete", "DELETE", "/v1/me", "delete"},
                  {"policy.restrict", "POST", "/v1/me/restriction", "restrict"},
                  {"policy.ask", "POST", "/v1/me/requests", "ask"}};

    put_heading(writing, "rights");
    html_put(writing->html, "<p>%s</p>\n<ul class=\"rights\">\n", word(writing, "policy.how"));
    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++)
        put_right(writing, rights[i].key, rights[i].method, rights[i].path, rights[i].place);
    html_put(writing->html, "</ul>\n<p>%s</p>\n", word(writing, "policy.authority"));
    put_heading(writing, "minors");
    html_put(writing->html, "<p>%s</p>\n", word(writing, "minor"));
    put_heading(writing, "automated");
    html_put(writing->html, "<p>%s</p>\n", word(writing, "policy.automated_none"));
}

/* ---- the site itself ---- */

/* Those in the reader's language, or where there is none those of the first; and those of none in particular. */
static const char *language_of_also(const struct writing *writing)
{
    const char *first = "";

    for (unsigned i = 0; i < writing->site->n_also; i++) {
        const char *lang = writing->site->also[i].lang;

        if (strcmp(lang, writing->lang) == 0)
            return lang;
        if (!first[0])
            first = lang;
    }
    return first;
}

static void put_row(const struct writing *writing, const char *key, const char *value)
{
    if (value[0])
        html_put(writing->html, "<div><dt>%s</dt><dd><bdi>%s</bdi></dd></div>\n", word(writing, key), value);
}

static void put_also(const struct writing *writing)
{
    const char *lang = language_of_also(writing);

    if (!has_section(writing, "also"))
        return;
    put_heading(writing, "also");
    for (unsigned i = 0; i < writing->site->n_also; i++) {
        const struct also *also = &writing->site->also[i];

        if (also->lang[0] && strcmp(also->lang, lang) != 0)
            continue;
        html_put(writing->html, "<section>\n<h3><bdi>%s</bdi></h3>\n<dl>\n", also->what);
        put_row(writing, "policy.why", also->why);
        put_row(writing, "storage", also->where);
        put_row(writing, "retention", also->kept);
        html_put(writing->html, "</dl>\n</section>\n");
    }
}

static void put_controller(const struct writing *writing)
{
    json_t *controller = json_object_get(writing->notice, "controller");

    put_heading(writing, "controller");
    html_put(writing->html, "<p><bdi>%s</bdi><br>", string_of(controller, "name"));
    if (string_of(controller, "address")[0])
        html_put(writing->html, "<bdi>%s</bdi><br>", string_of(controller, "address"));
    put_contact(writing, NULL);
    html_put(writing->html, "</p>\n");
}

/* ---- foot ---- */

static const char *name_of_language(const struct site *site, const char *lang)
{
    const char *name = texts_get(site, lang, "language");

    return strcmp(name, texts_get(site, "en", "language")) == 0 && strncmp(lang, "en", 2) != 0 ? lang : name;
}

static void put_foot(const struct writing *writing)
{
    const struct site_notices *notices = edition_notices(writing->page->edition, writing->site);

    html_put(writing->html, "<nav class=\"small\">\n<ul>\n");
    for (unsigned i = 0; i < notices->n_notices; i++) {
        const char *lang = notices->notices[i].lang;

        html_put(
            writing->html, "<li><a href=\"policy?site=%s&amp;lang=%s\" hreflang=\"%s\" lang=\"%s\"%s>%s</a></li>\n",
            writing->site->name, lang, lang, lang, strcmp(lang, writing->lang) == 0 ? " aria-current=\"page\"" : "",
            name_of_language(writing->site, lang));
    }
    html_put(writing->html, "</ul>\n</nav>\n</main>\n</body>\n</html>\n");
}

int policy_page_put(struct buffer *html, const struct policy_page *page)
{
    JSON_AUTO *notice = notice_object(page->site, page->notice);
    struct writing writing = {
        .page = page, .site = page->site, .lang = page->notice->lang, .notice = notice, .html = html};

    if (!notice)
        return error_origin(-ENOMEM);
    put_head(&writing);
    int r = policy_versions_put_since(html, page);
    if (r)
        return error_trace(r);
    put_next(&writing);
    put_contents(&writing);
    put_purposes(&writing);
    put_browser(&writing);
    put_storage(&writing);
    put_retention(&writing);
    put_rights(&writing);
    put_also(&writing);
    put_controller(&writing);
    put_heading(&writing, "changes");
    r = policy_versions_put(html, page);
    if (r)
        return error_trace(r);
    put_foot(&writing);
    return html->fault ? error_origin(html->fault) : 0;
}
