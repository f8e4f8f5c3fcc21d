/*
 * POST /api/v2/query, /paths and /funnel, GET /api/v2/schema and /consents.
 *
 * A question is answered on a thread of the pool, and given up where its client
 * leaves meanwhile.  The values of a dimension are a question, too.
 */
#include "crumb/base/log.h"
#include "crumb/base/metrics.h"
#include "crumb/query/consents.h"
#include "crumb/query/inquiry.h"
#include "crumb/query/store.h"
#include "loop.h"
#include <errno.h>
#include <stdlib.h>

/* ---- questions ---- */

struct question {
    struct pool_job super;
    struct wait wait;
    struct edition *edition;
    const struct service *service;
    const struct site *site;
    struct inquiry inquiry;
    int64_t now_ms;
    struct buffer answer, complaint;
    int outcome;
};

static void question_free(struct question *question)
{
    inquiry_deinit(&question->inquiry);
    edition_unref(question->edition);
    buffer_deinit(&question->answer);
    buffer_deinit(&question->complaint);
    free(question);
}

static int answer_once(struct question *question)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(question->service->db, &txn);

    if (r)
        return r;
    struct query_store store = {
        .days = question->service->days, .txn = txn, .site = question->site, .cancelled = &question->wait.is_gone};
    struct query_source source = query_store_source(&store);
    return inquiry_answer(&question->inquiry, question->site, question->now_ms, &source, &question->answer,
                          &question->complaint);
}

/* A day that is sealed again takes away what the snapshot's segment can be read with: the newer one is asked then. */
static int answer_question(struct question *question)
{
    int r = -ESTALE;

    for (unsigned i = 0; r == -ESTALE && i < QUERY_TRIES_MAX; i++) {
        buffer_clear(&question->answer);
        buffer_clear(&question->complaint);
        r = answer_once(question);
    }
    return r;
}

/* On one of the pool's threads. */
static void question_run(struct pool_job *job)
{
    struct question *question = (struct question *)job;

    question->outcome = job->cancelled || question->wait.is_gone ? -ECANCELED : answer_question(question);
    if (question->outcome == -ECANCELED)
        metrics_add(METRIC_queries_cancelled_total, 1);
    else if (question->outcome < 0)
        log_fault("a question cannot be answered", question->outcome);
    wait_wake(&question->wait);
}

static void question_answer(struct wait *wait, h2o_req_t *req)
{
    struct question *question = H2O_STRUCT_FROM_MEMBER(struct question, wait, wait);

    if (req && question->outcome == QUERY_E_INVALID)
        answer_error(req, 400, "%.*s", TEXT_ARGS(buffer_text(&question->complaint)));
    else if (req && question->outcome == -EOVERFLOW)
        answer_error(req, 400, "the answer would be too large; ask for fewer rows or a shorter range");
    else if (req && question->outcome)
        answer_later(req, "the question cannot be answered now; try again later");
    else if (req && question->inquiry.form == INQUIRY_CSV)
        answer_text(req, 200, TEXT("text/csv; charset=utf-8; header=present"), buffer_text(&question->answer));
    else if (req && question->inquiry.form == INQUIRY_NDJSON)
        answer_text(req, 200, TEXT("application/x-ndjson"), buffer_text(&question->answer));
    else if (req)
        answer_json(req, 200, buffer_text(&question->answer));
    question_free(question);
}

/* Without an inquiry yet. NULL: it was answered. */
static struct question *question_new(struct exchange *exchange)
{
    struct question *question = calloc(1, sizeof *question);

    if (!question) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return NULL;
    }
    question->edition = edition_ref(exchange->loop->edition);
    question->service = exchange->loop->service;
    question->now_ms = clock_now_ms(exchange->loop->service->clock);
    question->answer = BUFFER_INIT(QUERY_ANSWER_BYTES_MAX);
    question->complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    question->super.run = question_run;
    return question;
}

/* Takes @question, whose inquiry was read with the result @r. */
static void ask(struct exchange *exchange, struct question *question, int r, const struct token *token)
{
    question->site = r == 0 ? config_site(question->edition->config, inquiry_site(&question->inquiry)) : NULL;
    if (r < 0) {
        answer_later(exchange->req, "there is no memory now; try again later");
    } else if (r) {
        answer_error(exchange->req, 400, "%.*s", TEXT_ARGS(buffer_text(&question->complaint)));
    } else if (!question->site || !token_may_read(token, question->site)) {
        token_refuse(exchange);
    } else {
        wait_begin(&question->wait, exchange, question_answer);
        wait_watch(&question->wait);
        if (pool_submit(exchange->loop->service->queries, &question->super) == 0)
            return;
        answer_later(wait_cancel(&question->wait), "too many questions are waiting; try again later");
    }
    question_free(question);
}

static void ask_body(struct exchange *exchange, enum inquiry_kind kind, enum inquiry_form form)
{
    const struct token *token = token_need(exchange);
    struct question *question = token ? question_new(exchange) : NULL;

    if (question)
        ask(exchange, question,
            inquiry_parse(kind, form, exchange_body(exchange), &question->inquiry, &question->complaint), token);
}

