/*
 * Jobs: what a visitor asked for that takes longer than one transaction.  The
 * row is made in the transaction of the request, so nothing that was promised is
 * forgotten; rights/work.h works it off.  Format: docs/formats.md, "Jobs".
 */
#pragma once

#include "crumb/rights/deed.h"
#include "crumb/store/batch.h"
#include "crumb/store/key.h"

/* Their numbers are on disk. */
enum job_kind {
    JOB_ERASE = 1,  /* everything of the visitor */
    JOB_CUT = 2,    /* some classes */
    JOB_REFRESH = 3 /* nothing: rollups follow an amendment */
};

struct job {
    uint64_t sequence; /* its key */
    enum job_kind kind;
    enum deed_right right; /* what the deed will say */
    unsigned classes;      /* to erase; of JOB_ERASE all */
    uint32_t site, number;
    uint8_t visitor[VISITOR_BYTES];
    struct key_ref key;  /* what is the job's business is under this one ... */
    struct key_ref next; /* ... and of JOB_CUT what is left comes under this one */
    uint8_t deed[DEED_ID_BYTES];
    int64_t asked_ms;
    int32_t first;   /* no event of the visitor is of a day before */
    int32_t counted; /* days up to this one are in the counts */
    uint64_t events, visits;
    uint32_t days;
};

/* Of a fresh job: no day was counted. */
#define JOB_NOTHING_COUNTED(first) ((first) == INT32_MIN ? INT32_MIN : (first)-1)

int job_put(struct db_txn *txn, const struct job *job);
/* DB_E_NOT_FOUND, or a fault; -EBADMSG: the row is damaged. */
int job_get(struct db_txn *txn, uint64_t sequence, struct job *ret_job);
int job_delete(struct db_txn *txn, uint64_t sequence);

/* The keys that a row refers to, {0, 0} where there is none. False: it is damaged. */
bool job_keys(struct text key, struct text value, struct key_ref *ret_key, struct key_ref *ret_next);

/* Whether a site has any that concerns @last or a day before it. 0 or a fault. */
int job_reaches(struct db_txn *txn, uint32_t site, int32_t last, bool *ret_reaches);

/* Called for each job in the order in which they were asked for; a non-zero result ends the walk and is returned. */
typedef int (*job_visit)(void *context, const struct job *job);
int job_each(struct db_txn *txn, job_visit visit, void *context);

/* The job that will give this deed; the one that erases a visitor. DB_E_NOT_FOUND or a fault. */
int job_of_deed(struct db_txn *txn, const uint8_t deed[DEED_ID_BYTES], struct job *ret_job);
int job_erasing(struct db_txn *txn, uint32_t site, const uint8_t visitor[VISITOR_BYTES], struct job *ret_job);
