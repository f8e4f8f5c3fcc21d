/*
 * Each rule of lint: one change of a configuration that no rule minds makes
 * that rule, and no other, report; and changes next to it that none minds.
 */
#include "check.h"
#include "crumb/config/config.h"
#include "crumb/consent/lint.h"
#include "crumb/consent/prominence.h"
#include <stdio.h>
#include <stdlib.h>

#define RECIPIENTS                                                                                                     \
    "    recipients:\n"                                                                                                \
    "      partner: {name: Partner Inc, country: US, why: shows our advertisements}\n"                                 \
    "      helper: {name: Helper SA, country: FR, why: plays our films}\n"
#define PURPOSES "    purposes:\n"
#define EN "      en:\n"
#define DE "      de:\n"
#define WORDS(purpose)                                                                                                 \
    "        purpose." purpose ".title: Title\n        purpose." purpose ".description: Description\n"
#define COLLECTING(purpose) "      " purpose ": {collects: [log]}\n"
#define FIVE_MORE COLLECTING("journeys") COLLECTING("a") COLLECTING("b") COLLECTING("c") COLLECTING("d")

static const char clean[] =
    "data: ./data\n"
    "listen:\n"
    "  public: 127.0.0.1:8080\n"
    "  private: 127.0.0.1:8081\n"
    "trusted_proxies: [127.0.0.1]\n"
    "geo: country.mmdb\n"
    "sites:\n"
    "  shop:\n"
    "    origins:\n"
    "      - https://shop.example\n"
    "      - http://localhost:8090\n"
    "    controller:\n"
    "      name: Example Ltd\n"
    "      address: 1 Market Street\n"
    "      contact: privacy@shop.example\n"
    "    storage: {country: DE}\n"
    "    retention:\n"
    "      journal: 30d\n"
    "      segments: 25mo\n"
    "      choice: 6mo\n"
    "      refusal: 6mo\n"
    "      visitor: 13mo\n"
    "    address: truncated\n"
    "    on_withdraw: erase\n" RECIPIENTS PURPOSES "      analytics: {collects: [log, device]}\n"
    "      marketing: {collects: [log], recipients: [partner]}\n"
    "      videos: {recipients: [helper]}\n"
    "    texts:\n" EN "        accept: Yes, please\n"
    "        reject: No, thank you\n"
    "        purpose.videos.title: Films\n"
    "        purpose.videos.description: Films that are kept elsewhere\n" DE "        purpose.videos.title: Filme\n"
    "        purpose.videos.description: Filme, die anderswo liegen\n"
    "    regimes:\n"
    "      default: opt_in\n"
    "      US: opt_out\n"
    "  blog:\n"
    "    origins: [https://blog.example]\n"
    "    controller: {name: Blogger, address: 2 Hill Road, contact: https://blog.example/me}\n"
    "    storage: {country: IS}\n";

#define EDITS_MAX 3
#define FOUND_MAX 16

struct row {
    const char *name;
    const char *rule;  /* NULL: no doubt */
    const char *where; /* of the first doubt */
    const char *line;  /* what the line that it names begins with, behind the blanks */
    unsigned n;        /* doubts; 0: one */
    struct {
        const char *from, *to;
    } edits[EDITS_MAX];
};

