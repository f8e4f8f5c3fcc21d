/*
 * Who asks on the private listener, and what they may read.
 *
 * Programs send a token with each request.  People sign in with one, and their
 * browser sends the session's cookie.  A browser sends cookies whoever made it
 * ask, so a session acts only for a page of this service.
 */
#include "crumb/base/log.h"
#include "crumb/base/metrics.h"
#include "loop.h"
#include <sodium.h>
#include <stdlib.h>
#include <strings.h>

bool token_covers_name(const struct token *token, struct text name)
{
    for (unsigned i = 0; i < token->n_sites; i++)
        if (text_equal(text_of(token->sites[i]), name))
            return true;
    return token->role == ROLE_ADMIN && token->n_sites == 0;
}

bool token_covers(const struct token *token, const struct site *site)
{
    return token_covers_name(token, text_of(site->name));
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

/* Whoever administers a site can do what its privacy officer does. */
bool token_may_help(const struct token *token, const struct site *site)
{
    return token->role != ROLE_ANALYST && token_covers(token, site);
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

/* ---- the audit trail ---- */

struct trail_entry token_entry(const struct exchange *exchange, const struct token *token, enum trail_act act,
                               const struct site *site)
{
    return (struct trail_entry){.at_ms = clock_now_ms(exchange->loop->service->clock),
                                .actor = ACTOR_TOKEN,
                                .name = text_of(token->name),
                                .act = act,
                                .site = site ? text_of(site->name) : TEXT_NONE};
}

struct refusal {
    struct write_op super;
    struct wait wait;
    struct edition *edition; /* that the entry borrows from */
    const struct trail *trail;
    struct trail_entry entry;
    char object[TRAIL_OBJECT_BYTES_MAX + 1];
    int outcome;
};

static void refusal_free(struct refusal *refusal)
{
    edition_unref(refusal->edition);
    free(refusal);
}

/* On the writer's thread. */
static int refusal_apply(struct write_op *op, struct batch *batch)
{
    const struct refusal *refusal = (const struct refusal *)op;

    return trail_append(batch, refusal->trail, &refusal->entry);
}

static void refusal_done(struct write_op *op, int result)
{
    struct refusal *refusal = (struct refusal *)op;

    refusal->outcome = result;
    wait_wake(&refusal->wait);
}

/* One answer for both cases, so that a token learns nothing of other sites. */
static void answer_refusal(h2o_req_t *req)
{
    answer_error(req, 403, "this token may not do this here; `site_id` is a site of the configuration");
}

/* It is refused whatever becomes of the record. */
static void refusal_answer(struct wait *wait, h2o_req_t *req)
{
    struct refusal *refusal = H2O_STRUCT_FROM_MEMBER(struct refusal, wait, wait);

    if (refusal->outcome)
        metrics_add(METRIC_refusals_unrecorded_total, 1);
    if (req)
        answer_refusal(req);
    refusal_free(refusal);
}

static struct refusal *refusal_new(const struct exchange *exchange, const struct token *token)
{
    const struct config *config = exchange->loop->edition->config;
    struct refusal *refusal = calloc(1, sizeof *refusal);

    if (!refusal)
        return NULL;
    refusal->super = (struct write_op){.bytes = sizeof *refusal, .apply = refusal_apply, .done = refusal_done};
    refusal->edition = edition_ref(exchange->loop->edition);
    refusal->trail = &exchange->loop->service->trail;
    refusal->entry =
        token_entry(exchange, token, ACT_REFUSED, config_site(config, exchange_param(exchange, TEXT("site_id"))));
    snprintf(refusal->object, sizeof refusal->object, "%.*s %.*s", (int)exchange->req->method.len,
             exchange->req->method.base, TEXT_ARGS(exchange->path));
    refusal->entry.object = text_of(refusal->object);
    return refusal;
}

/* Whoever has a token could fill the trail with refusals; what comes too fast is counted only. */
static bool may_record(const struct exchange *exchange)
{
    const struct service *service = exchange->loop->service;
    struct client client = exchange_client(exchange);

    return rates_take(service->rates, RATE_TOKENS, (struct sockaddr *)&client.address, TRAIL_REFUSALS_PER_S, 1,
                      clock_now_ms(service->clock)) == 1;
}

void token_refuse(struct exchange *exchange, const struct token *token)
{
    struct refusal *refusal = may_record(exchange) ? refusal_new(exchange, token) : NULL;

    if (refusal) {
        wait_begin(&refusal->wait, exchange, refusal_answer);
        if (writer_submit(exchange->loop->service->writer, &refusal->super) == 0)
            return;
        wait_cancel(&refusal->wait);
        refusal_free(refusal);
    }
    metrics_add(METRIC_refusals_unrecorded_total, 1);
    answer_refusal(exchange->req);
}
