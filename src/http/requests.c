/*
 * POST, GET and DELETE /v1/me/requests: what somebody asks of a site.
 *
 * Nobody needs a cookie to ask: whoever refused may complain, too.  So a request
 * belongs to the visitor of crumb_id, where there is one, and to whoever has
 * the key that is told when it is made; a request of somebody else and one that
 * is not there are answered alike.
 */
#include "crumb/rights/requests.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "crumb/base/metrics.h"
#include "crumb/consent/cookie.h"
#include "crumb/rights/calendar.h"
#include "crumb/rights/request_json.h"
#include "crumb/rights/request_parse.h"
#include "rights.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#define KEY_TEXT_BYTES (2 * REQUEST_KEY_BYTES + 1)
#define LIST_BYTES (4 << 20) /* past this no other one is put into a list */
#define ANSWER_BYTES_MAX (LIST_BYTES + REQUEST_JSON_BYTES_MAX)

/* One request of any of the three methods, in the hands of another thread. */
struct petition {
    struct write_op op;
    struct pool_job job;
    struct wait wait;
    struct edition *edition;
    const struct service *service;
    const struct site *site;
    int64_t now_ms;
    bool is_known; /* crumb_id is good; who, as requests know visitors */
    uint8_t asker[ASKER_BYTES];
    bool has_key;
    uint8_t follow[HASH_BYTES]; /* of that key */
    uint32_t number;            /* 0: all of the visitor's */
    struct request_wish wish;
    char key[KEY_TEXT_BYTES]; /* of a new one */
    struct buffer base, answer;
    unsigned n;
    enum request_outcome outcome;
    uint32_t made;      /* the number of a new one */
    requests_told tell; /* NULL: in JSON */
    const void *context;
    int fault;
};

static void petition_free(struct petition *petition)
{
    json_decref(petition->wish.json);
    buffer_deinit(&petition->base);
    buffer_deinit(&petition->answer);
    edition_unref(petition->edition);
    free(petition);
}

/* NULL: no memory. */
static struct petition *petition_new(const struct exchange *exchange, const struct site *site)
{
    const struct service *service = exchange->loop->service;
    struct petition *petition = calloc(1, sizeof *petition);
    uint8_t visitor[VISITOR_BYTES];

    if (!petition)
        return NULL;
    petition->edition = edition_ref(exchange->loop->edition);
    petition->service = service;
    petition->site = site;
    petition->now_ms = clock_now_ms(service->clock);
    petition->base = BUFFER_INIT(ORIGIN_BYTES_MAX + sizeof "https://");
    petition->answer = BUFFER_INIT(ANSWER_BYTES_MAX);
    petition->is_known =
        cookie_read_id(exchange_cookies(exchange), service->cookie_key, site, visitor) == COOKIE_ID_GOOD;
    if (petition->is_known)
        trail_visitor(&service->trail, visitor, petition->asker);
    return petition;
}

/* ---- answering, on the loop ---- */

/* GDPR art. 12(2): there is another way to ask, and it is told. */
static void answer_full(h2o_req_t *req, const char *contact)
{
    answer_retry_after(req);
    answer_error(req, 503,
                 contact[0] ? "too many requests are open here; write to %s" : "too many requests are open here%s",
                 contact);
}

static void petition_answer(struct wait *wait, h2o_req_t *req)
{
    struct petition *petition = H2O_STRUCT_FROM_MEMBER(struct petition, wait, wait);

    if (!req) {
        petition_free(petition);
        return;
    }
    if (petition->tell)
        petition->tell(req, petition->fault ? REQUEST_FAILED : petition->outcome,
                       petition->made ? petition->made : petition->number, petition->key, petition->context);
    else if (petition->fault)
        answer_later(req, "it could not be done now; try again later");
    else if (petition->outcome == REQUEST_UNKNOWN)
        answer_error(req, 404, "there is no such request of yours; ask with its number and its key, or the cookie");
    else if (petition->outcome == REQUEST_TOO_MANY)
        answer_full(req, petition->site->controller.contact);
    else if (petition->outcome == REQUEST_ENDED)
        answer_error(req, 409, "this request is no longer open");
    else
        answer_json(req, petition->wish.json ? 201 : 200, buffer_text(&petition->answer));
    petition_free(petition);
}

static void op_done(struct write_op *op, int result)
{
    struct petition *petition = H2O_STRUCT_FROM_MEMBER(struct petition, op, op);

    petition->fault = result;
    if (result == 0 && petition->wish.json && petition->outcome == REQUEST_GIVEN)
        metrics_add(METRIC_requests_made_total, 1);
    wait_wake(&petition->wait);
}

