/*
 * Notices and editions.
 */
#include "crumb/consent/notice.h"
#include "crumb/base/buffer.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/reader.h"
#include "crumb/config/shipped.h"
#include "crumb/consent/changes.h"
#include "crumb/consent/language.h"
#include "crumb/consent/sites.h"
#include "crumb/consent/texts.h"
#include "crumb/store/checksum.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#define NOTICE_VERSION 1

/* ---- what is material ---- */

json_t *notice_classes(unsigned classes)
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
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "site", site->name, "purpose", purpose->name,
                               "controller", site->controller.name, "storage", site->storage.country, "collects",
                               notice_classes(purpose->collects), "recipients", recipients_json(site, purpose),
                               "retention", retention_json(&site->retention), "address", address_name(site->address));

    /* Not there where it is false, so that it leaves alone the numbers of purposes that never heard of it. */
    return purpose->separate ? json_member(object, "separate", json_true()) : object;
}

/* ---- the text of a notice ---- */

/* Memory that the making of one notice leaves to the next. */
struct scratch {
    struct buffer titles; /* the purposes', in one line */
    struct buffer filled; /* a text with them */
    struct buffer json;
};

#define SCRATCH_INIT                                                                                                   \
    ((struct scratch){.titles = BUFFER_INIT(NOTICE_BYTES_MAX),                                                         \
                      .filled = BUFFER_INIT(NOTICE_BYTES_MAX),                                                         \
                      .json = BUFFER_INIT(NOTICE_BYTES_MAX)})
#define SCRATCH_AUTO __attribute__((cleanup(scratch_deinit))) struct scratch

static void scratch_deinit(struct scratch *scratch)
{
    buffer_deinit(&scratch->titles);
    buffer_deinit(&scratch->filled);
    buffer_deinit(&scratch->json);
}

/* "Measuring visits, Advertising". A site without purposes has a dash. */
static void put_titles(struct buffer *list, const struct site *site, const char *lang)
{
    buffer_clear(list);
    for (unsigned i = 0; i < site->n_purposes; i++) {
        if (i)
            buffer_put_text(list, text_of(texts_separator(lang)));
        buffer_put_text(list, text_of(texts_purpose(site, lang, site->purposes[i].name, "title")));
    }
    if (site->n_purposes == 0)
        buffer_put_u8(list, '-');
}

/* The first layer names what is asked for (EDPB 05/2020 paragraph 64). */
static json_t *filled(const char *text, struct scratch *scratch)
{
    static const char mark[] = TEXTS_PURPOSES_MARK;
    struct buffer *whole = &scratch->filled;
    const char *at = strstr(text, mark);

    if (!at)
        return json_string(text);
    buffer_clear(whole);
    for (; at; at = strstr(text, mark)) {
        buffer_put(whole, text, (size_t)(at - text));
        buffer_put_text(whole, buffer_text(&scratch->titles));
        text = at + sizeof mark - 1;
    }
    buffer_put_text(whole, text_of(text));
    return json_stringn((const char *)whole->data, whole->size);
}

/* What does not fit leaves its mark in the scratch's buffers. */
static json_t *texts_json(const struct site *site, const char *lang, struct scratch *scratch)
{
    json_t *object = json_object();

    put_titles(&scratch->titles, site, lang);
    for (unsigned i = 0; i < shipped_n_keys() && !scratch->titles.fault && !scratch->filled.fault; i++) {
        const char *key = shipped_key(i);

        if (texts_is_general(key))
            object = json_member(object, key, filled(texts_get(site, lang, key), scratch));
    }
    return object;
}

static json_t *purpose_json(const struct site *site, const char *lang, const struct purpose *purpose)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b}", "name", purpose->name, "title",
                     texts_purpose(site, lang, purpose->name, "title"), "description",
                     texts_purpose(site, lang, purpose->name, "description"), "collects",
                     notice_classes(purpose->collects), "recipients", recipients_json(site, purpose), "separate",
                     purpose->separate);
}

static json_t *also_json(const struct site *site)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < site->n_also; i++) {
        const struct also *also = &site->also[i];

        array = json_item(array, json_pack("{s:s, s:s, s:s, s:s, s:s}", "what", also->what, "why", also->why, "where",
                                           also->where, "kept", also->kept, "lang", also->lang));
    }
    return array;
}

/* What most sites do not say is not there, so that it leaves their notices alone. */
static json_t *with_rare(json_t *notice, const struct site *site)
{
    if (site->on_withdraw == WITHDRAW_KEEP)
        notice = json_member(notice, "on_withdraw", json_string("keep"));
    return site->n_also ? json_member(notice, "also", also_json(site)) : notice;
}

