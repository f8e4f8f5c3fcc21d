/*
 * Every allocation and every step of the store fails once, and from once on
 * always.
 *
 * One scenario: the edition is made, the store opened, somebody grants, events
 * come, somebody withdraws, the day is sealed, a question is asked.  It is run
 * again and again with the n-th allocation (or step) failing, n = 1, 2, 3, ...,
 * until nothing is left to fail.  After each run:
 *
 *   - nothing crashed, and everything that was allocated is freed;
 *   - the store opens, the ledger's chain is whole, the books balance;
 *   - what was acknowledged is there, and what was refused is not;
 *   - whoever was refused tries again, and then everything is there.
 *
 * Linked with --wrap for all allocating functions, so that those of crumb's own
 * code fail; libraries keep theirs.
 */
#include "check.h"
#include "crumb/base/error.h"
#include "crumb/consent/choice.h"
#include "crumb/ingest/acts.h"
#include "crumb/ingest/collect.h"
#include "crumb/query/store.h"
#include "crumb/rights/requests.h"
#include "crumb/rollup/audit.h"
#include "crumb/rollup/seal.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/act.h"
#include "crumb/store/journal.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW STORE_FIXTURE_NOW_MS
#define DAY 20514
#define N_FAULTS_MAX 100000

/* ---- faults ---- */

enum fault_kind { FAULT_NONE, FAULT_ALLOCATION, FAULT_STEP };

static struct {
    enum fault_kind kind;
    long n_until; /* this many go well first */
    bool stays;   /* all that follow fail, too */
    int code;     /* of steps */
    bool happened;
} faults;

static bool fails_now(enum fault_kind kind)
{
    if (kind != faults.kind)
        return false;
    if (faults.happened)
        return faults.stays;
    faults.happened = faults.n_until-- == 0;
    return faults.happened;
}

static int fail_step(void *context, enum db_step step) { return fails_now(FAULT_STEP) ? faults.code : 0; }

/* ---- allocations: those that fail, and those that are not given back ---- */

#define LIVE_MAX 16384

static void *live[LIVE_MAX];
static size_t n_live;

static void *born(void *pointer)
{
    if (pointer) {
        assert_true(n_live < LIVE_MAX);
        live[n_live++] = pointer;
    }
    return pointer;
}

