/*
 * crumb compact: the store without its free pages.
 */
#include "crumb/store/compact.h"
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/store/trail.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct compacting {
    struct db_options options;
    struct compact_sizes sizes;
};

static int work(void *context)
{
    struct compacting *compacting = context;

    return compact_store(&compacting->options, &compacting->sizes);
}

static int refuse(const char *folder, int r)
{
    if (r == DB_E_LOCKED)
        fprintf(stderr, "crumb: a server uses the store in %s: stop it first\n", folder);
    else if (r == COMPACT_E_READERS)
        fprintf(stderr, "crumb: another command reads the store in %s: let it end first\n", folder);
    else
        return setup_refuse(folder, r);
    return EXIT_NO;
}

/* Opened to read first, as that makes no store where there is none. */
static int measure(const char *config, struct compacting *compacting, uint64_t *ret_bytes, struct edition **ret_edition)
{
    struct setup setup;
    int exit = setup_open(config, &setup);

    if (exit)
        return exit;
    int r = command_copy_bytes(setup.txn, ret_bytes);
    const struct config *settings = setup.edition->config;
    compacting->options = (struct db_options){.folder = settings->data,
                                              .mode = DB_SERVE,
                                              .size_bytes_max = settings->data_max_bytes,
                                              .master_key = settings->master_key};
    *ret_edition = edition_ref(setup.edition);
    setup_close(&setup);
    if (r == 0)
        return EXIT_GOOD;
    log_fault("cannot read the store; `crumb verify` tells more", r);
    edition_unref(*ret_edition);
    return EXIT_FAILED;
}

int command_compact(const struct command *self, int argc, char **argv)
{
    struct compacting compacting = {.sizes = {0}};
    struct edition *edition = NULL;
    const char *config = NULL;
    char draft[PATH_BYTES_MAX];
    uint64_t bytes = 0;
    int exit = command_arguments(self, argc, argv, NULL, NULL, NULL, &config, NULL);

    if (exit || !config)
        return exit;
    exit = measure(config, &compacting, &bytes, &edition);
    if (exit)
        return exit;
    exit = command_act(compacting.options.folder, &(struct trail_entry){.act = ACT_COMPACTED, .object = TEXT("store")});
    if (exit) {
        edition_unref(edition);
        return exit;
    }
    snprintf(draft, sizeof draft, "%s/" DB_DRAFT, compacting.options.folder);
    int r = command_progress("compacting", draft, bytes, work, &compacting);
    if (r)
        exit = refuse(compacting.options.folder, r);
    else
        printf("%" PRIu64 " bytes, %" PRIu64 " before\n", compacting.sizes.after, compacting.sizes.before);
    edition_unref(edition);
    return exit;
}
