/*
 * POST /privacy with `do`: correct, restrict, lift, erase, ask, take_back, check.
 *
 * Each is what docs/rights.md and docs/requests.md offer in JSON, by the same
 * functions.  What was done leads back to the page by its receipt or number;
 * what was not is told on it.
 */
#include "crumb/base/json.h"
#include "crumb/config/value.h"
#include "crumb/ingest/wire.h"
#include "crumb/store/sign.h"
#include "privacy.h"
#include "rights.h"
#include <inttypes.h>
#include <stdlib.h>

struct act {
    struct exchange *exchange;
    const struct site *site;
    const struct notice *notice;
    struct text form;
};

/*
 * What an answer behind a wait needs. Lives in the request's pool.  Site and
 * notice are good as long as whoever waits keeps the edition, as those do who
 * write; behind the wait for a deed there are only the names.
 */
struct way_back {
    const struct site *site;
    const struct notice *notice;
    const char *name, *lang;
};

/* ---- fields ---- */

/* The first field of that name, decoded into the request's pool. False: it is no text. */
static bool read_field(const struct act *act, const char *name, struct text *ret_value)
{
    struct text form = act->form;

    *ret_value = TEXT("");
    while (form.size) {
        struct text value = text_cut(&form, '&');

        if (text_equal(text_cut(&value, '='), text_of(name)))
            return wire_decode(value, h2o_mem_alloc_pool(&act->exchange->req->pool, value.size + 1), ret_value);
    }
    return true;
}

/* Browsers end lines with two characters (HTML section 4.10.21.6); one is enough. */
static struct text with_short_lines(const struct act *act, struct text text)
{
    char *out = h2o_mem_alloc_pool(&act->exchange->req->pool, text.size + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != '\r')
            out[n++] = text.data[i];
    return (struct text){.data = out, .size = n};
}

/* ---- ways back ---- */

static struct way_back way_of(h2o_req_t *req, const struct site *site, const struct notice *notice)
{
    return (struct way_back){.site = site,
                             .notice = notice,
                             .name = h2o_strdup(&req->pool, site->name, SIZE_MAX).base,
                             .lang = h2o_strdup(&req->pool, notice->lang, SIZE_MAX).base};
}

static const struct way_back *way_back(const struct act *act)
{
    struct way_back *way = h2o_mem_alloc_pool(&act->exchange->req->pool, sizeof *way);

    *way = way_of(act->exchange->req, act->site, act->notice);
    return way;
}

static void tell(const struct act *act, int status, enum page_news news)
{
    privacy_show(act->exchange, act->site, act->notice, &(struct privacy_told){.status = status, .news = news});
}

static void fail(h2o_req_t *req, const struct way_back *way, int status, const char *key)
{
    privacy_fail(req, status, way->site, way->notice, key);
}

static void go(h2o_req_t *req, const struct buffer *address)
{
    privacy_headers(req);
    answer_header(req, TEXT("Location"), buffer_text(address));
    answer_empty(req, 303);
}

static void go_to_deed(h2o_req_t *req, const struct asked *asked, const void *context)
{
    BUFFER_AUTO address = BUFFER_INIT(PAGE_ADDRESS_BYTES_MAX);
    const struct way_back *way = context;
    char hex[DEED_ID_HEX_BYTES];

    buffer_printf(&address, "privacy?site=%s&lang=%s", way->name, way->lang);
    if (asked->n) {
        deed_hex(asked->deeds[0].id, hex);
        buffer_printf(&address, "&deed=%s#receipt", hex);
    }
    go(req, &address);
}

/* ---- correct, restrict, lift ---- */

static void tell_used(h2o_req_t *req, enum right_outcome outcome, const struct asked *asked, const void *context)
{
    if (outcome == RIGHT_TAKEN)
        deeds_await_then(req, asked, go_to_deed, context);
    else
        fail(req, context, outcome == RIGHT_UNKNOWN ? 404 : 503,
             outcome == RIGHT_UNKNOWN ? "page.nothing" : "page.failed");
}

