/*
 * Codings and entity tags that clients name, as tables.
 */
#include "../../src/http/negotiate.h"
#include "check.h"

enum { IDENTITY, GZIP, BR };

static void test_coding(void **state)
{
    static const struct text codings[] = {{"identity", 8}, {"gzip", 4}, {"br", 2}};
    static const struct {
        const char *accept;
        unsigned coding;
    } rows[] = {{"", IDENTITY},
                {"gzip, deflate, br, zstd", BR},
                {"gzip, deflate", GZIP},
                {"deflate", IDENTITY},
                {"BR", BR},
                {"x-gzip", GZIP},
                {" gzip ;q=0.5 , br ; q=0.4", GZIP},
                {"gzip;q=0.5,br;q=0.5", BR},
                {"br;q=0", IDENTITY},
                {"br;q=0.000, gzip;q=0.001", GZIP},
                {"*", BR},
                {"*;q=0.1", BR},
                {"br;q=0, *", GZIP},
                {"*;q=0", IDENTITY},
                {"*;q=0, gzip", GZIP},
                {"identity", IDENTITY},
                {"identity;q=1, gzip;q=0.5", IDENTITY},
                {"identity;q=0.5, gzip;q=0.5", GZIP},
                {"identity;q=0", IDENTITY}, /* nothing is left: better this than nothing, RFC 9110 section 12.5.3 */
                {"identity;q=0, gzip;q=0.1", GZIP},
                {"br;q=1.000, gzip;q=1", BR},
                {"br;q=1.001", IDENTITY}, /* a weight that is none is no yes */
                {"br;q=2", IDENTITY},
                {"br;q=", IDENTITY},
                {"br;q=0.0001", IDENTITY},
                {"br;q=-1", IDENTITY},
                {"br;level=9", BR},
                {"brotli", IDENTITY},
                {"b", IDENTITY},
                {",,,;;;=,", IDENTITY},
                {"gzip;q=0.9;q=0", IDENTITY}};

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_equal(rows[i].accept, negotiate_coding(text_of(rows[i].accept), codings, 3), rows[i].coding);
}

static void test_type(void **state)
{
    enum { JSON, CSV, NDJSON };
    static const struct text types[] = {{"application/json", 16}, {"text/csv", 8}, {"application/x-ndjson", 20}};
    static const struct {
        const char *accept;
        unsigned type;
    } rows[] = {{"", JSON},
                {"*/*", JSON},
                {"text/html", JSON},
                {"text/csv", CSV},
                {"Text/CSV; charset=utf-8", CSV},
                {"text/csv, */*;q=0.1", CSV},
                {"text/csv;q=0", JSON},
                {"application/json, text/csv", JSON},
                {"application/json;q=0.5, text/csv", CSV},
                {"text/csv;q=0.5,application/x-ndjson", NDJSON},
                {"text/csvx", JSON}};

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_equal(rows[i].accept, negotiate_type(text_of(rows[i].accept), types, 3), rows[i].type);
}

static void test_etag(void **state)
{
    static const struct {
        const char *tags;
        bool has;
    } rows[] = {{"\"abc\"", true},        {"W/\"abc\"", true},           {"*", true},
                {"\"x\", \"abc\"", true}, {" \"x\" , W/\"abc\" ", true}, {"", false},
                {"abc", false},           {"\"abcd\"", false},           {"\"ab", false},
                {"\"abc-br\"", false},    {"w/\"abc\"", false},          {",,", false}};

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_equal(rows[i].tags, negotiate_has(text_of(rows[i].tags), TEXT("\"abc\"")), rows[i].has);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_coding), cmocka_unit_test(test_type),
                                       cmocka_unit_test(test_etag)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
