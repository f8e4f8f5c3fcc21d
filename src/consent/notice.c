/*
 * Notices and editions.
 */
#include "crumb/consent/notice.h"
#include "crumb/base/buffer.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/reader.h"
#include "crumb/consent/texts.h"
#include "crumb/store/checksum.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#define NOTICE_VERSION 1
#define SITE_NUMBER_FIRST 1

/* ---- what is material ---- */

static json_t *classes_json(unsigned classes)
{
    json_t *array = json_array();

    for (unsigned class = 0; class < CLASS_N; class ++)
        if (classes & CLASS_BIT(class))
            array = json_item(array, json_string(words_class(class)));
    return array;
}

static json_t *recipients_json(const struct site *site, const struct purpose *purpose)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < purpose->n_recipients; i++) {
        const struct recipient *recipient = &site->recipients[purpose->recipients[i]];
        array = json_item(array, json_pack("{s:s, s:s, s:s}", "name", recipient->name, "country", recipient->country,
                                           "why", recipient->why));
    }
    return array;
}

static json_t *seconds_json(int64_t ms)
{
    char text[32];

    snprintf(text, sizeof text, "%llds", (long long)(ms / 1000));
    return json_string(text);
}

static json_t *retention_json(const struct retention *retention)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "journal", seconds_json(retention->journal_ms), "segments",
                     seconds_json(retention->segments_ms), "choice", seconds_json(retention->choice_ms), "refusal",
                     seconds_json(retention->refusal_ms), "visitor", seconds_json(retention->visitor_ms));
}

static const char *address_name(enum address_mode mode)
{
    return mode == ADDRESS_FULL ? "full" : mode == ADDRESS_NONE ? "none" : "truncated";
}

/* What a grant of this purpose is a grant of. */
static json_t *purpose_material(const struct site *site, const struct purpose *purpose)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "site", site->name, "purpose", purpose->name,
                     "controller", site->controller.name, "storage", site->storage.country, "collects",
                     classes_json(purpose->collects), "recipients", recipients_json(site, purpose), "retention",
                     retention_json(&site->retention), "address", address_name(site->address));
}

/* ---- the text of a notice ---- */

static json_t *texts_json(const struct site *site, const char *lang)
{
    json_t *object = json_object();
    unsigned n = texts_count();

    for (unsigned i = 0; i < n; i++)
        object = json_member(object, texts_key(i), json_string(texts_get(site, lang, texts_key(i))));
    return object;
}

static json_t *purpose_json(const struct site *site, const char *lang, const struct purpose *purpose)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", purpose->name, "title",
                     texts_purpose(site, lang, purpose->name, "title"), "description",
                     texts_purpose(site, lang, purpose->name, "description"), "collects",
                     classes_json(purpose->collects), "recipients", recipients_json(site, purpose));
}

static json_t *notice_json(const struct site *site, const char *lang)
{
    json_t *purposes = json_array();

    for (unsigned i = 0; i < site->n_purposes; i++)
        purposes = json_item(purposes, purpose_json(site, lang, &site->purposes[i]));
    return json_pack("{s:i, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:{s:s, s:s}, s:o, s:o, s:o, s:s}", "v", NOTICE_VERSION,
                     "site", site->name, "title", site->title, "lang", lang, "controller", "name",
                     site->controller.name, "address", site->controller.address, "contact", site->controller.contact,
                     "storage", "country", site->storage.country, "location", site->storage.location, "retention",
                     retention_json(&site->retention), "purposes", purposes, "texts", texts_json(site, lang), "address",
                     address_name(site->address));
}

json_t *notice_object(const struct site *site, const struct notice *notice) { return notice_json(site, notice->lang); }

void notice_hex(const uint8_t hash[HASH_BYTES], char ret_hex[HASH_HEX_BYTES])
{
    sodium_bin2hex(ret_hex, HASH_HEX_BYTES, hash, HASH_BYTES);
}

bool notice_unhex(struct text hex, uint8_t ret_hash[HASH_BYTES])
{
    uint8_t hash[HASH_BYTES];
    size_t size;

    if (hex.size != 2 * HASH_BYTES || sodium_hex2bin(hash, sizeof hash, hex.data, hex.size, NULL, &size, NULL) < 0 ||
        size != sizeof hash)
        return false;
    memcpy(ret_hash, hash, sizeof hash);
    return true;
}

