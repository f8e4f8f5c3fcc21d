/*
 * The policy's past: since when it is in force, and what each version told
 * otherwise than the one before (consent/versions.h, consent/changes.h).
 */
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/changes.h"
#include "crumb/consent/texts.h"
#include "crumb/consent/versions.h"
#include "html.h"
#include "policy_page.h"
#include <errno.h>
#include <stdio.h>

#define DATE_BYTES 16

static const char *string_of(json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value ? value : "";
}

static const char *word(const struct policy_page *page, const char *key)
{
    return texts_get(page->site, page->notice->lang, key);
}

/* In the site's time zone. */
static void write_date(const struct site *site, int64_t at_ms, char ret_date[DATE_BYTES])
{
    struct zone_date date = zone_date_of_day(zone_day(site->zone, at_ms));

    snprintf(ret_date, DATE_BYTES, "%04u-%02u-%02u", (unsigned)date.year % 10000, date.month % 100, date.mday % 100);
}

void policy_versions_put_changes(struct buffer *html, const struct policy_page *page, json_t *changes)
{
    json_t *change;
    size_t i;

    html_put(html, "<dl class=\"changes\">\n");
    json_array_foreach(changes, i, change)
    {
        html_put(html,
                 "<div><dt><bdi>%s</bdi></dt><dd><span>%s</span> <del><bdi>%s</bdi></del></dd>"
                 "<dd><span>%s</span> <ins><bdi>%s</bdi></ins></dd></div>\n",
                 string_of(change, "what"), word(page, "policy.old"), string_of(change, "before"),
                 word(page, "policy.new"), string_of(change, "after"));
    }
    html_put(html, "</dl>\n");
}

/* The notice of a version in the page's language, opened; the caller's. */
static int open_version(const struct policy_page *page, const struct version *version, uint8_t ret_hash[HASH_BYTES],
                        json_t **ret_notice)
{
    struct text json;

    versions_notice(version, page->notice->lang, ret_hash);
    int r = notice_get(page->txn, ret_hash, &json);
    if (r)
        return r < 0 ? error_trace(r) : error_origin(-EBADMSG);
    *ret_notice = json_read_canonical(json);
    return *ret_notice ? 0 : error_origin(-ENOMEM);
}

static void put_version_head(struct buffer *html, const struct policy_page *page, int64_t from_ms,
                             const uint8_t hash[HASH_BYTES])
{
    char hex[HASH_HEX_BYTES], brief[9], date[DATE_BYTES];

    notice_hex(hash, hex);
    snprintf(brief, sizeof brief, "%.8s", hex);
    write_date(page->site, from_ms, date);
    html_put(html,
             "<li><p><time dir=\"ltr\" datetime=\"%s\">%s</time> · <a href=\"v1/notice/%s\" rel=\"nofollow\"><code "
             "dir=\"ltr\">%s"
             "</code></a></p>\n",
             date, date, hex, brief);
}

/* One version, by what differs from @earlier, which is NULL for the first. */
static int put_version(struct buffer *html, const struct policy_page *page, const struct version *version,
                       json_t *notice, const uint8_t hash[HASH_BYTES], json_t *earlier)
{
    put_version_head(html, page, version->from_ms, hash);
    if (earlier) {
        JSON_AUTO *changes = changes_of(page->site, page->notice->lang, earlier, notice);

        if (!changes)
            return error_origin(-ENOMEM);
        if (json_object_get(notice, "next"))
            html_put(html, "<p>%s</p>\n", string_of(json_object_get(notice, "next"), "text"));
        if (json_array_size(changes))
            policy_versions_put_changes(html, page, changes);
        else if (!json_object_get(notice, "next"))
            html_put(html, "<p>%s</p>\n", word(page, "policy.wording"));
    }
    html_put(html, "</li>\n");
    return html->fault ? error_origin(html->fault) : 0;
}

/* @version, opened, and those before it, as many as a page shows. */
static int put_versions(struct buffer *html, const struct policy_page *page, struct version version)
{
    JSON_AUTO *notice = NULL;
    uint8_t hash[HASH_BYTES];
    size_t begin = html->size;
    int r = open_version(page, &version, hash, &notice);

    for (unsigned n = 1; r == 0; n++) {
        JSON_AUTO *earlier = NULL;
        struct version before;
        uint8_t earlier_hash[HASH_BYTES];

        int found = versions_before(page->txn, page->site->id, version.from_ms, &before);
        if (found == 0)
            found = open_version(page, &before, earlier_hash, &earlier);
        if (found < 0)
            return error_trace(found);
        r = put_version(html, page, &version, notice, hash, earlier);
        if (r || found)
            break;
        if (n >= VERSIONS_SHOWN_MAX || html->size - begin > POLICY_BYTES_MAX / 16) {
            char from[32];

            snprintf(from, sizeof from, "%lld", (long long)version.from_ms);
            html_put(html, "<li><p><a href=\"policy?site=%s&amp;lang=%s&amp;before=%s#changes\">%s</a></p></li>\n",
                     page->site->name, page->notice->lang, from, word(page, "policy.older"));
            break;
        }
        json_t *swap = notice;
        notice = earlier;
        earlier = swap;
        version = before;
        memcpy(hash, earlier_hash, sizeof hash);
    }
    return error_trace(r);
}

int policy_versions_put(struct buffer *html, const struct policy_page *page)
{
    struct version version;

    int r = versions_before(page->txn, page->site->id, page->before_ms, &version);
    if (r)
        return r < 0 ? error_trace(r) : 0;
    html_put(html, "<ol class=\"versions\">\n");
    r = put_versions(html, page, version);
    html_put(html, "</ol>\n");
    return error_trace(r);
}

/* "In force since 2026-11-23 · 972af0c9" */
int policy_versions_put_since(struct buffer *html, const struct policy_page *page)
{
    struct version version;
    BUFFER_AUTO line = BUFFER_INIT(CHANGES_BYTES_MAX);
    char date[DATE_BYTES], brief[9];
    int r = versions_before(page->txn, page->site->id, INT64_MAX, &version);

    if (r < 0)
        return error_trace(r);
    snprintf(brief, sizeof brief, "%.8s", page->notice->hex);
    html_put(html, "<p class=\"small\">");
    if (r == 0) {
        write_date(page->site, version.from_ms, date);
        struct texts_date shown = texts_date(page->notice->lang, date);
        texts_fill(&line, word(page, "policy.since"), &(struct texts_mark){"{date}", text_of(shown.text)}, 1);
        buffer_put_u8(&line, '\0');
        if (line.fault)
            return error_origin(line.fault);
        html_put(html, "%s", (const char *)line.data);
        html_put(html, " · ");
    }
    html_put(html, "<a href=\"v1/notice/%s\" rel=\"nofollow\"><code dir=\"ltr\">%s</code></a></p>\n", page->notice->hex,
             brief);
    return 0;
}
