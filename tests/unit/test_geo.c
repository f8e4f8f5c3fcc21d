/*
 * The geo database: good files of both shapes, and every way in which a file
 * can be broken.  The good ones are made by tests/http/mmdb.mjs at build time;
 * GEO_NESTED and GEO_FLAT name them.
 */
#include "check.h"
#include "crumb/base/buffer.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/geo.h"
#include "crumb/ingest/geodata.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* In memory where there is such a place: it is written thousands of times. */
static char scratch[] = "/dev/shm/crumb-geo-XXXXXX";

/* The tree is the same thing over and over; the values and the metadata are at the end. */
static bool is_worth_a_look(size_t at, size_t size) { return at % 23 == 0 || at + 1000 > size; }

/* ---- files ---- */

static struct buffer read_file(const char *variable)
{
    const char *path = getenv(variable);
    FILE *file = path ? fopen(path, "rb") : NULL;
    struct buffer bytes = BUFFER_INIT(1 << 20);
    int c;

    if (!file)
        fail_msg("%s names no file that can be read", variable);
    while ((c = fgetc(file)) != EOF)
        buffer_put_u8(&bytes, (uint8_t)c);
    fclose(file);
    assert_int_equal(bytes.fault, 0);
    return bytes;
}

static void write_file(const void *bytes, size_t size)
{
    FILE *file = fopen(scratch, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static struct geo *open_file(const char *path)
{
    BUFFER_AUTO complaint = BUFFER_INIT(8192);
    struct geo *geo = NULL;
    int r = geo_open(path, &geo, &complaint);

    assert_true(r == 0 || r == GEO_E_UNUSABLE);
    assert_true((r == 0) == (geo != NULL) && (r == 0) == (complaint.size == 0));
    return geo;
}

static struct geo *open_good(const char *variable)
{
    struct geo *geo = open_file(getenv(variable));

    assert_non_null(geo);
    return geo;
}

/* ---- looking ---- */

static struct place locate_city(const struct geo *geo, const char *address, struct text *ret_city)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        return geo_locate_city(geo, (struct sockaddr *)&v4, ret_city);
    assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    return geo_locate_city(geo, (struct sockaddr *)&v6, ret_city);
}

static struct place locate(const struct geo *geo, const char *address)
{
    struct text city;

    return locate_city(geo, address, &city);
}

static const char *const addresses[] = {"203.0.113.9",    "198.51.100.7", "198.51.100.200", "192.0.2.1", "192.0.2.2",
                                        "192.0.2.3",      "192.0.2.4",    "192.0.2.5",      "192.0.2.6", "192.0.2.7",
                                        "192.0.2.8",      "10.0.0.1",     "2001:db8::1",    "2002::1",   "::1",
                                        "255.255.255.255"};

static void test_nested(void **state)
{
    static const struct {
        const char *address, *country, *region, *city;
    } rows[] = {
        {"203.0.113.9", "DE", "BE", "Somewhere"},
        {"198.51.100.7", "US", "CA", "Somewhere"},
        {"198.51.100.200", "US", "", "Somewhere"},
        {"192.0.2.1", "", "", ""},
        {"192.0.2.2", "US", "", "Somewhere"},
        {"192.0.2.3", "", "", ""},
        {"192.0.2.4", "", "", ""},
        {"192.0.2.5", "", "", ""},
        {"192.0.2.6", "", "", ""},
        {"192.0.2.7", "US", "", ""},
        {"192.0.2.8", "US", "", ""},
        {"192.0.2.9", "US", "", ""},
        {"192.0.2.10", "US", "", ""},
        {"192.0.2.11", "US", "", ""},
        {"10.0.0.1", "", "", ""},
        {"2001:db8::1", "FR", "75", "Somewhere"},
        {"2002::1", "", "", ""},
    };
    struct geo *geo = open_good("GEO_NESTED");

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct text city = TEXT("untouched");
        struct place place = locate_city(geo, rows[i].address, &city);

        check_text(rows[i].address, text_of(place.country), rows[i].country);
        check_text(rows[i].address, text_of(place.region), rows[i].region);
        check_text(rows[i].address, city, rows[i].city);
    }
    geo_free(geo);
}

