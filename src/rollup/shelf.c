/*
 * A hash table of days, which are in a list, too, the one that was asked for
 * last in front.  Columns are unpacked without the lock, by whoever marked the
 * day busy, from the pages of their own transaction, and added under it.  A
 * column that is there stays where it is until the day goes, and a day goes only
 * while nobody has it.
 *
 * A question goes through its days one after the other.  Where they are more than
 * fit, and the day that was asked for longest ago went first, each would go just
 * before the next question comes to it.  So the newest goes, and those that fit
 * stay for that question; unless the oldest has not been asked for in a long time.
 */
#include "shelf.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/rollup/amend.h"
#include "crumb/rollup/segments.h"
#include "crumb/rollup/tabulate.h"
#include "crumb/store/key.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define BUCKETS 1024

struct shelf_day {
    struct pinned pinned; /* first */
    struct shelf_key key;
    bool is_open;     /* the numbers of rows are known */
    bool busy;        /* somebody unpacks columns of it */
    uint64_t columns; /* that are there */
    size_t bytes;
    uint64_t asked; /* the count of pins when it was asked for last */
    struct shelf_day *next_in_bucket;
    struct shelf_day *newer, *older;
};

struct shelf {
    size_t bytes_max, n_bytes;
    uint64_t n_asked;
    pthread_mutex_t lock;
    pthread_cond_t idle; /* a day is busy no more */
    struct shelf_day *buckets[BUCKETS];
    struct shelf_day *newest, *oldest;
};

int shelf_new(size_t bytes_max, struct shelf **ret_shelf)
{
    struct shelf *shelf = calloc(1, sizeof *shelf);

    if (!shelf)
        return error_origin(-ENOMEM);
    shelf->bytes_max = bytes_max;
    pthread_mutex_init(&shelf->lock, NULL);
    pthread_cond_init(&shelf->idle, NULL);
    *ret_shelf = shelf;
    return 0;
}

/* ---- the list and the table ---- */

static struct shelf_day **bucket_of(struct shelf *shelf, struct shelf_key key)
{
    return &shelf->buckets[((uint32_t)key.day + 31 * key.site) % BUCKETS];
}

static bool is_same(struct shelf_key a, struct shelf_key b)
{
    return a.site == b.site && a.day == b.day && a.sealed == b.sealed && a.changes == b.changes && a.built == b.built;
}

static void unlink_day(struct shelf *shelf, struct shelf_day *day)
{
    *(day->newer ? &day->newer->older : &shelf->newest) = day->older;
    *(day->older ? &day->older->newer : &shelf->oldest) = day->newer;
}

static void link_newest(struct shelf *shelf, struct shelf_day *day)
{
    day->newer = NULL;
    day->older = shelf->newest;
    *(day->older ? &day->older->newer : &shelf->oldest) = day;
    shelf->newest = day;
}

static void remove_day(struct shelf *shelf, struct shelf_day *day)
{
    struct shelf_day **at = bucket_of(shelf, day->key);

    while (*at != day)
        at = &(*at)->next_in_bucket;
    *at = day->next_in_bucket;
    unlink_day(shelf, day);
    shelf->n_bytes -= day->bytes;
    table_deinit(&day->pinned.table);
    free(day);
}

/* The day of @key, which is the newest now; NULL: no memory for it. */
static struct shelf_day *find_or_add(struct shelf *shelf, struct shelf_key key)
{
    struct shelf_day **bucket = bucket_of(shelf, key), *day = *bucket;

    while (day && !is_same(day->key, key))
        day = day->next_in_bucket;
    if (day) {
        unlink_day(shelf, day);
    } else {
        day = calloc(1, sizeof *day);
        if (!day)
            return NULL;
        day->pinned.tier = DAYS_SEGMENT;
        day->key = key;
        day->bytes = sizeof *day;
        day->next_in_bucket = *bucket;
        *bucket = day;
        shelf->n_bytes += day->bytes;
    }
    day->asked = ++shelf->n_asked;
    link_newest(shelf, day);
    return day;
}

