/*
 * One site: the table of its keys, and a reader for each that is more than a
 * single value; those of what a notice tells are in site_*.c.  The table's order
 * matters: recipients are read before the purposes that name them, origins before
 * the cookie domain that must fit them.
 */
#include "site.h"
#include "also.h"
#include "calendar.h"
#include "crumb/base/error.h"
#include "crumb/config/value.h"
#include "field.h"
#include "goal.h"
#include "saved.h"
#include "site_parts.h"
#include <stddef.h>
#include <stdlib.h>

#define MONDAY_TO_FRIDAY 0x1f
#define DAY_MS (24LL * 3600 * 1000)
#define MONTH_MS (30 * DAY_MS)

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

/* What it does besides. */

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

/* What the law asks where. */

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
    {"controller", site_terms_read_controller, 0, "{name: ..., contact: ...}: a notice must name who collects"},
    {"storage", site_terms_read_storage, 0, NULL},
    {"retention", site_terms_read_retention, offsetof(struct site, retention), NULL},
    {"address", site_terms_read_address, offsetof(struct site, address), NULL},
    {"on_withdraw", site_terms_read_on_withdraw, offsetof(struct site, on_withdraw), NULL},
    {"recipients", site_recipients_read, 0, NULL},
    {"purposes", site_purposes_read, 0, NULL},
    {"next", site_next_read, 0, NULL},
    {"policy", read_policy, 0, NULL},
    {"texts", site_texts_read, 0, NULL},
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
    site_purposes_deinit(site);
    site_recipients_deinit(site);
    site_texts_deinit(site);
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