/* The youngest are looked at first: they die first. What is not known came from a library. */
static void died(const void *pointer)
{
    for (size_t i = n_live; i-- > 0;) {
        if (live[i] == pointer) {
            live[i] = live[--n_live];
            return;
        }
    }
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__real_reallocarray(void *pointer, size_t n, size_t size);
char *__real_strdup(const char *string);
char *__real_strndup(const char *string, size_t n);
void __real_free(void *pointer);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void *__wrap_reallocarray(void *pointer, size_t n, size_t size);
char *__wrap_strdup(const char *string);
char *__wrap_strndup(const char *string, size_t n);
void __wrap_free(void *pointer);

void *__wrap_malloc(size_t size) { return fails_now(FAULT_ALLOCATION) ? NULL : born(__real_malloc(size)); }
void *__wrap_calloc(size_t n, size_t size) { return fails_now(FAULT_ALLOCATION) ? NULL : born(__real_calloc(n, size)); }
char *__wrap_strdup(const char *string) { return fails_now(FAULT_ALLOCATION) ? NULL : born(__real_strdup(string)); }

char *__wrap_strndup(const char *string, size_t n)
{
    return fails_now(FAULT_ALLOCATION) ? NULL : born(__real_strndup(string, n));
}

/* An old block dies before it is gone: afterwards its address may be anybody's. */
void *__wrap_realloc(void *pointer, size_t size)
{
    if (fails_now(FAULT_ALLOCATION))
        return NULL;
    died(pointer);
    return born(__real_realloc(pointer, size));
}

void *__wrap_reallocarray(void *pointer, size_t n, size_t size)
{
    if (fails_now(FAULT_ALLOCATION))
        return NULL;
    died(pointer);
    return born(__real_reallocarray(pointer, n, size));
}

void __wrap_free(void *pointer)
{
    died(pointer);
    __real_free(pointer);
}

/* ---- who does what ---- */

#define VISITOR_A ((const uint8_t *)"visitor A......1")
#define VISITOR_B ((const uint8_t *)"visitor B......2")
#define UUID "123e4567-e89b-12d3-a456-42661417400"
#define PV "aid=shop&e=pv&url=https://shop.example/"

/* Operations in the order of the scenario; those of one batch have one number. */
enum { GRANT_A, EVENTS_A, EVENTS_NOBODY, GRANT_B, EVENTS_B, WITHDRAW_A, LATE_A, N_ACTS };

static const struct act {
    const char *name;
    unsigned batch;
    bool is_choice;
    const uint8_t *visitor; /* NULL: nobody */
    const char *body;       /* of a choice (@ is the notice), or events */
} acts[N_ACTS] = {
    {"grant A", 0, true, VISITOR_A,
     "{\"site\":\"shop\",\"notice\":\"@\",\"surface\":\"banner\",\"action\":\"custom\",\"purposes\":"
     "{\"analytics\":true,\"journeys\":false}}"},
    {"events A", 1, false, VISITOR_A,
     PV "1?eid=x&eid=" UUID "1\n" PV "2&eid=" UUID "2\n" PV "3&eid=" UUID "3&res=wide\naid=shop&e=se&se_ca=click"},
    {"events of nobody", 1, false, NULL, PV},
    {"grant B", 2, true, VISITOR_B, "{\"site\":\"shop\",\"notice\":\"@\",\"surface\":\"banner\",\"action\":\"grant\"}"},
    {"events B", 2, false, VISITOR_B, PV "4&eid=" UUID "4\naid=shop&e=se&se_ca=click&eid=" UUID "5"},
    {"withdraw A", 2, true, VISITOR_A,
     "{\"site\":\"shop\",\"notice\":\"@\",\"surface\":\"page\",\"action\":\"withdraw\"}"},
    {"late events A", 2, false, VISITOR_A, PV "6&eid=" UUID "6"},
};

#define YAML                                                                                                           \
    "data: ./data\nlisten: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"                                        \
    "sites:\n  shop:\n    origins: [https://shop.example]\n    controller: {name: N, contact: c@shop.example}\n"       \
    "    purposes: {analytics: {collects: [log]}, journeys: {collects: [clickpath]}}\n"

#define QUERY "{\"site_id\":\"shop\",\"metrics\":[\"pageviews\",\"visitors\"],\"date_range\":\"all\",\"dimensions\":[]}"

/* ---- one run ---- */

struct run {
    unsigned n_asked, n_answered, n_dropped;
    const char *folder;
    struct config *config; /* read before anything fails */
    struct edition *edition;
    struct db *db;
    struct writer *writer;
    struct dedupe *dedupe;
    struct days *days;
    bool acked[N_ACTS]; /* done with 0 */
    bool a_granted;     /* and has not withdrawn since */
    struct collect_result results[N_ACTS];
    bool sealed, answered;
    uint64_t pageviews; /* as the question was answered */
};

/* One act on its way through the writer. */
struct op {
    struct write_op super; /* of a choice */
    struct run *run;
    unsigned act;
    struct choice choice;
    struct collect *collect; /* of events */
};

static struct choice_context context_of(const struct run *run, unsigned act)
{
    /* A browser brings the id that it got. */
    struct choice_context context = {.at_ms = NOW, .known = act == WITHDRAW_A && run->acked[GRANT_A]};

    if (context.known)
        memcpy(context.visitor, acts[act].visitor, VISITOR_BYTES);
    memcpy(context.fresh, acts[act].visitor, VISITOR_BYTES);
    memset(context.record_id, 1 + (int)act, RECORD_ID_BYTES);
    return context;
}

static int choice_apply(struct write_op *super, struct batch *batch)
{
    struct op *op = (struct op *)super;
    struct choice_context context = context_of(op->run, op->act);
    struct choice_result result;

    return error_trace(choice_record(batch, &op->choice, op->run->edition, &context, &result));
}

static void act_done(struct op *op, int result)
{
    struct run *run = op->run;

    run->acked[op->act] = result == 0;
    if (result == 0 && op->act == GRANT_A)
        run->a_granted = true;
    if (result == 0 && op->act == WITHDRAW_A)
        run->a_granted = false; /* or nobody did, who was never known */
    if (result == 0 && op->collect)
        run->results[op->act] = *collect_result(op->collect);
    op->collect = collect_free(op->collect);
}

static void choice_done(struct write_op *super, int result) { act_done((struct op *)super, result); }

static void events_done(void *context, int result) { act_done(context, result); }

static void start_choice(struct run *run, struct op *op)
{
    BUFFER_AUTO json = BUFFER_INIT(1000), complaint = BUFFER_INIT(1000);

    for (const char *at = acts[op->act].body; *at; at++) {
        if (*at == '@')
            buffer_put_text(&json, text_of(edition_notice(run->edition, &run->config->sites[0], TEXT_NONE)->hex));
        else
            buffer_put_u8(&json, (uint8_t)*at);
    }
    if (json.fault)
        return;
    int r = choice_parse(buffer_text(&json), run->edition, &op->choice, &complaint);
    assert_true(r <= 0); /* for want of memory nobody is told that it was wrong what was said */
    op->super = (struct write_op){.bytes = sizeof *op, .apply = choice_apply, .done = choice_done};
    if (r == 0)
        assert_int_equal(writer_submit(run->writer, &op->super), 0);
}

static void start_events(struct run *run, struct op *op)
{
    static const uint8_t key[COOKIE_KEY_BYTES];
    struct collect_request request = {.edition = run->edition,
                                      .cookie_key = key,
                                      .dedupe = run->dedupe,
                                      .at_ms = NOW,
                                      .is_body = true,
                                      .events = text_of(acts[op->act].body),
                                      .visitor = acts[op->act].visitor};

    if (collect_new(&request, events_done, op, &op->collect) == 0)
        assert_int_equal(writer_submit(run->writer, collect_op(op->collect)), 0);
}

/* Whatever of a batch was not acknowledged yet. */
static void run_batch(struct run *run, unsigned batch)
{
    struct op ops[N_ACTS] = {{.run = NULL}};

    for (unsigned act = 0; act < N_ACTS; act++) {
        if (acts[act].batch != batch || run->acked[act])
            continue;
        ops[act].run = run;
        ops[act].act = act;
        if (acts[act].is_choice)
            start_choice(run, &ops[act]);
        else
            start_events(run, &ops[act]);
    }
    writer_drain(run->writer);
}

/* writer_submit_wait() without a thread. */
struct waiting {
    struct write_op super;
    struct write_op *op;
    int result;
};

static int waiting_apply(struct write_op *super, struct batch *batch)
{
    struct waiting *waiting = (struct waiting *)super;

    return waiting->op->apply(waiting->op, batch);
}

static void waiting_done(struct write_op *super, int result)
{
    struct waiting *waiting = (struct waiting *)super;

    waiting->result = result;
    waiting->op->done(waiting->op, result);
}

static int submit_and_drain(void *context, struct write_op *op)
{
    struct run *run = context;
    struct waiting waiting = {.super = {.apply = waiting_apply, .done = waiting_done}, .op = op};
    int r = writer_submit(run->writer, &waiting.super);

    writer_drain(run->writer);
    return r ? r : waiting.result;
}

static void run_seal(struct run *run)
{
    unsigned n = 0;

    if (seal_due(run->db, NULL, run->config, NOW + 48 * 3600000LL, submit_and_drain, run, NULL, &n) == 0)
        run->sealed = true;
}

static int ask(struct run *run, struct db_txn *txn, uint64_t *ret_pageviews)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query_store store = {.days = run->days, .txn = txn, .site = &run->config->sites[0]};
    struct query_source source = query_store_source(&store);
    struct query_answer answer;
    struct query query;
    int r = query_parse(TEXT(QUERY), &query, &complaint);

    if (r == 0) {
        r = query_run(&query, store.site, NOW + 48 * 3600000LL, &source, &answer, &complaint);
        query_deinit(&query);
    }
    assert_true(r <= 0);
    if (r)
        return r;
    assert_int_equal(answer.n_rows, 1);
    *ret_pageviews = (uint64_t)answer.rows[0].metrics[0];
    query_answer_deinit(&answer);
    return 0;
}

