/*
 * crumb retention: what is due, and what will be.
 */
#include "crumb/rollup/retention.h"
#include "command.h"
#include "crumb/base/clock.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/query/range.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct date {
    char text[RANGE_DATE_BYTES + 1];
};

static struct date date_of(int32_t day)
{
    struct date date = {""};

    range_write_date(day, date.text);
    return date;
}

/* ---- what would go ---- */

struct telling {
    unsigned n;
};

static int tell_plan(void *context, const struct retention_plan *plan)
{
    struct telling *telling = context;

    if (telling->n++ == 0)
        printf("%-24s %-8s  %-10s  %-10s  %6s  %10s  %12s\n", "site", "tier", "from", "to", "days", "rows", "bytes");
    printf("%-24s %-8s  %s  %s  %6u  %10" PRIu64 "  %12" PRIu64 "\n", plan->site->name, retention_tier_name(plan->tier),
           date_of(plan->first).text, date_of(plan->last).text, plan->n_days, plan->n_rows, plan->bytes);
    return 0;
}

static int tell_due(const struct setup *setup, int64_t now_ms)
{
    struct telling telling = {0};
    int r = retention_due_plan(setup->txn, setup->edition->config, now_ms, tell_plan, &telling);

    if (r == 0 && telling.n == 0)
        printf("Nothing is due.\n");
    return error_trace(r);
}

/* ---- what goes next ---- */

static int tell_next_of(const struct setup *setup, const struct site *site, enum retention_tier tier)
{
    int32_t day;
    int r = site->id ? retention_due_oldest(setup->txn, site->id, tier, &day) : DB_E_NOT_FOUND;

    if (r)
        return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
    int32_t due = zone_day(site->zone, retention_due_ms(site, tier, day));
    printf("%-24s %-8s  kept from %s on; that goes %s\n", site->name, retention_tier_name(tier), date_of(day).text,
           date_of(due).text);
    return 0;
}

static void tell_left(const struct config *config)
{
    for (unsigned i = 0; i < config->n_left; i++)
        printf("%s%s", i ? ", " : "Not in the configuration any more: ", config->left[i].name);
    printf("; what is kept of it expires as was configured last.\n");
}

static int tell_next(const struct setup *setup)
{
    const struct config *config = setup->edition->config;
    int r = 0;

    printf("The running service removes what is due by itself: it looks every %lld seconds.\n"
           "crumb retention --dry-run tells what is due now.\n",
           RETENTION_REST_MS / 1000);
    for (unsigned i = 0; r == 0 && i < config->n_sites + config->n_left; i++) {
        const struct site *site = i < config->n_sites ? &config->sites[i] : &config->left[i - config->n_sites];

        for (unsigned tier = 0; r == 0 && tier < RETENTION_TIER_N; tier++)
            r = tell_next_of(setup, site, (enum retention_tier)tier);
    }
    if (r == 0 && config->n_left)
        tell_left(config);
    return error_trace(r);
}

enum { OPTION_DRY = 256 };

static const struct option options[] = {{"dry-run", no_argument, NULL, OPTION_DRY}, {0}};

static int take(void *context, int option, const char *value)
{
    (void)option;
    (void)value;
    *(bool *)context = true;
    return 0;
}

int command_retention(const struct command *self, int argc, char **argv)
{
    bool is_dry = false;
    struct setup setup;
    const char *config = NULL;
    int exit = command_arguments(self, argc, argv, options, take, &is_dry, &config, NULL);

    if (exit || !config)
        return exit;
    exit = setup_open(config, &setup);
    if (exit)
        return exit;
    int r = is_dry ? tell_due(&setup, clock_now_ms(&clock_system)) : tell_next(&setup);
    if (r) {
        log_fault("cannot read the store; `crumb verify` tells more", r);
        exit = EXIT_FAILED;
    }
    setup_close(&setup);
    return exit;
}
