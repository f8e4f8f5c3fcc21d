/*
 * The live choice of a visitor: its row, and what it allows now.
 */
#include "crumb/consent/visitor.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/amended.h"
#include "crumb/store/checksum.h"
#include "crumb/store/orphans.h"
#include <errno.h>
#include <sodium.h>

#define VISITOR_VERSION 1
#define VISITOR_ROW_BYTES_MAX (64 + 8 * PURPOSES_MAX)

enum { FLAG_GPC = 1, FLAG_RESTRICTED = 2, FLAG_MINOR = 4, FLAGS_ALL = 7 };

static void encode(const struct visitor *visitor, const struct key *key, struct buffer *buffer)
{
    unsigned flags = (visitor->gpc_at_choice ? FLAG_GPC : 0u) | (visitor->restricted ? FLAG_RESTRICTED : 0u) |
                     (visitor->minor ? FLAG_MINOR : 0u);

    buffer_put_u8(buffer, VISITOR_VERSION);
    buffer_put_u8(buffer, (uint8_t)visitor->choice);
    buffer_put_u8(buffer, (uint8_t)flags);
    buffer_put_u64(buffer, visitor->consent);
    buffer_put_u32(buffer, visitor->number);
    keyring_put_ref(buffer, visitor->key);
    buffer_put_u64(buffer, (uint64_t)visitor->since_ms);
    buffer_put_u64(buffer, (uint64_t)visitor->at_ms);
    buffer_put_u8(buffer, (uint8_t)visitor->n_granted);
    for (unsigned i = 0; i < visitor->n_granted; i++)
        buffer_put_u64(buffer, visitor->granted[i]);
    uint8_t country[COUNTRY_BYTES];
    key_write_country(visitor->country, country);
    buffer_put_u8(buffer, (uint8_t)visitor->regime);
    buffer_put(buffer, country, sizeof country);
    checksum_put(buffer, key_text(key));
}

static bool decode_place(struct reader *reader, struct visitor *visitor)
{
    uint8_t country[COUNTRY_BYTES];
    unsigned regime = reader_u8(reader);
    reader_copy(reader, country, sizeof country);
    visitor->regime = (enum regime)regime;
    return regime >= 1 && regime < REGIME_N && key_read_country(country, visitor->country);
}

static bool decode(struct text key, struct text value, struct visitor *ret_visitor)
{
    struct visitor visitor = {.n_granted = 0};

    if (!checksum_take(&value, key))
        return false;
    struct reader reader = reader_of(value);
    if (reader_u8(&reader) != VISITOR_VERSION)
        return false;
    unsigned choice = reader_u8(&reader), flags = reader_u8(&reader);
    if (choice < CHOICE_GRANT || choice >= CHOICE_N || flags & ~(unsigned)FLAGS_ALL)
        return false;
    visitor.choice = (enum choice_kind)choice;
    visitor.gpc_at_choice = flags & FLAG_GPC;
    visitor.restricted = flags & FLAG_RESTRICTED;
    visitor.minor = flags & FLAG_MINOR;
    visitor.consent = reader_u64(&reader);
    visitor.number = reader_u32(&reader);
    visitor.key = keyring_read_ref(&reader);
    visitor.since_ms = (int64_t)reader_u64(&reader);
    visitor.at_ms = (int64_t)reader_u64(&reader);
    visitor.n_granted = reader_u8(&reader);
    if (visitor.n_granted > PURPOSES_MAX)
        return false;
    for (unsigned i = 0; i < visitor.n_granted; i++)
        visitor.granted[i] = reader_u64(&reader);
    if (!decode_place(&reader, &visitor) || !reader_done(&reader))
        return false;
    *ret_visitor = visitor;
    return true;
}

int visitor_get(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES], struct visitor *ret_visitor)
{
    struct key key = key_visitor(site, id);
    struct text value;
    int r = db_get(txn, DB_VISITORS, key_text(&key), &value);

    if (r)
        return error_trace(r);
    return decode(key_text(&key), value, ret_visitor) ? 0 : error_origin(-EBADMSG);
}

int visitor_is_erased(struct db_txn *txn, const struct visitor *visitor)
{
    uint8_t key[CRYPT_KEY_BYTES];
    int r = keyring_get(db_keyring(txn), visitor->key, key);

    sodium_memzero(key, sizeof key);
    return r == KEYRING_E_GONE ? VISITOR_E_ERASED : error_trace(r);
}

int visitor_put(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES], const struct visitor *visitor)
{
    struct key key = key_visitor(site, id);
    BUFFER_AUTO buffer = BUFFER_INIT(VISITOR_ROW_BYTES_MAX);

    encode(visitor, &key, &buffer);
    if (buffer.fault)
        return error_origin(buffer.fault);
    return error_fold(db_put(txn, DB_VISITORS, key_text(&key), buffer_text(&buffer)));
}

int visitor_delete(struct db_txn *txn, uint32_t site, const uint8_t id[VISITOR_BYTES])
{
    struct key key = key_visitor(site, id);

    return error_trace(db_delete(txn, DB_VISITORS, key_text(&key)));
}