static void run_query(struct run *run)
{
    DB_TXN_AUTO *txn = NULL;

    if (db_begin_read(run->db, &txn) == 0 && ask(run, txn, &run->pageviews) == 0)
        run->answered = true;
}

/* ---- requests, the audit trail, acts of commands ---- */

static const uint8_t seed[SIGN_KEY_BYTES] = "a seed of thirty-two bytes.....";
static const struct trail_entry entry = {
    .at_ms = NOW, .actor = ACTOR_TOKEN, .act = ACT_REQUEST_MOVED, .object = {"request", 7}};

struct asking {
    struct write_op super;
    struct trail trail;
    uint32_t site, number;
};

static int asking_apply(struct write_op *super, struct batch *batch)
{
    struct asking *asking = (struct asking *)super;
    struct request request = {.kind = REQUEST_OTHER,
                              .state = REQUEST_OPEN,
                              .made_ms = NOW,
                              .text = TEXT("please"),
                              .has_asker = true,
                              .asker = "asker",
                              .steps = {{.at_ms = NOW, .state = REQUEST_OPEN}},
                              .n_steps = 1};
    int r = requests_add(batch, asking->site, &request);

    asking->number = request.number;
    return r ? r : trail_append(batch, &asking->trail, &entry);
}

static int moving_apply(struct write_op *super, struct batch *batch)
{
    struct asking *asking = (struct asking *)super;
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request_step step = {
        .at_ms = NOW, .state = REQUEST_ANSWERED, .side = REQUEST_BY_OFFICER, .is_told = true, .note = TEXT("so")};
    struct request request;
    int r = requests_get(batch->txn, asking->site, asking->number, &request);

    if (r == 0)
        r = requests_open_in(batch, &request, &plain);
    if (r == 0)
        r = requests_move(batch, &request, &step);
    assert_true(r <= 0);
    return r ? r : trail_append(batch, &asking->trail, &entry);
}

