/*
 * Heads and slots, encoded and decoded field by field.
 */
#include "keyring_file.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define MAGIC TEXT("crumb keys 1")
#define HEAD_BYTES 84
#define HEAD_STRIDE 4096
#define SLOTS_START (2 * HEAD_STRIDE)
#define PLACE_START 8
#define PLACE_BYTES (4 + KEYRING_WRAPPED_BYTES)
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

_Static_assert(PLACE_START + KEYRING_PLACES * PLACE_BYTES == KEYRING_SLOT_BYTES, "as docs/formats.md draws it");
_Static_assert(KEYRING_WRAPPED_BYTES == NONCE_BYTES + CRYPT_KEY_BYTES + CRYPT_TAG_BYTES, "a nonce and a box");
_Static_assert(KEYRING_SLOT_BYTES % 4 == 0, "no sector ends within a generation");

/* ---- bytes ---- */

static int write_at(int fd, const void *bytes, size_t size, off_t at)
{
    ssize_t n = pwrite(fd, bytes, size, at);

    if (n == (ssize_t)size)
        return 0;
    return error_origin(n < 0 ? -errno : -ENOSPC);
}

/* What the file has not is zeros. */
static int read_at(int fd, void *bytes, size_t size, off_t at, size_t *ret_n)
{
    ssize_t n = pread(fd, bytes, size, at);

    if (n < 0)
        return error_origin(-errno);
    memset((uint8_t *)bytes + n, 0, size - (size_t)n);
    *ret_n = (size_t)n;
    return 0;
}

static off_t start_of(uint32_t slot) { return SLOTS_START + (off_t)slot * KEYRING_SLOT_BYTES; }

/* ---- heads ---- */

static void encode_head(const struct keyring_head *head, uint8_t bytes[HEAD_BYTES])
{
    struct buffer buffer = {.data = bytes, .capacity = HEAD_BYTES, .max = HEAD_BYTES};

    buffer_put_text(&buffer, MAGIC);
    buffer_put(&buffer, head->id, sizeof head->id);
    buffer_put_u64(&buffer, head->serial);
    buffer_put_u32(&buffer, head->n_slots);
    for (unsigned i = 0; i < KEYRING_EPOCHS; i++) {
        buffer_put_u32(&buffer, head->masters[i].epoch);
        buffer_put(&buffer, head->masters[i].check, sizeof head->masters[i].check);
    }
    buffer_put_u32(&buffer, (uint32_t)XXH3_64bits(bytes, buffer.size));
    assert(!buffer.fault && buffer.size == HEAD_BYTES);
}

static bool decode_head(const uint8_t bytes[HEAD_BYTES], struct keyring_head *ret_head)
{
    struct reader reader = reader_of((struct text){.data = (const char *)bytes, .size = HEAD_BYTES});
    struct keyring_head head = {.serial = 0};

    if (!text_equal(reader_bytes(&reader, MAGIC.size), MAGIC))
        return false;
    reader_copy(&reader, head.id, sizeof head.id);
    head.serial = reader_u64(&reader);
    head.n_slots = reader_u32(&reader);
    for (unsigned i = 0; i < KEYRING_EPOCHS; i++) {
        head.masters[i].epoch = reader_u32(&reader);
        reader_copy(&reader, head.masters[i].check, sizeof head.masters[i].check);
    }
    if (reader_u32(&reader) != (uint32_t)XXH3_64bits(bytes, HEAD_BYTES - 4) || !reader_done(&reader) ||
        head.n_slots > KEYRING_SLOTS_MAX || !head.masters[0].epoch)
        return false;
    *ret_head = head;
    return true;
}

/*
 * Which of the two holds; 2: none.  One that speaks of slots behind the file's
 * end was on the disk before they were, and nothing was committed with it.
 */
static int find_head(int fd, unsigned *ret_which, struct keyring_head *ret_head)
{
    struct stat stat;
    unsigned which = 2;

    if (fstat(fd, &stat) < 0)
        return error_origin(-errno);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t bytes[HEAD_BYTES];
        struct keyring_head head;
        size_t n;
        int r = read_at(fd, bytes, sizeof bytes, (off_t)i * HEAD_STRIDE, &n);

        if (r)
            return error_trace(r);
        if (decode_head(bytes, &head) && stat.st_size >= start_of(head.n_slots) &&
            (which == 2 || head.serial > ret_head->serial)) {
            which = i;
            *ret_head = head;
        }
    }
    *ret_which = which;
    return 0;
}

