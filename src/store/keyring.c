/*
 * Opening the keyring, opening its keys, and the writer's changes.
 *
 * A key is made in memory and written before the commit of the rows that refer
 * to it, so a batch that is given up has written nothing.  While it is not
 * written, its slot looks free: the writer's hand goes round once at most in one
 * batch, so it does not come to that slot again.
 */
#include "crumb/store/keyring.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "keyring_inside.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void keyring_put_ref(struct buffer *buffer, struct key_ref ref)
{
    buffer_put_u32(buffer, ref.slot);
    buffer_put_u32(buffer, ref.generation);
}

struct key_ref keyring_read_ref(struct reader *reader)
{
    uint32_t slot = reader_u32(reader);

    return (struct key_ref){.slot = slot, .generation = reader_u32(reader)};
}

const char *keyring_refusal(int refusal)
{
    static const char *const sentences[KEYRING_E_END - KEYRING_E_REFUSED] = {
        [KEYRING_E_NO_MASTER - KEYRING_E_REFUSED] =
            "there is no master key: bring master.key back, or say where it is with `master_key` or CRUMB_MASTER_KEY",
        [KEYRING_E_WRONG_MASTER - KEYRING_E_REFUSED] =
            "the master key is not the one that the file `keys` was written with: bring the right one back",
        [KEYRING_E_BAD_MASTER - KEYRING_E_REFUSED] =
            "the master key is none: a file of 32 bytes, or 64 hex digits in CRUMB_MASTER_KEY",
        [KEYRING_E_SHOWN_MASTER - KEYRING_E_REFUSED] = "others may read the master key; chmod 600 its file",
        [KEYRING_E_ABSENT - KEYRING_E_REFUSED] =
            "the file `keys` is missing beside crumb.mdb: nothing can be read without it; bring it back",
        [KEYRING_E_DAMAGED - KEYRING_E_REFUSED] =
            "the file `keys` is damaged or was cut off: bring back a copy that is as new as crumb.mdb",
        [KEYRING_E_FOREIGN - KEYRING_E_REFUSED] = "the file `keys` belongs to another store: bring the right one back",
        [KEYRING_E_OLDER - KEYRING_E_REFUSED] =
            "the file `keys` is older than crumb.mdb: what was erased since would come back; bring back the newer one"};

    assert(refusal >= KEYRING_E_REFUSED && refusal < KEYRING_E_END);
    return sentences[refusal - KEYRING_E_REFUSED];
}

static int injected(const struct keyring *keyring)
{
    int r = keyring->fault ? keyring->fault(keyring->fault_context) : 0;

    return r < 0 ? error_origin(r) : 0;
}

int keyring_sync(struct keyring *keyring)
{
    int r = injected(keyring);

    if (r == 0 && fdatasync(keyring->fd) < 0)
        r = error_origin(-errno);
    return r;
}

/* ---- master keys ---- */

static int read_masters(const char *path, struct masters *ret_masters)
{
    int r = master_read(path, ret_masters);

    switch (r) {
    case MASTER_E_ABSENT:
        return KEYRING_E_NO_MASTER;
    case -EPERM:
        return KEYRING_E_SHOWN_MASTER;
    case -EBADMSG:
        return KEYRING_E_BAD_MASTER;
    default:
        return error_trace(r);
    }
}

/* Each epoch of the head needs its master key. */
static int match_masters(const struct keyring_head *head, struct keyring_secrets *secrets)
{
    for (unsigned i = 0; i < KEYRING_EPOCHS; i++) {
        bool found = !head->masters[i].epoch;

        for (unsigned which = 0; !found && which < MASTER_N; which++) {
            uint8_t check[KEYRING_CHECK_BYTES];

            if (!secrets->masters.has[which])
                continue;
            keyring_file_check(secrets->masters.keys[which], head->id, head->masters[i].epoch, check);
            found = sodium_memcmp(check, head->masters[i].check, sizeof check) == 0;
            if (found) {
                memcpy(secrets->keys[i], secrets->masters.keys[which], SECRET_BYTES);
                secrets->is_next[i] = which == MASTER_NEXT;
            }
        }
        if (!found)
            return KEYRING_E_WRONG_MASTER;
    }
    return 0;
}

