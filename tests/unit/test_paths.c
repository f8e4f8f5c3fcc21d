/*
 * Paths: rows of visits and what is told of them, every random question against
 * a naive reading of the same tables, and each allocation failing in turn.
 */
#include "crumb/query/paths.h"
#include "failing.h"
#include "journeys_table.h"
#include <errno.h>

#define DAY_S 86400
#define TABLE_AUTO __attribute__((cleanup(table_deinit))) struct table

/* ---- writing an answer in one line ---- */

static void put_node(struct buffer *buffer, const struct paths_node *node)
{
    if (node->kind == PATHS_PAGE)
        buffer_put_text(buffer, text_from(node->page, 1));
    else if (node->kind == PATHS_OTHER)
        buffer_printf(buffer, "+%zu", node->n_pages);
    else
        buffer_put_u8(buffer, '.');
    buffer_printf(buffer, "%d", (int)node->visits);
    if (node->kind != PATHS_END)
        buffer_printf(buffer, "/%d", (int)node->dwell_s);
}

/* "2 of 3+1: A2/10 | B1/0 .1; 0>1 ... ; AB1 A.1" */
static void put_answer(struct buffer *buffer, const struct paths_answer *answer)
{
    buffer_printf(buffer, "%d of %d+%d:", (int)answer->visits, (int)answer->traced, (int)answer->untraced);
    for (unsigned i = 0; i < answer->n_steps; i++) {
        buffer_printf(buffer, i ? " |" : "");
        for (unsigned k = 0; k < answer->steps[i].n_nodes; k++) {
            buffer_put_u8(buffer, ' ');
            put_node(buffer, &answer->steps[i].nodes[k]);
        }
    }
    buffer_put_u8(buffer, ';');
    for (size_t i = 0; i < answer->n_links; i++)
        buffer_printf(buffer, " %u:%u>%u=%d", answer->links[i].step, answer->links[i].source, answer->links[i].target,
                      (int)answer->links[i].visits);
    buffer_put_u8(buffer, ';');
    for (unsigned i = 0; i < answer->n_paths; i++) {
        buffer_put_u8(buffer, ' ');
        for (unsigned k = 0; k < answer->paths[i].n_pages; k++)
            buffer_put_text(buffer, text_from(answer->paths[i].pages[k], 1));
        buffer_printf(buffer, "%s%d", answer->paths[i].ended ? "." : "", (int)answer->paths[i].visits);
    }
}

/* ---- rows ---- */

#define VISITS_MAX 6

