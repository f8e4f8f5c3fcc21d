/*
 * Who asks on the private listener, and what they may read.
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

static bool covers(const struct token *token, const struct site *site)
{
    return token_covers_name(token, text_of(site->name));
}

/* The privacy officer reads requests, not statistics. */
bool token_may_read(const struct token *token, const struct site *site)
{
    return token->role != ROLE_PRIVACY && covers(token, site);
}

bool token_may_export(const struct token *token, const struct site *site)
{
    return token->role == ROLE_ADMIN && covers(token, site);
}

/* Whoever administers a site can do what its privacy officer does. */
bool token_may_help(const struct token *token, const struct site *site)
{
    return token->role != ROLE_ANALYST && covers(token, site);
}

/* RFC 6750 section 2.1. Every token is compared, each in constant time, so that timing tells nothing. */
static const struct token *find_token(struct exchange *exchange)
{
    const struct config *config = exchange->loop->edition->config;
    struct text credentials = exchange_header(exchange, TEXT("authorization"));
    const struct token *found = NULL;
    uint8_t hash[crypto_hash_sha256_BYTES];

    /* The scheme's name has no case, RFC 9110 section 11.1. */
    struct text scheme = text_cut(&credentials, ' ');
    if (scheme.size != sizeof "Bearer" - 1 || strncasecmp(scheme.data, "Bearer", scheme.size) != 0)
        return NULL;
    crypto_hash_sha256(hash, (const uint8_t *)credentials.data, credentials.size);
    for (unsigned i = 0; i < config->n_tokens; i++)
        if (sodium_memcmp(hash, config->tokens[i].hash, sizeof hash) == 0)
            found = &config->tokens[i];
    return found;
}

const struct token *token_need(struct exchange *exchange)
{
    const struct token *token = find_token(exchange);

    if (!token) {
        answer_header(exchange->req, TEXT("WWW-Authenticate"), TEXT("Bearer"));
        answer_error(exchange->req, 401,
                     "send `Authorization: Bearer TOKEN`; `crumb token` makes one, its hash goes under `tokens:`");
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