/* Whoever turns the keyring to another master key may be between two of its steps: look again. */
int keyring_reload(struct keyring *keyring)
{
    struct keyring_head head;
    struct keyring_secrets secrets = {.is_next = {false}};
    int r = KEYRING_E_WRONG_MASTER;

    for (unsigned i = 0; r == KEYRING_E_WRONG_MASTER && i < KEYRING_TRIES; i++) {
        r = read_masters(keyring->master_path, &secrets.masters);
        if (r == 0)
            r = keyring_file_read_head(keyring->fd, &head);
        if (r == 0)
            r = match_masters(&head, &secrets);
    }
    if (r == 0) {
        pthread_mutex_lock(&keyring->lock);
        keyring->head = head;
        *keyring->secrets = secrets;
        pthread_mutex_unlock(&keyring->lock);
    }
    sodium_memzero(&secrets, sizeof secrets);
    return r < 0 ? error_trace(r) : r;
}

/* ---- making and opening ---- */

static int make_file(struct keyring *keyring)
{
    struct keyring_head head = {.serial = 1, .masters = {{.epoch = 1}}};
    struct masters masters;
    int r = 0;

    if (!master_in_environment() && access(keyring->master_path, F_OK) < 0)
        r = errno == ENOENT ? secret_make(keyring->master_path, keyring->random) : error_origin(-errno);
    if (r == 0)
        r = read_masters(keyring->master_path, &masters);
    if (r)
        return r < 0 ? error_trace(r) : r;
    /* Where two are there, the newer one. */
    enum master_which which = masters.has[MASTER_NEXT] ? MASTER_NEXT : MASTER_NOW;
    random_fill(keyring->random, head.id, sizeof head.id);
    keyring_file_check(masters.keys[which], head.id, head.masters[0].epoch, head.masters[0].check);
    master_wipe(&masters);
    return error_trace(keyring_file_make(keyring->path, &head));
}

