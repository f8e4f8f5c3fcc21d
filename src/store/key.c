/*
 * Keys, put together and taken apart.
 */
#include "crumb/store/key.h"
#include "crumb/base/reader.h"

static void put(struct key *key, uint64_t value, unsigned n_bytes)
{
    for (unsigned i = n_bytes; i-- > 0; value >>= 8)
        key->bytes[key->size + i] = (uint8_t)value;
    key->size += n_bytes;
}

void key_write_country(const char country[3], uint8_t ret_bytes[COUNTRY_BYTES])
{
    memcpy(ret_bytes, country[0] ? country : "--", COUNTRY_BYTES);
}

bool key_read_country(const uint8_t bytes[COUNTRY_BYTES], char ret_country[3])
{
    bool unknown = memcmp(bytes, "--", COUNTRY_BYTES) == 0;

    for (unsigned i = 0; i < COUNTRY_BYTES; i++)
        if (!unknown && (bytes[i] < 'A' || bytes[i] > 'Z'))
            return false;
    memset(ret_country, 0, 3);
    if (!unknown)
        memcpy(ret_country, bytes, COUNTRY_BYTES);
    return true;
}

struct key key_sequence(uint64_t sequence)
{
    struct key key = {.size = 0};

    put(&key, sequence, 8);
    return key;
}

struct key key_visitor(uint32_t site, const uint8_t visitor[VISITOR_BYTES])
{
    struct key key = {.size = 0};

    put(&key, site, 4);
    memcpy(key.bytes + key.size, visitor, VISITOR_BYTES);
    key.size += VISITOR_BYTES;
    return key;
}

struct key key_day(uint32_t site, int32_t day)
{
    struct key key = {.size = 0};

    put(&key, site, 4);
    put(&key, (uint32_t)day, 4);
    return key;
}

struct key key_journal(uint32_t site, int32_t day, uint64_t sequence)
{
    struct key key = key_day(site, day);

    put(&key, sequence, 8);
    return key;
}

struct key key_hour(uint32_t site, uint32_t hour)
{
    struct key key = {.size = 0};

    put(&key, site, 4);
    put(&key, hour, 4);
    return key;
}

struct key key_request(uint32_t site, uint32_t number)
{
    struct key key = {.size = 0};

    put(&key, site, 4);
    put(&key, number, 4);
    return key;
}

struct key key_due(uint32_t site, int32_t day, uint32_t number)
{
    struct key key = key_day(site, day);

    put(&key, number, 4);
    return key;
}

struct key key_asker(uint32_t site, const uint8_t asker[ASKER_BYTES], uint32_t number)
{
    struct key key = {.size = 0};

    put(&key, site, 4);
    memcpy(key.bytes + key.size, asker, ASKER_BYTES);
    key.size += ASKER_BYTES;
    put(&key, number, 4);
    return key;
}

struct key key_number(uint32_t site, uint32_t number) { return key_request(site, number); }

struct key key_choice(const uint8_t visitor[VISITOR_BYTES], uint64_t sequence)
{
    struct key key = {.size = VISITOR_BYTES};

    memcpy(key.bytes, visitor, VISITOR_BYTES);
    put(&key, sequence, 8);
    return key;
}

struct key key_version(uint32_t site, int64_t from_ms)
{
    struct key key = {.size = 0};

    put(&key, site, 4);
    put(&key, (uint64_t)from_ms, 8);
    return key;
}

_Static_assert(4 + 4 + 8 + COUNTRY_BYTES + 1 + LANGUAGE_BYTES_MAX <= DB_KEY_BYTES_MAX, "the longest key fits");

struct key key_consents(const struct key_consents *of)
{
    struct key key = key_day(of->site, of->day);

    memcpy(key.bytes + key.size, of->notice, sizeof of->notice);
    key.size += sizeof of->notice;
    key_write_country(of->country, key.bytes + key.size);
    key.size += COUNTRY_BYTES;
    put(&key, of->device, 1);
    memcpy(key.bytes + key.size, of->lang.data, of->lang.size);
    key.size += of->lang.size;
    return key;
}

struct key key_rollup(const struct key_rollup *of)
{
    struct key key = {.size = 0};

    put(&key, of->site, 4);
    put(&key, of->kind, 1);
    put(&key, (uint32_t)of->period, 4);
    put(&key, of->field, 1);
    return key;
}

