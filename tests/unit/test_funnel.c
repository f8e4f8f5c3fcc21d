/*
 * Funnels: rows of visits and how far they came, random ones against an oracle
 * that tries every way through a visit, and each allocation failing in turn.
 */
#include "crumb/query/funnel.h"
#include "failing.h"
#include "journeys_table.h"
#include <errno.h>

#define DAY_S 86400
#define TABLE_AUTO __attribute__((cleanup(table_deinit))) struct table

/* ---- steps from letters ---- */

#define STEPS_MAX 5

/* A funnel for tests: its steps are letters, as in journeys_table.h; '*' is any visit from DE. */
struct steps {
    struct funnel_question question;
    struct filter *filters[STEPS_MAX];
};

static void steps_init(const char *letters, struct steps *steps)
{
    char json[128];

    *steps = (struct steps){.question = {.n_steps = (unsigned)strlen(letters)}};
    for (unsigned i = 0; letters[i]; i++) {
        if (letters[i] == '*')
            snprintf(json, sizeof json, "[[\"is\",\"visit:country\",[\"DE\"]]]");
        else if (letters[i] >= 'a')
            snprintf(json, sizeof json, "[[\"is\",\"event:name\",[\"%c\"]]]", letters[i]);
        else
            snprintf(json, sizeof json, "[[\"is\",\"event:page\",[\"/%c\"]],[\"is\",\"event:name\",[\"pageview\"]]]",
                     letters[i]);
        steps->filters[i] = journeys_filter(json);
        steps->question.steps[i] = steps->filters[i];
    }
}

static void steps_deinit(struct steps *steps)
{
    for (unsigned i = 0; i < STEPS_MAX; i++)
        filter_free(steps->filters[i]);
}

/* "of 3+1: 3(2) 2(1)+10": visits, visitors, seconds since the step before. */
static void put_answer(struct buffer *buffer, const struct funnel_answer *answer)
{
    buffer_printf(buffer, "of %d+%d:", (int)answer->traced, (int)answer->untraced);
    for (unsigned i = 0; i < answer->n_steps; i++) {
        buffer_printf(buffer, " %d(%d)", (int)answer->steps[i].visits, (int)answer->steps[i].visitors);
        if (i)
            buffer_printf(buffer, "+%d", (int)answer->steps[i].after_s);
    }
}

/* ---- rows ---- */

#define VISITS_MAX 6

