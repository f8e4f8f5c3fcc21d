/*
 * crumb verify: a store that is good, and the same store with one thing wrong,
 * for each statement that verify makes.  What is wrong is written through the
 * store, with good checksums, unless damage is the point.
 */
#include "../../src/command/command.h"
#include "check.h"
#include "crumb/consent/ledger.h"
#include "crumb/consent/visitor.h"
#include "crumb/rights/job.h"
#include "crumb/rights/requests.h"
#include "crumb/rollup/rollups.h"
#include "crumb/rollup/seal.h"
#include "crumb/rollup/segment.h"
#include "crumb/rollup/segments.h"
#include "crumb/rollup/summary.h"
#include "crumb/rollup/tabulate.h"
#include "crumb/store/consents.h"
#include "crumb/store/journal.h"
#include "crumb/store/secret.h"
#include "crumb/store/trail.h"
#include "store_fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW STORE_FIXTURE_NOW_MS
#define DAY_MS (24LL * 3600 * 1000)
#define SEALED_DAY 20514 /* of NOW, in Berlin */
#define OPEN_DAY 20515
#define OUTPUT_BYTES 8192
#define ANN ((const uint8_t *)"visitor ann....1")
#define BOB ((const uint8_t *)"visitor bob....2")

/* The sequence numbers of the good store. */
enum { ANN_GRANTS = 1, ANN_VIEWS, BOB_GRANTS, BOB_VIEWS, BOB_REFUSES, ANN_VIEWS_AGAIN, NEXT };

struct store {
    struct store_fixture fixture;
    const struct site *site;
    char folder[STORE_FIXTURE_PATH_BYTES]; /* of the configuration */
    char path[STORE_FIXTURE_PATH_BYTES + 16];
};

/* ---- a good store ---- */

static void append_record(struct store *store, struct batch *batch, const uint8_t visitor[VISITOR_BYTES], bool grants)
{
    const struct site_notices *notices = edition_notices(store->fixture.edition, store->site);
    struct ledger_record record = {.at_ms = NOW,
                                   .site = TEXT("shop"),
                                   .kind = grants ? CHOICE_GRANT : CHOICE_DENY,
                                   .surface = SURFACE_BANNER,
                                   .regime = REGIME_OPT_IN,
                                   .lang = TEXT("en"),
                                   .answers = {{.purpose = TEXT("analytics"), .granted = grants}},
                                   .n_answers = 1};

    memset(record.id, (int)batch->next_sequence, sizeof record.id);
    memcpy(record.notice, notices->notices[0].hash, HASH_BYTES);
    memcpy(record.material, notices->material, HASH_BYTES);
    memcpy(record.visitor, visitor, VISITOR_BYTES);
    assert_int_equal(ledger_append(batch, &record), 0);
    struct key_consents of = {.site = store->site->id, .day = SEALED_DAY, .lang = TEXT("en")};
    assert_int_equal(consents_add(batch->txn, &of, record.kind, false), 0);
}

static void put_visitor(struct store *store, struct batch *batch, const uint8_t id[VISITOR_BYTES], uint64_t consent)
{
    struct visitor visitor = {.choice = CHOICE_GRANT,
                              .regime = REGIME_OPT_IN,
                              .consent = consent,
                              .number = 1,
                              .since_ms = NOW,
                              .at_ms = NOW,
                              .n_granted = 1};

    assert_int_equal(visitor_put(batch->txn, store->site->id, id, &visitor), 0);
}

