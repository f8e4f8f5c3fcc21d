/*
 * Client addresses: who asks, behind which proxies, and how much of it may be
 * kept.
 *
 * Trusted are 127.0.0.1, 10.0.0.0/8 and 2001:db8:ffff::/48.
 */
#include "check.h"
#include "crumb/ingest/address.h"
#include "store_fixture.h"
#include <arpa/inet.h>
#include <sys/un.h>

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;

    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(4711);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
    }
    return address;
}

/* As people write it; IPv4 behind IPv6 as IPv4. */
static struct text show(const struct sockaddr *address, char text[INET6_ADDRSTRLEN])
{
    uint8_t bytes[ADDRESS_BYTES_MAX];
    struct text kept = address_kept(address, ADDRESS_FULL, bytes);

    return text_of(inet_ntop(kept.size == 4 ? AF_INET : AF_INET6, kept.data, text, INET6_ADDRSTRLEN));
}

static void test_client(void **state)
{
    static const struct {
        const char *name, *peer, *forwarded_for, *client;
    } rows[] = {
        {"no proxy", "203.0.113.9", "", "203.0.113.9"},
        {"no proxy, IPv6", "2001:db8::9", "", "2001:db8::9"},
        {"an untrusted peer tells lies", "203.0.113.9", "198.51.100.1", "203.0.113.9"},
        {"an untrusted peer names a trusted one", "203.0.113.9", "10.0.0.1", "203.0.113.9"},
        {"a trusted peer says nothing", "127.0.0.1", "", "127.0.0.1"},
        {"a trusted peer", "127.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"a trusted peer, IPv6", "2001:db8:ffff::1", "2001:db8::9", "2001:db8::9"},
        {"a trusted peer seen through IPv6", "::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"a neighbour of the trusted one", "127.0.0.2", "198.51.100.1", "127.0.0.2"},
        {"spaces", "127.0.0.1", "  198.51.100.1  ", "198.51.100.1"},
        {"the rightmost that is not trusted", "127.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"},
        {"what the client forged stays left", "127.0.0.1", "10.0.0.1, 192.0.2.66, 198.51.100.1", "198.51.100.1"},
        {"behind two proxies", "127.0.0.1", "198.51.100.1, 10.1.2.3", "198.51.100.1"},
        {"behind three", "127.0.0.1", "192.0.2.66,198.51.100.1,10.1.2.3,2001:db8:ffff::2", "198.51.100.1"},
        {"a trusted one behind an untrusted one", "127.0.0.1", "10.9.9.9, 198.51.100.1", "198.51.100.1"},
        {"all are trusted", "127.0.0.1", "10.0.0.1, 10.0.0.2", "10.0.0.1"},
        {"a hop that is no address", "127.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"},
        {"no hop is an address", "127.0.0.1", "unknown", "127.0.0.1"},
        {"an empty hop", "127.0.0.1", "198.51.100.1,", "127.0.0.1"},
        {"an empty hop in between", "127.0.0.1", "198.51.100.1,,10.0.0.2", "10.0.0.2"},
        {"an empty hop at the left", "127.0.0.1", ",198.51.100.1", "198.51.100.1"},
        {"commas", "127.0.0.1", ",,,", "127.0.0.1"},
        {"a port", "127.0.0.1", "198.51.100.1:4711", "198.51.100.1"},
        {"brackets", "127.0.0.1", "[2001:db8::9]", "2001:db8::9"},
        {"brackets and a port", "127.0.0.1", "[2001:db8::9]:4711", "2001:db8::9"},
        {"empty brackets", "127.0.0.1", "[]", "127.0.0.1"},
        {"IPv4 in IPv6", "127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"},
        {"IPv4 in IPv6, in brackets", "127.0.0.1", "[::ffff:198.51.100.1]:80", "198.51.100.1"},
        {"a trusted one, IPv4 in IPv6", "127.0.0.1", "198.51.100.1, ::ffff:10.1.2.3", "198.51.100.1"},
        {"IPv4 in IPv6, in hexadecimal", "127.0.0.1", "::ffff:c633:6401", "198.51.100.1"},
        {"a zone", "127.0.0.1", "fe80::1%eth0", "127.0.0.1"},
        {"a number too large", "127.0.0.1", "198.51.100.256", "127.0.0.1"},
        {"three numbers", "127.0.0.1", "198.51.100", "127.0.0.1"},
        {"hexadecimal", "127.0.0.1", "0xc6.51.100.1", "127.0.0.1"},
        {"a name", "127.0.0.1", "shop.example", "127.0.0.1"},
        {"a tab", "127.0.0.1", "\t198.51.100.1", "127.0.0.1"},
        {"endless digits", "127.0.0.1", "1111111111111111111111111111111111111111111111111111.1.1.1", "127.0.0.1"},
        {"the grammar of the other header", "127.0.0.1", "for=198.51.100.1", "127.0.0.1"},
    };
    struct config *config = store_fixture_config(store_fixture_yaml);

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct sockaddr_storage peer = address_of(rows[i].peer);
        struct address_headers headers = {.forwarded_for = text_of(rows[i].forwarded_for)};
        struct client client = address_client(config, (struct sockaddr *)&peer, &headers);
        char shown[INET6_ADDRSTRLEN];

        check_text(rows[i].name, show((struct sockaddr *)&client.address, shown), rows[i].client);
        check(rows[i].name, !client.https);
    }
    config_unref(config);
}

static void test_forwarded(void **state)
{
    static const struct {
        const char *name, *peer, *forwarded, *forwarded_for, *client;
    } rows[] = {
        {"no proxy", "203.0.113.9", "for=198.51.100.1", "", "203.0.113.9"},
        {"a trusted peer", "127.0.0.1", "for=198.51.100.1", "", "198.51.100.1"},
        {"among other things", "127.0.0.1", "by=10.0.0.1;for=198.51.100.1;proto=https;host=a.example", "",
         "198.51.100.1"},
        {"in capitals, with spaces", "127.0.0.1", " By=x ; FOR = 198.51.100.1 ", "", "198.51.100.1"},
        {"quoted", "127.0.0.1", "for=\"198.51.100.1\"", "", "198.51.100.1"},
        {"with a port", "127.0.0.1", "for=\"198.51.100.1:4711\"", "", "198.51.100.1"},
        {"IPv6", "127.0.0.1", "For=\"[2001:db8::9]:4711\"", "", "2001:db8::9"},
        {"the rightmost that is not trusted", "127.0.0.1", "for=192.0.2.66, for=198.51.100.1, for=10.0.0.1", "",
         "198.51.100.1"},
        {"all are trusted", "127.0.0.1", "for=10.0.0.1,for=10.0.0.2", "", "10.0.0.1"},
        {"unknown", "127.0.0.1", "for=unknown", "", "127.0.0.1"},
        {"hidden", "127.0.0.1", "for=198.51.100.1, for=_gazonk, for=10.0.0.2", "", "10.0.0.2"},
        {"nobody", "127.0.0.1", "proto=https", "", "127.0.0.1"},
        {"an empty element", "127.0.0.1", "for=198.51.100.1,", "", "127.0.0.1"},
        {"semicolons", "127.0.0.1", ";;for=198.51.100.1;;", "", "198.51.100.1"},
        {"for twice", "127.0.0.1", "for=198.51.100.1;for=192.0.2.66", "", "127.0.0.1"},
        {"without for", "127.0.0.1", "198.51.100.1", "", "127.0.0.1"},
        {"another word that ends so", "127.0.0.1", "before=198.51.100.1", "", "127.0.0.1"},
        {"a quote that does not end", "127.0.0.1", "for=\"198.51.100.1", "", "127.0.0.1"},
        {"a quote alone", "127.0.0.1", "for=\"", "", "127.0.0.1"},
        {"an escape", "127.0.0.1", "for=\"198.51.100.1\\\"\"", "", "127.0.0.1"},
        {"an open quote of the client", "127.0.0.1", "for=\"192.0.2.66, for=198.51.100.1", "", "198.51.100.1"},
        {"a comma of the client in quotes", "127.0.0.1", "for=\"a, for=192.0.2.66\", for=198.51.100.1", "",
         "198.51.100.1"},
        {"both, the same", "127.0.0.1", "for=198.51.100.1", "198.51.100.1", "198.51.100.1"},
        {"both: the one that more proxies write", "127.0.0.1", "for=192.0.2.66", "198.51.100.1", "198.51.100.1"},
        {"both, the first of them rubbish", "127.0.0.1", "for=192.0.2.66", "unknown", "127.0.0.1"},
    };
    struct config *config = store_fixture_config(store_fixture_yaml);

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct sockaddr_storage peer = address_of(rows[i].peer);
        struct address_headers headers = {.forwarded = text_of(rows[i].forwarded),
                                          .forwarded_for = text_of(rows[i].forwarded_for)};
        struct client client = address_client(config, (struct sockaddr *)&peer, &headers);
        char shown[INET6_ADDRSTRLEN];

        check_text(rows[i].name, show((struct sockaddr *)&client.address, shown), rows[i].client);
    }
    config_unref(config);
}

