/*
 * What the operations of one write transaction gather, and its commit.
 */
#include "crumb/store/batch.h"
#include "crumb/base/buffer.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include "crumb/store/doomed.h"
#include "crumb/store/keys.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

struct batch_books {
    uint32_t site, hour;
    struct books books;
};

struct batch_day {
    uint32_t site;
    int32_t day;
    uint64_t events, last;
    struct key_ref key; /* {0, 0}: nobody has asked for it */
    bool has_new_key;
};

#define SEQUENCE_KEY TEXT("sequence")
#define SEQUENCE_FIRST 1
#define NUMBERS_KEY_BYTES_MAX 32 /* "visitors " and the site, u32 */
#define BATCH_SCRATCH_BYTES_MAX JOURNAL_RECORD_BYTES_MAX

int batch_next_sequence(struct db_txn *txn, uint64_t *ret_sequence)
{
    struct text value;
    int r = db_get(txn, DB_META, SEQUENCE_KEY, &value);

    if (r == DB_E_NOT_FOUND) {
        *ret_sequence = SEQUENCE_FIRST;
        return 0;
    }
    if (r)
        return error_trace(r);
    if (!checksum_take(&value, SEQUENCE_KEY))
        return error_origin(-EBADMSG);
    struct reader reader = reader_of(value);
    uint64_t sequence = reader_u64(&reader);
    if (!reader_done(&reader))
        return error_origin(-EBADMSG);
    *ret_sequence = sequence;
    return 0;
}

int batch_begin(struct db *db, struct batch *ret_batch)
{
    struct batch batch = {.scratch = BUFFER_INIT(BATCH_SCRATCH_BYTES_MAX)};
    int r = db_begin_write(db, &batch.txn);

    if (r)
        return error_trace(r);
    r = batch_next_sequence(batch.txn, &batch.next_sequence);
    if (r) {
        db_abort(batch.txn);
        return error_trace(r);
    }
    *ret_batch = batch;
    return 0;
}

void batch_use_reserve(struct batch *batch)
{
    batch->reserve = true;
    db_use_reserve(batch->txn);
}

uint64_t batch_take_sequence(struct batch *batch) { return batch->next_sequence++; }

/* Seldom enough to be written at once: there is one for each new visitor who grants something, or who asks. */
static int take_number(struct batch *batch, struct text of, uint32_t site, uint32_t *ret_number)
{
    uint8_t key_bytes[NUMBERS_KEY_BYTES_MAX], bytes[sizeof(uint32_t) + CHECKSUM_BYTES];
    struct buffer key = BUFFER_OVER(key_bytes), value = BUFFER_OVER(bytes);
    uint32_t taken = 0;

    buffer_put_text(&key, of);
    buffer_put_u32(&key, site);
    struct text row;
    int r = db_get(batch->txn, DB_META, buffer_text(&key), &row);
    if (r == 0) {
        struct reader reader;

        if (!checksum_take(&row, buffer_text(&key)))
            return error_origin(-EBADMSG);
        reader = reader_of(row);
        taken = reader_u32(&reader);
        if (!reader_done(&reader))
            return error_origin(-EBADMSG);
    } else if (r != DB_E_NOT_FOUND) {
        return error_trace(r);
    }
    if (taken == VISITORS_MAX)
        return error_origin(-EOVERFLOW);
    buffer_put_u32(&value, taken + 1);
    checksum_put(&value, buffer_text(&key));
    r = error_fold(db_put(batch->txn, DB_META, buffer_text(&key), buffer_text(&value)));
    if (r == 0)
        *ret_number = taken + 1;
    return r;
}

int batch_take_visitor(struct batch *batch, uint32_t site, uint32_t *ret_number)
{
    return error_trace(take_number(batch, TEXT("visitors "), site, ret_number));
}

int batch_take_request(struct batch *batch, uint32_t site, uint32_t *ret_number)
{
    return error_trace(take_number(batch, TEXT("requests "), site, ret_number));
}

/* ---- keys ---- */

int batch_new_key(struct batch *batch, enum key_kind kind, struct key_ref *ret_ref, uint8_t ret_key[CRYPT_KEY_BYTES])
{
    int r = keyring_make(db_keyring(batch->txn), kind, ret_ref, ret_key);

    if (r == 0)
        keys_add(db_keys(batch->txn), *ret_ref, ret_key);
    return error_trace(r);
}

