/*
 * The configuration loader: a full file becomes the right values, every
 * mistake becomes one complaint with its line, and one run finds them all.
 */
#include "crumb/config/config.h"
#include "crumb/config/shipped.h"
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof *(array))

#define DAY_MS (24LL * 3600 * 1000)
#define MONTH_MS (30 * DAY_MS)

/* What a valid file is made of, with the lines each part takes. */
#define DATA "data: ./data\n"                                                        /* 1 */
#define LISTEN "listen: {public: \"127.0.0.1:8080\", private: \"127.0.0.1:8081\"}\n" /* 1 */
#define TOP DATA LISTEN                                                              /* 2 */
#define SITES "sites:\n"                                                             /* 1 */
#define SHOP "  shop:\n"                                                             /* 1 */
#define ORIGINS "    origins: [https://shop.example]\n"                              /* 1 */
#define CONTROLLER "    controller: {name: Shop, contact: c@shop.example}\n"         /* 1 */
#define SITE SITES SHOP ORIGINS CONTROLLER                                           /* 4 */
#define HASH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER_HASH "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct config *parse_good(const char *yaml, const char *path)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config = NULL;
    int r = config_parse(text_of(yaml), path, &complaints, &config);

    if (r != 0)
        fail_msg("refused (%d): %.*s", r, TEXT_ARGS(buffer_text(&complaints.text)));
    assert_int_equal(complaints.n, 0);
    assert_int_equal(complaints.text.size, 0);
    complaints_deinit(&complaints);
    return config;
}

static const char full[] = "data: ./data                       # folder: store, keys\n"
                           "data_max: 512MiB\n"
                           "listen:\n"
                           "  public:  127.0.0.1:8080          # banner, beacon, consent, privacy page\n"
                           "  private: \"[::1]:8081\"\n"
                           "  http2: true\n"
                           "tls: {certificate: tls/chain.pem, key: /etc/crumb/key.pem}\n"
                           "trusted_proxies: [127.0.0.1/32, 2001:db8::/33]\n"
                           "geo: country.mmdb\n"
                           "agents: /path/to/regexes.yaml\n"
                           "rates: {address: 50, site: 0, choices: 2}\n"
                           "threads: 3\n"
                           "tokens:\n"
                           "  - {name: marketing, role: analyst, sites: [shop, blog], hash: " HASH "}\n"
                           "  - {name: root, role: admin, hash: " OTHER_HASH "}\n"
                           "sites:\n"
                           "  shop:\n"
                           "    name: Example Shop\n"
                           "    origins: [HTTPS://Shop.example:443, 'http://www.shop.example:8080']\n"
                           "    timezone: Europe/Berlin\n"
                           "    cookie_domain: SHOP.example\n"
                           "    controller: {name: Shop Ltd, address: 1 High St, contact: privacy@shop.example}\n"
                           "    storage: {country: DE, location: Frankfurt}\n"
                           "    retention: {journal: 10d, segments: 12mo, choice: 3mo, refusal: 2y, visitor: 12h}\n"
                           "    address: full\n"
                           "    on_withdraw: keep\n"
                           "    purposes:\n"
                           "      analytics: {collects: [log, device]}\n"
                           "      journeys:  {collects: [clickpath]}\n"
                           "      marketing: {collects: [], recipients: [ad_partner, mailer], separate: true,\n"
                           "        cookies: [_ads, _ads_*], consent_mode: [ad_storage, ad_user_data]}\n"
                           "    recipients:\n"
                           "      mailer: {name: Mailer}\n"
                           "      ad_partner: {name: Ads Inc, country: US, why: To show ads}\n"
                           "    texts:\n"
                           "      en: {title: Hello, body: World}\n"
                           "      pt-br: {title: \"Ol\xc3\xa1\"}\n"
                           "    regimes: {default: notice_only, US: opt_out, NO: opt_in, US-CA: opt_in}\n"
                           "    banner: {control: false}\n"
                           "    pages: {query: [q, page_no], hash: true}\n"
                           "    goals:\n"
                           "      - {page: /thanks}\n"
                           "      - {event: Signup}\n"
                           "      - {name: Sales, event: Purchase, currency: EUR}\n"
                           "      - {name: Blog, page: /blog/**}\n"
                           "  blog:\n"
                           "    origins: [https://blog.example]\n"
                           "    controller: {name: Blogger, contact: me@blog.example}\n";

static void test_full_service(void **state)
{
    struct config *config = parse_good(full, "etc/crumb.yaml");
    struct sockaddr_in public;
    struct sockaddr_in6 private;

    (void)state;
    memcpy(&public, &config->public.address, sizeof public);
    memcpy(&private, &config->private.address, sizeof private);
    assert_string_equal(config->path, "etc/crumb.yaml");
    assert_string_equal(config->data, "etc/./data");
    assert_int_equal(config->data_max_bytes, 512LL << 20);
    assert_string_equal(config->public.text, "127.0.0.1:8080");
    assert_int_equal(public.sin_family, AF_INET);
    assert_int_equal(ntohl(public.sin_addr.s_addr), 0x7f000001);
    assert_int_equal(ntohs(public.sin_port), 8080);
    assert_int_equal(config->public.size, sizeof public);
    assert_int_equal(private.sin6_family, AF_INET6);
    assert_memory_equal(&private.sin6_addr, &in6addr_loopback, sizeof private.sin6_addr);
    assert_int_equal(ntohs(private.sin6_port), 8081);
    assert_int_equal(config->private.size, sizeof private);
    assert_true(config->http2);
    assert_string_equal(config->tls_certificate, "etc/tls/chain.pem");
    assert_string_equal(config->tls_key, "/etc/crumb/key.pem");
    assert_string_equal(config->geo, "etc/country.mmdb");
    assert_string_equal(config->agents, "/path/to/regexes.yaml");
    assert_int_equal(config->rates.address, 50);
    assert_int_equal(config->rates.site, 0);
    assert_int_equal(config->rates.choices, 2);
    assert_int_equal(config->n_threads, 3);
    assert_int_equal(config->n_trusted_proxies, 2);
    assert_int_equal(config->trusted_proxies[0].n_bits, 128);
    assert_int_equal(config->trusted_proxies[1].n_bits, 33);
    config_unref(config);
}

static void test_full_tokens(void **state)
{
    struct config *config = parse_good(full, "crumb.yaml");

    (void)state;
    assert_int_equal(config->n_tokens, 2);
    assert_string_equal(config->tokens[0].name, "marketing");
    assert_int_equal(config->tokens[0].role, ROLE_ANALYST);
    assert_int_equal(config->tokens[0].n_sites, 2);
    assert_string_equal(config->tokens[0].sites[0], "shop");
    assert_string_equal(config->tokens[0].sites[1], "blog");
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(config->tokens[0].hash[i], i);
    assert_int_equal(config->tokens[1].role, ROLE_ADMIN);
    assert_int_equal(config->tokens[1].n_sites, 0);
    assert_int_equal(config->tokens[1].hash[0], 0xff);
    config_unref(config);
}

static void test_full_site(void **state)
{
    struct config *config = parse_good(full, "crumb.yaml");
    const struct site *site = config_site(config, TEXT("shop"));

    (void)state;
    assert_int_equal(config->n_sites, 2);
    assert_ptr_equal(site, &config->sites[0]);
    assert_string_equal(site->name, "shop");
    assert_int_equal(site->id, 0);
    assert_string_equal(site->title, "Example Shop");
    assert_int_equal(site->n_origins, 2);
    assert_string_equal(site->origins[0], "https://shop.example");
    assert_string_equal(site->origins[1], "http://www.shop.example:8080");
    assert_string_equal(site->timezone, "Europe/Berlin");
    assert_int_equal(zone_offset_s(site->zone, 1767225600000), 3600);
    assert_string_equal(site->cookie_domain, "shop.example");
    assert_string_equal(site->controller.name, "Shop Ltd");
    assert_string_equal(site->controller.address, "1 High St");
    assert_string_equal(site->controller.contact, "privacy@shop.example");
    assert_string_equal(site->storage.country, "DE");
    assert_string_equal(site->storage.location, "Frankfurt");
    assert_int_equal(site->retention.journal_ms, 10 * DAY_MS);
    assert_int_equal(site->retention.segments_ms, 12 * MONTH_MS);
    assert_int_equal(site->retention.choice_ms, 3 * MONTH_MS);
    assert_int_equal(site->retention.refusal_ms, 730 * DAY_MS);
    assert_int_equal(site->retention.visitor_ms, DAY_MS / 2);
    assert_int_equal(site->address, ADDRESS_FULL);
    assert_int_equal(site->on_withdraw, WITHDRAW_KEEP);
    config_unref(config);
}

