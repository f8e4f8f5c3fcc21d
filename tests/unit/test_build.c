/*
 * Building days: the rules as a table, everything else against a plain
 * computation that looks at every pair of events, and each allocation failing
 * in turn.
 *
 * Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc.
 */
#include "crumb/base/limits.h"
#include "crumb/rollup/build.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MINUTE 60000LL
#define EVENTS_MAX 48
#define FILE_BYTES_MAX (8u << 20)

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *pointer, size_t size);

/* This many allocations from now one fails; negative: none does. */
static long n_until_failure = -1;

static bool fails_now(void) { return n_until_failure >= 0 && n_until_failure-- == 0; }

void *__wrap_malloc(size_t size) { return fails_now() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t n, size_t size) { return fails_now() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *pointer, size_t size) { return fails_now() ? NULL : __real_realloc(pointer, size); }

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static struct build *build_of(const struct build_event *events, size_t n)
{
    struct build *build = NULL;

    assert_int_equal(build_new(&build), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(build_add(build, &events[i]), 0);
    assert_int_equal(build_n_events(build), n);
    return build;
}

static struct cells cells_of(struct build *build, enum dimension dimension, int64_t from_ms, int64_t to_ms)
{
    struct cells cells = CELLS_INIT;

    assert_int_equal(build_cells(build, dimension, from_ms, to_ms, &cells), 0);
    return cells;
}

static void assert_same_file(struct cells *a, struct cells *b)
{
    BUFFER_AUTO left = BUFFER_INIT(FILE_BYTES_MAX);
    BUFFER_AUTO right = BUFFER_INIT(FILE_BYTES_MAX);

    cells_encode(a, &left);
    cells_encode(b, &right);
    assert_int_equal(left.fault, 0);
    assert_true(text_equal(buffer_text(&left), buffer_text(&right)));
}

/* The rules. */

struct row_event {
    char visitor; /* 0: no more events */
    int64_t at_ms;
    enum event_kind kind;
    const char *page;
    uint64_t fingerprint;
};

struct row_cell {
    const char *value; /* NULL: no more cells */
    uint64_t pageviews, visits, entries, bounces, duration_ms, entry_pageviews, visitors;
};

#define PV EVENT_PAGEVIEW
#define PP EVENT_PING
#define SE EVENT_STRUCT

static const struct row {
    const char *name;
    struct row_event events[5];
    struct row_cell total, pages[3];
} rows[] = {
    {.name = "no event"},
    {.name = "one page view is a bounce",
     .events = {{'a', 0, PV, "/", 0}},
     .total = {"", 1, 1, 1, 1, 0, 1, 1},
     .pages = {{"/", 1, 1, 1, 1, 0, 1, 1}}},
    {.name = "two page views are none",
     .events = {{'a', 0, PV, "/", 0}, {'a', 5000, PV, "/b", 0}},
     .total = {"", 2, 1, 1, 0, 5000, 2, 1},
     .pages = {{"/", 1, 1, 1, 0, 5000, 2, 1}, {"/b", 1, 1, 0, 0, 0, 0, 1}}},
    {.name = "pings keep the bounce and lengthen the visit",
     .events = {{'a', 0, PV, "/", 0}, {'a', MINUTE, PP, "/", 0}, {'a', 3 * MINUTE, PP, "/", 0}},
     .total = {"", 1, 1, 1, 1, 3 * MINUTE, 1, 1},
     .pages = {{"/", 1, 1, 1, 1, 3 * MINUTE, 1, 1}}},
    {.name = "an act is no bounce",
     .events = {{'a', 0, PV, "/", 0}, {'a', 9, SE, "/", 0}},
     .total = {"", 1, 1, 1, 0, 9, 1, 1},
     .pages = {{"/", 1, 1, 1, 0, 9, 1, 1}}},
    {.name = "pings alone are a visit of no page",
     .events = {{'a', 0, PP, "/", 0}, {'a', 9, PP, "/b", 0}},
     .total = {"", 0, 1, 1, 1, 9, 0, 1}},
    {.name = "acts alone too", .events = {{'a', 0, SE, "/", 0}}, .total = {"", 0, 1, 1, 0, 0, 0, 1}},
    {.name = "a visit begins with the page of its first view",
     .events = {{'a', 0, PP, "/", 0}, {'a', 5, SE, "", 0}, {'a', 7, PV, "/b", 0}, {'a', 9, PV, "/c", 0}},
     .total = {"", 2, 1, 1, 0, 9, 2, 1},
     .pages = {{"/b", 1, 1, 1, 0, 9, 2, 1}, {"/c", 1, 1, 0, 0, 0, 0, 1}}},
    {.name = "a ping after the gap begins a visit of no page",
     .events = {{'a', 0, PV, "/", 0}, {'a', VISIT_GAP_MS + 1, PP, "/", 0}},
     .total = {"", 1, 2, 2, 2, 0, 1, 1},
     .pages = {{"/", 1, 1, 1, 1, 0, 1, 1}}},
    {.name = "a ping after the gap and a view begin one with the view's page",
     .events = {{'a', 0, PV, "/", 0}, {'a', VISIT_GAP_MS + 1, PP, "/", 0}, {'a', VISIT_GAP_MS + 3, PV, "/b", 0}},
     .total = {"", 2, 2, 2, 2, 2, 2, 1},
     .pages = {{"/", 1, 1, 1, 1, 0, 1, 1}, {"/b", 1, 1, 1, 1, 2, 1, 1}}},
    {.name = "a silence as long as the gap does not end the visit",
     .events = {{'a', 0, PV, "/", 0}, {'a', VISIT_GAP_MS, PV, "/", 0}},
     .total = {"", 2, 1, 1, 0, VISIT_GAP_MS, 2, 1},
     .pages = {{"/", 2, 1, 1, 0, VISIT_GAP_MS, 2, 1}}},
    {.name = "a longer one does",
     .events = {{'a', 0, PV, "/", 0}, {'a', VISIT_GAP_MS + 1, PV, "/", 0}},
     .total = {"", 2, 2, 2, 2, 0, 2, 1},
     .pages = {{"/", 2, 2, 2, 2, 0, 2, 1}}},
    {.name = "a ping breaks the silence",
     .events = {{'a', 0, PV, "/", 0}, {'a', 20 * MINUTE, PP, "/", 0}, {'a', 40 * MINUTE, PV, "/", 0}},
     .total = {"", 2, 1, 1, 0, 40 * MINUTE, 2, 1},
     .pages = {{"/", 2, 1, 1, 0, 40 * MINUTE, 2, 1}}},
    {.name = "visitors have visits of their own",
     .events = {{'a', 0, PV, "/", 0}, {'b', 1, PV, "/", 0}, {'a', 2, PV, "/b", 0}},
     .total = {"", 3, 2, 2, 1, 2, 3, 2},
     .pages = {{"/", 2, 2, 2, 1, 2, 3, 2}, {"/b", 1, 1, 0, 0, 0, 0, 1}}},
    {.name = "a page seen twice is one visit of it",
     .events = {{'a', 0, PV, "/", 0}, {'a', 1, PV, "/b", 0}, {'a', 2, PV, "/", 0}, {'a', 3, PV, "/b", 0}},
     .total = {"", 4, 1, 1, 0, 3, 4, 1},
     .pages = {{"/", 2, 1, 1, 0, 3, 4, 1}, {"/b", 2, 1, 0, 0, 0, 0, 1}}},
    {.name = "of events with one fingerprint the earliest counts",
     .events = {{'a', 9, PV, "/b", 7}, {'a', 3, PV, "/", 7}, {'a', 5, PV, "/b", 7}},
     .total = {"", 1, 1, 1, 1, 0, 1, 1},
     .pages = {{"/", 1, 1, 1, 1, 0, 1, 1}}},
    {.name = "of those of one time the lowest sequence",
     .events = {{'a', 3, PV, "/", 7}, {'a', 3, PV, "/b", 7}},
     .total = {"", 1, 1, 1, 1, 0, 1, 1},
     .pages = {{"/", 1, 1, 1, 1, 0, 1, 1}}},
    {.name = "two visitors may have one fingerprint",
     .events = {{'a', 0, PV, "/", 7}, {'b', 0, PV, "/", 7}},
     .total = {"", 2, 2, 2, 2, 0, 2, 2},
     .pages = {{"/", 2, 2, 2, 2, 0, 2, 2}}},
    {.name = "no fingerprint is not one",
     .events = {{'a', 0, PV, "/", 0}, {'a', 0, PV, "/", 0}},
     .total = {"", 2, 1, 1, 0, 0, 2, 1},
     .pages = {{"/", 2, 1, 1, 0, 0, 2, 1}}},
    {.name = "no page is a page too",
     .events = {{'a', 0, PV, "", 0}},
     .total = {"", 1, 1, 1, 1, 0, 1, 1},
     .pages = {{"", 1, 1, 1, 1, 0, 1, 1}}},
    {.name = "any times",
     .events = {{'a', INT64_MIN, PV, "/", 0}, {'a', INT64_MAX - 1, PV, "/", 0}, {'a', INT64_MAX - 9, PV, "/", 0}},
     .total = {"", 3, 2, 2, 1, 8, 3, 1},
     .pages = {{"/", 3, 2, 2, 1, 8, 3, 1}}},
};

static void assert_cells(const char *name, const struct row_cell *expected, size_t n_max, struct cells *cells)
{
    size_t n = 0;

    for (; n < n_max && expected[n].value; n++) {
        struct cell *cell = &cells->cells[n];

        if (n == cells->n_cells)
            fail_msg("%s: the cell of \"%s\" is missing", name, expected[n].value);
        const struct row_cell found = {
            expected[n].value, cell->pageviews,   cell->visits,          cell->entries,
            cell->bounces,     cell->duration_ms, cell->entry_pageviews, hll_count(&cell->visitors)};
        if (!text_equal(cell->value, text_of(expected[n].value)) || memcmp(&found, &expected[n], sizeof found) != 0)
            fail_msg("%s: the cell of \"%s\" is wrong", name, expected[n].value);
    }
    if (cells->n_cells != n)
        fail_msg("%s: %zu cells", name, cells->n_cells);
}

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct build *build = build_of(NULL, 0);

        for (size_t k = 0; k < 5 && rows[i].events[k].visitor; k++) {
            const struct row_event *from = &rows[i].events[k];
            struct build_event event = {.sequence = k,
                                        .at_ms = from->at_ms,
                                        .visitor = {(uint8_t)from->visitor},
                                        .fingerprint = from->fingerprint,
                                        .kind = from->kind,
                                        .page = text_of(from->page)};
            assert_int_equal(build_add(build, &event), 0);
        }
        struct cells total = cells_of(build, DIMENSION_TOTAL, INT64_MIN, INT64_MAX);
        struct cells pages = cells_of(build, DIMENSION_PAGE, INT64_MIN, INT64_MAX);
        assert_cells(rows[i].name, &rows[i].total, 1, &total);
        assert_cells(rows[i].name, rows[i].pages, 3, &pages);
        cells_deinit(&total);
        cells_deinit(&pages);
        build_free(build);
    }
}

