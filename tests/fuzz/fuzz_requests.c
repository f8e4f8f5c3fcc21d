/*
 * Any bytes as what the audit trail and requests read: records, acts' files,
 * rows and bodies of requests, and what people send.  The first byte says which,
 * and whether hash or checksum is to be made right, as random bytes hardly ever
 * get past them.
 */
#include "crumb/base/random.h"
#include "crumb/rights/request_json.h"
#include "crumb/rights/request_parse.h"
#include "crumb/rights/trail_json.h"
#include "crumb/store/act.h"
#include "crumb/store/checksum.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>

#define BYTES_MAX (64 << 10)
#define SEQUENCE 7
#define ACT_NAME TEXT("1772443800000-0123456789abcdef0123456789abcdef.act")

enum { TRY_RECORD, TRY_ACT, TRY_ROW, TRY_BODY, TRY_WISH, TRY_CHANGE, TRY_N };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entry(const struct trail_entry *entry)
{
    BUFFER_AUTO once = BUFFER_INIT(BYTES_MAX);
    struct trail_entry again;

    assert(strcmp(trail_actor_word(entry->actor), "?") && strcmp(trail_act_word(entry->act), "?"));
    trail_entry_put(&once, entry);
    assert(!once.fault);
    struct reader reader = reader_of(buffer_text(&once));
    assert(trail_entry_read(&reader, &again) && again.at_ms == entry->at_ms && again.act == entry->act);
    assert(text_equal(again.details, entry->details) && text_equal(again.object, entry->object));
}

static void check_json(const struct buffer *json)
{
    json_t *object = json_loadb((const char *)json->data, json->size, JSON_ALLOW_NUL, NULL);

    assert(!json->fault && json_is_object(object));
    json_decref(object);
}

static void try_record(struct buffer *bytes, bool right)
{
    static const uint8_t seal[SIGN_BYTES];
    BUFFER_AUTO json = BUFFER_INIT(TRAIL_JSON_BYTES_MAX + 6 * BYTES_MAX);
    struct key key = key_sequence(SEQUENCE);
    crypto_hash_sha256_state state;
    uint8_t hash[HASH_BYTES], public_key[SIGN_KEY_BYTES] = {0};
    struct trail_record record;

    if (right) {
        crypto_hash_sha256_init(&state);
        crypto_hash_sha256_update(&state, key.bytes, key.size);
        crypto_hash_sha256_update(&state, bytes->data, bytes->size);
        crypto_hash_sha256_final(&state, hash);
        buffer_put(bytes, hash, sizeof hash);
        buffer_put(bytes, seal, sizeof seal);
    }
    if (!trail_decode(SEQUENCE, buffer_text(bytes), &record))
        return;
    check_entry(&record.entry);
    assert(record.sequence == SEQUENCE);
    trail_signed(&record, public_key);
    trail_json_put(&json, &record);
    check_json(&json);
}

static void try_act(struct buffer *bytes, bool right)
{
    BUFFER_AUTO json = BUFFER_INIT(TRAIL_JSON_BYTES_MAX);
    struct trail_entry entry;

    if (right)
        checksum_put(bytes, ACT_NAME);
    if (!act_decode(ACT_NAME, buffer_text(bytes), &entry))
        return;
    check_entry(&entry);
    trail_json_put_waiting(&json, &entry);
    check_json(&json);
}

static void try_row(struct buffer *bytes, bool right)
{
    static const uint8_t secret[CRYPT_KEY_BYTES];
    BUFFER_AUTO plain = BUFFER_INIT(BYTES_MAX);
    struct key key = key_request(1, 2);
    struct request request;

    if (right)
        checksum_put(bytes, key_text(&key));
    if (!request_decode(key_text(&key), buffer_text(bytes), &request))
        return;
    assert(request.site == 1 && request.number == 2 && request.n_steps == 0);
    assert(strcmp(request_kind_word(request.kind), "?") && strcmp(request_state_word(request.state), "?"));
    int r = request_open(&request, secret, &plain);
    assert(r == -EBADMSG || r == 0);
}

static void try_body(struct text body)
{
    BUFFER_AUTO once = BUFFER_INIT(REQUEST_BYTES_MAX), json = BUFFER_INIT(REQUEST_JSON_BYTES_MAX);
    struct site site = {.name = (char[]){"shop"}, .working_days = 0x1f};
    struct request request = {.state = REQUEST_ANSWERED, .kind = REQUEST_OTHER}, again = request;

    /* What the head says has to agree. */
    for (unsigned state = 1; state < REQUEST_STATE_N; state++) {
        request.state = (enum request_state)state;
        if (!request_decode_body(body, &request))
            continue;
        assert(request.n_steps >= 1 && request.n_steps <= REQUEST_STEPS_MAX);
        request_encode_body(&request, &once);
        assert(!once.fault);
        again.state = request.state;
        assert(request_decode_body(buffer_text(&once), &again) && again.n_steps == request.n_steps);
        if (request_is_open(request.state))
            continue; /* urgency asks the site's zone */
        request_json_put(&json, &request, &site, 0, REQUEST_FOR_ASKER);
        check_json(&json);
    }
}

static void try_wish(struct text body)
{
    static struct site sites[1];
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct config config = {.sites = sites, .n_sites = 1};
    struct request_wish wish;

    sites[0].name = (char[]){"shop"};
    int r = request_parse(body, &config, &wish, &complaint);
    assert(r == 0 || complaint.size > 0);
    assert(r || (wish.site && wish.text.size > 0 && wish.text.size <= REQUEST_TEXT_BYTES_MAX));
    json_decref(wish.json);
}

static void try_change(struct text body)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct request_change change;
    int r = request_parse_change(body, &change, &complaint);

    assert(r == 0 || complaint.size > 0);
    assert(r || change.note.size <= REQUEST_NOTE_BYTES_MAX);
    json_decref(change.json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BUFFER_AUTO bytes = BUFFER_INIT(BYTES_MAX + 256);

    if (size < 1 || size > BYTES_MAX || sodium_init() < 0)
        return 0;
    bool right = data[0] & 0x80;
    buffer_put(&bytes, data + 1, size - 1);
    switch ((data[0] & 0x7f) % TRY_N) {
    case TRY_RECORD:
        try_record(&bytes, right);
        break;
    case TRY_ACT:
        try_act(&bytes, right);
        break;
    case TRY_ROW:
        try_row(&bytes, right);
        break;
    case TRY_BODY:
        try_body(buffer_text(&bytes));
        break;
    case TRY_WISH:
        try_wish(buffer_text(&bytes));
        break;
    default:
        try_change(buffer_text(&bytes));
    }
    return 0;
}
