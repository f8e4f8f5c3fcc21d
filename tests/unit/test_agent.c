/*
 * Agents: what headers say together, and the cache.  The expressions are those
 * of Debian's package uap-core; UAP_CORE names its folder.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/agent.h"
#include "crumb/ingest/agent_hints.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Linked with --wrap: the next allocations may fail, or the one behind so many. */
static bool no_memory;
static long n_until = -1;

static bool fails_now(void) { return no_memory || (n_until >= 0 && n_until-- == 0); }

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *pointer, size_t size);
char *__real_strndup(const char *string, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
char *__wrap_strndup(const char *string, size_t n);
void *__wrap_malloc(size_t size) { return fails_now() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t n, size_t size) { return fails_now() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *pointer, size_t size) { return fails_now() ? NULL : __real_realloc(pointer, size); }
char *__wrap_strndup(const char *string, size_t n) { return fails_now() ? NULL : __real_strndup(string, n); }

static struct agents *agents;
static struct agent_cache *cache;

#define CHROME "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0"
#define WINDOWS "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " CHROME " Safari/537.36"
#define ANDROID "Mozilla/5.0 (Linux; Android 10; K) " CHROME " Mobile Safari/537.36"
#define MACOS "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " CHROME " Safari/537.36"
#define LINUX "Mozilla/5.0 (X11; Linux x86_64) " CHROME " Safari/537.36"
#define IPHONE "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
#define BRANDS(brand) "\"Not_A Brand\";v=\"8\", \"Chromium\";v=\"120\", \"" brand "\";v=\"120\""
#define FULL(brand)                                                                                                    \
    "\"Not_A Brand\";v=\"8.0.0.0\", \"Chromium\";v=\"120.0.6099.216\", \"" brand "\";v=\"120.0.6099.217\""

static const struct {
    const char *name, *agent, *brands, *full, *mobile, *platform, *platform_version, *model;
    enum device device;
    enum bot bot;
    const char *said; /* brand, model, os, its version, browser, its version */
} rows[] = {
    {"Chrome, Windows", WINDOWS, "", "", "", "", "", "", DEVICE_DESKTOP, BOT_NONE, "||Windows|10|Chrome|120.0.0"},
    {"Chrome, Android, as it is frozen", ANDROID, "", "", "", "", "", "", DEVICE_PHONE, BOT_NONE,
     "||Android||Chrome Mobile|120.0.0"},
    {"Chrome, macOS, as it is frozen", MACOS, "", "", "", "", "", "", DEVICE_DESKTOP, BOT_NONE,
     "Apple|Mac|Mac OS X||Chrome|120.0.0"},
    {"an older macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) " CHROME " Safari/537.36", "", "", "", "", "",
     "", DEVICE_DESKTOP, BOT_NONE, "Apple|Mac|Mac OS X|10.14.6|Chrome|120.0.0"},
    {"Safari, iPhone", IPHONE "Version/17.5 Mobile/15E148 Safari/604.1", "", "", "", "", "", "", DEVICE_PHONE, BOT_NONE,
     "Apple|iPhone|iOS|17.5.1|Mobile Safari|17.5"},
    {"Firefox", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0", "", "", "", "", "",
     "", DEVICE_DESKTOP, BOT_NONE, "||Ubuntu||Firefox|121.0"},
    {"in an app",
     "Mozilla/5.0 (Linux; Android 14; Pixel 7 Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like "
     "Gecko) Version/4.0 Chrome/120.0.6099.230 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/450.0.0.42.110;]",
     "", "", "", "", "", "", DEVICE_PHONE, BOT_NONE, "Google|Pixel 7|Android|14|Facebook|450.0.0"},
    {"a television",
     "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) "
     "94.0.4606.31/7.0 TV Safari/537.36",
     "", "", "", "", "", "", DEVICE_TV, BOT_NONE, "Samsung|SMART-TV|Tizen|7.0|Safari|"},
    {"Windows XP", "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)", "", "", "", "", "", "",
     DEVICE_DESKTOP, BOT_NONE, "||Windows|XP|IE|8.0"},
    /* Programs keep their name; what they pretend to run on is not a device. */
    {"Googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "", "", "", "", "", "",
     DEVICE_UNKNOWN, BOT_AGENT, "||||Googlebot|2.1"},
    {"Googlebot as a telephone",
     "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) " CHROME
     " Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
     "", "", "", "", "", "", DEVICE_PHONE, BOT_AGENT, "||Android|6.0.1|Googlebot|2.1"},
    {"driven",
     "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 "
     "Safari/537.36",
     "", "", "", "", "", "", DEVICE_DESKTOP, BOT_AUTOMATION, "||Linux||HeadlessChrome|120.0.0"},
    {"driven, by the hint alone", LINUX, "\"HeadlessChrome\";v=\"120\", \"Chromium\";v=\"120\"", "", "", "", "", "",
     DEVICE_DESKTOP, BOT_AUTOMATION, "||Linux||Chrome|120.0.0"},
    {"nothing", "", "", "", "", "", "", "", DEVICE_UNKNOWN, BOT_NONE, "|||||"},
    {"nobody", "Mozilla/5.0 (Somebody)", "", "", "", "", "", "", DEVICE_UNKNOWN, BOT_NONE, "|||||"},
    /* Hints. */
    {"Windows 11", WINDOWS, BRANDS("Google Chrome"), FULL("Google Chrome"), "?0", "\"Windows\"", "\"15.0.0\"", "",
     DEVICE_DESKTOP, BOT_NONE, "||Windows|11|Chrome|120.0.6099"},
    {"Windows 10", WINDOWS, BRANDS("Google Chrome"), "", "?0", "\"Windows\"", "\"10.0.0\"", "", DEVICE_DESKTOP,
     BOT_NONE, "||Windows|10|Chrome|120.0.0"},
    {"Windows 8.1", WINDOWS, BRANDS("Google Chrome"), "", "?0", "\"Windows\"", "\"0.3.0\"", "", DEVICE_DESKTOP,
     BOT_NONE, "||Windows|8.1|Chrome|120.0.0"},
    {"macOS", MACOS, BRANDS("Google Chrome"), "", "?0", "\"macOS\"", "\"14.5.0\"", "", DEVICE_DESKTOP, BOT_NONE,
     "Apple|Mac|Mac OS X|14.5|Chrome|120.0.0"},
    {"a model that the expressions know", ANDROID, BRANDS("Google Chrome"), "", "?1", "\"Android\"", "\"14.0.0\"",
     "\"SM-S918B\"", DEVICE_PHONE, BOT_NONE, "Samsung|SM-S918B|Android|14|Chrome Mobile|120.0.0"},
    {"one that they do not", ANDROID, BRANDS("Google Chrome"), "", "?1", "\"Android\"", "\"14.1.0\"", "\"Zork (1)\"",
     DEVICE_PHONE, BOT_NONE, "|Zork (1)|Android|14.1|Chrome Mobile|120.0.0"},
    {"the model without a version", ANDROID, BRANDS("Google Chrome"), "", "?1", "\"Android\"", "", "\"Pixel 7\"",
     DEVICE_PHONE, BOT_NONE, "Google|Pixel 7|Android||Chrome Mobile|120.0.0"},
    {"Brave hides", WINDOWS, BRANDS("Brave"), "", "?0", "\"Windows\"", "", "", DEVICE_DESKTOP, BOT_NONE,
     "||Windows|10|Brave|120"},
    {"Brave, in full", WINDOWS, BRANDS("Brave"), FULL("Brave"), "?0", "\"Windows\"", "", "", DEVICE_DESKTOP, BOT_NONE,
     "||Windows|10|Brave|120.0.6099"},
    {"Edge", WINDOWS " Edg/120.0.0.0", BRANDS("Microsoft Edge"), FULL("Microsoft Edge"), "?0", "\"Windows\"", "", "",
     DEVICE_DESKTOP, BOT_NONE, "||Windows|10|Edge|120.0.6099"},
    {"the kernel's number is not Ubuntu's", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64) " CHROME " Safari/537.36",
     BRANDS("Google Chrome"), "", "?0", "\"Linux\"", "\"6.5.0\"", "", DEVICE_DESKTOP, BOT_NONE,
     "||Ubuntu||Chrome|120.0.0"},
    /* Hints that are not believed. */
    {"another Chromium", WINDOWS, "\"Chromium\";v=\"99\", \"Brave\";v=\"99\"", "", "?0", "\"Windows\"", "\"15.0.0\"",
     "", DEVICE_DESKTOP, BOT_NONE, "||Windows|10|Chrome|120.0.0"},
    {"another platform", WINDOWS, BRANDS("Google Chrome"), "", "?0", "\"Android\"", "\"15.0.0\"", "\"Pixel 7\"",
     DEVICE_DESKTOP, BOT_NONE, "||Windows|10|Chrome|120.0.0"},
    {"a Firefox that sends them", "Mozilla/5.0 (Windows NT 10.0; rv:121.0) Gecko/20100101 Firefox/121.0",
     BRANDS("Brave"), "", "?0", "\"Windows\"", "\"15.0.0\"", "", DEVICE_DESKTOP, BOT_NONE,
     "||Windows|10|Firefox|121.0"},
    {"a version that is none", WINDOWS, BRANDS("Google Chrome"), "", "?0", "\"Windows\"", "\"15.x\"", "",
     DEVICE_DESKTOP, BOT_NONE, "||Windows|10|Chrome|120.0.0"},
    {"an escape in the model", ANDROID, BRANDS("Google Chrome"), "", "?1", "\"Android\"", "", "\"a\\\"b\"",
     DEVICE_PHONE, BOT_NONE, "||Android||Chrome Mobile|120.0.0"},
    /* Bytes that are no text are not stored. */
    {"Latin-1 in the model", "Mozilla/5.0 (Linux; Android 9; Caf\xe9 Phone Build/PPR1) " CHROME " Mobile Safari/537.36",
     "", "", "", "", "", "", DEVICE_PHONE, BOT_NONE, "||Android|9|Chrome Mobile|120.0.0"},
    {"a control character",
     "Mozilla/5.0 (Linux; Android 9; a\x01"
     "b Build/PPR1) " CHROME " Mobile Safari/537.36",
     "", "", "", "", "", "", DEVICE_PHONE, BOT_NONE, "||Android|9|Chrome Mobile|120.0.0"},
};

