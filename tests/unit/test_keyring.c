/*
 * The keyring: keys are made, opened, destroyed and never come back; another
 * master key takes over; and wherever a write ends in the middle, no key is lost
 * that was promised, and none stays that was given up.
 *
 * A kill is played by cutting off what is written from some byte on: after it
 * every write, sync and rename fails, and the keyring is opened anew.
 */
#include "check.h"
#include "crumb/base/error.h"
#include "crumb/store/keyring.h"
#include "crumb/store/keys.h"
#include "store_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES (STORE_FIXTURE_PATH_BYTES + 32)
#define HEADS_BYTES 8192
#define SLOT_BYTES 160

/* ---- writes that end in the middle ---- */

enum tear { TEAR_START, TEAR_END, TEAR_N }; /* which of the bytes of the last write are there */

static struct {
    bool is_on, is_dead;
    enum tear tear;
    size_t left;
} cut;

ssize_t __real_pwrite64(int fd, const void *bytes, size_t size, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t at);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    if (!cut.is_on)
        return __real_pwrite64(fd, bytes, size, at);
    if (cut.is_dead) {
        errno = EIO;
        return -1;
    }
    if (size <= cut.left) {
        cut.left -= size;
        return __real_pwrite64(fd, bytes, size, at);
    }
    size_t from = cut.tear == TEAR_START ? 0 : size - cut.left;
    if (cut.left)
        assert_true(__real_pwrite64(fd, (const uint8_t *)bytes + from, cut.left, at + (off_t)from) >= 0);
    cut.is_dead = true;
    errno = EIO;
    return -1;
}

static int unless_dead(void)
{
    errno = EIO;
    return cut.is_on && cut.is_dead ? -1 : 0;
}

int __wrap_fdatasync(int fd) { return unless_dead() ? -1 : __real_fdatasync(fd); }
int __wrap_rename(const char *from, const char *to) { return unless_dead() ? -1 : __real_rename(from, to); }

/* ---- a folder with a keyring ---- */

struct folder {
    char path[STORE_FIXTURE_PATH_BYTES], keys[PATH_BYTES], master[PATH_BYTES], next[PATH_BYTES];
    struct random_seeded random;
};

static int setup(void **state)
{
    struct folder *folder = malloc(sizeof *folder);

    assert_non_null(folder);
    folder->random = random_seeded(3);
    store_fixture_folder(folder->path);
    snprintf(folder->keys, sizeof folder->keys, "%s/keys", folder->path);
    snprintf(folder->master, sizeof folder->master, "%s/master.key", folder->path);
    snprintf(folder->next, sizeof folder->next, "%s/master.key.next", folder->path);
    *state = folder;
    unsetenv(MASTER_VARIABLE);
    unsetenv(MASTER_PREVIOUS_VARIABLE);
    return random_init();
}

