/*
 * Answers as JSON, written straight into the buffer: the shape is fixed, and an
 * answer of ten thousand rows needs no tree.
 */
#include "crumb/query/output.h"
#include "crumb/query/label.h"
#include "crumb/query/names.h"
#include "crumb/query/range.h"
#include "output_value.h"
#include <errno.h>
#include <stdlib.h>

/* An answer with all that its form depends on. */
struct output {
    const struct query *query;
    const struct query_answer *answer;
    const struct site *site;
    struct buffer *buffer;
};

/* Begins a member of an object that has @n before. */
static void put_member(struct output *output, unsigned *n, const char *name)
{
    buffer_printf(output->buffer, "%s\"%s\":", *n ? "," : "", name);
    ++*n;
}

static void put_flag(struct output *output, unsigned *n, const char *name, bool flag)
{
    if (!flag)
        return;
    put_member(output, n, name);
    buffer_put_text(output->buffer, TEXT("true"));
}

static void put_number(struct buffer *buffer, struct output_value value)
{
    buffer_put_text(buffer, value.text[0] ? text_of(value.text) : TEXT("null"));
}

/* ---- values ---- */

/* That of the row's goal, where the goals have several. NULL: none. */
static const char *currency_of(const struct output *output, const struct query_row *row)
{
    int place = names_place_of(output->query, QUERY_GOAL);

    if (output->answer->currency || place < 0)
        return output->answer->currency;
    for (unsigned i = 0; i < output->site->n_goals; i++)
        if (text_equal(text_of(output->site->goals[i].name), row->dimensions[place]))
            return output->site->goals[i].currency;
    return NULL;
}

static void put_money(struct output *output, enum query_metric metric, int64_t value, const char *currency)
{
    BUFFER_AUTO text = BUFFER_INIT(256);
    struct buffer *buffer = output->buffer;

    buffer_printf(buffer, "{\"value\":%s,\"currency\":\"%s\",\"short\":", output_value_of(metric, value).text,
                  currency);
    output_value_put_money(value, currency, true, &text);
    output_value_put_string(buffer_text(&text), buffer);
    buffer_clear(&text);
    output_value_put_money(value, currency, false, &text);
    buffer_put_text(buffer, TEXT(",\"long\":"));
    output_value_put_string(buffer_text(&text), buffer);
    buffer_put_u8(buffer, '}');
    if (text.fault && !buffer->fault)
        buffer->fault = text.fault;
}

static void put_value(struct output *output, const struct query_row *row, enum query_metric metric, int64_t value)
{
    const char *currency = names_unit(metric) == NAMES_MONEY ? currency_of(output, row) : NULL;

    if (names_unit(metric) == NAMES_MONEY && value != QUERY_NULL && currency)
        put_money(output, metric, value, currency);
    else if (names_unit(metric) == NAMES_MONEY)
        buffer_put_text(output->buffer, TEXT("null"));
    else
        put_number(output->buffer, output_value_of(metric, value));
}

static void put_values(struct output *output, const struct query_row *row, const int64_t *values)
{
    buffer_put_u8(output->buffer, '[');
    for (unsigned i = 0; i < output->query->n_metrics; i++) {
        output_value_put_comma(i, output->buffer);
        put_value(output, row, output->query->metrics[i], values[i]);
    }
    buffer_put_u8(output->buffer, ']');
}

/* ---- comparison ---- */

/* What the time @text of a row is compared with; false: nothing, as the other range is shorter. */
static bool find_compared(const struct output *output, struct text text, struct label *ret_label)
{
    const struct query_answer *answer = output->answer;
    const struct query_days *days = &answer->days, *compared = &answer->compared_days;
    const struct zone *zone = output->site->zone;
    struct label from = label_of(answer->unit, zone, days->from_ms),
                 to = label_of(answer->unit, zone, compared->from_ms);
    struct label last = label_of(answer->unit, zone, compared->to_ms - 1);

    return compared->from_ms < compared->to_ms && label_moved(answer->unit, text, from, to, ret_label) &&
           strcmp(ret_label->text, last.text) <= 0;
}

static void put_compared_dimension(struct output *output, const struct query_row *row, unsigned i)
{
    struct label label;

    if (output->query->dimensions[i].kind != QUERY_TIME)
        output_value_put_string(row->dimensions[i], output->buffer);
    else if (find_compared(output, row->dimensions[i], &label))
        output_value_put_string(text_of(label.text), output->buffer);
    else
        buffer_put_text(output->buffer, TEXT("null"));
}

