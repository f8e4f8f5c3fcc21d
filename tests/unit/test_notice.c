/*
 * Notices and editions: what changes a hash and what only its wording, which
 * language is shown, and what the store keeps for ever.
 */
#include "check.h"
#include "crumb/config/shipped.h"
#include "crumb/consent/notice.h"
#include "crumb/consent/texts.h"
#include "store_fixture.h"
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const struct site *shop_of(const struct edition *edition) { return config_site(edition->config, TEXT("shop")); }

/* The text of a notice, for the caller to free. */
static char *rendered(const struct site *site, const struct notice *notice)
{
    BUFFER_AUTO text = BUFFER_INIT(NOTICE_BYTES_MAX + 1);

    assert_int_equal(notice_render(site, notice, &text), 0);
    buffer_put_u8(&text, '\0');
    assert_int_equal(text.fault, 0);
    return strdup((const char *)text.data);
}

/* ---- what changes what ---- */

/* Purposes of the shop: analytics, journeys, marketing, strict. */
static void test_what_a_change_changes(void **state)
{
    static const struct {
        const char *name, *part, *instead;
        bool hash, material;
        const char *purposes; /* whose meaning changed, by first letter */
    } rows[] = {
        {"nothing", "Shop Ltd", "Shop Ltd", false, false, ""},
        {"a title", "title: Ihre Wahl", "title: Sie haben die Wahl", false, false, ""}, /* German only */
        {"an English title", "de: {title: Ihre Wahl}", "en: {title: You choose}", true, false, ""},
        {"the site's name", "name: Example Shop", "name: Example Store", true, false, ""},
        {"the controller's address", "1 High St", "2 High St", true, false, ""},
        {"the controller's contact", "privacy@shop", "dpo@shop", true, false, ""},
        {"where in the country", "Frankfurt", "Berlin", true, false, ""},
        {"an origin", "https://www.shop.example", "https://w3.shop.example", false, false, ""},
        {"the zone", "Europe/Berlin", "Europe/Paris", false, false, ""},
        {"the cookie's domain", "    cookie_domain: shop.example\n", "", false, false, ""},
        {"the controller", "Shop Ltd", "Mall Ltd", true, true, "ajms"},
        {"the country of storage", "country: DE", "country: US", true, true, "ajms"},
        {"how long the journal is kept", "journal: 30d", "journal: 31d", true, true, "ajms"},
        {"how long segments are kept", "segments: 25mo", "segments: 24mo", true, true, "ajms"},
        {"how long a choice holds", "choice: 180d", "choice: 181d", true, true, "ajms"},
        {"how long the id lives", "visitor: 390d", "visitor: 389d", true, true, "ajms"},
        {"how much of the address", "    cookie_domain: shop.example\n", "    address: full\n", true, true, "ajms"},
        {"what a purpose collects", "analytics: {collects: [log, device]}", "analytics: {collects: [log]}", true, true,
         "a"},
        {"the order of what it collects", "collects: [log, device]}", "collects: [device, log]}", false, false, ""},
        {"one more recipient", "journeys: {collects: [clickpath]}",
         "journeys: {collects: [clickpath], recipients: [ad_partner]}", true, true, "j"},
        {"a recipient's name", "{name: Ads,", "{name: Adverts,", true, true, "m"},
        {"a recipient's country", "country: US, why", "country: CA, why", true, true, "m"},
        {"why it receives", "To show ads", "To sell", true, true, "m"},
        {"asked by itself", "strict: {collects: [log]}", "strict: {collects: [log], separate: true}", true, true, "s"},
        {"not asked by itself, said", "strict: {collects: [log]}", "strict: {collects: [log], separate: false}", false,
         false, ""},
        {"its cookies", "strict: {collects: [log]}", "strict: {collects: [log], cookies: [_a]}", false, false, ""},
        {"its signals", "strict: {collects: [log]}", "strict: {collects: [log], consent_mode: [ad_storage]}", false,
         false, ""},
        {"a recipient's key", "ad_partner", "ad_partner", false, false, ""},
        {"one purpose more", "      strict: {collects: [log]}\n",
         "      strict: {collects: [log]}\n      more: {collects: []}\n", true, true, ""},
        {"one purpose less", "      strict: {collects: [log]}\n", "", true, true, ""},
    };
    struct edition *before = store_fixture_edition(store_fixture_yaml);
    const struct site *site = shop_of(before);

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct edition *after = store_fixture_edition_with(rows[i].part, rows[i].instead);
        const struct site *changed = shop_of(after);
        const struct notice *was = edition_notice(before, site, TEXT("en"));
        const struct notice *is = edition_notice(after, changed, TEXT("en"));

        check_equal(rows[i].name, memcmp(was->hash, is->hash, HASH_BYTES) != 0, rows[i].hash);
        char *said = rendered(site, was), *says = rendered(changed, is);
        check_equal(rows[i].name, strcmp(said, says) != 0, rows[i].hash);
        free(said);
        free(says);
        check_equal(
            rows[i].name,
            memcmp(edition_notices(before, site)->material, edition_notices(after, changed)->material, HASH_BYTES) != 0,
            rows[i].material);
        for (unsigned p = 0; p < 4 && p < changed->n_purposes; p++)
            check_equal(rows[i].name, site->purposes[p].material != changed->purposes[p].material,
                        strchr(rows[i].purposes, site->purposes[p].name[0]) != NULL);
        edition_unref(after);
    }
    edition_unref(before);
}

