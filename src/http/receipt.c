/*
 * GET /v1/receipt/ID: a receipt, to the browser that made the choice.
 *
 * A record of a visitor is shown to whoever has that visitor's crumb_id.  One
 * without is of somebody who is not to be recognised: its id, 128 random bits
 * that only that browser was told, is all there can be asked for.  So it is with
 * deeds (rights/deed.h).
 */
#include "crumb/consent/receipt.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/consent/cookie.h"
#include "crumb/consent/head.h"
#include "crumb/rights/job.h"
#include "loop.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

enum outcome { RECEIPT_SHOWN, RECEIPT_UNDER_WAY, RECEIPT_UNKNOWN, RECEIPT_FORBIDDEN, RECEIPT_FOREIGN };

struct reading {
    struct pool_job super;
    struct wait wait;
    struct edition *edition;
    const struct service *service;
    uint8_t id[RECORD_ID_BYTES];
    enum receipt_form form;
    struct buffer base, origin, cookies; /* of the request, which is not read again behind the wait */
    const struct site *site;             /* of the record, where the configuration still has it */
    json_t *receipt;
    enum outcome outcome;
    int fault;
};

static void reading_free(struct reading *reading)
{
    json_decref(reading->receipt);
    buffer_deinit(&reading->base);
    buffer_deinit(&reading->origin);
    buffer_deinit(&reading->cookies);
    edition_unref(reading->edition);
    free(reading);
}

/* ---- on one of the pool's threads ---- */

static bool is_of_visitor(const struct reading *reading, const struct ledger_record *record)
{
    uint8_t visitor[VISITOR_BYTES];

    return reading->site &&
           cookie_read_id(buffer_text(&reading->cookies), reading->service->cookie_key, reading->site, visitor) ==
               COOKIE_ID_GOOD &&
           sodium_memcmp(visitor, record->visitor, VISITOR_BYTES) == 0;
}

static enum outcome judge(struct reading *reading, const struct ledger_record *record)
{
    struct text origin = buffer_text(&reading->origin);

    reading->site = config_site(reading->edition->config, record->site);
    if (origin.size && (!reading->site || !config_origin_listed(reading->site, origin)))
        return RECEIPT_FOREIGN;
    if (ledger_has_visitor(record) && !is_of_visitor(reading, record))
        return RECEIPT_FORBIDDEN;
    return RECEIPT_SHOWN;
}

static int make_receipt(struct reading *reading, struct db_txn *txn, const struct ledger_record *record)
{
    uint8_t key[HEAD_KEY_BYTES];
    struct receipt_source source = {.record = record, .base = buffer_text(&reading->base), .ledger_key = key};
    int r = notice_get(txn, record->notice, &source.notice);

    if (r)
        return r < 0 ? error_trace(r) : error_origin(-EBADMSG);
    head_public_key(reading->service->ledger_seed, key);
    return error_trace(receipt_make(&source, reading->form, &reading->receipt));
}

/* It names nobody, and its id is as good as a cookie: whoever knows it may read it. */
static int read_deed(struct reading *reading, struct db_txn *txn)
{
    struct text json;
    struct job job;
    int r = deed_get(txn, reading->id, &json);

    if (r == 0) {
        reading->outcome = RECEIPT_SHOWN;
        reading->receipt = json_loadb(json.data, json.size, 0, NULL);
        return reading->receipt ? 0 : error_origin(-EBADMSG);
    }
    if (r < 0)
        return error_trace(r);
    r = job_of_deed(txn, reading->id, &job);
    reading->outcome = r == 0 ? RECEIPT_UNDER_WAY : RECEIPT_UNKNOWN;
    return r < 0 ? error_trace(r) : 0;
}

static int read_receipt(struct reading *reading)
{
    DB_TXN_AUTO *txn = NULL;
    struct ledger_record record;
    int r = db_begin_read(reading->service->db, &txn);

    if (r == 0)
        r = ledger_find(txn, reading->id, &record);
    if (r < 0)
        return error_trace(r);
    if (r)
        return error_trace(read_deed(reading, txn));
    reading->outcome = judge(reading, &record);
    return reading->outcome == RECEIPT_SHOWN ? make_receipt(reading, txn, &record) : 0;
}