static void test_full_purposes(void **state)
{
    struct config *config = parse_good(full, "crumb.yaml");
    const struct site *site = config_site(config, TEXT("shop"));

    (void)state;
    assert_int_equal(site->n_recipients, 2);
    assert_string_equal(site->recipients[0].key, "mailer");
    assert_string_equal(site->recipients[0].name, "Mailer");
    assert_string_equal(site->recipients[0].country, "");
    assert_string_equal(site->recipients[0].why, "");
    assert_string_equal(site->recipients[1].key, "ad_partner");
    assert_string_equal(site->recipients[1].country, "US");
    assert_string_equal(site->recipients[1].why, "To show ads");
    assert_int_equal(site->n_purposes, 3);
    assert_string_equal(site->purposes[0].name, "analytics");
    assert_int_equal(site->purposes[0].collects, CLASS_BIT(CLASS_LOG) | CLASS_BIT(CLASS_DEVICE));
    assert_int_equal(site->purposes[0].n_recipients, 0);
    assert_int_equal(site->purposes[1].collects, CLASS_BIT(CLASS_CLICKPATH));
    assert_int_equal(site->purposes[2].collects, 0);
    assert_int_equal(site->purposes[2].n_recipients, 2);
    assert_int_equal(site->purposes[2].recipients[0], 1);
    assert_int_equal(site->purposes[2].recipients[1], 0);
    assert_int_equal(config_purpose(site, TEXT("journeys")), 1);
    assert_true(!site->purposes[0].separate && site->purposes[2].separate);
    assert_int_equal(site->purposes[0].n_cookies, 0);
    assert_int_equal(site->purposes[2].n_cookies, 2);
    assert_string_equal(site->purposes[2].cookies[0], "_ads");
    assert_string_equal(site->purposes[2].cookies[1], "_ads_*");
    assert_int_equal(site->purposes[0].consent_mode, 0);
    assert_int_equal(site->purposes[2].consent_mode, 1u << CONSENT_MODE_AD_STORAGE | 1u << CONSENT_MODE_AD_USER_DATA);
    assert_int_equal(config_purpose(site, TEXT("journey")), -1);
    config_unref(config);
}

static void test_full_texts_and_regimes(void **state)
{
    struct config *config = parse_good(full, "crumb.yaml");
    const struct site *site = config_site(config, TEXT("shop"));

    (void)state;
    assert_int_equal(site->n_texts, 3);
    assert_string_equal(site->texts[0].lang, "en");
    assert_string_equal(site->texts[0].key, "title");
    assert_string_equal(site->texts[0].value, "Hello");
    assert_string_equal(site->texts[1].key, "body");
    assert_string_equal(site->texts[2].lang, "pt-BR");
    assert_string_equal(site->texts[2].value, "Ol\xc3\xa1");
    assert_int_equal(site->regime, REGIME_NOTICE_ONLY);
    assert_int_equal(site->n_regimes, 3);
    assert_string_equal(site->regimes[0].country, "US");
    assert_int_equal(site->regimes[0].regime, REGIME_OPT_OUT);
    assert_string_equal(site->regimes[1].country, "NO");
    assert_int_equal(site->regimes[1].regime, REGIME_OPT_IN);
    assert_string_equal(site->regimes[1].region, "");
    assert_string_equal(site->regimes[2].country, "US");
    assert_string_equal(site->regimes[2].region, "CA");
    assert_false(site->banner.control);
    assert_int_equal(site->pages.n_query, 2);
    assert_string_equal(site->pages.query[0], "q");
    assert_string_equal(site->pages.query[1], "page_no");
    assert_true(site->pages.hash);
    assert_int_equal(site->n_goals, 4);
    assert_string_equal(site->goals[0].name, "Visit /thanks");
    assert_string_equal(site->goals[0].page, "/thanks");
    assert_null(site->goals[0].event);
    assert_string_equal(site->goals[1].name, "Signup");
    assert_string_equal(site->goals[1].event, "Signup");
    assert_null(site->goals[1].page);
    assert_null(site->goals[1].currency);
    assert_string_equal(site->goals[2].name, "Sales");
    assert_string_equal(site->goals[2].event, "Purchase");
    assert_string_equal(site->goals[2].currency, "EUR");
    assert_string_equal(site->goals[3].name, "Blog");
    config_unref(config);
}

/* What is left out is the safe choice. */
static void test_defaults(void **state)
{
    struct config *config = parse_good(TOP SITE, "/etc/crumb.yaml");
    const struct site *site = &config->sites[0];

    (void)state;
    assert_string_equal(config->data, "/etc/./data");
    assert_int_equal(config->data_max_bytes, DB_SIZE_BYTES_DEFAULT);
    assert_false(config->http2);
    assert_null(config->tls_certificate);
    assert_null(config->tls_key);
    assert_null(config->geo);
    assert_null(config->agents);
    assert_int_equal(config->n_trusted_proxies, 0);
    assert_int_equal(config->n_tokens, 0);
    assert_in_range(config->n_threads, 1, THREADS_MAX);
    assert_int_equal(config->rates.address, RATE_ADDRESS_PER_S);
    assert_int_equal(config->rates.site, RATE_SITE_PER_S);
    assert_int_equal(config->rates.choices, RATE_CHOICES_PER_S);
    assert_string_equal(site->title, "shop");
    assert_string_equal(site->timezone, "UTC");
    assert_int_equal(zone_offset_s(site->zone, 0), 0);
    assert_null(site->cookie_domain);
    assert_string_equal(site->controller.address, "");
    assert_string_equal(site->storage.country, "");
    assert_string_equal(site->storage.location, "");
    assert_int_equal(site->retention.journal_ms, 30 * DAY_MS);
    assert_int_equal(site->retention.segments_ms, 25 * MONTH_MS);
    assert_int_equal(site->retention.choice_ms, 6 * MONTH_MS);
    assert_int_equal(site->retention.refusal_ms, 6 * MONTH_MS);
    assert_int_equal(site->retention.visitor_ms, 13 * MONTH_MS);
    assert_int_equal(site->retention.fold_below, FOLD_BELOW_DEFAULT);
    assert_int_equal(site->address, ADDRESS_TRUNCATED);
    assert_int_equal(site->on_withdraw, WITHDRAW_ERASE);
    assert_int_equal(site->n_purposes, 0);
    assert_int_equal(site->n_recipients, 0);
    assert_int_equal(site->n_texts, 0);
    assert_int_equal(site->regime, REGIME_OPT_IN);
    assert_int_equal(site->n_regimes, 0);
    assert_true(site->banner.control);
    assert_int_equal(site->pages.n_query, 0);
    assert_false(site->pages.hash);
    assert_int_equal(site->n_goals, 0);
    config_unref(config);
}