/* The oracle. */

struct day {
    struct build_event events[EVENTS_MAX];
    size_t entries[EVENTS_MAX]; /* the event that begins the visit of each */
    size_t n;
};

static const char *const pages[] = {"", "/", "/a", "/ab", "/b"};
static const char *const bots[] = {"agent", "automation", "headers"};
static const char *const networks[] = {"", "abc", "abd"};

/* Few visitors, pages, times and fingerprints, so that all that can coincide does. */
static struct day make_day(uint64_t seed)
{
    static const int64_t offsets[] = {0, 0, 1, 2, 5 * MINUTE};
    struct day day = {.n = next_random(&seed) % EVENTS_MAX};

    for (size_t i = 0; i < day.n; i++) {
        struct build_event *event = &day.events[i];

        *event = (struct build_event){
            .sequence = 1000 + i,
            .at_ms = (int64_t)(next_random(&seed) % 30) * VISIT_GAP_MS / 2 + offsets[next_random(&seed) % 5],
            .fingerprint = next_random(&seed) % 3 ? 0 : 1 + next_random(&seed) % 6,
            .kind = (enum event_kind)(EVENT_PAGEVIEW + next_random(&seed) % 3),
            .page = text_of(pages[next_random(&seed) % 5]),
            .bot = next_random(&seed) % 3 ? BOT_NONE : (enum bot)(BOT_AGENT + next_random(&seed) % 3),
            .alive = next_random(&seed) % 2,
            .network = text_of(networks[next_random(&seed) % 3]),
        };
        event->visitor[15] = (uint8_t)(next_random(&seed) % 3);
    }
    return day;
}

