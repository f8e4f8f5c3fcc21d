/*
 * crumb dump segment: a visit a line, with its hits, every number replaced by
 * the row or text that it refers to.
 */
#include "crumb/rollup/segments.h"
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/store/key.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- rows ---- */

struct segment_table {
    struct table table;
    uint32_t *properties; /* the first of each set */
};

static json_t *text_json(const struct table *table, uint32_t text)
{
    struct text bytes = table_text(table, text);

    return json_stringn(bytes.data, bytes.size);
}

static json_t *set_json(const struct segment_table *segment, uint32_t set)
{
    const struct table *table = &segment->table;
    uint32_t first = segment->properties[set], n = table->columns[COLUMN_SET_n_properties][set];
    json_t *object = json_object();

    for (uint32_t i = first; i < first + n; i++) {
        struct text name = table_text(table, table->columns[COLUMN_PROPERTY_name][i]);
        char key[PROPERTY_NAME_BYTES_MAX + 1];

        snprintf(key, sizeof key, "%.*s", TEXT_ARGS(name));
        object = json_member(object, key, text_json(table, table->columns[COLUMN_PROPERTY_value][i]));
    }
    return object;
}

static json_t *row_json(const struct segment_table *segment, enum relation relation, uint32_t row);

static json_t *value_json(const struct segment_table *segment, enum column column, uint32_t number)
{
    int refers = table_refers(column);

    return refers == REFERS_NONE    ? json_integer(number)
           : refers == REFERS_TEXT  ? text_json(&segment->table, number)
           : refers == RELATION_SET ? set_json(segment, number)
                                    : row_json(segment, (enum relation)refers, number);
}

/* Row 0 of ACT and SET, and text 0, say nothing and are left out. */
static bool is_silent(enum column column, uint32_t number)
{
    int refers = table_refers(column);

    return number == 0 && (refers == REFERS_TEXT || refers == RELATION_ACT || refers == RELATION_SET);
}

/* Relations refer only to those behind them, so this ends. */
static json_t *row_json(const struct segment_table *segment, enum relation relation, uint32_t row)
{
    json_t *object = json_object();

    for (unsigned column = 0; column < COLUMN_N; column++) {
        if (table_relation(column) != relation)
            continue;
        uint32_t number = segment->table.columns[column][row];
        if (!is_silent(column, number))
            object = json_member(object, table_column_name(column), value_json(segment, column, number));
    }
    return object;
}

static json_t *visit_json(const struct segment_table *segment, uint32_t visit, uint32_t first_hit)
{
    uint32_t end = first_hit + segment->table.columns[COLUMN_VISIT_n_hits][visit];
    json_t *hits = json_array();

    for (uint32_t hit = first_hit; hit < end; hit++)
        hits = json_item(hits, row_json(segment, RELATION_HIT, hit));
    return json_member(row_json(segment, RELATION_VISIT, visit), "hits", hits);
}

/* ---- a segment ---- */

static int find_sets(struct segment_table *segment)
{
    const uint32_t *n = segment->table.columns[COLUMN_SET_n_properties];
    uint32_t n_sets = segment->table.n[RELATION_SET], at = 0;

    segment->properties = malloc((n_sets + 1ul) * sizeof *segment->properties);
    if (!segment->properties)
        return error_origin(-ENOMEM);
    for (uint32_t set = 0; set < n_sets; at += n[set++])
        segment->properties[set] = at;
    return 0;
}

static int print_visits(const struct segment_table *segment, const char *site, const char *date)
{
    uint32_t hit = 0;

    for (uint32_t visit = 0; visit < segment->table.n[RELATION_VISIT]; visit++) {
        JSON_AUTO *line =
            json_pack("{s:s, s:s, s:o}", "site", site, "day", date, "visit", visit_json(segment, visit, hit));

        if (!line)
            return error_origin(-ENOMEM);
        json_dumpf(line, stdout, JSON_COMPACT);
        printf("\n");
        hit += segment->table.columns[COLUMN_VISIT_n_hits][visit];
    }
    return 0;
}

int command_print_segment(const char *site, const char *date, const struct segment *segment)
{
    struct segment_table all = {.table = TABLE_INIT};
    int r = segment_read(segment, COLUMN_ALL, &all.table);

    if (r == 0)
        r = find_sets(&all);
    if (r == 0)
        r = print_visits(&all, site, date);
    free(all.properties);
    table_deinit(&all.table);
    return error_trace(r);
}
