/*
 * replay: feeds a stopped store from lines, through the very same consent,
 * enrichment and writer code as the service, with the clock taken from the
 * lines.  For tests, benchmarks and trying the program on real logs; it is not
 * installed.
 *
 *   build/bench/replay -c FILE [--no-seal] [--seed N] < events.ndjson
 *
 * With a seed nothing is random: neither keys, the master key among them, nor
 * the names of records.  The same lines then give the same bytes, and anybody
 * can know what they are encrypted with.
 *
 * A line is what a visitor did, most often one event, and what was granted by
 * then:
 *
 *   {"t":1767225600000,"site":"shop","visitor":"any string","ip":"203.0.113.9",
 *    "ua":"Mozilla/5.0 ...","purposes":["analytics"],"event":"e=pv&url=..."}
 *
 * A change of `purposes` writes a ledger record first, from where and with what
 * the line says.  What else a line may have, with or without an event:
 *
 *   "lang": "de-AT"            the notice is the one for that Accept-Language
 *   "shown": true              a notice was shown, and is counted
 *   "surface": "banner"        where it was chosen; else: by a program
 *   "action": "withdraw"       what was done, where purposes alone do not tell
 *   "request": {"kind": "complaint", "text": "...", "contact": "..."}
 *   "step": {"number": 1, "state": "answered", "officer": "jo", "note": "..."}
 *
 * The notices of the configuration are in force from the first line on.  Days
 * that the last line's time makes due are sealed in the end, unless the store
 * is to be looked at while they are open.  Lines that are none are reported and
 * skipped; then the exit code is 1.
 */
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/log.h"
#include "crumb/base/progress.h"
#include "crumb/consent/choice.h"
#include "crumb/consent/versions.h"
#include "crumb/ingest/agent.h"
#include "crumb/ingest/collect.h"
#include "crumb/rights/ask.h"
#include "crumb/rights/calendar.h"
#include "crumb/rights/requests.h"
#include "crumb/rights/work.h"
#include "crumb/rollup/mend.h"
#include "crumb/rollup/seal.h"
#include "crumb/store/keyring.h"
#include "crumb/store/secret.h"
#include "edition.h"
#include "replay_line.h"
#include <errno.h>
#include <getopt.h>
#include <glib.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define LINE_BYTES_MAX (64 << 10)
#define COMPLAINTS_SHOWN_MAX 10

enum { EXIT_GOOD = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_FAILED = 3 };

/* What the browser of a visitor would hold. */
struct browser {
    bool chose, has_id;
    enum choice_kind kind; /* what it chose last */
    uint32_t granted;
    uint32_t n_ids; /* ids made so far: a new one after each withdrawal */
    uint8_t id[VISITOR_BYTES];
};

struct replay {
    struct edition *edition;
    struct random *random;
    struct db *db;
    struct writer *writer;
    struct dedupe *dedupe;
    struct suffixes *suffixes;
    struct agent_cache *agents;
    GHashTable *browsers; /* "site\nvisitor" -> struct browser */
    unsigned n_queued;
    uint64_t n_lines, n_bad;
    int64_t last_ms;
    struct collect_result books;
    int fault;
    struct progress sealing;
    struct trail trail; /* once it is needed: */
    bool has_trail;
};

/* ---- operations ---- */

static void submit(struct replay *replay, struct write_op *op)
{
    writer_submit(replay->writer, op);
    if (++replay->n_queued == WRITER_BATCH_OPS_MAX) {
        writer_drain(replay->writer);
        replay->n_queued = 0;
    }
}

/* An operation whose outcome is asked for. */
struct draining {
    struct write_op super, *op;
    int result;
};

static int draining_apply(struct write_op *super, struct batch *batch)
{
    struct write_op *op = ((struct draining *)super)->op;

    return op->apply(op, batch);
}

static void draining_done(struct write_op *super, int result)
{
    struct draining *draining = (struct draining *)super;

    draining->op->done(draining->op, result);
    draining->result = result;
}

