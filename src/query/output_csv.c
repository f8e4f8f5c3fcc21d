/*
 * Answers as CSV.
 */
#include "crumb/query/names.h"
#include "crumb/query/output.h"
#include "output_value.h"

static bool has(struct text text, char c) { return text_find(text, c) < text.size; }

static void put_field(struct text text, struct buffer *buffer)
{
    if (!has(text, ',') && !has(text, '"') && !has(text, '\r') && !has(text, '\n')) {
        buffer_put_text(buffer, text);
        return;
    }
    buffer_put_u8(buffer, '"');
    while (has(text, '"')) {
        buffer_put_text(buffer, text_cut(&text, '"'));
        buffer_put_text(buffer, TEXT("\"\""));
    }
    buffer_put_text(buffer, text);
    buffer_put_u8(buffer, '"');
}

static void put_header(const struct query *query, struct buffer *buffer)
{
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        BUFFER_AUTO name = BUFFER_INIT(QUERY_BODY_BYTES_MAX);

        names_put_dimension(&query->dimensions[i], &name);
        put_field(buffer_text(&name), buffer);
        buffer_put_u8(buffer, ',');
        if (name.fault && !buffer->fault)
            buffer->fault = name.fault;
    }
    for (unsigned i = 0; i < query->n_metrics; i++) {
        const char *name = names_metric(query->metrics[i]);

        buffer_printf(buffer, "%s%s", i ? "," : "", name);
        if (query->comparison)
            buffer_printf(buffer, ",%s_before,%s_change", name, name);
    }
    buffer_put_text(buffer, TEXT("\r\n"));
}

static void put_row(const struct query *query, const struct query_row *row, struct buffer *buffer)
{
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        put_field(row->dimensions[i], buffer);
        buffer_put_u8(buffer, ',');
    }
    for (unsigned i = 0; i < query->n_metrics; i++) {
        enum query_metric metric = query->metrics[i];
        int64_t now = row->metrics[i], before = row->compared ? row->compared[i] : QUERY_NULL;

        buffer_printf(buffer, "%s%s", i ? "," : "", output_value_of(metric, now).text);
        if (query->comparison)
            buffer_printf(buffer, ",%s,%s", output_value_of(metric, before).text,
                          output_value_change(metric, now, before).text);
    }
    buffer_put_text(buffer, TEXT("\r\n"));
}

void query_output_csv(const struct query *query, const struct query_answer *answer, struct buffer *buffer)
{
    put_header(query, buffer);
    for (size_t i = 0; i < answer->n_rows; i++)
        put_row(query, &answer->rows[i], buffer);
}