static int teardown(void **state)
{
    struct folder *folder = *state;

    cut.is_on = false;
    store_fixture_remove(folder->path);
    free(folder);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static int try_open(struct folder *folder, bool may_make, struct keyring **ret_keyring)
{
    return keyring_open(
        &(struct keyring_options){
            .folder = folder->path, .writable = true, .may_make = may_make, .random = &folder->random.super},
        ret_keyring);
}

static struct keyring *open_keyring(struct folder *folder)
{
    struct keyring *keyring = NULL;
    int r = try_open(folder, true, &keyring);

    if (r)
        fail_msg("keyring_open: %s", r > 0 ? keyring_refusal(r) : error_trail(r));
    return keyring;
}

static int refusal(struct folder *folder)
{
    struct keyring *keyring = NULL;
    int r = try_open(folder, false, &keyring);

    keyring_close(keyring);
    return r;
}

struct known {
    struct key_ref ref;
    uint8_t key[CRYPT_KEY_BYTES];
};

static struct known make(struct keyring *keyring)
{
    struct known known;

    assert_int_equal(keyring_make(keyring, KEY_VISITOR, &known.ref, known.key), 0);
    return known;
}

static void commit(struct keyring *keyring)
{
    assert_int_equal(keyring_write(keyring), 0);
    assert_int_equal(keyring_destroy(keyring), 0);
    keyring_forget(keyring, true);
}

static struct known make_one(struct keyring *keyring)
{
    struct known known = make(keyring);

    commit(keyring);
    return known;
}

static void destroy_one(struct keyring *keyring, struct key_ref ref)
{
    assert_int_equal(keyring_doom(keyring, ref), 0);
    commit(keyring);
}

static bool opens(struct keyring *keyring, const struct known *known)
{
    uint8_t key[CRYPT_KEY_BYTES] = {0};
    int r = keyring_get(keyring, known->ref, key);

    if (r == 0)
        assert_memory_equal(key, known->key, sizeof key); /* another one would be the worst of all */
    return r == 0;
}

/* ---- files ---- */

struct copy {
    uint8_t bytes[64 << 10];
    size_t size;
};

static void read_file(const char *path, struct copy *copy)
{
    FILE *file = fopen(path, "re");

    assert_non_null(file);
    copy->size = fread(copy->bytes, 1, sizeof copy->bytes, file);
    assert_true(copy->size < sizeof copy->bytes);
    fclose(file);
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
}

static void flip(const char *path, size_t offset)
{
    static struct copy copy;

    read_file(path, &copy);
    copy.bytes[offset] ^= 1;
    write_file(path, copy.bytes, copy.size);
}

/* ---- keys ---- */

static void test_made_and_destroyed(void **state)
{
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    struct known ann = make(keyring), bob = make(keyring);
    uint8_t key[CRYPT_KEY_BYTES] = {7};
    struct stat stat_of_file;

    assert_int_equal(keyring_get(keyring, ann.ref, key), KEYRING_E_GONE); /* nothing is on the disk yet */
    assert_true(keyring_find_made(keyring, ann.ref, key));
    assert_memory_equal(key, ann.key, sizeof key);
    commit(keyring);
    assert_memory_not_equal(ann.key, bob.key, sizeof ann.key);
    assert_true(opens(keyring, &ann) && opens(keyring, &bob));
    assert_int_equal(stat(folder->keys, &stat_of_file), 0);
    assert_int_equal(stat_of_file.st_mode & 07777, 0600);
    assert_false(store_fixture_has_bytes(folder->path, (struct text){(const char *)ann.key, sizeof ann.key}));

    destroy_one(keyring, ann.ref);
    assert_int_equal(keyring_get(keyring, ann.ref, key), KEYRING_E_GONE);
    assert_true(opens(keyring, &bob));
    keyring_close(keyring);
    keyring = open_keyring(folder);
    assert_int_equal(keyring_get(keyring, ann.ref, key), KEYRING_E_GONE);
    assert_true(opens(keyring, &bob));

    struct known carl = make_one(keyring); /* in the same slot */
    assert_int_equal(carl.ref.slot, ann.ref.slot);
    assert_int_not_equal(carl.ref.generation, ann.ref.generation);
    assert_int_equal(keyring_get(keyring, ann.ref, key), KEYRING_E_GONE);
    destroy_one(keyring, ann.ref); /* once more, as after a kill: the new one is not touched */
    assert_true(opens(keyring, &carl) && opens(keyring, &bob));
    assert_int_equal(keyring_get(keyring, (struct key_ref){0}, key), KEYRING_E_GONE);
    keyring_close(keyring);
}

static void test_given_up(void **state)
{
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    struct known ann = make_one(keyring), lost = make(keyring);
    uint8_t key[CRYPT_KEY_BYTES];

    assert_int_equal(keyring_doom(keyring, ann.ref), 0);
    keyring_forget(keyring, false); /* before anything was written */
    assert_false(keyring_has_changed(keyring));
    assert_true(opens(keyring, &ann));
    assert_false(keyring_find_made(keyring, lost.ref, key));
    struct known again = make_one(keyring);
    assert_true(key_ref_equal(again.ref, lost.ref));
    assert_true(opens(keyring, &again));

    lost = make(keyring);
    assert_int_equal(keyring_write(keyring), 0);
    keyring_forget(keyring, false); /* the commit failed */
    assert_int_equal(keyring_get(keyring, lost.ref, key), KEYRING_E_GONE);
    assert_true(opens(keyring, &ann) && opens(keyring, &again));
    keyring_close(keyring);
}

/* Slots that were given up are used again: the file does not grow with every key that ever was. */
static void test_used_again(void **state)
{
    enum { N = 300 };
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    struct known keys[N];
    struct keyring_state counted;

    for (size_t i = 0; i < N; i++)
        keys[i] = make(keyring);
    commit(keyring);
    for (size_t round = 0; round < 30; round++) {
        for (size_t i = round % 3; i < N; i += 3)
            assert_int_equal(keyring_doom(keyring, keys[i].ref), 0);
        commit(keyring);
        for (size_t i = round % 3; i < N; i += 3)
            keys[i] = make(keyring);
        commit(keyring);
    }
    for (size_t i = 0; i < N; i++)
        assert_true(opens(keyring, &keys[i]));
    assert_int_equal(keyring_turn_state(keyring, &counted), 0);
    assert_int_equal(counted.n_keys[KEY_VISITOR], N);
    assert_in_range(counted.n_slots, N, 2 * N);
    keyring_close(keyring);
}

/* A key by key walk over every byte of a slot: what a damaged one is taken for. */
static void test_damaged_slot(void **state)
{
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    struct known ann = make_one(keyring), bob = make_one(keyring);
    uint8_t key[CRYPT_KEY_BYTES];

    for (size_t i = 0; i < SLOT_BYTES; i++) {
        int wanted = i < 4 ? KEYRING_E_GONE : i == 4 || (i >= 8 && i < 84) ? -EBADMSG : 0;

        flip(folder->keys, HEADS_BYTES + i);
        if (keyring_get(keyring, ann.ref, key) != wanted)
            fail_msg("byte %zu: %d, not %d", i, keyring_get(keyring, ann.ref, key), wanted);
        assert_true(opens(keyring, &bob));
        flip(folder->keys, HEADS_BYTES + i);
    }
    assert_true(opens(keyring, &ann));
    /* A slot that was put in another one's place. */
    static struct copy copy;
    read_file(folder->keys, &copy);
    memcpy(copy.bytes + HEADS_BYTES, copy.bytes + HEADS_BYTES + SLOT_BYTES, SLOT_BYTES);
    write_file(folder->keys, copy.bytes, copy.size);
    assert_int_equal(keyring_get(keyring, ann.ref, key), -EBADMSG);
    assert_int_equal(keyring_get(keyring, (struct key_ref){.slot = 70000, .generation = 1}, key), KEYRING_E_GONE);
    keyring_close(keyring);
}

/* ---- keys that stay open ---- */

static void test_opened(void **state)
{
    enum { N = 200 };
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    struct keys keys = KEYS_INIT(keyring, 128);
    struct known known[N];
    const uint8_t *key;

    for (size_t i = 0; i < N; i++)
        known[i] = make(keyring);
    commit(keyring);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < N; i++) { /* more than there is room for */
            assert_int_equal(keys_get(&keys, known[i].ref, &key), 0);
            assert_memory_equal(key, known[i].key, CRYPT_KEY_BYTES);
            assert_true(keys_has(&keys, known[i].ref));
        }
    }
    assert_true(keys.n <= 128);
    destroy_one(keyring, known[N - 1].ref);
    assert_int_equal(keys_get(&keys, known[N - 1].ref, &key), 0); /* kept: whoever destroys says so */
    keys_forget(&keys, known[N - 1].ref);
    assert_int_equal(keys_get(&keys, known[N - 1].ref, &key), KEYRING_E_GONE);
    assert_int_equal(keys_get(&keys, known[N - 1].ref, &key), KEYRING_E_GONE);
    assert_int_equal(keys_get(&keys, (struct key_ref){0}, &key), KEYRING_E_GONE);
    /* Two of them joined, as often as they are asked for, in whatever places they are. */
    for (size_t i = 0; i + 1 < N; i++) {
        uint8_t joined[CRYPT_KEY_BYTES];

        crypt_join(known[i].key, known[0].key, joined);
        for (unsigned again = 0; again < 2; again++) {
            assert_int_equal(keys_joined(&keys, known[i].ref, known[0].ref, &key), 0);
            assert_memory_equal(key, joined, sizeof joined);
        }
        crypt_join(known[i].key, known[(i + 1) % (N - 1)].key, joined);
        assert_int_equal(keys_joined(&keys, known[i].ref, known[(i + 1) % (N - 1)].ref, &key), 0);
        assert_memory_equal(key, joined, sizeof joined);
        assert_int_equal(keys_get(&keys, known[i].ref, &key), 0);
        assert_memory_equal(key, known[i].key, CRYPT_KEY_BYTES);
    }
    assert_int_equal(keys_joined(&keys, known[0].ref, known[N - 1].ref, &key), KEYRING_E_GONE);
    assert_int_equal(keys_joined(&keys, known[N - 1].ref, known[0].ref, &key), KEYRING_E_GONE);
    assert_int_equal(keys_joined(&keys, known[0].ref, (struct key_ref){0}, &key), KEYRING_E_GONE);
    keys_add(&keys, known[N - 1].ref, known[0].key);
    assert_int_equal(keys_get(&keys, known[N - 1].ref, &key), 0);
    assert_memory_equal(key, known[0].key, CRYPT_KEY_BYTES);
    keys_deinit(&keys);
    keyring_close(keyring);
}

