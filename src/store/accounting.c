/*
 * Rows of the books.  Format: docs/formats.md, "Books".
 */
#include "crumb/store/accounting.h"
#include "crumb/base/buffer.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include "crumb/store/key.h"
#include <assert.h>
#include <errno.h>

#define BOOKS_VERSION 1
#define BOOKS_BYTES_MAX (2 + 10 * (REASON_N + 2) + CHECKSUM_BYTES)
#define HOUR_MS (3600LL * 1000)

uint32_t accounting_hour(int64_t at_ms) { return at_ms < 0 ? 0 : (uint32_t)(at_ms / HOUR_MS); }

void accounting_count(struct books *books, enum reason reason)
{
    books->received++;
    if (reason == REASON_NONE)
        books->stored++;
    else
        books->dropped[reason]++;
}

void accounting_sum(struct books *books, const struct books *more)
{
    books->received += more->received;
    books->stored += more->stored;
    for (unsigned i = 0; i < REASON_N; i++)
        books->dropped[i] += more->dropped[i];
}

bool accounting_balanced(const struct books *books)
{
    uint64_t sum = books->stored;

    for (unsigned i = 0; i < REASON_N; i++)
        sum += books->dropped[i];
    return books->received == sum && books->dropped[REASON_NONE] == 0;
}

static void encode(const struct books *books, const struct key *key, struct buffer *buffer)
{
    assert(accounting_balanced(books));
    buffer_put_u8(buffer, BOOKS_VERSION);
    buffer_put_u8(buffer, REASON_N);
    buffer_put_varint(buffer, books->received);
    buffer_put_varint(buffer, books->stored);
    for (unsigned i = 0; i < REASON_N; i++)
        buffer_put_varint(buffer, books->dropped[i]);
    checksum_put(buffer, key_text(key));
}

/* Rows written before a reason was added have fewer counters; the missing ones are zero. */
static bool decode(struct text key, struct text value, struct books *ret_books)
{
    struct books books = {0};

    if (!checksum_take(&value, key))
        return false;
    struct reader reader = reader_of(value);
    if (reader_u8(&reader) != BOOKS_VERSION)
        return false;
    unsigned n = reader_u8(&reader);
    if (n > REASON_N)
        return false;
    books.received = reader_varint(&reader);
    books.stored = reader_varint(&reader);
    for (unsigned i = 0; i < n; i++)
        books.dropped[i] = reader_varint(&reader);
    if (!reader_done(&reader) || !accounting_balanced(&books))
        return false;
    *ret_books = books;
    return true;
}

int accounting_add(struct db_txn *txn, uint32_t site, uint32_t hour, const struct books *delta)
{
    struct key key = key_hour(site, hour);
    struct books books = {0};
    struct text value;
    int r = db_get(txn, DB_ACCOUNTING, key_text(&key), &value);

    if (r < 0)
        return error_trace(r);
    if (r == 0 && !decode(key_text(&key), value, &books))
        return error_origin(-EBADMSG);
    accounting_sum(&books, delta);
    BUFFER_AUTO buffer = BUFFER_INIT(BOOKS_BYTES_MAX);
    encode(&books, &key, &buffer);
    if (buffer.fault)
        return error_origin(buffer.fault);
    return error_fold(db_put(txn, DB_ACCOUNTING, key_text(&key), buffer_text(&buffer)));
}

int accounting_each(struct db_txn *txn, accounting_visit visit, void *context, uint32_t *ret_site, uint32_t *ret_hour)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_ACCOUNTING, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct books books;
        uint32_t site = 0, hour = 0;
        bool good = key_read_hour(key, &site, &hour);

        if (!good || !decode(key, value, &books)) {
            *ret_site = site;
            *ret_hour = hour;
            return error_origin(-EBADMSG);
        }
        int stop = visit(context, site, hour, &books);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

int accounting_between(struct db_txn *txn, uint32_t site, uint32_t from_hour, uint32_t to_hour, struct books *ret_books)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct key first = key_hour(site, from_hour);
    struct books sum = {0};
    struct text key, value;
    int r = db_cursor_new(txn, DB_ACCOUNTING, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, key_text(&first), &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct books books;
        uint32_t of_site, hour;

        if (!key_read_hour(key, &of_site, &hour))
            return error_origin(-EBADMSG);
        if (of_site != site || hour >= to_hour)
            break;
        if (!decode(key, value, &books))
            return error_origin(-EBADMSG);
        accounting_sum(&sum, &books);
    }
    if (r < 0)
        return error_trace(r);
    *ret_books = sum;
    return 0;
}
