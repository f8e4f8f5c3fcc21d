/*
 * Tabulating: which visits and hits come of which events; and that nothing
 * depends on the order in which visitors' events came.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/rollup/segment.h"
#include "crumb/rollup/tabulate.h"
#include <stdio.h>
#include <stdlib.h>

#define START_MS 1767222000000 /* 2026-01-01 in Berlin */
#define EVENTS_MAX 12
#define SHOWN_BYTES 1024

struct step {
    uint32_t visitor;
    uint32_t at_s;
    char kind; /* v: page view, c: click, p: ping; 0: the end */
    const char *page;
    unsigned dwell_s, seen; /* seen: px of a page of 1000 px */
    uint64_t fingerprint;
};

/* A visit is "visitor@start+duration", then its hits: "page>after" with its dwell and scroll, "*" before a click. */
static const struct row {
    const char *name;
    struct step steps[EVENTS_MAX];
    const char *shown;
} rows[] = {
    {"nothing", {{0}}, ""},
    {"a page view", {{7, 10, 'v', "/", 0, 0, 0}}, "7@10+0 />0 d0;"},
    {"two pages", {{7, 10, 'v', "/", 0, 0, 0}, {7, 70, 'v', "/a", 0, 0, 0}}, "7@10+60 />0 d60 /a>60 d0;"},
    {"a silence", {{7, 10, 'v', "/", 0, 0, 0}, {7, 10 + 1801, 'v', "/a", 0, 0, 0}}, "7@10+0 />0 d0;7@1811+0 /a>0 d0;"},
    {"just no silence",
     {{7, 10, 'v', "/", 0, 0, 0}, {7, 10 + 1800, 'v', "/a", 0, 0, 0}},
     "7@10+1800 />0 d1800 /a>1800 d0;"},
    {"visitors by number",
     {{9, 10, 'v', "/", 0, 0, 0}, {7, 20, 'v', "/a", 0, 0, 0}, {9, 30, 'v', "/b", 0, 0, 0}},
     "7@20+0 /a>0 d0;9@10+20 />0 d20 /b>20 d0;"},
    {"late ones take their place",
     {{7, 60, 'v', "/b", 0, 0, 0}, {7, 10, 'v', "/", 0, 0, 0}},
     "7@10+50 />0 d50 /b>50 d0;"},
    {"the same second keeps its sequence",
     {{7, 10, 'v', "/b", 0, 0, 0}, {7, 10, 'v', "/a", 0, 0, 0}},
     "7@10+0 /b>0 d0 /a>0 d0;"},
    {"repeated", {{7, 10, 'v', "/", 0, 0, 5}, {7, 20, 'v', "/", 0, 0, 5}}, "7@10+0 />0 d0;"},
    {"repeated, the later came first", {{7, 20, 'v', "/b", 0, 0, 5}, {7, 10, 'v', "/a", 0, 0, 5}}, "7@10+0 /a>0 d0;"},
    {"not repeated: another visitor",
     {{7, 10, 'v', "/", 0, 0, 5}, {8, 20, 'v', "/", 0, 0, 5}},
     "7@10+0 />0 d0;8@20+0 />0 d0;"},
    {"no id is no repetition", {{7, 10, 'v', "/", 0, 0, 0}, {7, 20, 'v', "/", 0, 0, 0}}, "7@10+10 />0 d10 />10 d0;"},
    {"pings lengthen and add up",
     {{7, 10, 'v', "/", 0, 0, 0}, {7, 20, 'p', "/", 10, 300, 0}, {7, 40, 'p', "/", 15, 200, 0}},
     "7@10+30 />0 d25 s30;"},
    {"a ping of the page before",
     {{7, 10, 'v', "/", 0, 0, 0}, {7, 20, 'v', "/a", 0, 0, 0}, {7, 21, 'p', "/", 9, 500, 0}},
     "7@10+11 />0 d9 s50 /a>10 d0;"},
    {"the last view of a page that was seen twice",
     {{7, 10, 'v', "/", 0, 0, 0}, {7, 20, 'v', "/", 0, 0, 0}, {7, 30, 'p', "/", 8, 0, 0}},
     "7@10+20 />0 d10 />10 d8;"},
    {"a ping whose view never came", {{7, 10, 'v', "/", 0, 0, 0}, {7, 20, 'p', "/x", 5, 500, 0}}, "7@10+10 />0 d0;"},
    {"pings alone", {{7, 10, 'p', "/", 5, 0, 0}}, "7@10+0;"},
    {"a click",
     {{7, 10, 'v', "/", 0, 0, 0}, {7, 15, 'c', "/", 0, 0, 0}, {7, 30, 'v', "/a", 0, 0, 0}},
     "7@10+20 />0 d20 */>5 /a>15 d0;"},
    {"a click in the second of the next view",
     {{7, 10, 'v', "/", 0, 0, 0}, {7, 15, 'c', "/", 0, 0, 0}, {7, 15, 'v', "/a", 0, 0, 0}},
     "7@10+5 />0 d5 */>5 /a>0 d0;"},
    {"a click behind the last view",
     {{7, 10, 'v', "/", 0, 0, 0}, {7, 15, 'c', "/", 0, 0, 0}, {7, 20, 'c', "/", 0, 0, 0}},
     "7@10+10 />0 d0 */>5 */>5;"},
    {"a click first", {{7, 10, 'c', "/", 0, 0, 0}, {7, 30, 'v', "/a", 0, 0, 0}}, "7@10+20 */>0 /a>20 d0;"},
    {"all of a page, and more", {{7, 10, 'v', "/", 0, 5000, 0}}, "7@10+0 />0 d0 s100;"},
    {"half a second more is a second", {{7, 10, 'v', "/", 0, 0, 0}, {7, 20, 'p', "/", 3, 0, 0}}, "7@10+10 />0 d3;"},
};

