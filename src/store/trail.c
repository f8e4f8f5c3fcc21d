/*
 * Records of the audit trail, as the links of a chain.
 */
#include "crumb/store/trail.h"
#include "crumb/base/error.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#define TRAIL_VERSION 1
#define MESSAGE_BYTES_MAX 128

static const struct chain chain = {.table = DB_AUDIT,
                                   .head_key = {"audit", sizeof "audit" - 1},
                                   .record_bytes_max = TRAIL_RECORD_BYTES_MAX,
                                   .seal_bytes = SIGN_BYTES};

static const char *const actors[ACTOR_N] = {
    [ACTOR_SERVICE] = "service", [ACTOR_TOKEN] = "token", [ACTOR_COMMAND] = "command", [ACTOR_VISITOR] = "visitor"};
static const char *const acts[ACT_N] = {[ACT_CONFIGURED] = "configured",
                                        [ACT_REFUSED] = "refused",
                                        [ACT_EXPORTED] = "exported",
                                        [ACT_DUMPED] = "dumped",
                                        [ACT_DISCLOSED] = "disclosed",
                                        [ACT_REQUEST_READ] = "request_read",
                                        [ACT_REQUEST_MOVED] = "request_moved",
                                        [ACT_KEY_ROTATED] = "key_rotated",
                                        [ACT_COMPACTED] = "compacted",
                                        [ACT_EXPIRED] = "expired",
                                        [ACT_ERASED] = "erased",
                                        [ACT_UNREADABLE] = "unreadable",
                                        [ACT_MINOR_REPORTED] = "minor_reported"};

const char *trail_actor_word(unsigned actor) { return actor > 0 && actor < ACTOR_N ? actors[actor] : "?"; }
const char *trail_act_word(unsigned act) { return act > 0 && act < ACT_N ? acts[act] : "?"; }

int trail_find_act(struct text name)
{
    for (unsigned act = 1; act < ACT_N; act++)
        if (text_equal(name, text_of(acts[act])))
            return (int)act;
    return -1;
}

/* ---- keys ---- */

static void hmac(const uint8_t key[SIGN_KEY_BYTES], const void *bytes, size_t size, uint8_t ret_hash[HASH_BYTES])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, key, SIGN_KEY_BYTES);
    crypto_auth_hmacsha256_update(&state, bytes, size);
    crypto_auth_hmacsha256_final(&state, ret_hash);
}

void trail_init(struct trail *trail, const uint8_t seed[SIGN_KEY_BYTES])
{
    static const char label[] = "crumb audit visitors 1";

    memcpy(trail->seed, seed, SIGN_KEY_BYTES);
    hmac(seed, label, sizeof label - 1, trail->hash_key);
}

void trail_visitor(const struct trail *trail, const uint8_t visitor[VISITOR_BYTES],
                   uint8_t ret_hash[TRAIL_VISITOR_BYTES])
{
    uint8_t hash[HASH_BYTES];

    hmac(trail->hash_key, visitor, VISITOR_BYTES, hash);
    memcpy(ret_hash, hash, TRAIL_VISITOR_BYTES);
}