/* The same words of two sites, and of two purposes of one, are not the same grant. */
static void test_materials_differ(void **state)
{
    static const char yaml[] = "data: ./data\n"
                               "listen: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"
                               "sites:\n"
                               "  a: {origins: [https://a.example], controller: {name: A, contact: x@a.example},\n"
                               "      purposes: {one: {collects: [log]}, two: {collects: [log]}}}\n"
                               "  b: {origins: [https://a.example], controller: {name: A, contact: x@a.example},\n"
                               "      purposes: {one: {collects: [log]}, two: {collects: [log]}}}\n";
    struct edition *edition = store_fixture_edition(yaml);
    const struct site *a = &edition->config->sites[0], *b = &edition->config->sites[1];

    assert_true(a->purposes[0].material != a->purposes[1].material);
    assert_true(a->purposes[0].material != b->purposes[0].material);
    assert_memory_not_equal(edition->sites[0].material, edition->sites[1].material, HASH_BYTES);
    edition_unref(edition);
}

static void test_notice_says_everything(void **state)
{
    static const char *const said[] = {
        "\"Example Shop\"", "\"shop\"",      "\"Shop Ltd\"",  "\"1 High St\"",   "\"privacy@shop.example\"",
        "\"DE\"",           "\"Frankfurt\"", "\"analytics\"", "\"journeys\"",    "\"marketing\"",
        "\"strict\"",       "\"Ads\"",       "\"US\"",        "\"To show ads\"", "\"log\"",
        "\"device\"",       "\"clickpath\"", "\"2592000s\"",  "\"truncated\""};
    struct edition *edition = store_fixture_edition(store_fixture_yaml);
    const struct notice *notice = edition_notice(edition, shop_of(edition), TEXT("en"));
    char *text = rendered(shop_of(edition), notice);
    uint8_t hash[HASH_BYTES];
    char hex[HASH_HEX_BYTES];

    for (size_t i = 0; i < N_ROWS(said); i++)
        check(said[i], strstr(text, said[i]));

    /* Canonical: what sorting and compacting it again does not change. */
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    char *again = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(again, text);
    free(again);
    const json_t *texts = json_object_get(json, "texts");
    for (unsigned i = 0; i < shipped_n_keys(); i++)
        check_equal(shipped_key(i), json_object_get(texts, shipped_key(i)) != NULL, texts_is_general(shipped_key(i)));
    json_decref(json);
    crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text));
    free(text);
    assert_memory_equal(hash, notice->hash, HASH_BYTES);
    notice_hex(hash, hex);
    assert_string_equal(hex, notice->hex);
    edition_unref(edition);
}

static void test_hex(void **state)
{
    uint8_t hash[HASH_BYTES], back[HASH_BYTES];
    char hex[HASH_HEX_BYTES];

    for (unsigned i = 0; i < HASH_BYTES; i++)
        hash[i] = (uint8_t)(i * 37);
    notice_hex(hash, hex);
    assert_int_equal(strlen(hex), 64);
    assert_true(notice_unhex(text_of(hex), back));
    assert_memory_equal(hash, back, HASH_BYTES);
    assert_false(notice_unhex((struct text){hex, 63}, back));
    assert_false(notice_unhex((struct text){hex, 65}, back));
    assert_false(notice_unhex(TEXT_NONE, back));
    hex[10] = 'g';
    assert_false(notice_unhex(text_of(hex), back));
    hex[10] = ':';
    assert_false(notice_unhex(text_of(hex), back));
}

