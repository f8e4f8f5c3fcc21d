/*
 * crumb export: the hits of a range of days, for other programs.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/base/progress.h"
#include "crumb/rollup/exporter.h"
#include "crumb/store/trail.h"
#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

struct wish {
    const char *site;
    bool has_visitor, has_range; /* one or the other */
    uint8_t visitor[VISITOR_BYTES];
    int32_t from, to;
    enum export_form form;
};

enum { OPTION_SITE = 256, OPTION_FROM, OPTION_TO, OPTION_FORMAT, OPTION_VISITOR };

static const struct option options[] = {
    {"site", required_argument, NULL, OPTION_SITE},       {"from", required_argument, NULL, OPTION_FROM},
    {"to", required_argument, NULL, OPTION_TO},           {"format", required_argument, NULL, OPTION_FORMAT},
    {"visitor", required_argument, NULL, OPTION_VISITOR}, {0}};

static int take_form(struct wish *wish, const char *value)
{
    int form = export_form_of(value);

    wish->form = form < 0 ? EXPORT_NDJSON : (enum export_form)form;
    return form < 0 ? -1 : 0;
}

/* As dumps show it, 32 hex digits. */
static int take_visitor(struct wish *wish, const char *value)
{
    size_t size;

    wish->has_visitor = true;
    return strlen(value) == 2 * VISITOR_BYTES &&
                   sodium_hex2bin(wish->visitor, VISITOR_BYTES, value, strlen(value), NULL, &size, NULL) == 0 &&
                   size == VISITOR_BYTES
               ? 0
               : -1;
}

static int take(void *context, int option, const char *value)
{
    struct wish *wish = context;

    wish->has_range |= option != OPTION_SITE && option != OPTION_VISITOR;
    switch (option) {
    case OPTION_SITE:
        wish->site = value;
        return 0;
    case OPTION_VISITOR:
        return take_visitor(wish, value);
    case OPTION_FROM:
        return command_read_day(value, &wish->from);
    case OPTION_TO:
        return command_read_day(value, &wish->to);
    default:
        return take_form(wish, value);
    }
}

/* A bar that rows run through is of no use: only where they go elsewhere. */
static int print_all(struct exporter *exporter)
{
    struct text piece;
    struct progress progress;
    int r = exporter_next(exporter, &piece);

    progress_begin(&progress, isatty(STDOUT_FILENO) ? NULL : "exporting, bytes", 0);
    for (; r == 0 && piece.size; r = exporter_next(exporter, &piece)) {
        if (fwrite(piece.data, 1, piece.size, stdout) != piece.size)
            r = error_origin(-EIO);
        if (r)
            break;
        progress_add(&progress, piece.size);
    }
    progress_end(&progress);
    return error_trace(r);
}

static int print_site(const struct exporter_wish *wish)
{
    struct exporter *exporter = NULL;
    int r = exporter_new(wish, &exporter);

    r = r ? r : print_all(exporter);
    exporter_free(exporter);
    return error_trace(r);
}

/* An exit code. */
static int export_site(const struct setup *setup, const struct site *site, const struct wish *wish)
{
    struct exporter_wish wanted = {
        .db = setup->db, .site = site, .from = wish->from, .to = wish->to, .form = wish->form};
    char details[EXPORTER_DETAILS_BYTES];

    exporter_describe(&wanted, details);
    int exit = command_act(setup->edition->config->data, &(struct trail_entry){.act = ACT_EXPORTED,
                                                                               .site = text_of(site->name),
                                                                               .object = TEXT("hits"),
                                                                               .details = text_of(details)});
    if (exit)
        return exit;
    int r = days_new((struct days_bounds){.n_days = 1}, &wanted.days);
    r = r ? r : print_site(&wanted);
    days_free(wanted.days);
    if (r)
        log_fault("cannot export further; `crumb verify` tells more", r);
    return r ? EXIT_FAILED : EXIT_GOOD;
}

int command_export(const struct command *self, int argc, char **argv)
{
    struct wish wish = {.from = INT32_MIN, .to = INT32_MAX, .form = EXPORT_NDJSON};
    struct setup setup;
    const char *path = NULL;
    int exit = command_arguments(self, argc, argv, options, take, &wish, &path, NULL);

    if (exit || !path)
        return exit;
    if (!wish.site)
        return command_misuse(self, "say which site: --site NAME");
    if (wish.from > wish.to)
        return command_misuse(self, "--from lies behind --to; put the earlier day first");
    if (wish.has_visitor && wish.has_range)
        return command_misuse(self, "--visitor is everything of one visitor, without --from, --to and --format");
    exit = setup_open(path, &setup);
    if (exit)
        return exit;
    const struct site *site = config_site(setup.edition->config, text_of(wish.site));
    if (!site) {
        fprintf(stderr, "crumb export: `%s` is not a site of the configuration\n", wish.site);
        exit = EXIT_USAGE;
    } else if (wish.has_visitor) {
        exit = command_dump_visitor(&setup, site, wish.visitor);
    } else {
        setup.txn = db_abort(setup.txn);
        exit = export_site(&setup, site, &wish);
    }
    setup_close(&setup);
    return exit;
}
