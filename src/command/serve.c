/*
 * crumb serve: everything is opened, started, stopped and closed here, in the
 * order in which one thing needs another.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/log.h"
#include "crumb/consent/versions.h"
#include "crumb/http/server.h"
#include "crumb/ingest/agent.h"
#include "crumb/ingest/geo.h"
#include "crumb/query/range.h"
#include "crumb/rights/held.h"
#include "crumb/rights/job.h"
#include "crumb/rights/lapse.h"
#include "crumb/rights/work.h"
#include "crumb/rollup/keeper.h"
#include "crumb/rollup/mend.h"
#include "crumb/rollup/retention.h"
#include "crumb/store/keyring.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define EXPIRY_DETAILS_BYTES 128 /* what the deletion log says of what went */

/* Everything that runs. Zero or NULL: not started. */
struct serve {
    const char *path;
    struct edition *edition;
    struct service service;
    struct keeper_chore chores[3];
    struct retention_round retention; /* the keeper's thread only */
    int64_t lapse_resting_ms;         /* the same */
    struct keeper *keeper;
    struct server *server;
    int64_t turn_again_ms; /* not before: what was announced could not be put in force */
};

/* ---- starting ---- */

/* Without a geo database every country is unknown, and that is safe. */
static void open_geo(struct edition *edition)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024 + PATH_BYTES_MAX);
    const char *path = edition->config->geo;
    int r = path ? geo_open(path, &edition->geo, &complaint) : 0;

    edition->geo_free = geo_free;
    if (r == GEO_E_UNUSABLE)
        log_warn("%.*s; every country is unknown until it can be used and SIGHUP is sent",
                 TEXT_ARGS(buffer_text(&complaint)));
    else if (r)
        log_fault("cannot open the geo database; every country is unknown", r);
}

/* Without its expressions the kind of device and programs are still told. */
static void open_agents(struct edition *edition)
{
    BUFFER_AUTO complaint = BUFFER_INIT(2048 + 2 * PATH_BYTES_MAX);
    const char *path = edition->config->agents;
    int r = path ? agents_open(path, &edition->agents, &complaint) : 0;

    edition->agents_unref = agents_unref;
    if (r == AGENTS_E_UNUSABLE)
        log_warn("%.*s; browsers, systems and models are unknown until it can be used and SIGHUP is sent",
                 TEXT_ARGS(buffer_text(&complaint)));
    else if (r)
        log_fault("cannot read the expressions of agents; browsers, systems and models are unknown", r);
}

/* Loads the configuration and what belongs to it. */
static int load(const char *path, struct edition **ret_edition)
{
    struct edition *edition;
    int exit = command_load(path, &edition);

    if (exit)
        return exit;
    open_geo(edition);
    open_agents(edition);
    *ret_edition = edition;
    return 0;
}

static int open_store(struct serve *serve)
{
    const struct config *config = serve->edition->config;
    struct db_options options = {.folder = config->data,
                                 .mode = DB_SERVE,
                                 .size_bytes_max = config->data_max_bytes,
                                 .master_key = config->master_key};
    int r = db_open(&options, &serve->service.db);

    if (r == DB_E_LOCKED)
        log_error("another crumb serves the data folder %s", config->data);
    else if (r == DB_E_FORMAT)
        log_error("the store in %s was written by another version of crumb", config->data);
    else if (r >= KEYRING_E_REFUSED)
        log_error("%s: %s", config->data, keyring_refusal(r));
    else if (r)
        log_fault(config->data, r);
    return r;
}

/* A key that is none, or that others may read, is named: -EPERM alone tells nobody which file to look at. */
static int load_key(const struct serve *serve, const char *name, uint8_t ret_key[SECRET_BYTES])
{
    const char *folder = serve->edition->config->data;
    int r = secret_key(folder, name, true, &random_system, ret_key);

    if (r == -EPERM)
        log_error("%s/%s: others may read this key; chmod 600 it", folder, name);
    else if (r == -EBADMSG)
        log_error("%s/%s: this is no key, which is %d bytes; bring the old one back", folder, name, SECRET_BYTES);
    else if (r)
        log_error("%s/%s: %s", folder, name, error_trail(r));
    return r;
}

