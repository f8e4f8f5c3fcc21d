/*
 * What paths and funnels cost a hit: days of generated traffic in memory, each
 * question asked several times, the median of the time on the core told (others
 * may use the machine, too).  Pages follow Zipf's law, and
 * a visit has 1 to 30 hits, most of them few.
 *
 *   journeys [DAYS [HITS_A_DAY]]
 */
#include "crumb/query/funnel.h"
#include "crumb/query/paths.h"
#include "crumb/rollup/tabulate.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DAY_S 86400
#define START_MS 1767222000000
#define PAGES 500
#define VISITORS 100000
#define ROUNDS 9

struct traffic {
    struct table *tables;
    unsigned n_days;
    uint64_t n_hits, n_visits;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "journeys: %s\n", what);
    exit(1);
}

static double spent_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static uint64_t next(uint64_t *random)
{
    uint64_t z = *random += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static double uniform(uint64_t *random) { return (double)(next(random) >> 11) / 9007199254740992.0; }

/* The inverse of a distribution with density 1/x: near enough to Zipf's. */
static unsigned pick_page(uint64_t *random) { return (unsigned)pow(PAGES, uniform(random)) - 1; }

static unsigned pick_hits(uint64_t *random)
{
    unsigned n = 1 + (unsigned)(-2.5 * log(1 - uniform(random)));

    return n > 30 ? 30 : n;
}

static uint64_t add_visit(struct gather *gather, uint64_t *random, uint64_t *sequence)
{
    uint32_t visitor = (uint32_t)(next(random) % VISITORS);
    uint64_t at_ms = START_MS + next(random) % (80000 * 1000ULL);
    unsigned n = pick_hits(random);

    for (unsigned i = 0; i < n; i++) {
        char path[32];
        bool is_view = next(random) % 10 > 0;
        struct event event = {
            .kind = is_view ? EVENT_PAGEVIEW : EVENT_STRUCT, .at_ms = at_ms, .host = TEXT("shop.example")};
        struct gather_event one = {
            .sequence = ++*sequence, .visitor = visitor, .traced = visitor % 4 > 0, .event = &event};

        snprintf(path, sizeof path, "/page/%u", pick_page(random));
        event.path = text_of(path);
        if (!is_view) {
            event.category = TEXT("event");
            event.action = next(random) % 2 ? TEXT("Signup") : TEXT("Play");
        }
        if (gather_add(gather, &one) < 0)
            die("no memory");
        at_ms += 1000 + next(random) % 60000;
    }
    return n;
}

static struct traffic generate(unsigned n_days, uint64_t hits_a_day)
{
    struct traffic traffic = {.tables = calloc(n_days, sizeof *traffic.tables), .n_days = n_days};
    uint64_t random = 1, sequence = 0;

    for (unsigned day = 0; day < n_days; day++) {
        struct gather *gather;

        if (!traffic.tables || gather_new(START_MS, &gather) < 0)
            die("no memory");
        for (uint64_t n = 0; n < hits_a_day;)
            n += add_visit(gather, &random, &sequence);
        if (tabulate_table(gather, &traffic.tables[day]) < 0)
            die("no memory");
        gather_free(gather);
        traffic.n_hits += traffic.tables[day].n[RELATION_HIT];
        traffic.n_visits += traffic.tables[day].n[RELATION_VISIT];
    }
    return traffic;
}

static struct filter *filter_of(const char *json)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    json_t *list = json_loads(json, 0, NULL);
    struct filter *filter = NULL;

    if (!list || filter_parse(list, &filter, &complaint) != 0)
        die("a filter is wrong");
    json_decref(list);
    return filter;
}

/* ---- questions ---- */

static uint64_t ask_paths(const struct traffic *traffic, const void *context)
{
    struct paths_answer answer;
    struct paths *paths;

    if (paths_new(context, &paths) < 0)
        die("no memory");
    for (unsigned day = 0; day < traffic->n_days; day++)
        if (paths_add(paths, &traffic->tables[day], 0, DAY_S) != 0)
            die("paths were not added");
    if (paths_answer(paths, &answer) < 0)
        die("no memory");
    uint64_t visits = answer.visits;
    paths_answer_deinit(&answer);
    paths_free(paths);
    return visits;
}

