/*
 * GET /policy: the privacy policy of a site, written anew whenever it is asked
 * for, on a pool thread, as past versions are read from the store.
 */
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/config/value.h"
#include "loop.h"
#include "policy_page.h"
#include <stdlib.h>

#define POLICY "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

struct reading {
    struct pool_job super;
    struct wait wait;
    struct edition *edition;
    struct db *db;
    const struct site *site;
    const struct notice *notice;
    int64_t before_ms;
    struct buffer html;
    int outcome;
};

static void reading_free(struct reading *reading)
{
    buffer_deinit(&reading->html);
    edition_unref(reading->edition);
    free(reading);
}

static bool has_address(struct text method, struct text path) { return routes_has(LISTENER_PUBLIC, method, path); }

static int write_page(struct reading *reading)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(reading->db, &txn);

    if (r)
        return error_trace(r);
    struct policy_page page = {.edition = reading->edition,
                               .site = reading->site,
                               .notice = reading->notice,
                               .txn = txn,
                               .before_ms = reading->before_ms,
                               .has_address = has_address};
    return error_trace(policy_page_put(&reading->html, &page));
}

/* On one of the pool's threads. */
static void reading_run(struct pool_job *job)
{
    struct reading *reading = (struct reading *)job;

    reading->outcome = write_page(reading);
    if (reading->outcome)
        log_fault("GET /policy", reading->outcome);
    wait_wake(&reading->wait);
}

static void answer(h2o_req_t *req, const struct reading *reading)
{
    if (reading->outcome) {
        answer_later(req, "the policy cannot be read now; try again later");
        return;
    }
    answer_header(req, TEXT("Content-Security-Policy"), TEXT(POLICY));
    answer_header(req, TEXT("Referrer-Policy"), TEXT("same-origin"));
    answer_header(req, TEXT("Cross-Origin-Opener-Policy"), TEXT("same-origin"));
    answer_header(req, TEXT("Cache-Control"), TEXT("public, max-age=60"));
    answer_header(req, TEXT("Content-Language"), text_of(reading->notice->lang));
    answer_text(req, 200, TEXT("text/html; charset=utf-8"), buffer_text(&reading->html));
}

static void reading_answer(struct wait *wait, h2o_req_t *req)
{
    struct reading *reading = H2O_STRUCT_FROM_MEMBER(struct reading, wait, wait);

    if (req)
        answer(req, reading);
    reading_free(reading);
}

void policy_get(struct exchange *exchange)
{
    const struct site *site = exchange_site(exchange);
    struct text before = exchange_param(exchange, TEXT("before"));
    uint64_t before_ms = INT64_MAX;

    if (!site)
        return;
    if (before.size && !value_count(before, INT64_MAX, &before_ms)) {
        answer_error(exchange->req, 400, "`before` is no time; write milliseconds since 1970, or leave it out");
        return;
    }
    struct reading *reading = calloc(1, sizeof *reading);
    if (!reading) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    reading->super.run = reading_run;
    reading->edition = edition_ref(exchange->loop->edition);
    reading->db = exchange->loop->service->db;
    reading->site = site;
    reading->notice = exchange_notice(exchange, site);
    reading->before_ms = (int64_t)before_ms;
    reading->html = BUFFER_INIT(POLICY_BYTES_MAX);
    wait_begin(&reading->wait, exchange, reading_answer);
    if (pool_submit(exchange->loop->service->lookups, &reading->super)) {
        answer_later(wait_cancel(&reading->wait), "too many ask for it now; try again later");
        reading_free(reading);
    }
}