static bool same_visitor(const struct build_event *a, const struct build_event *b)
{
    return memcmp(a->visitor, b->visitor, sizeof a->visitor) == 0;
}

static bool before(const struct build_event *a, const struct build_event *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->sequence < b->sequence);
}

/* The first event of the visit that event @i belongs to: the last one up to @i that silence precedes. */
static size_t entry_of(const struct day *day, size_t i)
{
    const struct build_event *event = &day->events[i];
    size_t entry = i;
    bool found = false;

    for (size_t j = 0; j < day->n; j++) {
        const struct build_event *first = &day->events[j];
        bool silence = same_visitor(first, event) && !before(event, first);

        for (size_t k = 0; k < day->n; k++)
            silence &= !(same_visitor(&day->events[k], first) && before(&day->events[k], first) &&
                         first->at_ms - day->events[k].at_ms <= VISIT_GAP_MS);
        if (silence && (!found || before(&day->events[entry], first))) {
            entry = j;
            found = true;
        }
    }
    return entry;
}

/* The events that count: not repeated, and then within the window and of people, or of programs. */
static struct day events_that_count(const struct day *day, int64_t from_ms, int64_t to_ms, bool of_bots)
{
    struct day counted = {.n = 0};

    for (size_t i = 0; i < day->n; i++) {
        const struct build_event *event = &day->events[i];
        bool repeated = false;

        for (size_t j = 0; j < day->n; j++)
            repeated |= event->fingerprint && day->events[j].fingerprint == event->fingerprint &&
                        same_visitor(event, &day->events[j]) && before(&day->events[j], event);
        if (!repeated && event->at_ms >= from_ms && event->at_ms < to_ms && (event->bot != BOT_NONE) == of_bots)
            counted.events[counted.n++] = *event;
    }
    for (size_t i = 0; i < counted.n; i++)
        counted.entries[i] = entry_of(&counted, i);
    return counted;
}

