/*
 * Signing deeds, and telling whether one is ours.
 */
#include "crumb/rights/deed.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/limits.h"
#include "crumb/consent/notice.h"
#include "crumb/store/sign.h"
#include <errno.h>
#include <sodium.h>
#include <time.h>

#define DEED_V 1
#define DEED_PREFIX TEXT("crumb deed 1\n")
#define DEED_TIME_BYTES 32
#define SIGNATURE_TEXT_BYTES 89 /* base64 of 64 bytes, and a NUL */

static const char *const right_names[RIGHT_N] = {
    [RIGHT_ERASURE] = "erasure",         [RIGHT_WITHDRAWAL] = "withdrawal", [RIGHT_MINOR] = "minor",
    [RIGHT_RESTRICTION] = "restriction", [RIGHT_LIFTING] = "lifting",       [RIGHT_CORRECTION] = "correction"};

const char *deed_right_name(enum deed_right right) { return right_names[right]; }

void deed_hex(const uint8_t id[DEED_ID_BYTES], char ret_hex[DEED_ID_HEX_BYTES])
{
    sodium_bin2hex(ret_hex, DEED_ID_HEX_BYTES, id, DEED_ID_BYTES);
}

bool deed_unhex(struct text hex, uint8_t ret_id[DEED_ID_BYTES])
{
    size_t size;

    return hex.size == 2 * DEED_ID_BYTES &&
           sodium_hex2bin(ret_id, DEED_ID_BYTES, hex.data, hex.size, NULL, &size, NULL) == 0 && size == DEED_ID_BYTES;
}

static json_t *time_json(int64_t at_ms)
{
    char text[DEED_TIME_BYTES];
    time_t at = (time_t)(at_ms / 1000);
    struct tm tm;

    gmtime_r(&at, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_string(text);
}

static json_t *make(const struct deed *deed, const uint8_t public[HEAD_KEY_BYTES])
{
    char id[DEED_ID_HEX_BYTES], key[HEAD_KEY_TEXT_BYTES];

    deed_hex(deed->id, id);
    head_key_text(public, key);
    return json_pack("{s:i, s:s, s:s%, s:s, s:o, s:I, s:I, s:I, s:o, s:o, s:s}", "v", DEED_V, "id", id, "site",
                     deed->site.data, deed->site.size, "right", right_names[deed->right], "classes",
                     notice_classes(deed->classes), "events", (json_int_t)deed->events, "visits",
                     (json_int_t)deed->visits, "days", (json_int_t)deed->days, "asked", time_json(deed->asked_ms),
                     "done", time_json(deed->done_ms), "key", key);
}

/* What is signed, of an object without a signature, which stays the caller's. */
static int put_message(json_t *object, struct buffer *message)
{
    buffer_put_text(message, DEED_PREFIX);
    return error_trace(json_put(message, json_incref(object), JSON_SORT_KEYS));
}

int deed_sign(const struct deed *deed, const uint8_t seed[HEAD_KEY_BYTES], struct buffer *json)
{
    uint8_t public[SIGN_KEY_BYTES], signature[SIGN_BYTES];
    char text[SIGNATURE_TEXT_BYTES];
    BUFFER_AUTO message = BUFFER_INIT(DEED_BYTES_MAX);

    sign_public_key(seed, public);
    json_t *object = make(deed, public);
    int r = object ? put_message(object, &message) : error_origin(-ENOMEM);
    if (r) {
        json_decref(object);
        return error_trace(r);
    }
    sign_make(seed, buffer_text(&message), signature);
    sodium_bin2base64(text, sizeof text, signature, sizeof signature, sodium_base64_VARIANT_ORIGINAL);
    object = json_member(object, "signature", json_string(text));
    return error_trace(json_put(json, object, JSON_SORT_KEYS));
}

static bool read_bytes(json_t *object, const char *name, uint8_t *ret_bytes, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    size_t found;

    return text &&
           sodium_base642bin(ret_bytes, size, text, strlen(text), NULL, &found, NULL, sodium_base64_VARIANT_ORIGINAL) ==
               0 &&
           found == size;
}

/* Takes the signature out of @object. */
static bool take_signature(json_t *object, uint8_t ret_signature[SIGN_BYTES])
{
    return read_bytes(object, "signature", ret_signature, SIGN_BYTES) && json_object_del(object, "signature") == 0;
}

int deed_check(struct text json, const uint8_t *key, uint8_t ret_id[DEED_ID_BYTES])
{
    uint8_t signature[SIGN_BYTES], own[HEAD_KEY_BYTES];
    BUFFER_AUTO message = BUFFER_INIT(DEED_BYTES_MAX);
    JSON_AUTO *object = NULL;

    if (json.size > DEED_BYTES_MAX)
        return DEED_E_INVALID;
    int r = json_read(json, &object);
    if (r)
        return r == JSON_E_INVALID ? DEED_E_INVALID : error_trace(r);
    const char *id = json_string_value(json_object_get(object, "id"));
    if (!id || !deed_unhex(text_of(id), ret_id) || !take_signature(object, signature))
        return DEED_E_INVALID;
    if (!key && !read_bytes(object, "key", own, sizeof own)) /* the one that the deed itself names */
        return DEED_E_INVALID;
    r = put_message(object, &message);
    if (r)
        return r == -EOVERFLOW ? DEED_E_INVALID : error_trace(r);
    return sign_check(key ? key : own, buffer_text(&message), signature) ? 0 : DEED_E_FORGED;
}

static struct text id_text(const uint8_t id[DEED_ID_BYTES])
{
    return (struct text){.data = (const char *)id, .size = DEED_ID_BYTES};
}

int deed_put(struct db_txn *txn, const uint8_t id[DEED_ID_BYTES], struct text json)
{
    return error_fold(db_put(txn, DB_DEEDS, id_text(id), json));
}

int deed_get(struct db_txn *txn, const uint8_t id[DEED_ID_BYTES], struct text *ret_json)
{
    return error_trace(db_get(txn, DB_DEEDS, id_text(id), ret_json));
}
