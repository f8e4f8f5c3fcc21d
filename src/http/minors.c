/*
 * POST /admin/minors: whoever helps visitors of a site reports that one of them
 * is a child, by the visitor's id or by the request that came from their browser.
 *
 * The report goes on record by the receipt's id, as nothing may lead from the
 * visitor to it.
 */
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "crumb/consent/cookie.h"
#include "crumb/rights/minor.h"
#include "loop.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#define OBJECT_BYTES (sizeof "receipt " + DEED_ID_HEX_BYTES)

struct reporting {
    struct pool_job job; /* finds the visitor of a request, then: */
    struct write_op op;
    struct wait wait;
    struct edition *edition;
    const struct service *service;
    struct minor_report report;
    uint32_t request; /* 0: the visitor is known */
    struct trail_entry entry;
    char object[OBJECT_BYTES], details[64];
    struct asked asked;
    int outcome;
};

static void reporting_free(struct reporting *reporting)
{
    edition_unref(reporting->edition);
    free(reporting);
}

static void reporting_answer(struct wait *wait, h2o_req_t *req)
{
    struct reporting *reporting = H2O_STRUCT_FROM_MEMBER(struct reporting, wait, wait);

    if (req && reporting->outcome < 0)
        answer_later(req, "it could not be done now; try again later");
    else if (req && reporting->outcome)
        answer_error(req, 404, "nothing is kept of such a visitor; a request that came without a cookie is nobody's");
    else if (req)
        deeds_await(req, &reporting->asked);
    reporting_free(reporting);
}

/* ---- on the writer's thread ---- */

static int reporting_apply(struct write_op *op, struct batch *batch)
{
    struct reporting *reporting = H2O_STRUCT_FROM_MEMBER(struct reporting, op, op);
    char id[DEED_ID_HEX_BYTES];

    reporting->asked.n = 0;
    reporting->outcome = minor_report(batch, &reporting->report, &reporting->asked);
    if (reporting->outcome)
        return reporting->outcome < 0 ? error_trace(reporting->outcome) : 0;
    if (reporting->asked.n) {
        deed_hex(reporting->asked.deeds[0].id, id);
        snprintf(reporting->object, sizeof reporting->object, "receipt %s", id);
    }
    reporting->entry.object = text_of(reporting->object);
    return error_trace(trail_append(batch, &reporting->service->trail, &reporting->entry));
}

static void reporting_done(struct write_op *op, int result)
{
    struct reporting *reporting = H2O_STRUCT_FROM_MEMBER(struct reporting, op, op);

    if (result)
        reporting->outcome = result;
    else if (reporting->asked.n)
        desk_call(reporting->service->desk);
    wait_wake(&reporting->wait);
}

/* ---- on one of the pool's threads ---- */

static int find(struct reporting *reporting)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(reporting->service->db, &txn);

    return r ? error_trace(r)
             : minor_find(txn, &reporting->service->trail, reporting->report.site->id, reporting->request,
                          reporting->report.visitor);
}

static void find_run(struct pool_job *job)
{
    struct reporting *reporting = H2O_STRUCT_FROM_MEMBER(struct reporting, job, job);

    reporting->outcome = job->cancelled ? -ECANCELED : find(reporting);
    if (reporting->outcome == 0 && writer_submit(reporting->service->writer, &reporting->op) == 0)
        return; /* it wakes */
    if (reporting->outcome == 0)
        reporting->outcome = -EAGAIN;
    else if (reporting->outcome < 0 && reporting->outcome != -ECANCELED)
        log_fault("POST /admin/minors", reporting->outcome);
    wait_wake(&reporting->wait);
}

/* ---- on the loop ---- */

/* {"visitor": "32 hex digits"} or {"request": N}. False: it is neither. */
static bool read_body(const json_t *object, struct reporting *reporting)
{
    const json_t *visitor = json_object_get(object, "visitor"), *request = json_object_get(object, "request");
    const char *hex = json_string_value(visitor);
    json_int_t number = json_integer_value(request);
    size_t size;

    if (json_object_size(object) != 1)
        return false;
    if (request && number > 0 && number <= UINT32_MAX) {
        reporting->request = (uint32_t)number;
        snprintf(reporting->details, sizeof reporting->details, "by request %" PRIu32, reporting->request);
        return true;
    }
    snprintf(reporting->details, sizeof reporting->details, "by id");
    return hex && json_string_length(visitor) == 2 * VISITOR_BYTES &&
           sodium_hex2bin(reporting->report.visitor, VISITOR_BYTES, hex, 2 * VISITOR_BYTES, NULL, &size, NULL) == 0 &&
           size == VISITOR_BYTES;
}