static void reading_run(struct pool_job *job)
{
    struct reading *reading = (struct reading *)job;

    reading->fault = read_receipt(reading);
    if (reading->fault)
        log_fault("GET /v1/receipt", reading->fault);
    wait_wake(&reading->wait);
}

/* ---- on the loop ---- */

static void answer_receipt(h2o_req_t *req, struct reading *reading)
{
    if (reading->site)
        answer_cors_to(req, buffer_text(&reading->origin), reading->site);
    if (reading->fault) {
        answer_later(req, "the receipt cannot be read now; try again later");
    } else if (reading->outcome == RECEIPT_UNDER_WAY) {
        answer_retry_after(req);
        answer_object(req, 202, json_pack("{s:b}", "done", 0));
    } else if (reading->outcome == RECEIPT_UNKNOWN) {
        answer_error(req, 404, "there is no receipt of this id");
    } else if (reading->outcome == RECEIPT_FOREIGN) {
        answer_error(req, 403, "this origin is not one of the site's `origins` in the configuration");
    } else if (reading->outcome == RECEIPT_FORBIDDEN) {
        answer_error(req, 403, "this receipt is shown to the browser that made the choice, by its cookie crumb_id");
    } else {
        answer_object(req, 200, reading->receipt);
        reading->receipt = NULL;
    }
}

static void reading_answer(struct wait *wait, h2o_req_t *req)
{
    struct reading *reading = H2O_STRUCT_FROM_MEMBER(struct reading, wait, wait);

    if (req)
        answer_receipt(req, reading);
    reading_free(reading);
}

static bool read_id(struct text hex, uint8_t ret_id[RECORD_ID_BYTES])
{
    size_t size;

    return hex.size == 2 * RECORD_ID_BYTES &&
           sodium_hex2bin(ret_id, RECORD_ID_BYTES, hex.data, hex.size, NULL, &size, NULL) == 0 &&
           size == RECORD_ID_BYTES;
}

/* NULL: no memory. */
static struct reading *reading_new(struct exchange *exchange, const uint8_t id[RECORD_ID_BYTES], enum receipt_form form)
{
    struct reading *reading = calloc(1, sizeof *reading);

    if (!reading)
        return NULL;
    reading->super.run = reading_run;
    reading->edition = edition_ref(exchange->loop->edition);
    reading->service = exchange->loop->service;
    memcpy(reading->id, id, RECORD_ID_BYTES);
    reading->form = form;
    reading->base = BUFFER_INIT(ORIGIN_BYTES_MAX + sizeof "https://");
    reading->origin = BUFFER_INIT(HTTP_BODY_BYTES_MAX);
    reading->cookies = BUFFER_INIT(HTTP_BODY_BYTES_MAX);
    buffer_put_text(&reading->base, exchange_base(exchange));
    buffer_put_text(&reading->origin, exchange_header(exchange, TEXT("origin")));
    buffer_put_text(&reading->cookies, exchange_cookies(exchange));
    if (reading->base.fault || reading->origin.fault || reading->cookies.fault) {
        reading_free(reading);
        return NULL;
    }
    return reading;
}

void receipt_get(struct exchange *exchange)
{
    uint8_t id[RECORD_ID_BYTES];
    enum receipt_form form;

    if (!read_id(text_from(exchange->path, sizeof "/v1/receipt/" - 1), id)) {
        answer_error(exchange->req, 400, "a receipt's id has %d hex digits", 2 * RECORD_ID_BYTES);
        return;
    }
    if (!receipt_find_form(exchange_param(exchange, TEXT("format")), &form)) {
        answer_error(exchange->req, 400, "`format` must be iso27560 or kantara");
        return;
    }
    struct reading *reading = reading_new(exchange, id, form);
    if (!reading) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    wait_begin(&reading->wait, exchange, reading_answer);
    if (pool_submit(exchange->loop->service->lookups, &reading->super)) {
        answer_later(wait_cancel(&reading->wait), "too many questions are waiting; try again later");
        reading_free(reading);
    }
}
