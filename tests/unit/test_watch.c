/*
 * What `crumb watch` shows.
 */
#include "check.h"
#include "crumb/query/watch.h"
#include <stdio.h>
#include <stdlib.h>

#define NOW_MS 1767225600000

static struct books books_of(uint64_t stored, uint64_t no_consent, uint64_t gpc)
{
    struct books books = {.received = stored + no_consent + gpc, .stored = stored};

    books.dropped[REASON_NO_CONSENT] = no_consent;
    books.dropped[REASON_GPC] = gpc;
    return books;
}

static char *frame_of(const struct watch *watch, int64_t now_ms)
{
    BUFFER_AUTO frame = BUFFER_INIT(1 << 20);

    assert_int_equal(watch_frame(watch, "title", now_ms, &frame), 0);
    return strndup((const char *)frame.data, frame.size);
}

static void assert_shows(const struct watch *watch, int64_t now_ms, const char *part)
{
    char *frame = frame_of(watch, now_ms);

    if (!strstr(frame, part))
        fail_msg("`%s` is not in:\n%s", part, frame);
    free(frame);
}

static void assert_hides(const struct watch *watch, int64_t now_ms, const char *part)
{
    char *frame = frame_of(watch, now_ms);

    if (strstr(frame, part))
        fail_msg("`%s` is in:\n%s", part, frame);
    free(frame);
}

static void tell(struct watch *watch, uint64_t stored, uint64_t no_consent, uint64_t gpc)
{
    struct books books = books_of(stored, no_consent, gpc);

    watch_books(watch, &books);
}

static void test_totals_become_seconds(void **state)
{
    (void)state;
    struct watch *watch;
    BUFFER_AUTO line = BUFFER_INIT(1024);

    assert_int_equal(watch_new(&watch), 0);
    tell(watch, 100, 50, 0); /* what was before anybody looked */
    assert_shows(watch, NOW_MS, "Last minute: 0 received, 0 stored\n");
    tell(watch, 103, 50, 0);
    tell(watch, 103, 51, 2);
    assert_shows(watch, NOW_MS,
                 "Last minute: 6 received, 3 stored  50 % consented  dropped: no_consent 1 \xc2\xb7 gpc 2\n");
    watch_line(watch, NOW_MS, &line);
    buffer_put_u8(&line, 0);
    assert_string_equal((char *)line.data,
                        "{\"t\":1767225600000,\"received\":3,\"stored\":0,\"dropped\":{\"no_consent\":1,\"gpc\":2}}\n");
    watch_free(watch);
}

static void test_minute_ends(void **state)
{
    (void)state;
    struct watch *watch;

    assert_int_equal(watch_new(&watch), 0);
    tell(watch, 0, 0, 0);
    tell(watch, 8, 0, 0);
    for (unsigned i = 1; i < WATCH_SECONDS; i++)
        tell(watch, 8, 0, 0);
    assert_shows(watch, NOW_MS, "Last minute: 8 received");
    tell(watch, 8, 0, 0);
    assert_shows(watch, NOW_MS, "Last minute: 0 received");
    watch_free(watch);
}

static void test_newest_second_is_at_the_right(void **state)
{
    (void)state;
    struct watch *watch;

    assert_int_equal(watch_new(&watch), 0);
    tell(watch, 0, 0, 0);
    tell(watch, 4, 4, 0);
    tell(watch, 5, 4, 0);
    assert_shows(watch, NOW_MS, " █▁\n  stored");
    assert_shows(watch, NOW_MS, " ▄▁\n\n");
    watch_free(watch);
}

static void test_pages(void **state)
{
    (void)state;
    struct watch *watch;

    assert_int_equal(watch_new(&watch), 0);
    watch_view(watch, NOW_MS - 60000, TEXT("shop.example"), TEXT("/long-ago"));
    watch_view(watch, NOW_MS - 59999, TEXT("shop.example"), TEXT("/hats"));
    watch_view(watch, NOW_MS, TEXT("shop.example"), TEXT("/"));
    watch_view(watch, NOW_MS, TEXT("shop.example"), TEXT("/hats"));
    watch_view(watch, NOW_MS, TEXT("shop.example"), TEXT("/\033[2J"));
    char *frame = frame_of(watch, NOW_MS);
    char *hats = strstr(frame, "shop.example/hats"), *home = strstr(frame, "shop.example/ ");
    assert_non_null(hats);
    assert_non_null(home);
    assert_true(hats < home);
    free(frame);
    assert_hides(watch, NOW_MS, "long-ago");
    assert_hides(watch, NOW_MS, "\033"); /* a terminal obeys it */
    assert_shows(watch, NOW_MS, "/\\x1b[2J");
    watch_forget(watch);
    assert_hides(watch, NOW_MS, "hats");
    watch_view(watch, NOW_MS, TEXT("shop.example"), TEXT("/hats"));
    assert_shows(watch, NOW_MS, "shop.example/hats");
    watch_free(watch);
}

static void test_bounds(void **state)
{
    (void)state;
    struct watch *watch;
    char path[4096], expected[64];

    memset(path, 'x', sizeof path);
    assert_int_equal(watch_new(&watch), 0);
    watch_view(watch, NOW_MS, TEXT("first.example"), TEXT("/"));
    for (unsigned i = 0; i < WATCH_VIEWS_MAX; i++)
        watch_view(watch, NOW_MS, TEXT("a.example"), (struct text){path, sizeof path});
    assert_hides(watch, NOW_MS, "first.example");
    snprintf(expected, sizeof expected, "%d", WATCH_VIEWS_MAX);
    assert_shows(watch, NOW_MS, expected);
    for (unsigned i = 0; i < WATCH_PAGES_MAX + 5; i++) {
        snprintf(path, sizeof path, "/%u", i);
        watch_view(watch, NOW_MS, TEXT("b.example"), text_of(path));
    }
    assert_shows(watch, NOW_MS, "and 6 more\n");
    watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_totals_become_seconds),
        cmocka_unit_test(test_minute_ends),
        cmocka_unit_test(test_newest_second_is_at_the_right),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
