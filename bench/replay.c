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
 * A line is one event and what its visitor has granted by then:
 *
 *   {"t":1767225600000,"site":"shop","visitor":"any string","ip":"203.0.113.9",
 *    "ua":"Mozilla/5.0 ...","purposes":["analytics"],"event":"e=pv&url=..."}
 *
 * Days that the last line's time makes due are sealed in the end, unless the
 * store is to be looked at while they are open.
 *
 * A change of `purposes` writes a ledger record first.  Lines that are none are
 * reported and skipped; then the exit code is 1.
 */
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/log.h"
#include "crumb/base/progress.h"
#include "crumb/consent/choice.h"
#include "crumb/ingest/agent.h"
#include "crumb/ingest/collect.h"
#include "crumb/rights/ask.h"
#include "crumb/rights/work.h"
#include "crumb/rollup/mend.h"
#include "crumb/rollup/seal.h"
#include "crumb/store/keyring.h"
#include "crumb/store/secret.h"
#include "edition.h"
#include <arpa/inet.h>
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
};

/* One parsed line, borrowed from its JSON. */
struct line {
    int64_t at_ms;
    const struct site *site;
    const char *visitor, *event, *agent;
    uint32_t granted;
    struct sockaddr_storage address;
    bool has_address;
};

/* ---- lines ---- */

static bool read_purposes(json_t *purposes, const struct site *site, uint32_t *ret_granted)
{
    uint32_t granted = 0;
    size_t i;
    json_t *name;

    json_array_foreach(purposes, i, name)
    {
        int purpose = json_is_string(name) ? config_purpose(site, text_of(json_string_value(name))) : -1;

        if (purpose < 0)
            return false;
        granted |= 1u << purpose;
    }
    *ret_granted = granted;
    return json_is_array(purposes);
}

static void read_address(const char *ip, struct line *line)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&line->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&line->address;

    if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1)
        line->address.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1)
        line->address.ss_family = AF_INET6;
    line->has_address = line->address.ss_family != 0;
}

static const char *read_line(const struct replay *replay, json_t *root, struct line *ret_line)
{
    struct line line = {.agent = ""};
    const char *site, *ip = "";
    json_int_t at_ms;
    json_t *purposes;

    if (!root)
        return "it is not a JSON object";
    if (json_unpack(root, "{s:I, s:s, s:s, s?:s, s?:s, s:o, s:s}", "t", &at_ms, "site", &site, "visitor", &line.visitor,
                    "ip", &ip, "ua", &line.agent, "purposes", &purposes, "event", &line.event) < 0)
        return "it needs t, site, visitor, purposes and event";
    line.at_ms = at_ms;
    line.site = config_site(replay->edition->config, text_of(site));
    if (!line.site)
        return "its site is not one of the configuration";
    if (!read_purposes(purposes, line.site, &line.granted))
        return "one of its purposes is not one of the site's";
    if (strlen(line.event) > QUERY_BYTES_MAX)
        return "its event is too long";
    read_address(ip, &line);
    *ret_line = line;
    return NULL;
}

/* ---- operations ---- */

static void submit(struct replay *replay, struct write_op *op)
{
    writer_submit(replay->writer, op);
    if (++replay->n_queued == WRITER_BATCH_OPS_MAX) {
        writer_drain(replay->writer);
        replay->n_queued = 0;
    }
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

    return r ? r
             : ask_after_choice(batch, &choosing->choice, &choosing->context, &result, false, choosing->deeds, &asked);
}

static void choosing_done(struct write_op *op, int result)
{
    struct choosing *choosing = (struct choosing *)op;

    if (result)
        choosing->replay->fault = result;
    free(choosing);
}

/* Ids are made from the visitor's name, so that the same lines give the same store. */
static void make_id(struct browser *browser, const struct line *line)
{
    crypto_generichash_state state;

    browser->n_ids++;
    crypto_generichash_init(&state, NULL, 0, VISITOR_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)&browser->n_ids, sizeof browser->n_ids);
    crypto_generichash_update(&state, (const uint8_t *)line->site->name, strlen(line->site->name) + 1);
    crypto_generichash_update(&state, (const uint8_t *)line->visitor, strlen(line->visitor));
    crypto_generichash_final(&state, browser->id, VISITOR_BYTES);
}

static enum choice_kind kind_of(const struct line *line)
{
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

static int choose(struct replay *replay, struct browser *browser, const struct line *line)
{
    struct choosing *choosing = calloc(1, sizeof *choosing);

    if (!choosing)
        return error_origin(-ENOMEM);
    if (!browser->has_id)
        make_id(browser, line);
    choosing->super = (struct write_op){.bytes = sizeof *choosing, .apply = choosing_apply, .done = choosing_done};
    choosing->replay = replay;
    choosing->choice = (struct choice){.site = line->site,
                                       .notice = edition_notice(replay->edition, line->site, TEXT_NONE),
                                       .kind = kind_of(line),
                                       .surface = SURFACE_API,
                                       .granted = line->granted};
    choosing->context.at_ms = line->at_ms;
    choosing->context.known = true; /* the id is always the same: an earlier run may have given it */
    memcpy(choosing->context.visitor, browser->id, VISITOR_BYTES);
    memcpy(choosing->context.fresh, browser->id, VISITOR_BYTES);
    random_fill(replay->random, choosing->context.record_id, RECORD_ID_BYTES);
    make_deed_ids(choosing);
    submit(replay, &choosing->super);
    browser->chose = true;
    browser->granted = line->granted;
    browser->has_id = choice_collects(line->site, line->granted);
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

static int send_event(struct replay *replay, const struct browser *browser, const struct line *line)
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

static int play(struct replay *replay, const struct line *line)
{
    char *name = g_strdup_printf("%s\n%s", line->site->name, line->visitor);
    struct browser *browser = g_hash_table_lookup(replay->browsers, name);
    int r = 0;

    if (browser) {
        g_free(name);
    } else {
        browser = g_new0(struct browser, 1);
        g_hash_table_insert(replay->browsers, name, browser);
    }
    if (line->at_ms > replay->last_ms)
        replay->last_ms = line->at_ms;
    if (!browser->chose || browser->granted != line->granted)
        r = choose(replay, browser, line);
    return r ? error_trace(r) : error_trace(send_event(replay, browser, line));
}

static void complain(struct replay *replay, const char *what)
{
    if (++replay->n_bad <= COMPLAINTS_SHOWN_MAX)
        fprintf(stderr, "replay: line %llu: %s\n", (unsigned long long)replay->n_lines, what);
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
        struct line line;
        json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

        replay->n_lines++;
        const char *what = read_line(replay, root, &line);
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
    uint8_t seed[SECRET_BYTES];
    struct clock_manual clock = clock_manual(replay->last_ms);
    struct trail trail;
    struct work work = {.db = replay->db,
                        .config = replay->edition->config,
                        .clock = &clock.super,
                        .trail = &trail,
                        .submit = submit_and_drain,
                        .context = replay};
    unsigned n;
    bool any = false;
    int r = has_jobs(replay, &any);

    if (r || !any)
        return error_trace(r);
    r = secret_key(replay->edition->config->data, SECRET_LEDGER, true, replay->random, seed);
    if (r)
        return error_trace(r);
    trail_init(&trail, seed);
    return error_trace(work_jobs(&work, &n));
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
