/*
 * GET /admin/audit/check: whether the audit trail is the one that was written,
 * so many records at a time, as each has a signature.
 *
 * What it tells of a trail is how long it is and where it breaks, which numbers
 * of records tell, too: so any admin may ask, also one of some sites.
 */
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "loop.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define ANSWER_BYTES_MAX 512

struct check {
    struct pool_job super;
    struct wait wait;
    const struct service *service;
    uint64_t after;
    struct buffer answer;
    int outcome; /* a fault, or TRAIL_E_NONE */
};

static void check_free(struct check *check)
{
    buffer_deinit(&check->answer);
    free(check);
}

/* ---- on one of the pool's threads ---- */

/* A head that is damaged is one of the things that are told. */
static int count_records(struct db_txn *txn, uint64_t *ret_n)
{
    struct chain_head head = {.n_records = 0};
    int r = trail_head(txn, &head);

    if (r < 0 && r != -EBADMSG)
        return error_trace(r);
    *ret_n = head.n_records;
    return 0;
}

static void put_number(struct buffer *answer, const char *name, uint64_t number)
{
    if (number)
        buffer_printf(answer, ",\"%s\":%" PRIu64, name, number);
    else
        buffer_printf(answer, ",\"%s\":null", name);
}

static int put_check(struct check *check)
{
    DB_TXN_AUTO *txn = NULL;
    struct buffer *answer = &check->answer;
    struct chain_break broken = {.sequence = 0};
    uint8_t key[SIGN_KEY_BYTES];
    uint64_t last = 0, n = 0;
    int outcome = 0, r = db_begin_read(check->service->db, &txn);

    sign_public_key(check->service->ledger_seed, key);
    if (r == 0)
        r = count_records(txn, &n);
    if (r == 0)
        r = outcome = trail_verify_part(txn, key, check->after, TRAIL_CHECK_MAX, &last, &broken);
    if (r < 0 || r == TRAIL_E_NONE)
        return r < 0 ? error_trace(r) : r;
    bool is_good = outcome != CHAIN_E_BROKEN;
    buffer_printf(answer, "{\"good\":%s,\"checked\":%" PRIu64 ",\"records\":%" PRIu64, is_good ? "true" : "false", last,
                  n);
    put_number(answer, "wrong", is_good ? 0 : broken.sequence);
    if (!is_good)
        buffer_printf(answer, ",\"why\":\"%s\"", broken.what);
    put_number(answer, "next", outcome == TRAIL_E_MORE ? last : 0);
    buffer_put_u8(answer, '}');
    return answer->fault ? error_origin(answer->fault) : 0;
}

static void check_run(struct pool_job *job)
{
    struct check *check = (struct check *)job;

    check->outcome = job->cancelled ? -ECANCELED : put_check(check);
    if (check->outcome < 0 && check->outcome != -ECANCELED)
        log_fault("GET /admin/audit/check", check->outcome);
    wait_wake(&check->wait);
}

/* ---- on the loop ---- */

static void check_answer(struct wait *wait, h2o_req_t *req)
{
    struct check *check = H2O_STRUCT_FROM_MEMBER(struct check, wait, wait);

    if (req && check->outcome == TRAIL_E_NONE)
        answer_error(req, 404, "after: there is no such record, or it cannot be read; leave it out to begin anew");
    else if (req && check->outcome)
        answer_later(req, "the audit trail cannot be read now; `crumb verify` may tell more");
    else if (req)
        answer_json(req, 200, buffer_text(&check->answer));
    check_free(check);
}

void audit_check(struct exchange *exchange)
{
    const struct token *token = token_need(exchange);
    uint64_t after = 0;

    if (!token)
        return;
    if (token->role != ROLE_ADMIN) {
        token_refuse(exchange, token);
        return;
    }
    if (!exchange_number(exchange, TEXT("after"), 0, INT64_MAX, &after))
        return;
    struct check *check = calloc(1, sizeof *check);
    if (!check) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    check->super.run = check_run;
    check->service = exchange->loop->service;
    check->after = after;
    check->answer = BUFFER_INIT(ANSWER_BYTES_MAX);
    wait_begin(&check->wait, exchange, check_answer);
    if (pool_submit(exchange->loop->service->queries, &check->super)) {
        answer_later(wait_cancel(&check->wait), "too many questions are waiting; try again later");
        check_free(check);
    }
}
