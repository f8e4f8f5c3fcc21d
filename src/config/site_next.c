/*
 * What is announced, `next`: a site that holds what will change, and what cannot
 * be left unsaid of what goes on.
 */
#include "crumb/base/error.h"
#include "crumb/config/value.h"
#include "field.h"
#include "site_parts.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define DAY_MS (24LL * 3600 * 1000)

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

    if (!next) {
        yaml_fail(yaml, error_origin(-ENOMEM));
        return NULL;
    }
    if (!site_recipients_copy(yaml, site, next)) {
        free(next);
        return NULL;
    }
    next->zone = site->zone; /* lent while it is read */
    next->retention = site->retention;
    next->address = site->address;
    next->on_withdraw = site->on_withdraw;
    return next;
}

void site_next_read(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {
        {"from", read_from, 0, "the day from which this holds, such as 2026-12-24"},
        {"controller", site_terms_read_controller, 0, NULL},
        {"storage", site_terms_read_storage, 0, NULL},
        {"retention", site_terms_read_retention, offsetof(struct site, retention), NULL},
        {"address", site_terms_read_address, offsetof(struct site, address), NULL},
        {"on_withdraw", site_terms_read_on_withdraw, offsetof(struct site, on_withdraw), NULL},
        {"recipients", site_recipients_read_anew, 0, NULL},
        {"purposes", site_purposes_read, 0, NULL},
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
