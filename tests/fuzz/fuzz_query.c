/*
 * Any bytes as a query.  What is refused has a complaint; what is accepted keeps
 * the promises of query.h, can be run and written in every form, and its echo is
 * accepted, too.
 */
#include "crumb/query/output.h"
#include "crumb/query/range.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

#define NOW_MS 1721037600000 /* 2024-07-15T10:00:00Z */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int no_table(void *context, int32_t day, uint64_t columns, const struct table **ret_table,
                    enum query_tier *ret_tier)
{
    (void)context, (void)day, (void)columns;
    *ret_table = NULL;
    *ret_tier = QUERY_SEGMENT;
    return 0;
}

static void release_none(void *context, const struct table *table)
{
    (void)context;
    assert(!table);
}

static int no_coverage(void *context, int64_t from_ms, int64_t to_ms, struct query_coverage *ret_coverage)
{
    (void)context;
    assert(from_ms <= to_ms);
    *ret_coverage = (struct query_coverage){0};
    return 0;
}

static int no_days(void *context, int32_t *ret_first, int32_t *ret_last)
{
    (void)context;
    *ret_first = 0;
    *ret_last = -1;
    return 0;
}

static void check_query(const struct query *query)
{
    assert(query->site[0] && strlen(query->site) <= SITE_NAME_BYTES_MAX);
    assert(query->n_metrics >= 1 && query->n_metrics <= QUERY_METRICS_MAX);
    assert(query->n_dimensions <= QUERY_DIMENSIONS_MAX);
    assert(query->n_orders >= 1 && query->n_orders <= QUERY_ORDERS_MAX);
    assert(query->limit >= 1 && query->limit <= QUERY_ROWS_MAX && query->offset <= QUERY_OFFSET_MAX);
    assert(!query->filter == (json_array_size(query->filters) == 0));
    assert(!query->match_day_of_week || query->comparison);
    for (unsigned i = 0; i < query->n_orders; i++)
        assert(query->orders[i].index < (query->orders[i].by_metric ? query->n_metrics : query->n_dimensions));
}

/* The echoed query must parse again. */
static void check_echo(struct text response)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query again;
    json_t *root = json_loadb(response.data, response.size, JSON_REJECT_DUPLICATES, NULL);

    assert(root);
    char *echo = json_dumps(json_object_get(root, "query"), 0);
    assert(echo && query_parse(text_of(echo), &again, &complaint) == 0);
    check_query(&again);
    query_deinit(&again);
    free(echo);
    json_decref(root);
}

static void check_run(const struct query *query, const struct site *site)
{
    struct query_source source = {.table = no_table, .release = release_none, .days = no_days, .coverage = no_coverage};
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    BUFFER_AUTO output = BUFFER_INIT(64 << 20);
    struct query_answer answer;
    int r = query_run(query, site, NOW_MS, &source, &answer, &complaint);

    if (r) {
        assert(r == QUERY_E_INVALID && complaint.size > 0);
        return;
    }
    assert(answer.n_total == (query->n_dimensions == 0));
    query_output_csv(query, &answer, &output);
    query_output_table(query, &answer, &output);
    query_output_ndjson(query, &answer, site, &output);
    buffer_clear(&output);
    query_output_json(query, &answer, site, &output);
    assert(!output.fault);
    if (answer.days.first <= answer.days.last &&
        (!query->comparison || answer.compared_days.first <= answer.compared_days.last))
        check_echo(buffer_text(&output));
    query_answer_deinit(&answer);
}

static char names[][8] = {"Signup", "Sale", "EUR"};
static struct goal goals[] = {{.name = names[0], .event = names[0]},
                              {.name = names[1], .event = names[1], .currency = names[2]}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zone *zone;
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query query;

    if (!zone)
        assert(zone_new("Europe/Berlin", &zone) == 0);
    int r = query_parse((struct text){(const char *)data, size}, &query, &complaint);
    assert(r == 0 || r == QUERY_E_INVALID);
    assert((r == 0) == (complaint.size == 0));
    if (r == 0) {
        check_query(&query);
        check_run(&query, &(struct site){.zone = zone, .goals = goals, .n_goals = 2});
        query_deinit(&query);
    }
    return 0;
}
