/*
 * Tallies against a counter that does it the obvious way: every group is looked
 * for in a list, visitors and visits are sets, and nothing is remembered.  The
 * questions and what happened are random; a seed that fails is named.
 */
#include "crumb/query/goal.h"
#include "crumb/query/selection.h"
#include "crumb/rollup/tally.h"
#include "happened.h"
#include "splitmix.h"
#include <errno.h>
#include <stdio.h>

#define START_MS 1767222000000
#define VISITS_MAX 40
#define SEEDS 2000
#define GROUPS_MAX 4096
#define PAGES 4
#define NONE "(none)"

#define TABLE_AUTO __attribute__((cleanup(table_deinit))) struct table

static unsigned pick(uint64_t *state, unsigned n) { return (unsigned)(splitmix(state) >> 33) % n; }

static const char *const pages[PAGES] = {"/", "/a", "/a/b", "/c"};
static const char *const hosts[] = {"shop.example", "www.example"};
static const char *const names[] = {NULL, NULL, NULL, "buy", "signup"};
static const char *const plans[] = {NULL, "free", "pro"};
static const char *const amounts[] = {"9.99", "-1", "0.0005", "x"};
static const char *const currencies[] = {"EUR", "USD"};
static const char *const countries[] = {"DE", "US"};
static const char *const browsers[] = {"Firefox", "Chrome", NULL};
#define ANY(state, array) (array)[pick((state), N_ROWS(array))]

static struct happened_hit random_hit(uint64_t *random)
{
    struct happened_hit hit = {.after_s = pick(random, 3) ? pick(random, 60) : pick(random, 1700),
                               .page = ANY(random, pages),
                               .host = ANY(random, hosts),
                               .name = ANY(random, names)};

    if (!hit.name) {
        hit.dwell_s = 1 + pick(random, 100);
        hit.scroll = pick(random, 2) ? 1 + pick(random, 100) : 0;
        return hit;
    }
    hit.plan = ANY(random, plans);
    if (pick(random, 2)) {
        hit.amount = ANY(random, amounts);
        hit.currency = ANY(random, currencies);
    }
    return hit;
}

/* Visits of a visitor follow each other with more than half an hour between them. */
static size_t random_visits(uint64_t *random, struct happened_visit *visits)
{
    size_t n = pick(random, VISITS_MAX + 1), made = 0;
    unsigned at_s = 0;

    for (uint32_t visitor = 7; made<n; visitor += at_s> 50000 || pick(random, 2)) {
        struct happened_visit *visit = &visits[made];

        at_s = made && visits[made - 1].visitor == visitor ? at_s + 1900 : 0;
        *visit = (struct happened_visit){.visitor = visitor,
                                         .start_s = at_s + pick(random, 20000),
                                         .country = ANY(random, countries),
                                         .browser = ANY(random, browsers),
                                         .bot = pick(random, 5) ? 0 : 1 + pick(random, 2)};
        at_s = visit->start_s;
        for (unsigned i = 0, n_hits = 1 + pick(random, HITS_OF_VISIT_MAX); i < n_hits; i++) {
            visit->hits[i] = random_hit(random);
            if (i == 0)
                visit->hits[i].after_s = 0; /* a visit begins with its first event */
            at_s += visit->hits[i].after_s;
        }
        made += at_s < 86400;
    }
    return n;
}

/* ---- the obvious way: what a hit says ---- */

static unsigned n_hits_of(const struct happened_visit *visit)
{
    unsigned n = 0;

    while (n < HITS_OF_VISIT_MAX && visit->hits[n].page)
        n++;
    return n;
}

static const char *end_page(const struct happened_visit *visit, bool last)
{
    const char *page = NULL;

    for (unsigned i = 0; i < n_hits_of(visit); i++)
        if (!visit->hits[i].name && (last || !page))
            page = visit->hits[i].page;
    return page ? page : NONE;
}