/* Of a header that is too long the right end counts, which the trusted proxy wrote, and never a part of a hop. */
static void test_too_long(void **state)
{
    static const struct {
        const char *name, *last, *client;
        bool https;
    } rows[] = {
        {"a client", ",for=203.0.113.9;proto=https", "203.0.113.9", true},
        {"a client behind another proxy", ",for=203.0.113.9,for=10.0.0.1", "203.0.113.9", false},
        {"no end at all", "", "127.0.0.1", false},
    };
    struct config *config = store_fixture_config(store_fixture_yaml);
    struct sockaddr_storage peer = address_of("127.0.0.1");

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        for (size_t more = 0; more < 40; more++) {
            BUFFER_AUTO hops = BUFFER_INIT(4 * FORWARDED_BYTES_MAX);
            char shown[INET6_ADDRSTRLEN];

            while (rows[i].last[0] && hops.size <= FORWARDED_BYTES_MAX)
                buffer_put_text(&hops, TEXT("for=198.51.100.1,"));
            /* One hop that is longer than everything; and the cut at each place of it. */
            while (hops.size <= 2 * FORWARDED_BYTES_MAX + more)
                buffer_put_u8(&hops, '1');
            buffer_put_text(&hops, text_of(rows[i].last));
            struct address_headers headers = {.forwarded = buffer_text(&hops)};
            struct client client = address_client(config, (struct sockaddr *)&peer, &headers);
            check_text(rows[i].name, show((struct sockaddr *)&client.address, shown), rows[i].client);
            check_equal(rows[i].name, client.https, rows[i].https);
        }
    }
    /* A hop that the cut goes through is not believed, though its rest is an address. */
    for (size_t size = FORWARDED_BYTES_MAX + 1; size < FORWARDED_BYTES_MAX + 13; size++) {
        BUFFER_AUTO hops = BUFFER_INIT(4 * FORWARDED_BYTES_MAX);
        char shown[INET6_ADDRSTRLEN];

        buffer_put_text(&hops, TEXT("198.51.100.1"));
        while (hops.size + strlen(",10.0.0.1") < size)
            buffer_put_text(&hops, TEXT(",10.0.0.1"));
        struct address_headers headers = {.forwarded_for = buffer_text(&hops)};
        struct client client = address_client(config, (struct sockaddr *)&peer, &headers);
        if (hops.size > FORWARDED_BYTES_MAX)
            assert_text(show((struct sockaddr *)&client.address, shown), "10.0.0.1");
    }
    config_unref(config);
}

