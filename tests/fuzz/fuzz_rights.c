/*
 * Any bytes as an amendment, as a job, and as a receipt that somebody wants to
 * have checked.  The first byte says which, and whether the checksum is to be
 * made right.
 */
#include "crumb/base/random.h"
#include "crumb/rights/job.h"
#include "crumb/store/amended.h"
#include "crumb/store/checksum.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROW_BYTES_MAX (64 << 10)
#define SITE 1
#define NUMBER 5
#define SEQUENCE 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct db_txn *txn;

/* The store's files are unlinked at once: they live as long as the process. */
static void open_store(void)
{
    static const char *const files[] = {"crumb.mdb", "crumb.mdb-lock", "lock", "keys", "master.key"};
    char folder[] = "/tmp/crumb-fuzz-XXXXXX", path[64];
    struct db *db;

    assert(random_init() == 0);
    assert(mkdtemp(folder));
    int r = db_open(&(struct db_options){.folder = folder, .mode = DB_SERVE, .size_bytes_max = 16 << 20}, &db);
    assert(r == 0 && db_begin_write(db, &txn) == 0);
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void put(enum db_table table, const struct key *key, bool right, struct text bytes)
{
    BUFFER_AUTO row = BUFFER_INIT(ROW_BYTES_MAX + CHECKSUM_BYTES);

    buffer_put_text(&row, bytes);
    if (right)
        checksum_put(&row, key_text(key));
    assert(row.fault == 0 && db_put(txn, table, key_text(key), buffer_text(&row)) == 0);
}

/* What was read is written and read the same. */
static void try_amendment(bool right, struct text bytes)
{
    struct key key = key_number(SITE, NUMBER);
    struct amendment one, again;

    put(DB_AMENDED, &key, right, bytes);
    int r = amended_get(txn, SITE, NUMBER, &one);
    assert(r == 0 || r == -EBADMSG);
    if (r)
        return;
    assert(one.number == NUMBER && !(one.cut & ~CLASS_ALL) && one.device < DEVICE_N);
    assert(amended_put(txn, SITE, &one) == 0 && amended_get(txn, SITE, NUMBER, &again) == 0);
    assert(one.erased == again.erased && one.restricted == again.restricted && one.cut == again.cut);
    assert(strcmp(one.country, again.country) == 0 && strcmp(one.language, again.language) == 0);
}

static void try_job(bool right, struct text bytes)
{
    struct key key = key_sequence(SEQUENCE);
    struct job one, again;

    put(DB_JOBS, &key, right, bytes);
    int r = job_get(txn, SEQUENCE, &one);
    assert(r == 0 || r == -EBADMSG);
    if (r)
        return;
    assert(one.sequence == SEQUENCE && deed_right_name(one.right));
    assert(job_put(txn, &one) == 0 && job_get(txn, SEQUENCE, &again) == 0);
    assert(one.kind == again.kind && one.counted == again.counted && key_ref_equal(one.next, again.next));
}

static void try_deed(struct text bytes)
{
    uint8_t id[DEED_ID_BYTES];
    int r = deed_check(bytes, NULL, id);

    assert(r == 0 || r == DEED_E_INVALID || r == DEED_E_FORGED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!txn)
        open_store();
    if (size < 1 || size > ROW_BYTES_MAX)
        return 0;
    struct text bytes = {.data = (const char *)data + 1, .size = size - 1};
    bool right = data[0] & 0x80;
    if (data[0] % 3 == 0)
        try_amendment(right, bytes);
    else if (data[0] % 3 == 1)
        try_job(right, bytes);
    else
        try_deed(bytes);
    return 0;
}
