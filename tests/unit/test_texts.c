/*
 * The shipped texts as the program has them, and a site's own over them.
 * Whether they are good texts is for tests/texts.
 */
#include "check.h"
#include "crumb/config/shipped.h"
#include "crumb/config/value.h"
#include "crumb/consent/texts.h"
#include "store_fixture.h"
#include <stdio.h>

static void test_table(void **state)
{
    assert_in_range(shipped_n_langs(), 30, TEXTS_LANGUAGES_MAX);
    assert_int_equal(shipped_n_langs() * shipped_n_keys(), asset_n_texts);
    for (unsigned l = 0; l < shipped_n_langs(); l++) {
        const char *lang = shipped_lang(l);
        char canonical[LANGUAGE_BYTES_MAX + 1];

        check(lang, l == 0 || strcmp(shipped_lang(l - 1), lang) < 0);
        check(lang, value_language(text_of(lang), canonical));
        check_text(lang, text_of(canonical), lang);
        for (unsigned k = 0; k < shipped_n_keys(); k++) {
            const struct asset_text *row = &asset_texts[l * shipped_n_keys() + k];

            check(lang, k == 0 || strcmp(row[-1].key, row->key) < 0);
            check_text(lang, text_of(row->lang), lang);
            check_text(row->key, text_of(row->key), shipped_key(k));
            check(row->key, row->value[0] && strlen(row->value) <= CONFIG_TEXT_BYTES_MAX);
            check(row->key, shipped_text(lang, row->key) == row->value);
        }
    }
}

static void test_lookup(void **state)
{
    static const struct {
        const char *lang, *key;
    } absent[] = {
        {"en", ""},      {"", "title"},    {"en", "titl"},  {"en", "titles"},  {"e", "title"},
        {"EN", "title"}, {"tlh", "body"},  {"en", "zzz"},   {"en", "AAA"},     {"aa", "title"},
        {"zz", "title"}, {"zh-", "title"}, {"pt-br", "ok"}, {"en", "purpose"},
    };

    assert_string_equal(shipped_text("en", "accept"), "Accept");
    assert_string_equal(shipped_text("de", "reject"), "Ablehnen");
    assert_string_equal(shipped_text("zh-TW", "purpose.marketing.title"), "\xe5\xbb\xa3\xe5\x91\x8a");
    for (size_t i = 0; i < N_ROWS(absent); i++)
        if (shipped_text(absent[i].lang, absent[i].key))
            fail_msg("there is a text \"%s\" in \"%s\"", absent[i].key, absent[i].lang);
}

static const char yaml[] =
    "data: ./data\n"
    "listen: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"
    "sites:\n"
    "  shop:\n"
    "    origins: [https://shop.example]\n"
    "    controller: {name: A, contact: x@a.example}\n"
    "    purposes: {analytics: {}, strict: {}, mail: {}}\n"
    "    texts:\n"
    "      gsw: {title: Dini Wahl}\n"
    "      en: {title: You choose, purpose.mail.title: Letters, purpose.mail.description: Post}\n"
    "      de: {purpose.mail.title: Briefe, accept: Ja}\n"
    "  blog:\n"
    "    origins: [https://blog.example]\n"
    "    controller: {name: A, contact: x@a.example}\n";