static const struct row rows[] = {
    {"clean", NULL, NULL, NULL, 0, {{NULL, NULL}}},

    /* The service. */
    {"open",
     "listener-plain",
     "listen.public",
     "public:",
     0,
     {{"127.0.0.1:8080", "0.0.0.0:8080"}, {"trusted_proxies: [127.0.0.1]\n", ""}}},
    {"open, IPv6",
     "listener-plain",
     "listen.public",
     "public:",
     0,
     {{"127.0.0.1:8080", "'[::]:8080'"}, {"trusted_proxies: [127.0.0.1]\n", ""}}},
    {"open behind a proxy", NULL, NULL, NULL, 0, {{"127.0.0.1:8080", "0.0.0.0:8080"}}},
    {"open with TLS",
     NULL,
     NULL,
     NULL,
     0,
     {{"127.0.0.1:8080", "0.0.0.0:8080"}, {"trusted_proxies: [127.0.0.1]", "tls: {certificate: a, key: b}"}}},
    {"proxy not trusted", "proxy-unheard", "listen.public", "public:", 0, {{"trusted_proxies: [127.0.0.1]\n", ""}}},
    {"no proxy for pages by http",
     NULL,
     NULL,
     NULL,
     0,
     {{"trusted_proxies: [127.0.0.1]\n", ""},
      {"https://shop.example", "http://127.0.0.1:8091"},
      {"[https://blog.example]", "['http://[::1]:8092']"}}},
    {"queries for everybody",
     "listener-private",
     "listen.private",
     "private:",
     0,
     {{"127.0.0.1:8081", "0.0.0.0:8081"}}},
    {"queries on a public address",
     "listener-private",
     "listen.private",
     "private:",
     0,
     {{"127.0.0.1:8081", "'[2001:db8::1]:8081'"}}},
    {"beside a private network",
     "listener-private",
     "listen.private",
     "private:",
     0,
     {{"127.0.0.1:8081", "172.32.0.1:8081"}}},
    {"queries on a private network", NULL, NULL, NULL, 0, {{"127.0.0.1:8081", "172.31.255.255:8081"}}},
    {"queries on a private network, IPv6", NULL, NULL, NULL, 0, {{"127.0.0.1:8081", "'[fd00::1]:8081'"}}},
    {"queries on the loopback, mapped", NULL, NULL, NULL, 0, {{"127.0.0.1:8081", "'[::ffff:127.0.0.1]:8081'"}}},
    {"queries for everybody, mapped",
     "listener-private",
     "listen.private",
     "private:",
     0,
     {{"127.0.0.1:8081", "'[::ffff:192.0.2.1]:8081'"}}},
    {"queries on a link, IPv6", NULL, NULL, NULL, 0, {{"127.0.0.1:8081", "'[fe80::1]:8081'"}}},
    {"queries in a class A", NULL, NULL, NULL, 0, {{"127.0.0.1:8081", "10.255.0.1:8081"}}},
    {"queries at home", NULL, NULL, NULL, 0, {{"127.0.0.1:8081", "192.168.1.2:8081"}}},
    {"queries on a link", NULL, NULL, NULL, 0, {{"127.0.0.1:8081", "169.254.1.2:8081"}}},
    {"queries on the loopback, IPv6", NULL, NULL, NULL, 0, {{"127.0.0.1:8081", "'[::1]:8081'"}}},

    /* Where it is served. */
    {"pages by http",
     "origin-http",
     "sites.shop.origins[1]",
     "- http://shop.example",
     0,
     {{"http://localhost:8090", "http://shop.example"}}},
    {"a name that looks local",
     "origin-http",
     "sites.shop.origins[1]",
     "- http://127.example",
     0,
     {{"http://localhost:8090", "http://127.example"}}},
    {"a name under localhost", NULL, NULL, NULL, 0, {{"localhost", "shop.localhost"}}},
    {"the same host", "cookie-shared", "sites.blog.origins", "origins:", 0, {{"blog.example]", "shop.example:444]"}}},
    {"the same domain",
     "cookie-shared",
     "sites.blog.cookie_domain",
     "cookie_domain:",
     0,
     {{"https://shop.example\n      - http://localhost:8090\n",
       "https://a.shop.example\n    cookie_domain: shop.example\n"},
      {"[https://blog.example]\n", "[https://b.shop.example]\n    cookie_domain: shop.example\n"}}},
    {"a domain over a host",
     "cookie-shared",
     "sites.blog.origins",
     "origins:",
     0,
     {{"https://shop.example\n      - http://localhost:8090\n",
       "https://a.shop.example\n    cookie_domain: shop.example\n"},
      {"[https://blog.example]", "[https://b.shop.example]"}}},
    {"a domain over an earlier host",
     "cookie-shared",
     "sites.blog.cookie_domain",
     "cookie_domain:",
     0,
     {{"https://shop.example", "https://a.shop.example"},
      {"[https://blog.example]\n", "[https://b.shop.example]\n    cookie_domain: shop.example\n"}}},
    {"a domain within a domain",
     "cookie-shared",
     "sites.blog.cookie_domain",
     "cookie_domain:",
     0,
     {{"https://shop.example\n      - http://localhost:8090\n",
       "https://a.shop.example\n    cookie_domain: a.shop.example\n"},
      {"[https://blog.example]\n", "[https://shop.example]\n    cookie_domain: shop.example\n"}}},
    {"hosts of one domain", NULL, NULL, NULL, 0, {{"[https://blog.example]", "[https://blog.shop.example]"}}},

    /* Who collects, and where it lies. */
    {"a telephone",
     "controller-contact",
     "sites.shop.controller.contact",
     "contact: +49",
     0,
     {{"contact: privacy@shop.example", "contact: +49 30 1234567"}}},
    {"a mail address without a host",
     "controller-contact",
     "sites.shop.controller.contact",
     "contact:",
     0,
     {{"contact: privacy@shop.example", "contact: privacy@localhost"}}},
    {"nobody at a host",
     "controller-contact",
     "sites.shop.controller.contact",
     "contact:",
     0,
     {{"contact: privacy@shop.example", "contact: '@shop.example'"}}},
    {"a page of nowhere",
     "controller-contact",
     "sites.shop.controller.contact",
     "contact:",
     0,
     {{"contact: privacy@shop.example", "contact: https:///contact"}}},
    {"mailto", NULL, NULL, NULL, 0, {{"privacy@shop.example", "mailto:privacy@shop.example"}}},
    {"no address",
     "controller-address",
     "sites.shop.controller.address",
     "controller:",
     0,
     {{"      address: 1 Market Street\n", ""}}},
    {"no storage", "storage-country", "sites.shop.storage.country", "shop:", 0, {{"    storage: {country: DE}\n", ""}}},
    {"a place in no country",
     "storage-country",
     "sites.shop.storage.country",
     "storage:",
     0,
     {{"{country: DE}", "{location: Frankfurt}"}}},

    /* Who receives it. */
    {"a recipient nowhere",
     "recipient-country",
     "sites.shop.recipients.helper.country",
     "helper:",
     0,
     {{"country: FR, ", ""}}},
    {"a recipient for nothing",
     "recipient-why",
     "sites.shop.recipients.helper.why",
     "helper:",
     0,
     {{", why: plays our films", ""}}},
    {"a recipient abroad for nothing",
     "recipient-abroad",
     "sites.shop.recipients.partner.why",
     "partner:",
     0,
     {{", why: shows our advertisements", ""}}},
    {"an outermost region is not abroad",
     "recipient-why",
     "sites.shop.recipients.helper.why",
     "helper:",
     0,
     {{"country: FR, why: plays our films", "country: RE"}}},
    {"a recipient of nothing",
     "recipient-unused",
     "sites.shop.recipients.other",
     "other:",
     0,
     {{"    recipients:\n", "    recipients:\n      other: {name: Other}\n"}}},

    /* What is asked. */
    {"a purpose for nothing",
     "purpose-nothing",
     "sites.shop.purposes.journeys",
     "journeys:",
     0,
     {{"    purposes:\n", "    purposes:\n      journeys: {collects: []}\n"}}},
    {"marketing with nobody",
     "purpose-marketing",
     "sites.shop.purposes.marketing.recipients",
     "marketing:",
     0,
     {{"[log], recipients: [partner]", "[log]"}, {"recipients: [helper]", "recipients: [helper, partner]"}}},
    {"marketing that is nothing",
     "purpose-nothing",
     "sites.shop.purposes.marketing",
     "marketing:",
     0,
     {{"{collects: [log], recipients: [partner]}", "{collects: []}"},
      {"recipients: [helper]", "recipients: [helper, partner]"}}},
    {"a word inside a word",
     NULL,
     NULL,
     NULL,
     0,
     {{PURPOSES, PURPOSES "      uploads: {collects: [log]}\n"}, {EN, EN WORDS("uploads")}, {DE, DE WORDS("uploads")}}},
    {"eight purposes",
     "purpose-count",
     "sites.shop.purposes",
     "purposes:",
     0,
     {{PURPOSES, PURPOSES FIVE_MORE},
      {EN, EN WORDS("a") WORDS("b") WORDS("c") WORDS("d")},
      {DE, DE WORDS("a") WORDS("b") WORDS("c") WORDS("d")}}},
    {"seven purposes",
     NULL,
     NULL,
     NULL,
     0,
     {{PURPOSES "      analytics: {collects: [log, device]}\n", PURPOSES FIVE_MORE},
      {EN, EN WORDS("a") WORDS("b") WORDS("c") WORDS("d")},
      {DE, DE WORDS("a") WORDS("b") WORDS("c") WORDS("d")}}},
    {"no words",
     "purpose-texts",
     "sites.shop.texts.en.purpose.videos.title",
     "en:",
     0,
     {{"        purpose.videos.title: Films\n        purpose.videos.description: Films that are kept elsewhere\n",
       ""}}},
    {"no title",
     "purpose-texts",
     "sites.shop.texts.de.purpose.videos.title",
     "de:",
     0,
     {{"        purpose.videos.title: Filme\n", ""}}},
    {"no description",
     "purpose-texts",
     "sites.shop.texts.de.purpose.videos.description",
     "de:",
     0,
     {{"        purpose.videos.description: Filme, die anderswo liegen\n", ""}}},
    {"a body of one's own", NULL, NULL, NULL, 0, {{EN, EN "        body: \"May we use {purposes}?\"\n"}}},
    {"a body that names nothing",
     "body-purposes",
     "sites.shop.texts.en.body",
     "body:",
     0,
     {{EN, EN "        body: May we?\n"}}},
    {"the other regimes' bodies",
     "body-purposes",
     "sites.shop.texts.de.notice_only.body",
     "notice_only.body:",
     2,
     {{DE, DE "        notice_only.body: Wir tun etwas.\n        opt_out.body: Auch hier.\n"}}},
    {"one button", "button-alone", "sites.shop.texts.en.reject", "en:", 0, {{"        reject: No, thank you\n", ""}}},
    {"the other button",
     "button-alone",
     "sites.shop.texts.en.accept",
     "en:",
     0,
     {{"        accept: Yes, please\n", ""}}},
    {"a long way to no",
     "button-unequal",
     "sites.shop.texts.en.reject",
     "reject:",
     0,
     {{"No, thank you", "Continue without accepting any of it"}}},
    {"a loud yes", "button-unequal", "sites.shop.texts.en.accept", "accept:", 0, {{"Yes, please", "Yes, please!"}}},
    {"a merry yes",
     "button-unequal",
     "sites.shop.texts.en.accept",
     "accept:",
     0,
     {{"Yes, please", "Yes, please \xf0\x9f\x8e\x89"}}},
    {"a great yes", "button-unequal", "sites.shop.texts.en.accept", "accept:", 0, {{"Yes, please", "YES, PLEASE"}}},
    {"everything about yes",
     "button-unequal",
     "sites.shop.texts.en.accept",
     "accept:",
     4,
     {{"Yes, please", "YES! \xe2\x9c\x94 I LOVE TO HAVE MY VISITS COUNTED"}, {"No, thank you", "No"}}},
    {"equally loud", NULL, NULL, NULL, 0, {{"Yes, please", "YES!"}, {"No, thank you", "NO WAY!"}}},

    /* How long it is kept. */
    {"asked each month",
     "choice-period",
     "sites.shop.retention.choice",
     "choice:",
     2,
     {{"choice: 6mo", "choice: 30d"}, {"refusal: 6mo", "refusal: 30d"}}},
    {"asked every second year",
     "choice-period",
     "sites.shop.retention.choice",
     "choice:",
     2,
     {{"choice: 6mo", "choice: 2y"}, {"refusal: 6mo", "refusal: 2y"}}},
    {"accepters asked sooner",
     NULL,
     NULL,
     NULL,
     0,
     {{"choice: 6mo", "choice: 3mo"}, {"refusal: 6mo", "refusal: 12mo"}}},
    {"refusers asked sooner",
     "refusal-sooner",
     "sites.shop.retention.refusal",
     "refusal:",
     0,
     {{"refusal: 6mo", "refusal: 5mo"}}},
    {"refusers asked sooner by default",
     "refusal-sooner",
     "sites.shop.retention.refusal",
     "retention:",
     0,
     {{"choice: 6mo", "choice: 7mo"}, {"      refusal: 6mo\n", ""}}},
    {"a long visitor",
     "visitor-period",
     "sites.shop.retention.visitor",
     "visitor:",
     0,
     {{"visitor: 13mo", "visitor: 398d"}}},
    {"thirteen months of a calendar", NULL, NULL, NULL, 0, {{"visitor: 13mo", "visitor: 397d"}}},
    {"long segments",
     "segments-period",
     "sites.shop.retention.segments",
     "segments:",
     0,
     {{"segments: 25mo", "segments: 763d"}}},
    {"twenty-five months of a calendar", NULL, NULL, NULL, 0, {{"segments: 25mo", "segments: 762d"}}},
    {"a long journal",
     "journal-longer",
     "sites.shop.retention.journal",
     "journal:",
     0,
     {{"journal: 30d", "journal: 100d"}, {"segments: 25mo", "segments: 99d"}}},
    {"as long as the segments", NULL, NULL, NULL, 0, {{"journal: 30d", "journal: 25mo"}}},
    {"whole addresses", "address-full", "sites.shop.address", "address: full", 0, {{"truncated", "full"}}},
    {"no addresses", NULL, NULL, NULL, 0, {{"truncated", "none"}}},
    {"a query pair of a person",
     "pages-person",
     "sites.shop.pages.query",
     "pages:",
     0,
     {{"    on_withdraw: erase\n", "    on_withdraw: erase\n    pages: {query: [q, userEmail]}\n"}}},
    {"query pairs of nobody",
     NULL,
     NULL,
     NULL,
     0,
     {{"    on_withdraw: erase\n", "    on_withdraw: erase\n    pages: {query: [q, page]}\n"}}},
    {"kept after all", "withdraw-keep", "sites.shop.on_withdraw", "on_withdraw:", 0, {{"erase", "keep"}}},

    /* What the law asks where the visitor is. */
    {"silence is a yes",
     "regime-default",
     "sites.shop.regimes.default",
     "default:",
     0,
     {{"default: opt_in", "default: opt_out"}}},
    {"in the Union", "regime-eea", "sites.shop.regimes.DE", "DE:", 0, {{"US: opt_out", "DE: opt_out"}}},
    {"in Norway", "regime-eea", "sites.shop.regimes.NO", "NO:", 0, {{"US: opt_out", "NO: opt_out"}}},
    {"in the United Kingdom", "regime-uk", "sites.shop.regimes.GB", "GB:", 0, {{"US: opt_out", "GB: opt_out"}}},
    {"in Switzerland", "regime-switzerland", "sites.shop.regimes.CH", "CH:", 0, {{"US: opt_out", "CH: opt_out"}}},
    {"in China", "regime-china", "sites.shop.regimes.CN", "CN:", 0, {{"US: opt_out", "CN: opt_out"}}},
    {"the strictest, said again", NULL, NULL, NULL, 0, {{"US: opt_out", "DE: opt_in"}}},
    {"told and given away",
     "regime-notice-only",
     "sites.shop.regimes.US",
     "US:",
     0,
     {{"US: opt_out", "US: notice_only"}}},
    {"told and kept",
     NULL,
     NULL,
     NULL,
     0,
     {{"US: opt_out", "US: notice_only"},
      {RECIPIENTS, ""},
      {"      marketing: {collects: [log], recipients: [partner]}\n      videos: {recipients: [helper]}\n",
       "      videos: {collects: [clickpath]}\n"}}},
    {"countries without geo", "regime-unplaced", "sites.shop.regimes", "regimes:", 0, {{"geo: country.mmdb\n", ""}}},
    {"geo without countries", NULL, NULL, NULL, 0, {{"      US: opt_out\n", ""}}},
};