static void add(struct gather *gather, const struct step *step, uint64_t sequence)
{
    struct event event = {.kind = step->kind == 'v'   ? EVENT_PAGEVIEW
                                  : step->kind == 'c' ? EVENT_STRUCT
                                                      : EVENT_PING,
                          .at_ms = START_MS + 1000ull * step->at_s,
                          .host = TEXT("shop.example"),
                          .path = text_of(step->page),
                          .title = step->kind == 'v' ? TEXT("title") : TEXT_NONE, /* as trackers do */
                          .dwell_ms = 1000ull * step->dwell_s,
                          .page_height = step->seen ? 1000 : 0,
                          .viewport_height = step->seen ? 100 : 0,
                          .scroll_y_max = step->seen ? step->seen - 100 : 0};
    struct gather_event one = {
        .sequence = sequence, .fingerprint = step->fingerprint, .visitor = step->visitor, .event = &event};

    assert_int_equal(gather_add(gather, &one), 0);
}

#define TABLE_AUTO __attribute__((cleanup(table_deinit))) struct table
#define VISIT(name) (table->columns[COLUMN_VISIT_##name])
#define HIT(name) (table->columns[COLUMN_HIT_##name])

static size_t show_hit(const struct table *table, uint32_t hit, char *at, size_t size)
{
    struct text path = table_text(table, table->columns[COLUMN_PAGE_path][HIT(page)[hit]]);
    bool is_click = HIT(act)[hit] != 0;
    int n = snprintf(at, size, " %s%.*s>%u", is_click ? "*" : "", TEXT_ARGS(path), HIT(after_s)[hit]);

    if (!is_click)
        n += snprintf(at + n, size - (size_t)n, " d%u", HIT(dwell_s)[hit]);
    if (HIT(scroll)[hit])
        n += snprintf(at + n, size - (size_t)n, " s%u", HIT(scroll)[hit] - 1);
    return (size_t)n;
}

static void show(const struct table *table, char shown[SHOWN_BYTES])
{
    size_t n = 0;
    uint32_t hit = 0;

    shown[0] = '\0';
    for (uint32_t visit = 0; visit < table->n[RELATION_VISIT]; visit++) {
        n += (size_t)snprintf(shown + n, SHOWN_BYTES - n, "%u@%u+%u", VISIT(visitor)[visit], VISIT(start_s)[visit],
                              VISIT(duration_s)[visit]);
        for (uint32_t end = hit + VISIT(n_hits)[visit]; hit < end; hit++)
            n += show_hit(table, hit, shown + n, SHOWN_BYTES - n);
        n += (size_t)snprintf(shown + n, SHOWN_BYTES - n, ";");
    }
    assert_int_equal(hit, table->n[RELATION_HIT]);
}