static void asking_done(struct write_op *super, int result)
{
    (void)super;
    (void)result;
}

/* Somebody asks and is answered; a command leaves an act, and the service records it. */
static void run_request(struct run *run)
{
    struct asking asking = {.super = {.apply = asking_apply, .done = asking_done}, .site = run->config->sites[0].id};
    struct acts left = {.tidied = false};
    struct random_seeded random = random_seeded(run->n_dropped);
    unsigned n;

    trail_init(&asking.trail, seed);
    if (submit_and_drain(run, &asking.super) == 0) {
        run->n_asked++;
        asking.super.apply = moving_apply;
        run->n_answered += submit_and_drain(run, &asking.super) == 0;
    }
    run->n_dropped += act_drop(run->folder, &entry, &random.super) == 0;
    (void)acts_pass(&left, run->folder, run->db, &asking.trail, NOW, submit_and_drain, run, &n);
}

static int count_asked(void *context, const struct request *request)
{
    unsigned *n = context;

    n[0]++;
    n[1] += request->state == REQUEST_ANSWERED;
    return 0;
}

static int count_trail(void *context, const struct trail_record *record)
{
    (void)record;
    ++*(unsigned *)context;
    return 0;
}

/* What was acknowledged is there, and nothing else; what commands left is there once, or still waits. */
static void check_requests(const struct run *run, struct db_txn *txn)
{
    unsigned n[2] = {0, 0}, n_trail = 0, n_waiting = 0;
    struct act_name names[4];
    struct chain_break broken;
    uint32_t site, number;
    const char *what;
    uint64_t n_rows;
    uint8_t key[SIGN_KEY_BYTES];

    assert_int_equal(requests_verify(txn, &site, &number, &what, &n_rows), 0);
    assert_int_equal(requests_each(txn, count_asked, n, &site, &number), 0);
    assert_int_equal(n[0], run->n_asked);
    assert_int_equal(n[1], run->n_answered);
    sign_public_key(seed, key);
    assert_int_equal(trail_verify(txn, key, count_trail, &n_trail, &broken), 0);
    assert_int_equal(act_list(run->folder, 4, names, &n_waiting), 0);
    assert_in_range(n_trail, n[0] + n[1] + run->n_dropped - n_waiting, n[0] + n[1] + run->n_dropped);
}

