/*
 * A hash table of sheets, which are in a list, too, the one that was asked for
 * last in front.  A sheet is unpacked without the lock; where two threads unpack
 * the same one, the second is thrown away.
 */
#include "drawer.h"
#include "crumb/base/error.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define BUCKETS 4096

struct drawer_key {
    uint32_t site;
    struct period period;
    enum field field;
    unsigned part;
    uint64_t version;
};

struct sheet {
    struct cells cells; /* first: what is lent */
    struct drawer_key key;
    size_t bytes;
    unsigned n_pins;
    struct sheet *next_in_bucket;
    struct sheet *newer, *older;
};

struct drawer {
    size_t bytes_max, n_bytes;
    pthread_mutex_t lock;
    struct sheet *buckets[BUCKETS];
    struct sheet *newest, *oldest;
};

int drawer_new(size_t bytes_max, struct drawer **ret_drawer)
{
    struct drawer *drawer = calloc(1, sizeof *drawer);

    if (!drawer)
        return error_origin(-ENOMEM);
    drawer->bytes_max = bytes_max;
    pthread_mutex_init(&drawer->lock, NULL);
    *ret_drawer = drawer;
    return 0;
}

/* ---- the list and the table ---- */

static struct sheet **bucket_of(struct drawer *drawer, const struct drawer_key *key)
{
    uint32_t number = (uint32_t)key->period.number * SUMMARY_FIELDS + (uint32_t)key->field;

    return &drawer->buckets[(number + 31 * key->site) % BUCKETS];
}

static bool is_same(const struct drawer_key *a, const struct drawer_key *b)
{
    return a->site == b->site && a->period.kind == b->period.kind && a->period.number == b->period.number &&
           a->field == b->field && a->part == b->part && a->version == b->version;
}

static void unlink_sheet(struct drawer *drawer, struct sheet *sheet)
{
    *(sheet->newer ? &sheet->newer->older : &drawer->newest) = sheet->older;
    *(sheet->older ? &sheet->older->newer : &drawer->oldest) = sheet->newer;
}

static void link_newest(struct drawer *drawer, struct sheet *sheet)
{
    sheet->newer = NULL;
    sheet->older = drawer->newest;
    *(sheet->older ? &sheet->older->newer : &drawer->oldest) = sheet;
    drawer->newest = sheet;
}

static void free_sheet(struct sheet *sheet)
{
    cells_deinit(&sheet->cells);
    free(sheet);
}

static void remove_sheet(struct drawer *drawer, struct sheet *sheet)
{
    struct sheet **at = bucket_of(drawer, &sheet->key);

    while (*at != sheet)
        at = &(*at)->next_in_bucket;
    *at = sheet->next_in_bucket;
    unlink_sheet(drawer, sheet);
    drawer->n_bytes -= sheet->bytes;
    free_sheet(sheet);
}

static void add_sheet(struct drawer *drawer, struct sheet *sheet)
{
    struct sheet **bucket = bucket_of(drawer, &sheet->key);

    sheet->next_in_bucket = *bucket;
    *bucket = sheet;
    drawer->n_bytes += sheet->bytes;
    link_newest(drawer, sheet);
}

/* NULL: it is not there. */
static struct sheet *find(struct drawer *drawer, const struct drawer_key *key)
{
    struct sheet *sheet = *bucket_of(drawer, key);

    while (sheet && !is_same(&sheet->key, key))
        sheet = sheet->next_in_bucket;
    if (sheet) {
        unlink_sheet(drawer, sheet);
        link_newest(drawer, sheet);
        sheet->n_pins++;
    }
    return sheet;
}

/* Drops what was asked for longest ago, as far as nobody has it. */
static void bound(struct drawer *drawer)
{
    struct sheet *newer;

    for (struct sheet *sheet = drawer->oldest; sheet && drawer->n_bytes > drawer->bytes_max; sheet = newer) {
        newer = sheet->newer;
        if (!sheet->n_pins)
            remove_sheet(drawer, sheet);
    }
}

struct drawer *drawer_free(struct drawer *drawer)
{
    if (drawer) {
        while (drawer->oldest) {
            assert(!drawer->oldest->n_pins);
            remove_sheet(drawer, drawer->oldest);
        }
        pthread_mutex_destroy(&drawer->lock);
        free(drawer);
    }
    return NULL;
}

size_t drawer_bytes(struct drawer *drawer)
{
    pthread_mutex_lock(&drawer->lock);
    size_t n_bytes = drawer->n_bytes;
    pthread_mutex_unlock(&drawer->lock);
    return n_bytes;
}

/* ---- sheets ---- */

static int unpack(const struct drawer_key *key, struct text bytes, unsigned n_parts, struct cells *ret_cells)
{
    enum cells_sketches sketches = summary_sketches(key->period.kind, key->field);
    int r = (key->part ? cells_decode_block : cells_decode)(bytes, sketches, ret_cells);

    if (r == 0)
        ret_cells->has_sketches = n_parts > 1;
    return error_trace(r);
}

static int make_sheet(struct db_txn *txn, const struct drawer_key *key, struct sheet **ret_sheet)
{
    BUFFER_AUTO bytes = BUFFER_INIT(2ul * ROLLUP_BYTES_MAX);
    unsigned n_parts = 0;
    int r = rollups_get_part(txn, key->site, key->period, key->field, key->part, &bytes, &n_parts);

    if (r)
        return r < 0 ? error_trace(r) : r;
    struct sheet *sheet = calloc(1, sizeof *sheet);
    if (!sheet)
        return error_origin(-ENOMEM);
    r = unpack(key, buffer_text(&bytes), n_parts, &sheet->cells);
    if (r < 0) {
        free(sheet);
        return error_trace(r);
    }
    sheet->key = *key;
    sheet->bytes = sizeof *sheet + cells_bytes(&sheet->cells);
    sheet->n_pins = 1;
    *ret_sheet = sheet;
    return 0;
}

/* Under the lock. */
static struct sheet *keep(struct drawer *drawer, struct sheet *made)
{
    struct sheet *sheet = find(drawer, &made->key);

    if (sheet) {
        free_sheet(made);
        return sheet;
    }
    add_sheet(drawer, made);
    bound(drawer);
    return made;
}

int drawer_pin(struct drawer *drawer, struct db_txn *txn, uint32_t site, struct period period, enum field field,
               unsigned part, const struct cells **ret_cells)
{
    struct drawer_key key = {.site = site, .period = period, .field = field, .part = part};
    struct sheet *made = NULL;
    int r = rollups_version(txn, site, period, &key.version);

    if (r)
        return r < 0 ? error_trace(r) : r;
    pthread_mutex_lock(&drawer->lock);
    struct sheet *sheet = find(drawer, &key);
    pthread_mutex_unlock(&drawer->lock);
    if (!sheet) {
        r = make_sheet(txn, &key, &made);
        if (r)
            return r < 0 ? error_trace(r) : r;
        pthread_mutex_lock(&drawer->lock);
        sheet = keep(drawer, made);
        pthread_mutex_unlock(&drawer->lock);
    }
    *ret_cells = &sheet->cells;
    return 0;
}

void drawer_unpin(struct drawer *drawer, const struct cells *cells)
{
    struct sheet *sheet = (struct sheet *)(uintptr_t)cells;

    pthread_mutex_lock(&drawer->lock);
    assert(sheet->n_pins > 0);
    sheet->n_pins--;
    bound(drawer);
    pthread_mutex_unlock(&drawer->lock);
}
