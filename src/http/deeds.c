/*
 * Requests that wait for jobs; deeds by their ids; whether one is ours.
 *
 * A wait ends when the last of its deeds came or its time is up, whichever is
 * first.  The deeds come from the keeper's thread and the time from the loop's:
 * whoever is first wakes, once.
 */
#include "crumb/base/json.h"
#include "crumb/base/limits.h"
#include "crumb/base/log.h"
#include "crumb/rights/deed.h"
#include "crumb/store/sign.h"
#include "loop.h"
#include <pthread.h>
#include <stdlib.h>

struct awaiting;

struct awaited {
    struct desk_wait super;
    struct awaiting *awaiting;
    json_t *deed; /* NULL: not yet */
};

struct awaiting {
    struct wait wait;
    struct desk *desk;
    h2o_timeout_entry_t patience;
    struct asked asked;
    deeds_told tell; /* NULL: in JSON */
    const void *context;
    struct awaited awaited[CHOICE_LOSSES_MAX];
    pthread_mutex_t lock; /* guards what follows, and the deeds */
    unsigned n_left;
    bool is_late, is_woken;
};

/* Last, as the loop may free it as soon as it is woken. */
static void wake_once(struct awaiting *awaiting)
{
    pthread_mutex_lock(&awaiting->lock);
    bool wakes = !awaiting->is_woken && (awaiting->n_left == 0 || awaiting->is_late);
    awaiting->is_woken |= wakes;
    pthread_mutex_unlock(&awaiting->lock);
    if (wakes)
        wait_wake(&awaiting->wait);
}

/* Under the desk's lock. */
static void on_deed(struct desk_wait *super, struct text deed)
{
    struct awaited *awaited = (struct awaited *)super;
    struct awaiting *awaiting = awaited->awaiting;
    json_t *object = json_loadb(deed.data, deed.size, 0, NULL);

    pthread_mutex_lock(&awaiting->lock);
    awaited->deed = object;
    awaiting->n_left--;
    pthread_mutex_unlock(&awaiting->lock);
    wake_once(awaiting);
}

static void on_late(h2o_timeout_entry_t *entry)
{
    struct awaiting *awaiting = H2O_STRUCT_FROM_MEMBER(struct awaiting, patience, entry);

    pthread_mutex_lock(&awaiting->lock);
    awaiting->is_late = true;
    pthread_mutex_unlock(&awaiting->lock);
    wake_once(awaiting);
}

/* Of each job where its deed is or will be, and the deed if there is one. */
static json_t *answer_of(const struct awaiting *awaiting, bool *ret_done)
{
    json_t *receipts = json_array();

    *ret_done = true;
    for (unsigned i = 0; i < awaiting->asked.n; i++) {
        json_t *deed = awaiting->awaited[i].deed;
        char hex[DEED_ID_HEX_BYTES];

        deed_hex(awaiting->asked.deeds[i].id, hex);
        *ret_done &= deed != NULL;
        receipts = json_item(receipts, json_pack("{s:o, s:o}", "at", json_sprintf("/v1/receipt/%s", hex), "receipt",
                                                 deed ? json_incref(deed) : json_null()));
    }
    return json_pack("{s:b, s:o}", "done", *ret_done, "receipts", receipts);
}

static void awaiting_answer(struct wait *wait, h2o_req_t *req)
{
    struct awaiting *awaiting = H2O_STRUCT_FROM_MEMBER(struct awaiting, wait, wait);
    bool done;

    if (h2o_timeout_is_linked(&awaiting->patience))
        h2o_timeout_unlink(&awaiting->patience);
    for (unsigned i = 0; i < awaiting->asked.n; i++)
        desk_leave(awaiting->desk, &awaiting->awaited[i].super);
    json_t *answer = answer_of(awaiting, &done);
    if (req && awaiting->tell)
        awaiting->tell(req, &awaiting->asked, awaiting->context);
    else if (req)
        answer_object(req, done ? 200 : 202, json_incref(answer));
    json_decref(answer);
    for (unsigned i = 0; i < awaiting->asked.n; i++)
        json_decref(awaiting->awaited[i].deed);
    pthread_mutex_destroy(&awaiting->lock);
    free(awaiting);
}

void deeds_await(h2o_req_t *req, const struct asked *asked) { deeds_await_then(req, asked, NULL, NULL); }

