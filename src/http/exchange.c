/*
 * Reading a request.
 */
#include "crumb/ingest/address.h"
#include "loop.h"

static struct text text_of_iovec(h2o_iovec_t iovec) { return (struct text){.data = iovec.base, .size = iovec.len}; }

struct exchange exchange_of(h2o_req_t *req)
{
    struct text path = text_of_iovec(req->path);
    struct exchange exchange = {.req = req, .loop = H2O_STRUCT_FROM_MEMBER(struct loop, h2o, req->conn->ctx)};

    exchange.path = text_cut(&path, '?');
    exchange.query = path;
    return exchange;
}

struct text exchange_header(const struct exchange *exchange, struct text name)
{
    ssize_t at = h2o_find_header_by_str(&exchange->req->headers, name.data, name.size, -1);

    return at < 0 ? TEXT_NONE : text_of_iovec(exchange->req->headers.entries[at].value);
}

/* Every field of that name, joined as one list (RFC 9110 section 5.3; RFC 9113 section 8.2.3 for cookies). */
static struct text join_fields(const struct exchange *exchange, const h2o_token_t *token, h2o_iovec_t separator)
{
    const h2o_headers_t *headers = &exchange->req->headers;
    ssize_t at = h2o_find_header(headers, token, -1);

    if (at < 0)
        return TEXT_NONE;
    h2o_iovec_t joined = headers->entries[at].value;
    while ((at = h2o_find_header(headers, token, at)) >= 0)
        joined = h2o_concat(&exchange->req->pool, joined, separator, headers->entries[at].value);
    return text_of_iovec(joined);
}

struct text exchange_cookies(const struct exchange *exchange)
{
    return join_fields(exchange, H2O_TOKEN_COOKIE, h2o_iovec_init(H2O_STRLIT("; ")));
}

struct text exchange_param(const struct exchange *exchange, struct text name)
{
    struct text query = exchange->query;

    while (query.size) {
        struct text value = text_cut(&query, '&');
        struct text found = text_cut(&value, '=');

        if (text_equal(found, name))
            return value;
    }
    return TEXT_NONE;
}

struct text exchange_body(const struct exchange *exchange) { return text_of_iovec(exchange->req->entity); }

bool exchange_gpc(const struct exchange *exchange)
{
    /* W3C Global Privacy Control section 3.1: the field's only value is 1. */
    return text_equal(exchange_header(exchange, TEXT("sec-gpc")), TEXT("1"));
}

struct client exchange_client(const struct exchange *exchange)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    h2o_req_t *req = exchange->req;

    req->conn->callbacks->get_peername(req->conn, (struct sockaddr *)&peer);
    struct client client =
        address_client(exchange->loop->edition->config, (struct sockaddr *)&peer,
                       join_fields(exchange, H2O_TOKEN_X_FORWARDED_FOR, h2o_iovec_init(H2O_STRLIT(", "))),
                       exchange_header(exchange, TEXT("x-forwarded-proto")));
    client.https |= req->input.scheme == &H2O_URL_SCHEME_HTTPS;
    return client;
}

/* A host and, maybe, a port: whatever else a client sends is not repeated to anybody. */
static bool is_host(struct text host)
{
    if (host.size == 0 || host.size > ORIGIN_BYTES_MAX)
        return false;
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
              c == ':' || c == '[' || c == ']'))
            return false;
    }
    return true;
}

struct text exchange_base(const struct exchange *exchange)
{
    static const char *const schemes[] = {"http://", "https://"};
    const char *scheme = schemes[exchange_client(exchange).https];
    h2o_iovec_t host = exchange->req->input.authority;

    if (!is_host(text_of_iovec(host)))
        return TEXT_NONE;
    return text_of_iovec(h2o_concat(&exchange->req->pool, h2o_iovec_init(scheme, strlen(scheme)), host));
}

enum regime exchange_regime(const struct exchange *exchange, const struct site *site)
{
    (void)exchange;
    return site->regime;
}

const struct notice *exchange_notice(const struct exchange *exchange, const struct site *site)
{
    return edition_notice(exchange->loop->edition, site, exchange_param(exchange, TEXT("lang")));
}

const struct site *exchange_site(struct exchange *exchange)
{
    struct text name = exchange_param(exchange, TEXT("site"));

    if (name.size == 0) {
        answer_error(exchange->req, 400, "say which site: add ?site=NAME");
        return NULL;
    }
    const struct site *site = config_site(exchange->loop->edition->config, name);
    if (!site)
        answer_error(exchange->req, 404, "there is no such site here; the sites are those of the configuration");
    return site;
}
