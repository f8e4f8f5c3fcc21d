/*
 * plain: the cipher of a program that has none, to measure what encryption costs.
 *
 * build/bench/crumb-plain and load-plain are the program and the loader with
 * these four instead of the library's own (the linker's --wrap): values are
 * copied where they would be encrypted, under a mark instead of a tag, and keys
 * of the keyring are not opened.  They are made and written as ever, and values
 * are as long as ever.  Neither program reads a store of the other: its values
 * have no tag, or no mark.  Not installed.
 */
#include "crumb/store/crypt.h"
#include "crumb/store/keyring.h"

static const char mark[] = "no cipher at all";
_Static_assert(sizeof mark - 1 == CRYPT_TAG_BYTES, "in the tag's place");

void __wrap_crypt_seal(const uint8_t *key, const struct crypt_place *place, const uint8_t *salt, struct buffer *buffer,
                       size_t start);
bool __wrap_crypt_open(const uint8_t *key, const struct crypt_place *place, const uint8_t *salt, struct text box,
                       uint8_t *ret_plain);
void __wrap_crypt_join(const uint8_t *first, const uint8_t *second, uint8_t *ret_key);
int __wrap_keyring_get(struct keyring *keyring, struct key_ref ref, uint8_t *ret_key);

void __wrap_crypt_seal(const uint8_t *key, const struct crypt_place *place, const uint8_t *salt, struct buffer *buffer,
                       size_t start)
{
    (void)key;
    (void)place;
    (void)salt;
    (void)start;
    buffer_put(buffer, mark, CRYPT_TAG_BYTES);
}

bool __wrap_crypt_open(const uint8_t *key, const struct crypt_place *place, const uint8_t *salt, struct text box,
                       uint8_t *ret_plain)
{
    (void)key;
    (void)place;
    (void)salt;
    if (box.size < CRYPT_TAG_BYTES || memcmp(box.data + box.size - CRYPT_TAG_BYTES, mark, CRYPT_TAG_BYTES) != 0)
        return false;
    memcpy(ret_plain, box.data, box.size - CRYPT_TAG_BYTES);
    return true;
}

int __wrap_keyring_get(struct keyring *keyring, struct key_ref ref, uint8_t *ret_key)
{
    (void)keyring;
    memset(ret_key, 0, CRYPT_KEY_BYTES);
    return ref.generation & 1 ? 0 : KEYRING_E_GONE;
}

void __wrap_crypt_join(const uint8_t *first, const uint8_t *second, uint8_t *ret_key)
{
    (void)first;
    (void)second;
    memset(ret_key, 0, CRYPT_KEY_BYTES);
}
