/*
 * Any bytes as a keyring's file, or as an envelope.  The first byte says which,
 * and whether the checksum of the head is to be made right; what it does, no
 * key may come out that nobody made.
 */
#include "crumb/base/random.h"
#include "crumb/store/checksum.h"
#include "crumb/store/envelope.h"
#include "crumb/store/keyring.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#define BYTES_MAX (64u << 10)
#define HEAD_BYTES 84
#define SLOTS 4
#define ROW TEXT("\0\0\0\1\0\0\x4f\xe6")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/crumb-fuzz-keys-XXXXXX", path[64];
static uint8_t whole[16 << 10]; /* a good file */
static size_t whole_bytes;

static int open_keyring(bool may_make, struct keyring **ret_keyring)
{
    return keyring_open(&(struct keyring_options){.folder = folder, .writable = true, .may_make = may_make},
                        ret_keyring);
}

static void remove_all(void)
{
    char master[64];

    snprintf(master, sizeof master, "%s/master.key", folder);
    unlink(master);
    unlink(path);
    rmdir(folder);
}

/* Its slots stay empty of keys that anybody made: whatever opens then was made up. */
static void make_good(void)
{
    struct keyring *keyring;
    struct key_ref ref;
    uint8_t key[CRYPT_KEY_BYTES];

    assert(random_init() == 0 && mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keys", folder);
    atexit(remove_all);
    assert(open_keyring(true, &keyring) == 0);
    for (unsigned i = 0; i < SLOTS; i++)
        assert(keyring_make(keyring, KEY_VISITOR, &ref, key) == 0 && keyring_doom(keyring, ref) == 0);
    assert(keyring_write(keyring) == 0 && keyring_destroy(keyring) == 0);
    keyring_close(keyring);
    FILE *file = fopen(path, "re");
    assert(file);
    whole_bytes = fread(whole, 1, sizeof whole, file);
    fclose(file);
}

static void write_file(const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "we");

    assert(file && fwrite(bytes, 1, size, file) == size);
    fclose(file);
}

static int no_key(void *context, struct key_ref ref, enum key_kind kind, bool opens)
{
    (void)context;
    (void)kind;
    assert(ref.generation & 1 && !opens);
    return 0;
}

static void try_file(void)
{
    struct keyring *keyring = NULL;
    struct keyring_state state;
    int r = open_keyring(false, &keyring);

    assert(r == 0 || r == KEYRING_E_DAMAGED || r == KEYRING_E_WRONG_MASTER);
    if (r)
        return;
    r = keyring_turn_state(keyring, &state);
    assert(r == 0 && keyring_turn_each(keyring, no_key, NULL) == 0);
    keyring_close(keyring);
}

/* The input lies over a good file, from a place on that its first bytes say. */
static void fuzz_file(const uint8_t *data, size_t size, bool sign)
{
    static uint8_t bytes[sizeof whole];
    size_t at = size >= 2 ? (size_t)(data[0] << 8 | data[1]) % whole_bytes : 0;
    size_t n = size < 2 ? 0 : size - 2 < whole_bytes - at ? size - 2 : whole_bytes - at;

    memcpy(bytes, whole, whole_bytes);
    if (n)
        memcpy(bytes + at, data + 2, n);
    for (size_t head = 0; sign && head <= 4096; head += 4096) {
        struct buffer sum = {.data = bytes + head + HEAD_BYTES - 4, .capacity = 4, .max = 4};

        buffer_put_u32(&sum, (uint32_t)XXH3_64bits(bytes + head, HEAD_BYTES - 4));
    }
    write_file(bytes, size < 2 ? size : whole_bytes);
    try_file();
}

static void fuzz_envelope(const uint8_t *data, size_t size, bool sign)
{
    BUFFER_AUTO row = BUFFER_INIT(BYTES_MAX);
    struct envelope envelope;
    size_t head = size >= 10 ? 10 + 4 * (size_t)data[9] : size;

    /* The checksum is in the middle: behind the sizes. */
    buffer_put(&row, data, sign && head < size ? head : size);
    if (sign && head < size) {
        checksum_put(&row, ROW);
        buffer_put(&row, data + head, size - head);
    }
    if (envelope_read(DB_SEGMENTS, ROW, buffer_text(&row), &envelope))
        return;
    size_t sum = 0;
    for (unsigned part = 0; part < envelope.n_parts; part++) {
        size_t bytes = envelope_size(&envelope, part);
        uint8_t *plain = malloc(bytes + 1);

        sum += bytes + CRYPT_TAG_BYTES;
        assert(plain && envelope_part(&envelope, part, plain) == -EBADMSG);
        free(plain);
    }
    assert(sum == envelope.boxes.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!whole_bytes)
        make_good();
    if (size < 1 || size > BYTES_MAX / 2)
        return 0;
    if (data[0] & 1)
        fuzz_file(data + 1, size - 1, data[0] & 2);
    else
        fuzz_envelope(data + 1, size - 1, data[0] & 2);
    return 0;
}
