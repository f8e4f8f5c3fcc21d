/*
 * GET /admin/requests, GET and POST /admin/requests/NUMBER: the privacy
 * officer's queue.
 *
 * The list tells what is to be done and when, and nothing of what was said.
 * What was said is read, and a step is taken, in the same transaction as the
 * audit trail's record of it.
 */
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "crumb/config/value.h"
#include "crumb/consent/receipt.h"
#include "crumb/rights/request_json.h"
#include "crumb/rights/request_parse.h"
#include "loop.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define ENTRY_BYTES_MAX 512 /* of the list: numbers and words */
#define ANSWER_BYTES_MAX (REQUESTS_PAGE_MAX * ENTRY_BYTES_MAX + REQUEST_JSON_BYTES_MAX)
#define STATES_OPEN 0
#define STATES_ALL -1

/* One request to the queue, in the hands of another thread. */
struct office {
    struct write_op op;
    struct pool_job job;
    struct wait wait;
    struct edition *edition;
    const struct service *service;
    const struct site *site;
    int64_t now_ms;
    struct trail_entry entry; /* what goes on record; lent by the edition and: */
    char object[32], details[64];
    char unseen[TRAIL_NAME_BYTES_MAX + 160]; /* what the officer has not seen, who did it and when */
    uint32_t number;                         /* of one request */
    struct request_change change;            /* has no JSON: it is read alone */
    int states;                              /* of the list: STATES_OPEN, STATES_ALL, or one state */
    unsigned limit, offset, n;
    struct buffer answer;
    int outcome;
};

static void office_free(struct office *office)
{
    json_decref(office->change.json);
    buffer_deinit(&office->answer);
    edition_unref(office->edition);
    free(office);
}

/* NULL: it was answered. */
static struct office *office_new(struct exchange *exchange, enum trail_act act)
{
    const struct token *token = token_need(exchange);

    if (!token)
        return NULL;
    const struct site *site = config_site(exchange->loop->edition->config, exchange_param(exchange, TEXT("site_id")));
    if (!site || !token_may_help(token, site)) {
        token_refuse(exchange, token);
        return NULL;
    }
    struct office *office = calloc(1, sizeof *office);
    if (!office) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return NULL;
    }
    office->edition = edition_ref(exchange->loop->edition);
    office->service = exchange->loop->service;
    office->site = site;
    office->now_ms = clock_now_ms(office->service->clock);
    office->entry = token_entry(exchange, token, act, site);
    office->answer = BUFFER_INIT(ANSWER_BYTES_MAX);
    return office;
}

static void office_answer(struct wait *wait, h2o_req_t *req)
{
    struct office *office = H2O_STRUCT_FROM_MEMBER(struct office, wait, wait);

    if (req && office->outcome < 0)
        answer_later(req, "it could not be done now; try again later");
    else if (req && office->outcome == REQUESTS_E_NONE)
        answer_error(req, 404, "there is no such request, or what it said was erased");
    else if (req && office->outcome == REQUESTS_E_STALE)
        answer_error(req, 409, "%s", office->unseen);
    else if (req && office->outcome == REQUESTS_E_STATE)
        answer_error(req, 409, "the request cannot be moved so from the state it is in");
    else if (req && office->outcome == REQUESTS_E_HISTORY)
        answer_error(req, 409, "the request has had %d steps; no more are taken", REQUEST_STEPS_MAX);
    else if (req)
        answer_json(req, 200, buffer_text(&office->answer));
    office_free(office);
}

/* ---- the list ---- */

static int put_head(void *context, const struct request *request)
{
    struct office *office = context;

    if (office->states > 0 && request->state != (enum request_state)office->states)
        return 0;
    if (office->n++ < office->offset)
        return 0;
    if (office->n > office->offset + office->limit)
        return REQUESTS_E_FULL;
    if (office->n > office->offset + 1)
        buffer_put_u8(&office->answer, ',');
    request_json_put(&office->answer, request, office->site, office->now_ms, REQUEST_IN_QUEUE);
    return office->answer.fault ? error_origin(office->answer.fault) : 0;
}

static int put_list(struct office *office)
{
    DB_TXN_AUTO *txn = NULL;
    struct requests_count count;
    struct buffer *answer = &office->answer;
    uint32_t site = office->site->id;
    int r = db_begin_read(office->service->db, &txn);

    if (r == 0)
        r = requests_count(txn, office->site, office->now_ms, &count);
    if (r)
        return error_trace(r);
    buffer_printf(answer, "{\"open\":%u,\"soon\":%u,\"overdue\":%u,\"requests\":[", count.n_open, count.n_soon,
                  count.n_overdue);
    r = office->states == STATES_OPEN ? requests_each_open(txn, site, put_head, office)
                                      : requests_each_back(txn, site, put_head, office);
    if (r < 0)
        return error_trace(r);
    if (r == REQUESTS_E_FULL)
        buffer_printf(answer, "],\"next\":%u}", office->offset + office->limit);
    else
        buffer_put_text(answer, TEXT("],\"next\":null}"));
    return answer->fault ? error_origin(answer->fault) : 0;
}

/* On one of the pool's threads. */
static void list_run(struct pool_job *job)
{
    struct office *office = H2O_STRUCT_FROM_MEMBER(struct office, job, job);

    office->outcome = job->cancelled ? -ECANCELED : put_list(office);
    if (office->outcome < 0 && office->outcome != -ECANCELED)
        log_fault("GET /admin/requests", office->outcome);
    wait_wake(&office->wait);
}

