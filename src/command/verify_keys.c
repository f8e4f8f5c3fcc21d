/*
 * What crumb verify says of keys: every reference opens, or what it protected is
 * erased; what is in the keyring and nothing refers to is counted.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/consent/visitor.h"
#include "crumb/rights/job.h"
#include "crumb/rights/request.h"
#include "crumb/store/day.h"
#include "crumb/store/envelope.h"
#include "crumb/store/journal.h"
#include "crumb/store/keys.h"
#include "crumb/store/orphans.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { WRONG = 1 };

struct walk {
    struct db_txn *txn;
    struct keys keys;
    uint8_t *used; /* a bit for each slot */
    uint32_t n_slots;
    uint64_t n_keys, n_gone, n_unused;
    struct buffer *said;
};

static int wrong(struct walk *walk, const char *what)
{
    buffer_printf(walk->said, "keys: the key of %s is damaged", what);
    return WRONG;
}

/* Rows of one key come behind each other or near; a key counts once. */
static int take(struct walk *walk, struct key_ref ref, const char *what)
{
    const uint8_t *key;
    int r = keys_get(&walk->keys, ref, &key);

    if (r == -EBADMSG)
        return wrong(walk, what);
    if (r < 0)
        return error_trace(r);
    walk->n_gone += r == KEYRING_E_GONE;
    if (r == 0 && ref.slot < walk->n_slots && !(walk->used[ref.slot / 8] >> ref.slot % 8 & 1)) {
        walk->used[ref.slot / 8] |= (uint8_t)(1 << ref.slot % 8);
        walk->n_keys++;
    }
    return 0;
}

/* ---- references ---- */

/* Damaged rows are told of by the checks of their own tables. */
static bool read_visitor(struct walk *walk, struct text key, struct text value, struct key_ref *ret_ref)
{
    uint8_t id[VISITOR_BYTES];
    struct visitor visitor;
    uint32_t site;

    (void)value;
    if (!key_read_visitor(key, &site, id) || visitor_get(walk->txn, site, id, &visitor))
        return false;
    *ret_ref = visitor.key;
    return true;
}

static bool read_orphan(struct walk *walk, struct text key, struct text value, struct key_ref *ret_ref)
{
    (void)walk;
    return orphans_key(key, value, ret_ref);
}

static bool read_day(struct walk *walk, struct text key, struct text value, struct key_ref *ret_ref)
{
    struct day_state state;
    uint32_t site;
    int32_t day;

    (void)value;
    if (!key_read_day(key, &site, &day) || day_get(walk->txn, site, day, &state) || !state.key.generation)
        return false;
    *ret_ref = state.key;
    return true;
}

static bool read_record(struct walk *walk, struct text key, struct text value, struct key_ref *ret_ref)
{
    (void)walk;
    return journal_key(key, value, ret_ref);
}

static bool read_envelope(enum db_table table, struct text key, struct text value, struct key_ref *ret_ref)
{
    struct envelope envelope;

    if (envelope_read(table, key, value, &envelope))
        return false;
    *ret_ref = envelope.ref;
    return true;
}

static bool read_segment(struct walk *walk, struct text key, struct text value, struct key_ref *ret_ref)
{
    (void)walk;
    return read_envelope(DB_SEGMENTS, key, value, ret_ref);
}

static bool read_rollup(struct walk *walk, struct text key, struct text value, struct key_ref *ret_ref)
{
    (void)walk;
    return read_envelope(DB_ROLLUPS, key, value, ret_ref);
}

static bool read_request(struct walk *walk, struct text key, struct text value, struct key_ref *ret_ref)
{
    struct request request;

    (void)walk;
    if (!request_decode(key, value, &request))
        return false;
    *ret_ref = request.key;
    return true;
}

/* The key of before; of a cut nothing else refers to it. */
static bool read_job(struct walk *walk, struct text key, struct text value, struct key_ref *ret_ref)
{
    struct key_ref next;

    (void)walk;
    return job_keys(key, value, ret_ref, &next);
}

/* The one that what is left comes under; the visitor may have gone since. */
static bool read_job_next(struct walk *walk, struct text key, struct text value, struct key_ref *ret_ref)
{
    struct key_ref before;

    (void)walk;
    return job_keys(key, value, &before, ret_ref) && ret_ref->generation;
}

/* Every table whose rows refer to keys. */
static const struct {
    enum db_table table;
    const char *what;
    bool (*read)(struct walk *walk, struct text key, struct text value, struct key_ref *ret_ref);
} references[] = {{DB_VISITORS, "a visitor", read_visitor},
                  {DB_ORPHANS, "a visitor whose row is gone", read_orphan},
                  {DB_DAYS, "a day", read_day},
                  {DB_JOURNAL, "a record of the journal", read_record},
                  {DB_SEGMENTS, "a segment", read_segment},
                  {DB_ROLLUPS, "a rollup", read_rollup},
                  {DB_REQUESTS, "a request", read_request},
                  {DB_JOBS, "what a visitor asked for", read_job},
                  {DB_JOBS, "what a visitor asked for", read_job_next}};

static int walk_table(struct walk *walk, size_t which)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(walk->txn, references[which].table, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct key_ref ref;

        if (!references[which].read(walk, key, value, &ref))
            continue;
        r = take(walk, ref, references[which].what);
        if (r)
            return r < 0 ? error_trace(r) : r;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

/* ---- slots ---- */

/* One that was made by a transaction which did not come to its end is no fault, and neither is a torn one. */
static int see_slot(void *context, struct key_ref ref, enum key_kind kind, bool opens)
{
    struct walk *walk = context;

    (void)kind;
    (void)opens;
    walk->n_unused += ref.slot >= walk->n_slots || !(walk->used[ref.slot / 8] >> ref.slot % 8 & 1);
    return 0;
}

static int look(struct walk *walk)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof references / sizeof references[0]; i++)
        r = walk_table(walk, i);
    if (r == 0)
        r = keyring_turn_each(walk->keys.keyring, see_slot, walk);
    if (r == 0)
        buffer_printf(walk->said, "%" PRIu64 " keys, %" PRIu64 " that nothing refers to; %" PRIu64 " rows are erased",
                      walk->n_keys, walk->n_unused, walk->n_gone);
    return r < 0 ? error_trace(r) : r;
}

int command_verify_keys(struct db_txn *txn, struct buffer *buffer)
{
    struct keyring_state state;
    struct walk walk = {.txn = txn, .said = buffer, .keys = KEYS_INIT(db_keyring(txn), KEYS_WALK_MAX)};
    int r = keyring_turn_state(db_keyring(txn), &state);

    if (r)
        return r < 0 ? error_trace(r) : error_origin(-EBADMSG);
    walk.n_slots = state.n_slots;
    walk.used = calloc(state.n_slots / 8 + 1, 1);
    r = walk.used ? look(&walk) : error_origin(-ENOMEM);
    keys_deinit(&walk.keys);
    free(walk.used);
    return r < 0 ? error_trace(r) : r;
}
