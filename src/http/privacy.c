/*
 * GET and POST /privacy, GET /privacy.css, GET /.well-known/gpc.json.
 *
 * A choice without a script: the page is HTML alone, the form posts, and the
 * answer sends the browser back to the page (RFC 9110 section 15.4.4), so that
 * loading it again does not choose again.
 */
#include "consent.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "negotiate.h"
#include "page.h"
#include <errno.h>
#include <stdlib.h>

/* Nothing but the one style sheet, and forms to nobody else. */
#define POLICY "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/* The day since which this program honours the signal, W3C Global Privacy Control section 5.1. */
#define GPC_SINCE "2026-11-22"

/* ---- answering with the page ---- */

/* What of the request the page shows. Lives in the request's pool. */
struct wish {
    int status;
    enum regime regime;
    enum page_news news;
    bool gpc;
    char record[2 * RECORD_ID_BYTES + 1];
};

static struct wish *wish_new(const struct exchange *exchange, const struct site *site, int status, enum page_news news)
{
    struct wish *wish = h2o_mem_alloc_pool(&exchange->req->pool, sizeof *wish);

    *wish = (struct wish){
        .status = status, .regime = exchange_regime(exchange, site), .news = news, .gpc = exchange_gpc(exchange)};
    return wish;
}

static void add_headers(h2o_req_t *req)
{
    answer_header(req, TEXT("Content-Security-Policy"), TEXT(POLICY));
    /* The form's own page is told to this service, which looks at it; nobody else is. */
    answer_header(req, TEXT("Referrer-Policy"), TEXT("same-origin"));
    answer_header(req, TEXT("Cross-Origin-Opener-Policy"), TEXT("same-origin"));
}

static void tell_page(h2o_req_t *req, const struct consent_state *state, const void *context)
{
    const struct wish *wish = context;
    BUFFER_AUTO html = BUFFER_INIT(PAGE_BYTES_MAX);

    add_headers(req);
    if (!state) {
        answer_later(req, "the choice cannot be read now; nothing is collected meanwhile");
        return;
    }
    struct page page = {
        .state = state, .regime = wish->regime, .news = wish->news, .record = wish->record, .gpc = wish->gpc};
    int r = page_put(&html, &page);
    if (r) {
        log_fault("GET /privacy", r);
        answer_later(req, "there is no memory now; try again later");
        return;
    }
    answer_header(req, TEXT("Content-Language"), text_of(state->notice->lang));
    answer_text(req, wish->status, TEXT("text/html; charset=utf-8"), buffer_text(&html));
}

/* ---- GET /privacy ---- */

static bool is_record_id(struct text hex)
{
    for (size_t i = 0; i < hex.size; i++)
        if (!strchr("0123456789abcdef", hex.data[i]) || hex.data[i] == '\0')
            return false;
    return hex.size == 2 * RECORD_ID_BYTES;
}

void privacy_get(struct exchange *exchange)
{
    const struct site *site = exchange_site(exchange);
    struct text record = exchange_param(exchange, TEXT("receipt"));

    if (!site)
        return;
    struct wish *wish = wish_new(exchange, site, 200, is_record_id(record) ? PAGE_SAVED : PAGE_NOTHING);
    if (wish->news == PAGE_SAVED)
        memcpy(wish->record, record.data, record.size);
    consent_look_up(exchange, site, exchange_notice(exchange, site), tell_page, wish);
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

static void tell_failure(h2o_req_t *req, int status, const struct choice *choice)
{
    BUFFER_AUTO html = BUFFER_INIT(PAGE_BYTES_MAX);

    if (page_put_failure(&html, choice->site, choice->notice)) {
        answer_later(req, "the choice could not be recorded now and has no effect; try again later");
        return;
    }
    answer_retry_after(req);
    answer_text(req, status, TEXT("text/html; charset=utf-8"), buffer_text(&html));
}

/* Back to the page. The address is relative: the page may be served under a proxy's prefix. */
static void tell_recorded(h2o_req_t *req, const struct choice *choice, const struct choice_result *result,
                          const struct asked *asked)
{
    BUFFER_AUTO address = BUFFER_INIT(PAGE_ADDRESS_BYTES_MAX);

    add_headers(req);
    if (!result || result->unrecorded) {
        tell_failure(req, 503, choice);
        return;
    }
    buffer_printf(&address, "privacy?site=%s&lang=%s&receipt=", choice->site->name, choice->notice->lang);
    for (unsigned i = 0; i < RECORD_ID_BYTES; i++)
        buffer_printf(&address, "%02x", result->record.id[i]);
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
        add_headers(exchange->req);
        tell_failure(exchange->req, 429, &choice);
        return;
    }
    if (r == 0)
        r = consent_record(exchange, &choice, &complaint, tell_recorded);
    if (r == CHOICE_E_STALE_NOTICE) {
        const struct notice *notice = edition_notice(exchange->loop->edition, site, field(form, TEXT("lang")));
        consent_look_up(exchange, site, notice, tell_page, wish_new(exchange, site, 409, PAGE_CHANGED));
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
    else
        choose(exchange, site);
}

/* ---- the rest ---- */

void privacy_style(struct exchange *exchange)
{
    answer_header(exchange->req, TEXT("Cache-Control"), TEXT("public, max-age=300"));
    answer_text(exchange->req, 200, TEXT("text/css; charset=utf-8"), asset_privacy_css);
}

void privacy_gpc(struct exchange *exchange)
{
    answer_header(exchange->req, TEXT("Cache-Control"), TEXT("public, max-age=86400"));
    answer_header(exchange->req, TEXT("Access-Control-Allow-Origin"), TEXT("*"));
    answer_json(exchange->req, 200, TEXT("{\"gpc\":true,\"lastUpdate\":\"" GPC_SINCE "\"}"));
}
