/*
 * The names come from the tables of names.h and rules.h.  The values of a
 * dimension are a query like any other: it is written as a request, and what
 * checks requests checks it.
 */
#include "crumb/query/schema.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/query/names.h"
#include "crumb/query/rules.h"
#include "output_value.h"
#include <errno.h>
#include <glib.h>
#include <stdlib.h>

#define PARAMETER_BYTES_MAX 1024

/* ---- names ---- */

static void put_metric(enum query_metric metric, struct buffer *answer)
{
    const char *requirement = rules_requirement(metric);

    buffer_printf(answer, "%s{\"name\":\"%s\",\"unit\":\"%s\",\"decimals\":%u", metric ? "," : "", names_metric(metric),
                  names_of_unit(names_unit(metric)), names_decimals(metric));
    if (requirement)
        buffer_printf(answer, ",\"requires\":\"%s\"", requirement);
    buffer_put_u8(answer, '}');
}

static void put_dimension(unsigned i, const struct query_dimension *dimension, struct buffer *answer)
{
    const char *of = dimension->kind == QUERY_TIME                                         ? "time"
                     : dimension->kind == QUERY_GOAL || field_is_of_hits(dimension->field) ? "event"
                                                                                           : "visit";
    struct query_dimension named = *dimension;

    if (dimension->kind == QUERY_FIELD && dimension->field == FIELD_PROPERTY)
        named.property = TEXT("NAME");
    buffer_printf(answer, "%s{\"name\":\"", i ? "," : "");
    names_put_dimension(&named, answer);
    buffer_printf(answer, "\",\"of\":\"%s\",\"filters\":%s}", of, dimension->kind == QUERY_TIME ? "false" : "true");
}

static void put_goal(unsigned i, const struct goal *goal, struct buffer *answer)
{
    buffer_put_text(answer, i ? TEXT(",{\"name\":") : TEXT("{\"name\":"));
    output_value_put_string(text_of(goal->name), answer);
    if (goal->currency)
        buffer_printf(answer, ",\"currency\":\"%s\"", goal->currency);
    buffer_put_u8(answer, '}');
}

void schema_put(const struct site *site, struct buffer *answer)
{
    struct query_dimension dimension;

    buffer_put_text(answer, TEXT("{\"metrics\":["));
    for (int i = 0; i < QUERY_METRIC_N; i++)
        put_metric((enum query_metric)i, answer);
    buffer_put_text(answer, TEXT("],\"dimensions\":["));
    for (unsigned i = 0; names_dimension_at(i, &dimension); i++)
        put_dimension(i, &dimension, answer);
    buffer_put_text(answer, TEXT("],\"goals\":["));
    for (unsigned i = 0; i < site->n_goals; i++)
        put_goal(i, &site->goals[i], answer);
    buffer_put_text(answer, TEXT("]}"));
}

/* ---- values ---- */

/* A parameter without its percent-encoding, as JSON; NULL: too long, not of that form, no UTF-8, or no memory. */
static json_t *parameter(struct text raw)
{
    char *text = raw.size <= PARAMETER_BYTES_MAX && raw.size
                     ? g_uri_unescape_segment(raw.data, raw.data + raw.size, NULL)
                     : NULL;
    json_t *value = raw.size ? (text ? json_string(text) : NULL) : json_string("");

    g_free(text);
    return value;
}

/* The same where a space may be "+", as forms and URLSearchParams write it. */
static json_t *words(struct text raw)
{
    char spaced[PARAMETER_BYTES_MAX];

    if (raw.size > sizeof spaced)
        return NULL;
    for (size_t i = 0; i < raw.size; i++)
        spaced[i] = raw.data[i] == '+' ? ' ' : raw.data[i];
    return parameter((struct text){.data = spaced, .size = raw.size});
}

