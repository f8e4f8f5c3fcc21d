/*
 * GET and POST /privacy, GET /privacy.css and /privacy.js, GET /.well-known/gpc.json.
 *
 * A choice and every right without a script: the page is HTML alone, its forms
 * post, and the answer sends the browser back to the page (RFC 9110 section
 * 15.4.4), so that loading it again does nothing again.  What it shows is read
 * in two steps on the pool: the choice, then what is kept.
 */
#include "privacy.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "crumb/config/value.h"
#include "negotiate.h"
#include "rights.h"
#include <errno.h>
#include <stdlib.h>

/* The one style sheet, the one script, and forms to nobody else. */
#define POLICY                                                                                                         \
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "                \
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

/* The day since which this program honours the signal, W3C Global Privacy Control section 5.1. */
#define GPC_SINCE "2026-11-22"

/* ---- answering with the page ---- */

/* What the page is asked for. Lives in the request's pool, but for what the pool's threads read, which is copied. */
struct wish {
    struct page page; /* without state and file */
    int status;
    struct file_wish file;
};

struct looking {
    struct pool_job super;
    struct wait wait;
    struct edition *edition;
    struct consent_state state;
    struct file_wish wish;
    struct file file;
    const struct wish *asked;
    int fault;
};

void privacy_headers(h2o_req_t *req)
{
    answer_header(req, TEXT("Content-Security-Policy"), TEXT(POLICY));
    /* The form's own page is told to this service, which looks at it; nobody else is. */
    answer_header(req, TEXT("Referrer-Policy"), TEXT("same-origin"));
    answer_header(req, TEXT("Cross-Origin-Opener-Policy"), TEXT("same-origin"));
}

static void looking_free(struct looking *looking)
{
    file_free(&looking->file);
    json_decref(looking->state.receipt);
    edition_unref(looking->edition);
    free(looking);
}

/* Nothing is allowed of somebody who is restricted; what was chosen is another thing, and what the page shows. */
static void tell_choice(struct looking *looking)
{
    json_t *visitor = json_object_get(looking->file.kept, "visitor"), *answer;
    json_t *purposes = json_object_get(json_object_get(visitor, "choice"), "purposes");
    const char *name;

    if (!json_is_true(json_object_get(visitor, "restricted")))
        return;
    json_object_foreach(purposes, name, answer)
    {
        int purpose = config_purpose(looking->state.site, text_of(name));

        if (purpose >= 0 && json_is_true(answer))
            looking->state.granted |= 1u << purpose;
    }
}

static void show(h2o_req_t *req, struct looking *looking)
{
    BUFFER_AUTO html = BUFFER_INIT(PAGE_BYTES_MAX);
    struct page page = looking->asked->page;
    int status = looking->asked->status;

    tell_choice(looking);
    page.state = &looking->state;
    page.file = &looking->file;
    if (looking->wish.number && !looking->file.request && page.news != PAGE_INVALID) {
        page.news = PAGE_NOT_FOUND;
        status = 404;
    }
    int r = looking->fault ? looking->fault : page_put(&html, &page);
    if (r) {
        log_fault("GET /privacy", r);
        answer_later(req, "the page cannot be shown now; try again later");
        return;
    }
    answer_header(req, TEXT("Content-Language"), text_of(looking->state.notice->lang));
    if (status == 429)
        answer_retry_after(req);
    answer_text(req, status, TEXT("text/html; charset=utf-8"), buffer_text(&html));
}

static void looking_answer(struct wait *wait, h2o_req_t *req)
{
    struct looking *looking = H2O_STRUCT_FROM_MEMBER(struct looking, wait, wait);

    if (req)
        show(req, looking);
    looking_free(looking);
}

/* On one of the pool's threads. */
static void looking_run(struct pool_job *job)
{
    struct looking *looking = (struct looking *)job;

    looking->fault = file_read(&looking->wish, &looking->file);
    wait_wake(&looking->wait);
}