static const struct row {
    const char *name;
    struct journey visits[VISITS_MAX];
    const char *steps;
    bool is_strict;
    uint32_t window_s;
    const char *filter;
    const char *told;
} rows[] = {
    {.name = "nothing", .steps = "AB", .told = "of 0+0: 0(0) 0(0)+0"},
    {.name = "some stop",
     .visits = {{.visitor = 1, .hits = "A0 B5 C9"},
                {.visitor = 2, .hits = "A0 B2"},
                {.visitor = 3, .hits = "A0"},
                {.visitor = 4, .hits = "B0 C1"}},
     .steps = "ABC",
     .told = "of 4+0: 3(3) 2(2)+7 1(1)+4"},
    {.name = "one step", .visits = {{.visitor = 1, .hits = "B0 A5"}}, .steps = "A", .told = "of 1+0: 1(1)"},
    {.name = "in order only",
     .visits = {{.visitor = 1, .hits = "B0 A5"}},
     .steps = "AB",
     .told = "of 1+0: 1(1) 0(0)+0"},
    {.name = "others between",
     .visits = {{.visitor = 1, .hits = "A0 D5 s6 B9"}},
     .steps = "AB",
     .told = "of 1+0: 1(1) 1(1)+9"},
    {.name = "as late as can be",
     .visits = {{.visitor = 1, .hits = "A0 A5 B7 B8 C9 C20"}},
     .steps = "ABC",
     .told = "of 1+0: 1(1) 1(1)+3 1(1)+1"},
    {.name = "a hit makes one step",
     .visits = {{.visitor = 1, .hits = "A0"}, {.visitor = 2, .hits = "A0 A3"}},
     .steps = "AA",
     .told = "of 2+0: 2(2) 1(1)+3"},
    {.name = "events",
     .visits = {{.visitor = 1, .hits = "A0 s4 t6"}, {.visitor = 2, .hits = "A0 t6"}},
     .steps = "Ast",
     .told = "of 2+0: 2(2) 1(1)+4 1(1)+2"},
    {.name = "an event on a page is no view of it",
     .visits = {{.visitor = 1, .hits = "A0 B1 A2 s3"}},
     .steps = "BAA",
     .told = "of 1+0: 1(1) 1(1)+1 0(0)+0"},
    {.name = "the same second",
     .visits = {{.visitor = 1, .hits = "A3 B3"}},
     .steps = "AB",
     .told = "of 1+0: 1(1) 1(1)+0"},
    {.name = "inside the window",
     .visits = {{.visitor = 1, .hits = "A0 B10"}, {.visitor = 2, .hits = "A0 B11"}},
     .steps = "AB",
     .window_s = 10,
     .told = "of 2+0: 2(2) 1(1)+10"},
    {.name = "a later start is inside the window",
     .visits = {{.visitor = 1, .hits = "A0 B10 A20 B25 C30"}},
     .steps = "ABC",
     .window_s = 10,
     .told = "of 1+0: 1(1) 1(1)+5 1(1)+5"},
    {.name = "strict",
     .visits = {{.visitor = 1, .hits = "A0 B1 C2"},
                {.visitor = 2, .hits = "A0 D1 B2 C3"},
                {.visitor = 3, .hits = "A0 B1 D2 C3"}},
     .steps = "ABC",
     .is_strict = true,
     .told = "of 3+0: 3(3) 2(2)+2 1(1)+1"},
    {.name = "strict, with what does no harm",
     .visits = {{.visitor = 1, .hits = "A0 s1 A2 s3 B4 B5 t6 C7"}},
     .steps = "ABC",
     .is_strict = true,
     .told = "of 1+0: 1(1) 1(1)+2 1(1)+3"},
    {.name = "strict, the second time",
     .visits = {{.visitor = 1, .hits = "A0 D1 A2 B3"}},
     .steps = "AB",
     .is_strict = true,
     .told = "of 1+0: 1(1) 1(1)+1"},
    {.name = "strict, past an event that is a step",
     .visits = {{.visitor = 1, .hits = "A0 s1 B2"}, {.visitor = 2, .hits = "A0 s1 D2 B3"}},
     .steps = "AsB",
     .is_strict = true,
     .told = "of 2+0: 2(2) 2(2)+2 1(1)+1"},
    {.name = "a visitor of two visits",
     .visits = {{.visitor = 1, .hits = "A0 B1"},
                {.visitor = 1, .start_s = 5000, .hits = "A0"},
                {.visitor = 2, .hits = "A0"}},
     .steps = "AB",
     .told = "of 3+0: 3(2) 1(1)+1"},
    {.name = "not across visits",
     .visits = {{.visitor = 1, .hits = "A0"}, {.visitor = 1, .start_s = 5000, .hits = "B0"}},
     .steps = "AB",
     .told = "of 2+0: 1(1) 0(0)+0"},
    {.name = "a step that is a visit's",
     .visits = {{.visitor = 1, .hits = "A0 B1", .country = "DE"}, {.visitor = 2, .hits = "A0 B1", .country = "US"}},
     .steps = "*B",
     .told = "of 2+0: 1(1) 1(1)+1"},
    {.name = "untraced visits and programs",
     .visits = {{.visitor = 1, .hits = "A0"},
                {.visitor = 2, .hits = "A0", .untraced = true},
                {.visitor = 3, .hits = "A0", .bot = true}},
     .steps = "A",
     .told = "of 1+1: 1(1)"},
    {.name = "filtered",
     .visits = {{.visitor = 1, .hits = "A0 B1 C2"}, {.visitor = 2, .hits = "A0 B1"}},
     .steps = "AB",
     .filter = "[[\"is\",\"event:page\",[\"/C\"]]]",
     .told = "of 1+0: 1(1) 1(1)+1"},
};

