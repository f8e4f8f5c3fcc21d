/*
 * What every command does first.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/query/range.h"
#include "crumb/store/keyring.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void command_print_help(const struct command *self)
{
    printf("crumb %s %s\n%s\n%s%s", self->name, self->usage, self->summary, self->help[0] ? "\n" : "", self->help);
}

int command_misuse(const struct command *self, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "crumb %s: ", self->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nusage: crumb %s %s\n", self->name, self->usage);
    return EXIT_USAGE;
}

static int print_complaints(const struct complaints *complaints, const char *path)
{
    fwrite(complaints->text.data, 1, complaints->text.size, stderr);
    fprintf(stderr, "crumb: %u %s in %s\n", complaints->n, complaints->n == 1 ? "mistake" : "mistakes", path);
    return EXIT_NO;
}

/* What the file says may be well formed and still make a notice that is too large. */
static int load(const char *path, struct complaints *complaints, struct edition **ret_edition)
{
    struct config *config = NULL;
    int r = config_load(path, complaints, &config);

    if (r)
        return r;
    r = edition_new(config, ret_edition);
    if (r == NOTICE_E_TOO_LARGE) {
        r = edition_complain(config, complaints);
        r = r ? r : NOTICE_E_TOO_LARGE;
    }
    config_unref(config);
    return r;
}

int command_load(const char *path, struct edition **ret_edition)
{
    struct complaints complaints = COMPLAINTS_INIT;
    int r = load(path, &complaints, ret_edition), exit = EXIT_GOOD;

    if (r > 0)
        exit = print_complaints(&complaints, path);
    complaints_deinit(&complaints);
    if (r < 0) {
        log_fault("cannot load the configuration", r);
        exit = EXIT_FAILED;
    }
    return exit;
}

/* Copies @options behind the two that every command has. */
#define OPTIONS_MAX 16

static void join_options(const struct option *options, struct option ret_all[OPTIONS_MAX])
{
    unsigned n = 0;

    ret_all[n++] = (struct option){"config", required_argument, NULL, 'c'};
    ret_all[n++] = (struct option){"help", no_argument, NULL, 'h'};
    for (; options && options->name && n < OPTIONS_MAX - 1; options++)
        ret_all[n++] = *options;
    ret_all[n] = (struct option){0};
}

int command_arguments(const struct command *self, int argc, char **argv, const struct option *options,
                      int (*take)(void *context, int option, const char *value), void *context, const char **ret_config,
                      const char **ret_word)
{
    struct option all[OPTIONS_MAX];
    const char *config = NULL;
    int option;

    join_options(options, all);
    optind = 1;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "c:h", all, NULL)) != -1) {
        if (option == 'h') {
            command_print_help(self);
            return EXIT_GOOD;
        }
        if (option == '?')
            return command_misuse(self, "unknown option, or one without its value: %s", argv[optind - 1]);
        if (option == 'c')
            config = optarg;
        else if (take(context, option, optarg))
            return command_misuse(self, "wrong value: %s", optarg);
    }
    if (!config)
        return command_misuse(self, "say which configuration: -c FILE");
    if (argc - optind > (ret_word ? 1 : 0))
        return command_misuse(self, "one word too many: %s", argv[argc - 1]);
    if (ret_word)
        *ret_word = argv[optind];
    *ret_config = config;
    return EXIT_GOOD;
}

int command_read_day(const char *text, int32_t *ret_day)
{
    struct zone_date date;

    if (!range_parse_date(text_of(text), &date))
        return -1;
    *ret_day = zone_day_of_date(date);
    return 0;
}

int setup_refuse(const char *folder, int r)
{
    if (r == DB_E_ABSENT)
        fprintf(stderr, "crumb: there is no store in %s yet; `crumb serve` makes it\n", folder);
    else if (r == DB_E_FORMAT)
        fprintf(stderr, "crumb: the store in %s was written by another version of crumb\n", folder);
    else if (r >= KEYRING_E_REFUSED)
        fprintf(stderr, "crumb: %s: %s\n", folder, keyring_refusal(r));
    else
        log_fault(folder, r);
    return EXIT_FAILED;
}

int setup_open(const char *config, struct setup *ret_setup)
{
    struct setup setup = {.edition = NULL};
    int exit = command_load(config, &setup.edition);

    if (exit)
        return exit;
    const char *folder = setup.edition->config->data;
    struct db_options options = {.folder = folder, .mode = DB_READ, .master_key = setup.edition->config->master_key};
    int r = db_open(&options, &setup.db);
    if (r == 0)
        r = db_begin_read(setup.db, &setup.txn);
    if (r == 0)
        r = edition_bind(setup.edition, setup.txn);
    if (r) {
        exit = setup_refuse(folder, r);
        setup_close(&setup);
        return exit;
    }
    *ret_setup = setup;
    return 0;
}

int setup_renew(struct setup *setup)
{
    setup->txn = db_abort(setup->txn);
    return error_trace(db_begin_read(setup->db, &setup->txn));
}

void setup_close(struct setup *setup)
{
    db_abort(setup->txn);
    db_close(setup->db);
    edition_unref(setup->edition);
    *setup = (struct setup){.edition = NULL};
}
