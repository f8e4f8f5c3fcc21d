/*
 * GET /v1/notice/HASH: a notice as it was shown at any time.  The one of now is
 * made from the settings, in script.c.
 */
#include "crumb/consent/notice.h"
#include "loop.h"
#include <errno.h>
#include <stdlib.h>

#define SHORT_HASH_BYTES 8 /* as in struct key_consents */

struct fetch {
    struct pool_job super;
    struct wait wait;
    struct db *db;
    uint8_t hash[HASH_BYTES];
    bool is_short; /* its first SHORT_HASH_BYTES alone are known */
    char *json;
    int outcome;
};

static int read_notice(struct fetch *fetch)
{
    DB_TXN_AUTO *txn = NULL;
    struct text json;
    int r = db_begin_read(fetch->db, &txn);

    if (r == 0 && fetch->is_short)
        r = notice_find(txn, (struct text){.data = (const char *)fetch->hash, .size = SHORT_HASH_BYTES}, fetch->hash);
    if (r == 0)
        r = notice_get(txn, fetch->hash, &json);
    if (r)
        return r;
    fetch->json = strndup(json.data, json.size);
    return fetch->json ? 0 : -ENOMEM;
}

static void fetch_run(struct pool_job *job)
{
    struct fetch *fetch = (struct fetch *)job;

    fetch->outcome = read_notice(fetch);
    wait_wake(&fetch->wait);
}

static void fetch_free(struct fetch *fetch)
{
    free(fetch->json);
    free(fetch);
}

static void fetch_answer(struct wait *wait, h2o_req_t *req)
{
    struct fetch *fetch = H2O_STRUCT_FROM_MEMBER(struct fetch, wait, wait);

    if (req && fetch->outcome == DB_E_NOT_FOUND) {
        answer_error(req, 404, "no notice with this hash was ever shown here");
    } else if (req && fetch->outcome) {
        answer_later(req, "the notice cannot be read now");
    } else if (req) {
        /* Named by its content: it never changes. */
        answer_header(req, TEXT("Cache-Control"), TEXT("public, max-age=31536000, immutable"));
        answer_json(req, 200, text_of(fetch->json));
    }
    fetch_free(fetch);
}

/* Statistics name a notice by the first bytes of its hash. */
static bool read_hash(struct text hex, struct fetch *fetch)
{
    char whole[2 * HASH_BYTES];

    fetch->is_short = hex.size == 2 * SHORT_HASH_BYTES;
    if (!fetch->is_short)
        return notice_unhex(hex, fetch->hash);
    memset(whole, '0', sizeof whole);
    memcpy(whole, hex.data, hex.size);
    return notice_unhex((struct text){.data = whole, .size = sizeof whole}, fetch->hash);
}

void notice_by_hash(struct exchange *exchange)
{
    struct text hex = text_from(exchange->path, sizeof "/v1/notice/" - 1);
    struct fetch *fetch = calloc(1, sizeof *fetch);

    /* Public, and the same for everybody: any page may read it, without cookies. */
    answer_header(exchange->req, TEXT("Access-Control-Allow-Origin"), TEXT("*"));
    if (!fetch) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    if (!read_hash(hex, fetch)) {
        answer_error(exchange->req, 400, "a notice is named by the 64 hexadecimal digits of its SHA-256");
        fetch_free(fetch);
        return;
    }
    fetch->super.run = fetch_run;
    fetch->db = exchange->loop->service->db;
    wait_begin(&fetch->wait, exchange, fetch_answer);
    if (pool_submit(exchange->loop->service->lookups, &fetch->super)) {
        answer_later(wait_cancel(&fetch->wait), "too many questions are waiting; try again later");
        fetch_free(fetch);
    }
}
