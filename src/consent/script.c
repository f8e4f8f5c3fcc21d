/*
 * Rendering and compressing consent.js, pixel.js and clicks.js, and notices.
 *
 * What a visitor is shown comes from the notice, word by word, so that the hash
 * in SETTINGS is the hash of what is on the screen.  The rest of SETTINGS is
 * behaviour, and comes from the configuration.
 */
#include "crumb/consent/script.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/assets.h"
#include "crumb/consent/language.h"
#include "crumb/consent/texts.h"
#include <brotli/encode.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define MATERIAL_DIGITS 16
#define GZIP_WINDOW_BITS (15 + 16) /* zlib: the largest window, and gzip's frame */
#define GZIP_MEMORY_LEVEL 9

uint64_t script_key(const struct edition *edition, const struct script_wish *wish)
{
    uint64_t number = (uint64_t)(wish->site - edition->config->sites);
    uint64_t lang = wish->notice ? (uint64_t)(wish->notice - edition_notices(edition, wish->site)->notices) : 0;

    return number << 24 | (uint64_t)wish->kind << 16 | lang << 8 | (uint64_t)wish->regime;
}

/* ---- SETTINGS ---- */

/* What is empty is left out; NULL is no memory. Takes @object and @list. */
static json_t *put_filled(json_t *object, const char *name, json_t *list)
{
    if (!list || json_array_size(list))
        return json_member(object, name, list);
    json_decref(list);
    return object;
}

/*
 * What the configuration says of a purpose and the notice does not, as it is
 * no part of what is agreed to.
 */
static json_t *with_behaviour(json_t *purpose, const struct purpose *config)
{
    json_t *cookies = json_array(), *mode = json_array();

    if (!config->separate)
        json_object_del(purpose, "separate");

    for (unsigned i = 0; i < config->n_cookies; i++)
        cookies = json_item(cookies, json_string(config->cookies[i]));
    for (unsigned i = 0; i < CONSENT_MODE_N; i++)
        if (config->consent_mode & 1u << i)
            mode = json_item(mode, json_string(words_consent_mode(i)));
    return put_filled(put_filled(purpose, "cookies", cookies), "mode", mode);
}

/* Whether a purpose is asked by itself, as a question after the others. */
static bool has_separate(const struct site *site)
{
    for (size_t i = 0; i < site->n_purposes; i++)
        if (site->purposes[i].separate)
            return true;
    return false;
}

/* The texts that banner and dialog may show here: not other pages', other laws', or of what is not asked. */
static json_t *texts_json(const struct site *site, enum regime regime, json_t *notice)
{
    enum { ALWAYS = 1, IN_OPT_IN = 2, IN_OPT_OUT = 4, IN_NOTICE_ONLY = 8, WITH_SEPARATE = 16 };
    static const unsigned regimes[] = {
        [REGIME_OPT_IN] = IN_OPT_IN, [REGIME_OPT_OUT] = IN_OPT_OUT, [REGIME_NOTICE_ONLY] = IN_NOTICE_ONLY};
    static const struct {
        const char *key;
        unsigned where;
    } shown[] = {{"title", IN_OPT_IN},
                 {"body", IN_OPT_IN},
                 {"accept", ALWAYS},
                 {"reject", ALWAYS},
                 {"choose", ALWAYS},
                 {"save", ALWAYS},
                 {"withdraw", ALWAYS},
                 {"close", ALWAYS},
                 {"back", WITH_SEPARATE},
                 {"ok", IN_OPT_OUT | IN_NOTICE_ONLY},
                 {"accept_more", WITH_SEPARATE},
                 {"allow", WITH_SEPARATE},
                 {"refuse", WITH_SEPARATE},
                 {"settings_title", ALWAYS},
                 {"more", ALWAYS},
                 {"necessary.title", ALWAYS},
                 {"necessary.description", ALWAYS},
                 {"recipients", ALWAYS},
                 {"storage", ALWAYS},
                 {"retention", ALWAYS},
                 {"retention.journal", ALWAYS},
                 {"retention.segments", ALWAYS},
                 {"retention.visitor", ALWAYS},
                 {"retention.choice", ALWAYS},
                 {"controller", ALWAYS},
                 {"gpc", ALWAYS},
                 {"minor", ALWAYS},
                 {"saving_failed", ALWAYS},
                 {"saved", ALWAYS},
                 {"changed", ALWAYS},
                 {"opt_out.title", IN_OPT_OUT},
                 {"opt_out.body", IN_OPT_OUT},
                 {"notice_only.title", IN_NOTICE_ONLY},
                 {"notice_only.body", IN_NOTICE_ONLY},
                 {"blocked", ALWAYS},
                 {"load", ALWAYS},
                 {"control", ALWAYS}};
    json_t *texts = json_object(), *all = json_object_get(notice, "texts");
    unsigned here = ALWAYS | regimes[regime] | (has_separate(site) ? WITH_SEPARATE : 0);

    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        if (shown[i].where & here)
            texts = json_member(texts, shown[i].key, json_incref(json_object_get(all, shown[i].key)));
    return texts;
}