static void put_said(const struct agent *agent, struct buffer *said)
{
    buffer_printf(said, "%.*s|%.*s|%.*s|%.*s|%.*s|%.*s", TEXT_ARGS(agent->brand), TEXT_ARGS(agent->model),
                  TEXT_ARGS(agent->os), TEXT_ARGS(agent->os_version), TEXT_ARGS(agent->browser),
                  TEXT_ARGS(agent->browser_version));
}

static struct agent_hints hints_of(size_t i)
{
    return (struct agent_hints){.agent = text_of(rows[i].agent),
                                .brands = text_of(rows[i].brands),
                                .full_versions = text_of(rows[i].full),
                                .mobile = text_of(rows[i].mobile),
                                .platform = text_of(rows[i].platform),
                                .platform_version = text_of(rows[i].platform_version),
                                .model = text_of(rows[i].model)};
}

static void check_row(size_t i, const struct agent *agent)
{
    BUFFER_AUTO said = BUFFER_INIT(4096);

    put_said(agent, &said);
    check_text(rows[i].name, buffer_text(&said), rows[i].said);
    check_text(rows[i].name, text_of(words_device(agent->device)), words_device(rows[i].device));
    check_text(rows[i].name, text_of(words_bot(agent->bot)), words_bot(rows[i].bot));
}

