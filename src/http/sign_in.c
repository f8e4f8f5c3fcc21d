/*
 * GET, POST and DELETE /session: who is signed in to the dashboard; signing in
 * with a token; signing out.
 *
 * The token comes in the header in which programs send it, which no form and no
 * page of another origin can send without asking first, and is told to nobody
 * again: what the browser keeps is a cookie that no script can read.
 */
#include "crumb/base/json.h"
#include "loop.h"
#include <inttypes.h>

#define COOKIE_HEADER_BYTES 256

static const char *role_word(enum token_role role)
{
    static const char *const words[] = {[ROLE_ANALYST] = "analyst", [ROLE_PRIVACY] = "privacy", [ROLE_ADMIN] = "admin"};

    return words[role];
}

static json_t *sites_json(const struct config *config, const struct token *token)
{
    json_t *sites = json_array();

    for (unsigned i = 0; i < config->n_sites; i++) {
        const struct site *site = &config->sites[i];

        if (token_covers(token, site))
            sites = json_item(
                sites, json_pack("{s:s, s:s, s:s}", "id", site->name, "name", site->title, "timezone", site->timezone));
    }
    return sites;
}

static void tell(struct exchange *exchange, const struct token *token, int64_t end_ms)
{
    answer_object(exchange->req, 200,
                  json_pack("{s:s, s:s, s:I, s:o}", "name", token->name, "role", role_word(token->role), "ends_ms",
                            (json_int_t)end_ms, "sites", sites_json(exchange->loop->edition->config, token)));
}

/* Lax would do for nothing here: every request with it is one of the dashboard's own page. */
static void set_cookie(struct exchange *exchange, struct text id, int64_t max_age_ms)
{
    BUFFER_AUTO header = BUFFER_INIT(COOKIE_HEADER_BYTES);

    buffer_printf(&header, SESSION_COOKIE "=%.*s; Path=/; Max-Age=%" PRId64 "; SameSite=Strict; HttpOnly%s",
                  TEXT_ARGS(id), max_age_ms / 1000, exchange_client(exchange).https ? "; Secure" : "");
    answer_header(exchange->req, TEXT("Set-Cookie"), buffer_text(&header));
}

void sign_in_get(struct exchange *exchange)
{
    int64_t end_ms = 0;
    const struct token *token = token_of_session(exchange, &end_ms);

    if (token)
        tell(exchange, token, end_ms);
    else
        answer_error(exchange->req, 401, "nobody is signed in, or the session has ended; sign in with a token");
}

/* Every attempt counts, so that guessing on does not help after a good guess. */
static bool may_try(const struct exchange *exchange)
{
    const struct service *service = exchange->loop->service;
    struct client client = exchange_client(exchange);

    return rates_take(service->rates, RATE_SIGN_INS, (struct sockaddr *)&client.address, SIGN_INS_PER_S, 1,
                      clock_now_ms(service->clock)) == 1;
}

static bool end_one(void *context, struct text id)
{
    sessions_end(context, id);
    return false;
}

void sign_in_post(struct exchange *exchange)
{
    const struct service *service = exchange->loop->service;
    char id[SESSION_ID_TEXT_BYTES];

    if (!may_try(exchange)) {
        answer_too_many(exchange->req, "too many attempts to sign in from this address; wait a little");
        return;
    }
    const struct token *token = token_of_bearer(exchange);
    if (!token) {
        answer_error(exchange->req, 401,
                     "nobody knows this token; `crumb token` makes one, its hash goes under `tokens:`");
        return;
    }
    int64_t now_ms = clock_now_ms(service->clock);
    token_each_session(exchange, end_one, service->sessions);
    sessions_begin(service->sessions, token->hash, now_ms, service->random, id);
    set_cookie(exchange, text_of(id), SESSION_MS_MAX);
    tell(exchange, token, now_ms + SESSION_MS_MAX);
}

void sign_in_delete(struct exchange *exchange)
{
    if (!token_is_own_page(exchange)) {
        answer_error(exchange->req, 403,
                     "only the dashboard's own page signs out: send `Sec-Fetch-Site: same-origin`, or an `Origin` that "
                     "is this host");
        return;
    }
    token_each_session(exchange, end_one, exchange->loop->service->sessions);
    set_cookie(exchange, TEXT_NONE, 0);
    answer_empty(exchange->req, 204);
}
