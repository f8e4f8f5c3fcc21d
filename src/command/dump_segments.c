/*
 * crumb dump segment: a visit a line, with its hits.
 */
#include "crumb/base/error.h"
#include "crumb/base/zone.h"
#include "crumb/rollup/segments.h"
#include "crumb/rollup/visits.h"
#include "dump.h"
#include <errno.h>
#include <stdio.h>

/* All, or those of one visitor. */
static int print_visits(struct dump *dump, const struct visits *visits, const char *site, const char *date)
{
    for (uint32_t visit = 0; visit < visits_n(visits); visit++) {
        if (dump->visitor && visits_visitor(visits, visit) != dump->visitor->number)
            continue;
        json_t *line = json_pack("{s:s, s:s, s:o}", "site", site, "day", date, "visit", visits_json(visits, visit));

        if (!line)
            return error_origin(-ENOMEM);
        dump_print(dump, line);
    }
    return 0;
}

static int print_segment(struct dump *dump, uint32_t id, int32_t day, const struct segment *segment)
{
    const struct site *site = config_site_of_id(dump->setup.edition->config, id);
    struct visits *visits = NULL;
    char number[16], date[ZONE_DATE_BYTES];
    int r = visits_read(segment, &visits);

    snprintf(number, sizeof number, "%u", (unsigned)id);
    zone_write_date(day, date);
    if (r == 0)
        r = print_visits(dump, visits, site ? site->name : number, date);
    visits_free(visits);
    return error_trace(r);
}

static int print_row(struct dump *dump, uint32_t site, int32_t day, struct text key, struct text bytes)
{
    SEGMENT_AUTO segment = {.n_texts = 0};

    if (!dump_wants(dump, site) || (dump->day && *dump->day != day) || (dump->visitor && !dump->visitor->number))
        return 0;
    int r = segments_open_row(dump->setup.txn, key, bytes, &segment);
    if (r)
        return r == SEGMENTS_E_GONE ? 0 : error_trace(r);
    return error_trace(print_segment(dump, site, day, &segment));
}

int dump_segments(struct dump *dump)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, bytes;
    int r = db_cursor_new(dump->setup.txn, DB_SEGMENTS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &bytes); r == 0; r = db_cursor_next(cursor, &key, &bytes)) {
        uint32_t site;
        int32_t day;

        if (!key_read_day(key, &site, &day))
            return error_origin(-EBADMSG);
        r = print_row(dump, site, day, key, bytes);
        if (r)
            return error_trace(r);
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}