/* Twice: as it is read, and as it is kept. */
static void test_table(void **state)
{
    for (unsigned n = 0; n < 2; n++) {
        for (size_t i = 0; i < N_ROWS(rows); i++) {
            struct agent_hints hints = hints_of(i);
            check_row(i, agent_get(cache, agents, &hints));
        }
    }
}

/* What is lent are the cache's own bytes: the headers may go. */
static void test_lent(void **state)
{
    char *bytes = strdup(WINDOWS);
    struct agent_hints hints = {.agent = text_of(bytes)};

    assert_non_null(bytes);
    const struct agent *agent = agent_get(cache, agents, &hints);
    free(bytes);
    assert_text(agent->browser, "Chrome");
    assert_text(agent->browser_version, "120.0.0");
}

static void test_without_expressions(void **state)
{
    struct agent_hints hints = {.agent = TEXT(ANDROID), .brands = TEXT(BRANDS("Brave"))};
    const struct agent *agent = agent_get(cache, NULL, &hints);

    assert_int_equal(agent->device, DEVICE_PHONE);
    assert_text(agent->browser, "");
    assert_text(agent->os, "");
    hints.agent = TEXT("curl/8.5.0");
    assert_int_equal(agent_get(cache, NULL, &hints)->bot, BOT_AGENT);
}