static enum inquiry_form wanted_form(const struct exchange *exchange)
{
    struct text accept = exchange_header(exchange, TEXT("accept"));

    return text_equal(accept, TEXT("text/csv"))               ? INQUIRY_CSV
           : text_equal(accept, TEXT("application/x-ndjson")) ? INQUIRY_NDJSON
                                                              : INQUIRY_JSON;
}

void stats_query(struct exchange *exchange) { ask_body(exchange, INQUIRY_QUERY, wanted_form(exchange)); }
void stats_paths(struct exchange *exchange) { ask_body(exchange, INQUIRY_PATHS, INQUIRY_JSON); }
void stats_funnel(struct exchange *exchange) { ask_body(exchange, INQUIRY_FUNNEL, INQUIRY_JSON); }

/* ---- GET /api/v2/schema ---- */

static void answer_schema(struct exchange *exchange, struct text name, const struct token *token)
{
    const struct site *site = config_site(exchange->loop->edition->config, name);
    BUFFER_AUTO answer = BUFFER_INIT(ANSWER_OBJECT_BYTES_MAX);

    if (!site || !token_may_read(token, site)) {
        token_refuse(exchange);
        return;
    }
    schema_put(site, &answer);
    if (answer.fault)
        answer_later(exchange->req, "there is no memory now; try again later");
    else
        answer_json(exchange->req, 200, buffer_text(&answer));
}

void stats_schema(struct exchange *exchange)
{
    const struct token *token = token_need(exchange);
    struct schema_wish wish = {.site = exchange_param(exchange, TEXT("site_id")),
                               .dimension = exchange_param(exchange, TEXT("dimension")),
                               .search = exchange_param(exchange, TEXT("search")),
                               .range = exchange_param(exchange, TEXT("date_range")),
                               .limit = exchange_param(exchange, TEXT("limit"))};

    if (!token)
        return;
    if (!wish.dimension.size) {
        answer_schema(exchange, wish.site, token);
        return;
    }
    struct question *question = question_new(exchange);
    if (question)
        ask(exchange, question, inquiry_values(&wish, &question->inquiry, &question->complaint), token);
}

/* ---- GET /api/v2/consents ---- */

struct tallying {
    struct pool_job super;
    struct wait wait;
    struct edition *edition;
    const struct service *service;
    const struct site *site;
    struct query_consents query;
    int64_t now_ms;
    struct buffer answer, complaint;
    int outcome;
};

static void tallying_free(struct tallying *tallying)
{
    edition_unref(tallying->edition);
    buffer_deinit(&tallying->answer);
    buffer_deinit(&tallying->complaint);
    free(tallying);
}

static int tally(struct tallying *tallying)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(tallying->service->db, &txn);

    if (r)
        return r;
    return query_consents_run(&tallying->query, txn, tallying->site->name, tallying->site->id, tallying->site->zone,
                              tallying->now_ms, &tallying->answer, &tallying->complaint);
}

/* On one of the pool's threads. */
static void tallying_run(struct pool_job *job)
{
    struct tallying *tallying = (struct tallying *)job;

    tallying->outcome = tally(tallying);
    if (tallying->outcome < 0)
        log_fault("GET /api/v2/consents", tallying->outcome);
    wait_wake(&tallying->wait);
}

static void tallying_answer(struct wait *wait, h2o_req_t *req)
{
    struct tallying *tallying = H2O_STRUCT_FROM_MEMBER(struct tallying, wait, wait);

    if (req && tallying->outcome == QUERY_E_INVALID)
        answer_error(req, 400, "%.*s", TEXT_ARGS(buffer_text(&tallying->complaint)));
    else if (req && tallying->outcome)
        answer_later(req, "the question cannot be answered now; try again later");
    else if (req)
        answer_json(req, 200, buffer_text(&tallying->answer));
    tallying_free(tallying);
}

void stats_consents(struct exchange *exchange)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    const struct token *token = token_need(exchange);
    struct query_consents query;

    if (!token)
        return;
    const struct site *site = config_site(exchange->loop->edition->config, exchange_param(exchange, TEXT("site_id")));
    if (!site || !token_may_read(token, site)) {
        token_refuse(exchange);
        return;
    }
    if (query_consents_parse(exchange_param(exchange, TEXT("date_range")), exchange_param(exchange, TEXT("dimensions")),
                             &query, &complaint)) {
        answer_error(exchange->req, 400, "%.*s", TEXT_ARGS(buffer_text(&complaint)));
        return;
    }
    struct tallying *tallying = calloc(1, sizeof *tallying);
    if (!tallying) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    tallying->super.run = tallying_run;
    tallying->edition = edition_ref(exchange->loop->edition);
    tallying->service = exchange->loop->service;
    tallying->site = site;
    tallying->query = query;
    tallying->now_ms = clock_now_ms(exchange->loop->service->clock);
    tallying->answer = BUFFER_INIT(QUERY_ANSWER_BYTES_MAX);
    tallying->complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    wait_begin(&tallying->wait, exchange, tallying_answer);
    if (pool_submit(exchange->loop->service->queries, &tallying->super)) {
        answer_later(wait_cancel(&tallying->wait), "too many questions are waiting; try again later");
        tallying_free(tallying);
    }
}
