/*
 * GET /admin/audit: the audit trail, the newest first.
 *
 * An answer has a bounded number of records, found among a bounded number;
 * `next` tells where to go on.  A token of some sites sees what happened to
 * these; what concerns the whole service is shown to an admin of all of it.
 */
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/rights/trail_json.h"
#include "loop.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define ANSWER_BYTES_MAX (TRAIL_RECORDS_MAX * TRAIL_JSON_BYTES_MAX + 1024)

struct auditing {
    struct pool_job super;
    struct wait wait;
    struct edition *edition;
    const struct service *service;
    const struct token *token; /* lent by the edition */
    const struct site *site;   /* NULL: every one that the token covers */
    int act;                   /* 0: all */
    bool is_ndjson;
    unsigned limit;
    uint64_t before;
    struct buffer answer;
    unsigned n, n_looked_at;
    uint64_t last; /* that was looked at */
    int outcome;
};

enum { AUDIT_E_ENOUGH = 1000 };

static void auditing_free(struct auditing *auditing)
{
    buffer_deinit(&auditing->answer);
    edition_unref(auditing->edition);
    free(auditing);
}

/* ---- on one of the pool's threads ---- */

static bool is_wanted(const struct auditing *auditing, const struct trail_entry *entry)
{
    if (auditing->act && entry->act != (enum trail_act)auditing->act)
        return false;
    if (auditing->site)
        return text_equal(entry->site, text_of(auditing->site->name));
    return token_covers_name(auditing->token, entry->site);
}

static int put_record(void *context, const struct trail_record *record)
{
    struct auditing *auditing = context;

    if (auditing->n == auditing->limit || auditing->n_looked_at == TRAIL_SCAN_MAX)
        return AUDIT_E_ENOUGH;
    auditing->n_looked_at++;
    auditing->last = record->sequence;
    if (!is_wanted(auditing, &record->entry))
        return 0;
    if (auditing->n++ && !auditing->is_ndjson)
        buffer_put_u8(&auditing->answer, ',');
    trail_json_put(&auditing->answer, record);
    if (auditing->is_ndjson)
        buffer_put_u8(&auditing->answer, '\n');
    return auditing->answer.fault ? error_origin(auditing->answer.fault) : 0;
}

static int put_all(struct auditing *auditing)
{
    DB_TXN_AUTO *txn = NULL;
    struct buffer *answer = &auditing->answer;
    int r = db_begin_read(auditing->service->db, &txn);

    if (r)
        return error_trace(r);
    if (!auditing->is_ndjson)
        buffer_put_text(answer, TEXT("{\"records\":["));
    r = trail_each_back(txn, auditing->before, put_record, auditing);
    if (r < 0)
        return error_trace(r);
    if (!auditing->is_ndjson && r == AUDIT_E_ENOUGH)
        buffer_printf(answer, "],\"next\":%" PRIu64 "}", auditing->last);
    else if (!auditing->is_ndjson)
        buffer_put_text(answer, TEXT("],\"next\":null}"));
    return answer->fault ? error_origin(answer->fault) : 0;
}

static void auditing_run(struct pool_job *job)
{
    struct auditing *auditing = (struct auditing *)job;

    auditing->outcome = job->cancelled ? -ECANCELED : put_all(auditing);
    if (auditing->outcome && auditing->outcome != -ECANCELED)
        log_fault("GET /admin/audit", auditing->outcome);
    wait_wake(&auditing->wait);
}

/* ---- on the loop ---- */

static void auditing_answer(struct wait *wait, h2o_req_t *req)
{
    struct auditing *auditing = H2O_STRUCT_FROM_MEMBER(struct auditing, wait, wait);

    if (req && auditing->outcome)
        answer_later(req, "the audit trail cannot be read now; `crumb verify` may tell more");
    else if (req)
        answer_text(req, 200, auditing->is_ndjson ? TEXT("application/x-ndjson") : TEXT("application/json"),
                    buffer_text(&auditing->answer));
    auditing_free(auditing);
}

/* False: it was answered 400. */
static bool read_wish(struct exchange *exchange, struct auditing *auditing)
{
    struct text act = exchange_param(exchange, TEXT("act")), format = exchange_param(exchange, TEXT("format"));
    uint64_t limit = TRAIL_RECORDS_DEFAULT;

    auditing->before = UINT64_MAX;
    if (!exchange_number(exchange, TEXT("limit"), 1, TRAIL_RECORDS_MAX, &limit) ||
        !exchange_number(exchange, TEXT("before"), 1, UINT64_MAX, &auditing->before))
        return false;
    auditing->limit = (unsigned)limit;
    auditing->act = act.size ? trail_find_act(act) : 0;
    if (auditing->act < 0) {
        answer_error(exchange->req, 400, "act: there is no such act; docs/requests.md lists them");
        return false;
    }
    auditing->is_ndjson =
        text_equal(format, TEXT("ndjson")) ||
        (!format.size && text_equal(exchange_header(exchange, TEXT("accept")), TEXT("application/x-ndjson")));
    if (format.size && !auditing->is_ndjson && !text_equal(format, TEXT("json"))) {
        answer_error(exchange->req, 400, "format: must be json or ndjson");
        return false;
    }
    return true;
}

void audit_get(struct exchange *exchange)
{
    const struct token *token = token_need(exchange);
    struct text name = exchange_param(exchange, TEXT("site_id"));

    if (!token)
        return;
    const struct site *site = config_site(exchange->loop->edition->config, name);
    if (token->role != ROLE_ADMIN || (name.size && (!site || !token_may_export(token, site)))) {
        token_refuse(exchange, token);
        return;
    }
    struct auditing *auditing = calloc(1, sizeof *auditing);
    if (!auditing) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    auditing->super.run = auditing_run;
    auditing->edition = edition_ref(exchange->loop->edition);
    auditing->service = exchange->loop->service;
    auditing->token = token;
    auditing->site = site;
    auditing->answer = BUFFER_INIT(ANSWER_BYTES_MAX);
    if (!read_wish(exchange, auditing)) {
        auditing_free(auditing);
        return;
    }
    wait_begin(&auditing->wait, exchange, auditing_answer);
    if (pool_submit(exchange->loop->service->queries, &auditing->super)) {
        answer_later(wait_cancel(&auditing->wait), "too many questions are waiting; try again later");
        auditing_free(auditing);
    }
}
