/*
 * Boxes: AES-256-GCM, by libsodium where the processor has instructions for it
 * and libsodium knows them, else by OpenSSL.  The bytes are the same.  A record
 * is short, so what counts is how soon a cipher begins with another key: this one
 * opens a record in a third of the time that XChaCha20-Poly1305 takes.
 *
 * GCM breaks where a nonce comes twice under one key.  It is made of the salt and
 * of the place, so that it needs no room of its own:
 *
 *     0                                8            12
 *     +--------------------------------+------------+
 *     | salt xor last 8 of the row's   | part       |
 *     | key                            |            |
 *     +--------------------------------+------------+
 *
 * Under one salt no two places have the same: the last 8 bytes tell apart all rows
 * that are under one key (a visitor's records, which end with the sequence; a
 * period's rollups, which end with the field).  A salt is random where a key is
 * used at more than one time.  Then two boxes of one key have the same nonce by
 * chance once in 2^64; of a visitor with 2^16 records any two do once in 2^33,
 * half as likely as NIST SP 800-38D allows.
 */
#include "crumb/store/crypt.h"
#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <sodium.h>

#define NONCE_BYTES crypto_aead_aes256gcm_NPUBBYTES
#define ROW_BYTES CRYPT_SALT_BYTES /* of the row's key that are in the nonce */

_Static_assert(CRYPT_KEY_BYTES == crypto_aead_aes256gcm_KEYBYTES, "as AES-256 has it");
_Static_assert(CRYPT_TAG_BYTES == crypto_aead_aes256gcm_ABYTES, "a whole tag");
_Static_assert(CRYPT_SALT_BYTES + sizeof(uint32_t) == NONCE_BYTES, "salt and part are the nonce");

const uint8_t crypt_no_salt[CRYPT_SALT_BYTES];

struct bound {
    uint8_t data[CRYPT_TABLE_BYTES_MAX + 1 + DB_KEY_BYTES_MAX + sizeof(uint32_t)];
    size_t size;
    uint8_t nonce[NONCE_BYTES];
};

static void bind(const struct crypt_place *place, const uint8_t salt[CRYPT_SALT_BYTES], struct bound *ret_bound)
{
    struct buffer data = BUFFER_OVER(ret_bound->data);
    size_t n = place->key.size < ROW_BYTES ? place->key.size : ROW_BYTES;

    buffer_put(&data, place->table, strlen(place->table) + 1);
    buffer_put_text(&data, place->key);
    buffer_put_u32(&data, place->part);
    assert(!data.fault);
    ret_bound->size = data.size;
    memcpy(ret_bound->nonce, salt, CRYPT_SALT_BYTES);
    memcpy(ret_bound->nonce + CRYPT_SALT_BYTES, data.data + data.size - sizeof(uint32_t), sizeof(uint32_t));
    for (size_t i = 0; i < n; i++)
        ret_bound->nonce[ROW_BYTES - n + i] ^= (uint8_t)place->key.data[place->key.size - n + i];
}

/* BLAKE2b, RFC 7693, of both: one block. Without one of them its value cannot be told from a random one. */
void crypt_join(const uint8_t first[CRYPT_KEY_BYTES], const uint8_t second[CRYPT_KEY_BYTES],
                uint8_t ret_key[CRYPT_KEY_BYTES])
{
    uint8_t both[2 * CRYPT_KEY_BYTES];

    memcpy(both, first, CRYPT_KEY_BYTES);
    memcpy(both + CRYPT_KEY_BYTES, second, CRYPT_KEY_BYTES);
    crypto_generichash(ret_key, CRYPT_KEY_BYTES, both, sizeof both, NULL, 0);
    sodium_memzero(both, sizeof both);
}

/* ---- OpenSSL ---- */

static EVP_CIPHER_CTX *begin(const uint8_t *key, const struct bound *bound, bool seals)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int n;

    if (context && EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key, bound->nonce, seals) == 1 &&
        EVP_CipherUpdate(context, NULL, &n, bound->data, (int)bound->size) == 1)
        return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

/* False: there is no memory. */
static bool seal(const uint8_t *key, const struct bound *bound, uint8_t *bytes, size_t size)
{
    EVP_CIPHER_CTX *context = begin(key, bound, true);
    int n;
    bool good = context && EVP_CipherUpdate(context, bytes, &n, bytes, (int)size) == 1 &&
                EVP_CipherFinal_ex(context, bytes + size, &n) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, CRYPT_TAG_BYTES, bytes + size) == 1;

    EVP_CIPHER_CTX_free(context);
    return good;
}

static bool open_box(const uint8_t *key, const struct bound *bound, struct text box, uint8_t *ret_plain)
{
    size_t size = box.size - CRYPT_TAG_BYTES;
    EVP_CIPHER_CTX *context = begin(key, bound, false);
    uint8_t tag[CRYPT_TAG_BYTES];
    int n;

    memcpy(tag, box.data + size, sizeof tag);
    bool good = context && EVP_CipherUpdate(context, ret_plain, &n, (const uint8_t *)box.data, (int)size) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CRYPT_TAG_BYTES, tag) == 1 &&
                EVP_CipherFinal_ex(context, ret_plain + size, &n) == 1;

    EVP_CIPHER_CTX_free(context);
    return good;
}

/* ---- either ---- */

void crypt_seal(const uint8_t key[CRYPT_KEY_BYTES], const struct crypt_place *place,
                const uint8_t salt[CRYPT_SALT_BYTES], struct buffer *buffer, size_t start)
{
    size_t size = buffer->size - start;
    struct bound bound;

    assert(start <= buffer->size && size <= CRYPT_BYTES_MAX);
    if (!buffer_extend(buffer, CRYPT_TAG_BYTES))
        return;
    bind(place, salt, &bound);
    if (crypto_aead_aes256gcm_is_available())
        crypto_aead_aes256gcm_encrypt(buffer->data + start, NULL, buffer->data + start, size, bound.data, bound.size,
                                      NULL, bound.nonce, key);
    else if (!seal(key, &bound, buffer->data + start, size))
        buffer->fault = -ENOMEM;
}

bool crypt_open(const uint8_t key[CRYPT_KEY_BYTES], const struct crypt_place *place,
                const uint8_t salt[CRYPT_SALT_BYTES], struct text box, uint8_t *ret_plain)
{
    struct bound bound;

    if (box.size < CRYPT_TAG_BYTES || box.size > CRYPT_BYTES_MAX)
        return false;
    bind(place, salt, &bound);
    if (crypto_aead_aes256gcm_is_available())
        return crypto_aead_aes256gcm_decrypt(ret_plain, NULL, NULL, (const uint8_t *)box.data, box.size, bound.data,
                                             bound.size, bound.nonce, key) == 0;
    return open_box(key, &bound, box, ret_plain);
}