static const char *value_of(const struct happened_visit *visit, unsigned hit, enum field field)
{
    const struct happened_hit *of = &visit->hits[hit];

    switch (field) {
    case FIELD_PAGE:
        return of->page;
    case FIELD_HOSTNAME:
        return of->host;
    case FIELD_NAME:
        return of->name ? of->name : "pageview";
    case FIELD_PROPERTY:
        return of->plan ? of->plan : NONE;
    case FIELD_ENTRY_PAGE:
        return end_page(visit, false);
    case FIELD_EXIT_PAGE:
        return end_page(visit, true);
    case FIELD_COUNTRY:
        return visit->country;
    case FIELD_BOT:
        return visit->bot == 0 ? "" : visit->bot == 1 ? "agent" : "automation";
    default:
        return visit->browser ? visit->browser : "";
    }
}

static const enum field fields_of_all[] = {FIELD_PAGE,      FIELD_HOSTNAME, FIELD_NAME,
                                           FIELD_PROPERTY,  FIELD_BROWSER,  FIELD_ENTRY_PAGE,
                                           FIELD_EXIT_PAGE, FIELD_COUNTRY,  FIELD_BOT};

/* ---- filters ---- */

struct leaf {
    enum field field;
    const char *value;
    bool negated, done; /* done: by any hit of the visit */
};

struct naive {
    struct leaf leaves[2];
    unsigned n;
    bool any;
    const struct goal *goal; /* one more leaf, and all must hold */
};

static struct naive random_filter(uint64_t *random, const struct goal *goals)
{
    static const char *const values[] = {"/",      "/a", "buy",     "pageview",    "pro",
                                         "(none)", "DE", "Firefox", "shop.example"};
    static const enum field of[] = {FIELD_PAGE,     FIELD_PAGE,    FIELD_NAME,    FIELD_NAME,    FIELD_PROPERTY,
                                    FIELD_PROPERTY, FIELD_COUNTRY, FIELD_BROWSER, FIELD_HOSTNAME};
    struct naive filter = {.n = pick(random, 3), .any = pick(random, 2)};

    for (unsigned i = 0; i < filter.n; i++) {
        unsigned at = pick(random, N_ROWS(values));
        filter.leaves[i] = (struct leaf){of[at], values[at], pick(random, 3) == 0, pick(random, 4) == 0};
    }
    if (filter.n && pick(random, 4) == 0)
        filter.leaves[0] = (struct leaf){FIELD_BOT, "agent", pick(random, 2), false};
    if (pick(random, 4) == 0)
        filter.goal = &goals[pick(random, 2)];
    return filter;
}

static bool leaf_holds(const struct leaf *leaf, const struct happened_visit *visit, unsigned hit)
{
    bool holds = false;

    if (!leaf->done)
        return (strcmp(value_of(visit, hit, leaf->field), leaf->value) == 0) != leaf->negated;
    for (unsigned i = 0; i < n_hits_of(visit); i++)
        holds |= strcmp(value_of(visit, i, leaf->field), leaf->value) == 0;
    return holds != leaf->negated;
}

static bool completes(const struct goal *goal, const struct happened_visit *visit, unsigned hit)
{
    if (goal->event)
        return strcmp(value_of(visit, hit, FIELD_NAME), goal->event) == 0;
    return !visit->hits[hit].name && strncmp(visit->hits[hit].page, "/a", 2) == 0;
}

static bool filter_holds(const struct naive *filter, bool without_goals, const struct happened_visit *visit,
                         unsigned hit)
{
    bool any = filter->n == 0, all = true;

    if (filter->goal && !without_goals && !completes(filter->goal, visit, hit))
        return false;
    for (unsigned i = 0; i < filter->n; i++) {
        bool skipped =
            without_goals && !filter->any && !filter->leaves[i].done && filter->leaves[i].field == FIELD_PROPERTY;
        bool holds = skipped || leaf_holds(&filter->leaves[i], visit, hit);
        any |= holds;
        all &= holds;
    }
    return filter->any ? any : all;
}

