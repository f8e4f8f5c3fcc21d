/*
 * Rows, queue and askers.
 */
#include "crumb/rights/requests.h"
#include "crumb/base/error.h"
#include "crumb/rights/calendar.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>

/* A row of the queue or of the askers says everything with its key; LMDB has no keys without a value of a byte. */
#define PRESENT TEXT("1")

/* ---- writing ---- */

/* Each writing has a salt of its own: one batch may write the same request twice. */
static int put_row(struct batch *batch, struct request *request)
{
    struct key key = key_request(request->site, request->number);
    BUFFER_AUTO row = BUFFER_INIT(REQUEST_BYTES_MAX);
    const uint8_t *secret;
    int r = batch_key(batch, request->key, &secret);

    if (r)
        return error_fold(r);
    keyring_random(db_keyring(batch->txn), request->salt, sizeof request->salt);
    request_encode(request, &key, secret, &row);
    if (row.fault)
        return error_origin(row.fault);
    return error_fold(db_put(batch->txn, DB_REQUESTS, key_text(&key), buffer_text(&row)));
}

static int put_due(struct batch *batch, const struct request *request)
{
    struct key key = key_due(request->site, request->due, request->number);

    if (request_is_open(request->state))
        return error_fold(db_put(batch->txn, DB_DUE, key_text(&key), PRESENT));
    return error_trace(db_delete(batch->txn, DB_DUE, key_text(&key)));
}

static int put_asker(struct batch *batch, const struct request *request)
{
    struct key key = key_asker(request->site, request->asker, request->number);

    return request->has_asker ? error_fold(db_put(batch->txn, DB_ASKERS, key_text(&key), PRESENT)) : 0;
}

/* ---- the queue ---- */

typedef int (*due_visit)(void *context, int32_t day, uint32_t number);