static void test_rows(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        TABLE_AUTO table = TABLE_INIT;
        struct gather *gather;
        char shown[SHOWN_BYTES];

        assert_int_equal(gather_new(START_MS, &gather), 0);
        for (uint64_t step = 0; step < EVENTS_MAX && rows[i].steps[step].kind; step++)
            add(gather, &rows[i].steps[step], step + 1);
        assert_int_equal(tabulate_table(gather, &table), 0);
        show(&table, shown);
        check_text(rows[i].name, text_of(shown), rows[i].shown);
        gather_free(gather);
    }
}

/* ---- what a visit and a hit take from their events ---- */

static struct event full_event(void)
{
    return (struct event){.kind = EVENT_STRUCT,
                          .at_ms = START_MS + 5000,
                          .host = TEXT("h"),
                          .path = TEXT("/p"),
                          .title = TEXT("T"),
                          .country = TEXT("DE"),
                          .region = TEXT("HE"),
                          .city = TEXT("Frankfurt"),
                          .bot = BOT_AGENT,
                          .screen_width = 1920,
                          .language = TEXT("de-AT"),
                          .device = DEVICE_DESKTOP,
                          .brand = TEXT("B"),
                          .model = TEXT("M"),
                          .os = TEXT("Linux"),
                          .os_version = TEXT("6.1"),
                          .browser = TEXT("Firefox"),
                          .browser_version = TEXT("130"),
                          .category = TEXT("event"),
                          .action = TEXT("buy"),
                          .label = TEXT("L"),
                          .property = TEXT("P"),
                          .value = TEXT("9.99"),
                          .currency = TEXT("EUR"),
                          .n_properties = 2,
                          .properties = {{TEXT("size"), TEXT("L")}, {TEXT("colour"), TEXT("red")}}};
}

static const struct field {
    enum column column;
    uint32_t row;
    const char *text;
} fields[] = {
    {COLUMN_PAGE_host, 0, "h"},
    {COLUMN_PAGE_path, 0, "/p"},
    {COLUMN_PAGE_title, 0, "T"},
    {COLUMN_AGENT_brand, 0, "B"},
    {COLUMN_AGENT_model, 0, "M"},
    {COLUMN_AGENT_os, 0, "Linux"},
    {COLUMN_AGENT_os_version, 0, "6.1"},
    {COLUMN_AGENT_browser, 0, "Firefox"},
    {COLUMN_AGENT_browser_version, 0, "130"},
    {COLUMN_PLACE_country, 0, "DE"},
    {COLUMN_PLACE_region, 0, "HE"},
    {COLUMN_PLACE_city, 0, "Frankfurt"},
    {COLUMN_VISIT_language, 0, "de-AT"},
    {COLUMN_VISIT_screen, 0, "1920 and more"},
    {COLUMN_ACT_category, 1, "event"},
    {COLUMN_ACT_action, 1, "buy"},
    {COLUMN_ACT_label, 1, "L"},
    {COLUMN_ACT_property, 1, "P"},
    {COLUMN_HIT_amount, 0, "9.99"},
    {COLUMN_HIT_currency, 0, "EUR"},
    {COLUMN_PROPERTY_name, 0, "colour"},
    {COLUMN_PROPERTY_value, 0, "red"},
    {COLUMN_PROPERTY_name, 1, "size"},
    {COLUMN_PROPERTY_value, 1, "L"},
};

static void test_every_field(void **state)
{
    struct event event = full_event();
    struct gather_event one = {.sequence = 1, .visitor = 3, .traced = true, .event = &event};
    struct gather *gather;
    TABLE_AUTO table = TABLE_INIT;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    assert_int_equal(gather_add(gather, &one), 0);
    assert_int_equal(tabulate_table(gather, &table), 0);
    for (size_t i = 0; i < N_ROWS(fields); i++)
        check_text(table_column_name(fields[i].column),
                   table_text(&table, table.columns[fields[i].column][fields[i].row]), fields[i].text);
    assert_int_equal(table.columns[COLUMN_AGENT_device][0], DEVICE_DESKTOP);
    assert_int_equal(table.columns[COLUMN_VISIT_bot][0], BOT_AGENT);
    assert_int_equal(table.columns[COLUMN_VISIT_traced][0], 1);
    assert_int_equal(table.columns[COLUMN_HIT_act][0], 1);
    assert_int_equal(table.columns[COLUMN_HIT_set][0], 1);
    assert_int_equal(table.n[RELATION_AGENT], 1); /* the empty one is not used, and not there */
    gather_free(gather);
}

