/*
 * Which language a reader gets: lookup of one tag, and whole Accept-Language
 * headers.
 */
#include "check.h"
#include "crumb/consent/language.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const langs[] = {"en", "de", "fil", "fr", "he", "nb", "pt", "pt-BR", "sr-Latn", "zh", "zh-TW"};

static void test_match(void **state)
{
    static const struct {
        const char *range, *lang; /* "": none fits */
    } rows[] = {
        {"en", "en"},
        {"EN", "en"},
        {"de-AT", "de"},
        {"DE-at", "de"},
        {"de-Latn-AT-1996", "de"},
        {"pt", "pt"},
        {"pt-PT", "pt"},
        {"pt-br", "pt-BR"},
        {"pt-BR-x-a", "pt-BR"},
        {"sr-Latn-RS", "sr-Latn"},
        {"sr", ""}, /* lookup does not guess a script */
        {"sr-Cyrl", ""},
        /* Other names of the same. */
        {"no", "nb"},
        {"no-NO", "nb"},
        {"nn", "nb"},
        {"nn-NO", "nb"},
        {"iw", "he"},
        {"IW-IL", "he"},
        {"tl-PH", "fil"},
        {"zh", "zh"},
        {"zh-CN", "zh"},
        {"zh-SG", "zh"},
        {"zh-Hans", "zh"},
        {"zh-Hans-CN", "zh"},
        {"zh-TW", "zh-TW"},
        {"zh-HK", "zh-TW"},
        {"zh-MO", "zh-TW"},
        {"zh-Hant", "zh-TW"},
        {"zh-Hant-HK", "zh-TW"},
        {"zh-hant-mo", "zh-TW"},
        /* Nothing of ours, or nothing at all. */
        {"tlh", ""},
        {"d", ""},
        {"deu", ""},
        {"", ""},
        {"*", ""},
        {"-", ""},
        {"--", ""},
        {"-de", ""},
        {"de-", "de"},
        {"de--AT", "de"},
        {"de\xff", ""},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        unsigned index = 77;
        bool found = language_match(text_of(rows[i].range), langs, N_ROWS(langs), &index);

        check_equal(rows[i].range, found, rows[i].lang[0] != '\0');
        if (found)
            check_text(rows[i].range, text_of(langs[index]), rows[i].lang);
        else
            check_equal(rows[i].range, index, 77);
    }
}

/* What a site calls Chinese or Norwegian is found by whoever asks in another way, and an exact name comes first. */
static void test_match_own(void **state)
{
    static const char *const own[] = {"en", "no", "zh", "zh-HK", "zh-Hans", "zh-Hant"};
    static const struct {
        const char *range, *lang;
    } rows[] = {
        {"nb", "no"},
        {"nn", "no"},
        {"zh-TW", "zh-Hant"},
        {"zh-HK", "zh-HK"},
        {"zh-MO", "zh-HK"},
        {"zh-CN", "zh-Hans"},
        {"zh-Hans-SG", "zh-Hans"},
        {"zh-SG", "zh-Hans"},
        {"zh-Hant-TW", "zh-Hant"},
        {"zh-Latn", "zh"},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        unsigned index;

        check(rows[i].range, language_match(text_of(rows[i].range), own, N_ROWS(own), &index));
        check_text(rows[i].range, text_of(own[index]), rows[i].lang);
    }
}

