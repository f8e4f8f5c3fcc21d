/*
 * GET /p.gif, GET /i, POST /p: beacons.
 */
#include "crumb/ingest/collect.h"
#include "crumb/base/limits.h"
#include "loop.h"
#include <stdlib.h>

struct beacon {
    struct wait wait;
    struct collect *collect;
    const struct collect_form *form;
    bool secure; /* it came over HTTPS */
    int result;
};

static void beacon_free(struct beacon *beacon)
{
    collect_free(beacon->collect);
    free(beacon);
}

/* On the writer's thread. */
static void on_done(void *context, int result)
{
    struct beacon *beacon = context;

    beacon->result = result;
    wait_wake(&beacon->wait);
}

static void add_result(h2o_req_t *req, const struct collect *collect)
{
    uint8_t bytes[COLLECT_RESULT_BYTES_MAX];
    struct buffer buffer = BUFFER_OVER(bytes);

    collect_put_result(&buffer, collect_result(collect));
    answer_header(req, TEXT("Crumb-Result"), buffer_text(&buffer));
}

/* A page that reads crumb_choice asks nobody else, so whoever was reported to be a child is told with the first event.
 */
static void lock_out(h2o_req_t *req, const struct beacon *beacon)
{
    const struct site *site = collect_site(beacon->collect);

    if (site && collect_result(beacon->collect)->dropped[REASON_MINOR])
        minors_lock_out(req, collect_edition(beacon->collect), site, beacon->secure);
}

static void answer_beacon(h2o_req_t *req, const struct beacon *beacon)
{
    if (beacon->result) {
        answer_later(req, "the event could not be stored now; send it again later");
        return;
    }
    add_result(req, beacon->collect);
    lock_out(req, beacon);
    if (beacon->form->is_picture)
        answer_gif(req);
    else if (collect_is_oversize(beacon->collect))
        answer_error(req, 413, "the body is longer than %d bytes; send fewer events at a time", BODY_BYTES_MAX);
    else if (collect_is_malformed(beacon->collect))
        answer_error(req, 400, "no line of the body is an event; see docs/wire.md");
    else if (collect_is_limited(beacon->collect))
        answer_too_many(req, "too many events came from this address; send them again later");
    else if (collect_is_foreign(beacon->collect))
        answer_error(req, 403, "this origin is not one of the site's `origins` in the configuration");
    else
        beacon->form->answer(req, collect_result(beacon->collect));
}

static void on_answer(struct wait *wait, h2o_req_t *req)
{
    struct beacon *beacon = (struct beacon *)wait;

    if (req)
        answer_beacon(req, beacon);
    beacon_free(beacon);
}

/* Snowplow's word for "this is nobody's": the cookie came along all the same, and is not looked at. */
static struct text cookies_of(const struct exchange *exchange)
{
    return exchange_header(exchange, TEXT("sp-anonymous")).size ? TEXT_NONE : exchange_cookies(exchange);
}

static struct bot_headers headers_of(const struct exchange *exchange)
{
    return (struct bot_headers){.known = true,
                                .hints = exchange_hints(exchange),
                                .accept = exchange_header(exchange, TEXT("accept")),
                                .accept_language = exchange_header(exchange, TEXT("accept-language"))};
}

static int make_beacon(struct exchange *exchange, struct text events, const struct collect_form *form,
                       struct beacon **ret_beacon)
{
    const struct service *service = exchange->loop->service;
    struct client client = exchange_client(exchange);
    struct collect_request request = {.edition = exchange->loop->edition,
                                      .cookie_key = service->cookie_key,
                                      .dedupe = service->dedupe,
                                      .rates = service->rates,
                                      .at_ms = clock_now_ms(service->clock),
                                      .gpc = exchange_gpc(exchange),
                                      .cookie = cookies_of(exchange),
                                      .origin = exchange_header(exchange, TEXT("origin")),
                                      .referer = exchange_header(exchange, TEXT("referer")),
                                      .who = {.client = (struct sockaddr *)&client.address,
                                              .headers = headers_of(exchange),
                                              .geo = exchange->loop->edition->geo,
                                              .suffixes = service->suffixes,
                                              .agent_rules = exchange->loop->edition->agents,
                                              .agent_cache = exchange->loop->agents},
                                      .is_body = form->is_body,
                                      .is_adapted = form->is_adapted,
                                      .events = events};
    struct beacon *beacon = calloc(1, sizeof *beacon);

    if (!beacon)
        return -1;
    beacon->form = form;
    beacon->secure = client.https;
    if (collect_new(&request, on_done, beacon, &beacon->collect)) {
        free(beacon);
        return -1;
    }
    *ret_beacon = beacon;
    return 0;
}

void collect_events(struct exchange *exchange, struct text events, const struct collect_form *form)
{
    struct beacon *beacon;

    if (make_beacon(exchange, events, form, &beacon)) {
        answer_later(exchange->req, "there is no memory now; send it again later");
        return;
    }
    const struct site *site = collect_site(beacon->collect);
    if (site)
        answer_cors(exchange, site);
    wait_begin(&beacon->wait, exchange, on_answer);
    if (writer_submit(exchange->loop->service->writer, collect_op(beacon->collect))) {
        answer_later(wait_cancel(&beacon->wait), "too much is waiting to be stored; send it again later");
        beacon_free(beacon);
    }
}

static void answer_stored(h2o_req_t *req, const struct collect_result *result)
{
    (void)result;
    answer_empty(req, 204);
}

static const struct collect_form picture = {.is_picture = true};
static const struct collect_form lines = {.is_body = true, .answer = answer_stored};

void collect_get(struct exchange *exchange) { collect_events(exchange, exchange->query, &picture); }

void collect_post(struct exchange *exchange) { collect_events(exchange, exchange_body(exchange), &lines); }
