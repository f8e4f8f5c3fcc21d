/*
 * Reading a request.
 */
#include "crumb/base/limits.h"
#include "crumb/base/metrics.h"
#include "crumb/config/value.h"
#include "crumb/ingest/address.h"
#include "crumb/ingest/geo.h"
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

/* Fields that are being joined, without the first @skipped bytes of the whole, and at most @max of them. */
struct joined {
    char *room;
    size_t size, max, skipped;
};

static void append(struct joined *joined, struct text part)
{
    size_t skipped = part.size < joined->skipped ? part.size : joined->skipped;
    size_t left = joined->max - joined->size;

    joined->skipped -= skipped;
    part = text_from(part, skipped);
    size_t size = part.size < left ? part.size : left;
    memcpy(joined->room + joined->size, part.data, size);
    joined->size += size;
}

static size_t joined_size(const h2o_headers_t *headers, struct text name, struct text separator)
{
    size_t size = 0;

    for (ssize_t at = -1; (at = h2o_find_header_by_str(headers, name.data, name.size, at)) >= 0;)
        size += separator.size + headers->entries[at].value.len;
    return size - separator.size; /* there is one at least */
}

/* Which end of a list tells where it is too long. */
enum end { LEFT_END, RIGHT_END };

/*
 * Every field of that name, joined as one list (RFC 9110 section 5.3; RFC 9113
 * section 8.2.3 for cookies).  Of what is longer than @max that end is kept and
 * one byte more, so that whoever reads it sees that it is too long.
 */
static struct text join_fields(const struct exchange *exchange, struct text name, struct text separator, enum end end,
                               size_t max)
{
    const h2o_headers_t *headers = &exchange->req->headers;
    ssize_t at = h2o_find_header_by_str(headers, name.data, name.size, -1);

    if (at < 0)
        return TEXT_NONE;
    struct text first = text_of_iovec(headers->entries[at].value);
    at = h2o_find_header_by_str(headers, name.data, name.size, at);
    if (at < 0)
        return first;
    size_t size = joined_size(headers, name, separator);
    struct joined joined = {.room = h2o_mem_alloc_pool(&exchange->req->pool, max + 1),
                            .max = max + 1,
                            .skipped = end == RIGHT_END && size > max + 1 ? size - (max + 1) : 0};
    append(&joined, first);
    for (; at >= 0; at = h2o_find_header_by_str(headers, name.data, name.size, at)) {
        append(&joined, separator);
        append(&joined, text_of_iovec(headers->entries[at].value));
    }
    return (struct text){.data = joined.room, .size = joined.size};
}

struct text exchange_cookies(const struct exchange *exchange)
{
    return join_fields(exchange, TEXT("cookie"), TEXT("; "), LEFT_END, COOKIE_HEADER_BYTES_MAX);
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
    const struct config *config = exchange->loop->edition->config;
    struct address_headers headers = {.proto = TEXT_NONE};
    if (config_proxy_trusted(config, (struct sockaddr *)&peer)) {
        headers.forwarded_for =
            join_fields(exchange, TEXT("x-forwarded-for"), TEXT(", "), RIGHT_END, FORWARDED_BYTES_MAX);
        headers.forwarded = join_fields(exchange, TEXT("forwarded"), TEXT(", "), RIGHT_END, FORWARDED_BYTES_MAX);
        headers.proto = exchange_header(exchange, TEXT("x-forwarded-proto"));
    }
    struct client client = address_client(config, (struct sockaddr *)&peer, &headers);
    client.https |= req->input.scheme == &H2O_URL_SCHEME_HTTPS;
    return client;
}

bool exchange_may_choose(const struct exchange *exchange, enum rate_kind kind)
{
    const struct service *service = exchange->loop->service;
    struct client client = exchange_client(exchange);

    if (rates_take(service->rates, kind, (struct sockaddr *)&client.address,
                   exchange->loop->edition->config->rates.choices, 1, clock_now_ms(service->clock)))
        return true;
    metrics_add(METRIC_choices_rate_limited_total, 1);
    return false;
}

struct place exchange_place(const struct exchange *exchange)
{
    struct client client = exchange_client(exchange);

    return geo_locate(exchange->loop->edition->geo, (const struct sockaddr *)&client.address);
}

struct agent_hints exchange_hints(const struct exchange *exchange)
{
    return (struct agent_hints){
        .agent = exchange_header(exchange, TEXT("user-agent")),
        .brands = exchange_header(exchange, TEXT("sec-ch-ua")),
        .full_versions = exchange_header(exchange, TEXT("sec-ch-ua-full-version-list")),
        .mobile = exchange_header(exchange, TEXT("sec-ch-ua-mobile")),
        .platform = exchange_header(exchange, TEXT("sec-ch-ua-platform")),
        .platform_version = exchange_header(exchange, TEXT("sec-ch-ua-platform-version")),
        .model = exchange_header(exchange, TEXT("sec-ch-ua-model")),
    };
}

const struct agent *exchange_agent(const struct exchange *exchange)
{
    struct agent_hints hints = exchange_hints(exchange);

    return agent_get(exchange->loop->agents, exchange->loop->edition->agents, &hints);
}

enum device exchange_device(const struct exchange *exchange) { return exchange_agent(exchange)->device; }

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
    struct place place = exchange_place(exchange);

    return regime_of(site, &place);
}

const struct notice *exchange_notice(const struct exchange *exchange, const struct site *site)
{
    answer_header(exchange->req, TEXT("Vary"), TEXT("Accept-Language"));
    return edition_notice_for(exchange->loop->edition, site, exchange_param(exchange, TEXT("lang")),
                              exchange_header(exchange, TEXT("accept-language")));
}

bool exchange_number(struct exchange *exchange, struct text name, uint64_t min, uint64_t max, uint64_t *number)
{
    struct text value = exchange_param(exchange, name);
    uint64_t found;

    if (!value.size)
        return true;
    if (!value_count(value, max, &found) || found < min) {
        answer_error(exchange->req, 400, "%.*s: must be a number from %llu to %llu", TEXT_ARGS(name),
                     (unsigned long long)min, (unsigned long long)max);
        return false;
    }
    *number = found;
    return true;
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

bool exchange_same_origin(struct exchange *exchange, const struct site *site)
{
    struct text origin = exchange_header(exchange, TEXT("origin"));

    if (origin.size == 0 || config_origin_listed(site, origin))
        return true;
    answer_error(exchange->req, 403,
                 "this origin is not one of site `%s`'s `origins` in the configuration; add it there", site->name);
    return false;
}
