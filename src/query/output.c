/*
 * Answers as JSON, CSV and a table.
 *
 * JSON is written straight into the buffer: the shape is fixed, and an answer of
 * ten thousand rows needs no tree.  Values are whole numbers of a decimal unit,
 * so no form depends on floating point or on the locale.
 */
#include "crumb/query/output.h"
#include "crumb/query/names.h"
#include "crumb/query/range.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUE_BYTES 24 /* 20 digits, a point, a NUL */
#define COLUMNS_MAX (QUERY_DIMENSIONS_MAX + QUERY_METRICS_MAX)

/* Values and text. */

struct value_text {
    char text[VALUE_BYTES];
};

static struct value_text value_text(enum query_metric metric, uint64_t value)
{
    static const uint64_t units[] = {1, 10, 100};
    unsigned decimals = names_decimals(metric);
    struct value_text text;

    assert(decimals < sizeof units / sizeof units[0]);
    if (decimals == 0)
        snprintf(text.text, sizeof text.text, "%" PRIu64, value);
    else
        snprintf(text.text, sizeof text.text, "%" PRIu64 ".%0*" PRIu64, value / units[decimals], (int)decimals,
                 value % units[decimals]);
    return text;
}

/* Takes one character off the front of @text. False, with the byte it takes, where that is not UTF-8 (RFC 3629). */
static bool take_character(struct text *text, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text->data;
    unsigned n_more = bytes[0] < 0x80 ? 0 : bytes[0] < 0xe0 ? 1 : bytes[0] < 0xf0 ? 2 : 3;
    uint32_t code = n_more ? bytes[0] & (0x3fu >> n_more) : bytes[0];
    bool good = bytes[0] < 0x80 || (bytes[0] >= 0xc0 && bytes[0] < 0xf8 && n_more < text->size);

    for (unsigned i = 1; good && i <= n_more; i++) {
        good = (bytes[i] & 0xc0) == 0x80;
        code = code << 6 | (bytes[i] & 0x3f);
    }
    good = good && code >= least[n_more] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    *ret_code = good ? code : bytes[0];
    *text = text_from(*text, good ? n_more + 1 : 1);
    return good;
}

/* JSON. */

/* How many bytes at the front of @text stand for themselves in JSON and are one character each. */
static size_t plain_bytes(struct text text)
{
    size_t n = 0;

    while (n < text.size && text.data[n] >= ' ' && text.data[n] < 0x7f && text.data[n] != '"' && text.data[n] != '\\')
        n++;
    return n;
}

static void json_string(struct buffer *buffer, struct text text)
{
    buffer_put_u8(buffer, '"');
    for (size_t n = plain_bytes(text); n < text.size; n = plain_bytes(text)) {
        uint32_t code;

        buffer_put(buffer, text.data, n);
        text = text_from(text, n);
        const char *start = text.data;
        if (!take_character(&text, &code))
            buffer_put_text(buffer, TEXT("\xef\xbf\xbd"));
        else if (code < 0x20 || code == 0x7f)
            buffer_printf(buffer, "\\u%04x", (unsigned)code);
        else if (code < 0x7f)
            buffer_printf(buffer, "\\%c", (int)code);
        else
            buffer_put(buffer, start, (size_t)(text.data - start));
    }
    buffer_put_text(buffer, text);
    buffer_put_u8(buffer, '"');
}

static void comma(struct buffer *buffer, size_t i)
{
    if (i > 0)
        buffer_put_u8(buffer, ',');
}

static void json_row(const struct query *query, const struct query_row *row, struct buffer *buffer)
{
    buffer_put_text(buffer, TEXT("{\"metrics\":["));
    for (unsigned i = 0; i < query->n_metrics; i++) {
        comma(buffer, i);
        buffer_put_text(buffer, text_of(value_text(query->metrics[i], row->metrics[i]).text));
    }
    buffer_put_text(buffer, TEXT("],\"dimensions\":["));
    for (unsigned i = 0; i < query->n_dimensions; i++) {
        comma(buffer, i);
        json_string(buffer, row->dimensions[i]);
    }
    buffer_put_text(buffer, TEXT("]}"));
}