/* ---- languages ---- */

static void test_language_lookup(void **state)
{
    static const struct {
        const char *asked, *header, *shown;
    } rows[] = {
        {"", "", "en"},
        {"de", "", "de"},
        {"DE-at", "fr", "de"},
        {"", "fr", "fr"},
        {"tlh", "fr, de;q=0.5", "fr"}, /* what is asked for is not there */
        {"gsw", "", "gsw"},            /* the site's own */
        {"gsw-CH", "", "gsw"},
        {"", "tlh", "en"},
    };
    struct edition *edition =
        store_fixture_edition_with("de: {title: Ihre Wahl}", "de: {title: Ihre Wahl}\n      gsw: {title: A}");
    const struct site *shop = shop_of(edition);

    assert_int_equal(edition_notices(edition, shop)->n_notices, shipped_n_langs() + 1);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct text asked = text_of(rows[i].asked);
        const struct notice *notice = edition_notice_for(edition, shop, asked, text_of(rows[i].header));

        check_text(rows[i].asked, text_of(notice->lang), rows[i].shown);
        if (!rows[i].header[0])
            assert_ptr_equal(edition_notice(edition, shop, asked), notice);
    }
    /* Another language is another text, but not another meaning. */
    assert_string_not_equal(edition_notice(edition, shop, TEXT("de"))->hex,
                            edition_notice(edition, shop, TEXT("en"))->hex);
    for (unsigned i = 0; i < shipped_n_langs(); i++) {
        const struct notice *notice = &edition_notices(edition, shop)->notices[i];
        assert_ptr_equal(edition_notice_by_hex(edition, shop, text_of(notice->hex)), notice);
    }
    const char *hex = edition_notices(edition, shop)->notices[0].hex;
    assert_null(edition_notice_by_hex(edition, shop, (struct text){hex, 63}));
    assert_null(edition_notice_by_hex(edition, shop, TEXT_NONE));
    assert_null(edition_notice_by_hex(edition, config_site(edition->config, TEXT("blog")), text_of(hex)));
    edition_unref(edition);
}

/* The first layer names what is asked for, in the words of the language. */
static void test_purposes_are_named(void **state)
{
    static const struct {
        const char *lang, *said;
    } rows[] = {
        {"en", "for: Measuring visits, Ways through the site, Advertising, strict. Nothing"},
        {"de", "f\xc3\xbcr: Besuche messen, Wege durch die Website, Werbung, strict. Bevor"},
        {"zh", "\xe8\xae\xbf\xe9\x97\xae\xe7\xbb\x9f\xe8\xae\xa1\xe3\x80\x81\xe7\xab\x99"}, /* with its own comma */
    };
    struct edition *edition = store_fixture_edition(store_fixture_yaml);

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        char *text = rendered(shop_of(edition), edition_notice(edition, shop_of(edition), text_of(rows[i].lang)));

        check(rows[i].lang, strstr(text, rows[i].said));
        check(rows[i].lang, !strstr(text, "{purposes}"));
        free(text);
    }
    edition_unref(edition);

    /* A site's own texts may say it, too, as often as they like; and a site without purposes has nothing to name. */
    edition = store_fixture_edition_with("de: {title: Ihre Wahl}", "en: {title: '{purposes}? {purposes}!'}");
    char *text = rendered(shop_of(edition), edition_notice(edition, shop_of(edition), TEXT("en")));
    assert_non_null(strstr(text, "\"title\":\"Measuring visits, Ways through the site, Advertising, strict? "
                                 "Measuring visits, Ways through the site, Advertising, strict!\""));
    free(text);
    edition_unref(edition);
    edition = store_fixture_edition_with("    purposes:\n      analytics: {collects: [log, device, clickpath]}\n", "");
    const struct site *blog = config_site(edition->config, TEXT("blog"));
    text = rendered(blog, edition_notice(edition, blog, TEXT("en")));
    assert_non_null(strstr(text, "visit for: -. Nothing"));
    free(text);
    edition_unref(edition);
}