static const struct row {
    const char *name;
    struct journey visits[VISITS_MAX];
    const char *start, *end;
    bool backward, keeps_loops;
    unsigned n_steps, n_nodes, n_paths; /* 0: 3, 10, 10 */
    const char *filter;
    const char *told;
} rows[] = {
    {.name = "nothing", .told = "0 of 0+0:;;"},
    {.name = "one page", .visits = {{.visitor = 1, .hits = "A0"}}, .told = "1 of 1+0: A1/0 | .1; 0:0>0=1; A.1"},
    {.name = "two visits part",
     .visits = {{.visitor = 1, .hits = "A0 B5 C9"}, {.visitor = 2, .hits = "A0 C3"}},
     .told = "2 of 2+0: A2/8 | B1/4 C1/0 | C1/0 .1; 0:0>0=1 0:0>1=1 1:0>0=1 1:1>1=1; ABC.1 AC.1"},
    {.name = "longer than asked",
     .visits = {{.visitor = 1, .hits = "A0 B1 C2 D3"}},
     .n_steps = 2,
     .told = "1 of 1+0: A1/1 | B1/1; 0:0>0=1; AB1"},
    {.name = "ends with the last step",
     .visits = {{.visitor = 1, .hits = "A0 B1"}},
     .n_steps = 2,
     .told = "1 of 1+0: A1/1 | B1/0; 0:0>0=1; AB.1"},
    {.name = "the same page again",
     .visits = {{.visitor = 1, .hits = "A0 A5 s6 A7 B9"}},
     .told = "1 of 1+0: A1/9 | B1/0 | .1; 0:0>0=1 1:0>0=1; AB.1"},
    {.name = "to and fro",
     .visits = {{.visitor = 1, .hits = "A0 B1 A3 B6 A10 C15"}},
     .n_steps = 5,
     .told = "1 of 1+0: A1/4 | B1/6 | A1/5 | C1/0 | .1; 0:0>0=1 1:0>0=1 2:0>0=1 3:0>0=1; ABAC.1"},
    {.name = "to and fro, kept",
     .visits = {{.visitor = 1, .hits = "A0 B1 A3 A4 B6"}},
     .keeps_loops = true,
     .n_steps = 4,
     .told = "1 of 1+0: A1/1 | B1/2 | A1/3 | B1/0; 0:0>0=1 1:0>0=1 2:0>0=1; ABAB.1"},
    {.name = "a longer circle",
     .visits = {{.visitor = 1, .hits = "A0 B0 C0 A0 B0 C0"}},
     .n_steps = 6,
     .told = "1 of 1+0: A1/0 | B1/0 | C1/0 | A1/0 | B1/0 | C1/0; 0:0>0=1 1:0>0=1 2:0>0=1 3:0>0=1 4:0>0=1; ABCABC.1"},
    {.name = "events alone are no path", .visits = {{.visitor = 1, .hits = "s0 t1"}}, .told = "0 of 1+0:;;"},
    {.name = "from a page",
     .visits = {{.visitor = 1, .hits = "A0 B1 C2"}, {.visitor = 2, .hits = "A0 C1"}, {.visitor = 3, .hits = "B0"}},
     .start = "/B",
     .told = "2 of 3+0: B2/1 | C1/0 .1 | .1; 0:0>0=1 0:0>1=1 1:0>0=1; B.1 BC.1"},
    {.name = "to a page",
     .visits = {{.visitor = 1, .hits = "A0 B1 C2"}, {.visitor = 2, .hits = "B0 D1"}, {.visitor = 3, .hits = "A0"}},
     .end = "/B",
     .told = "2 of 3+0: A1/1 B1/1 | B1/1; 0:0>0=1; AB1 B1"},
    {.name = "between two",
     .visits = {{.visitor = 1, .hits = "D0 A1 B2 C3 D4"},
                {.visitor = 2, .hits = "C0 A1 B2"},
                {.visitor = 3, .hits = "A0 C1 C2"}},
     .start = "/A",
     .end = "/C",
     .told = "2 of 3+0: A2/2 | B1/1 C1/1 | C1/1; 0:0>0=1 0:0>1=1 1:0>0=1; ABC1 AC1"},
    {.name = "back to where it began",
     .visits = {{.visitor = 1, .hits = "A0 B1 A2 C3"}, {.visitor = 2, .hits = "A0 A1"}},
     .start = "/A",
     .end = "/A",
     .told = "1 of 2+0: A1/1 | B1/1 | A1/1; 0:0>0=1 1:0>0=1; ABA1"},
    {.name = "backward",
     .visits = {{.visitor = 1, .hits = "A0 B1 C2"}, {.visitor = 2, .hits = "C0 B1"}},
     .backward = true,
     .told = "2 of 2+0: B1/0 C1/0 | B1/1 C1/1 | A1/1 .1; 0:0>1=1 0:1>0=1 1:0>0=1 1:1>1=1; BC.1 CBA.1"},
    {.name = "backward from the last view",
     .visits = {{.visitor = 1, .hits = "A0 B1 C2 B3 D4"}},
     .backward = true,
     .end = "/B",
     .n_steps = 2,
     .told = "1 of 1+0: B1/1 | C1/1; 0:0>0=1; BC1"},
    {.name = "backward to the last start before it",
     .visits = {{.visitor = 1, .hits = "A0 D1 A2 B3 C4"}},
     .backward = true,
     .start = "/A",
     .end = "/C",
     .told = "1 of 1+0: C1/0 | B1/1 | A1/1; 0:0>0=1 1:0>0=1; CBA1"},
    {.name = "others",
     .visits = {{.visitor = 1, .hits = "A0 D1"},
                {.visitor = 2, .hits = "A0 C1"},
                {.visitor = 3, .hits = "A0 B1"},
                {.visitor = 4, .hits = "B0 C1"},
                {.visitor = 5, .hits = "C0"}},
     .n_nodes = 1,
     .n_steps = 2,
     .n_paths = 2,
     .told = "5 of 5+0: A3/3 +22/1 | C2/0 +22/0 .1; 0:0>0=1 0:0>1=2 0:1>0=1 0:1>2=1; AB.1 AC.1"},
    {.name = "untraced visits and programs",
     .visits = {{.visitor = 1, .hits = "A0"},
                {.visitor = 2, .hits = "A0", .untraced = true},
                {.visitor = 3, .hits = "A0", .bot = true},
                {.visitor = 4, .hits = "B0", .untraced = true}},
     .told = "1 of 1+2: A1/0 | .1; 0:0>0=1; A.1"},
    {.name = "filtered by a hit",
     .visits = {{.visitor = 1, .hits = "A0 B1"},
                {.visitor = 2, .hits = "A0 C1"},
                {.visitor = 3, .hits = "B0", .untraced = true},
                {.visitor = 4, .hits = "C0", .untraced = true}},
     .filter = "[[\"is\",\"event:page\",[\"/B\"]]]",
     .told = "1 of 1+1: A1/1 | B1/0 | .1; 0:0>0=1 1:0>0=1; AB.1"},
    {.name = "filtered by a visit",
     .visits = {{.visitor = 1, .hits = "A0 B1", .country = "DE"}, {.visitor = 2, .hits = "A0 C1", .country = "US"}},
     .filter = "[[\"is\",\"visit:country\",[\"US\"]]]",
     .told = "1 of 1+0: A1/1 | C1/0 | .1; 0:0>0=1 1:0>0=1; AC.1"},
};