static void use(const struct act *act, enum rate_kind rate, bool restricts, const struct corrections *corrections)
{
    const struct service *service = act->exchange->loop->service;
    uint8_t visitor[VISITOR_BYTES];
    struct right_use use = {.site = act->site, .visitor = visitor, .restricts = restricts, .corrections = corrections};
    enum cookie_id_state state =
        cookie_read_id(exchange_cookies(act->exchange), service->cookie_key, act->site, visitor);

    if (!exchange_may_choose(act->exchange, rate))
        fail(act->exchange->req, way_back(act), 429, "page.too_many");
    else if (state != COOKIE_ID_GOOD)
        fail(act->exchange->req, way_back(act), state == COOKIE_ID_BAD ? 403 : 404,
             state == COOKIE_ID_BAD ? "page.unreadable" : "page.nothing");
    else
        me_use(act->exchange, &use, tell_used, way_back(act));
}

static void restrict_it(const struct act *act) { use(act, RATE_REFUSALS, true, NULL); }

static void lift(const struct act *act) { use(act, RATE_RIGHTS, false, NULL); }

/* An empty field takes a correction back; one that is not there says nothing. */
static json_t *corrections_json(const struct act *act)
{
    static const char *const names[] = {"country", "language", "device"};
    json_t *object = json_object();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct text value;

        if (!read_field(act, names[i], &value))
            object = json_member(object, names[i], json_string("?"));
        else
            object = json_member(object, names[i], value.size ? json_stringn(value.data, value.size) : json_null());
    }
    return object;
}

static void correct(const struct act *act)
{
    struct corrections corrections = {.country = false};
    JSON_AUTO *object = corrections_json(act);

    if (!object)
        fail(act->exchange->req, way_back(act), 503, "page.failed");
    else if (me_read_corrections(object, &corrections))
        tell(act, 400, PAGE_INVALID);
    else
        use(act, RATE_RIGHTS, false, &corrections);
}

/* ---- erase ---- */

static void tell_erased(h2o_req_t *req, const struct choice *choice, const struct choice_result *result,
                        const struct asked *asked)
{
    struct way_back *way = h2o_mem_alloc_pool(&req->pool, sizeof *way);

    *way = way_of(req, choice->site, choice->notice);
    if (result)
        deeds_await_then(req, asked, go_to_deed, way);
    else
        fail(req, way, 503, "page.failed");
}

static void erase(const struct act *act)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct choice choice = {.site = act->site, .notice = act->notice, .kind = CHOICE_WITHDRAW, .surface = SURFACE_PAGE};
    struct cookie_ids ids;

    cookie_read_ids(exchange_cookies(act->exchange), act->exchange->loop->service->cookie_key, act->site, &ids);
    if (!exchange_may_choose(act->exchange, RATE_REFUSALS))
        fail(act->exchange->req, way_back(act), 429, "page.too_many");
    else if (ids.n == 0)
        fail(act->exchange->req, way_back(act), ids.state == COOKIE_ID_BAD ? 403 : 404,
             ids.state == COOKIE_ID_BAD ? "page.unreadable" : "page.nothing");
    else if (consent_erase(act->exchange, &choice, &complaint, tell_erased))
        tell(act, 400, PAGE_INVALID);
}

/* ---- ask, and take it back ---- */

static void tell_asked(h2o_req_t *req, enum request_outcome outcome, uint32_t number, const char *key,
                       const void *context)
{
    BUFFER_AUTO address = BUFFER_INIT(PAGE_ADDRESS_BYTES_MAX);
    const struct way_back *way = context;

    if (outcome != REQUEST_GIVEN) {
        fail(req, way, 503, "page.failed");
        return;
    }
    buffer_printf(&address, "privacy?site=%s&lang=%s&number=%" PRIu32 "&key=%s&told=sent#request-%" PRIu32, way->name,
                  way->lang, number, key, number);
    go(req, &address);
}

static void put_string(struct buffer *json, const char *name, struct text value)
{
    buffer_printf(json, ",\"%s\":", name);
    json_put_text(json, value);
}