/* What its visitor let it say is told of a page view, too, but it is no act, whatever it says. */
static void test_view_with_details(void **state)
{
    struct event events[] = {full_event(), full_event()};
    struct gather *gather;
    TABLE_AUTO table = TABLE_INIT;

    events[0].kind = EVENT_PAGEVIEW;
    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (uint64_t i = 0; i < N_ROWS(events); i++) {
        struct gather_event one = {.sequence = i + 1, .visitor = 3, .traced = true, .event = &events[i]};
        assert_int_equal(gather_add(gather, &one), 0);
    }
    assert_int_equal(tabulate_table(gather, &table), 0);
    assert_int_equal(table.n[RELATION_HIT], 2);
    for (size_t hit = 0; hit < 2; hit++) {
        assert_int_equal(table.columns[COLUMN_HIT_act][hit], hit);
        assert_int_equal(table.columns[COLUMN_HIT_set][hit], 1);
        assert_text(table_text(&table, table.columns[COLUMN_HIT_amount][hit]), "9.99");
        assert_text(table_text(&table, table.columns[COLUMN_HIT_currency][hit]), "EUR");
    }
    gather_free(gather);
}

/* Of agent, place, language and screen each comes from the first event that has it, as no event has all of them. */
static void test_context(void **state)
{
    struct event events[] = {
        {.kind = EVENT_PING, .at_ms = START_MS, .path = TEXT("/"), .bot = BOT_AGENT},
        {.kind = EVENT_STRUCT, .at_ms = START_MS + 1, .path = TEXT("/"), .browser = TEXT("Firefox"), .bot = BOT_AGENT},
        {.kind = EVENT_PAGEVIEW,
         .at_ms = START_MS + 2,
         .path = TEXT("/"),
         .browser = TEXT("Chrome"),
         .language = TEXT("de"),
         .country = TEXT("AT"),
         .screen_width = 400}};
    struct gather *gather;
    TABLE_AUTO table = TABLE_INIT;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (uint64_t i = 0; i < N_ROWS(events); i++) {
        struct gather_event one = {.sequence = i + 1, .visitor = 3, .event = &events[i]};
        assert_int_equal(gather_add(gather, &one), 0);
    }
    assert_int_equal(tabulate_table(gather, &table), 0);
    assert_int_equal(table.n[RELATION_VISIT], 1);
    assert_text(table_text(&table, table.columns[COLUMN_AGENT_browser][table.columns[COLUMN_VISIT_agent][0]]),
                "Firefox");
    assert_text(table_text(&table, table.columns[COLUMN_PLACE_country][table.columns[COLUMN_VISIT_place][0]]), "AT");
    assert_text(table_text(&table, table.columns[COLUMN_VISIT_language][0]), "de");
    assert_true(table.columns[COLUMN_VISIT_screen][0] != 0);
    assert_int_equal(table.columns[COLUMN_VISIT_bot][0], BOT_AGENT);
    gather_free(gather);
}

/* A visit came from where its first page view came from; a later one does not change that. */
static void test_origin(void **state)
{
    struct event views[] = {{.kind = EVENT_STRUCT, .at_ms = START_MS, .source = TEXT("never"), .path = TEXT("/")},
                            {.kind = EVENT_PAGEVIEW,
                             .at_ms = START_MS + 1,
                             .channel = CHANNEL_SEARCH,
                             .source = TEXT("Google"),
                             .path = TEXT("/"),
                             .utm_term = TEXT("hats")},
                            {.kind = EVENT_PAGEVIEW,
                             .at_ms = START_MS + 2,
                             .channel = CHANNEL_INTERNAL,
                             .source = TEXT("later"),
                             .path = TEXT("/")}};
    struct gather *gather;
    TABLE_AUTO table = TABLE_INIT;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (uint64_t i = 0; i < N_ROWS(views); i++) {
        struct gather_event one = {.sequence = i + 1, .visitor = 3, .event = &views[i]};
        assert_int_equal(gather_add(gather, &one), 0);
    }
    assert_int_equal(tabulate_table(gather, &table), 0);
    assert_int_equal(table.n[RELATION_VISIT], 1);
    assert_int_equal(table.n[RELATION_ORIGIN], 1);
    assert_int_equal(table.columns[COLUMN_ORIGIN_channel][0], CHANNEL_SEARCH);
    assert_text(table_text(&table, table.columns[COLUMN_ORIGIN_source][0]), "Google");
    assert_text(table_text(&table, table.columns[COLUMN_ORIGIN_utm_term][0]), "hats");
    gather_free(gather);
}

