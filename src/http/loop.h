/*
 * Inside the HTTP layer: a loop (one thread, one h2o context), the exchange
 * that a handler works on, and requests that wait for another thread.
 *
 * Request data lives in the request's pool and never leaves the loop's thread.
 * A request can vanish while it waits: its pool is then cleared, which calls
 * the dispose function of a shared chunk that knows the wait.
 */
#pragma once

#include "crumb/consent/regime.h"
#include "crumb/http/server.h"
#include "crumb/ingest/agent.h"
#include "crumb/ingest/collect.h"
#include "crumb/rights/ask.h"
#include <h2o.h>
#include <jansson.h>
#include <semaphore.h>

enum listener_kind { LISTENER_PUBLIC, LISTENER_PRIVATE, LISTENER_N };

struct loop {
    h2o_context_t h2o;
    struct server *server;
    const struct service *service;
    struct edition *edition;    /* in force on this loop; a reload replaces it between requests */
    struct agent_cache *agents; /* who asked, of this thread */
    h2o_multithread_receiver_t answers, orders;
    h2o_accept_ctx_t accept[LISTENER_N];
    int fds[LISTENER_N]; /* given to the listeners */
    h2o_socket_t *listeners[LISTENER_N];
    sem_t ready;            /* posted once when the loop can take orders */
    sem_t drained;          /* posted once when it has stopped */
    sem_t may_end;          /* awaited then: no other thread will send it anything */
    unsigned n_connections; /* of this loop */
    unsigned n_waits;       /* requests, there or vanished, that another thread will wake */
    struct wait *watched;   /* those of them whose clients are watched */
    struct stream *streams; /* under way */
    h2o_timeout_t patience; /* how long a request waits for its job */
    bool stopping;
};

/* One request in the hands of its handler. Lives for the call. */
struct exchange {
    h2o_req_t *req;
    struct loop *loop;
    struct text path, query;
};

/* A handler answers at once or begins a wait. */
typedef void (*exchange_handler)(struct exchange *exchange);

/* ---- exchange.c: reading a request ---- */

struct exchange exchange_of(h2o_req_t *req);
/* A header's value, or the empty text. @name in lower case. */
struct text exchange_header(const struct exchange *exchange, struct text name);
/* The Cookie header; several are joined (RFC 9113 section 8.2.3). */
struct text exchange_cookies(const struct exchange *exchange);
/* The raw value of a query parameter, or the empty text. */
struct text exchange_param(const struct exchange *exchange, struct text name);
struct text exchange_body(const struct exchange *exchange);
bool exchange_gpc(const struct exchange *exchange);
struct client exchange_client(const struct exchange *exchange);
/* Whether the client may do this now, as far as `rates.choices` says; if so, it is counted. */
bool exchange_may_choose(const struct exchange *exchange, enum rate_kind kind);
/* Where the client is and on what, as far as it is known. */
struct place exchange_place(const struct exchange *exchange);
enum device exchange_device(const struct exchange *exchange);
/* What the headers say of the browser; lent with the request. */
struct agent_hints exchange_hints(const struct exchange *exchange);
/* What is known of it by them; lent until the loop's next call of this or exchange_device(). */
const struct agent *exchange_agent(const struct exchange *exchange);
/* False, and answered 403: the page that asks is not one of the site's. */
bool exchange_same_origin(struct exchange *exchange, const struct site *site);
/* Where this service is, as the browser says it: "https://c.shop.example"; empty where its Host is no host. */
struct text exchange_base(const struct exchange *exchange);
/* What the law at the visitor's place asks of @site. */
enum regime exchange_regime(const struct exchange *exchange, const struct site *site);
/* The notice to show: in the language of `lang=`, else of Accept-Language (which goes into Vary), else the first. */
const struct notice *exchange_notice(const struct exchange *exchange, const struct site *site);
/* Reads a number of the query, where it is there. False: it is none from @min to @max, and that was answered 400. */
bool exchange_number(struct exchange *exchange, struct text name, uint64_t min, uint64_t max, uint64_t *number);
/* The site named by the parameter `site`, or NULL: then the exchange was answered 400 or 404. */
const struct site *exchange_site(struct exchange *exchange);

/* ---- answer.c: writing a response ---- */

void answer_header(h2o_req_t *req, struct text name, struct text value); /* both copied */
/* Set-Cookie, as cookie_put_header() writes it. */
void answer_cookie(h2o_req_t *req, const char *name, struct text value, int64_t max_age_s, const char *domain,
                   bool secure, bool http_only);
