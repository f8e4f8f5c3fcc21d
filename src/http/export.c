/*
 * GET /api/v2/export: what happened on a site, hit by hit, streamed.
 *
 * A piece is made on a thread of the pool, sent, and only when the client has
 * taken it the next one is made: a slow client holds one day's table and no
 * thread.  The response has begun by then, so that what fails in the middle
 * ends the connection before the body's end, which every client notices.
 *
 * Before the first piece is made, the audit trail says who asks for what.
 */
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/query/range.h"
#include "crumb/rollup/exporter.h"
#include "loop.h"
#include <errno.h>
#include <stdlib.h>

struct exporting {
    h2o_generator_t super;
    struct write_op record; /* of the audit trail */
    struct pool_job job;
    struct wait wait;
    struct trail_entry entry; /* lent by the edition and these: */
    char details[EXPORTER_DETAILS_BYTES];
    bool is_waiting; /* a piece is being made */
    bool has_begun;  /* the response */
    struct loop *loop;
    struct exporting *next; /* of the loop */
    struct edition *edition;
    struct exporter *exporter;
    enum export_form form;
    struct text piece; /* lent by the exporter; empty: there is no more */
    int outcome;
};

static void exporting_free(struct exporting *exporting)
{
    struct exporting **at = &exporting->loop->exports;

    while (*at != exporting)
        at = &(*at)->next;
    *at = exporting->next;
    exporter_free(exporting->exporter);
    edition_unref(exporting->edition);
    free(exporting);
}

void export_give_up(struct loop *loop)
{
    while (loop->exports)
        exporting_free(loop->exports);
}

static bool is_full(const struct loop *loop)
{
    unsigned n = 0;

    for (const struct exporting *exporting = loop->exports; exporting; exporting = exporting->next)
        n++;
    return n >= LOOP_EXPORTS_MAX;
}

/* On one of the pool's threads. */
static void exporting_run(struct pool_job *job)
{
    struct exporting *exporting = H2O_STRUCT_FROM_MEMBER(struct exporting, job, job);
    bool is_gone = job->cancelled || exporting->wait.is_gone;

    exporting->outcome = is_gone ? -ECANCELED : exporter_next(exporting->exporter, &exporting->piece);
    if (exporting->outcome && exporting->outcome != -ECANCELED)
        log_fault("GET /api/v2/export", exporting->outcome);
    wait_wake(&exporting->wait);
}

static void fail(struct exporting *exporting, h2o_req_t *req)
{
    if (exporting->has_begun)
        h2o_send(req, NULL, 0, H2O_SEND_STATE_ERROR);
    else
        answer_later(req, "the export cannot be made now; try again later");
}

static void exporting_answer(struct wait *wait, h2o_req_t *req)
{
    struct exporting *exporting = H2O_STRUCT_FROM_MEMBER(struct exporting, wait, wait);
    h2o_iovec_t piece = h2o_iovec_init(exporting->piece.data, exporting->piece.size);

    exporting->is_waiting = false;
    if (req && exporting->outcome == 0) {
        if (!exporting->has_begun)
            answer_stream(req,
                          exporting->form == EXPORT_CSV ? TEXT("text/csv; charset=utf-8; header=present")
                                                        : TEXT("application/x-ndjson"),
                          &exporting->super);
        exporting->has_begun = true;
        if (piece.len) {
            h2o_send(req, &piece, 1, H2O_SEND_STATE_IN_PROGRESS);
            return;
        }
        h2o_send(req, NULL, 0, H2O_SEND_STATE_FINAL);
    } else if (req) {
        fail(exporting, req);
    }
    exporting_free(exporting);
}

/* 0, or the pool's outcome; then nothing waits. */
static int make_piece(struct exporting *exporting, struct exchange *exchange)
{
    wait_begin(&exporting->wait, exchange, exporting_answer);
    int r = pool_submit(exchange->loop->service->queries, &exporting->job);

    if (r)
        wait_cancel(&exporting->wait);
    exporting->is_waiting = r == 0;
    return r;
}