static void test_https(void **state)
{
    static const struct {
        const char *name, *peer, *proto, *forwarded, *forwarded_for;
        bool https;
    } rows[] = {
        {"a trusted peer says so", "127.0.0.1", "https", "", "", true},
        {"with spaces", "10.0.0.1", " https ", "", "", true},
        {"a trusted peer says http", "127.0.0.1", "http", "", "", false},
        {"a trusted peer says nothing", "127.0.0.1", "", "", "", false},
        {"two words", "127.0.0.1", "https, http", "", "", false},
        {"something longer", "127.0.0.1", "httpsx", "", "", false},
        {"an untrusted peer says so", "203.0.113.9", "https", "", "", false},
        {"in the other header", "127.0.0.1", "", "for=198.51.100.1;proto=https", "", true},
        {"only there", "127.0.0.1", "", "proto=\"https\"", "", true},
        {"of another hop", "127.0.0.1", "", "for=198.51.100.1;proto=https, for=10.0.0.1", "", false},
        {"an untrusted peer in the other header", "203.0.113.9", "", "proto=https", "", false},
        {"the other header, made up by a client", "127.0.0.1", "", "proto=https", "198.51.100.1", false},
        {"the other header, against the first", "127.0.0.1", "http", "proto=https", "", false},
    };
    struct config *config = store_fixture_config(store_fixture_yaml);

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct sockaddr_storage peer = address_of(rows[i].peer);
        struct address_headers headers = {.proto = text_of(rows[i].proto),
                                          .forwarded = text_of(rows[i].forwarded),
                                          .forwarded_for = text_of(rows[i].forwarded_for)};

        check_equal(rows[i].name, address_client(config, (struct sockaddr *)&peer, &headers).https, rows[i].https);
    }
    config_unref(config);
}

static void test_kept(void **state)
{
    static const struct {
        const char *address;
        size_t full, truncated; /* bytes */
    } rows[] = {
        {"203.0.113.9", 4, 3},        {"0.0.0.0", 4, 3},        {"255.255.255.255", 4, 3},
        {"2001:db8:1:2::9", 16, 6},   {"::1", 16, 6},           {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 16, 6},
        {"::ffff:203.0.113.9", 4, 3}, {"::203.0.113.9", 16, 6}, {"::fffe:203.0.113.9", 16, 6},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct sockaddr_storage storage = address_of(rows[i].address);
        const struct sockaddr *address = (struct sockaddr *)&storage;
        uint8_t full[ADDRESS_BYTES_MAX], truncated[ADDRESS_BYTES_MAX], none[ADDRESS_BYTES_MAX];

        memset(truncated, 0xee, sizeof truncated);
        check_equal(rows[i].address, address_kept(address, ADDRESS_FULL, full).size, rows[i].full);
        struct text kept = address_kept(address, ADDRESS_TRUNCATED, truncated);
        check_equal(rows[i].address, kept.size, rows[i].truncated);
        /* A part of the whole, and what is cut off is nowhere behind it. */
        check(rows[i].address, memcmp(full, kept.data, kept.size) == 0);
        for (size_t at = kept.size; at < sizeof truncated; at++)
            check_equal(rows[i].address, truncated[at], 0xee);
        check_equal(rows[i].address, address_kept(address, ADDRESS_NONE, none).size, 0);
    }
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    uint8_t bytes[ADDRESS_BYTES_MAX];
    assert_int_equal(address_kept((struct sockaddr *)&path, ADDRESS_FULL, bytes).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client), cmocka_unit_test(test_forwarded), cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_https),  cmocka_unit_test(test_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
