/*
 * What other products' trackers are pointed at: their requests, adapted, go the
 * way of our own beacons, and are answered as those trackers expect.
 */
#include "crumb/ingest/adapt.h"
#include "crumb/base/limits.h"
#include "loop.h"

static void collect_adapted(struct exchange *exchange, adapt_function *adapt, const struct collect_form *form)
{
    static const struct collect_form too_large = {.is_body = true};
    BUFFER_AUTO lines = BUFFER_INIT(ADAPTED_BYTES_MAX);
    struct adapt_request request = {.config = exchange->loop->edition->config,
                                    .query = exchange->query,
                                    .body = exchange_body(exchange),
                                    .origin = exchange_header(exchange, TEXT("origin")),
                                    .referer = exchange_header(exchange, TEXT("referer"))};

    if (request.body.size > BODY_BYTES_MAX)
        collect_events(exchange, request.body, &too_large); /* which says so */
    else if (adapt(&request, &lines))
        answer_later(exchange->req, "there is no memory now; send it again later");
    else
        collect_events(exchange, buffer_text(&lines), form);
}

/* ---- answers ---- */

/* A collector of Snowplow's says "ok" to whatever it could read. */
static void answer_ok(h2o_req_t *req, const struct collect_result *result)
{
    (void)result;
    answer_text(req, 200, TEXT("text/plain; charset=utf-8"), TEXT("ok"));
}

static void answer_accepted(h2o_req_t *req, const struct collect_result *result)
{
    (void)result;
    answer_text(req, 202, TEXT("text/plain; charset=utf-8"), TEXT("ok"));
}

static void answer_picture(h2o_req_t *req, const struct collect_result *result)
{
    (void)result;
    answer_gif(req);
}

static void answer_nothing(h2o_req_t *req, const struct collect_result *result)
{
    (void)result;
    answer_empty(req, 204);
}

static void answer_count(h2o_req_t *req, const struct collect_result *result)
{
    answer_object(req, 200,
                  json_pack("{s:s, s:I, s:I}", "status", "success", "tracked", (json_int_t)result->stored, "invalid",
                            (json_int_t)(result->received - result->stored)));
}

/* ---- handlers ---- */

static bool is_get(const struct exchange *exchange)
{
    h2o_iovec_t method = exchange->req->method;

    return h2o_memis(method.base, method.len, H2O_STRLIT("GET"));
}

void adapt_snowplow_post(struct exchange *exchange)
{
    static const struct collect_form form = {.is_body = true, .is_adapted = true, .answer = answer_ok};

    collect_adapted(exchange, adapt_snowplow, &form);
}

void adapt_plausible_post(struct exchange *exchange)
{
    static const struct collect_form form = {.is_body = true, .is_adapted = true, .answer = answer_accepted};

    collect_adapted(exchange, adapt_plausible, &form);
}

/* By GET for a page, which shows a picture whatever became of it; by POST for a script. */
static const struct collect_form shown = {.is_body = true, .is_adapted = true, .is_picture = true};
static const struct collect_form sent = {.is_body = true, .is_adapted = true, .answer = answer_picture};

void adapt_goatcounter_any(struct exchange *exchange)
{
    collect_adapted(exchange, adapt_goatcounter, is_get(exchange) ? &shown : &sent);
}

void adapt_matomo_any(struct exchange *exchange)
{
    static const struct collect_form bulk = {.is_body = true, .is_adapted = true, .answer = answer_count};
    static const struct collect_form plain = {.is_body = true, .is_adapted = true, .answer = answer_nothing};
    struct text body = exchange_body(exchange);
    const struct collect_form *form = is_get(exchange) ? &shown : &sent;

    if (adapt_matomo_bulk(body))
        form = &bulk;
    else if (adapt_matomo_plain(exchange->query, body))
        form = &plain;
    collect_adapted(exchange, adapt_matomo, form);
}
