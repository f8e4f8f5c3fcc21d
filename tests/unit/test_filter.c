/*
 * Filters: what each operator lets through, how they join, and what is refused.
 */
#include "../../src/query/filter_tree.h"
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/query/filter.h"
#include "crumb/rollup/tabulate.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define START_MS 1767222000000
#define TABLE_AUTO __attribute__((cleanup(table_deinit))) struct table

struct seen {
    uint32_t visitor;
    const char *page, *country, *action; /* action: a custom event and no view */
};

/* Visits by visitor; hits are told by their letters below. */
static const struct seen hits[] = {
    {1, "/", "DE", NULL},      {1, "/shop", "DE", NULL}, {1, "/shop", "DE", "buy"}, /* a b c */
    {2, "/", "US", NULL},      {2, "/Shop", "US", NULL},                            /* d e */
    {3, "/about", "FR", NULL},                                                      /* f */
};
#define HITS "abcdef"
#define VISITS "123"

static void make(struct table *table)
{
    struct gather *gather;

    assert_int_equal(gather_new(START_MS, &gather), 0);
    for (uint64_t i = 0; i < N_ROWS(hits); i++) {
        struct event event = {.kind = hits[i].action ? EVENT_STRUCT : EVENT_PAGEVIEW,
                              .at_ms = START_MS + 1000 * (i + 1),
                              .path = text_of(hits[i].page),
                              .country = text_of(hits[i].country)};
        if (hits[i].action) {
            event.category = TEXT("event");
            event.action = text_of(hits[i].action);
        }
        struct gather_event one = {.sequence = i + 1, .visitor = hits[i].visitor, .event = &event};
        assert_int_equal(gather_add(gather, &one), 0);
    }
    assert_int_equal(tabulate_table(gather, table), 0);
    gather_free(gather);
}

static int parse(const char *json, struct filter **ret_filter, struct buffer *complaint)
{
    json_t *list = json_loads(json, JSON_DECODE_ANY, NULL);
    int r;

    check(json, list != NULL);
    r = filter_parse(list, ret_filter, complaint);
    json_decref(list);
    return r;
}

static const struct row {
    const char *filters;
    const char *passed; /* letters of hits, or numbers of visits */
} rows[] = {
    {"[[\"is\",\"event:page\",[\"/\"]]]", "ad"},
    {"[[\"is\",\"event:page\",[\"/\",\"/about\"]]]", "adf"},
    {"[[\"is\",\"event:page\",[\"/shop\"]]]", "bc"},
    {"[[\"is\",\"event:page\",[\"/SHOP\"],{\"case_sensitive\":false}]]", "bce"},
    {"[[\"is\",\"event:page\",[\"/SHOP\"],{\"case_sensitive\":true}]]", ""},
    {"[[\"is_not\",\"event:page\",[\"/\"]]]", "bcef"},
    {"[[\"is_not\",\"event:page\",[\"/shop\"],{\"case_sensitive\":false}]]", "adf"},
    {"[[\"contains\",\"event:page\",[\"ho\"]]]", "bce"},
    {"[[\"contains\",\"event:page\",[\"SH\"],{\"case_sensitive\":false}]]", "bce"},
    {"[[\"contains\",\"event:page\",[\"\"]]]", "abcdef"},
    {"[[\"contains\",\"event:page\",[\"/about/us\"]]]", ""},
    {"[[\"contains_not\",\"event:page\",[\"ho\"]]]", "adf"},
    {"[[\"contains_not\",\"event:page\",[\"ho\",\"ab\"]]]", "ad"},
    {"[[\"matches\",\"event:page\",[\"^/s\"]]]", "bc"},
    {"[[\"matches\",\"event:page\",[\"(?i)^/s\",\"t$\"]]]", "bcef"},
    {"[[\"matches_not\",\"event:page\",[\"^/[sS]\"]]]", "adf"},
    {"[[\"matches\",\"event:page\",[\"\\\\d\"]]]", ""},
    {"[[\"is\",\"event:name\",[\"buy\"]]]", "c"},
    {"[[\"is\",\"event:name\",[\"pageview\"]]]", "abdef"},
    {"[[\"is\",\"visit:country\",[\"DE\"]]]", "1"},
    {"[[\"is_not\",\"visit:country\",[\"DE\"]]]", "23"},
    {"[[\"is\",\"visit:entry_page\",[\"/\"]],[\"is\",\"visit:country\",[\"US\",\"FR\"]]]", "2"},
    /* one after the other: both */
    {"[[\"is\",\"event:page\",[\"/\"]],[\"is\",\"visit:country\",[\"US\"]]]", "d"},
    {"[[\"is\",\"visit:country\",[\"US\"]],[\"is\",\"event:page\",[\"/\"]]]", "d"},
    {"[[\"and\",[[\"is\",\"event:page\",[\"/shop\"]],[\"is\",\"event:name\",[\"buy\"]]]]]", "c"},
    {"[[\"or\",[[\"is\",\"event:page\",[\"/about\"]],[\"is\",\"visit:country\",[\"US\"]]]]]", "def"},
    {"[[\"or\",[[\"is\",\"visit:country\",[\"FR\"]],[\"is\",\"visit:country\",[\"US\"]]]]]", "23"},
    {"[[\"not\",[\"is\",\"event:page\",[\"/\"]]]]", "bcef"},
    {"[[\"not\",[\"is\",\"visit:country\",[\"DE\"]]]]", "23"},
    {"[[\"not\",[\"or\",[[\"is\",\"event:page\",[\"/\"]],[\"is\",\"visit:country\",[\"FR\"]]]]]]", "bce"},
    {"[[\"not\",[\"not\",[\"is\",\"event:page\",[\"/\"]]]]]", "ad"},
    {"[[\"has_done\",[\"is\",\"event:name\",[\"buy\"]]]]", "1"},
    {"[[\"has_not_done\",[\"is\",\"event:name\",[\"buy\"]]]]", "23"},
    {"[[\"has_done\",[\"is\",\"visit:country\",[\"US\"]]]]", "2"},
    {"[[\"has_done\",[\"is\",\"event:name\",[\"buy\"]]],[\"is\",\"event:page\",[\"/\"]]]", "a"},
    {"[[\"has_done\",[\"and\",[[\"is\",\"event:page\",[\"/\"]],[\"is\",\"event:name\",[\"buy\"]]]]]]", ""},
    {"[[\"has_done\",[\"is\",\"event:page\",[\"/\"]]],[\"has_done\",[\"is\",\"event:page\",[\"/shop\"]]]]", "1"},
    {"[[\"or\",[[\"has_done\",[\"is\",\"event:name\",[\"buy\"]]],[\"is\",\"event:page\",[\"/about\"]]]]]", "abcf"},
};

