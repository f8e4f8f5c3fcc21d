/*
 * The line of every setting, of those that were left out, and of list items;
 * each allocation fails in turn.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/config/places.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static long calls_left = -1; /* allocations that succeed; -1: all */

static bool fails(void)
{
    if (calls_left < 0)
        return false;
    return calls_left-- == 0;
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : __real_calloc(n, size); }

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size) { return fails() ? NULL : __real_realloc(old, size); }

static const char document[] = "data: here\n"            /* 1 */
                               "sites:\n"                /* 2 */
                               "  shop:\n"               /* 3 */
                               "    origins:\n"          /* 4 */
                               "      - a\n"             /* 5 */
                               "      - b\n"             /* 6 */
                               "    empty: []\n"         /* 7 */
                               "    texts:\n"            /* 8 */
                               "      en:\n"             /* 9 */
                               "        purpose.a: x\n"  /* 10 */
                               "  blog: {origins: [c,\n" /* 11 */
                               "    d], data: x}\n"      /* 12 */
                               "last:\n"                 /* 13 */
                               "  - {x: 1}\n";           /* 14 */

static const struct {
    const char *name;
    struct config_place place;
    unsigned line;
} rows[] = {
    {"", {.keys = {NULL}}, 1},
    {"data", {.keys = {"data"}}, 1},
    {"sites", {.keys = {"sites"}}, 2},
    {"sites.shop", {.keys = {"sites", "shop"}}, 3},
    {"sites.shop.origins", {.keys = {"sites", "shop", "origins"}}, 4},
    {"sites.shop.origins[0]", {.keys = {"sites", "shop", "origins"}, .item = 1}, 5},
    {"sites.shop.origins[1]", {.keys = {"sites", "shop", "origins"}, .item = 2}, 6},
    {"sites.shop.origins[2]", {.keys = {"sites", "shop", "origins"}, .item = 3}, 4},
    {"sites.shop.empty[0]", {.keys = {"sites", "shop", "empty"}, .item = 1}, 7},
    {"sites.shop.texts.en.purpose.a", {.keys = {"sites", "shop", "texts", "en", "purpose.a"}}, 10},
    {"sites.shop.texts.en.purpose.b", {.keys = {"sites", "shop", "texts", "en", "purpose.b"}}, 9},
    {"sites.shop.texts.de.purpose.a", {.keys = {"sites", "shop", "texts", "de", "purpose.a"}}, 8},
    {"sites.shop.data", {.keys = {"sites", "shop", "data"}}, 3},
    {"sites.blog.origins[1]", {.keys = {"sites", "blog", "origins"}, .item = 2}, 12},
    {"sites.blog.data", {.keys = {"sites", "blog", "data"}}, 12},
    {"sites.none.origins[1]", {.keys = {"sites", "none", "origins"}, .item = 2}, 2},
    {"last[0]", {.keys = {"last"}, .item = 1}, 14},
    {"none", {.keys = {"none"}}, 1},
};

static struct yaml *open_document(struct text text, struct complaints *complaints)
{
    struct yaml *yaml = NULL;

    assert_int_equal(yaml_open(text, "a.yaml", complaints, &yaml), 0);
    return yaml;
}

static void test_lines(void **state)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct yaml *yaml = open_document(text_of(document), &complaints);
    struct yaml_at root = yaml_root(yaml);
    struct places *places = NULL;

    (void)state;
    assert_int_equal(places_new(&root, &places), 0);
    yaml_close(yaml);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO name = BUFFER_INIT(256);

        check_equal(rows[i].name, places_line(places, &rows[i].place), rows[i].line);
        config_place_put(&rows[i].place, &name);
        check_text(rows[i].name, buffer_text(&name), rows[i].name);
    }
    assert_null(places_free(places));
    assert_null(places_free(NULL));
}

/* More than one allocation has room for. */
static void test_many(void **state)
{
    struct complaints complaints = COMPLAINTS_INIT;
    BUFFER_AUTO text = BUFFER_INIT(1 << 20);
    struct places *places = NULL;
    char key[32];

    (void)state;
    for (unsigned i = 1; i <= 10000; i++)
        buffer_printf(&text, "key%u: {a: 1}\n", i);
    struct yaml *yaml = open_document(buffer_text(&text), &complaints);
    struct yaml_at root = yaml_root(yaml);
    assert_int_equal(places_new(&root, &places), 0);
    for (unsigned i = 1; i <= 10000; i += 1111) {
        snprintf(key, sizeof key, "key%u", i);
        check_equal(key, places_line(places, &(struct config_place){.keys = {key, "a"}}), i);
    }
    places_free(places);
    yaml_close(yaml);
}

static void test_no_memory(void **state)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct yaml *yaml = open_document(text_of(document), &complaints);
    struct yaml_at root = yaml_root(yaml);
    struct places *places = NULL;
    long n = 0;
    int r;

    (void)state;
    do {
        calls_left = n++;
        r = places_new(&root, &places);
        calls_left = -1;
        assert_true(r == 0 || (r == -ENOMEM && !places));
    } while (r);
    assert_true(n > 3);
    places_free(places);
    yaml_close(yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