static void put_leaf(struct buffer *json, const struct leaf *leaf)
{
    buffer_put_text(json,
                    leaf->done ? (leaf->negated ? TEXT("[\"has_not_done\",") : TEXT("[\"has_done\",")) : TEXT(""));
    buffer_printf(json, "[\"%s\",\"%s%s\",[\"%s\"]]", leaf->negated && !leaf->done ? "is_not" : "is",
                  field_name(leaf->field), leaf->field == FIELD_PROPERTY ? "plan" : "", leaf->value);
    buffer_put_text(json, leaf->done ? TEXT("]") : TEXT(""));
}

static struct filter *parse_filter(const struct naive *naive, const struct site *site)
{
    BUFFER_AUTO json = BUFFER_INIT(4096), complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct filter *filter = NULL;

    buffer_put_text(&json, naive->any && naive->n ? TEXT("[[\"or\",[") : TEXT("["));
    for (unsigned i = 0; i < naive->n; i++) {
        buffer_put_text(&json, i ? TEXT(",") : TEXT(""));
        put_leaf(&json, &naive->leaves[i]);
    }
    buffer_put_text(&json, naive->any && naive->n ? TEXT("]]") : TEXT(""));
    if (naive->goal)
        buffer_printf(&json, "%s[\"is\",\"event:goal\",[\"%s\"]]", naive->n ? "," : "", naive->goal->name);
    buffer_put_text(&json, TEXT("]"));
    json_t *list = json_loadb((const char *)json.data, json.size, 0, NULL);
    assert_non_null(list);
    assert_int_equal(filter_parse(list, &filter, &complaint), 0);
    json_decref(list);
    if (filter)
        assert_int_equal(filter_goals_bind(filter, site, &complaint), 0);
    return filter;
}

/* ---- the obvious way: groups ---- */

struct counted {
    int64_t time;
    const char *texts[3];
    struct figures figures;
    uint64_t visitors;       /* a set */
    uint64_t visits, wholes; /* sets of the visits' indexes */
    uint64_t viewed[PAGES];  /* by page, sets of visits */
    unsigned scroll[PAGES][VISITS_MAX];
};

struct count {
    const struct tally_question *question;
    const struct selection *selection;
    const struct tally_day *day;
    const struct happened_visit *visits;
    size_t n_visits;
    struct counted *groups;
    size_t n;
};

static int64_t time_of(const struct count *count, unsigned at_s)
{
    int64_t wall_s = at_s;

    if (!count->question->by_hour)
        return count->day->time;
    wall_s += at_s < count->day->clock.change_s ? count->day->clock.before_s : count->day->clock.after_s;
    return count->day->time * 24 + wall_s / 3600;
}

static struct counted *group_of(struct count *count, int64_t time, const struct happened_visit *visit, unsigned hit)
{
    struct counted group = {.time = time};

    for (unsigned i = 0; i < count->question->n_fields; i++)
        group.texts[i] = value_of(visit, hit, count->question->fields[i].field);
    for (size_t i = 0; i < count->n; i++) {
        bool same = count->groups[i].time == time;
        for (unsigned k = 0; k < count->question->n_fields; k++)
            same &= strcmp(count->groups[i].texts[k], group.texts[k]) == 0;
        if (same)
            return &count->groups[i];
    }
    assert_true(count->n < GROUPS_MAX);
    count->groups[count->n] = group;
    return &count->groups[count->n++];
}

static bool asks_programs(const struct count *count, const struct naive *filter)
{
    bool asks = false;

    for (unsigned i = 0; i < count->question->n_fields; i++)
        asks |= count->question->fields[i].field == FIELD_BOT;
    for (unsigned i = 0; i < filter->n; i++)
        asks |= filter->leaves[i].field == FIELD_BOT;
    assert_true(!filter->n || count->question->programs == selection_is_of_programs(count->selection));
    return asks;
}

static void count_page(struct counted *group, size_t visit, const struct happened_hit *hit)
{
    unsigned page = 0;

    while (strcmp(pages[page], hit->page) != 0)
        page++;
    group->figures.viewing += !(group->viewed[page] >> visit & 1);
    group->viewed[page] |= 1ull << visit;
    group->figures.dwell_s += hit->dwell_s;
    if (hit->scroll > group->scroll[page][visit])
        group->scroll[page][visit] = hit->scroll;
}