static void test_flat(void **state)
{
    static const struct {
        const char *address, *country, *region, *city;
    } rows[] = {
        {"203.0.113.9", "DE", "BE", "K\xc3\xb6ln am Meer"},
        {"198.51.100.200", "US", "", ""},
        {"192.0.2.1", "", "", ""},
        {"192.0.2.2", "", "", ""},
        {"192.0.2.3", "", "", ""},
        {"2001:db8:ffff::1", "FR", "", ""},
    };
    struct geo *geo = open_good("GEO_FLAT");

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct text city;
        struct place place = locate_city(geo, rows[i].address, &city);

        check_text(rows[i].address, text_of(place.country), rows[i].country);
        check_text(rows[i].address, text_of(place.region), rows[i].region);
        check_text(rows[i].address, city, rows[i].city);
    }
    geo_free(geo);
}

static void test_no_address_no_database(void **state)
{
    struct geo *geo = open_good("GEO_FLAT");
    const struct sockaddr other = {.sa_family = AF_UNIX};

    assert_string_equal(geo_locate(geo, &other).country, "");
    assert_string_equal(locate(NULL, "203.0.113.9").country, "");
    assert_null(geo_free(geo));
    assert_null(geo_free(NULL));
}

/* ---- broken files ---- */

/* Whatever the file: it is refused, or every answer has the form of one. */
static void look_everywhere(struct geo *geo)
{
    for (size_t i = 0; geo && i < N_ROWS(addresses); i++) {
        struct text city;
        struct place place = locate_city(geo, addresses[i], &city);

        assert_true(city.size <= CITY_BYTES_MAX && g_utf8_validate_len(city.size ? city.data : "", city.size, NULL));
        assert_true(strlen(place.country) == 2 || !place.country[0]);
        assert_true(strlen(place.region) <= 3 && (place.country[0] || !place.region[0]));
    }
    geo_free(geo);
}

static void test_files_that_are_none(void **state)
{
    static const char *const contents[] = {"", "x", "\xab\xcd\xefMaxMind.com", "\xab\xcd\xefMaxMind.com\xe0",
                                           "not a database, but some words that are long enough to hold one"};

    for (size_t i = 0; i < N_ROWS(contents); i++) {
        write_file(contents[i], strlen(contents[i]));
        assert_null(open_file(scratch));
    }
    assert_null(open_file("/nonexistent/geo.mmdb"));
    assert_null(open_file("/tmp"));
    assert_null(open_file("/dev/zero"));
}

/* A pipe that nobody writes to would be waited for. */
static void test_pipe(void **state)
{
    assert_int_equal(unlink(scratch), 0);
    assert_int_equal(mkfifo(scratch, 0600), 0);
    assert_null(open_file(scratch));
    assert_int_equal(unlink(scratch), 0);
}

static void test_truncated_everywhere(void **state)
{
    BUFFER_AUTO file = read_file("GEO_NESTED");

    for (size_t size = 0; size < file.size; size++) {
        if (!is_worth_a_look(size, file.size))
            continue;
        write_file(file.data, size);
        look_everywhere(open_file(scratch));
    }
}

/* Each byte in turn, as 0, as all ones, and with its highest bit turned: types, sizes, pointers, the tree. */
static void test_damaged_everywhere(void **state)
{
    BUFFER_AUTO file = read_file("GEO_NESTED");

    for (size_t at = 0; at < file.size; at++) {
        uint8_t was = file.data[at];
        const uint8_t values[] = {0, 0xff, was ^ 0x80, was ^ 0x20};

        if (!is_worth_a_look(at, file.size))
            continue;
        for (size_t i = 0; i < N_ROWS(values); i++) {
            file.data[at] = values[i];
            write_file(file.data, file.size);
            look_everywhere(open_file(scratch));
        }
        file.data[at] = was;
    }
}