static void append_event(struct store *store, struct batch *batch, int32_t day, const uint8_t visitor[VISITOR_BYTES],
                         uint64_t consent)
{
    BUFFER_AUTO section = BUFFER_INIT(256);
    struct event event = {.kind = EVENT_PAGEVIEW, .at_ms = (uint64_t)(NOW + (day - SEALED_DAY) * DAY_MS)};
    struct journal_record record = {.site = store->site->id,
                                    .day = day,
                                    .kind = EVENT_PAGEVIEW,
                                    .consent = consent,
                                    .granted = CLASS_ALL,
                                    .classes = CLASS_BIT(CLASS_LOG)};
    struct books books = {.received = 1, .stored = 1};

    event.path = TEXT("/hats");
    event_encode(&event, CLASS_LOG, &section);
    record.sections[CLASS_LOG] = buffer_text(&section);
    memcpy(record.visitor, visitor, VISITOR_BYTES);
    record.key = store_fixture_key(batch);
    assert_int_equal(journal_append(batch, &record), 0);
    assert_int_equal(batch_count(batch, store->site->id, accounting_hour(NOW), &books), 0);
}

static int submit(void *context, struct write_op *op)
{
    struct store *store = context;
    struct batch batch;

    assert_int_equal(batch_begin(store->fixture.db, &batch), 0);
    assert_int_equal(op->apply(op, &batch), 0);
    return batch_commit(&batch);
}

static void fill(struct store *store)
{
    struct batch batch;
    unsigned n_sealed = 0;

    assert_int_equal(batch_begin(store->fixture.db, &batch), 0);
    append_record(store, &batch, ANN, true);
    append_event(store, &batch, SEALED_DAY, ANN, ANN_GRANTS);
    append_record(store, &batch, BOB, true);
    append_event(store, &batch, SEALED_DAY, BOB, BOB_GRANTS);
    append_record(store, &batch, BOB, false);
    append_event(store, &batch, OPEN_DAY, ANN, ANN_GRANTS);
    assert_int_equal(batch.next_sequence, NEXT);
    put_visitor(store, &batch, ANN, ANN_GRANTS);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(seal_due(store->fixture.db, store->fixture.config, NOW + DAY_MS, submit, store, NULL, &n_sealed),
                     0);
    assert_int_equal(n_sealed, 1);
}

/* The fixture's configuration, whose store is the fixture's. */
static void write_config(struct store *store)
{
    store_fixture_folder(store->folder);
    snprintf(store->path, sizeof store->path, "%s/crumb.yaml", store->folder);
    FILE *file = fopen(store->path, "we");
    assert_non_null(file);
    fprintf(file, "data: %s%s", store->fixture.folder, strchr(store_fixture_yaml, '\n'));
    assert_int_equal(fclose(file), 0);
}

/* ---- verify ---- */