static int open_file(struct keyring *keyring, const struct keyring_options *options)
{
    if (access(keyring->path, F_OK) < 0) {
        if (errno != ENOENT)
            return error_origin(-errno);
        if (!options->may_make)
            return KEYRING_E_ABSENT;
        int r = make_file(keyring);
        if (r)
            return r < 0 ? error_trace(r) : r;
    }
    keyring->fd = open(keyring->path, (options->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (keyring->fd < 0)
        return error_origin(-errno);
    int r = keyring_reload(keyring);
    keyring->n_slots = keyring->head.n_slots;
    memcpy(keyring->id, keyring->head.id, sizeof keyring->id);
    return r < 0 ? error_trace(r) : r;
}

static int set_paths(struct keyring *keyring, const struct keyring_options *options)
{
    bool has_path = options->master_path && options->master_path[0];
    int n = asprintf(&keyring->path, "%s/" KEYRING_NAME, options->folder);

    if (n < 0)
        keyring->path = NULL;
    if (has_path)
        keyring->master_path = strdup(options->master_path);
    else if (asprintf(&keyring->master_path, "%s/" MASTER_NAME, options->folder) < 0)
        keyring->master_path = NULL;
    return keyring->path && keyring->master_path ? 0 : error_origin(-ENOMEM);
}

int keyring_open(const struct keyring_options *options, struct keyring **ret_keyring)
{
    struct keyring *keyring = calloc(1, sizeof *keyring);
    int r = random_init();

    if (r || !keyring) {
        free(keyring);
        return r ? error_trace(r) : error_origin(-ENOMEM);
    }
    pthread_mutex_init(&keyring->lock, NULL);
    keyring->fd = -1;
    keyring->writable = options->writable;
    keyring->random = options->random ? options->random : &random_system;
    keyring->fault = options->fault;
    keyring->fault_context = options->fault_context;
    keyring->secrets = sodium_malloc(sizeof *keyring->secrets);
    r = keyring->secrets ? set_paths(keyring, options) : error_origin(-ENOMEM);
    if (r == 0)
        r = open_file(keyring, options);
    if (r) {
        keyring_close(keyring);
        return r < 0 ? error_trace(r) : r;
    }
    *ret_keyring = keyring;
    return 0;
}

struct keyring *keyring_close(struct keyring *keyring)
{
    if (keyring) {
        keyring_forget(keyring, false);
        sodium_free(keyring->secrets);
        if (keyring->fd >= 0)
            close(keyring->fd);
        pthread_mutex_destroy(&keyring->lock);
        free(keyring->path);
        free(keyring->master_path);
        free(keyring->made);
        free(keyring->doomed);
        free(keyring);
    }
    return NULL;
}

const char *keyring_master_path(const struct keyring *keyring) { return keyring->master_path; }
const uint8_t *keyring_id(const struct keyring *keyring) { return keyring->id; }
uint64_t keyring_serial(const struct keyring *keyring) { return keyring->head.serial; }

int keyring_meet(struct keyring *keyring, const uint8_t id[KEYRING_ID_BYTES], uint64_t serial)
{
    if (memcmp(id, keyring->id, KEYRING_ID_BYTES) != 0)
        return KEYRING_E_FOREIGN;
    if (keyring->head.serial >= serial)
        return 0;
    /* A server has written both since the file was opened: first this one, then the store. */
    int r = keyring_reload(keyring);
    if (r)
        return r < 0 ? error_trace(r) : r;
    return keyring->head.serial < serial ? KEYRING_E_OLDER : 0;
}

void keyring_random(struct keyring *keyring, void *bytes, size_t size) { random_fill(keyring->random, bytes, size); }

/* ---- keys ---- */

/* The master key of an epoch, if it is known. */
static bool find_master(struct keyring *keyring, uint32_t epoch, uint8_t ret_master[SECRET_BYTES])
{
    bool found = false;

    pthread_mutex_lock(&keyring->lock);
    for (unsigned i = 0; i < KEYRING_EPOCHS; i++) {
        if (!found && epoch && keyring->head.masters[i].epoch == epoch) {
            memcpy(ret_master, keyring->secrets->keys[i], SECRET_BYTES);
            found = true;
        }
    }
    pthread_mutex_unlock(&keyring->lock);
    return found;
}

static bool unwrap(struct keyring *keyring, uint32_t number, const struct keyring_slot *slot,
                   uint8_t ret_key[CRYPT_KEY_BYTES])
{
    uint8_t master[SECRET_BYTES];
    bool is_open = false;

    for (unsigned i = 0; !is_open && i < KEYRING_PLACES; i++)
        is_open = find_master(keyring, slot->places[i].epoch, master) &&
                  keyring_file_unwrap(keyring->id, number, slot, i, master, ret_key);
    sodium_memzero(master, sizeof master);
    return is_open;
}

int keyring_get(struct keyring *keyring, struct key_ref ref, uint8_t ret_key[CRYPT_KEY_BYTES])
{
    /* The writer, or another process, may write the slot or turn it to another master key meanwhile. */
    for (unsigned i = 0; i < KEYRING_TRIES; i++) {
        struct keyring_slot slot;
        int r = keyring_file_read_slots(keyring->fd, ref.slot, 1, &slot);

        if (r)
            return error_trace(r);
        if (slot.generation != ref.generation || !(ref.generation & 1))
            return KEYRING_E_GONE;
        if (unwrap(keyring, ref.slot, &slot, ret_key))
            return 0;
        if (!keyring->writable)
            keyring_reload(keyring);
    }
    return error_origin(-EBADMSG);
}

/* ---- changes ---- */

/* Room for one more. */
static int reserve(void **array, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return 0;
    size_t more = *capacity ? 2 * *capacity : 8;
    void *grown = malloc(more * size);
    if (!grown)
        return error_origin(-ENOMEM);
    if (n)
        memcpy(grown, *array, n * size);
    if (*array)
        sodium_memzero(*array, n * size); /* realloc() would leave keys behind */
    free(*array);
    *array = grown;
    *capacity = more;
    return 0;
}

/* The next free slot within reach of the hand, and its generation; else one behind the last. */
static int find_slot(struct keyring *keyring, struct key_ref *ret_free)
{
    uint32_t written = keyring->head.n_slots, at = keyring->hand < written ? keyring->hand : 0;
    uint32_t n = written - at < KEYRING_PROBES ? written - at : KEYRING_PROBES;
    struct keyring_slot slots[KEYRING_PROBES];

    if (keyring->n_looked + n > written)
        n = 0;
    int r = n ? keyring_file_read_slots(keyring->fd, at, n, slots) : 0;
    if (r)
        return error_trace(r);
    for (uint32_t i = 0; i < n; i++) {
        keyring->hand = at + i + 1;
        keyring->n_looked++;
        if (!(slots[i].generation & 1) && slots[i].generation < UINT32_MAX - 1) {
            *ret_free = (struct key_ref){.slot = at + i, .generation = slots[i].generation};
            return 0;
        }
    }
    if (keyring->n_slots == KEYRING_SLOTS_MAX)
        return error_origin(-ENOSPC);
    *ret_free = (struct key_ref){.slot = keyring->n_slots++};
    return 0;
}

int keyring_make(struct keyring *keyring, enum key_kind kind, struct key_ref *ret_ref, uint8_t ret_key[CRYPT_KEY_BYTES])
{
    struct key_ref at = {0};
    int r = reserve((void **)&keyring->made, keyring->n_made, &keyring->made_capacity, sizeof *keyring->made);

    assert(keyring->writable);
    if (r == 0)
        r = find_slot(keyring, &at);
    if (r)
        return error_trace(r);
    struct keyring_made *made = &keyring->made[keyring->n_made++];
    *made = (struct keyring_made){.ref = {.slot = at.slot, .generation = at.generation + 1}, .kind = kind};
    random_fill(keyring->random, made->key, sizeof made->key);
    *ret_ref = made->ref;
    memcpy(ret_key, made->key, sizeof made->key);
    return 0;
}

bool keyring_find_made(const struct keyring *keyring, struct key_ref ref, uint8_t ret_key[CRYPT_KEY_BYTES])
{
    for (size_t i = keyring->n_made; i-- > 0;) {
        if (key_ref_equal(keyring->made[i].ref, ref)) {
            memcpy(ret_key, keyring->made[i].key, CRYPT_KEY_BYTES);
            return true;
        }
    }
    return false;
}

int keyring_doom(struct keyring *keyring, struct key_ref ref)
{
    int r = reserve((void **)&keyring->doomed, keyring->n_doomed, &keyring->doomed_capacity, sizeof *keyring->doomed);

    if (r)
        return error_trace(r);
    keyring->doomed[keyring->n_doomed++] = ref;
    return 0;
}

bool keyring_has_changed(const struct keyring *keyring) { return keyring->n_made || keyring->n_doomed; }
size_t keyring_n_made(const struct keyring *keyring) { return keyring->n_made; }
struct key_ref keyring_made(const struct keyring *keyring, size_t i) { return keyring->made[i].ref; }
size_t keyring_n_doomed(const struct keyring *keyring) { return keyring->n_doomed; }
struct key_ref keyring_doomed(const struct keyring *keyring, size_t i) { return keyring->doomed[i]; }

int keyring_write_head(struct keyring *keyring)
{
    struct keyring_head head = keyring->head;

    head.serial++;
    head.n_slots = keyring->n_slots;
    int r = injected(keyring);
    if (r == 0)
        r = keyring_file_write_head(keyring->fd, &head);
    if (r)
        return error_trace(r);
    pthread_mutex_lock(&keyring->lock);
    keyring->head = head;
    pthread_mutex_unlock(&keyring->lock);
    return 0;
}

static int write_made(struct keyring *keyring, const struct keyring_made *made)
{
    struct keyring_slot slot = {.generation = made->ref.generation, .kind = (uint8_t)made->kind};
    int r = injected(keyring);

    keyring_file_wrap(keyring->id, made->ref.slot, keyring->head.masters[0].epoch, keyring->secrets->keys[0], made->key,
                      keyring->random, &slot, 0);
    return r ? r : error_trace(keyring_file_write_slot(keyring->fd, made->ref.slot, &slot));
}

int keyring_write(struct keyring *keyring)
{
    int r = keyring_file_grow(keyring->fd, keyring->n_slots);

    keyring->is_written = true;
    for (size_t i = 0; r == 0 && i < keyring->n_made; i++)
        r = write_made(keyring, &keyring->made[i]);
    if (r == 0)
        r = keyring_write_head(keyring);
    if (r == 0)
        r = keyring_sync(keyring);
    return error_trace(r);
}

/* A slot that was used again since is not touched. */
static int destroy(struct keyring *keyring, struct key_ref ref)
{
    struct keyring_slot slot;
    int r = injected(keyring);

    if (r == 0 && ref.slot < keyring->n_slots && ref.generation & 1)
        r = keyring_file_read_slots(keyring->fd, ref.slot, 1, &slot);
    else
        return r;
    if (r || slot.generation > ref.generation + 1)
        return error_trace(r);
    slot = (struct keyring_slot){.generation = ref.generation + 1};
    return error_trace(keyring_file_write_slot(keyring->fd, ref.slot, &slot));
}

int keyring_destroy(struct keyring *keyring)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < keyring->n_doomed; i++)
        r = destroy(keyring, keyring->doomed[i]);
    if (r == 0 && keyring->n_doomed)
        r = keyring_sync(keyring);
    return error_trace(r);
}

void keyring_forget(struct keyring *keyring, bool committed)
{
    /* What was written for a batch that is given up is nobody's: best made free again at once. */
    for (size_t i = 0; !committed && keyring->is_written && i < keyring->n_made; i++)
        (void)destroy(keyring, keyring->made[i].ref);
    keyring->is_written = false;
    if (!committed)
        keyring->n_slots = keyring->head.n_slots;
    if (keyring->made)
        sodium_memzero(keyring->made, keyring->n_made * sizeof *keyring->made);
    keyring->n_made = 0;
    keyring->n_doomed = 0;
    keyring->n_looked = 0;
}