/* Cut off and written over while it is open: the copy in memory is what counts. */
static void test_changed_while_open(void **state)
{
    BUFFER_AUTO file = read_file("GEO_NESTED");

    write_file(file.data, file.size);
    struct geo *geo = open_file(scratch);
    assert_int_equal(truncate(scratch, 0), 0);
    assert_string_equal(locate(geo, "203.0.113.9").country, "DE");
    assert_int_equal(truncate(scratch, (off_t)file.size), 0);
    assert_string_equal(locate(geo, "198.51.100.7").region, "CA");
    geo_free(geo);
}

/* Metadata that libmaxminddb would follow as deep as its stack, or twice as often with each level. */
static void test_metadata_bombs(void **state)
{
    BUFFER_AUTO deep = BUFFER_INIT(1 << 20), wide = BUFFER_INIT(1 << 20);

    buffer_put_text(&deep, TEXT("\xab\xcd\xefMaxMind.com"));
    for (unsigned i = 0; i < 60000; i++)
        buffer_put_text(&deep, TEXT("\xe1\x40")); /* a map of one, its key "" */
    write_file(deep.data, deep.size);
    assert_null(open_file(scratch));

    buffer_put_text(&wide, TEXT("\xab\xcd\xefMaxMind.com"));
    buffer_put_text(&wide, TEXT("\xe1\x49languages\x1f\x04\xff\xff\xff")); /* a list of 16 million */
    write_file(wide.data, wide.size);
    assert_null(open_file(scratch));
}

/* ---- values ---- */

#define T(s)                                                                                                           \
    {                                                                                                                  \
        .data = s, .size = sizeof(s) - 1                                                                               \
    }

static void test_values(void **state)
{
    static const char *const key[] = {"k", NULL}, *const second[] = {"l", "1", NULL}, *const itself[] = {NULL};
    static const char *const deeper[] = {"k", "k", NULL};
    static const struct {
        const char *name;
        struct text section;
        const char *const *path;
        const char *text; /* NULL: none */
    } rows[] = {
        {"a text",
         T("\x43"
           "abc"),
         itself, "abc"},
        {"an empty text", T("\x40"), itself, ""},
        {"a text cut off",
         T("\x43"
           "ab"),
         itself, NULL},
        {"a number", T("\xa1\x05"), itself, NULL},
        {"nothing", T(""), itself, NULL},
        {"a member", T("\xe1\x41k\x41v"), key, "v"},
        {"behind another", T("\xe2\x41j\xa1\x05\x41k\x41v"), key, "v"},
        {"behind a map and a list",
         T("\xe3\x41h\xe1\x41k\x41x\x41j\x02\x04\x41"
           "a\x41"
           "b\x41k\x41v"),
         key, "v"},
        {"behind a boolean", T("\xe2\x41j\x01\x07\x41k\x41v"), key, "v"},
        {"behind a double and a float",
         T("\xe3\x41i\x68"
           "12345678"
           "\x41j\x04\x08"
           "1234"
           "\x41k\x41v"),
         key, "v"},
        {"behind a pointer", T("\xe2\x41j\x20\x02\x41k\x41v"), key, "v"},
        {"a key by a pointer", T("\xe1\x20\x05\x41v\x41k"), key, "v"},
        {"a value by a pointer", T("\xe1\x41k\x20\x05\x41w"), key, "w"},
        {"not there", T("\xe1\x41j\x41v"), key, NULL},
        {"an item",
         T("\xe1\x41l\x02\x04\x41"
           "a\x41"
           "b"),
         second, "b"},
        {"one item too few",
         T("\xe1\x41l\x01\x04\x41"
           "a"),
         second, NULL},
        {"an item of a text",
         T("\xe1\x41l\x41"
           "a"),
         second, NULL},
        {"a size of one byte more",
         T("\x5d\x01"
           "abcdefghijklmnopqrstuvwxyz0123"),
         itself, "abcdefghijklmnopqrstuvwxyz0123"},
        {"a size that is not there", T("\x5d"), itself, NULL},
        {"a pointer to itself", T("\x20\x00"), itself, NULL},
        {"two pointers in a circle", T("\x20\x02\x20\x00"), itself, NULL},
        {"a map in itself", T("\xe1\x41k\x20\x00"), deeper, NULL},
        {"a pointer beyond the end", T("\xe1\x41k\x27\xff"), key, NULL},
        {"a far pointer beyond the end", T("\xe1\x41k\x38\xff\xff\xff\xff"), key, NULL},
        {"a map of 16 million", T("\xff\xff\xff\xff\x41j\x41v"), key, NULL},
        {"a list of 16 million", T("\xe2\x41j\x1f\x04\xff\xff\xff"), key, NULL},
        {"a type that there is not", T("\xe2\x41j\x00\xf0\x41k\x41v"), key, "v"},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct text text = TEXT("untouched");
        bool found = geodata_text(rows[i].section, 0, rows[i].path, &text);

        check_equal(rows[i].name, found, rows[i].text != NULL);
        check_text(rows[i].name, text, found ? rows[i].text : "untouched");
    }
}