/* The choice is known; what is kept comes next. */
static void look_on(h2o_req_t *req, const struct consent_state *state, const void *context)
{
    const struct wish *wish = context;
    struct exchange exchange = {.req = req, .loop = H2O_STRUCT_FROM_MEMBER(struct loop, h2o, req->conn->ctx)};
    struct looking *looking = state ? calloc(1, sizeof *looking) : NULL;

    privacy_headers(req);
    if (!looking) {
        answer_later(req, "the choice cannot be read now; nothing is collected meanwhile");
        return;
    }
    looking->super.run = looking_run;
    looking->edition = edition_ref(state->edition);
    looking->state = *state;
    json_incref(looking->state.receipt);
    looking->wish = wish->file;
    looking->wish.copy.edition = looking->edition;
    snprintf(looking->wish.notice, sizeof looking->wish.notice, "%s", page_string(state->receipt, "notice"));
    looking->asked = wish;
    wait_begin(&looking->wait, &exchange, looking_answer);
    if (pool_submit(exchange.loop->service->lookups, &looking->super)) {
        answer_later(wait_cancel(&looking->wait), "too many ask for it now; try again later");
        looking_free(looking);
    }
}

/* ---- what the address asks for ---- */

static bool is_hex(struct text hex, size_t size)
{
    for (size_t i = 0; i < hex.size; i++)
        if (!strchr("0123456789abcdef", hex.data[i]) || hex.data[i] == '\0')
            return false;
    return hex.size == size;
}

static const char *copied(const struct exchange *exchange, struct text text)
{
    return text.size ? h2o_strdup(&exchange->req->pool, text.data, text.size).base : "";
}

static void read_who(const struct exchange *exchange, const struct site *site, struct wish *wish)
{
    const struct service *service = exchange->loop->service;
    struct copy_wish *copy = &wish->file.copy;
    enum cookie_id_state state = cookie_read_id(exchange_cookies(exchange), service->cookie_key, site, copy->visitor);

    copy->db = service->db;
    copy->site = site;
    copy->now_ms = clock_now_ms(service->clock);
    if (state == COOKIE_ID_GOOD)
        trail_visitor(&service->trail, copy->visitor, copy->asker);
    wish->file.service = service;
    wish->file.is_known = state == COOKIE_ID_GOOD;
    wish->page.is_unreadable = state == COOKIE_ID_BAD;
}

/* A request is followed by its number and key; a wrong one is as good as none. */
static void read_followed(const struct exchange *exchange, struct wish *wish)
{
    struct text number = exchange_param(exchange, TEXT("number")), key = exchange_param(exchange, TEXT("key"));
    uint64_t found = 0;

    if (!number.size && !key.size)
        return;
    if (!value_count(number, UINT32_MAX, &found) || !found || !requests_read_key(key, wish->file.follow)) {
        wish->page.news = PAGE_NOT_FOUND;
        wish->status = 404;
        return;
    }
    wish->file.number = (uint32_t)found;
    wish->page.number = copied(exchange, number);
    wish->page.key = copied(exchange, key);
    if (text_equal(exchange_param(exchange, TEXT("told")), TEXT("sent")))
        wish->page.news = PAGE_SENT;
}

static void read_address(const struct exchange *exchange, struct wish *wish)
{
    struct text record = exchange_param(exchange, TEXT("receipt")), deed = exchange_param(exchange, TEXT("deed"));

    if (is_hex(record, 2 * RECORD_ID_BYTES)) {
        wish->page.news = PAGE_SAVED;
        wish->page.record = copied(exchange, record);
    }
    wish->file.has_deed = deed_unhex(deed, wish->file.deed);
    if (wish->file.has_deed)
        wish->page.deed = copied(exchange, deed);
    read_followed(exchange, wish);
}

void privacy_show(struct exchange *exchange, const struct site *site, const struct notice *notice,
                  const struct privacy_told *told)
{
    struct wish *wish = h2o_mem_alloc_pool(&exchange->req->pool, sizeof *wish);

    memset(wish, 0, sizeof *wish);
    wish->status = 200;
    wish->page = (struct page){.regime = exchange_regime(exchange, site),
                               .gpc = exchange_gpc(exchange),
                               .record = "",
                               .deed = "",
                               .number = "",
                               .key = "",
                               .kind = told ? copied(exchange, told->kind) : "",
                               .text = told ? copied(exchange, told->text) : "",
                               .contact = told ? copied(exchange, told->contact) : ""};
    read_who(exchange, site, wish);
    if (told) {
        wish->page.news = told->news;
        wish->status = told->status;
    } else {
        read_address(exchange, wish);
    }
    consent_look_up(exchange, site, notice, look_on, wish);
}