int keyring_file_read_head(int fd, struct keyring_head *ret_head)
{
    struct keyring_head head = {.serial = 0};
    unsigned which = 2;
    int r = 0;

    /* Somebody may be writing one, and then the other. */
    for (unsigned i = 0; r == 0 && which == 2 && i < KEYRING_TRIES; i++)
        r = find_head(fd, &which, &head);
    if (r)
        return error_trace(r);
    if (which == 2)
        return KEYRING_E_DAMAGED;
    *ret_head = head;
    return 0;
}

int keyring_file_write_head(int fd, const struct keyring_head *head)
{
    uint8_t bytes[HEAD_BYTES];
    struct keyring_head there = {.serial = 0};
    unsigned which;
    int r = find_head(fd, &which, &there);

    if (r)
        return error_trace(r);
    encode_head(head, bytes);
    return error_trace(write_at(fd, bytes, sizeof bytes, which == 0 ? HEAD_STRIDE : 0));
}

/* Whole under another name first, so that a crash leaves no file or a good one. */
int keyring_file_make(const char *path, const struct keyring_head *head)
{
    uint8_t bytes[SLOTS_START] = {0};
    char draft[PATH_BYTES_MAX];

    if (snprintf(draft, sizeof draft, "%s.new", path) >= (int)sizeof draft)
        return error_origin(-ENAMETOOLONG);
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_origin(-errno);
    encode_head(head, bytes);
    int r = write_at(fd, bytes, sizeof bytes, 0);
    if (r == 0 && fsync(fd) < 0)
        r = error_origin(-errno);
    close(fd);
    if (r == 0 && rename(draft, path) < 0)
        r = error_origin(-errno);
    if (r) {
        unlink(draft);
        return error_trace(r);
    }
    return error_trace(secret_sync_folder_of(path));
}

/* ---- slots ---- */

int keyring_file_grow(int fd, uint32_t n_slots)
{
    static const uint8_t zeros[KEYRING_SLOT_BYTES];
    struct stat stat;

    if (fstat(fd, &stat) < 0)
        return error_origin(-errno);
    if (stat.st_size >= start_of(n_slots))
        return 0;
    uint32_t first = (uint32_t)((stat.st_size - SLOTS_START) / KEYRING_SLOT_BYTES);
    int r = 0;
    for (uint32_t i = first; r == 0 && i < n_slots + KEYRING_SPARE_SLOTS; i++)
        r = write_at(fd, zeros, sizeof zeros, start_of(i));
    return error_trace(r);
}

static void put_place(struct buffer *buffer, const struct keyring_place *place)
{
    buffer_put_u32(buffer, place->epoch);
    buffer_put(buffer, place->wrapped, sizeof place->wrapped);
}

static void decode_slot(const uint8_t bytes[KEYRING_SLOT_BYTES], struct keyring_slot *ret_slot)
{
    struct reader reader = reader_of((struct text){.data = (const char *)bytes, .size = KEYRING_SLOT_BYTES});

    ret_slot->generation = reader_u32(&reader);
    ret_slot->kind = reader_u8(&reader);
    reader_bytes(&reader, PLACE_START - 5);
    for (unsigned i = 0; i < KEYRING_PLACES; i++) {
        ret_slot->places[i].epoch = reader_u32(&reader);
        reader_copy(&reader, ret_slot->places[i].wrapped, sizeof ret_slot->places[i].wrapped);
    }
}

int keyring_file_read_slots(int fd, uint32_t first, uint32_t n, struct keyring_slot *ret_slots)
{
    uint8_t bytes[KEYRING_PROBES * KEYRING_SLOT_BYTES];
    size_t n_bytes;

    assert(n <= KEYRING_PROBES);
    int r = read_at(fd, bytes, (size_t)n * KEYRING_SLOT_BYTES, start_of(first), &n_bytes);
    for (uint32_t i = 0; r == 0 && i < n; i++)
        decode_slot(bytes + (size_t)i * KEYRING_SLOT_BYTES, &ret_slots[i]);
    return error_trace(r);
}