/* A walk ends by itself: deep, wide or endless. */
static void test_steps(void **state)
{
    static const char *const path[] = {"k", NULL};
    BUFFER_AUTO deep = BUFFER_INIT(1 << 20), long_one = BUFFER_INIT(1 << 20);
    struct text text;

    buffer_put_text(&deep, TEXT("\xe2\x41j"));
    for (unsigned i = 0; i < 100000; i++)
        buffer_put_text(&deep, TEXT("\xe1\x40"));
    assert_false(geodata_text(buffer_text(&deep), 0, path, &text));
    assert_false(geodata_is_plain(buffer_text(&deep), 0));

    /* As many members as steps: the last one is not reached; a few less and it is. */
    for (unsigned n = GEO_STEPS_MAX / 2 - 10; n < GEO_STEPS_MAX / 2 + 10; n += 19) {
        buffer_clear(&long_one);
        unsigned more = n + 1 - 285;
        buffer_put_u8(&long_one, 0xfe);
        buffer_put_u16(&long_one, (uint16_t)more);
        for (unsigned i = 0; i < n; i++)
            buffer_put_text(&long_one, TEXT("\x41j\x40"));
        buffer_put_text(&long_one, TEXT("\x41k\x41v"));
        assert_int_equal(geodata_text(buffer_text(&long_one), 0, path, &text), n < GEO_STEPS_MAX / 2);
    }
}

static void test_plain(void **state)
{
    static const struct {
        const char *name;
        struct text section;
        bool plain;
    } rows[] = {
        {"a map", T("\xe1\x41k\x41v"), true},
        {"a pointer to a text", T("\xe1\x41k\x20\x01"), true},
        {"a pointer to a map", T("\xe1\x41k\x20\x00"), false},
        {"a pointer to a pointer", T("\xe1\x41k\x20\x03"), false},
        {"a pointer to a list", T("\xe2\x41k\x01\x04\x40\x41j\x20\x03"), false},
        {"cut off", T("\xe1\x41k"), false},
        {"nothing", T(""), false},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_equal(rows[i].name, geodata_is_plain(rows[i].section, 0), rows[i].plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_flat),
        cmocka_unit_test(test_no_address_no_database),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_truncated_everywhere),
        cmocka_unit_test(test_damaged_everywhere),
        cmocka_unit_test(test_changed_while_open),
        cmocka_unit_test(test_metadata_bombs),
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_plain),
    };
    if (access("/dev/shm", W_OK) < 0)
        memmove(scratch, "/tmp/crumb-geo-XXXXXX", sizeof "/tmp/crumb-geo-XXXXXX");
    int fd = mkstemp(scratch);

    if (fd < 0)
        return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(scratch);
    return failed;
}
