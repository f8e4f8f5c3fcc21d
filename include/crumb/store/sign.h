/*
 * Signatures (Ed25519, RFC 8032) by the key of this store alone, whose seed is
 * data/ledger.key: of the ledger's head, and of each record of the audit trail.
 * Pure.
 */
#pragma once

#include "crumb/base/text.h"
#include <stdint.h>

#define SIGN_KEY_BYTES 32 /* of the seed, and of the public key */
#define SIGN_BYTES 64

/* The public half of a seed. */
void sign_public_key(const uint8_t seed[SIGN_KEY_BYTES], uint8_t ret_key[SIGN_KEY_BYTES]);

/* Signs @message. */
void sign_make(const uint8_t seed[SIGN_KEY_BYTES], struct text message, uint8_t ret_signature[SIGN_BYTES]);

/* Whether @signature is that of @message by the public key @key. */
bool sign_check(const uint8_t key[SIGN_KEY_BYTES], struct text message, const uint8_t signature[SIGN_BYTES]);
