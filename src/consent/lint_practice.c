/*
 * Rules about what is done: how long things are kept, what is taken for a
 * consent in which country, and who can listen on the way.
 */
#include "crumb/config/value.h"
#include "lint_rules.h"
#include <netinet/in.h>

#define DAY_MS (24LL * 3600 * 1000)

/* ---- how long it is kept ---- */

static void look_at_choice(const struct lint *lint, const struct site *site, const char *key, int64_t ms)
{
    if (ms < LINT_CHOICE_MS_MIN)
        lint_doubt(lint, IN_SITE(site, "retention", key),
                   "visitors are asked again after %lld days, which tires them into any answer; the CNIL advises six "
                   "months: write 6mo",
                   (long long)(ms / DAY_MS));
    else if (ms > LINT_CHOICE_MS_MAX)
        lint_doubt(lint, IN_SITE(site, "retention", key),
                   "a choice that is %lld days old is one that few remember; the CNIL advises six months: write 6mo",
                   (long long)(ms / DAY_MS));
}

void lint_practice_period(const struct lint *lint, const struct config *config, const struct site *site)
{
    look_at_choice(lint, site, "choice", site->retention.choice_ms);
    look_at_choice(lint, site, "refusal", site->retention.refusal_ms);
}

void lint_practice_sooner(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (site->retention.refusal_ms < site->retention.choice_ms)
        lint_doubt(lint, IN_SITE(site, "retention", "refusal"),
                   "whoever refuses is asked again sooner than whoever accepts, so that refusing costs more; write the "
                   "same period for choice and refusal");
}

void lint_practice_visitor(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (site->retention.visitor_ms > LINT_VISITOR_MS_MAX)
        lint_doubt(lint, IN_SITE(site, "retention", "visitor"),
                   "a visitor is known for %lld days; for measuring an audience the CNIL advises thirteen months: "
                   "write 13mo",
                   (long long)(site->retention.visitor_ms / DAY_MS));
}

void lint_practice_segments(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (site->retention.segments_ms > LINT_SEGMENTS_MS_MAX)
        lint_doubt(lint, IN_SITE(site, "retention", "segments"),
                   "visits are kept for %lld days; for measuring an audience the CNIL advises at most twenty-five "
                   "months: write 25mo",
                   (long long)(site->retention.segments_ms / DAY_MS));
}

void lint_practice_journal(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (site->retention.journal_ms > site->retention.segments_ms)
        lint_doubt(lint, IN_SITE(site, "retention", "journal"),
                   "raw events are kept longer than the visits that are made of them, which need them no more; write "
                   "a shorter period, such as 30d");
}

void lint_practice_address(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (site->address == ADDRESS_FULL)
        lint_doubt(lint, IN_SITE(site, "address"),
                   "whole addresses point at people, and no figure of crumb needs them; write truncated or none");
}