static int load_keys(struct serve *serve)
{
    int r = load_key(serve, SECRET_COOKIE, serve->service.cookie_key);

    if (r == 0)
        r = load_key(serve, SECRET_LEDGER, serve->service.ledger_seed);
    if (r == 0)
        trail_init(&serve->service.trail, serve->service.ledger_seed);
    return r;
}

static void load_dedupe(struct serve *serve)
{
    int r = dedupe_load(serve->service.dedupe, serve->service.db);

    /* Builds count an event once whatever this knows, so a damaged record is no reason not to serve. */
    if (r)
        log_fault("cannot read every event id; some repeats may be answered `stored`; run `crumb verify`", r);
}

/* The sites' numbers, the notices and since when they are in force are on disk before anybody is shown one. */
static int store_edition(struct serve *serve)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_write(serve->service.db, &txn);

    if (r == 0)
        r = edition_store(serve->edition, txn);
    if (r == 0)
        r = versions_store(serve->edition, txn, clock_now_ms(&clock_system));
    if (r)
        return error_trace(r);
    struct db_txn *stored = txn;
    txn = NULL;
    return error_trace(db_commit(stored));
}

/* ---- configurations that come into force ---- */

struct storing {
    struct write_op super;
    struct edition *edition; /* to be stored; NULL: it is */
    const struct trail *trail;
    struct trail_entry entry;
    char details[64];
};

static int storing_apply(struct write_op *op, struct batch *batch)
{
    struct storing *storing = (struct storing *)op;
    int r = storing->edition ? edition_store(storing->edition, batch->txn) : 0;

    if (r == 0 && storing->edition)
        r = versions_store(storing->edition, batch->txn, storing->entry.at_ms);
    storing->entry.details = text_of(storing->details);
    return r ? error_trace(r) : error_trace(trail_append(batch, storing->trail, &storing->entry));
}

/* What nobody was shown was no version. */
static int taking_back_apply(struct write_op *op, struct batch *batch)
{
    const struct storing *storing = (const struct storing *)op;

    return versions_take_back(storing->edition, batch->txn, storing->entry.at_ms);
}