static void show(const struct table *table, const struct mask *mask, char *shown)
{
    const char *letters = mask->of_hits ? HITS : VISITS;
    size_t n = 0;

    for (uint32_t i = 0; i < table->n[mask->of_hits ? RELATION_HIT : RELATION_VISIT]; i++)
        if (mask->passes[i])
            shown[n++] = letters[i];
    shown[n] = '\0';
}

static void test_what_passes(void **state)
{
    TABLE_AUTO table = TABLE_INIT;

    make(&table);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        struct filter *filter = NULL;
        struct mask mask;
        char shown[sizeof HITS];

        check_equal(rows[i].filters, parse(rows[i].filters, &filter, &complaint), 0);
        check_equal(rows[i].filters, filter_apply(filter, &table, &mask), 0);
        check_equal(rows[i].filters, mask.of_hits, filter_is_of_hits(filter));
        show(&table, &mask, shown);
        check_text(rows[i].filters, text_of(shown), rows[i].passed);
        free(mask.passes);
        filter_free(filter);
    }
}

/* It reads the columns that it says, and no others. */
static void test_columns(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        TABLE_AUTO table = TABLE_INIT;
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        struct filter *filter = NULL;
        struct mask mask;

        make(&table);
        check_equal(rows[i].filters, parse(rows[i].filters, &filter, &complaint), 0);
        for (unsigned column = 0; column < COLUMN_N; column++)
            if (!(filter_columns(filter) & COLUMN_BIT(column))) {
                free(table.columns[column]);
                table.columns[column] = NULL;
            }
        check_equal(rows[i].filters, filter_apply(filter, &table, &mask), 0);
        free(mask.passes);
        filter_free(filter);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *filters, *complaint;
    } bad[] = {
        {"{}", "filters: must be a list of filters"},
        {"[7]", "filters[0]: must be a filter"},
        {"[[]]", "filters[0][0]: must be is, is_not"},
        {"[[\"equals\",\"event:page\",[\"/\"]]]", "filters[0][0]: must be is, is_not"},
        {"[[\"is\",\"event:page\"]]", "filters[0]: must be [operator, dimension, [values]]"},
        {"[[\"is\",\"event:page\",[\"/\"],{},1]]", "filters[0]: must be [operator"},
        {"[[\"is\",\"event:pages\",[\"/\"]]]", "filters[0][1]: must be a dimension"},
        {"[[\"is\",\"time:day\",[\"2026-01-01\"]]]", "filters[0][1]: must be a dimension"},
        {"[[\"contains\",\"segment\",[2]]]", "filters[0]: must be [\"is\", \"segment\", [ids]], or \"is_not\""},
        {"[[\"is\",\"segment\",[]]]", "filters[0][2]: must be a list of ids"},
        {"[[\"is\",\"segment\",[2,true]]]", "filters[0][2][1]: must be the id of a segment, a number or a text"},
        {"[[\"is\",7,[\"/\"]]]", "filters[0][1]: must be a dimension"},
        {"[[\"is_not\",\"event:goal\",[\"a\"]]]", "filters[0][1]: event:goal is only filtered by is and contains"},
        {"[[\"matches\",\"event:goal\",[\"a\"]]]", "filters[0][1]: event:goal is only filtered by is and contains"},
        {"[[\"is\",\"event:page\",\"/\"]]", "filters[0][2]: must be a list of 1 to"},
        {"[[\"is\",\"event:page\",[]]]", "filters[0][2]: must be a list of 1 to"},
        {"[[\"is\",\"event:page\",[\"/\",1]]]", "filters[0][2][1]: must be a text"},
        {"[[\"matches\",\"event:page\",[\"(\"]]]", "filters[0][2][0]: this is no regular expression: missing"},
        {"[[\"matches\",\"event:page\",[\"a\"],{\"case_sensitive\":false}]]", "filters[0][3]: an expression says"},
        {"[[\"is\",\"event:page\",[\"a\"],{\"case_sensitive\":0}]]", "filters[0][3]: must be {\"case_sensitive\""},
        {"[[\"is\",\"event:page\",[\"a\"],{\"case_sensitive\":false,\"x\":1}]]", "filters[0][3]: must be {"},
        {"[[\"and\",[]]]", "filters[0][1]: must be a list of filters, and have one"},
        {"[[\"not\"]]", "filters[0]: must be [\"not\", filter]"},
        {"[[\"or\",[[\"not\",[\"is\",\"event:x\",[\"\"]]]]]]", "filters[0][1][0][1][1]: must be a dimension"},
    };

    for (size_t i = 0; i < N_ROWS(bad); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        struct filter *filter = NULL;

        check_equal(bad[i].filters, parse(bad[i].filters, &filter, &complaint), FILTER_E_INVALID);
        check(bad[i].filters, filter == NULL);
        if (!text_starts(buffer_text(&complaint), text_of(bad[i].complaint)))
            fail_msg("%s: %.*s", bad[i].filters, TEXT_ARGS(buffer_text(&complaint)));
    }
}