void trail_visitor_text(const struct trail *trail, const uint8_t visitor[VISITOR_BYTES],
                        char ret_text[TRAIL_VISITOR_TEXT_BYTES])
{
    char hex[2 * TRAIL_VISITOR_BYTES + 1];
    uint8_t hash[TRAIL_VISITOR_BYTES];

    trail_visitor(trail, visitor, hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(ret_text, TRAIL_VISITOR_TEXT_BYTES, "visitor %s", hex);
}

/* ---- entries ---- */

/* At most @max bytes, cut where a character begins. */
static void put_text(struct buffer *buffer, struct text text, size_t max)
{
    if (text.size > max) {
        text.size = max;
        while (text.size && ((uint8_t)text.data[text.size] & 0xc0) == 0x80)
            text.size--;
    }
    buffer_put_sized(buffer, text);
}

void trail_entry_put(struct buffer *buffer, const struct trail_entry *entry)
{
    int64_t at_ms = entry->at_ms < 0 ? 0 : entry->at_ms > TRAIL_TIME_MS_MAX ? TRAIL_TIME_MS_MAX : entry->at_ms;

    assert(entry->actor > 0 && entry->actor < ACTOR_N && entry->act > 0 && entry->act < ACT_N);
    buffer_put_u64(buffer, (uint64_t)at_ms);
    buffer_put_u8(buffer, (uint8_t)entry->actor);
    put_text(buffer, entry->name, TRAIL_NAME_BYTES_MAX);
    buffer_put_u8(buffer, (uint8_t)entry->act);
    put_text(buffer, entry->site, SITE_NAME_BYTES_MAX);
    put_text(buffer, entry->object, TRAIL_OBJECT_BYTES_MAX);
    put_text(buffer, entry->details, TRAIL_DETAILS_BYTES_MAX);
}

bool trail_entry_read(struct reader *reader, struct trail_entry *ret_entry)
{
    struct trail_entry entry = {.at_ms = (int64_t)reader_u64(reader)};
    unsigned actor = reader_u8(reader);

    entry.name = reader_sized(reader);
    unsigned act = reader_u8(reader);
    entry.site = reader_sized(reader);
    entry.object = reader_sized(reader);
    entry.details = reader_sized(reader);
    if (!reader_done(reader) || entry.at_ms < 0 || entry.at_ms > TRAIL_TIME_MS_MAX || actor < 1 || actor >= ACTOR_N ||
        act < 1 || act >= ACT_N || entry.name.size > TRAIL_NAME_BYTES_MAX || entry.site.size > SITE_NAME_BYTES_MAX ||
        entry.object.size > TRAIL_OBJECT_BYTES_MAX || entry.details.size > TRAIL_DETAILS_BYTES_MAX)
        return false;
    entry.actor = (enum trail_actor)actor;
    entry.act = (enum trail_act)act;
    *ret_entry = entry;
    return true;
}

/* ---- records ---- */

/* Lines, as those of the ledger's head: anybody can make them again with a shell. */
static struct text put_message(const uint8_t hash[HASH_BYTES], struct buffer *buffer)
{
    char hex[2 * HASH_BYTES + 1];

    sodium_bin2hex(hex, sizeof hex, hash, HASH_BYTES);
    buffer_printf(buffer, "crumb audit record 1\n%s\n", hex);
    return buffer_text(buffer);
}

static void seal(const void *context, const uint8_t hash[HASH_BYTES], uint8_t *ret_seal)
{
    const struct trail *trail = context;
    uint8_t bytes[MESSAGE_BYTES_MAX];
    struct buffer buffer = BUFFER_OVER(bytes);

    sign_make(trail->seed, put_message(hash, &buffer), ret_seal);
}

int trail_append(struct batch *batch, const struct trail *trail, const struct trail_entry *entry)
{
    BUFFER_AUTO body = BUFFER_INIT(TRAIL_RECORD_BYTES_MAX);
    struct chain_head head;
    int r = trail_head(batch->txn, &head);

    if (r)
        return error_trace(r);
    trail_entry_put(&body, entry);
    if (body.fault)
        return error_origin(body.fault);
    struct chain_link link = {.sequence = head.sequence + 1, .version = TRAIL_VERSION, .body = buffer_text(&body)};
    return error_trace(chain_append(batch, &chain, seal, trail, &link));
}

int trail_append_expired(struct batch *batch, const struct trail *trail, int64_t at_ms, const char *site,
                         const char *object, const char *details)
{
    return error_trace(trail_append(batch, trail,
                                    &(struct trail_entry){.at_ms = at_ms,
                                                          .actor = ACTOR_SERVICE,
                                                          .name = TEXT("retention"),
                                                          .act = ACT_EXPIRED,
                                                          .site = text_of(site),
                                                          .object = text_of(object),
                                                          .details = text_of(details)}));
}

static bool decode_link(const struct chain_link *link, struct trail_record *ret_record)
{
    struct trail_record record = {.sequence = link->sequence};
    struct reader reader = reader_of(link->body);

    if (link->version != TRAIL_VERSION || !trail_entry_read(&reader, &record.entry))
        return false;
    memcpy(record.previous, link->previous, HASH_BYTES);
    memcpy(record.hash, link->hash, HASH_BYTES);
    memcpy(record.signature, link->seal.data, SIGN_BYTES);
    *ret_record = record;
    return true;
}

bool trail_decode(uint64_t sequence, struct text value, struct trail_record *ret_record)
{
    struct chain_link link;

    return chain_read(&chain, sequence, value, &link) && decode_link(&link, ret_record);
}

bool trail_signed(const struct trail_record *record, const uint8_t key[SIGN_KEY_BYTES])
{
    uint8_t bytes[MESSAGE_BYTES_MAX];
    struct buffer buffer = BUFFER_OVER(bytes);

    return sign_check(key, put_message(record->hash, &buffer), record->signature);
}

int trail_head(struct db_txn *txn, struct chain_head *ret_head)
{
    return error_trace(chain_head(txn, &chain, ret_head));
}

/* ---- walks ---- */

int trail_each_back(struct db_txn *txn, uint64_t before, trail_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct trail_record record = {.sequence = before};
    int r = db_cursor_new(txn, DB_AUDIT, &cursor);

    while (r == 0) {
        struct key wanted = key_sequence(record.sequence);
        struct text key, value;
        uint64_t sequence;

        r = db_cursor_before(cursor, key_text(&wanted), &key, &value);
        if (r == DB_E_NOT_FOUND)
            return 0;
        if (r == 0 && (!key_read_sequence(key, &sequence) || !trail_decode(sequence, value, &record)))
            return error_origin(-EBADMSG);
        int stop = r == 0 ? visit(context, &record) : 0;
        if (stop)
            return stop;
    }
    return error_trace(r);
}

struct walk {
    const uint8_t *key; /* or NULL */
    trail_visit visit;
    void *context;
    uint64_t n, n_max; /* records; no more are looked at */
};

static int visit_link(void *context, const struct chain_link *link, const char **ret_what)
{
    struct walk *walk = context;
    struct trail_record record;

    if (walk->n == walk->n_max)
        return TRAIL_E_MORE;
    walk->n++;
    if (link->sequence != walk->n)
        *ret_what = "its number does not follow that of the record before it";
    else if (!decode_link(link, &record))
        *ret_what = "its content is not that of a record";
    else if (walk->key && !trail_signed(&record, walk->key))
        *ret_what = "it is not signed with this store's key";
    return *ret_what || !walk->visit ? 0 : walk->visit(walk->context, &record);
}

int trail_verify(struct db_txn *txn, const uint8_t *key, trail_visit visit, void *context,
                 struct chain_break *ret_break)
{
    struct walk walk = {.key = key, .visit = visit, .context = context, .n_max = UINT64_MAX};

    return chain_verify(txn, &chain, visit_link, &walk, ret_break);
}

/* Where a walk goes on. TRAIL_E_NONE: there is no record of that number that can be read. */
static int find_start(struct db_txn *txn, uint64_t after, struct chain_head *ret_walked)
{
    struct key key = key_sequence(after);
    struct trail_record record;
    struct text value;
    int r = db_get(txn, DB_AUDIT, key_text(&key), &value);

    if (r < 0)
        return error_trace(r);
    if (r || !trail_decode(after, value, &record))
        return TRAIL_E_NONE;
    *ret_walked = (struct chain_head){.n_records = after, .sequence = after};
    memcpy(ret_walked->hash, record.hash, HASH_BYTES);
    return 0;
}

int trail_verify_part(struct db_txn *txn, const uint8_t key[SIGN_KEY_BYTES], uint64_t after, unsigned most,
                      uint64_t *ret_last, struct chain_break *ret_break)
{
    struct walk walk = {.key = key, .n = after, .n_max = after + most};
    struct chain_head walked = {.n_records = 0};
    int r = after ? find_start(txn, after, &walked) : 0;

    if (r)
        return r;
    r = chain_verify_on(txn, &chain, &walked, visit_link, &walk, ret_break);
    *ret_last = walked.sequence;
    return r;
}