static json_t *notice_now(const struct site *site, const char *lang, struct scratch *scratch)
{
    json_t *purposes = json_array();

    for (unsigned i = 0; i < site->n_purposes; i++)
        purposes = json_item(purposes, purpose_json(site, lang, &site->purposes[i]));
    json_t *notice = json_pack(
        "{s:i, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:{s:s, s:s}, s:o, s:o, s:o, s:s}", "v", NOTICE_VERSION, "site",
        site->name, "title", site->title, "lang", lang, "controller", "name", site->controller.name, "address",
        site->controller.address, "contact", site->controller.contact, "storage", "country", site->storage.country,
        "location", site->storage.location, "retention", retention_json(&site->retention), "purposes", purposes,
        "texts", texts_json(site, lang, scratch), "address", address_name(site->address));
    return with_rare(notice, site);
}

/* ---- what is announced ---- */

static json_t *announcement(const struct site *site, const char *lang, json_t *changes)
{
    BUFFER_AUTO names = BUFFER_INIT(CHANGES_BYTES_MAX);
    BUFFER_AUTO line = BUFFER_INIT(CHANGES_BYTES_MAX);

    changes_put_names(&names, lang, changes);
    const struct texts_date date = texts_date(lang, site->from);
    const struct texts_mark marks[] = {{"{date}", text_of(date.text)}, {"{changes}", buffer_text(&names)}};
    texts_fill(&line, texts_get(site, lang, "policy.next"), marks, 2);
    return names.fault || line.fault ? NULL : json_stringn((const char *)line.data, line.size);
}

/* The first layer says it: a visitor who answers has been told. */
static json_t *with_announcement(json_t *texts, const char *line)
{
    static const char *const bodies[REGIME_N] = {
        [REGIME_OPT_IN] = "body", [REGIME_OPT_OUT] = "opt_out.body", [REGIME_NOTICE_ONLY] = "notice_only.body"};

    for (unsigned i = 0; i < REGIME_N; i++) {
        const char *key = bodies[i], *text = key ? json_string_value(json_object_get(texts, key)) : NULL;

        if (text)
            texts = json_member(texts, key, json_sprintf("%s %s", text, line));
    }
    return texts;
}

/* Takes both. */
static json_t *announcing(const struct site *site, const char *lang, json_t *now, json_t *then)
{
    json_t *changes = now && then ? changes_of(site, lang, now, then) : NULL;

    json_decref(then);
    if (changes && json_array_size(changes) == 0) {
        json_decref(changes);
        return now;
    }
    json_t *line = changes ? announcement(site, lang, changes) : NULL;
    json_t *texts =
        line ? with_announcement(json_incref(json_object_get(now, "texts")), json_string_value(line)) : NULL;
    json_t *next = json_pack("{s:s, s:o, s:o}", "from", site->from, "text", line, "changes", changes);
    if (!texts) {
        json_decref(next);
        next = NULL;
    }
    json_decref(texts);
    return json_member(now, "next", next);
}

static json_t *notice_json(const struct site *site, const char *lang, struct scratch *scratch)
{
    json_t *now = notice_now(site, lang, scratch);

    if (!site->next)
        return now;
    struct site future = config_future(site);
    return announcing(site, lang, now, notice_now(&future, lang, scratch));
}

json_t *notice_object(const struct site *site, const struct notice *notice)
{
    SCRATCH_AUTO scratch = SCRATCH_INIT;
    json_t *json = notice_json(site, notice->lang, &scratch);

    if (scratch.titles.fault || scratch.filled.fault) {
        json_decref(json);
        return NULL;
    }
    return json;
}

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

/* Into scratch->json. Takes @json. 0, -ENOMEM or -EOVERFLOW. */
static int write_json(json_t *json, struct scratch *scratch)
{
    int fault = scratch->titles.fault ? scratch->titles.fault : scratch->filled.fault;

    if (fault) {
        json_decref(json);
        return error_origin(fault);
    }
    buffer_clear(&scratch->json);
    return error_trace(json_put(&scratch->json, json, JSON_SORT_KEYS));
}

/* Into scratch->json. What is announced must fit, too: when its day comes nobody is there to mend it. */
static int render(const struct site *site, const char *lang, struct scratch *scratch)
{
    if (site->next) {
        struct site future = config_future(site);
        int r = write_json(notice_now(&future, lang, scratch), scratch);

        if (r)
            return error_trace(r);
    }
    return error_trace(write_json(notice_json(site, lang, scratch), scratch));
}

int notice_render(const struct site *site, const struct notice *notice, struct buffer *text)
{
    SCRATCH_AUTO scratch = SCRATCH_INIT;
    int r = render(site, notice->lang, &scratch);

    if (r)
        return error_trace(r);
    buffer_put_text(text, buffer_text(&scratch.json));
    return text->fault ? error_origin(text->fault) : 0;
}

static int notice_init(struct notice *notice, const struct site *site, const char *lang, struct scratch *scratch)
{
    int r = render(site, lang, scratch);

    if (r)
        return error_trace(r);
    notice->lang = lang;
    crypto_hash_sha256(notice->hash, scratch->json.data, scratch->json.size);
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

static int site_notices_init(struct site_notices *notices, struct site *site, struct scratch *scratch)
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
        r = notice_init(&notices->notices[i], site, langs[i], scratch);
        if (r)
            return error_trace(r);
    }
    return 0;
}

