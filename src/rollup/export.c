/*
 * Each text of the dictionary is quoted once, in the form that is written, and
 * what is of a visit is written once for all of its hits; a row is then a few
 * copies.
 *
 * The order of a visit's pages is told only where the visitor allowed it: of
 * other visits the rows are in the order of the pages' numbers, and their time
 * is that of the visit's start.
 *
 * CSV has every field in every row.  NDJSON leaves out what is empty.
 */
#include "crumb/rollup/export.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/words.h"
#include "crumb/base/zone.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_VIA COLUMN_N

/* ---- the fields ---- */

/* Of a visit or hit: a text of its own (via: NO_VIA), or of the row that @via refers to. */
struct field {
    const char *name;
    enum column via, column;
    const char *(*word)(unsigned number); /* where the column holds the number of a word */
};

#define TEXT_OF(relation, name)                                                                                        \
    {                                                                                                                  \
#name, NO_VIA, COLUMN_##relation##_##name, NULL                                                                \
    }
#define ROW_TEXT(relation, via, of, name)                                                                              \
    {                                                                                                                  \
#name, COLUMN_##relation##_##via, COLUMN_##of##_##name, NULL                                                   \
    }

static const struct field hit_fields[] = {
    ROW_TEXT(HIT, page, PAGE, host),
    ROW_TEXT(HIT, page, PAGE, path),
    ROW_TEXT(HIT, page, PAGE, title),
    ROW_TEXT(HIT, act, ACT, category),
    ROW_TEXT(HIT, act, ACT, action),
    ROW_TEXT(HIT, act, ACT, label),
    ROW_TEXT(HIT, act, ACT, property),
    TEXT_OF(HIT, amount),
    TEXT_OF(HIT, currency),
};

static const struct field visit_fields[] = {
    {"channel", COLUMN_VISIT_origin, COLUMN_ORIGIN_channel, words_channel},
    ROW_TEXT(VISIT, origin, ORIGIN, source),
    ROW_TEXT(VISIT, origin, ORIGIN, referrer),
    ROW_TEXT(VISIT, origin, ORIGIN, utm_source),
    ROW_TEXT(VISIT, origin, ORIGIN, utm_medium),
    ROW_TEXT(VISIT, origin, ORIGIN, utm_campaign),
    ROW_TEXT(VISIT, origin, ORIGIN, utm_content),
    ROW_TEXT(VISIT, origin, ORIGIN, utm_term),
    ROW_TEXT(VISIT, origin, ORIGIN, click_id),
    ROW_TEXT(VISIT, place, PLACE, country),
    ROW_TEXT(VISIT, place, PLACE, region),
    ROW_TEXT(VISIT, place, PLACE, city),
    {"device", COLUMN_VISIT_agent, COLUMN_AGENT_device, words_device},
    ROW_TEXT(VISIT, agent, AGENT, brand),
    ROW_TEXT(VISIT, agent, AGENT, model),
    ROW_TEXT(VISIT, agent, AGENT, os),
    ROW_TEXT(VISIT, agent, AGENT, os_version),
    ROW_TEXT(VISIT, agent, AGENT, browser),
    ROW_TEXT(VISIT, agent, AGENT, browser_version),
    TEXT_OF(VISIT, language),
    TEXT_OF(VISIT, screen),
    {"bot", NO_VIA, COLUMN_VISIT_bot, words_bot},
};

/* What is counted or reckoned, in front of the others. */
static const char hit_head[] = "time,visitor,visit,hit,event,dwell_s,scroll";
static const char visit_head[] = "visit_start,visit_duration_s,visit_hits";

#define N_FIELDS(fields) (sizeof(fields) / sizeof((fields)[0]))

/* ---- writing ---- */

struct export
{
    const struct table *table;
    int64_t start_ms;
    enum export_form form;
    struct buffer quoted; /* texts of the dictionary */
    size_t *ends;         /* of each of them */
    uint32_t *properties; /* the first of each set */
    uint32_t *hits;       /* of the visit under way, in the order of its rows */
    struct buffer visit;  /* the fields of the visit under way */
    struct buffer row, rows;
    uint32_t n_visitors;
    uint32_t at_visit, first_hit; /* the visit under way, or the next */
    uint32_t n_done, at_s;        /* of its hits; 0: it is not under way yet */
};