static int open_all(struct run *run)
{
    struct db_options options = {
        .folder = run->folder, .mode = DB_SERVE, .size_bytes_max = 16 << 20, .fault = fail_step};
    int r = edition_new(run->config, &run->edition);

    if (r == 0)
        r = db_open(&options, &run->db);
    if (r == 0)
        r = edition_store_alone(run->edition, run->db);
    if (r == 0)
        r = writer_new(run->db, &run->writer);
    if (r == 0)
        r = dedupe_new(&run->dedupe);
    if (r == 0)
        r = dedupe_load(run->dedupe, run->db);
    if (r == 0)
        r = days_new(DAYS_BOUNDS, &run->days);
    return r;
}

static void close_all(struct run *run)
{
    run->days = days_free(run->days);
    run->dedupe = dedupe_free(run->dedupe);
    run->writer = writer_free(run->writer);
    run->db = db_close(run->db);
    run->edition = edition_unref(run->edition);
}

/* What fails is answered 503, and the service goes on; where it cannot start, it ends. */
static void run_scenario(struct run *run)
{
    int r = open_all(run);

    assert_true(r <= 0);
    if (r == 0) {
        run_query(run); /* of an empty store */
        run->answered = false;
        for (unsigned batch = 0; batch < 3; batch++)
            run_batch(run, batch);
        run_query(run); /* of an open day */
        run->answered = false;
        run_seal(run);
        run_query(run);
        run_request(run);
    }
    close_all(run);
}

/* ---- what must be true afterwards ---- */

static int count_record(void *context, const struct ledger_record *record)
{
    ++*(unsigned *)context;
    return 0;
}

/* The ledger has the choices that were acknowledged, and only those. */
static void check_ledger(const struct run *run, struct db_txn *txn)
{
    unsigned n_found = 0, n_wanted = 0;
    struct chain_break where = {.what = ""};

    check_equal(where.what, ledger_verify(txn, count_record, &n_found, &where), 0);
    for (unsigned act = 0; act < N_ACTS; act++) {
        struct choice_context context;
        struct ledger_record record;

        if (!acts[act].is_choice)
            continue;
        context = context_of(run, act);
        check_equal(acts[act].name, ledger_find(txn, context.record_id, &record), run->acked[act] ? 0 : DB_E_NOT_FOUND);
        n_wanted += run->acked[act];
    }
    assert_int_equal(n_found, n_wanted);
}

static void check_visitors(const struct run *run, struct db_txn *txn)
{
    uint32_t shop = run->config->sites[0].id;
    struct visitor visitor;

    assert_int_equal(visitor_get(txn, shop, VISITOR_A, &visitor), run->a_granted ? 0 : DB_E_NOT_FOUND);
    assert_int_equal(visitor_get(txn, shop, VISITOR_B, &visitor), run->acked[GRANT_B] ? 0 : DB_E_NOT_FOUND);
}