/* ---- what is refused ---- */

static void test_refused(void **state)
{
    static struct copy keys, master;
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    struct known ann = make_one(keyring);

    keyring_close(keyring);
    read_file(folder->keys, &keys);
    read_file(folder->master, &master);
    assert_int_equal(master.size, SECRET_BYTES);
    assert_int_equal(refusal(folder), 0);

    unlink(folder->master);
    assert_int_equal(refusal(folder), KEYRING_E_NO_MASTER);
    master.bytes[3] ^= 1;
    write_file(folder->master, master.bytes, master.size);
    assert_int_equal(refusal(folder), KEYRING_E_WRONG_MASTER);
    master.bytes[3] ^= 1;
    for (size_t size = 0; size <= 40; size++) {
        write_file(folder->master, master.bytes, size);
        assert_int_equal(refusal(folder), size == SECRET_BYTES ? 0 : KEYRING_E_BAD_MASTER);
    }
    write_file(folder->master, master.bytes, master.size);
    assert_int_equal(chmod(folder->master, 0640), 0);
    assert_int_equal(refusal(folder), KEYRING_E_SHOWN_MASTER);
    assert_int_equal(chmod(folder->master, 0600), 0);

    unlink(folder->keys);
    assert_int_equal(refusal(folder), KEYRING_E_ABSENT);
    write_file(folder->keys, keys.bytes, keys.size);
    keyring = open_keyring(folder);
    assert_true(opens(keyring, &ann)); /* nothing was lost by all that */
    keyring_close(keyring);
}