static void put_comparison(struct output *output, const struct query_row *row)
{
    struct buffer *buffer = output->buffer;

    buffer_put_text(buffer, TEXT(",\"comparison\":{\"dimensions\":["));
    for (unsigned i = 0; i < output->query->n_dimensions; i++) {
        output_value_put_comma(i, buffer);
        put_compared_dimension(output, row, i);
    }
    buffer_put_text(buffer, TEXT("],\"metrics\":"));
    put_values(output, row, row->compared);
    buffer_put_text(buffer, TEXT(",\"change\":["));
    for (unsigned i = 0; i < output->query->n_metrics; i++) {
        output_value_put_comma(i, buffer);
        put_number(buffer, output_value_change(output->query->metrics[i], row->metrics[i], row->compared[i]));
    }
    buffer_put_text(buffer, TEXT("]}"));
}

/* ---- results ---- */

static void put_row(struct output *output, const struct query_row *row)
{
    struct buffer *buffer = output->buffer;

    buffer_put_text(buffer, TEXT("{\"metrics\":"));
    put_values(output, row, row->metrics);
    buffer_put_text(buffer, TEXT(",\"dimensions\":["));
    for (unsigned i = 0; i < output->query->n_dimensions; i++) {
        output_value_put_comma(i, buffer);
        output_value_put_string(row->dimensions[i], buffer);
    }
    buffer_put_u8(buffer, ']');
    if (row->compared)
        put_comparison(output, row);
    buffer_put_u8(buffer, '}');
}

/* ---- meta ---- */

/* An instant as the zone's clock shows it, with the clock's offset to the minute. */
static void put_time(struct output *output, int64_t at_ms)
{
    const struct zone *zone = output->site->zone;
    int32_t offset_minutes = zone_offset_s(zone, at_ms) / 60;
    int64_t wall_s = at_ms / 1000 - (at_ms % 1000 < 0) + offset_minutes * 60;
    int64_t day = wall_s / 86400 - (wall_s % 86400 < 0);
    int second = (int)(wall_s - day * 86400);
    char date[RANGE_DATE_BYTES];

    range_write_date((int32_t)day, date);
    buffer_printf(output->buffer, "\"%.*sT%02d:%02d:%02d%c%02d:%02d\"", RANGE_DATE_BYTES, date, second / 3600,
                  second / 60 % 60, second % 60, offset_minutes < 0 ? '-' : '+', abs(offset_minutes) / 60,
                  abs(offset_minutes) % 60);
}

static void put_days(struct output *output, const struct query_days *days)
{
    buffer_put_u8(output->buffer, '[');
    put_time(output, days->from_ms);
    buffer_put_u8(output->buffer, ',');
    put_time(output, days->to_ms - 1000);
    buffer_put_u8(output->buffer, ']');
}

static void put_labels(struct output *output)
{
    struct labels labels = labels_of(output->answer->unit, &output->answer->days, output->site->zone);
    struct label label;

    buffer_put_u8(output->buffer, '[');
    for (size_t i = 0; labels_next(&labels, &label); i++) {
        output_value_put_comma(i, output->buffer);
        output_value_put_string(text_of(label.text), output->buffer);
    }
    buffer_put_u8(output->buffer, ']');
}

/* The words are the interface's. */
static const char *sentence_of(const char *warning)
{
    if (strcmp(warning, "no_single_revenue_currency") == 0)
        return "Revenue is null: the goals of the query have several currencies; ask for one of them, or by "
               "event:goal.";
    if (strcmp(warning, "revenue_goals_unavailable") == 0)
        return "Revenue is null: no goal of the site has a currency; configure one under `goals`.";
    return "Revenue is null: no goal of the query has a currency; ask for one that has by event:goal.";
}

static void put_warnings(struct output *output)
{
    const struct query_answer *answer = output->answer;
    unsigned n = 0;

    buffer_put_u8(output->buffer, '{');
    for (unsigned i = 0; i < output->query->n_metrics; i++) {
        if (names_unit(output->query->metrics[i]) != NAMES_MONEY)
            continue;
        put_member(output, &n, names_metric(output->query->metrics[i]));
        buffer_printf(output->buffer, "{\"code\":\"%s\",\"warning\":\"%s\"}", answer->revenue_warning,
                      sentence_of(answer->revenue_warning));
    }
    buffer_put_u8(output->buffer, '}');
}

