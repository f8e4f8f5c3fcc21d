/*
 * GET /api/v2/export: what happened on a site, hit by hit, streamed.
 */
#include "crumb/query/range.h"
#include "crumb/rollup/exporter.h"
#include "loop.h"

static int next_piece(void *maker, struct text *ret_piece) { return exporter_next(maker, ret_piece); }

static void free_exporter(void *maker) { exporter_free(maker); }

/* ---- the request ---- */

/* False: it was answered 400. */
static bool read_day(struct exchange *exchange, struct text name, int32_t *day)
{
    struct text value = exchange_param(exchange, name);
    struct zone_date date;

    if (!value.size)
        return true;
    if (!range_parse_date(value, &date)) {
        answer_error(exchange->req, 400, "%.*s: must be a day, such as 2026-01-31", TEXT_ARGS(name));
        return false;
    }
    *day = zone_day_of_date(date);
    return true;
}

static bool read_form(struct exchange *exchange, enum export_form *form)
{
    struct text value = exchange_param(exchange, TEXT("format"));

    if (text_equal(value, TEXT("csv")))
        *form = EXPORT_CSV;
    else if (value.size && !text_equal(value, TEXT("ndjson"))) {
        answer_error(exchange->req, 400, "format: must be ndjson or csv");
        return false;
    }
    return true;
}

void export_get(struct exchange *exchange)
{
    const struct token *token = token_need(exchange);
    struct exporter_wish wish = {.days = exchange->loop->service->days,
                                 .db = exchange->loop->service->db,
                                 .from = INT32_MIN,
                                 .to = INT32_MAX,
                                 .form = EXPORT_NDJSON};

    if (!token)
        return;
    wish.site = config_site(exchange->loop->edition->config, exchange_param(exchange, TEXT("site_id")));
    if (!wish.site || !token_may_export(token, wish.site)) {
        token_refuse(exchange);
        return;
    }
    if (!read_day(exchange, TEXT("from"), &wish.from) || !read_day(exchange, TEXT("to"), &wish.to) ||
        !read_form(exchange, &wish.form))
        return;
    if (!stream_has_room(exchange))
        return;
    struct exporter *exporter;
    if (exporter_new(&wish, &exporter)) {
        answer_later(exchange->req, "the export cannot be made now; try again later");
        return;
    }
    stream_begin(exchange, &(struct stream_source){.next = next_piece,
                                                   .free = free_exporter,
                                                   .maker = exporter,
                                                   .type = wish.form == EXPORT_CSV
                                                               ? TEXT("text/csv; charset=utf-8; header=present")
                                                               : TEXT("application/x-ndjson"),
                                                   .what = "GET /api/v2/export"});
}