static void test_own_texts(void **state)
{
    static const struct {
        const char *lang, *key, *text;
    } rows[] = {
        {"en", "title", "You choose"}, {"en", "accept", "Accept"},     {"de", "title", "Ihre Wahl"},
        {"de", "accept", "Ja"},        {"de", "reject", "Ablehnen"},   {"gsw", "title", "Dini Wahl"},
        {"gsw", "accept", "Accept"},   {"fr", "title", "Votre choix"}, {"tlh", "title", "You choose"},
        {"en", "nothing", ""},
    };
    static const struct {
        const char *lang, *purpose, *what, *text;
    } purposes[] = {
        {"en", "mail", "title", "Letters"},
        {"en", "mail", "description", "Post"},
        {"de", "mail", "title", "Briefe"},
        {"de", "mail", "description", "Post"},
        {"fr", "mail", "title", "Letters"},
        {"en", "strict", "title", "strict"},
        {"en", "strict", "description", ""},
        {"de", "strict", "title", "strict"},
        {"de", "analytics", "title", "Besuche messen"},
        {"gsw", "analytics", "title", "Measuring visits"},
    };
    struct config *config = store_fixture_config(yaml);
    const struct site *site = config_site(config, TEXT("shop"));

    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_text(rows[i].key, text_of(texts_get(site, rows[i].lang, rows[i].key)), rows[i].text);
    for (size_t i = 0; i < N_ROWS(purposes); i++)
        check_text(purposes[i].purpose,
                   text_of(texts_purpose(site, purposes[i].lang, purposes[i].purpose, purposes[i].what)),
                   purposes[i].text);
    config_unref(config);
}

/* English, then by tag, the site's own among the shipped ones. */
static void test_languages(void **state)
{
    struct config *config = store_fixture_config(yaml);
    const char *shop[TEXTS_LANGUAGES_MAX], *blog[TEXTS_LANGUAGES_MAX];
    unsigned n_shop = texts_languages(config_site(config, TEXT("shop")), shop), n_own = 0;
    unsigned n_blog = texts_languages(config_site(config, TEXT("blog")), blog);

    assert_int_equal(n_blog, shipped_n_langs());
    assert_int_equal(n_shop, n_blog + 1);
    assert_string_equal(shop[0], "en");
    assert_string_equal(blog[0], "en");
    for (unsigned i = 1; i < n_shop; i++) {
        check(shop[i], i == 1 || strcmp(shop[i - 1], shop[i]) < 0);
        n_own += strcmp(shop[i], "gsw") == 0;
    }
    assert_int_equal(n_own, 1);
    config_unref(config);
}

static void test_direction(void **state)
{
    static const struct {
        const char *lang, *dir, *separator;
    } rows[] = {
        {"en", "ltr", ", "},
        {"ar", "rtl", "\xd8\x8c "},
        {"ar-EG", "rtl", "\xd8\x8c "},
        {"he", "rtl", ", "},
        {"iw", "rtl", ", "},
        {"fa", "rtl", "\xd8\x8c "},
        {"fa-IR", "rtl", "\xd8\x8c "},
        {"ur", "rtl", "\xd8\x8c "},
        {"yi", "rtl", ", "},
        {"dv", "rtl", ", "},
        {"AR", "rtl", "\xd8\x8c "},
        {"ur-Latn", "ltr", ", "},
        {"az", "ltr", ", "},
        {"az-Arab", "rtl", ", "},
        {"az-Arab-IR", "rtl", ", "},
        {"az-Cyrl", "ltr", ", "},
        {"pa-arab", "rtl", ", "},
        {"sr-Latn", "ltr", ", "},
        {"uz-AF", "ltr", ", "},
        {"tr", "ltr", ", "},
        {"ja", "ltr", "\xe3\x80\x81"},
        {"zh-TW", "ltr", "\xe3\x80\x81"},
        {"zh-cmn-Hans", "ltr", "\xe3\x80\x81"},
        {"ko", "ltr", ", "},
        {"de-1996", "ltr", ", "},
        {"art-x-Arab", "ltr", ", "},
        {"a", "ltr", ", "},
        {"", "ltr", ", "},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        check_text(rows[i].lang, text_of(texts_dir(rows[i].lang)), rows[i].dir);
        check_text(rows[i].lang, text_of(texts_separator(rows[i].lang)), rows[i].separator);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),     cmocka_unit_test(test_lookup),    cmocka_unit_test(test_own_texts),
        cmocka_unit_test(test_languages), cmocka_unit_test(test_direction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
