/*
 * Writing a response. Everything but what is streamed is copied into the
 * request's pool.
 */
#include "crumb/base/json.h"
#include "crumb/base/limits.h"
#include "crumb/consent/cookie.h"
#include "loop.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* One transparent pixel, the smallest GIF there is: 43 bytes. */
static const char gif[] = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
                          "\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02"
                          "D\x01\x00;";
_Static_assert(sizeof gif - 1 == 43, "43 bytes");

static const struct {
    int status;
    const char *reason;
} reasons[] = {{200, "OK"},
               {201, "Created"},
               {202, "Accepted"},
               {204, "No Content"},
               {303, "See Other"},
               {304, "Not Modified"},
               {400, "Bad Request"},
               {401, "Unauthorized"},
               {403, "Forbidden"},
               {404, "Not Found"},
               {405, "Method Not Allowed"},
               {409, "Conflict"},
               {413, "Content Too Large"},
               {429, "Too Many Requests"},
               {500, "Internal Server Error"},
               {503, "Service Unavailable"}};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

static void send_response(h2o_req_t *req, int status, h2o_iovec_t body)
{
    static h2o_generator_t generator = {NULL, NULL};

    req->res.status = status;
    req->res.reason = reason_of(status);
    if (status != 204)
        req->res.content_length = body.len;
    h2o_start_response(req, &generator);
    h2o_send(req, &body, body.len ? 1 : 0, H2O_SEND_STATE_FINAL);
}

void answer_header(h2o_req_t *req, struct text name, struct text value)
{
    /* HTTP/2 wants names in lower case; HTTP/1 shows them as people write them. */
    h2o_iovec_t written = h2o_strdup(&req->pool, name.data, name.size);
    h2o_iovec_t lower = h2o_strdup(&req->pool, name.data, name.size);
    h2o_iovec_t copied = h2o_strdup(&req->pool, value.data, value.size);

    h2o_strtolower(lower.base, lower.len);
    h2o_add_header_by_str(&req->pool, &req->res.headers, lower.base, lower.len, 1, written.base, copied.base,
                          copied.len);
}

void answer_cookie(h2o_req_t *req, const char *name, struct text value, int64_t max_age_s, const char *domain,
                   bool secure, bool http_only)
{
    BUFFER_AUTO header = BUFFER_INIT(COOKIE_CHOICE_TEXT_BYTES_MAX + 512);

    cookie_put_header(&header, name, value, max_age_s, domain, secure, http_only);
    answer_header(req, TEXT("Set-Cookie"), buffer_text(&header));
}

static void put_type(h2o_req_t *req, struct text type)
{
    h2o_iovec_t copied_type = h2o_strdup(&req->pool, type.data, type.size);

    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, copied_type.base, copied_type.len);
    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("x-content-type-options"), 0,
                          "X-Content-Type-Options", H2O_STRLIT("nosniff"));
    /* A handler that knows better has said so already. */
    if (h2o_find_header(&req->res.headers, H2O_TOKEN_CACHE_CONTROL, -1) < 0)
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CACHE_CONTROL, NULL, H2O_STRLIT("no-store"));
}

void answer_text(h2o_req_t *req, int status, struct text type, struct text body)
{
    put_type(req, type);
    send_response(req, status, h2o_strdup(&req->pool, body.data, body.size));
}

void answer_stream(h2o_req_t *req, struct text type, h2o_generator_t *generator)
{
    put_type(req, type);
    req->res.status = 200;
    req->res.reason = reason_of(200);
    h2o_start_response(req, generator);
}

void answer_json(h2o_req_t *req, int status, struct text json)
{
    answer_text(req, status, TEXT("application/json"), json);
}

void answer_object(h2o_req_t *req, int status, json_t *object)
{
    BUFFER_AUTO text = BUFFER_INIT(ANSWER_OBJECT_BYTES_MAX);

    if (json_put(&text, object, 0))
        answer_later(req, "there is no memory now; try again later");
    else
        answer_json(req, status, buffer_text(&text));
}

void answer_error(h2o_req_t *req, int status, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    BUFFER_AUTO text = BUFFER_INIT(8 * sizeof message); /* a byte may become six */
    int r = json_put(&text, json_pack("{s:s}", "error", message), 0);
    answer_json(req, status, r ? TEXT("{\"error\":\"out of memory; try again later\"}") : buffer_text(&text));
}

void answer_retry_after(h2o_req_t *req)
{
    char seconds[24];
    int n = snprintf(seconds, sizeof seconds, "%d", RETRY_AFTER_S);
    h2o_iovec_t copied = h2o_strdup(&req->pool, seconds, (size_t)n);

    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_RETRY_AFTER, NULL, copied.base, copied.len);
}

void answer_later(h2o_req_t *req, const char *why)
{
    answer_retry_after(req);
    answer_error(req, 503, "%s", why);
}

/* RFC 6585 section 4. */
void answer_too_many(h2o_req_t *req, const char *why)
{
    answer_retry_after(req);
    answer_error(req, 429, "%s", why);
}

static void add_no_store(h2o_req_t *req)
{
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CACHE_CONTROL, NULL, H2O_STRLIT("no-store"));
}

/* RFC 9110 section 15.4.5: what the client has is still right. */
void answer_not_modified(h2o_req_t *req)
{
    static h2o_generator_t generator = {NULL, NULL};
    h2o_iovec_t nothing = {NULL, 0};

    req->res.status = 304;
    req->res.reason = reason_of(304);
    h2o_start_response(req, &generator);
    h2o_send(req, &nothing, 0, H2O_SEND_STATE_FINAL);
}

void answer_empty(h2o_req_t *req, int status)
{
    add_no_store(req);
    send_response(req, status, h2o_iovec_init(NULL, 0));
}

void answer_gif(h2o_req_t *req)
{
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, H2O_STRLIT("image/gif"));
    add_no_store(req);
    send_response(req, 200, h2o_iovec_init(gif, sizeof gif - 1));
}

void answer_cors(const struct exchange *exchange, const struct site *site)
{
    answer_cors_to(exchange->req, exchange_header(exchange, TEXT("origin")), site);
}

void answer_cors_to(h2o_req_t *req, struct text origin, const struct site *site)
{
    if (origin.size == 0 || !config_origin_listed(site, origin))
        return;
    answer_header(req, TEXT("Access-Control-Allow-Origin"), origin);
    answer_header(req, TEXT("Access-Control-Allow-Credentials"), TEXT("true"));
    answer_header(req, TEXT("Access-Control-Expose-Headers"), TEXT("crumb-result"));
    answer_header(req, TEXT("Vary"), TEXT("origin"));
}
