/*
 * Rates as a table of steps, and the promises about many clients at once: a
 * flood takes nothing from others, whoever is limited stays so, and threads
 * share one bucket exactly.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/rate.h"
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define NOW 1772443800000LL
#define BURST (10 * RATE_BURST_S) /* at ten a second */
#define N_THREADS 4
#define FLOOD 1000000

static bool no_memory;
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size) { return no_memory ? NULL : __real_calloc(n, size); }

static struct rates *make(void)
{
    struct random_seeded random = random_seeded(1);
    struct rates *rates;

    assert_int_equal(rates_new(&random.super, &rates), 0);
    return rates;
}

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage address = {.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET};
    void *bytes = address.ss_family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                                                : (void *)&((struct sockaddr_in *)&address)->sin_addr;

    assert_int_equal(inet_pton(address.ss_family, text, bytes), 1);
    return address;
}

static unsigned take(struct rates *rates, const char *address, unsigned per_s, unsigned n, int64_t now_ms)
{
    struct sockaddr_storage client = address_of(address);

    return rates_take(rates, RATE_EVENTS, (struct sockaddr *)&client, per_s, n, now_ms);
}

/* One table after the other, each in the order of time. */
static void test_steps(void **state)
{
    static const struct {
        const char *name;
        bool fresh; /* a table of its own begins */
        int64_t after_ms;
        enum rate_kind kind;
        const char *address;
        unsigned per_s, n, taken;
    } rows[] = {
        {"one token", true, 0, RATE_EVENTS, "192.0.2.1", 10, 1, 1},
        {"the rest of the burst, and no more", false, 0, RATE_EVENTS, "192.0.2.1", 10, 1000, BURST - 1},
        {"nothing is left", false, 0, RATE_EVENTS, "192.0.2.1", 10, 1, 0},
        {"another address has its own", false, 0, RATE_EVENTS, "192.0.2.2", 10, 1000, BURST},
        {"another kind, too", false, 0, RATE_GRANTS, "192.0.2.1", 10, 1000, BURST},
        {"refusals are not grants", false, 0, RATE_REFUSALS, "192.0.2.1", 10, 1000, BURST},
        {"just before the next token", false, 99, RATE_EVENTS, "192.0.2.1", 10, 1, 0},
        {"the next token", false, 100, RATE_EVENTS, "192.0.2.1", 10, 1000, 1},
        {"asking for more than there is does not cost more", false, 200, RATE_EVENTS, "192.0.2.1", 10, 1000, 1},
        {"half a burst later", false, 200 + 15000, RATE_EVENTS, "192.0.2.1", 10, 1000, BURST / 2},
        {"long after, no more than a burst", false, 1LL << 40, RATE_EVENTS, "192.0.2.1", 10, 1000, BURST},

        {"the clock is set back by a day", true, 86400000, RATE_EVENTS, "192.0.2.1", 10, 1000, BURST},
        {"and nobody is limited for longer than a burst lasts", false, 0, RATE_EVENTS, "192.0.2.1", 10, 1, 0},
        {"which is now", false, 30000, RATE_EVENTS, "192.0.2.1", 10, 1000, BURST},

        {"no limit", true, 0, RATE_EVENTS, "192.0.2.1", 0, 1000000, 1000000},
        {"the smallest rate", false, 0, RATE_EVENTS, "192.0.2.1", 1, 1000, RATE_BURST_S},
        {"a larger one after a reload takes the debt as time", false, 0, RATE_EVENTS, "192.0.2.1", 10, 1000, 0},
        {"the largest rate", false, 0, RATE_EVENTS, "192.0.2.3", RATE_PER_S_MAX, 40000000, RATE_BURST_S * 1000000},

        {"one address of a network of IPv6", true, 0, RATE_EVENTS, "2001:db8::1", 10, 1000, BURST},
        {"its neighbour in the /64", false, 0, RATE_EVENTS, "2001:db8::ffff:1", 10, 1, 0},
        {"the next /64", false, 0, RATE_EVENTS, "2001:db8:0:1::1", 10, 1, 1},
        {"IPv4", false, 0, RATE_EVENTS, "192.0.2.1", 10, 1000, BURST},
        {"the same by IPv6", false, 0, RATE_EVENTS, "::ffff:192.0.2.1", 10, 1, 0},
        {"its neighbour by IPv6", false, 0, RATE_EVENTS, "::ffff:192.0.2.2", 10, 1, 1},
    };
    struct rates *rates = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sockaddr_storage client = address_of(rows[i].address);

        if (rows[i].fresh) {
            rates_free(rates);
            rates = make();
        }
        unsigned taken = rates_take(rates, rows[i].kind, (struct sockaddr *)&client, rows[i].per_s, rows[i].n,
                                    NOW + rows[i].after_ms);
        if (taken != rows[i].taken)
            fail_msg("%s: %u instead of %u", rows[i].name, taken, rows[i].taken);
    }
    rates_free(rates);
}

/* Nobody is limited whose address is not known: a Unix socket's client, a replayed line without one. */
static void test_no_address(void **state)
{
    struct rates *rates = make();
    struct sockaddr_storage unix_socket = {.ss_family = AF_UNIX};

    (void)state;
    assert_int_equal(rates_take(rates, RATE_EVENTS, NULL, 1, 1000, NOW), 1000);
    assert_int_equal(rates_take(rates, RATE_EVENTS, (struct sockaddr *)&unix_socket, 1, 1000, NOW), 1000);
    rates_free(rates);
}

static struct sockaddr_in flooding(uint32_t i)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + i)};
}