static void count_money(const struct count *count, struct counted *group, const struct happened_hit *hit)
{
    if (!hit->amount || strcmp(hit->amount, "x") == 0 || !text_equal(text_of(hit->currency), count->question->currency))
        return;
    group->figures.paid++;
    group->figures.revenue += strcmp(hit->amount, "9.99") == 0 ? 9990 : strcmp(hit->amount, "-1") == 0 ? -1000 : 1;
}

static bool is_of_hits(const struct tally_question *question)
{
    for (unsigned i = 0; i < question->n_fields; i++)
        if (field_is_of_hits(question->fields[i].field))
            return true;
    return false;
}

/* Whether what the visit was as a whole belongs to the group that @hit is in. */
static bool is_entry(const struct count *count, const struct happened_visit *visit, unsigned hit)
{
    unsigned entry = 0;

    if (!is_of_hits(count->question))
        return true;
    while (entry < n_hits_of(visit) && visit->hits[entry].name)
        entry++;
    if (entry == n_hits_of(visit))
        return false;
    for (unsigned i = 0; i < count->question->n_fields; i++) {
        enum field field = count->question->fields[i].field;
        if (strcmp(value_of(visit, entry, field), value_of(visit, hit, field)) != 0)
            return false;
    }
    return true;
}

static void count_whole(struct counted *group, const struct happened_visit *visit)
{
    unsigned n_views = 0, duration_s = 0;

    for (unsigned i = 0; i < n_hits_of(visit); i++) {
        n_views += !visit->hits[i].name;
        duration_s += visit->hits[i].after_s;
    }
    group->figures.whole++;
    group->figures.whole_views += n_views;
    group->figures.duration_s += duration_s;
    group->figures.bounces += n_hits_of(visit) == 1 && n_views == 1;
}

static void count_hit(struct count *count, size_t at, unsigned hit, unsigned at_s)
{
    const struct happened_visit *visit = &count->visits[at];
    struct counted *group = group_of(count, time_of(count, at_s), visit, hit);

    group->figures.events++;
    group->figures.views += !visit->hits[hit].name;
    group->visitors |= 1ull << visit->visitor % 64;
    if (!visit->hits[hit].name)
        count_page(group, at, &visit->hits[hit]);
    count_money(count, group, &visit->hits[hit]);
    if (visit->start_s < count->day->from_s || visit->start_s >= count->day->to_s)
        return;
    group = group_of(count, time_of(count, visit->start_s), visit, hit);
    group->figures.visits += !(group->visits >> at & 1);
    group->visits |= 1ull << at;
    if (!(group->wholes >> at & 1) && is_entry(count, visit, hit)) {
        group->wholes |= 1ull << at;
        count_whole(group, visit);
    }
}

static void count_all(struct count *count, const struct naive *filter)
{
    for (size_t i = 0; i < count->n_visits; i++) {
        const struct happened_visit *visit = &count->visits[i];
        unsigned at_s = visit->start_s;

        for (unsigned hit = 0; hit < n_hits_of(visit); hit++) {
            at_s += visit->hits[hit].after_s;
            if (at_s >= count->day->from_s && at_s < count->day->to_s &&
                (visit->bot != 0) == asks_programs(count, filter) &&
                filter_holds(filter, count->selection->without_goals, visit, hit) &&
                (!count->selection->goal || completes(count->selection->goal, visit, hit)))
                count_hit(count, i, hit, at_s);
        }
    }
    for (size_t i = 0; i < count->n; i++)
        for (unsigned page = 0; page < PAGES; page++)
            for (size_t visit = 0; visit < VISITS_MAX; visit++) {
                count->groups[i].figures.scrolled += count->groups[i].scroll[page][visit] > 0;
                count->groups[i].figures.scroll += count->groups[i].scroll[page][visit];
            }
}

/* ---- both ---- */

