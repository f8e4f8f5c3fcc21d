/*
 * Masking, by the table that the tracker's has to follow, too (tests/mask);
 * and which texts of an event are masked.
 */
#include "check.h"
#include "crumb/ingest/mask.h"
#include <stdio.h>
#include <stdlib.h>

#define LINE_BYTES_MAX 1024

/* Two lines of text, a tab between; the number of cases. */
static unsigned each_case(void (*act)(struct text given, struct text kept))
{
    const char *path = getenv("MASK_CASES");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[LINE_BYTES_MAX];
    unsigned n = 0;

    if (!file)
        fail_msg("MASK_CASES does not name tests/mask/cases.txt");
    while (fgets(line, sizeof line, file)) {
        struct text kept = {.data = line, .size = strcspn(line, "\n")};
        struct text given;

        assert_true(kept.size < sizeof line - 1);
        if (kept.size == 0 || text_starts(kept, TEXT("# ")))
            continue;
        given = text_cut(&kept, '\t');
        act(given, text_equal(kept, TEXT("=")) ? given : kept);
        n++;
    }
    fclose(file);
    return n;
}

/* In memory as small as the text, so that a sanitizer sees what goes past it. */
static void check_case(struct text given, struct text kept)
{
    char *bytes = malloc(given.size), name[LINE_BYTES_MAX], wanted[LINE_BYTES_MAX];
    struct text masked = {.data = bytes};

    snprintf(name, sizeof name, "%.*s", TEXT_ARGS(given));
    snprintf(wanted, sizeof wanted, "%.*s", TEXT_ARGS(kept));
    memcpy(bytes, given.data, given.size);
    masked.size = mask_bytes(bytes, given.size);
    check_text(name, masked, wanted);
    masked.size = mask_bytes(bytes, masked.size);
    check_text(name, masked, wanted);
    check(name, kept.size <= given.size);
    free(bytes);
}

static void test_cases(void **state) { assert_true(each_case(check_case) > 80); }

static void test_nothing(void **state) { assert_int_equal(mask_bytes(NULL, 0), 0); }

/* Whatever is said, the time is linear: a text a thousand times as long as may be is masked in the blink of an eye. */
static void test_long_texts(void **state)
{
    static const char *const parts[] = {"a", "%40", "a@", "1", "1.", "aB1", "0-", "%2", "ffffffff-", "f", "@", "a."};

    for (size_t i = 0; i < N_ROWS(parts); i++) {
        size_t size = strlen(parts[i]), n = (1000 * URL_BYTES_MAX) / size;
        char *bytes = malloc(n * size);

        for (size_t at = 0; at < n * size; at += size)
            memcpy(bytes + at, parts[i], size);
        assert_in_range(mask_bytes(bytes, n * size), 1, n * size);
        free(bytes);
    }
}

/* ---- an event ---- */

#define MAIL_HERE "by a@b.de"

static void put_field(void *context, enum event_class class, const char *name, struct text value)
{
    const char *masked = strcmp(name, "host") && strcmp(name, "value") && strcmp(name, "address") ? "by *" : MAIL_HERE;

    check_text(name, value, masked);
    ++*(unsigned *)context;
}

/* Every text that a page makes, and no other. */
static void test_event(void **state)
{
    char bytes[14][sizeof MAIL_HERE];
    struct event event = {.n_properties = 1};
    struct text *texts[] = {&event.path,       &event.referrer,     &event.title,       &event.utm_source,
                            &event.utm_medium, &event.utm_campaign, &event.utm_content, &event.utm_term,
                            &event.category,   &event.action,       &event.label,       &event.property,
                            &event.host,       &event.value};
    char property[sizeof MAIL_HERE] = MAIL_HERE;
    unsigned n = 0;

    for (size_t i = 0; i < N_ROWS(texts); i++) {
        memcpy(bytes[i], MAIL_HERE, sizeof MAIL_HERE);
        *texts[i] = text_of(bytes[i]);
    }
    event.properties[0] = (struct event_property){.name = TEXT("n"), .value = text_of(property)};
    mask_event(&event);
    event_each_field(&event, put_field, &n);
    assert_int_equal(n, N_ROWS(texts) + 1);
}

/* A path that is no byte of the URL, but a constant. */
static void test_constants(void **state)
{
    struct event event = {.path = TEXT("/")};

    mask_event(&event);
    assert_text(event.path, "/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_nothing),   cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_event), cmocka_unit_test(test_constants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
