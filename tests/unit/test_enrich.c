/*
 * What is added to which kind of event, and that nothing is where nobody knows.
 */
#include "check.h"
#include "crumb/ingest/agent.h"
#include "crumb/ingest/enrich.h"
#include <arpa/inet.h>
#include <stdlib.h>

static const char *origins[] = {"https://shop.example"};

static struct sockaddr_in client_of(const char *address)
{
    struct sockaddr_in client = {.sin_family = AF_INET};

    assert_int_equal(inet_pton(AF_INET, address, &client.sin_addr), 1);
    return client;
}

static struct event event_of(enum event_kind kind)
{
    return (struct event){
        .kind = kind, .host = TEXT("shop.example"), .path = TEXT("/"), .referrer = TEXT("https://www.bing.com")};
}

static void visit(void *context, enum event_class class, const char *name, struct text value)
{
    static const char *const own[] = {"host", "path", "referrer"};

    for (size_t i = 0; i < N_ROWS(own); i++)
        if (strcmp(name, own[i]) == 0)
            return;
    buffer_printf(context, " %s=%.*s", name, TEXT_ARGS(value));
}

static void check_added(const char *name, const struct event *event, const char *wanted)
{
    BUFFER_AUTO added = BUFFER_INIT(4096);

    event_each_field(event, visit, &added);
    check_text(name, buffer_text(&added), wanted);
}

/* Without a cache nothing looks into them: that they are there is what counts. */
static struct agents *const some_rules = (struct agents *)(uintptr_t)&some_rules;

static void test_kinds(void **state)
{
    static const struct {
        const char *name;
        enum event_kind kind;
        enum address_mode mode;
        const char *added;
    } rows[] = {
        {"a page view", EVENT_PAGEVIEW, ADDRESS_TRUNCATED,
         " address=203.0.113.0 country=DE region=BE city=Somewhere source=Bing channel=search bot=headers "
         "device=tablet"},
        {"a ping", EVENT_PING, ADDRESS_TRUNCATED, " address=203.0.113.0 bot=headers"},
        {"a structured event", EVENT_STRUCT, ADDRESS_TRUNCATED,
         " address=203.0.113.0 country=DE region=BE city=Somewhere bot=headers device=tablet"},
        {"a ping, the address whole", EVENT_PING, ADDRESS_FULL, " address=203.0.113.9 bot=headers"},
        {"a ping, no address", EVENT_PING, ADDRESS_NONE, " bot=headers"},
    };
    BUFFER_AUTO complaint = BUFFER_INIT(8192);
    struct sockaddr_in client = client_of("203.0.113.9");
    struct enrich_request request = {.client = (struct sockaddr *)&client,
                                     .headers = {.known = true, .hints = {.agent = TEXT("Mozilla/5.0 (iPad)")}},
                                     .agent_rules = some_rules};
    struct site site = {.origins = (char **)(uintptr_t)origins, .n_origins = 1};
    struct geo *geo = NULL;

    assert_int_equal(geo_open(getenv("GEO_NESTED"), &geo, &complaint), 0);
    request.geo = geo;
    /* One request may have events of several kinds. */
    struct enrich enrich = enrich_of(&request);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct event event = event_of(rows[i].kind);

        site.address = rows[i].mode;
        enrich_event(&enrich, &site, &event);
        check_added(rows[i].name, &event, rows[i].added);
    }
    geo_free(geo);
}

/* curl, where the configuration has no `agents`. */
static void test_without_agents(void **state)
{
    struct enrich_request request = {.headers = {.known = true, .hints = {.agent = TEXT("curl/7.88.1")}}};
    struct site site = {.origins = (char **)(uintptr_t)origins, .n_origins = 1};
    struct agent_cache *cache = NULL;
    struct event event = event_of(EVENT_PAGEVIEW);

    assert_int_equal(agent_cache_new(&cache), 0);
    request.agent_cache = cache;
    struct enrich enrich = enrich_of(&request);
    enrich_event(&enrich, &site, &event);
    assert_int_equal(event.bot, BOT_NONE);
    request.agent_rules = some_rules;
    request.agent_cache = NULL;
    enrich = enrich_of(&request);
    enrich_event(&enrich, &site, &event);
    assert_int_equal(event.bot, BOT_HEADERS); /* no Accept */
    agent_cache_free(cache);
}

/* A replay without address, agent, database and list. */
static void test_nothing_known(void **state)
{
    struct enrich_request request = {.client = NULL};
    struct site site = {.origins = (char **)(uintptr_t)origins, .n_origins = 1};
    struct enrich enrich = enrich_of(&request);
    struct event event = event_of(EVENT_PAGEVIEW), ping = event_of(EVENT_PING);

    enrich_event(&enrich, &site, &event);
    check_added("page view", &event, " source=Bing channel=search");
    enrich_event(&enrich, &site, &ping);
    check_added("ping", &ping, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds), cmocka_unit_test(test_without_agents),
                                       cmocka_unit_test(test_nothing_known)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