/* Names of goals become goals; what conversion is a share of passes by them, and by properties, at the top alone. */
static void test_goals(void **state)
{
    static char bought[] = "Bought", buy[] = "buy", shops[] = "Visit /shop", about[] = "/ab*";
    static struct goal goals[] = {{.name = bought, .event = buy}, {.name = shops, .page = about}};
    const struct site site = {.goals = goals, .n_goals = N_ROWS(goals)};
    static const struct {
        const char *filters, *passed, *without;
    } cases[] = {
        {"[[\"is\",\"event:goal\",[\"Bought\"]]]", "c", "123"},
        {"[[\"is\",\"event:goal\",[\"BOUGHT\"],{\"case_sensitive\":false}]]", "c", "123"},
        {"[[\"is\",\"event:goal\",[\"Bought\",\"Visit /shop\"]]]", "cf", "123"},
        {"[[\"contains\",\"event:goal\",[\"o\"]]]", "cf", "123"},
        {"[[\"contains\",\"event:goal\",[\"none such\"]]]", "", "123"},
        {"[[\"is\",\"event:goal\",[\"Bought\"]],[\"is\",\"visit:country\",[\"DE\"]]]", "c", "1"},
        {"[[\"is\",\"event:props:x\",[\"1\"]],[\"is\",\"event:page\",[\"/\"]]]", "", "ad"},
        {"[[\"has_done\",[\"is\",\"event:goal\",[\"Bought\"]]]]", "1", "1"},
        {"[[\"not\",[\"is\",\"event:goal\",[\"Bought\"]]]]", "abdef", "abdef"},
    };
    TABLE_AUTO table = TABLE_INIT;

    make(&table);
    for (size_t i = 0; i < N_ROWS(cases); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        struct filter *filter = NULL;
        struct mask mask;
        char shown[sizeof HITS];

        check_equal(cases[i].filters, parse(cases[i].filters, &filter, &complaint), 0);
        check_equal(cases[i].filters, filter_goals_bind(filter, &site, &complaint), 0);
        check_equal(cases[i].filters, filter_apply(filter, &table, &mask), 0);
        show(&table, &mask, shown);
        check_text(cases[i].filters, text_of(shown), cases[i].passed);
        free(mask.passes);
        check_equal(cases[i].filters, filter_apply_without_goals(filter, &table, &mask), 0);
        show(&table, &mask, shown);
        check_text(cases[i].filters, text_of(shown), cases[i].without);
        free(mask.passes);
        filter_free(filter);
    }
}

