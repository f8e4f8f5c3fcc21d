/*
 * crumb lint: what is doubtful about a configuration that is valid.
 */
#include "crumb/consent/lint.h"
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include <stdio.h>

struct findings {
    const struct config *config;
    struct complaints complaints;
    int fault; /* the first */
};

/* "FILE:LINE: sites.shop.retention.visitor: what is doubtful; what to write (rule: source)". */
static void add(void *context, const struct lint_doubt *doubt)
{
    struct findings *findings = context;
    const struct config *config = findings->config;
    BUFFER_AUTO line = BUFFER_INIT(4 * COMPLAINT_BYTES_MAX);

    config_place_put(&doubt->place, &line);
    buffer_printf(&line, ": %s (%s: %s)", doubt->what, doubt->rule, doubt->source);
    buffer_put_u8(&line, '\0');
    int r = line.fault;
    if (r == 0)
        r = complaints_add(&findings->complaints, config->path, places_line(config->places, &doubt->place),
                           (const char *)line.data);
    if (r && !findings->fault)
        findings->fault = error_origin(r);
}

static int tell(struct findings *findings)
{
    struct complaints *complaints = &findings->complaints;
    const char *path = findings->config->path;
    int r = findings->fault ? findings->fault : complaints_sort(complaints, path, 0);

    if (r) {
        log_fault("cannot list the doubts", r);
        return EXIT_FAILED;
    }
    if (complaints->n == 0) {
        printf("%s: nothing doubtful was found\n", path);
        return EXIT_GOOD;
    }
    fwrite(complaints->text.data, 1, complaints->text.size, stdout);
    fflush(stdout);
    fprintf(stderr, "crumb: %u %s in %s\n", complaints->n, complaints->n == 1 ? "doubt" : "doubts", path);
    return EXIT_NO;
}

int command_lint(const struct command *self, int argc, char **argv)
{
    struct findings findings = {.complaints = COMPLAINTS_INIT};
    struct edition *edition = NULL;
    const char *path = NULL;
    int exit = command_arguments(self, argc, argv, NULL, NULL, NULL, &path, NULL);

    if (exit || !path)
        return exit;
    exit = command_load(path, &edition);
    if (exit)
        return exit;
    findings.config = edition->config;
    lint_config(edition->config, add, &findings);
    exit = tell(&findings);
    complaints_deinit(&findings.complaints);
    edition_unref(edition);
    return exit;
}
