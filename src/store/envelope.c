/*
 * Envelopes, written and read.
 */
#include "crumb/store/envelope.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>

#define VERSION 1
#define SIZE_BYTES sizeof(uint32_t)

static struct crypt_place place_of(enum db_table table, struct text key, unsigned part)
{
    return (struct crypt_place){.table = db_table_name(table), .key = key, .part = part};
}

void envelope_seal(struct key_ref ref, const uint8_t secret[CRYPT_KEY_BYTES], enum db_table table, struct text key,
                   const struct text *parts, unsigned n_parts, struct buffer *buffer)
{
    assert(n_parts <= ENVELOPE_PARTS_MAX && buffer->size == 0);
    buffer_put_u8(buffer, VERSION);
    keyring_put_ref(buffer, ref);
    buffer_put_u8(buffer, (uint8_t)n_parts);
    for (unsigned part = 0; part < n_parts; part++)
        buffer_put_u32(buffer, (uint32_t)parts[part].size);
    if (!buffer->fault)
        checksum_put(buffer, key);
    for (unsigned part = 0; part < n_parts && !buffer->fault; part++) {
        struct crypt_place place = place_of(table, key, part);
        size_t start = buffer->size;

        buffer_put_text(buffer, parts[part]);
        if (!buffer->fault)
            crypt_seal(secret, &place, crypt_no_salt, buffer, start);
    }
}

int envelope_read(enum db_table table, struct text key, struct text value, struct envelope *ret_envelope)
{
    struct envelope envelope = {.table = table};
    struct reader reader = reader_of(value);
    uint64_t n_bytes = 0;

    if (reader_u8(&reader) != VERSION || key.size > sizeof envelope.row.bytes)
        return error_origin(-EBADMSG);
    envelope.ref = keyring_read_ref(&reader);
    envelope.n_parts = reader_u8(&reader);
    envelope.sizes = reader_bytes(&reader, envelope.n_parts * SIZE_BYTES);
    reader_bytes(&reader, CHECKSUM_BYTES);
    if (reader.bad || envelope.n_parts > ENVELOPE_PARTS_MAX)
        return error_origin(-EBADMSG);
    struct text head = {.data = value.data, .size = value.size - reader_left(&reader)};
    envelope.boxes = reader_bytes(&reader, reader_left(&reader));
    for (unsigned part = 0; part < envelope.n_parts; part++)
        n_bytes += envelope_size(&envelope, part) + CRYPT_TAG_BYTES;
    if (!checksum_take(&head, key) || n_bytes != envelope.boxes.size)
        return error_origin(-EBADMSG);
    memcpy(envelope.row.bytes, key.data, key.size);
    envelope.row.size = key.size;
    *ret_envelope = envelope;
    return 0;
}

int envelope_open(struct envelope *envelope, struct keyring *keyring)
{
    int r = keyring_get(keyring, envelope->ref, envelope->secret);

    return r < 0 ? error_trace(r) : r;
}

void envelope_wipe(struct envelope *envelope) { sodium_memzero(envelope->secret, sizeof envelope->secret); }

size_t envelope_size(const struct envelope *envelope, unsigned part)
{
    struct reader reader = reader_of(text_from(envelope->sizes, part * SIZE_BYTES));

    return reader_u32(&reader);
}

int envelope_part(const struct envelope *envelope, unsigned part, void *ret_plain)
{
    struct crypt_place place = place_of(envelope->table, key_text(&envelope->row), part);
    size_t start = 0;

    assert(part < envelope->n_parts);
    for (unsigned i = 0; i < part; i++)
        start += envelope_size(envelope, i) + CRYPT_TAG_BYTES;
    struct text box = {.data = envelope->boxes.data + start, .size = envelope_size(envelope, part) + CRYPT_TAG_BYTES};
    return crypt_open(envelope->secret, &place, crypt_no_salt, box, ret_plain) ? 0 : error_origin(-EBADMSG);
}

int envelope_doom(struct batch *batch, enum db_table table, struct text key)
{
    struct envelope envelope;
    struct text value;
    int r = db_get(batch->txn, table, key, &value);

    if (r)
        return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
    if (envelope_read(table, key, value, &envelope))
        return 0;
    return error_trace(batch_doom_key(batch, envelope.ref));
}