static int notice_init(struct notice *notice, const struct site *site, const char *lang)
{
    BUFFER_AUTO buffer = BUFFER_INIT(NOTICE_BYTES_MAX);
    int r = json_put(&buffer, notice_json(site, lang), JSON_SORT_KEYS);

    if (r)
        return error_trace(r);
    notice->lang = strdup(lang);
    notice->json = strndup((const char *)buffer.data, buffer.size);
    if (!notice->lang || !notice->json)
        return error_origin(-ENOMEM);
    crypto_hash_sha256(notice->hash, buffer.data, buffer.size);
    notice_hex(notice->hash, notice->hex);
    return 0;
}

/* ---- editions ---- */

static int fill_material(struct site *site, struct site_notices *notices)
{
    crypto_hash_sha256_state all;

    crypto_hash_sha256_init(&all);
    for (unsigned i = 0; i < site->n_purposes; i++) {
        uint8_t hash[HASH_BYTES];
        BUFFER_AUTO text = BUFFER_INIT(NOTICE_BYTES_MAX);
        int r = json_put(&text, purpose_material(site, &site->purposes[i]), JSON_SORT_KEYS);

        if (r)
            return error_trace(r);
        crypto_hash_sha256(hash, text.data, text.size);
        struct reader reader = reader_of((struct text){.data = (const char *)hash, .size = sizeof hash});
        site->purposes[i].material = reader_u64(&reader);
        crypto_hash_sha256_update(&all, hash, sizeof hash);
    }
    crypto_hash_sha256_final(&all, notices->material);
    return 0;
}

static int site_notices_init(struct site_notices *notices, struct site *site)
{
    const char *langs[TEXTS_LANGUAGES_MAX];
    unsigned n = texts_languages(site, langs);
    int r = fill_material(site, notices);

    if (r)
        return error_trace(r);
    notices->notices = calloc(n, sizeof *notices->notices);
    if (!notices->notices)
        return error_origin(-ENOMEM);
    notices->n_notices = n;
    for (unsigned i = 0; i < n; i++) {
        r = notice_init(&notices->notices[i], site, langs[i]);
        if (r)
            return error_trace(r);
    }
    return 0;
}

int edition_new(struct config *config, struct edition **ret_edition)
{
    struct edition *edition = calloc(1, sizeof *edition);

    if (!edition)
        return error_origin(-ENOMEM);
    edition->n_refs = 1;
    edition->config = config_ref(config);
    edition->sites = calloc(config->n_sites, sizeof *edition->sites);
    int r = edition->sites ? cache_new(SCRIPTS_BYTES_MAX, &edition->scripts) : error_origin(-ENOMEM);
    for (unsigned i = 0; r == 0 && i < config->n_sites; i++)
        r = site_notices_init(&edition->sites[i], &config->sites[i]);
    if (r) {
        edition_unref(edition);
        return error_trace(r);
    }
    *ret_edition = edition;
    return 0;
}

struct edition *edition_ref(struct edition *edition)
{
    edition->n_refs++;
    return edition;
}

struct edition *edition_unref(struct edition *edition)
{
    if (!edition || --edition->n_refs > 0)
        return NULL;
    for (unsigned i = 0; edition->sites && i < edition->config->n_sites; i++) {
        struct site_notices *notices = &edition->sites[i];

        for (unsigned n = 0; n < notices->n_notices; n++) {
            free(notices->notices[n].lang);
            free(notices->notices[n].json);
        }
        free(notices->notices);
    }
    free(edition->sites);
    cache_free(edition->scripts);
    config_unref(edition->config);
    free(edition);
    return NULL;
}

const struct site_notices *edition_notices(const struct edition *edition, const struct site *site)
{
    return &edition->sites[site - edition->config->sites];
}

const struct notice *edition_notice(const struct edition *edition, const struct site *site, struct text lang)
{
    const struct site_notices *notices = edition_notices(edition, site);

    /* RFC 4647 section 3.4: take subtags off the end until a language fits. */
    while (lang.size) {
        for (unsigned i = 0; i < notices->n_notices; i++)
            if (strlen(notices->notices[i].lang) == lang.size &&
                strncasecmp(notices->notices[i].lang, lang.data, lang.size) == 0)
                return &notices->notices[i];
        while (lang.size && lang.data[lang.size - 1] != '-')
            lang.size--;
        if (lang.size)
            lang.size--;
    }
    return &notices->notices[0];
}