static struct paths_question question_of(const struct row *row, const struct filter *filter)
{
    return (struct paths_question){.filter = filter,
                                   .start = text_of(row->start),
                                   .end = text_of(row->end),
                                   .backward = row->backward,
                                   .keeps_loops = row->keeps_loops,
                                   .n_steps = row->n_steps ? row->n_steps : 3,
                                   .n_nodes = row->n_nodes ? row->n_nodes : 10,
                                   .n_paths = row->n_paths ? row->n_paths : 10};
}

static void test_rows(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        TABLE_AUTO table = TABLE_INIT;
        BUFFER_AUTO told = BUFFER_INIT(4096);
        struct filter *filter = journeys_filter(rows[i].filter);
        struct paths_question question = question_of(&rows[i], filter);
        struct paths_answer answer;
        struct paths *paths;

        journeys_make(rows[i].visits, VISITS_MAX, &table);
        journeys_keep_columns(&table, paths_columns(&question));
        check_equal(rows[i].name, paths_new(&question, &paths), 0);
        check_equal(rows[i].name, paths_add(paths, &table, 0, DAY_S), 0);
        check_equal(rows[i].name, paths_answer(paths, &answer), 0);
        put_answer(&told, &answer);
        check_text(rows[i].name, buffer_text(&told), rows[i].told);
        paths_answer_deinit(&answer);
        paths_free(paths);
        filter_free(filter);
    }
}

/* A visit belongs to the second it began, and tables with other codes for the same pages add up. */
static void test_ranges_and_days(void **state)
{
    static const struct journey first[] = {{.visitor = 1, .start_s = 10, .hits = "A0 B5"},
                                           {.visitor = 2, .start_s = 20, .hits = "A0 B1"},
                                           {.visitor = 3, .start_s = 30, .hits = "C0"}};
    static const struct journey second[] = {
        {.visitor = 1, .hits = "B0 A1"}, {.visitor = 2, .hits = "B0 C1"}, {.visitor = 3, .hits = "B0"}};
    const struct paths_question question = {.n_steps = 2, .n_nodes = 5};
    TABLE_AUTO a = TABLE_INIT, b = TABLE_INIT;
    BUFFER_AUTO told = BUFFER_INIT(4096);
    struct paths_answer answer;
    struct paths *paths;

    journeys_make(first, N_ROWS(first), &a);
    journeys_make(second, N_ROWS(second), &b);
    assert_int_equal(paths_new(&question, &paths), 0);
    assert_int_equal(paths_add(paths, &a, 11, 30), 0);
    assert_int_equal(paths_add(paths, &b, 0, 1), 0);
    assert_int_equal(paths_add(paths, &b, 1, DAY_S), 0);
    assert_int_equal(paths_answer(paths, &answer), 0);
    put_answer(&told, &answer);
    assert_text(buffer_text(&told), "4 of 4+0: B3/2 A1/1 | A1/0 B1/0 C1/0 .1; 0:0>0=1 0:0>2=1 0:0>3=1 0:1>1=1;");
    paths_answer_deinit(&answer);
    paths_free(paths);
}

