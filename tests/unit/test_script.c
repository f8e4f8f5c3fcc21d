/*
 * consent.js: the settings say what the notice says, nothing in them can break
 * out, and each coding holds the same.
 */
#include "check.h"
#include "crumb/base/json.h"
#include "crumb/consent/assets.h"
#include "crumb/consent/script.h"
#include "crumb/consent/texts.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

/* Everything that ends a script, a string or a line, in every place where a site's words go. */
#define NASTY "</script><!--\\u2028\\u2029\\\"'`${x}*/"

static const char nasty_yaml[] =
    "data: ./data\n"
    "listen: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"
    "sites:\n"
    "  shop:\n"
    "    name: \"" NASTY "\"\n"
    "    origins: [https://shop.example]\n"
    "    controller: {name: \"" NASTY "\", address: \"" NASTY "\", contact: \"" NASTY "\"}\n"
    "    storage: {country: DE, location: \"" NASTY "\"}\n"
    "    purposes:\n"
    "      one: {collects: [log], recipients: [ads]}\n"
    "      two: {collects: []}\n"
    "    recipients:\n"
    "      ads: {name: \"" NASTY "\", country: US, why: \"" NASTY "\"}\n"
    "    texts:\n"
    "      en: {title: \"" NASTY "\", purpose.one.title: \"" NASTY "\"}\n"
    "      ar: {title: \"" NASTY "\"}\n";

struct fixture {
    struct edition *edition;
    const struct site *site;
    const struct notice *notice;
};

static struct fixture fixture_of(const char *yaml, const char *lang)
{
    struct fixture fixture = {.edition = store_fixture_edition(yaml)};

    fixture.site = config_site(fixture.edition->config, TEXT("shop"));
    fixture.notice = edition_notice(fixture.edition, fixture.site, text_of(lang));
    return fixture;
}

static void test_settings(void **state)
{
    static const char *const members[] = {"site",    "notice",    "material", "lang",  "dir",
                                          "speaks",  "regime",    "purposes", "texts", "controller",
                                          "storage", "retention", "control",  "pixel", "domain"};
    static const char *const shared[] = {"controller", "storage", "retention"};
    struct fixture fixture = fixture_of(store_fixture_yaml, "de");
    BUFFER_AUTO buffer = BUFFER_INIT(SCRIPT_BYTES_MAX);

    (void)state;
    assert_int_equal(script_put_settings(&buffer, fixture.edition, fixture.site, fixture.notice, REGIME_OPT_OUT), 0);
    JSON_AUTO *settings = json_loadb((const char *)buffer.data, buffer.size, 0, NULL);
    JSON_AUTO *notice = notice_object(fixture.site, fixture.notice);
    assert_int_equal(json_object_size(settings), N_ROWS(members));
    for (size_t i = 0; i < N_ROWS(members); i++)
        check(members[i], json_object_get(settings, members[i]));
    for (size_t i = 0; i < N_ROWS(shared); i++)
        check(shared[i], json_equal(json_object_get(settings, shared[i]), json_object_get(notice, shared[i])));
    assert_string_equal(json_string_value(json_object_get(settings, "notice")), fixture.notice->hex);
    assert_string_equal(json_string_value(json_object_get(settings, "regime")), "opt_out");
    assert_string_equal(json_string_value(json_object_get(settings, "lang")), "de");
    assert_string_equal(json_string_value(json_object_get(settings, "dir")), "ltr");
    assert_int_equal(strlen(json_string_value(json_object_get(settings, "material"))), 16);
    assert_int_equal(json_array_size(json_object_get(settings, "purposes")), 4);
    edition_unref(fixture.edition);
}

/* A purpose has what the notice tells of it, and how the script is to behave. */
static void test_purposes(void **state)
{
    static const char *const members[] = {"name", "title", "description", "recipients", "collects"};
    struct fixture fixture = fixture_of(store_fixture_yaml, "en");
    BUFFER_AUTO buffer = BUFFER_INIT(SCRIPT_BYTES_MAX);

    (void)state;
    assert_int_equal(script_put_settings(&buffer, fixture.edition, fixture.site, fixture.notice, REGIME_OPT_IN), 0);
    JSON_AUTO *settings = json_loadb((const char *)buffer.data, buffer.size, 0, NULL);
    json_t *marketing = json_array_get(json_object_get(settings, "purposes"), 2);
    /* What is empty is left out. */
    assert_int_equal(json_object_size(marketing), N_ROWS(members));
    for (size_t i = 0; i < N_ROWS(members); i++)
        check(members[i], json_object_get(marketing, members[i]));
    assert_string_equal(json_string_value(json_object_get(marketing, "name")), "marketing");
    json_t *recipient = json_array_get(json_object_get(marketing, "recipients"), 0);
    assert_string_equal(json_string_value(json_object_get(recipient, "country")), "US");
    edition_unref(fixture.edition);
}

