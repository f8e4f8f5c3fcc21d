/*
 * Rows of the versions table.  Format: docs/formats.md, "Versions".
 */
#include "crumb/consent/versions.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <errno.h>

#define VERSIONS_VERSION 1
#define VERSIONS_ROW_BYTES_MAX                                                                                         \
    (2 + HASH_BYTES + TEXTS_LANGUAGES_MAX * (1 + LANGUAGE_BYTES_MAX + HASH_BYTES) + CHECKSUM_BYTES)

/* ---- one row ---- */

/* The next language and its hash. */
static struct text take_lang(struct reader *reader, uint8_t ret_hash[HASH_BYTES])
{
    struct text lang = reader_bytes(reader, reader_u8(reader));

    if (lang.size == 0 || lang.size > LANGUAGE_BYTES_MAX)
        reader->bad = true;
    reader_copy(reader, ret_hash, HASH_BYTES);
    return lang;
}

static bool decode(struct text key, struct text value, struct version *ret_version)
{
    struct version version;
    uint8_t hash[HASH_BYTES];

    if (!key_read_version(key, &version.site, &version.from_ms) || !checksum_take(&value, key))
        return false;
    struct reader reader = reader_of(value);
    if (reader_u8(&reader) != VERSIONS_VERSION)
        return false;
    reader_copy(&reader, version.material, HASH_BYTES);
    version.n_langs = reader_u8(&reader);
    version.langs = (struct text){.data = (const char *)reader.at, .size = reader_left(&reader)};
    for (unsigned i = 0; i < version.n_langs; i++)
        take_lang(&reader, hash);
    if (!reader_done(&reader) || version.n_langs == 0 || version.n_langs > TEXTS_LANGUAGES_MAX)
        return false;
    *ret_version = version;
    return true;
}

static void put_row(struct buffer *row, const struct site_notices *notices)
{
    buffer_put_u8(row, VERSIONS_VERSION);
    buffer_put(row, notices->material, HASH_BYTES);
    buffer_put_u8(row, (uint8_t)notices->n_notices);
    for (unsigned i = 0; i < notices->n_notices; i++) {
        struct text lang = text_of(notices->notices[i].lang);

        buffer_put_u8(row, (uint8_t)lang.size);
        buffer_put_text(row, lang);
        buffer_put(row, notices->notices[i].hash, HASH_BYTES);
    }
}

void versions_notice(const struct version *version, const char *lang, uint8_t ret_hash[HASH_BYTES])
{
    struct reader reader = reader_of(version->langs);

    for (unsigned i = 0; i < version->n_langs; i++) {
        uint8_t hash[HASH_BYTES];
        bool found = text_equal(take_lang(&reader, hash), text_of(lang));

        if (found || i == 0)
            memcpy(ret_hash, hash, HASH_BYTES);
        if (found)
            return;
    }
}

struct text versions_lang(const struct version *version, unsigned index, uint8_t ret_hash[HASH_BYTES])
{
    struct reader reader = reader_of(version->langs);
    struct text lang = take_lang(&reader, ret_hash);

    for (unsigned i = 0; i < index; i++)
        lang = take_lang(&reader, ret_hash);
    return lang;
}

/* ---- reading ---- */

int versions_before(struct db_txn *txn, uint32_t site, int64_t before_ms, struct version *ret_version)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct key to = key_version(site, before_ms);
    struct text key, value;
    int r = db_cursor_new(txn, DB_VERSIONS, &cursor);

    if (r)
        return error_trace(r);
    r = db_cursor_before(cursor, key_text(&to), &key, &value);
    if (r)
        return error_trace(r);
    struct version version;
    if (!decode(key, value, &version))
        return error_origin(-EBADMSG);
    if (version.site != site)
        return DB_E_NOT_FOUND;
    *ret_version = version;
    return 0;
}

int versions_each(struct db_txn *txn, versions_visit visit, void *context)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_VERSIONS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        struct version version;

        if (!decode(key, value, &version))
            return error_origin(-EBADMSG);
        int stop = visit(context, &version);
        if (stop)
            return stop;
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

/* ---- writing ---- */

/* Whether @version shows just what @row says, which is a row without its checksum. */
static bool is_same(const struct version *version, const struct buffer *row)
{
    struct text whole = buffer_text(row), langs = text_from(whole, 2 + HASH_BYTES);

    return memcmp(row->data + 1, version->material, HASH_BYTES) == 0 && text_equal(langs, version->langs);
}

static int store_one(struct db_txn *txn, const struct site *site, const struct site_notices *notices, int64_t now_ms)
{
    BUFFER_AUTO row = BUFFER_INIT(VERSIONS_ROW_BYTES_MAX);
    struct version last;
    int r = versions_before(txn, site->id, INT64_MAX, &last);

    put_row(&row, notices);
    if (r < 0 || row.fault)
        return r < 0 ? error_trace(r) : error_origin(row.fault);
    if (r == 0 && is_same(&last, &row))
        return 0;
    /* A clock that was set back must not put the new behind the old. */
    struct key key = key_version(site->id, r == 0 && last.from_ms >= now_ms ? last.from_ms + 1 : now_ms);
    checksum_put(&row, key_text(&key));
    if (row.fault)
        return error_origin(row.fault);
    return error_fold(db_put(txn, DB_VERSIONS, key_text(&key), buffer_text(&row)));
}

int versions_store(const struct edition *edition, struct db_txn *txn, int64_t now_ms)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < edition->config->n_sites; i++)
        r = store_one(txn, &edition->config->sites[i], &edition->sites[i], now_ms);
    return error_trace(r);
}

static int take_back_one(struct db_txn *txn, const struct site *site, const struct site_notices *notices,
                         int64_t now_ms)
{
    BUFFER_AUTO row = BUFFER_INIT(VERSIONS_ROW_BYTES_MAX);
    struct version last;
    int r = versions_before(txn, site->id, INT64_MAX, &last);

    put_row(&row, notices);
    if (r < 0 || row.fault)
        return r < 0 ? error_trace(r) : error_origin(row.fault);
    if (r > 0 || last.from_ms < now_ms || !is_same(&last, &row))
        return 0;
    struct key key = key_version(site->id, last.from_ms);
    return error_fold(db_delete(txn, DB_VERSIONS, key_text(&key)));
}

int versions_take_back(const struct edition *edition, struct db_txn *txn, int64_t now_ms)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < edition->config->n_sites; i++)
        r = take_back_one(txn, &edition->config->sites[i], &edition->sites[i], now_ms);
    return error_trace(r);
}
