/*
 * crumb watch: the books and the pages of the last minute, once a second.
 *
 * Each look is a read transaction of its own, so that nothing of the store is
 * pinned while people look.  It reads the events of the last minute anew, so that
 * whoever was restricted or erased a moment ago is not on the screen any more.
 */
#include "crumb/query/watch.h"
#include "command.h"
#include "crumb/base/clock.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/store/amended.h"
#include "crumb/store/journal.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 1000

struct watching {
    const char *site_name; /* NULL: all sites */
    unsigned n_looks;      /* 0: until somebody ends it */
    struct setup setup;
    struct watch *watch;
    uint32_t first_hour;
    bool shows_pages;
    const struct amendments *amendments; /* of the site that is looked at */
    uint64_t newest;                     /* sequence of an event that was seen, or from before */
    uint64_t marks[WATCH_SECONDS];       /* the same of each of the last looks: what was there then is too old now */
    unsigned n_marks;                    /* ever */
};

enum { OPTION_SITE = 256, OPTION_COUNT };

static const struct option options[] = {
    {"site", required_argument, NULL, OPTION_SITE}, {"count", required_argument, NULL, OPTION_COUNT}, {0}};

static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

static int take(void *context, int option, const char *value)
{
    struct watching *watching = context;
    char *rest;

    if (option == OPTION_SITE) {
        watching->site_name = value;
        return 0;
    }
    unsigned long n = strtoul(value, &rest, 10);
    watching->n_looks = (unsigned)n;
    return *value < '1' || *value > '9' || *rest || n > WATCH_LOOKS_MAX ? -1 : 0;
}

static bool wanted(const struct watching *watching, const struct site *site)
{
    return !watching->site_name || strcmp(watching->site_name, site->name) == 0;
}

/* ---- a look ---- */

/* GDPR art. 17 and 18: what must not be told, from the request on. */
static bool is_withheld(const struct watching *watching, uint32_t visitor)
{
    const struct amendment *amendment = amended_find(watching->amendments, visitor);

    return amendment && (amendment->erased || amendment->restricted || amendment->cut & CLASS_BIT(CLASS_LOG));
}

/* A minute of looks ago; and never more rows than there is room for. */
static uint64_t after_which(const struct watching *watching)
{
    uint64_t old = watching->marks[watching->n_marks % WATCH_SECONDS],
             much = watching->newest > WATCH_VIEWS_MAX ? watching->newest - WATCH_VIEWS_MAX : 0;

    return old > much ? old : much;
}

static int tell_view(void *context, const struct journal_record *record)
{
    struct watching *watching = context;
    struct event event = {.kind = record->kind};

    if (record->sequence > watching->newest)
        watching->newest = record->sequence;
    if (record->kind != EVENT_PAGEVIEW || is_withheld(watching, record->number))
        return 0;
    if (!journal_event(record, &event))
        return error_origin(-EBADMSG);
    watch_view(watching->watch, (int64_t)event.at_ms, event.host, event.path);
    return 0;
}

/* Yesterday's journal, too, as an event may come a moment after midnight. */
static int look_at_views(struct watching *watching, struct db_txn *txn, const struct site *site, uint64_t after,
                         int64_t now_ms)
{
    AMENDMENTS_AUTO amendments = {.n = 0};
    int32_t today = zone_day(site->zone, now_ms);
    int r = amended_read(txn, site->id, &amendments);

    watching->amendments = &amendments;
    for (int32_t day = today - 1; r == 0 && day <= today; day++)
        r = journal_each(txn, site->id, day, after, tell_view, watching);
    watching->amendments = NULL;
    return error_trace(r);
}

static int look_at_site(struct watching *watching, struct db_txn *txn, const struct site *site, uint64_t after,
                        int64_t now_ms, struct books *total)
{
    struct books books;
    int r = accounting_between(txn, site->id, watching->first_hour, accounting_hour(now_ms) + 1, &books);

    if (r == 0)
        accounting_sum(total, &books);
    return r || !watching->shows_pages ? error_trace(r)
                                       : error_trace(look_at_views(watching, txn, site, after, now_ms));
}