int visitor_end(struct batch *batch, const struct site *site, const uint8_t id[VISITOR_BYTES], int64_t now_ms)
{
    struct visitor visitor = {.key = {0}};
    int r = visitor_get(batch->txn, site->id, id, &visitor);

    /* The key of a row that cannot be read is known to nobody; `crumb verify` counts it. */
    if (r == DB_E_NOT_FOUND)
        return 0;
    if (r && r != -EBADMSG)
        return error_trace(r);
    struct orphan orphan = {.key = visitor.key, .site = site->id, .day = zone_day(site->zone, now_ms)};
    bool is_readable = r == 0;
    r = is_readable ? orphans_put(batch->txn, &orphan) : 0;
    if (r == 0 && is_readable)
        r = amended_end(batch->txn, site->id, visitor.number, orphan.day);
    return r ? error_trace(r) : error_trace(visitor_delete(batch->txn, site->id, id));
}

int visitor_find(struct batch *batch, const struct site *site, const uint8_t id[VISITOR_BYTES], int64_t now_ms,
                 struct visitor *ret_visitor, bool *ret_found)
{
    const uint8_t *key;
    int r = visitor_get(batch->txn, site->id, id, ret_visitor);

    *ret_found = false;
    /* A row from a backup, of somebody who was erased since, is nobody's. */
    if (r == 0)
        r = batch_key(batch, ret_visitor->key, &key);
    if (r < 0 && r != -EBADMSG)
        return error_trace(r);
    *ret_found = r == 0 && now_ms - ret_visitor->since_ms < site->retention.visitor_ms;
    return 0;
}

int visitor_rest(struct batch *batch, const struct site *site, const uint8_t id[VISITOR_BYTES],
                 const struct visitor_rest *rest, bool *ret_rests)
{
    struct visitor visitor;
    bool found;
    int r = visitor_find(batch, site, id, rest->at_ms, &visitor, &found);

    if (r == 0 && !found)
        r = visitor_end(batch, site, id, rest->at_ms);
    if (r || !found) {
        *ret_rests = false;
        return error_trace(r);
    }
    /* Refusing again makes nothing of before last longer. */
    if (visitor.n_granted)
        visitor.at_ms = rest->at_ms;
    visitor.choice = rest->choice;
    visitor.n_granted = 0;
    if (rest->consent)
        visitor.consent = rest->consent;
    *ret_rests = true;
    return error_trace(visitor_put(batch->txn, site->id, id, &visitor));
}

int visitor_each(struct db_txn *txn, visitor_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_VISITORS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct visitor visitor;
        uint32_t site;
        uint8_t id[VISITOR_BYTES];

        if (!key_read_visitor(key, &site, id) || !decode(key, value, &visitor))
            return error_origin(-EBADMSG);
        int stop = visit(context, site, id, &visitor);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

bool visitor_is_live(const struct visitor *visitor, const struct site *site, int64_t now_ms)
{
    /* A choice from the future is none, either: some clock was wrong. */
    return visitor->n_granted && visitor->at_ms <= now_ms && now_ms - visitor->at_ms < site->retention.choice_ms &&
           now_ms - visitor->since_ms < site->retention.visitor_ms;
}

int64_t visitor_until_ms(const struct visitor *visitor, const struct site *site)
{
    int64_t ended_ms = visitor->at_ms + (visitor->n_granted ? site->retention.choice_ms : 0);
    int64_t id_ms = visitor->since_ms + site->retention.visitor_ms, kept_ms = ended_ms + site->retention.segments_ms;

    return id_ms < kept_ms ? id_ms : kept_ms;
}

/* Which of the site's purposes still mean what they meant when they were granted. */
static uint32_t current_purposes(const struct visitor *visitor, const struct site *site, bool *ret_stale)
{
    uint32_t purposes = 0;

    *ret_stale = false;
    for (unsigned i = 0; i < visitor->n_granted; i++) {
        bool current = false;
        for (unsigned p = 0; p < site->n_purposes; p++) {
            if (site->purposes[p].material == visitor->granted[i]) {
                purposes |= 1u << p;
                current = true;
            }
        }
        *ret_stale |= !current;
    }
    return purposes;
}

bool visitor_is_current(const struct visitor *visitor, const struct site *site)
{
    bool stale;

    current_purposes(visitor, site, &stale);
    return !stale;
}

static struct policy_input input_of(const struct visitor *visitor, const struct site *site, const struct place *place,
                                    bool gpc_now)
{
    return (struct policy_input){.choice = visitor->choice,
                                 .regime = regime_stricter(visitor->regime, regime_of(site, place)),
                                 .gpc_now = gpc_now,
                                 .gpc_at_choice = visitor->gpc_at_choice,
                                 .restricted = visitor->restricted,
                                 .minor = visitor->minor};
}

struct policy_answer visitor_allowed(const struct visitor *visitor, const struct site *site, const struct place *place,
                                     bool gpc_now, int64_t now_ms)
{
    struct policy_input input = {.regime = REGIME_OPT_IN, .gpc_now = gpc_now};

    if (visitor && visitor_is_live(visitor, site, now_ms)) {
        input = input_of(visitor, site, place, gpc_now);
        uint32_t purposes = current_purposes(visitor, site, &input.stale);
        for (unsigned p = 0; p < site->n_purposes; p++)
            if (purposes & 1u << p)
                input.granted |= site->purposes[p].collects;
    }
    return policy_decide(&input);
}

uint32_t visitor_granted(const struct visitor *visitor, const struct site *site, const struct place *place,
                         bool gpc_now, int64_t now_ms)
{
    struct policy_input input = input_of(visitor, site, place, gpc_now);
    bool stale;

    /* Whether the policy would let through whatever was granted: some purposes collect no class at all. */
    input.granted = CLASS_ALL;
    if (!visitor_is_live(visitor, site, now_ms) || !policy_decide(&input).classes)
        return 0;
    return current_purposes(visitor, site, &stale);
}
