/*
 * crumb query: a question on the command line or standard input.
 */
#include "command.h"
#include "crumb/base/clock.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "crumb/query/inquiry.h"
#include "crumb/query/range.h"
#include "crumb/query/store.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

struct wish {
    const char *site, *metrics, *range, *dimensions, *filters, *comparison, *limit;
    enum inquiry_kind kind;
    enum inquiry_form form;
};

enum {
    OPTION_SITE = 256,
    OPTION_METRICS,
    OPTION_RANGE,
    OPTION_DIMENSIONS,
    OPTION_FILTERS,
    OPTION_COMPARE,
    OPTION_LIMIT,
    OPTION_FORMAT,
    OPTION_PATHS,
    OPTION_FUNNEL
};

static const struct option options[] = {{"site", required_argument, NULL, OPTION_SITE},
                                        {"metrics", required_argument, NULL, OPTION_METRICS},
                                        {"date-range", required_argument, NULL, OPTION_RANGE},
                                        {"dimensions", required_argument, NULL, OPTION_DIMENSIONS},
                                        {"filters", required_argument, NULL, OPTION_FILTERS},
                                        {"compare", required_argument, NULL, OPTION_COMPARE},
                                        {"limit", required_argument, NULL, OPTION_LIMIT},
                                        {"paths", no_argument, NULL, OPTION_PATHS},
                                        {"funnel", no_argument, NULL, OPTION_FUNNEL},
                                        {"format", required_argument, NULL, OPTION_FORMAT},
                                        {0}};

static int take_form(struct wish *wish, const char *value)
{
    static const char *const forms[] = {
        [INQUIRY_TABLE] = "table", [INQUIRY_JSON] = "json", [INQUIRY_CSV] = "csv", [INQUIRY_NDJSON] = "ndjson"};

    for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i], value) == 0) {
            wish->form = (enum inquiry_form)i;
            return 0;
        }
    }
    return -1;
}

static int take(void *context, int option, const char *value)
{
    struct wish *wish = context;

    switch (option) {
    case OPTION_SITE:
        wish->site = value;
        return 0;
    case OPTION_METRICS:
        wish->metrics = value;
        return 0;
    case OPTION_RANGE:
        wish->range = value;
        return 0;
    case OPTION_DIMENSIONS:
        wish->dimensions = value;
        return 0;
    case OPTION_FILTERS:
        wish->filters = value;
        return 0;
    case OPTION_COMPARE:
        wish->comparison = value;
        return 0;
    case OPTION_LIMIT:
        wish->limit = value;
        return 0;
    case OPTION_PATHS:
        wish->kind = INQUIRY_PATHS;
        return 0;
    case OPTION_FUNNEL:
        wish->kind = INQUIRY_FUNNEL;
        return 0;
    default:
        return take_form(wish, value);
    }
}

/* "a,b" as ["a","b"]. */
static json_t *list_json(const char *list)
{
    json_t *array = json_array();
    struct text rest = text_of(list);

    while (rest.size) {
        struct text item = text_cut(&rest, ',');
        array = json_item(array, json_stringn(item.data, item.size));
    }
    return array;
}

/* A number where it is one; else as it stands, and the request's parser says what is wrong with it. */
static json_t *number_json(const char *word)
{
    char *end;
    long long number = strtoll(word, &end, 10);

    return *word && !*end ? json_integer(number) : json_string(word);
}

/* JSON where it is some; else as it stands, and the request's parser says what is wrong with it. */
static json_t *any_json(const char *word)
{
    json_t *value = NULL;
    int r = json_read(text_of(word), &value);

    return r == JSON_E_INVALID ? json_string(word) : value;
}

/* The flags as the request that they are short for. */
static int put_request(const struct wish *wish, struct buffer *buffer)
{
    const char *metrics = wish->metrics ? wish->metrics : "visitors,visits,pageviews";
    const char *range = wish->range ? wish->range : "30d";
    json_t *request = json_pack("{s:s, s:o}", "site_id", wish->site, "metrics", list_json(metrics));

    request = json_member(request, "date_range", strchr(range, ',') ? list_json(range) : json_string(range));
    if (wish->dimensions)
        request = json_member(request, "dimensions", list_json(wish->dimensions));
    if (wish->filters)
        request = json_member(request, "filters", any_json(wish->filters));
    if (wish->comparison)
        request = json_member(request, "include", json_pack("{s:{s:s}}", "comparison", "mode", wish->comparison));
    if (wish->limit)
        request = json_member(request, "pagination", json_pack("{s:o}", "limit", number_json(wish->limit)));
    return json_put(buffer, request, 0);
}