static int add_books(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    accounting_sum(context, books);
    return 0;
}

/* The books tell what was told, to the event. */
static void check_books(const struct run *run, struct db_txn *txn)
{
    struct books books = {0}, told = {0};
    uint32_t site, hour;

    assert_int_equal(accounting_each(txn, add_books, &books, &site, &hour), 0);
    assert_true(accounting_balanced(&books));
    for (unsigned act = 0; act < N_ACTS; act++) {
        told.received += run->results[act].received;
        told.stored += run->results[act].stored;
        for (unsigned reason = 0; reason < REASON_N; reason++)
            told.dropped[reason] += run->results[act].dropped[reason];
    }
    assert_memory_equal(&books, &told, sizeof books);
}

struct journal {
    unsigned n, n_pageviews, n_of_a, n_of_b;
    uint64_t last;
};

static int count_event(void *context, const struct journal_record *record)
{
    struct journal *journal = context;

    journal->n++;
    journal->n_pageviews += record->kind == EVENT_PAGEVIEW;
    journal->n_of_a += memcmp(record->visitor, VISITOR_A, VISITOR_BYTES) == 0;
    journal->n_of_b += memcmp(record->visitor, VISITOR_B, VISITOR_BYTES) == 0;
    journal->last = record->sequence;
    return 0;
}

/* The journal has the events that were acknowledged, each under its visitor; the day's row tells the same. */
static void check_journal(const struct run *run, struct db_txn *txn)
{
    uint32_t shop = run->config->sites[0].id;
    struct journal journal = {.n = 0};
    struct day_state day = {.events = 0};

    assert_int_equal(journal_each(txn, shop, DAY, 0, count_event, &journal), 0);
    assert_int_equal(journal.n_of_a, run->results[EVENTS_A].stored + run->results[LATE_A].stored);
    assert_int_equal(journal.n_of_b, run->results[EVENTS_B].stored);
    assert_int_equal(journal.n, journal.n_of_a + journal.n_of_b);
    assert_int_equal(day_get(txn, shop, DAY, &day), journal.n ? 0 : DB_E_NOT_FOUND);
    assert_int_equal(day.events, journal.n);
    assert_int_equal(day.last, journal.last);
    if (run->sealed && journal.n)
        assert_true(day_is_sealed(&day));
    if (run->answered)
        assert_int_equal(run->pageviews, journal.n_pageviews);
}

/* What lies there as rollups is what the segments give (P6). */
static void check_rollups(struct db_txn *txn)
{
    struct audit_finding finding;

    assert_int_equal(audit_rollups(txn, true, &finding), 0);
}

static void check_segment(const struct run *run, struct db_txn *txn)
{
    const struct site *shop = &run->config->sites[0];
    BUFFER_AUTO built = BUFFER_INIT(1 << 20), kept = BUFFER_INIT(1 << 20);
    struct day_state day;
    struct segment segment;

    if (day_get(txn, shop->id, DAY, &day) || !day_is_sealed(&day))
        return;
    assert_int_equal(seal_segment(txn, shop, DAY, &built), 0);
    assert_int_equal(segments_open(txn, shop->id, DAY, &segment), 0);
    assert_int_equal(segments_plain(&segment, &kept), 0);
    assert_true(text_equal(buffer_text(&kept), buffer_text(&built)));
}

static void check_store(const struct run *run)
{
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(run->db, &txn), 0);
    check_ledger(run, txn);
    check_visitors(run, txn);
    check_books(run, txn);
    check_journal(run, txn);
    check_segment(run, txn);
    check_rollups(txn);
    check_requests(run, txn);
}

/* Whoever was refused comes again; the browsers send the same events with the same ids. */
static void finish(struct run *run)
{
    run->answered = false;
    for (unsigned batch = 0; batch < 3; batch++)
        run_batch(run, batch);
    for (unsigned act = 0; act < N_ACTS; act++)
        check(acts[act].name, run->acked[act]);
    run->sealed = false;
    run_seal(run);
    run_query(run);
    run_request(run);
    assert_true(run->sealed && run->answered);
    check_store(run);
}