/* Files that look odd and are right. */
static void test_accepted(void **state)
{
    static const struct {
        const char *name, *yaml;
    } rows[] = {
        {"any free port, twice", DATA "listen: {public: '127.0.0.1:0', private: '127.0.0.1:0'}\n" SITE},
        {"ports differ", DATA "listen: {public: '127.0.0.1:80', private: '127.0.0.1:81'}\n" SITE},
        {"addresses differ", DATA "listen: {public: '127.0.0.1:80', private: '[::1]:80'}\n" SITE},
        {"threads from the cores", TOP "threads: 0\n" SITE},
        {"most threads", TOP "threads: 64\n" SITE},
        {"the largest rates", TOP "rates: {address: 1000000, site: 1000000, choices: 1000000}\n" SITE},
        {"the smallest store", TOP "data_max: 1MiB\n" SITE},
        {"the largest store", TOP "data_max: 64TiB\n" SITE},
        {"sites after tokens", TOP "tokens: [{name: t, role: privacy, sites: [shop], hash: " HASH "}]\n" SITE},
        {"an admin of one site", TOP "tokens: [{name: t, role: admin, sites: [shop], hash: " HASH "}]\n" SITE},
        {"no tokens", TOP "tokens: []\n" SITE},
        {"the longest period", TOP SITE "    retention: {journal: 10y}\n"},
        {"the shortest period", TOP SITE "    retention: {visitor: 1s}\n"},
        {"the shortest of events", TOP SITE "    retention: {journal: 3d, segments: 35d}\n"},
        {"folding of nothing", TOP SITE "    retention: {fold_below: 1}\n"},
        {"much folding", TOP SITE "    retention: {fold_below: 1000}\n"},
        {"a purpose of nothing", TOP SITE "    purposes: {none: {}}\n"},
        {"what is announced, whole",
         TOP SITE "    recipients: {a: {name: A}}\n    purposes: {x: {recipients: [a]}}\n    next: {from: 2026-12-24, "
                  "controller: {name: N, contact: c}, storage: {country: FR}, retention: {journal: 4d}, address: none, "
                  "on_withdraw: keep, recipients: {a: {name: B}, b: {name: C}}, purposes: {y: {recipients: [a, b]}}}\n"
                  "    texts: {en: {purpose.x.title: X, purpose.y.title: Y, policy.title: Ours}}\n"},
        {"what is announced for an instant", TOP SITE "    next: {from: '2026-12-24T18:00:00Z', address: none}\n"},
        {"purposes to come alone", TOP SITE "    recipients: {a: {name: A}}\n    next: {from: 2026-12-24, purposes: "
                                            "{y: {recipients: [a]}}}\n"},
        {"what the site does besides",
         TOP SITE "    policy: {also: [{what: W, why: Y}, {what: W, why: Y, where: X, kept: K, lang: pt-br}]}\n"},
        {"numbers as texts", TOP SITE "    name: 2026\n"},
        {"a site's name with dots", TOP SITES "  shop.example:\n" ORIGINS CONTROLLER},
        {"lines of a text", TOP SITE "    texts: {en: {body: \"one\\ntwo\\tthree\"}}\n"},
        {"JSON",
         "{\"data\": \"d\", \"listen\": {\"public\": \"127.0.0.1:1\", \"private\": \"127.0.0.1:2\"}, \"sites\": "
         "{\"s\": {\"origins\": [\"http://localhost\"], \"controller\": {\"name\": \"n\", \"contact\": \"c\"}}}}"},
        {"marks of a document", "---\n" TOP SITE "...\n"},
        {"line ends of Windows", "data: d\r\n" LISTEN SITE},
        {"a byte order mark", "\xef\xbb\xbf" TOP SITE},
        {"the domain above the host", TOP SITE "    cookie_domain: example\n"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct complaints complaints = COMPLAINTS_INIT;
        struct config *config = NULL;

        if (config_parse(text_of(rows[i].yaml), "crumb.yaml", &complaints, &config) != 0)
            fail_msg("%s: %.*s", rows[i].name, TEXT_ARGS(buffer_text(&complaints.text)));
        config_unref(config);
        complaints_deinit(&complaints);
    }
}

struct complaint_row {
    const char *name;
    const char *yaml;
    const char *expected; /* what the one complaint begins with, behind "crumb.yaml:" */
};

static void check_complaint(const struct complaint_row *row)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config = NULL;
    char expected[256];
    int r = config_parse(text_of(row->yaml), "crumb.yaml", &complaints, &config);
    struct text found = buffer_text(&complaints.text);

    snprintf(expected, sizeof expected, "crumb.yaml:%s", row->expected);
    if (r != CONFIG_E_INVALID || complaints.n != 1 || !text_starts(found, text_of(expected)))
        fail_msg("%s: %d, %u complaints:\n%.*s, not %s", row->name, r, complaints.n, TEXT_ARGS(found), expected);
    /* One line that also says what would be right. */
    assert_int_equal(text_find(found, '\n'), found.size - 1);
    if (text_find(found, ';') == found.size)
        fail_msg("%s: no advice in %.*s", row->name, TEXT_ARGS(found));
    assert_null(config);
    complaints_deinit(&complaints);
}