bool key_read_sequence(struct text key, uint64_t *ret_sequence)
{
    struct reader reader = reader_of(key);

    *ret_sequence = reader_u64(&reader);
    return reader_done(&reader);
}

bool key_read_visitor(struct text key, uint32_t *ret_site, uint8_t ret_visitor[VISITOR_BYTES])
{
    struct reader reader = reader_of(key);

    *ret_site = reader_u32(&reader);
    reader_copy(&reader, ret_visitor, VISITOR_BYTES);
    return reader_done(&reader);
}

bool key_read_journal(struct text key, uint32_t *ret_site, int32_t *ret_day, uint64_t *ret_sequence)
{
    struct reader reader = reader_of(key);

    *ret_site = reader_u32(&reader);
    *ret_day = (int32_t)reader_u32(&reader);
    *ret_sequence = reader_u64(&reader);
    return reader_done(&reader);
}

bool key_read_day(struct text key, uint32_t *ret_site, int32_t *ret_day)
{
    struct reader reader = reader_of(key);

    *ret_site = reader_u32(&reader);
    *ret_day = (int32_t)reader_u32(&reader);
    return reader_done(&reader);
}

bool key_read_hour(struct text key, uint32_t *ret_site, uint32_t *ret_hour)
{
    struct reader reader = reader_of(key);

    *ret_site = reader_u32(&reader);
    *ret_hour = reader_u32(&reader);
    return reader_done(&reader);
}

bool key_read_request(struct text key, uint32_t *ret_site, uint32_t *ret_number)
{
    struct reader reader = reader_of(key);

    *ret_site = reader_u32(&reader);
    *ret_number = reader_u32(&reader);
    return reader_done(&reader);
}

bool key_read_due(struct text key, uint32_t *ret_site, int32_t *ret_day, uint32_t *ret_number)
{
    struct reader reader = reader_of(key);

    *ret_site = reader_u32(&reader);
    *ret_day = (int32_t)reader_u32(&reader);
    *ret_number = reader_u32(&reader);
    return reader_done(&reader);
}

bool key_read_asker(struct text key, uint32_t *ret_site, uint8_t ret_asker[ASKER_BYTES], uint32_t *ret_number)
{
    struct reader reader = reader_of(key);

    *ret_site = reader_u32(&reader);
    reader_copy(&reader, ret_asker, ASKER_BYTES);
    *ret_number = reader_u32(&reader);
    return reader_done(&reader);
}

bool key_read_number(struct text key, uint32_t *ret_site, uint32_t *ret_number)
{
    return key_read_request(key, ret_site, ret_number);
}

bool key_read_choice(struct text key, uint8_t ret_visitor[VISITOR_BYTES], uint64_t *ret_sequence)
{
    struct reader reader = reader_of(key);

    reader_copy(&reader, ret_visitor, VISITOR_BYTES);
    *ret_sequence = reader_u64(&reader);
    return reader_done(&reader);
}

bool key_read_version(struct text key, uint32_t *ret_site, int64_t *ret_from_ms)
{
    struct reader reader = reader_of(key);

    *ret_site = reader_u32(&reader);
    *ret_from_ms = (int64_t)reader_u64(&reader);
    return reader_done(&reader) && *ret_from_ms >= 0;
}

bool key_read_consents(struct text key, struct key_consents *ret_of)
{
    struct reader reader = reader_of(key);
    struct key_consents of = {.site = reader_u32(&reader), .day = (int32_t)reader_u32(&reader)};
    uint8_t country[COUNTRY_BYTES];

    reader_copy(&reader, of.notice, sizeof of.notice);
    reader_copy(&reader, country, sizeof country);
    unsigned device = reader_u8(&reader);
    of.device = (enum device)device;
    of.lang = reader_bytes(&reader, reader_left(&reader));
    if (reader.bad || device >= DEVICE_N || of.lang.size == 0 || of.lang.size > LANGUAGE_BYTES_MAX ||
        !key_read_country(country, of.country))
        return false;
    *ret_of = of;
    return true;
}

bool key_read_rollup(struct text key, struct key_rollup *ret_of)
{
    struct reader reader = reader_of(key);

    ret_of->site = reader_u32(&reader);
    ret_of->kind = reader_u8(&reader);
    ret_of->period = (int32_t)reader_u32(&reader);
    ret_of->field = reader_u8(&reader);
    return reader_done(&reader);
}