int batch_doom_key(struct batch *batch, struct key_ref ref)
{
    return ref.generation & 1 ? error_trace(keyring_doom(db_keyring(batch->txn), ref)) : 0;
}

int batch_key(struct batch *batch, struct key_ref ref, const uint8_t **ret_key)
{
    struct keys *keys = db_keys(batch->txn);
    uint8_t key[CRYPT_KEY_BYTES];

    /* What the batch has made is not in the file yet. */
    if (!keys_has(keys, ref) && keyring_find_made(db_keyring(batch->txn), ref, key)) {
        keys_add(keys, ref, key);
        sodium_memzero(key, sizeof key);
    }
    int r = keys_get(keys, ref, ret_key);
    return r < 0 ? error_trace(r) : r;
}

const uint8_t *batch_salt(struct batch *batch)
{
    if (!batch->has_salt)
        keyring_random(db_keyring(batch->txn), batch->salt, sizeof batch->salt);
    batch->has_salt = true;
    return batch->salt;
}

/* A slot that was made for a batch that is not there may be given again, with another key. */
static void forget_keys(struct db *db, bool committed)
{
    struct keyring *keyring = db_keyring_of(db);
    struct keys *keys = db_keys_of(db);

    for (size_t i = 0; !committed && i < keyring_n_made(keyring); i++)
        keys_forget(keys, keyring_made(keyring, i));
    for (size_t i = 0; i < keyring_n_doomed(keyring); i++)
        keys_forget(keys, keyring_doomed(keyring, i));
    keyring_forget(keyring, committed);
}

/* ---- lists ---- */

/* Room for one more element of @size bytes; the array may move. */
static int grow(void **array, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return 0;
    size_t more = *capacity ? *capacity * 2 : 8;
    void *grown = reallocarray(*array, more, size);
    if (!grown)
        return error_origin(-ENOMEM);
    *array = grown;
    *capacity = more;
    return 0;
}

/*
 * Both lists are searched from the place that was right last time: a batch
 * mostly speaks of one site, hour and day.
 */
static int find_books(struct batch *batch, uint32_t site, uint32_t hour, struct books **ret_books)
{
    for (size_t i = 0; i < batch->n_books; i++) {
        size_t at = (batch->books_hit + i) % batch->n_books;

        if (batch->books[at].site == site && batch->books[at].hour == hour) {
            batch->books_hit = at;
            *ret_books = &batch->books[at].books;
            return 0;
        }
    }
    int r = grow((void **)&batch->books, batch->n_books, &batch->books_capacity, sizeof *batch->books);
    if (r)
        return error_trace(r);
    batch->books_hit = batch->n_books;
    batch->books[batch->n_books++] = (struct batch_books){.site = site, .hour = hour};
    *ret_books = &batch->books[batch->books_hit].books;
    return 0;
}

int batch_count(struct batch *batch, uint32_t site, uint32_t hour, const struct books *delta)
{
    struct books *books = NULL;
    int r = find_books(batch, site, hour, &books);

    if (r)
        return error_trace(r);
    accounting_sum(books, delta);
    return 0;
}

int batch_takes_day(struct batch *batch, uint32_t site, int32_t day)
{
    struct day_state state;
    int32_t next;

    for (size_t i = 0; i < batch->n_days; i++)
        if (batch->days[i].site == site && batch->days[i].day == day)
            return 0;
    int r = day_next(batch->txn, site, day, &next, &state);
    if (r)
        return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
    return state.expired ? BATCH_E_EXPIRED : 0;
}

static int find_day(struct batch *batch, uint32_t site, int32_t day, struct batch_day **ret_day)
{
    for (size_t i = 0; i < batch->n_days; i++) {
        size_t at = (batch->days_hit + i) % batch->n_days;

        if (batch->days[at].site == site && batch->days[at].day == day) {
            batch->days_hit = at;
            *ret_day = &batch->days[at];
            return 0;
        }
    }
    int r = grow((void **)&batch->days, batch->n_days, &batch->days_capacity, sizeof *batch->days);
    if (r)
        return error_trace(r);
    batch->days_hit = batch->n_days;
    batch->days[batch->n_days++] = (struct batch_day){.site = site, .day = day};
    *ret_day = &batch->days[batch->days_hit];
    return 0;
}

