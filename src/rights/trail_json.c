/*
 * Written member by member, in a fixed order.
 */
#include "crumb/rights/trail_json.h"
#include "crumb/base/json.h"
#include "crumb/consent/receipt.h"
#include <inttypes.h>
#include <sodium.h>

#define SIGNATURE_TEXT_BYTES sodium_base64_ENCODED_LEN(SIGN_BYTES, sodium_base64_VARIANT_ORIGINAL)

static void put_entry(struct buffer *buffer, const struct trail_entry *entry)
{
    char time[RECEIPT_TIME_BYTES];

    receipt_time(entry->at_ms, time);
    buffer_printf(buffer, ",\"time\":\"%s\",\"actor\":\"%s\"", time, trail_actor_word(entry->actor));
    json_put_text_member(buffer, "name", entry->name);
    buffer_printf(buffer, ",\"act\":\"%s\"", trail_act_word(entry->act));
    json_put_text_member(buffer, "site", entry->site);
    json_put_text_member(buffer, "object", entry->object);
    json_put_text_member(buffer, "details", entry->details);
}

void trail_json_put(struct buffer *buffer, const struct trail_record *record)
{
    char previous[2 * HASH_BYTES + 1], hash[2 * HASH_BYTES + 1], signature[SIGNATURE_TEXT_BYTES];

    sodium_bin2hex(previous, sizeof previous, record->previous, HASH_BYTES);
    sodium_bin2hex(hash, sizeof hash, record->hash, HASH_BYTES);
    sodium_bin2base64(signature, sizeof signature, record->signature, SIGN_BYTES, sodium_base64_VARIANT_ORIGINAL);
    buffer_printf(buffer, "{\"sequence\":%" PRIu64, record->sequence);
    put_entry(buffer, &record->entry);
    buffer_printf(buffer, ",\"previous\":\"%s\",\"hash\":\"%s\",\"signature\":\"%s\"}", previous, hash, signature);
}

void trail_json_put_waiting(struct buffer *buffer, const struct trail_entry *entry)
{
    buffer_put_text(buffer, TEXT("{\"sequence\":null"));
    put_entry(buffer, entry);
    buffer_put_text(buffer, TEXT("}"));
}
