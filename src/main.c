/*
 * crumb: argv to command.
 */
#include "command/command.h"
#include "crumb/base/discreet.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/base/random.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct command commands[] = {
    {"serve", "-c FILE", "Runs the service.",
     "SIGTERM and SIGINT stop it gracefully; SIGHUP reloads the configuration and the certificate.\n"
     "One server holds a data folder: a second one refuses to start.\n",
     command_serve},
    {"check", "-c FILE", "Validates a configuration.",
     "Prints every mistake with its file and line; exit code 1 if there is one.\n", command_check},
    {"lint", "-c FILE", "Tells what is doubtful about a valid configuration.",
     "Prints each doubt with its file and line, what to write instead, and the rule of law or advice that it comes\n"
     "from; exit code 1 if there is one. A doubt is no verdict, and no doubt is no legal advice.\n",
     command_lint},
    {"stat", "-c FILE", "Prints one JSON object about the store.", "Works while the server runs.\n", command_stat},
    {"verify", "-c FILE [--rebuild] [--head FILE]... | --receipt FILE",
     "Checks the ledger's chain, the books and every invariant of the store.",
     "Prints what is wrong, the first wrong record by its name, and exits with 1.\n"
     "  --rebuild    also builds the segment and rollups of every sealed day again and compares byte for byte\n"
     "  --head FILE  also proves that the ledger continues an older head, as GET /v1/ledger/head gave it\n"
     "  --receipt FILE  only tells whether a receipt of an erasure, restriction or correction is this store's\n"
     "Works while the server runs.\n",
     command_verify},
    {"dump", "-c FILE TIER [--site NAME] [--day DATE | --month MONTH] [--field NAME] [--record ID]",
     "Prints a part of the store, one JSON object a line.",
     "TIER is journal, ledger, visitors, consents, books, days, notices, versions, segment, rollup, audit,\n"
     "requests, amended, jobs, deeds or minors.\n"
     "  --day DATE   of segments: one day, such as 2026-01-31\n"
     "  --record ID  of the ledger: one record, by the id of its receipt or its sequence number, with the notice\n"
     "               exactly as it was shown, whether the chain holds, and how many events relied on it\n"
     "Journal, ledger, visitors, segments, requests and minors hold personal data: treat what is printed accordingly.\n"
     "That it was printed goes into the audit trail; where that cannot be put on record, nothing is printed.\n"
     "Works while the server runs.\n",
     command_dump},
    {"query",
     "-c FILE [--site NAME --metrics LIST --date-range RANGE --dimensions LIST --filters JSON --compare MODE "
     "--limit N] [--paths | --funnel] [--format table|json|csv|ndjson]",
     "Answers a question about traffic.",
     "Without --site, the question is read from standard input, as POST /api/v2/query takes it.\n"
     "  --site NAME          a site of the configuration\n"
     "  --metrics LIST       visitors,visits,pageviews,events,bounce_rate,visit_duration, ...\n"
     "  --date-range RANGE   day, 7d, 30d, month, 12mo, year, all, ..., or 2026-01-01,2026-01-31\n"
     "  --dimensions LIST    time:day, event:page, visit:source, visit:country_name, ...\n"
     "  --filters JSON       such as '[[\"is\", \"visit:device\", [\"phone\"]]]'\n"
     "  --compare MODE       with the previous_period, or year_over_year\n"
     "  --limit N            rows at most\n"
     "  --paths              standard input asks for paths, as POST /api/v2/paths takes it\n"
     "  --funnel             standard input asks for a funnel\n"
     "  --format FORM        table (default), json, csv, ndjson\n"
     "docs/query-api.md and docs/journeys.md have every name.\n"
     "Works while the server runs.\n",
     command_query},
    {"export", "-c FILE --site NAME [--from DATE] [--to DATE] [--format ndjson|csv] | --visitor ID",
     "Prints what happened on a site, one row a hit, for other programs.",
     "Pseudonymous: no address, no visitor's id. Visits and visitors are numbered within their day, so that what one\n"
     "person did on two days cannot be joined.\n"
     "  --site NAME    a site of the configuration\n"
     "  --from DATE    the first day, such as 2026-01-01; without it, the first that there is\n"
     "  --to DATE      the last day; without it, the last that there is\n"
     "  --format FORM  ndjson (default): an object a line, empty fields left out; csv: all fields, with a head\n"
     "  --visitor ID   instead, everything that is kept of one visitor, by the id of 32 hex digits in crumb_id, for "
     "an\n"
     "                 order from an authority: an object a line, with its tier; exit code 1 if there is nothing\n"
     "Whatever is exported goes into the audit trail; where that cannot be put on record, nothing is printed.\n"
     "Rows come day by day, and a sealed day gives the same bytes each time. To go on after a break, drop the rows of\n"
     "the last day and begin --from that day.\n"
     "Works while the server runs.\n",
     command_export},
    {"watch", "-c FILE [--site NAME] [--count N]", "Shows the books and the pages of the last minute, live.",
     "  --site NAME  one site of the configuration instead of all\n"
     "  --count N    ends after N seconds\n"
     "A terminal gets a page that is drawn anew each second; anything else gets a JSON object a second:\n"
     "t (milliseconds since 1970 UTC), received, stored, dropped by reason, all within that second.\n"
     "Works while the server runs.\n",
     command_watch},
    {"key", "-c FILE rotate|status", "Replaces the master key, or tells how far that is.",
     "rotate  makes the next master key, wraps every key of the store under it, and puts it in the place of the old\n"
     "        one. A server that holds the store does it while it runs; else this command does. After a kill it goes\n"
     "        on where it was. Where the master key is in the environment, start the server, or this command, with\n"
     "        the new one in CRUMB_MASTER_KEY and the old one in CRUMB_MASTER_KEY_PREVIOUS.\n"
     "status  prints one JSON object: where the master key is, how many keys there are, how many are still to be\n"
     "        wrapped. Works while the server runs.\n"
     "No key is ever printed.\n",
     command_key},
    {"retention", "-c FILE [--dry-run]", "Tells what goes because its retention is over.",
     "The running service removes it by itself, looking every minute; this command never does.\n"
     "  --dry-run  what would go now: by site and tier, with days, rows and bytes\n"
     "Without it, what goes next, and when. Works while the server runs.\n",
     command_retention},
    {"compact", "-c FILE", "Writes the store anew, without what was deleted.",
     "What was deleted is unreadable at once; after this it is in no file. The store takes as much room again "
     "meanwhile,\n"
     "and may be interrupted at any moment. Exit code 1 while a server or another command uses the store.\n",
     command_compact},
    {"backup", "-c FILE [--with-keys] DIR", "Copies the store.",
     "DIR is made, with mode 0700, or must be empty. The copy is one moment of the store, and has nothing of what was\n"
     "deleted.\n"
     "  --with-keys  also the keys: who has them with the store can read everything, and an old keyring brings back\n"
     "               what was erased since\n"
     "Works while the server runs.\n",
     command_backup},
    {"token", "--name NAME --role analyst|privacy|admin [--site NAME]...", "Makes a bearer token.",
     "Prints the token, which is shown this once, and the line for `tokens:` in the configuration, which holds\n"
     "only its hash.\n",
     command_token},
    {.name = NULL}};