/* The client has taken what was sent. */
static void exporting_proceed(h2o_generator_t *generator, h2o_req_t *req)
{
    struct exporting *exporting = (struct exporting *)generator;
    struct exchange exchange = {.req = req, .loop = exporting->loop};

    if (make_piece(exporting, &exchange) == 0)
        return;
    fail(exporting, req);
    exporting_free(exporting);
}

/* The request ends before the response did. A piece that is being made is waited for. */
static void exporting_stop(h2o_generator_t *generator, h2o_req_t *req)
{
    struct exporting *exporting = (struct exporting *)generator;

    if (!exporting->is_waiting)
        exporting_free(exporting);
}

static struct exporting *exporting_new(struct exchange *exchange, const struct exporter_wish *wish)
{
    struct exporting *exporting = calloc(1, sizeof *exporting);

    if (!exporting)
        return NULL;
    if (exporter_new(wish, &exporting->exporter)) {
        free(exporting);
        return NULL;
    }
    exporting->super = (h2o_generator_t){.proceed = exporting_proceed, .stop = exporting_stop};
    exporting->job.run = exporting_run;
    exporting->loop = exchange->loop;
    exporting->next = exporting->loop->exports;
    exporting->loop->exports = exporting;
    exporting->edition = edition_ref(exchange->loop->edition);
    exporting->form = wish->form;
    return exporting;
}

/* ---- the audit trail ---- */

/* On the writer's thread. */
static int record_apply(struct write_op *op, struct batch *batch)
{
    struct exporting *exporting = H2O_STRUCT_FROM_MEMBER(struct exporting, record, op);

    return error_trace(trail_append(batch, &exporting->loop->service->trail, &exporting->entry));
}

static void record_done(struct write_op *op, int result)
{
    struct exporting *exporting = H2O_STRUCT_FROM_MEMBER(struct exporting, record, op);

    exporting->outcome = result;
    wait_wake(&exporting->wait);
}

static void recorded_answer(struct wait *wait, h2o_req_t *req)
{
    struct exporting *exporting = H2O_STRUCT_FROM_MEMBER(struct exporting, wait, wait);
    struct exchange exchange = {.req = req, .loop = exporting->loop};

    exporting->is_waiting = false;
    if (req && exporting->outcome == 0 && make_piece(exporting, &exchange) == 0)
        return;
    if (req)
        fail(exporting, req);
    exporting_free(exporting);
}

/* "from 2026-01-01 to 2026-01-31, ndjson" */
static void describe(struct exporting *exporting, const struct exporter_wish *wish)
{
    exporter_describe(wish, exporting->details);
    exporting->entry.object = TEXT("hits");
    exporting->entry.details = text_of(exporting->details);
}

/* False: nothing waits. */
static bool record(struct exporting *exporting, struct exchange *exchange)
{
    exporting->record = (struct write_op){.bytes = sizeof *exporting, .apply = record_apply, .done = record_done};
    wait_begin(&exporting->wait, exchange, recorded_answer);
    exporting->is_waiting = writer_submit(exchange->loop->service->writer, &exporting->record) == 0;
    if (!exporting->is_waiting)
        wait_cancel(&exporting->wait);
    return exporting->is_waiting;
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
    if (is_full(exchange->loop)) {
        answer_later(exchange->req, "other exports are under way; try again later");
        return;
    }
    struct exporting *exporting = exporting_new(exchange, &wish);
    if (exporting) {
        exporting->entry = token_entry(exchange, token, ACT_EXPORTED, wish.site);
        describe(exporting, &wish);
    }
    if (!exporting || !record(exporting, exchange)) {
        answer_later(exchange->req, "the export cannot be made now; try again later");
        if (exporting)
            exporting_free(exporting);
    }
}