/* ---- a run ---- */

struct found {
    unsigned n;
    struct {
        const char *rule;
        char where[256], what[COMPLAINT_BYTES_MAX];
        unsigned line;
    } doubts[FOUND_MAX];
    const struct config *config;
};

static void take(void *context, const struct lint_doubt *doubt)
{
    struct found *found = context;
    BUFFER_AUTO where = BUFFER_INIT(256);

    assert_true(found->n < FOUND_MAX);
    config_place_put(&doubt->place, &where);
    buffer_put_u8(&where, '\0');
    snprintf(found->doubts[found->n].where, sizeof found->doubts[0].where, "%s", (const char *)where.data);
    snprintf(found->doubts[found->n].what, sizeof found->doubts[0].what, "%s", doubt->what);
    found->doubts[found->n].rule = doubt->rule;
    found->doubts[found->n].line = places_line(found->config->places, &doubt->place);
    assert_true(doubt->source[0]);
    found->n++;
}

/* @yaml with the first @from in it replaced; the caller frees it. */
static char *edit(const char *name, char *yaml, const char *from, const char *to)
{
    char *at = strstr(yaml, from), *edited = NULL;

    if (!at)
        fail_msg("\"%s\": there is no \"%s\"", name, from);
    assert_true(asprintf(&edited, "%.*s%s%s", (int)(at - yaml), yaml, to, at + strlen(from)) >= 0);
    free(yaml);
    return edited;
}

