/*
 * How long one request may hold an event loop: the worst bodies that are known,
 * through all that a loop does with them before the writer gets them.
 *
 * Prints a line of JSON a body: its name, its bytes, and of many runs the
 * shortest, the median and the longest, in microseconds.  The shortest is what
 * the body costs; what is longer is the machine's doing.
 */
#include "crumb/base/clock.h"
#include "crumb/base/limits.h"
#include "crumb/consent/choice.h"
#include "crumb/ingest/adapt.h"
#include "crumb/ingest/collect.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define RUNS 50
#define N_SITES SITES_MAX
#define N_ORIGINS 34 /* of each site: more do not fit a configuration of that many sites */

#define VALUES_MAX (JSON_VALUES_MAX - 8) /* past it nothing is read */

struct body {
    const char *name;
    adapt_function *adapt; /* NULL: ours */
    const char *before, *each, *between, *after;
    size_t n_max; /* of @each; 0: as many as fit */
};

#define FULL                                                                                                           \
    "aid=s0&e=pv&eid=123e4567-e89b-12d3-a456-426614174000&dtm=1772443800000&stm=1772443800500&url=https%3A%2F%2Fa.ex%" \
    "2Fa%2Fb%2Fc%3Fd%3De&page=Hats+%26+caps+%C3%BC%C3%B6%C3%A4&refr=https%3A%2F%2Fsearch.example%2Ffind%3Fq%3Dhats&"   \
    "res=1920x1080&vp=1200x800&ds=1200x5000&lang=de-AT&tz=Europe%2FVienna&x_vis=12345&pp_mix=1&pp_max=2&pp_miy=3&"     \
    "pp_may=4&se_ca=click&se_ac=buy&se_la=%2Fcart&se_pr=red&se_va=9.99&x_p.a=1&x_p.b=2&x_p.c=3&x_p.d=4&x_p.e=5"
#define MEMBERS                                                                                                        \
    "\"aid\":\"s0\",\"e\":\"pv\",\"eid\":\"123e4567-e89b-12d3-a456-426614174000\",\"dtm\":\"1772443800000\","          \
    "\"url\":\"https://a.ex/a/b/c?d=e\",\"page\":\"Hats & caps\",\"refr\":\"https://search.example/find?q=hats\","     \
    "\"res\":\"1920x1080\",\"vp\":\"1200x800\",\"ds\":\"1200x5000\",\"lang\":\"de-AT\",\"tz\":\"Europe/Vienna\","      \
    "\"tv\":\"js-4.10.1\",\"tna\":\"sp\",\"p\":\"web\",\"cookie\":\"1\",\"cs\":\"UTF-8\",\"cd\":\"24\",\"vid\":\"1\""

/* '#' stands for the number of the repetition. */
static const struct body bodies[] = {
    {"lines, every pair", NULL, "", FULL, "\n", "", 0},
    {"lines, everything encoded", NULL, "", "aid=s#&e=pv&page=%61%62%63%64%65%66%67%68%69&url=https%3a%2f%2f%61.%65%78",
     "\n", "", 0},
    {"lines, another site each", NULL, "", "aid=s#&e=pv&url=https://a.ex/", "\n", "", 0},
    {"lines, of no site", NULL, "", "aid=nowhere&e=pv", "\n", "", 0},
    {"lines of a byte", NULL, "", "a", "\n", "", 0},
    {"lines of nothing", NULL, "", "", "\n", "", 0},
    {"lines of many properties", NULL, "", "aid=s0&e=pv&x_p.#=1&x_p.1#=1&x_p.2#=1&x_p.3#=1&x_p.4#=1&x_p.5#=1", "\n", "",
     0},
    {"snowplow, usual events", adapt_snowplow, "{\"data\":[", "{" MEMBERS "}", ",", "]}", 0},
    {"snowplow, events of nothing", adapt_snowplow, "{\"data\":[", "{}", ",", "]}", VALUES_MAX},
    {"snowplow, members of one event", adapt_snowplow, "{\"data\":[{", "\"#\":1", ",", "}]}", VALUES_MAX},
    {"snowplow, properties of one event", adapt_snowplow, "{\"data\":[{", "\"x_p.#\":1", ",", "}]}", VALUES_MAX},
    {"snowplow, a long text", adapt_snowplow, "{\"data\":[{\"page\":\"", "&\\u00e4", "", "\"}]}", 0},
    {"snowplow, nested", adapt_snowplow, "", "[", "", "", 0},
    {"plausible, properties", adapt_plausible, "{\"n\":\"x\",\"d\":\"nowhere\",\"p\":{", "\"#\":1", ",", "}}",
     VALUES_MAX},
    {"plausible, properties as text", adapt_plausible, "{\"n\":\"x\",\"d\":\"nowhere\",\"p\":\"{", "\\\"#\\\":1", ",",
     "}\"}", VALUES_MAX},
    {"goatcounter, pairs", adapt_goatcounter, "", "t=&", "", "", PAIRS_PER_EVENT_MAX},
    {"matomo, pairs", adapt_matomo, "", "a&", "", "", PAIRS_PER_EVENT_MAX},
    {"matomo, bulk", adapt_matomo, "{\"requests\":[", "\"?idsite=#&rec=1&url=https://a.ex/&e_c=a&e_a=b&e_n=c\"", ",",
     "]}", 0},
    {"matomo, bulk of nothing", adapt_matomo, "{\"requests\":[", "\"\"", ",", "]}", VALUES_MAX},
};

