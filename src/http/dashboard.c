/*
 * GET /, /dashboard.js and /dashboard.css: the analyst's page, which the build
 * compressed.  It holds no data: everybody may load it, and what it shows it
 * asks for with a session.
 */
#include "dashboard.h"
#include "loop.h"
#include "negotiate.h"

/*
 * Nothing but the page's own script, style and questions; no markup from a
 * string ever (W3C Trusted Types), and in nobody's frame.
 */
#define POLICY                                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "              \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "                \
    "trusted-types 'none'"

static const struct text codings[DASHBOARD_CODING_N] = {{"identity", 8}, {"gzip", 4}, {"br", 2}};

static void answer_asset(struct exchange *exchange, const struct dashboard_asset *asset)
{
    h2o_req_t *req = exchange->req;
    unsigned coding = negotiate_coding(exchange_header(exchange, TEXT("accept-encoding")), codings, DASHBOARD_CODING_N);

    answer_header(req, TEXT("Content-Security-Policy"), TEXT(POLICY));
    answer_header(req, TEXT("Referrer-Policy"), TEXT("same-origin"));
    answer_header(req, TEXT("Cross-Origin-Opener-Policy"), TEXT("same-origin"));
    answer_header(req, TEXT("Cross-Origin-Resource-Policy"), TEXT("same-origin"));
    answer_header(req, TEXT("Cache-Control"), TEXT("no-cache"));
    answer_header(req, TEXT("Vary"), TEXT("Accept-Encoding"));
    answer_header(req, TEXT("ETag"), asset->etags[coding]);
    if (negotiate_has(exchange_header(exchange, TEXT("if-none-match")), asset->etags[coding])) {
        answer_not_modified(req);
        return;
    }
    if (coding)
        answer_header(req, TEXT("Content-Encoding"), codings[coding]);
    answer_text(req, 200, asset->type, asset->bodies[coding]);
}

void dashboard_page(struct exchange *exchange) { answer_asset(exchange, &asset_dashboard_html); }
void dashboard_script(struct exchange *exchange) { answer_asset(exchange, &asset_dashboard_js); }
void dashboard_style(struct exchange *exchange) { answer_asset(exchange, &asset_dashboard_css); }