static void test_rows(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        TABLE_AUTO table = TABLE_INIT;
        BUFFER_AUTO told = BUFFER_INIT(4096);
        struct filter *filter = journeys_filter(rows[i].filter);
        struct funnel *funnel;
        struct steps steps;

        steps_init(rows[i].steps, &steps);
        steps.question.filter = filter;
        steps.question.is_strict = rows[i].is_strict;
        steps.question.window_s = rows[i].window_s;
        journeys_make(rows[i].visits, VISITS_MAX, &table);
        journeys_keep_columns(&table, funnel_columns(&steps.question));
        check_equal(rows[i].name, funnel_new(&steps.question, &funnel), 0);
        check_equal(rows[i].name, funnel_add(funnel, &table, 0, DAY_S), 0);
        struct funnel_answer answer = funnel_answer(funnel);
        put_answer(&told, &answer);
        check_text(rows[i].name, buffer_text(&told), rows[i].told);
        funnel_free(funnel);
        filter_free(filter);
        steps_deinit(&steps);
    }
}

/* A visit belongs to the second it began; a visitor of two days is one. */
static void test_ranges_and_days(void **state)
{
    static const struct journey visits[] = {{.visitor = 1, .start_s = 10, .hits = "A0 B5"},
                                            {.visitor = 2, .start_s = 20, .hits = "A0 B1"},
                                            {.visitor = 3, .start_s = 30, .hits = "A0"}};
    TABLE_AUTO table = TABLE_INIT;
    BUFFER_AUTO told = BUFFER_INIT(4096);
    struct funnel *funnel;
    struct steps steps;

    steps_init("AB", &steps);
    journeys_make(visits, N_ROWS(visits), &table);
    assert_int_equal(funnel_new(&steps.question, &funnel), 0);
    assert_int_equal(funnel_add(funnel, &table, 11, 30), 0);
    assert_int_equal(funnel_add(funnel, &table, 20, DAY_S), 0);
    struct funnel_answer answer = funnel_answer(funnel);
    put_answer(&told, &answer);
    assert_text(buffer_text(&told), "of 3+0: 3(2) 2(1)+2");
    funnel_free(funnel);
    steps_deinit(&steps);
}

/* ---- the oracle ---- */

#define INVENTED 24
#define PEOPLE_MAX (INVENTED + 1)

struct hit {
    char letter; /* of the page, or of the event */
    unsigned at_s;
};

struct visit {
    struct hit hits[JOURNEYS_HITS_MAX];
    unsigned n;
};

/* A way through a visit: the hits that make its steps. */
struct way {
    unsigned hits[STEPS_MAX];
    unsigned n;
};

/* Further, sooner there, and then each step before as late as can be. */
static bool is_better(const struct way *a, const struct way *b)
{
    if (a->n != b->n)
        return a->n > b->n;
    for (unsigned i = a->n; i-- > 0;)
        if (a->hits[i] != b->hits[i])
            return i == a->n - 1 ? a->hits[i] < b->hits[i] : a->hits[i] > b->hits[i];
    return false;
}

static char page_before(const struct visit *visit, unsigned hit)
{
    while (hit-- > 0)
        if (visit->hits[hit].letter < 'a')
            return visit->hits[hit].letter;
    return '\0';
}

/* Whether a view between the hits @a and @b, or at @b unless it is the step, is of another page than the one before. */
static bool is_broken(const struct visit *visit, unsigned a, unsigned b)
{
    for (unsigned i = a + 1; i < b; i++)
        if (visit->hits[i].letter < 'a' && visit->hits[i].letter != page_before(visit, i))
            return true;
    return false;
}

