/*
 * "What is stored about this browser": as people read it, the latest days, and
 * the way to the whole of it.  Everything here that a browser once sent is text.
 */
#include "crumb/base/json.h"
#include "crumb/consent/receipt.h"
#include "crumb/consent/texts.h"
#include "html.h"
#include "page.h"
#include <stdlib.h>

static json_t *part(json_t *object, const char *name) { return json_object_get(object, name); }

static void put_row(const struct opened *opened, const char *key, const char *value)
{
    if (value[0])
        html_put(opened->html, "<div><dt>%s</dt><dd><bdi>%s</bdi></dd></div>\n", page_word(opened, key), value);
}

/* ---- who ---- */

static const char *device_word(const struct opened *opened, const char *device)
{
    char key[32];

    snprintf(key, sizeof key, "page.%.20s", device);
    return device[0] ? page_word(opened, key) : "";
}

/* What the latest page view says of the browser, or its correction. */
static const char *fact(json_t *kept, const char *correction, const char *class, const char *name)
{
    json_t *day = json_array_get(part(kept, "days"), 0), *event;
    const char *corrected = page_string(part(kept, "corrections"), correction), *found = "";
    size_t i;

    json_array_foreach(part(day, "events"), i, event)
    {
        if (page_string(part(event, class), name)[0])
            found = page_string(part(event, class), name);
    }
    return corrected[0] ? corrected : found;
}

static void put_who(const struct opened *opened, json_t *kept)
{
    json_t *visitor = part(kept, "visitor");
    const char *country = fact(kept, "country", "log", "country");

    html_put(opened->html, "<dl>\n");
    html_put(opened->html, "<div><dt>%s</dt><dd><code dir=\"ltr\">%s</code></dd></div>\n",
             page_word(opened, "retention.visitor"), page_string(visitor, "id"));
    html_put(opened->html, "<div><dt>%s</dt><dd>", page_word(opened, "page.since"));
    page_put_time(opened, page_string(visitor, "since"));
    html_put(opened->html, "</dd></div>\n");
    if (!country[0])
        country = page_string(visitor, "country");
    put_row(opened, "page.country", country[0] ? texts_country(opened->lang, country) : "");
    put_row(opened, "page.language", fact(kept, "language", "device", "language"));
    put_row(opened, "page.device", device_word(opened, fact(kept, "device", "device", "device")));
    html_put(opened->html, "</dl>\n");
}

/* ---- choices ---- */

static void put_choices(const struct opened *opened, json_t *choices)
{
    size_t n = json_array_size(choices);

    html_put(opened->html, "<details>\n<summary>%s</summary>\n<ol class=\"times\">\n",
             page_word(opened, "page.choices"));
    for (size_t i = 0; i < n && i < PAGE_ITEMS_MAX; i++) {
        json_t *choice = json_array_get(choices, n - 1 - i);

        html_put(opened->html, "<li>");
        page_put_time(opened, page_string(choice, "time"));
        page_put_answers(opened, opened->notice, part(choice, "purposes"));
        html_put(opened->html, "</li>\n");
    }
    html_put(opened->html, "</ol>\n</details>\n");
}

/* ---- days ---- */

struct tally {
    unsigned long pages, events, visits;
};

static void put_item(const struct opened *opened, const char *time, const char *path, const char *title)
{
    html_put(opened->html, "<li>");
    if (time[0])
        html_put(opened->html, "<span class=\"clock\" dir=\"ltr\">%s</span> ", time);
    html_put(opened->html, "<bdi>%s</bdi>", path);
    if (title[0])
        html_put(opened->html, " <span class=\"small\"><bdi>%s</bdi></span>", title);
    html_put(opened->html, "</li>\n");
}

/* "12:34", of milliseconds since 1970 as text. */
static void clock_of(const char *at_ms, char ret_clock[6])
{
    char time[RECEIPT_TIME_BYTES];

    ret_clock[0] = '\0';
    if (!at_ms[0])
        return;
    receipt_time(strtoll(at_ms, NULL, 10), time);
    snprintf(ret_clock, 6, "%.5s", time + sizeof "2026-11-23T" - 1);
}