/* Two dates have a comma between them. */
static json_t *range_of(struct text raw)
{
    json_t *whole = parameter(raw.size ? raw : TEXT(SCHEMA_RANGE));
    struct text last = text_of(json_string_value(whole)), first = text_cut(&last, ',');

    if (!last.size)
        return whole;
    json_t *pair =
        json_item(json_item(json_array(), json_stringn(first.data, first.size)), json_stringn(last.data, last.size));
    json_decref(whole);
    return pair;
}

/* A number where it is one; else as it stands, and query_parse() says what is wrong with it. */
static json_t *limit_of(struct text raw)
{
    char digits[12];
    char *end;

    if (!raw.size)
        return json_integer(SCHEMA_VALUES_DEFAULT);
    if (raw.size >= sizeof digits)
        return parameter(raw);
    memcpy(digits, raw.data, raw.size);
    digits[raw.size] = '\0';
    long number = strtol(digits, &end, 10);
    return *end ? parameter(raw) : json_integer(number);
}

/* Those that contain the text; every one where there is none. */
static json_t *filters_of(struct text dimension, struct text search)
{
    json_t *filter = NULL;

    if (!search.size)
        return json_array();
    filter = json_item(json_array(), json_string("contains"));
    filter = json_item(filter, words(dimension));
    filter = json_item(filter, json_item(json_array(), words(search)));
    filter = json_item(filter, json_pack("{s:b}", "case_sensitive", 0));
    return json_item(json_array(), filter);
}

static int invalid(struct buffer *complaint, const char *what)
{
    buffer_put_text(complaint, text_of(what));
    return complaint->fault ? error_origin(complaint->fault) : QUERY_E_INVALID;
}

static bool is_readable(struct text raw)
{
    json_t *value = parameter(raw);

    json_decref(value);
    return value != NULL;
}

int schema_query(const struct schema_wish *wish, struct query *ret_query, struct buffer *complaint)
{
    BUFFER_AUTO request = BUFFER_INIT(QUERY_BODY_BYTES_MAX);

    if (text_equal(wish->dimension, TEXT("time")) || text_starts(wish->dimension, TEXT("time:")))
        return invalid(complaint, "dimension: times have no values to choose from; name one of events or visits, such "
                                  "as visit:source");
    if (!is_readable(wish->site) || !is_readable(wish->dimension) || !is_readable(wish->search) ||
        !is_readable(wish->range))
        return invalid(complaint, "the parameters: cannot be read; write them in UTF-8 with percent-encoding");
    json_t *root = json_member(json_object(), "site_id", parameter(wish->site));
    root = json_member(root, "metrics", json_item(json_array(), json_string("visitors")));
    root = json_member(root, "date_range", range_of(wish->range));
    root = json_member(root, "dimensions", json_item(json_array(), words(wish->dimension)));
    root = json_member(root, "filters", filters_of(wish->dimension, wish->search));
    root = json_member(root, "pagination", json_member(json_object(), "limit", limit_of(wish->limit)));
    int r = json_put(&request, root, 0);
    if (r)
        return error_trace(r);
    return error_trace(query_parse(buffer_text(&request), ret_query, complaint));
}

void schema_put_values(const struct query *query, const struct query_answer *answer, struct buffer *buffer)
{
    BUFFER_AUTO name = BUFFER_INIT(QUERY_BODY_BYTES_MAX);

    names_put_dimension(&query->dimensions[0], &name);
    buffer_put_text(buffer, TEXT("{\"dimension\":"));
    output_value_put_string(buffer_text(&name), buffer);
    buffer_put_text(buffer, TEXT(",\"values\":["));
    for (size_t i = 0; i < answer->n_rows; i++) {
        const struct query_row *row = &answer->rows[i];

        buffer_put_text(buffer, i ? TEXT(",{\"value\":") : TEXT("{\"value\":"));
        output_value_put_string(row->dimensions[0], buffer);
        buffer_printf(buffer, ",\"visitors\":%s}", output_value_of(QUERY_VISITORS, row->metrics[0]).text);
    }
    buffer_put_text(buffer, TEXT("]}"));
    if (name.fault && !buffer->fault)
        buffer->fault = name.fault;
}