/* Whether event @i is what its visit begins with: the first event, or, among pages, the first page view. */
static bool is_entry(const struct day *day, size_t i, bool among_pages)
{
    if (!among_pages)
        return day->entries[i] == i;
    if (day->events[i].kind != EVENT_PAGEVIEW)
        return false;
    for (size_t j = 0; j < day->n; j++)
        if (day->events[j].kind == EVENT_PAGEVIEW && day->entries[j] == day->entries[i] &&
            before(&day->events[j], &day->events[i]))
            return false;
    return true;
}

/* Adds to @cell the visit whose first event is @entry. */
static void expect_entry(const struct day *day, size_t entry, struct cell *cell)
{
    uint64_t n_pageviews = 0, n_acts = 0;
    int64_t duration_ms = 0;

    for (size_t i = 0; i < day->n; i++) {
        if (day->entries[i] != entry)
            continue;
        n_pageviews += day->events[i].kind == EVENT_PAGEVIEW;
        n_acts += day->events[i].kind == EVENT_STRUCT;
        if (duration_ms < day->events[i].at_ms - day->events[entry].at_ms)
            duration_ms = day->events[i].at_ms - day->events[entry].at_ms;
    }
    cell->entries++;
    cell->bounces += n_pageviews < 2 && n_acts == 0;
    cell->duration_ms += (uint64_t)duration_ms;
    cell->entry_pageviews += n_pageviews;
}

static struct cell expect_cell(const struct day *day, enum dimension dimension, const char *value)
{
    struct cell cell = {.value = text_of(value)};
    bool visited[EVENTS_MAX] = {false}, by_page = dimension == DIMENSION_PAGE;

    for (size_t i = 0; i < day->n; i++) {
        const struct build_event *event = &day->events[i];
        struct text own = by_page                      ? event->page
                          : dimension == DIMENSION_BOT ? text_of(words_bot(event->bot))
                                                       : TEXT("");
        bool here = text_equal(own, cell.value);
        size_t entry = day->entries[i];

        if (here && is_entry(day, i, by_page))
            expect_entry(day, entry, &cell);
        if (here && event->kind == EVENT_PAGEVIEW)
            cell.pageviews++;
        if (here && (!by_page || event->kind == EVENT_PAGEVIEW)) {
            cell.visits += !visited[entry];
            visited[entry] = true;
            assert_int_equal(hll_add(&cell.visitors, event->visitor, sizeof event->visitor), 0);
        }
    }
    return cell;
}