static int submit_and_drain(void *context, struct write_op *op)
{
    struct replay *replay = context;
    struct draining draining = {
        .super = {.reserve = op->reserve, .bytes = op->bytes, .apply = draining_apply, .done = draining_done},
        .op = op};
    int r = writer_submit(replay->writer, &draining.super);

    writer_drain(replay->writer);
    progress_add(&replay->sealing, 1);
    return r ? r : draining.result;
}

struct choosing {
    struct write_op super;
    struct replay *replay;
    struct choice choice;
    struct choice_context context;
    uint8_t deeds[ASK_IDS_BYTES];
};

static int choosing_apply(struct write_op *op, struct batch *batch)
{
    struct choosing *choosing = (struct choosing *)op;
    struct choice_result result;
    struct asked asked;
    int r = choice_record(batch, &choosing->choice, choosing->replay->edition, &choosing->context, &result);

    return r ? r : ask_after_choice(batch, &choosing->choice, &choosing->context, &result, choosing->deeds, &asked);
}

static void choosing_done(struct write_op *op, int result)
{
    struct choosing *choosing = (struct choosing *)op;

    if (result)
        choosing->replay->fault = result;
    free(choosing);
}

/* Ids are made from the visitor's name, so that the same lines give the same store. */
static void make_id(struct browser *browser, const struct replay_line *line)
{
    crypto_generichash_state state;

    browser->n_ids++;
    crypto_generichash_init(&state, NULL, 0, VISITOR_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)&browser->n_ids, sizeof browser->n_ids);
    crypto_generichash_update(&state, (const uint8_t *)line->site->name, strlen(line->site->name) + 1);
    crypto_generichash_update(&state, (const uint8_t *)line->visitor, strlen(line->visitor));
    crypto_generichash_final(&state, browser->id, VISITOR_BYTES);
}

static enum choice_kind kind_of(const struct replay_line *line)
{
    if (line->kind)
        return line->kind;
    if (line->granted == 0)
        return CHOICE_DENY;
    return line->granted == choice_all(line->site) ? CHOICE_GRANT : CHOICE_CUSTOM;
}

/* Of the record's: most choices need none, and those do not change what comes behind them. */
static void make_deed_ids(struct choosing *choosing)
{
    uint8_t seed[randombytes_SEEDBYTES];

    crypto_generichash(seed, sizeof seed, choosing->context.record_id, RECORD_ID_BYTES, NULL, 0);
    randombytes_buf_deterministic(choosing->deeds, sizeof choosing->deeds, seed);
}

/* From where and with what it is done, in which language. */
static struct choice_context context_of(struct replay *replay, const struct replay_line *line)
{
    const struct sockaddr *address = line->has_address ? (const struct sockaddr *)&line->address : NULL;
    struct agent_hints hints = {.agent = text_of(line->agent)};
    struct choice_context context = {.at_ms = line->at_ms,
                                     .device = agent_get(replay->agents, replay->edition->agents, &hints)->device};

    if (address)
        context.place = geo_locate(replay->edition->geo, address);
    return context;
}

static struct choice choice_of(const struct replay *replay, const struct replay_line *line)
{
    return (struct choice){.site = line->site,
                           .notice = edition_notice_for(replay->edition, line->site, TEXT_NONE, text_of(line->lang)),
                           .kind = kind_of(line),
                           .surface = line->surface,
                           .granted = line->granted};
}

static int choose(struct replay *replay, struct browser *browser, const struct replay_line *line)
{
    struct choosing *choosing = calloc(1, sizeof *choosing);

    if (!choosing)
        return error_origin(-ENOMEM);
    if (!browser->has_id)
        make_id(browser, line);
    choosing->super = (struct write_op){.bytes = sizeof *choosing, .apply = choosing_apply, .done = choosing_done};
    choosing->replay = replay;
    choosing->choice = choice_of(replay, line);
    choosing->context = context_of(replay, line);
    choosing->context.known = true; /* the id is always the same: an earlier run may have given it */
    choosing->context.gpc = line->kind == CHOICE_GPC;
    choosing->context.before = browser->kind;
    choosing->context.before_is_current = browser->chose;
    choosing->context.before_granted = browser->granted;
    memcpy(choosing->context.visitor, browser->id, VISITOR_BYTES);
    memcpy(choosing->context.fresh, browser->id, VISITOR_BYTES);
    random_fill(replay->random, choosing->context.record_id, RECORD_ID_BYTES);
    make_deed_ids(choosing);
    browser->kind = choosing->choice.kind;
    submit(replay, &choosing->super);
    browser->chose = true;
    browser->granted = line->granted;
    browser->has_id = choice_collects(line->site, line->granted);
    return 0;
}