/* ---- GET /privacy ---- */

void privacy_get(struct exchange *exchange)
{
    const struct site *site = exchange_site(exchange);

    if (!site)
        return;
    const struct notice *notice = exchange_notice(exchange, site);
    /* Of somebody who is not known nothing is read that would be worth a limit. */
    if (!cookie_is_sent(exchange_cookies(exchange), TEXT(COOKIE_ID_NAME)) || exchange_may_choose(exchange, RATE_RIGHTS))
        privacy_show(exchange, site, notice, NULL);
    else
        privacy_fail(exchange->req, 429, site, notice, "page.too_many");
}

/* ---- POST /privacy: may this page ask for it? ---- */

/* "https://c.shop.example:8443/path" as "c.shop.example:8443"; empty where it is no such address. */
static struct text host_of(struct text address)
{
    if (text_starts(address, TEXT("https://")))
        address = text_from(address, sizeof "https://" - 1);
    else if (text_starts(address, TEXT("http://")))
        address = text_from(address, sizeof "http://" - 1);
    else
        return TEXT_NONE;
    return text_cut(&address, '/');
}

/*
 * Against forms on other sites that post here with a visitor's cookies.  The
 * browser's own word comes first: it knows what the address bar says, whatever
 * a proxy makes of Host.  Older browsers send Origin or Referer, compared with
 * Host.  One that says nothing is not believed.  Pages of the site's origins
 * may: they may POST /v1/consent as well.
 */
static bool may_post(const struct exchange *exchange, const struct site *site)
{
    struct text fetch_site = exchange_header(exchange, TEXT("sec-fetch-site"));
    struct text origin = exchange_header(exchange, TEXT("origin"));
    h2o_iovec_t authority = exchange->req->input.authority;
    struct text host = {.data = authority.base, .size = authority.len};

    if (origin.size && config_origin_listed(site, origin))
        return true;
    if (fetch_site.size)
        return text_equal(fetch_site, TEXT("same-origin"));
    struct text from = host_of(origin.size ? origin : exchange_header(exchange, TEXT("referer")));
    return from.size && from.size == host.size && strncasecmp(from.data, host.data, from.size) == 0;
}

/* ---- POST /privacy: the form as a choice ---- */

/* Every value that the form has is made of these, which urlencoding leaves as they are. */
static bool is_plain(struct text value)
{
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
              c == '-'))
            return false;
    }
    return true;
}

/* The checkboxes: those that are ticked are sent, the others are refused. */
static json_t *answers_json(struct text form, const struct site *site)
{
    json_t *answers = json_object();

    for (unsigned i = 0; i < site->n_purposes; i++)
        answers = json_member(answers, site->purposes[i].name, json_false());
    while (form.size) {
        struct text value = text_cut(&form, '&');
        struct text name = text_cut(&value, '=');
        int purpose = text_equal(name, TEXT("purpose")) ? config_purpose(site, value) : -1;

        if (purpose >= 0)
            answers = json_member(answers, site->purposes[purpose].name, json_true());
    }
    return answers;
}

static struct text field(struct text form, struct text name)
{
    while (form.size) {
        struct text value = text_cut(&form, '&');

        if (text_equal(text_cut(&value, '='), name))
            return is_plain(value) ? value : TEXT_NONE;
    }
    return TEXT_NONE;
}

static json_t *field_json(struct text form, struct text name)
{
    struct text value = field(form, name);

    return json_stringn(value.size ? value.data : "", value.size);
}

/* The form as the body of POST /v1/consent, so that one parser has all the rules. */
static int put_body(struct text form, const struct site *site, struct buffer *body)
{
    json_t *object = json_pack("{s:s, s:o, s:o, s:s, s:o}", "site", site->name, "notice",
                               field_json(form, TEXT("notice")), "lang", field_json(form, TEXT("lang")), "surface",
                               words_surface(SURFACE_PAGE), "action", field_json(form, TEXT("action")));

    if (text_equal(field(form, TEXT("action")), TEXT("custom")))
        object = json_member(object, "purposes", answers_json(form, site));
    return error_trace(json_put(body, object, 0));
}

/* ---- POST /privacy ---- */