static struct cells expect_cells(const struct day *day, enum dimension dimension)
{
    static const char *const total[] = {""};
    static const struct {
        const char *const *values;
        size_t n;
    } all[] = {[DIMENSION_TOTAL] = {total, 1}, [DIMENSION_PAGE] = {pages, 5}, [DIMENSION_BOT] = {bots, 3}};
    struct cells cells = {.cells = calloc(5, sizeof *cells.cells)};

    for (size_t i = 0; i < all[dimension].n; i++) {
        struct cell cell = expect_cell(day, dimension, all[dimension].values[i]);
        if (cell.visits)
            cells.cells[cells.n_cells++] = cell;
    }
    return cells;
}

static void test_against_oracle(void **state)
{
    const int64_t windows[][2] = {{INT64_MIN, INT64_MAX}, {0, 4 * 60 * MINUTE}, {45 * MINUTE, 90 * MINUTE + 1}, {7, 7}};
    (void)state;

    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct day day = make_day(seed);
        struct build *build = build_of(day.events, day.n);

        for (size_t i = 0; i < 4; i++) {
            for (enum dimension dimension = DIMENSION_TOTAL; dimension < DIMENSION_N; dimension++) {
                struct day counted = events_that_count(&day, windows[i][0], windows[i][1], dimension == DIMENSION_BOT);
                struct cells expected = expect_cells(&counted, dimension);
                struct cells cells = cells_of(build, dimension, windows[i][0], windows[i][1]);
                assert_same_file(&cells, &expected);
                cells_deinit(&cells);
                cells_deinit(&expected);
            }
        }
        build_free(build);
    }
}

static void shuffle(struct day *day, uint64_t seed)
{
    for (size_t i = day->n; i > 1; i--) {
        size_t j = next_random(&seed) % i;
        struct build_event kept = day->events[i - 1];
        day->events[i - 1] = day->events[j];
        day->events[j] = kept;
    }
}

static void test_order_of_arrival_does_not_matter(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct day day = make_day(seed);

        /* Not even among events of one time and sequence. */
        for (size_t i = 0; i < day.n && seed % 2; i++)
            day.events[i].sequence = 5;
        struct day shuffled = day;
        shuffle(&shuffled, seed);
        struct build *left = build_of(day.events, day.n), *right = build_of(shuffled.events, shuffled.n);
        for (enum dimension dimension = DIMENSION_TOTAL; dimension < DIMENSION_N; dimension++) {
            struct cells a = cells_of(left, dimension, INT64_MIN, INT64_MAX);
            struct cells b = cells_of(right, dimension, INT64_MIN, INT64_MAX);
            assert_same_file(&a, &b);
            cells_deinit(&a);
            cells_deinit(&b);
        }
        build_free(left);
        build_free(right);
    }
}

static void test_more_events_after_a_question(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct day day = make_day(seed);
        struct build *grown = build_of(NULL, 0), *whole = build_of(day.events, day.n);

        for (size_t i = 0; i < day.n; i++) {
            struct cells so_far = cells_of(grown, DIMENSION_PAGE, INT64_MIN, INT64_MAX);
            cells_deinit(&so_far);
            assert_int_equal(build_add(grown, &day.events[i]), 0);
        }
        struct cells a = cells_of(grown, DIMENSION_PAGE, INT64_MIN, INT64_MAX);
        struct cells b = cells_of(whole, DIMENSION_PAGE, INT64_MIN, INT64_MAX);
        assert_same_file(&a, &b);
        cells_deinit(&a);
        cells_deinit(&b);
        build_free(grown);
        build_free(whole);
    }
}

/* Programs by what they do. */

static void add_view(struct build *build, uint16_t visitor, int64_t at_ms, const char *network, bool alive)
{
    struct build_event event = {.sequence = build_n_events(build),
                                .at_ms = at_ms,
                                .visitor = {(uint8_t)visitor, (uint8_t)(visitor >> 8)},
                                .kind = EVENT_PAGEVIEW,
                                .page = TEXT("/"),
                                .alive = alive,
                                .network = text_of(network)};
    assert_int_equal(build_add(build, &event), 0);
}