static void test_nothing_breaks_out(void **state)
{
    static const char *const never[] = {"<", "\xe2\x80\xa8", "\xe2\x80\xa9", "\n", "\r"};
    struct fixture fixture = fixture_of(nasty_yaml, "ar");
    BUFFER_AUTO buffer = BUFFER_INIT(SCRIPT_BYTES_MAX);

    (void)state;
    assert_int_equal(script_put_settings(&buffer, fixture.edition, fixture.site, fixture.notice, REGIME_OPT_IN), 0);
    for (size_t i = 0; i < N_ROWS(never); i++)
        check(never[i], !memmem(buffer.data, buffer.size, never[i], strlen(never[i])));
    JSON_AUTO *settings = json_loadb((const char *)buffer.data, buffer.size, 0, NULL);
    JSON_AUTO *notice = notice_object(fixture.site, fixture.notice);
    json_t *texts = json_object_get(settings, "texts"), *whole = json_object_get(notice, "texts"), *text;
    const char *name;
    assert_true(json_object_size(texts) > 20);
    json_object_foreach(texts, name, text) check(name, json_equal(text, json_object_get(whole, name)));
    assert_string_equal(json_string_value(json_object_get(settings, "dir")), "rtl");
    edition_unref(fixture.edition);
}

static void test_direction(void **state)
{
    static const struct {
        const char *lang, *direction;
    } rows[] = {{"en", "ltr"}, {"ar", "rtl"},  {"ar-EG", "rtl"}, {"he", "rtl"},
                {"fa", "rtl"}, {"arn", "ltr"}, {"", "ltr"},      {"pt-BR", "ltr"}};

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check(rows[i].lang, strcmp(texts_dir(rows[i].lang), rows[i].direction) == 0);
}

static void inflate_into(const struct buffer *gzip, struct buffer *buffer)
{
    z_stream stream = {.avail_in = (uInt)gzip->size, .next_in = gzip->data};
    uint8_t *at = buffer_extend(buffer, buffer->max);

    assert_non_null(at);
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_out = at;
    stream.avail_out = (uInt)buffer->max;
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    buffer->size = stream.total_out;
    inflateEnd(&stream);
}

static int make(const struct fixture *fixture, enum regime regime, struct script **ret_script)
{
    struct script_wish wish = {.site = fixture->site, .notice = fixture->notice, .regime = regime};

    return script_make(fixture->edition, &wish, ret_script);
}

static void test_make(void **state)
{
    struct fixture fixture = fixture_of(nasty_yaml, "en");
    BUFFER_AUTO settings = BUFFER_INIT(SCRIPT_BYTES_MAX), wanted = BUFFER_INIT(SCRIPT_BYTES_MAX),
                inflated = BUFFER_INIT(SCRIPT_BYTES_MAX);
    struct script *script, *again, *other;

    (void)state;
    assert_int_equal(make(&fixture, REGIME_OPT_IN, &script), 0);
    assert_int_equal(script_put_settings(&settings, fixture.edition, fixture.site, fixture.notice, REGIME_OPT_IN), 0);
    buffer_printf(&wanted, "(()=>{const SETTINGS=%.*s;%.*s})()\n", TEXT_ARGS(buffer_text(&settings)),
                  TEXT_ARGS(asset_consent_js));
    assert_true(text_equal(buffer_text(&script->bodies[SCRIPT_IDENTITY]), buffer_text(&wanted)));
    inflate_into(&script->bodies[SCRIPT_GZIP], &inflated);
    assert_true(text_equal(buffer_text(&inflated), buffer_text(&wanted)));
    assert_true(script->bodies[SCRIPT_BROTLI].size < script->bodies[SCRIPT_GZIP].size);
    assert_true(script->super.bytes > script->bodies[SCRIPT_IDENTITY].size);

    /* The same settings are the same bytes; another regime is another answer. */
    assert_int_equal(make(&fixture, REGIME_OPT_IN, &again), 0);
    assert_int_equal(make(&fixture, REGIME_OPT_OUT, &other), 0);
    for (unsigned i = 0; i < SCRIPT_CODING_N; i++) {
        assert_string_equal(script->etags[i], again->etags[i]);
        assert_true(text_equal(buffer_text(&script->bodies[i]), buffer_text(&again->bodies[i])));
        assert_string_not_equal(script->etags[i], other->etags[i]);
        assert_string_not_equal(script->etags[i], script->etags[(i + 1) % SCRIPT_CODING_N]);
    }
    cache_value_unref(&script->super);
    cache_value_unref(&again->super);
    cache_value_unref(&other->super);
    edition_unref(fixture.edition);
}

