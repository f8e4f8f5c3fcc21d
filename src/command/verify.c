/*
 * crumb verify: what must be true of every store, checked one statement after
 * the other.  Each check names the first row that breaks it; the others still
 * run.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/base/progress.h"
#include "crumb/consent/head.h"
#include "crumb/consent/ledger.h"
#include "crumb/consent/versions.h"
#include "crumb/consent/visitor.h"
#include "crumb/rights/requests.h"
#include "crumb/rollup/audit.h"
#include "crumb/store/accounting.h"
#include "crumb/store/consents.h"
#include "crumb/store/day.h"
#include "crumb/store/journal.h"
#include "crumb/store/secret.h"
#include "crumb/store/trail.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FOUND_BYTES_MAX 512

/* An older head that the ledger must continue. */
struct older_head {
    const char *file;
    struct head head;
    bool met;
};

/* A record that decides what its visitor allows, as events refer to it. */
struct decision {
    uint8_t visitor[VISITOR_BYTES];
    uint64_t sequence;
    bool grants;
};

struct verify {
    const struct config *config; /* names the sites */
    struct db_txn *txn;
    bool rebuild;
    const char *receipt; /* a file; NULL: none is asked about */
    const char *head_files[HEADS_MAX];
    struct older_head heads[HEADS_MAX];
    unsigned n_heads;
    struct decision *decisions; /* by visitor, then sequence, once sorted */
    size_t n_decisions, capacity;
    uint64_t n_records;     /* of the ledger */
    struct consents chosen; /* of them, those that are counted, by kind */
    uint64_t n_events;      /* of the journal */
    uint64_t n_removed;     /* events that were in it and are no more */
    uint64_t n_day_events, last_sequence;
    const struct day_state *day; /* of the day that is walked */
    struct buffer found;         /* what is wrong, one line */
    struct progress progress;    /* of the check under way */
    char keys[FOUND_BYTES_MAX];  /* how many there are, in words */
};

/* A check found something wrong: its walk ends. */
enum { VERIFY_E_WRONG = 1000 };