static void assert_visits(struct build *build, uint64_t of_people, uint64_t of_bots, const char *why)
{
    struct cells people = cells_of(build, DIMENSION_TOTAL, INT64_MIN, INT64_MAX);
    struct cells programs = cells_of(build, DIMENSION_BOT, INT64_MIN, INT64_MAX);

    assert_int_equal(people.n_cells ? people.cells[0].visits : 0, of_people);
    assert_int_equal(programs.n_cells, of_bots > 0);
    if (of_bots) {
        assert_int_equal(programs.cells[0].visits, of_bots);
        assert_true(text_equal(programs.cells[0].value, text_of(why)));
    }
    cells_deinit(&people);
    cells_deinit(&programs);
}

/* A visit that is too fast is a program's; the one before it and the one after it are not. */
static void test_speed(void **state)
{
    struct build *build = build_of(NULL, 0);
    int64_t at_ms = 0;
    (void)state;

    add_view(build, 1, at_ms, "abc", true);
    at_ms += VISIT_GAP_MS + 1;
    for (unsigned i = 0; i < BOT_SPEED_VIEWS - 1; i++)
        add_view(build, 1, at_ms + i * (BOT_SPEED_MS / (BOT_SPEED_VIEWS - 1)), "abc", true);
    assert_visits(build, 2, 0, NULL);
    add_view(build, 1, at_ms + BOT_SPEED_MS + 1, "abc", true);
    assert_visits(build, 2, 0, NULL);
    add_view(build, 1, at_ms + BOT_SPEED_MS, "abc", true);
    assert_visits(build, 1, 1, "speed");
    add_view(build, 1, at_ms + 2 * VISIT_GAP_MS, "abc", true);
    assert_visits(build, 2, 1, "speed");
    build_free(build);
}

static struct build *crowd_of(unsigned n_lone, unsigned n_alive, unsigned n_others, unsigned n_others_alive)
{
    struct build *build = build_of(NULL, 0);
    uint16_t visitor = 0;

    for (unsigned i = 0; i < n_lone + n_alive; i++)
        add_view(build, visitor++, i, "abc", i >= n_lone);
    for (unsigned i = 0; i < n_others; i++)
        add_view(build, visitor++, i, "xyz", i < n_others_alive);
    return build;
}

static void test_crowd(void **state)
{
    enum { MIN = BOT_CROWD_VISITORS_MIN };
    static const struct {
        const char *name;
        unsigned n_lone, n_alive, n_others, n_others_alive, n_bots;
    } cases[] = {
        {"a crowd", MIN, 0, 10, 6, MIN},
        {"too few", MIN - 1, 0, 10, 6, 0},
        {"nine in ten", 9 * MIN, MIN, 10, 6, 9 * MIN},
        {"fewer than that", 9 * MIN - 1, MIN, 10, 6, 0},
        {"where half of the others do not live either", MIN, 0, 10, 5, 0},
        {"where there is nobody else", MIN, 0, 0, 0, 0},
        {"whose others are many", MIN, 0, 8 * MIN, 8 * MIN, MIN},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned n = cases[i].n_lone + cases[i].n_alive + cases[i].n_others;
        struct build *build = crowd_of(cases[i].n_lone, cases[i].n_alive, cases[i].n_others, cases[i].n_others_alive);

        print_message("%s\n", cases[i].name);
        assert_visits(build, n - cases[i].n_bots, cases[i].n_bots, "crowd");
        build_free(build);
    }
}

/* Who comes back is no longer one of a crowd; and a network that is unknown is none. */
static void test_crowd_is_asked_again(void **state)
{
    enum { MIN = BOT_CROWD_VISITORS_MIN };
    struct build *build = crowd_of(MIN, 0, 10, 10);
    (void)state;

    assert_visits(build, 10, MIN, "crowd");
    for (uint16_t visitor = 0; visitor < MIN / 5; visitor++)
        add_view(build, visitor, 60000, "abc", false);
    assert_visits(build, MIN + 10, 0, NULL);
    build_free(build);

    build = build_of(NULL, 0);
    for (uint16_t visitor = 0; visitor < 2 * MIN; visitor++)
        add_view(build, visitor, visitor, "", false);
    add_view(build, 2 * MIN, 0, "xyz", true);
    assert_visits(build, 2 * MIN + 1, 0, NULL);
    build_free(build);
}