const struct notice *edition_notice_by_hex(const struct edition *edition, const struct site *site, struct text hex)
{
    const struct site_notices *notices = edition_notices(edition, site);

    for (unsigned i = 0; i < notices->n_notices; i++)
        if (text_equal(text_of(notices->notices[i].hex), hex))
            return &notices->notices[i];
    return NULL;
}

/* ---- in the store ---- */

static struct text hash_text(const uint8_t hash[HASH_BYTES])
{
    return (struct text){.data = (const char *)hash, .size = HASH_BYTES};
}

int notice_get(struct db_txn *txn, const uint8_t hash[HASH_BYTES], struct text *ret_json)
{
    uint8_t found[HASH_BYTES];
    struct text json;
    int r = db_get(txn, DB_NOTICES, hash_text(hash), &json);

    if (r)
        return error_trace(r);
    crypto_hash_sha256(found, (const uint8_t *)json.data, json.size);
    if (memcmp(found, hash, HASH_BYTES) != 0)
        return error_origin(-EBADMSG);
    *ret_json = json;
    return 0;
}

static int read_site_number(struct db_txn *txn, const char *name, uint32_t *ret_number)
{
    struct text value;
    int r = db_get(txn, DB_SITES, text_of(name), &value);

    if (r)
        return error_trace(r);
    if (!checksum_take(&value, text_of(name)))
        return error_origin(-EBADMSG);
    struct reader reader = reader_of(value);
    uint32_t number = reader_u32(&reader);
    if (!reader_done(&reader) || number < SITE_NUMBER_FIRST)
        return error_origin(-EBADMSG);
    *ret_number = number;
    return 0;
}

/* Numbers are given in order of first appearance and never again: data of two sites never mix. */
static int store_site(struct db_txn *txn, struct site *site)
{
    uint64_t n_sites;
    int r = read_site_number(txn, site->name, &site->id);

    if (r <= 0)
        return error_trace(r);
    r = db_entries(txn, DB_SITES, &n_sites);
    if (r)
        return error_trace(r);
    BUFFER_AUTO buffer = BUFFER_INIT(4 + CHECKSUM_BYTES);
    buffer_put_u32(&buffer, (uint32_t)n_sites + SITE_NUMBER_FIRST);
    checksum_put(&buffer, text_of(site->name));
    if (buffer.fault)
        return error_origin(buffer.fault);
    r = error_fold(db_put(txn, DB_SITES, text_of(site->name), buffer_text(&buffer)));
    if (r == 0)
        site->id = (uint32_t)n_sites + SITE_NUMBER_FIRST;
    return r;
}

static int store_notice(struct db_txn *txn, const struct notice *notice)
{
    struct text kept;
    int r = notice_get(txn, notice->hash, &kept);

    if (r <= 0)
        return error_trace(r);
    return error_fold(db_put(txn, DB_NOTICES, hash_text(notice->hash), text_of(notice->json)));
}

int edition_store(struct edition *edition, struct db_txn *txn)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < edition->config->n_sites; i++) {
        r = store_site(txn, &edition->config->sites[i]);
        for (unsigned n = 0; r == 0 && n < edition->sites[i].n_notices; n++)
            r = store_notice(txn, &edition->sites[i].notices[n]);
    }
    return error_trace(r);
}

int edition_store_alone(struct edition *edition, struct db *db)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_write(db, &txn);

    if (r == 0)
        r = edition_store(edition, txn);
    if (r)
        return error_trace(r);
    struct db_txn *stored = txn;
    txn = NULL;
    return error_trace(db_commit(stored));
}

int edition_bind(struct edition *edition, struct db_txn *txn)
{
    for (unsigned i = 0; i < edition->config->n_sites; i++) {
        int r = read_site_number(txn, edition->config->sites[i].name, &edition->config->sites[i].id);
        if (r < 0)
            return error_trace(r);
    }
    return 0;
}
