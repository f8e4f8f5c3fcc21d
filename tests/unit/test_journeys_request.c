/*
 * Requests about paths and funnels: what is accepted, what is refused with which
 * sentence, and each allocation failing in turn.
 */
#include "crumb/query/funnel_request.h"
#include "crumb/query/paths_request.h"
#include "failing.h"
#include "journeys_table.h"
#include <errno.h>
#include <stdio.h>

#define BASE "\"site_id\":\"shop\",\"date_range\":\"7d\""
#define WITH(rest) "{" BASE "," rest "}"

struct row {
    const char *json;
    const char *read;      /* what it was read as, or */
    const char *complaint; /* how it begins */
};

static void check_row(const struct row *row, int r, const struct buffer *read, const struct buffer *complaint)
{
    check_equal(row->json, r, row->read ? 0 : QUERY_E_INVALID);
    check_equal(row->json, complaint->size > 0, r != 0);
    if (row->read)
        check_text(row->json, buffer_text(read), row->read);
    else if (!text_starts(buffer_text(complaint), text_of(row->complaint)))
        fail_msg("%s: %.*s", row->json, TEXT_ARGS(buffer_text(complaint)));
}

/* ---- paths ---- */

#define PATHS_KEYS "this version knows site_id, date_range, filters, start, end, direction, steps, limit, paths, loops"

static const struct row paths_rows[] = {
    {"{" BASE "}", "shop 7: any > any, forward, 5 steps of 10, 10 paths", NULL},
    {WITH("\"start\":\"/\""), "shop 7: / > any, forward, 5 steps of 10, 10 paths", NULL},
    {WITH("\"end\":\"/b\\u00e4r\""), "shop 7: any > /b\xc3\xa4r, backward, 5 steps of 10, 10 paths", NULL},
    {WITH("\"end\":\"/b\",\"direction\":\"forward\""), "shop 7: any > /b, forward, 5 steps of 10, 10 paths", NULL},
    {WITH("\"start\":\"/a\",\"end\":\"/b\""), "shop 7: /a > /b, forward, 5 steps of 10, 10 paths", NULL},
    {WITH("\"start\":\"\",\"direction\":\"backward\""), "shop 7:  > any, backward, 5 steps of 10, 10 paths", NULL},
    {WITH("\"steps\":20,\"limit\":50,\"paths\":0,\"loops\":\"kept\""),
     "shop 7: any > any, forward, 20 steps of 50, 0 paths, kept", NULL},
    {WITH("\"steps\":1,\"limit\":1,\"paths\":50,\"loops\":\"collapsed\""),
     "shop 7: any > any, forward, 1 steps of 1, 50 paths", NULL},
    {WITH("\"filters\":[[\"is\",\"visit:country\",[\"DE\"]]]"),
     "shop 7: any > any, forward, 5 steps of 10, 10 paths, filtered", NULL},
    {WITH("\"filters\":[]"), "shop 7: any > any, forward, 5 steps of 10, 10 paths", NULL},

    {"", NULL, "the request: is not JSON"},
    {"{", NULL, "the request: is not JSON"},
    {"[]", NULL, "the request: must be a JSON object, like {\"site_id\""},
    {"{\"date_range\":\"7d\"}", NULL, "site_id: must be the name of a site"},
    {"{\"site_id\":\"\",\"date_range\":\"7d\"}", NULL, "site_id: must be the name of a site"},
    {"{\"site_id\":\"shop\"}", NULL, "date_range: must be \"day\", \"24h\""},
    {"{\"site_id\":\"shop\",\"date_range\":[\"2026-01-01\",\"2026-13-01\"]}", NULL,
     "date_range[1]: \"2026-13-01\" is no date or time"},
    {"{\"site_id\":\"shop\",\"date_range\":[1,\"2026-01-01\"]}", NULL,
     "date_range[0]: \"what stands here\" is no date"},
    {"{\"site_id\":\"shop\",\"date_range\":[\"2026-01-01\",\"2026-01-01T00:00:00Z\"]}", NULL,
     "date_range: mixes a date and a time"},
    {"{\"site_id\":\"shop\",\"site_id\":\"shop\"}", NULL, "the request: is not JSON: duplicate object key"},
    {WITH("\"metrics\":[]"), NULL, "the request: \"metrics\" is not a key of it; " PATHS_KEYS},
    {WITH("\"a\\nb\":1"), NULL, "the request: \"a?b\" is not a key of it"},
    {WITH("\"start\":1"), NULL, "start: must be a page, such as \"/\", of 2048 bytes"},
    {WITH("\"end\":null"), NULL, "end: must be a page"},
    {WITH("\"direction\":\"back\""), NULL, "direction: must be one of forward, backward"},
    {WITH("\"direction\":1"), NULL, "direction: must be one of forward, backward"},
    {WITH("\"loops\":true"), NULL, "loops: must be one of collapsed, kept"},
    {WITH("\"steps\":0"), NULL, "steps: must be a whole number from 1 to 20"},
    {WITH("\"steps\":21"), NULL, "steps: must be a whole number from 1 to 20"},
    {WITH("\"steps\":2.0"), NULL, "steps: must be a whole number"},
    {WITH("\"limit\":51"), NULL, "limit: must be a whole number from 1 to 50"},
    {WITH("\"paths\":-1"), NULL, "paths: must be a whole number from 0 to 50"},
    {WITH("\"filters\":{}"), NULL, "filters: must be a list of filters"},
    {WITH("\"filters\":[[\"is\",\"event:pages\",[\"/\"]]]"), NULL, "filters[0][1]: must be a dimension"},
};