static int showing_apply(struct write_op *op, struct batch *batch)
{
    struct choosing *choosing = (struct choosing *)op;

    return choice_count_shown(batch, &choosing->choice, &choosing->context);
}

static int show(struct replay *replay, const struct replay_line *line)
{
    struct choosing *showing = calloc(1, sizeof *showing);

    if (!showing)
        return error_origin(-ENOMEM);
    showing->super = (struct write_op){.bytes = sizeof *showing, .apply = showing_apply, .done = choosing_done};
    showing->replay = replay;
    showing->choice = choice_of(replay, line);
    showing->context = context_of(replay, line);
    submit(replay, &showing->super);
    return 0;
}

struct collecting {
    struct replay *replay;
    struct collect *collect;
};

static void collecting_done(void *context, int result)
{
    struct collecting *collecting = context;
    struct collect_result *books = &collecting->replay->books;
    const struct collect_result *more = collect_result(collecting->collect);

    if (result) {
        collecting->replay->fault = result;
    } else {
        books->received += more->received;
        books->stored += more->stored;
        for (unsigned i = 0; i < REASON_N; i++)
            books->dropped[i] += more->dropped[i];
    }
    collect_free(collecting->collect);
    free(collecting);
}

static int send_event(struct replay *replay, const struct browser *browser, const struct replay_line *line)
{
    char event[QUERY_BYTES_MAX + SITE_NAME_BYTES_MAX + 8];
    int size = snprintf(event, sizeof event, "aid=%s&%s", line->site->name, line->event);
    struct collecting *collecting = calloc(1, sizeof *collecting);
    uint8_t no_key[COOKIE_KEY_BYTES] = {0};

    if (!collecting)
        return error_origin(-ENOMEM);
    collecting->replay = replay;
    struct collect_request request = {
        .edition = replay->edition,
        .cookie_key = no_key,
        .dedupe = replay->dedupe,
        .at_ms = line->at_ms,
        .who = {.client = line->has_address ? (const struct sockaddr *)&line->address : NULL,
                .headers = {.hints = {.agent = text_of(line->agent)}},
                .geo = replay->edition->geo,
                .suffixes = replay->suffixes,
                .agent_rules = replay->edition->agents,
                .agent_cache = replay->agents},
        .events = {.data = event, .size = (size_t)size},
        .visitor = browser->has_id ? browser->id : NULL};
    int r = collect_new(&request, collecting_done, collecting, &collecting->collect);
    if (r) {
        free(collecting);
        return error_trace(r);
    }
    submit(replay, collect_op(collecting->collect));
    return 0;
}

static void complain(struct replay *replay, const char *what)
{
    if (++replay->n_bad <= COMPLAINTS_SHOWN_MAX)
        fprintf(stderr, "replay: line %llu: %s\n", (unsigned long long)replay->n_lines, what);
}

/* ---- what is asked of the site ---- */

struct petition {
    struct write_op super;
    struct replay *replay;
    const struct browser *browser;
    const struct replay_line *line;
    const char *complaint;
};

static int make_request(struct batch *batch, const struct petition *petition)
{
    const struct replay_line *line = petition->line;
    struct request request = {.kind = line->asks,
                              .state = REQUEST_OPEN,
                              .made_ms = line->at_ms,
                              .has_asker = petition->browser->has_id,
                              .text = text_of(line->text),
                              .contact = text_of(line->contact),
                              .steps = {{.at_ms = line->at_ms, .state = REQUEST_OPEN, .side = REQUEST_BY_ASKER}},
                              .n_steps = 1};

    request.due = calendar_after(line->site, zone_day(line->site->zone, line->at_ms), REQUEST_DUE_DAYS);
    random_fill(petition->replay->random, request.follow, sizeof request.follow);
    if (request.has_asker)
        trail_visitor(&petition->replay->trail, petition->browser->id, request.asker);
    return requests_add(batch, line->site->id, &request);
}

