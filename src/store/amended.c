/*
 * Rows of the amended table.
 */
#include "crumb/store/amended.h"
#include "crumb/base/buffer.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include "crumb/store/key.h"
#include <errno.h>
#include <stdlib.h>

#define AMENDED_VERSION 1
#define AMENDED_BYTES_MAX 64

enum {
    FLAG_ERASED = 1,
    FLAG_RESTRICTED = 2,
    FLAG_COUNTRY = 4,
    FLAG_LANGUAGE = 8,
    FLAG_DEVICE = 16,
    FLAG_ENDED = 32,
    FLAGS_ALL = 63
};

void amended_deinit(struct amendments *amendments)
{
    free(amendments->list);
    *amendments = (struct amendments){.n = 0};
}

bool amended_is_empty(const struct amendment *amendment)
{
    return !amendment->erased && !amendment->restricted && !amendment->cut && !amendment->has_country &&
           !amendment->has_language && !amendment->has_device;
}

static void encode(const struct amendment *amendment, const struct key *key, struct buffer *buffer)
{
    unsigned flags = (amendment->erased ? FLAG_ERASED : 0u) | (amendment->restricted ? FLAG_RESTRICTED : 0u) |
                     (amendment->has_country ? FLAG_COUNTRY : 0u) | (amendment->has_language ? FLAG_LANGUAGE : 0u) |
                     (amendment->has_device ? FLAG_DEVICE : 0u) | (amendment->has_ended ? FLAG_ENDED : 0u);
    uint8_t country[COUNTRY_BYTES];

    key_write_country(amendment->country, country);
    buffer_put_u8(buffer, AMENDED_VERSION);
    buffer_put_u8(buffer, (uint8_t)flags);
    buffer_put_u8(buffer, (uint8_t)amendment->cut);
    if (amendment->has_country)
        buffer_put(buffer, country, sizeof country);
    if (amendment->has_language)
        buffer_put_sized(buffer, text_of(amendment->language));
    if (amendment->has_device)
        buffer_put_u8(buffer, (uint8_t)amendment->device);
    if (amendment->has_ended)
        buffer_put_u32(buffer, (uint32_t)amendment->ended);
    checksum_put(buffer, key_text(key));
}

static bool decode_corrections(struct reader *reader, struct amendment *amendment)
{
    uint8_t country[COUNTRY_BYTES];

    if (amendment->has_country) {
        reader_copy(reader, country, sizeof country);
        if (!key_read_country(country, amendment->country))
            return false;
    }
    if (amendment->has_language) {
        struct text language = reader_sized(reader);

        if (language.size > LANGUAGE_BYTES_MAX)
            return false;
        memcpy(amendment->language, language.size ? language.data : "", language.size);
    }
    if (amendment->has_device) {
        unsigned device = reader_u8(reader);

        amendment->device = (enum device)device;
        if (device >= DEVICE_N)
            return false;
    }
    return true;
}

static bool decode(struct text key, struct text value, struct amendment *ret_amendment)
{
    struct amendment amendment = {.number = ret_amendment->number};

    if (!checksum_take(&value, key))
        return false;
    struct reader reader = reader_of(value);
    if (reader_u8(&reader) != AMENDED_VERSION)
        return false;
    unsigned flags = reader_u8(&reader);
    amendment.cut = reader_u8(&reader);
    if (flags & ~(unsigned)FLAGS_ALL || amendment.cut & ~CLASS_ALL)
        return false;
    amendment.erased = flags & FLAG_ERASED;
    amendment.restricted = flags & FLAG_RESTRICTED;
    amendment.has_country = flags & FLAG_COUNTRY;
    amendment.has_language = flags & FLAG_LANGUAGE;
    amendment.has_device = flags & FLAG_DEVICE;
    amendment.has_ended = flags & FLAG_ENDED;
    if (!decode_corrections(&reader, &amendment))
        return false;
    if (amendment.has_ended)
        amendment.ended = (int32_t)reader_u32(&reader);
    if (!reader_done(&reader))
        return false;
    *ret_amendment = amendment;
    return true;
}

int amended_get(struct db_txn *txn, uint32_t site, uint32_t number, struct amendment *ret_amendment)
{
    struct key key = key_number(site, number);
    struct amendment amendment = {.number = number};
    struct text value;
    int r = db_get(txn, DB_AMENDED, key_text(&key), &value);

    if (r < 0)
        return error_trace(r);
    if (r == 0 && !decode(key_text(&key), value, &amendment))
        return error_origin(-EBADMSG);
    *ret_amendment = amendment;
    return 0;
}

int amended_put(struct db_txn *txn, uint32_t site, const struct amendment *amendment)
{
    struct key key = key_number(site, amendment->number);
    BUFFER_AUTO buffer = BUFFER_INIT(AMENDED_BYTES_MAX);

    if (amended_is_empty(amendment))
        return error_trace(db_delete(txn, DB_AMENDED, key_text(&key)));
    encode(amendment, &key, &buffer);
    if (buffer.fault)
        return error_origin(buffer.fault);
    return error_fold(db_put(txn, DB_AMENDED, key_text(&key), buffer_text(&buffer)));
}

int amended_end(struct db_txn *txn, uint32_t site, uint32_t number, int32_t day)
{
    struct amendment amendment;
    int r = amended_get(txn, site, number, &amendment);

    if (r || amended_is_empty(&amendment))
        return error_trace(r);
    amendment.has_ended = true;
    amendment.ended = day;
    return error_trace(amended_put(txn, site, &amendment));
}

int amended_each(struct db_txn *txn, uint32_t from_site, amended_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct key from = key_number(from_site, 0);
    struct text key, value;
    int r = db_cursor_new(txn, DB_AMENDED, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, key_text(&from), &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct amendment amendment;
        uint32_t site;

        if (!key_read_number(key, &site, &amendment.number) || !decode(key, value, &amendment))
            return error_origin(-EBADMSG);
        int stop = visit(context, site, &amendment);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

/* ---- all of a site ---- */

enum { OTHER_SITE = 1 };

struct reading {
    struct amendments amendments;
    size_t capacity;
    uint32_t site;
};

static int keep(void *context, uint32_t site, const struct amendment *amendment)
{
    struct reading *reading = context;
    struct amendments *amendments = &reading->amendments;

    if (site != reading->site)
        return OTHER_SITE;
    if (amendments->n == reading->capacity) {
        size_t capacity = reading->capacity ? reading->capacity * 2 : 8;
        struct amendment *grown = reallocarray(amendments->list, capacity, sizeof *grown);

        if (!grown)
            return error_origin(-ENOMEM);
        amendments->list = grown;
        reading->capacity = capacity;
    }
    amendments->list[amendments->n++] = *amendment;
    return 0;
}

int amended_read(struct db_txn *txn, uint32_t site, struct amendments *ret_amendments)
{
    struct reading reading = {.site = site};
    int r = amended_each(txn, site, keep, &reading);

    if (r < 0) {
        amended_deinit(&reading.amendments);
        return error_trace(r);
    }
    *ret_amendments = reading.amendments;
    return 0;
}

static int by_number(const void *key, const void *element)
{
    uint32_t number = *(const uint32_t *)key, other = ((const struct amendment *)element)->number;

    return (number > other) - (number < other);
}

const struct amendment *amended_find(const struct amendments *amendments, uint32_t number)
{
    return amendments->n ? bsearch(&number, amendments->list, amendments->n, sizeof *amendments->list, by_number)
                         : NULL;
}
