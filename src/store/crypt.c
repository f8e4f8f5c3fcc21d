/*
 * Boxes.  The nonce follows from the place, so that it needs no room of its own,
 * and from the salt, so that a place that is written again has another one.
 */
#include "crumb/store/crypt.h"
#include <assert.h>
#include <sodium.h>
#define XXH_INLINE_ALL /* places are short */
#include <xxhash.h>

_Static_assert(CRYPT_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "as libsodium has it");
_Static_assert(CRYPT_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "as libsodium has it");
_Static_assert(CRYPT_SALT_BYTES + sizeof(XXH128_canonical_t) == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
               "salt and hash are the nonce");

const uint8_t crypt_no_salt[CRYPT_SALT_BYTES];

struct bound {
    uint8_t data[CRYPT_TABLE_BYTES_MAX + 1 + DB_KEY_BYTES_MAX + sizeof(uint32_t)];
    size_t size;
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
};

static void bind(const struct crypt_place *place, const uint8_t salt[CRYPT_SALT_BYTES], struct bound *ret_bound)
{
    struct buffer data = BUFFER_OVER(ret_bound->data);
    XXH128_canonical_t hash;

    buffer_put(&data, place->table, strlen(place->table) + 1);
    buffer_put_text(&data, place->key);
    buffer_put_u32(&data, place->part);
    assert(!data.fault);
    ret_bound->size = data.size;
    XXH128_canonicalFromHash(&hash, XXH3_128bits(data.data, data.size));
    memcpy(ret_bound->nonce, salt, CRYPT_SALT_BYTES);
    memcpy(ret_bound->nonce + CRYPT_SALT_BYTES, &hash, sizeof hash);
}

/* A keyed hash of the second under the first: BLAKE2b, RFC 7693. */
void crypt_join(const uint8_t first[CRYPT_KEY_BYTES], const uint8_t second[CRYPT_KEY_BYTES],
                uint8_t ret_key[CRYPT_KEY_BYTES])
{
    crypto_generichash(ret_key, CRYPT_KEY_BYTES, second, CRYPT_KEY_BYTES, first, CRYPT_KEY_BYTES);
}

void crypt_seal(const uint8_t key[CRYPT_KEY_BYTES], const struct crypt_place *place,
                const uint8_t salt[CRYPT_SALT_BYTES], struct buffer *buffer, size_t start)
{
    size_t end = buffer->size;
    struct bound bound;

    assert(start <= end);
    if (!buffer_extend(buffer, CRYPT_TAG_BYTES))
        return;
    bind(place, salt, &bound);
    crypto_aead_xchacha20poly1305_ietf_encrypt(buffer->data + start, NULL, buffer->data + start, end - start,
                                               bound.data, bound.size, NULL, bound.nonce, key);
}

bool crypt_open(const uint8_t key[CRYPT_KEY_BYTES], const struct crypt_place *place,
                const uint8_t salt[CRYPT_SALT_BYTES], struct text box, uint8_t *ret_plain)
{
    struct bound bound;

    if (box.size < CRYPT_TAG_BYTES)
        return false;
    bind(place, salt, &bound);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, (const uint8_t *)box.data, box.size,
                                                      bound.data, bound.size, bound.nonce, key) == 0;
}
