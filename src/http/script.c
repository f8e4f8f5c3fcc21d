/*
 * GET /consent.js, GET /v1/notice.
 *
 * What is kept is answered on the loop.  What is not is rendered once, on a
 * pool thread, while everybody who asks for the same waits.
 */
#include "crumb/consent/script.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "loop.h"
#include "negotiate.h"
#include <stdlib.h>

static const struct text codings[SCRIPT_CODING_N] = {
    [SCRIPT_IDENTITY] = {"identity", 8}, [SCRIPT_GZIP] = {"gzip", 4}, [SCRIPT_BROTLI] = {"br", 2}};

/* What of a request decides the answer, once the script is there. Texts live in the request's pool. */
struct wish {
    bool is_notice;
    enum script_coding coding;
    struct text if_none_match;
};

static struct wish read_wish(const struct exchange *exchange, bool is_notice)
{
    struct text tags = exchange_header(exchange, TEXT("if-none-match"));
    h2o_iovec_t kept = h2o_strdup(&exchange->req->pool, tags.size ? tags.data : "", tags.size);

    return (struct wish){.is_notice = is_notice,
                         .coding = (enum script_coding)negotiate_coding(
                             exchange_header(exchange, TEXT("accept-encoding")), codings, SCRIPT_CODING_N),
                         .if_none_match = {.data = kept.base, .size = kept.len}};
}

static void answer_script(h2o_req_t *req, const struct wish *wish, const struct script *script)
{
    if (!script) {
        answer_later(req, "it cannot be made now; nothing is collected meanwhile");
        return;
    }
    struct text etag = text_of(script->etags[wish->coding]);
    answer_header(req, TEXT("Cache-Control"), wish->is_notice ? TEXT("no-cache") : TEXT("private, max-age=300"));
    answer_header(req, TEXT("Vary"), TEXT("Accept-Encoding"));
    answer_header(req, TEXT("Cross-Origin-Resource-Policy"), TEXT("cross-origin"));
    answer_header(req, TEXT("ETag"), etag);
    if (negotiate_has(wish->if_none_match, etag)) {
        answer_not_modified(req);
        return;
    }
    if (wish->coding != SCRIPT_IDENTITY)
        answer_header(req, TEXT("Content-Encoding"), codings[wish->coding]);
    answer_text(req, 200, wish->is_notice ? TEXT("application/json") : TEXT("text/javascript; charset=utf-8"),
                buffer_text(&script->bodies[wish->coding]));
}

/* Somebody who waits for a script; the first of a script is also the job that makes it. */
struct asking {
    struct pool_job super;
    struct cache_waiter waiter;
    struct wait wait;
    struct edition *edition;
    const struct site *site;
    const struct notice *notice;
    enum regime regime;
    struct wish wish;
    struct cache_value *script; /* NULL: it could not be made */
};

static void asking_free(struct asking *asking)
{
    cache_value_unref(asking->script);
    edition_unref(asking->edition);
    free(asking);
}

/* On one of the pool's threads. Once the cache has the script, this asking may be answered and gone. */
static void asking_run(struct pool_job *job)
{
    struct asking *asking = (struct asking *)job;
    struct edition *edition = edition_ref(asking->edition);
    uint64_t key = script_key(edition, asking->site, asking->notice, asking->regime);
    struct script *script = NULL;
    int r = script_make(edition, asking->site, asking->notice, asking->regime, &script);

    if (r)
        log_fault(asking->wish.is_notice ? "GET /v1/notice" : "GET /consent.js", r);
    cache_put(edition->scripts, key, script ? &script->super : NULL);
    edition_unref(edition);
}

static void asking_ready(struct cache_waiter *waiter, struct cache_value *value)
{
    struct asking *asking = H2O_STRUCT_FROM_MEMBER(struct asking, waiter, waiter);

    asking->script = value;
    wait_wake(&asking->wait);
}

static void asking_answer(struct wait *wait, h2o_req_t *req)
{
    struct asking *asking = H2O_STRUCT_FROM_MEMBER(struct asking, wait, wait);

    if (req)
        answer_script(req, &asking->wish, (struct script *)asking->script);
    asking_free(asking);
}

static void ask(struct exchange *exchange, struct asking *asking, uint64_t key)
{
    struct cache *cache = asking->edition->scripts;

    /* Who is told on another thread has to wait before that can happen. */
    wait_begin(&asking->wait, exchange, asking_answer);
    int r = cache_get(cache, key, &asking->waiter, &asking->script);
    if (r == CACHE_E_MAKE && pool_submit(exchange->loop->service->lookups, &asking->super)) {
        cache_put(cache, key, NULL); /* tells everybody who waits, this one too */
    } else if (r <= 0) {             /* it was made meanwhile, or there is no memory */
        answer_script(wait_cancel(&asking->wait), &asking->wish, (struct script *)asking->script);
        asking_free(asking);
    }
}

static void get(struct exchange *exchange, const struct site *site, const struct notice *notice, enum regime regime)
{
    struct edition *edition = exchange->loop->edition;
    struct wish wish = read_wish(exchange, regime == SCRIPT_NOTICE);
    uint64_t key = script_key(edition, site, notice, regime);
    struct cache_value *kept = cache_find(edition->scripts, key);
    if (kept) {
        answer_script(exchange->req, &wish, (struct script *)kept);
        cache_value_unref(kept);
        return;
    }
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking) {
        answer_script(exchange->req, &wish, NULL);
        return;
    }
    asking->super.run = asking_run;
    asking->waiter.ready = asking_ready;
    asking->edition = edition_ref(edition);
    asking->site = site;
    asking->notice = notice;
    asking->regime = regime;
    asking->wish = wish;
    ask(exchange, asking, key);
}

void script_get(struct exchange *exchange)
{
    const struct site *site = exchange_site(exchange);

    if (site)
        get(exchange, site, exchange_notice(exchange, site), exchange_regime(exchange, site));
}

void notice_current(struct exchange *exchange)
{
    const struct site *site = exchange_site(exchange);

    if (!site)
        return;
    const struct notice *notice = exchange_notice(exchange, site);
    answer_cors(exchange, site);
    answer_header(exchange->req, TEXT("Crumb-Notice"), text_of(notice->hex));
    answer_header(exchange->req, TEXT("Content-Language"), text_of(notice->lang));
    get(exchange, site, notice, SCRIPT_NOTICE);
}