/* Takes @petition. */
static void submit(struct petition *petition, struct exchange *exchange,
                   int (*apply)(struct write_op *op, struct batch *batch))
{
    petition->op =
        (struct write_op){.bytes = sizeof *petition + REQUEST_BODY_BYTES_MAX, .apply = apply, .done = op_done};
    wait_begin(&petition->wait, exchange, petition_answer);
    if (writer_submit(exchange->loop->service->writer, &petition->op)) {
        petition->fault = -EAGAIN;
        petition_answer(&petition->wait, wait_cancel(&petition->wait));
    }
}

/* ---- POST ---- */

static void put_made(struct petition *petition, const struct request *request)
{
    struct buffer *answer = &petition->answer;

    buffer_clear(answer);
    buffer_put_text(answer, TEXT("{\"request\":"));
    request_json_put(answer, request, petition->site, petition->now_ms, REQUEST_FOR_ASKER);
    buffer_printf(answer, ",\"key\":\"%s\",\"follow\":\"%.*s/privacy?site=%s&number=%" PRIu32 "&key=%s\"}",
                  petition->key, TEXT_ARGS(buffer_text(&petition->base)), petition->site->name, request->number,
                  petition->key);
}

/* On the writer's thread. */
static int make_apply(struct write_op *op, struct batch *batch)
{
    struct petition *petition = H2O_STRUCT_FROM_MEMBER(struct petition, op, op);
    const struct site *site = petition->site;
    struct request request = {.kind = petition->wish.kind,
                              .state = REQUEST_OPEN,
                              .made_ms = petition->now_ms,
                              .has_asker = petition->is_known,
                              .text = petition->wish.text,
                              .contact = petition->wish.contact,
                              .steps = {{.at_ms = petition->now_ms, .state = REQUEST_OPEN, .side = REQUEST_BY_ASKER}},
                              .n_steps = 1};

    request.due = calendar_after(site, zone_day(site->zone, petition->now_ms), REQUEST_DUE_DAYS);
    memcpy(request.follow, petition->follow, HASH_BYTES);
    memcpy(request.asker, petition->asker, ASKER_BYTES);
    int r = requests_add(batch, site->id, &request);
    petition->outcome = r == REQUESTS_E_FULL ? REQUEST_TOO_MANY : REQUEST_GIVEN;
    if (r)
        return r < 0 ? error_trace(r) : 0;
    petition->made = request.number;
    put_made(petition, &request);
    return petition->answer.fault ? error_origin(petition->answer.fault) : 0;
}

static void make_key(struct petition *petition)
{
    uint8_t key[REQUEST_KEY_BYTES];

    random_fill(petition->service->random, key, sizeof key);
    sodium_bin2hex(petition->key, sizeof petition->key, key, sizeof key);
    crypto_hash_sha256(petition->follow, key, sizeof key);
}

bool requests_may_ask(const struct exchange *exchange)
{
    const struct service *service = exchange->loop->service;
    struct client client = exchange_client(exchange);

    if (rates_take_hourly(service->rates, RATE_REQUESTS, (struct sockaddr *)&client.address,
                          exchange->loop->edition->config->rates.requests, clock_now_ms(service->clock)))
        return true;
    metrics_add(METRIC_requests_rate_limited_total, 1);
    return false;
}

/* Takes what @wish holds. */
void requests_make(struct exchange *exchange, const struct request_wish *wish, requests_told tell, const void *context)
{
    struct petition *petition = petition_new(exchange, wish->site);

    if (!petition) {
        json_decref(wish->json);
        if (tell)
            tell(exchange->req, REQUEST_FAILED, 0, "", context);
        else
            answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    petition->tell = tell;
    petition->context = context;
    petition->wish = *wish;
    buffer_put_text(&petition->base, exchange_base(exchange));
    make_key(petition);
    submit(petition, exchange, make_apply);
}

void requests_post(struct exchange *exchange)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct request_wish wish;
    int r = request_parse(exchange_body(exchange), exchange->loop->edition->config, &wish, &complaint);

    if (wish.site && !exchange_same_origin(exchange, wish.site)) {
        json_decref(wish.json);
        return;
    }
    if (wish.site)
        answer_cors(exchange, wish.site);
    if (r == 0 && requests_may_ask(exchange)) {
        requests_make(exchange, &wish, NULL, NULL);
        return;
    }
    json_decref(wish.json);
    if (r < 0)
        answer_later(exchange->req, "there is no memory now; try again later");
    else if (r)
        answer_error(exchange->req, r == REQUEST_E_UNKNOWN_SITE ? 404 : 400, "%.*s",
                     TEXT_ARGS(buffer_text(&complaint)));
    else
        answer_too_many(exchange->req, "too many requests came from this address; try again later");
}