static void test_full(void **state)
{
    struct build *build = build_of(NULL, 0);
    char *text = calloc(DAY_PAGE_BYTES_MAX + 1, 1);
    struct build_event event = {.kind = EVENT_PAGEVIEW, .page = {.data = text, .size = DAY_PAGE_BYTES_MAX + 1}};
    (void)state;

    assert_int_equal(build_add(build, &event), BUILD_E_FULL);
    event.page.size = DAY_PAGE_BYTES_MAX;
    assert_int_equal(build_add(build, &event), 0);
    event.page.size = 1;
    assert_int_equal(build_add(build, &event), BUILD_E_FULL);
    event.page.size = DAY_PAGE_BYTES_MAX;
    assert_int_equal(build_add(build, &event), 0);
    assert_int_equal(build_n_events(build), 2);
    struct cells cells = cells_of(build, DIMENSION_PAGE, INT64_MIN, INT64_MAX);
    assert_int_equal(cells.n_cells, 1);
    assert_int_equal(cells.cells[0].pageviews, 2);
    cells_deinit(&cells);
    build_free(build);
    free(text);
}

/* Builds, encodes and decodes @day; the first fault ends it. */
static int round_trip(const struct day *day)
{
    __attribute__((cleanup(cells_deinit))) struct cells cells = CELLS_INIT;
    __attribute__((cleanup(cells_deinit))) struct cells again = CELLS_INIT;
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX);
    struct build *build = NULL;

    int r = build_new(&build);
    for (size_t i = 0; r == 0 && i < 20 * day->n; i++) {
        struct build_event event = day->events[i % day->n];
        event.visitor[0] = (uint8_t)i; /* enough visitors for every table to grow */
        r = build_add(build, &event);
    }
    if (r == 0)
        r = build_cells(build, DIMENSION_PAGE, INT64_MIN, INT64_MAX, &cells);
    build_free(build);
    if (r == 0) {
        cells_encode(&cells, &file);
        r = file.fault;
    }
    if (r == 0)
        r = cells_decode(buffer_text(&file), &again);
    if (r == 0)
        r = cells_merge(&again, &cells);
    return r;
}

static void test_every_allocation_may_fail(void **state)
{
    struct day day = make_day(3);
    long n = 0;
    (void)state;

    assert_true(day.n > 20);
    for (;; n++) {
        n_until_failure = n;
        int r = round_trip(&day);
        bool failed = n_until_failure < 0;
        n_until_failure = -1;
        if (!failed)
            break;
        assert_int_equal(r, -ENOMEM);
    }
    assert_true(n > 20);
}

/* After a failure the build goes on as if nothing had happened. */
static void test_a_build_survives_failures(void **state)
{
    struct day day = make_day(3);
    struct build *build = build_of(NULL, 0), *whole = build_of(day.events, day.n);
    (void)state;

    for (size_t i = 0; i < day.n; i++)
        for (int r = -ENOMEM, n = 0; r != 0; n++) {
            n_until_failure = n;
            r = build_add(build, &day.events[i]);
            assert_true(r == 0 || r == -ENOMEM);
        }
    struct cells a = CELLS_INIT;
    for (int r = -ENOMEM, n = 0; r != 0; n++) {
        n_until_failure = n;
        r = build_cells(build, DIMENSION_PAGE, INT64_MIN, INT64_MAX, &a);
        assert_true(r == 0 || (r == -ENOMEM && a.n_cells == 0));
    }
    n_until_failure = -1;
    struct cells b = cells_of(whole, DIMENSION_PAGE, INT64_MIN, INT64_MAX);
    assert_same_file(&a, &b);
    cells_deinit(&a);
    cells_deinit(&b);
    build_free(build);
    build_free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_against_oracle),
        cmocka_unit_test(test_order_of_arrival_does_not_matter),
        cmocka_unit_test(test_more_events_after_a_question),
        cmocka_unit_test(test_speed),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_crowd_is_asked_again),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_a_build_survives_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
