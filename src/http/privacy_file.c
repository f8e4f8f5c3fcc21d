/*
 * Reading for the privacy page. Every part is in a short transaction of its own.
 */
#include "privacy_file.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/rights/job.h"
#include "crumb/store/sign.h"
#include "rights.h"
#include <errno.h>

void file_free(struct file *file)
{
    json_decref(file->kept);
    json_decref(file->deed);
    json_decref(file->request);
    json_decref(file->notice);
}

/* A deed that this store did not sign is none, whatever lies there. */
static int read_deed(const struct file_wish *wish, struct db_txn *txn, struct file *file)
{
    uint8_t key[HEAD_KEY_BYTES], id[DEED_ID_BYTES];
    struct text json;
    struct job job;
    int r = deed_get(txn, wish->deed, &json);

    file->deed_state = DEED_UNKNOWN;
    if (r < 0)
        return error_trace(r);
    if (r == 0) {
        sign_public_key(wish->service->ledger_seed, key);
        r = deed_check(json, key, id);
        file->deed = r == 0 ? json_loadb(json.data, json.size, 0, NULL) : NULL;
        file->deed_state = file->deed ? DEED_GENUINE : DEED_UNKNOWN;
        return r < 0 ? error_trace(r) : 0;
    }
    r = job_of_deed(txn, wish->deed, &job);
    if (r == 0) {
        file->deed_state = DEED_UNDER_WAY;
        file->is_erasing = job.kind == JOB_ERASE;
    }
    return r < 0 ? error_trace(r) : 0;
}

static int read_notice(const struct file_wish *wish, struct db_txn *txn, struct file *file)
{
    uint8_t hash[HASH_BYTES];
    struct text text;

    if (!notice_unhex(text_of(wish->notice), hash))
        return 0;
    int r = notice_get(txn, hash, &text);
    if (r)
        return r < 0 ? error_trace(r) : 0;
    file->notice = json_read_canonical(text);
    return file->notice ? 0 : error_origin(-ENOMEM);
}

int file_read(const struct file_wish *wish, struct file *file)
{
    DB_TXN_AUTO *txn = NULL;
    int r = wish->is_known ? copy_lately(&wish->copy, &file->kept) : 0;

    if (r < 0)
        return error_trace(r);
    r = db_begin_read(wish->copy.db, &txn);
    if (r == 0 && wish->has_deed)
        r = read_deed(wish, txn, file);
    if (r == 0 && wish->notice[0])
        r = read_notice(wish, txn, file);
    if (r == 0 && wish->number)
        r = requests_read_by_key(txn, wish->copy.site, wish->number, wish->follow, wish->copy.now_ms, &file->request);
    return r < 0 ? error_trace(r) : 0;
}