/* Cut at every byte: it opens only where every slot that was promised is whole. */
static void test_truncated(void **state)
{
    static struct copy keys;
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    struct known last = {.ref = {0}};
    uint8_t id[KEYRING_ID_BYTES];

    for (size_t i = 0; i < 5; i++)
        last = make_one(keyring);
    uint64_t serial = keyring_serial(keyring);
    memcpy(id, keyring_id(keyring), sizeof id);
    keyring_close(keyring);
    read_file(folder->keys, &keys);
    size_t whole = HEADS_BYTES + (last.ref.slot + 1) * SLOT_BYTES;
    assert_true(keys.size > whole); /* it is made longer than it must be */
    for (size_t size = 0; size<keys.size; size += size> 200 && size < HEADS_BYTES - 200 ? 97 : 1) {
        struct keyring *cut_one = NULL;

        write_file(folder->keys, keys.bytes, size);
        int r = try_open(folder, false, &cut_one);
        if (r == 0) /* by the older head: too old for the store */
            r = keyring_meet(cut_one, id, serial);
        if (size >= whole)
            assert_int_equal(r, 0);
        else
            assert_true(r == KEYRING_E_DAMAGED || r == KEYRING_E_OLDER);
        keyring_close(cut_one);
    }
}

static void test_heads(void **state)
{
    static struct copy keys;
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    uint8_t id[KEYRING_ID_BYTES];

    make_one(keyring);
    make_one(keyring);
    memcpy(id, keyring_id(keyring), sizeof id);
    uint64_t serial = keyring_serial(keyring);
    assert_int_equal(keyring_meet(keyring, id, serial), 0);
    assert_int_equal(keyring_meet(keyring, id, serial - 1), 0); /* an older store: a backup */
    assert_int_equal(keyring_meet(keyring, id, serial + 1), KEYRING_E_OLDER);

    /* Between a command's look at this file and at the store, the server wrote both. */
    struct keyring *reader;
    assert_int_equal(keyring_open(&(struct keyring_options){.folder = folder->path}, &reader), 0);
    make_one(keyring);
    assert_int_equal(keyring_meet(reader, id, ++serial), 0);
    keyring_close(reader);
    id[0] ^= 1;
    assert_int_equal(keyring_meet(keyring, id, serial), KEYRING_E_FOREIGN);
    keyring_close(keyring);

    read_file(folder->keys, &keys);
    for (size_t i = 0; i < 84; i++) {
        uint64_t found[2];

        for (size_t head = 0; head < 2; head++) {
            flip(folder->keys, head * 4096 + i);
            keyring = open_keyring(folder);
            found[head] = keyring_serial(keyring);
            keyring_close(keyring);
            flip(folder->keys, head * 4096 + i);
        }
        /* One of them was the newer one. */
        assert_true(found[0] != found[1] && (found[0] == serial || found[1] == serial));
        flip(folder->keys, i);
        flip(folder->keys, 4096 + i);
        assert_int_equal(refusal(folder), KEYRING_E_DAMAGED);
        write_file(folder->keys, keys.bytes, keys.size);
    }
}

