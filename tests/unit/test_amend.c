/*
 * Amending: what is left of a table is what a journal gives that was that way
 * from the beginning, to the byte; in any order, and done twice as well as once.
 */
#include "check.h"
#include "crumb/base/random.h"
#include "crumb/rollup/amend.h"
#include "crumb/rollup/segment.h"
#include "crumb/rollup/tabulate.h"
#include "failing.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define START_MS 1767222000000 /* 2026-01-01 in Berlin */
#define EVENTS_MAX 400
#define VISITORS 8
#define ROUNDS 60
#define NEVER 0 /* no visitor has this number */

/* ---- what happens ---- */

struct happening {
    uint32_t visitor;
    struct event event;
};

struct day {
    struct happening list[EVENTS_MAX];
    unsigned n;
};

static unsigned draw(struct random_seeded *random, unsigned n)
{
    uint8_t byte;

    random_fill(&random->super, &byte, 1);
    return byte % n;
}

static const char *const paths[] = {"/", "/hats", "/hats/7", "/cart", "/about us", "/x"};
static const char *const countries[] = {"", "DE", "AT", "CH"};
static const char *const languages[] = {"", "de", "de-AT", "en"};
static const char *const plans[] = {"S", "M", "L"};

/* A visitor's attributes are always the same, some of them unknown. */
static struct event make_event(struct random_seeded *random, uint32_t visitor, uint64_t at_ms)
{
    struct event event = {.kind = EVENT_PAGEVIEW,
                          .at_ms = at_ms,
                          .host = TEXT("shop.example"),
                          .path = text_of(paths[draw(random, 6)]),
                          .country = text_of(countries[visitor % 4]),
                          .city = visitor % 4 == 1 ? TEXT("Berlin") : TEXT_NONE,
                          .language = text_of(languages[visitor % 3]),
                          .device = visitor % 3 ? DEVICE_PHONE : DEVICE_DESKTOP,
                          .browser = visitor % 2 ? TEXT("Firefox") : TEXT("Safari"),
                          .screen_width = 300 * (visitor % 5),
                          .source = visitor % 2 ? TEXT("search.example") : TEXT_NONE};

    if (draw(random, 4) == 0) {
        event.n_properties = 1;
        event.properties[0] = (struct event_property){TEXT("plan"), text_of(plans[draw(random, 3)])};
    }
    return event;
}

/* A click follows a view and is followed by one, so that no visit's end is a click. */
static void put_click(struct random_seeded *random, struct day *day, uint32_t visitor, uint64_t at_ms)
{
    struct event event = make_event(random, visitor, at_ms);

    event.kind = EVENT_STRUCT;
    event.category = TEXT("click");
    event.action = text_of(plans[draw(random, 3)]);
    event.currency = draw(random, 2) ? TEXT("EUR") : TEXT_NONE;
    day->list[day->n++] = (struct happening){visitor, event};
}

static void make_day(struct random_seeded *random, struct day *day)
{
    uint64_t at_ms = START_MS;

    day->n = 0;
    while (day->n + 3 <= EVENTS_MAX) {
        uint32_t visitor = 1 + draw(random, VISITORS);

        at_ms += 1000 * (1 + draw(random, 200));
        day->list[day->n++] = (struct happening){visitor, make_event(random, visitor, at_ms)};
        if (draw(random, 3))
            continue;
        put_click(random, day, visitor, at_ms + 1000);
        day->list[day->n++] = (struct happening){visitor, make_event(random, visitor, at_ms + 7000)};
    }
}

/* ---- the same, amended from the beginning ---- */

static const struct amendment *find(const struct amendments *amendments, uint32_t visitor)
{
    for (size_t i = 0; i < amendments->n; i++)
        if (amendments->list[i].number == visitor)
            return &amendments->list[i];
    return NULL;
}

/* False: it was never stored, or is not told. */
static bool amend_event(const struct amendment *amendment, enum amend_scope scope, struct event *event)
{
    bool answers = scope == AMEND_ANSWER;

    if (amendment->erased || (answers && amendment->restricted) || amendment->cut & CLASS_BIT(CLASS_LOG))
        return false;
    if (amendment->cut & CLASS_BIT(CLASS_CLICKPATH)) {
        if (event->kind == EVENT_STRUCT)
            return false;
        event->n_properties = 0;
        event->currency = TEXT_NONE;
    }
    if (amendment->cut & CLASS_BIT(CLASS_DEVICE)) {
        event->language = event->browser = TEXT_NONE;
        event->device = DEVICE_UNKNOWN;
        event->screen_width = 0;
    }
    if (answers && amendment->has_country) {
        event->country = text_of(amendment->country);
        event->region = event->city = TEXT_NONE;
    }
    if (answers && amendment->has_language)
        event->language = text_of(amendment->language);
    if (answers && amendment->has_device)
        event->device = amendment->device;
    return true;
}

