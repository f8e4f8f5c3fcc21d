/*
 * Look, then remove what is still expired.
 */
#include "crumb/ingest/expire.h"
#include "crumb/base/error.h"
#include "crumb/base/metrics.h"
#include "crumb/consent/visitor.h"
#include <errno.h>
#include <stdio.h>

#define DETAILS_BYTES 64

struct removal {
    struct write_op super;
    const struct config *config;
    const struct trail *trail;
    int64_t now_ms;
    struct key keys[EXPIRE_DELETES_MAX];
    unsigned n, n_removed;
};

/* A choice from the future is not live, and not expired either: some clock was wrong, and may be mended. */
static bool is_expired(const struct visitor *visitor, const struct site *site, int64_t now_ms)
{
    return now_ms >= visitor_until_ms(visitor, site);
}

/* On the writer's thread: the choice may have been renewed since it was looked at. */
static int remove_row(const struct removal *removal, struct batch *batch, const struct site *site,
                      const struct key *key, unsigned *n)
{
    uint8_t id[VISITOR_BYTES];
    struct visitor visitor;
    uint32_t number;

    key_read_visitor(key_text(key), &number, id);
    int r = visitor_get(batch->txn, number, id, &visitor);
    if (r == DB_E_NOT_FOUND || r == -EBADMSG)
        return 0;
    if (r)
        return error_trace(r);
    if (!is_expired(&visitor, site, removal->now_ms))
        return 0;
    ++*n;
    return error_trace(visitor_end(batch, site, id, removal->now_ms));
}

static int record(const struct removal *removal, struct batch *batch, const struct site *site, unsigned n)
{
    char details[DETAILS_BYTES];

    if (!n || !removal->trail)
        return 0;
    snprintf(details, sizeof details, "%u rows", n);
    return error_trace(trail_append_expired(batch, removal->trail, removal->now_ms, site->name, "visitors", details));
}

static const struct site *site_of(const struct removal *removal, unsigned i)
{
    uint8_t id[VISITOR_BYTES];
    uint32_t number;

    key_read_visitor(key_text(&removal->keys[i]), &number, id);
    return config_site_of_id(removal->config, number);
}

/* Keys come by site, and each site's rows are recorded together. */
static int removal_apply(struct write_op *op, struct batch *batch)
{
    struct removal *removal = (struct removal *)op;
    unsigned n = 0;
    int r = 0;

    removal->n_removed = 0;
    for (unsigned i = 0; r == 0 && i < removal->n; i++) {
        const struct site *site = site_of(removal, i);

        r = remove_row(removal, batch, site, &removal->keys[i], &n);
        if (r == 0 && (i + 1 == removal->n || site_of(removal, i + 1) != site)) {
            removal->n_removed += n;
            r = record(removal, batch, site, n);
            n = 0;
        }
    }
    return error_trace(r);
}

static void removal_done(struct write_op *op, int result)
{
    if (result == 0)
        metrics_add(METRIC_visitors_expired_total, ((struct removal *)op)->n_removed);
}

/* Keeps the key of a row that has expired. Rows that cannot be read are for `crumb verify` to name. */
static void look_at(struct removal *removal, struct db_txn *txn, const struct key *key)
{
    uint8_t id[VISITOR_BYTES];
    struct visitor visitor;
    uint32_t number;

    if (!key_read_visitor(key_text(key), &number, id))
        return;
    const struct site *site = config_site_of_id(removal->config, number);
    if (site && visitor_get(txn, number, id, &visitor) == 0 && is_expired(&visitor, site, removal->now_ms))
        removal->keys[removal->n++] = *key;
}

/* Goes on behind *after. *ret_end: there was nothing more. */
static int look(struct db *db, struct removal *removal, struct key *after, bool *ret_end)
{
    DB_TXN_AUTO *txn = NULL;
    struct text key, value;
    int r = db_begin_read(db, &txn);

    if (r)
        return error_trace(r);
    DB_CURSOR_AUTO *cursor = NULL;
    r = db_cursor_new(txn, DB_VISITORS, &cursor);
    if (r)
        return error_trace(r);
    r = db_cursor_seek(cursor, key_text(after), &key, &value);
    if (r == 0 && text_equal(key, key_text(after)))
        r = db_cursor_next(cursor, &key, &value);
    for (unsigned n = 0; r == 0 && n < EXPIRE_ROWS_MAX && removal->n < EXPIRE_DELETES_MAX; n++) {
        if (key.size > sizeof after->bytes)
            return error_origin(-EBADMSG);
        memcpy(after->bytes, key.data, key.size);
        after->size = key.size;
        look_at(removal, txn, after);
        r = db_cursor_next(cursor, &key, &value);
    }
    *ret_end = r == DB_E_NOT_FOUND;
    return r < 0 ? error_trace(r) : 0;
}

int expire_pass(struct expire *expire, struct db *db, const struct config *config, int64_t now_ms,
                int (*submit)(void *context, struct write_op *op), void *context, unsigned *ret_n)
{
    /* A clock that was set back ends the rest, too. */
    int64_t rested_ms = now_ms - expire->resting_ms;
    struct removal removal = {.super = {.reserve = true, .apply = removal_apply, .done = removal_done},
                              .config = config,
                              .trail = expire->trail,
                              .now_ms = now_ms};
    struct key after = expire->after;
    bool end = false;

    *ret_n = 0;
    if (expire->resting_ms && rested_ms >= 0 && rested_ms < EXPIRE_REST_MS)
        return 0;
    int r = look(db, &removal, &after, &end);
    if (r == 0 && removal.n)
        r = error_fold(submit(context, &removal.super));
    if (r)
        return error_trace(r);
    *expire = end ? (struct expire){.resting_ms = now_ms, .trail = expire->trail}
                  : (struct expire){.after = after, .trail = expire->trail};
    *ret_n = removal.n_removed;
    return 0;
}