static void test_complaints_syntax(void **state)
{
    static const struct complaint_row rows[] = {
        {"nothing", "", "1: the file is empty"},
        {"a comment only", "# nothing\n", "1: the file is empty"},
        {"no mapping", "hello\n", "1: this is one text; write a mapping"},
        {"a list", "\n- a\n", "2: this is a list ([a, b]); write a mapping"},
        {"open bracket", TOP "tokens: [\n", "4: this is not YAML (while parsing a flow node"},
        {"unquoted IPv6", DATA "listen: {public: [::1]:80, private: '[::1]:81'}\n" SITE, "2: this is not YAML"},
        {"bad indentation", TOP "geo: a\n agents: b\n" SITE, "4: this is not YAML"},
        {"a tab", TOP "tls:\n\tkey: a\n" SITE, "4: this is not YAML"},
        {"not UTF-8", TOP "geo: \xff\n" SITE, "3: this is not text in UTF-8"},
        {"a control character", TOP SITE "    name: \x01\n", "7: this is not text in UTF-8 (control characters"},
        {"an anchor", TOP "geo: &a b\n" SITE, "3: anchors (&) and aliases (*) are not supported"},
        {"an alias", TOP "geo: *a\n" SITE, "3: anchors (&) and aliases (*) are not supported"},
        {"a tag", TOP "geo: !!str b\n" SITE, "3: tags (!) are not supported"},
        {"too deep", TOP "geo: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n" SITE, "3: lists and mappings are nested"},
        {"a second document", TOP SITE "---\ndata: b\n", "7: a second document begins here"},
        {"rubbish behind the end", TOP SITE "...\n}\n", "8: this is not YAML"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++)
        check_complaint(&rows[i]);
}

static void test_complaints_service(void **state)
{
    static const struct complaint_row rows[] = {
        {"no data", LISTEN SITE, "1: data: this key is missing; write the folder"},
        {"no listen", DATA SITE, "1: listen: this key is missing"},
        {"no public", DATA "listen: {private: '127.0.0.1:80'}\n" SITE, "2: listen.public: this key is missing"},
        {"no private", DATA "listen:\n  public: 127.0.0.1:80\n" SITE, "2: listen.private: this key is missing"},
        {"unknown key", TOP "colour: red\n" SITE,
         "3: colour: unknown key \"colour\"; write one of data, master_key, data_max, listen"},
        {"key misspelt", TOP "thread: 1\n" SITE, "3: thread: unknown key \"thread\"; did you mean \"threads\"?"},
        {"key misspelt below",
         DATA "listen:\n  publik: 127.0.0.1:80\n  public: 127.0.0.1:81\n  private: 127.0.0.1:82\n" SITE,
         "3: listen.publik: unknown key \"publik\"; did you mean \"public\"?"},
        {"key twice", TOP DATA SITE, "3: data: this key was given before, on line 1"},
        {"key twice and wrong", DATA LISTEN "geo: a\ngeo: [b]\n" SITE, "4: geo: this key was given before, on line 3"},
        {"merge key", TOP "<<: {geo: a}\n" SITE, "3: <<: unknown key"},
        {"list as key", TOP "[a]: b\n" SITE, "3: ?: unknown key"},
        {"no value", TOP "geo:\n" SITE, "3: geo: there is no value"},
        {"null", TOP "geo: ~\n" SITE, "3: geo: there is no value"},
        {"data is a list", "data: [a]\n" LISTEN SITE, "1: data: this is a list ([a, b]); write one text"},
        {"data is empty", "data: ''\n" LISTEN SITE, "1: data: this text is empty"},
        {"data with NUL", "data: \"a\\0b\"\n" LISTEN SITE, "1: data: this text holds the control character 0x00"},
        {"data with ESC", "data: \"a\\eb\"\n" LISTEN SITE, "1: data: this text holds the control character 0x1b"},
        {"data with DEL", "data: \"a\\x7fb\"\n" LISTEN SITE, "1: data: this text holds the control character 0x7f"},
        {"data_max without unit", TOP "data_max: 64\n" SITE, "3: data_max: \"64\" is not a size"},
        {"data_max too small", TOP "data_max: 1MB\n" SITE, "3: data_max: \"1MB\" is out of range"},
        {"data_max too large", TOP "data_max: 65TiB\n" SITE, "3: data_max: \"65TiB\" is out of range"},
        {"listen is a text", DATA "listen: 127.0.0.1:80\n" SITE, "2: listen: this is one text; write a mapping"},
        {"listen by name", DATA "listen:\n  public: localhost:80\n  private: 127.0.0.1:81\n" SITE,
         "3: listen.public: \"localhost:80\" is not an address and port"},
        {"port too high", DATA "listen:\n  public: 127.0.0.1:80\n  private: 127.0.0.1:65536\n" SITE,
         "4: listen.private: \"127.0.0.1:65536\" is not an address and port"},
        {"the same address", DATA "listen: {public: '127.0.0.1:80', private: '127.0.0.1:80'}\n" SITE,
         "2: listen: public and private are the same address"},
        {"the same IPv6 address", DATA "listen: {public: '[::1]:80', private: '[0::1]:80'}\n" SITE,
         "2: listen: public and private are the same address"},
        {"http2 is yes", DATA "listen:\n  public: 127.0.0.1:1\n  private: 127.0.0.1:2\n  http2: yes\n" SITE,
         "5: listen.http2: \"yes\" is not a yes or no; write true or false"},
        {"certificate alone", TOP "tls:\n  certificate: a\n" SITE, "3: tls.key: this key is missing"},
        {"key alone", TOP "tls: {key: a}\n" SITE, "3: tls.certificate: this key is missing"},
        {"proxy by name", TOP "trusted_proxies:\n  - 10.0.0.0/8\n  - proxy\n" SITE,
         "5: trusted_proxies[1]: \"proxy\" is not a range of addresses"},
        {"proxy with host bits", TOP "trusted_proxies: [10.0.0.1/8]\n" SITE,
         "3: trusted_proxies[0]: \"10.0.0.1/8\" is"},
        {"proxies as text", TOP "trusted_proxies: 10.0.0.0/8\n" SITE,
         "3: trusted_proxies: this is one text; write a li"},
        {"proxy null", TOP "trusted_proxies: [~]\n" SITE, "3: trusted_proxies[0]: there is no value"},
        {"a negative rate", TOP "rates: {address: -1}\n" SITE,
         "3: rates.address: \"-1\" is not a number a second; write 0 (no limit) to 1000000"},
        {"a rate too high", TOP "rates: {site: 1000001}\n" SITE, "3: rates.site: \"1000001\" is not a number a second"},
        {"a rate with a unit", TOP "rates: {choices: 1/s}\n" SITE,
         "3: rates.choices: \"1/s\" is not a number a second"},
        {"a rate of something else", TOP "rates: {visitors: 1}\n" SITE, "3: rates.visitors: unknown key"},
        {"threads negative", TOP "threads: -1\n" SITE, "3: threads: \"-1\" is not a number of threads"},
        {"threads too many", TOP "threads: 65\n" SITE, "3: threads: \"65\" is not a number of threads"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++)
        check_complaint(&rows[i]);
}

#define TOKEN(rest)                                                                                                    \
    TOP SITE "tokens:\n  - {name: a, role: admin, hash: " HASH "}\n  - " rest "\n" /* the last: line 9 */

static void test_complaints_tokens(void **state)
{
    static const struct complaint_row rows[] = {
        {"tokens as mapping", TOP SITE "tokens: {name: a}\n",
         "7: tokens: this is a mapping (key: value); write a list"},
        {"no name", TOKEN("{role: admin, hash: " OTHER_HASH "}"), "9: tokens[1].name: this key is missing"},
        {"no role", TOKEN("{name: b, hash: " OTHER_HASH "}"), "9: tokens[1].role: this key is missing"},
        {"no hash", TOKEN("{name: b, role: admin}"), "9: tokens[1].hash: this key is missing"},
        {"unknown role", TOKEN("{name: b, role: analist, hash: " OTHER_HASH "}"),
         "9: tokens[1].role: unknown role \"analist\"; did you mean \"analyst\"?"},
        {"no such role", TOKEN("{name: b, role: king, hash: " OTHER_HASH "}"),
         "9: tokens[1].role: unknown role \"king\"; write one of analyst, privacy, admin"},
        {"hash too short", TOKEN("{name: b, role: admin, hash: 0123}"), "9: tokens[1].hash: this is not a hash of 64"},
        {"analyst of nothing", TOKEN("{name: b, role: analyst, hash: " OTHER_HASH "}"),
         "9: tokens[1]: a token of the role analyst needs sites"},
        {"privacy of nothing", TOKEN("{name: b, role: privacy, hash: " OTHER_HASH "}"),
         "9: tokens[1]: a token of the role privacy needs sites"},
        {"no site in the list", TOKEN("{name: b, role: admin, sites: [], hash: " OTHER_HASH "}"),
         "9: tokens[1].sites: this list is empty"},
        {"unknown site", TOKEN("{name: b, role: analyst, sites: [shop, shopp], hash: " OTHER_HASH "}"),
         "9: tokens[1].sites[1]: unknown site \"shopp\"; did you mean \"shop\"?"},
        {"site twice", TOKEN("{name: b, role: analyst, sites: [shop, shop], hash: " OTHER_HASH "}"),
         "9: tokens[1].sites[1]: \"shop\" is listed twice"},
        {"name twice", TOKEN("{name: a, role: admin, hash: " OTHER_HASH "}"),
         "9: tokens[1].name: \"a\" is the name of another token too"},
        {"hash twice", TOKEN("{name: b, role: admin, hash: " HASH "}"),
         "9: tokens[1]: another token has the same hash"},
        {"name too long", TOKEN("{name: " HASH ", role: admin, hash: " OTHER_HASH "}"),
         "9: tokens[1].name: this name has 64 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++)
        check_complaint(&rows[i]);
}

static void test_complaints_site(void **state)
{
    static const struct complaint_row rows[] = {
        {"no sites key", TOP, "1: sites: this key is missing"},
        {"no sites", TOP "sites: {}\n", "3: sites: there are no sites"},
        {"sites null", TOP "sites:\n", "3: sites: there is no value"},
        {"sites as list", TOP "sites: [shop]\n", "3: sites: this is a list ([a, b]); write a mapping"},
        {"site null", TOP SITES SHOP, "4: sites.shop: there is no value"},
        {"site twice", TOP SITE "  shop: {}\n", "7: sites.shop: this key was given before, on line 4"},
        {"site's name", TOP SITES "  Shop:\n" ORIGINS CONTROLLER, "4: sites.Shop: this is no name for a site"},
        {"key misspelt", TOP SITE "    orgins: []\n",
         "7: sites.shop.orgins: unknown key \"orgins\"; did you mean \"origins\"?"},
        {"no origins", TOP SITES SHOP CONTROLLER, "4: sites.shop.origins: this key is missing"},
        {"empty origins", TOP SITES SHOP CONTROLLER "    origins: []\n", "6: sites.shop.origins: this list is empty"},
        {"origin with path",
         TOP SITES SHOP CONTROLLER "    origins:\n      - https://a.example\n      - https://b.example/\n",
         "8: sites.shop.origins[1]: \"https://b.example/\" is not an origin"},
        {"origin by wildcard", TOP SITES SHOP CONTROLLER "    origins: ['https://*.a.example']\n",
         "6: sites.shop.origins[0]: \"https://*.a.example\" is not an origin"},
        {"origin twice", TOP SITES SHOP CONTROLLER "    origins: [https://a.example, HTTPS://A.example:443]\n",
         "6: sites.shop.origins[1]: \"HTTPS://A.example:443\" is listed twice"},
        {"no such zone", TOP SITE "    timezone: Europe/Berln\n",
         "7: sites.shop.timezone: \"Europe/Berln\" is not a time zone of this system"},
        {"zone by rule", TOP SITE "    timezone: Berlin5\n", "7: sites.shop.timezone: \"Berlin5\" is not a time zone"},
        {"zone by path", TOP SITE "    timezone: Etc/../UTC\n", "7: sites.shop.timezone: \"Etc/../UTC\" is not a time"},
        {"cookie domain elsewhere", TOP SITE "    cookie_domain: other.example\n",
         "7: sites.shop.cookie_domain: \"other.example\" does not cover the origin https://shop.example"},
        {"cookie domain below", TOP SITE "    cookie_domain: www.shop.example\n",
         "7: sites.shop.cookie_domain: \"www.shop.example\" does not cover"},
        {"cookie domain by its end", TOP SITE "    cookie_domain: op.example\n",
         "7: sites.shop.cookie_domain: \"op.example\" does not cover"},
        {"cookie domain with dot", TOP SITE "    cookie_domain: .shop.example\n",
         "7: sites.shop.cookie_domain: \".shop.example\" is not a host name"},
        /* GDPR art. 13(1)(a). */
        {"no controller", TOP SITES SHOP ORIGINS, "4: sites.shop.controller: this key is missing"},
        {"controller without name", TOP SITES SHOP ORIGINS "    controller: {contact: a}\n",
         "6: sites.shop.controller.name: this key is missing"},
        {"controller without contact", TOP SITES SHOP ORIGINS "    controller: {name: a}\n",
         "6: sites.shop.controller.contact: this key is missing"},
        {"storage outside the world", TOP SITE "    storage:\n      country: UK\n",
         "8: sites.shop.storage.country: \"UK\" is not a country"},
        {"a bad period", TOP SITE "    retention:\n      journal: 30days\n",
         "8: sites.shop.retention.journal: \"30days\" is not a period"},
        {"no period", TOP SITE "    retention: {choice: 0d}\n",
         "7: sites.shop.retention.choice: \"0d\" is out of range"},
        {"too long a period", TOP SITE "    retention: {visitor: 3651d}\n",
         "7: sites.shop.retention.visitor: \"3651d\" is out of range"},
        {"a journal shorter than events may be late", TOP SITE "    retention: {journal: 71h}\n",
         "7: sites.shop.retention.journal: \"71h\" is too short"},
        {"segments shorter than a month", TOP SITE "    retention: {segments: 34d}\n",
         "7: sites.shop.retention.segments: \"34d\" is too short"},
        {"no folding", TOP SITE "    retention: {fold_below: 0}\n",
         "7: sites.shop.retention.fold_below: \"0\" is no number of visitors"},
        {"too much folding", TOP SITE "    retention: {fold_below: 1001}\n",
         "7: sites.shop.retention.fold_below: \"1001\" is no number of visitors"},
        {"retention misspelt", TOP SITE "    retention: {journals: 1d}\n",
         "7: sites.shop.retention.journals: unknown key \"journals\"; did you mean \"journal\"?"},
        {"announced for no day", TOP SITE "    next: {from: 2026-02-30, address: none}\n",
         "7: sites.shop.next.from: \"2026-02-30\" is no day"},
        {"announced for no time", TOP SITE "    next: {address: none}\n",
         "7: sites.shop.next.from: this key is missing"},
        {"announcing nothing", TOP SITE "    next: {from: 2026-12-24}\n", "7: sites.shop.next: nothing changes"},
        {"announcing what is not told", TOP SITE "    next: {from: 2026-12-24, timezone: UTC}\n",
         "7: sites.shop.next.timezone: unknown key \"timezone\""},
        {"announced with a mistake", TOP SITE "    next: {from: 2026-12-24, retention: {journal: 0d}}\n",
         "7: sites.shop.next.retention.journal: \"0d\" is out of range"},
        {"announced for a recipient that is not",
         TOP SITE "    next: {from: 2026-12-24, purposes: {a: {recipients: [b]}}}\n",
         "7: sites.shop.next.purposes.a.recipients[0]: unknown recipient \"b\""},
        {"besides, without a reason", TOP SITE "    policy: {also: [{what: Orders}]}\n",
         "7: sites.shop.policy.also[0].why: this key is missing"},
        {"besides, in no language", TOP SITE "    policy: {also: [{what: O, why: Y, lang: '12'}]}\n",
         "7: sites.shop.policy.also[0].lang: \"12\" is no language"},
        {"address", TOP SITE "    address: hashed\n",
         "7: sites.shop.address: unknown way to keep addresses \"hashed\"; write one of truncated, full, none"},
        {"on_withdraw", TOP SITE "    on_withdraw: delete\n",
         "7: sites.shop.on_withdraw: unknown way to treat a withdrawal \"delete\"; write one of erase, keep"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++)
        check_complaint(&rows[i]);
}

static void test_complaints_consent(void **state)
{
    static const struct complaint_row rows[] = {
        {"purpose's name", TOP SITE "    purposes:\n      Analytics: {}\n",
         "8: sites.shop.purposes.Analytics: this is no name for a purpose"},
        {"purpose twice", TOP SITE "    purposes:\n      a: {}\n      a: {}\n",
         "9: sites.shop.purposes.a: this key was given before, on line 8"},
        {"purpose twice among its likes", TOP SITE "    purposes:\n      a: {}\n      ab: {}\n      a: {}\n",
         "10: sites.shop.purposes.a: this key was given before, on line 8"},
        {"unknown class", TOP SITE "    purposes:\n      a:\n        collects: [log, devices]\n",
         "9: sites.shop.purposes.a.collects[1]: unknown class of data \"devices\"; did you mean \"device\"?"},
        {"class twice", TOP SITE "    purposes: {a: {collects: [log, log]}}\n",
         "7: sites.shop.purposes.a.collects[1]: \"log\" is listed twice"},
        {"class as text", TOP SITE "    purposes: {a: {collects: log}}\n",
         "7: sites.shop.purposes.a.collects: this is one text; write a list"},
        {"no recipients", TOP SITE "    purposes: {a: {recipients: [x]}}\n",
         "7: sites.shop.purposes.a.recipients[0]: unknown recipient \"x\"; none is declared"},
        {"unknown recipient",
         TOP SITE "    purposes: {a: {recipients: [adpartner]}}\n    recipients: {ad_partner: {name: A}}\n",
         "7: sites.shop.purposes.a.recipients[0]: unknown recipient \"adpartner\"; did you mean \"ad_partner\"?"},
        {"recipient listed twice", TOP SITE "    recipients: {b: {name: B}}\n    purposes: {a: {recipients: [b, b]}}\n",
         "8: sites.shop.purposes.a.recipients[1]: \"b\" is listed twice"},
        {"recipient twice", TOP SITE "    recipients:\n      b: {name: B}\n      b: {name: C}\n",
         "9: sites.shop.recipients.b: this key was given before, on line 8"},
        {"recipient's key", TOP SITE "    recipients: {ad-partner: {name: A}}\n",
         "7: sites.shop.recipients.ad-partner: this is no name for a recipient"},
        {"recipient without name", TOP SITE "    recipients: {b: {why: money}}\n",
         "7: sites.shop.recipients.b.name: this key is missing"},
        {"recipient's country", TOP SITE "    recipients: {b: {name: B, country: usa}}\n",
         "7: sites.shop.recipients.b.country: \"usa\" is not a country"},
        {"language", TOP SITE "    texts:\n      en_US: {title: a}\n",
         "8: sites.shop.texts.en_US: this is no language"},
        {"language twice", TOP SITE "    texts:\n      en: {title: a}\n      EN: {body: b}\n",
         "9: sites.shop.texts.EN: the language en was given before"},
        {"text's name", TOP SITE "    texts: {en: {'the title': a}}\n",
         "7: sites.shop.texts.en.the title: unknown text \"the title\"; write one of "},
        {"text misspelt", TOP SITE "    texts:\n      de:\n        acept: a\n",
         "9: sites.shop.texts.de.acept: unknown text \"acept\"; did you mean \"accept\"?"},
        {"text of no purpose", TOP SITE "    texts: {en: {purpose.analytics.title: a}}\n",
         "7: sites.shop.texts.en.purpose.analytics.title: unknown purpose \"analytics\"; none is declared"},
        {"text of another purpose",
         TOP SITE "    texts: {en: {purpose.analytic.title: a}}\n    purposes: {analytics: {}}\n",
         "7: sites.shop.texts.en.purpose.analytic.title: unknown purpose \"analytic\"; did you mean \"analytics\"?"},
        {"text of a purpose misspelt", TOP SITE "    purposes: {a: {}}\n    texts: {en: {purpose.a.titel: a}}\n",
         "8: sites.shop.texts.en.purpose.a.titel: unknown text of a purpose \"titel\"; did you mean \"title\"?"},
        {"nothing of a purpose", TOP SITE "    purposes: {a: {}}\n    texts: {en: {purpose.a: a}}\n",
         "8: sites.shop.texts.en.purpose.a: unknown text of a purpose \"\"; write one of title, description"},
        {"too much of a purpose", TOP SITE "    purposes: {a: {}}\n    texts: {en: {purpose.a.title.x: a}}\n",
         "8: sites.shop.texts.en.purpose.a.title.x: unknown text of a purpose \"title.x\"; did you mean \"title\"?"},
        {"text twice", TOP SITE "    texts:\n      en:\n        title: a\n        title: b\n",
         "10: sites.shop.texts.en.title: this key was given before, on line 9"},
        {"text as list", TOP SITE "    texts: {en: {title: [a]}}\n",
         "7: sites.shop.texts.en.title: this is a list ([a, b]); write one text"},
        {"texts as text", TOP SITE "    texts: {en: Hello}\n",
         "7: sites.shop.texts.en: this is one text; write a mapping"},
        {"unknown regime", TOP SITE "    regimes: {default: opt-in}\n",
         "7: sites.shop.regimes.default: unknown regime \"opt-in\"; did you mean \"opt_in\"?"},
        {"no such regime", TOP SITE "    regimes: {US: anything}\n",
         "7: sites.shop.regimes.US: unknown regime \"anything\"; write one of opt_in, opt_out, notice_only"},
        {"regime of no country", TOP SITE "    regimes:\n      default: opt_in\n      EU: opt_in\n",
         "9: sites.shop.regimes.EU: this is neither \"default\" nor a country"},
        {"regime of no region", TOP SITE "    regimes:\n      US-Ca: opt_in\n",
         "8: sites.shop.regimes.US-Ca: this is neither \"default\" nor a country, nor a region of one"},
        {"separate is no word", TOP SITE "    purposes: {a: {separate: yes}}\n",
         "7: sites.shop.purposes.a.separate: \"yes\" is not a yes or no"},
        {"no cookie's name", TOP SITE "    purposes: {a: {cookies: [\"a b\"]}}\n",
         "7: sites.shop.purposes.a.cookies[0]: \"a b\" is not a cookie's name"},
        {"every cookie", TOP SITE "    purposes: {a: {cookies: [\"*\"]}}\n",
         "7: sites.shop.purposes.a.cookies[0]: \"*\" is not a cookie's name"},
        {"our own cookie", TOP SITE "    purposes: {a: {cookies: [crumb_id]}}\n",
         "7: sites.shop.purposes.a.cookies[0]: \"crumb_id\" names a cookie of crumb's own"},
        {"our own cookies", TOP SITE "    purposes: {a: {cookies: [_ga, \"cru*\"]}}\n",
         "7: sites.shop.purposes.a.cookies[1]: \"cru*\" names a cookie of crumb's own"},
        {"cookie twice", TOP SITE "    purposes: {a: {cookies: [_ga, _ga]}}\n",
         "7: sites.shop.purposes.a.cookies[1]: \"_ga\" is listed twice"},
        {"no signal", TOP SITE "    purposes: {a: {consent_mode: [ad_storag]}}\n",
         "7: sites.shop.purposes.a.consent_mode[0]: unknown signal of Consent Mode \"ad_storag\"; did you mean"},
        {"signal twice", TOP SITE "    purposes: {a: {consent_mode: [ad_storage, ad_storage]}}\n",
         "7: sites.shop.purposes.a.consent_mode[1]: \"ad_storage\" is listed twice"},
        {"no query pair", TOP SITE "    pages: {query: [\"a=b\"]}\n",
         "7: sites.shop.pages.query[0]: \"a=b\" is not the name of a query pair"},
        {"query pair twice", TOP SITE "    pages: {query: [q, id, q]}\n",
         "7: sites.shop.pages.query[2]: \"q\" is listed twice"},
        {"pages of what", TOP SITE "    pages: {fragment: true}\n",
         "7: sites.shop.pages.fragment: unknown key \"fragment\""},
        {"day of no week", TOP SITE "    working_days: [mon, tues]\n",
         "7: sites.shop.working_days[1]: unknown day of the week \"tues\"; did you mean \"tue\"?"},
        {"day twice", TOP SITE "    working_days: [mon, mon]\n",
         "7: sites.shop.working_days[1]: \"mon\" is listed twice"},
        {"no day at all", TOP SITE "    working_days: []\n",
         "7: sites.shop.working_days: this list is empty; name the days of the week"},
        {"one day that is no list", TOP SITE "    working_days: mon\n", "7: sites.shop.working_days: "},
        {"holiday that is no date", TOP SITE "    holidays: [2026-02-30]\n",
         "7: sites.shop.holidays[0]: \"2026-02-30\" is not a date; write one such as 2026-12-25"},
        {"holiday twice", TOP SITE "    holidays: [2026-12-25, 2026-12-25]\n",
         "7: sites.shop.holidays[1]: \"2026-12-25\" is listed twice"},
        {"segment without filters", TOP SITE "    segments: [{id: 1}]\n",
         "7: sites.shop.segments[0].filters: this key is missing; write JSON"},
        {"segment that is no list", TOP SITE "    segments: [{id: 1, filters: '{}'}]\n",
         "7: sites.shop.segments[0].filters: \"{}\" is no list of filters; write JSON, such as"},
        {"segment twice", TOP SITE "    segments: [{id: 1, filters: '[[1]]'}, {id: 1, filters: '[[1]]'}]\n",
         "7: sites.shop.segments[1]: the id \"1\" was given before; write another"},
        {"goals in a mapping", TOP SITE "    goals: {page: /thanks}\n",
         "7: sites.shop.goals: this is a mapping (key: value); write a list"},
        {"goal of nothing", TOP SITE "    goals: [{name: Sales}]\n",
         "7: sites.shop.goals[0]: this goal has no page and no event; write one of them"},
        {"goal of two things", TOP SITE "    goals: [{page: /a}, {page: /thanks, event: Thanks}]\n",
         "7: sites.shop.goals[1]: this goal has a page and an event; make two of it"},
        {"goal of no path", TOP SITE "    goals: [{page: thanks}]\n",
         "7: sites.shop.goals[0].page: \"thanks\" is not the path of a page; write one that begins with /"},
        {"revenue of a page", TOP SITE "    goals: [{page: /thanks, currency: EUR}]\n",
         "7: sites.shop.goals[0]: this goal is a page and has a currency; only events bring revenue"},
        {"no currency", TOP SITE "    goals: [{event: Sale, currency: euro}]\n",
         "7: sites.shop.goals[0].currency: \"euro\" is not a currency; write the three capital letters"},
        {"goal twice", TOP SITE "    goals:\n      - {event: Sale}\n      - {name: Sale, page: /sold}\n",
         "9: sites.shop.goals[1]: the name \"Sale\" was given to a goal before; write another `name`"},
        {"goal of what", TOP SITE "    goals: [{page: /thanks, path: /thanks}]\n",
         "7: sites.shop.goals[0].path: unknown key \"path\"; did you mean \"page\"?"},
        {"banner of what", TOP SITE "    banner: {colour: red}\n",
         "7: sites.shop.banner.colour: unknown key \"colour\""},
        {"country twice", TOP SITE "    regimes:\n      US: opt_in\n      US: opt_out\n",
         "9: sites.shop.regimes.US: this key was given before, on line 8"},
        {"regime null", TOP SITE "    regimes: {default: }\n", "7: sites.shop.regimes.default: there is no value"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++)
        check_complaint(&rows[i]);
}

/* All mistakes of a file in one run, in the file's order. */
static void test_ten_mistakes(void **state)
{
    static const char yaml[] = "tokens:\n"
                               "  - {name: a, role: analyst, sites: [shopp], hash: " HASH "}\n"
                               "data_max: big\n"
                               "listen:\n"
                               "  public: here\n"
                               "  private: 127.0.0.1:81\n"
                               "thread: 2\n"
                               "sites:\n"
                               "  shop:\n"
                               "    cookie_domain: other.example\n"
                               "    origins: [https://shop.example]\n"
                               "    timezone: Mars/Base\n"
                               "    retention: {journal: soon}\n"
                               "    purposes:\n"
                               "      ads: {collects: [log], recipients: [nobody]}\n"
                               "    controller: {name: Shop}\n";
    static const char *const expected[] = {
        "crumb.yaml:1: data: ",
        "crumb.yaml:2: tokens[0].sites[0]: ",
        "crumb.yaml:3: data_max: ",
        "crumb.yaml:5: listen.public: ",
        "crumb.yaml:7: thread: ",
        "crumb.yaml:10: sites.shop.cookie_domain: ",
        "crumb.yaml:12: sites.shop.timezone: ",
        "crumb.yaml:13: sites.shop.retention.journal: ",
        "crumb.yaml:15: sites.shop.purposes.ads.recipients[0]: ",
        "crumb.yaml:16: sites.shop.controller.contact: ",
    };
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config = NULL;

    (void)state;
    assert_int_equal(config_parse(text_of(yaml), "crumb.yaml", &complaints, &config), CONFIG_E_INVALID);
    assert_int_equal(complaints.n, 10);
    struct text rest = buffer_text(&complaints.text);
    for (size_t i = 0; i < N(expected); i++) {
        struct text line = text_cut(&rest, '\n');

        if (!text_starts(line, text_of(expected[i])))
            fail_msg("%zu: %.*s", i, TEXT_ARGS(line));
    }
    assert_int_equal(rest.size, 0);
    complaints_deinit(&complaints);
}

/* Of the formats below %u stands for the number, %h for it as a hash. */
static void put_numbered(struct buffer *yaml, const char *format, unsigned number)
{
    for (const char *c = format; *c; c++) {
        if (*c != '%')
            buffer_put_u8(yaml, (uint8_t)*c);
        else if (*++c == 'u')
            buffer_printf(yaml, "%u", number);
        else
            buffer_printf(yaml, "%064x", number);
    }
}

static void repeat(struct buffer *yaml, const char *format, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        put_numbered(yaml, format, i);
}

/* At a limit everything is taken, one more is refused, by one complaint. */
static void test_limits(void **state)
{
    static const struct {
        const char *name, *head, *item;
        unsigned max;
    } rows[] = {
        {"origins", TOP SITES SHOP CONTROLLER "    origins:\n", "      - https://a%u.example\n", ORIGINS_MAX},
        {"purposes", TOP SITE "    purposes:\n", "      p%u: {}\n", PURPOSES_MAX},
        {"recipients", TOP SITE "    recipients:\n", "      r%u: {name: R}\n", RECIPIENTS_MAX},
        {"proxies", TOP SITE "trusted_proxies:\n", "  - 10.0.0.%u\n", TRUSTED_PROXIES_MAX},
        {"tokens", TOP SITE "tokens:\n", "  - {name: t%u, role: admin, hash: %h}\n", TOKENS_MAX},
        {"sites", TOP "sites:\n", "  s%u: {origins: [http://a], controller: {name: a, contact: b}}\n", SITES_MAX},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        for (unsigned more = 0; more < 2; more++) {
            struct complaints complaints = COMPLAINTS_INIT;
            struct buffer yaml = BUFFER_INIT(CONFIG_FILE_BYTES_MAX);
            struct config *config = NULL;

            buffer_put_text(&yaml, text_of(rows[i].head));
            repeat(&yaml, rows[i].item, rows[i].max + more);
            assert_int_equal(yaml.fault, 0);
            int r = config_parse(buffer_text(&yaml), "crumb.yaml", &complaints, &config);
            if (r != (more ? CONFIG_E_INVALID : 0) || complaints.n != more)
                fail_msg("%u %s: %d, %.*s", rows[i].max + more, rows[i].name, r,
                         TEXT_ARGS(buffer_text(&complaints.text)));
            config_unref(config);
            buffer_deinit(&yaml);
            complaints_deinit(&complaints);
        }
    }
}

/* There are fewer countries than may be written, so what is refused at the limit are the countries. */
static void test_limit_of_regimes(void **state)
{
    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        struct complaints complaints = COMPLAINTS_INIT;
        struct buffer yaml = BUFFER_INIT(CONFIG_FILE_BYTES_MAX);
        struct config *config = NULL;

        buffer_put_text(&yaml, TEXT(TOP SITE "    regimes:\n"));
        repeat(&yaml, "      no-country-%u: opt_in\n", COUNTRY_REGIMES_MAX + more);
        assert_int_equal(yaml.fault, 0);
        assert_int_equal(config_parse(buffer_text(&yaml), "crumb.yaml", &complaints, &config), CONFIG_E_INVALID);
        assert_int_equal(complaints.n, more ? 1 : COUNTRY_REGIMES_MAX);
        buffer_deinit(&yaml);
        complaints_deinit(&complaints);
    }
}

/* A language of the site's own counts beside the shipped ones; another word for a shipped one does not. */
static void test_languages_limit(void **state)
{
    unsigned room = TEXTS_LANGUAGES_MAX - shipped_n_langs();

    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        struct complaints complaints = COMPLAINTS_INIT;
        struct buffer yaml = BUFFER_INIT(CONFIG_FILE_BYTES_MAX);
        struct config *config = NULL;

        buffer_put_text(&yaml, TEXT(TOP SITE "    texts:\n      de: {title: a}\n"));
        for (unsigned i = 0; i < room + more; i++)
            buffer_printf(&yaml, "      q%c%c: {title: a}\n", 'a' + i / 26, 'a' + i % 26);
        buffer_put_text(&yaml, TEXT("      fr: {title: a}\n"));
        int r = config_parse(buffer_text(&yaml), "crumb.yaml", &complaints, &config);
        assert_int_equal(r, more ? CONFIG_E_INVALID : 0);
        assert_int_equal(complaints.n, more);
        buffer_put_u8(&complaints.text, '\0');
        if (more)
            assert_non_null(strstr((const char *)complaints.text.data, ": this is one language too many; write at "));
        config_unref(config);
        buffer_deinit(&yaml);
        complaints_deinit(&complaints);
    }
}

/* All texts of all languages: a site may have TEXTS_MAX of them. */
static void test_texts_limit(void **state)
{
    unsigned n_rows = 0;

    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        struct complaints complaints = COMPLAINTS_INIT;
        struct buffer yaml = BUFFER_INIT(CONFIG_FILE_BYTES_MAX);
        struct config *config = NULL;

        buffer_put_text(&yaml, TEXT(TOP SITE "    purposes:\n"));
        repeat(&yaml, "      p%u: {}\n", PURPOSES_MAX);
        buffer_put_text(&yaml, TEXT("    texts:\n"));
        n_rows = 0;
        for (unsigned l = 0; n_rows < TEXTS_MAX + more; l++) {
            assert_true(l < shipped_n_langs());
            buffer_printf(&yaml, "      %s:\n", shipped_lang(l));
            for (unsigned p = 0; p < 2 * PURPOSES_MAX && n_rows < TEXTS_MAX + more; p++, n_rows++)
                buffer_printf(&yaml, "        purpose.p%u.%s: a\n", p / 2, p % 2 ? "title" : "description");
            for (unsigned k = 0; k < shipped_n_keys() && n_rows < TEXTS_MAX + more; k++)
                if (strncmp(shipped_key(k), "purpose.", 8) != 0)
                    n_rows++, buffer_printf(&yaml, "        %s: a\n", shipped_key(k));
        }
        assert_int_equal(yaml.fault, 0);
        int r = config_parse(buffer_text(&yaml), "crumb.yaml", &complaints, &config);
        if (r != (more ? CONFIG_E_INVALID : 0) || complaints.n != more)
            fail_msg("%u texts: %d, %.*s", n_rows, r, TEXT_ARGS(buffer_text(&complaints.text)));
        config_unref(config);
        buffer_deinit(&yaml);
        complaints_deinit(&complaints);
    }
}

/* However wrong a file is, what is said about it stays bounded. */
static void test_complaints_are_bounded(void **state)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct buffer yaml = BUFFER_INIT(CONFIG_FILE_BYTES_MAX);
    struct config *config = NULL;
    unsigned n_lines = 0;

    (void)state;
    buffer_put_text(&yaml, TEXT("? "));
    for (unsigned i = 0; i < 300000; i++)
        buffer_put_text(&yaml, TEXT("\xc3\xa4"));
    buffer_put_text(&yaml, TEXT("\n: a\n" TOP SITE));
    repeat(&yaml, "wrong%u: a\n", CONFIG_COMPLAINTS_MAX + 20);
    assert_int_equal(yaml.fault, 0);
    assert_int_equal(config_parse(buffer_text(&yaml), "crumb.yaml", &complaints, &config), CONFIG_E_INVALID);
    assert_int_equal(complaints.n, CONFIG_COMPLAINTS_MAX + 21);
    assert_in_range(complaints.text.size, 1, CONFIG_COMPLAINTS_MAX * (COMPLAINT_BYTES_MAX + 32));
    for (size_t i = 0; i < complaints.text.size; i++)
        n_lines += complaints.text.data[i] == '\n';
    assert_int_equal(n_lines, CONFIG_COMPLAINTS_MAX);
    complaints_deinit(&complaints);
    buffer_deinit(&yaml);
}

/* What the file holds cannot forge lines or colours, and long values are cut between characters. */
static void test_complaints_are_clean(void **state)
{
    static const struct complaint_row rows[] = {
        {"a line end in a value", TOP SITE "    address: \"a\\ncrumb.yaml:1: b\"\n",
         "7: sites.shop.address: unknown way to keep addresses \"a?crumb.yaml:1: b\";"},
        {"an escape in a key", TOP SITE "    \"\\e[31m\": a\n", "7: sites.shop.?[31m: unknown key \"?[31m\";"},
        {"a long value",
         TOP SITE "    timezone: Europe/"
                  "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                  "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                  "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\n",
         "7: sites.shop.timezone: \"Europe/"
         "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
         "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
         "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4...\" is not a time zone"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++)
        check_complaint(&rows[i]);
}

static void test_lookups(void **state)
{
    static const struct {
        const char *origin;
        bool expected;
    } origins[] = {
        {"https://shop.example", true},
        {"HTTPS://SHOP.EXAMPLE", true},
        {"http://www.shop.example:8080", true},
        {"https://shop.example:443", false},
        {"https://shop.example/", false},
        {"http://shop.example", false},
        {"https://blog.example", false},
        {"https://shop.exampl", false},
        {"null", false},
        {"", false},
    };
    struct config *config = parse_good(full, "crumb.yaml");
    const struct site *shop = config_site(config, TEXT("shop"));
    char huge[ORIGIN_BYTES_MAX + 2];

    (void)state;
    memset(huge, 'a', sizeof huge);
    assert_ptr_equal(config_site(config, TEXT("blog")), &config->sites[1]);
    assert_null(config_site(config, TEXT("Shop")));
    assert_null(config_site(config, TEXT("sho")));
    assert_null(config_site(config, TEXT("shop\0")));
    assert_null(config_site(config, TEXT_NONE));
    for (size_t i = 0; i < N(origins); i++)
        if (config_origin_listed(shop, text_of(origins[i].origin)) != origins[i].expected)
            fail_msg("%s", origins[i].origin);
    assert_false(config_origin_listed(shop, (struct text){.data = huge, .size = sizeof huge}));
    assert_false(config_origin_listed(shop, TEXT_NONE));
    config_unref(config);
}

static bool trusted(const struct config *config, const char *address)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        memcpy(&storage, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
        memcpy(&storage, &v6, sizeof v6);
    else
        storage.ss_family = AF_UNIX;
    return config_proxy_trusted(config, (const struct sockaddr *)&storage);
}

static void test_proxy_trusted(void **state)
{
    static const struct {
        const char *address;
        bool expected;
    } rows[] = {
        {"10.128.0.0", true},
        {"10.255.255.255", true},
        {"10.127.255.255", false},
        {"11.128.0.0", false},
        {"192.0.2.7", true},
        {"192.0.2.6", false},
        {"::ffff:10.128.0.1", true},
        {"::ffff:9.0.0.1", false},
        {"2001:db8:7fff::1", true},
        {"2001:db8:8000::1", false},
        {"::1", false},
        {"0.0.0.0", false},
        {"a Unix socket", false},
    };
    struct config *config =
        parse_good(TOP "trusted_proxies: [10.128.0.0/9, 192.0.2.7, '2001:db8::/33']\n" SITE, "crumb.yaml");
    struct config *all = parse_good(TOP "trusted_proxies: [0.0.0.0/0]\n" SITE, "crumb.yaml");

    (void)state;
    for (size_t i = 0; i < N(rows); i++)
        if (trusted(config, rows[i].address) != rows[i].expected)
            fail_msg("%s", rows[i].address);
    assert_true(trusted(all, "203.0.113.9"));
    assert_false(trusted(all, "2001:db8::1"));
    config_unref(config);
    config_unref(all);
}

/* The memory goes with the last reference, not before; the leak checker sees that it does go. */
static void test_references(void **state)
{
    struct config *config = parse_good(TOP SITE, "crumb.yaml");
    struct config *second = config_ref(config);

    (void)state;
    assert_ptr_equal(second, config);
    assert_null(config_unref(config));
    assert_string_equal(second->sites[0].name, "shop");
    assert_null(config_unref(second));
    assert_null(config_unref(NULL));
}

/* @yaml, and newlines up to @size bytes. */
static void write_file(const char *path, const char *yaml, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(yaml, 1, strlen(yaml), file), strlen(yaml));
    for (size_t i = strlen(yaml); i < size; i++)
        fputc('\n', file);
    assert_int_equal(fclose(file), 0);
}

static void test_load(void **state)
{
    char folder[] = "/tmp/crumb-test-config-XXXXXX";
    char path[128], expected[256];
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/crumb.yaml", folder);

    write_file(path, TOP SITE, CONFIG_FILE_BYTES_MAX);
    assert_int_equal(config_load(path, &complaints, &config), 0);
    snprintf(expected, sizeof expected, "%s/./data", folder);
    assert_string_equal(config->data, expected);
    config = config_unref(config);

    write_file(path, TOP SITE, CONFIG_FILE_BYTES_MAX + 1);
    assert_int_equal(config_load(path, &complaints, &config), CONFIG_E_INVALID);
    snprintf(expected, sizeof expected, "%s:1: the file is too large;", path);
    assert_true(text_starts(buffer_text(&complaints.text), text_of(expected)));
    complaints_deinit(&complaints);

    unlink(path);
    assert_int_equal(config_load(path, &complaints, &config), CONFIG_E_INVALID);
    snprintf(expected, sizeof expected, "%s:1: the file cannot be read (No such file or directory);", path);
    assert_true(text_starts(buffer_text(&complaints.text), text_of(expected)));
    complaints_deinit(&complaints);

    assert_int_equal(config_load(folder, &complaints, &config), CONFIG_E_INVALID);
    assert_int_equal(complaints.n, 1);
    complaints_deinit(&complaints);
    assert_null(config);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_service),
        cmocka_unit_test(test_full_tokens),
        cmocka_unit_test(test_full_site),
        cmocka_unit_test(test_full_purposes),
        cmocka_unit_test(test_full_texts_and_regimes),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_complaints_syntax),
        cmocka_unit_test(test_complaints_service),
        cmocka_unit_test(test_complaints_tokens),
        cmocka_unit_test(test_complaints_site),
        cmocka_unit_test(test_complaints_consent),
        cmocka_unit_test(test_ten_mistakes),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limit_of_regimes),
        cmocka_unit_test(test_languages_limit),
        cmocka_unit_test(test_texts_limit),
        cmocka_unit_test(test_complaints_are_bounded),
        cmocka_unit_test(test_complaints_are_clean),
        cmocka_unit_test(test_lookups),
        cmocka_unit_test(test_proxy_trusted),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