/* One byte more than a question may have, so that a longer one is found to be so. */
static int read_request(struct buffer *buffer)
{
    uint8_t *at = buffer_extend(buffer, QUERY_BODY_BYTES_MAX + 1);

    if (!at)
        return error_origin(buffer->fault);
    buffer->size = fread(at, 1, QUERY_BODY_BYTES_MAX + 1, stdin);
    return 0;
}

/* Whoever looks at an empty table may not know that "7d" ends with yesterday. */
static void say_empty(const struct query_days *days)
{
    char first[RANGE_DATE_BYTES], last[RANGE_DATE_BYTES];

    if (days->last < days->first)
        return; /* an hour that the wall's clock skips */
    range_write_date(days->first, first);
    range_write_date(days->last, last);
    if (days->first == days->last)
        fprintf(stderr, "crumb query: no traffic on %.*s\n", RANGE_DATE_BYTES, first);
    else
        fprintf(stderr, "crumb query: no traffic from %.*s to %.*s\n", RANGE_DATE_BYTES, first, RANGE_DATE_BYTES, last);
}

static int run(struct setup *setup, struct inquiry *inquiry, struct buffer *output, struct buffer *complaint)
{
    const struct site *site = config_site(setup->edition->config, inquiry_site(inquiry));
    struct days *days = NULL;

    if (!site) {
        buffer_printf(complaint, "site_id: `%.*s` is not a site of the configuration",
                      TEXT_ARGS(inquiry_site(inquiry)));
        return QUERY_E_INVALID;
    }
    int r = days_new(DAYS_BOUNDS, &days);
    if (r)
        return error_trace(r);
    r = -ESTALE;
    for (unsigned i = 0; r == -ESTALE && i < QUERY_TRIES_MAX; i++) {
        struct query_store store = {.days = days, .txn = setup->txn, .site = site};
        struct query_source source = query_store_source(&store);

        buffer_clear(output);
        r = inquiry_answer(inquiry, site, clock_now_ms(&clock_system), &source, output, complaint);
        /* A day was sealed again: its key is gone, and a newer snapshot has the next one. */
        int s = r == -ESTALE ? setup_renew(setup) : 0;
        r = s ? s : r;
    }
    days_free(days);
    return r;
}

static int tell(int r, const struct inquiry *inquiry, const struct buffer *output, const struct buffer *complaint)
{
    if (r > 0) {
        fprintf(stderr, "crumb query: %.*s\n", TEXT_ARGS(buffer_text(complaint)));
        return EXIT_USAGE;
    }
    if (r < 0) {
        log_fault("cannot answer", r);
        return EXIT_FAILED;
    }
    fwrite(output->data, 1, output->size, stdout);
    if (inquiry->form == INQUIRY_JSON)
        printf("\n");
    if (inquiry->form == INQUIRY_TABLE && inquiry->is_empty)
        say_empty(&inquiry->days);
    return EXIT_GOOD;
}

static int ask(const char *path, struct text request, const struct wish *wish)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    BUFFER_AUTO output = BUFFER_INIT(QUERY_OUTPUT_BYTES_MAX);
    struct inquiry inquiry;
    struct setup setup;
    int r = inquiry_parse(wish->kind, wish->form, request, &inquiry, &complaint);

    if (r)
        return tell(r, NULL, &output, &complaint);
    int exit = setup_open(path, &setup);
    if (exit == EXIT_GOOD) {
        r = run(&setup, &inquiry, &output, &complaint);
        setup_close(&setup);
        exit = tell(r, &inquiry, &output, &complaint);
    }
    inquiry_deinit(&inquiry);
    return exit;
}

int command_query(const struct command *self, int argc, char **argv)
{
    struct wish wish = {.form = INQUIRY_TABLE};
    const char *path = NULL;
    int exit = command_arguments(self, argc, argv, options, take, &wish, &path, NULL);

    if (exit || !path)
        return exit;
    if (wish.site && wish.kind != INQUIRY_QUERY)
        return command_misuse(self, "--paths and --funnel read a request of docs/journeys.md from standard input");
    if (!wish.site && (wish.metrics || wish.range || wish.dimensions || wish.filters || wish.comparison || wish.limit))
        return command_misuse(self, "say which site: --site NAME; without it the question is read from standard input");
    BUFFER_AUTO request = BUFFER_INIT(QUERY_BODY_BYTES_MAX + 1);
    int r = wish.site ? put_request(&wish, &request) : read_request(&request);
    if (r) {
        log_fault("cannot ask", r);
        return EXIT_FAILED;
    }
    return ask(path, buffer_text(&request), &wish);
}