/* Of that, the audit trail tells. */
static int take_step(struct batch *batch, const struct petition *petition)
{
    const struct replay_line *line = petition->line;
    struct request_step step = {.at_ms = line->at_ms,
                                .state = line->state,
                                .side = REQUEST_BY_OFFICER,
                                .name = text_of(line->officer),
                                .is_told = line->note[0] != '\0',
                                .note = text_of(line->note)};
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request request;
    char object[32];
    int r = requests_get(batch->txn, line->site->id, line->number, &request);

    if (r == 0)
        r = requests_open_in(batch, &request, &plain);
    if (r == 0)
        r = requests_move(batch, &request, &step);
    if (r)
        return r;
    snprintf(object, sizeof object, "request %u", (unsigned)line->number);
    return trail_append(batch, &petition->replay->trail,
                        &(struct trail_entry){.at_ms = line->at_ms,
                                              .actor = ACTOR_TOKEN,
                                              .name = step.name,
                                              .act = ACT_REQUEST_MOVED,
                                              .site = text_of(line->site->name),
                                              .object = text_of(object),
                                              .details = text_of(request_state_word(line->state))});
}

static int petition_apply(struct write_op *op, struct batch *batch)
{
    struct petition *petition = (struct petition *)op;
    int r = petition->line->asks ? make_request(batch, petition) : 0;

    if (r == 0 && petition->line->number)
        r = take_step(batch, petition);
    if (r > 0)
        petition->complaint = "no step can be taken with that request, or too many are open";
    return r < 0 ? error_trace(r) : 0;
}

static void petition_done(struct write_op *op, int result)
{
    (void)op;
    (void)result;
}

static int load_trail(struct replay *replay)
{
    uint8_t seed[SECRET_BYTES];

    if (replay->has_trail)
        return 0;
    int r = secret_key(replay->edition->config->data, SECRET_LEDGER, true, replay->random, seed);
    if (r)
        return error_trace(r);
    trail_init(&replay->trail, seed);
    replay->has_trail = true;
    return 0;
}

/* There are few of them, so each is a transaction, and borrows what the line says. */
static int petition(struct replay *replay, const struct browser *browser, const struct replay_line *line)
{
    struct petition petition = {
        .super = {.bytes = sizeof petition + REQUEST_BODY_BYTES_MAX, .apply = petition_apply, .done = petition_done},
        .replay = replay,
        .browser = browser,
        .line = line};
    int r = load_trail(replay);

    if (r == 0)
        r = submit_and_drain(replay, &petition.super);
    replay->n_queued = 0;
    if (r == 0 && petition.complaint)
        complain(replay, petition.complaint);
    return error_trace(r);
}

/* ---- lines ---- */

/* The notices of the configuration come into force with the first line. */
static int begin(struct replay *replay, int64_t at_ms)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_write(replay->db, &txn);

    if (r == 0)
        r = versions_store(replay->edition, txn, at_ms);
    if (r)
        return error_trace(r);
    struct db_txn *stored = txn;
    txn = NULL;
    return error_trace(db_commit(stored));
}

static struct browser *browser_of(struct replay *replay, const struct replay_line *line)
{
    char *name = g_strdup_printf("%s\n%s", line->site->name, line->visitor);
    struct browser *browser = g_hash_table_lookup(replay->browsers, name);

    if (browser) {
        g_free(name);
        return browser;
    }
    browser = g_new0(struct browser, 1);
    g_hash_table_insert(replay->browsers, name, browser);
    return browser;
}