static void put_hex(const char *variable, const uint8_t *key)
{
    char hex[2 * SECRET_BYTES + 1];

    sodium_bin2hex(hex, sizeof hex, key, SECRET_BYTES);
    assert_int_equal(setenv(variable, hex, 1), 0);
}

static void test_environment(void **state)
{
    static const char *const bad[] = {"",
                                      "00",
                                      "zz",
                                      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
                                      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg",
                                      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0"};
    static const uint8_t first[SECRET_BYTES] = {1}, second[SECRET_BYTES] = {2};
    struct folder *folder = *state;
    bool due, done = false;

    put_hex(MASTER_VARIABLE, first);
    struct keyring *keyring = open_keyring(folder);
    struct known ann = make_one(keyring);
    keyring_close(keyring);
    assert_int_equal(access(folder->master, F_OK), -1); /* none was made */
    for (size_t i = 0; i < N_ROWS(bad); i++) {
        assert_int_equal(setenv(MASTER_VARIABLE, bad[i], 1), 0);
        assert_int_equal(refusal(folder), KEYRING_E_BAD_MASTER);
    }
    put_hex(MASTER_VARIABLE, second);
    write_file(folder->master, first, sizeof first); /* the environment wins over the file that would fit */
    assert_int_equal(refusal(folder), KEYRING_E_WRONG_MASTER);

    put_hex(MASTER_PREVIOUS_VARIABLE, first);
    keyring = open_keyring(folder);
    assert_true(opens(keyring, &ann));
    assert_int_equal(keyring_turn_due(keyring, &due), 0);
    assert_true(due);
    while (!done)
        assert_int_equal(keyring_turn(keyring, &done), 0);
    assert_int_equal(keyring_turn_due(keyring, &due), 0);
    assert_false(due); /* whether the previous one is still told or not */
    assert_true(opens(keyring, &ann));
    keyring_close(keyring);
    unsetenv(MASTER_PREVIOUS_VARIABLE);
    keyring = open_keyring(folder);
    assert_true(opens(keyring, &ann));
    keyring_close(keyring);
    put_hex(MASTER_VARIABLE, first);
    assert_int_equal(refusal(folder), KEYRING_E_WRONG_MASTER);
    unsetenv(MASTER_VARIABLE);
}

/* ---- another master key ---- */

static void test_turn(void **state)
{
    enum { N = 2500 };
    static struct copy before, after;
    static struct known keys[N];
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    struct keyring_state counted;
    unsigned n_passes = 0;
    bool due, done = false;

    for (size_t i = 0; i < N; i++)
        keys[i] = make(keyring);
    commit(keyring);
    read_file(folder->master, &before);
    assert_int_equal(keyring_turn_due(keyring, &due), 0);
    assert_false(due);
    assert_int_equal(master_make_next(folder->master, &folder->random.super), 0);
    read_file(folder->next, &after);
    assert_int_equal(master_make_next(folder->master, &folder->random.super), 0); /* it stays */
    assert_int_equal(keyring_turn_due(keyring, &due), 0);
    assert_true(due);
    while (!done) {
        struct known fresh;

        assert_int_equal(keyring_turn(keyring, &done), 0);
        n_passes++;
        for (size_t i = 0; i < N; i += 97)
            assert_true(opens(keyring, &keys[i]));
        if (done)
            break;
        assert_int_equal(keyring_turn_state(keyring, &counted), 0);
        assert_true(counted.is_turning && counted.n_left < N && counted.n_left > 0);
        destroy_one(keyring, keys[n_passes].ref); /* life goes on meanwhile */
        fresh = make_one(keyring);
        keys[n_passes] = fresh;
    }
    assert_int_equal(n_passes, (N + KEYRING_REWRAP_SLOTS - 1) / KEYRING_REWRAP_SLOTS);
    assert_int_equal(keyring_turn_state(keyring, &counted), 0);
    assert_int_equal(counted.n_left, 0);
    assert_int_equal(counted.epoch, 2);
    assert_false(counted.is_turning);
    keyring_close(keyring);

    static struct copy now;
    read_file(folder->master, &now);
    assert_memory_equal(now.bytes, after.bytes, SECRET_BYTES);
    assert_int_equal(access(folder->next, F_OK), -1);
    keyring = open_keyring(folder);
    for (size_t i = 0; i < N; i++)
        assert_true(opens(keyring, &keys[i]));
    keyring_close(keyring);
    write_file(folder->master, before.bytes, SECRET_BYTES);
    assert_int_equal(refusal(folder), KEYRING_E_WRONG_MASTER);
}

/* Somebody who only reads has the keyring open while it is turned. */
static void test_reader_of_a_turn(void **state)
{
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder), *reader = NULL;
    struct known ann = make_one(keyring);
    bool done = false;

    assert_int_equal(keyring_open(&(struct keyring_options){.folder = folder->path}, &reader), 0);
    assert_true(opens(reader, &ann));
    assert_int_equal(master_make_next(folder->master, &folder->random.super), 0);
    while (!done)
        assert_int_equal(keyring_turn(keyring, &done), 0);
    struct known bob = make_one(keyring);
    assert_true(opens(reader, &ann) && opens(reader, &bob));
    destroy_one(keyring, ann.ref);
    assert_false(opens(reader, &ann));
    keyring_close(reader);
    keyring_close(keyring);
}

