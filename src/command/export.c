/*
 * crumb export: the hits of a range of days, for other programs.
 */
#include "crumb/rollup/export.h"
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/query/range.h"
#include "crumb/rollup/days.h"
#include "crumb/store/day.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

struct wish {
    const char *site;
    bool has_from, has_to;
    int32_t from, to;
    enum export_form form;
};

enum { OPTION_SITE = 256, OPTION_FROM, OPTION_TO, OPTION_FORMAT };

static const struct option options[] = {{"site", required_argument, NULL, OPTION_SITE},
                                        {"from", required_argument, NULL, OPTION_FROM},
                                        {"to", required_argument, NULL, OPTION_TO},
                                        {"format", required_argument, NULL, OPTION_FORMAT},
                                        {0}};

static int take_form(struct wish *wish, const char *value)
{
    int form = export_form_of(value);

    wish->form = form < 0 ? EXPORT_NDJSON : (enum export_form)form;
    return form < 0 ? -1 : 0;
}

static int take(void *context, int option, const char *value)
{
    struct wish *wish = context;

    switch (option) {
    case OPTION_SITE:
        wish->site = value;
        return 0;
    case OPTION_FROM:
        wish->has_from = true;
        return command_read_day(value, &wish->from);
    case OPTION_TO:
        wish->has_to = true;
        return command_read_day(value, &wish->to);
    default:
        return take_form(wish, value);
    }
}

/* Somebody who reads no further is no fault of the store. */
static int write_rows(void *context, struct text rows)
{
    FILE *stream = context;

    return fwrite(rows.data, 1, rows.size, stream) == rows.size ? 0 : error_origin(-EIO);
}

static int export_day(struct days *days, struct db_txn *txn, const struct site *site, int32_t day,
                      enum export_form form)
{
    const struct table *table;
    enum days_tier tier;
    int r = days_pin(days, txn, site, day, COLUMN_ALL, &table, &tier);

    if (r || !table)
        return error_trace(r);
    r = export_table(table, zone_day_start_ms(site->zone, day), form, write_rows, stdout);
    days_unpin(days, table);
    return error_trace(r);
}

/* A transaction a day: a reader that lives long keeps pages from being used again. */
static int export_days(struct db *db, const struct site *site, const struct wish *wish)
{
    struct days *days = NULL;
    int r = days_new((struct days_bounds){.n_days = 1}, &days);

    if (r)
        return error_trace(r);
    for (int32_t day = wish->from; r == 0 && day <= wish->to; day++) {
        DB_TXN_AUTO *txn = NULL;

        r = db_begin_read(db, &txn);
        if (r == 0)
            r = export_day(days, txn, site, day, wish->form);
    }
    days_free(days);
    return error_trace(r);
}

/* No further than there are days. */
static int cut_range(struct setup *setup, const struct site *site, struct wish *wish)
{
    int32_t first, last;
    int r = site->id ? day_bounds(setup->txn, site->id, &first, &last) : DB_E_NOT_FOUND;

    if (r)
        return error_trace(r);
    if (!wish->has_from || wish->from < first)
        wish->from = first;
    if (!wish->has_to || wish->to > last)
        wish->to = last;
    return 0;
}

static int export_site(struct setup *setup, const struct site *site, struct wish *wish)
{
    BUFFER_AUTO head = BUFFER_INIT(4096);
    int r = cut_range(setup, site, wish);

    export_head(wish->form, &head);
    fwrite(head.data, 1, head.size, stdout);
    setup->txn = db_abort(setup->txn);
    return r == DB_E_NOT_FOUND ? 0 : r ? error_trace(r) : error_trace(export_days(setup->db, site, wish));
}

int command_export(const struct command *self, int argc, char **argv)
{
    struct wish wish = {.form = EXPORT_NDJSON};
    struct setup setup;
    const char *path = NULL;
    int exit = command_arguments(self, argc, argv, options, take, &wish, &path, NULL);

    if (exit || !path)
        return exit;
    if (!wish.site)
        return command_misuse(self, "say which site: --site NAME");
    exit = setup_open(path, &setup);
    if (exit)
        return exit;
    const struct site *site = config_site(setup.edition->config, text_of(wish.site));
    if (!site) {
        fprintf(stderr, "crumb export: `%s` is not a site of the configuration\n", wish.site);
        exit = EXIT_USAGE;
    } else {
        int r = export_site(&setup, site, &wish);
        if (r)
            log_fault("cannot export further; `crumb verify` tells more", r);
        exit = r ? EXIT_FAILED : EXIT_GOOD;
    }
    setup_close(&setup);
    return exit;
}
