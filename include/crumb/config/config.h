/*
 * The configuration: one YAML file, read whole, checked whole, then immutable.
 *
 * A configuration is shared by reference count: every thread that works with
 * one holds a reference, so a reload swaps the pointer and the old one goes
 * when its last user does.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/limits.h"
#include "crumb/base/words.h"
#include "crumb/base/zone.h"
#include "crumb/config/complaints.h"
#include "crumb/config/places.h"
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

enum { CONFIG_E_INVALID = 1 };

enum address_mode { ADDRESS_TRUNCATED, ADDRESS_FULL, ADDRESS_NONE };
enum withdraw_mode { WITHDRAW_ERASE, WITHDRAW_KEEP };
enum token_role { ROLE_ANALYST, ROLE_PRIVACY, ROLE_ADMIN };

/* Someone who receives data under a purpose. Strings are never NULL: what was left out is "". */
struct recipient {
    char *key;     /* its name in the configuration */
    char *name;    /* as the notice shows it */
    char *country; /* ISO 3166-1 alpha-2 */
    char *why;
};

struct purpose {
    char *name;           /* [a-z][a-z0-9_]*, at most PURPOSE_NAME_BYTES_MAX */
    unsigned collects;    /* set of event classes */
    unsigned *recipients; /* indexes into the site's recipients, in the order written */
    unsigned n_recipients;
    bool separate;  /* asked by itself: no "accept all" grants it */
    char **cookies; /* names of first-party cookies that a withdrawal deletes; "_ga*" is every name that begins so */
    unsigned n_cookies;
    unsigned consent_mode; /* set of signals that a grant turns on */
    /*
     * First 8 bytes of the SHA-256 of what this purpose means: name, classes,
     * recipients, retention, controller (consent/notice.h computes it).  A grant
     * names this number, so a purpose that changed its meaning is no longer
     * covered by the old grant.
     */
    uint64_t material;
};

/* An override of a shipped text; those of one language follow each other. */
struct config_text {
    char *lang; /* in the case of RFC 5646 section 2.1.1: "en", "pt-BR" */
    char *key;
    char *value;
};

/* A country, or a region of one, and the regime that applies there. */
struct country_regime {
    char country[3]; /* "US" */
    char region[4];  /* "CA", by ISO 3166-2 without the country; "": the country as a whole */
    enum regime regime;
};

/* What visitors shall do: see a page, or cause an event. */
struct goal {
    char *name;     /* of no other goal of the site; default the event's, or "Visit PAGE" */
    char *page;     /* a pattern of paths: * is anything but a slash, ** anything; or NULL */
    char *event;    /* the name of an event, or NULL: one of the two */
    char *currency; /* of the event's revenue, ISO 4217; or NULL: it has none */
};

/* Filters that a question names by their id. */
struct saved_filters {
    char *id;
    char *filters; /* JSON: a list, as `filters` of a query */
};

/* What the site does besides crumb, such as accounts and orders: the policy lists it. What was left out is "". */
struct also {
    char *what, *why, *where, *kept;
    char *lang; /* in which language this is written; "": shown in all */
};

struct retention {
    int64_t journal_ms;  /* default 30d: no event is older in the journal */
    int64_t segments_ms; /* 25mo: no visit is older in a segment */
    int64_t choice_ms;   /* 6mo: how long a grant holds */
    int64_t refusal_ms;  /* 6mo: how long a refusal is remembered */
    int64_t visitor_ms;  /* 13mo: how long the visitor id lives */
    int64_t requests_ms; /* 3y: how long a closed request is kept; no part of the notice */
    unsigned fold_below; /* 5: values with fewer visitors are told together, once segments have expired */
};

struct site {
    char *name;     /* its key: [a-z0-9][a-z0-9._-]*, at most SITE_NAME_BYTES_MAX */
    unsigned line;  /* of the file, where it begins */
    uint32_t id;    /* its number in the store; 0 until edition_bind() gave it one */
    char *title;    /* `name:`, default the key */
    char **origins; /* "https://shop.example", lower case, no trailing slash, no default port */
    unsigned n_origins;
    char *timezone; /* IANA name, default "UTC" */
    struct zone *zone;
    char *cookie_domain; /* lower case, no leading dot; or NULL: the host that set it */
    struct {
        char *name, *address, *contact; /* default "" */
    } controller;
    struct {
        char *country, *location; /* default "" */
    } storage;
    struct retention retention;
    enum address_mode address;
    enum withdraw_mode on_withdraw;
    struct purpose *purposes; /* in the order written */
    unsigned n_purposes;
    struct recipient *recipients;
    unsigned n_recipients;
    struct config_text *texts;
    unsigned n_texts;
    struct {
        bool control; /* a small control on every page to see and change the choice, default true */
    } banner;
    struct {
        char **query; /* names of the query pairs that belong to a page's path, in its order */
        unsigned n_query;
        bool hash; /* "#/route" is a part of the path, too */
    } pages;
    struct goal *goals; /* in the order written */
    unsigned n_goals;
    struct saved_filters *segments;
    unsigned n_segments;
    enum regime regime; /* `regimes.default`, default opt_in */
    struct country_regime *regimes;
    unsigned n_regimes;
    struct also *also; /* `policy.also` */
    unsigned n_also;
    /*
     * What will be otherwise from `next.from` on, or NULL.  Only what a notice
     * tells is in it: controller, storage, retention, address, on_withdraw,
     * recipients (all there will be) and purposes.  Where controller.name,
     * storage.country, recipients or purposes are NULL, they stay.
     */
    struct site *next;
    char *from;            /* of what is in `next`: "2026-12-24" */
    int64_t from_ms;       /* where that day begins in the site's time zone */
    unsigned working_days; /* set of days of the week, Monday is bit 0; never empty */
    int32_t *holidays;     /* days since 1970, as written */
    unsigned n_holidays;
};