/* The day that goes next; NULL: somebody has each of them. */
static struct shelf_day *find_least(const struct shelf *shelf)
{
    struct shelf_day *day = shelf->oldest;

    while (day && day->pinned.n_pins)
        day = day->newer;
    if (!day || shelf->n_asked - day->asked >= SHELF_STALE_PINS)
        return day;
    for (day = shelf->newest; day->pinned.n_pins;)
        day = day->older;
    return day;
}

/* When a day is given back: before, another one would go for it. */
static void bound(struct shelf *shelf)
{
    struct shelf_day *least;

    while (shelf->n_bytes > shelf->bytes_max && (least = find_least(shelf)))
        remove_day(shelf, least);
}

struct shelf *shelf_free(struct shelf *shelf)
{
    if (shelf) {
        while (shelf->oldest) {
            assert(!shelf->oldest->pinned.n_pins);
            remove_day(shelf, shelf->oldest);
        }
        pthread_cond_destroy(&shelf->idle);
        pthread_mutex_destroy(&shelf->lock);
        free(shelf);
    }
    return NULL;
}

size_t shelf_bytes(struct shelf *shelf)
{
    pthread_mutex_lock(&shelf->lock);
    size_t n_bytes = shelf->n_bytes;
    pthread_mutex_unlock(&shelf->lock);
    return n_bytes;
}

/* ---- columns ---- */

/* What was unpacked: columns of a table, and which of them. */
struct unpacked {
    struct table table;
    uint64_t columns;
};

/* Of a day whose segment nobody can read any more: there is nothing to tell. */
static int make_empty(const struct shelf_day *day, struct unpacked *ret_unpacked)
{
    struct gather *gather = NULL;
    int r = day->is_open ? error_origin(-ESTALE) : gather_new(0, &gather);

    if (r == 0)
        r = tabulate_table(gather, &ret_unpacked->table);
    if (r == 0)
        ret_unpacked->columns = COLUMN_ALL;
    gather_free(gather);
    return error_trace(r);
}

/* Which visitors are there tells whether the whole table is needed. */
static int is_concerned(const struct segment *segment, const struct amendments *amendments, bool *ret_is)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    int r = segment_read(segment, COLUMN_BIT(COLUMN_VISIT_visitor), &table);

    if (r)
        return error_trace(r);
    *ret_is = amend_concerns(amendments, AMEND_ANSWER, table.columns[COLUMN_VISIT_visitor], table.n[RELATION_VISIT]);
    return 0;
}

/* A day that was opened without amendments gets none later: its columns would not fit each other. */
static int read_amendments(struct db_txn *txn, const struct shelf_day *day, const struct segment *segment,
                           struct amendments *amendments, bool *ret_concerned)
{
    *ret_concerned = false;
    if (day->is_open)
        return 0;
    int r = amended_read(txn, day->key.site, amendments);
    if (r == 0 && amendments->n)
        r = is_concerned(segment, amendments, ret_concerned);
    return error_trace(r);
}

static int unpack_segment(struct db_txn *txn, const struct shelf_day *day, uint64_t columns,
                          const struct segment *segment, struct unpacked *unpacked)
{
    AMENDMENTS_AUTO amendments = {.n = 0};
    bool concerned = false;
    int r = read_amendments(txn, day, segment, &amendments, &concerned);

    unpacked->table.texts = day->pinned.table.texts;
    unpacked->columns = concerned ? COLUMN_ALL : columns & ~day->columns;
    if (r == 0)
        r = segment_read(segment, unpacked->columns, &unpacked->table);
    if (day->pinned.table.texts.n)
        unpacked->table.texts = (struct table_texts){.n = 0};
    if (r == 0 && concerned)
        r = amend_table(&amendments, AMEND_ANSWER, &unpacked->table);
    if (r)
        table_deinit(&unpacked->table);
    return error_trace(r);
}

