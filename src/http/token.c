/*
 * Who asks on the private listener, and what they may read.
 */
#include "loop.h"
#include <sodium.h>
#include <strings.h>

static bool covers(const struct token *token, const struct site *site)
{
    for (unsigned i = 0; i < token->n_sites; i++)
        if (strcmp(token->sites[i], site->name) == 0)
            return true;
    return token->role == ROLE_ADMIN && token->n_sites == 0;
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

/* One answer for both cases, so that a token learns nothing of other sites. */
void token_refuse(struct exchange *exchange)
{
    answer_error(exchange->req, 403, "this token may not read this site; `site_id` is a site of the configuration");
}