static char *yaml_of(const struct row *row)
{
    char *yaml = strdup(clean);

    for (unsigned i = 0; i < EDITS_MAX && row->edits[i].from; i++)
        yaml = edit(row->name, yaml, row->edits[i].from, row->edits[i].to);
    return yaml;
}

static struct config *parse(const char *name, const char *yaml)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config = NULL;

    if (config_parse(text_of(yaml), "crumb.yaml", &complaints, &config))
        fail_msg("\"%s\" is no configuration: %.*s", name, TEXT_ARGS(buffer_text(&complaints.text)));
    complaints_deinit(&complaints);
    return config;
}

/* What stands in a line of @yaml, behind its blanks. */
static struct text line_of(const char *yaml, unsigned line)
{
    struct text rest = text_of(yaml), found = TEXT_NONE;

    while (line--)
        found = text_cut(&rest, '\n');
    while (found.size && found.data[0] == ' ')
        found = text_from(found, 1);
    return found;
}

static void check_row(const struct row *row)
{
    char *yaml = yaml_of(row);
    struct config *config = parse(row->name, yaml);
    struct found found = {.config = config};
    unsigned n = !row->rule ? 0 : row->n ? row->n : 1;

    lint_config(config, take, &found);
    for (unsigned i = 0; i < found.n; i++)
        if (!row->rule || strcmp(found.doubts[i].rule, row->rule) != 0)
            fail_msg("\"%s\": %s: %s (%s)", row->name, found.doubts[i].where, found.doubts[i].what,
                     found.doubts[i].rule);
    check_equal(row->name, found.n, n);
    if (n) {
        check_text(row->name, text_of(found.doubts[0].where), row->where);
        struct text line = line_of(yaml, found.doubts[0].line);
        if (!text_starts(line, text_of(row->line)))
            fail_msg("\"%s\": line %u is \"%.*s\"", row->name, found.doubts[0].line, TEXT_ARGS(line));
    }
    config_unref(config);
    free(yaml);
}

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_row(&rows[i]);
}