/* NULL: no memory. */
static struct reporting *reporting_new(const struct exchange *exchange, const struct token *token,
                                       const struct site *site)
{
    const struct service *service = exchange->loop->service;
    struct reporting *reporting = calloc(1, sizeof *reporting);

    if (!reporting)
        return NULL;
    reporting->edition = edition_ref(exchange->loop->edition);
    reporting->service = service;
    reporting->report.edition = reporting->edition;
    reporting->report.site = site;
    reporting->report.at_ms = clock_now_ms(service->clock);
    random_fill(service->random, reporting->report.record_id, RECORD_ID_BYTES);
    random_fill(service->random, reporting->report.ids, sizeof reporting->report.ids);
    reporting->entry = token_entry(exchange, token, ACT_MINOR_REPORTED, site);
    reporting->job.run = find_run;
    reporting->op = (struct write_op){
        .reserve = true, .bytes = sizeof *reporting, .apply = reporting_apply, .done = reporting_done};
    return reporting;
}

/* Takes @reporting. */
static void submit(struct reporting *reporting, struct exchange *exchange)
{
    const struct service *service = reporting->service;

    reporting->entry.details = text_of(reporting->details);
    wait_begin(&reporting->wait, exchange, reporting_answer);
    if (reporting->request ? pool_submit(service->queries, &reporting->job)
                           : writer_submit(service->writer, &reporting->op)) {
        answer_later(wait_cancel(&reporting->wait), "too much is waiting; try again later");
        reporting_free(reporting);
    }
}

void minors_post(struct exchange *exchange)
{
    const struct token *token = token_need(exchange);
    JSON_AUTO *object = NULL;

    if (!token)
        return;
    const struct site *site = config_site(exchange->loop->edition->config, exchange_param(exchange, TEXT("site_id")));
    if (!site || !token_may_help(token, site)) {
        token_refuse(exchange, token);
        return;
    }
    struct reporting *reporting = reporting_new(exchange, token, site);
    int r = reporting ? json_read(exchange_body(exchange), &object) : -ENOMEM;
    if (r == 0 && read_body(object, reporting)) {
        submit(reporting, exchange);
        return;
    }
    if (r < 0)
        answer_later(exchange->req, "there is no memory now; try again later");
    else
        answer_error(exchange->req, 400,
                     "the body must be {\"visitor\": ID}, with the 32 hex digits of crumb_id's visitor, or "
                     "{\"request\": NUMBER}");
    if (reporting)
        reporting_free(reporting);
}

/* ---- the browser ---- */

/* As http/consent.c does for whoever says so. */
void minors_lock_out(h2o_req_t *req, const struct edition *edition, const struct site *site, bool secure)
{
    struct cookie_choice cookie = {.action = CHOICE_MINOR, .asked = UINT32_MAX};
    const struct service *service = H2O_STRUCT_FROM_MEMBER(struct loop, h2o, req->conn->ctx)->service;
    BUFFER_AUTO value = BUFFER_INIT(COOKIE_CHOICE_TEXT_BYTES_MAX);
    char hex[HASH_HEX_BYTES];

    cookie.at_s = clock_now_ms(service->clock) / 1000;
    notice_hex(edition_notices(edition, site)->material, hex);
    memcpy(cookie.material, hex, sizeof cookie.material - 1);
    cookie_put_choice(&value, site, &cookie);
    if (site->cookie_domain) { /* those of before there was one */
        answer_cookie(req, COOKIE_CHOICE_NAME, TEXT_NONE, 0, NULL, secure, false);
        answer_cookie(req, COOKIE_ID_NAME, TEXT_NONE, 0, NULL, secure, true);
    }
    answer_cookie(req, COOKIE_CHOICE_NAME, buffer_text(&value), site->retention.refusal_ms / 1000, site->cookie_domain,
                  secure, false);
    answer_cookie(req, COOKIE_ID_NAME, TEXT_NONE, 0, site->cookie_domain, secure, true);
}
