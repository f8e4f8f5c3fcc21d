/*
 * What crumb verify says of visitors' rights: what leads to a visitor's records
 * leads to them, what is amended for good has a job that brings the store after
 * it, and every deed is signed.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/consent/ledger.h"
#include "crumb/consent/minors.h"
#include "crumb/rights/job.h"
#include "crumb/store/amended.h"
#include "crumb/store/secret.h"
#include "crumb/store/sign.h"
#include <errno.h>
#include <stdio.h>

enum { WRONG = 1 };

struct walk {
    struct db_txn *txn;
    struct buffer *said;
};

static int wrong(const struct walk *walk, const char *what)
{
    buffer_printf(walk->said, "rights: %s", what);
    return WRONG;
}

static int check_choices(const struct walk *walk)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(walk->txn, DB_CHOICES, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        uint8_t visitor[VISITOR_BYTES];
        struct ledger_record record;
        uint64_t sequence;

        if (!key_read_choice(key, visitor, &sequence))
            return wrong(walk, "what leads to a visitor's choices is damaged");
        r = ledger_get(walk->txn, sequence, &record);
        if (r < 0 && r != -EBADMSG)
            return error_trace(r);
        if (r || memcmp(record.visitor, visitor, VISITOR_BYTES) != 0)
            return wrong(walk, "what leads to a visitor's choices leads to another record, or none");
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

/* ---- jobs and amendments ---- */

struct search {
    uint32_t site, number;
    unsigned classes;
};

static int see_job(void *context, const struct job *job)
{
    struct search *search = context;

    if (job->site == search->site && job->number == search->number && job->kind != JOB_REFRESH)
        search->classes |= job->classes;
    return 0;
}

static int check_amendment(void *context, uint32_t site, const struct amendment *amendment)
{
    const struct walk *walk = context;
    struct search search = {.site = site, .number = amendment->number};
    unsigned needed = amendment->erased ? CLASS_ALL : amendment->cut;
    int r = needed ? job_each(walk->txn, see_job, &search) : 0;

    if (r)
        return error_trace(r);
    return needed & ~search.classes ? wrong(walk, "a visitor is to be erased, and no job does it") : 0;
}

static int check_amended(struct walk *walk)
{
    int r = job_each(walk->txn, see_job, &(struct search){.site = 0});

    if (r == -EBADMSG)
        return wrong(walk, "a job is damaged");
    r = r ? r : amended_each(walk->txn, 0, check_amendment, walk);
    return r == -EBADMSG ? wrong(walk, "an amendment is damaged") : r;
}

/* ---- reported children ---- */

static int see_minor(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], int64_t until_ms)
{
    (void)context;
    (void)site;
    (void)id;
    (void)until_ms;
    return 0;
}

static int check_minors(const struct walk *walk)
{
    int r = minors_each(walk->txn, see_minor, NULL);

    return r == -EBADMSG ? wrong(walk, "the block of a reported child is damaged") : error_trace(r);
}

/* ---- deeds ---- */

static int check_deeds(const struct walk *walk)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, json;
    int r = db_cursor_new(walk->txn, DB_DEEDS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &json); r == 0; r = db_cursor_next(cursor, &key, &json)) {
        uint8_t id[DEED_ID_BYTES];

        r = deed_check(json, NULL, id);
        if (r < 0)
            return error_trace(r);
        if (r || key.size != DEED_ID_BYTES || memcmp(key.data, id, DEED_ID_BYTES) != 0)
            return wrong(walk, "a receipt of what was done for a visitor is damaged");
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

int command_verify_rights(struct db_txn *txn, struct buffer *said)
{
    struct walk walk = {.txn = txn, .said = said};
    int r = check_choices(&walk);

    if (r == 0)
        r = check_amended(&walk);
    if (r == 0)
        r = check_minors(&walk);
    return r ? r : check_deeds(&walk);
}

/* ---- crumb verify --receipt ---- */

static int read_file(const char *path, struct buffer *buffer)
{
    FILE *file = fopen(path, "re");
    uint8_t *at = buffer_extend(buffer, DEED_BYTES_MAX);

    if (!file || !at) {
        if (file)
            fclose(file);
        return error_origin(file ? buffer->fault : -errno);
    }
    buffer->size = fread(at, 1, DEED_BYTES_MAX, file);
    int r = ferror(file) ? error_origin(-EIO) : 0;
    fclose(file);
    return r;
}

int command_verify_receipt(struct db_txn *txn, const char *folder, const char *path, bool *ret_ours)
{
    uint8_t seed[SECRET_BYTES], key[HEAD_KEY_BYTES], id[DEED_ID_BYTES];
    BUFFER_AUTO json = BUFFER_INIT(DEED_BYTES_MAX);
    struct text kept;
    int r = read_file(path, &json);

    if (r == 0)
        r = secret_key(folder, SECRET_LEDGER, false, NULL, seed);
    if (r)
        return error_trace(r);
    sign_public_key(seed, key);
    r = deed_check(buffer_text(&json), key, id);
    if (r == 0)
        r = deed_get(txn, id, &kept);
    if (r < 0)
        return error_trace(r);
    *ret_ours = r == 0;
    return 0;
}