/* What is written to standard output meanwhile. @saved is the descriptor that it had. */
static int begin_capture(FILE *file)
{
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    assert_true(saved >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    return saved;
}

static void end_capture(FILE *file, int saved, char ret_output[OUTPUT_BYTES])
{
    fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    close(saved);
    rewind(file);
    ret_output[fread(ret_output, 1, OUTPUT_BYTES - 1, file)] = '\0';
}

/* Returns the exit code. One process has one LMDB environment of a file, so the fixture's is closed meanwhile. */
static int verify(struct store *store, bool rebuild, char ret_output[OUTPUT_BYTES])
{
    static const struct command self = {.name = "verify", .usage = "", .summary = "", .help = ""};
    char *argv[] = {(char[]){"verify"}, (char[]){"-c"}, store->path, rebuild ? (char[]){"--rebuild"} : NULL, NULL};
    FILE *file = tmpfile();

    assert_non_null(file);
    db_close(store->fixture.db);
    int saved = begin_capture(file);
    int exit = command_verify(&self, rebuild ? 4 : 3, argv);
    end_capture(file, saved, ret_output);
    fclose(file);
    store->fixture.db = store_fixture_open(store->fixture.folder);
    return exit;
}

/* ---- what can be wrong ---- */

static struct key own_day(struct store *store, int32_t day) { return key_day(store->site->id, day); }

static void change_day(struct store *store, struct batch *batch, int32_t day, int more_events, int more_last)
{
    struct day_state state;

    assert_int_equal(day_get(batch->txn, store->site->id, day, &state), 0);
    state.events += (uint64_t)more_events;
    state.last += (uint64_t)more_last;
    assert_int_equal(day_put(batch->txn, store->site->id, day, &state), 0);
}

static void take_away(struct batch *batch, enum db_table table, struct key key)
{
    assert_int_equal(db_delete(batch->txn, table, key_text(&key)), 0);
}

static struct text receipt_id(uint64_t sequence, char bytes[RECORD_ID_BYTES])
{
    memset(bytes, (int)sequence, RECORD_ID_BYTES);
    return (struct text){bytes, RECORD_ID_BYTES};
}

static void put_receipt(struct batch *batch, uint64_t id, uint64_t sequence)
{
    char bytes[RECORD_ID_BYTES];
    struct key value = key_sequence(sequence);

    assert_int_equal(db_put(batch->txn, DB_RECEIPTS, receipt_id(id, bytes), key_text(&value)), 0);
}

/* A version that showed a notice of which nobody knows. */
static void version_of_nothing(struct store *store, struct batch *batch)
{
    struct key key = key_version(store->site->id, 5);
    uint8_t row[2 + HASH_BYTES + 3 + HASH_BYTES];

    memset(row, 7, sizeof row);
    row[0] = row[1 + HASH_BYTES] = 1;
    memcpy(row + 2 + HASH_BYTES, "\2en", 3);
    store_fixture_put_checked(batch->txn, DB_VERSIONS, key_text(&key), (struct text){(const char *)row, sizeof row});
}

static void version_damaged(struct store *store, struct batch *batch)
{
    struct key key = key_version(store->site->id, 5);

    version_of_nothing(store, batch);
    store_fixture_damage(batch->txn, DB_VERSIONS, key_text(&key), 3);
}

static void no_notice(struct store *store, struct batch *batch)
{
    const struct site_notices *notices = edition_notices(store->fixture.edition, store->site);
    struct text key = {(const char *)notices->notices[0].hash, HASH_BYTES};

    assert_int_equal(db_delete(batch->txn, DB_NOTICES, key), 0);
}

static void other_notice(struct store *store, struct batch *batch)
{
    const struct site_notices *notices = edition_notices(store->fixture.edition, store->site);
    struct text key = {(const char *)notices->notices[0].hash, HASH_BYTES};

    store_fixture_damage(batch->txn, DB_NOTICES, key, 20);
}

static void no_receipt(struct store *store, struct batch *batch)
{
    char bytes[RECORD_ID_BYTES];

    (void)store;
    assert_int_equal(db_delete(batch->txn, DB_RECEIPTS, receipt_id(BOB_GRANTS, bytes)), 0);
}

static void receipt_of_another(struct store *store, struct batch *batch)
{
    (void)store;
    put_receipt(batch, BOB_GRANTS, BOB_REFUSES);
}

static void receipt_of_nothing(struct store *store, struct batch *batch)
{
    (void)store;
    put_receipt(batch, BOB_GRANTS, NEXT);
}

static void receipt_too_many(struct store *store, struct batch *batch)
{
    (void)store;
    put_receipt(batch, 77, BOB_GRANTS);
}

static void record_cut_off(struct store *store, struct batch *batch)
{
    (void)store;
    take_away(batch, DB_LEDGER, key_sequence(BOB_REFUSES));
}

static void record_changed(struct store *store, struct batch *batch)
{
    struct key key = key_sequence(BOB_GRANTS);

    (void)store;
    store_fixture_damage(batch->txn, DB_LEDGER, key_text(&key), 60);
}

static void live_without_record(struct store *store, struct batch *batch) { put_visitor(store, batch, BOB, ANN_VIEWS); }

static void live_by_another(struct store *store, struct batch *batch) { put_visitor(store, batch, BOB, ANN_GRANTS); }

static void live_by_refusal(struct store *store, struct batch *batch) { put_visitor(store, batch, BOB, BOB_REFUSES); }

static void live_but_refused(struct store *store, struct batch *batch) { put_visitor(store, batch, BOB, BOB_GRANTS); }

static void visitor_damaged(struct store *store, struct batch *batch)
{
    struct key key = key_visitor(store->site->id, ANN);

    store_fixture_damage(batch->txn, DB_VISITORS, key_text(&key), 5);
}

static void event_without_consent(struct store *store, struct batch *batch)
{
    append_event(store, batch, OPEN_DAY, ANN, BOB_VIEWS);
}

static void event_by_another(struct store *store, struct batch *batch)
{
    append_event(store, batch, OPEN_DAY, ANN, BOB_GRANTS);
}

static void event_by_refusal(struct store *store, struct batch *batch)
{
    append_event(store, batch, OPEN_DAY, BOB, BOB_REFUSES);
}

static void event_before_consent(struct store *store, struct batch *batch)
{
    append_event(store, batch, OPEN_DAY, BOB, NEXT + 1);
    append_record(store, batch, BOB, true);
}

static void event_after_refusal(struct store *store, struct batch *batch)
{
    append_event(store, batch, OPEN_DAY, BOB, BOB_GRANTS);
}

static void event_unreadable(struct store *store, struct batch *batch)
{
    struct journal_record record = {.site = store->site->id,
                                    .day = OPEN_DAY,
                                    .kind = EVENT_PAGEVIEW,
                                    .consent = ANN_GRANTS,
                                    .granted = CLASS_ALL,
                                    .classes = CLASS_BIT(CLASS_LOG),
                                    .sections = {[CLASS_LOG] = TEXT("\xff\xff")}};

    memcpy(record.visitor, ANN, VISITOR_BYTES);
    record.key = store_fixture_key(batch);
    assert_int_equal(journal_append(batch, &record), 0);
}

static void event_damaged(struct store *store, struct batch *batch)
{
    struct key key = key_journal(store->site->id, OPEN_DAY, ANN_VIEWS_AGAIN);

    store_fixture_damage(batch->txn, DB_JOURNAL, key_text(&key), 5);
}

static void event_newer_than_day(struct store *store, struct batch *batch)
{
    change_day(store, batch, OPEN_DAY, 0, -1);
}

static void event_uncounted(struct store *store, struct batch *batch) { change_day(store, batch, OPEN_DAY, -1, 0); }

static void event_missing(struct store *store, struct batch *batch) { change_day(store, batch, OPEN_DAY, 1, 0); }

static void event_of_no_day(struct store *store, struct batch *batch)
{
    take_away(batch, DB_DAYS, own_day(store, OPEN_DAY));
}

static void day_damaged(struct store *store, struct batch *batch)
{
    struct key key = own_day(store, OPEN_DAY);

    store_fixture_damage(batch->txn, DB_DAYS, key_text(&key), 5);
}

static void books_too_many(struct store *store, struct batch *batch)
{
    assert_int_equal(batch_count(batch, store->site->id, 1, &(struct books){.received = 1, .stored = 1}), 0);
}

static void books_damaged(struct store *store, struct batch *batch)
{
    struct key key = key_hour(store->site->id, accounting_hour(NOW));

    store_fixture_damage(batch->txn, DB_ACCOUNTING, key_text(&key), 5);
}

static void books_of_no_site_damaged(struct store *store, struct batch *batch)
{
    struct key key = key_hour(ACCOUNTING_NO_SITE, accounting_hour(NOW));

    (void)store;
    store_fixture_put_checked(batch->txn, DB_ACCOUNTING, key_text(&key), TEXT("?"));
}

static void books_of_a_lost_site_damaged(struct store *store, struct batch *batch)
{
    struct key key = key_hour(77, accounting_hour(NOW));

    (void)store;
    store_fixture_put_checked(batch->txn, DB_ACCOUNTING, key_text(&key), TEXT("?"));
}

static void segment_missing(struct store *store, struct batch *batch)
{
    take_away(batch, DB_SEGMENTS, key_day(store->site->id, SEALED_DAY));
}

static void segment_damaged(struct store *store, struct batch *batch)
{
    struct key key = key_day(store->site->id, SEALED_DAY);

    store_fixture_damage(batch->txn, DB_SEGMENTS, key_text(&key), 12);
}

static void copy_segment(struct store *store, struct batch *batch, uint32_t site, int32_t day)
{
    BUFFER_AUTO bytes = BUFFER_INIT(4096);
    struct segment segment;

    assert_int_equal(segments_open(batch->txn, store->site->id, SEALED_DAY, &segment), 0);
    assert_int_equal(segments_plain(&segment, &bytes), 0);
    assert_int_equal(segments_put(batch, site, day, buffer_text(&bytes)), 0);
}

/* As it lies there, where it does not open. */
static void segment_moved(struct store *store, struct batch *batch)
{
    struct key from = key_day(store->site->id, SEALED_DAY), to = key_day(store->site->id, OPEN_DAY);
    char bytes[4096];
    struct text value;

    assert_int_equal(db_get(batch->txn, DB_SEGMENTS, key_text(&from), &value), 0);
    assert_true(value.size <= sizeof bytes);
    memcpy(bytes, value.data, value.size);
    value.data = bytes;
    assert_int_equal(db_put(batch->txn, DB_SEGMENTS, key_text(&to), value), 0);
}

static void segment_of_open_day(struct store *store, struct batch *batch)
{
    copy_segment(store, batch, store->site->id, OPEN_DAY);
}

static void segments_of_no_day(struct store *store, struct batch *batch)
{
    copy_segment(store, batch, store->site->id, OPEN_DAY + 1);
    copy_segment(store, batch, 77, SEALED_DAY);
}

static void segment_of_no_key(struct store *store, struct batch *batch)
{
    (void)store;
    assert_int_equal(db_put(batch->txn, DB_SEGMENTS, TEXT("key"), TEXT("value")), 0);
}

static void segment_of_other_events(struct store *store, struct batch *batch)
{
    BUFFER_AUTO bytes = BUFFER_INIT(4096);
    struct table table = TABLE_INIT;
    struct gather *gather;

    assert_int_equal(gather_new(0, &gather), 0);
    assert_int_equal(tabulate_table(gather, &table), 0);
    segment_encode(&table, &bytes);
    assert_int_equal(segments_put(batch, store->site->id, SEALED_DAY, buffer_text(&bytes)), 0);
    table_deinit(&table);
    gather_free(gather);
}

static struct key key_of_rollup(const struct store *store, enum field field)
{
    return key_rollup(&(struct key_rollup){store->site->id, PERIOD_DAY, SEALED_DAY, summary_number(field)});
}

static void rollup_missing(struct store *store, struct batch *batch)
{
    take_away(batch, DB_ROLLUPS, key_of_rollup(store, FIELD_PAGE));
}

static void total_missing(struct store *store, struct batch *batch)
{
    take_away(batch, DB_ROLLUPS, key_of_rollup(store, FIELD_N));
}

static void rollup_damaged(struct store *store, struct batch *batch)
{
    struct key key = key_of_rollup(store, FIELD_PAGE);

    store_fixture_damage(batch->txn, DB_ROLLUPS, key_text(&key), 12);
}

static void rollup_of_no_day(struct store *store, struct batch *batch)
{
    (void)store;
    assert_int_equal(db_put(batch->txn, DB_ROLLUPS, TEXT("key"), TEXT("value")), 0);
}

static void rollup_of_other_cells(struct store *store, struct batch *batch)
{
    struct period day = {PERIOD_DAY, SEALED_DAY};
    struct rollups rollups;

    rollups_init(&rollups);
    for (unsigned i = 0; i < SUMMARY_FIELDS; i++)
        if (summary_has((enum field)i))
            assert_int_equal(rollups_get(batch->txn, store->site->id, day, i == FIELD_PAGE ? FIELD_N : (enum field)i,
                                         true, &rollups.of[i]),
                             0);
    assert_int_equal(rollups_put(batch, store->site->id, day, &rollups), 0);
    rollups_deinit(&rollups);
}

static void sequence_behind_ledger(struct store *store, struct batch *batch)
{
    append_record(store, batch, BOB, false);
    batch->next_sequence = NEXT;
}

static void sequence_behind_journal(struct store *store, struct batch *batch)
{
    (void)store;
    batch->next_sequence = ANN_VIEWS_AGAIN;
}

/* Two records, by the store's own key or another. */
static void append_trail(struct store *store, struct batch *batch, bool own)
{
    struct trail_entry entry = {.at_ms = NOW, .actor = ACTOR_TOKEN, .act = ACT_DUMPED, .object = TEXT("journal")};
    uint8_t seed[SECRET_BYTES];
    struct trail trail;

    assert_int_equal(secret_key(store->fixture.folder, SECRET_LEDGER, true, &store->fixture.random.super, seed), 0);
    seed[0] ^= !own;
    trail_init(&trail, seed);
    assert_int_equal(trail_append(batch, &trail, &entry), 0);
    assert_int_equal(trail_append(batch, &trail, &entry), 0);
}

static void trail_whole(struct store *store, struct batch *batch) { append_trail(store, batch, true); }
static void trail_of_another_key(struct store *store, struct batch *batch) { append_trail(store, batch, false); }

static void trail_changed(struct store *store, struct batch *batch)
{
    struct key key = key_sequence(2);

    append_trail(store, batch, true);
    store_fixture_damage(batch->txn, DB_AUDIT, key_text(&key), 45);
}

static void trail_cut_off(struct store *store, struct batch *batch)
{
    append_trail(store, batch, true);
    take_away(batch, DB_AUDIT, key_sequence(2));
}

static void add_request(struct store *store, struct batch *batch)
{
    struct request request = {.kind = REQUEST_OTHER,
                              .state = REQUEST_OPEN,
                              .made_ms = NOW,
                              .due = OPEN_DAY,
                              .text = TEXT("please"),
                              .steps = {{.at_ms = NOW, .state = REQUEST_OPEN}},
                              .n_steps = 1};

    assert_int_equal(requests_add(batch, store->site->id, &request), 0);
}

static void request_damaged(struct store *store, struct batch *batch)
{
    struct key key = key_request(store->site->id, 1);

    add_request(store, batch);
    store_fixture_damage(batch->txn, DB_REQUESTS, key_text(&key), 30);
}

static void request_out_of_the_queue(struct store *store, struct batch *batch)
{
    add_request(store, batch);
    take_away(batch, DB_DUE, key_due(store->site->id, OPEN_DAY, 1));
}

static const struct row {
    const char *name;
    void (*spoil)(struct store *store, struct batch *batch);
    const char *wrong; /* the whole sentence; NULL: nothing is wrong */
    bool rebuild;
} rows[] = {
    {"a good store", NULL, NULL, false},
    {"a good store, built again", NULL, NULL, true},
    {"a version of nothing", version_of_nothing,
     "version of shop at 5: notice 0707070707070707070707070707070707070707070707070707070707070707 is not kept",
     false},
    {"a damaged version", version_damaged, "versions: damaged", false},
    {"no notice", no_notice, "ledger record 1: the notice that it names is not there as it was shown", false},
    {"another notice", other_notice, "ledger record 1: the notice that it names is not there as it was shown", false},
    {"no receipt", no_receipt, "ledger record 3: its receipt does not lead to it", false},
    {"a receipt of another", receipt_of_another, "ledger record 3: its receipt does not lead to it", false},
    {"a receipt of nothing", receipt_of_nothing, "ledger record 3: its receipt does not lead to it", false},
    {"a receipt too many", receipt_too_many, "ledger: 3 records have 4 receipts", false},
    {"a changed record", record_changed, "ledger record 3: its content does not match its hash", false},
    {"a record cut off", record_cut_off, "ledger: its end is not the one that was written last", false},
    {"a live choice of no record", live_without_record,
     "a visitor's live choice refers to ledger record 2, which grants them nothing", false},
    {"a live choice of another", live_by_another,
     "a visitor's live choice refers to ledger record 1, which grants them nothing", false},
    {"a live choice that is a refusal", live_by_refusal,
     "a visitor's live choice refers to ledger record 5, which grants them nothing", false},
    {"a live choice that was taken back", live_but_refused,
     "a visitor's live choice is ledger record 3, but a later one decides", false},
    {"a damaged visitor", visitor_damaged, "visitors: a row is damaged", false},
    {"an event of no record", event_without_consent, "journal record 7: no consent allows it", false},
    {"an event by another's consent", event_by_another, "journal record 7: no consent allows it", false},
    {"an event by a refusal", event_by_refusal, "journal record 7: no consent allows it", false},
    {"an event before its consent", event_before_consent, "journal record 7: no consent allows it", false},
    {"an event after a refusal", event_after_refusal,
     "journal record 7: it was stored after its consent had ended with ledger record 5", false},
    {"fields that are none", event_unreadable, "journal record 7: its fields cannot be read", false},
    {"a damaged event", event_damaged, "journal of shop, 2026-03-03: a record is damaged", false},
    {"an event newer than its day", event_newer_than_day, "journal record 6: it is newer than its day knows", false},
    {"an event too many", event_uncounted, "shop, 2026-03-03: 1 events in the journal, 0 counted", false},
    {"an event too few", event_missing, "shop, 2026-03-03: 1 events in the journal, 2 counted", false},
    {"an event of no day", event_of_no_day, "journal: 1 records belong to no day", false},
    {"a damaged day", day_damaged, "days: a row is damaged", false},
    {"the rollups of a damaged day", day_damaged, "rollups: days or segments behind them are damaged", false},
    {"books that tell more", books_too_many, "books: 4 events stored, 3 in the journal, 0 removed", false},
    {"damaged books", books_damaged, "books of shop, 2026-03-02 09:00 UTC: damaged, or they do not balance", false},
    {"damaged books of no site", books_of_no_site_damaged,
     "books of no site, 2026-03-02 09:00 UTC: damaged, or they do not balance", false},
    {"damaged books of a site that left", books_of_a_lost_site_damaged,
     "books of site number 77, 2026-03-02 09:00 UTC: damaged, or they do not balance", false},
    {"a segment that is missing", segment_missing,
     "segment of shop, 2026-03-02: it is not there, but the day is sealed", false},
    {"a damaged segment", segment_damaged, "segment of shop, 2026-03-02: damaged", false},
    {"a segment of a day that is open", segment_of_open_day, "segment of shop, 2026-03-03: its day was never sealed",
     false},
    {"segments of no day", segments_of_no_day,
     "segment of shop, 2026-03-04: its day was never sealed; 2 segments are wrong", false},
    {"a segment in another one's place", segment_moved, "segment of shop, 2026-03-03: damaged", false},
    {"a segment of no key", segment_of_no_key, "segments: a key is none", false},
    {"a segment of other events, not looked at", segment_of_other_events, NULL, false},
    {"a segment of other events", segment_of_other_events,
     "segment of shop, 2026-03-02: building it again gives other bytes", true},
    {"the segments of a damaged day", day_damaged, "segments: days or events behind them are damaged", false},
    {"a rollup that is missing, not looked for", rollup_missing, NULL, false},
    {"a rollup that is missing", rollup_missing, "rollup of shop, 2026-03-02, event:page: it is not there", true},
    {"a total that is missing", total_missing,
     "rollup of shop, 2026-03-02, totals: it is not there, but the day is sealed", false},
    {"a damaged rollup", rollup_damaged, "rollup of shop, 2026-03-02, event:page: damaged", false},
    {"a rollup of no day", rollup_of_no_day, "rollups: a key is none", false},
    {"a rollup of other cells, not looked at", rollup_of_other_cells, NULL, false},
    {"a rollup of other cells", rollup_of_other_cells,
     "rollup of shop, 2026-03-02, event:page: building it again gives other bytes", true},
    {"a trail that is whole", trail_whole, NULL, false},
    {"a trail of another key", trail_of_another_key, "audit record 1: it is not signed with this store's key", false},
    {"a changed record of the trail", trail_changed, "audit record 2: its content does not match its hash", false},
    {"a trail cut off", trail_cut_off, "audit: its end is not the one that was written last", false},
    {"a request that is whole", add_request, NULL, false},
    {"a damaged request", request_damaged, "request 1 of shop: it is damaged", false},
    {"a request out of the queue", request_out_of_the_queue,
     "request 1 of shop: it is open and has no place in the queue", false},
    {"a sequence behind the ledger", sequence_behind_ledger, "sequence: the next number is 7, but 7 is taken", false},
    {"a sequence behind the journal", sequence_behind_journal, "sequence: the next number is 6, but 6 is taken", false},
};

static void open_store(struct store *store)
{
    store_fixture_init(&store->fixture, store_fixture_yaml);
    store->site = store_fixture_site(&store->fixture, "shop");
    write_config(store);
    fill(store);
}

static void close_store(struct store *store)
{
    store_fixture_deinit(&store->fixture);
    store_fixture_remove(store->folder);
}

static void spoil(struct store *store, const struct row *row)
{
    struct batch batch;

    assert_int_equal(batch_begin(store->fixture.db, &batch), 0);
    row->spoil(store, &batch);
    assert_int_equal(batch_commit(&batch), 0);
}

static void check_verify(struct store *store, const struct row *row)
{
    char output[OUTPUT_BYTES], line[512];
    int exit = verify(store, row->rebuild, output);

    snprintf(line, sizeof line, "wrong  %s\n", row->wrong ? row->wrong : "");
    if (row->wrong ? !strstr(output, line) : strstr(output, "wrong") != NULL)
        fail_msg("\"%s\": verify prints %s", row->name, output);
    check_equal(row->name, exit, row->wrong ? EXIT_NO : EXIT_GOOD);
}

static void test_statements(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct store store;

        open_store(&store);
        if (rows[i].spoil)
            spoil(&store, &rows[i]);
        check_verify(&store, &rows[i]);
        close_store(&store);
    }
}

