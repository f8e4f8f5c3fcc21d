/*
 * uap-core's own tests: every agent of its files, with what its authors say of
 * it.  The expressions and the tests are those of Debian's package uap-core;
 * UAP_CORE names the folder.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/config/yaml.h"
#include "crumb/ingest/agent_match.h"
#include <stdio.h>
#include <stdlib.h>

static struct agent_rules *rules;
static struct agent_matcher *matcher;

/* ---- files ---- */

static struct buffer read_file(const char *name)
{
    const char *folder = getenv("UAP_CORE");
    struct buffer bytes = BUFFER_INIT(32 << 20);
    char path[PATH_BYTES_MAX];
    size_t n;

    snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/uap-core", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be read; script/setup --test installs it", path);
    do {
        uint8_t *at = buffer_extend(&bytes, 1 << 16);
        assert_non_null(at);
        n = fread(at, 1, 1 << 16, file);
        bytes.size -= (1 << 16) - n;
    } while (n);
    fclose(file);
    return bytes;
}

/* What the case says under @name: empty where it is not there, or null. */
static struct text said(const struct yaml_at *at, const char *name)
{
    struct text text = TEXT_NONE;

    for (unsigned i = 0; i < yaml_size(at); i++) {
        struct yaml_at entry = yaml_entry(at, i);

        if (text_equal(entry.key, text_of(name)) && !yaml_is_null(&entry))
            assert_true(yaml_text(&entry, &text));
    }
    return text;
}

/* ---- cases ---- */

static const char *const versioned[] = {"family", "major", "minor", "patch", "patch_minor"};
static const char *const devices[] = {"family", "brand", "model"};

static unsigned check_case(const struct yaml_at *at, enum agent_list list)
{
    const char *const *names = list == AGENT_LIST_DEVICE ? devices : versioned;
    unsigned n_names = list == AGENT_LIST_DEVICE ? 3 : list == AGENT_LIST_OS ? 5 : 4, n_wrong = 0;
    struct text found[AGENT_LIST_N][AGENT_PARTS_N], agent = said(at, "user_agent_string");

    agent_match(rules, matcher, agent, found);
    for (unsigned i = 0; i < n_names; i++) {
        struct text wanted = said(at, names[i]), got = found[list][i];

        if (i == AGENT_FAMILY && !got.size)
            got = TEXT("Other"); /* what its authors call nothing */
        if (text_equal(got, wanted))
            continue;
        print_error("line %u: %s is \"%.*s\", not \"%.*s\": %.*s\n", at->line, names[i], TEXT_ARGS(got),
                    TEXT_ARGS(wanted), TEXT_ARGS(agent));
        n_wrong = 1;
    }
    return n_wrong;
}

/* @n_least: the cases that the file had in uap-core 0.16.0, so that an empty one is seen. */
static void check_file(const char *name, enum agent_list list, unsigned n_least)
{
    struct buffer bytes = read_file(name);
    struct complaints complaints = COMPLAINTS_INIT;
    struct yaml *yaml = NULL;
    unsigned n_wrong = 0;

    if (yaml_open(buffer_text(&bytes), name, &complaints, &yaml))
        fail_msg("%.*s", TEXT_ARGS(buffer_text(&complaints.text)));
    struct yaml_at root = yaml_root(yaml), cases = yaml_entry(&root, 0);
    assert_text(cases.key, "test_cases");
    unsigned n = yaml_size(&cases);
    for (unsigned i = 0; i < n; i++) {
        struct yaml_at item = yaml_item(&cases, i);
        n_wrong += check_case(&item, list);
    }
    assert_int_equal(n_wrong, 0);
    assert_true(n >= n_least);
    yaml_close(yaml);
    complaints_deinit(&complaints);
    buffer_deinit(&bytes);
}

static void test_browsers(void **state) { check_file("tests/test_ua.yaml", AGENT_LIST_BROWSER, 1425); }
static void test_systems(void **state) { check_file("tests/test_os.yaml", AGENT_LIST_OS, 456); }
static void test_devices(void **state) { check_file("tests/test_device.yaml", AGENT_LIST_DEVICE, 16111); }

static void test_firefox(void **state)
{
    check_file("test_resources/firefox_user_agent_strings.yaml", AGENT_LIST_BROWSER, 243);
}

static void test_pgts(void **state) { check_file("test_resources/pgts_browser_list.yaml", AGENT_LIST_BROWSER, 12500); }

static void test_opera_mini(void **state)
{
    check_file("test_resources/opera_mini_user_agent_strings.yaml", AGENT_LIST_BROWSER, 203);
}

static void test_podcasts(void **state)
{
    check_file("test_resources/podcasting_user_agent_strings.yaml", AGENT_LIST_BROWSER, 144);
}

static void test_more_systems(void **state)
{
    check_file("test_resources/additional_os_tests.yaml", AGENT_LIST_OS, 23);
}

/* ---- the expressions ---- */

static int open_rules(void **state)
{
    BUFFER_AUTO complaint = BUFFER_INIT(8192);
    struct buffer bytes = read_file("regexes.yaml");
    int r = agent_rules_new(buffer_text(&bytes), "regexes.yaml", &rules, &complaint);

    if (r)
        fail_msg("%.*s", TEXT_ARGS(buffer_text(&complaint)));
    buffer_deinit(&bytes);
    return agent_matcher_new(&matcher);
}

static int close_rules(void **state)
{
    rules = agent_rules_free(rules);
    matcher = agent_matcher_free(matcher);
    return 0;
}

/* Literals are known of nearly all, else a miss is dear. */
static void test_literals(void **state)
{
    for (unsigned list = 0; list < AGENT_LIST_N; list++) {
        unsigned n_always, n = agent_rules_count(rules, (enum agent_list)list, &n_always);

        print_message("# list %u: %u expressions, %u always tried\n", list, n, n_always);
        assert_true(n > 100 && n_always * 50 < n);
    }
    print_message("# %zu bytes\n", agent_rules_bytes(rules));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_browsers), cmocka_unit_test(test_systems),      cmocka_unit_test(test_devices),
        cmocka_unit_test(test_firefox),  cmocka_unit_test(test_pgts),         cmocka_unit_test(test_opera_mini),
        cmocka_unit_test(test_podcasts), cmocka_unit_test(test_more_systems), cmocka_unit_test(test_literals),
    };

    return cmocka_run_group_tests(tests, open_rules, close_rules);
}