int export_form_of(const char *name)
{
    static const char *const names[EXPORT_FORM_N] = {[EXPORT_NDJSON] = "ndjson", [EXPORT_CSV] = "csv"};

    for (int i = 0; i < EXPORT_FORM_N; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static void put_json(struct buffer *buffer, struct text text)
{
    buffer_put_u8(buffer, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c == '"' || c == '\\')
            buffer_put_u8(buffer, '\\');
        if (c < ' ' || c == 0x7f)
            buffer_printf(buffer, "\\u%04x", c);
        else
            buffer_put_u8(buffer, c);
    }
    buffer_put_u8(buffer, '"');
}

static bool is_plain_csv(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (strchr(",\"\r\n", text.data[i])) /* and NUL */
            return false;
    return true;
}

static void put_csv(struct buffer *buffer, struct text text)
{
    if (is_plain_csv(text)) {
        buffer_put_text(buffer, text);
        return;
    }
    buffer_put_u8(buffer, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"')
            buffer_put_u8(buffer, '"');
        buffer_put_u8(buffer, (uint8_t)text.data[i]);
    }
    buffer_put_u8(buffer, '"');
}

static void quote(enum export_form form, struct buffer *buffer, struct text text)
{
    (form == EXPORT_CSV ? put_csv : put_json)(buffer, text);
}

/* The name, or what stands for it, of what comes next. */
static void name(const struct export *export, struct buffer *buffer, const char *name)
{
    if (buffer->size)
        buffer_put_u8(buffer, ',');
    if (export->form == EXPORT_NDJSON)
        buffer_printf(buffer, "\"%s\":", name);
}

static void put_text(const struct export *export, struct buffer *buffer, const char *of, uint32_t text)
{
    size_t start = text ? export->ends[text - 1] : 0;

    if (export->form == EXPORT_NDJSON && text == 0)
        return;
    name(export, buffer, of);
    buffer_put(buffer, export->quoted.data + start, export->ends[text] - start);
}

static void put_word(const struct export *export, struct buffer *buffer, const char *of, const char *word)
{
    if (export->form == EXPORT_NDJSON && !(word && word[0]))
        return;
    name(export, buffer, of);
    quote(export->form, buffer, text_of(word ? word : ""));
}

static void put_number(const struct export *export, struct buffer *buffer, const char *of, uint64_t number)
{
    name(export, buffer, of);
    buffer_put_decimal(buffer, number);
}

static void put_time(const struct export *export, struct buffer *buffer, const char *of, uint32_t at_s)
{
    int64_t time_s = export->start_ms / 1000 + at_s, day = time_s / 86400 - (time_s % 86400 < 0);
    struct zone_date date = zone_date_of_day((int32_t)day);
    unsigned second = (unsigned)(time_s - day * 86400);
    char text[48];

    snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02uZ", date.year, date.month, date.mday, second / 3600,
             second / 60 % 60, second % 60);
    put_word(export, buffer, of, text);
}

static void put_fields(const struct export *export, struct buffer *buffer, const struct field *fields, size_t n,
                       uint32_t row)
{
    const struct table *table = export->table;

    for (const struct field *field = fields; field < fields + n; field++) {
        uint32_t at = field->via == NO_VIA ? row : table->columns[field->via][row];
        uint32_t number = table->columns[field->column][at];

        if (field->word)
            put_word(export, buffer, field->name, field->word(number));
        else
            put_text(export, buffer, field->name, number);
    }
}

/* ---- properties ---- */