/* Sixteen times as many addresses as there are slots, each with one event, in the same second. */
static void test_flood_of_addresses(void **state)
{
    struct rates *rates = make();

    (void)state;
    assert_int_equal(take(rates, "192.0.2.1", 20, 1000, NOW), 20 * RATE_BURST_S);
    assert_int_equal(take(rates, "192.0.2.2", 20, 300, NOW), 300);
    for (uint32_t i = 0; i < FLOOD; i++) {
        struct sockaddr_in client = flooding(i);
        /* Nobody is refused because others are many. */
        assert_int_equal(rates_take(rates, RATE_EVENTS, (struct sockaddr *)&client, 20, 1, NOW + i / 1000), 1);
    }
    /* One second has passed. Who was limited is, and who had taken half has the other half. */
    assert_int_equal(take(rates, "192.0.2.1", 20, 1000, NOW + 1000), 20);
    assert_int_equal(take(rates, "192.0.2.2", 20, 1000, NOW + 1000), 300 + 20);
    rates_free(rates);
}

/* Ten million events of one address. */
static void test_flood_from_one(void **state)
{
    struct rates *rates = make();
    unsigned taken = 0;

    (void)state;
    assert_int_equal(take(rates, "192.0.2.2", 20, 300, NOW), 300);
    for (unsigned i = 0; i < 100000; i++)
        taken += take(rates, "192.0.2.1", 20, 100, NOW + i / 100);
    assert_in_range(taken, 20 * RATE_BURST_S, 20 * RATE_BURST_S + 20);
    assert_int_equal(take(rates, "192.0.2.2", 20, 1000, NOW + 1000), 300 + 20);
    rates_free(rates);
}

static void test_sites(void **state)
{
    struct rates *rates = make();
    unsigned n = 0;

    (void)state;
    while (rates_take_site(rates, 7, 10, NOW))
        n++;
    assert_int_equal(n, BURST);
    assert_false(rates_take_site(rates, 7, 10, NOW + 99));
    assert_true(rates_take_site(rates, 7, 10, NOW + 100));
    assert_true(rates_take_site(rates, 8, 10, NOW));
    assert_true(rates_take_site(rates, 7, 0, NOW));
    rates_free(rates);
}

struct worker {
    pthread_t thread;
    struct rates *rates;
    unsigned taken, of_site;
};

static void *work(void *context)
{
    struct worker *worker = context;
    struct sockaddr_storage client = address_of("192.0.2.1");

    for (unsigned i = 0; i < BURST; i++) {
        worker->taken += rates_take(worker->rates, RATE_EVENTS, (struct sockaddr *)&client, 10, 1, NOW);
        worker->of_site += rates_take_site(worker->rates, 1, 10, NOW);
    }
    return NULL;
}

static void test_threads_share(void **state)
{
    struct worker workers[N_THREADS];
    struct rates *rates = make();
    unsigned taken = 0, of_site = 0;

    (void)state;
    for (unsigned i = 0; i < N_THREADS; i++) {
        workers[i] = (struct worker){.rates = rates};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        taken += workers[i].taken;
        of_site += workers[i].of_site;
    }
    assert_int_equal(taken, BURST);
    assert_int_equal(of_site, BURST);
    rates_free(rates);
}

/* By the hour: as many at once as may come in one, then one after the other. */
static void test_hourly(void **state)
{
    static const struct {
        int64_t after_ms;
        enum rate_kind kind;
        const char *address;
        unsigned per_hour;
        bool taken;
    } rows[] = {
        {0, RATE_REQUESTS, "192.0.2.1", 3, true},
        {0, RATE_REQUESTS, "192.0.2.1", 3, true},
        {0, RATE_REQUESTS, "192.0.2.1", 3, true},
        {0, RATE_REQUESTS, "192.0.2.1", 3, false},
        {0, RATE_REQUESTS, "192.0.2.2", 3, true}, /* another client */
        {0, RATE_EVENTS, "192.0.2.1", 3, true},   /* another kind */
        {0, RATE_REQUESTS, "192.0.2.1", 0, true}, /* no limit */
        {1199999, RATE_REQUESTS, "192.0.2.1", 3, false},
        {1, RATE_REQUESTS, "192.0.2.1", 3, true}, /* a third of an hour */
        {0, RATE_REQUESTS, "192.0.2.1", 3, false},
        {7200000, RATE_REQUESTS, "192.0.2.1", 3, true}, /* full again, and no fuller */
        {0, RATE_REQUESTS, "192.0.2.1", 3, true},
        {0, RATE_REQUESTS, "192.0.2.1", 3, true},
        {0, RATE_REQUESTS, "192.0.2.1", 3, false},
    };
    struct rates *rates = make();
    int64_t now_ms = NOW;

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct sockaddr_storage client = address_of(rows[i].address);

        now_ms += rows[i].after_ms;
        bool taken = rates_take_hourly(rates, rows[i].kind, (struct sockaddr *)&client, rows[i].per_hour, now_ms);
        if (taken != rows[i].taken)
            fail_msg("row %zu: %d", i, taken);
    }
    assert_true(rates_take_hourly(rates, RATE_REQUESTS, NULL, 1, now_ms));
    rates_free(rates);
}

static void test_no_memory(void **state)
{
    struct random_seeded random = random_seeded(1);
    struct rates *rates = NULL;

    (void)state;
    no_memory = true;
    int r = rates_new(&random.super, &rates);
    no_memory = false;
    assert_int_equal(r, -ENOMEM);
    assert_null(rates);
    assert_null(rates_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_no_address),
        cmocka_unit_test(test_flood_of_addresses),
        cmocka_unit_test(test_flood_from_one),
        cmocka_unit_test(test_sites),
        cmocka_unit_test(test_threads_share),
        cmocka_unit_test(test_hourly),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