static struct edition *edition;
static struct rates *rates;
static const uint8_t cookie_key[COOKIE_KEY_BYTES] = {7};

static void fail(const char *what)
{
    fprintf(stderr, "hold: %s\n", what);
    exit(3);
}

/* As many sites with as many origins as a configuration may have. */
static void make_edition(void)
{
    struct complaints complaints = COMPLAINTS_INIT;
    BUFFER_AUTO yaml = BUFFER_INIT(CONFIG_FILE_BYTES_MAX);
    struct config *config = NULL;

    buffer_printf(&yaml, "data: d\nlisten: {public: 127.0.0.1:1, private: 127.0.0.1:2}\nsites:\n");
    for (unsigned i = 0; i < N_SITES; i++) {
        buffer_printf(
            &yaml, " s%u:\n  controller: {name: N, contact: C}\n  purposes: {a: {collects: [log]}}\n  origins:\n", i);
        for (unsigned j = 0; j < N_ORIGINS; j++)
            buffer_printf(&yaml, "   - http://%u-%u.example\n", i, j);
    }
    if (yaml.fault || config_parse(buffer_text(&yaml), "crumb.yaml", &complaints, &config))
        fail("the configuration is none");
    if (edition_new(config, &edition))
        fail("there is no edition");
    config_unref(config);
    complaints_deinit(&complaints);
    if (rates_new(&random_system, &rates))
        fail("there is no memory");
}

static void put_numbered(struct buffer *text, const char *each, size_t number)
{
    for (; *each; each++) {
        if (*each == '#')
            buffer_put_decimal(text, number);
        else
            buffer_put_u8(text, (uint8_t)*each);
    }
}

static void make_body(const struct body *body, struct buffer *text)
{
    size_t room = BODY_BYTES_MAX - strlen(body->after) - strlen(body->between) - strlen(body->each) - 64;

    buffer_put_text(text, text_of(body->before));
    for (size_t i = 0; text->size < room && (body->n_max == 0 || i < body->n_max); i++) {
        if (i)
            buffer_put_text(text, text_of(body->between));
        put_numbered(text, body->each, i % N_SITES);
    }
    buffer_put_text(text, text_of(body->after));
    if (text->fault)
        fail("a body is too long");
}

/* The most that are looked at: each is of the first site and good. */
static void put_cookies(struct buffer *cookies)
{
    uint8_t id[VISITOR_BYTES] = {0};

    for (uint8_t i = 0; i < COOKIE_IDS_MAX; i++) {
        buffer_put_text(cookies, i ? TEXT("; crumb_id=") : TEXT("crumb_id="));
        id[0] = 1; /* the same one each time, as two different ones are none */
        cookie_put_id(cookies, cookie_key, &edition->config->sites[0], id);
    }
}

static void done(void *context, int result)
{
    (void)context;
    (void)result;
}

/* What http/adapt.c and http/collect.c do with it. */
static void handle(const struct body *body, struct text bytes, struct text cookies, const struct sockaddr *client,
                   int64_t at_ms)
{
    BUFFER_AUTO lines = BUFFER_INIT(ADAPTED_BYTES_MAX);
    bool is_query = body->adapt == adapt_goatcounter;
    struct adapt_request adapted = {.config = edition->config,
                                    .query = is_query ? bytes : TEXT_NONE,
                                    .body = is_query ? TEXT_NONE : bytes,
                                    .origin = TEXT("https://nowhere.example")};
    struct collect_request request = {.edition = edition,
                                      .cookie_key = cookie_key,
                                      .rates = rates,
                                      .at_ms = at_ms,
                                      .cookie = cookies,
                                      .who = {.client = client},
                                      .is_body = true,
                                      .is_adapted = body->adapt != NULL,
                                      .events = bytes};
    struct collect *collect;

    if (body->adapt) {
        if (body->adapt(&adapted, &lines))
            fail(body->name);
        request.events = buffer_text(&lines);
    }
    if (collect_new(&request, done, NULL, &collect))
        fail("there is no memory");
    collect_free(collect);
}

static int by_size(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static void measure(const struct body *body, const struct sockaddr *client)
{
    BUFFER_AUTO bytes = BUFFER_INIT(2 * BODY_BYTES_MAX), cookies = BUFFER_INIT(COOKIE_HEADER_BYTES_MAX);
    int64_t us[RUNS];

    make_body(body, &bytes);
    put_cookies(&cookies);
    for (unsigned i = 0; i < RUNS; i++) {
        int64_t began_us = clock_monotonic_us();

        /* So much later each time that nothing is refused for its rate, which would be cheaper. */
        handle(body, buffer_text(&bytes), buffer_text(&cookies), client, 1772443800000 + i * 1000LL * RATE_BURST_S);
        us[i] = clock_monotonic_us() - began_us;
    }
    qsort(us, RUNS, sizeof us[0], by_size);
    printf("{\"body\":\"%s\",\"bytes\":%zu,\"us_min\":%lld,\"us_median\":%lld,\"us_max\":%lld}\n", body->name,
           bytes.size, (long long)us[0], (long long)us[RUNS / 2], (long long)us[RUNS - 1]);
}

int main(void)
{
    struct sockaddr_in client = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xcb007109)};

    if (random_init())
        fail("there is no randomness");
    make_edition();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        measure(&bodies[i], (struct sockaddr *)&client);
    rates_free(rates);
    edition_unref(edition);
    return 0;
}
