/*
 * Signing and reading heads.
 */
#include "crumb/consent/head.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#define MESSAGE_BYTES_MAX 256
#define SIGNATURE_TEXT_BYTES 89 /* base64 of 64 bytes, and a NUL */

_Static_assert(HEAD_KEY_TEXT_BYTES == sodium_base64_ENCODED_LEN(HEAD_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL),
               "what libsodium writes");
_Static_assert(SIGNATURE_TEXT_BYTES == sodium_base64_ENCODED_LEN(HEAD_SIGNATURE_BYTES, sodium_base64_VARIANT_ORIGINAL),
               "what libsodium writes");

/* What is signed: lines, so that anybody can make it again with a shell. */
static struct text put_message(const struct head *head, struct buffer *buffer)
{
    char hex[HASH_HEX_BYTES];

    notice_hex(head->ledger.hash, hex);
    buffer_printf(buffer, "crumb ledger head 1\n%" PRIu64 "\n%" PRIu64 "\n%s\n%s\n", head->ledger.n_records,
                  head->ledger.sequence, hex, head->time);
    return buffer_text(buffer);
}

void head_sign(const struct chain_head *ledger, int64_t at_ms, const uint8_t seed[HEAD_KEY_BYTES],
               struct head *ret_head)
{
    uint8_t bytes[MESSAGE_BYTES_MAX];
    struct buffer buffer = BUFFER_OVER(bytes);
    struct head head = {.ledger = *ledger};
    time_t at = (time_t)(at_ms / 1000);
    struct tm tm;

    gmtime_r(&at, &tm);
    strftime(head.time, sizeof head.time, "%Y-%m-%dT%H:%M:%SZ", &tm);
    struct text message = put_message(&head, &buffer);
    sign_public_key(seed, head.key);
    sign_make(seed, message, head.signature);
    *ret_head = head;
}

void head_key_text(const uint8_t key[HEAD_KEY_BYTES], char ret_text[HEAD_KEY_TEXT_BYTES])
{
    sodium_bin2base64(ret_text, HEAD_KEY_TEXT_BYTES, key, HEAD_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL);
}

int head_put(struct buffer *buffer, const struct head *head)
{
    char hex[HASH_HEX_BYTES], key[HEAD_KEY_TEXT_BYTES], signature[SIGNATURE_TEXT_BYTES];

    notice_hex(head->ledger.hash, hex);
    head_key_text(head->key, key);
    sodium_bin2base64(signature, sizeof signature, head->signature, sizeof head->signature,
                      sodium_base64_VARIANT_ORIGINAL);
    return error_trace(
        json_put(buffer,
                 json_pack("{s:I, s:I, s:s, s:s, s:s, s:s}", "records", (json_int_t)head->ledger.n_records, "sequence",
                           (json_int_t)head->ledger.sequence, "hash", hex, "time", head->time, "key", key, "signature",
                           signature),
                 0));
}

static bool read_base64(const char *text, uint8_t *ret_bytes, size_t size)
{
    size_t found;

    return sodium_base642bin(ret_bytes, size, text, strlen(text), NULL, &found, NULL, sodium_base64_VARIANT_ORIGINAL) ==
               0 &&
           found == size;
}

static bool read_object(json_t *object, struct head *head)
{
    const char *hash, *time, *key, *signature;
    json_int_t n_records, sequence;

    if (json_unpack(object, "{s:I, s:I, s:s, s:s, s:s, s:s !}", "records", &n_records, "sequence", &sequence, "hash",
                    &hash, "time", &time, "key", &key, "signature", &signature) < 0 ||
        n_records < 0 || sequence < 0 || strlen(time) >= sizeof head->time)
        return false;
    head->ledger.n_records = (uint64_t)n_records;
    head->ledger.sequence = (uint64_t)sequence;
    memcpy(head->time, time, strlen(time) + 1);
    return notice_unhex(text_of(hash), head->ledger.hash) && read_base64(key, head->key, sizeof head->key) &&
           read_base64(signature, head->signature, sizeof head->signature);
}

int head_read(struct text json, struct head *ret_head)
{
    JSON_AUTO *object = json_loadb(json.size ? json.data : "", json.size, JSON_REJECT_DUPLICATES, NULL);
    uint8_t bytes[MESSAGE_BYTES_MAX];
    struct buffer buffer = BUFFER_OVER(bytes);
    struct head head = {.time = ""};

    if (!object || !read_object(object, &head))
        return HEAD_E_INVALID;
    struct text message = put_message(&head, &buffer);
    if (buffer.fault || !sign_check(head.key, message, head.signature))
        return HEAD_E_FORGED;
    *ret_head = head;
    return 0;
}
