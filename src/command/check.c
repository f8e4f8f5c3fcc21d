/*
 * crumb check: a configuration's mistakes.
 */
#include "command.h"
#include <stdio.h>

int command_check(const struct command *self, int argc, char **argv)
{
    struct edition *edition = NULL;
    const char *path = NULL;
    int exit = command_arguments(self, argc, argv, NULL, NULL, NULL, &path, NULL);

    if (exit || !path)
        return exit;
    exit = command_load(path, &edition);
    if (exit == EXIT_GOOD)
        printf("%s is good: %u %s\n", path, edition->config->n_sites, edition->config->n_sites == 1 ? "site" : "sites");
    edition_unref(edition);
    return exit;
}
