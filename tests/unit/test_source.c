/*
 * Sources: a table of page views and what is made of where they came from; the
 * tables of well-known places are in order; registrable domains.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/click_ids.h"
#include "crumb/ingest/page.h"
#include "crumb/ingest/source.h"
#include "crumb/ingest/source_sites.h"
#include "crumb/ingest/suffixes.h"
#include <ctype.h>
#include <stdio.h>

static const char *origins[] = {"https://shop.example", "https://blog.other.example:8443", "http://localhost"};

static const struct {
    const char *name, *referrer, *utm_source, *utm_medium, *utm_campaign, *click_id;
    const char *source;
    enum channel channel;
} rows[] = {
    {"nothing", "", "", "", "", "", "", CHANNEL_DIRECT},
    {"the page's own host", "https://www.shop.example/a", "", "", "", "", "", CHANNEL_INTERNAL},
    {"another host of the same domain", "https://help.shop.example", "", "", "", "", "", CHANNEL_INTERNAL},
    {"an origin of the site", "https://blog.other.example", "", "", "", "", "", CHANNEL_INTERNAL},
    {"beside an origin of the site", "https://other.example", "", "", "", "", "other.example", CHANNEL_REFERRAL},
    {"the site in words of its own", "http://localhost", "", "", "", "", "", CHANNEL_INTERNAL},
    {"another site", "https://news.example/today", "", "", "", "", "news.example", CHANNEL_REFERRAL},
    {"a host of another site", "https://de.news.example", "", "", "", "", "news.example", CHANNEL_REFERRAL},
    {"under a suffix of two words", "https://www.paper.co.uk/x", "", "", "", "", "paper.co.uk", CHANNEL_REFERRAL},
    {"who lends names", "https://alice.blogspot.com", "", "", "", "", "alice.blogspot.com", CHANNEL_REFERRAL},
    {"a public suffix that the page is below", "https://example", "", "", "", "", "example", CHANNEL_REFERRAL},
    {"a public suffix", "https://co.uk", "", "", "", "", "co.uk", CHANNEL_REFERRAL},
    {"an address", "http://192.0.2.7/x", "", "", "", "", "192.0.2.7", CHANNEL_REFERRAL},
    {"an address of six", "http://[2001:db8::1]/x", "", "", "", "", "[2001:db8::1]", CHANNEL_REFERRAL},
    {"a word", "http://intranet", "", "", "", "", "intranet", CHANNEL_REFERRAL},
    {"letters of the world", "https://www.xn--mller-kva.de", "", "", "", "", "xn--mller-kva.de", CHANNEL_REFERRAL},

    {"Google", "https://www.google.com", "", "", "", "", "Google", CHANNEL_SEARCH},
    {"Google elsewhere", "https://www.google.co.uk", "", "", "", "", "Google", CHANNEL_SEARCH},
    {"Google for phones", "https://m.google.de", "", "", "", "", "Google", CHANNEL_SEARCH},
    {"what else Google has", "https://sites.google.com/a", "", "", "", "", "google.com", CHANNEL_REFERRAL},
    {"who is called so", "https://google.blogspot.com", "", "", "", "", "google.blogspot.com", CHANNEL_REFERRAL},
    {"whose end is alike", "https://notgoogle.com", "", "", "", "", "notgoogle.com", CHANNEL_REFERRAL},
    {"whose beginning is alike", "https://bing.com.example", "", "", "", "", "com.example", CHANNEL_REFERRAL},
    {"Google's application", "android-app://com.google.android.googlequicksearchbox", "", "", "", "", "Google",
     CHANNEL_SEARCH},
    {"Bing", "https://cn.bing.com/search", "", "", "", "", "Bing", CHANNEL_SEARCH},
    {"Yahoo", "https://de.search.yahoo.com", "", "", "", "", "Yahoo!", CHANNEL_SEARCH},
    {"Yahoo, Japan", "https://search.yahoo.co.jp", "", "", "", "", "Yahoo!", CHANNEL_SEARCH},
    {"Yandex", "https://yandex.kz", "", "", "", "", "Yandex", CHANNEL_SEARCH},
    {"an assistant", "https://chatgpt.com", "", "", "", "", "ChatGPT", CHANNEL_AI},
    {"an assistant of a searcher", "https://gemini.google.com/app", "", "", "", "", "Gemini", CHANNEL_AI},
    {"an assistant that says so", "", "chatgpt.com", "", "", "", "ChatGPT", CHANNEL_AI},
    {"an assistant that says so loudly", "", "ChatGPT.COM", "", "", "", "ChatGPT", CHANNEL_AI},
    {"social", "https://l.facebook.com/l.php", "", "", "", "", "Facebook", CHANNEL_SOCIAL},
    {"a short link", "https://t.co/abc", "", "", "", "", "X", CHANNEL_SOCIAL},
    {"who ends alike", "https://not.co", "", "", "", "", "not.co", CHANNEL_REFERRAL},
    {"video", "https://m.youtube.com", "", "", "", "", "YouTube", CHANNEL_VIDEO},
    {"audio", "https://open.spotify.com", "", "", "", "", "Spotify", CHANNEL_AUDIO},
    {"a market", "https://www.amazon.co.jp", "", "", "", "", "Amazon", CHANNEL_SHOPPING},
    {"mail", "https://mail.google.com/mail", "", "", "", "", "Gmail", CHANNEL_MAIL},
    {"mail on a phone", "android-app://com.google.android.gm", "", "", "", "", "Gmail", CHANNEL_MAIL},
    {"an unknown application", "android-app://org.example.reader/https/x", "", "", "", "", "org.example.reader",
     CHANNEL_REFERRAL},

    {"a campaign", "", "spring-letter", "", "", "", "spring-letter", CHANNEL_REFERRAL},
    {"a campaign beats the page it is on", "https://www.google.com", "partner", "", "", "", "partner",
     CHANNEL_REFERRAL},
    {"a campaign inside of the site", "https://www.shop.example", "banner-top", "", "", "", "banner-top",
     CHANNEL_REFERRAL},
    {"a medium alone", "", "", "email", "", "", "", CHANNEL_MAIL},
    {"a medium and a page", "https://www.google.com", "", "organic", "", "", "Google", CHANNEL_SEARCH},
    {"a medium inside of the site", "https://www.shop.example", "", "email", "", "", "", CHANNEL_MAIL},
    {"a name alone", "https://news.example", "", "", "spring", "", "news.example", CHANNEL_REFERRAL},
    {"a name and nothing else", "", "", "", "spring", "", "", CHANNEL_REFERRAL},
    {"mail by its medium", "", "spring", "Email", "", "", "spring", CHANNEL_MAIL},
    {"mail by its source", "", "newsletter-12", "", "", "", "newsletter-12", CHANNEL_MAIL},
    {"mail of a social place", "", "linkedin", "email", "", "", "LinkedIn", CHANNEL_MAIL},
    {"a short name", "", "fb", "", "", "", "Facebook", CHANNEL_SOCIAL},
    {"a name in other letters", "", "GOOGLE", "organic", "", "", "Google", CHANNEL_SEARCH},
    {"social by its medium", "", "team", "social-media", "", "", "team", CHANNEL_SOCIAL},
    {"paid search", "https://www.google.com", "google", "cpc", "x", "", "Google", CHANNEL_PAID_SEARCH},
    {"paid search by a click id", "https://www.google.com", "", "", "", "gclid", "Google", CHANNEL_PAID_SEARCH},
    {"a click id without a page", "", "", "", "", "msclkid", "Bing", CHANNEL_PAID_SEARCH},
    {"a click id inside of the site", "https://www.shop.example", "", "", "", "gclid", "Google", CHANNEL_PAID_SEARCH},
    {"shown, by a click id", "", "", "", "", "dclid", "Google", CHANNEL_DISPLAY},
    {"paid social", "", "ig", "paid_social", "", "fbclid", "Instagram", CHANNEL_PAID_SOCIAL},
    {"social by a click id", "", "", "", "", "fbclid", "Facebook", CHANNEL_SOCIAL},
    {"a known page beats a click id", "https://l.instagram.com", "", "", "", "fbclid", "Instagram", CHANNEL_SOCIAL},
    {"paid video", "https://www.youtube.com", "", "", "", "gclid", "YouTube", CHANNEL_PAID_VIDEO},
    {"paid shopping", "", "amazon", "ppc", "", "", "Amazon", CHANNEL_PAID_SHOPPING},
    {"paid, nobody knows where", "", "someone", "cpa", "", "", "someone", CHANNEL_PAID_OTHER},
    {"paid by a place that is no page", "", "someone", "cpm", "", "", "someone", CHANNEL_DISPLAY},
    {"a banner", "https://news.example", "news", "banner", "", "", "news", CHANNEL_DISPLAY},
    {"an affiliate", "", "bob", "affiliates", "", "", "bob", CHANNEL_AFFILIATE},
    {"a podcast", "", "talk", "podcast", "", "", "talk", CHANNEL_AUDIO},
    {"a text message", "", "sms", "", "", "", "sms", CHANNEL_SMS},
    {"a push", "", "app", "web-push", "", "", "app", CHANNEL_PUSH},
    {"a medium that is none", "https://www.bing.com", "", "referral", "", "", "Bing", CHANNEL_SEARCH},
    {"a click id that nobody knows", "", "", "", "", "xyz", "", CHANNEL_DIRECT},
};

static struct event view_of(size_t i)
{
    return (struct event){.kind = EVENT_PAGEVIEW,
                          .host = TEXT("www.shop.example"),
                          .referrer = text_of(rows[i].referrer),
                          .utm_source = text_of(rows[i].utm_source),
                          .utm_medium = text_of(rows[i].utm_medium),
                          .utm_campaign = text_of(rows[i].utm_campaign),
                          .click_id = text_of(rows[i].click_id)};
}

static struct site shop(void)
{
    return (struct site){.origins = (char **)(uintptr_t)origins, .n_origins = N_ROWS(origins)};
}

static void test_table(void **state)
{
    struct suffixes *suffixes = NULL;
    struct site site = shop();

    assert_int_equal(suffixes_open(&suffixes), 0);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct event event = view_of(i);
        struct source source = source_of(suffixes, &site, &event);

        check_text(rows[i].name, text_of(words_channel(source.channel)), words_channel(rows[i].channel));
        check_text(rows[i].name, source.name, rows[i].source);
    }
    suffixes_free(suffixes);
}

/* Whatever is not a page view came from nowhere. */
static void test_other_kinds(void **state)
{
    struct site site = shop();
    struct event event = view_of(20);

    event.kind = EVENT_PING;
    assert_int_equal(source_of(NULL, &site, &event).channel, CHANNEL_NONE);
    event.kind = EVENT_STRUCT;
    assert_int_equal(source_of(NULL, &site, &event).name.size, 0);
}