static void put_cost(struct output *output)
{
    const struct query_cost *cost = &output->answer->cost;

    buffer_printf(output->buffer,
                  "{\"tables\":{\"live\":%u,\"segment\":%u,\"rollup\":%u},\"visits\":%llu,\"hits\":%llu",
                  cost->tables[QUERY_LIVE], cost->tables[QUERY_SEGMENT], cost->tables[QUERY_ROLLUP],
                  (unsigned long long)cost->visits, (unsigned long long)cost->hits);
    if (output->answer->has_folded) {
        char date[RANGE_DATE_BYTES];

        range_write_date(output->answer->detailed_from, date);
        buffer_printf(output->buffer, ",\"detailed_from\":\"%.*s\"", RANGE_DATE_BYTES, date);
    }
    buffer_put_u8(output->buffer, '}');
}

/* `imports` is in the request alone: it changes nothing but this. */
static bool asked_imports(const struct query *query)
{
    return json_is_true(json_object_get(json_object_get(query->request, "include"), "imports"));
}

static void put_meta(struct output *output)
{
    const struct query *query = output->query;
    unsigned n = 0;

    buffer_put_u8(output->buffer, '{');
    if (asked_imports(query)) {
        put_member(output, &n, "imports_included");
        buffer_put_text(output->buffer, TEXT("false"));
    }
    if (output->answer->revenue_warning) {
        put_member(output, &n, "metric_warnings");
        put_warnings(output);
    }
    if (query->include_time_labels) {
        put_member(output, &n, "time_labels");
        put_labels(output);
    }
    if (query->include_total_rows) {
        put_member(output, &n, "total_rows");
        buffer_put_decimal(output->buffer, output->answer->n_total);
    }
    if (query->comparison) {
        put_member(output, &n, "comparison_date_range");
        put_days(output, &output->answer->compared_days);
    }
    if (query->explain) {
        put_member(output, &n, "explain");
        put_cost(output);
    }
    buffer_put_u8(output->buffer, '}');
}

/* ---- the query that was executed ---- */

static void put_dimension(struct output *output, unsigned i)
{
    struct query_dimension dimension = output->query->dimensions[i];
    BUFFER_AUTO name = BUFFER_INIT(QUERY_BODY_BYTES_MAX);

    if (dimension.by_length) {
        dimension.by_length = false;
        dimension.unit = output->answer->unit;
    }
    names_put_dimension(&dimension, &name);
    output_value_put_string(buffer_text(&name), output->buffer);
    if (name.fault && !output->buffer->fault)
        output->buffer->fault = name.fault;
}

static void put_orders(struct output *output)
{
    const struct query *query = output->query;

    for (unsigned i = 0; i < query->n_orders; i++) {
        output_value_put_comma(i, output->buffer);
        buffer_put_u8(output->buffer, '[');
        if (query->orders[i].by_metric)
            output_value_put_string(text_of(names_metric(query->metrics[query->orders[i].index])), output->buffer);
        else
            put_dimension(output, query->orders[i].index);
        buffer_printf(output->buffer, ",\"%s\"]", query->orders[i].descending ? "desc" : "asc");
    }
}

static void put_comparison_mode(struct output *output)
{
    static const char *const modes[] = {[COMPARE_PREVIOUS_PERIOD] = "previous_period",
                                        [COMPARE_PREVIOUS_YEAR] = "year_over_year",
                                        [COMPARE_RANGE] = "custom"};

    buffer_printf(output->buffer, "{\"mode\":\"%s\"", modes[output->query->comparison]);
    if (output->query->comparison == COMPARE_RANGE) {
        buffer_put_text(output->buffer, TEXT(",\"date_range\":"));
        put_days(output, &output->answer->compared_days);
    }
    if (output->query->match_day_of_week)
        buffer_put_text(output->buffer, TEXT(",\"match_day_of_week\":true"));
    buffer_put_u8(output->buffer, '}');
}

static void put_include(struct output *output)
{
    unsigned n = 0;

    put_flag(output, &n, "imports", asked_imports(output->query));
    put_flag(output, &n, "time_labels", output->query->include_time_labels);
    put_flag(output, &n, "total_rows", output->query->include_total_rows);
    if (output->query->comparison) {
        put_member(output, &n, "comparison");
        put_comparison_mode(output);
    }
}