void deeds_await_then(h2o_req_t *req, const struct asked *asked, deeds_told tell, const void *context)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, h2o, req->conn->ctx);
    struct exchange exchange = {.req = req, .loop = loop};
    struct awaiting *awaiting = asked->n ? calloc(1, sizeof *awaiting) : NULL;

    if (tell && !awaiting) {
        tell(req, asked, context);
        return;
    }
    if (!asked->n) {
        answer_object(req, 200, json_pack("{s:b, s:[]}", "done", 1, "receipts"));
        return;
    }
    if (!awaiting) {
        answer_later(req, "it is done, but there is no memory to say more; ask again for what is kept");
        return;
    }
    awaiting->desk = loop->service->desk;
    awaiting->asked = *asked;
    awaiting->tell = tell;
    awaiting->context = context;
    awaiting->n_left = asked->n;
    awaiting->patience.cb = on_late;
    pthread_mutex_init(&awaiting->lock, NULL);
    wait_begin(&awaiting->wait, &exchange, awaiting_answer);
    h2o_timeout_link(loop->h2o.loop, &loop->patience, &awaiting->patience);
    for (unsigned i = 0; i < asked->n; i++) {
        awaiting->awaited[i] =
            (struct awaited){.super = {.job = asked->deeds[i].job, .done = on_deed}, .awaiting = awaiting};
        desk_wait(awaiting->desk, &awaiting->awaited[i].super);
    }
}

/* ---- POST /v1/receipt/check ---- */

struct checking {
    struct pool_job super;
    struct wait wait;
    const struct service *service;
    struct buffer json;
    bool is_deed, is_ours, is_known;
    int fault;
};

static void checking_free(struct checking *checking)
{
    buffer_deinit(&checking->json);
    free(checking);
}

static int check(struct checking *checking)
{
    uint8_t key[HEAD_KEY_BYTES], id[DEED_ID_BYTES];
    DB_TXN_AUTO *txn = NULL;
    struct text kept;

    sign_public_key(checking->service->ledger_seed, key);
    int r = deed_check(buffer_text(&checking->json), key, id);
    checking->is_deed = r != DEED_E_INVALID;
    checking->is_ours = r == 0;
    if (r)
        return r < 0 ? r : 0;
    r = db_begin_read(checking->service->db, &txn);
    if (r == 0)
        r = deed_get(txn, id, &kept);
    checking->is_known = r == 0;
    return r < 0 ? r : 0;
}

static void checking_run(struct pool_job *job)
{
    struct checking *checking = (struct checking *)job;

    checking->fault = check(checking);
    if (checking->fault)
        log_fault("POST /v1/receipt/check", checking->fault);
    wait_wake(&checking->wait);
}

static void checking_answer(struct wait *wait, h2o_req_t *req)
{
    struct checking *checking = H2O_STRUCT_FROM_MEMBER(struct checking, wait, wait);

    if (req && checking->fault)
        answer_later(req, "the receipt cannot be checked now; try again later");
    else if (req && !checking->is_deed)
        answer_error(req, 400, "the body must be a receipt of an erasure, restriction or correction, as it was given");
    else if (req)
        answer_object(req, 200, json_pack("{s:b, s:b}", "ours", checking->is_ours, "known", checking->is_known));
    checking_free(checking);
}

void receipt_check(struct exchange *exchange)
{
    struct checking *checking;

    /* Whoever has a receipt may ask; nothing depends on who. */
    answer_header(exchange->req, TEXT("Access-Control-Allow-Origin"), TEXT("*"));
    if (!exchange_may_choose(exchange, RATE_RIGHTS)) {
        answer_too_many(exchange->req, "too many requests came from this address; try again later");
        return;
    }
    checking = calloc(1, sizeof *checking);
    if (checking) {
        checking->json = BUFFER_INIT(BODY_BYTES_MAX);
        buffer_put_text(&checking->json, exchange_body(exchange));
    }
    if (!checking || checking->json.fault) {
        answer_later(exchange->req, "there is no memory now; try again later");
        if (checking)
            checking_free(checking);
        return;
    }
    checking->super.run = checking_run;
    checking->service = exchange->loop->service;
    wait_begin(&checking->wait, exchange, checking_answer);
    if (pool_submit(exchange->loop->service->lookups, &checking->super)) {
        answer_later(wait_cancel(&checking->wait), "too many questions are waiting; try again later");
        checking_free(checking);
    }
}
