/*
 * Appending to a chain, and walking it.
 */
#include "crumb/store/chain.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <errno.h>
#include <sodium.h>

#define HEAD_BYTES_MAX 64

int chain_head(struct db_txn *txn, const struct chain *chain, struct chain_head *ret_head)
{
    struct chain_head head = {.n_records = 0};
    struct text value;
    int r = db_get(txn, DB_META, chain->head_key, &value);

    if (r < 0)
        return error_trace(r);
    if (r == 0) {
        if (!checksum_take(&value, chain->head_key))
            return error_origin(-EBADMSG);
        struct reader reader = reader_of(value);
        head.n_records = reader_u64(&reader);
        head.sequence = reader_u64(&reader);
        reader_copy(&reader, head.hash, HASH_BYTES);
        if (!reader_done(&reader))
            return error_origin(-EBADMSG);
    }
    *ret_head = head;
    return 0;
}

static int write_head(struct db_txn *txn, const struct chain *chain, const struct chain_head *head)
{
    BUFFER_AUTO buffer = BUFFER_INIT(HEAD_BYTES_MAX);

    buffer_put_u64(&buffer, head->n_records);
    buffer_put_u64(&buffer, head->sequence);
    buffer_put(&buffer, head->hash, HASH_BYTES);
    checksum_put(&buffer, chain->head_key);
    if (buffer.fault)
        return error_origin(buffer.fault);
    return error_fold(db_put(txn, DB_META, chain->head_key, buffer_text(&buffer)));
}

/* The sequence is hashed too: a record cannot be moved. */
static void hash_record(uint64_t sequence, struct text bytes, uint8_t ret_hash[HASH_BYTES])
{
    struct key key = key_sequence(sequence);
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, key.bytes, key.size);
    crypto_hash_sha256_update(&state, (const uint8_t *)bytes.data, bytes.size);
    crypto_hash_sha256_final(&state, ret_hash);
}

static int encode(const struct chain *chain, chain_seal seal, const void *context, struct chain_link *link,
                  struct buffer *buffer)
{
    buffer_put_u8(buffer, (uint8_t)link->version);
    buffer_put(buffer, link->previous, HASH_BYTES);
    buffer_put_text(buffer, link->body);
    if (buffer->fault)
        return error_origin(buffer->fault);
    hash_record(link->sequence, buffer_text(buffer), link->hash);
    buffer_put(buffer, link->hash, HASH_BYTES);
    uint8_t *at = chain->seal_bytes ? buffer_extend(buffer, chain->seal_bytes) : NULL;
    if (at)
        seal(context, link->hash, at);
    return buffer->fault ? error_origin(buffer->fault) : 0;
}

int chain_append(struct batch *batch, const struct chain *chain, chain_seal seal, const void *context,
                 struct chain_link *link)
{
    BUFFER_AUTO buffer = BUFFER_INIT(chain->record_bytes_max);
    struct chain_head head;
    int r = chain_head(batch->txn, chain, &head);

    if (r)
        return error_trace(r);
    if (link->sequence <= head.sequence)
        return error_origin(-EBADMSG); /* one of the two numbers was made up */
    memcpy(link->previous, head.hash, HASH_BYTES);
    r = encode(chain, seal, context, link, &buffer);
    if (r)
        return r;
    struct key key = key_sequence(link->sequence);
    r = error_fold(db_put(batch->txn, chain->table, key_text(&key), buffer_text(&buffer)));
    if (r)
        return r;
    head.n_records++;
    head.sequence = link->sequence;
    memcpy(head.hash, link->hash, HASH_BYTES);
    return error_trace(write_head(batch->txn, chain, &head));
}

bool chain_read(const struct chain *chain, uint64_t sequence, struct text value, struct chain_link *ret_link)
{
    struct chain_link link = {.sequence = sequence};
    uint8_t hash[HASH_BYTES];

    if (value.size < CHAIN_OVERHEAD_BYTES + chain->seal_bytes)
        return false;
    struct reader reader = reader_of(value);
    link.version = reader_u8(&reader);
    reader_copy(&reader, link.previous, HASH_BYTES);
    link.body = reader_bytes(&reader, value.size - CHAIN_OVERHEAD_BYTES - chain->seal_bytes);
    reader_copy(&reader, link.hash, HASH_BYTES);
    link.seal = reader_bytes(&reader, chain->seal_bytes);
    hash_record(sequence, (struct text){.data = value.data, .size = 1 + HASH_BYTES + link.body.size}, hash);
    if (!reader_done(&reader) || memcmp(hash, link.hash, HASH_BYTES) != 0)
        return false;
    *ret_link = link;
    return true;
}

static const char *check_link(const struct chain *chain, const struct chain_head *before, struct text key,
                              struct text value, uint64_t *ret_sequence, struct chain_link *ret_link)
{
    if (!key_read_sequence(key, ret_sequence))
        return "its key is not a sequence number";
    if (!chain_read(chain, *ret_sequence, value, ret_link))
        return "its content does not match its hash";
    if (memcmp(ret_link->previous, before->hash, HASH_BYTES) != 0)
        return "it does not follow the record before it";
    return NULL;
}

/* The head is what was walked, or CHAIN_E_BROKEN. */
static int check_end(struct db_txn *txn, const struct chain *chain, const struct chain_head *walked,
                     struct chain_break *ret_break)
{
    struct chain_head head;
    int r = chain_head(txn, chain, &head);

    if (r < 0 && r != -EBADMSG)
        return error_trace(r);
    if (r == 0 && head.n_records == walked->n_records && head.sequence == walked->sequence &&
        memcmp(head.hash, walked->hash, HASH_BYTES) == 0)
        return 0;
    *ret_break = (struct chain_break){.sequence = 0, .what = "its end is not the one that was written last"};
    return CHAIN_E_BROKEN;
}

int chain_verify_on(struct db_txn *txn, const struct chain *chain, struct chain_head *walked, chain_visit visit,
                    void *context, struct chain_break *ret_break)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct key first = key_sequence(walked->sequence + 1);
    struct text key, value;
    int r = db_cursor_new(txn, chain->table, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, walked->n_records ? key_text(&first) : TEXT_NONE, &key, &value); r == 0;
         r = db_cursor_next(cursor, &key, &value)) {
        struct chain_link link;
        uint64_t sequence = 0;
        const char *what = check_link(chain, walked, key, value, &sequence, &link);
        int stop = what ? 0 : visit(context, &link, &what);

        if (what) {
            *ret_break = (struct chain_break){.sequence = sequence, .what = what};
            return CHAIN_E_BROKEN;
        }
        if (stop)
            return stop;
        *walked = (struct chain_head){.n_records = walked->n_records + 1, .sequence = sequence};
        memcpy(walked->hash, link.hash, HASH_BYTES);
    }
    return r == DB_E_NOT_FOUND ? check_end(txn, chain, walked, ret_break) : error_trace(r);
}

int chain_verify(struct db_txn *txn, const struct chain *chain, chain_visit visit, void *context,
                 struct chain_break *ret_break)
{
    struct chain_head walked = {.n_records = 0};

    return chain_verify_on(txn, chain, &walked, visit, context, ret_break);
}