void answer_json(h2o_req_t *req, int status, struct text json);
void answer_text(h2o_req_t *req, int status, struct text type, struct text body);
/* Begins a response of unknown length, which @generator goes on with; what h2o_send() sends is not copied. */
void answer_stream(h2o_req_t *req, struct text type, h2o_generator_t *generator);
/* Takes @object; NULL is answered 503. */
void answer_object(h2o_req_t *req, int status, json_t *object);
/* {"error": "..."} */
void answer_error(h2o_req_t *req, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
void answer_retry_after(h2o_req_t *req);
/* 503 and Retry-After. */
void answer_later(h2o_req_t *req, const char *why);
/* 429 and Retry-After. */
void answer_too_many(h2o_req_t *req, const char *why);
void answer_not_modified(h2o_req_t *req);
void answer_empty(h2o_req_t *req, int status);
void answer_gif(h2o_req_t *req);
/* Lets a page of the site read the answer, when the request's Origin is one of the site's. */
void answer_cors(const struct exchange *exchange, const struct site *site);
/* The same behind a wait, when the request's headers are gone. */
void answer_cors_to(h2o_req_t *req, struct text origin, const struct site *site);

/* ---- token.c: who asks ---- */

/* Of the bearer token alone, or NULL. */
const struct token *token_of_bearer(const struct exchange *exchange);
/* Of the dashboard's session, and when that ends, or NULL. */
const struct token *token_of_session(const struct exchange *exchange, int64_t *ret_end_ms);
/*
 * Of the bearer token, else of the session, or NULL: then it was answered 401,
 * or 403 where a session is to act and another page may have sent the request.
 */
const struct token *token_need(struct exchange *exchange);
/* Whether the browser says that a page of this service sent the request. */
bool token_is_own_page(const struct exchange *exchange);
/* Calls @look with each session that the cookies name, until it says true. */
bool token_each_session(const struct exchange *exchange, bool (*look)(void *context, struct text id), void *context);
/* Whether the token is for @site at all; its statistics; what happened there, hit by hit. */
bool token_covers(const struct token *token, const struct site *site);
bool token_may_read(const struct token *token, const struct site *site);
bool token_may_export(const struct token *token, const struct site *site);
/* Subject requests of @site, with what they say. */
bool token_may_help(const struct token *token, const struct site *site);
/* What the audit trail says of a site of that name, there or not; the empty name: of the whole service. */
bool token_covers_name(const struct token *token, struct text name);
/* Records that the token was used for what it may not do, then 403: it may not, or there is no such site. */
void token_refuse(struct exchange *exchange, const struct token *token);
/* The entry of what a token does, at this moment. Lent by the edition. */
struct trail_entry token_entry(const struct exchange *exchange, const struct token *token, enum trail_act act,
                               const struct site *site);

/* ---- wait.c: requests that wait ---- */

struct wait {
    h2o_multithread_message_t message;
    struct loop *loop;
    h2o_req_t *req; /* NULL: it vanished */
    struct wait **link;
    struct wait *next;   /* of those that are watched */
    atomic_bool is_gone; /* nobody waits any more; any thread may look */
    /* On the loop's thread: answers @req, which may be NULL, and frees what embeds the wait. */
    void (*answer)(struct wait *wait, h2o_req_t *req);
};

/* Makes the request wait. wait_wake() must be called once. */
void wait_begin(struct wait *wait, const struct exchange *exchange, void (*answer)(struct wait *wait, h2o_req_t *req));
/*
 * Watches for a client that leaves, which wait->is_gone then says: for work that
 * is worth ending early.  Loop's thread, behind wait_begin().
 */
void wait_watch(struct wait *wait);
/* The work is done: the loop will call answer. Any thread; the wait may be gone on return. */
void wait_wake(struct wait *wait);
/* Gives the wait up before wait_wake(): the request is the caller's to answer again. Loop's thread. */
h2o_req_t *wait_cancel(struct wait *wait);
/* The receiver of a loop's answers. */
void wait_receive(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages);

/* ---- stream.c: long answers, piece by piece ---- */

struct stream_source {
    /* On a thread of the pool: the next piece, lent until the next call; empty: there is no more. 0,
     * STREAM_E_NOT_FOUND or a fault. */
    int (*next)(void *maker, struct text *ret_piece);
    void (*free)(void *maker);
    void *maker;
    struct text type;
    void (*missing)(h2o_req_t *req); /* answers where the first piece is STREAM_E_NOT_FOUND; or NULL: it never is */
    const char *what;                /* for the log: "GET /..." */
};

enum { STREAM_E_NOT_FOUND = 1 };

/* Answers with it; takes the maker, whatever becomes of it. */
void stream_begin(struct exchange *exchange, const struct stream_source *source);
/* False, and answered 503: LOOP_EXPORTS_MAX are under way. */
bool stream_has_room(struct exchange *exchange);
/* Gives up the streams of a loop that has ended: their connections will not. */
void stream_give_up(struct loop *loop);

/* ---- deeds.c: waiting for jobs ---- */

/*
 * Answers @req when its jobs are done, or behind RIGHTS_WAIT_MS with where their
 * deeds will be.  Where there is none, there was nothing to do.
 */
void deeds_await(h2o_req_t *req, const struct asked *asked);
/* The same, and @tell answers @req; @context lives in the request's pool. */
typedef void (*deeds_told)(h2o_req_t *req, const struct asked *asked, const void *context);
void deeds_await_then(h2o_req_t *req, const struct asked *asked, deeds_told tell, const void *context);

/* ---- routes.c ---- */

/* Registers the handler of one listener, which looks up the routes. */
void routes_register(h2o_pathconf_t *path, enum listener_kind listener);
/* Whether there is such an address. */
bool routes_has(enum listener_kind listener, struct text method, struct text path);

/* ---- handlers, one file an area ---- */

/* How events came, and how they are answered. Lives for ever. */
struct collect_form {
    bool is_body;    /* one event a line */
    bool is_adapted; /* the lines are an adapter's */
    bool is_picture; /* answered by the picture, whatever became of them */
    /* Else: answers what was taken. What was not has its errors. */
    void (*answer)(h2o_req_t *req, const struct collect_result *result);
};
void collect_events(struct exchange *exchange, struct text events, const struct collect_form *form);
void collect_get(struct exchange *exchange);
void collect_post(struct exchange *exchange);
void adapt_snowplow_post(struct exchange *exchange);
void adapt_plausible_post(struct exchange *exchange);
void adapt_goatcounter_any(struct exchange *exchange);
void adapt_matomo_any(struct exchange *exchange);
void consent_get(struct exchange *exchange);
void consent_post(struct exchange *exchange);
void shown_post(struct exchange *exchange);
void notice_current(struct exchange *exchange);
void notice_by_hash(struct exchange *exchange);
void ledger_show_head(struct exchange *exchange);
void receipt_get(struct exchange *exchange);
void script_consent(struct exchange *exchange);
void script_pixel(struct exchange *exchange);
void script_clicks(struct exchange *exchange);
void privacy_get(struct exchange *exchange);
void privacy_post(struct exchange *exchange);
void privacy_style(struct exchange *exchange);
void privacy_script(struct exchange *exchange);
void privacy_gpc(struct exchange *exchange);
void dashboard_page(struct exchange *exchange);
void dashboard_script(struct exchange *exchange);
void dashboard_style(struct exchange *exchange);
void sign_in_get(struct exchange *exchange);
void sign_in_post(struct exchange *exchange);
void sign_in_delete(struct exchange *exchange);
void policy_get(struct exchange *exchange);
void stats_query(struct exchange *exchange);
void stats_paths(struct exchange *exchange);
void stats_funnel(struct exchange *exchange);
void stats_schema(struct exchange *exchange);
void stats_consents(struct exchange *exchange);
void stats_coverage(struct exchange *exchange);
void export_get(struct exchange *exchange);
void audit_get(struct exchange *exchange);
void audit_check(struct exchange *exchange);
void requests_post(struct exchange *exchange);
void requests_get_own(struct exchange *exchange);
void requests_delete(struct exchange *exchange);
void queue_list(struct exchange *exchange);
void queue_read(struct exchange *exchange);
void queue_move(struct exchange *exchange);
void minors_post(struct exchange *exchange);
/* Sets the cookies of somebody who was reported to be a child: no id, and a choice that says so. */
void minors_lock_out(h2o_req_t *req, const struct edition *edition, const struct site *site, bool secure);
void me_get(struct exchange *exchange);
void me_export(struct exchange *exchange);
void me_delete(struct exchange *exchange);
void me_patch(struct exchange *exchange);
void me_restrict(struct exchange *exchange);
void me_lift(struct exchange *exchange);
void receipt_check(struct exchange *exchange);
void status_metrics(struct exchange *exchange);
void status_alive(struct exchange *exchange);
void status_ready(struct exchange *exchange);