/* ---- the oracle ---- */

#define INVENTED 24

/* A visit's path in letters, with the seconds of each. */
struct trail {
    char pages[JOURNEYS_HITS_MAX];
    unsigned dwell_s[JOURNEYS_HITS_MAX];
    size_t n;
    bool ended;
};

static void drop(struct trail *trail, size_t at, size_t n)
{
    for (size_t i = at; i + n < trail->n; i++) {
        trail->pages[i] = trail->pages[i + n];
        trail->dwell_s[i] = trail->dwell_s[i + n];
    }
    trail->n -= n;
}

/* Takes out the first repetition of a page or of a pair; false: there is none. */
static bool collapse_once(struct trail *trail, bool keeps_loops)
{
    for (size_t i = 0; i + 1 < trail->n; i++) {
        if (trail->pages[i] == trail->pages[i + 1]) {
            trail->dwell_s[i + 1] += trail->dwell_s[i];
            drop(trail, i, 1);
            return true;
        }
        if (!keeps_loops && i >= 2 && trail->pages[i - 2] == trail->pages[i] &&
            trail->pages[i - 1] == trail->pages[i + 1]) {
            trail->dwell_s[i] += trail->dwell_s[i - 2];
            trail->dwell_s[i + 1] += trail->dwell_s[i - 1];
            drop(trail, i - 2, 2);
            return true;
        }
    }
    return false;
}

static void flip(struct trail *trail)
{
    struct trail flipped = *trail;

    for (size_t i = 0; i < trail->n; i++) {
        flipped.pages[i] = trail->pages[trail->n - 1 - i];
        flipped.dwell_s[i] = trail->dwell_s[trail->n - 1 - i];
    }
    *trail = flipped;
}

/* Cuts what stands before the first @from and behind the first @to after it ('\0': does not matter). */
static bool cut_trail(struct trail *trail, char from, char to, size_t n_steps)
{
    trail->ended = !to;
    while (from && trail->n && trail->pages[0] != from)
        drop(trail, 0, 1);
    if (trail->n == 0)
        return false;
    if (to) {
        size_t i = from ? 1 : 0;

        while (i < trail->n && trail->pages[i] != to)
            i++;
        if (i == trail->n)
            return false;
        trail->n = i + 1;
    }
    if (trail->n > n_steps) {
        trail->n = n_steps;
        trail->ended = false;
    }
    return true;
}

static bool read_trail(const struct table *table, size_t from, size_t to, const struct paths_question *question,
                       struct trail *trail)
{
    trail->n = 0;
    for (size_t hit = from; hit < to; hit++)
        if (table->columns[COLUMN_HIT_act][hit] == 0) {
            uint32_t path = table->columns[COLUMN_PAGE_path][table->columns[COLUMN_HIT_page][hit]];

            trail->pages[trail->n] = table_text(table, path).data[1];
            trail->dwell_s[trail->n++] = table->columns[COLUMN_HIT_dwell_s][hit];
        }
    while (collapse_once(trail, question->keeps_loops))
        ;
    char start = question->start.data ? question->start.data[1] : '\0';
    char end = question->end.data ? question->end.data[1] : '\0';
    if (question->backward)
        flip(trail);
    return cut_trail(trail, question->backward ? end : start, question->backward ? start : end, question->n_steps);
}

/* Every trail of the tables; and how many visits were none of anybody's to trace. */
struct oracle {
    struct trail trails[4 * INVENTED];
    size_t n;
    unsigned traced, untraced;
};

