/*
 * crumb dump: a part of the store as JSON lines.  Its tiers are in the files
 * beside this one.
 */
#include "dump.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "crumb/base/zone.h"
#include "crumb/rollup/period.h"
#include "crumb/rollup/summary.h"
#include "crumb/store/trail.h"
#include <getopt.h>
#include <stdio.h>

/* ---- rows as lines ---- */

bool dump_is_of(const struct dump *dump, const uint8_t id[VISITOR_BYTES])
{
    return !dump->visitor || memcmp(dump->visitor->id, id, VISITOR_BYTES) == 0;
}

bool dump_wants(const struct dump *dump, uint32_t site) { return !dump->site || dump->site->id == site; }

void dump_print(struct dump *dump, json_t *object)
{
    if (object) {
        if (dump->tier)
            printf("{\"tier\":\"%s\",\"row\":", dump->tier);
        json_dumpf(object, stdout, JSON_COMPACT);
        printf(dump->tier ? "}\n" : "\n");
        dump->n_lines++;
    }
    json_decref(object);
}

json_t *dump_site(const struct dump *dump, uint32_t id)
{
    const struct site *site = config_site_of_id(dump->setup.edition->config, id);

    return site ? json_string(site->name) : json_integer(id);
}

json_t *dump_date(int32_t day)
{
    char text[ZONE_DATE_BYTES];

    zone_write_date(day, text);
    return json_string(text);
}

/* ---- the command ---- */

static const struct {
    const char *name;
    int (*dump)(struct dump *dump);
    bool is_personal; /* who reads it is put on record */
} tiers[] = {{"journal", dump_journal, true},  {"ledger", dump_ledger, true},      {"visitors", dump_visitors, true},
             {"books", dump_books, false},     {"consents", dump_consents, false}, {"days", dump_days, false},
             {"notices", dump_notices, false}, {"versions", dump_versions, false}, {"segment", dump_segments, true},
             {"rollup", dump_rollups, false},  {"audit", dump_audit, false},       {"requests", dump_requests, true},
             {"amended", dump_amended, true},  {"jobs", dump_jobs, true},          {"deeds", dump_deeds, false},
             {"minors", dump_minors, true}};

struct wish {
    const char *site, *record;
    bool has_day, has_month, has_field;
    int32_t day, month;
    enum field field;
};

enum { OPTION_SITE = 256, OPTION_RECORD, OPTION_DAY, OPTION_MONTH, OPTION_FIELD };

static const struct option options[] = {
    {"site", required_argument, NULL, OPTION_SITE},   {"record", required_argument, NULL, OPTION_RECORD},
    {"day", required_argument, NULL, OPTION_DAY},     {"month", required_argument, NULL, OPTION_MONTH},
    {"field", required_argument, NULL, OPTION_FIELD}, {0}};

/* "2026-01" */
static int read_month(const char *value, int32_t *ret_month)
{
    char date[ZONE_DATE_BYTES];
    int32_t day;

    snprintf(date, sizeof date, "%s-01", value);
    int r = command_read_day(date, &day);
    if (r == 0)
        *ret_month = period_month(day).number;
    return r;
}

/* As the interface calls it, or "totals". */
static int read_field(const char *value, enum field *ret_field)
{
    struct text property;
    enum field field = field_find(text_of(value), &property);

    if ((field == FIELD_N && strcmp(value, "totals") != 0) || !summary_has(field))
        return -1;
    *ret_field = field;
    return 0;
}

static int take(void *context, int option, const char *value)
{
    struct wish *wish = context;

    if (option == OPTION_MONTH) {
        wish->has_month = true;
        return read_month(value, &wish->month);
    }
    if (option == OPTION_FIELD) {
        wish->has_field = true;
        return read_field(value, &wish->field);
    }

    if (option == OPTION_DAY) {
        wish->has_day = true;
        return command_read_day(value, &wish->day);
    }
    *(option == OPTION_SITE ? &wish->site : &wish->record) = value;
    return 0;
}

static int dump_record(const char *path, const char *record)
{
    struct setup setup;
    int exit = setup_open(path, &setup);

    if (exit)
        return exit;
    exit = command_act(setup.edition->config->data,
                       &(struct trail_entry){.act = ACT_DUMPED, .object = TEXT("ledger"), .details = text_of(record)});
    if (exit == EXIT_GOOD)
        exit = command_dump_record(&setup, record);
    setup_close(&setup);
    return exit;
}

/* An exit code. */
static int print_tier(struct dump *dump, size_t tier)
{
    struct trail_entry what = {.act = ACT_DUMPED,
                               .site = dump->site ? text_of(dump->site->name) : TEXT_NONE,
                               .object = text_of(tiers[tier].name)};
    char date[ZONE_DATE_BYTES];

    if (dump->day) {
        zone_write_date(*dump->day, date);
        what.details = text_of(date);
    }
    int exit = tiers[tier].is_personal ? command_act(dump->setup.edition->config->data, &what) : EXIT_GOOD;
    if (exit)
        return exit;
    int r = tiers[tier].dump(dump);
    if (r)
        log_fault("the store cannot be read further; `crumb verify` tells more", r);
    return r ? EXIT_FAILED : EXIT_GOOD;
}

static int dump_tier(const char *path, size_t tier, const struct wish *wish)
{
    struct dump dump = {.day = wish->has_day ? &wish->day : NULL,
                        .month = wish->has_month ? &wish->month : NULL,
                        .field = wish->has_field ? &wish->field : NULL};
    const char *site = wish->site;
    int exit = setup_open(path, &dump.setup);

    if (exit)
        return exit;
    if (site)
        dump.site = config_site(dump.setup.edition->config, text_of(site));
    if (site && !dump.site) {
        fprintf(stderr, "crumb dump: `%s` is not a site of the configuration\n", site);
        exit = EXIT_USAGE;
    } else {
        exit = print_tier(&dump, tier);
    }
    setup_close(&dump.setup);
    return exit;
}

int command_dump(const struct command *self, int argc, char **argv)
{
    const char *path = NULL, *tier = NULL;
    struct wish wish = {.site = NULL};
    int exit = command_arguments(self, argc, argv, options, take, &wish, &path, &tier);

    if (exit || !path)
        return exit;
    if (wish.record && (!tier || strcmp(tier, "ledger") != 0 || wish.site))
        return command_misuse(self, "--record goes with ledger, and without --site");
    if (wish.record)
        return dump_record(path, wish.record);
    bool is_rollup = tier && strcmp(tier, "rollup") == 0;
    if (wish.has_day && !is_rollup && (!tier || strcmp(tier, "segment") != 0))
        return command_misuse(self, "--day goes with segment and rollup");
    if ((wish.has_month || wish.has_field) && !is_rollup)
        return command_misuse(self, "--month and --field go with rollup");
    if (wish.has_month && wish.has_day)
        return command_misuse(self, "say --day or --month");
    for (size_t i = 0; tier && i < sizeof tiers / sizeof tiers[0]; i++)
        if (strcmp(tiers[i].name, tier) == 0)
            return dump_tier(path, i, &wish);
    return command_misuse(self, "say which tier: journal, ledger, visitors, consents, books, days, notices, versions, "
                                "segment, rollup, audit, requests, amended, jobs or deeds");
}