static void test_every_rule_has_a_row(void **state)
{
    (void)state;
    for (size_t i = 0; lint_rule(i); i++) {
        unsigned n = 0;

        for (size_t j = 0; j < N_ROWS(rows); j++)
            n += rows[j].rule && strcmp(rows[j].rule, lint_rule(i)) == 0;
        check(lint_rule(i), n > 0);
        for (size_t j = 0; j < i; j++)
            check(lint_rule(i), strcmp(lint_rule(i), lint_rule(j)) != 0);
    }
}

/* Nobody knows whether it is abroad, so that is not said. */
static void test_recipient_nowhere_for_nothing(void **state)
{
    char *yaml = edit(__func__, strdup(clean), ", country: FR, why: plays our films", "");
    struct config *config = parse(__func__, yaml);
    struct found found = {.config = config};

    (void)state;
    lint_config(config, take, &found);
    assert_int_equal(found.n, 2);
    assert_string_equal(found.doubts[0].rule, "recipient-country");
    assert_string_equal(found.doubts[1].rule, "recipient-why");
    config_unref(config);
    free(yaml);
}

/* A doubt fits in a line, whatever was written. */
static void test_long_values(void **state)
{
    static char name[CONFIG_TEXT_BYTES_MAX + 1];
    struct row row = {"long",
                      "recipient-country",
                      "sites.shop.recipients.helper.country",
                      "helper:",
                      0,
                      {{"name: Helper SA, country: FR", NULL}}};
    char *to = NULL;

    (void)state;
    memset(name, 'x', CONFIG_TEXT_BYTES_MAX);
    assert_true(asprintf(&to, "name: %s", name) >= 0);
    row.edits[0].to = to;
    check_row(&row);
    free(to);
}