static void ask(const struct act *act)
{
    BUFFER_AUTO json = BUFFER_INIT(REQUEST_BODY_BYTES_MAX);
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct privacy_told told = {.status = 400, .news = PAGE_INVALID};
    struct request_wish wish = {.json = NULL};
    bool is_text = read_field(act, "kind", &told.kind); /* each is read, to be shown again */

    is_text &= read_field(act, "text", &told.text);
    is_text &= read_field(act, "contact", &told.contact);
    told.text = with_short_lines(act, told.text);
    buffer_printf(&json, "{\"site\":\"%s\"", act->site->name);
    put_string(&json, "kind", told.kind);
    put_string(&json, "text", told.text);
    put_string(&json, "contact", told.contact);
    buffer_put_text(&json, TEXT("}"));
    int r = json.fault || !is_text
                ? REQUEST_E_INVALID
                : request_parse(buffer_text(&json), act->exchange->loop->edition->config, &wish, &complaint);
    if (r == 0 && requests_may_ask(act->exchange)) {
        requests_make(act->exchange, &wish, tell_asked, way_back(act));
        return;
    }
    json_decref(wish.json);
    if (r == 0) {
        told.status = 429;
        told.news = PAGE_TOO_MANY;
    }
    privacy_show(act->exchange, act->site, act->notice, &told);
}

/* Back to the request by its key, where it was followed by that. */
struct way_to_request {
    struct way_back back;
    const char *key;
};

static void tell_taken_back(h2o_req_t *req, enum request_outcome outcome, uint32_t number, const char *key,
                            const void *context)
{
    BUFFER_AUTO address = BUFFER_INIT(PAGE_ADDRESS_BYTES_MAX);
    const struct way_to_request *way = context;

    (void)key;
    if (outcome == REQUEST_FAILED || outcome == REQUEST_TOO_MANY) {
        fail(req, &way->back, 503, "page.failed");
        return;
    }
    if (outcome == REQUEST_UNKNOWN) {
        fail(req, &way->back, 404, "page.not_found");
        return;
    }
    buffer_printf(&address, "privacy?site=%s&lang=%s", way->back.name, way->back.lang);
    if (way->key[0])
        buffer_printf(&address, "&number=%" PRIu32 "&key=%s", number, way->key);
    buffer_printf(&address, "#request-%" PRIu32, number);
    go(req, &address);
}

static void take_back(const struct act *act)
{
    struct way_to_request *way = h2o_mem_alloc_pool(&act->exchange->req->pool, sizeof *way);
    uint8_t follow[HASH_BYTES];
    struct text number, key;
    uint64_t found = 0;

    if (!read_field(act, "number", &number) || !read_field(act, "key", &key) ||
        !value_count(number, UINT32_MAX, &found) || !found || (key.size && !requests_read_key(key, follow))) {
        tell(act, 404, PAGE_NOT_FOUND);
        return;
    }
    if (!exchange_may_choose(act->exchange, RATE_RIGHTS)) {
        fail(act->exchange->req, way_back(act), 429, "page.too_many");
        return;
    }
    *way =
        (struct way_to_request){.back = way_of(act->exchange->req, act->site, act->notice),
                                .key = key.size ? h2o_strdup(&act->exchange->req->pool, key.data, key.size).base : ""};
    requests_take_back(act->exchange, act->site, (uint32_t)found, key, tell_taken_back, way);
}

/* ---- check a receipt ---- */

/* Whether this service signed it; that it is kept here follows, as nobody else has the key. */
static void check(const struct act *act)
{
    uint8_t key[HEAD_KEY_BYTES], id[DEED_ID_BYTES];
    struct text pasted;

    sign_public_key(act->exchange->loop->service->ledger_seed, key);
    if (!exchange_may_choose(act->exchange, RATE_RIGHTS))
        fail(act->exchange->req, way_back(act), 429, "page.too_many");
    else if (!read_field(act, "pasted", &pasted) || deed_check(pasted, key, id))
        tell(act, 200, PAGE_FORGED);
    else
        tell(act, 200, PAGE_GENUINE);
}

/* ---- which ---- */

static const struct {
    const char *name;
    void (*act)(const struct act *act);
} acts[] = {{"correct", correct}, {"restrict", restrict_it}, {"lift", lift},  {"erase", erase},
            {"ask", ask},         {"take_back", take_back},  {"check", check}};

bool privacy_act(struct exchange *exchange, const struct site *site)
{
    struct act act = {.exchange = exchange, .site = site, .form = exchange_body(exchange)};
    struct text what;

    if (!read_field(&act, "do", &what) || what.size == 0)
        return false;
    act.notice = exchange_notice(exchange, site);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (text_equal(what, text_of(acts[i].name))) {
            acts[i].act(&act);
            return true;
        }
    }
    tell(&act, 400, PAGE_INVALID);
    return true;
}