/* False: it was answered 400. */
static bool read_page(struct exchange *exchange, struct office *office)
{
    struct text state = exchange_param(exchange, TEXT("state"));
    uint64_t limit = REQUESTS_PAGE_DEFAULT, offset = 0;

    if (!exchange_number(exchange, TEXT("limit"), 1, REQUESTS_PAGE_MAX, &limit) ||
        !exchange_number(exchange, TEXT("offset"), 0, QUERY_OFFSET_MAX, &offset))
        return false;
    office->limit = (unsigned)limit;
    office->offset = (unsigned)offset;
    int found = request_find_state(state);
    office->states = !state.size ? STATES_OPEN : text_equal(state, TEXT("all")) ? STATES_ALL : found;
    if (!state.size || text_equal(state, TEXT("all")) || found > 0)
        return true;
    answer_error(exchange->req, 400,
                 "state: must be open, in_progress, answered, refused, withdrawn or all; "
                 "without it, the list is of what is to be done");
    return false;
}

void queue_list(struct exchange *exchange)
{
    struct office *office = office_new(exchange, ACT_REQUEST_READ);

    if (!office)
        return;
    if (!read_page(exchange, office)) {
        office_free(office);
        return;
    }
    office->job.run = list_run;
    wait_begin(&office->wait, exchange, office_answer);
    if (pool_submit(exchange->loop->service->queries, &office->job)) {
        answer_later(wait_cancel(&office->wait), "too many questions are waiting; try again later");
        office_free(office);
    }
}

/* ---- one request ---- */

static void describe_step(struct office *office, enum request_state from, enum request_state to)
{
    snprintf(office->details, sizeof office->details, "%s to %s%s", request_state_word(from), request_state_word(to),
             office->change.note.size == 0 ? ""
             : office->change.is_told      ? ", with an answer"
                                           : ", with a note");
    office->entry.details = text_of(office->details);
}

static void describe_unseen(struct office *office, const struct request *request)
{
    const struct request_step *last = &request->steps[request->n_steps - 1];
    char time[RECEIPT_TIME_BYTES];

    receipt_time(last->at_ms, time);
    snprintf(office->unseen, sizeof office->unseen,
             "%s%.*s took a step with it at %s, which you have not seen, and it is %s now: read it again",
             last->side == REQUEST_BY_ASKER ? "whoever asked" : "", TEXT_ARGS(last->name), time,
             request_state_word(request->state));
}

/* Of two officers who answer one request, the second is told of the first. */
static int take_step(struct office *office, struct batch *batch, struct request *request)
{
    enum request_state from = request->state;

    if (office->change.version != request->n_steps) {
        describe_unseen(office, request);
        return REQUESTS_E_STALE;
    }
    struct request_step step = {.at_ms = office->now_ms,
                                .state = office->change.state ? office->change.state : from,
                                .side = REQUEST_BY_OFFICER,
                                .name = office->entry.name,
                                .is_told = office->change.is_told,
                                .note = office->change.note};
    int r = requests_move(batch, request, &step);

    if (r == 0)
        describe_step(office, from, step.state);
    return r < 0 ? error_trace(r) : r;
}

/* A refused step is no fault of the batch: nothing was written, and nothing goes on record. */
static int office_apply(struct write_op *op, struct batch *batch)
{
    struct office *office = H2O_STRUCT_FROM_MEMBER(struct office, op, op);
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request request;
    int r = requests_get(batch->txn, office->site->id, office->number, &request);

    if (r == 0)
        r = requests_open_in(batch, &request, &plain);
    if (r == 0 && office->change.json)
        r = take_step(office, batch, &request);
    office->outcome = r;
    if (r)
        return r < 0 ? error_trace(r) : 0;
    buffer_clear(&office->answer);
    request_json_put(&office->answer, &request, office->site, office->now_ms, REQUEST_FOR_OFFICER);
    if (office->answer.fault)
        return error_origin(office->answer.fault);
    return error_trace(trail_append(batch, &office->service->trail, &office->entry));
}

static void office_done(struct write_op *op, int result)
{
    struct office *office = H2O_STRUCT_FROM_MEMBER(struct office, op, op);

    if (result)
        office->outcome = result;
    wait_wake(&office->wait);
}

/* Takes @office. */
static void submit(struct office *office, struct exchange *exchange)
{
    struct text name = text_from(exchange->path, sizeof "/admin/requests/" - 1);
    uint64_t number;

    if (!value_count(name, UINT32_MAX, &number) || number == 0) {
        answer_error(exchange->req, 400, "a request's number is one from 1 on, such as /admin/requests/7");
        office_free(office);
        return;
    }
    office->number = (uint32_t)number;
    snprintf(office->object, sizeof office->object, "request %" PRIu32, office->number);
    office->entry.object = text_of(office->object);
    office->op =
        (struct write_op){.bytes = sizeof *office + REQUEST_BODY_BYTES_MAX, .apply = office_apply, .done = office_done};
    wait_begin(&office->wait, exchange, office_answer);
    if (writer_submit(exchange->loop->service->writer, &office->op)) {
        answer_later(wait_cancel(&office->wait), "too much is waiting to be stored; try again later");
        office_free(office);
    }
}

void queue_read(struct exchange *exchange)
{
    struct office *office = office_new(exchange, ACT_REQUEST_READ);

    if (office)
        submit(office, exchange);
}

void queue_move(struct exchange *exchange)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct office *office = office_new(exchange, ACT_REQUEST_MOVED);

    if (!office)
        return;
    int r = request_parse_change(exchange_body(exchange), &office->change, &complaint);
    if (r == 0) {
        submit(office, exchange);
        return;
    }
    if (r < 0)
        answer_later(exchange->req, "there is no memory now; try again later");
    else
        answer_error(exchange->req, 400, "%.*s", TEXT_ARGS(buffer_text(&complaint)));
    office_free(office);
}