static uint64_t ask_funnel(const struct traffic *traffic, const void *context)
{
    struct funnel *funnel;

    if (funnel_new(context, &funnel) < 0)
        die("no memory");
    for (unsigned day = 0; day < traffic->n_days; day++)
        if (funnel_add(funnel, &traffic->tables[day], 0, DAY_S) != 0)
            die("a funnel was not added");
    struct funnel_answer answer = funnel_answer(funnel);
    funnel_free(funnel);
    return answer.steps[answer.n_steps - 1].visits;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(const char *name, const struct traffic *traffic,
                    uint64_t (*ask)(const struct traffic *traffic, const void *context), const void *context)
{
    double ms[ROUNDS];
    uint64_t visits = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        double start_ms = spent_ms();

        visits = ask(traffic, context);
        ms[i] = spent_ms() - start_ms;
    }
    qsort(ms, ROUNDS, sizeof ms[0], compare);
    printf("%-36s %8.2f ms %7.2f ns/hit   %llu visits\n", name, ms[ROUNDS / 2],
           ms[ROUNDS / 2] * 1e6 / (double)traffic->n_hits, (unsigned long long)visits);
}

static void measure_paths(const struct traffic *traffic)
{
    struct filter *filter = filter_of("[[\"is\",\"event:page\",[\"/page/3\"]]]");
    const struct paths_question plain = {.n_steps = 5, .n_nodes = 10, .n_paths = 10};
    struct paths_question most = {.n_steps = 20, .n_nodes = 50, .n_paths = 50}, from = plain, back = plain,
                          some = plain;

    from.start = TEXT("/page/0");
    back.end = TEXT("/page/9");
    back.backward = true;
    some.filter = filter;
    measure("paths, 5 steps", traffic, ask_paths, &plain);
    measure("paths, 20 steps, 50 pages", traffic, ask_paths, &most);
    measure("paths, from a page", traffic, ask_paths, &from);
    measure("paths, backward from a page", traffic, ask_paths, &back);
    measure("paths, filtered", traffic, ask_paths, &some);
    filter_free(filter);
}

static void measure_funnels(const struct traffic *traffic)
{
    struct funnel_question question = {.n_steps = 0};
    struct filter *filters[FUNNEL_STEPS_MAX];

    for (unsigned i = 0; i < FUNNEL_STEPS_MAX; i++) {
        char json[64];

        snprintf(json, sizeof json, "[[\"is\",\"event:page\",[\"/page/%u\"]]]", i % 7);
        filters[i] = filter_of(json);
        question.steps[i] = filters[i];
    }
    question.n_steps = 3;
    measure("funnel, 3 steps", traffic, ask_funnel, &question);
    question.window_s = 1800;
    measure("funnel, 3 steps in a window", traffic, ask_funnel, &question);
    question.is_strict = true;
    measure("funnel, 3 steps in strict order", traffic, ask_funnel, &question);
    question = (struct funnel_question){.n_steps = FUNNEL_STEPS_MAX};
    for (unsigned i = 0; i < FUNNEL_STEPS_MAX; i++)
        question.steps[i] = filters[i];
    measure("funnel, 20 steps", traffic, ask_funnel, &question);
    for (unsigned i = 0; i < FUNNEL_STEPS_MAX; i++)
        filter_free(filters[i]);
}

int main(int argc, char **argv)
{
    unsigned n_days = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 14;
    uint64_t hits_a_day = argc > 2 ? strtoull(argv[2], NULL, 10) : 71000;
    struct traffic traffic = generate(n_days, hits_a_day);

    printf("%u days, %llu visits, %llu hits\n", n_days, (unsigned long long)traffic.n_visits,
           (unsigned long long)traffic.n_hits);
    measure_paths(&traffic);
    measure_funnels(&traffic);
    for (unsigned day = 0; day < n_days; day++)
        table_deinit(&traffic.tables[day]);
    free(traffic.tables);
    return 0;
}