static void expect(const char *seed, const struct counted *group, const struct figures *got, uint64_t visitors,
                   unsigned needs)
{
    const struct figures *wanted = &group->figures;

    check_equal(seed, got->events, wanted->events);
    check_equal(seed, got->visits, wanted->visits);
    check_equal(seed, visitors, needs & TALLY_VISITORS ? __builtin_popcountll(group->visitors) : 0);
    if (needs & TALLY_VIEWS)
        check_equal(seed, got->views, wanted->views);
    check_equal(seed, got->whole, needs & TALLY_WHOLE ? wanted->whole : 0);
    check_equal(seed, got->bounces, needs & TALLY_WHOLE ? wanted->bounces : 0);
    check_equal(seed, got->duration_s, needs & TALLY_WHOLE ? wanted->duration_s : 0);
    check_equal(seed, got->whole_views, needs & TALLY_WHOLE ? wanted->whole_views : 0);
    check_equal(seed, got->viewing, needs & TALLY_PAGES ? wanted->viewing : 0);
    check_equal(seed, got->dwell_s, needs & TALLY_PAGES ? wanted->dwell_s : 0);
    check_equal(seed, got->scrolled, needs & TALLY_PAGES ? wanted->scrolled : 0);
    check_equal(seed, got->scroll, needs & TALLY_PAGES ? wanted->scroll : 0);
    check_equal(seed, got->paid, needs & TALLY_REVENUE ? wanted->paid : 0);
    check_equal(seed, got->revenue, needs & TALLY_REVENUE ? wanted->revenue : 0);
}

static void compare(const char *seed, const struct count *count, const struct tally *tally)
{
    size_t n = 0, group;

    for (size_t i = 0; i < tally_n(tally); i++) {
        struct figures figures = tally_figures(tally, i);
        n += figures.events || figures.visits;
    }
    check_equal(seed, n, count->n);
    for (size_t i = 0; i < count->n; i++) {
        struct text texts[3];

        for (unsigned k = 0; k < count->question->n_fields; k++)
            texts[k] = text_of(count->groups[i].texts[k]);
        check(seed, tally_find(tally, count->groups[i].time, texts, &group));
        check_equal(seed, tally_time(tally, group), count->groups[i].time);
        for (unsigned k = 0; k < count->question->n_fields; k++)
            check_text(seed, tally_text(tally, group, k), count->groups[i].texts[k]);
        struct figures figures = tally_figures(tally, group);
        expect(seed, &count->groups[i], &figures, tally_visitors(tally, group), count->question->needs);
    }
}

static char bought[] = "Bought", buy[] = "buy", saw[] = "Saw a", below[] = "/a**";
static struct goal goals[] = {{.name = bought, .event = buy}, {.name = saw, .page = below}};
static const struct site site = {.goals = goals, .n_goals = N_ROWS(goals)};

static unsigned random_fields(uint64_t *random, struct tally_field *fields)
{
    unsigned n = pick(random, 4);

    for (unsigned i = 0; i < n; i++) {
        bool again;
        do {
            fields[i] = (struct tally_field){.field = ANY(random, fields_of_all), .property = TEXT("plan")};
            again = false;
            for (unsigned k = 0; k < i; k++)
                again |= fields[k].field == fields[i].field;
        } while (again);
    }
    return n;
}

static struct tally_day random_day(uint64_t *random, const struct table *table)
{
    static const struct tally_clock clocks[] = {{0, 0, 0}, {7200, 0, 3600}, {10800, 0, -3600}, {0, 0, 0}};
    struct tally_day day = {.table = table, .site = 3, .time = pick(random, 3), .to_s = UINT32_MAX};

    day.clock = ANY(random, clocks);
    if (pick(random, 3) == 0) {
        day.from_s = pick(random, 50000);
        day.to_s = day.from_s + pick(random, 50000);
    }
    return day;
}

/* Only what tally_columns() asks for may be read. */
static void drop_columns(struct table *table, uint64_t columns)
{
    for (unsigned column = 0; column < COLUMN_N; column++)
        if (!(columns & COLUMN_BIT(column))) {
            free(table->columns[column]);
            table->columns[column] = NULL;
        }
}

