/*
 * GET /consent.js, /pixel.js and /clicks.js, GET /v1/notice.
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

/* What of a request decides the form of the answer. Texts live in the request's pool. */
struct form {
    bool is_notice;
    enum script_coding coding;
    struct text if_none_match;
};

static struct form read_form(const struct exchange *exchange, bool is_notice)
{
    struct text tags = exchange_header(exchange, TEXT("if-none-match"));
    h2o_iovec_t kept = h2o_strdup(&exchange->req->pool, tags.size ? tags.data : "", tags.size);

    return (struct form){.is_notice = is_notice,
                         .coding = (enum script_coding)negotiate_coding(
                             exchange_header(exchange, TEXT("accept-encoding")), codings, SCRIPT_CODING_N),
                         .if_none_match = {.data = kept.base, .size = kept.len}};
}

static void answer_script(h2o_req_t *req, const struct form *form, const struct script *script)
{
    if (!script) {
        answer_later(req, "it cannot be made now; nothing is collected meanwhile");
        return;
    }
    struct text etag = text_of(script->etags[form->coding]);
    answer_header(req, TEXT("Cache-Control"), form->is_notice ? TEXT("no-cache") : TEXT("private, max-age=300"));
    answer_header(req, TEXT("Vary"), TEXT("Accept-Encoding"));
    answer_header(req, TEXT("Cross-Origin-Resource-Policy"), TEXT("cross-origin"));
    answer_header(req, TEXT("ETag"), etag);
    if (negotiate_has(form->if_none_match, etag)) {
        answer_not_modified(req);
        return;
    }
    if (form->coding != SCRIPT_IDENTITY)
        answer_header(req, TEXT("Content-Encoding"), codings[form->coding]);
    answer_text(req, 200, form->is_notice ? TEXT("application/json") : TEXT("text/javascript; charset=utf-8"),
                buffer_text(&script->bodies[form->coding]));
}

/* Somebody who waits for a script; the first of a script is also the job that makes it. */
struct asking {
    struct pool_job super;
    struct cache_waiter waiter;
    struct wait wait;
    struct edition *edition;
    struct script_wish wish;
    struct form form;
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
    uint64_t key = script_key(edition, &asking->wish);
    struct script *script = NULL;
    int r = script_make(edition, &asking->wish, &script);

    if (r)
        log_fault(asking->form.is_notice ? "GET /v1/notice" : "a script", r);
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
        answer_script(req, &asking->form, (struct script *)asking->script);
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
        answer_script(wait_cancel(&asking->wait), &asking->form, (struct script *)asking->script);
        asking_free(asking);
    }
}

static void answer_wish(struct exchange *exchange, const struct script_wish *wish)
{
    struct edition *edition = exchange->loop->edition;
    struct form form = read_form(exchange, wish->kind == SCRIPT_NOTICE);
    uint64_t key = script_key(edition, wish);
    struct cache_value *kept = cache_find(edition->scripts, key);
    struct asking *asking;

    if (kept) {
        answer_script(exchange->req, &form, (struct script *)kept);
        cache_value_unref(kept);
        return;
    }
    asking = calloc(1, sizeof *asking);
    if (!asking) {
        answer_script(exchange->req, &form, NULL);
        return;
    }
    asking->super.run = asking_run;
    asking->waiter.ready = asking_ready;
    asking->edition = edition_ref(edition);
    asking->wish = *wish;
    asking->form = form;
    ask(exchange, asking, key);
}

void script_consent(struct exchange *exchange)
{
    struct script_wish wish = {.kind = SCRIPT_CONSENT, .site = exchange_site(exchange)};

    if (!wish.site)
        return;
    wish.notice = exchange_notice(exchange, wish.site);
    wish.regime = exchange_regime(exchange, wish.site);
    answer_wish(exchange, &wish);
}

static void answer_kind(struct exchange *exchange, enum script_kind kind)
{
    struct script_wish wish = {.kind = kind, .site = exchange_site(exchange)};

    if (wish.site)
        answer_wish(exchange, &wish);
}

void script_pixel(struct exchange *exchange) { answer_kind(exchange, SCRIPT_PIXEL); }

void script_clicks(struct exchange *exchange) { answer_kind(exchange, SCRIPT_CLICKS); }

void notice_current(struct exchange *exchange)
{
    struct script_wish wish = {.kind = SCRIPT_NOTICE, .site = exchange_site(exchange)};

    if (!wish.site)
        return;
    wish.notice = exchange_notice(exchange, wish.site);
    answer_cors(exchange, wish.site);
    answer_header(exchange->req, TEXT("Crumb-Notice"), text_of(wish.notice->hex));
    answer_header(exchange->req, TEXT("Content-Language"), text_of(wish.notice->lang));
    answer_wish(exchange, &wish);
}
