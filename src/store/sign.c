/*
 * Ed25519 by libsodium. The long form of the secret key lives for a call.
 */
#include "crumb/store/sign.h"
#include <sodium.h>

_Static_assert(SIGN_KEY_BYTES == crypto_sign_SEEDBYTES && SIGN_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "RFC 8032");
_Static_assert(SIGN_BYTES == crypto_sign_BYTES, "RFC 8032");

void sign_public_key(const uint8_t seed[SIGN_KEY_BYTES], uint8_t ret_key[SIGN_KEY_BYTES])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    crypto_sign_seed_keypair(ret_key, secret, seed);
    sodium_memzero(secret, sizeof secret);
}

void sign_make(const uint8_t seed[SIGN_KEY_BYTES], struct text message, uint8_t ret_signature[SIGN_BYTES])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES], key[SIGN_KEY_BYTES];

    crypto_sign_seed_keypair(key, secret, seed);
    crypto_sign_detached(ret_signature, NULL, (const uint8_t *)message.data, message.size, secret);
    sodium_memzero(secret, sizeof secret);
}

bool sign_check(const uint8_t key[SIGN_KEY_BYTES], struct text message, const uint8_t signature[SIGN_BYTES])
{
    return crypto_sign_verify_detached(signature, (const uint8_t *)message.data, message.size, key) == 0;
}