static void tabulate(const struct day *day, const struct amendments *amendments, enum amend_scope scope,
                     struct table *ret_table)
{
    struct gather *gather;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (unsigned i = 0; i < day->n; i++) {
        const struct amendment *amendment = find(amendments, day->list[i].visitor);
        struct event event = day->list[i].event;
        bool untraced = amendment && amendment->cut & CLASS_BIT(CLASS_CLICKPATH);

        if (amendment && !amend_event(amendment, scope, &event))
            continue;
        struct gather_event one = {
            .sequence = i + 1, .visitor = day->list[i].visitor, .traced = !untraced, .event = &event};
        assert_int_equal(gather_add(gather, &one), 0);
    }
    assert_int_equal(tabulate_table(gather, ret_table), 0);
    gather_free(gather);
}

static void check_same(const char *name, const struct table *amended, const struct table *wanted)
{
    BUFFER_AUTO left = BUFFER_INIT(1 << 20), right = BUFFER_INIT(1 << 20);

    segment_encode(amended, &left);
    segment_encode(wanted, &right);
    check_equal(name, amended->n[RELATION_VISIT], wanted->n[RELATION_VISIT]);
    check_equal(name, amended->n[RELATION_HIT], wanted->n[RELATION_HIT]);
    if (!text_equal(buffer_text(&left), buffer_text(&right)))
        fail_msg("%s: other bytes than those of a journal that was that way", name);
}

/* ---- the rules ---- */

static const struct amendment unchanged = {.number = 3};
static const struct row {
    const char *name;
    struct amendment amendment;
} rows[] = {
    {"no effect", {.number = 3}},
    {"erased", {.number = 3, .erased = true}},
    {"restricted", {.number = 3, .restricted = true}},
    {"erased and corrected", {.number = 3, .erased = true, .has_country = true, .country = "FR"}},
    {"without log", {.number = 3, .cut = CLASS_BIT(CLASS_LOG)}},
    {"without device", {.number = 3, .cut = CLASS_BIT(CLASS_DEVICE)}},
    {"without click-path", {.number = 3, .cut = CLASS_BIT(CLASS_CLICKPATH)}},
    {"without both", {.number = 3, .cut = CLASS_BIT(CLASS_DEVICE) | CLASS_BIT(CLASS_CLICKPATH)}},
    {"another country", {.number = 3, .has_country = true, .country = "FR"}},
    {"a country that others have", {.number = 3, .has_country = true, .country = "DE"}},
    {"no country", {.number = 3, .has_country = true}},
    {"another language", {.number = 3, .has_language = true, .language = "fr-CA"}},
    {"a language that others have", {.number = 3, .has_language = true, .language = "de"}},
    {"another device", {.number = 3, .has_device = true, .device = DEVICE_TV}},
    {"a device that others have", {.number = 3, .has_device = true, .device = DEVICE_PHONE}},
    {"without device, and a language",
     {.number = 3, .cut = CLASS_BIT(CLASS_DEVICE), .has_language = true, .language = "fr"}},
    {"a visitor who was never there", {.number = NEVER, .erased = true}},
};

static void check_row(const struct row *row, enum amend_scope scope, const struct day *day)
{
    struct amendment list[] = {row->amendment};
    struct amendments none = {.n = 0}, one = {.list = list, .n = 1};
    struct table amended, wanted, before;

    tabulate(day, &none, scope, &before);
    tabulate(day, &none, scope, &amended);
    tabulate(day, &one, scope, &wanted);
    assert_int_equal(amend_table(&one, scope, &amended), 0);
    check_same(row->name, &amended, &wanted);
    assert_int_equal(amend_table(&one, scope, &amended), 0);
    check_same(row->name, &amended, &wanted);
    if (!amend_concerns(&one, scope, before.columns[COLUMN_VISIT_visitor], before.n[RELATION_VISIT]))
        check_same(row->name, &before, &wanted);
    table_deinit(&amended);
    table_deinit(&wanted);
    table_deinit(&before);
}

static void test_rules(void **state)
{
    struct random_seeded random = random_seeded(7);
    struct day *day = calloc(1, sizeof *day);

    assert_non_null(day);
    make_day(&random, day);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        check_row(&rows[i], AMEND_ANSWER, day);
        check_row(&rows[i], AMEND_SEGMENT, day);
    }
    free(day);
}