static void try_seed(uint64_t random)
{
    static struct counted groups[GROUPS_MAX];
    struct happened_visit visits[VISITS_MAX];
    struct tally_field fields[3];
    TABLE_AUTO table = TABLE_INIT;
    struct tally *tally;
    char seed[32];

    snprintf(seed, sizeof seed, "seed %llu", (unsigned long long)random);
    size_t n_visits = random_visits(&random, visits);
    struct naive naive = random_filter(&random, goals);
    struct selection selection = {.filter = parse_filter(&naive, &site),
                                  .without_goals = pick(&random, 4) == 0,
                                  .goal = pick(&random, 4) ? NULL : &goals[pick(&random, 2)]};
    struct tally_question question = {.fields = fields,
                                      .n_fields = random_fields(&random, fields),
                                      .programs = selection_is_of_programs(&selection),
                                      .currency = text_of(ANY(&random, currencies)),
                                      .by_hour = pick(&random, 3) == 0,
                                      .needs = pick(&random, 32)};
    struct tally_day day = random_day(&random, &table);
    struct count count = {&question, &selection, &day, visits, n_visits, groups, 0};
    struct mask mask = {.passes = NULL};
    struct tally_viewed *viewed = NULL;

    happened_table(visits, n_visits, 0, START_MS, &table);
    drop_columns(&table,
                 tally_columns(&question, day.from_s > 0 || day.to_s < UINT32_MAX) | selection_columns(&selection));
    assert_int_equal(selection_apply(&selection, &table, &mask), 0);
    day.mask = mask.passes ? &mask : NULL;
    if (question.needs & TALLY_PAGES && pick(&random, 2))
        assert_int_equal(tally_view(&table, &viewed), 0);
    day.viewed = viewed;
    assert_int_equal(tally_new(&question, &tally), 0);
    check_equal(seed, tally_add(tally, &day), 0);
    count_all(&count, &naive);
    compare(seed, &count, tally);
    tally_free(tally);
    free(mask.passes);
    free(viewed);
    filter_free((struct filter *)(uintptr_t)selection.filter);
}

static void test_against_the_obvious_way(void **state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        try_seed(seed);
}

/* ---- by hand ---- */

/* Two days; a visitor of the first comes back, and is one over both and one on each. */
static void test_several_tables(void **state)
{
    static const struct happened_visit visits[] = {
        {.day = 0, .visitor = 1, .start_s = 10, .hits = {{.page = "/"}, {.page = "/a", .after_s = 5}}},
        {.day = 0, .visitor = 2, .start_s = 10, .hits = {{.page = "/"}}},
        {.day = 1, .visitor = 1, .start_s = 10, .hits = {{.page = "/"}}},
        {.day = 1, .visitor = 1, .start_s = 9000, .hits = {{.page = "/"}}},
    };
    const struct tally_field page = {.field = FIELD_PAGE};
    const struct tally_question question = {.fields = &page, .n_fields = 1, .needs = TALLY_VISITORS | TALLY_VIEWS};
    size_t group;

    for (int64_t by_day = 0; by_day < 2; by_day++) {
        struct tally *tally;

        assert_int_equal(tally_new(&question, &tally), 0);
        for (int32_t day = 0; day < 2; day++) {
            TABLE_AUTO table = TABLE_INIT;
            struct tally_day one = {.table = &table, .site = 1, .time = by_day * day, .to_s = UINT32_MAX};

            happened_table(visits, N_ROWS(visits), day, START_MS, &table);
            assert_int_equal(tally_add(tally, &one), 0);
        }
        assert_int_equal(tally_n(tally), by_day ? 3 : 2);
        assert_true(tally_find(tally, 0, &TEXT("/"), &group));
        struct figures figures = tally_figures(tally, group);
        assert_int_equal(figures.visits, by_day ? 2 : 4);
        assert_int_equal(tally_visitors(tally, group), 2);
        assert_int_equal(tally_find(tally, 1, &TEXT("/"), &group), by_day);
        if (by_day) {
            figures = tally_figures(tally, group);
            assert_int_equal(figures.visits, 2);
            assert_int_equal(tally_visitors(tally, group), 1);
        }
        tally_free(tally);
    }
}

