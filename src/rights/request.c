/*
 * Words, states and the row of a request.
 */
#include "crumb/rights/request.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <errno.h>
#include <sodium.h>

#define REQUEST_VERSION 1
#define STATE_BIT(state) (1u << (state))
#define MOVES(a) STATE_BIT(REQUEST_##a)

static const char *const kinds[REQUEST_KIND_N] = {
    [REQUEST_ACCESS] = "access",           [REQUEST_COPY] = "copy",
    [REQUEST_CORRECTION] = "correction",   [REQUEST_ERASURE] = "erasure",
    [REQUEST_RESTRICTION] = "restriction", [REQUEST_OBJECTION] = "objection",
    [REQUEST_COMPLAINT] = "complaint",     [REQUEST_OTHER] = "other"};
static const char *const states[REQUEST_STATE_N] = {[REQUEST_OPEN] = "open",
                                                    [REQUEST_IN_PROGRESS] = "in_progress",
                                                    [REQUEST_ANSWERED] = "answered",
                                                    [REQUEST_REFUSED] = "refused",
                                                    [REQUEST_WITHDRAWN] = "withdrawn"};

/* Where each side may take a request from where it is. What was answered or refused can be taken up again. */
static const unsigned moves[REQUEST_SIDE_N][REQUEST_STATE_N] = {
    [REQUEST_BY_ASKER] = {[REQUEST_OPEN] = MOVES(WITHDRAWN), [REQUEST_IN_PROGRESS] = MOVES(WITHDRAWN)},
    [REQUEST_BY_OFFICER] = {
        [REQUEST_OPEN] = MOVES(OPEN) | MOVES(IN_PROGRESS) | MOVES(ANSWERED) | MOVES(REFUSED),
        [REQUEST_IN_PROGRESS] = MOVES(IN_PROGRESS) | MOVES(ANSWERED) | MOVES(REFUSED),
        [REQUEST_ANSWERED] = MOVES(ANSWERED) | MOVES(IN_PROGRESS),
        [REQUEST_REFUSED] = MOVES(REFUSED) | MOVES(IN_PROGRESS),
        [REQUEST_WITHDRAWN] = MOVES(WITHDRAWN),
    }};

bool request_is_open(enum request_state state) { return state == REQUEST_OPEN || state == REQUEST_IN_PROGRESS; }

bool request_may_move(enum request_state from, enum request_state to, enum request_side side)
{
    return moves[side][from] & STATE_BIT(to);
}

const char *request_kind_word(unsigned kind) { return kind > 0 && kind < REQUEST_KIND_N ? kinds[kind] : "?"; }
const char *request_state_word(unsigned state) { return state > 0 && state < REQUEST_STATE_N ? states[state] : "?"; }

static int find(const char *const *words, unsigned n, struct text word)
{
    for (unsigned i = 1; i < n; i++)
        if (text_equal(word, text_of(words[i])))
            return (int)i;
    return -1;
}

int request_find_kind(struct text word) { return find(kinds, REQUEST_KIND_N, word); }
int request_find_state(struct text word) { return find(states, REQUEST_STATE_N, word); }

/* ---- the row ---- */

void request_encode_body(const struct request *request, struct buffer *buffer)
{
    buffer_put_sized(buffer, request->text);
    buffer_put_sized(buffer, request->contact);
    buffer_put_u8(buffer, (uint8_t)request->n_steps);
    for (unsigned i = 0; i < request->n_steps; i++) {
        const struct request_step *step = &request->steps[i];

        buffer_put_u64(buffer, (uint64_t)step->at_ms);
        buffer_put_u8(buffer, (uint8_t)step->state);
        buffer_put_u8(buffer, (uint8_t)step->side);
        buffer_put_u8(buffer, step->is_told);
        buffer_put_sized(buffer, step->name);
        buffer_put_sized(buffer, step->note);
    }
}

static struct crypt_place place_of(struct text key)
{
    return (struct crypt_place){.table = db_table_name(DB_REQUESTS), .key = key};
}

static void put_head(const struct request *request, struct buffer *buffer)
{
    static const uint8_t nobody[ASKER_BYTES];

    buffer_put_u8(buffer, REQUEST_VERSION);
    buffer_put_u8(buffer, (uint8_t)request->kind);
    buffer_put_u8(buffer, (uint8_t)request->state);
    buffer_put_u64(buffer, (uint64_t)request->made_ms);
    buffer_put_u64(buffer, (uint64_t)request->changed_ms);
    buffer_put_u32(buffer, (uint32_t)request->due);
    buffer_put(buffer, request->follow, HASH_BYTES);
    buffer_put(buffer, request->has_asker ? request->asker : nobody, ASKER_BYTES);
    keyring_put_ref(buffer, request->key);
    buffer_put(buffer, request->salt, CRYPT_SALT_BYTES);
}