static void storing_done(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

/* @how it came. */
static struct storing storing_of(const struct serve *serve, struct edition *edition, const char *how)
{
    struct storing storing = {.super = {.apply = storing_apply, .done = storing_done},
                              .edition = edition,
                              .trail = &serve->service.trail,
                              .entry = {.at_ms = clock_now_ms(serve->service.clock),
                                        .actor = ACTOR_SERVICE,
                                        .name = text_of(how),
                                        .act = ACT_CONFIGURED,
                                        .object = TEXT("configuration")}};

    snprintf(storing.details, sizeof storing.details, "sites %u, tokens %u", edition->config->n_sites,
             edition->config->n_tokens);
    return storing;
}

/* A store that is full still has to take withdrawals, so this is no reason not to serve. */
static void record_start(struct serve *serve)
{
    struct storing storing = storing_of(serve, serve->edition, "start");

    storing.edition = NULL;
    int r = writer_submit_wait(serve->service.writer, &storing.super);
    if (r)
        log_fault("cannot record the configuration in the audit trail", r);
}

/* ---- the keeper's chores ---- */

static int work_off_jobs(void *context, const struct config *config, int (*submit)(void *context, struct write_op *op),
                         void *submit_context, const atomic_bool *stop)
{
    const struct service *service = context;
    struct work work = {.db = service->db,
                        .config = config,
                        .clock = service->clock,
                        .trail = &service->trail,
                        .desk = service->desk,
                        .submit = submit,
                        .context = submit_context,
                        .stop = stop};
    unsigned n;
    int r = work_jobs(&work, &n);

    if (n)
        desk_call(service->desk); /* the rest, as soon as the other chores had their turn */
    return r;
}

/* The deletion log is the audit trail, of which each record is signed. */
static int record_expiry(void *context, struct batch *batch, const struct retention_plan *given_up)
{
    const struct service *service = context;
    char first[RANGE_DATE_BYTES], last[RANGE_DATE_BYTES], details[EXPIRY_DETAILS_BYTES];

    range_write_date(given_up->first, first);
    range_write_date(given_up->last, last);
    snprintf(details, sizeof details, "from %.*s to %.*s: %u days, %" PRIu64 " rows", RANGE_DATE_BYTES, first,
             RANGE_DATE_BYTES, last, given_up->n_days, given_up->n_rows);
    return error_trace(trail_append_expired(batch, &service->trail, clock_now_ms(service->clock), given_up->site->name,
                                            retention_tier_name(given_up->tier), details));
}

static int retain(void *context, const struct config *config, int (*submit)(void *context, struct write_op *op),
                  void *submit_context, const atomic_bool *stop)
{
    struct serve *serve = context;
    struct retention_work work = {.db = serve->service.db,
                                  .config = config,
                                  .now_ms = clock_now_ms(serve->service.clock),
                                  .submit = submit,
                                  .context = submit_context,
                                  .stop = stop,
                                  .is_busy = job_reaches,
                                  .record = record_expiry,
                                  .record_context = &serve->service};
    struct retention_done done;

    return retention_pass(&serve->retention, &work, &done);
}

static int let_lapse(void *context, const struct config *config, int (*submit)(void *context, struct write_op *op),
                     void *submit_context, const atomic_bool *stop)
{
    struct serve *serve = context;
    struct lapse_work work = {.db = serve->service.db,
                              .config = config,
                              .trail = &serve->service.trail,
                              .now_ms = clock_now_ms(serve->service.clock),
                              .submit = submit,
                              .context = submit_context};
    unsigned n;

    (void)stop;
    return lapse_pass(&serve->lapse_resting_ms, &work, &n);
}

static void call_keeper(void *context) { keeper_wake(context); }

static int start_keeper(struct serve *serve)
{
    struct service *service = &serve->service;

    serve->chores[0] = (struct keeper_chore){
        .work = work_off_jobs,
        .context = service,
        .complaint = "cannot finish what visitors asked for; no answer tells of it meanwhile, and it is tried again"};
    serve->chores[1] =
        (struct keeper_chore){.work = retain,
                              .context = serve,
                              .complaint = "cannot remove everything whose retention is over; it is tried again"};
    serve->chores[2] =
        (struct keeper_chore){.work = let_lapse,
                              .context = serve,
                              .complaint = "cannot remove requests that were closed long ago; it is tried again"};
    int r = desk_new(&service->desk);
    if (r == 0)
        r = keeper_start(service->db, service->days, service->writer, service->clock, &service->trail, serve->edition,
                         serve->chores, 3, &serve->keeper);
    if (r == 0)
        desk_listen(service->desk, call_keeper, serve->keeper);
    return error_trace(r);
}

/* The store is older than its keys: some of what was erased since is told by segments that nobody can read any more. */
static int mend(struct serve *serve)
{
    unsigned n = 0;
    int r = mend_days(serve->service.db, &n);

    if (r == 0 && n)
        log_info("%u days are sealed again: the keys of what was sealed are gone", n);
    return r;
}

static int start_parts(struct serve *serve)
{
    struct service *service = &serve->service;
    int r = store_edition(serve);

    if (r == 0)
        r = mend(serve);
    if (r == 0)
        r = dedupe_new(&service->dedupe);
    if (r == 0)
        r = rates_new(&random_system, &service->rates);
    if (r == 0)
        r = suffixes_open(&service->suffixes);
    if (r)
        return error_trace(r);
    load_dedupe(serve);
    service->clock = &clock_system;
    service->random = &random_system;
    r = writer_new(service->db, &service->writer);
    if (r == 0)
        r = writer_start(service->writer);
    if (r == 0)
        r = days_new(DAYS_BOUNDS, &service->days);
    if (r == 0)
        r = pool_new("crumb-lookup", POOL_THREADS, &service->lookups);
    if (r == 0)
        r = pool_new("crumb-query", POOL_THREADS, &service->queries);
    if (r == 0)
        r = cache_new(HEADS_BYTES_MAX, &service->heads);
    if (r == 0)
        r = sessions_new(&service->sessions);
    if (r == 0)
        r = start_keeper(serve);
    if (r == 0)
        record_start(serve);
    return error_trace(r);
}

static const char *sites_word(const struct config *config) { return config->n_sites == 1 ? "site" : "sites"; }

static int start_server(struct serve *serve)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    const struct config *config = serve->edition->config;
    int r = server_start(&serve->service, serve->edition, &complaint, &serve->server);

    if (r) {
        log_error("%.*s", TEXT_ARGS(buffer_text(&complaint)));
        return r;
    }
    log_info("public on port %u (%s), private on port %u (%s), %u %s", server_public_port(serve->server),
             config->public.text, server_private_port(serve->server), config->private.text, config->n_sites,
             sites_word(config));
    return 0;
}

