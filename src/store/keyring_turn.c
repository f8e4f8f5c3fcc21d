/*
 * From one master key to the next, while keys are used, made and destroyed.
 *
 *   the head gets the next epoch            new keys are under the next master key from now on
 *   slots, KEYRING_REWRAP_SLOTS at a time   into the free place; sync; the old place is overwritten; sync
 *   the head loses the old epoch            the old master key opens nothing any more
 *   PATH.next becomes PATH
 *
 * Each step is seen in the files, so after a kill it goes on where it was: slots
 * are looked at from the first one again, which costs reading them.
 */
#include "crumb/base/error.h"
#include "keyring_inside.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

static bool is_file(const struct keyring *keyring) { return !keyring->secrets->masters.from_environment; }

int keyring_turn_due(struct keyring *keyring, bool *ret_due)
{
    int r = keyring_reload(keyring);

    if (r)
        return r < 0 ? error_trace(r) : r;
    bool has_next = keyring->secrets->masters.has[MASTER_NEXT];
    *ret_due = keyring->head.masters[1].epoch || (has_next && (is_file(keyring) || !keyring->secrets->is_next[0]));
    return 0;
}

bool keyring_turn_waits(struct keyring *keyring)
{
    char next[PATH_BYTES_MAX];

    pthread_mutex_lock(&keyring->lock);
    bool waits = keyring->head.masters[1].epoch;
    bool has_next = keyring->secrets->masters.has[MASTER_NEXT] && !keyring->secrets->is_next[0];
    bool from_file = is_file(keyring);
    pthread_mutex_unlock(&keyring->lock);
    if (waits || !from_file)
        return waits || has_next;
    return snprintf(next, sizeof next, "%s.next", keyring->master_path) < (int)sizeof next && access(next, F_OK) == 0;
}

/* ---- heads ---- */

static int put_masters(struct keyring *keyring, uint32_t epoch, uint32_t left)
{
    struct keyring_head *head = &keyring->head;
    struct keyring_secrets *secrets = keyring->secrets;
    const uint8_t *next = secrets->masters.keys[MASTER_NEXT];

    pthread_mutex_lock(&keyring->lock);
    if (left) {
        head->masters[1] = head->masters[0];
        memcpy(secrets->keys[1], secrets->keys[0], SECRET_BYTES);
        secrets->is_next[1] = secrets->is_next[0];
        head->masters[0].epoch = epoch;
        keyring_file_check(next, head->id, epoch, head->masters[0].check);
        memcpy(secrets->keys[0], next, SECRET_BYTES);
        secrets->is_next[0] = true;
    } else {
        memset(&head->masters[1], 0, sizeof head->masters[1]);
        sodium_memzero(secrets->keys[1], SECRET_BYTES);
    }
    pthread_mutex_unlock(&keyring->lock);
    int r = keyring_write_head(keyring);
    return r ? error_trace(r) : error_trace(keyring_sync(keyring));
}

static int begin(struct keyring *keyring)
{
    uint32_t epoch = keyring->head.masters[0].epoch;

    keyring->turned = 0;
    return error_trace(put_masters(keyring, epoch + 1, epoch));
}

static int finish(struct keyring *keyring)
{
    int r = keyring->head.masters[1].epoch ? put_masters(keyring, keyring->head.masters[0].epoch, 0) : 0;

    if (r == 0 && is_file(keyring))
        r = master_switch(keyring->master_path);
    return error_trace(r);
}

/* ---- slots ---- */

enum wrapped { WRAPPED_NOT, WRAPPED_NOW, WRAPPED_ALREADY };

static bool opens(const struct keyring *keyring, uint32_t number, const struct keyring_slot *slot, unsigned place,
                  unsigned master, uint8_t ret_key[CRYPT_KEY_BYTES])
{
    return slot->places[place].epoch && slot->places[place].epoch == keyring->head.masters[master].epoch &&
           keyring_file_unwrap(keyring->id, number, slot, place, keyring->secrets->keys[master], ret_key);
}

/* Wraps the key under the next master key, beside where it is. *ret_left: the place that is to be overwritten. */
static int wrap(struct keyring *keyring, uint32_t number, struct keyring_slot *slot, enum wrapped *ret_wrapped,
                unsigned *ret_left)
{
    uint8_t key[CRYPT_KEY_BYTES];
    enum wrapped wrapped = WRAPPED_NOT;
    int r = 0;

    for (unsigned place = 0; wrapped == WRAPPED_NOT && slot->generation & 1 && place < KEYRING_PLACES; place++) {
        if (slot->places[place].epoch != keyring->head.masters[1].epoch)
            continue;
        if (opens(keyring, number, slot, !place, 0, key)) {
            wrapped = WRAPPED_ALREADY;
        } else if (opens(keyring, number, slot, place, 1, key)) {
            keyring_file_wrap(keyring->id, number, keyring->head.masters[0].epoch, keyring->secrets->keys[0], key,
                              keyring->random, slot, !place);
            wrapped = WRAPPED_NOW;
            r = keyring_file_write_place(keyring->fd, number, !place, slot);
        }
        *ret_left = place;
    }
    sodium_memzero(key, sizeof key);
    *ret_wrapped = wrapped;
    return error_trace(r);
}

struct pass {
    uint32_t n_left;
    struct {
        uint32_t number;
        unsigned place;
    } left[KEYRING_REWRAP_SLOTS];
};