static int print_help(FILE *stream)
{
    fprintf(stream, "crumb: an honest cookie choice, its proof, and analytics only where it allows them\n\n"
                    "usage: crumb COMMAND [OPTIONS]\n\n");
    for (const struct command *command = commands; command->name; command++)
        fprintf(stream, "  %-9s %s\n", command->name, command->summary);
    fprintf(stream, "\ncrumb help COMMAND tells more; crumb version prints the version.\n");
    return stream == stderr ? EXIT_USAGE : EXIT_GOOD;
}

static const struct command *find_command(const char *name)
{
    for (const struct command *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static int refuse(const char *name)
{
    if (name[0])
        fprintf(stderr, "crumb: there is no command `%s`\n\n", name);
    return print_help(stderr);
}

/* @about is a command's name, or NULL. */
static int help(const char *about)
{
    const struct command *command = about ? find_command(about) : NULL;

    if (!about)
        return print_help(stdout);
    if (!command)
        return refuse(about);
    command_print_help(command);
    return EXIT_GOOD;
}

static int run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find_command(name);

    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argv[2]);
    if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
        printf("crumb %s\n", CRUMB_VERSION);
        return EXIT_GOOD;
    }
    return command ? command->run(command, argc - 1, argv + 1) : refuse(name);
}

/* An answer that did not get out was not given: a full disk must not look like a short answer. */
static int flush_output(int exit)
{
    int r = fflush(stdout) ? -errno : ferror(stdout) ? -EIO : 0;

    if (r == 0)
        return exit;
    log_fault("cannot write to standard output", error_origin(r));
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    int r = random_init();

    if (r) {
        log_fault("no randomness", r);
        return EXIT_FAILED;
    }
    r = discreet_begin();
    if (r) {
        log_fault("cannot keep memory out of core files", r);
        return EXIT_FAILED;
    }
    return flush_output(run(argc, argv));
}