static int look(struct watching *watching, int64_t now_ms)
{
    const struct config *config = watching->setup.edition->config;
    DB_TXN_AUTO *txn = NULL;
    struct books total = {.received = 0};
    uint64_t after = after_which(watching);
    int r = db_begin_read(watching->setup.db, &txn);

    watch_forget(watching->watch);
    for (unsigned i = 0; r == 0 && i < config->n_sites; i++)
        if (config->sites[i].id && wanted(watching, &config->sites[i]))
            r = look_at_site(watching, txn, &config->sites[i], after, now_ms, &total);
    if (r)
        return error_trace(r);
    watching->marks[watching->n_marks++ % WATCH_SECONDS] = watching->newest;
    watch_books(watching->watch, &total);
    return 0;
}

/* ---- what is shown ---- */

static void write_title(const struct watching *watching, int64_t now_ms, char *title, size_t size)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm local;

    localtime_r(&seconds, &local);
    snprintf(title, size, "crumb watch  %s  %02d:%02d:%02d  (Ctrl-C ends)",
             watching->site_name ? watching->site_name : "all sites", local.tm_hour, local.tm_min, local.tm_sec);
}

/* A terminal gets a frame in the place of the one before; a file or a program gets a line. */
static int show(const struct watching *watching, int64_t now_ms)
{
    BUFFER_AUTO output = BUFFER_INIT(QUERY_OUTPUT_BYTES_MAX);
    char title[SITE_NAME_BYTES_MAX + 64];
    int r = 0;

    if (watching->shows_pages) {
        write_title(watching, now_ms, title, sizeof title);
        buffer_put_text(&output, TEXT("\033[H\033[J"));
        r = watch_frame(watching->watch, title, now_ms, &output);
    } else {
        watch_line(watching->watch, now_ms, &output);
        r = output.fault;
    }
    if (r)
        return error_trace(r);
    fwrite(output.data, 1, output.size, stdout);
    return fflush(stdout) ? error_origin(-errno) : 0;
}

static void sleep_tick(void)
{
    nanosleep(&(struct timespec){.tv_sec = TICK_MS / 1000, .tv_nsec = TICK_MS % 1000 * 1000000}, NULL);
}

static int watch_all(struct watching *watching)
{
    int r = look(watching, clock_now_ms(&clock_system));

    for (unsigned n = 0; r == 0 && !ended && (!watching->n_looks || n < watching->n_looks); n++) {
        sleep_tick();
        if (ended)
            break;
        int64_t now_ms = clock_now_ms(&clock_system);
        r = look(watching, now_ms);
        r = r ? r : show(watching, now_ms);
    }
    return error_trace(r);
}

/* ---- the command ---- */

/* What happened shortly before is read once, so that the first frame is not empty. */
static int begin(struct watching *watching)
{
    uint64_t next;
    int r = batch_next_sequence(watching->setup.txn, &next);

    if (r == 0)
        r = watch_new(&watching->watch);
    if (r)
        return error_trace(r);
    watching->setup.txn = db_abort(watching->setup.txn);
    watching->first_hour = accounting_hour(clock_now_ms(&clock_system));
    watching->newest = next ? next - 1 : 0;
    return 0;
}

static int run(struct watching *watching)
{
    struct sigaction action = {.sa_handler = end};
    int r = begin(watching);

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (r == 0)
        r = watch_all(watching);
    watching->watch = watch_free(watching->watch);
    if (r)
        log_fault("cannot read the store; `crumb verify` tells more", r);
    return r ? EXIT_FAILED : EXIT_GOOD;
}

int command_watch(const struct command *self, int argc, char **argv)
{
    struct watching watching = {.site_name = NULL, .shows_pages = isatty(STDOUT_FILENO)};
    const char *path = NULL;
    int exit = command_arguments(self, argc, argv, options, take, &watching, &path, NULL);

    if (exit || !path)
        return exit;
    exit = setup_open(path, &watching.setup);
    if (exit)
        return exit;
    if (watching.site_name && !config_site(watching.setup.edition->config, text_of(watching.site_name)))
        exit = command_misuse(self, "`%s` is not a site of %s", watching.site_name, path);
    else
        exit = run(&watching);
    setup_close(&watching.setup);
    return exit;
}
