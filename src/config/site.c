/*
 * One site: a table of its keys, and a reader for each that is more than a
 * single value.  The tables' order matters: recipients are read before the
 * purposes that name them, origins before the cookie domain that must fit them.
 */
#include "site.h"
#include "also.h"
#include "calendar.h"
#include "crumb/base/error.h"
#include "crumb/config/shipped.h"
#include "crumb/config/value.h"
#include "field.h"
#include "goal.h"
#include "saved.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define MONDAY_TO_FRIDAY 0x1f
#define DAY_MS (24LL * 3600 * 1000)
#define MONTH_MS (30 * DAY_MS)

static const char *word_of(const void *of, unsigned i) { return ((const char *const *)of)[i]; }

/* Where the site is. */

static void read_origin(const struct yaml_at *at, void *into)
{
    struct site *site = into;
    char origin[ORIGIN_BYTES_MAX + 1];
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (!value_origin(text, origin)) {
        yaml_refuse(at, "is not an origin; write scheme://host or scheme://host:port with scheme http or https, and no "
                        "path, slash at the end or wildcard, such as https://shop.example");
        return;
    }
    if (config_origin_listed(site, text_of(origin))) {
        yaml_refuse(at, "is listed twice; leave one out");
        return;
    }
    char *copy = field_copy(at->yaml, text_of(origin));
    if (copy)
        site->origins[site->n_origins++] = copy;
}

static void read_origins(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->origins = walk_array(at, YAML_LIST, sizeof *site->origins, ORIGINS_MAX);
    if (!site->origins)
        return;
    walk_list(at, read_origin, site);
    if (yaml_size(at) == 0)
        yaml_complain(at, "this list is empty; write the site's origins, such as [https://shop.example]");
}

static void read_timezone(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    field_text(at, &site->timezone);
    if (!site->timezone)
        return;
    int r = zone_new(site->timezone, &site->zone);
    if (r < 0)
        yaml_fail(at->yaml, error_trace(r));
    else if (r == ZONE_E_UNKNOWN)
        yaml_refuse(at, "is not a time zone of this system; write an IANA name, such as Europe/Berlin or UTC");
}

static void read_cookie_domain(const struct yaml_at *at, void *into)
{
    struct site *site = into;
    char domain[HOST_BYTES_MAX + 1];
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (!value_host(text, domain)) {
        yaml_refuse(at, "is not a host name; write one without scheme, port or leading dot, such as shop.example");
        return;
    }
    for (unsigned i = 0; i < site->n_origins; i++)
        if (!value_host_within(value_origin_host(site->origins[i]), text_of(domain))) {
            yaml_refuse(at, "does not cover the origin %s; write a host name that every origin has or lies under",
                        site->origins[i]);
            return;
        }
    site->cookie_domain = field_copy(at->yaml, text_of(domain));
}

/* Who collects, where it lies, how long it stays. */