/* Without a time nothing is told; what says nothing of itself is a click all the same. */
static void test_odd_ones(void **state)
{
    struct event timeless = {.kind = EVENT_STRUCT, .action = TEXT("buy")};
    struct event mute = {.kind = EVENT_STRUCT, .at_ms = START_MS};
    struct event early = {.kind = EVENT_PAGEVIEW, .at_ms = START_MS - 60000, .path = TEXT("/")};
    struct gather_event all[] = {{.sequence = 1, .visitor = 1, .event = &timeless},
                                 {.sequence = 2, .visitor = 2, .event = &mute},
                                 {.sequence = 3, .visitor = 3, .event = &early}};
    struct gather *gather;
    TABLE_AUTO table = TABLE_INIT;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (size_t i = 0; i < N_ROWS(all); i++)
        assert_int_equal(gather_add(gather, &all[i]), 0);
    assert_int_equal(gather_n_events(gather), 2);
    assert_int_equal(gather_n_left_out(gather), 0);
    assert_int_equal(tabulate_table(gather, &table), 0);
    assert_int_equal(table.n[RELATION_VISIT], 2);
    assert_int_equal(table.columns[COLUMN_VISIT_visitor][0], 2);
    assert_int_not_equal(table.columns[COLUMN_HIT_act][0], 0);
    assert_int_equal(table.columns[COLUMN_VISIT_start_s][1], 0);
    gather_free(gather);
}

/* ---- pure: visitors' events mixed in any way give the same bytes ---- */

#define MANY 3000
#define VISITORS 200

static uint32_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* One after the other, or visitor by visitor: each visitor's own keep their order. */
static void add_many(struct gather *gather, bool by_visitor)
{
    static const char *const pages[] = {"/", "/a", "/b", "/c", "/d", "/e", "/f"};
    uint64_t sequence = 0;

    for (uint32_t visitor = 0; visitor < (by_visitor ? VISITORS : 1); visitor++) {
        uint64_t state = 42;

        for (uint32_t i = 0; i < MANY; i++) {
            uint32_t whose = next(&state) % VISITORS;
            struct step step = {.visitor = whose,
                                .at_s = i * 20 + next(&state) % 60,
                                .kind = "vvcp"[next(&state) % 4],
                                .page = pages[next(&state) % N_ROWS(pages)],
                                .dwell_s = next(&state) % 5,
                                .fingerprint = next(&state) % 1000};
            if (!by_visitor || whose == visitor)
                add(gather, &step, ++sequence);
        }
    }
}

static void make_segment(bool by_visitor, struct buffer *buffer)
{
    struct gather *gather;
    TABLE_AUTO table = TABLE_INIT;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    add_many(gather, by_visitor);
    assert_int_equal(gather_n_events(gather), MANY);
    assert_int_equal(tabulate_table(gather, &table), 0);
    segment_encode(&table, buffer);
    assert_int_equal(buffer->fault, 0);
    gather_free(gather);
}

static void test_pure(void **state)
{
    BUFFER_AUTO a = BUFFER_INIT(SEGMENT_BYTES_MAX), b = BUFFER_INIT(SEGMENT_BYTES_MAX);

    make_segment(false, &a);
    make_segment(true, &b);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
}

/* Asked in between, it goes on. */
static void test_grows(void **state)
{
    struct gather *gather;
    char shown[SHOWN_BYTES];
    struct step first = {7, 10, 'v', "/", 0, 0, 0}, second = {7, 70, 'v', "/a", 0, 0, 0};

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (unsigned i = 0; i < 2; i++) {
        TABLE_AUTO table = TABLE_INIT;

        add(gather, i ? &second : &first, i + 1);
        assert_int_equal(tabulate_table(gather, &table), 0);
        show(&table, shown);
        assert_string_equal(shown, i ? "7@10+60 />0 d60 /a>60 d0;" : "7@10+0 />0 d0;");
    }
    gather_free(gather);
}