static void test_none(void **state)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct filter *filter = NULL;

    assert_int_equal(parse("[]", &filter, &complaint), 0);
    assert_null(filter);
}

/* `not` in each other, and leaves beside each other, at the limit and one past it. */
static void test_limits(void **state)
{
    for (unsigned past = 0; past < 2; past++) {
        BUFFER_AUTO deep = BUFFER_INIT(1 << 16), wide = BUFFER_INIT(1 << 16);
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        struct filter *filter = NULL;

        buffer_put_text(&deep, TEXT("["));
        for (unsigned i = 0; i < QUERY_FILTER_DEPTH_MAX - 1 + past; i++)
            buffer_put_text(&deep, TEXT("[\"not\","));
        buffer_put_text(&deep, TEXT("[\"is\",\"event:page\",[\"/\"]]"));
        for (unsigned i = 0; i < QUERY_FILTER_DEPTH_MAX + past; i++)
            buffer_put_text(&deep, TEXT("]"));
        buffer_put_u8(&deep, 0);
        assert_int_equal(parse((const char *)deep.data, &filter, &complaint), past ? FILTER_E_INVALID : 0);
        filter = filter_free(filter);
        buffer_clear(&complaint);
        for (unsigned i = 0; i < QUERY_FILTERS_MAX - 1 + past; i++)
            buffer_put_text(&wide,
                            i ? TEXT(",[\"is\",\"event:page\",[\"/\"]]") : TEXT("[[\"is\",\"event:page\",[\"/\"]]"));
        buffer_put_text(&wide, TEXT("]"));
        buffer_put_u8(&wide, 0);
        assert_int_equal(parse((const char *)wide.data, &filter, &complaint), past ? FILTER_E_INVALID : 0);
        filter_free(filter);
    }
}

/* An expression that backtracks for ever is no match, soon; on too many values the question is given up. */
static void test_backtracking(void **state)
{
    TABLE_AUTO table = TABLE_INIT;
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    char page[200];
    struct event event = {.kind = EVENT_PAGEVIEW, .at_ms = START_MS};
    struct gather_event one = {.sequence = 1, .visitor = 1, .event = &event};
    struct gather *gather;
    struct filter *filter = NULL;
    struct mask mask;

    memset(page, 'a', sizeof page);
    event.path = (struct text){page, sizeof page};
    assert_int_equal(gather_new(START_MS, &gather), 0);
    assert_int_equal(gather_add(gather, &one), 0);
    assert_int_equal(tabulate_table(gather, &table), 0);
    assert_int_equal(parse("[[\"matches\",\"event:page\",[\"^(a+)+$|^(a|aa)+[bc]\"]]]", &filter, &complaint), 0);
    assert_int_equal(filter_apply(filter, &table, &mask), 0);
    free(mask.passes);
    filter = filter_free(filter);
    assert_int_equal(parse("[[\"matches\",\"event:page\",[\"^(a|aa)+[bc]\"]]]", &filter, &complaint), 0);
    assert_int_equal(filter_apply(filter, &table, &mask), 0);
    assert_int_equal(mask.passes[0], 0);
    free(mask.passes);
    assert_in_range(*filter->n_steps, QUERY_MATCH_STEPS_MAX, 2 * QUERY_MATCH_STEPS_MAX);
    *filter->n_steps = QUERY_MATCH_STEPS_ALL_MAX - QUERY_MATCH_STEPS_MAX;
    assert_int_equal(filter_apply(filter, &table, &mask), -ETIME);
    filter = filter_free(filter);
    /* One that is done at once costs next to nothing. */
    assert_int_equal(parse("[[\"matches\",\"event:page\",[\"^b\",\"a$\"]]]", &filter, &complaint), 0);
    assert_int_equal(filter_apply(filter, &table, &mask), 0);
    assert_int_equal(mask.passes[0], 1);
    assert_in_range(*filter->n_steps, 1, 100);
    free(mask.passes);
    filter_free(filter);
    gather_free(gather);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_passes),  cmocka_unit_test(test_columns), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_goals),        cmocka_unit_test(test_none),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_backtracking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