/* No row, as every batch writes it anew. */
static void test_damaged_sequence(void **state)
{
    static const struct row row = {.name = "a damaged sequence", .wrong = "sequence: damaged"};
    struct store store;
    struct db_txn *txn;
    (void)state;

    open_store(&store);
    assert_int_equal(db_begin_write(store.fixture.db, &txn), 0);
    store_fixture_damage(txn, DB_META, TEXT("sequence"), 0);
    assert_int_equal(db_commit(txn), 0);
    check_verify(&store, &row);
    close_store(&store);
}

/* Keys that only a job refers to are no strays: what the job is to erase is under one of them. */
static void test_keys_of_jobs(void **state)
{
    struct job job = {.sequence = NEXT, .kind = JOB_CUT, .right = RIGHT_WITHDRAWAL, .number = 7};
    char before[OUTPUT_BYTES], after[OUTPUT_BYTES];
    struct store store;
    struct batch batch;
    unsigned n_keys[2], n_strays[2];

    (void)state;
    open_store(&store);
    verify(&store, false, before);
    assert_int_equal(batch_begin(store.fixture.db, &batch), 0);
    job.site = store.site->id;
    job.key = store_fixture_key(&batch);
    job.next = store_fixture_key(&batch);
    assert_int_equal(batch_take_sequence(&batch), NEXT);
    assert_int_equal(job_put(batch.txn, &job), 0);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(verify(&store, false, after), 0);
    for (unsigned i = 0; i < 2; i++) {
        const char *line = strstr(i ? after : before, " that nothing refers to");

        assert_non_null(line);
        while (line[-1] != '\n')
            line--;
        assert_int_equal(sscanf(line, "%*[^0-9]%u keys, %u", &n_keys[i], &n_strays[i]) == 2 ||
                             sscanf(line, "%u keys, %u", &n_keys[i], &n_strays[i]) == 2,
                         1);
    }
    assert_int_equal(n_keys[1], n_keys[0] + 2);
    assert_int_equal(n_strays[1], n_strays[0]);
    close_store(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_statements), cmocka_unit_test(test_damaged_sequence),
                                       cmocka_unit_test(test_keys_of_jobs)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