/* The most frequent text has the smallest number, ties by their bytes; and so have rows. */
static void test_numbers(void **state)
{
    static const char *const pages[] = {"/z", "/a", "/b", "/b", "/z", "/z"};
    static const char *const wanted[] = {"/z", "/b", "/a"};
    struct gather *gather;
    TABLE_AUTO table = TABLE_INIT;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (uint32_t i = 0; i < N_ROWS(pages); i++)
        add(gather, &(struct step){.visitor = i, .kind = 'v', .page = pages[i]}, i + 1);
    assert_int_equal(tabulate_table(gather, &table), 0);
    assert_int_equal(table.n[RELATION_PAGE], N_ROWS(wanted));
    for (uint32_t i = 0; i < N_ROWS(wanted); i++)
        check_text(wanted[i], table_text(&table, table.columns[COLUMN_PAGE_path][i]), wanted[i]);
    /* "" first, then host and title of all pages, then the paths by their bytes: a row refers to each once. */
    assert_text(table_text(&table, 1), "shop.example");
    assert_text(table_text(&table, 2), "title");
    assert_text(table_text(&table, 3), "/a");
    assert_text(table_text(&table, 5), "/z");
    gather_free(gather);
}

/* ---- programs by what they do ---- */

struct view {
    uint32_t visitor;
    int64_t at_ms; /* since the start */
    const char *address;
    enum bot bot; /* as it says itself */
    bool alive;
};

static void add_view(struct gather *gather, struct view view)
{
    struct event event = {.kind = EVENT_PAGEVIEW,
                          .at_ms = (uint64_t)(START_MS + view.at_ms),
                          .path = TEXT("/"),
                          .bot = view.bot,
                          .dwell_ms = view.alive ? 1000 : 0,
                          .address = text_of(view.address)};
    struct gather_event one = {.sequence = gather_n_events(gather) + 1, .visitor = view.visitor, .event = &event};

    assert_int_equal(gather_add(gather, &one), 0);
}

static void check_visits(const char *name, const struct gather *gather, unsigned of_people, unsigned of_bots,
                         enum bot bot)
{
    TABLE_AUTO table = TABLE_INIT;
    unsigned n_people = 0, n_bots = 0;

    assert_int_equal(tabulate_table(gather, &table), 0);
    for (uint32_t i = 0; i < table.n[RELATION_VISIT]; i++) {
        n_people += table.columns[COLUMN_VISIT_bot][i] == BOT_NONE;
        n_bots += table.columns[COLUMN_VISIT_bot][i] == bot;
    }
    check_equal(name, n_people, of_people);
    check_equal(name, n_bots, of_bots);
    check_equal(name, n_people + n_bots, table.n[RELATION_VISIT]);
}

/* A visit that is too fast is a program's; the one before it and the one after it are not. */
static void test_speed(void **state)
{
    struct gather *gather;
    int64_t at_ms = VISIT_GAP_MS + 1;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    add_view(gather, (struct view){1, 0, "abc", BOT_NONE, true});
    for (unsigned i = 0; i < BOT_SPEED_VIEWS - 1; i++)
        add_view(gather, (struct view){1, at_ms + i * (BOT_SPEED_MS / (BOT_SPEED_VIEWS - 1)), "abc", BOT_NONE, true});
    check_visits("one too few", gather, 2, 0, BOT_SPEED);
    add_view(gather, (struct view){1, at_ms + BOT_SPEED_MS + 1, "abc", BOT_NONE, true});
    check_visits("a millisecond too slow", gather, 2, 0, BOT_SPEED);
    add_view(gather, (struct view){1, at_ms + BOT_SPEED_MS, "abc", BOT_NONE, true});
    check_visits("too fast", gather, 1, 1, BOT_SPEED);
    add_view(gather, (struct view){1, at_ms + 2 * VISIT_GAP_MS, "abc", BOT_NONE, true});
    check_visits("and slow again", gather, 2, 1, BOT_SPEED);
    gather_free(gather);
}

/* What an event says of itself stands, however fast it is. */
static void test_speed_of_a_program(void **state)
{
    struct gather *gather;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (unsigned i = 0; i < BOT_SPEED_VIEWS; i++)
        add_view(gather, (struct view){1, i, "abc", BOT_AGENT, true});
    check_visits("a program that says so", gather, 0, 1, BOT_AGENT);
    gather_free(gather);
}