static void oracle_add(struct oracle *oracle, const struct table *table, const struct paths_question *question,
                       const char *country)
{
    size_t from = 0, to;

    for (uint32_t visit = 0; visit < table->n[RELATION_VISIT]; visit++, from = to) {
        uint32_t place = table->columns[COLUMN_VISIT_place][visit];

        to = from + table->columns[COLUMN_VISIT_n_hits][visit];
        if (table->columns[COLUMN_VISIT_bot][visit] ||
            (country && !text_equal(text_of(country), table_text(table, table->columns[COLUMN_PLACE_country][place]))))
            continue;
        if (!table->columns[COLUMN_VISIT_traced][visit]) {
            oracle->untraced++;
            continue;
        }
        oracle->traced++;
        if (read_trail(table, from, to, question, &oracle->trails[oracle->n]))
            oracle->n++;
    }
}

/* What a trail shows at a step: a page, '.' where it ended one step before, '\0' past that. */
static char at_step(const struct trail *trail, unsigned step)
{
    return step < trail->n ? trail->pages[step] : step == trail->n && trail->ended ? '.' : '\0';
}

/* Letters of a step in the order of nodes: pages by visits, others folded to '+', then '.'. */
static size_t oracle_nodes(const struct oracle *oracle, unsigned step, unsigned n_nodes, char *nodes)
{
    unsigned visits[128] = {0};
    size_t n = 0;

    for (size_t i = 0; i < oracle->n; i++)
        visits[(int)at_step(&oracle->trails[i], step)]++;
    for (unsigned most = (unsigned)oracle->n; most > 0; most--)
        for (char page = 'A'; page <= 'Z'; page++)
            if (visits[(int)page] == most && n < n_nodes)
                nodes[n++] = page;
    nodes[n] = '\0';
    for (char page = 'A'; page <= 'Z'; page++)
        if (visits[(int)page] && !strchr(nodes, page)) {
            nodes[n++] = '+';
            nodes[n] = '\0';
            break;
        }
    if (visits['.'])
        nodes[n++] = '.';
    nodes[n] = '\0';
    return n;
}

static char fold(char page, const char *nodes) { return page && !strchr(nodes, page) ? '+' : page; }

static void oracle_node(const struct oracle *oracle, unsigned step, char name, const char *nodes, struct buffer *told)
{
    unsigned visits = 0, dwell_s = 0;
    char seen[32] = "";

    for (size_t i = 0; i < oracle->n; i++) {
        char page = at_step(&oracle->trails[i], step);

        if (fold(page, nodes) != name)
            continue;
        visits++;
        dwell_s += page == '.' ? 0 : oracle->trails[i].dwell_s[step];
        if (!strchr(seen, page))
            seen[strlen(seen)] = page;
    }
    buffer_put_u8(told, ' ');
    if (name == '+')
        buffer_printf(told, "+%zu", strlen(seen));
    else
        buffer_put_u8(told, (uint8_t)name);
    buffer_printf(told, "%u", visits);
    if (name != '.')
        buffer_printf(told, "/%u", dwell_s);
}

static void oracle_links(const struct oracle *oracle, const struct paths_question *question, struct buffer *told)
{
    char from[32], to[32];

    for (unsigned step = 0; step + 1 < question->n_steps; step++) {
        size_t n_from = oracle_nodes(oracle, step, question->n_nodes, from);
        size_t n_to = oracle_nodes(oracle, step + 1, question->n_nodes, to);

        for (size_t k = 0; k < n_from; k++)
            for (size_t l = 0; l < n_to; l++) {
                unsigned visits = 0;

                for (size_t i = 0; i < oracle->n; i++)
                    visits += fold(at_step(&oracle->trails[i], step), from) == from[k] &&
                              fold(at_step(&oracle->trails[i], step + 1), to) == to[l];
                if (visits)
                    buffer_printf(told, " %u:%zu>%zu=%u", step, k, l, visits);
            }
    }
}

static int compare_trails(const struct trail *a, const struct trail *b)
{
    size_t n = a->n < b->n ? a->n : b->n;
    int order = memcmp(a->pages, b->pages, n);

    if (order)
        return order;
    return a->n != b->n ? (a->n < b->n ? -1 : 1) : (int)b->ended - (int)a->ended;
}

