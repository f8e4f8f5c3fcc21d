/*
 * What places are called, and that the tables are sorted, by which they are
 * found.
 */
#include "check.h"
#include "crumb/rollup/place.h"

static void test_names(void **state)
{
    static const struct {
        struct text (*name_of)(struct text code);
        const char *code, *name;
    } rows[] = {
        {place_country, "DE", "Germany"},
        {place_country, "US", "United States"},
        {place_country, "AD", "Andorra"},
        {place_country, "ZW", "Zimbabwe"},
        {place_country, "KR", "South Korea"}, /* not "Korea, Republic of" */
        {place_country, "XK", "Kosovo"},
        {place_country, "ZZ", "ZZ"},
        {place_country, "D", "D"},
        {place_country, "DEU", "DEU"},
        {place_country, "", ""},
        {place_region, "US-CA", "California"},
        {place_region, "DE-BY", "Bayern"},
        {place_region, "AT-9", "Wien"},
        {place_region, "US-ZZ", "US-ZZ"},
        {place_region, "US", "US"},
        {place_region, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_text(rows[i].code, rows[i].name_of(text_of(rows[i].code)), rows[i].name);
}

static void test_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < place_n_countries; i++)
        check(place_countries[i].code, strcmp(place_countries[i - 1].code, place_countries[i].code) < 0);
    for (size_t i = 1; i < place_n_regions; i++)
        check(place_regions[i].code, strcmp(place_regions[i - 1].code, place_regions[i].code) < 0);
    assert_true(place_n_countries > 240);
    assert_true(place_n_regions > 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_sorted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