static struct gather *crowd_of(unsigned n_lone, unsigned n_alive, unsigned n_others, unsigned n_others_alive)
{
    struct gather *gather;
    uint32_t visitor = 0;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (unsigned i = 0; i < n_lone + n_alive; i++)
        add_view(gather, (struct view){visitor++, i, "abc", BOT_NONE, i >= n_lone});
    for (unsigned i = 0; i < n_others; i++)
        add_view(gather, (struct view){visitor++, i, "xyz", BOT_NONE, i < n_others_alive});
    return gather;
}

static void test_crowd(void **state)
{
    enum { MIN = BOT_CROWD_VISITORS_MIN };
    static const struct {
        const char *name;
        unsigned n_lone, n_alive, n_others, n_others_alive, n_bots;
    } crowds[] = {
        {"a crowd", MIN, 0, 10, 6, MIN},
        {"too few", MIN - 1, 0, 10, 6, 0},
        {"nine in ten", 9 * MIN, MIN, 10, 6, 9 * MIN},
        {"fewer than that", 9 * MIN - 1, MIN, 10, 6, 0},
        {"where half of the others do not live either", MIN, 0, 10, 5, 0},
        {"where there is nobody else", MIN, 0, 0, 0, 0},
        {"whose others are many", MIN, 0, 8 * MIN, 8 * MIN, MIN},
    };

    for (size_t i = 0; i < N_ROWS(crowds); i++) {
        unsigned n = crowds[i].n_lone + crowds[i].n_alive + crowds[i].n_others;
        struct gather *gather =
            crowd_of(crowds[i].n_lone, crowds[i].n_alive, crowds[i].n_others, crowds[i].n_others_alive);

        check_visits(crowds[i].name, gather, n - crowds[i].n_bots, crowds[i].n_bots, BOT_CROWD);
        gather_free(gather);
    }
}

/* Who comes back is no longer one of a crowd; and a network that is unknown is none. */
static void test_crowd_is_asked_again(void **state)
{
    enum { MIN = BOT_CROWD_VISITORS_MIN };
    struct gather *gather = crowd_of(MIN, 0, 10, 10);

    check_visits("at first", gather, 10, MIN, BOT_CROWD);
    for (uint32_t visitor = 0; visitor < MIN / 5; visitor++)
        add_view(gather, (struct view){visitor, 60000, "abc", BOT_NONE, false});
    check_visits("some came back", gather, MIN + 10, 0, BOT_CROWD);
    gather_free(gather);

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (uint32_t visitor = 0; visitor < 2 * MIN; visitor++)
        add_view(gather, (struct view){visitor, visitor, "", BOT_NONE, false});
    add_view(gather, (struct view){2 * MIN, 0, "xyz", BOT_NONE, true});
    check_visits("of no network", gather, 2 * MIN + 1, 0, BOT_CROWD);
    gather_free(gather);
}

/* A whole address and its network are the same network; another /24 is not. */
static void test_networks(void **state)
{
    enum { MIN = BOT_CROWD_VISITORS_MIN };
    static const struct {
        const char *name, *address, *other;
        unsigned n_bots;
    } pairs[] = {
        {"a whole IPv4 address", "abc1", "abc", MIN},
        {"two of one /24", "abc1", "abc2", MIN},
        {"two of different /24", "abc1", "abd1", 0},
        {"two of one /48", "abcdef0123456789", "abcdef", MIN},
        {"two of different /48", "abcdef0123456789", "abcdeg0123456789", 0},
        {"no address at all", "ab", "ab", 0},
    };

    for (size_t i = 0; i < N_ROWS(pairs); i++) {
        struct gather *gather;

        assert_int_equal(gather_new(START_MS, &gather), 0);
        for (uint32_t visitor = 0; visitor < MIN; visitor++)
            add_view(gather,
                     (struct view){visitor, 0, visitor % 2 ? pairs[i].address : pairs[i].other, BOT_NONE, false});
        add_view(gather, (struct view){MIN, 0, "xyz", BOT_NONE, true});
        check_visits(pairs[i].name, gather, MIN + 1 - pairs[i].n_bots, pairs[i].n_bots, BOT_CROWD);
        gather_free(gather);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_view_with_details),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_odd_ones),
        cmocka_unit_test(test_pure),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_speed),
        cmocka_unit_test(test_speed_of_a_program),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_crowd_is_asked_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
