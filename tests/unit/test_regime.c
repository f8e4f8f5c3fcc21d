/*
 * Regimes: a table of places and configurations.
 */
#include "check.h"
#include "crumb/consent/regime.h"

#define IN REGIME_OPT_IN
#define OUT REGIME_OPT_OUT
#define ONLY REGIME_NOTICE_ONLY

static struct country_regime mixed[] = {{"US", "", ONLY}, {"US", "CA", OUT},   {"US", "VA", IN},
                                        {"DE", "", IN},   {"CA", "QC", IN},    {"CA", "ON", OUT},
                                        {"AU", "", OUT},  {"AU", "VIC", ONLY}, {"XK", "", ONLY}};

static const struct {
    const char *name;
    enum regime fallback;
    struct place place;
    enum regime regime;
} rows[] = {
    {"unknown", IN, {"", ""}, IN},
    {"unknown, the default is milder", OUT, {"", ""}, OUT},
    {"a region without its country", ONLY, {"", "CA"}, ONLY},
    {"a country that is not written", IN, {"FR", "75"}, IN},
    {"the same, the default is milder", OUT, {"FR", ""}, OUT},
    {"a country that is stricter than the default", OUT, {"DE", "BE"}, IN},
    {"a country that is milder than the default", IN, {"AU", "NSW"}, OUT},
    {"a region of its own", IN, {"US", "CA"}, OUT},
    {"a region that is stricter", OUT, {"US", "VA"}, IN},
    {"another region: the country's", IN, {"US", "TX"}, ONLY},
    {"a region of another country by the same letters", IN, {"DE", "CA"}, IN},
    {"a region milder than its country", IN, {"AU", "VIC"}, ONLY},
    {"the region is unknown: the strictest of the country", OUT, {"US", ""}, IN},
    {"the region is unknown and only a region is milder", IN, {"AU", ""}, OUT},
    {"only regions are written, another one", ONLY, {"CA", "BC"}, ONLY},
    {"only regions are written, one is unknown", ONLY, {"CA", ""}, IN},
    {"only regions are written, one of them", IN, {"CA", "ON"}, OUT},
};

static void test_table(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct site site = {.regime = rows[i].fallback, .regimes = mixed, .n_regimes = N_ROWS(mixed)};

        check_text(rows[i].name, text_of(words_regime(regime_of(&site, &rows[i].place))), words_regime(rows[i].regime));
    }
}

/* P7: without a word about regimes everybody is asked. */
static void test_nothing_written(void **state)
{
    const struct site site = {.regime = REGIME_OPT_IN};
    const struct place places[] = {{"", ""}, {"US", ""}, {"US", "CA"}};

    for (size_t i = 0; i < N_ROWS(places); i++)
        assert_int_equal(regime_of(&site, &places[i]), REGIME_OPT_IN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_nothing_written)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