/* ---- whose it is ---- */

static bool may_see(const struct petition *petition, const struct request *request)
{
    if (petition->has_key)
        return sodium_memcmp(petition->follow, request->follow, HASH_BYTES) == 0;
    return petition->is_known && request->has_asker && sodium_memcmp(petition->asker, request->asker, ASKER_BYTES) == 0;
}

bool requests_read_key(struct text hex, uint8_t ret_follow[HASH_BYTES])
{
    uint8_t key[REQUEST_KEY_BYTES];
    size_t size;

    if (sodium_hex2bin(key, sizeof key, hex.data, hex.size, NULL, &size, NULL) < 0 || size != sizeof key ||
        hex.size != 2 * sizeof key)
        return false;
    crypto_hash_sha256(ret_follow, key, sizeof key);
    return true;
}

/* False: it was answered 400. */
static bool read_key(struct exchange *exchange, struct petition *petition)
{
    struct text hex = exchange_param(exchange, TEXT("key"));

    petition->has_key = hex.size > 0;
    if (!petition->has_key || requests_read_key(hex, petition->follow))
        return true;
    answer_error(exchange->req, 400, "a request's key has %d hex digits", 2 * REQUEST_KEY_BYTES);
    return false;
}

/* False: it was answered 400. */
static bool read_number(struct exchange *exchange, struct petition *petition)
{
    uint64_t number = 0;

    if (!exchange_number(exchange, TEXT("number"), 1, UINT32_MAX, &number))
        return false;
    petition->number = (uint32_t)number;
    if (petition->has_key ? number > 0 : petition->is_known)
        return true;
    answer_error(exchange->req, 400,
                 "say whose request: send the cookie crumb_id, or add &number= and &key= as they were told");
    return false;
}

/* Of GET and DELETE. NULL: it was answered. */
static struct petition *petition_of(struct exchange *exchange)
{
    const struct site *site = exchange_site(exchange);

    if (!site || !exchange_same_origin(exchange, site))
        return NULL;
    answer_cors(exchange, site);
    if (!exchange_may_choose(exchange, RATE_RIGHTS)) {
        answer_too_many(exchange->req, "too many requests came from this address; try again later");
        return NULL;
    }
    struct petition *petition = petition_new(exchange, site);
    if (!petition) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return NULL;
    }
    if (!read_key(exchange, petition) || !read_number(exchange, petition)) {
        petition_free(petition);
        return NULL;
    }
    return petition;
}

/* The request of petition->number, opened into @plain; petition->outcome says whether it may be seen. */
static int find(struct petition *petition, struct db_txn *txn, struct batch *batch, struct request *request,
                struct buffer *plain)
{
    int r = requests_get(txn, petition->site->id, petition->number, request);

    petition->outcome = REQUEST_GIVEN;
    if (r == 0 && !may_see(petition, request))
        r = REQUESTS_E_NONE;
    if (r == 0)
        r = batch ? requests_open_in(batch, request, plain) : requests_open(txn, request, plain);
    if (r == REQUESTS_E_NONE) {
        petition->outcome = REQUEST_UNKNOWN;
        return 0;
    }
    return error_trace(r);
}

/* ---- GET ---- */

struct listing {
    struct petition *petition;
    struct db_txn *txn;
};

static int put_own(void *context, const struct request *request)
{
    const struct listing *listing = context;
    struct petition *petition = listing->petition;
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request opened = *request;
    int r = requests_open(listing->txn, &opened, &plain);

    if (r)
        return r == REQUESTS_E_NONE ? 0 : error_trace(r);
    if (petition->n == REQUESTS_OWN_MAX || petition->answer.size > LIST_BYTES)
        return REQUESTS_E_FULL;
    if (petition->n++)
        buffer_put_u8(&petition->answer, ',');
    request_json_put(&petition->answer, &opened, petition->site, petition->now_ms, REQUEST_FOR_ASKER);
    return petition->answer.fault ? error_origin(petition->answer.fault) : 0;
}

int requests_read_by_key(struct db_txn *txn, const struct site *site, uint32_t number, const uint8_t follow[HASH_BYTES],
                         int64_t now_ms, json_t **ret_object)
{
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    BUFFER_AUTO json = BUFFER_INIT(REQUEST_JSON_BYTES_MAX);
    struct request request;
    int r = requests_get(txn, site->id, number, &request);

    if (r == 0 && sodium_memcmp(follow, request.follow, HASH_BYTES) != 0)
        r = REQUESTS_E_NONE;
    if (r == 0)
        r = requests_open(txn, &request, &plain);
    if (r)
        return r < 0 ? error_trace(r) : r;
    request_json_put(&json, &request, site, now_ms, REQUEST_FOR_ASKER);
    r = json.fault ? error_origin(json.fault) : json_read(buffer_text(&json), ret_object);
    return r > 0 ? error_origin(-EBADMSG) : r;
}