static void try_ways(const struct visit *visit, const char *letters, const struct funnel_question *question,
                     struct way *way, struct way *best)
{
    unsigned from = way->n ? way->hits[way->n - 1] + 1 : 0;

    if (way->n && is_better(way, best))
        *best = *way;
    for (unsigned i = from; letters[way->n] && i < visit->n; i++) {
        if (visit->hits[i].letter != letters[way->n])
            continue;
        if (way->n && question->window_s && visit->hits[i].at_s - visit->hits[way->hits[0]].at_s > question->window_s)
            continue;
        if (way->n && question->is_strict && is_broken(visit, way->hits[way->n - 1], i))
            continue;
        way->hits[way->n++] = i;
        try_ways(visit, letters, question, way, best);
        way->n--;
    }
}

static void read_visit(const struct table *table, size_t from, size_t to, struct visit *visit)
{
    unsigned at_s = 0;

    visit->n = 0;
    for (size_t hit = from; hit < to; hit++) {
        uint32_t act = table->columns[COLUMN_HIT_act][hit];
        uint32_t path = table->columns[COLUMN_PAGE_path][table->columns[COLUMN_HIT_page][hit]];
        struct text text = act ? table_text(table, table->columns[COLUMN_ACT_action][act]) : table_text(table, path);

        at_s += table->columns[COLUMN_HIT_after_s][hit];
        visit->hits[visit->n++] = (struct hit){.letter = text.data[text.size - 1], .at_s = at_s};
    }
}

struct oracle {
    struct funnel_answer answer;
    unsigned made[PEOPLE_MAX]; /* of each visitor, at the most */
};

static void oracle_add(struct oracle *oracle, const struct table *table, const char *letters,
                       const struct funnel_question *question)
{
    size_t from = 0, to;

    for (uint32_t i = 0; i < table->n[RELATION_VISIT]; i++, from = to) {
        uint32_t visitor = table->columns[COLUMN_VISIT_visitor][i];
        struct way way = {.n = 0}, best = {.n = 0};
        struct visit visit;

        to = from + table->columns[COLUMN_VISIT_n_hits][i];
        if (table->columns[COLUMN_VISIT_bot][i])
            continue;
        *(table->columns[COLUMN_VISIT_traced][i] ? &oracle->answer.traced : &oracle->answer.untraced) += 1;
        if (!table->columns[COLUMN_VISIT_traced][i])
            continue;
        read_visit(table, from, to, &visit);
        try_ways(&visit, letters, question, &way, &best);
        for (unsigned k = 0; k < best.n; k++) {
            oracle->answer.steps[k].visits++;
            if (k)
                oracle->answer.steps[k].after_s += visit.hits[best.hits[k]].at_s - visit.hits[best.hits[k - 1]].at_s;
        }
        oracle->made[visitor] = best.n > oracle->made[visitor] ? best.n : oracle->made[visitor];
    }
}

static void oracle_finish(struct oracle *oracle, unsigned n_steps)
{
    oracle->answer.n_steps = n_steps;
    for (unsigned visitor = 0; visitor < PEOPLE_MAX; visitor++)
        for (unsigned k = 0; k < oracle->made[visitor]; k++)
            oracle->answer.steps[k].visitors++;
}