/* The tracker's settings are what a site configures, and nothing that says nothing. */
static void test_tracker(void **state)
{
    static const struct {
        const char *pages, *settings;
    } rows[] = {
        {"", "{\"site\":\"shop\",\"collects\":[[\"analytics\",\"pd\"],[\"journeys\",\"s\"],[\"all\",\"pds\"]]}"},
        {"    pages: {query: [q, id], hash: true}\n",
         "{\"site\":\"shop\",\"collects\":[[\"analytics\",\"pd\"],[\"journeys\",\"s\"],[\"all\",\"pds\"]],"
         "\"query\":[\"q\",\"id\"],\"hash\":true}"},
    };

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO yaml = BUFFER_INIT(4096), wanted = BUFFER_INIT(SCRIPT_BYTES_MAX);
        struct script *pixel, *clicks;

        buffer_printf(
            &yaml,
            "data: ./data\nlisten: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\nsites:\n  shop:\n"
            "    origins: [https://shop.example]\n    controller: {name: A, contact: a@shop.example}\n"
            "    purposes:\n      analytics: {collects: [device, log]}\n      journeys: {collects: [clickpath]}\n"
            "      marketing: {collects: []}\n      all: {collects: [clickpath, log, device]}\n%s%c",
            rows[i].pages, '\0');
        struct fixture fixture = fixture_of((const char *)yaml.data, "en");
        struct script_wish wish = {.kind = SCRIPT_PIXEL, .site = fixture.site};
        assert_int_equal(script_make(fixture.edition, &wish, &pixel), 0);
        buffer_printf(&wanted, "(()=>{const SETTINGS=%s;%.*s})()\n", rows[i].settings, TEXT_ARGS(asset_pixel_js));
        assert_true(text_equal(buffer_text(&pixel->bodies[SCRIPT_IDENTITY]), buffer_text(&wanted)));
        wish.kind = SCRIPT_CLICKS;
        assert_int_equal(script_make(fixture.edition, &wish, &clicks), 0);
        buffer_clear(&wanted);
        buffer_printf(&wanted, "(()=>{%.*s})()\n", TEXT_ARGS(asset_clicks_js));
        assert_true(text_equal(buffer_text(&clicks->bodies[SCRIPT_IDENTITY]), buffer_text(&wanted)));
        cache_value_unref(&pixel->super);
        cache_value_unref(&clicks->super);
        edition_unref(fixture.edition);
    }
}

static void test_keys(void **state)
{
    struct edition *edition = store_fixture_edition(store_fixture_yaml);
    uint64_t keys[2 * TEXTS_LANGUAGES_MAX * REGIME_N + 4];
    unsigned n = 0;

    (void)state;
    for (unsigned s = 0; s < edition->config->n_sites; s++)
        for (unsigned l = 0; l < edition->sites[s].n_notices; l++)
            for (unsigned regime = REGIME_OPT_IN; regime < REGIME_N; regime++)
                keys[n++] = script_key(edition, &(struct script_wish){.site = &edition->config->sites[s],
                                                                      .notice = &edition->sites[s].notices[l],
                                                                      .regime = (enum regime)regime});
    for (unsigned s = 0; s < edition->config->n_sites; s++)
        for (unsigned kind = SCRIPT_PIXEL; kind <= SCRIPT_CLICKS; kind++)
            keys[n++] = script_key(
                edition, &(struct script_wish){.kind = (enum script_kind)kind, .site = &edition->config->sites[s]});
    assert_true(n >= 13); /* three regimes of at least three languages, and the tracker, of two sites */
    for (unsigned i = 0; i < n; i++)
        for (unsigned other = 0; other < i; other++)
            assert_true(keys[i] != keys[other]);
    edition_unref(edition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),  cmocka_unit_test(test_purposes), cmocka_unit_test(test_nothing_breaks_out),
        cmocka_unit_test(test_direction), cmocka_unit_test(test_make),     cmocka_unit_test(test_keys),
        cmocka_unit_test(test_tracker)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