static int put_bytes(const char *bytes, size_t size, void *context)
{
    buffer_put(context, bytes, size);
    return 0;
}

static void put_filters(struct output *output)
{
    if (!output->query->filters)
        buffer_put_text(output->buffer, TEXT("[]"));
    else if (json_dump_callback(output->query->filters, put_bytes, output->buffer, JSON_COMPACT) &&
             !output->buffer->fault)
        output->buffer->fault = -ENOMEM;
}

static void put_query(struct output *output)
{
    const struct query *query = output->query;
    struct buffer *buffer = output->buffer;

    buffer_put_text(buffer, TEXT("{\"site_id\":"));
    output_value_put_string(text_of(query->site), buffer);
    buffer_put_text(buffer, TEXT(",\"metrics\":["));
    for (unsigned i = 0; i < query->n_metrics; i++)
        buffer_printf(buffer, "%s\"%s\"", i ? "," : "", names_metric(query->metrics[i]));
    buffer_put_text(buffer, TEXT("],\"date_range\":"));
    put_days(output, &output->answer->days);
    buffer_put_text(buffer, TEXT(",\"filters\":"));
    put_filters(output);
    buffer_put_text(buffer, TEXT(",\"dimensions\":["));
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        output_value_put_comma(i, buffer);
        put_dimension(output, i);
    }
    buffer_put_text(buffer, TEXT("],\"order_by\":["));
    put_orders(output);
    buffer_put_text(buffer, TEXT("],\"include\":{"));
    put_include(output);
    buffer_printf(buffer, "},\"pagination\":{\"offset\":%u,\"limit\":%u}%s}", query->offset, query->limit,
                  query->explain ? ",\"explain\":true" : "");
}

/* ---- the whole ---- */

void query_output_json(const struct query *query, const struct query_answer *answer, const struct site *site,
                       struct buffer *buffer)
{
    struct output output = {.query = query, .answer = answer, .site = site, .buffer = buffer};

    buffer_put_text(buffer, TEXT("{\"results\":["));
    for (size_t i = 0; i < answer->n_rows; i++) {
        output_value_put_comma(i, buffer);
        put_row(&output, &answer->rows[i]);
    }
    buffer_put_text(buffer, TEXT("],\"meta\":"));
    put_meta(&output);
    buffer_put_text(buffer, TEXT(",\"query\":"));
    put_query(&output);
    buffer_put_u8(buffer, '}');
}

/* ---- a row an object ---- */

static void put_named_values(struct output *output, unsigned *n, const struct query_row *row, const int64_t *values)
{
    for (unsigned i = 0; i < output->query->n_metrics; i++) {
        put_member(output, n, names_metric(output->query->metrics[i]));
        put_value(output, row, output->query->metrics[i], values[i]);
    }
}

static void put_named_comparison(struct output *output, const struct query_row *row)
{
    unsigned n = 0;

    buffer_put_text(output->buffer, TEXT(",\"comparison\":{"));
    put_named_values(output, &n, row, row->compared);
    buffer_put_text(output->buffer, TEXT("},\"change\":{"));
    n = 0;
    for (unsigned i = 0; i < output->query->n_metrics; i++) {
        enum query_metric metric = output->query->metrics[i];

        put_member(output, &n, names_metric(metric));
        put_number(output->buffer, output_value_change(metric, row->metrics[i], row->compared[i]));
    }
    buffer_put_u8(output->buffer, '}');
}

void query_output_ndjson(const struct query *query, const struct query_answer *answer, const struct site *site,
                         struct buffer *buffer)
{
    struct output output = {.query = query, .answer = answer, .site = site, .buffer = buffer};

    for (size_t i = 0; i < answer->n_rows; i++) {
        const struct query_row *row = &answer->rows[i];
        unsigned n = 0;

        buffer_put_u8(buffer, '{');
        for (; n < query->n_dimensions; n++) {
            output_value_put_comma(n, buffer);
            put_dimension(&output, n);
            buffer_put_u8(buffer, ':');
            output_value_put_string(row->dimensions[n], buffer);
        }
        put_named_values(&output, &n, row, row->metrics);
        if (row->compared)
            put_named_comparison(&output, row);
        buffer_put_text(buffer, TEXT("}\n"));
    }
}
