/*
 * Headers of browsers as they are, none of which may be taken for a program's;
 * and headers that none sends.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/bot.h"
#include <stdlib.h>

#define KIT "AppleWebKit/537.36 (KHTML, like Gecko)"
#define CHROME "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " KIT " Chrome/126.0.0.0 Safari/537.36"
#define BRANDS "\"Not/A)Brand\";v=\"8\", \"Chromium\";v=\"126\", \"Google Chrome\";v=\"126\""
#define ANDROID "Mozilla/5.0 (Linux; Android 10; K) " KIT " Chrome/126.0.0.0 Mobile Safari/537.36"
#define TABLET "Mozilla/5.0 (Linux; Android 10; K) " KIT " Chrome/126.0.0.0 Safari/537.36"
#define FIREFOX "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
#define SAFARI                                                                                                         \
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "           \
    "Safari/605.1.15"
#define IPHONE                                                                                                         \
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.0 "   \
    "Mobile/15E148 Safari/604.1"

static const struct {
    const char *name, *agent, *brands, *mobile, *platform, *accept, *language;
    bool odd;
} rows[] = {
    /* people */
    {"Chrome", CHROME, BRANDS, "?0", "\"Windows\"", "*/*", "de", false},
    {"Chrome without TLS", CHROME, "", "", "", "*/*", "de", false},
    {"Chrome, Android", ANDROID, BRANDS, "?1", "\"Android\"", "*/*", "de", false},
    {"Chrome, a tablet", TABLET, BRANDS, "?0", "\"Android\"", "*/*", "de", false},
    {"Chrome, Android, asking for desktop pages",
     "Mozilla/5.0 (X11; Linux x86_64) " KIT " Chrome/126.0.0.0 Safari/537.36", BRANDS, "?0", "\"Linux\"", "*/*", "de",
     false},
    {"Chrome, Chrome OS", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " KIT " Chrome/126.0.0.0 Safari/537.36", BRANDS,
     "?0", "\"Chrome OS\"", "*/*", "de", false},
    {"Chrome 88, which had no hints", "Mozilla/5.0 (Windows NT 10.0) " KIT " Chrome/88.0.4324.150 Safari/537.36", "",
     "", "", "*/*", "de", false},
    {"Edge", CHROME " Edg/126.0.0.0", BRANDS, "?0", "\"Windows\"", "*/*", "de", false},
    {"Brave", CHROME, "\"Chromium\";v=\"126\", \"Brave\";v=\"126\"", "?0", "\"Windows\"", "*/*", "de", false},
    {"Opera", CHROME " OPR/112.0.0.0", "\"Chromium\";v=\"126\", \"Opera\";v=\"112\"", "?0", "\"Windows\"", "*/*", "de",
     false},
    {"an application's view",
     "Mozilla/5.0 (Linux; Android 13; SM-A146B; wv) " KIT " Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36", "", "",
     "", "*/*", "de", false},
    {"DuckDuckGo, Android",
     "Mozilla/5.0 (Linux; Android 10; K) " KIT " Version/4.0 Chrome/126.0.0.0 Mobile DuckDuckGo/5 Safari/537.36", "",
     "", "", "*/*", "de", false},
    {"Samsung", "Mozilla/5.0 (Linux; Android 10; K) " KIT " SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
     "", "", "", "*/*", "de", false},
    {"an application on a desk", CHROME " Electron/31.0.0", "", "", "", "*/*", "de", false},
    {"Yandex", "Mozilla/5.0 (Windows NT 10.0) " KIT " Chrome/124.0.0.0 YaBrowser/24.6.0.0 Safari/537.36", "", "", "",
     "*/*", "ru", false},
    {"Firefox", FIREFOX, "", "", "", "*/*", "en-US", false},
    {"Safari", SAFARI, "", "", "", "*/*", "en", false},
    {"Chrome, iPhone", IPHONE, "", "", "", "*/*", "en", false},
    {"a browser that nobody knows", "Lynx/2.9.0", "", "", "", "text/html", "en", false},
    /* a page that says Permissions-Policy: ch-ua=(), or a browser made for privacy */
    {"Chrome without hints", CHROME, "", "", "", "*/*", "en", false},
    {"Chrome, Android, without hints", ANDROID, "", "", "", "*/*", "en", false},
    {"Edge without hints", CHROME " Edg/126.0.0.0", "", "", "", "*/*", "en", false},

    /* programs */
    {"no name", "", "", "", "", "*/*", "en", true},
    {"no Accept", FIREFOX, "", "", "", "", "en", true},
    {"no language", FIREFOX, "", "", "", "*/*", "", true},
    {"another version than its hints", CHROME, "\"Chromium\";v=\"110\"", "?0", "\"Windows\"", "*/*", "en", true},
    {"the same without TLS", CHROME, "\"Chromium\";v=\"110\"", "?0", "\"Windows\"", "*/*", "en", true},
    {"Firefox with hints of Chromium", FIREFOX, BRANDS, "?0", "\"Linux\"", "*/*", "en", true},
    {"Safari with hints of Chromium", SAFARI, BRANDS, "?0", "\"macOS\"", "*/*", "en", true},
    {"a desk that says it is a phone", CHROME, BRANDS, "?1", "\"Windows\"", "*/*", "en", true},
    {"a phone that says it is none", ANDROID, BRANDS, "?0", "\"Android\"", "*/*", "en", true},
    {"two systems", CHROME, BRANDS, "?0", "\"macOS\"", "*/*", "en", true},
    {"two other systems", TABLET, BRANDS, "?0", "\"Windows\"", "*/*", "en", true},
};

static struct bot_headers headers_of(size_t i)
{
    return (struct bot_headers){.known = true,
                                .hints = {.agent = text_of(rows[i].agent),
                                          .brands = text_of(rows[i].brands),
                                          .mobile = text_of(rows[i].mobile),
                                          .platform = text_of(rows[i].platform)},
                                .accept = text_of(rows[i].accept),
                                .accept_language = text_of(rows[i].language)};
}

static void test_table(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct bot_headers headers = headers_of(i);

        check_equal(rows[i].name, bot_of_headers(&headers), rows[i].odd ? BOT_HEADERS : BOT_NONE);
        headers.known = false;
        check_equal(rows[i].name, bot_of_headers(&headers), BOT_NONE);
    }
}

/* Cut off anywhere, and as long as can be: every header is looked at within its bytes. */
static void test_any_bytes(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        for (size_t size = strlen(rows[i].agent); size-- > 0;) {
            struct bot_headers headers = headers_of(i);
            char *copy = malloc(size + 1);

            assert_non_null(copy);
            memcpy(copy, rows[i].agent, size);
            headers.hints.agent = (struct text){.data = copy, .size = size};
            bot_of_headers(&headers);
            free(copy);
        }
    }
    size_t size = 4 * AGENT_BYTES_MAX;
    char *longest = malloc(size);
    struct bot_headers headers = headers_of(0);

    assert_non_null(longest);
    memset(longest, ' ', size);
    memcpy(longest + size - strlen(CHROME), CHROME, strlen(CHROME));
    headers.hints.agent = (struct text){.data = longest, .size = size};
    headers.hints.brands = TEXT_NONE;
    assert_int_equal(bot_of_headers(&headers), BOT_NONE);
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_any_bytes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