static int play(struct replay *replay, const struct replay_line *line)
{
    struct browser *browser = browser_of(replay, line);
    int r = 0;

    if (replay->last_ms == 0)
        r = begin(replay, line->at_ms);
    if (line->at_ms > replay->last_ms)
        replay->last_ms = line->at_ms;
    if (r == 0 && line->shown)
        r = show(replay, line);
    if (r == 0 && line->has_choice && (!browser->chose || browser->granted != line->granted || line->kind))
        r = choose(replay, browser, line);
    if (r == 0 && line->event)
        r = send_event(replay, browser, line);
    if (r == 0 && (line->asks || line->number))
        r = petition(replay, browser, line);
    return error_trace(r);
}

/* The bytes of a file; of a pipe nobody knows. */
static uint64_t bytes_of(FILE *input)
{
    struct stat stat;

    return fstat(fileno(input), &stat) == 0 && S_ISREG(stat.st_mode) ? (uint64_t)stat.st_size : 0;
}

static int play_all(struct replay *replay, FILE *input)
{
    char *text = malloc(LINE_BYTES_MAX);
    struct progress progress;
    uint64_t n_bytes = bytes_of(input);
    int r = text ? 0 : error_origin(-ENOMEM);

    progress_begin(&progress, n_bytes ? "replaying events" : "replaying events, lines", n_bytes);

    while (r == 0 && replay->fault == 0 && fgets(text, LINE_BYTES_MAX, input)) {
        struct replay_line line;
        json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

        replay->n_lines++;
        const char *what = replay_line_read(root, replay->edition->config, &line);
        if (what)
            complain(replay, what);
        else
            r = play(replay, &line);
        json_decref(root);
        progress_add(&progress, n_bytes ? strlen(text) : 1);
    }
    free(text);
    writer_drain(replay->writer);
    progress_end(&progress);
    return r ? r : replay->fault;
}

/* ---- the store ---- */

static int open_store(struct replay *replay)
{
    const struct config *config = replay->edition->config;
    struct db_options options = {.folder = config->data,
                                 .mode = DB_SERVE,
                                 .size_bytes_max = config->data_max_bytes,
                                 .master_key = config->master_key,
                                 .random = replay->random};
    unsigned n_mended;
    int r = db_open(&options, &replay->db);

    if (r == DB_E_LOCKED)
        fprintf(stderr, "replay: a server holds %s; stop it first\n", config->data);
    if (r >= KEYRING_E_REFUSED)
        fprintf(stderr, "replay: %s: %s\n", config->data, keyring_refusal(r));
    if (r > 0)
        return error_origin(-EBUSY);
    if (r == 0)
        r = mend_days(replay->db, &n_mended);
    if (r == 0)
        r = edition_store_alone(replay->edition, replay->db);
    if (r == 0)
        r = writer_new(replay->db, &replay->writer);
    if (r == 0)
        r = dedupe_new(&replay->dedupe);
    if (r == 0)
        r = dedupe_load(replay->dedupe, replay->db);
    if (r == 0)
        r = suffixes_open(&replay->suffixes);
    if (r == 0)
        r = agent_cache_new(&replay->agents);
    return error_trace(r);
}

/* A database that cannot be used is reported, and every country is unknown: as the service does it. */
static int open_geo(struct edition *edition)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024 + PATH_BYTES_MAX);
    const char *geo = edition->config->geo;

    edition->geo_free = geo_free;
    int r = geo ? geo_open(geo, &edition->geo, &complaint) : 0;
    if (r == GEO_E_UNUSABLE)
        fprintf(stderr, "replay: %.*s\n", TEXT_ARGS(buffer_text(&complaint)));
    return r < 0 ? error_trace(r) : 0;
}

/* Likewise. */
static int open_agents(struct edition *edition)
{
    BUFFER_AUTO complaint = BUFFER_INIT(2048 + 2 * PATH_BYTES_MAX);
    const char *agents = edition->config->agents;

    edition->agents_unref = agents_unref;
    int r = agents ? agents_open(agents, &edition->agents, &complaint) : 0;
    if (r == AGENTS_E_UNUSABLE)
        fprintf(stderr, "replay: %.*s\n", TEXT_ARGS(buffer_text(&complaint)));
    return r < 0 ? error_trace(r) : 0;
}

