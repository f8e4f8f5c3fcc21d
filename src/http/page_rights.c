/*
 * Correct, lock, delete; receipts of these.  One card each, with one thing to do.
 * Deleting takes two steps, as nothing brings it back.
 */
#include "crumb/base/json.h"
#include "crumb/config/shipped.h"
#include "crumb/consent/texts.h"
#include "html.h"
#include "page.h"
#include <stdlib.h>

static void put_option(const struct opened *opened, const char *value, const char *chosen, const char *shown)
{
    html_put(opened->html, "<option value=\"%s\"%s>%s</option>\n", value, strcmp(value, chosen) == 0 ? " selected" : "",
             shown);
}

static void put_select(const struct opened *opened, const char *name, const char *key)
{
    html_put(opened->html, "<p class=\"field\"><label for=\"%s\">%s</label>\n<select id=\"%s\" name=\"%s\">\n", name,
             page_word(opened, key), name, name);
}

static void put_end_of_select(const struct opened *opened) { html_put(opened->html, "</select></p>\n"); }

/* ---- correct ---- */

struct choice_of_country {
    const char *code, *name;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct choice_of_country *)a)->name, ((const struct choice_of_country *)b)->name);
}

static void put_countries(const struct opened *opened, const char *chosen)
{
    struct choice_of_country *all;
    size_t n = 0;

    while (asset_country_codes[n])
        n++;
    all = calloc(n, sizeof *all);
    for (size_t i = 0; all && i < n; i++)
        all[i] =
            (struct choice_of_country){asset_country_codes[i], texts_country(opened->lang, asset_country_codes[i])};
    if (all)
        qsort(all, n, sizeof *all, by_name);
    put_select(opened, "country", "page.country");
    put_option(opened, "", chosen, page_word(opened, "page.detected"));
    for (size_t i = 0; all && i < n; i++)
        put_option(opened, all[i].code, chosen, all[i].name);
    put_end_of_select(opened);
    free(all);
}

/* By their own names; one that is none of these keeps its tag. */
static void put_languages(const struct opened *opened, const char *chosen)
{
    bool is_listed = chosen[0] == '\0';

    put_select(opened, "language", "page.language");
    put_option(opened, "", chosen, page_word(opened, "page.detected"));
    for (unsigned i = 0; i < shipped_n_langs(); i++) {
        is_listed |= strcmp(shipped_lang(i), chosen) == 0;
        put_option(opened, shipped_lang(i), chosen, shipped_text(shipped_lang(i), "language"));
    }
    if (!is_listed)
        put_option(opened, chosen, chosen, chosen);
    put_end_of_select(opened);
}

static void put_devices(const struct opened *opened, const char *chosen)
{
    put_select(opened, "device", "page.device");
    put_option(opened, "", chosen, page_word(opened, "page.detected"));
    for (unsigned device = DEVICE_UNKNOWN + 1; device < DEVICE_N; device++) {
        char key[32];

        snprintf(key, sizeof key, "page.%s", words_device(device));
        put_option(opened, words_device(device), chosen, page_word(opened, key));
    }
    put_end_of_select(opened);
}

static void put_correct(const struct opened *opened, json_t *kept)
{
    json_t *corrections = json_object_get(kept, "corrections");

    page_put_section(opened, "correct", "policy.correct");
    html_put(opened->html, "<p>%s</p>\n", page_word(opened, "page.correct"));
    page_put_form(opened, "correct");
    html_put(opened->html, "<div class=\"fields\">\n");
    put_countries(opened, page_string(corrections, "country"));
    put_languages(opened, page_string(corrections, "language"));
    put_devices(opened, page_string(corrections, "device"));
    html_put(opened->html, "</div>\n<button>%s</button>\n</form>\n</section>\n", page_word(opened, "page.save"));
}

/* ---- lock and delete ---- */

static void put_restrict(const struct opened *opened, json_t *kept)
{
    bool is_locked = json_is_true(json_object_get(json_object_get(kept, "visitor"), "restricted"));

    page_put_section(opened, "restrict", "policy.restrict");
    html_put(opened->html, "<p>%s</p>\n", page_word(opened, is_locked ? "page.locked" : "page.lock_about"));
    page_put_form(opened, is_locked ? "lift" : "restrict");
    html_put(opened->html, "<button>%s</button>\n</form>\n</section>\n",
             page_word(opened, is_locked ? "page.unlock" : "page.lock"));
}

