/*
 * GET /p.gif, GET /i, POST /p: beacons.
 */
#include "crumb/ingest/collect.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/address.h"
#include "loop.h"
#include <stdlib.h>

struct beacon {
    struct wait wait;
    struct collect *collect;
    bool is_body;
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

static void answer_beacon(h2o_req_t *req, const struct beacon *beacon)
{
    if (beacon->result) {
        answer_later(req, "the event could not be stored now; send it again later");
        return;
    }
    add_result(req, beacon->collect);
    if (!beacon->is_body)
        answer_gif(req);
    else if (collect_is_oversize(beacon->collect))
        answer_error(req, 413, "the body is longer than %d bytes; send fewer events at a time", BODY_BYTES_MAX);
    else if (collect_is_malformed(beacon->collect))
        answer_error(req, 400, "no line of the body is an event; see docs/wire.md");
    else if (collect_is_foreign(beacon->collect))
        answer_error(req, 403, "this origin is not one of the site's `origins` in the configuration");
    else
        answer_empty(req, 204);
}

static void on_answer(struct wait *wait, h2o_req_t *req)
{
    struct beacon *beacon = (struct beacon *)wait;

    if (req)
        answer_beacon(req, beacon);
    beacon_free(beacon);
}

static int make_beacon(struct exchange *exchange, struct text events, bool is_body, struct beacon **ret_beacon)
{
    const struct service *service = exchange->loop->service;
    struct client client = exchange_client(exchange);
    struct collect_request request = {.edition = exchange->loop->edition,
                                      .cookie_key = service->cookie_key,
                                      .dedupe = service->dedupe,
                                      .at_ms = clock_now_ms(service->clock),
                                      .gpc = exchange_gpc(exchange),
                                      .place = exchange_place(exchange),
                                      .cookie = exchange_cookies(exchange),
                                      .origin = exchange_header(exchange, TEXT("origin")),
                                      .referer = exchange_header(exchange, TEXT("referer")),
                                      .client = (struct sockaddr *)&client.address,
                                      .is_body = is_body,
                                      .events = events};
    struct beacon *beacon = calloc(1, sizeof *beacon);

    if (!beacon)
        return -1;
    beacon->is_body = is_body;
    if (collect_new(&request, on_done, beacon, &beacon->collect)) {
        free(beacon);
        return -1;
    }
    *ret_beacon = beacon;
    return 0;
}

static void collect(struct exchange *exchange, struct text events, bool is_body)
{
    struct beacon *beacon;

    if (make_beacon(exchange, events, is_body, &beacon)) {
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

void collect_get(struct exchange *exchange) { collect(exchange, exchange->query, false); }

void collect_post(struct exchange *exchange) { collect(exchange, exchange_body(exchange), true); }