/* Without the lock. @ret_unpacked gets what @day has not: the missing columns, the texts, the numbers of rows. */
static int unpack(struct db_txn *txn, const struct shelf_day *day, uint64_t columns, struct unpacked *ret_unpacked)
{
    SEGMENT_AUTO segment = {.n_texts = 0};
    struct unpacked unpacked = {.table = TABLE_INIT};
    int r = segments_open(txn, day->key.site, day->key.day, &segment);

    if (r == SEGMENTS_E_NONE)
        return error_origin(-EBADMSG);
    r = r == SEGMENTS_E_GONE ? make_empty(day, &unpacked)
        : r                  ? error_trace(r)
                             : unpack_segment(txn, day, columns, &segment, &unpacked);
    if (r)
        return error_trace(r);
    *ret_unpacked = unpacked;
    return 0;
}

static size_t bytes_of(const struct table *table)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < COLUMN_N; i++)
        if (table->columns[i])
            bytes += (table->n[table_relation(i)] + 1ul) * sizeof *table->columns[i];
    if (table->texts.n)
        bytes += table->texts.n * sizeof *table->texts.ends + table->texts.ends[table->texts.n - 1];
    return bytes;
}

/* What is there already is not written, as somebody may be reading it. */
static void add_columns(struct shelf *shelf, struct shelf_day *day, const struct unpacked *unpacked)
{
    const struct table *from = &unpacked->table;
    struct table *table = &day->pinned.table;
    size_t bytes = bytes_of(from);

    if (!day->is_open)
        memcpy(table->n, from->n, sizeof table->n);
    for (unsigned i = 0; i < COLUMN_N; i++)
        if (from->columns[i])
            table->columns[i] = from->columns[i];
    if (from->texts.n)
        table->texts = from->texts;
    day->is_open = true;
    day->columns |= unpacked->columns;
    day->bytes += bytes;
    shelf->n_bytes += bytes;
}

static bool lacks(const struct shelf_day *day, uint64_t columns) { return !day->is_open || columns & ~day->columns; }

/* Under the lock, which it leaves while it works. @day is pinned, so it stays. */
static int provide(struct shelf *shelf, struct db_txn *txn, struct shelf_day *day, uint64_t columns)
{
    struct unpacked unpacked;

    while (lacks(day, columns) && day->busy)
        pthread_cond_wait(&shelf->idle, &shelf->lock);
    if (!lacks(day, columns))
        return 0;
    day->busy = true;
    pthread_mutex_unlock(&shelf->lock);
    int r = unpack(txn, day, columns, &unpacked);
    pthread_mutex_lock(&shelf->lock);
    if (r == 0)
        add_columns(shelf, day, &unpacked);
    day->busy = false;
    pthread_cond_broadcast(&shelf->idle);
    return error_trace(r);
}

int shelf_pin(struct shelf *shelf, struct db_txn *txn, struct shelf_key key, uint64_t columns,
              struct pinned **ret_pinned)
{
    int r = 0;

    pthread_mutex_lock(&shelf->lock);
    struct shelf_day *day = find_or_add(shelf, key);
    if (day) {
        day->pinned.n_pins++;
        r = provide(shelf, txn, day, columns);
        if (r == 0)
            *ret_pinned = &day->pinned;
        else if (--day->pinned.n_pins == 0 && !day->is_open)
            remove_day(shelf, day);
    }
    pthread_mutex_unlock(&shelf->lock);
    return day ? error_trace(r) : error_origin(-ENOMEM);
}

void shelf_unpin(struct shelf *shelf, struct pinned *pinned)
{
    pthread_mutex_lock(&shelf->lock);
    assert(pinned->n_pins > 0);
    pinned->n_pins--;
    bound(shelf);
    pthread_mutex_unlock(&shelf->lock);
}