/* Nobody is served for them, so somebody should know that there is something (GDPR art. 5(1)(e), 15 to 22). */
static int tell_left(const struct serve *serve)
{
    const struct config *config = serve->edition->config;
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(serve->service.db, &txn);

    for (unsigned i = 0; r == 0 && i < config->n_left; i++) {
        const struct site *site = &config->left[i];
        char date[ZONE_DATE_BYTES];
        struct held held;

        r = held_find(txn, site, &held);
        if (r || held_is_nothing(&held))
            continue;
        zone_write_date(zone_day(site->zone, held.until_ms), date);
        log_warn("site %s left the configuration: %" PRIu64
                 " visitors, %u days of events, %u of visits and %u requests "
                 "are kept; they expire as was configured last, by %s; visitors can use their rights only while it is "
                 "configured",
                 site->name, held.visitors, held.event_days, held.visit_days, held.requests, date);
    }
    return r;
}

static void look_at_left(const struct serve *serve)
{
    int r = tell_left(serve);

    if (r)
        log_fault("cannot tell what is kept of sites that left the configuration", r);
}

static int start(struct serve *serve)
{
    int r = open_store(serve);

    if (r)
        return EXIT_FAILED;
    if (load_keys(serve))
        return EXIT_FAILED;
    r = start_parts(serve);
    if (r) {
        log_fault("cannot start", r);
        return EXIT_FAILED;
    }
    if (start_server(serve))
        return EXIT_FAILED;
    look_at_left(serve);
    return EXIT_GOOD;
}

static void on_alarm(int signal)
{
    static const char message[] =
        "crumb: stopped with work under way after STOP_MS_MAX; nothing acknowledged is lost\n";

    (void)signal;
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(EXIT_FAILED);
}