static int wrap_slots(struct keyring *keyring, uint32_t first, uint32_t n, struct pass *pass)
{
    struct keyring_slot slots[KEYRING_PROBES];
    int r = keyring_file_read_slots(keyring->fd, first, n, slots);

    for (uint32_t i = 0; r == 0 && i < n; i++) {
        enum wrapped wrapped;
        unsigned place = 0;

        r = wrap(keyring, first + i, &slots[i], &wrapped, &place);
        if (r == 0 && wrapped != WRAPPED_NOT) {
            pass->left[pass->n_left].number = first + i;
            pass->left[pass->n_left++].place = place;
        }
    }
    return error_trace(r);
}

static int clear_left(struct keyring *keyring, const struct pass *pass)
{
    static const struct keyring_slot empty;
    int r = pass->n_left ? keyring_sync(keyring) : 0;

    for (uint32_t i = 0; r == 0 && i < pass->n_left; i++)
        r = keyring_file_write_place(keyring->fd, pass->left[i].number, pass->left[i].place, &empty);
    if (r == 0 && pass->n_left)
        r = keyring_sync(keyring);
    return error_trace(r);
}

static int wrap_some(struct keyring *keyring)
{
    struct pass pass = {.n_left = 0};
    uint32_t at = keyring->turned, end = keyring->head.n_slots;
    int r = 0;

    if (end - at > KEYRING_REWRAP_SLOTS)
        end = at + KEYRING_REWRAP_SLOTS;
    while (r == 0 && at < end) {
        uint32_t n = end - at < KEYRING_PROBES ? end - at : KEYRING_PROBES;

        r = wrap_slots(keyring, at, n, &pass);
        at += n;
    }
    if (r == 0)
        r = clear_left(keyring, &pass);
    if (r == 0)
        keyring->turned = at;
    return error_trace(r);
}

int keyring_turn(struct keyring *keyring, bool *ret_done)
{
    bool is_due;
    int r = keyring_turn_due(keyring, &is_due);

    assert(keyring->writable && !keyring_has_changed(keyring));
    if (r)
        return r < 0 ? error_trace(r) : r;
    if (is_due && !keyring->head.masters[1].epoch && !keyring->secrets->is_next[0])
        r = begin(keyring);
    if (r == 0 && is_due && keyring->head.masters[1].epoch)
        r = wrap_some(keyring);
    bool is_done = !keyring->head.masters[1].epoch || keyring->turned >= keyring->head.n_slots;
    if (r == 0 && is_due && is_done)
        r = finish(keyring);
    if (r == 0 && is_done)
        keyring->turned = 0;
    if (r == 0)
        *ret_done = is_done;
    return error_trace(r);
}

/* ---- looking at all of them ---- */

static int each_slot(struct keyring *keyring,
                     int (*visit)(void *context, struct keyring *keyring, uint32_t number,
                                  const struct keyring_slot *slot),
                     void *context)
{
    struct keyring_slot slots[KEYRING_PROBES];
    int r = 0;

    for (uint32_t at = 0, end = keyring->head.n_slots; r == 0 && at < end; at += KEYRING_PROBES) {
        uint32_t n = end - at < KEYRING_PROBES ? end - at : KEYRING_PROBES;

        r = keyring_file_read_slots(keyring->fd, at, n, slots);
        for (uint32_t i = 0; r == 0 && i < n; i++)
            r = visit(context, keyring, at + i, &slots[i]);
    }
    return r < 0 ? error_trace(r) : r;
}

static int count(void *context, struct keyring *keyring, uint32_t number, const struct keyring_slot *slot)
{
    struct keyring_state *state = context;
    uint32_t left = keyring->head.masters[1].epoch;

    (void)number;
    if (!(slot->generation & 1))
        return 0;
    state->n_keys[slot->kind < KEY_KIND_N ? slot->kind : 0]++;
    state->n_left += left && (slot->places[0].epoch == left || slot->places[1].epoch == left);
    return 0;
}

int keyring_turn_state(struct keyring *keyring, struct keyring_state *ret_state)
{
    struct keyring_state state = {.n_slots = keyring->head.n_slots,
                                  .epoch = keyring->head.masters[0].epoch,
                                  .from_environment = !is_file(keyring)};
    int r = each_slot(keyring, count, &state);

    if (r == 0)
        r = keyring_turn_due(keyring, &state.is_turning);
    if (r)
        return r < 0 ? error_trace(r) : r;
    *ret_state = state;
    return 0;
}

struct each {
    int (*visit)(void *context, struct key_ref ref, enum key_kind kind, bool opens);
    void *context;
};

static int visit_key(void *context, struct keyring *keyring, uint32_t number, const struct keyring_slot *slot)
{
    struct each *each = context;
    struct key_ref ref = {.slot = number, .generation = slot->generation};
    uint8_t key[CRYPT_KEY_BYTES];

    if (!(slot->generation & 1))
        return 0;
    int r = keyring_get(keyring, ref, key);
    sodium_memzero(key, sizeof key);
    if (r == KEYRING_E_GONE)
        return 0;
    if (r && r != -EBADMSG)
        return error_trace(r);
    return each->visit(each->context, ref, (enum key_kind)slot->kind, r == 0);
}

int keyring_turn_each(struct keyring *keyring,
                      int (*visit)(void *context, struct key_ref ref, enum key_kind kind, bool opens), void *context)
{
    struct each each = {.visit = visit, .context = context};

    return each_slot(keyring, visit_key, &each);
}