int batch_mark_day(struct batch *batch, uint32_t site, int32_t day, uint64_t sequence)
{
    struct batch_day *mark = NULL;
    int r = find_day(batch, site, day, &mark);

    if (r)
        return error_trace(r);
    mark->events++;
    mark->last = sequence;
    return 0;
}

/* The one that the day's row has, where it opens: beside a copy of the store that is older than its end, it does not.
 */
static int find_day_key(struct batch *batch, struct batch_day *mark)
{
    struct day_state state = {.events = 0};
    uint8_t made[CRYPT_KEY_BYTES];
    const uint8_t *key;
    int r = day_get(batch->txn, mark->site, mark->day, &state);

    if (r < 0)
        return error_trace(r);
    r = batch_key(batch, state.key, &key);
    if (r == 0)
        mark->key = state.key;
    if (r != KEYRING_E_GONE)
        return error_trace(r);
    r = batch_new_key(batch, KEY_DAY, &mark->key, made);
    sodium_memzero(made, sizeof made);
    mark->has_new_key = r == 0;
    return error_trace(r);
}

int batch_day_key(struct batch *batch, uint32_t site, int32_t day, struct key_ref *ret_ref)
{
    struct batch_day *mark = NULL;
    int r = find_day(batch, site, day, &mark);

    if (r == 0 && !mark->key.generation)
        r = find_day_key(batch, mark);
    if (r)
        return error_trace(r);
    *ret_ref = mark->key;
    return 0;
}

static int write_sequence(struct batch *batch)
{
    uint8_t bytes[8 + CHECKSUM_BYTES];
    struct buffer buffer = BUFFER_OVER(bytes);

    buffer_put_u64(&buffer, batch->next_sequence);
    checksum_put(&buffer, SEQUENCE_KEY);
    if (buffer.fault)
        return error_origin(buffer.fault);
    return error_fold(db_put(batch->txn, DB_META, SEQUENCE_KEY, buffer_text(&buffer)));
}

static int write_day(struct batch *batch, const struct batch_day *mark)
{
    struct day_state state = {.events = 0};
    int r = day_get(batch->txn, mark->site, mark->day, &state);

    if (r < 0)
        return error_trace(r);
    state.events += mark->events;
    if (mark->events)
        state.last = mark->last;
    if (mark->has_new_key)
        state.key = mark->key;
    return error_trace(day_put(batch->txn, mark->site, mark->day, &state));
}

static int write_gathered(struct batch *batch)
{
    int r = write_sequence(batch);

    for (size_t i = 0; r == 0 && i < batch->n_days; i++)
        r = write_day(batch, &batch->days[i]);
    for (size_t i = 0; r == 0 && i < batch->n_books; i++)
        r = accounting_add(batch->txn, batch->books[i].site, batch->books[i].hour, &batch->books[i].books);
    return error_trace(r);
}

static void forget(struct batch *batch)
{
    free(batch->books);
    free(batch->days);
    buffer_deinit(&batch->scratch);
    *batch = (struct batch){.txn = NULL};
}

/* A key that could not be destroyed is listed: whoever opens the store next does it, before anything else. */
static void settle_keys(struct db *db)
{
    if (keyring_destroy(db_keyring_of(db)))
        db_break(db);
    forget_keys(db, true);
}

int batch_commit(struct batch *batch)
{
    struct db *db = db_of(batch->txn);
    int r = write_gathered(batch);

    if (r == 0)
        r = doomed_list(batch->txn);
    if (r == 0 && keyring_has_changed(db_keyring_of(db)))
        r = keyring_write(db_keyring_of(db));
    if (r)
        db_abort(batch->txn);
    else
        r = db_commit(batch->txn);
    if (r == 0)
        settle_keys(db);
    else
        forget_keys(db, db_broken(db)); /* where nobody knows what is on the disk, no key may go */
    forget(batch);
    return error_trace(r);
}

void batch_abort(struct batch *batch)
{
    forget_keys(db_of(batch->txn), false);
    db_abort(batch->txn);
    forget(batch);
}
