/*
 * Keys of the store: fixed-width big-endian integers behind each other, so that
 * byte order is number order and a range of a table is a range of meaning.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/base/text.h"
#include "crumb/base/words.h"
#include <stdint.h>

#define VISITOR_BYTES 16
#define HASH_BYTES 32 /* SHA-256, FIPS 180-4 */

struct key {
    uint8_t bytes[DB_KEY_BYTES_MAX];
    size_t size;
};

/* The key's bytes, lent while the key lives. */
static inline struct text key_text(const struct key *key)
{
    return (struct text){.data = (const char *)key->bytes, .size = key->size};
}

/*
 * A country in two bytes: its letters, or "--" where it is unknown, which is
 * "" in memory.
 */
#define COUNTRY_BYTES 2
void key_write_country(const char country[3], uint8_t ret_bytes[COUNTRY_BYTES]);
bool key_read_country(const uint8_t bytes[COUNTRY_BYTES], char ret_country[3]);

struct key key_sequence(uint64_t sequence);
struct key key_visitor(uint32_t site, const uint8_t visitor[VISITOR_BYTES]);
struct key key_journal(uint32_t site, int32_t day, uint64_t sequence);
struct key key_day(uint32_t site, int32_t day);
struct key key_hour(uint32_t site, uint32_t hour);
struct key key_version(uint32_t site, int64_t from_ms);
struct key key_request(uint32_t site, uint32_t number);
struct key key_due(uint32_t site, int32_t day, uint32_t number);
/* @asker: what stands for a visitor, 16 bytes. */
#define ASKER_BYTES 16
struct key key_asker(uint32_t site, const uint8_t asker[ASKER_BYTES], uint32_t number);
/* A visitor by their number. */
struct key key_number(uint32_t site, uint32_t number);
struct key key_choice(const uint8_t visitor[VISITOR_BYTES], uint64_t sequence);
/* Of whom consents are counted together: store/consents.h. */
struct key_consents {
    uint32_t site;
    int32_t day;       /* in the site's zone */
    uint8_t notice[8]; /* the first bytes of its hash */
    char country[3];   /* "": unknown */
    enum device device;
    struct text lang; /* of the notice; borrowed */
};
struct key key_consents(const struct key_consents *of);
/* What a rollup is of: rollup/period.h, rollup/summary.h. */
struct key_rollup {
    uint32_t site;
    uint8_t kind;
    int32_t period;
    uint8_t field;
};
struct key key_rollup(const struct key_rollup *of);

/* Each takes a key apart again; false where the bytes are not of that form. */
bool key_read_sequence(struct text key, uint64_t *ret_sequence);
bool key_read_visitor(struct text key, uint32_t *ret_site, uint8_t ret_visitor[VISITOR_BYTES]);
bool key_read_journal(struct text key, uint32_t *ret_site, int32_t *ret_day, uint64_t *ret_sequence);
bool key_read_day(struct text key, uint32_t *ret_site, int32_t *ret_day);
bool key_read_hour(struct text key, uint32_t *ret_site, uint32_t *ret_hour);
bool key_read_version(struct text key, uint32_t *ret_site, int64_t *ret_from_ms);
bool key_read_request(struct text key, uint32_t *ret_site, uint32_t *ret_number);
bool key_read_due(struct text key, uint32_t *ret_site, int32_t *ret_day, uint32_t *ret_number);
bool key_read_asker(struct text key, uint32_t *ret_site, uint8_t ret_asker[ASKER_BYTES], uint32_t *ret_number);
bool key_read_number(struct text key, uint32_t *ret_site, uint32_t *ret_number);
bool key_read_choice(struct text key, uint8_t ret_visitor[VISITOR_BYTES], uint64_t *ret_sequence);
bool key_read_consents(struct text key, struct key_consents *ret_of);
bool key_read_rollup(struct text key, struct key_rollup *ret_of);
