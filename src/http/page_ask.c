/*
 * Ask, complain, and follow it: by the cookie, or by number and key.
 */
#include "crumb/base/json.h"
#include "crumb/consent/texts.h"
#include "html.h"
#include "page.h"

static const struct {
    const char *name, *key;
} kinds[] = {{"complaint", "page.complaint"}, {"objection", "page.objection"},  {"access", "policy.access"},
             {"copy", "policy.copy"},         {"correction", "policy.correct"}, {"restriction", "policy.restrict"},
             {"erasure", "policy.delete"},    {"other", "page.other"}};

#define N_KINDS (sizeof kinds / sizeof kinds[0])

static const char *kind_word(const struct opened *opened, const char *name)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return page_word(opened, kinds[i].key);
    return "";
}

static const char *state_word(const struct opened *opened, const char *state)
{
    char key[32];

    snprintf(key, sizeof key, "page.%.20s", strcmp(state, "refused") == 0 ? "declined" : state);
    return page_word(opened, key);
}

/* ---- one request ---- */

static void put_step(const struct opened *opened, json_t *step)
{
    const char *answer = page_string(step, "answer");

    html_put(opened->html, "<li>");
    page_put_time(opened, page_string(step, "time"));
    html_put(opened->html, " <b>%s</b>", state_word(opened, page_string(step, "state")));
    if (answer[0])
        html_put(opened->html, "<blockquote dir=\"auto\">%s</blockquote>", answer);
    html_put(opened->html, "</li>\n");
}

/* What may still be taken back has a form for it; who follows by a key goes on with it. */
static void put_take_back(const struct opened *opened, json_t *request, const char *number)
{
    const char *state = page_string(request, "state");

    if (strcmp(state, "open") != 0 && strcmp(state, "in_progress") != 0)
        return;
    page_put_form(opened, "take_back");
    html_put(opened->html,
             "<input type=\"hidden\" name=\"number\" value=\"%s\">\n<input type=\"hidden\" name=\"key\" value=\"%s\">\n"
             "<button class=\"quiet\">%s</button>\n</form>\n",
             number, request == opened->page->file->request ? opened->page->key : "",
             page_word(opened, "page.take_back"));
}

static void put_request(const struct opened *opened, json_t *request)
{
    json_t *step;
    char number[24];
    size_t i;

    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(request, "number")));
    html_put(opened->html,
             "<details class=\"request\" id=\"request-%s\"%s>\n<summary>%s %s · %s · <b>%s</b></summary>\n", number,
             request == opened->page->file->request ? " open" : "", page_word(opened, "page.number"), number,
             kind_word(opened, page_string(request, "kind")), state_word(opened, page_string(request, "state")));
    html_put(opened->html, "<p>%s: <time dir=\"ltr\">%s</time></p>\n<blockquote dir=\"auto\">%s</blockquote>\n",
             page_word(opened, "page.due"), page_string(request, "due"), page_string(request, "text"));
    if (page_string(request, "contact")[0])
        html_put(opened->html, "<p class=\"small\"><bdi>%s</bdi></p>\n", page_string(request, "contact"));
    html_put(opened->html, "<ol class=\"times\">\n");
    json_array_foreach(json_object_get(request, "history"), i, step) put_step(opened, step);
    html_put(opened->html, "</ol>\n");
    put_take_back(opened, request, number);
    html_put(opened->html, "</details>\n");
}

static bool is_followed(const struct opened *opened, json_t *request)
{
    json_t *followed = opened->page->file->request;

    return followed && json_equal(json_object_get(followed, "number"), json_object_get(request, "number"));
}

/* Whether the one that is followed is among the visitor's own. */
static bool is_followed_own(const struct opened *opened)
{
    json_t *request;
    size_t i;

    json_array_foreach(json_object_get(opened->page->file->kept, "requests"), i, request)
    {
        if (is_followed(opened, request))
            return true;
    }
    return false;
}

/* Those of the cookie, but for the one that stands above. */
static void put_requests(const struct opened *opened)
{
    const struct file *file = opened->page->file;
    json_t *own = json_object_get(file->kept, "requests"), *request;
    size_t i;

    if (json_array_size(own) == (is_followed_own(opened) ? 1 : 0))
        return;
    html_put(opened->html, "<h3 id=\"requests\">%s</h3>\n", page_word(opened, "page.requests"));
    json_array_foreach(own, i, request)
    {
        if (!is_followed(opened, request))
            put_request(opened, request);
    }
}

/* ---- forms ---- */

static void put_form(const struct opened *opened)
{
    const struct page *page = opened->page;

    page_put_form(opened, "ask");
    html_put(opened->html, "<p class=\"field\"><label for=\"kind\">%s</label>\n<select id=\"kind\" name=\"kind\">\n",
             page_word(opened, "page.subject"));
    for (size_t i = 0; i < N_KINDS; i++)
        html_put(opened->html, "<option value=\"%s\"%s>%s</option>\n", kinds[i].name,
                 strcmp(kinds[i].name, page->kind) == 0 ? " selected" : "", page_word(opened, kinds[i].key));
    html_put(
        opened->html,
        "</select></p>\n<p class=\"field\"><label for=\"text\">%s</label>\n"
        "<textarea id=\"text\" name=\"text\" rows=\"5\" maxlength=\"4000\" dir=\"auto\" required>%s</textarea></p>\n"
        "<p class=\"field\"><label for=\"contact\">%s</label>\n"
        "<input id=\"contact\" name=\"contact\" maxlength=\"200\" dir=\"auto\" autocomplete=\"email\" "
        "value=\"%s\"></p>\n"
        "<button>%s</button>\n</form>\n",
        page_word(opened, "page.message"), page->text, page_word(opened, "page.contact"), page->contact,
        page_word(opened, "page.send"));
}

static void put_follow(const struct opened *opened)
{
    html_put(
        opened->html,
        "<details id=\"follow\">\n<summary>%s</summary>\n<form method=\"get\" action=\"privacy\">\n"
        "<input type=\"hidden\" name=\"site\" value=\"%s\">\n<input type=\"hidden\" name=\"lang\" value=\"%s\">\n"
        "<p class=\"field\"><label for=\"number\">%s</label>\n"
        "<input id=\"number\" name=\"number\" inputmode=\"numeric\" pattern=\"[0-9]{1,9}\" dir=\"ltr\" required></p>\n"
        "<p class=\"field\"><label for=\"key\">%s</label>\n"
        "<input id=\"key\" name=\"key\" pattern=\"[0-9a-f]{32}\" dir=\"ltr\" autocomplete=\"off\" required></p>\n"
        "<button>%s</button>\n</form>\n</details>\n",
        page_word(opened, "page.follow"), opened->site->name, opened->lang, page_word(opened, "page.number"),
        page_word(opened, "page.key"), page_word(opened, "page.show"));
}

void page_put_followed(const struct opened *opened)
{
    if (!opened->page->file->request)
        return;
    page_put_section(opened, "followed", "page.requests");
    put_request(opened, opened->page->file->request);
    html_put(opened->html, "</section>\n");
}

void page_put_ask(const struct opened *opened)
{
    page_put_section(opened, "ask", "policy.ask");
    put_requests(opened);
    html_put(opened->html, "<p>%s</p>\n", page_word(opened, "page.ask_about"));
    put_form(opened);
    put_follow(opened);
    html_put(opened->html, "<p class=\"small\">%s</p>\n</section>\n", page_word(opened, "policy.authority"));
}
