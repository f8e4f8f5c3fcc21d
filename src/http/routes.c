/*
 * Every address of the service, one row each.
 */
#include "crumb/base/metrics.h"
#include "loop.h"

static const struct route {
    enum listener_kind listener;
    struct text method;
    struct text path; /* ends with "/", but for that alone: whatever follows is the handler's */
    exchange_handler handle;
} routes[] = {
#define ROUTE(listener, method, path, handle)                                                                          \
    {                                                                                                                  \
        LISTENER_##listener, {method, sizeof(method) - 1}, {path, sizeof(path) - 1}, handle                            \
    }
    ROUTE(PUBLIC, "GET", "/p.gif", collect_get),
    ROUTE(PUBLIC, "GET", "/i", collect_get),
    ROUTE(PUBLIC, "POST", "/p", collect_post),
    ROUTE(PUBLIC, "POST", "/com.snowplowanalytics.snowplow/tp2", adapt_snowplow_post),
    ROUTE(PUBLIC, "POST", "/api/event", adapt_plausible_post),
    ROUTE(PUBLIC, "GET", "/count", adapt_goatcounter_any),
    ROUTE(PUBLIC, "POST", "/count", adapt_goatcounter_any),
    ROUTE(PUBLIC, "GET", "/matomo.php", adapt_matomo_any),
    ROUTE(PUBLIC, "POST", "/matomo.php", adapt_matomo_any),
    ROUTE(PUBLIC, "GET", "/v1/consent", consent_get),
    ROUTE(PUBLIC, "POST", "/v1/consent", consent_post),
    ROUTE(PUBLIC, "GET", "/v1/notice", notice_current),
    ROUTE(PUBLIC, "GET", "/v1/notice/", notice_by_hash),
    ROUTE(PUBLIC, "POST", "/v1/shown", shown_post),
    ROUTE(PRIVATE, "GET", "/api/v2/consents", stats_consents),
    ROUTE(PRIVATE, "GET", "/api/v2/coverage", stats_coverage),
    ROUTE(PUBLIC, "GET", "/v1/receipt/", receipt_get),
    ROUTE(PUBLIC, "POST", "/v1/receipt/check", receipt_check),
    ROUTE(PUBLIC, "GET", "/v1/me", me_get),
    ROUTE(PUBLIC, "DELETE", "/v1/me", me_delete),
    ROUTE(PUBLIC, "PATCH", "/v1/me", me_patch),
    ROUTE(PUBLIC, "GET", "/v1/me/export", me_export),
    ROUTE(PUBLIC, "POST", "/v1/me/restriction", me_restrict),
    ROUTE(PUBLIC, "DELETE", "/v1/me/restriction", me_lift),
    ROUTE(PUBLIC, "GET", "/v1/ledger/head", ledger_show_head),
    ROUTE(PUBLIC, "POST", "/v1/me/requests", requests_post),
    ROUTE(PUBLIC, "GET", "/v1/me/requests", requests_get_own),
    ROUTE(PUBLIC, "DELETE", "/v1/me/requests", requests_delete),
    ROUTE(PUBLIC, "GET", "/consent.js", script_consent),
    ROUTE(PUBLIC, "GET", "/pixel.js", script_pixel),
    ROUTE(PUBLIC, "GET", "/clicks.js", script_clicks),
    ROUTE(PUBLIC, "GET", "/privacy", privacy_get),
    ROUTE(PUBLIC, "POST", "/privacy", privacy_post),
    ROUTE(PUBLIC, "GET", "/privacy.css", privacy_style),
    ROUTE(PUBLIC, "GET", "/privacy.js", privacy_script),
    ROUTE(PUBLIC, "GET", "/policy", policy_get),
    ROUTE(PUBLIC, "GET", "/.well-known/gpc.json", privacy_gpc),
    ROUTE(PRIVATE, "GET", "/", dashboard_page),
    ROUTE(PRIVATE, "GET", "/dashboard.js", dashboard_script),
    ROUTE(PRIVATE, "GET", "/dashboard.css", dashboard_style),
    ROUTE(PRIVATE, "GET", "/session", sign_in_get),
    ROUTE(PRIVATE, "POST", "/session", sign_in_post),
    ROUTE(PRIVATE, "DELETE", "/session", sign_in_delete),
    ROUTE(PRIVATE, "GET", "/v1/notice/", notice_by_hash),
    ROUTE(PRIVATE, "POST", "/api/v2/query", stats_query),
    ROUTE(PRIVATE, "POST", "/api/v2/paths", stats_paths),
    ROUTE(PRIVATE, "POST", "/api/v2/funnel", stats_funnel),
    ROUTE(PRIVATE, "GET", "/api/v2/schema", stats_schema),
    ROUTE(PRIVATE, "GET", "/api/v2/export", export_get),
    ROUTE(PRIVATE, "GET", "/admin/audit", audit_get),
    ROUTE(PRIVATE, "GET", "/admin/audit/check", audit_check),
    ROUTE(PRIVATE, "GET", "/admin/requests", queue_list),
    ROUTE(PRIVATE, "GET", "/admin/requests/", queue_read),
    ROUTE(PRIVATE, "POST", "/admin/requests/", queue_move),
    ROUTE(PRIVATE, "POST", "/admin/minors", minors_post),
    ROUTE(PRIVATE, "GET", "/metrics", status_metrics),
    ROUTE(PRIVATE, "GET", "/healthz", status_alive),
    ROUTE(PRIVATE, "GET", "/readyz", status_ready),
#undef ROUTE
};