static void json_meta(const struct query *query, const struct query_answer *answer, struct buffer *buffer)
{
    buffer_put_u8(buffer, '{');
    if (query->include_time_labels) {
        buffer_put_text(buffer, TEXT("\"time_labels\":["));
        for (int32_t day = answer->days.first; day <= answer->days.last; day++) {
            char date[RANGE_DATE_BYTES];

            comma(buffer, day > answer->days.first);
            range_write_date(day, date);
            json_string(buffer, (struct text){date, sizeof date});
        }
        buffer_put_u8(buffer, ']');
    }
    if (query->include_total_rows)
        buffer_printf(buffer, "%s\"total_rows\":%zu", query->include_time_labels ? "," : "", answer->n_total);
    buffer_put_u8(buffer, '}');
}

/* An instant as the zone's clock shows it, with the clock's offset to the minute. */
static void json_time(const struct zone *zone, int64_t at_ms, struct buffer *buffer)
{
    int32_t offset_minutes = zone_offset_s(zone, at_ms) / 60;
    int64_t wall_s = at_ms / 1000 - (at_ms % 1000 < 0) + offset_minutes * 60;
    int64_t day = wall_s / 86400 - (wall_s % 86400 < 0);
    int second = (int)(wall_s - day * 86400);
    char date[RANGE_DATE_BYTES];

    range_write_date((int32_t)day, date);
    buffer_printf(buffer, "\"%.*sT%02d:%02d:%02d%c%02d:%02d\"", RANGE_DATE_BYTES, date, second / 3600, second / 60 % 60,
                  second % 60, offset_minutes < 0 ? '-' : '+', abs(offset_minutes) / 60, abs(offset_minutes) % 60);
}

static const char *order_name(const struct query *query, const struct query_order *order)
{
    return order->by_metric ? names_metric(query->metrics[order->index])
                            : names_dimension(query->dimensions[order->index]);
}

static void json_query(const struct query *query, const struct query_answer *answer, const struct zone *zone,
                       struct buffer *buffer)
{
    buffer_put_text(buffer, TEXT("{\"site_id\":"));
    json_string(buffer, text_of(query->site));
    buffer_put_text(buffer, TEXT(",\"metrics\":["));
    for (unsigned i = 0; i < query->n_metrics; i++)
        buffer_printf(buffer, "%s\"%s\"", i ? "," : "", names_metric(query->metrics[i]));
    buffer_put_text(buffer, TEXT("],\"date_range\":["));
    json_time(zone, answer->days.from_ms, buffer);
    buffer_put_u8(buffer, ',');
    json_time(zone, answer->days.to_ms - 1000, buffer);
    buffer_put_text(buffer, TEXT("],\"filters\":[],\"dimensions\":["));
    for (unsigned i = 0; i < query->n_dimensions; i++)
        buffer_printf(buffer, "%s\"%s\"", i ? "," : "", names_dimension(query->dimensions[i]));
    buffer_put_text(buffer, TEXT("],\"order_by\":["));
    for (unsigned i = 0; i < query->n_orders; i++)
        buffer_printf(buffer, "%s[\"%s\",\"%s\"]", i ? "," : "", order_name(query, &query->orders[i]),
                      query->orders[i].descending ? "desc" : "asc");
    buffer_printf(buffer, "],\"include\":{%s%s%s},\"pagination\":{\"offset\":%u,\"limit\":%u}}",
                  query->include_time_labels ? "\"time_labels\":true" : "",
                  query->include_time_labels && query->include_total_rows ? "," : "",
                  query->include_total_rows ? "\"total_rows\":true" : "", query->offset, query->limit);
}

void query_output_json(const struct query *query, const struct query_answer *answer, const struct zone *zone,
                       struct buffer *buffer)
{
    buffer_put_text(buffer, TEXT("{\"results\":["));
    for (size_t i = 0; i < answer->n_rows; i++) {
        comma(buffer, i);
        json_row(query, &answer->rows[i], buffer);
    }
    buffer_put_text(buffer, TEXT("],\"meta\":"));
    json_meta(query, answer, buffer);
    buffer_put_text(buffer, TEXT(",\"query\":"));
    json_query(query, answer, zone, buffer);
    buffer_put_u8(buffer, '}');
}

/* CSV. */

static bool has(struct text text, char c) { return text_find(text, c) < text.size; }

static void csv_field(struct buffer *buffer, struct text text)
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