static void put_events(const struct opened *opened, json_t *events)
{
    json_t *event;
    size_t i, n = 0;

    json_array_foreach(events, i, event)
    {
        json_t *log = part(event, "log"), *click = part(event, "clickpath");
        bool is_page = strcmp(page_string(event, "event"), "pv") == 0;
        char clock[6];

        /* A ping says only that the page is still open. */
        if (strcmp(page_string(event, "event"), "pp") == 0 || n++ >= PAGE_ITEMS_MAX)
            continue;
        clock_of(page_string(log, "at_ms"), clock);
        put_item(opened, clock, page_string(log, "path"),
                 is_page ? page_string(log, "title") : page_string(click, "action"));
    }
}

static void put_visits(const struct opened *opened, json_t *visits)
{
    json_t *visit, *hit;
    size_t i, j, n = 0;

    json_array_foreach(visits, i, visit) json_array_foreach(part(visit, "hits"), j, hit)
    {
        json_t *at = part(hit, "page");

        if (n++ < PAGE_ITEMS_MAX)
            put_item(opened, "", page_string(at, "path"), page_string(at, "title"));
    }
}

/* Of a day that has its journal the events are shown, else what its segment has. */
static struct tally count(json_t *day)
{
    struct tally tally = {.visits = json_array_size(part(day, "visits"))};
    json_t *item, *hit;
    size_t i, j;

    json_array_foreach(part(day, "events"), i, item)
    {
        tally.pages += strcmp(page_string(item, "event"), "pv") == 0;
        tally.events += strcmp(page_string(item, "event"), "se") == 0;
    }
    if (json_array_size(part(day, "events")))
        return tally;
    json_array_foreach(part(day, "visits"), i, item) json_array_foreach(part(item, "hits"), j, hit)
    {
        if (part(hit, "act"))
            tally.events++;
        else
            tally.pages++;
    }
    return tally;
}

static void put_count(const struct opened *opened, const char *key, unsigned long n)
{
    char number[24];

    if (!n)
        return;
    snprintf(number, sizeof number, "%lu", n);
    html_put(opened->html, " · ");
    page_put_filled(opened, key, "{n}", number);
}

static void put_day(const struct opened *opened, json_t *day)
{
    struct tally tally = count(day);

    html_put(opened->html, "<details>\n<summary><time dir=\"ltr\">%s</time>", page_string(day, "day"));
    put_count(opened, "page.visits", tally.visits);
    put_count(opened, "page.pages", tally.pages);
    put_count(opened, "page.events", tally.events);
    html_put(opened->html, "</summary>\n<ol class=\"times\">\n");
    if (json_array_size(part(day, "events")))
        put_events(opened, part(day, "events"));
    else
        put_visits(opened, part(day, "visits"));
    html_put(opened->html, "</ol>\n</details>\n");
}

static void put_days(const struct opened *opened, json_t *kept)
{
    json_t *days = part(kept, "days"), *day;
    size_t i;

    if (json_array_size(days) == 0)
        html_put(opened->html, "<p>%s</p>\n", page_word(opened, "page.none"));
    json_array_foreach(days, i, day) put_day(opened, day);
    if (json_array_size(days))
        html_put(opened->html, "<p class=\"small\">%s</p>\n", page_word(opened, "page.latest"));
}

void page_put_stored(const struct opened *opened)
{
    json_t *kept = opened->page->file->kept;

    page_put_section(opened, "stored", "page.stored");
    if (kept) {
        put_who(opened, kept);
        put_choices(opened, part(kept, "choices"));
        put_days(opened, kept);
        html_put(opened->html,
                 "<p>%s</p>\n<p id=\"copy\"><a class=\"button\" href=\"v1/me/export?site=%s\" download>%s</a></p>\n",
                 page_word(opened, "page.copy"), opened->site->name, page_word(opened, "page.download"));
    } else {
        /* Links to these rights lead here: there is nothing to use them on, and this says so. */
        html_put(opened->html, "<p id=\"correct\"><span id=\"restrict\"></span><span id=\"delete\">%s</span></p>\n",
                 page_word(opened, opened->page->is_unreadable ? "page.unreadable" : "page.nothing"));
    }
    html_put(opened->html, "</section>\n");
}
