/*
 * Every number replaced by the row or text that it refers to.
 */
#include "crumb/rollup/visits.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/rollup/segment.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- rows ---- */

struct visits {
    struct table table;
    uint32_t *properties; /* the first of each set */
    uint32_t *hits;       /* the first of each visit */
};

static json_t *text_json(const struct table *table, uint32_t text)
{
    struct text bytes = table_text(table, text);

    return json_stringn(bytes.data, bytes.size);
}

static json_t *set_json(const struct visits *segment, uint32_t set)
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

static json_t *row_json(const struct visits *segment, enum relation relation, uint32_t row);

static json_t *value_json(const struct visits *segment, enum column column, uint32_t number)
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
static json_t *row_json(const struct visits *segment, enum relation relation, uint32_t row)
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

static json_t *visit_json(const struct visits *segment, uint32_t visit)
{
    uint32_t first_hit = segment->hits[visit], end = first_hit + segment->table.columns[COLUMN_VISIT_n_hits][visit];
    json_t *hits = json_array();

    for (uint32_t hit = first_hit; hit < end; hit++)
        hits = json_item(hits, row_json(segment, RELATION_HIT, hit));
    return json_member(row_json(segment, RELATION_VISIT, visit), "hits", hits);
}

/* ---- a segment ---- */

static int find_firsts(struct visits *visits)
{
    const uint32_t *n_properties = visits->table.columns[COLUMN_SET_n_properties];
    const uint32_t *n_hits = visits->table.columns[COLUMN_VISIT_n_hits];
    uint32_t n_sets = visits->table.n[RELATION_SET], n_visits = visits->table.n[RELATION_VISIT], at = 0;

    visits->properties = malloc((n_sets + 1ul) * sizeof *visits->properties);
    visits->hits = malloc((n_visits + 1ul) * sizeof *visits->hits);
    if (!visits->properties || !visits->hits)
        return error_origin(-ENOMEM);
    for (uint32_t set = 0; set < n_sets; at += n_properties[set++])
        visits->properties[set] = at;
    at = 0;
    for (uint32_t visit = 0; visit < n_visits; at += n_hits[visit++])
        visits->hits[visit] = at;
    return 0;
}

int visits_read(const struct segment *segment, struct visits **ret_visits)
{
    struct visits *visits = calloc(1, sizeof *visits);
    int r = visits ? segment_read(segment, COLUMN_ALL, &visits->table) : error_origin(-ENOMEM);

    if (r == 0)
        r = find_firsts(visits);
    if (r) {
        visits_free(visits);
        return error_trace(r);
    }
    *ret_visits = visits;
    return 0;
}

struct visits *visits_free(struct visits *visits)
{
    if (visits) {
        table_deinit(&visits->table);
        free(visits->properties);
        free(visits->hits);
        free(visits);
    }
    return NULL;
}

uint32_t visits_n(const struct visits *visits) { return visits->table.n[RELATION_VISIT]; }

uint32_t visits_visitor(const struct visits *visits, uint32_t visit)
{
    return visits->table.columns[COLUMN_VISIT_visitor][visit];
}

json_t *visits_json(const struct visits *visits, uint32_t visit) { return visit_json(visits, visit); }