static json_t *purposes_json(const struct site *site, json_t *notice)
{
    json_t *purposes = json_array(), *purpose;
    size_t i;

    json_array_foreach(json_object_get(notice, "purposes"), i, purpose)
    {
        const char *name = json_string_value(json_object_get(purpose, "name"));
        int number = name ? config_purpose(site, text_of(name)) : -1;

        if (number >= 0)
            purposes = json_item(purposes, with_behaviour(json_copy(purpose), &site->purposes[number]));
    }
    return purposes;
}

/* "zh-TW" begins with "zh". */
static bool begins_with(const char *tag, const char *lang)
{
    size_t size = strlen(lang);

    return strncasecmp(tag, lang, size) == 0 && tag[size] == '-';
}

/*
 * Matches the tags of pages whose language this is: its own, its other names
 * and, unless another language begins with it, everything that begins so.
 */
static json_t *speaks_json(const struct site_notices *notices, const char *lang)
{
    BUFFER_AUTO pattern = BUFFER_INIT(SCRIPT_BYTES_MAX);
    const char *langs[TEXTS_LANGUAGES_MAX], *name;
    bool is_family = false;

    for (unsigned i = 0; i < notices->n_notices; i++)
        langs[i] = notices->notices[i].lang;
    buffer_printf(&pattern, "^(%s", lang);
    for (unsigned i = 0; (name = language_other_name(i)); i++) {
        unsigned index;
        bool found = language_match(text_of(name), langs, notices->n_notices, &index);

        if (found && strcmp(langs[index], lang) == 0 && strcmp(name, lang) != 0 && !begins_with(name, lang))
            buffer_printf(&pattern, "|%s", name);
        is_family |= found && strcmp(langs[index], lang) != 0 && begins_with(name, lang);
    }
    for (unsigned i = 0; i < notices->n_notices; i++)
        is_family |= begins_with(langs[i], lang);
    buffer_put_text(&pattern, is_family ? TEXT(")$") : TEXT(")\\b"));
    return pattern.fault ? NULL : json_stringn((const char *)pattern.data, pattern.size);
}

/* The event classes that any purpose collects: without one there is nothing to track. */
static unsigned collected(const struct site *site)
{
    unsigned classes = 0;

    for (unsigned i = 0; i < site->n_purposes; i++)
        classes |= site->purposes[i].collects;
    return classes;
}

/* What of an announcement the first layer shows: the rest is on the privacy page. */
static json_t *next_json(json_t *next)
{
    return json_pack("{s:O, s:O}", "from", json_object_get(next, "from"), "text", json_object_get(next, "text"));
}

static json_t *settings_json(const struct edition *edition, const struct site *site, const struct notice *notice,
                             enum regime regime, json_t *shown)
{
    const struct site_notices *notices = edition_notices(edition, site);
    char material[HASH_HEX_BYTES];

    notice_hex(notices->material, material);
    material[MATERIAL_DIGITS] = '\0';
    json_t *settings = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s*, s:o, s:o, s:O, s:O, s:O, s:b, s:b}", "site", site->name, "notice",
        notice->hex, "material", material, "lang", notice->lang, "dir", texts_dir(notice->lang), "speaks",
        speaks_json(notices, notice->lang), "regime", words_regime(regime), "domain", site->cookie_domain, "purposes",
        purposes_json(site, shown), "texts", texts_json(site, regime, shown), "controller",
        json_object_get(shown, "controller"), "storage", json_object_get(shown, "storage"), "retention",
        json_object_get(shown, "retention"), "control", site->banner.control, "pixel", collected(site) != 0);
    json_t *next = json_object_get(shown, "next");
    return next ? json_member(settings, "next", next_json(next)) : settings;
}