static void oracle_paths(const struct oracle *oracle, unsigned n_paths, struct buffer *told)
{
    bool told_already[4 * INVENTED] = {false};

    for (unsigned n = 0; n < n_paths; n++) {
        size_t best = SIZE_MAX;
        unsigned best_visits = 0;

        for (size_t i = 0; i < oracle->n; i++) {
            unsigned visits = 0;

            for (size_t k = 0; k < oracle->n; k++)
                visits += compare_trails(&oracle->trails[i], &oracle->trails[k]) == 0;
            if (!told_already[i] &&
                (visits > best_visits ||
                 (visits == best_visits && compare_trails(&oracle->trails[i], &oracle->trails[best]) < 0))) {
                best = i;
                best_visits = visits;
            }
        }
        if (!best_visits)
            return;
        for (size_t k = 0; k < oracle->n; k++)
            told_already[k] |= compare_trails(&oracle->trails[best], &oracle->trails[k]) == 0;
        buffer_printf(told, " %.*s%s%u", (int)oracle->trails[best].n, oracle->trails[best].pages,
                      oracle->trails[best].ended ? "." : "", best_visits);
    }
}

static void oracle_answer(const struct oracle *oracle, const struct paths_question *question, struct buffer *told)
{
    char nodes[32];

    buffer_printf(told, "%zu of %u+%u:", oracle->n, oracle->traced, oracle->untraced);
    for (unsigned step = 0; step < question->n_steps; step++) {
        size_t n = oracle_nodes(oracle, step, question->n_nodes, nodes);

        if (n && step)
            buffer_put_text(told, TEXT(" |"));
        for (size_t i = 0; i < n; i++)
            oracle_node(oracle, step, nodes[i], nodes, told);
    }
    buffer_put_u8(told, ';');
    oracle_links(oracle, question, told);
    buffer_put_u8(told, ';');
    oracle_paths(oracle, question->n_paths, told);
}

static struct paths_question invent_question(uint64_t *random)
{
    static const char *const pages[] = {"/A", "/B", "/C", NULL, NULL};

    return (struct paths_question){.start = text_of(pages[journeys_pick(random, 5)]),
                                   .end = text_of(pages[journeys_pick(random, 5)]),
                                   .backward = journeys_pick(random, 2),
                                   .keeps_loops = journeys_pick(random, 4) == 0,
                                   .n_steps = 1 + journeys_pick(random, 8),
                                   .n_nodes = 1 + journeys_pick(random, 5),
                                   .n_paths = journeys_pick(random, 8)};
}

static void check_seed(uint64_t seed)
{
    static char memory[INVENTED][8 * JOURNEYS_HITS_MAX];
    BUFFER_AUTO told = BUFFER_INIT(1 << 16), wanted = BUFFER_INIT(1 << 16);
    uint64_t random = seed;
    struct paths_question question = invent_question(&random);
    const char *country = journeys_pick(&random, 3) ? NULL : "DE";
    struct filter *filter = journeys_filter(country ? "[[\"is\",\"visit:country\",[\"DE\"]]]" : NULL);
    unsigned n_tables = 1 + journeys_pick(&random, 3);
    struct oracle oracle = {.n = 0};
    struct paths_answer answer;
    struct paths *paths;
    char name[32];

    snprintf(name, sizeof name, "seed %llu", (unsigned long long)seed);
    question.filter = filter;
    check_equal(name, paths_new(&question, &paths), 0);
    for (unsigned i = 0; i < n_tables; i++) {
        TABLE_AUTO table = TABLE_INIT;
        struct journey journeys[INVENTED];
        size_t n = journeys_pick(&random, INVENTED + 1);

        journeys_invent(&random, journeys, n, memory);
        journeys_make(journeys, n, &table);
        check_equal(name, paths_add(paths, &table, 0, DAY_S), 0);
        oracle_add(&oracle, &table, &question, country);
    }
    check_equal(name, paths_answer(paths, &answer), 0);
    put_answer(&told, &answer);
    oracle_answer(&oracle, &question, &wanted);
    buffer_put_u8(&wanted, 0);
    check_text(name, buffer_text(&told), (const char *)wanted.data);
    paths_answer_deinit(&answer);
    paths_free(paths);
    filter_free(filter);
}