/* RFC 9110 section 12.5.4, with RFC 4647 lookup. */
static void test_choose(void **state)
{
    static const struct {
        const char *header, *lang;
    } rows[] = {
        /* None, or none that fits: the first. */
        {"", "en"},
        {"tlh", "en"},
        {"tlh, ia;q=0.5", "en"},
        {"*", "en"},
        /* As browsers send it. */
        {"de", "de"},
        {"de-AT,de;q=0.9,en;q=0.8", "de"},
        {"tlh,de;q=0.9,en;q=0.8", "de"},
        {"zh-HK,zh-TW;q=0.9,zh;q=0.8", "zh-TW"},
        {"no,nb;q=0.9", "nb"},
        {"pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", "pt-BR"},
        /* The order of weights, then the order written. */
        {"fr, de", "fr"},
        {"fr;q=0.8, de", "de"},
        {"fr;q=0.8, de;q=0.9", "de"},
        {"fr;q=0.899, de;q=0.9", "de"},
        {"fr;q=0.5, de;q=0.50, he;q=0.500", "fr"},
        {"fr;q=0.001, tlh", "fr"},
        {"de;q=1.000, fr;q=1", "de"},
        {"en;q=0.2, fr;q=0.4, de;q=0.3, he;q=0.1", "fr"},
        {"de-AT, fr;q=0.9", "de"}, /* a range that fits after cutting keeps its weight */
        /* White space and case. */
        {"  fr  ,\tde ", "fr"},
        {"fr ; q=0.5 , de\t;\tq=0.6", "de"},
        {"FR;Q=0.9", "fr"},
        {"fr,,de", "fr"},
        {", ,fr", "fr"},
        {"fr,", "fr"},
        /* 0 is "not this one". */
        {"de;q=0", "en"},
        {"de;q=0, fr", "fr"},
        {"fr, fr;q=0", "fr"},
        {"de;q=0.0, *", "en"},
        {"en;q=0, *", "de"},
        {"en;q=0, de;q=0, *;q=0.5", "fil"},
        {"en-US;q=0, en", "en"},
        {"de-AT, de;q=0, fr;q=0.1", "fr"}, /* cutting does not lead to what is refused */
        {"zh;q=0, zh-TW", "zh-TW"},        /* the more exact range counts */
        {"zh-TW;q=0, zh", "zh"},
        {"zh-HK, zh-TW;q=0", "zh"},
        {"en;q=0", "en"}, /* something has to be shown */
        {"*;q=0", "en"},
        {"de-AT, *;q=0", "de"},
        /* `*` is what nobody else names. */
        {"*, en;q=0.5", "de"},
        {"*;q=0.5, en;q=0.1, de;q=0.1", "fil"},
        {"fr;q=0.9, *;q=0.5", "fr"},
        {"tlh, *;q=0.5", "en"},
        {"*;q=0.1, de;q=0.2", "de"},
        {"*, en, de, fil, fr, he, nb, pt, pt-BR, sr-Latn, zh, zh-TW;q=0.5", "en"}, /* nothing is left for it */
        /* What is malformed is passed over, and nothing else. */
        {"fr;q=2, de", "de"},
        {"fr;q=1.001, de", "de"},
        {"fr;q=0.1234, de", "de"},
        {"fr;q=-1, de", "de"},
        {"fr;q=.5, de", "de"},
        {"fr;q=0,5, de", "de"}, /* "fr;q=0", "5", "de" */
        {"fr;q=1a, de;q=0.1", "de"},
        {"fr;q=0.a, de;q=0.1", "de"},
        {"fr;q=, de", "de"},
        {"fr;q, de", "de"},
        {"fr;, de", "de"},
        {"fr;level=1, de", "de"},
        {"fr;q=0.5;x=1, de;q=0.1", "de"},
        {"fr q=0.5, de", "de"},
        {"fr_FR, de", "de"},
        {"f\xc3\xa4, de", "de"},
        {"1r, de", "de"},
        {"fr-, de", "de"},
        {"-fr, de", "de"},
        {"fr--FR, de", "de"},
        {"*-FR, de", "de"},
        {"fr*, de", "de"},
        {"frfrfrfrf, de", "de"},
        {"fr-abcdefghi, de", "de"},
        {"fr-abcdefgh-abcdefgh-abcdefgh-abcdefgh, de", "de"}, /* past LANGUAGE_BYTES_MAX */
        {";q=0.5, de", "de"},
        {";;;,,,===", "en"},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_text(rows[i].header, text_of(langs[language_choose(text_of(rows[i].header), langs, N_ROWS(langs))]),
                   rows[i].lang);
}

/* A header of any length costs a bounded effort: what stands behind LANGUAGE_RANGES_MAX ranges is not read. */
static void test_many_ranges(void **state)
{
    char header[LANGUAGE_RANGES_MAX * 16];
    int size = 0;

    for (unsigned n = LANGUAGE_RANGES_MAX - 1; n <= LANGUAGE_RANGES_MAX; n++) {
        size = 0;
        for (unsigned i = 0; i < n; i++)
            size += snprintf(header + size, sizeof header - (size_t)size, "x%c%c;q=0.5,", 'a' + i / 26, 'a' + i % 26);
        snprintf(header + size, sizeof header - (size_t)size, "fr");
        check_text(header, text_of(langs[language_choose(text_of(header), langs, N_ROWS(langs))]),
                   n < LANGUAGE_RANGES_MAX ? "fr" : "en");
    }
}

/* The header ends where its text does. */
static void test_bounds(void **state)
{
    static const char whole[] = "de-AT;q=0.555";

    for (size_t size = 0; size <= sizeof whole - 1; size++) {
        char *copy = malloc(size ? size : 1); /* so that a sanitizer sees a byte too far */

        assert_non_null(copy);
        memcpy(copy, whole, size);
        unsigned chosen = language_choose((struct text){.data = copy, .size = size}, langs, N_ROWS(langs));
        bool good = size == 2 || size == 4 || size == 5 || size >= 11; /* q=0 and q=0. refuse */
        check_equal("de-AT;q=0.555", chosen, good ? 1 : 0);
        free(copy);
    }
}

/* As many languages as there may be, and one. */
static void test_as_many_languages(void **state)
{
    const char *many[TEXTS_LANGUAGES_MAX];

    for (unsigned i = 0; i < TEXTS_LANGUAGES_MAX; i++)
        many[i] = i == TEXTS_LANGUAGES_MAX - 1 ? "fr" : "de";
    assert_int_equal(language_choose(TEXT("fr"), many, TEXTS_LANGUAGES_MAX), TEXTS_LANGUAGES_MAX - 1);
    assert_int_equal(language_choose(TEXT("*, de"), many, TEXTS_LANGUAGES_MAX), TEXTS_LANGUAGES_MAX - 1);
    assert_int_equal(language_choose(TEXT("fr;q=0, *, de;q=0.1"), many, TEXTS_LANGUAGES_MAX), 0);
    assert_int_equal(language_choose(TEXT("fr"), many, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),       cmocka_unit_test(test_match_own), cmocka_unit_test(test_choose),
        cmocka_unit_test(test_many_ranges), cmocka_unit_test(test_bounds),    cmocka_unit_test(test_as_many_languages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
