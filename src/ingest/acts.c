/*
 * Look, record, remove, forget.
 */
#include "crumb/ingest/acts.h"
#include "crumb/base/error.h"
#include "crumb/store/act.h"
#include <errno.h>
#include <stdlib.h>

#define MARK "act "
#define MARK_BYTES (sizeof MARK - 1 + ACT_ID_BYTES)

struct one {
    struct act_name name;
    struct buffer bytes; /* that the entry borrows from */
    struct trail_entry entry;
    bool is_bad;
};

/* Acts of one look: to be recorded, then to be forgotten. */
struct look {
    struct write_op super;
    const struct trail *trail;
    struct one *ones;
    unsigned n;
};

static struct text mark_of(const uint8_t id[ACT_ID_BYTES], uint8_t bytes[MARK_BYTES])
{
    memcpy(bytes, MARK, sizeof MARK - 1);
    memcpy(bytes + sizeof MARK - 1, id, ACT_ID_BYTES);
    return (struct text){.data = (const char *)bytes, .size = MARK_BYTES};
}

/* ---- on the writer's thread ---- */

static int record_one(const struct look *look, const struct one *one, struct batch *batch)
{
    uint8_t bytes[MARK_BYTES];
    struct text mark = mark_of(one->name.id, bytes), value;
    int r = db_get(batch->txn, DB_META, mark, &value);

    if (r != DB_E_NOT_FOUND)
        return error_trace(r); /* 0: it is on record */
    r = trail_append(batch, look->trail, &one->entry);
    return r ? error_trace(r) : error_fold(db_put(batch->txn, DB_META, mark, TEXT("1")));
}

static int record_apply(struct write_op *op, struct batch *batch)
{
    const struct look *look = (const struct look *)op;
    int r = 0;

    for (unsigned i = 0; r == 0 && i < look->n; i++)
        r = record_one(look, &look->ones[i], batch);
    return error_trace(r);
}

static int forget_apply(struct write_op *op, struct batch *batch)
{
    const struct look *look = (const struct look *)op;
    uint8_t bytes[MARK_BYTES];
    int r = 0;

    for (unsigned i = 0; r == 0 && i < look->n; i++)
        r = db_delete(batch->txn, DB_META, mark_of(look->ones[i].name.id, bytes));
    return error_trace(r);
}

static void done(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

/* ---- files ---- */

/* What cannot be read is told of, as somebody may have meant it to be unreadable. */
static void make_bad(struct one *one, int64_t now_ms)
{
    one->is_bad = true;
    one->entry = (struct trail_entry){.at_ms = now_ms,
                                      .actor = ACTOR_SERVICE,
                                      .act = ACT_UNREADABLE,
                                      .object = text_of(one->name.text),
                                      .details = TEXT("kept beside the others as .bad")};
}

static int load_all(struct look *look, const char *folder, int64_t now_ms)
{
    struct act_name names[ACTS_PASS_MAX];
    unsigned n = 0;
    int r = act_list(folder, ACTS_PASS_MAX, names, &n);

    for (unsigned i = 0; r == 0 && i < n; i++) {
        struct one *one = &look->ones[look->n];

        *one = (struct one){.name = names[i], .bytes = BUFFER_INIT(ACT_BYTES_MAX + 1)};
        look->n++;
        r = act_load(folder, &one->name, &one->bytes, &one->entry);
        if (r == ACT_E_UNREADABLE) {
            make_bad(one, now_ms);
            r = 0;
        }
    }
    return error_trace(r);
}

static int remove_all(const struct look *look, const char *folder)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < look->n; i++)
        r = act_remove(folder, &look->ones[i].name, look->ones[i].is_bad);
    return r ? error_trace(r) : error_trace(act_sync(folder));
}

/* ---- what an earlier process left ---- */

/* Collects the rows whose files are gone. */
static int find_stale(struct look *look, const char *folder, struct db *db)
{
    DB_TXN_AUTO *txn = NULL;
    struct text key, value;
    int r = db_begin_read(db, &txn);

    if (r)
        return error_trace(r);
    DB_CURSOR_AUTO *cursor = NULL;
    r = db_cursor_new(txn, DB_META, &cursor);
    if (r == 0)
        r = db_cursor_seek(cursor, TEXT(MARK), &key, &value);
    for (; r == 0 && text_starts(key, TEXT(MARK)) && look->n < ACTS_PASS_MAX;
         r = db_cursor_next(cursor, &key, &value)) {
        struct one *one = &look->ones[look->n];

        if (key.size != MARK_BYTES)
            return error_origin(-EBADMSG);
        *one = (struct one){.bytes = BUFFER_INIT(0)};
        memcpy(one->name.id, key.data + sizeof MARK - 1, ACT_ID_BYTES);
        look->n += !act_exists(folder, one->name.id);
    }
    return r < 0 ? error_trace(r) : 0;
}

/* ---- one look ---- */

static void clear(struct look *look)
{
    for (unsigned i = 0; i < look->n; i++)
        buffer_deinit(&look->ones[i].bytes);
    look->n = 0;
}

struct submitter {
    int (*submit)(void *context, struct write_op *op);
    void *context;
};

static int run(struct look *look, const struct submitter *submitter,
               int (*apply)(struct write_op *op, struct batch *batch))
{
    look->super = (struct write_op){.apply = apply, .done = done};
    return error_fold(submitter->submit(submitter->context, &look->super));
}

static int tidy(struct acts *acts, struct look *look, const char *folder, struct db *db,
                const struct submitter *submitter)
{
    bool all = false;

    if (!acts->has_begun)
        act_tidy(folder);
    acts->has_begun = true;
    while (!all) {
        int r = find_stale(look, folder, db);

        all = look->n < ACTS_PASS_MAX;
        if (r == 0 && look->n)
            r = run(look, submitter, forget_apply);
        clear(look);
        if (r)
            return error_trace(r);
    }
    acts->tidied = true;
    return 0;
}

static int record(struct look *look, const char *folder, int64_t now_ms, const struct submitter *submitter)
{
    int r = load_all(look, folder, now_ms);

    if (r || look->n == 0)
        return error_trace(r);
    r = run(look, submitter, record_apply);
    if (r == 0)
        r = remove_all(look, folder);
    return r ? error_trace(r) : error_trace(run(look, submitter, forget_apply));
}

int acts_pass(struct acts *acts, const char *folder, struct db *db, const struct trail *trail, int64_t now_ms,
              int (*submit)(void *context, struct write_op *op), void *context, unsigned *ret_n)
{
    struct look look = {.trail = trail, .ones = calloc(ACTS_PASS_MAX, sizeof *look.ones)};
    struct submitter submitter = {.submit = submit, .context = context};

    *ret_n = 0;
    if (!look.ones)
        return error_origin(-ENOMEM);
    int r = acts->tidied ? 0 : tidy(acts, &look, folder, db, &submitter);
    if (r == 0)
        r = record(&look, folder, now_ms, &submitter);
    /* What was begun and not ended is what another process would find. */
    if (r)
        acts->tidied = false;
    else
        *ret_n = look.n;
    clear(&look);
    free(look.ones);
    return error_trace(r);
}