static int wrong(struct verify *verify, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(struct verify *verify, const char *format, ...)
{
    char line[FOUND_BYTES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buffer_put_text(&verify->found, text_of(line));
    return VERIFY_E_WRONG;
}

/* ---- what things are called ---- */

struct name {
    char text[SITE_NAME_BYTES_MAX + 64];
};

static void add(struct name *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct name *name, const char *format, ...)
{
    size_t size = strlen(name->text);
    va_list args;

    va_start(args, format);
    vsnprintf(name->text + size, sizeof name->text - size, format, args);
    va_end(args);
}

/* The configuration's name of a site, or its number where it has left it. */
static struct name site_name(const struct verify *verify, uint32_t id)
{
    const struct site *site = config_site_of_id(verify->config, id);
    struct name name = {""};

    if (site)
        add(&name, "%s", site->name);
    else if (id == ACCOUNTING_NO_SITE)
        add(&name, "no site");
    else
        add(&name, "site number %" PRIu32, id);
    return name;
}

/* "shop, 2026-01-02" */
static struct name day_name(const struct verify *verify, uint32_t site, int32_t day)
{
    struct zone_date date = zone_date_of_day(day);
    struct name name = site_name(verify, site);

    add(&name, ", %04d-%02u-%02u", date.year, date.month, date.mday);
    return name;
}

/* "shop, 2026-01-02 08:00 UTC" */
static struct name hour_name(const struct verify *verify, uint32_t site, uint32_t hour)
{
    struct name name = day_name(verify, site, (int32_t)(hour / 24));

    add(&name, " %02" PRIu32 ":00 UTC", hour % 24);
    return name;
}

/* "shop, 2026-01, event:page" */
static struct name rollup_name(const struct verify *verify, const struct audit_finding *finding)
{
    int32_t day = period_first_day(finding->period);
    struct zone_date date = zone_date_of_day(day);
    struct name name = site_name(verify, finding->site);

    if (finding->period.kind == PERIOD_DAY)
        name = day_name(verify, finding->site, day);
    else
        add(&name, ", %04d-%02u", date.year, date.month);
    add(&name, ", %s", finding->field == FIELD_N ? "totals" : field_name(finding->field));
    return name;
}

/* ---- older heads ---- */

static int read_file(const char *path, struct buffer *buffer)
{
    uint8_t *at = buffer_extend(buffer, HEAD_JSON_BYTES_MAX);

    if (!at)
        return error_origin(buffer->fault);
    FILE *file = fopen(path, "re");
    if (!file)
        return error_origin(-errno);
    buffer->size = fread(at, 1, HEAD_JSON_BYTES_MAX, file);
    int r = ferror(file) ? -EIO : 0;
    fclose(file);
    return r ? error_origin(r) : 0;
}

/* 0 or an exit code, after saying why. */
static int read_heads(struct verify *verify)
{
    for (unsigned i = 0; i < verify->n_heads; i++) {
        struct older_head *older = &verify->heads[i];
        BUFFER_AUTO json = BUFFER_INIT(HEAD_JSON_BYTES_MAX);

        older->file = verify->head_files[i];
        int r = read_file(older->file, &json);
        if (r) {
            log_fault(older->file, r);
            return EXIT_FAILED;
        }
        r = head_read(buffer_text(&json), &older->head);
        if (r) {
            fprintf(stderr, "crumb verify: %s: %s\n", older->file,
                    r == HEAD_E_FORGED ? "its signature is not its key's over what it says"
                                       : "not a head as GET /v1/ledger/head gives it");
            return r == HEAD_E_FORGED ? EXIT_NO : EXIT_USAGE;
        }
    }
    return EXIT_GOOD;
}

/* The ledger may have grown since: what the head names must be there, at the same place, with the same hash. */
static void meet_heads(struct verify *verify, const struct ledger_record *record)
{
    for (unsigned i = 0; i < verify->n_heads; i++) {
        const struct chain_head *head = &verify->heads[i].head.ledger;

        if (head->n_records == verify->n_records)
            verify->heads[i].met =
                head->sequence == record->sequence && memcmp(head->hash, record->hash, HASH_BYTES) == 0;
    }
}

static int check_heads(struct verify *verify)
{
    static const uint8_t zeros[HASH_BYTES];

    for (unsigned i = 0; i < verify->n_heads; i++) {
        const struct older_head *older = &verify->heads[i];
        const struct chain_head *head = &older->head.ledger;
        bool empty = head->n_records == 0 && head->sequence == 0 && memcmp(head->hash, zeros, HASH_BYTES) == 0;

        if (!older->met && !empty)
            return wrong(verify, "ledger: it does not continue the head of %s, %" PRIu64 " records, in %s",
                         older->head.time, head->n_records, older->file);
        char key[HEAD_KEY_TEXT_BYTES];
        head_key_text(older->head.key, key);
        printf("good   %s: %" PRIu64 " records at %s, signed by %s\n", older->file, head->n_records, older->head.time,
               key);
    }
    return 0;
}

/* ---- the ledger ---- */

static int keep_decision(struct verify *verify, const struct ledger_record *record)
{
    bool grants = false;

    for (unsigned i = 0; i < record->n_answers; i++)
        grants |= record->answers[i].granted;
    if (verify->n_decisions == verify->capacity) {
        size_t capacity = verify->capacity ? verify->capacity * 2 : 64;
        struct decision *grown = reallocarray(verify->decisions, capacity, sizeof *grown);

        if (!grown)
            return error_origin(-ENOMEM);
        verify->decisions = grown;
        verify->capacity = capacity;
    }
    struct decision *decision = &verify->decisions[verify->n_decisions++];
    *decision = (struct decision){.sequence = record->sequence, .grants = grants};
    memcpy(decision->visitor, record->visitor, VISITOR_BYTES);
    return 0;
}

static int check_record(void *context, const struct ledger_record *record)
{
    struct verify *verify = context;
    struct ledger_record found;
    struct text notice;

    verify->n_records++;
    progress_add(&verify->progress, 1);
    verify->chosen.counts[record->kind] += record->version >= LEDGER_COUNTED;
    verify->last_sequence = record->sequence;
    meet_heads(verify, record);
    int r = notice_get(verify->txn, record->notice, &notice);
    if (r == DB_E_NOT_FOUND || r == -EBADMSG)
        return wrong(verify, "ledger record %" PRIu64 ": the notice that it names is not there as it was shown",
                     record->sequence);
    if (r)
        return error_trace(r);
    r = ledger_find(verify->txn, record->id, &found);
    if (r == DB_E_NOT_FOUND || r == -EBADMSG || (r == 0 && found.sequence != record->sequence))
        return wrong(verify, "ledger record %" PRIu64 ": its receipt does not lead to it", record->sequence);
    if (r)
        return error_trace(r);
    /* A dialog that was closed decides nothing. */
    if (record->kind != CHOICE_DISMISS && ledger_has_visitor(record))
        return error_trace(keep_decision(verify, record));
    return 0;
}

static int compare_decisions(const void *a, const void *b)
{
    const struct decision *left = a, *right = b;
    int order = memcmp(left->visitor, right->visitor, VISITOR_BYTES);

    return order ? order : (left->sequence > right->sequence) - (left->sequence < right->sequence);
}

static int check_ledger(struct verify *verify)
{
    struct chain_break broken;
    uint64_t n_receipts;
    int r = ledger_verify(verify->txn, check_record, verify, &broken);

    if (r == LEDGER_E_BROKEN && broken.sequence == 0)
        return wrong(verify, "ledger: %s", broken.what);
    if (r == LEDGER_E_BROKEN)
        return wrong(verify, "ledger record %" PRIu64 ": %s", broken.sequence, broken.what);
    if (r)
        return r;
    if (verify->n_decisions)
        qsort(verify->decisions, verify->n_decisions, sizeof *verify->decisions, compare_decisions);
    r = db_entries(verify->txn, DB_RECEIPTS, &n_receipts);
    if (r == 0 && n_receipts != verify->n_records)
        return wrong(verify, "ledger: %" PRIu64 " records have %" PRIu64 " receipts", verify->n_records, n_receipts);
    return error_trace(r);
}

/* The place of the first decision of @visitor at or after @sequence. */
static size_t find_decision(const struct verify *verify, const uint8_t visitor[VISITOR_BYTES], uint64_t sequence)
{
    struct decision wanted = {.sequence = sequence};
    size_t low = 0, high = verify->n_decisions;

    memcpy(wanted.visitor, visitor, VISITOR_BYTES);
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_decisions(&verify->decisions[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct decision *decision_at(const struct verify *verify, size_t at, const uint8_t visitor[VISITOR_BYTES])
{
    if (at >= verify->n_decisions || memcmp(verify->decisions[at].visitor, visitor, VISITOR_BYTES) != 0)
        return NULL;
    return &verify->decisions[at];
}

/* ---- visitors ---- */

static int check_visitor(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], const struct visitor *visitor)
{
    struct verify *verify = context;
    size_t at = find_decision(verify, id, visitor->consent);
    const struct decision *decision = decision_at(verify, at, id);

    (void)site;
    if (!decision || decision->sequence != visitor->consent || !decision->grants)
        return wrong(verify, "a visitor's live choice refers to ledger record %" PRIu64 ", which grants them nothing",
                     visitor->consent);
    if (decision_at(verify, at + 1, id))
        return wrong(verify, "a visitor's live choice is ledger record %" PRIu64 ", but a later one decides",
                     visitor->consent);
    return 0;
}

static int check_visitors(struct verify *verify)
{
    int r = visitor_each(verify->txn, check_visitor, verify);

    return r == -EBADMSG ? wrong(verify, "visitors: a row is damaged") : r;
}

/* ---- journal and days ---- */

static int check_event(void *context, const struct journal_record *record)
{
    struct verify *verify = context;
    struct event event;
    size_t at = find_decision(verify, record->visitor, record->consent);
    const struct decision *decision = decision_at(verify, at, record->visitor);
    const struct decision *next = decision_at(verify, at + 1, record->visitor);

    verify->n_day_events++;
    if (record->sequence > verify->last_sequence)
        verify->last_sequence = record->sequence;
    if (!journal_event(record, &event))
        return wrong(verify, "journal record %" PRIu64 ": its fields cannot be read", record->sequence);
    if (!decision || decision->sequence != record->consent || !decision->grants || record->consent > record->sequence)
        return wrong(verify, "journal record %" PRIu64 ": no consent allows it", record->sequence);
    if (next && next->sequence < record->sequence)
        return wrong(verify,
                     "journal record %" PRIu64 ": it was stored after its consent had ended with ledger record "
                     "%" PRIu64,
                     record->sequence, next->sequence);
    if (record->sequence > verify->day->last)
        return wrong(verify, "journal record %" PRIu64 ": it is newer than its day knows", record->sequence);
    return 0;
}

static int check_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct verify *verify = context;

    verify->n_day_events = 0;
    verify->day = state;
    uint64_t n_erased = 0;
    int r = journal_count(verify->txn, site, day, check_event, verify, &n_erased);
    verify->n_day_events += n_erased;
    if (r == -EBADMSG)
        return wrong(verify, "journal of %s: a record is damaged", day_name(verify, site, day).text);
    if (r)
        return r;
    if (verify->n_day_events != state->events)
        return wrong(verify, "%s: %" PRIu64 " events in the journal, %" PRIu64 " counted",
                     day_name(verify, site, day).text, verify->n_day_events, state->events);
    verify->n_events += verify->n_day_events;
    progress_add(&verify->progress, verify->n_day_events);
    verify->n_removed += state->removed;
    return 0;
}

static int check_journal(struct verify *verify)
{
    uint64_t n_rows;
    int r = day_each(verify->txn, check_day, verify);

    if (r == -EBADMSG)
        return wrong(verify, "days: a row is damaged");
    if (r == 0)
        r = db_entries(verify->txn, DB_JOURNAL, &n_rows);
    if (r == 0 && n_rows != verify->n_events)
        return wrong(verify, "journal: %" PRIu64 " records belong to no day", n_rows - verify->n_events);
    return r;
}

/* ---- books ---- */

static int sum_books(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    (void)site;
    (void)hour;
    accounting_sum(context, books);
    return 0;
}

static int check_books(struct verify *verify)
{
    struct books sum = {0};
    uint32_t site, hour;
    int r = accounting_each(verify->txn, sum_books, &sum, &site, &hour);

    if (r == -EBADMSG)
        return wrong(verify, "books of %s: damaged, or they do not balance", hour_name(verify, site, hour).text);
    if (r == 0 && sum.stored != verify->n_events + verify->n_removed)
        return wrong(verify, "books: %" PRIu64 " events stored, %" PRIu64 " in the journal, %" PRIu64 " removed",
                     sum.stored, verify->n_events, verify->n_removed);
    return error_trace(r);
}

/* ---- consents ---- */

static int sum_consents(void *context, const struct key_consents *of, const struct consents *consents)
{
    struct consents *sum = context;

    for (unsigned i = 0; i < CONSENTS_N; i++)
        sum->counts[i] += consents->counts[i];
    return 0;
}

static int check_consents(struct verify *verify)
{
    struct consents sum = {.answered = 0};
    int r = consents_each(verify->txn, sum_consents, &sum);

    if (r == -EBADMSG)
        return wrong(verify, "consents: a row is damaged");
    for (unsigned kind = 1; r == 0 && kind < CHOICE_N; kind++)
        if (sum.counts[kind] != verify->chosen.counts[kind])
            return wrong(verify, "consents: %" PRIu64 " choices `%s` are counted, %" PRIu64 " are in the ledger",
                         sum.counts[kind], words_choice_kind(kind), verify->chosen.counts[kind]);
    return error_trace(r);
}

/* ---- the audit trail ---- */

/* A copy of the store alone has no key: then the chain is all that there is to look at. */
static int check_audit(struct verify *verify)
{
    struct chain_break broken;
    uint8_t seed[SECRET_BYTES], key[SIGN_KEY_BYTES];
    int r = secret_key(verify->config->data, SECRET_LEDGER, false, NULL, seed);
    bool has_key = r == 0;

    if (has_key)
        sign_public_key(seed, key);
    else
        printf("left out  signatures of the audit trail: %s/" SECRET_LEDGER ": %s\n", verify->config->data,
               strerror(-r));
    r = trail_verify(verify->txn, has_key ? key : NULL, NULL, NULL, &broken);
    if (r == CHAIN_E_BROKEN && broken.sequence == 0)
        return wrong(verify, "audit: %s", broken.what);
    if (r == CHAIN_E_BROKEN)
        return wrong(verify, "audit record %" PRIu64 ": %s", broken.sequence, broken.what);
    return error_trace(r);
}

/* ---- subject requests ---- */

static int check_requests(struct verify *verify)
{
    uint32_t site, number;
    const char *what;
    uint64_t n;
    int r = requests_verify(verify->txn, &site, &number, &what, &n);

    if (r == REQUESTS_E_STATE && number == 0)
        return wrong(verify, "requests: %s", what);
    if (r == REQUESTS_E_STATE)
        return wrong(verify, "request %" PRIu32 " of %s: %s", number, site_name(verify, site).text, what);
    return error_trace(r);
}

/* ---- segments and rollups ---- */

/* "; 3 segments are wrong" */
static struct name others(const struct audit_finding *finding, const char *what)
{
    struct name name = {""};

    if (finding->n > 1)
        add(&name, "; %" PRIu64 " %s are wrong", finding->n, what);
    return name;
}

static int check_segments(struct verify *verify)
{
    struct audit_finding finding;
    int r = audit_segments(verify->txn, verify->config, verify->rebuild, &finding);

    if (r == -EBADMSG)
        return wrong(verify, "segments: days or events behind them are damaged");
    if (r != AUDIT_E_WRONG)
        return error_trace(r);
    if (!finding.site)
        return wrong(verify, "segments: %s%s", finding.what, others(&finding, "segments").text);
    return wrong(verify, "segment of %s: %s%s", day_name(verify, finding.site, finding.period.number).text,
                 finding.what, others(&finding, "segments").text);
}

static int check_rollups(struct verify *verify)
{
    struct audit_finding finding;
    int r = audit_rollups(verify->txn, verify->rebuild, &finding);

    if (r == -EBADMSG)
        return wrong(verify, "rollups: days or segments behind them are damaged");
    if (r != AUDIT_E_WRONG)
        return error_trace(r);
    if (!finding.site)
        return wrong(verify, "rollups: %s%s", finding.what, others(&finding, "rollups").text);
    return wrong(verify, "rollup of %s: %s%s", rollup_name(verify, &finding).text, finding.what,
                 others(&finding, "rollups").text);
}

/* ---- versions ---- */

/* What a version showed is kept: each of its notices, whole. */
static int check_version(void *context, const struct version *version)
{
    struct verify *verify = context;

    for (unsigned i = 0; i < version->n_langs; i++) {
        uint8_t hash[HASH_BYTES];
        char hex[HASH_HEX_BYTES];
        struct text json;

        versions_lang(version, i, hash);
        int r = notice_get(verify->txn, hash, &json);
        notice_hex(hash, hex);
        if (r == DB_E_NOT_FOUND || r == -EBADMSG)
            return wrong(verify, "version of %s at %" PRId64 ": notice %s is %s", site_name(verify, version->site).text,
                         version->from_ms, hex, r > 0 ? "not kept" : "damaged");
        if (r)
            return error_trace(r);
    }
    return 0;
}

static int check_versions(struct verify *verify)
{
    int r = versions_each(verify->txn, check_version, verify);

    return r == -EBADMSG ? wrong(verify, "versions: damaged") : error_trace(r);
}

/* ---- the sequence ---- */

static int check_sequence(struct verify *verify)
{
    uint64_t next;
    int r = batch_next_sequence(verify->txn, &next);

    if (r == -EBADMSG)
        return wrong(verify, "sequence: damaged");
    if (r == 0 && next <= verify->last_sequence)
        return wrong(verify, "sequence: the next number is %" PRIu64 ", but %" PRIu64 " is taken", next,
                     verify->last_sequence);
    return error_trace(r);
}

/* ---- keys ---- */

static int check_keys(struct verify *verify)
{
    BUFFER_AUTO said = BUFFER_INIT(FOUND_BYTES_MAX);
    int r = command_verify_keys(verify->txn, &said);

    if (r > 0)
        return wrong(verify, "%.*s", TEXT_ARGS(buffer_text(&said)));
    if (r == 0)
        snprintf(verify->keys, sizeof verify->keys, "%.*s", TEXT_ARGS(buffer_text(&said)));
    return error_trace(r);
}

static int check_rights(struct verify *verify)
{
    BUFFER_AUTO said = BUFFER_INIT(FOUND_BYTES_MAX);
    int r = command_verify_rights(verify->txn, &said);

    return r > 0 ? wrong(verify, "%.*s", TEXT_ARGS(buffer_text(&said))) : error_trace(r);
}

/* In this order: later checks use what earlier ones gathered, and say nothing where that is not whole. */
static const struct {
    const char *name;
    int (*check)(struct verify *verify);
    const char *needs;
} checks[] = {
    {"ledger", check_ledger, NULL},       {"heads", check_heads, "ledger"},  {"visitors", check_visitors, "ledger"},
    {"journal", check_journal, "ledger"}, {"books", check_books, "journal"}, {"consents", check_consents, "ledger"},
    {"segments", check_segments, NULL},   {"rollups", check_rollups, NULL},  {"versions", check_versions, NULL},
    {"sequence", check_sequence, NULL},   {"keys", check_keys, NULL},        {"audit", check_audit, NULL},
    {"requests", check_requests, NULL},   {"rights", check_rights, "ledger"}};
#define N_CHECKS (sizeof checks / sizeof checks[0])

static bool is_good(const bool good[N_CHECKS], const char *name)
{
    for (size_t i = 0; i < N_CHECKS; i++)
        if (strcmp(checks[i].name, name) == 0)
            return good[i];
    return false;
}

/* A day that is damaged was named before. */
static void tell_expired(const struct verify *verify)
{
    uint64_t n_segments = 0, n_rollups = 0;

    if (audit_expired(verify->txn, &n_segments, &n_rollups))
        return;
    if (n_segments)
        printf("left out  building the segments of %" PRIu64 " days again: their journal has expired\n", n_segments);
    if (n_rollups)
        printf("left out  building the rollups of %" PRIu64 " days again: their segments have expired\n", n_rollups);
}

static int run_checks(struct verify *verify)
{
    bool good[N_CHECKS] = {false};
    int exit = EXIT_GOOD;

    for (size_t i = 0; i < N_CHECKS; i++) {
        if (checks[i].check == check_heads && verify->n_heads == 0)
            continue;
        if (checks[i].needs && !is_good(good, checks[i].needs)) {
            printf("left out  %s: it needs the %s to be good\n", checks[i].name, checks[i].needs);
            continue;
        }
        buffer_clear(&verify->found);
        progress_begin(&verify->progress, checks[i].name, 0);
        int r = checks[i].check(verify);
        progress_end(&verify->progress);
        if (r < 0) {
            log_fault(checks[i].name, r);
            return EXIT_FAILED;
        }
        good[i] = r == 0;
        if (r) {
            printf("wrong  %.*s\n", TEXT_ARGS(buffer_text(&verify->found)));
            exit = EXIT_NO;
        } else {
            printf("good   %s\n", checks[i].name);
        }
    }
    if (verify->rebuild)
        tell_expired(verify);
    printf("%" PRIu64 " ledger records, %" PRIu64 " events\n", verify->n_records, verify->n_events);
    if (verify->keys[0])
        printf("%s\n", verify->keys);
    return exit;
}

enum { OPTION_REBUILD = 256, OPTION_HEAD, OPTION_RECEIPT };

static const struct option options[] = {{"rebuild", no_argument, NULL, OPTION_REBUILD},
                                        {"head", required_argument, NULL, OPTION_HEAD},
                                        {"receipt", required_argument, NULL, OPTION_RECEIPT},
                                        {0}};

static int take(void *context, int option, const char *value)
{
    struct verify *verify = context;

    if (option == OPTION_REBUILD) {
        verify->rebuild = true;
        return 0;
    }
    if (option == OPTION_RECEIPT) {
        verify->receipt = value;
        return 0;
    }
    if (verify->n_heads == HEADS_MAX)
        return -1;
    verify->head_files[verify->n_heads++] = value;
    return 0;
}

/* That and nothing else: whoever asks about a receipt has no time for the rest. */
static int check_receipt(const struct verify *verify)
{
    bool ours = false;
    int r = command_verify_receipt(verify->txn, verify->config->data, verify->receipt, &ours);

    if (r) {
        log_fault(verify->receipt, r);
        return EXIT_FAILED;
    }
    printf("%s\n",
           ours ? "good   the receipt is one that this store gave" : "wrong  the receipt is none of this store");
    return ours ? EXIT_GOOD : EXIT_NO;
}

int command_verify(const struct command *self, int argc, char **argv)
{
    struct verify verify = {.found = BUFFER_INIT(FOUND_BYTES_MAX)};
    struct setup setup;
    const char *path = NULL;
    int exit = command_arguments(self, argc, argv, options, take, &verify, &path, NULL);

    if (exit || !path)
        return exit;
    exit = read_heads(&verify);
    if (exit == EXIT_GOOD)
        exit = setup_open(path, &setup);
    if (exit)
        return exit;
    verify.txn = setup.txn;
    verify.config = setup.edition->config;
    exit = verify.receipt ? check_receipt(&verify) : run_checks(&verify);
    free(verify.decisions);
    buffer_deinit(&verify.found);
    setup_close(&setup);
    return exit;
}
