/*
 * Who asks on the private listener, and what they may read.
 *
 * Programs send a token with each request.  People sign in with one, and their
 * browser sends the session's cookie.  A browser sends cookies whoever made it
 * ask, so a session acts only for a page of this service.
 */
#include "loop.h"
#include <sodium.h>
#include <strings.h>

bool token_covers(const struct token *token, const struct site *site)
{
    for (unsigned i = 0; i < token->n_sites; i++)
        if (strcmp(token->sites[i], site->name) == 0)
            return true;
    return token->role == ROLE_ADMIN && token->n_sites == 0;
}

/* The privacy officer reads requests, not statistics. */
bool token_may_read(const struct token *token, const struct site *site)
{
    return token->role != ROLE_PRIVACY && token_covers(token, site);
}

bool token_may_export(const struct token *token, const struct site *site)
{
    return token->role == ROLE_ADMIN && token_covers(token, site);
}

/* Every token is compared, each in constant time, so that timing tells nothing. */
static const struct token *find_token(const struct config *config, const uint8_t *hash)
{
    const struct token *found = NULL;

    for (unsigned i = 0; i < config->n_tokens; i++)
        if (sodium_memcmp(hash, config->tokens[i].hash, sizeof config->tokens[i].hash) == 0)
            found = &config->tokens[i];
    return found;
}

/* RFC 6750 section 2.1. */
const struct token *token_of_bearer(const struct exchange *exchange)
{
    struct text credentials = exchange_header(exchange, TEXT("authorization"));
    uint8_t hash[crypto_hash_sha256_BYTES];

    /* The scheme's name has no case, RFC 9110 section 11.1. */
    struct text scheme = text_cut(&credentials, ' ');
    if (scheme.size != sizeof "Bearer" - 1 || strncasecmp(scheme.data, "Bearer", scheme.size) != 0)
        return NULL;
    crypto_hash_sha256(hash, (const uint8_t *)credentials.data, credentials.size);
    return find_token(exchange->loop->edition->config, hash);
}

/* ---- sessions ---- */

/* Another program on the same host may have set a cookie of that name, too: browsers send it to every port. */
bool token_each_session(const struct exchange *exchange, bool (*look)(void *context, struct text id), void *context)
{
    struct text cookies = exchange_cookies(exchange);
    unsigned n = 0;

    while (cookies.size && n < COOKIE_IDS_MAX) {
        struct text value = text_cut(&cookies, ';');

        while (value.size && value.data[0] == ' ')
            value = text_from(value, 1);
        if (!text_equal(text_cut(&value, '='), TEXT(SESSION_COOKIE)))
            continue;
        if (look(context, value))
            return true;
        n++;
    }
    return false;
}

struct looking {
    const struct exchange *exchange;
    const struct token *token;
    int64_t end_ms;
};

/* The edition in force on this loop decides: a token that has left it stands for nobody, whatever its sessions are. */
static bool look_up(void *context, struct text id)
{
    struct looking *looking = context;
    const struct service *service = looking->exchange->loop->service;
    uint8_t hash[SESSION_TOKEN_BYTES];

    if (sessions_find(service->sessions, id, clock_now_ms(service->clock), hash, &looking->end_ms))
        looking->token = find_token(looking->exchange->loop->edition->config, hash);
    return looking->token != NULL;
}

const struct token *token_of_session(const struct exchange *exchange, int64_t *ret_end_ms)
{
    struct looking looking = {.exchange = exchange};

    if (token_each_session(exchange, look_up, &looking))
        *ret_end_ms = looking.end_ms;
    return looking.token;
}

/* "http://127.0.0.1:8081" as "127.0.0.1:8081"; what is no address of the web, such as "null", is no host of ours. */
static struct text host_of(struct text origin)
{
    if (text_starts(origin, TEXT("https://")))
        return text_from(origin, sizeof "https://" - 1);
    return text_starts(origin, TEXT("http://")) ? text_from(origin, sizeof "http://" - 1) : TEXT_NONE;
}

/*
 * The browser's own word comes first: it knows what the address bar says,
 * whatever a proxy makes of Host.  It gives none over plain HTTP to another
 * machine; there Origin is compared with Host.  One that says nothing is not
 * believed.
 */
bool token_is_own_page(const struct exchange *exchange)
{
    struct text fetch_site = exchange_header(exchange, TEXT("sec-fetch-site"));
    struct text origin = host_of(exchange_header(exchange, TEXT("origin")));
    h2o_iovec_t host = exchange->req->input.authority;

    if (fetch_site.size)
        return text_equal(fetch_site, TEXT("same-origin"));
    return origin.size && origin.size == host.len && strncasecmp(origin.data, host.base, origin.size) == 0;
}

/* ---- whoever asks ---- */

static bool is_get(const struct exchange *exchange)
{
    return h2o_memis(exchange->req->method.base, exchange->req->method.len, H2O_STRLIT("GET"));
}

const struct token *token_need(struct exchange *exchange)
{
    int64_t end_ms;
    bool has_bearer = exchange_header(exchange, TEXT("authorization")).size != 0;
    const struct token *token = has_bearer ? token_of_bearer(exchange) : token_of_session(exchange, &end_ms);

    if (!token) {
        answer_header(exchange->req, TEXT("WWW-Authenticate"), TEXT("Bearer"));
        answer_error(exchange->req, 401,
                     "send `Authorization: Bearer TOKEN`; `crumb token` makes one, its hash goes under `tokens:`");
    } else if (!has_bearer && !is_get(exchange) && !token_is_own_page(exchange)) {
        answer_error(exchange->req, 403,
                     "a session acts for the dashboard's own page only: send `Sec-Fetch-Site: same-origin`, or an "
                     "`Origin` that is this host; programs send `Authorization: Bearer TOKEN`");
        return NULL;
    }
    return token;
}

/* One answer for both cases, so that a token learns nothing of other sites. */
void token_refuse(struct exchange *exchange)
{
    answer_error(exchange->req, 403, "this token may not read this site; `site_id` is a site of the configuration");
}