int keyring_file_write_slot(int fd, uint32_t number, const struct keyring_slot *slot)
{
    static const uint8_t zeros[PLACE_START - 5];
    uint8_t bytes[KEYRING_SLOT_BYTES];
    struct buffer buffer = BUFFER_OVER(bytes);

    buffer_put_u32(&buffer, slot->generation);
    buffer_put_u8(&buffer, slot->kind);
    buffer_put(&buffer, zeros, sizeof zeros);
    for (unsigned i = 0; i < KEYRING_PLACES; i++)
        put_place(&buffer, &slot->places[i]);
    return error_trace(write_at(fd, bytes, sizeof bytes, start_of(number)));
}

int keyring_file_write_place(int fd, uint32_t number, unsigned place, const struct keyring_slot *slot)
{
    uint8_t bytes[PLACE_BYTES];
    struct buffer buffer = BUFFER_OVER(bytes);

    put_place(&buffer, &slot->places[place]);
    return error_trace(write_at(fd, bytes, sizeof bytes, start_of(number) + PLACE_START + (off_t)place * PLACE_BYTES));
}

/* ---- wrapping ---- */

void keyring_file_check(const uint8_t master[SECRET_BYTES], const uint8_t id[KEYRING_ID_BYTES], uint32_t epoch,
                        uint8_t ret_check[KEYRING_CHECK_BYTES])
{
    uint8_t bytes[sizeof "crumb master" - 1 + KEYRING_ID_BYTES + 4];
    struct buffer buffer = BUFFER_OVER(bytes);

    buffer_put_text(&buffer, TEXT("crumb master"));
    buffer_put(&buffer, id, KEYRING_ID_BYTES);
    buffer_put_u32(&buffer, epoch);
    crypto_generichash(ret_check, KEYRING_CHECK_BYTES, bytes, buffer.size, master, SECRET_BYTES);
}

#define BOUND_BYTES (sizeof "crumb key" - 1 + KEYRING_ID_BYTES + 3 * 4 + 1)

static void bind(const uint8_t id[KEYRING_ID_BYTES], uint32_t number, const struct keyring_slot *slot, uint32_t epoch,
                 uint8_t bytes[BOUND_BYTES])
{
    struct buffer buffer = {.data = bytes, .capacity = BOUND_BYTES, .max = BOUND_BYTES};

    buffer_put_text(&buffer, TEXT("crumb key"));
    buffer_put(&buffer, id, KEYRING_ID_BYTES);
    buffer_put_u32(&buffer, number);
    buffer_put_u32(&buffer, slot->generation);
    buffer_put_u32(&buffer, epoch);
    buffer_put_u8(&buffer, slot->kind);
    assert(!buffer.fault && buffer.size == BOUND_BYTES);
}

void keyring_file_wrap(const uint8_t id[KEYRING_ID_BYTES], uint32_t number, uint32_t epoch,
                       const uint8_t master[SECRET_BYTES], const uint8_t key[CRYPT_KEY_BYTES], struct random *random,
                       struct keyring_slot *slot, unsigned place)
{
    uint8_t bound[BOUND_BYTES], *nonce = slot->places[place].wrapped;

    slot->places[place].epoch = epoch;
    random_fill(random, nonce, NONCE_BYTES);
    bind(id, number, slot, epoch, bound);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_BYTES, NULL, key, CRYPT_KEY_BYTES, bound, sizeof bound,
                                               NULL, nonce, master);
}

bool keyring_file_unwrap(const uint8_t id[KEYRING_ID_BYTES], uint32_t number, const struct keyring_slot *slot,
                         unsigned place, const uint8_t master[SECRET_BYTES], uint8_t ret_key[CRYPT_KEY_BYTES])
{
    const uint8_t *nonce = slot->places[place].wrapped;
    uint8_t bound[BOUND_BYTES];

    bind(id, number, slot, slot->places[place].epoch, bound);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(ret_key, NULL, NULL, nonce + NONCE_BYTES,
                                                      CRYPT_KEY_BYTES + CRYPT_TAG_BYTES, bound, sizeof bound, nonce,
                                                      master) == 0;
}