/* As many languages as there may be; test_config shows that more are refused. */
static void test_many_languages(void **state)
{
    BUFFER_AUTO texts = BUFFER_INIT(1 << 16);

    buffer_put_text(&texts, TEXT("qaa: {title: X}"));
    for (unsigned i = 1; i < TEXTS_LANGUAGES_MAX - shipped_n_langs(); i++)
        buffer_printf(&texts, "\n      q%c%c: {title: X}", 'a' + i / 26, 'a' + i % 26);
    buffer_put_u8(&texts, '\0');
    struct edition *edition = store_fixture_edition_with("de: {title: Ihre Wahl}", (const char *)texts.data);
    const struct site_notices *notices = edition_notices(edition, shop_of(edition));
    assert_int_equal(notices->n_notices, TEXTS_LANGUAGES_MAX);
    assert_string_equal(notices->notices[0].lang, "en");
    for (unsigned i = 2; i < notices->n_notices; i++)
        assert_true(strcmp(notices->notices[i - 1].lang, notices->notices[i].lang) < 0);
    edition_unref(edition);
}

static const char too_large_head[] =
    "data: ./data\nlisten: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"
    "sites:\n  small:\n    origins: [https://s.example]\n    controller: {name: S, contact: x@s}\n"
    "  large:\n    origins: [https://a.example]\n    controller: {name: A, contact: x@a}\n"
    "    purposes: {one: {collects: [log]}}\n    texts:\n";

/* Every text of one language as long as may be, or one that names a long purpose over and over. */
static void test_too_large(void **state)
{
    static char long_text[CONFIG_TEXT_BYTES_MAX + 1];

    memset(long_text, '"', CONFIG_TEXT_BYTES_MAX); /* each is two bytes in JSON */
    for (unsigned way = 0; way < 2; way++) {
        BUFFER_AUTO yaml = BUFFER_INIT(1 << 20);
        struct complaints complaints = COMPLAINTS_INIT;
        struct edition *edition = NULL;

        buffer_put_text(&yaml, text_of(too_large_head));
        buffer_printf(&yaml, "      fr:\n        purpose.one.title: '%s'\n", long_text);
        for (unsigned i = 0; way == 0 && i < shipped_n_keys(); i++)
            if (texts_is_general(shipped_key(i)) && strcmp(shipped_key(i), "title") != 0)
                buffer_printf(&yaml, "        %s: '%s'\n", shipped_key(i), long_text);
        buffer_put_text(&yaml, TEXT("        title: '"));
        for (unsigned i = 0; i < (way ? 20 : 1); i++)
            buffer_put_text(&yaml, TEXT("{purposes}"));
        buffer_put_text(&yaml, TEXT("'\n"));
        buffer_put_u8(&yaml, '\0');
        assert_int_equal(yaml.fault, 0);
        struct config *config = store_fixture_config((const char *)yaml.data);
        assert_int_equal(edition_new(config, &edition), NOTICE_E_TOO_LARGE);
        assert_null(edition);
        assert_int_equal(edition_complain(config, &complaints), 0);
        assert_int_equal(complaints.n, 1);
        buffer_put_u8(&complaints.text, '\0');
        assert_non_null(strstr((const char *)complaints.text.data,
                               ":7: sites.large: the notice in fr is larger than 64 KiB; shorten its texts"));
        complaints_deinit(&complaints);
        config_unref(config);
    }
}

/* ---- references ---- */

static void test_references(void **state)
{
    struct config *config = store_fixture_config(store_fixture_yaml);
    struct edition *edition;

    assert_int_equal(edition_new(config, &edition), 0);
    assert_int_equal(config->n_refs, 2);
    config_unref(config);
    assert_ptr_equal(edition_ref(edition), edition);
    assert_null(edition_unref(edition));
    assert_non_null(shop_of(edition)); /* still there */
    assert_null(edition_unref(edition));
    assert_null(edition_unref(NULL));
}

/* ---- no memory for JSON ---- */

static long n_until_failure = -1; /* this many allocations of jansson's from now one fails */

static void *failing_malloc(size_t size)
{
    return n_until_failure >= 0 && n_until_failure-- == 0 ? NULL : malloc(size);
}

/*
 * A notice that lacks a recipient for want of memory would be shown, hashed and
 * kept: each allocation of JSON fails once, and the edition is none or the same.
 * One language is made like the other, so past the first few it is every so
 * many-th allocation.
 */