/* The three that JSON allows in a string and a script does not: all of them occur in strings only. */
static void put_escaped(struct buffer *buffer, struct text json)
{
    static const struct {
        struct text found, written;
    } escapes[] = {
        {{"<", 1}, {"\\u003c", 6}}, {{"\xe2\x80\xa8", 3}, {"\\u2028", 6}}, {{"\xe2\x80\xa9", 3}, {"\\u2029", 6}}};

    while (json.size) {
        size_t taken = 0;

        for (size_t i = 0; i < sizeof escapes / sizeof escapes[0] && !taken; i++) {
            if (text_starts(json, escapes[i].found)) {
                buffer_put_text(buffer, escapes[i].written);
                taken = escapes[i].found.size;
            }
        }
        if (!taken) {
            buffer_put_u8(buffer, (uint8_t)json.data[0]);
            taken = 1;
        }
        json = text_from(json, taken);
    }
}

int script_put_settings(struct buffer *buffer, const struct edition *edition, const struct site *site,
                        const struct notice *notice, enum regime regime)
{
    JSON_AUTO *shown = notice_object(site, notice);
    BUFFER_AUTO plain = BUFFER_INIT(SCRIPT_BYTES_MAX);

    if (!shown)
        return error_origin(-ENOMEM);
    int r = json_put(&plain, settings_json(edition, site, notice, regime, shown), 0);
    if (r)
        return error_trace(r);
    put_escaped(buffer, buffer_text(&plain));
    return buffer->fault ? error_origin(buffer->fault) : 0;
}

/* ---- SETTINGS of the tracker ---- */

/* By a letter each: what the classes carry (pixel/src/consent.ts). */
static json_t *letters_json(unsigned classes)
{
    static const char letters[CLASS_N] = {[CLASS_LOG] = 'p', [CLASS_DEVICE] = 'd', [CLASS_CLICKPATH] = 's'};
    char text[CLASS_N + 1];
    size_t n = 0;

    for (unsigned class = 0; class < CLASS_N; class ++)
        if (classes & CLASS_BIT(class))
            text[n++] = letters[class];
    return json_stringn(text, n);
}

static json_t *collects_json(const struct site *site)
{
    json_t *collects = json_array();

    for (unsigned i = 0; i < site->n_purposes; i++)
        if (site->purposes[i].collects)
            collects = json_item(collects,
                                 json_pack("[s, o]", site->purposes[i].name, letters_json(site->purposes[i].collects)));
    return collects;
}

/* Every byte of it goes over the wire: what says nothing is left out. */
static json_t *tracker_json(const struct site *site)
{
    json_t *settings = json_pack("{s:s, s:o}", "site", site->name, "collects", collects_json(site));
    json_t *query = json_array();

    for (unsigned i = 0; i < site->pages.n_query; i++)
        query = json_item(query, json_string(site->pages.query[i]));
    if (site->pages.n_query)
        settings = json_member(settings, "query", query);
    else
        json_decref(query);
    return site->pages.hash ? json_member(settings, "hash", json_true()) : settings;
}

/* ---- compressing ---- */

static int put_brotli(struct buffer *buffer, struct text text)
{
    size_t size = BrotliEncoderMaxCompressedSize(text.size);
    uint8_t *at = buffer_extend(buffer, size);

    if (!at)
        return error_origin(buffer->fault);
    if (!BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, text.size,
                               (const uint8_t *)text.data, &size, at))
        return error_origin(-ENOMEM); /* the room is enough: what else is there to fail */
    buffer->size = size;
    return 0;
}

static int put_gzip(struct buffer *buffer, struct text text)
{
    z_stream stream = {.avail_in = (uInt)text.size, .next_in = (z_const Bytef *)(uintptr_t)text.data};

    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return error_origin(-ENOMEM);
    size_t size = deflateBound(&stream, text.size);
    stream.next_out = buffer_extend(buffer, size);
    stream.avail_out = (uInt)size;
    int r = stream.next_out && deflate(&stream, Z_FINISH) == Z_STREAM_END ? 0 : -ENOMEM;
    buffer->size = stream.total_out;
    deflateEnd(&stream);
    if (buffer->fault)
        return error_origin(buffer->fault);
    return r ? error_origin(r) : 0;
}

/* ---- the whole ---- */

