/*
 * What counting costs: a million hits over fourteen days, by some questions, in
 * nanoseconds a hit.  Tables are in memory, so nothing is read or unpacked.
 *
 *   tally [hits]
 */
#include "crumb/rollup/tally.h"
#include "crumb/query/selection.h"
#include "crumb/rollup/tabulate.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DAYS 14
#define PAGES 3000
#define VISITORS 60000
#define ROUNDS 7
#define START_MS 1767222000000

static uint64_t random_state = 1;

static uint32_t pick(uint32_t n)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

/* Of few there is much: the exponent of Zipf is 1. */
static uint32_t skewed(uint32_t n) { return (uint32_t)(exp(log(n) * pick(1 << 20) / (1 << 20))) - 1; }

static void name(char *into, size_t size, const char *prefix, uint32_t number)
{
    snprintf(into, size, "%s%u", prefix, number);
}

static uint64_t add_visit(struct gather *gather, uint64_t sequence, int64_t start_ms)
{
    char country[16], browser[16], page[48], source[16];
    uint32_t visitor = pick(VISITORS), n_hits = 1 + skewed(30);
    uint64_t at_ms = (uint64_t)start_ms + 1000ull * pick(80000);

    name(country, sizeof country, "C", skewed(60));
    name(browser, sizeof browser, "Browser ", skewed(8));
    name(source, sizeof source, "Source ", skewed(200));
    for (uint32_t i = 0; i < n_hits; i++, at_ms += 1000ull * (1 + pick(100))) {
        name(page, sizeof page, "/articles/some-words-of-a-title/", skewed(PAGES));
        struct event event = {.kind = EVENT_PAGEVIEW,
                              .at_ms = at_ms,
                              .host = TEXT("shop.example"),
                              .path = text_of(page),
                              .country = text_of(country),
                              .browser = text_of(browser),
                              .source = text_of(source)};
        if (pick(20) == 0) {
            event.kind = EVENT_STRUCT;
            event.category = TEXT("event");
            event.action = TEXT("Signup");
        }
        struct gather_event one = {.sequence = sequence + i, .visitor = visitor, .event = &event};
        if (gather_add(gather, &one) != 0)
            exit(1);
    }
    return n_hits;
}

static void make(struct table *table, uint64_t n_hits, unsigned day)
{
    int64_t start_ms = START_MS + day * 86400000ll;
    struct gather *gather;

    if (gather_new(start_ms, &gather) != 0)
        exit(1);
    for (uint64_t n = 0; n < n_hits;)
        n += add_visit(gather, n + 1, start_ms);
    if (tabulate_table(gather, table) != 0)
        exit(1);
    gather_free(gather);
}

static double now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double run(const struct tally_question *question, const struct selection *selection, const struct table *tables,
                  bool by_day, size_t *ret_groups)
{
    struct tally *tally;
    double begin_ms = now_ms();

    if (tally_new(question, &tally) != 0)
        exit(1);
    for (unsigned day = 0; day < DAYS; day++) {
        struct tally_day one = {.table = &tables[day], .site = 1, .time = by_day ? day : 0, .to_s = UINT32_MAX};

        struct mask mask = {.passes = NULL};

        if (selection_apply(selection, one.table, &mask) != 0)
            exit(1);
        one.mask = mask.passes ? &mask : NULL;
        if (tally_add(tally, &one) != 0)
            exit(1);
        free(mask.passes);
    }
    *ret_groups = tally_n(tally);
    double took_ms = now_ms() - begin_ms;
    tally_free(tally);
    return took_ms;
}

static struct filter *filter_of(const char *json)
{
    struct buffer complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct filter *filter = NULL;
    json_t *list = json_loads(json, 0, NULL);

    if (filter_parse(list, &filter, &complaint) != 0)
        exit(1);
    json_decref(list);
    buffer_deinit(&complaint);
    return filter;
}

