/*
 * GET /api/v2/export: what happened on a site, hit by hit, streamed.
 *
 * Before the first piece is made, the audit trail says who asks for what.
 */
#include "crumb/base/error.h"
#include "crumb/query/range.h"
#include "crumb/rollup/exporter.h"
#include "loop.h"
#include <errno.h>
#include <stdlib.h>

struct exporting {
    struct write_op record; /* of the audit trail */
    const struct service *service;
    struct trail_entry entry; /* lent by the edition and these: */
    char details[EXPORTER_DETAILS_BYTES];
    bool is_recorded;
    struct exporter *exporter;
};

static void exporting_free(void *maker)
{
    struct exporting *exporting = maker;

    exporter_free(exporting->exporter);
    free(exporting);
}

/* On the writer's thread. */
static int record_apply(struct write_op *op, struct batch *batch)
{
    struct exporting *exporting = H2O_STRUCT_FROM_MEMBER(struct exporting, record, op);

    return error_trace(trail_append(batch, &exporting->service->trail, &exporting->entry));
}

static void record_done(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

/* On a thread of the pool, which may wait for the writer. */
static int next_piece(void *maker, struct text *ret_piece)
{
    struct exporting *exporting = maker;
    int r = exporting->is_recorded ? 0 : writer_submit_wait(exporting->service->writer, &exporting->record);

    if (r)
        return r < 0 ? error_trace(r) : error_origin(-EAGAIN);
    exporting->is_recorded = true;
    return error_trace(exporter_next(exporting->exporter, ret_piece));
}

static struct exporting *exporting_new(struct exchange *exchange, const struct token *token,
                                       const struct exporter_wish *wish)
{
    struct exporting *exporting = calloc(1, sizeof *exporting);

    if (!exporting)
        return NULL;
    if (exporter_new(wish, &exporting->exporter)) {
        free(exporting);
        return NULL;
    }
    exporting->record = (struct write_op){.bytes = sizeof *exporting, .apply = record_apply, .done = record_done};
    exporting->service = exchange->loop->service;
    exporting->entry = token_entry(exchange, token, ACT_EXPORTED, wish->site);
    exporter_describe(wish, exporting->details);
    exporting->entry.object = TEXT("hits");
    exporting->entry.details = text_of(exporting->details);
    return exporting;
}

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

static bool read_wish(struct exchange *exchange, struct exporter_wish *wish)
{
    if (!read_day(exchange, TEXT("from"), &wish->from) || !read_day(exchange, TEXT("to"), &wish->to))
        return false;
    if (wish->from > wish->to) {
        answer_error(exchange->req, 400, "from: lies behind `to`; put the earlier day first");
        return false;
    }
    return read_form(exchange, &wish->form);
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
        token_refuse(exchange, token);
        return;
    }
    if (!read_wish(exchange, &wish))
        return;
    if (!stream_has_room(exchange))
        return;
    struct exporting *exporting = exporting_new(exchange, token, &wish);
    if (!exporting) {
        answer_later(exchange->req, "the export cannot be made now; try again later");
        return;
    }
    stream_begin(exchange, &(struct stream_source){.next = next_piece,
                                                   .free = exporting_free,
                                                   .maker = exporting,
                                                   .type = wish.form == EXPORT_CSV
                                                               ? TEXT("text/csv; charset=utf-8; header=present")
                                                               : TEXT("application/x-ndjson"),
                                                   .what = "GET /api/v2/export"});
}