/* The number of a visitor is one of its site. */
static void test_sites(void **state)
{
    static const struct happened_visit visits[] = {{.visitor = 1, .start_s = 10, .hits = {{.page = "/"}}}};
    const struct tally_question question = {.needs = TALLY_VISITORS};
    TABLE_AUTO table = TABLE_INIT;
    struct tally_day day = {.table = &table, .site = 1, .to_s = UINT32_MAX};
    struct tally *tally;

    happened_table(visits, 1, 0, START_MS, &table);
    assert_int_equal(tally_new(&question, &tally), 0);
    assert_int_equal(tally_add(tally, &day), 0);
    assert_int_equal(tally_add(tally, &day), 0);
    assert_int_equal(tally_visitors(tally, 0), 1);
    day.site = 2;
    assert_int_equal(tally_add(tally, &day), 0);
    assert_int_equal(tally_visitors(tally, 0), 2);
    assert_false(tally_sketch(tally, 0)->coarse);
    tally_free(tally);
}

static void test_damaged(void **state)
{
    static const struct happened_visit visits[] = {{.visitor = 1, .start_s = 10, .hits = {{.page = "/", .scroll = 9}}}};
    static const struct {
        const char *name;
        enum column column;
        uint32_t value;
    } rows[] = {
        {"a start behind the day", COLUMN_VISIT_start_s, 100000},
        {"a hit behind the day", COLUMN_HIT_after_s, UINT32_MAX - 5},
        {"a hit in an hour there is not", COLUMN_HIT_after_s, 90000 - 10},
        {"more than the page was seen", COLUMN_HIT_scroll, 102},
        {"a reason there is not", COLUMN_VISIT_bot, 256},
    };
    const struct tally_field bot = {.field = FIELD_BOT};

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        bool is_bot = rows[i].column == COLUMN_VISIT_bot;
        struct tally_question question = {.by_hour = true, .needs = TALLY_PAGES, .fields = &bot, .n_fields = is_bot};
        TABLE_AUTO table = TABLE_INIT;
        struct tally_day day = {.table = &table, .to_s = UINT32_MAX};
        struct tally *tally;

        happened_table(visits, 1, 0, START_MS, &table);
        table.columns[rows[i].column][0] = rows[i].value;
        assert_int_equal(tally_new(&question, &tally), 0);
        check_equal(rows[i].name, tally_add(tally, &day), -EBADMSG);
        tally_free(tally);
    }
}

/* ---- goals ---- */

static void test_pages_of_goals(void **state)
{
    static const struct {
        const char *pattern, *path;
        bool fits;
    } rows[] = {
        {"/", "/", true},
        {"/", "/a", false},
        {"/a", "/", false},
        {"/a*", "/a", true},
        {"/a*", "/abc", true},
        {"/a*", "/abc/d", false},
        {"/a**", "/abc/d", true},
        {"/*/d", "/abc/d", true},
        {"/*/d", "/abc/e/d", false},
        {"/**/d", "/abc/e/d", true},
        {"/**/d", "/d", false},
        {"**", "", true},
        {"*", "", true},
        {"", "", true},
        {"", "/", false},
        {"/*b*d", "/abcbcd", true},
        {"/**b*d", "/a/b/bcd", true},
        {"/**b*d", "/a/bcd/bc/d", false},
        {"/**x/*y", "/ax/by/x/y", true},
        {"/*a*a*a*a*b", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        char name[80];

        snprintf(name, sizeof name, "%s on %s", rows[i].pattern, rows[i].path);
        check_equal(name, goal_page_fits(text_of(rows[i].pattern), text_of(rows[i].path)), rows[i].fits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_obvious_way),
        cmocka_unit_test(test_several_tables),
        cmocka_unit_test(test_sites),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_pages_of_goals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