void query_output_csv(const struct query *query, const struct query_answer *answer, struct buffer *buffer)
{
    for (unsigned i = 0; i < query->n_dimensions; i++)
        buffer_printf(buffer, "%s,", names_dimension(query->dimensions[i]));
    for (unsigned i = 0; i < query->n_metrics; i++)
        buffer_printf(buffer, "%s%s", i ? "," : "", names_metric(query->metrics[i]));
    buffer_put_text(buffer, TEXT("\r\n"));
    for (size_t row = 0; row < answer->n_rows; row++) {
        for (unsigned i = 0; i < query->n_dimensions; i++) {
            csv_field(buffer, answer->rows[row].dimensions[i]);
            buffer_put_u8(buffer, ',');
        }
        for (unsigned i = 0; i < query->n_metrics; i++) {
            comma(buffer, i);
            buffer_put_text(buffer, text_of(value_text(query->metrics[i], answer->rows[row].metrics[i]).text));
        }
        buffer_put_text(buffer, TEXT("\r\n"));
    }
}

/* Table. */

/* Controls, and what makes a terminal show text in another order than it has (Unicode's bidirectional controls). */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* One character as a terminal may see it. */
struct shown {
    struct text text;
    size_t width; /* one a character; wide and combining ones are not told apart */
    char escape[16];
};

/* Takes one character off the front of @text; @shown lends it. */
static void take_shown(struct text *text, struct shown *shown)
{
    const char *start = text->data;
    uint32_t code;
    bool good = take_character(text, &code);

    if (good && !is_control(code) && code != '\\') {
        shown->text = (struct text){start, (size_t)(text->data - start)};
        shown->width = 1;
        return;
    }
    if (code == '\\')
        snprintf(shown->escape, sizeof shown->escape, "\\\\");
    else if (!good || code < 0x80)
        snprintf(shown->escape, sizeof shown->escape, "\\x%02x", (unsigned)code);
    else
        snprintf(shown->escape, sizeof shown->escape, "\\u{%04x}", (unsigned)code);
    shown->text = text_of(shown->escape);
    shown->width = shown->text.size;
}

static size_t shown_width(struct text text)
{
    struct shown shown;
    size_t width = 0;

    while (text.size > 0) {
        take_shown(&text, &shown);
        width += shown.width;
    }
    return width;
}

static void put_shown(struct buffer *buffer, struct text text)
{
    struct shown shown;

    while (text.size > 0) {
        take_shown(&text, &shown);
        buffer_put_text(buffer, shown.text);
    }
}

static void put_spaces(struct buffer *buffer, size_t n)
{
    uint8_t *at = n ? buffer_extend(buffer, n) : NULL;

    if (at)
        memset(at, ' ', n);
}

/* What stands in @column of @row, the header where there is no row. Borrowed from @memory or the answer. */
static struct text column_text(const struct query *query, const struct query_row *row, unsigned column,
                               struct value_text *memory)
{
    unsigned metric = column - query->n_dimensions;

    if (column < query->n_dimensions)
        return row ? row->dimensions[column] : text_of(names_dimension(query->dimensions[column]));
    if (!row)
        return text_of(names_metric(query->metrics[metric]));
    *memory = value_text(query->metrics[metric], row->metrics[metric]);
    return text_of(memory->text);
}

static void measure_line(const struct query *query, const struct query_row *row, unsigned n_columns, size_t *widths)
{
    struct value_text memory;

    for (unsigned i = 0; i < n_columns; i++) {
        size_t width = shown_width(column_text(query, row, i, &memory));

        if (width > widths[i])
            widths[i] = width;
    }
}

static void put_line(const struct query *query, const struct query_row *row, unsigned n_columns, const size_t *widths,
                     struct buffer *buffer)
{
    struct value_text memory;

    for (unsigned i = 0; i < n_columns; i++) {
        struct text text = column_text(query, row, i, &memory);
        size_t pad = widths[i] - shown_width(text);
        bool is_name = i < query->n_dimensions;

        put_spaces(buffer, (i ? 2 : 0) + (is_name ? 0 : pad));
        put_shown(buffer, text);
        put_spaces(buffer, is_name ? pad : 0);
    }
    buffer_put_u8(buffer, '\n');
}

void query_output_table(const struct query *query, const struct query_answer *answer, struct buffer *buffer)
{
    unsigned n_columns = query->n_dimensions + query->n_metrics;
    size_t widths[COLUMNS_MAX] = {0};

    measure_line(query, NULL, n_columns, widths);
    for (size_t i = 0; i < answer->n_rows; i++)
        measure_line(query, &answer->rows[i], n_columns, widths);
    put_line(query, NULL, n_columns, widths, buffer);
    for (size_t i = 0; i < answer->n_rows; i++)
        put_line(query, &answer->rows[i], n_columns, widths, buffer);
}
