/*
 * Kinds of device: what browsers say of themselves, and what is made of it.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/device.h"
#include <stdlib.h>

#define WEBKIT " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0"

static const struct {
    const char *name, *mobile, *agent;
    enum device device;
} rows[] = {
    {"Chrome, Windows", "?0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" WEBKIT " Safari/537.36", DEVICE_DESKTOP},
    {"Firefox, Linux", "", "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0", DEVICE_DESKTOP},
    {"Safari, macOS", "", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.2 Safari/605.1", DEVICE_DESKTOP},
    {"Chrome OS", "?0", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" WEBKIT " Safari/537.36", DEVICE_DESKTOP},
    {"Chrome, Android phone", "?1", "Mozilla/5.0 (Linux; Android 10; K)" WEBKIT " Mobile Safari/537.36", DEVICE_PHONE},
    {"the same without the hint", "", "Mozilla/5.0 (Linux; Android 10; K)" WEBKIT " Mobile Safari/537.36",
     DEVICE_PHONE},
    {"Chrome, Android tablet", "?0", "Mozilla/5.0 (Linux; Android 10; K)" WEBKIT " Safari/537.36", DEVICE_TABLET},
    {"Firefox, Android phone", "", "Mozilla/5.0 (Android 14; Mobile; rv:121.0) Gecko/121.0 Firefox/121.0",
     DEVICE_PHONE},
    {"Firefox, Android tablet", "", "Mozilla/5.0 (Android 14; Tablet; rv:121.0) Gecko/121.0 Firefox/121.0",
     DEVICE_TABLET},
    {"iPhone", "", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) Version/17.2 Mobile/15E148 Safari/604.1",
     DEVICE_PHONE},
    {"iPad", "", "Mozilla/5.0 (iPad; CPU OS 17_2 like Mac OS X) Version/17.2 Mobile/15E148 Safari/604.1",
     DEVICE_TABLET},
    {"Windows tablet of old", "", "Mozilla/5.0 (Windows NT 6.3; Trident/7.0; Touch; Tablet PC 2.0; rv:11.0)",
     DEVICE_TABLET},
    {"Windows Phone", "", "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Lumia) Mobile Safari/537.36", DEVICE_PHONE},
    {"Opera Mini", "", "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; Mobi) Presto/2.8", DEVICE_PHONE},
    {"a television", "", "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) Version/6.0 TV Safari/538.1", DEVICE_TV},
    {"an Android television", "?0", "Mozilla/5.0 (Linux; Android 11; Android TV) Safari/537.36", DEVICE_TV},
    {"LG's", "?0", "Mozilla/5.0 (Web0S; Linux/SmartTV)" WEBKIT " Safari/537.36 WebAppManager", DEVICE_TV},
    {"Sony's", "?0", "Mozilla/5.0 (Linux; Android 10; BRAVIA 4K VH2)" WEBKIT " Safari/537.36", DEVICE_TV},
    {"Chromecast", "?0", "Mozilla/5.0 (X11; Linux aarch64)" WEBKIT " Safari/537.36 CrKey/1.56.500000", DEVICE_TV},
    {"Fire TV", "?0", "Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7646)" WEBKIT " Mobile Safari/537.36", DEVICE_TV},
    {"HbbTV", "", "Opera/9.80 (Linux armv7l; HbbTV/1.1.1 (; Sony; KDL32W650A;); ) Presto/2.12.362", DEVICE_TV},
    {"a television that calls itself mobile", "?1", "Mozilla/5.0 (Linux; Android 11; Android TV)", DEVICE_TV},
    {"PlayStation", "", "Mozilla/5.0 (PlayStation; PlayStation 5/8.20) AppleWebKit/605.1.15", DEVICE_CONSOLE},
    {"Xbox", "", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One)" WEBKIT " Edg/120.0", DEVICE_CONSOLE},
    {"Switch", "", "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4", DEVICE_CONSOLE},
    {"Samsung's watch", "?1", "Mozilla/5.0 (Linux; Android 13; SM-R890)" WEBKIT " Mobile Safari/537.36", DEVICE_WATCH},
    {"Samsung's of old", "", "Mozilla/5.0 (Linux; Tizen 2.3; SAMSUNG SM-R600) Version/2.3 Mobile", DEVICE_WATCH},
    {"Apple's", "", "atc/1.0 watchOS/9.0 model/Watch6,1", DEVICE_WATCH},
    {"what is worn before the eyes", "?1", "Mozilla/5.0 (X11; Linux x86_64; Quest 3) OculusBrowser/30.0 Mobile VR",
     DEVICE_UNKNOWN},
    {"an Android that only the hint calls mobile", "?1", "Mozilla/5.0 (Linux; Android 10; K)" WEBKIT, DEVICE_PHONE},
    {"a tablet that the hint calls mobile", "?1", "Mozilla/5.0 (Android 14; Tablet; rv:121.0) Gecko/121.0",
     DEVICE_TABLET},
    {"curl", "", "curl/7.88.1", DEVICE_UNKNOWN},
    {"nothing", "", "", DEVICE_UNKNOWN},
    {"the hint alone", "?1", "", DEVICE_PHONE},
    {"the hint that says no, alone", "?0", "", DEVICE_UNKNOWN},
    {"a hint that is none", "1", "", DEVICE_UNKNOWN},
    {"a hint that goes on", "?1;a", "", DEVICE_UNKNOWN},
    {"words in small letters are others", "", "iphone android mobile", DEVICE_UNKNOWN},
};

static void test_table(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_text(rows[i].name, text_of(words_device(device_of(text_of(rows[i].mobile), text_of(rows[i].agent)))),
                   words_device(rows[i].device));
}

/* A word past the bound is not looked at; one before it is, and nothing is read behind the text. */
static void test_bounds(void **state)
{
    size_t size = AGENT_BYTES_MAX + sizeof "iPad";
    char *agent = malloc(size);

    assert_non_null(agent);
    memset(agent, 'x', size);
    memcpy(agent + AGENT_BYTES_MAX - 3, "iPad", 4);
    assert_int_equal(device_of(TEXT_NONE, (struct text){.data = agent, .size = size}), DEVICE_UNKNOWN);
    memcpy(agent + AGENT_BYTES_MAX - 4, "iPad", 4);
    assert_int_equal(device_of(TEXT_NONE, (struct text){.data = agent, .size = size}), DEVICE_TABLET);
    memcpy(agent, "iPad", 4);
    assert_int_equal(device_of(TEXT_NONE, (struct text){.data = agent, .size = 3}), DEVICE_UNKNOWN);
    free(agent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_bounds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