static const struct question {
    const char *name;
    enum field fields[2];
    unsigned n_fields, needs;
    bool by_day, by_hour;
    const char *filter;
} questions[] = {
    {"total: visitors, visits, views", {0}, 0, TALLY_VISITORS | TALLY_VIEWS, false, false, "[]"},
    {"total: all of visits", {0}, 0, TALLY_VISITORS | TALLY_VIEWS | TALLY_WHOLE, false, false, "[]"},
    {"by day", {0}, 0, TALLY_VISITORS | TALLY_VIEWS, true, false, "[]"},
    {"by hour", {0}, 0, TALLY_VISITORS | TALLY_VIEWS, true, true, "[]"},
    {"by page: views", {FIELD_PAGE}, 1, TALLY_VIEWS, false, false, "[]"},
    {"by page: visitors, views", {FIELD_PAGE}, 1, TALLY_VISITORS | TALLY_VIEWS, false, false, "[]"},
    {"by page: all", {FIELD_PAGE}, 1, TALLY_VISITORS | TALLY_VIEWS | TALLY_WHOLE | TALLY_PAGES, false, false, "[]"},
    {"by country", {FIELD_COUNTRY}, 1, TALLY_VISITORS | TALLY_VIEWS, false, false, "[]"},
    {"by country and browser", {FIELD_COUNTRY, FIELD_BROWSER}, 2, TALLY_VISITORS | TALLY_VIEWS, false, false, "[]"},
    {"by page and country", {FIELD_PAGE, FIELD_COUNTRY}, 2, TALLY_VISITORS | TALLY_VIEWS, false, false, "[]"},
    {"by page of a country",
     {FIELD_PAGE},
     1,
     TALLY_VISITORS | TALLY_VIEWS,
     false,
     false,
     "[[\"is\",\"visit:country\",[\"C0\"]]]"},
    {"by country of pages",
     {FIELD_COUNTRY},
     1,
     TALLY_VISITORS | TALLY_VIEWS,
     false,
     false,
     "[[\"contains\",\"event:page\",[\"title/1\"]]]"},
    {"by page, three filters",
     {FIELD_PAGE},
     1,
     TALLY_VISITORS | TALLY_VIEWS,
     false,
     false,
     "[[\"is\",\"visit:country\",[\"C0\",\"C1\"]],[\"is\",\"visit:browser\",[\"Browser 0\"]],"
     "[\"has_done\",[\"is\",\"event:name\",[\"Signup\"]]]]"},
};

static void measure(const struct question *asked, const struct table *tables, uint64_t n_hits)
{
    struct tally_field fields[2] = {{.field = asked->fields[0]}, {.field = asked->fields[1]}};
    struct filter *filter = filter_of(asked->filter);
    struct tally_question question = {
        .fields = fields, .n_fields = asked->n_fields, .by_hour = asked->by_hour, .needs = asked->needs};
    struct selection selection = {.filter = filter};
    double best_ms = 1e9;
    size_t n_groups = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        double took_ms = run(&question, &selection, tables, asked->by_day, &n_groups);
        best_ms = took_ms < best_ms ? took_ms : best_ms;
    }
    printf("%-32s %8.2f ms %8.2f ns/hit %8zu groups\n", asked->name, best_ms, best_ms * 1e6 / (double)n_hits, n_groups);
    filter_free(filter);
}

int main(int argc, char **argv)
{
    uint64_t n_hits = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, n_visits = 0, n_made = 0;
    static struct table tables[DAYS];

    for (unsigned day = 0; day < DAYS; day++) {
        make(&tables[day], n_hits / DAYS, day);
        n_visits += tables[day].n[RELATION_VISIT];
        n_made += tables[day].n[RELATION_HIT];
    }
    printf("%llu hits, %llu visits, %u days\n", (unsigned long long)n_made, (unsigned long long)n_visits, DAYS);
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        measure(&questions[i], tables, n_made);
    for (unsigned day = 0; day < DAYS; day++)
        table_deinit(&tables[day]);
    return 0;
}