/* A stop that takes too long ends like a kill, which loses nothing that was acknowledged (P2). */
static void bound_stop(void)
{
    sigset_t signals;

    signal(SIGALRM, on_alarm);
    sigemptyset(&signals);
    sigaddset(&signals, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    alarm(STOP_MS_MAX / 1000);
}

/* What asks comes before what answers. */
static void stop(struct serve *serve)
{
    struct service *service = &serve->service;

    bound_stop();
    if (serve->server)
        server_stop(serve->server);
    pool_free(service->lookups);
    pool_free(service->queries);
    if (service->desk)
        desk_listen(service->desk, NULL, NULL);
    keeper_stop(serve->keeper);
    if (service->writer)
        writer_stop(service->writer);
    writer_free(service->writer);
    server_free(serve->server);
    sessions_free(service->sessions);
    cache_free(service->heads);
    days_free(service->days);
    rates_free(service->rates);
    dedupe_free(service->dedupe);
    suffixes_free(service->suffixes);
    desk_free(service->desk);
    db_close(service->db);
    edition_unref(serve->edition);
    alarm(0);
}

/* ---- reloading ---- */

static int put_in_force(struct serve *serve, struct edition *edition)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct storing storing = storing_of(serve, edition, "SIGHUP");
    int r = writer_submit_wait(serve->service.writer, &storing.super);

    if (r == 0) {
        r = server_reload(serve->server, edition, &complaint);
        storing.super = (struct write_op){.apply = taking_back_apply, .done = storing_done};
        if (r && writer_submit_wait(serve->service.writer, &storing.super))
            log_error("the list of versions names one that was never in force");
    }
    if (r && complaint.size == 0)
        log_fault("cannot reload, the old configuration stays", r);
    else if (r)
        log_error("cannot reload, the old configuration stays: %.*s", TEXT_ARGS(buffer_text(&complaint)));
    return r;
}

/* Takes @edition, which is in force when this returns true. */
static bool replace(struct serve *serve, struct edition *edition)
{
    if (put_in_force(serve, edition)) {
        edition_unref(edition);
        return false;
    }
    keeper_reload(serve->keeper, edition);
    edition_unref(serve->edition);
    serve->edition = edition;
    return true;
}

static void reload(struct serve *serve)
{
    struct edition *edition = NULL;

    if (load(serve->path, &edition))
        log_error("the old configuration stays in force");
    else if (replace(serve, edition)) {
        look_at_left(serve);
        log_info("reloaded %s: %u %s; data, data_max, master_key, listen and threads change with a restart only",
                 serve->path, edition->config->n_sites, sites_word(edition->config));
    }
}

/*
 * What was announced begins: the same settings again, as they are now, not as
 * the file may have become meanwhile.  Until they can be put in force the old
 * ones stay.
 */
static void turn(struct serve *serve)
{
    struct edition *edition = NULL;
    int64_t now_ms = clock_now_ms(serve->service.clock);

    if (now_ms < config_turns_ms(serve->edition->config) || now_ms < serve->turn_again_ms)
        return;
    serve->turn_again_ms = now_ms + TURN_RETRY_MS;
    if (command_turn(serve->edition->config, &edition))
        return;
    open_geo(edition);
    open_agents(edition);
    if (replace(serve, edition))
        log_info("what was announced is in force");
}

/* ---- signals ---- */

static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    /* Inherited by every thread: only this one takes them. */
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is an error like a full disk */
}

/* As many descriptors as the system allows and the limits need. */
static void raise_files(void)
{
    struct rlimit limit;
    rlim_t wanted = CONNECTIONS_MAX + CONNECTIONS_SPARE_FILES;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Until a signal says stop, or the store can never be written again in this process. */
static int wait_for_end(struct serve *serve, const sigset_t *signals)
{
    const struct timespec look = {.tv_sec = 1};

    for (;;) {
        int signal = sigtimedwait(signals, NULL, &look);

        if (signal == SIGTERM || signal == SIGINT)
            return EXIT_GOOD;
        if (signal == SIGHUP)
            reload(serve);
        turn(serve);
        if (writer_broken(serve->service.writer)) {
            log_error("the disk failed while a commit was written; stopping, as its state is unknown until a restart");
            return EXIT_FAILED;
        }
    }
}

int command_serve(const struct command *self, int argc, char **argv)
{
    struct serve serve = {.path = NULL};
    sigset_t signals;
    int exit = command_arguments(self, argc, argv, NULL, NULL, NULL, &serve.path, NULL);

    if (exit || !serve.path)
        return exit;
    exit = load(serve.path, &serve.edition);
    if (exit)
        return exit;
    block_signals(&signals);
    raise_files();
    exit = start(&serve);
    if (exit == EXIT_GOOD) {
        exit = wait_for_end(&serve, &signals);
        log_info("stopping");
    }
    stop(&serve);
    return exit;
}