static void test_no_memory_for_json(void **state)
{
    struct edition *good = store_fixture_edition(store_fixture_yaml);
    struct config *config = store_fixture_config(store_fixture_yaml);
    bool passed = false;

    json_set_alloc_funcs(failing_malloc, free);
    for (long n = 0; !passed; n += n < 800 ? 1 : 1 + n / 20) {
        struct edition *edition = NULL;

        assert_true(n < 100000);
        n_until_failure = n;
        int r = edition_new(config, &edition);
        passed = n_until_failure >= 0; /* there was nothing left to fail */
        n_until_failure = -1;
        if (r) {
            assert_int_equal(r, -ENOMEM);
            assert_null(edition);
            continue;
        }
        for (unsigned i = 0; i < config->n_sites; i++) {
            assert_memory_equal(edition->sites[i].material, good->sites[i].material, HASH_BYTES);
            for (unsigned k = 0; k < good->sites[i].n_notices; k++)
                assert_memory_equal(edition->sites[i].notices[k].hash, good->sites[i].notices[k].hash, HASH_BYTES);
        }
        edition_unref(edition);
    }
    json_set_alloc_funcs(malloc, free);
    config_unref(config);
    edition_unref(good);
}

/* ---- in the store ---- */

static void test_kept_for_ever(void **state)
{
    struct store_fixture *fixture = *state;
    struct edition *later = store_fixture_edition_with("name: Example Shop", "name: Example Store");
    const struct notice *old = edition_notice(fixture->edition, shop_of(fixture->edition), TEXT("en"));
    const struct notice *new = edition_notice(later, shop_of(later), TEXT("en"));
    uint8_t unknown[HASH_BYTES] = {1};
    struct text json;
    uint64_t n_before, n_after;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(db_entries(txn, DB_NOTICES, &n_before), 0);
    assert_int_equal(n_before, 2 * shipped_n_langs()); /* the shop's and the blog's */
    assert_int_equal(edition_store(later, txn), 0);
    assert_int_equal(edition_store(later, txn), 0); /* twice is once */
    assert_int_equal(db_entries(txn, DB_NOTICES, &n_after), 0);
    assert_int_equal(n_after, 3 * shipped_n_langs());
    char *said = rendered(shop_of(fixture->edition), old), *says = rendered(shop_of(later), new);
    assert_int_equal(notice_get(txn, old->hash, &json), 0);
    assert_text(json, said);
    assert_int_equal(notice_get(txn, new->hash, &json), 0);
    assert_text(json, says);
    free(said);
    free(says);
    assert_int_equal(notice_get(txn, unknown, &json), DB_E_NOT_FOUND);
    edition_unref(later);
}

static void test_tampered(void **state)
{
    struct store_fixture *fixture = *state;
    const struct notice *notice = edition_notice(fixture->edition, shop_of(fixture->edition), TEXT("en"));
    struct text key = {(const char *)notice->hash, HASH_BYTES}, json = TEXT("untouched");
    char *text = rendered(shop_of(fixture->edition), notice);
    size_t size = strlen(text);
    DB_TXN_AUTO *txn = NULL;

    free(text);
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    for (size_t i = 0; i < size; i += 13) {
        store_fixture_damage(txn, DB_NOTICES, key, i);
        assert_int_equal(notice_get(txn, notice->hash, &json), -EBADMSG);
        assert_text(json, "untouched");
        store_fixture_damage(txn, DB_NOTICES, key, i);
    }
    assert_int_equal(db_put(txn, DB_NOTICES, key, TEXT_NONE), 0);
    assert_int_equal(notice_get(txn, notice->hash, &json), -EBADMSG);
    assert_int_equal(edition_store(fixture->edition, txn), -EBADMSG); /* not used over a damaged one */
}

#define SITE(name)                                                                                                     \
    "  " name ": {origins: [https://" name ".example], controller: {name: N, contact: c@" name ".example},\n"          \
    "    purposes: {one: {collects: [log]}}}\n"
#define HEAD "data: ./data\nlisten: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\nsites:\n"

