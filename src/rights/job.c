/*
 * Rows of the jobs table.
 */
#include "crumb/rights/job.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <errno.h>

#define JOB_VERSION 1
#define JOB_BYTES_MAX 128

static void encode(const struct job *job, const struct key *key, struct buffer *buffer)
{
    buffer_put_u8(buffer, JOB_VERSION);
    buffer_put_u8(buffer, (uint8_t)job->kind);
    buffer_put_u8(buffer, (uint8_t)job->right);
    buffer_put_u8(buffer, (uint8_t)job->classes);
    buffer_put_u32(buffer, job->site);
    buffer_put_u32(buffer, job->number);
    buffer_put(buffer, job->visitor, VISITOR_BYTES);
    keyring_put_ref(buffer, job->key);
    keyring_put_ref(buffer, job->next);
    buffer_put(buffer, job->deed, DEED_ID_BYTES);
    buffer_put_u64(buffer, (uint64_t)job->asked_ms);
    buffer_put_u32(buffer, (uint32_t)job->first);
    buffer_put_u32(buffer, (uint32_t)job->counted);
    buffer_put_u64(buffer, job->events);
    buffer_put_u64(buffer, job->visits);
    buffer_put_u32(buffer, job->days);
    checksum_put(buffer, key_text(key));
}

static bool decode(struct text key, struct text value, struct job *ret_job)
{
    struct job job = {.sequence = 0};

    if (!key_read_sequence(key, &job.sequence) || !checksum_take(&value, key))
        return false;
    struct reader reader = reader_of(value);
    if (reader_u8(&reader) != JOB_VERSION)
        return false;
    unsigned kind = reader_u8(&reader), right = reader_u8(&reader);
    job.kind = (enum job_kind)kind;
    job.right = (enum deed_right)right;
    job.classes = reader_u8(&reader);
    job.site = reader_u32(&reader);
    job.number = reader_u32(&reader);
    reader_copy(&reader, job.visitor, VISITOR_BYTES);
    job.key = keyring_read_ref(&reader);
    job.next = keyring_read_ref(&reader);
    reader_copy(&reader, job.deed, DEED_ID_BYTES);
    job.asked_ms = (int64_t)reader_u64(&reader);
    job.first = (int32_t)reader_u32(&reader);
    job.counted = (int32_t)reader_u32(&reader);
    job.events = reader_u64(&reader);
    job.visits = reader_u64(&reader);
    job.days = reader_u32(&reader);
    if (!reader_done(&reader) || kind < JOB_ERASE || kind > JOB_REFRESH || right < RIGHT_ERASURE || right >= RIGHT_N ||
        job.classes & ~CLASS_ALL)
        return false;
    *ret_job = job;
    return true;
}

bool job_keys(struct text key, struct text value, struct key_ref *ret_key, struct key_ref *ret_next)
{
    struct job job;

    if (!decode(key, value, &job))
        return false;
    *ret_key = job.key;
    *ret_next = job.next;
    return true;
}

int job_put(struct db_txn *txn, const struct job *job)
{
    struct key key = key_sequence(job->sequence);
    BUFFER_AUTO buffer = BUFFER_INIT(JOB_BYTES_MAX);

    encode(job, &key, &buffer);
    if (buffer.fault)
        return error_origin(buffer.fault);
    return error_fold(db_put(txn, DB_JOBS, key_text(&key), buffer_text(&buffer)));
}

int job_get(struct db_txn *txn, uint64_t sequence, struct job *ret_job)
{
    struct key key = key_sequence(sequence);
    struct text value;
    int r = db_get(txn, DB_JOBS, key_text(&key), &value);

    if (r)
        return error_trace(r);
    return decode(key_text(&key), value, ret_job) ? 0 : error_origin(-EBADMSG);
}

int job_delete(struct db_txn *txn, uint64_t sequence)
{
    struct key key = key_sequence(sequence);

    return error_trace(db_delete(txn, DB_JOBS, key_text(&key)));
}

int job_each(struct db_txn *txn, job_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_JOBS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct job job;

        if (!decode(key, value, &job))
            return error_origin(-EBADMSG);
        int stop = visit(context, &job);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

/* ---- looking for one ---- */

enum { REACHES = 1 };

struct reach {
    uint32_t site;
    int32_t last;
};

static int see_reach(void *context, const struct job *job)
{
    const struct reach *reach = context;

    return job->site == reach->site && job->first <= reach->last ? REACHES : 0;
}

int job_reaches(struct db_txn *txn, uint32_t site, int32_t last, bool *ret_reaches)
{
    struct reach reach = {.site = site, .last = last};
    int r = job_each(txn, see_reach, &reach);

    if (r < 0)
        return error_trace(r);
    *ret_reaches = r == REACHES;
    return 0;
}

enum { FOUND = 1 };

struct search {
    const uint8_t *deed, *visitor; /* one of them, or NULL */
    uint32_t site;
    struct job job;
};

static int compare(void *context, const struct job *job)
{
    struct search *search = context;

    if (search->deed && memcmp(search->deed, job->deed, DEED_ID_BYTES) != 0)
        return 0;
    if (search->visitor && (job->kind != JOB_ERASE || search->site != job->site ||
                            memcmp(search->visitor, job->visitor, VISITOR_BYTES) != 0))
        return 0;
    search->job = *job;
    return FOUND;
}

static int find(struct db_txn *txn, struct search *search, struct job *ret_job)
{
    int r = job_each(txn, compare, search);

    if (r < 0)
        return error_trace(r);
    if (r != FOUND)
        return DB_E_NOT_FOUND;
    *ret_job = search->job;
    return 0;
}

int job_of_deed(struct db_txn *txn, const uint8_t deed[DEED_ID_BYTES], struct job *ret_job)
{
    struct search search = {.deed = deed};

    return find(txn, &search, ret_job);
}

int job_erasing(struct db_txn *txn, uint32_t site, const uint8_t visitor[VISITOR_BYTES], struct job *ret_job)
{
    struct search search = {.site = site, .visitor = visitor};

    return find(txn, &search, ret_job);
}