/* Without a list hosts are compared whole, and nothing breaks. */
static void test_without_a_list(void **state)
{
    struct site site = shop();

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct event event = view_of(i);

        check(rows[i].name, source_of(NULL, &site, &event).channel != CHANNEL_NONE);
    }
    struct event event = {
        .kind = EVENT_PAGEVIEW, .host = TEXT("www.shop.example"), .referrer = TEXT("https://de.news.example/a")};
    assert_text(source_of(NULL, &site, &event).name, "de.news.example");
}

/* Each row from the address of a page to its owner: none is dead. */
static void test_click_ids(void **state)
{
    struct site site = shop();
    const struct click_id *row;
    size_t n = 0;

    for (; (row = click_ids_row(n)); n++) {
        char url[URL_BYTES_MAX], scratch[URL_BYTES_MAX];

        snprintf(url, sizeof url, "https://shop.example/?%s=1", row->name);
        struct event event = {.kind = EVENT_PAGEVIEW, .url = text_of(url)};
        assert_true(page_read(&event, &site, scratch));
        check_text(row->name, event.click_id, row->name);
        struct source source = source_of(NULL, &site, &event);
        check_text(row->name, source.name, row->owner);
        check(row->name, source.channel != CHANNEL_DIRECT && source.channel != CHANNEL_REFERRAL);
        check(row->name, (strncmp(words_channel(source.channel), "paid_", 5) == 0 || row->display) == row->paid);
    }
    assert_true(n > 15);
}