static int load(const char *path, struct edition **ret_edition)
{
    int r = edition_of_file(path, ret_edition);

    r = r ? r : open_geo(*ret_edition);
    return r ? r : open_agents(*ret_edition);
}

static int has_jobs(struct replay *replay, bool *ret_any)
{
    DB_TXN_AUTO *txn = NULL;
    uint64_t n;
    int r = db_begin_read(replay->db, &txn);

    if (r == 0)
        r = db_entries(txn, DB_JOBS, &n);
    *ret_any = r == 0 && n > 0;
    return error_trace(r);
}

/* What was withdrawn is erased, as the keeper of a service does it. */
static int work_off_jobs(struct replay *replay)
{
    struct clock_manual clock = clock_manual(replay->last_ms);
    struct work work = {.db = replay->db,
                        .config = replay->edition->config,
                        .clock = &clock.super,
                        .trail = &replay->trail,
                        .submit = submit_and_drain,
                        .context = replay};
    unsigned n;
    bool any = false;
    int r = has_jobs(replay, &any);

    if (r || !any)
        return error_trace(r);
    r = load_trail(replay);
    do
        r = r ? r : work_jobs(&work, &n);
    while (r == 0 && n);
    return error_trace(r);
}

static void print_books(const struct replay *replay, unsigned n_sealed)
{
    json_t *dropped = json_object();

    for (unsigned i = 1; i < REASON_N; i++)
        if (replay->books.dropped[i])
            json_object_set_new(dropped, words_reason(i), json_integer(replay->books.dropped[i]));
    json_t *object = json_pack("{s:I, s:I, s:I, s:I, s:o, s:i}", "lines", (json_int_t)replay->n_lines, "bad_lines",
                               (json_int_t)replay->n_bad, "received", (json_int_t)replay->books.received, "stored",
                               (json_int_t)replay->books.stored, "dropped", dropped, "days_sealed", (int)n_sealed);
    json_dumpf(object, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(object);
}

static int run(struct replay *replay, bool seals)
{
    unsigned n_sealed = 0;
    int r = open_store(replay);

    if (r == 0)
        r = play_all(replay, stdin);
    if (r == 0)
        r = work_off_jobs(replay);
    progress_begin(&replay->sealing, "sealing days and months", 0);
    if (r == 0 && seals)
        r = seal_due(replay->db, replay->edition->config, replay->last_ms, submit_and_drain, replay, NULL, &n_sealed);
    progress_end(&replay->sealing);
    if (r) {
        log_fault("replay", r);
        return EXIT_FAILED;
    }
    print_books(replay, n_sealed);
    return replay->n_bad ? EXIT_NO : EXIT_GOOD;
}

static int usage(void)
{
    fprintf(stderr, "usage: replay -c FILE [--no-seal] [--seed N] < events.ndjson\n");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"no-seal", no_argument, NULL, 'n'}, {"seed", required_argument, NULL, 's'}, {0}};
    struct replay replay = {.random = &random_system};
    struct random_seeded seeded;
    const char *path = NULL;
    bool seals = true;
    int option;

    while ((option = getopt_long(argc, argv, "c:", known, NULL)) >= 0) {
        if (option == 'c') {
            path = optarg;
        } else if (option == 'n') {
            seals = false;
        } else if (option == 's') {
            seeded = random_seeded(strtoull(optarg, NULL, 10));
            replay.random = &seeded.super;
        } else {
            return usage();
        }
    }
    if (!path || optind != argc)
        return usage();
    if (sodium_init() < 0 || load(path, &replay.edition))
        return EXIT_NO;
    replay.browsers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    int exit = run(&replay, seals);
    writer_free(replay.writer);
    dedupe_free(replay.dedupe);
    suffixes_free(replay.suffixes);
    agent_cache_free(replay.agents);
    db_close(replay.db);
    g_hash_table_unref(replay.browsers);
    edition_unref(replay.edition);
    return exit;
}