#define N_ROUTES (sizeof routes / sizeof routes[0])

struct routes_handler {
    h2o_handler_t super;
    enum listener_kind listener;
};

static bool path_fits(const struct route *route, struct text path)
{
    bool open = route->path.size > 1 && route->path.data[route->path.size - 1] == '/';

    return open ? path.size > route->path.size && text_starts(path, route->path) : text_equal(path, route->path);
}

bool routes_has(enum listener_kind listener, struct text method, struct text path)
{
    for (const struct route *route = routes; route < routes + N_ROUTES; route++)
        if (route->listener == listener && text_equal(route->method, method) && path_fits(route, path))
            return true;
    return false;
}

/* The methods of a path, for Allow; empty where there is no such path. */
static void allowed_methods(enum listener_kind listener, struct text path, struct buffer *methods)
{
    for (const struct route *route = routes; route < routes + N_ROUTES; route++)
        if (route->listener == listener && path_fits(route, path))
            buffer_printf(methods, "%s%.*s", methods->size ? ", " : "", TEXT_ARGS(route->method));
}

/* Fetch section 4.8: a page of a listed origin may use whatever the path offers. */
static void answer_preflight(struct exchange *exchange, struct text methods)
{
    const struct config *config = exchange->loop->edition->config;
    struct text origin = exchange_header(exchange, TEXT("origin"));

    for (unsigned i = 0; i < config->n_sites; i++) {
        if (!config_origin_listed(&config->sites[i], origin))
            continue;
        answer_cors(exchange, &config->sites[i]);
        answer_header(exchange->req, TEXT("Access-Control-Allow-Methods"), methods);
        answer_header(exchange->req, TEXT("Access-Control-Allow-Headers"), TEXT("content-type, sp-anonymous"));
        answer_header(exchange->req, TEXT("Access-Control-Max-Age"), TEXT("600"));
        answer_empty(exchange->req, 204);
        return;
    }
    answer_error(exchange->req, 403, "this origin is not one of any site's `origins` in the configuration");
}

static void answer_no_route(struct exchange *exchange, enum listener_kind listener)
{
    h2o_req_t *req = exchange->req;
    BUFFER_AUTO methods = BUFFER_INIT(256);

    allowed_methods(listener, exchange->path, &methods);
    if (methods.size == 0) {
        answer_error(req, 404, "there is nothing at this address");
    } else if (h2o_memis(req->method.base, req->method.len, H2O_STRLIT("OPTIONS")) && listener == LISTENER_PUBLIC) {
        answer_preflight(exchange, buffer_text(&methods));
    } else {
        answer_header(req, TEXT("Allow"), buffer_text(&methods));
        answer_error(req, 405, "this address answers %.*s only", TEXT_ARGS(buffer_text(&methods)));
    }
}

static int on_request(h2o_handler_t *super, h2o_req_t *req)
{
    enum listener_kind listener = ((struct routes_handler *)super)->listener;
    struct exchange exchange = exchange_of(req);
    struct text method = {.data = req->method.base, .size = req->method.len};

    metrics_add(METRIC_requests_total, 1);
    for (const struct route *route = routes; route < routes + N_ROUTES; route++) {
        if (route->listener == listener && text_equal(route->method, method) && path_fits(route, exchange.path)) {
            route->handle(&exchange);
            return 0;
        }
    }
    answer_no_route(&exchange, listener);
    return 0;
}

void routes_register(h2o_pathconf_t *path, enum listener_kind listener)
{
    struct routes_handler *handler = (struct routes_handler *)h2o_create_handler(path, sizeof *handler);

    handler->super.on_req = on_request;
    handler->listener = listener;
}