static void put_paths(struct buffer *buffer, const struct paths_request *request)
{
    const struct paths_question *question = &request->question;
    struct text any = TEXT("any"), start = question->start.data ? question->start : any;
    struct text end = question->end.data ? question->end : any;

    buffer_printf(buffer, "%s %u: %.*s > %.*s, %s, %u steps of %u, %u paths%s%s", request->site, request->range.n,
                  TEXT_ARGS(start), TEXT_ARGS(end), question->backward ? "backward" : "forward", question->n_steps,
                  question->n_nodes, question->n_paths, question->keeps_loops ? ", kept" : "",
                  question->filter ? ", filtered" : "");
}

static void test_paths(void **state)
{
    for (size_t i = 0; i < N_ROWS(paths_rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        BUFFER_AUTO read = BUFFER_INIT(4096);
        struct paths_request request;
        int r = paths_request_parse(text_of(paths_rows[i].json), &request, &complaint);

        if (r == 0) {
            put_paths(&read, &request);
            paths_request_deinit(&request);
        }
        check_row(&paths_rows[i], r, &read, &complaint);
    }
}

/* ---- funnels ---- */

#define STEPS(steps) WITH("\"steps\":[" steps "]")
#define A "{\"page\":\"/a\"}"
#define TEN A "," A "," A "," A "," A "," A "," A "," A "," A "," A

static const struct row funnel_rows[] = {
    {STEPS(A), "shop 7: [/a] loose 0", NULL},
    {STEPS("{\"page\":[\"/a\"]},{\"page\":\"/b\",\"name\":\"B\"},{\"event\":\"Buy\"}"), "shop 7: [-][B][Buy] loose 0",
     NULL},
    {STEPS("{\"any\":[{\"page\":\"/a\"},{\"event\":[\"x\",\"y\"]}],\"name\":\"\"}"), "shop 7: [] loose 0", NULL},
    {STEPS("{\"filters\":[[\"is\",\"visit:country\",[\"DE\"]]]}"), "shop 7: [-] loose 0", NULL},
    {STEPS(TEN "," TEN),
     "shop 7: [/a][/a][/a][/a][/a][/a][/a][/a][/a][/a][/a][/a][/a][/a][/a][/a][/a][/a][/a][/a] loose 0", NULL},
    {WITH("\"steps\":[" A "],\"order\":\"strict\",\"window\":\"30m\""), "shop 7: [/a] strict 1800", NULL},
    {WITH("\"steps\":[" A "],\"order\":\"loose\",\"window\":\"1s\""), "shop 7: [/a] loose 1", NULL},
    {WITH("\"steps\":[" A "],\"window\":\"24h\""), "shop 7: [/a] loose 86400", NULL},
    {WITH("\"steps\":[" A "],\"filters\":[[\"is\",\"visit:country\",[\"DE\"]]]"), "shop 7: [/a] loose 0, filtered",
     NULL},

    {"{" BASE "}", NULL, "steps: must be a list of 1 to 20 objects"},
    {STEPS(""), NULL, "steps: must be a list of 1 to 20 objects"},
    {STEPS(TEN "," TEN "," A), NULL, "steps: must be a list of 1 to 20 objects"},
    {STEPS("\"/a\""), NULL, "steps[0]: must be an object, like {\"page\": \"/cart\"}"},
    {STEPS("{}"), NULL, "steps[0]: must have one of page, event, any and filters"},
    {STEPS(A ",{\"page\":\"/\",\"event\":\"x\"}"), NULL, "steps[1]: must have one of page, event, any and filters"},
    {STEPS("{\"pages\":\"/\"}"), NULL,
     "steps[0]: \"pages\" is not a key of it; this version knows name, page, event, any, filters"},
    {STEPS("{\"page\":\"\"}"), NULL, "steps[0].page: must be a text, or a list of 1 to 16, of 1 to 2048 bytes each"},
    {STEPS("{\"page\":[]}"), NULL, "steps[0].page: must be a text, or a list"},
    {STEPS("{\"page\":[\"/\",1]}"), NULL, "steps[0].page: must be a text, or a list"},
    {STEPS("{\"event\":{}}"), NULL, "steps[0].event: must be a text, or a list"},
    {STEPS("{\"page\":\"/\",\"name\":1}"), NULL, "steps[0].name: must be a text of 256 bytes"},
    {STEPS("{\"any\":[]}"), NULL, "steps[0].any: must be a list of 1 to 16 objects"},
    {STEPS("{\"any\":{\"page\":\"/\"}}"), NULL, "steps[0].any: must be a list of 1 to 16 objects"},
    {STEPS("{\"any\":[" A "," A "," A "," A "," A "," A "," TEN "," A "]}"), NULL, "steps[0].any: must be a list of 1"},
    {STEPS("{\"any\":[{\"page\":\"/\"},{}]}"), NULL, "steps[0].any[1]: must be {\"page\": \"/thanks\"} or"},
    {STEPS("{\"any\":[{\"any\":[]}]}"), NULL, "steps[0].any[0]: must be {\"page\""},
    {STEPS("{\"any\":[7]}"), NULL, "steps[0].any[0]: must be {\"page\""},
    {STEPS("{\"any\":[{\"event\":1}]}"), NULL, "steps[0].any[0].event: must be a text"},
    {STEPS("{\"filters\":[]}"), NULL, "steps[0].filters: must have one filter at least"},
    {STEPS("{\"filters\":\"x\"}"), NULL, "steps[0].filters: must be a list of filters"},
    {STEPS("{\"filters\":[[\"is\",\"event:page\",\"/\"]]}"), NULL, "steps[0].filters[0][2]: must be a list"},
    {WITH("\"steps\":[" A "],\"order\":\"any\""), NULL, "order: must be one of loose, strict"},
    {WITH("\"steps\":[" A "],\"window\":30"), NULL,
     "window: must be a time like \"45s\", \"30m\" or \"2h\", up to \"24h\""},
    {WITH("\"steps\":[" A "],\"window\":\"\""), NULL, "window: must be a time"},
    {WITH("\"steps\":[" A "],\"window\":\"30\""), NULL, "window: must be a time"},
    {WITH("\"steps\":[" A "],\"window\":\"m\""), NULL, "window: must be a time"},
    {WITH("\"steps\":[" A "],\"window\":\"0s\""), NULL, "window: must be a time"},
    {WITH("\"steps\":[" A "],\"window\":\"25h\""), NULL, "window: must be a time"},
    {WITH("\"steps\":[" A "],\"window\":\"4294967297s\""), NULL, "window: must be a time"},
    {WITH("\"steps\":[" A "],\"window\":\"1h \""), NULL, "window: must be a time"},
    {WITH("\"steps\":[" A "],\"direction\":\"forward\""), NULL,
     "the request: \"direction\" is not a key of it; this version knows site_id, date_range, filters, steps, order, "
     "window"},
};

static void put_funnel(struct buffer *buffer, const struct funnel_request *request)
{
    buffer_printf(buffer, "%s %u: ", request->site, request->range.n);
    for (unsigned i = 0; i < request->question.n_steps; i++) {
        struct text none = TEXT("-"), name = request->names[i].data ? request->names[i] : none;

        buffer_printf(buffer, "[%.*s]", TEXT_ARGS(name));
    }
    buffer_printf(buffer, " %s %u%s", request->question.is_strict ? "strict" : "loose", request->question.window_s,
                  request->question.filter ? ", filtered" : "");
}

static void test_funnels(void **state)
{
    for (size_t i = 0; i < N_ROWS(funnel_rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        BUFFER_AUTO read = BUFFER_INIT(4096);
        struct funnel_request request;
        int r = funnel_request_parse(text_of(funnel_rows[i].json), &request, &complaint);

        if (r == 0) {
            put_funnel(&read, &request);
            funnel_request_deinit(&request);
        }
        check_row(&funnel_rows[i], r, &read, &complaint);
    }
}

/* ---- what a step is ---- */

/* Views a to f, and the events Buy and Play on the last page. */
static const char *const pages[] = {"/", "/shop", "/shop/a.b", "/shop/a/b", "/shopxa", "/sho\np"};
#define LETTERS "abcdefBP"

static void make_pages(struct table *table)
{
    struct gather *gather;

    assert_int_equal(gather_new(JOURNEYS_START_MS, &gather), 0);
    for (uint64_t i = 0; i < sizeof LETTERS - 1; i++) {
        bool is_view = i < N_ROWS(pages);
        struct event event = {.kind = is_view ? EVENT_PAGEVIEW : EVENT_STRUCT,
                              .at_ms = JOURNEYS_START_MS + 1000 * i,
                              .path = text_of(pages[is_view ? i : 0])};
        if (!is_view) {
            event.category = TEXT("event");
            event.action = LETTERS[i] == 'B' ? TEXT("Buy") : TEXT("Play");
        }
        struct gather_event one = {.sequence = i + 1, .visitor = 1, .event = &event};
        assert_int_equal(gather_add(gather, &one), 0);
    }
    assert_int_equal(tabulate_table(gather, table), 0);
    gather_free(gather);
}

static void test_steps(void **state)
{
    static const struct {
        const char *step, *passed;
    } rows[] = {
        {"{\"page\":\"/\"}", "a"}, /* and not the events there */
        {"{\"page\":\"/shop\"}", "b"},
        {"{\"page\":[\"/\",\"/shop\"]}", "ab"},
        {"{\"page\":\"/shop/*\"}", "c"},
        {"{\"page\":\"/shop/**\"}", "cd"},
        {"{\"page\":\"/shop*\"}", "be"},
        {"{\"page\":\"/shop**\"}", "bcde"},
        {"{\"page\":\"**\"}", "abcdef"},
        {"{\"page\":\"/sho*p\"}", "bf"},
        {"{\"page\":\"/shop/a.*\"}", "c"},
        {"{\"page\":\"*.b\"}", ""},
        {"{\"page\":\"**.b\"}", "c"},
        {"{\"page\":[\"/\",\"/s*p\"]}", "abf"},
        {"{\"page\":\"/SHOP*\"}", ""},
        {"{\"event\":\"Buy\"}", "B"},
        {"{\"event\":[\"Buy\",\"Play\"]}", "BP"},
        {"{\"any\":[{\"page\":\"/shop/**\"},{\"event\":\"Play\"}]}", "cdP"},
        {"{\"filters\":[[\"contains\",\"event:page\",[\"a\"]]]}", "cde"},
    };
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;

    make_pages(&table);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        struct funnel_request request;
        char json[512], passed[sizeof LETTERS] = "";
        struct mask mask;

        snprintf(json, sizeof json, "{" BASE ",\"steps\":[%s]}", rows[i].step);
        check_equal(rows[i].step, funnel_request_parse(text_of(json), &request, &complaint), 0);
        check_equal(rows[i].step, filter_apply(request.question.steps[0], &table, &mask), 0);
        for (unsigned hit = 0; hit < sizeof LETTERS - 1; hit++)
            if (mask.passes[hit])
                passed[strlen(passed)] = LETTERS[hit];
        check_text(rows[i].step, text_of(passed), rows[i].passed);
        free(mask.passes);
        funnel_request_deinit(&request);
    }
}

/* A page whose stars, spelled out, exceed an expression; and the most there can be of everything. */
static void test_limits(void **state)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX), json = BUFFER_INIT(1 << 16);
    struct funnel_request request;

    buffer_printf(&json, "{" BASE ",\"steps\":[{\"page\":\"*%0600d\"}]}", 0);
    assert_int_equal(funnel_request_parse(buffer_text(&json), &request, &complaint), QUERY_E_INVALID);
    assert_text(buffer_text(&complaint), "steps[0].page: with its stars spelled out, a page may have 512 bytes; "
                                         "shorten it");
    buffer_clear(&complaint);
    buffer_clear(&json);
    buffer_put_text(&json, TEXT("{" BASE ",\"steps\":["));
    for (unsigned i = 0; i < FUNNEL_STEPS_MAX; i++) {
        buffer_put_text(&json, i ? TEXT(",{\"any\":[") : TEXT("{\"any\":["));
        for (unsigned k = 0; k < FUNNEL_ANY_MAX; k++)
            buffer_put_text(&json, k ? TEXT(",{\"page\":\"/**\"}") : TEXT("{\"page\":\"/**\"}"));
        buffer_put_text(&json, TEXT("]}"));
    }
    buffer_put_text(&json, TEXT("]}"));
    assert_int_equal(funnel_request_parse(buffer_text(&json), &request, &complaint), 0);
    funnel_request_deinit(&request);
}