static void test_site_numbers(void **state)
{
    static const struct {
        const char *yaml;
        const char *names[4];
        uint32_t numbers[4];
    } editions[] = {
        {HEAD SITE("a") SITE("b"), {"a", "b"}, {1, 2}},
        {HEAD SITE("b") SITE("a"), {"a", "b"}, {1, 2}}, /* another order */
        {HEAD SITE("c") SITE("b"), {"b", "c"}, {2, 3}}, /* one left, one came */
        {HEAD SITE("d") SITE("a"), {"a", "d"}, {1, 4}}, /* the first came back */
        {HEAD SITE("d") SITE("c") SITE("b") SITE("a"), {"a", "b", "c", "d"}, {1, 2, 3, 4}},
    };
    char folder[STORE_FIXTURE_PATH_BYTES];

    store_fixture_folder(folder);
    for (size_t i = 0; i < N_ROWS(editions); i++) {
        struct edition *edition = store_fixture_edition(editions[i].yaml),
                       *reader = store_fixture_edition(editions[i].yaml);
        struct db *db = store_fixture_open(folder);
        DB_TXN_AUTO *txn = NULL;

        assert_int_equal(db_begin_write(db, &txn), 0);
        assert_int_equal(edition_store(edition, txn), 0);
        assert_int_equal(db_commit(txn), 0);
        assert_int_equal(db_begin_read(db, &txn), 0);
        assert_int_equal(edition_bind(reader, txn), 0);
        for (size_t n = 0; n < 4 && editions[i].names[n]; n++) {
            assert_int_equal(config_site(edition->config, text_of(editions[i].names[n]))->id, editions[i].numbers[n]);
            assert_int_equal(config_site(reader->config, text_of(editions[i].names[n]))->id, editions[i].numbers[n]);
        }
        /* Whoever left is remembered, as long as the store has a number for them. */
        for (size_t n = 0; n < 4; n++) {
            const struct site *site = config_site_of_id(reader->config, (uint32_t)n + 1);
            char name[] = {(char)('a' + n), '\0'};
            bool is_left = !config_site(reader->config, text_of(name));

            if (is_left && (size_t)n >= reader->config->n_sites + reader->config->n_left)
                continue; /* it never came yet */
            assert_non_null(site);
            assert_string_equal(site->name, name);
            assert_int_equal(config_index(reader->config, site) >= reader->config->n_sites, is_left);
            assert_memory_equal(&site->retention.journal_ms, &reader->config->sites[0].retention.journal_ms, 8);
            assert_int_equal(site->retention.fold_below, reader->config->sites[0].retention.fold_below);
            assert_int_equal(zone_day(site->zone, 86400000), 1);
        }
        assert_null(config_site_of_id(reader->config, 5));
        txn = db_abort(txn);
        db_close(db);
        edition_unref(reader);
        edition_unref(edition);
    }
    /* A site that no server has stored has no number. */
    struct edition *unknown = store_fixture_edition(HEAD SITE("new") SITE("a"));
    struct db *db = store_fixture_open(folder);
    DB_TXN_AUTO *txn = NULL;
    assert_int_equal(db_begin_write(db, &txn), 0);
    assert_int_equal(edition_bind(unknown, txn), 0);
    assert_int_equal(unknown->config->sites[0].id, 0);
    assert_int_equal(unknown->config->sites[1].id, 1);
    /* Numbers that are none. */
    static const struct text none[] = {{"\0\0\0\0", 4}, {"\0\0\0\1\0", 5}, {"\0\0\1", 3}, {"", 0}};
    for (size_t i = 0; i < N_ROWS(none); i++) {
        store_fixture_put_checked(txn, DB_SITES, TEXT("new"), none[i]);
        assert_int_equal(edition_bind(unknown, txn), -EBADMSG);
        assert_int_equal(edition_store(unknown, txn), -EBADMSG);
    }
    struct text value;
    char row[256];
    assert_int_equal(db_get(txn, DB_SITES, TEXT("a"), &value), 0);
    assert_true(value.size <= sizeof row);
    memcpy(row, value.data, value.size);
    row[3] = 7;
    store_fixture_put_checked(txn, DB_SITES, TEXT("new"), (struct text){row, value.size - 4});
    assert_int_equal(edition_bind(unknown, txn), 0);
    assert_int_equal(unknown->config->sites[0].id, 7);
    store_fixture_damage(txn, DB_SITES, TEXT("new"), 3); /* another site's number would mix their data */
    assert_int_equal(edition_bind(unknown, txn), -EBADMSG);
    txn = db_abort(txn);
    db_close(db);
    edition_unref(unknown);
    store_fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_change_changes),
        cmocka_unit_test(test_materials_differ),
        cmocka_unit_test(test_notice_says_everything),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_language_lookup),
        cmocka_unit_test(test_purposes_are_named),
        cmocka_unit_test(test_many_languages),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_no_memory_for_json),
        STORE_FIXTURE_TEST(test_kept_for_ever),
        STORE_FIXTURE_TEST(test_tampered),
        cmocka_unit_test(test_site_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
