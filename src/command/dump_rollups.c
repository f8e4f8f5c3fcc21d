/*
 * crumb dump rollup: a cell a line.
 */
#include "crumb/base/error.h"
#include "crumb/base/zone.h"
#include "crumb/rollup/rollups.h"
#include "crumb/rollup/summary.h"
#include "dump.h"
#include <errno.h>

/* "2026-01-02", or of a month "2026-01". */
static json_t *period_json(struct period period)
{
    char text[ZONE_DATE_BYTES];

    zone_write_date(period_first_day(period), text);
    return json_stringn(text, period.kind == PERIOD_DAY ? strlen(text) : strlen(text) - strlen("-01"));
}

static json_t *figures_json(const struct cell *cell)
{
    const struct figures *figures = &cell->figures;

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "visitors",
                     (json_int_t)cell->visitors, "visits", (json_int_t)figures->visits, "pageviews",
                     (json_int_t)figures->views, "events", (json_int_t)figures->events, "whole",
                     (json_int_t)figures->whole, "bounces", (json_int_t)figures->bounces, "duration_s",
                     (json_int_t)figures->duration_s, "whole_views", (json_int_t)figures->whole_views, "viewing",
                     (json_int_t)figures->viewing, "dwell_s", (json_int_t)figures->dwell_s, "scrolled",
                     (json_int_t)figures->scrolled, "scroll", (json_int_t)figures->scroll);
}

static void print_cell(struct dump *dump, const struct key_rollup *of, enum field field, const struct cell *cell)
{
    struct period period = {.kind = (enum period_kind)of->kind, .number = of->period};
    json_t *object =
        json_pack("{s:o, s:o, s:s, s:s%}", "site", dump_site(dump, of->site), of->kind == PERIOD_DAY ? "day" : "month",
                  period_json(period), "field", field == FIELD_N ? "totals" : field_name(field), "value",
                  cell->value.size ? cell->value.data : "", cell->value.size);

    json_object_update_new(object, figures_json(cell));
    dump_print(dump, object);
}

static bool wanted_rollup(const struct dump *dump, const struct key_rollup *of, enum field field)
{
    bool is_month = of->kind == PERIOD_MONTH;

    if (!dump_wants(dump, of->site) || (dump->field && *dump->field != field))
        return false;
    if (dump->month)
        return is_month && of->period == *dump->month;
    return !dump->day || (!is_month && of->period == *dump->day);
}

static int print_rollup(struct dump *dump, struct text key, struct text bytes)
{
    BUFFER_AUTO plain = BUFFER_INIT(3ul * ROLLUP_BYTES_MAX);
    struct key_rollup of;
    struct cells cells;
    enum field field;

    if (!key_read_rollup(key, &of) || !summary_field(of.field, &field))
        return error_origin(-EBADMSG);
    if (!wanted_rollup(dump, &of, field))
        return 0;
    int r = rollups_open_row(dump->setup.txn, key, bytes, false, &plain);
    if (r == 0)
        r = cells_decode(buffer_text(&plain), CELLS_NO_SKETCHES, &cells);
    if (r)
        return r == ROLLUPS_E_NONE ? 0 : error_trace(r);
    for (size_t i = 0; i < cells.n; i++)
        print_cell(dump, &of, field, &cells.cells[i]);
    cells_deinit(&cells);
    return 0;
}

int dump_rollups(struct dump *dump)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(dump->setup.txn, DB_ROLLUPS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        r = print_rollup(dump, key, value);
        if (r)
            return error_trace(r);
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}
