/*
 * GET /v1/ledger/head: the signed end of the ledger.
 *
 * It is made at most once a second, on a pool thread, whatever the number of
 * those who ask: the cache holds it under its second.
 */
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/consent/head.h"
#include "loop.h"
#include <errno.h>
#include <stdlib.h>

struct signed_head {
    struct cache_value super;
    struct buffer json;
};

static void signed_head_free(struct cache_value *value)
{
    struct signed_head *made = (struct signed_head *)value;

    buffer_deinit(&made->json);
    free(made);
}

/* A question for the head; the first of a second is also the job that makes it. */
struct asking {
    struct pool_job super;
    struct cache_waiter waiter;
    struct wait wait;
    const struct service *service;
    int64_t second;
    struct cache_value *value; /* NULL: it could not be made */
};

static int make_head(const struct asking *asking, struct buffer *json)
{
    DB_TXN_AUTO *txn = NULL;
    struct chain_head ledger;
    struct head head;
    int r = db_begin_read(asking->service->db, &txn);

    if (r == 0)
        r = ledger_head(txn, &ledger);
    if (r)
        return error_trace(r);
    head_sign(&ledger, asking->second * 1000, asking->service->ledger_seed, &head);
    return error_trace(head_put(json, &head));
}

/* On one of the pool's threads. */
static void asking_run(struct pool_job *job)
{
    struct asking *asking = (struct asking *)job;
    struct cache *cache = asking->service->heads;
    int64_t second = asking->second;
    struct signed_head *made = calloc(1, sizeof *made);
    int r = made ? 0 : error_origin(-ENOMEM);

    if (made) {
        made->json = BUFFER_INIT(HEAD_JSON_BYTES_MAX);
        cache_value_init(&made->super, sizeof *made + HEAD_JSON_BYTES_MAX, signed_head_free);
        r = make_head(asking, &made->json);
    }
    if (r) {
        log_fault("GET /v1/ledger/head", r);
        if (made)
            signed_head_free(&made->super);
        made = NULL;
    }
    cache_put(cache, (uint64_t)second, made ? &made->super : NULL);
}

static void asking_ready(struct cache_waiter *waiter, struct cache_value *value)
{
    struct asking *asking = H2O_STRUCT_FROM_MEMBER(struct asking, waiter, waiter);

    asking->value = value;
    wait_wake(&asking->wait);
}

static void answer_head(h2o_req_t *req, struct cache_value *value)
{
    answer_header(req, TEXT("Access-Control-Allow-Origin"), TEXT("*")); /* it is the same for everybody */
    if (!value) {
        answer_later(req, "the ledger cannot be read now; try again later");
        return;
    }
    answer_header(req, TEXT("Cache-Control"), TEXT("public, max-age=1"));
    answer_json(req, 200, buffer_text(&((struct signed_head *)value)->json));
}

static void asking_answer(struct wait *wait, h2o_req_t *req)
{
    struct asking *asking = H2O_STRUCT_FROM_MEMBER(struct asking, wait, wait);

    if (req)
        answer_head(req, asking->value);
    cache_value_unref(asking->value);
    free(asking);
}

void ledger_show_head(struct exchange *exchange)
{
    const struct service *service = exchange->loop->service;
    int64_t second = clock_now_ms(service->clock) / 1000;
    struct cache_value *known = cache_find(service->heads, (uint64_t)second);

    if (known) {
        answer_head(exchange->req, known);
        cache_value_unref(known);
        return;
    }
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    asking->super.run = asking_run;
    asking->waiter.ready = asking_ready;
    asking->service = service;
    asking->second = second;
    /* Who is told on another thread has to wait before that can happen. */
    wait_begin(&asking->wait, exchange, asking_answer);
    int r = cache_get(service->heads, (uint64_t)second, &asking->waiter, &asking->value);
    if (r == CACHE_E_MAKE && pool_submit(service->lookups, &asking->super)) {
        cache_put(service->heads, (uint64_t)second, NULL); /* tells everybody who waits, this one too */
    } else if (r <= 0) {                                   /* made meanwhile, or no memory */
        answer_head(wait_cancel(&asking->wait), asking->value);
        cache_value_unref(asking->value);
        free(asking);
    }
}