/* ---- prominence ---- */

static void test_prominence(void **state)
{
    static const struct {
        const char *text;
        size_t n_letters;
        bool exclaims, pictures, shouts;
    } texts[] = {
        {"", 0, false, false, false},
        {"OK", 2, false, false, false},
        {"YES", 3, false, false, true},
        {"Yes", 3, false, false, false},
        {"\xc3\x9c"
         "BER",
         4, false, false, true}, /* capital U umlaut */
        {"U\xcc\x88"
         "ber",
         4, false, false, false},                                        /* the same of two characters */
        {"\xce\x9d\xce\x91\xce\x99", 3, false, false, true},             /* Greek capitals */
        {"\xe5\x90\x8c\xe6\x84\x8f\xef\xbc\x81", 3, true, false, false}, /* Chinese, full width mark */
        {"\xc2\xa1Vale!", 6, true, false, false},
        {"a < b + c", 9, false, false, false},
        {"Next \xe2\x86\x92", 6, false, true, false},    /* arrow */
        {"\xe2\x9c\x94 Yes", 5, false, true, false},     /* check mark */
        {"Yes \xf0\x9f\x8e\x89", 5, false, true, false}, /* emoji */
    };

    (void)state;
    for (size_t i = 0; i < N_ROWS(texts); i++) {
        struct prominence got = prominence_of(texts[i].text);

        check_equal(texts[i].text, got.n_letters, texts[i].n_letters);
        check_equal(texts[i].text, got.exclaims, texts[i].exclaims);
        check_equal(texts[i].text, got.pictures, texts[i].pictures);
        check_equal(texts[i].text, got.shouts, texts[i].shouts);
    }
}

static void test_prominence_longer(void **state)
{
    struct prominence ok = prominence_of("OK"), reject = prominence_of("Reject all");
    struct prominence accept = prominence_of("Accept"), without = prominence_of("Continue without accepting");

    (void)state;
    assert_false(prominence_longer(&reject, &ok));
    assert_false(prominence_longer(&ok, &reject));
    assert_true(prominence_longer(&without, &accept));
    assert_false(prominence_longer(&accept, &without));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_every_rule_has_a_row),
        cmocka_unit_test(test_recipient_nowhere_for_nothing),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_prominence),
        cmocka_unit_test(test_prominence_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