static void check_seed(uint64_t seed)
{
    static char memory[INVENTED][8 * JOURNEYS_HITS_MAX];
    BUFFER_AUTO told = BUFFER_INIT(4096), wanted = BUFFER_INIT(4096);
    uint64_t random = seed;
    unsigned n_steps = 1 + journeys_pick(&random, STEPS_MAX), n_tables = 1 + journeys_pick(&random, 3);
    char letters[STEPS_MAX + 1] = "", name[32];
    struct oracle oracle = {.made = {0}};
    struct funnel *funnel;
    struct steps steps;

    for (unsigned i = 0; i < n_steps; i++)
        letters[i] = (char)((journeys_pick(&random, 5) ? 'A' : 'a') + (int)journeys_pick(&random, 3));
    steps_init(letters, &steps);
    steps.question.is_strict = journeys_pick(&random, 2);
    steps.question.window_s = journeys_pick(&random, 2) ? 1 + journeys_pick(&random, 12) : 0;
    snprintf(name, sizeof name, "seed %llu", (unsigned long long)seed);
    check_equal(name, funnel_new(&steps.question, &funnel), 0);
    for (unsigned i = 0; i < n_tables; i++) {
        TABLE_AUTO table = TABLE_INIT;
        struct journey journeys[INVENTED];
        size_t n = journeys_pick(&random, INVENTED + 1);

        journeys_invent(&random, journeys, n, memory);
        journeys_make(journeys, n, &table);
        check_equal(name, funnel_add(funnel, &table, 0, DAY_S), 0);
        oracle_add(&oracle, &table, letters, &steps.question);
    }
    struct funnel_answer answer = funnel_answer(funnel);
    put_answer(&told, &answer);
    oracle_finish(&oracle, n_steps);
    put_answer(&wanted, &oracle.answer);
    buffer_put_u8(&wanted, 0);
    check_text(name, buffer_text(&told), (const char *)wanted.data);
    funnel_free(funnel);
    steps_deinit(&steps);
}

static void test_oracle(void **state)
{
    for (uint64_t seed = 1; seed <= 2000; seed++)
        check_seed(seed);
}

/* Visitors past the first memory for them. */
static void test_many_visitors(void **state)
{
    enum { N = 3000 };
    static struct journey journeys[N];
    TABLE_AUTO table = TABLE_INIT;
    struct funnel *funnel;
    struct steps steps;

    for (uint32_t i = 0; i < N; i++)
        journeys[i] = (struct journey){.visitor = 7 * i, .hits = i % 3 ? "A0" : "A0 B1"};
    journeys_make(journeys, N, &table);
    steps_init("AB", &steps);
    assert_int_equal(funnel_new(&steps.question, &funnel), 0);
    assert_int_equal(funnel_add(funnel, &table, 0, DAY_S), 0);
    assert_int_equal(funnel_add(funnel, &table, 0, DAY_S), 0);
    struct funnel_answer answer = funnel_answer(funnel);
    assert_int_equal(answer.steps[0].visits, 2 * N);
    assert_int_equal(answer.steps[0].visitors, N);
    assert_int_equal(answer.steps[1].visitors, N / 3);
    funnel_free(funnel);
    steps_deinit(&steps);
}

/* ---- faults ---- */

static int ask(const struct funnel_question *question, const struct table *table)
{
    struct funnel *funnel;
    int r = funnel_new(question, &funnel);

    if (r)
        return r;
    r = funnel_add(funnel, table, 0, DAY_S);
    funnel_free(funnel);
    return r;
}

static void test_no_memory(void **state)
{
    static char memory[INVENTED][8 * JOURNEYS_HITS_MAX];
    struct journey journeys[INVENTED];
    struct filter *filter = journeys_filter("[[\"is\",\"visit:country\",[\"DE\"]]]");
    TABLE_AUTO table = TABLE_INIT;
    struct steps steps;
    uint64_t random = 7;
    int r = -ENOMEM;
    long n = 0;

    steps_init("A*B", &steps);
    steps.question.filter = filter;
    journeys_invent(&random, journeys, INVENTED, memory);
    journeys_make(journeys, INVENTED, &table);
    for (; r; n++) {
        n_until_failure = n;
        r = ask(&steps.question, &table);
        n_until_failure = -1;
        assert_true(r == 0 || r == -ENOMEM);
    }
    assert_true(n > 10);
    filter_free(filter);
    steps_deinit(&steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_ranges_and_days), cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_many_visitors), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