static void test_places(void **state)
{
    const struct source_site *row;
    size_t n = 0;

    for (; (row = source_sites_row(n)); n++) {
        struct text host = text_of(row->host);

        check(row->host, row->name[0]);
        check(row->host, row->channel != CHANNEL_NONE && row->channel < CHANNEL_N);
        for (size_t i = 0; i < host.size; i++)
            check(row->host, !isupper((unsigned char)host.data[i]));
        /* Each is found where it should be, so the tables are in order and no row hides another. */
        const struct source_site *found = source_sites_find(host, TEXT_NONE);
        check(row->host, found == row || source_sites_find(TEXT_NONE, host) == row);
        check(row->host, strcmp(source_sites_called(text_of(row->name))->name, row->name) == 0);
    }
    assert_true(n > 300);
    assert_null(source_sites_find(TEXT_NONE, TEXT_NONE));
    assert_null(source_sites_find(TEXT("."), TEXT("..")));
    assert_null(source_sites_called(TEXT_NONE));
}

static void test_suffixes(void **state)
{
    static const struct {
        const char *host, *domain, *name;
    } hosts[] = {
        {"www.shop.example", "shop.example", "www.shop"},
        {"shop.example", "shop.example", "shop"},
        {"a.b.paper.co.uk", "paper.co.uk", "a.b.paper"},
        {"co.uk", "co.uk", ""},
        {"alice.blogspot.com", "alice.blogspot.com", ""},
        {"example", "example", ""},
        {"127.0.0.1", "127.0.0.1", ""},
        {"[2001:db8::1]", "[2001:db8::1]", ""},
        {"", "", ""},
        {".", ".", ""},
        {"..", "..", ""},
        {".com", ".com", ""},
        {"shop.example.", "shop.example.", "shop"},
    };
    struct suffixes *suffixes = NULL;
    char longest[HOST_BYTES_MAX + 2];

    assert_int_equal(suffixes_open(&suffixes), 0);
    for (size_t i = 0; i < N_ROWS(hosts); i++) {
        struct text host = text_of(hosts[i].host);

        check_text(hosts[i].host, suffixes_domain(suffixes, host), hosts[i].domain);
        check_text(hosts[i].host, suffixes_name(suffixes, host), hosts[i].name);
        check_text(hosts[i].host, suffixes_domain(NULL, host), hosts[i].host);
    }
    memset(longest, 'x', sizeof longest);
    memcpy(longest + sizeof longest - 4, ".com", 4);
    longest[100] = '.';
    struct text host = {.data = longest, .size = sizeof longest};
    assert_int_equal(suffixes_domain(suffixes, text_from(host, 1)).size, host.size - 1);
    assert_int_equal(suffixes_domain(suffixes, text_from(host, 2)).size, host.size - 101);
    assert_int_equal(suffixes_domain(suffixes, (struct text){.data = "a\0b.example", .size = 11}).size, 11);
    assert_null(suffixes_free(suffixes));
    assert_null(suffixes_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),     cmocka_unit_test(test_other_kinds), cmocka_unit_test(test_without_a_list),
        cmocka_unit_test(test_click_ids), cmocka_unit_test(test_places),      cmocka_unit_test(test_suffixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