static int each_due(struct db_txn *txn, uint32_t site, due_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct key first = key_due(site, INT32_MIN, 0);
    struct text key, value;
    int r = db_cursor_new(txn, DB_DUE, &cursor);

    first.size = sizeof site; /* days before 1970 are none */
    if (r == 0)
        r = db_cursor_seek(cursor, key_text(&first), &key, &value);
    for (; r == 0; r = db_cursor_next(cursor, &key, &value)) {
        uint32_t of, number;
        int32_t day;

        if (!key_read_due(key, &of, &day, &number))
            return error_origin(-EBADMSG);
        if (of != site)
            return 0;
        int stop = visit(context, day, number);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

static int count_one(void *context, int32_t day, uint32_t number)
{
    unsigned *n = context;

    (void)day;
    (void)number;
    return ++*n >= REQUESTS_OPEN_MAX ? REQUESTS_E_FULL : 0;
}

static int make_key(struct batch *batch, struct request *request)
{
    uint8_t secret[CRYPT_KEY_BYTES];
    int r = batch_new_key(batch, KEY_REQUEST, &request->key, secret);

    sodium_memzero(secret, sizeof secret);
    return error_trace(r);
}

int requests_add(struct batch *batch, uint32_t site, struct request *request)
{
    unsigned n = 0;
    int r = each_due(batch->txn, site, count_one, &n);

    assert(request->n_steps == 1 && request->state == request->steps[0].state && request_is_open(request->state));
    if (r)
        return error_trace(r);
    r = batch_take_request(batch, site, &request->number);
    if (r)
        return error_trace(r);
    request->site = site;
    request->changed_ms = request->steps[0].at_ms;
    r = make_key(batch, request);
    if (r == 0)
        r = put_row(batch, request);
    if (r == 0)
        r = put_due(batch, request);
    return r ? error_trace(r) : error_trace(put_asker(batch, request));
}

int requests_get(struct db_txn *txn, uint32_t site, uint32_t number, struct request *ret_request)
{
    struct key key = key_request(site, number);
    struct text value;
    int r = db_get(txn, DB_REQUESTS, key_text(&key), &value);

    if (r == DB_E_NOT_FOUND)
        return REQUESTS_E_NONE;
    if (r)
        return error_trace(r);
    return request_decode(key_text(&key), value, ret_request) ? 0 : error_origin(-EBADMSG);
}

/* A key that was destroyed is no fault: what it protected was erased. */
static int open_result(int r) { return r == KEYRING_E_GONE ? REQUESTS_E_NONE : error_trace(r); }

int requests_open(struct db_txn *txn, struct request *request, struct buffer *plain)
{
    uint8_t secret[CRYPT_KEY_BYTES];
    int r = keyring_get(db_keyring(txn), request->key, secret);

    if (r == 0)
        r = request_open(request, secret, plain);
    sodium_memzero(secret, sizeof secret);
    return open_result(r);
}

int requests_open_in(struct batch *batch, struct request *request, struct buffer *plain)
{
    const uint8_t *secret;
    int r = batch_key(batch, request->key, &secret);

    return open_result(r ? r : request_open(request, secret, plain));
}

int requests_move(struct batch *batch, struct request *request, const struct request_step *step)
{
    if (!request_may_move(request->state, step->state, step->side))
        return REQUESTS_E_STATE;
    /* The last place is kept for whoever asked: nothing is in the way of a withdrawal. */
    if (request->n_steps + (step->side == REQUEST_BY_OFFICER) >= REQUEST_STEPS_MAX)
        return REQUESTS_E_HISTORY;
    struct request moved = *request;
    moved.steps[moved.n_steps++] = *step;
    moved.state = step->state;
    moved.changed_ms = step->at_ms;
    int r = put_row(batch, &moved);
    if (r == 0)
        r = put_due(batch, &moved);
    if (r)
        return error_trace(r);
    *request = moved;
    return 0;
}

/* ---- walks ---- */

struct walk {
    struct db_txn *txn;
    uint32_t site;
    requests_visit visit;
    void *context;
};

/* The row behind an index must be there. */
static int visit_number(const struct walk *walk, uint32_t number)
{
    struct request request;
    int r = requests_get(walk->txn, walk->site, number, &request);

    if (r)
        return r < 0 ? error_trace(r) : error_origin(-EBADMSG);
    return walk->visit(walk->context, &request);
}

static int visit_due(void *context, int32_t day, uint32_t number)
{
    (void)day;
    return visit_number(context, number);
}

int requests_each_open(struct db_txn *txn, uint32_t site, requests_visit visit, void *context)
{
    struct walk walk = {.txn = txn, .site = site, .visit = visit, .context = context};

    return each_due(txn, site, visit_due, &walk);
}

int requests_each_back(struct db_txn *txn, uint32_t site, requests_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct key before = key_request(site, UINT32_MAX);
    int r = db_cursor_new(txn, DB_REQUESTS, &cursor);

    while (r == 0) {
        struct text key, value;
        struct request request;
        uint32_t of, number;

        r = db_cursor_before(cursor, key_text(&before), &key, &value);
        if (r)
            break;
        if (!key_read_request(key, &of, &number))
            return error_origin(-EBADMSG);
        if (of != site)
            return 0;
        if (!request_decode(key, value, &request))
            return error_origin(-EBADMSG);
        before = key_request(site, number);
        r = visit(context, &request);
        if (r)
            return r;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

int requests_each_of(struct db_txn *txn, uint32_t site, const uint8_t asker[ASKER_BYTES], requests_visit visit,
                     void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct walk walk = {.txn = txn, .site = site, .visit = visit, .context = context};
    struct key first = key_asker(site, asker, 0);
    struct text key, value, prefix = {.data = (const char *)first.bytes, .size = first.size - sizeof(uint32_t)};
    int r = db_cursor_new(txn, DB_ASKERS, &cursor);

    if (r == 0)
        r = db_cursor_seek(cursor, key_text(&first), &key, &value);
    for (; r == 0 && text_starts(key, prefix); r = db_cursor_next(cursor, &key, &value)) {
        uint8_t of[ASKER_BYTES];
        uint32_t number;

        if (!key_read_asker(key, &walk.site, of, &number))
            return error_origin(-EBADMSG);
        int stop = visit_number(&walk, number);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND || r == 0 ? 0 : error_trace(r);
}

int requests_each(struct db_txn *txn, requests_visit visit, void *context, uint32_t *ret_site, uint32_t *ret_number)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_REQUESTS, &cursor);

    if (r == 0)
        r = db_cursor_seek(cursor, TEXT_NONE, &key, &value);
    for (; r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct request request;

        if (!request_decode(key, value, &request)) {
            if (!key_read_request(key, ret_site, ret_number))
                *ret_site = *ret_number = 0;
            return error_origin(-EBADMSG);
        }
        int stop = visit(context, &request);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

/* ---- what goes ---- */

/* The number of a visitor's first request. DB_E_NOT_FOUND: there is none. */
static int first_of(struct db_txn *txn, uint32_t site, const uint8_t asker[ASKER_BYTES], uint32_t *ret_number)
{
    struct key first = key_asker(site, asker, 0);
    struct text key, value, prefix = {.data = (const char *)first.bytes, .size = first.size - sizeof(uint32_t)};
    DB_CURSOR_AUTO *cursor = NULL;
    uint8_t of[ASKER_BYTES];
    int r = db_cursor_new(txn, DB_ASKERS, &cursor);

    if (r == 0)
        r = db_cursor_seek(cursor, key_text(&first), &key, &value);
    if (r)
        return error_trace(r);
    if (!text_starts(key, prefix))
        return DB_E_NOT_FOUND;
    return key_read_asker(key, &site, of, ret_number) ? 0 : error_origin(-EBADMSG);
}

/* The row with another head; what was said stays in its box. */
static int forget_one(struct batch *batch, uint32_t site, const uint8_t asker[ASKER_BYTES], uint32_t number)
{
    struct key key = key_request(site, number), entry = key_asker(site, asker, number);
    BUFFER_AUTO row = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request request;
    int r = requests_get(batch->txn, site, number, &request);

    if (r)
        return r < 0 ? error_trace(r) : error_origin(-EBADMSG);
    request.has_asker = false;
    request_encode_closed(&request, &key, &row);
    if (row.fault)
        return error_origin(row.fault);
    r = error_fold(db_put(batch->txn, DB_REQUESTS, key_text(&key), buffer_text(&row)));
    return r ? r : error_trace(db_delete(batch->txn, DB_ASKERS, key_text(&entry)));
}

int requests_forget(struct batch *batch, uint32_t site, const uint8_t asker[ASKER_BYTES], unsigned n_max,
                    unsigned *ret_n)
{
    unsigned n = 0;
    int r = 0;

    while (r == 0 && n < n_max) {
        uint32_t number;

        r = first_of(batch->txn, site, asker, &number);
        if (r == 0)
            r = forget_one(batch, site, asker, number);
        n += r == 0;
    }
    if (r < 0)
        return error_trace(r);
    *ret_n = n;
    return 0;
}

bool requests_is_over(const struct request *request, bool is_left, int64_t until_ms)
{
    return (is_left || !request_is_open(request->state)) && request->changed_ms <= until_ms;
}

static int remove_one(struct batch *batch, const struct request *request)
{
    struct key key = key_request(request->site, request->number);
    struct key entry = key_asker(request->site, request->asker, request->number);
    struct key due = key_due(request->site, request->due, request->number);
    struct key_ref ref = request->key;
    int r = request->has_asker ? db_delete(batch->txn, DB_ASKERS, key_text(&entry)) : 0;

    if (r == 0 && request_is_open(request->state))
        r = db_delete(batch->txn, DB_DUE, key_text(&due));
    if (r == 0)
        r = db_delete(batch->txn, DB_REQUESTS, key_text(&key));
    return r ? error_trace(r) : error_trace(batch_doom_key(batch, ref));
}

int requests_remove(struct batch *batch, uint32_t site, uint32_t number, bool is_left, int64_t until_ms,
                    bool *ret_removed)
{
    struct request request;
    int r = requests_get(batch->txn, site, number, &request);

    *ret_removed = r == 0 && requests_is_over(&request, is_left, until_ms);
    if (r || !*ret_removed)
        return r < 0 ? error_trace(r) : 0;
    return error_trace(remove_one(batch, &request));
}

/* ---- what is to be done ---- */

enum request_urgency requests_urgency(const struct site *site, int32_t due, int64_t now_ms)
{
    int32_t today = zone_day(site->zone, now_ms);

    if (due < today)
        return REQUEST_OVERDUE;
    return due <= calendar_after(site, today, REQUEST_SOON_DAYS) ? REQUEST_SOON : REQUEST_LATER;
}

int requests_left(const struct site *site, int32_t due, int64_t now_ms)
{
    return calendar_left(site, zone_day(site->zone, now_ms), due);
}

struct counting {
    const struct site *site;
    int64_t now_ms;
    struct requests_count count;
};

static int count_due(void *context, int32_t day, uint32_t number)
{
    struct counting *counting = context;
    enum request_urgency urgency = requests_urgency(counting->site, day, counting->now_ms);

    (void)number;
    counting->count.n_open++;
    counting->count.n_soon += urgency == REQUEST_SOON;
    counting->count.n_overdue += urgency == REQUEST_OVERDUE;
    return 0;
}

int requests_count(struct db_txn *txn, const struct site *site, int64_t now_ms, struct requests_count *ret_count)
{
    struct counting counting = {.site = site, .now_ms = now_ms};
    int r = each_due(txn, site->id, count_due, &counting);

    if (r)
        return error_trace(r);
    *ret_count = counting.count;
    return 0;
}

/* ---- verifying ---- */

struct verifying {
    struct db_txn *txn;
    uint32_t site, number;
    const char *what;
    uint64_t n, n_open, n_askers;
};

/* 0, REQUESTS_E_STATE where @key is not in @table, or a fault. */
static int look_up(struct verifying *verifying, enum db_table table, const struct key *key, const char *what)
{
    struct text value;
    int r = db_get(verifying->txn, table, key_text(key), &value);

    verifying->what = what;
    return r == DB_E_NOT_FOUND ? REQUESTS_E_STATE : error_trace(r);
}

static int verify_body(struct verifying *verifying, const struct request *request)
{
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request opened = *request;
    int r = requests_open(verifying->txn, &opened, &plain);

    verifying->what = "what it says is damaged";
    return r == -EBADMSG ? REQUESTS_E_STATE : r == REQUESTS_E_NONE ? 0 : error_trace(r);
}

static int verify_one(void *context, const struct request *request)
{
    struct verifying *verifying = context;
    struct key due = key_due(request->site, request->due, request->number);
    struct key asker = key_asker(request->site, request->asker, request->number);

    verifying->site = request->site;
    verifying->number = request->number;
    verifying->n++;
    int r = verify_body(verifying, request);
    if (r == 0 && request_is_open(request->state)) {
        verifying->n_open++;
        r = look_up(verifying, DB_DUE, &due, "it is open and has no place in the queue");
    }
    if (r == 0 && request->has_asker) {
        verifying->n_askers++;
        r = look_up(verifying, DB_ASKERS, &asker, "whoever made it cannot find it");
    }
    return r;
}

/* As each row has its own entries, equal numbers leave none over. */
static int verify_entries(struct verifying *verifying)
{
    uint64_t n_due, n_askers;
    int r = db_entries(verifying->txn, DB_DUE, &n_due);

    if (r == 0)
        r = db_entries(verifying->txn, DB_ASKERS, &n_askers);
    if (r)
        return error_trace(r);
    verifying->site = verifying->number = 0;
    if (n_due != verifying->n_open)
        verifying->what = "the queue has requests that are not open";
    else if (n_askers != verifying->n_askers)
        verifying->what = "somebody is told to have made requests that are not there";
    else
        return 0;
    return REQUESTS_E_STATE;
}

int requests_verify(struct db_txn *txn, uint32_t *ret_site, uint32_t *ret_number, const char **ret_what,
                    uint64_t *ret_n)
{
    struct verifying verifying = {.txn = txn};
    int r = requests_each(txn, verify_one, &verifying, &verifying.site, &verifying.number);

    if (r == -EBADMSG) {
        verifying.what = "it is damaged";
        r = REQUESTS_E_STATE;
    }
    if (r == 0)
        r = verify_entries(&verifying);
    if (r < 0)
        return error_trace(r);
    *ret_site = verifying.site;
    *ret_number = verifying.number;
    *ret_what = verifying.what;
    *ret_n = verifying.n;
    return r;
}