static void put_delete(const struct opened *opened)
{
    page_put_section(opened, "delete", "policy.delete");
    html_put(opened->html, "<p>%s</p>\n<details class=\"sure\">\n<summary>%s</summary>\n",
             page_word(opened, "page.delete_about"), page_word(opened, "page.delete"));
    page_put_form(opened, "erase");
    html_put(opened->html, "<button class=\"grave\">%s</button>\n</form>\n</details>\n</section>\n",
             page_word(opened, "page.sure"));
}

void page_put_rights(const struct opened *opened)
{
    json_t *kept = opened->page->file->kept;

    if (!kept)
        return;
    put_correct(opened, kept);
    put_restrict(opened, kept);
    put_delete(opened);
}

/* ---- receipts ---- */

static const char *done_word(const char *right)
{
    if (strcmp(right, "restriction") == 0)
        return "page.locked_done";
    if (strcmp(right, "lifting") == 0)
        return "page.unlocked_done";
    if (strcmp(right, "correction") == 0)
        return "page.corrected_done";
    return "page.deleted_done";
}

static void put_moment(const struct opened *opened, const char *key, const char *time)
{
    html_put(opened->html, "<div><dt>%s</dt><dd>", page_word(opened, key));
    page_put_time(opened, time);
    html_put(opened->html, "</dd></div>\n");
}

static void put_number(const struct opened *opened, const char *key, const char *name)
{
    long long n = json_integer_value(json_object_get(opened->page->file->deed, name));
    char number[24];

    if (n <= 0)
        return;
    snprintf(number, sizeof number, "%lld", n);
    html_put(opened->html, "<li>");
    page_put_filled(opened, key, "{n}", number);
    html_put(opened->html, "</li>\n");
}

static void put_receipt(const struct opened *opened)
{
    json_t *deed = opened->page->file->deed;
    const char *id = page_string(deed, "id");

    html_put(
        opened->html,
        "<section class=\"receipt\" id=\"receipt\">\n<div role=\"status\" tabindex=\"-1\"><h2>%s</h2></div>\n<dl>\n",
        page_word(opened, done_word(page_string(deed, "right"))));
    put_moment(opened, "page.asked", page_string(deed, "asked"));
    put_moment(opened, "page.done", page_string(deed, "done"));
    html_put(opened->html, "<div><dt>%s</dt><dd><code dir=\"ltr\">%s</code></dd></div>\n</dl>\n<ul class=\"small\">\n",
             page_word(opened, "page.receipt"), id);
    put_number(opened, "page.events", "events");
    put_number(opened, "page.visits", "visits");
    html_put(opened->html,
             "</ul>\n<p>%s %s</p>\n<p><a class=\"button\" href=\"v1/receipt/%s\" "
             "download=\"receipt-%s.json\">%s</a></p>\n</section>\n",
             page_word(opened, "page.genuine"), page_word(opened, "page.keep"), id, id,
             page_word(opened, "page.save_receipt"));
}

void page_put_deed(const struct opened *opened)
{
    const struct page *page = opened->page;

    if (page->file->deed_state == DEED_GENUINE) {
        put_receipt(opened);
    } else if (page->file->deed_state == DEED_UNDER_WAY) {
        html_put(opened->html,
                 "<section class=\"receipt\" id=\"receipt\" data-wait>\n<p role=\"status\" tabindex=\"-1\">%s</p>\n"
                 "<p><a href=\"privacy?site=%s&amp;lang=%s&amp;deed=%s\">%s</a></p>\n</section>\n",
                 page_word(opened, "page.under_way"), opened->site->name, opened->lang, page->deed,
                 page_word(opened, "page.receipt"));
    } else if (page->file->deed_state == DEED_UNKNOWN) {
        html_put(opened->html, "<p class=\"said bad\" role=\"alert\" tabindex=\"-1\">%s</p>\n",
                 page_word(opened, "page.forged"));
    }
}

void page_put_check(const struct opened *opened)
{
    html_put(opened->html, "<section id=\"check\">\n<details>\n<summary>%s</summary>\n",
             page_word(opened, "page.check"));
    page_put_form(opened, "check");
    html_put(
        opened->html,
        "<p class=\"field\"><label for=\"pasted\">%s</label>\n"
        "<textarea id=\"pasted\" name=\"pasted\" rows=\"5\" dir=\"ltr\" spellcheck=\"false\" required></textarea></p>\n"
        "<button>%s</button>\n</form>\n</details>\n</section>\n",
        page_word(opened, "page.check_about"), page_word(opened, "page.check"));
}