void privacy_fail(h2o_req_t *req, int status, const struct site *site, const struct notice *notice, const char *key)
{
    BUFFER_AUTO html = BUFFER_INIT(PAGE_BYTES_MAX);

    privacy_headers(req);
    if (page_put_failure(&html, site, notice, key)) {
        answer_later(req, "it could not be done now and has no effect; try again later");
        return;
    }
    if (status == 429 || status == 503)
        answer_retry_after(req);
    answer_text(req, status, TEXT("text/html; charset=utf-8"), buffer_text(&html));
}

/* Where what was withdrawn is erased, the page shows that receipt, too. */
static void put_deed(struct buffer *address, const struct asked *asked)
{
    char hex[DEED_ID_HEX_BYTES];

    if (!asked || asked->n == 0)
        return;
    deed_hex(asked->deeds[0].id, hex);
    buffer_printf(address, "&deed=%s", hex);
}

/* Back to the page. The address is relative: the page may be served under a proxy's prefix. */
static void tell_recorded(h2o_req_t *req, const struct choice *choice, const struct choice_result *result,
                          const struct asked *asked)
{
    BUFFER_AUTO address = BUFFER_INIT(PAGE_ADDRESS_BYTES_MAX);

    if (!result || result->unrecorded) {
        privacy_fail(req, 503, choice->site, choice->notice, "saving_failed");
        return;
    }
    privacy_headers(req);
    buffer_printf(&address, "privacy?site=%s&lang=%s&receipt=", choice->site->name, choice->notice->lang);
    for (unsigned i = 0; i < RECORD_ID_BYTES; i++)
        buffer_printf(&address, "%02x", result->record.id[i]);
    put_deed(&address, asked);
    answer_header(req, TEXT("Location"), buffer_text(&address));
    answer_empty(req, 303);
}

static void choose(struct exchange *exchange, const struct site *site)
{
    BUFFER_AUTO body = BUFFER_INIT(CONSENT_BODY_BYTES_MAX);
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct choice choice = {.site = NULL};
    struct text form = exchange_body(exchange);
    int r = put_body(form, site, &body);

    if (r == 0)
        r = choice_parse(buffer_text(&body), exchange->loop->edition, &choice, &complaint);
    if (r == 0 && !consent_may_record(exchange, &choice)) {
        privacy_fail(exchange->req, 429, choice.site, choice.notice, "saving_failed");
        return;
    }
    if (r == 0)
        r = consent_record(exchange, &choice, &complaint, tell_recorded);
    if (r == CHOICE_E_STALE_NOTICE) {
        const struct notice *notice = edition_notice(exchange->loop->edition, site, field(form, TEXT("lang")));
        privacy_show(exchange, site, notice, &(struct privacy_told){.status = 409, .news = PAGE_CHANGED});
    } else if (r > 0) {
        answer_error(exchange->req, 400, "%.*s", TEXT_ARGS(buffer_text(&complaint)));
    } else if (r < 0) {
        answer_later(exchange->req, "there is no memory now; try again later");
    }
}

void privacy_post(struct exchange *exchange)
{
    const struct site *site = exchange_site(exchange);

    if (!site)
        return;
    if (exchange_body(exchange).size > CONSENT_BODY_BYTES_MAX)
        answer_error(exchange->req, 413, "the body is too large");
    else if (!may_post(exchange, site))
        answer_error(exchange->req, 403, "this form was not sent by its own page; open /privacy and choose there");
    else if (!privacy_act(exchange, site))
        choose(exchange, site);
}

/* ---- the rest ---- */

void privacy_style(struct exchange *exchange)
{
    answer_header(exchange->req, TEXT("Cache-Control"), TEXT("public, max-age=300"));
    answer_text(exchange->req, 200, TEXT("text/css; charset=utf-8"), asset_privacy_css);
}

void privacy_script(struct exchange *exchange)
{
    answer_header(exchange->req, TEXT("Cache-Control"), TEXT("public, max-age=300"));
    answer_text(exchange->req, 200, TEXT("text/javascript; charset=utf-8"), asset_privacy_js);
}

void privacy_gpc(struct exchange *exchange)
{
    answer_header(exchange->req, TEXT("Cache-Control"), TEXT("public, max-age=86400"));
    answer_header(exchange->req, TEXT("Access-Control-Allow-Origin"), TEXT("*"));
    answer_json(exchange->req, 200, TEXT("{\"gpc\":true,\"lastUpdate\":\"" GPC_SINCE "\"}"));
}
