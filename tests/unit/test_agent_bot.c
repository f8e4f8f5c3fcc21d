/*
 * Programs that say what they are, and browsers that do not look like one.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/agent_bot.h"

#define CHROME "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0"

static const struct {
    const char *agent;
    enum bot bot;
} rows[] = {
    {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", BOT_AGENT},
    {"Mozilla/5.0 (compatible; bingbot/2.0)", BOT_AGENT},
    {"Mozilla/5.0 (compatible; YandexImages/3.0)", BOT_AGENT},
    {"Mozilla/5.0 (compatible; Somebody/1)", BOT_AGENT},
    {"Mozilla/5.0 (compatible;Baiduspider-render/2.0)", BOT_AGENT},
    {"AdsBot-Google (+http://www.google.com/adsbot.html)", BOT_AGENT},
    {"facebookexternalhit/1.1", BOT_AGENT},
    {"Mozilla/5.0 " CHROME " Safari/537.36 (compatible; GPTBot/1.2)", BOT_AGENT},
    {"Mozilla/5.0 (X11; Linux x86_64) " CHROME " Safari/537.36 Chrome-Lighthouse", BOT_AGENT},
    {"Mozilla/5.0 (X11; Linux x86_64) " CHROME " Safari/537.36 Bot2", BOT_AGENT},
    {"Mozilla/5.0 (Windows NT 10.0) " CHROME " Safari/537.36 (see https://crawl.example)", BOT_AGENT},
    {"Mozilla/5.0 (Windows NT 10.0) " CHROME " Safari/537.36 (www.crawl.example)", BOT_AGENT},
    {"Mozilla/5.0 (Windows NT 10.0) " CHROME " Safari/537.36 (me@crawl.example)", BOT_AGENT},
    {"python-requests/2.31.0", BOT_AGENT},
    {"Python-urllib/3.11", BOT_AGENT},
    {"curl/8.5.0", BOT_AGENT},
    {"Wget/1.21.4 (linux-gnu)", BOT_AGENT},
    {"Go-http-client/2.0", BOT_AGENT},
    {"Java/17.0.8", BOT_AGENT},
    {"okhttp/4.12.0", BOT_AGENT},
    {"axios/1.6.7", BOT_AGENT},
    {"node", BOT_AGENT},
    {"WhatsApp/2.23.20.0 A", BOT_AGENT},
    {"Panopta v1.1", BOT_AGENT},
    {"Mozilla/5.0", BOT_AGENT},
    {"averyveryveryveryverylongnamedcrawler/1 (x)", BOT_AGENT},

    {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
     BOT_AUTOMATION},
    {"Mozilla/5.0 (Unknown; Linux) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1", BOT_AUTOMATION},
    {"Mozilla/5.0 (Windows NT 10.0) " CHROME " Safari/537.36 Puppeteer", BOT_AUTOMATION},
    {"Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/22.1.0", BOT_AUTOMATION},
    {"PLAYWRIGHT/1 Googlebot/2.1 (+http://www.google.com/bot.html)", BOT_AUTOMATION}, /* the stronger word tells */

    {"", BOT_NONE}, /* that it is missing is for the headers to tell */
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " CHROME " Safari/537.36", BOT_NONE},
    {"Mozilla/5.0 (Linux; Android 10; K) " CHROME " Mobile Safari/537.36 (Ecosia android@120.0.0)", BOT_NONE},
    {"Mozilla/5.0 (Linux; Android 13; CUBOT P60 Build/TP1A) " CHROME " Mobile Safari/537.36", BOT_NONE},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1", BOT_NONE},
    {"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0", BOT_NONE},
    {"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)", BOT_NONE},
    {"Mozilla/5.0 (compatible; Konqueror/4.5; Linux) KHTML/4.5.4 (like Gecko)", BOT_NONE},
    {"Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.8", BOT_NONE},
    {"Nokia6300/2.0 Profile/MIDP-2.0 Configuration/CLDC-1.1", BOT_NONE},
    {"Mozilla/5.0 (PlayStation; PlayStation 5/8.20) AppleWebKit/605.1.15 (KHTML, like Gecko)", BOT_NONE},
    {"Mozilla/5.0 (Linux; Android 14; Pixel 7; wv) Version/4.0 Chrome/120.0 Mobile Safari/537.36 [FB_IAB/FB4A;]",
     BOT_NONE},
    {"Lynx/2.9.0 (dev) libwww-FM/2.14", BOT_NONE},
    {"Lynx/2.8.9rel.1 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/1.1.1d", BOT_NONE},
    {"Dillo/3.0.5", BOT_NONE},
    {"Mozilla/4.0 (compatible; Dillo 3.0)", BOT_NONE},
    {"w3m/0.5.3+git20230121", BOT_NONE},
    {"ebayUserAgent/eBayIOS;6.80.0;iOS;13.1.2;Apple;iPhone12_1;Vodafone;414x896;2.0", BOT_NONE},
    {"Lynxbot/1.0", BOT_AGENT},
    {"Mozilla/5.0 (X11; U; Linux i686; th-TH@calendar=gregorian) AppleWebKit/534.12 (KHTML, like Gecko)", BOT_NONE},
    {"Mozilla/4.0 (compatible; Linux 2.6.10) NetFront/3.3 Kindle/1.0 (screen 600x800)", BOT_NONE},
    {"[FBAN/FB4A;FBAV/3.6;FBLC/de_DE;FBPN/com.facebook.katana;FBDV/LG-P920]", BOT_NONE},
    {"Mozilla/4.75 [en] (X11, U; OpenVAS)", BOT_AGENT},
};

static void test_table(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_text(rows[i].agent, text_of(words_bot(agent_bot(text_of(rows[i].agent)))), words_bot(rows[i].bot));
}

/* A word past the bound is not looked at, and the table that is searched by halves is in order: each word is found. */
static void test_bounds(void **state)
{
    static char agent[AGENT_BYTES_MAX + 16];

    memset(agent, ' ', sizeof agent);
    agent[0] = '(';
    memcpy(agent + AGENT_BYTES_MAX - 4, "curl", 4);
    assert_int_equal(agent_bot((struct text){.data = agent, .size = sizeof agent}), BOT_AGENT);
    memcpy(agent + AGENT_BYTES_MAX - 4, " curl", 5);
    assert_int_equal(agent_bot((struct text){.data = agent, .size = sizeof agent}), BOT_NONE);
}

/* Each word of the table, alone in brackets: those that a search by halves would miss are out of order. */
static void test_words(void **state)
{
    static const char *const agents[] = {"(aiohttp)", "(anthropic)", "(bot)",    "(casperjs)", "(curl)",
                                         "(daumoa)",  "(feedly)",    "(guzzle)", "(headless)", "(httpx)",
                                         "(jsdom)",   "(nutch)",     "(perl)",   "(robot)",    "(rendertron)",
                                         "(splash)",  "(yeti)",      "(wget)"};

    for (size_t i = 0; i < N_ROWS(agents); i++)
        check(agents[i], agent_bot(text_of(agents[i])) != BOT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_bounds),
                                       cmocka_unit_test(test_words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