/* ---- the cache ---- */

/* Whether an agent is kept shows by the address of what is lent. */
static const struct agent *get(const char *text)
{
    struct agent_hints hints = {.agent = text_of(text)};

    return agent_get(cache, agents, &hints);
}

static void test_kept(void **state)
{
    const struct agent *first = get(WINDOWS);

    assert_ptr_not_equal(get(MACOS), first);
    assert_ptr_equal(get(WINDOWS), first);
    /* With other expressions nothing holds. */
    struct agent_hints hints = {.agent = TEXT(WINDOWS)};
    assert_text(agent_get(cache, NULL, &hints)->browser, "");
    assert_text(get(WINDOWS)->browser, "Chrome");
}

/* Bytes that move from one header to the next are another key. */
static void test_keys(void **state)
{
    struct agent_hints one = {.agent = TEXT("ab"), .brands = TEXT("c")},
                       other = {.agent = TEXT("a"), .brands = TEXT("bc")};

    assert_ptr_not_equal(agent_get(cache, agents, &one), agent_get(cache, agents, &other));
}

/* A flood of agents that are seen once does not displace those that were asked for before. */
static void test_flood(void **state)
{
    const struct agent *kept[3];
    static const char *const usual[3] = {WINDOWS, MACOS, ANDROID};
    char text[64];

    for (unsigned n = 0; n < 6; n++)
        for (unsigned i = 0; i < 3; i++)
            kept[i] = get(usual[i]);
    for (unsigned i = 0; i < 100 * AGENT_CACHE_SETS; i++) {
        snprintf(text, sizeof text, "Somebody/%u", i);
        get(text);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_ptr_equal(get(usual[i]), kept[i]);
}

static void test_bounds(void **state)
{
    static char huge[70000];
    struct agent_hints hints = {.agent = TEXT(WINDOWS)};

    memset(huge, 'a', sizeof huge);
    memcpy(huge, WINDOWS, sizeof WINDOWS - 1);
    hints.agent = (struct text){.data = huge, .size = sizeof huge};
    hints.brands = hints.full_versions = hints.mobile = hints.platform = hints.platform_version = hints.model =
        hints.agent;
    const struct agent *agent = agent_get(cache, agents, &hints);
    assert_text(agent->browser, "Chrome");
    /* What lies behind the bound makes no other agent of it. */
    huge[AGENT_BYTES_MAX + 1] = 'b';
    assert_ptr_equal(agent_get(cache, agents, &hints), agent);
    /* The largest that is looked at, which is not kept. */
    struct text hint = {.data = huge, .size = AGENT_HINT_BYTES_MAX};
    hints.brands = hints.full_versions = hints.mobile = hints.platform = hints.platform_version = hints.model = hint;
    assert_text(agent_get(cache, agents, &hints)->browser, "Chrome");
}

static void test_no_memory(void **state)
{
    no_memory = true;
    const struct agent *agent = get(WINDOWS " Edg/120.0.0.1");
    no_memory = false;
    assert_text(agent->browser, "Edge");
    assert_text(get(WINDOWS " Edg/120.0.0.1")->browser, "Edge");
}

/* ---- the file ---- */

#define FILE_GOOD                                                                                                      \
    "user_agent_parsers:\n  - regex: '(Name)/(\\d+)'\nos_parsers:\n  - regex: '(Sys)'\n"                               \
    "device_parsers:\n  - regex: 'Thing ([a-z]+)'\n    brand_replacement: 'Maker'\n"

static const struct {
    const char *name, *yaml, *complaint; /* a part of it */
} files[] = {
    {"good", FILE_GOOD, NULL},
    {"what it does not know", FILE_GOOD "more_parsers:\n  - {regex: 'x', of: {another: kind}}\n", NULL},
    {"no YAML", "user_agent_parsers: [", "is not YAML"},
    {"no mapping", "- regex: x\n", "write a mapping"},
    {"a list that is none", "user_agent_parsers: x\nos_parsers: []\n", "write a list"},
    {"no lists", "os_parsers: []\n", "there are no `user_agent_parsers`"},
    {"no expression", FILE_GOOD "  - brand_replacement: x\n", "there is no `regex`"},
    {"a list for an expression", FILE_GOOD "  - regex: [x]\n", "write one text"},
    {"a text for a rule", FILE_GOOD "  - x\n", "write a mapping"},
    {"a wrong expression", FILE_GOOD "  - regex: '(x'\n", "wrong at byte 2: missing closing parenthesis"},
    {"an alias", "user_agent_parsers: &a\n  - *a\n", "anchors"},
    {"bytes", "user_agent_parsers:\n  - regex: '\xff'\n", "UTF-8"},
};

static int open_bytes(struct text bytes, struct agents **ret_agents, struct buffer *complaint)
{
    char path[] = "/tmp/crumb-agents-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.data, bytes.size), bytes.size);
    close(fd);
    int r = agents_open(path, ret_agents, complaint);
    unlink(path);
    return r;
}

static void test_files(void **state)
{
    for (size_t i = 0; i < N_ROWS(files); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(8192);
        struct agents *opened = NULL;
        int r = open_bytes(text_of(files[i].yaml), &opened, &complaint);

        buffer_put_u8(&complaint, 0);
        check_equal(files[i].name, r, files[i].complaint ? AGENTS_E_UNUSABLE : 0);
        check(files[i].name, (r == 0) == (opened != NULL));
        if (files[i].complaint && !strstr((char *)complaint.data, files[i].complaint))
            fail_msg("\"%s\": %s", files[i].name, (char *)complaint.data);
        agents_unref(opened);
    }
}

/* Each allocation fails in turn: the fault is told, nothing is left behind, and at last it opens. */
static void test_faults(void **state)
{
    for (long n = 0, r = -ENOMEM; r; n++) {
        BUFFER_AUTO complaint = BUFFER_INIT(8192);
        struct agents *opened = NULL;

        n_until = n;
        r = open_bytes(TEXT(FILE_GOOD), &opened, &complaint);
        bool failed = n_until < 0;
        n_until = -1;
        assert_true(n < 1000 && (r == 0 || r == -ENOMEM));
        assert_true((r == 0) == (opened != NULL));
        /* What only made memory smaller may fail. */
        assert_true(failed || r == 0);
        agents_unref(opened);
    }
    for (long n = 0, r = -ENOMEM; r; n++) {
        struct agent_cache *made = NULL;

        n_until = n;
        r = agent_cache_new(&made);
        n_until = -1;
        assert_true(n < 100 && (r == 0) == (made != NULL));
        agent_cache_free(made);
    }
}

static void test_no_file(void **state)
{
    static const char *const paths[] = {"/nonexistent/regexes.yaml", "/dev/null", "/tmp"};

    for (size_t i = 0; i < N_ROWS(paths); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(8192);
        struct agents *opened = NULL;

        assert_int_equal(agents_open(paths[i], &opened, &complaint), AGENTS_E_UNUSABLE);
        assert_true(text_starts(buffer_text(&complaint), TEXT("agents: ")));
        assert_null(opened);
    }
}

/* Expressions that try every way there is: given up, and nothing behind them answers in their place. */
static void test_runaways(void **state)
{
    static const char *const expressions[] = {"(a*)*[bx]",
                                              "(a|aa)+[bx]",
                                              "a*a*a*[bx]",
                                              "(?:a+)+[bx]",
                                              "(a(?:a?)+)+[bx]",
                                              ".*.*.*[bx]",
                                              "(?:a{0,200}){0,200}[bx]"};
    char subject[AGENT_BYTES_MAX];

    memset(subject, 'a', sizeof subject);
    for (size_t i = 0; i < N_ROWS(expressions); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(8192);
        BUFFER_AUTO yaml = BUFFER_INIT(8192);
        struct agents *opened = NULL;

        buffer_printf(&yaml,
                      "user_agent_parsers:\n  - regex: '%s'\n  - regex: 'a'\n    family_replacement: 'Late'\n"
                      "os_parsers:\n  - regex: '(aaa)'\ndevice_parsers:\n  - regex: '(x)'\n",
                      expressions[i]);
        check_equal(expressions[i], open_bytes(buffer_text(&yaml), &opened, &complaint), 0);
        struct agent_hints hints = {.agent = {.data = subject, .size = sizeof subject}};
        const struct agent *agent = agent_get(cache, opened, &hints);
        check_text(expressions[i], agent->browser, "");
        check_text(expressions[i], agent->os, "aaa");
        agents_unref(opened);
    }
}

/* ---- made-up brands ---- */

static void test_brands(void **state)
{
    static const struct {
        const char *brands, *browser, *version;
    } lists[] = {
        {"\" Not A;Brand\";v=\"99\", \"Chromium\";v=\"120\", \"Brave\";v=\"120\"", "Brave", "120"},
        {"\"Brave\";v=\"120\", \"Not/A)Brand\";v=\"8\", \"Chromium\";v=\"120\"", "Brave", "120"},
        {"\"(Not(A:Brand\";v=\"8\", \"Chromium\";v=\"120\"", "", ""},
        {"\"\\\\\\\"Not A Brand\";v=\"8\", \"Chromium\";v=\"120\", \"X\";v=\"1\"", "X", "1"},
        {"\"Chromium\";v=\"120\",\"X\" ; v=\"1.2\"", "X", "1.2"},
        {"\"Chromium\";v=\"120\", \"X\";v=\"one\"", "", ""},
        {"\"Chromium\";v=\"120\", \"X\"", "", ""},
        {"\"Chromium\";v=\"120\", \"X", "", ""},
        {"\"Chromium\";v=\"120\", X;v=\"1\"", "", ""},
        {"\"Chromium\";w=\"120\", \"X\";v=\"1\"", "", ""},
        {"\"X\";v=\"1\"", "", ""}, /* not said what it is built on */
        {",,,", "", ""},
    };

    for (size_t i = 0; i < N_ROWS(lists); i++) {
        struct agent_hints hints = {.agent = TEXT(WINDOWS), .brands = text_of(lists[i].brands)};
        struct agent_hinted hinted = agent_hints_read(&hints);

        check_text(lists[i].brands, hinted.browser, lists[i].browser);
        check_text(lists[i].brands, hinted.browser_version, lists[i].version);
    }
}

static int open_all(void **state)
{
    BUFFER_AUTO complaint = BUFFER_INIT(8192);
    const char *folder = getenv("UAP_CORE");
    char path[PATH_BYTES_MAX];

    snprintf(path, sizeof path, "%s/regexes.yaml", folder ? folder : "/usr/share/uap-core");
    if (agents_open(path, &agents, &complaint))
        fail_msg("%.*s; script/setup --test installs it", TEXT_ARGS(buffer_text(&complaint)));
    return agent_cache_new(&cache);
}

static int close_all(void **state)
{
    cache = agent_cache_free(cache);
    agents = agents_unref(agents);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),   cmocka_unit_test(test_lent),      cmocka_unit_test(test_without_expressions),
        cmocka_unit_test(test_kept),    cmocka_unit_test(test_keys),      cmocka_unit_test(test_flood),
        cmocka_unit_test(test_bounds),  cmocka_unit_test(test_no_memory), cmocka_unit_test(test_files),
        cmocka_unit_test(test_no_file), cmocka_unit_test(test_faults),    cmocka_unit_test(test_runaways),
        cmocka_unit_test(test_brands),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
