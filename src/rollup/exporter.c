/*
 * Day by day; a day's table is pinned for as long as pieces of it come.
 */
#include "crumb/rollup/exporter.h"
#include "crumb/base/error.h"
#include "crumb/base/zone.h"
#include "crumb/store/day.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD_BYTES_MAX 4096

struct exporter {
    struct exporter_wish wish;
    bool has_begun;
    int32_t day; /* the next to be opened */
    const struct table *table;
    struct export *export;
    struct buffer head;
};

int exporter_new(const struct exporter_wish *wish, struct exporter **ret_exporter)
{
    struct exporter *exporter = malloc(sizeof *exporter);

    if (!exporter)
        return error_origin(-ENOMEM);
    *exporter = (struct exporter){.wish = *wish, .head = BUFFER_INIT(HEAD_BYTES_MAX)};
    *ret_exporter = exporter;
    return 0;
}

static void close_day(struct exporter *exporter)
{
    exporter->export = export_free(exporter->export);
    days_unpin(exporter->wish.days, exporter->table);
    exporter->table = NULL;
}

struct exporter *exporter_free(struct exporter *exporter)
{
    if (exporter) {
        close_day(exporter);
        buffer_deinit(&exporter->head);
        free(exporter);
    }
    return NULL;
}

static const char *write_day(int32_t day, const char *none, char text[ZONE_DATE_BYTES])
{
    if (day == INT32_MIN || day == INT32_MAX)
        return none;
    zone_write_date(day, text);
    return text;
}

void exporter_describe(const struct exporter_wish *wish, char ret_text[EXPORTER_DETAILS_BYTES])
{
    char from[ZONE_DATE_BYTES], to[ZONE_DATE_BYTES];

    snprintf(ret_text, EXPORTER_DETAILS_BYTES, "from %.13s to %.13s, %s", write_day(wish->from, "the first day", from),
             write_day(wish->to, "the last day", to), wish->form == EXPORT_CSV ? "csv" : "ndjson");
}

/* No further than there are days. */
static int find_days(struct exporter *exporter, struct db_txn *txn)
{
    struct exporter_wish *wish = &exporter->wish;
    int32_t first = 0, last = -1;
    int r = wish->site->id ? day_bounds(txn, wish->site->id, &first, &last) : DB_E_NOT_FOUND;

    if (r < 0)
        return error_trace(r);
    exporter->day = wish->from > first ? wish->from : first;
    if (wish->to > last)
        wish->to = last;
    return 0;
}

static int begin(struct exporter *exporter)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(exporter->wish.db, &txn);

    r = r ? r : find_days(exporter, txn);
    if (r)
        return error_trace(r);
    exporter->has_begun = true;
    export_head(exporter->wish.form, &exporter->head);
    return error_fold(exporter->head.fault);
}

static int open_once(struct exporter *exporter, int32_t day)
{
    const struct exporter_wish *wish = &exporter->wish;
    DB_TXN_AUTO *txn = NULL;
    enum days_tier tier;
    int r = db_begin_read(wish->db, &txn);

    r = r ? r : days_pin(wish->days, txn, wish->site, day, COLUMN_ALL, &exporter->table, &tier);
    if (r == DAYS_E_FOLDED)
        return 0; /* no hits are kept of it */
    if (r || !exporter->table)
        return error_trace(r);
    return error_trace(
        export_new(exporter->table, zone_day_start_ms(wish->site->zone, day), wish->form, &exporter->export));
}

/* A day that is sealed again at this moment is read as it is now. */
static int open_day(struct exporter *exporter, int32_t day)
{
    int r = -ESTALE;

    for (unsigned i = 0; r == -ESTALE && i < QUERY_TRIES_MAX; i++)
        r = open_once(exporter, day);
    return error_trace(r);
}

int exporter_next(struct exporter *exporter, struct text *ret_piece)
{
    int r = exporter->has_begun ? 0 : begin(exporter);

    *ret_piece = buffer_text(&exporter->head);
    buffer_clear(&exporter->head);
    while (r == 0 && !ret_piece->size) {
        if (exporter->export)
            r = export_next(exporter->export, ret_piece);
        if (r || ret_piece->size)
            break;
        close_day(exporter);
        if (exporter->day > exporter->wish.to)
            break;
        r = open_day(exporter, exporter->day++);
    }
    return error_trace(r);
}