static int put_all(struct petition *petition, struct db_txn *txn)
{
    struct listing listing = {.petition = petition, .txn = txn};

    buffer_put_text(&petition->answer, TEXT("{\"requests\":["));
    int r = requests_each_of(txn, petition->site->id, petition->asker, put_own, &listing);
    /* More are asked for one by one. */
    buffer_put_text(&petition->answer, r == REQUESTS_E_FULL ? TEXT("],\"more\":true}") : TEXT("],\"more\":false}"));
    return r < 0 ? error_trace(r) : 0;
}

static int put_one(struct petition *petition, struct db_txn *txn)
{
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request request;
    int r = find(petition, txn, NULL, &request, &plain);

    if (r || petition->outcome)
        return error_trace(r);
    buffer_put_text(&petition->answer, TEXT("{\"requests\":["));
    request_json_put(&petition->answer, &request, petition->site, petition->now_ms, REQUEST_FOR_ASKER);
    buffer_put_text(&petition->answer, TEXT("],\"more\":false}"));
    return 0;
}

static int look_up(struct petition *petition)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(petition->service->db, &txn);

    if (r == 0)
        r = petition->number ? put_one(petition, txn) : put_all(petition, txn);
    if (r)
        return error_trace(r);
    return petition->answer.fault ? error_origin(petition->answer.fault) : 0;
}

/* On one of the pool's threads. */
static void look_up_run(struct pool_job *job)
{
    struct petition *petition = H2O_STRUCT_FROM_MEMBER(struct petition, job, job);

    petition->fault = job->cancelled ? -ECANCELED : look_up(petition);
    if (petition->fault && petition->fault != -ECANCELED)
        log_fault("GET /v1/me/requests", petition->fault);
    wait_wake(&petition->wait);
}

void requests_get_own(struct exchange *exchange)
{
    struct petition *petition = petition_of(exchange);

    if (!petition)
        return;
    petition->job.run = look_up_run;
    wait_begin(&petition->wait, exchange, petition_answer);
    if (pool_submit(exchange->loop->service->lookups, &petition->job)) {
        answer_later(wait_cancel(&petition->wait), "too many questions are waiting; try again later");
        petition_free(petition);
    }
}

/* ---- DELETE ---- */

/* On the writer's thread. */
static int withdraw_apply(struct write_op *op, struct batch *batch)
{
    struct petition *petition = H2O_STRUCT_FROM_MEMBER(struct petition, op, op);
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request_step step = {.at_ms = petition->now_ms, .state = REQUEST_WITHDRAWN, .side = REQUEST_BY_ASKER};
    struct request request;
    int r = find(petition, batch->txn, batch, &request, &plain);

    if (r || petition->outcome)
        return error_trace(r);
    r = requests_move(batch, &request, &step);
    if (r > 0) {
        petition->outcome = REQUEST_ENDED;
        return 0;
    }
    buffer_clear(&petition->answer);
    buffer_put_text(&petition->answer, TEXT("{\"request\":"));
    request_json_put(&petition->answer, &request, petition->site, petition->now_ms, REQUEST_FOR_ASKER);
    buffer_put_text(&petition->answer, TEXT("}"));
    return r ? error_trace(r) : petition->answer.fault ? error_origin(petition->answer.fault) : 0;
}

void requests_delete(struct exchange *exchange)
{
    struct petition *petition = petition_of(exchange);

    if (!petition)
        return;
    if (!petition->number) {
        answer_error(exchange->req, 400, "say which request: add &number=");
        petition_free(petition);
        return;
    }
    submit(petition, exchange, withdraw_apply);
}

void requests_take_back(struct exchange *exchange, const struct site *site, uint32_t number, struct text key,
                        requests_told tell, const void *context)
{
    struct petition *petition = petition_new(exchange, site);

    if (!petition) {
        tell(exchange->req, REQUEST_FAILED, number, "", context);
        return;
    }
    petition->number = number;
    petition->has_key = key.size > 0;
    petition->tell = tell;
    petition->context = context;
    if (number && (petition->has_key ? requests_read_key(key, petition->follow) : petition->is_known)) {
        submit(petition, exchange, withdraw_apply);
        return;
    }
    petition_free(petition);
    tell(exchange->req, REQUEST_UNKNOWN, number, "", context);
}