/* ---- kills ---- */

/* What a store would know of its keys: those that a commit promised, and those that it listed to be destroyed. */
struct promised {
    struct known stays[8], doomed[4];
    size_t n_stays, n_doomed;
};

/*
 * Makes, gives up and turns, until all is done or the cut comes.  A commit is a
 * keyring_write() that came to its end.
 */
static void live(struct folder *folder, struct promised *promised)
{
    struct keyring *keyring = NULL;
    bool done = false;

    if (try_open(folder, false, &keyring))
        fail_msg("it cannot be opened before the cut");
    struct known first = make(keyring), second = make(keyring);
    if (keyring_write(keyring) == 0) {
        promised->stays[promised->n_stays++] = first;
        promised->stays[promised->n_stays++] = second;
        keyring_forget(keyring, true);
        keyring_doom(keyring, promised->stays[0].ref);
        struct known third = make(keyring);
        if (keyring_write(keyring) == 0) {
            promised->doomed[promised->n_doomed++] = promised->stays[0];
            promised->stays[0] = third;
            bool destroyed = keyring_destroy(keyring) == 0;
            keyring_forget(keyring, true);
            if (destroyed && master_make_next(folder->master, &folder->random.super) == 0)
                while (!done && keyring_turn(keyring, &done) == 0)
                    ;
        }
    }
    keyring_close(keyring);
}