/* A query pair whose name says that it holds a person, or a key to what is theirs. */
static bool names_a_person(const char *name)
{
    static const char *const words[] = {"mail", "phone", "name", "user", "token", "session", "password", "key"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

void lint_practice_pages(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->pages.n_query; i++)
        if (names_a_person(site->pages.query[i]))
            lint_doubt(lint, IN_SITE(site, "pages", "query"),
                       "the pair \"%s\" sounds as if it named a person or opened a door, and would stand in every "
                       "figure by page; leave it out",
                       site->pages.query[i]);
}

void lint_practice_withdraw(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (site->on_withdraw == WITHDRAW_KEEP)
        lint_doubt(lint, IN_SITE(site, "on_withdraw"),
                   "data that only a consent allowed are kept after it is withdrawn; write erase, unless you have "
                   "another ground to keep them and the notice says so");
}

/* ---- what is taken for a consent ---- */

void lint_practice_default(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (site->regime != REGIME_OPT_IN)
        lint_doubt(lint, IN_SITE(site, "regimes", "default"),
                   "%s holds for everybody whose country is unknown, too, and their silence is taken for a yes; write "
                   "opt_in, and %s for the countries that allow it",
                   words_regime(site->regime), words_regime(site->regime));
}

/* Says @what of each country that @is_meant where silence is taken for a yes. */
static void look_at_countries(const struct lint *lint, const struct site *site, bool (*is_meant)(const char *country),
                              const char *what)
{
    for (unsigned i = 0; i < site->n_regimes; i++)
        if (is_meant(site->regimes[i].country) && site->regimes[i].regime != REGIME_OPT_IN)
            lint_doubt(lint, IN_SITE(site, "regimes", site->regimes[i].country), "%s", what);
}

static bool is_uk(const char *country) { return strncmp(country, "GB", 2) == 0; }
static bool is_swiss(const char *country) { return strncmp(country, "CH", 2) == 0; }
static bool is_china(const char *country) { return strncmp(country, "CN", 2) == 0; }

void lint_practice_eea(const struct lint *lint, const struct config *config, const struct site *site)
{
    look_at_countries(lint, site, lint_in_eea,
                      "here only a yes by an action of the visitor is a consent, and silence is none; write opt_in");
}

void lint_practice_uk(const struct lint *lint, const struct config *config, const struct site *site)
{
    look_at_countries(lint, site, is_uk,
                      "here silence is enough for figures that serve to improve the site itself, if visitors are told "
                      "and can object, and for nothing else that is asked about; write opt_in unless every purpose is "
                      "such a one");
}

void lint_practice_swiss(const struct lint *lint, const struct config *config, const struct site *site)
{
    look_at_countries(lint, site, is_swiss,
                      "here telling and a way to object are enough for ordinary figures, but not for high-risk "
                      "profiles or sensitive data, and a site that also addresses the European Union is under the "
                      "GDPR there; write opt_in where unsure");
}

void lint_practice_china(const struct lint *lint, const struct config *config, const struct site *site)
{
    look_at_countries(lint, site, is_china,
                      "here a consent is to be given voluntarily and explicitly, and silence is none; write opt_in");
}

static const char *first_with_recipients(const struct site *site)
{
    for (unsigned i = 0; i < site->n_purposes; i++)
        if (site->purposes[i].n_recipients)
            return site->purposes[i].name;
    return NULL;
}

static void look_at_notice_only(const struct lint *lint, const struct site *site, const char *where, enum regime regime)
{
    const char *purpose = first_with_recipients(site);

    if (purpose && regime == REGIME_NOTICE_ONLY)
        lint_doubt(lint, IN_SITE(site, "regimes", where),
                   "visitors are told that \"%s\" gives data to others, and cannot say no; write opt_out or opt_in",
                   purpose);
}

void lint_practice_notice_only(const struct lint *lint, const struct config *config, const struct site *site)
{
    look_at_notice_only(lint, site, "default", site->regime);
    for (unsigned i = 0; i < site->n_regimes; i++)
        look_at_notice_only(lint, site, site->regimes[i].country, site->regimes[i].regime);
}

void lint_practice_unplaced(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (site->n_regimes && !config->geo)
        lint_doubt(lint, IN_SITE(site, "regimes"),
                   "without a database of addresses (`geo`) no visitor's country is known, so that %s holds for all; "
                   "write geo, or leave the countries out",
                   words_regime(site->regime));
}

/* ---- who can listen on the way ---- */

/* The IPv4 address, in the host's byte order, which may be mapped into IPv6. False: it is none. */
static bool ipv4_of(const struct listen_address *listen, uint32_t *ret_address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&listen->address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&listen->address;
    in_addr_t address = v4->sin_addr.s_addr;

    if (listen->address.ss_family == AF_INET6) {
        if (!IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            return false;
        memcpy(&address, v6->sin6_addr.s6_addr + 12, sizeof address);
    }
    *ret_address = ntohl(address);
    return true;
}

static const struct in6_addr *ipv6_of(const struct listen_address *listen)
{
    return &((const struct sockaddr_in6 *)&listen->address)->sin6_addr;
}

static bool is_loopback(const struct listen_address *listen)
{
    uint32_t v4;

    if (ipv4_of(listen, &v4))
        return v4 >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(ipv6_of(listen));
}

/* RFC 1918, RFC 3927, RFC 4193, RFC 4291: addresses that the internet does not carry. */
static bool is_private(const struct listen_address *listen)
{
    uint32_t v4;

    if (ipv4_of(listen, &v4))
        return v4 >> 24 == 10 || v4 >> 20 == 0xac1 || v4 >> 16 == 0xc0a8 || v4 >> 16 == 0xa9fe;
    return (ipv6_of(listen)->s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(ipv6_of(listen));
}

static bool is_alone(const struct config *config) { return !config->tls_certificate && !config->n_trusted_proxies; }

void lint_practice_plain(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (is_alone(config) && !is_loopback(&config->public))
        lint_doubt(lint, IN_SERVICE("listen", "public"),
                   "choices and visits cross the network unencrypted; write tls, or put a proxy that ends TLS before "
                   "it and write trusted_proxies");
}

static bool any_https(const struct config *config)
{
    for (unsigned i = 0; i < config->n_sites; i++)
        for (unsigned j = 0; j < config->sites[i].n_origins; j++)
            if (text_starts(text_of(config->sites[i].origins[j]), TEXT("https:")))
                return true;
    return false;
}

void lint_practice_unheard(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (is_alone(config) && is_loopback(&config->public) && any_https(config))
        lint_doubt(lint, IN_SERVICE("listen", "public"),
                   "the pages are served by https, so a proxy must stand before this address, but none is trusted: "
                   "cookies are not Secure, and every visitor has the proxy's address; write trusted_proxies: "
                   "[127.0.0.1]");
}

void lint_practice_private(const struct lint *lint, const struct config *config, const struct site *site)
{
    if (!is_loopback(&config->private) && !is_private(&config->private))
        lint_doubt(lint, IN_SERVICE("listen", "private"),
                   "queries and figures about the service may be open to the internet, unencrypted; write an address "
                   "of the loopback or of a network of your own, such as 127.0.0.1:8081");
}

static bool ends(struct text text, struct text end)
{
    return text.size >= end.size && text_equal(text_from(text, text.size - end.size), end);
}

/* RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3. */
static bool is_this_machine(struct text host)
{
    return text_equal(host, TEXT("localhost")) || ends(host, TEXT(".localhost")) || text_equal(host, TEXT("[::1]")) ||
           (text_starts(host, TEXT("127.")) && !strpbrk(host.data, "abcdefghijklmnopqrstuvwxyz"));
}

void lint_practice_http(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (unsigned i = 0; i < site->n_origins; i++) {
        struct text origin = text_of(site->origins[i]);

        if (!text_starts(origin, TEXT("http:")) || is_this_machine(value_origin_host(origin.data)))
            continue;
        struct config_place place = *IN_SITE(site, "origins");
        place.item = i + 1;
        lint_doubt(lint, &place,
                   "anybody on the way can read and change %s, the notice and the choice included; serve it by https "
                   "and write that",
                   origin.data);
    }
}

/* ---- whose cookies they are ---- */

/* True where the cookies of @wide go to a host of @site's, too. */
static bool reaches(const struct site *wide, const struct site *site)
{
    for (unsigned i = 0; wide->cookie_domain && i < site->n_origins; i++)
        if (value_host_within(value_origin_host(site->origins[i]), text_of(wide->cookie_domain)))
            return true;
    return false;
}

/* Cookies know no ports. */
static bool same_host(const struct site *a, const struct site *b)
{
    for (unsigned i = 0; i < a->n_origins; i++)
        for (unsigned j = 0; j < b->n_origins; j++)
            if (text_equal(value_origin_host(a->origins[i]), value_origin_host(b->origins[j])))
                return true;
    return false;
}

void lint_practice_shared(const struct lint *lint, const struct config *config, const struct site *site)
{
    for (const struct site *other = config->sites; other < site; other++)
        if (reaches(other, site) || reaches(site, other) || same_host(other, site))
            lint_doubt(lint, IN_SITE(site, site->cookie_domain ? "cookie_domain" : "origins"),
                       "a browser keeps one choice for this site and the site \"%s\", each replacing the other's; "
                       "give each hosts and a cookie_domain of its own",
                       other->name);
}