/* A segment forgets what is for good, and nothing that may come back. */
static void test_scope(void **state)
{
    uint32_t visitors[] = {1, 3, 3, 9};
    struct amendment list[] = {{.number = 3, .restricted = true, .has_country = true, .country = "FR"}};
    struct amendments one = {.list = list, .n = 1};

    assert_true(amend_concerns(&one, AMEND_ANSWER, visitors, 4));
    assert_false(amend_concerns(&one, AMEND_SEGMENT, visitors, 4));
    list[0].cut = CLASS_BIT(CLASS_DEVICE);
    assert_true(amend_concerns(&one, AMEND_SEGMENT, visitors, 4));
    list[0] = unchanged;
    assert_false(amend_concerns(&one, AMEND_ANSWER, visitors, 4));
    list[0].erased = true;
    assert_false(amend_concerns(&one, AMEND_ANSWER, visitors, 1));
}

/* ---- any of them together ---- */

static void draw_amendment(struct random_seeded *random, struct amendment *amendment)
{
    amendment->erased = draw(random, 8) == 0;
    amendment->restricted = draw(random, 6) == 0;
    amendment->cut = draw(random, 3) ? 0 : draw(random, 8);
    amendment->has_country = draw(random, 3) == 0;
    snprintf(amendment->country, sizeof amendment->country, "%s", draw(random, 2) ? "FR" : "AT");
    amendment->has_language = draw(random, 3) == 0;
    snprintf(amendment->language, sizeof amendment->language, "%s", draw(random, 2) ? "fr" : "en");
    amendment->has_device = draw(random, 3) == 0;
    amendment->device = (enum device)draw(random, DEVICE_N);
}

static void check_random(unsigned round, const struct day *day, struct amendment *list, size_t n)
{
    struct amendments all = {.list = list, .n = n}, none = {.n = 0};
    enum amend_scope scope = round % 2 ? AMEND_SEGMENT : AMEND_ANSWER;
    struct table together, apart, wanted;
    char name[32];

    snprintf(name, sizeof name, "round %u", round);
    tabulate(day, &none, scope, &together);
    tabulate(day, &none, scope, &apart);
    tabulate(day, &all, scope, &wanted);
    assert_int_equal(amend_table(&all, scope, &together), 0);
    check_same(name, &together, &wanted);
    for (size_t i = n; i-- > 0;) { /* one by one, the last first */
        struct amendments one = {.list = &list[i], .n = 1};

        assert_int_equal(amend_table(&one, scope, &apart), 0);
    }
    check_same(name, &apart, &wanted);
    table_deinit(&together);
    table_deinit(&apart);
    table_deinit(&wanted);
}

static void test_any(void **state)
{
    struct random_seeded random = random_seeded(11);
    struct day *day = calloc(1, sizeof *day);

    assert_non_null(day);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct amendment list[VISITORS];
        size_t n = 0;

        make_day(&random, day);
        for (uint32_t visitor = 1; visitor <= VISITORS; visitor++)
            if (draw(&random, 2)) {
                list[n] = (struct amendment){.number = visitor};
                draw_amendment(&random, &list[n++]);
            }
        check_random(round, day, list, n);
    }
    free(day);
}

/* ---- what cannot be amended ---- */

static void test_damaged(void **state)
{
    struct random_seeded random = random_seeded(3);
    struct day *day = calloc(1, sizeof *day);
    struct amendment list[] = {{.number = 3, .erased = true}};
    struct amendments one = {.list = list, .n = 1}, none = {.n = 0};
    struct table table;

    assert_non_null(day);
    make_day(&random, day);
    tabulate(day, &none, AMEND_ANSWER, &table);
    table.columns[COLUMN_VISIT_n_hits][table.n[RELATION_VISIT] - 1] += 1;
    assert_int_equal(amend_table(&one, AMEND_ANSWER, &table), -EBADMSG);
    table_deinit(&table);
    free(day);
}

static void test_no_memory(void **state)
{
    struct random_seeded random = random_seeded(5);
    struct day *day = calloc(1, sizeof *day);
    struct amendment list[] = {{.number = 2, .erased = true},
                               {.number = 3,
                                .has_country = true,
                                .country = "FR",
                                .has_language = true,
                                .language = "fr",
                                .has_device = true,
                                .device = DEVICE_TV}};
    struct amendments two = {.list = list, .n = 2}, none = {.n = 0};
    size_t n_failed = 0;
    int r = -ENOMEM;

    assert_non_null(day);
    make_day(&random, day);
    for (long n = 0; r; n++) {
        struct table table;

        tabulate(day, &none, AMEND_ANSWER, &table);
        n_until_failure = n;
        r = amend_table(&two, AMEND_ANSWER, &table);
        n_until_failure = -1;
        assert_true(r == 0 || r == -ENOMEM);
        n_failed += r != 0;
        table_deinit(&table);
    }
    assert_true(n_failed > 10);
    free(day);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),   cmocka_unit_test(test_scope),     cmocka_unit_test(test_any),
        cmocka_unit_test(test_damaged), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