/* Opened again: the list is worked off, the turn goes on to its end, and every promise holds. */
static void expect_promised(struct folder *folder, const struct promised *promised, size_t at)
{
    struct keyring *keyring = NULL;
    uint8_t key[CRYPT_KEY_BYTES];
    bool due = false, done = false;
    int r = try_open(folder, false, &keyring);

    if (r)
        fail_msg("cut at %zu: %s", at, r > 0 ? keyring_refusal(r) : error_trail(r));
    for (size_t i = 0; i < promised->n_stays; i++)
        if (!opens(keyring, &promised->stays[i]))
            fail_msg("cut at %zu: key %zu is lost", at, i);
    for (size_t i = 0; i < promised->n_doomed; i++)
        destroy_one(keyring, promised->doomed[i].ref);
    assert_int_equal(keyring_turn_due(keyring, &due), 0);
    while (due && !done)
        assert_int_equal(keyring_turn(keyring, &done), 0);
    keyring_close(keyring);
    keyring = open_keyring(folder);
    assert_int_equal(keyring_turn_due(keyring, &due), 0);
    assert_false(due);
    for (size_t i = 0; i < promised->n_stays; i++)
        if (!opens(keyring, &promised->stays[i]))
            fail_msg("cut at %zu: key %zu is lost by what was done afterwards", at, i);
    for (size_t i = 0; i < promised->n_doomed; i++)
        assert_int_equal(keyring_get(keyring, promised->doomed[i].ref, key), KEYRING_E_GONE);
    struct known fresh = make_one(keyring);
    assert_true(opens(keyring, &fresh));
    keyring_close(keyring);
}

/* At every byte that is ever written, in both ways that a write can be torn. */
static void test_cut_anywhere(void **state)
{
    static struct copy keys, master;
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    struct promised start = {.n_stays = 0};

    for (size_t i = 0; i < 3; i++)
        start.stays[start.n_stays++] = make(keyring);
    commit(keyring);
    keyring_close(keyring);
    read_file(folder->keys, &keys);
    read_file(folder->master, &master);

    for (enum tear tear = 0; tear < TEAR_N; tear++) {
        bool was_cut = true;

        for (size_t at = 0; was_cut; at++) {
            struct promised promised = start;

            write_file(folder->keys, keys.bytes, keys.size);
            write_file(folder->master, master.bytes, master.size);
            unlink(folder->next);
            cut.is_on = true;
            cut.is_dead = false;
            cut.tear = tear;
            cut.left = at;
            live(folder, &promised);
            was_cut = cut.is_dead;
            cut.is_on = false;
            expect_promised(folder, &promised, at);
        }
    }
}

/* Random lives beside a simple model. */
static void test_against_a_model(void **state)
{
    enum { N = 40 };
    struct folder *folder = *state;
    struct keyring *keyring = open_keyring(folder);
    struct known held[N];
    bool is_held[N] = {false};
    uint8_t key[CRYPT_KEY_BYTES];

    for (unsigned step = 0; step < 3000; step++) {
        uint32_t dice;
        bool done;

        random_fill(&folder->random.super, &dice, sizeof dice);
        size_t i = dice % N;
        struct known one = held[i];
        bool had = is_held[i];
        if (had)
            assert_int_equal(keyring_doom(keyring, held[i].ref), 0);
        else
            one = make(keyring);
        if (dice >> 16 & 7) {
            commit(keyring);
            held[i] = one;
            is_held[i] = !had;
        } else {
            if (dice >> 19 & 1)
                assert_int_equal(keyring_write(keyring), 0);
            keyring_forget(keyring, false);
        }
        if (!is_held[i] && had)
            assert_int_equal(keyring_get(keyring, one.ref, key), KEYRING_E_GONE);
        for (size_t k = 0; step % 50 == 0 && k < N; k++)
            assert_true(!is_held[k] || opens(keyring, &held[k]));
        if (step % 400 == 399)
            assert_int_equal(master_make_next(folder->master, &folder->random.super), 0);
        if (step % 400 >= 399 || step % 400 < 5)
            assert_int_equal(keyring_turn(keyring, &done), 0);
        if (step % 300 == 299) {
            keyring_close(keyring);
            keyring = open_keyring(folder);
        }
    }
    keyring_close(keyring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_made_and_destroyed),
                                       TEST(test_given_up),
                                       TEST(test_used_again),
                                       TEST(test_damaged_slot),
                                       TEST(test_opened),
                                       TEST(test_refused),
                                       TEST(test_truncated),
                                       TEST(test_heads),
                                       TEST(test_environment),
                                       TEST(test_turn),
                                       TEST(test_reader_of_a_turn),
                                       TEST(test_cut_anywhere),
                                       TEST(test_against_a_model)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