void request_encode(const struct request *request, const struct key *key, const uint8_t secret[CRYPT_KEY_BYTES],
                    struct buffer *buffer)
{
    struct crypt_place place = place_of(key_text(key));

    put_head(request, buffer);
    size_t start = buffer->size;
    request_encode_body(request, buffer);
    if (!buffer->fault)
        crypt_seal(secret, &place, request->salt, buffer, start);
    checksum_put(buffer, key_text(key));
}

void request_encode_closed(const struct request *request, const struct key *key, struct buffer *buffer)
{
    put_head(request, buffer);
    buffer_put_text(buffer, request->box);
    checksum_put(buffer, key_text(key));
}

static bool is_time(int64_t at_ms) { return at_ms >= 0 && at_ms <= TRAIL_TIME_MS_MAX; }

static bool decode_step(struct reader *reader, struct request_step *step)
{
    step->at_ms = (int64_t)reader_u64(reader);
    unsigned state = reader_u8(reader), side = reader_u8(reader), is_told = reader_u8(reader);
    step->name = reader_sized(reader);
    step->note = reader_sized(reader);
    step->state = (enum request_state)state;
    step->side = (enum request_side)side;
    step->is_told = is_told;
    return !reader->bad && state >= 1 && state < REQUEST_STATE_N && side < REQUEST_SIDE_N && is_told <= 1 &&
           is_time(step->at_ms) && step->name.size <= TRAIL_NAME_BYTES_MAX && step->note.size <= REQUEST_NOTE_BYTES_MAX;
}

bool request_decode_body(struct text body, struct request *request)
{
    struct reader reader = reader_of(body);

    request->text = reader_sized(&reader);
    request->contact = reader_sized(&reader);
    request->n_steps = reader_u8(&reader);
    if (request->text.size > REQUEST_TEXT_BYTES_MAX || request->contact.size > REQUEST_CONTACT_BYTES_MAX ||
        request->n_steps < 1 || request->n_steps > REQUEST_STEPS_MAX)
        return false;
    for (unsigned i = 0; i < request->n_steps; i++)
        if (!decode_step(&reader, &request->steps[i]))
            return false;
    const struct request_step *last = &request->steps[request->n_steps - 1];
    return reader_done(&reader) && last->state == request->state && last->at_ms == request->changed_ms;
}

bool request_decode(struct text key, struct text value, struct request *ret_request)
{
    struct request request = {.n_steps = 0};

    if (!key_read_request(key, &request.site, &request.number) || !checksum_take(&value, key))
        return false;
    struct reader reader = reader_of(value);
    unsigned version = reader_u8(&reader), kind = reader_u8(&reader), state = reader_u8(&reader);
    request.made_ms = (int64_t)reader_u64(&reader);
    request.changed_ms = (int64_t)reader_u64(&reader);
    request.due = (int32_t)reader_u32(&reader);
    reader_copy(&reader, request.follow, HASH_BYTES);
    reader_copy(&reader, request.asker, ASKER_BYTES);
    request.has_asker = !sodium_is_zero(request.asker, ASKER_BYTES);
    request.kind = (enum request_kind)kind;
    request.state = (enum request_state)state;
    if (version != REQUEST_VERSION || kind < 1 || kind >= REQUEST_KIND_N || state < 1 || state >= REQUEST_STATE_N ||
        !is_time(request.made_ms) || !is_time(request.changed_ms))
        return false;
    request.key = keyring_read_ref(&reader);
    reader_copy(&reader, request.salt, CRYPT_SALT_BYTES);
    request.box = reader_bytes(&reader, reader_left(&reader));
    if (reader.bad || request.box.size < CRYPT_TAG_BYTES)
        return false;
    *ret_request = request;
    return true;
}

int request_open(struct request *request, const uint8_t secret[CRYPT_KEY_BYTES], struct buffer *plain)
{
    struct key key = key_request(request->site, request->number);
    struct crypt_place place = place_of(key_text(&key));

    buffer_clear(plain);
    uint8_t *bytes = buffer_extend(plain, request->box.size - CRYPT_TAG_BYTES);
    if (!bytes)
        return error_origin(plain->fault == -EOVERFLOW ? -EBADMSG : plain->fault);
    if (!crypt_open(secret, &place, request->salt, request->box, bytes) ||
        !request_decode_body(buffer_text(plain), request))
        return error_origin(-EBADMSG);
    return 0;
}