/* An object of its own, {"size":"L"}; in CSV it is a field. */
static void put_set(const struct export *export, struct buffer *buffer, uint32_t set)
{
    const struct table *table = export->table;
    uint32_t first = export->properties[set], n = table->columns[COLUMN_SET_n_properties][set];
    BUFFER_AUTO object = BUFFER_INIT(EXPORT_ROW_BYTES_MAX);

    if (n == 0) {
        put_word(export, buffer, "properties", "");
        return;
    }
    for (uint32_t i = first; i < first + n; i++) {
        buffer_put_u8(&object, i == first ? '{' : ',');
        put_json(&object, table_text(table, table->columns[COLUMN_PROPERTY_name][i]));
        buffer_put_u8(&object, ':');
        put_json(&object, table_text(table, table->columns[COLUMN_PROPERTY_value][i]));
    }
    buffer_put_u8(&object, '}');
    name(export, buffer, "properties");
    if (export->form == EXPORT_CSV)
        put_csv(buffer, buffer_text(&object));
    else
        buffer_put_text(buffer, buffer_text(&object));
    buffer->fault = buffer->fault ? buffer->fault : object.fault;
}

static int find_sets(struct export *export)
{
    const struct table *table = export->table;
    uint32_t at = 0;

    export->properties = malloc((table->n[RELATION_SET] + 1ul) * sizeof *export->properties);
    if (!export->properties)
        return error_origin(-ENOMEM);
    for (uint32_t set = 0; set < table->n[RELATION_SET]; set++) {
        export->properties[set] = at;
        at += table->columns[COLUMN_SET_n_properties][set];
    }
    return 0;
}

static int quote_texts(struct export *export)
{
    const struct table *table = export->table;

    export->ends = malloc((table->texts.n + 1ul) * sizeof *export->ends);
    if (!export->ends)
        return error_origin(-ENOMEM);
    for (uint32_t text = 0; text < table->texts.n; text++) {
        quote(export->form, &export->quoted, table_text(table, text));
        export->ends[text] = export->quoted.size;
    }
    return export->quoted.fault ? error_origin(export->quoted.fault) : 0;
}

/* ---- rows ---- */

#define VISIT(name) (export->table->columns[COLUMN_VISIT_##name])
#define HIT(name) (export->table->columns[COLUMN_HIT_##name])

static void write_visit(struct export *export, uint32_t visit)
{
    struct buffer *buffer = &export->visit;

    buffer_clear(buffer);
    put_time(export, buffer, "visit_start", VISIT(start_s)[visit]);
    put_number(export, buffer, "visit_duration_s", VISIT(duration_s)[visit]);
    put_number(export, buffer, "visit_hits", VISIT(n_hits)[visit]);
    put_fields(export, buffer, visit_fields, N_FIELDS(visit_fields), visit);
}

static int compare_pages(const void *left, const void *right, void *context)
{
    const uint32_t *pages = context, *a = left, *b = right;

    return pages[*a] != pages[*b] ? (pages[*a] > pages[*b]) - (pages[*a] < pages[*b]) : (*a > *b) - (*a < *b);
}

static void order_hits(struct export *export, uint32_t visit, uint32_t first)
{
    uint32_t n = VISIT(n_hits)[visit];

    for (uint32_t i = 0; i < n; i++)
        export->hits[i] = first + i;
    if (!VISIT(traced)[visit])
        qsort_r(export->hits, n, sizeof *export->hits, compare_pages, HIT(page));
}

static int reserve_hits(struct export *export)
{
    uint32_t n_most = 0;

    for (uint32_t visit = 0; visit < export->table->n[RELATION_VISIT]; visit++)
        n_most = VISIT(n_hits)[visit] > n_most ? VISIT(n_hits)[visit] : n_most;
    export->hits = malloc((n_most + 1ul) * sizeof *export->hits);
    return export->hits ? 0 : error_origin(-ENOMEM);
}

static void write_scroll(const struct export *export, struct buffer *buffer, uint32_t scroll)
{
    if (scroll)
        put_number(export, buffer, "scroll", scroll - 1);
    else
        put_word(export, buffer, "scroll", "");
}