static void read_controller(const struct yaml_at *at, void *into)
{
    /* GDPR art. 13(1)(a): a notice names who collects and how to reach them. Test: complaints of test_config. */
    static const struct walk_field fields[] = {
        {"name", field_text, offsetof(struct site, controller.name),
         "who is responsible, as visitors shall read it (a notice must name them: GDPR article 13(1)(a))"},
        {"address", field_text, offsetof(struct site, controller.address), NULL},
        {"contact", field_text, offsetof(struct site, controller.contact),
         "how visitors reach them, such as privacy@shop.example (a notice must say so: GDPR article 13(1)(a))"}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

static void read_storage(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {{"country", field_country, offsetof(struct site, storage.country), NULL},
                                               {"location", field_text, offsetof(struct site, storage.location), NULL}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

/* A day's events go together when the oldest may be kept no longer; until then others may come. */
static void read_journal_period(const struct yaml_at *at, void *into)
{
    const int64_t *setting = into;

    field_period(at, into);
    if (*setting < RETENTION_JOURNAL_MS_MIN)
        yaml_refuse(at,
                    "is too short; write 3d or more: events may come a day late, and a day is built when it is over");
}

/* So do a month's visits. */
static void read_segments_period(const struct yaml_at *at, void *into)
{
    const int64_t *setting = into;

    field_period(at, into);
    if (*setting < RETENTION_SEGMENTS_MS_MIN)
        yaml_refuse(at, "is too short; write 35d or more: the visits of a calendar month go together");
}

static void read_fold_below(const struct yaml_at *at, void *into)
{
    unsigned *setting = into;
    uint64_t number;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (!value_count(text, FOLD_BELOW_MAX, &number) || number < 1)
        yaml_refuse(at, "is no number of visitors; write 1 to 1000, such as 5");
    else
        *setting = (unsigned)number;
}

static void read_retention(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {
        {"journal", read_journal_period, offsetof(struct retention, journal_ms), NULL},
        {"segments", read_segments_period, offsetof(struct retention, segments_ms), NULL},
        {"choice", field_period, offsetof(struct retention, choice_ms), NULL},
        {"refusal", field_period, offsetof(struct retention, refusal_ms), NULL},
        {"visitor", field_period, offsetof(struct retention, visitor_ms), NULL},
        {"requests", field_period, offsetof(struct retention, requests_ms), NULL},
        {"fold_below", read_fold_below, offsetof(struct retention, fold_below), NULL}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

static void read_address(const struct yaml_at *at, void *into)
{
    static const char *const words[] = {
        [ADDRESS_TRUNCATED] = "truncated", [ADDRESS_FULL] = "full", [ADDRESS_NONE] = "none"};
    static const struct walk_names names = {.name = word_of, .of = words, .n = WALK_COUNT(words)};
    enum address_mode *setting = into;
    int mode = field_choice(at, "way to keep addresses", &names);

    if (mode >= 0)
        *setting = (enum address_mode)mode;
}

static void read_on_withdraw(const struct yaml_at *at, void *into)
{
    static const char *const words[] = {[WITHDRAW_ERASE] = "erase", [WITHDRAW_KEEP] = "keep"};
    static const struct walk_names names = {.name = word_of, .of = words, .n = WALK_COUNT(words)};
    enum withdraw_mode *setting = into;
    int mode = field_choice(at, "way to treat a withdrawal", &names);

    if (mode >= 0)
        *setting = (enum withdraw_mode)mode;
}

/* Recipients and purposes. */

static void check_name(const struct yaml_at *at, const char *what)
{
    if (!value_purpose_name(at->key))
        yaml_complain(at, "this is no name for a %s; write a small letter, then small letters, digits or _, at most %d",
                      what, PURPOSE_NAME_BYTES_MAX);
}

static void free_recipient(struct recipient *recipient)
{
    free(recipient->key);
    free(recipient->name);
    free(recipient->country);
    free(recipient->why);
}

static void read_recipient(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {
        {"name", field_text, offsetof(struct recipient, name), "who receives the data, as visitors shall read it"},
        {"country", field_country, offsetof(struct recipient, country), NULL},
        {"why", field_text, offsetof(struct recipient, why), NULL}};
    struct site *site = into;
    struct recipient *recipient = &site->recipients[site->n_recipients++];

    check_name(at, "recipient");
    recipient->key = field_copy(at->yaml, at->key);
    walk_fields(at, fields, WALK_COUNT(fields), recipient);
    field_default(at->yaml, &recipient->country, "");
    field_default(at->yaml, &recipient->why, "");
}

static void read_recipients(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->recipients = walk_array(at, YAML_MAPPING, sizeof *site->recipients, RECIPIENTS_MAX);
    if (site->recipients)
        walk_mapping(at, read_recipient, site);
}

struct purpose_reading {
    const struct site *site;
    struct purpose *purpose;
};

static const char *class_name(const void *of, unsigned i)
{
    (void)of;
    return words_class(i);
}

static void read_class(const struct yaml_at *at, void *into)
{
    static const struct walk_names classes = {.name = class_name, .n = CLASS_N};
    struct purpose *purpose = into;
    int class = field_choice(at, "class of data", &classes);

    if (class < 0)
        return;
    if (purpose->collects & CLASS_BIT(class))
        yaml_refuse(at, "is listed twice; leave one out");
    purpose->collects |= CLASS_BIT(class);
}

static void read_collects(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;

    walk_list(at, read_class, reading->purpose);
}

static const char *recipient_key(const void *of, unsigned i) { return ((const struct recipient *)of)[i].key; }

static void read_purpose_recipient(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;
    struct purpose *purpose = reading->purpose;
    const struct walk_names names = {
        .name = recipient_key, .of = reading->site->recipients, .n = reading->site->n_recipients};
    int recipient = field_choice(at, "recipient", &names);

    if (recipient < 0)
        return;
    for (unsigned i = 0; i < purpose->n_recipients; i++)
        if (purpose->recipients[i] == (unsigned)recipient) {
            yaml_refuse(at, "is listed twice; leave one out");
            return;
        }
    purpose->recipients[purpose->n_recipients++] = (unsigned)recipient;
}

static void read_purpose_recipients(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;
    struct purpose *purpose = reading->purpose;

    purpose->recipients = walk_array(at, YAML_LIST, sizeof *purpose->recipients, RECIPIENTS_MAX);
    if (purpose->recipients)
        walk_list(at, read_purpose_recipient, reading);
}

static void read_separate(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;

    field_bool(at, &reading->purpose->separate);
}

/* Whether deleting what @pattern names would delete @name. */
static bool covers(struct text pattern, struct text name)
{
    if (pattern.size && pattern.data[pattern.size - 1] == '*')
        return text_starts(name, (struct text){.data = pattern.data, .size = pattern.size - 1});
    return text_equal(pattern, name);
}

static void read_cookie(const struct yaml_at *at, void *into)
{
    struct purpose *purpose = into;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (!value_cookie(text)) {
        yaml_refuse(
            at,
            "is not a cookie's name; write one of at most %d letters, or how names begin and a * behind it, such "
            "as _ga or _ga_*",
            COOKIE_NAME_BYTES_MAX);
        return;
    }
    /* The choice itself must outlive a withdrawal, or the visitor is asked again. */
    if (covers(text, TEXT("crumb_choice")) || covers(text, TEXT("crumb_id"))) {
        yaml_refuse(at, "names a cookie of crumb's own, which keeps the choice; leave it out");
        return;
    }
    for (unsigned i = 0; i < purpose->n_cookies; i++)
        if (text_equal(text_of(purpose->cookies[i]), text)) {
            yaml_refuse(at, "is listed twice; leave one out");
            return;
        }
    char *copy = field_copy(at->yaml, text);
    if (copy)
        purpose->cookies[purpose->n_cookies++] = copy;
}

static void read_cookies(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;
    struct purpose *purpose = reading->purpose;

    purpose->cookies = walk_array(at, YAML_LIST, sizeof *purpose->cookies, PURPOSE_COOKIES_MAX);
    if (purpose->cookies)
        walk_list(at, read_cookie, purpose);
}

static const char *signal_name(const void *of, unsigned i)
{
    (void)of;
    return words_consent_mode(i);
}

static void read_signal(const struct yaml_at *at, void *into)
{
    static const struct walk_names signals = {.name = signal_name, .n = CONSENT_MODE_N};
    struct purpose *purpose = into;
    int signal = field_choice(at, "signal of Consent Mode", &signals);

    if (signal < 0)
        return;
    if (purpose->consent_mode & 1u << signal)
        yaml_refuse(at, "is listed twice; leave one out");
    purpose->consent_mode |= 1u << signal;
}

static void read_consent_mode(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;

    walk_list(at, read_signal, reading->purpose);
}

static void read_purpose(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {{"collects", read_collects, 0, NULL},
                                               {"recipients", read_purpose_recipients, 0, NULL},
                                               {"separate", read_separate, 0, NULL},
                                               {"cookies", read_cookies, 0, NULL},
                                               {"consent_mode", read_consent_mode, 0, NULL}};
    struct site *site = into;
    struct purpose_reading reading = {.site = site, .purpose = &site->purposes[site->n_purposes++]};

    check_name(at, "purpose");
    reading.purpose->name = field_copy(at->yaml, at->key);
    walk_fields(at, fields, WALK_COUNT(fields), &reading);
}

static void read_purposes(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->purposes = walk_array(at, YAML_MAPPING, sizeof *site->purposes, PURPOSES_MAX);
    if (site->purposes)
        walk_mapping(at, read_purpose, site);
}

/* What is announced. */

static int find_recipient(const struct site *site, struct text key)
{
    for (unsigned i = 0; i < site->n_recipients; i++)
        if (site->recipients[i].key && text_equal(text_of(site->recipients[i].key), key))
            return (int)i;
    return -1;
}

static void copy_recipient(struct yaml *yaml, const struct recipient *from, struct recipient *to)
{
    to->key = field_copy(yaml, text_of(from->key ? from->key : ""));
    to->name = field_copy(yaml, text_of(from->name ? from->name : ""));
    to->country = field_copy(yaml, text_of(from->country ? from->country : ""));
    to->why = field_copy(yaml, text_of(from->why ? from->why : ""));
}

/* One of a name that there is already takes its place, so that a purpose's index finds the new one. */
static void read_next_recipient(const struct yaml_at *at, void *into)
{
    struct site *next = into;
    int known = find_recipient(next, at->key);

    read_recipient(at, next);
    if (known < 0)
        return;
    struct recipient old = next->recipients[known];
    next->recipients[known] = next->recipients[--next->n_recipients];
    next->recipients[next->n_recipients] = (struct recipient){.key = NULL};
    free_recipient(&old);
}

/* Those of the site stay, those given here join them: purposes of both may name them. */
static void read_next_recipients(const struct yaml_at *at, void *into)
{
    struct site *next = into;
    unsigned n_old = next->n_recipients, n = yaml_size(at);

    if (!yaml_expect(at, YAML_MAPPING))
        return;
    if (n > RECIPIENTS_MAX - n_old) {
        yaml_complain(at, "these are too many recipients with the %u that there are; a site has at most %d", n_old,
                      RECIPIENTS_MAX);
        return;
    }
    struct recipient *recipients = realloc(next->recipients, (n_old + n + 1) * sizeof *recipients);
    if (!recipients) {
        yaml_fail(at->yaml, error_origin(-ENOMEM));
        return;
    }
    memset(recipients + n_old, 0, (n + 1) * sizeof *recipients);
    next->recipients = recipients;
    walk_mapping(at, read_next_recipient, next);
}

static void read_from(const struct yaml_at *at, void *into)
{
    struct site *site = into;
    struct zone_date date;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (value_date(text, &date)) {
        /* Without a zone there is a complaint already, or it is UTC. */
        site->from_ms = site->zone ? zone_day_start_ms(site->zone, zone_day_of_date(date))
                                   : (int64_t)zone_day_of_date(date) * DAY_MS;
    } else if (!value_instant(text, &site->from_ms)) {
        yaml_refuse(at, "is no day; write one, such as 2026-12-24, or an instant, such as 2026-12-24T18:00:00Z");
        return;
    }
    site->from = field_copy(at->yaml, text);
}

/* What of the site goes on unless it is given anew: what has no value that says so. */
static struct site *next_of(struct yaml *yaml, const struct site *site)
{
    struct site *next = calloc(1, sizeof *next);

    if (next)
        next->recipients = calloc(site->n_recipients + 1, sizeof *next->recipients);
    if (!next || !next->recipients) {
        yaml_fail(yaml, error_origin(-ENOMEM));
        free(next);
        return NULL;
    }
    for (unsigned i = 0; i < site->n_recipients; i++)
        copy_recipient(yaml, &site->recipients[i], &next->recipients[next->n_recipients++]);
    next->zone = site->zone; /* lent while it is read */
    next->retention = site->retention;
    next->address = site->address;
    next->on_withdraw = site->on_withdraw;
    return next;
}

static void read_next(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {
        {"from", read_from, 0, "the day from which this holds, such as 2026-12-24"},
        {"controller", read_controller, 0, NULL},
        {"storage", read_storage, 0, NULL},
        {"retention", read_retention, offsetof(struct site, retention), NULL},
        {"address", read_address, offsetof(struct site, address), NULL},
        {"on_withdraw", read_on_withdraw, offsetof(struct site, on_withdraw), NULL},
        {"recipients", read_next_recipients, 0, NULL},
        {"purposes", read_purposes, 0, NULL},
    };
    struct site *site = into;

    site->next = next_of(at->yaml, site);
    if (!site->next)
        return;
    walk_fields(at, fields, WALK_COUNT(fields), site->next);
    site->next->zone = NULL;
    site->from = site->next->from;
    site->from_ms = site->next->from_ms;
    site->next->from = NULL;
    if (yaml_size(at) == 1 && site->from)
        yaml_complain(at, "nothing changes; write what will be, such as retention: {segments: 13mo}");
    if (site->next->controller.name)
        field_default(at->yaml, &site->next->controller.address, "");
    if (site->next->storage.country || site->next->storage.location) {
        field_default(at->yaml, &site->next->storage.country, "");
        field_default(at->yaml, &site->next->storage.location, "");
    }
}

/* The policy. */

static void read_one_also(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    also_read(at, &site->also[site->n_also++]);
}

static void read_also(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->also = walk_array(at, YAML_LIST, sizeof *site->also, ALSO_MAX);
    if (site->also)
        walk_list(at, read_one_also, site);
}

static void read_policy(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {{"also", read_also, 0, NULL}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

/* Texts and regimes. */

struct text_reading {
    struct site *site;
    const char *lang;
};

static const char *shipped_name(const void *of, unsigned i)
{
    (void)of;
    return shipped_key(i);
}

/* Those there are, then those there will be. */
static const char *purpose_name(const void *of, unsigned i)
{
    const struct site *site = of;

    return i < site->n_purposes ? site->purposes[i].name : site->next->purposes[i - site->n_purposes].name;
}

/* purpose.NAME.title and .description: of one of the site's purposes, now or to come. */
static void check_purpose_key(const struct yaml_at *at, const struct site *site)
{
    static const char *const words[] = {"title", "description"};
    const struct walk_names purposes = {
        .name = purpose_name, .of = site, .n = site->n_purposes + (site->next ? site->next->n_purposes : 0)};
    const struct walk_names whats = {.name = word_of, .of = words, .n = WALK_COUNT(words)};
    struct text what = at->key;

    text_cut(&what, '.');
    struct text name = text_cut(&what, '.');
    if (walk_choose(at, name, "purpose", &purposes) >= 0)
        walk_choose(at, what, "text of a purpose", &whats);
}

/* A text under a name that nothing asks for would never be shown, and its author never told. */
static void check_text_key(const struct yaml_at *at, const struct site *site)
{
    const struct walk_names names = {.name = shipped_name, .n = shipped_n_keys()};

    if (text_starts(at->key, TEXT("purpose.")))
        check_purpose_key(at, site);
    else
        walk_choose(at, at->key, "text", &names);
}

static void read_text(const struct yaml_at *at, void *into)
{
    struct text_reading *reading = into;
    struct config_text *text = &reading->site->texts[reading->site->n_texts++];

    check_text_key(at, reading->site);
    text->lang = field_copy(at->yaml, text_of(reading->lang));
    text->key = field_copy(at->yaml, at->key);
    field_text(at, &text->value);
}

static bool has_language(const struct site *site, const char *lang)
{
    for (unsigned i = 0; i < site->n_texts; i++)
        if (site->texts[i].lang && strcmp(site->texts[i].lang, lang) == 0)
            return true;
    return false;
}

static bool is_shipped(const char *lang) { return shipped_text(lang, shipped_key(0)) != NULL; }

/* Of the shipped languages and the site's, which follow each other in its texts. */
static unsigned count_languages(const struct site *site)
{
    unsigned n = shipped_n_langs();

    for (unsigned i = 0; i < site->n_texts; i++) {
        const char *lang = site->texts[i].lang;
        bool again = i > 0 && site->texts[i - 1].lang && lang && strcmp(site->texts[i - 1].lang, lang) == 0;

        n += lang && !again && !is_shipped(lang);
    }
    return n;
}

static void read_language(const struct yaml_at *at, void *into)
{
    struct site *site = into;
    unsigned n = yaml_size(at);
    char lang[LANGUAGE_BYTES_MAX + 1] = "";

    if (!value_language(at->key, lang))
        yaml_complain(at, "this is no language; write a tag such as en or pt-BR");
    else if (has_language(site, lang))
        yaml_complain(at, "the language %s was given before; put its texts together", lang);
    else if (!is_shipped(lang) && count_languages(site) >= TEXTS_LANGUAGES_MAX)
        yaml_complain(at, "this is one language too many; write at most %u beside the %u shipped ones",
                      TEXTS_LANGUAGES_MAX - shipped_n_langs(), shipped_n_langs());
    if (n > TEXTS_MAX - site->n_texts) {
        yaml_complain(at, "these are too many texts; write at most %d for a site", TEXTS_MAX);
        return;
    }
    struct config_text *texts = realloc(site->texts, (site->n_texts + n + 1) * sizeof *texts);
    if (!texts) {
        yaml_fail(at->yaml, error_origin(-ENOMEM));
        return;
    }
    memset(texts + site->n_texts, 0, (n + 1) * sizeof *texts);
    site->texts = texts;
    walk_mapping(at, read_text, &(struct text_reading){.site = site, .lang = lang});
}

static void read_texts(const struct yaml_at *at, void *into) { walk_mapping(at, read_language, into); }

static void read_regime(const struct yaml_at *at, void *into)
{
    struct site *site = into;
    struct country_regime place;
    enum regime regime = (enum regime)field_regime(at);

    if (text_equal(at->key, TEXT("default"))) {
        /* An unreadable regime keeps the strictest. */
        site->regime = regime ? regime : REGIME_OPT_IN;
    } else if (value_place(at->key, place.country, place.region)) {
        place.regime = regime;
        site->regimes[site->n_regimes++] = place;
    } else {
        yaml_complain(
            at, "this is neither \"default\" nor a country, nor a region of one; write the two capital letters of "
                "ISO 3166-1, such as US or GB, or ISO 3166-2, such as US-CA");
    }
}

static void read_regimes(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->regimes = walk_array(at, YAML_MAPPING, sizeof *site->regimes, COUNTRY_REGIMES_MAX);
    if (site->regimes)
        walk_mapping(at, read_regime, site);
}

static void read_banner(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {{"control", field_bool, offsetof(struct site, banner.control), NULL}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

/* What a page is. */

static void read_query_name(const struct yaml_at *at, void *into)
{
    struct site *site = into;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (!value_query_name(text)) {
        yaml_refuse(at, "is not the name of a query pair; write letters, digits, dots, - or _, at most %d, such as q",
                    PAGE_QUERY_BYTES_MAX);
        return;
    }
    for (unsigned i = 0; i < site->pages.n_query; i++)
        if (text_equal(text_of(site->pages.query[i]), text)) {
            yaml_refuse(at, "is listed twice; leave one out");
            return;
        }
    char *copy = field_copy(at->yaml, text);
    if (copy)
        site->pages.query[site->pages.n_query++] = copy;
}

static void read_query(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->pages.query = walk_array(at, YAML_LIST, sizeof *site->pages.query, PAGE_QUERY_MAX);
    if (site->pages.query)
        walk_list(at, read_query_name, site);
}

static void read_pages(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {{"query", read_query, 0, NULL},
                                               {"hash", field_bool, offsetof(struct site, pages.hash), NULL}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

static void read_goal(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    goal_read(at, site->goals, site->n_goals);
    site->n_goals++;
}

static void read_goals(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->goals = walk_array(at, YAML_LIST, sizeof *site->goals, GOALS_MAX);
    if (site->goals)
        walk_list(at, read_goal, site);
}

static void read_segment(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    saved_read(at, site->segments, site->n_segments);
    site->n_segments++;
}

static void read_segments(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->segments = walk_array(at, YAML_LIST, sizeof *site->segments, SAVED_FILTERS_MAX);
    if (site->segments)
        walk_list(at, read_segment, site);
}

/* The whole. */

static const struct walk_field site_fields[] = {
    {"name", field_text, offsetof(struct site, title), NULL},
    {"origins", read_origins, 0, "where the site's pages come from, such as [https://shop.example]"},
    {"timezone", read_timezone, 0, NULL},
    {"cookie_domain", read_cookie_domain, 0, NULL},
    {"controller", read_controller, 0, "{name: ..., contact: ...}: a notice must name who collects"},
    {"storage", read_storage, 0, NULL},
    {"retention", read_retention, offsetof(struct site, retention), NULL},
    {"address", read_address, offsetof(struct site, address), NULL},
    {"on_withdraw", read_on_withdraw, offsetof(struct site, on_withdraw), NULL},
    {"recipients", read_recipients, 0, NULL},
    {"purposes", read_purposes, 0, NULL},
    {"next", read_next, 0, NULL},
    {"policy", read_policy, 0, NULL},
    {"texts", read_texts, 0, NULL},
    {"banner", read_banner, 0, NULL},
    {"pages", read_pages, 0, NULL},
    {"goals", read_goals, 0, NULL},
    {"segments", read_segments, 0, NULL},
    {"regimes", read_regimes, 0, NULL},
    {"working_days", calendar_read_days, 0, NULL},
    {"holidays", calendar_read_holidays, 0, NULL},
};
_Static_assert(WALK_COUNT(site_fields) <= WALK_FIELDS_MAX, "walk_fields() has room for a site's keys");

static void set_defaults(struct yaml *yaml, struct site *site)
{
    field_default(yaml, &site->title, site->name ? site->name : "");
    field_default(yaml, &site->controller.name, "");
    field_default(yaml, &site->controller.address, "");
    field_default(yaml, &site->controller.contact, "");
    field_default(yaml, &site->storage.country, "");
    field_default(yaml, &site->storage.location, "");
    if (!site->working_days)
        site->working_days = MONDAY_TO_FRIDAY;
    if (!site->timezone) {
        field_default(yaml, &site->timezone, "UTC");
        int r = error_fold(zone_new("UTC", &site->zone));
        if (r)
            yaml_fail(yaml, r);
    }
}

void site_read(const struct yaml_at *at, struct site *site)
{
    site->name = field_copy(at->yaml, at->key);
    site->line = at->line;
    if (!value_site_name(at->key))
        yaml_complain(at, "this is no name for a site; write small letters, digits, dots, - or _, at most %d",
                      SITE_NAME_BYTES_MAX);
    site->regime = REGIME_OPT_IN;
    site->banner.control = true;
    site->retention = (struct retention){.journal_ms = 30 * DAY_MS,
                                         .segments_ms = 25 * MONTH_MS,
                                         .choice_ms = 6 * MONTH_MS,
                                         .refusal_ms = 6 * MONTH_MS,
                                         .visitor_ms = 13 * MONTH_MS,
                                         .requests_ms = REQUESTS_KEPT_MS_DEFAULT,
                                         .fold_below = FOLD_BELOW_DEFAULT};
    walk_fields(at, site_fields, WALK_COUNT(site_fields), site);
    set_defaults(at->yaml, site);
}

static void free_purposes(struct site *site)
{
    for (unsigned i = 0; i < site->n_purposes; i++) {
        free(site->purposes[i].name);
        free(site->purposes[i].recipients);
        for (unsigned c = 0; c < site->purposes[i].n_cookies; c++)
            free(site->purposes[i].cookies[c]);
        free(site->purposes[i].cookies);
    }
    free(site->purposes);
}

static void free_recipients(struct site *site)
{
    for (unsigned i = 0; i < site->n_recipients; i++)
        free_recipient(&site->recipients[i]);
    free(site->recipients);
}

static void free_texts(struct site *site)
{
    for (unsigned i = 0; i < site->n_texts; i++) {
        free(site->texts[i].lang);
        free(site->texts[i].key);
        free(site->texts[i].value);
    }
    free(site->texts);
}

void site_deinit(struct site *site)
{
    free(site->name);
    free(site->title);
    for (unsigned i = 0; i < site->n_origins; i++)
        free(site->origins[i]);
    free(site->origins);
    free(site->timezone);
    zone_free(site->zone);
    free(site->cookie_domain);
    free(site->controller.name);
    free(site->controller.address);
    free(site->controller.contact);
    free(site->storage.country);
    free(site->storage.location);
    free_purposes(site);
    free_recipients(site);
    free_texts(site);
    for (unsigned i = 0; i < site->pages.n_query; i++)
        free(site->pages.query[i]);
    free(site->pages.query);
    for (unsigned i = 0; i < site->n_goals; i++)
        goal_deinit(&site->goals[i]);
    free(site->goals);
    for (unsigned i = 0; i < site->n_segments; i++)
        saved_deinit(&site->segments[i]);
    free(site->segments);
    free(site->regimes);
    for (unsigned i = 0; i < site->n_also; i++)
        also_deinit(&site->also[i]);
    free(site->also);
    if (site->next)
        site_deinit(site->next);
    free(site->next);
    free(site->from);
    free(site->holidays);
}