static void script_free(struct cache_value *value)
{
    struct script *script = (struct script *)value;

    for (unsigned i = 0; i < SCRIPT_CODING_N; i++)
        buffer_deinit(&script->bodies[i]);
    free(script);
}

static int render_notice(struct buffer *buffer, const struct site *site, const struct notice *notice)
{
    buffer_printf(buffer, "{\"hash\":\"%s\",\"dir\":\"%s\",\"notice\":", notice->hex, texts_dir(notice->lang));
    int r = notice_render(site, notice, buffer);
    buffer_put_u8(buffer, '}');
    if (r)
        return error_trace(r);
    return buffer->fault ? error_origin(buffer->fault) : 0;
}

static int put_tracker_settings(struct buffer *buffer, const struct site *site)
{
    return error_trace(json_put(buffer, tracker_json(site), 0));
}

static int put_settings(struct buffer *buffer, const struct edition *edition, const struct script_wish *wish)
{
    if (wish->kind == SCRIPT_PIXEL)
        return error_trace(put_tracker_settings(buffer, wish->site));
    return error_trace(script_put_settings(buffer, edition, wish->site, wish->notice, wish->regime));
}

static int render(struct buffer *buffer, const struct edition *edition, const struct script_wish *wish)
{
    const struct text *const codes[] = {[SCRIPT_CONSENT] = wish->site->next ? &asset_announcing_js : &asset_consent_js,
                                        [SCRIPT_PIXEL] = &asset_pixel_js,
                                        [SCRIPT_CLICKS] = &asset_clicks_js};

    buffer_put_text(buffer, TEXT("(()=>{"));
    if (wish->kind != SCRIPT_CLICKS) {
        buffer_put_text(buffer, TEXT("const SETTINGS="));
        int r = put_settings(buffer, edition, wish);
        if (r)
            return error_trace(r);
        buffer_put_text(buffer, TEXT(";"));
    }
    buffer_put_text(buffer, *codes[wish->kind]);
    buffer_put_text(buffer, TEXT("})()\n"));
    return buffer->fault ? error_origin(buffer->fault) : 0;
}

/* Another coding is another representation: its tag must differ, RFC 9110 section 8.8.3.3. */
static void make_etags(struct script *script)
{
    static const char *const suffixes[SCRIPT_CODING_N] = {"", "-gz", "-br"};
    struct text identity = buffer_text(&script->bodies[SCRIPT_IDENTITY]);
    uint8_t hash[HASH_BYTES];
    char hex[HASH_HEX_BYTES];

    crypto_hash_sha256(hash, (const uint8_t *)identity.data, identity.size);
    notice_hex(hash, hex);
    for (unsigned i = 0; i < SCRIPT_CODING_N; i++)
        snprintf(script->etags[i], sizeof script->etags[i], "\"%.32s%s\"", hex, suffixes[i]);
}

static int fill(struct script *script, const struct edition *edition, const struct script_wish *wish)
{
    struct buffer *bodies = script->bodies;
    int r = wish->kind == SCRIPT_NOTICE ? render_notice(&bodies[SCRIPT_IDENTITY], wish->site, wish->notice)
                                        : render(&bodies[SCRIPT_IDENTITY], edition, wish);

    if (r == 0)
        r = put_gzip(&bodies[SCRIPT_GZIP], buffer_text(&bodies[SCRIPT_IDENTITY]));
    if (r == 0)
        r = put_brotli(&bodies[SCRIPT_BROTLI], buffer_text(&bodies[SCRIPT_IDENTITY]));
    return error_trace(r);
}

int script_make(const struct edition *edition, const struct script_wish *wish, struct script **ret_script)
{
    struct script *script = calloc(1, sizeof *script);
    size_t bytes = sizeof *script;

    if (!script)
        return error_origin(-ENOMEM);
    for (unsigned i = 0; i < SCRIPT_CODING_N; i++)
        script->bodies[i] = BUFFER_INIT(2 * SCRIPT_BYTES_MAX); /* what cannot be compressed grows a little */
    int r = fill(script, edition, wish);
    if (r) {
        script_free(&script->super);
        return error_trace(r);
    }
    make_etags(script);
    for (unsigned i = 0; i < SCRIPT_CODING_N; i++)
        bytes += script->bodies[i].capacity;
    cache_value_init(&script->super, bytes, script_free);
    *ret_script = script;
    return 0;
}