static void test_oracle(void **state)
{
    for (uint64_t seed = 1; seed <= 2000; seed++)
        check_seed(seed);
}

/* ---- limits ---- */

/* One visit of @n different pages, by hand, as events would take long. */
static void make_long_visit(uint32_t n, struct table *table)
{
    static const enum column of_hits[] = {COLUMN_HIT_page, COLUMN_HIT_act, COLUMN_HIT_dwell_s, COLUMN_PAGE_path};
    static const enum column of_visits[] = {COLUMN_VISIT_start_s, COLUMN_VISIT_n_hits, COLUMN_VISIT_bot,
                                            COLUMN_VISIT_traced};

    for (size_t i = 0; i < N_ROWS(of_visits); i++)
        assert_non_null(table->columns[of_visits[i]] = calloc(1, sizeof(uint32_t)));
    for (size_t i = 0; i < N_ROWS(of_hits); i++)
        assert_non_null(table->columns[of_hits[i]] = calloc(n, sizeof(uint32_t)));
    table->columns[COLUMN_VISIT_n_hits][0] = n;
    table->columns[COLUMN_VISIT_traced][0] = 1;
    table->n[RELATION_VISIT] = 1;
    table->n[RELATION_HIT] = table->n[RELATION_PAGE] = table->texts.n = n;
    assert_non_null(table->texts.ends = calloc(n, sizeof(uint32_t)));
    assert_non_null(table->texts.bytes = calloc(n, 4));
    for (uint32_t i = 0; i < n; i++) {
        table->columns[COLUMN_HIT_page][i] = table->columns[COLUMN_PAGE_path][i] = i;
        table->texts.ends[i] = 4 * (i + 1);
        memcpy(table->texts.bytes + (size_t)4 * i, &i, 4);
    }
}

static void test_too_many_pages(void **state)
{
    const struct paths_question question = {.n_steps = 2, .n_nodes = 1};

    for (unsigned past = 0; past < 2; past++) {
        TABLE_AUTO table = TABLE_INIT;
        struct paths *paths;

        make_long_visit(PATHS_PAGES_MAX + past, &table);
        assert_int_equal(paths_new(&question, &paths), 0);
        assert_int_equal(paths_add(paths, &table, 0, DAY_S), past ? PATHS_E_FULL : 0);
        paths_free(paths);
    }
}

/* ---- faults ---- */

static int ask(const struct paths_question *question, const struct table *table, struct paths_answer *ret_answer,
               struct paths **ret_paths)
{
    int r = paths_new(question, ret_paths);

    if (r)
        return r;
    r = paths_add(*ret_paths, table, 0, DAY_S);
    r = r ? r : paths_answer(*ret_paths, ret_answer);
    if (r)
        *ret_paths = paths_free(*ret_paths);
    return r;
}

static void test_no_memory(void **state)
{
    static char memory[INVENTED][8 * JOURNEYS_HITS_MAX];
    struct journey journeys[INVENTED];
    struct filter *filter = journeys_filter("[[\"is\",\"event:page\",[\"/A\",\"/B\"]]]");
    const struct paths_question question = {
        .filter = filter, .start = TEXT("/A"), .n_steps = 4, .n_nodes = 2, .n_paths = 3};
    TABLE_AUTO table = TABLE_INIT;
    uint64_t random = 7;
    int r = -ENOMEM;
    long n = 0;

    journeys_invent(&random, journeys, INVENTED, memory);
    journeys_make(journeys, INVENTED, &table);
    for (; r; n++) {
        struct paths_answer answer;
        struct paths *paths = NULL;

        n_until_failure = n;
        r = ask(&question, &table, &answer, &paths);
        n_until_failure = -1;
        assert_true(r == 0 || r == -ENOMEM);
        if (r == 0)
            paths_answer_deinit(&answer);
        paths_free(paths);
    }
    assert_true(n > 15);
    filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_ranges_and_days), cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_too_many_pages), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