struct listen_address {
    char *text; /* as written */
    struct sockaddr_storage address;
    socklen_t size;
};

/* An address range; IPv4 ranges are held as IPv4-mapped IPv6. */
struct cidr {
    uint8_t bytes[16];
    unsigned n_bits; /* 0-128, of the mapped form */
};

struct token {
    char *name;
    enum token_role role;
    char **sites; /* names; empty: every site (role admin only) */
    unsigned n_sites;
    uint8_t hash[32]; /* SHA-256 of the token's text */
};

struct config {
    _Atomic unsigned n_refs;
    char *path;            /* of the file */
    struct buffer source;  /* what was read, so that it can be read again when something announced begins */
    struct places *places; /* where in it each setting stands */
    char *data;            /* data folder, as a path from the working directory or absolute */
    int64_t data_max_bytes;
    char *master_key; /* path of the master key's file, or NULL: in the data folder */
    struct listen_address public, private;
    bool http2;                      /* listen.http2, default false */
    char *tls_certificate, *tls_key; /* or NULL */
    struct cidr *trusted_proxies;
    unsigned n_trusted_proxies;
    char *geo, *agents; /* paths or NULL */
    struct {
        unsigned address, site, choices; /* a second; 0: no limit */
        unsigned requests;               /* an hour; ditto */
    } rates;
    unsigned n_threads; /* at least 1; `threads: 0` has become the number of cores */
    struct token *tokens;
    unsigned n_tokens;
    struct site *sites;
    unsigned n_sites;
    /*
     * Sites that left it, of which the store has still something, as far as it
     * remembers them: id, name, time zone and retention (consent/sites.h).  Nobody
     * is served for them; what they left expires.
     */
    struct site *left;
    unsigned n_left;
};

/*
 * Reads and checks the file at @path.
 *
 * 0: *ret_config is valid; the caller owns one reference.
 * CONFIG_E_INVALID: @complaints lists every mistake (the first
 * CONFIG_COMPLAINTS_MAX of them; n counts all).  A file that cannot be read is
 * one mistake too.
 * Relative paths inside the file (data, tls, geo, agents) are taken from the
 * file's folder.
 */
int config_load(const char *path, struct complaints *complaints, struct config **ret_config);

/* The same from bytes in memory; @path names them in complaints and gives the folder. */
int config_parse(struct text yaml, const char *path, struct complaints *complaints, struct config **ret_config);

/*
 * Puts in force what was announced (`next`) and has begun at @now_ms.  For a
 * configuration that is the caller's alone still.  Pure.
 */
void config_turn(struct config *config, int64_t now_ms);
/* When the next of what is announced begins; INT64_MAX: nothing is. */
int64_t config_turns_ms(const struct config *config);
/* @site as it will be, as a view of it that owns nothing. Only where there is site->next. */
struct site config_future(const struct site *site);

struct config *config_ref(struct config *config);
/* Drops a reference; returns NULL. */
struct config *config_unref(struct config *config);

/* The site of a name, or NULL. Lent for as long as the configuration lives. */
const struct site *config_site(const struct config *config, struct text name);
/* The site that the store knows by that number, also one that left; or NULL. */
const struct site *config_site_of_id(const struct config *config, uint32_t id);
/* Where @site stands among those: below n_sites + n_left. */
unsigned config_index(const struct config *config, const struct site *site);
/* Empties config->left. For a configuration that is the caller's alone still. */
void config_forget_left(struct config *config);

/* Its index in site->purposes, or -1. */
int config_purpose(const struct site *site, struct text name);

/* True where @origin is one of the site's, byte for byte after ASCII lower-casing. */
bool config_origin_listed(const struct site *site, struct text origin);

/* True where @address (IPv4 or IPv6) lies in one of the trusted proxies' ranges. */
bool config_proxy_trusted(const struct config *config, const struct sockaddr *address);