/* Names say where a row's fields begin, so each is put together by itself and then added. */
static void write_hit(struct export *export, uint32_t hit)
{
    uint32_t visit = export->at_visit;
    bool is_view = HIT(act)[hit] == 0, is_traced = VISIT(traced)[visit];
    struct buffer *row = &export->row;

    buffer_clear(row);
    put_time(export, row, "time", is_traced ? export->at_s : VISIT(start_s)[visit]);
    put_number(export, row, "visitor", export->n_visitors);
    put_number(export, row, "visit", visit + 1);
    if (is_traced)
        put_number(export, row, "hit", export->n_done);
    else
        put_word(export, row, "hit", "");
    put_word(export, row, "event", is_view ? "pageview" : "action");
    put_number(export, row, "dwell_s", HIT(dwell_s)[hit]);
    write_scroll(export, row, HIT(scroll)[hit]);
    put_fields(export, row, hit_fields, N_FIELDS(hit_fields), hit);
    put_set(export, row, HIT(set)[hit]);
    if (export->form == EXPORT_NDJSON)
        buffer_put_u8(&export->rows, '{');
    buffer_put_text(&export->rows, buffer_text(row));
    buffer_put_u8(&export->rows, ',');
    buffer_put_text(&export->rows, buffer_text(&export->visit));
    buffer_put_text(&export->rows, export->form == EXPORT_NDJSON ? TEXT("}\n") : TEXT("\r\n"));
}

static void begin_visit(struct export *export)
{
    uint32_t visit = export->at_visit;

    export->n_visitors += visit == 0 || VISIT(visitor)[visit] != VISIT(visitor)[visit - 1];
    export->at_s = VISIT(start_s)[visit];
    write_visit(export, visit);
    order_hits(export, visit, export->first_hit);
}

/* One row, or one step to the next visit. */
static void step(struct export *export)
{
    uint32_t n = VISIT(n_hits)[export->at_visit];

    if (export->n_done == 0)
        begin_visit(export);
    if (export->n_done < n) {
        export->at_s += HIT(after_s)[export->first_hit + export->n_done];
        uint32_t hit = export->hits[export->n_done++];
        write_hit(export, hit);
    }
    if (export->n_done == n) {
        export->first_hit += n;
        export->at_visit++;
        export->n_done = 0;
    }
}

int export_next(struct export *export, struct text *ret_rows)
{
    buffer_clear(&export->rows);
    while (export->at_visit < export->table->n[RELATION_VISIT] && export->rows.size < EXPORT_ROWS_BYTES) {
        step(export);
        int fault = export->row.fault     ? export->row.fault
                    : export->visit.fault ? export->visit.fault
                                          : export->rows.fault;
        if (fault)
            return error_origin(fault);
    }
    *ret_rows = buffer_text(&export->rows);
    return 0;
}

static void put_names(struct buffer *buffer, const struct field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buffer_printf(buffer, ",%s", fields[i].name);
}

void export_head(enum export_form form, struct buffer *buffer)
{
    if (form != EXPORT_CSV)
        return;
    buffer_put_text(buffer, text_of(hit_head));
    put_names(buffer, hit_fields, N_FIELDS(hit_fields));
    buffer_printf(buffer, ",properties,%s", visit_head);
    put_names(buffer, visit_fields, N_FIELDS(visit_fields));
    buffer_put_text(buffer, TEXT("\r\n"));
}

int export_new(const struct table *table, int64_t start_ms, enum export_form form, struct export **ret_export)
{
    struct export *export = malloc(sizeof *export);

    if (!export)
        return error_origin(-ENOMEM);
    *export = (struct export){.table = table,
                              .start_ms = start_ms,
                              .form = form,
                              .quoted = BUFFER_INIT(EXPORT_TEXTS_BYTES_MAX),
                              .visit = BUFFER_INIT(EXPORT_ROW_BYTES_MAX),
                              .row = BUFFER_INIT(EXPORT_ROW_BYTES_MAX),
                              .rows = BUFFER_INIT(EXPORT_ROWS_BYTES + 2 * EXPORT_ROW_BYTES_MAX)};
    int r = quote_texts(export);

    r = r ? r : find_sets(export);
    r = r ? r : reserve_hits(export);
    if (r) {
        export_free(export);
        return error_trace(r);
    }
    *ret_export = export;
    return 0;
}

struct export *export_free(struct export *export)
{
    if (export) {
        buffer_deinit(&export->quoted);
        buffer_deinit(&export->visit);
        buffer_deinit(&export->row);
        buffer_deinit(&export->rows);
        free(export->ends);
        free(export->properties);
        free(export->hits);
        free(export);
    }
    return NULL;
}