int edition_new(struct config *config, struct edition **ret_edition)
{
    SCRATCH_AUTO scratch = SCRATCH_INIT;
    struct edition *edition = calloc(1, sizeof *edition);

    if (!edition)
        return error_origin(-ENOMEM);
    edition->n_refs = 1;
    edition->config = config_ref(config);
    edition->sites = calloc(config->n_sites, sizeof *edition->sites);
    int r = edition->sites ? cache_new(SCRIPTS_BYTES_MAX, &edition->scripts) : error_origin(-ENOMEM);
    for (unsigned i = 0; r == 0 && i < config->n_sites; i++)
        r = site_notices_init(&edition->sites[i], &config->sites[i], &scratch);
    if (r) {
        edition_unref(edition);
        return r == -EOVERFLOW ? NOTICE_E_TOO_LARGE : error_trace(r);
    }
    *ret_edition = edition;
    return 0;
}

static int complain_of_site(const struct config *config, const struct site *site, struct complaints *complaints)
{
    SCRATCH_AUTO scratch = SCRATCH_INIT;
    const char *langs[TEXTS_LANGUAGES_MAX];
    char what[COMPLAINT_BYTES_MAX];
    unsigned n = texts_languages(site, langs);
    int r = 0;

    for (unsigned i = 0; r == 0 && i < n; i++) {
        r = render(site, langs[i], &scratch);
        if (r == -EOVERFLOW)
            snprintf(what, sizeof what,
                     "sites.%s: the notice in %s is larger than %d KiB; shorten its texts, or name fewer purposes or "
                     "recipients",
                     site->name, langs[i], NOTICE_BYTES_MAX >> 10);
    }
    /* What is true of one language is true of most; one line says it. */
    return error_trace(r == -EOVERFLOW ? complaints_add(complaints, config->path, site->line, what) : r);
}

int edition_complain(const struct config *config, struct complaints *complaints)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < config->n_sites; i++)
        r = complain_of_site(config, &config->sites[i], complaints);
    return error_trace(r);
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
    for (unsigned i = 0; edition->sites && i < edition->config->n_sites; i++)
        free(edition->sites[i].notices);
    free(edition->sites);
    if (edition->geo)
        edition->geo_free(edition->geo);
    if (edition->agents)
        edition->agents_unref(edition->agents);
    cache_free(edition->scripts);
    config_unref(edition->config);
    free(edition);
    return NULL;
}

const struct site_notices *edition_notices(const struct edition *edition, const struct site *site)
{
    return &edition->sites[site - edition->config->sites];
}

static unsigned langs_of(const struct site_notices *notices, const char *ret_langs[TEXTS_LANGUAGES_MAX])
{
    for (unsigned i = 0; i < notices->n_notices; i++)
        ret_langs[i] = notices->notices[i].lang;
    return notices->n_notices;
}

const struct notice *edition_notice(const struct edition *edition, const struct site *site, struct text lang)
{
    return edition_notice_for(edition, site, lang, TEXT_NONE);
}

const struct notice *edition_notice_for(const struct edition *edition, const struct site *site, struct text lang,
                                        struct text accept_language)
{
    const struct site_notices *notices = edition_notices(edition, site);
    const char *langs[TEXTS_LANGUAGES_MAX];
    unsigned n = langs_of(notices, langs), index;

    if (!language_match(lang, langs, n, &index))
        index = language_choose(accept_language, langs, n);
    return &notices->notices[index];
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

int notice_find(struct db_txn *txn, struct text prefix, uint8_t ret_hash[HASH_BYTES])
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, DB_NOTICES, &cursor);

    if (r == 0)
        r = db_cursor_seek(cursor, prefix, &key, &value);
    if (r)
        return error_trace(r);
    if (!text_starts(key, prefix) || key.size != HASH_BYTES)
        return DB_E_NOT_FOUND;
    memcpy(ret_hash, key.data, HASH_BYTES);
    return 0;
}

/* One that is kept already is not made again: a reload writes what changed. */
static int store_notice(struct db_txn *txn, const struct site *site, const struct notice *notice,
                        struct scratch *scratch)
{
    struct text kept;
    int r = notice_get(txn, notice->hash, &kept);

    if (r <= 0)
        return error_trace(r);
    r = render(site, notice->lang, scratch);
    if (r)
        return error_trace(r);
    return error_fold(db_put(txn, DB_NOTICES, hash_text(notice->hash), buffer_text(&scratch->json)));
}

int edition_store(struct edition *edition, struct db_txn *txn)
{
    SCRATCH_AUTO scratch = SCRATCH_INIT;
    int r = sites_store(txn, edition->config);

    for (unsigned i = 0; r == 0 && i < edition->config->n_sites; i++)
        for (unsigned n = 0; r == 0 && n < edition->sites[i].n_notices; n++)
            r = store_notice(txn, &edition->config->sites[i], &edition->sites[i].notices[n], &scratch);
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

int edition_bind(struct edition *edition, struct db_txn *txn) { return error_trace(sites_bind(txn, edition->config)); }