/* Where nothing failed, this is what happens. */
static void check_undisturbed(const struct run *run)
{
    static const struct collect_result wanted[N_ACTS] = {
        [EVENTS_A] = {.received = 4, .stored = 2, .dropped = {[REASON_MALFORMED] = 1, [REASON_NO_CONSENT] = 1}},
        [EVENTS_NOBODY] = {.received = 1, .dropped = {[REASON_NO_CONSENT] = 1}},
        [EVENTS_B] = {.received = 2, .stored = 2},
        [LATE_A] = {.received = 1, .dropped = {[REASON_NO_CONSENT] = 1}}, /* behind the withdrawal, in one batch */
    };

    assert_true(run->sealed && run->answered);
    assert_int_equal(run->pageviews, 3);
    for (unsigned act = 0; act < N_ACTS; act++) {
        check(acts[act].name, run->acked[act]);
        check(acts[act].name, memcmp(&run->results[act], &wanted[act], sizeof wanted[act]) == 0);
    }
}

/* All is recorded by now. */
static void remove_acts(const char *folder)
{
    char path[STORE_FIXTURE_PATH_BYTES + 16];

    snprintf(path, sizeof path, "%s/" ACT_FOLDER, folder);
    assert_int_equal(rmdir(path), 0);
}

/* One run, with the @n-th of its allocations or steps failing. True where there was nothing left to fail. */
static bool run_with_fault(struct config *config, enum fault_kind kind, bool stays, int code, long n)
{
    char folder[STORE_FIXTURE_PATH_BYTES];
    struct run run = {.folder = folder, .config = config};
    size_t n_live_before = n_live;

    store_fixture_folder(folder);
    faults.n_until = n;
    faults.stays = stays;
    faults.code = code;
    faults.happened = false;
    faults.kind = kind;
    run_scenario(&run);
    faults.kind = FAULT_NONE;
    if (n_live != n_live_before)
        fail_msg("fault %ld: %zu blocks were not freed", n, n_live - n_live_before);
    assert_int_equal(open_all(&run), 0);
    check_store(&run);
    if (!faults.happened)
        check_undisturbed(&run);
    finish(&run);
    close_all(&run);
    remove_acts(folder);
    store_fixture_remove(folder);
    return !faults.happened;
}

static void run_with_all_faults(enum fault_kind kind, bool stays, int code, long n_at_least)
{
    faults.kind = FAULT_NONE; /* a test that failed left them on */
    struct config *config = store_fixture_config(YAML);
    long n = 0;

    while (!run_with_fault(config, kind, stays, code, n))
        assert_true(++n < N_FAULTS_MAX);
    config_unref(config);
    assert_true(n >= n_at_least); /* something was made to fail at all */
}

static void test_an_allocation_fails(void **state) { run_with_all_faults(FAULT_ALLOCATION, false, 0, 100); }
static void test_memory_runs_out(void **state) { run_with_all_faults(FAULT_ALLOCATION, true, 0, 100); }
static void test_disk_is_full_once(void **state) { run_with_all_faults(FAULT_STEP, false, -ENOSPC, 30); }
static void test_disk_is_full(void **state) { run_with_all_faults(FAULT_STEP, true, -ENOSPC, 30); }
static void test_disk_fails_once(void **state) { run_with_all_faults(FAULT_STEP, false, -EIO, 30); }
static void test_step_has_no_memory(void **state) { run_with_all_faults(FAULT_STEP, false, -ENOMEM, 30); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_allocation_fails), cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_disk_is_full_once),   cmocka_unit_test(test_disk_is_full),
        cmocka_unit_test(test_disk_fails_once),     cmocka_unit_test(test_step_has_no_memory),
    };

    return random_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