/* ---- faults ---- */

static int parse_both(const char *json_of_paths, const char *json_of_funnel, struct buffer *complaint)
{
    struct paths_request paths;
    struct funnel_request funnel;
    int r = paths_request_parse(text_of(json_of_paths), &paths, complaint);

    if (r)
        return r;
    r = funnel_request_parse(text_of(json_of_funnel), &funnel, complaint);
    if (r == 0)
        funnel_request_deinit(&funnel);
    paths_request_deinit(&paths);
    return r;
}

/* Fails each allocation until none is left to fail. Gives how many there were. */
static long fail_each(bool others_may_hide)
{
    long n = 0;

    for (bool failed = true; failed; n++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);

        n_until_failure = n;
        int r = parse_both(WITH("\"start\":\"/\",\"filters\":[[\"is\",\"event:page\",[\"/\"]]]"),
                           STEPS("{\"page\":\"/*\"},{\"any\":[" A ",{\"event\":\"Buy\"}]}"), &complaint);
        failed = n_until_failure < 0;
        n_until_failure = -1;
        assert_true(failed ? r == -ENOMEM || others_may_hide : r == 0);
    }
    return n;
}

/* jansson's reader passes over some failures of its own: those may be told as a bad request, or not at all. */
static void test_no_memory(void **state)
{
    assert_true(fail_each(false) > 10);
    json_set_alloc_funcs(__wrap_malloc, free);
    assert_true(fail_each(true) > 50);
    json_set_alloc_funcs(__real_malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),  cmocka_unit_test(test_funnels),   cmocka_unit_test(test_steps),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
