/*
 * Rights against a model: whatever visitors grant, do, withdraw, restrict,
 * correct and erase, whatever is sealed or expires, and wherever the work is
 * killed or finds the disk full, the store tells what a plain list of events does.
 *
 * RIGHTS_SEED and RIGHTS_ROUNDS repeat and lengthen it.
 */
#include "check.h"
#include "crumb/consent/choice.h"
#include "crumb/rights/ask.h"
#include "crumb/rights/requests.h"
#include "crumb/rights/work.h"
#include "crumb/rollup/audit.h"
#include "crumb/rollup/days.h"
#include "crumb/rollup/seal.h"
#include "crumb/rollup/segment.h"
#include "crumb/rollup/tabulate.h"
#include "crumb/store/amended.h"
#include "crumb/store/day.h"
#include "crumb/store/journal.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_MS (24 * 3600 * 1000LL)
#define VISITORS 6 /* browsers: each has one identity at a time */
#define IDENTITIES_MAX 256
#define EVENTS_MAX 4096
#define DAYS_MAX 64
#define STEPS 60
#define ROUNDS 25
#define BYTES_MAX (1 << 22)

enum { ANALYTICS = 1, JOURNEYS = 2, MARKETING = 4, STRICT = 8 };

/* ---- the model ---- */

struct identity {
    uint8_t id[VISITOR_BYTES];
    uint32_t number;
    unsigned granted; /* purposes; 0: it is over */
    bool restricted;
    struct amendment corrected;
};

struct happening {
    uint32_t identity;
    int32_t day;
    int64_t at_ms;
    enum event_kind kind;
    unsigned path;
    unsigned granted; /* classes */
    bool gone;        /* erased */
};

struct model {
    struct store_fixture fixture;
    const struct site *site;
    struct days *days;
    struct random_seeded random;
    int64_t now_ms;
    struct identity identities[IDENTITIES_MAX];
    uint32_t n_identities;
    int browsers[VISITORS]; /* the identity, or -1 */
    struct happening events[EVENTS_MAX];
    unsigned n_events;
    struct key_ref given_up[IDENTITIES_MAX * 4]; /* keys of what was taken back */
    unsigned n_given_up;
    bool expired[DAYS_MAX];                                   /* by day since the first */
    unsigned n_until_kill;                                    /* operations; 0: none is killed */
    enum { KILL_BEFORE, KILL_BEHIND, DISK_FULL, FATES } fate; /* of that one: the last leaves the process alive */
    uint8_t seed[HEAD_KEY_BYTES];
};

static unsigned draw(struct model *model, unsigned n)
{
    uint16_t word;

    random_fill(&model->random.super, &word, sizeof word);
    return word % n;
}

static unsigned classes_of(const struct model *model, unsigned granted)
{
    unsigned classes = 0;

    for (unsigned p = 0; p < model->site->n_purposes; p++)
        if (granted & 1u << p)
            classes |= model->site->purposes[p].collects;
    return classes;
}

static int32_t first_day(const struct model *model) { return zone_day(model->site->zone, STORE_FIXTURE_NOW_MS); }
static int32_t today(const struct model *model) { return zone_day(model->site->zone, model->now_ms); }
static bool *expired_at(struct model *model, int32_t day) { return &model->expired[day - first_day(model)]; }

/* ---- the store ---- */

static int submit(void *context, struct write_op *op)
{
    struct model *model = context;
    bool dies = model->n_until_kill && --model->n_until_kill == 0;
    struct batch batch;

    if (dies && model->fate == KILL_BEFORE)
        return -ECANCELED;
    int r = batch_begin(model->fixture.db, &batch);
    if (r)
        return r;
    r = op->apply(op, &batch);
    if (r || (dies && model->fate == DISK_FULL)) {
        batch_abort(&batch);
        return r ? r : -ENOSPC;
    }
    r = batch_commit(&batch);
    if (dies)
        return -ECANCELED;
    op->done(op, r);
    return r;
}

static void reopen(struct model *model)
{
    days_free(model->days);
    store_fixture_reopen(&model->fixture);
    assert_int_equal(days_new(DAYS_BOUNDS, &model->days), 0);
}

/* Works off jobs; may be killed on the way. */
static void work(struct model *model)
{
    struct clock_manual clock = clock_manual(model->now_ms);
    struct trail trail;
    struct work work = {.db = model->fixture.db,
                        .config = model->fixture.config,
                        .clock = &clock.super,
                        .trail = &trail,
                        .submit = submit,
                        .context = model};
    unsigned n;

    trail_init(&trail, model->seed);
    int r;

    do
        r = work_jobs(&work, &n);
    while (r == 0 && n);
    assert_true(r == 0 || r == -ECANCELED || r == -ENOSPC);
    if (r == -ECANCELED)
        reopen(model);
}

static void seal(struct model *model)
{
    unsigned n;
    int r = seal_due(model->fixture.db, model->fixture.config, model->now_ms, submit, model, NULL, &n);

    assert_true(r == 0 || r == -ECANCELED || r == -ENOSPC);
    if (r == -ECANCELED)
        reopen(model);
}

/* ---- what visitors do ---- */

/* What the choice took away is erased in the model, too. */
static void lose(struct model *model, uint32_t identity, unsigned classes)
{
    for (unsigned i = 0; i < model->n_events; i++) {
        struct happening *event = &model->events[i];

        if (event->identity != identity || event->gone)
            continue;
        event->gone = (classes & CLASS_BIT(event_carrier(event->kind))) != 0;
        event->granted &= ~classes;
        /* What a segment alone has, has no time without its log. */
        if (*expired_at(model, event->day) && classes & CLASS_BIT(CLASS_LOG))
            event->gone = true;
    }
}

static void choose(struct model *model, unsigned browser, unsigned granted, bool erase)
{
    int known = model->browsers[browser];
    struct choice choice = {.site = model->site,
                            .notice = edition_notice(model->fixture.edition, model->site, TEXT_NONE),
                            .kind = granted ? CHOICE_CUSTOM : CHOICE_WITHDRAW,
                            .surface = SURFACE_API,
                            .granted = granted};
    struct choice_context context = {.at_ms = model->now_ms, .known = known >= 0, .erase = erase};
    uint8_t ids[ASK_IDS_BYTES];
    struct choice_result result;
    struct asked asked;
    struct batch batch;

    model->now_ms += VISIT_GAP_MS + 1000; /* all of a visit comes under one choice */
    context.at_ms = model->now_ms;
    if (known >= 0)
        memcpy(context.visitor, model->identities[known].id, VISITOR_BYTES);
    random_fill(&model->random.super, context.fresh, VISITOR_BYTES);
    random_fill(&model->random.super, context.record_id, RECORD_ID_BYTES);
    random_fill(&model->random.super, ids, sizeof ids);
    assert_int_equal(batch_begin(model->fixture.db, &batch), 0);
    assert_int_equal(choice_record(&batch, &choice, model->fixture.edition, &context, &result), 0);
    assert_int_equal(ask_after_choice(&batch, &choice, &context, &result, ids, &asked), 0);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(asked.n, result.n_losses);

    for (unsigned i = 0; i < result.n_losses; i++)
        model->given_up[model->n_given_up++] = result.losses[i].before.key;
    assert_true(model->n_given_up <= N_ROWS(model->given_up) - CHOICE_LOSSES_MAX);
    for (unsigned i = 0; i < result.n_losses; i++)
        lose(model, (uint32_t)known, result.losses[i].classes);
    if (known >= 0)
        model->identities[known].granted = result.keeps_id ? granted : 0;
    model->browsers[browser] = result.keeps_id ? known : -1;
    if (!result.keeps_id || known >= 0)
        return;
    DB_TXN_AUTO *txn = NULL;
    struct visitor row;
    struct identity *identity = &model->identities[model->n_identities];
    assert_true(model->n_identities < IDENTITIES_MAX);
    assert_int_equal(db_begin_read(model->fixture.db, &txn), 0);
    assert_int_equal(visitor_get(txn, model->site->id, result.visitor, &row), 0);
    *identity = (struct identity){.number = row.number, .granted = granted};
    memcpy(identity->id, result.visitor, VISITOR_BYTES);
    model->browsers[browser] = (int)model->n_identities++;
}

static struct event event_of(const struct happening *happening)
{
    static const char *const paths[] = {"/", "/hats", "/cart", "/about"};
    struct event event = {.kind = happening->kind, .at_ms = (uint64_t)happening->at_ms};

    if (happening->granted & CLASS_BIT(CLASS_LOG)) {
        event.host = TEXT("shop.example");
        event.path = text_of(paths[happening->path]);
        event.country = TEXT("DE");
        event.city = TEXT("Berlin");
    }
    if (happening->granted & CLASS_BIT(CLASS_DEVICE)) {
        event.language = TEXT("de");
        event.device = DEVICE_PHONE;
        event.browser = TEXT("Firefox");
    }
    if (happening->granted & CLASS_BIT(CLASS_CLICKPATH) && happening->kind == EVENT_STRUCT) {
        event.category = TEXT("click");
        event.action = text_of(paths[happening->path]);
    }
    if (!(happening->granted & CLASS_BIT(CLASS_LOG)))
        event.at_ms = 0;
    return event;
}

static void store_event(struct model *model, const struct happening *happening)
{
    const struct identity *identity = &model->identities[happening->identity];
    struct event event = event_of(happening);
    BUFFER_AUTO sections = BUFFER_INIT(4096);
    struct visitor row;
    struct batch batch;
    size_t ends[CLASS_N];

    assert_int_equal(batch_begin(model->fixture.db, &batch), 0);
    assert_int_equal(visitor_get(batch.txn, model->site->id, identity->id, &row), 0);
    struct journal_record record = {.site = model->site->id,
                                    .day = happening->day,
                                    .kind = happening->kind,
                                    .number = identity->number,
                                    .key = row.key,
                                    .consent = row.consent,
                                    .granted = happening->granted,
                                    .classes = happening->granted};
    memcpy(record.visitor, identity->id, VISITOR_BYTES);
    for (unsigned class = 0; class < CLASS_N; class ++) {
        event_encode(&event, class, &sections);
        ends[class] = sections.size;
    }
    for (unsigned class = 0; class < CLASS_N; class ++) {
        size_t start = class ? ends[class - 1] : 0;

        record.sections[class] =
            (struct text){.data = (const char *)sections.data + start, .size = ends[class] - start};
    }
    assert_int_equal(journal_append(&batch, &record), 0);
    assert_int_equal(batch_commit(&batch), 0);
}

static void happen(struct model *model, unsigned browser, enum event_kind kind)
{
    int at = model->browsers[browser];

    if (at < 0 || model->n_events == EVENTS_MAX)
        return;
    struct identity *identity = &model->identities[at];
    unsigned classes = classes_of(model, identity->granted);
    if (identity->restricted || !(classes & CLASS_BIT(event_carrier(kind))))
        return;
    struct happening *happening = &model->events[model->n_events++];
    *happening = (struct happening){.identity = (uint32_t)at,
                                    .day = today(model),
                                    .at_ms = model->now_ms,
                                    .kind = kind,
                                    .path = draw(model, 4),
                                    .granted = classes};
    model->now_ms += 1000 * (1 + draw(model, 50));
    store_event(model, happening);
}

/* Views with a click between them, so that no visit's end is a click. */
static void visit_site(struct model *model, unsigned browser)
{
    happen(model, browser, EVENT_PAGEVIEW);
    if (today(model) != zone_day(model->site->zone, model->now_ms + 3600 * 1000LL))
        return;
    happen(model, browser, EVENT_STRUCT);
    happen(model, browser, EVENT_PAGEVIEW);
}

static void restrict_visitor(struct model *model, unsigned browser, bool restricted)
{
    int at = model->browsers[browser];
    struct ask ask = {.site = model->site, .at_ms = model->now_ms};
    struct asked asked;
    struct batch batch;

    if (at < 0)
        return;
    memcpy(ask.visitor, model->identities[at].id, VISITOR_BYTES);
    random_fill(&model->random.super, ask.deed, DEED_ID_BYTES);
    assert_int_equal(batch_begin(model->fixture.db, &batch), 0);
    assert_int_equal(ask_restrict(&batch, &ask, restricted, &asked), 0);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(asked.n, model->identities[at].restricted != restricted);
    model->identities[at].restricted = restricted;
}

static void correct_visitor(struct model *model, unsigned browser)
{
    int at = model->browsers[browser];
    struct ask ask = {.site = model->site, .at_ms = model->now_ms};
    struct corrections corrections = {.country = draw(model, 2), .language = draw(model, 2), .device = true};
    struct asked asked;
    struct batch batch;

    if (at < 0)
        return;
    corrections.to = (struct amendment){.has_country = draw(model, 3),
                                        .country = "AT",
                                        .has_language = draw(model, 3),
                                        .language = "fr",
                                        .has_device = draw(model, 3),
                                        .device = DEVICE_TABLET};
    memcpy(ask.visitor, model->identities[at].id, VISITOR_BYTES);
    random_fill(&model->random.super, ask.deed, DEED_ID_BYTES);
    assert_int_equal(batch_begin(model->fixture.db, &batch), 0);
    assert_int_equal(ask_correct(&batch, &ask, &corrections, &asked), 0);
    assert_int_equal(batch_commit(&batch), 0);
    struct amendment *kept = &model->identities[at].corrected;
    if (corrections.country)
        kept->has_country = corrections.to.has_country;
    if (corrections.language)
        kept->has_language = corrections.to.has_language;
    kept->has_device = corrections.to.has_device;
}

static bool is_sealed(struct model *model, int32_t day)
{
    DB_TXN_AUTO *txn = NULL;
    struct day_state state;

    assert_int_equal(db_begin_read(model->fixture.db, &txn), 0);
    return day_get(txn, model->site->id, day, &state) == 0 && day_is_sealed(&state);
}

/* As retention would: the journal of a sealed day goes. */
static void expire_day(struct model *model, int32_t day)
{
    struct day_state state;
    struct batch batch;
    DB_CURSOR_AUTO *cursor = NULL;
    struct key from = key_journal(model->site->id, day, 0), keys[512];
    struct text key, value;
    size_t n = 0;

    if (!is_sealed(model, day))
        return;
    assert_int_equal(batch_begin(model->fixture.db, &batch), 0);
    assert_int_equal(day_get(batch.txn, model->site->id, day, &state), 0);
    assert_int_equal(db_cursor_new(batch.txn, DB_JOURNAL, &cursor), 0);
    for (int r = db_cursor_seek(cursor, key_text(&from), &key, &value); r == 0;
         r = db_cursor_next(cursor, &key, &value)) {
        uint32_t site;
        int32_t of;
        uint64_t sequence;

        assert_true(key_read_journal(key, &site, &of, &sequence));
        if (site != model->site->id || of != day)
            break;
        assert_true(n < N_ROWS(keys));
        keys[n++] = key_journal(site, of, sequence);
    }
    cursor = db_cursor_free(cursor);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(db_delete(batch.txn, DB_JOURNAL, key_text(&keys[i])), 0);
    assert_int_equal(n, state.events);
    state.removed += state.events;
    state.events = 0;
    state.expired = true;
    assert_int_equal(day_put(batch.txn, model->site->id, day, &state), 0);
    assert_int_equal(batch_commit(&batch), 0);
    *expired_at(model, day) = true;
    for (unsigned i = 0; i < model->n_events; i++) /* what has no time was never in the segment */
        model->events[i].gone |= model->events[i].day == day && !(model->events[i].granted & CLASS_BIT(CLASS_LOG));
}

/* ---- the comparison ---- */

static void tabulate_model(struct model *model, int32_t day, struct table *ret_table)
{
    struct gather *gather;

    assert_int_equal(gather_new(zone_day_start_ms(model->site->zone, day), &gather), 0);
    for (unsigned i = 0; i < model->n_events; i++) {
        const struct happening *happening = &model->events[i];
        const struct identity *identity = &model->identities[happening->identity];
        const struct amendment *corrected = &identity->corrected;

        if (happening->day != day || happening->gone || identity->restricted)
            continue;
        struct event event = event_of(happening);
        if (corrected->has_country) {
            event.country = TEXT("AT");
            event.city = TEXT_NONE;
        }
        if (corrected->has_language)
            event.language = TEXT("fr");
        if (corrected->has_device)
            event.device = DEVICE_TABLET;
        struct gather_event one = {.sequence = i + 1,
                                   .visitor = identity->number,
                                   .traced = happening->granted & CLASS_BIT(CLASS_CLICKPATH),
                                   .event = &event};
        assert_int_equal(gather_add(gather, &one), 0);
    }
    assert_int_equal(tabulate_table(gather, ret_table), 0);
    gather_free(gather);
}

static void show_difference(struct model *model, int32_t day, const struct table *table, const struct table *wanted)
{
    fprintf(stderr, "expired: %d\n", *expired_at(model, day));
    for (unsigned column = 0; column < COLUMN_N; column++) {
        uint32_t n = table->n[table_relation(column)], m = wanted->n[table_relation(column)];

        for (uint32_t i = 0; i < n || i < m; i++) {
            int64_t a = i < n ? (int64_t)table->columns[column][i] : -1,
                    b = i < m ? (int64_t)wanted->columns[column][i] : -1;

            if (a != b)
                fprintf(stderr, "relation %d %s[%u]: %lld, wanted %lld\n", (int)table_relation(column),
                        table_column_name(column), i, (long long)a, (long long)b);
        }
    }
}

static void check_day(struct model *model, int32_t day, unsigned step)
{
    BUFFER_AUTO left = BUFFER_INIT(BYTES_MAX), right = BUFFER_INIT(BYTES_MAX);
    const struct table *table = NULL;
    struct table wanted;
    enum days_tier tier;
    DB_TXN_AUTO *txn = NULL;

    tabulate_model(model, day, &wanted);
    assert_int_equal(db_begin_read(model->fixture.db, &txn), 0);
    assert_int_equal(days_pin(model->days, txn, model->site, day, COLUMN_ALL, &table, &tier), 0);
    if (table) {
        segment_encode(table, &left);
        segment_encode(&wanted, &right);
        if (!text_equal(buffer_text(&left), buffer_text(&right)))
            show_difference(model, day, table, &wanted);
        if (!text_equal(buffer_text(&left), buffer_text(&right)))
            fail_msg("step %u: day %d has %u visits and %u hits, not %u and %u, or others", step,
                     day - first_day(model), table->n[RELATION_VISIT], table->n[RELATION_HIT], wanted.n[RELATION_VISIT],
                     wanted.n[RELATION_HIT]);
    } else {
        assert_int_equal(wanted.n[RELATION_VISIT], 0);
    }
    days_unpin(model->days, table);
    table_deinit(&wanted);
}

/* The journal has what the model has, no more. */
static int count_record(void *context, const struct journal_record *record)
{
    (void)record;
    ++*(unsigned *)context;
    return 0;
}

static void check_journal(struct model *model)
{
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(model->fixture.db, &txn), 0);
    for (int32_t day = first_day(model); day <= today(model); day++) {
        unsigned n = 0, wanted = 0;

        assert_int_equal(journal_each(txn, model->site->id, day, 0, count_record, &n), 0);
        for (unsigned i = 0; i < model->n_events; i++)
            wanted += model->events[i].day == day && !model->events[i].gone && !*expired_at(model, day);
        assert_int_equal(n, wanted);
    }
}

static void check_sound(struct model *model)
{
    struct audit_finding finding;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(model->fixture.db, &txn), 0);
    int r = audit_segments(txn, model->fixture.config, true, &finding);
    if (r == 0)
        r = audit_rollups(txn, true, &finding);
    if (r)
        fail_msg("day %d: %s", finding.period.number - first_day(model), finding.what);
}

/* Whatever free pages and backups have under them, nobody reads it; and everybody else's are there. */
static void check_keys(struct model *model)
{
    DB_TXN_AUTO *txn = NULL;
    uint8_t key[CRYPT_KEY_BYTES];
    struct visitor row;

    assert_int_equal(db_begin_read(model->fixture.db, &txn), 0);
    for (unsigned i = 0; i < model->n_given_up; i++)
        assert_int_equal(keyring_get(db_keyring(txn), model->given_up[i], key), KEYRING_E_GONE);
    for (unsigned i = 0; i < VISITORS; i++) {
        if (model->browsers[i] < 0)
            continue;
        assert_int_equal(visitor_get(txn, model->site->id, model->identities[model->browsers[i]].id, &row), 0);
        assert_int_equal(keyring_get(db_keyring(txn), row.key, key), 0);
    }
    assert_int_equal(
        store_fixture_rows(model->fixture.db, DB_AMENDED) <= store_fixture_rows(model->fixture.db, DB_VISITORS), 1);
}

static void check_all(struct model *model, unsigned step)
{
    check_keys(model);
    for (int32_t day = first_day(model); day <= today(model); day++)
        check_day(model, day, step);
    check_journal(model);
    check_sound(model);
}

/* ---- rounds ---- */

static void act(struct model *model)
{
    unsigned browser = draw(model, VISITORS);

    switch (draw(model, 12)) {
    case 0:
    case 1:
        choose(model, browser, 1 + draw(model, 15), false);
        break;
    case 2:
        choose(model, browser, 0, draw(model, 2));
        break;
    case 3:
        restrict_visitor(model, browser, draw(model, 2));
        break;
    case 4:
        correct_visitor(model, browser);
        break;
    case 5:
        model->now_ms += DAY_MS / 4 * (1 + draw(model, 6));
        break;
    case 6:
        expire_day(model, first_day(model) + (int32_t)draw(model, (unsigned)(today(model) - first_day(model) + 1)));
        break;
    default:
        visit_site(model, browser);
    }
}

static void begin_round(struct model *model, uint64_t seed)
{
    memset(model, 0, sizeof *model);
    store_fixture_init(&model->fixture, store_fixture_yaml);
    model->site = store_fixture_site(&model->fixture, "shop");
    model->random = random_seeded(seed);
    model->now_ms = STORE_FIXTURE_NOW_MS;
    assert_int_equal(days_new(DAYS_BOUNDS, &model->days), 0);
    for (unsigned i = 0; i < VISITORS; i++)
        model->browsers[i] = -1;
    for (unsigned i = 0; i < VISITORS; i++)
        choose(model, i, 1 + draw(model, 15), false);
}

static void end_round(struct model *model)
{
    days_free(model->days);
    store_fixture_deinit(&model->fixture);
}

/* Expiry needs jobs to be done: what a segment has is only then what the model has. */
static void settle(struct model *model)
{
    while (store_fixture_rows(model->fixture.db, DB_JOBS))
        work(model);
}

static void run_round(struct model *model, unsigned *n_kills)
{
    for (unsigned step = 0; step < STEPS && today(model) < first_day(model) + DAYS_MAX - 4; step++) {
        settle(model);
        act(model);
        act(model);
        if (draw(model, 3) == 0) {
            model->n_until_kill = 1 + draw(model, 12);
            model->fate = draw(model, FATES);
            *n_kills += 1;
        }
        work(model);
        seal(model);
        model->n_until_kill = 0;
        settle(model);
        check_all(model, step);
    }
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* Killed behind the first step, with days left to be built: no answer tells any more of whoever asked. */
static void test_marked_first(void **state)
{
    struct model *model = calloc(1, sizeof *model);

    (void)state;
    assert_non_null(model);
    begin_round(model, 1);
    choose(model, 0, ANALYTICS | JOURNEYS, false);
    for (unsigned day = 0; day < 4; day++) {
        visit_site(model, 0);
        visit_site(model, 1);
        model->now_ms += DAY_MS;
    }
    seal(model);
    settle(model);
    check_all(model, 0);
    for (unsigned i = 0; i < 2; i++) {
        if (i == 0)
            restrict_visitor(model, 0, true);
        else
            choose(model, 0, 0, true);
        model->n_until_kill = 2;
        model->fate = KILL_BEFORE;
        work(model); /* the days are marked, and that was all */
        model->n_until_kill = 0;
        assert_int_equal(store_fixture_rows(model->fixture.db, DB_JOBS), 1);
        for (int32_t day = first_day(model); day <= today(model); day++)
            check_day(model, day, i);
        seal(model);
        settle(model);
        check_all(model, 1 + i);
    }
    end_round(model);
    free(model);
}

/* Whoever asks for an erasure again is told of the erasure, whatever else was asked for before. */
static void test_erasing(void **state)
{
    struct model *model = calloc(1, sizeof *model);
    DB_TXN_AUTO *txn = NULL;
    struct job job;

    (void)state;
    assert_non_null(model);
    begin_round(model, 1);
    uint32_t site = model->site->id;
    int ann = model->browsers[0];
    restrict_visitor(model, 0, true);
    assert_int_equal(db_begin_read(model->fixture.db, &txn), 0);
    assert_int_equal(job_erasing(txn, site, model->identities[ann].id, &job), DB_E_NOT_FOUND);
    txn = db_abort(txn);
    choose(model, 0, 0, true);
    assert_int_equal(db_begin_read(model->fixture.db, &txn), 0);
    assert_int_equal(job_erasing(txn, site, model->identities[ann].id, &job), 0);
    assert_int_equal(job.right, RIGHT_ERASURE);
    txn = db_abort(txn);
    end_round(model);
    free(model);
}

/* What the ledger has of whoever was erased leads to nothing that they asked the site for. */
static void test_requests_are_nobodys(void **state)
{
    struct request request = {.kind = REQUEST_OTHER,
                              .state = REQUEST_OPEN,
                              .has_asker = true,
                              .text = TEXT("please"),
                              .steps = {{.state = REQUEST_OPEN}},
                              .n_steps = 1};
    struct model *model = calloc(1, sizeof *model);
    struct batch batch;
    struct trail trail;

    (void)state;
    assert_non_null(model);
    begin_round(model, 1);
    trail_init(&trail, model->seed);
    trail_visitor(&trail, model->identities[model->browsers[0]].id, request.asker);
    assert_int_equal(batch_begin(model->fixture.db, &batch), 0);
    assert_int_equal(requests_add(&batch, model->site->id, &request), 0);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(store_fixture_rows(model->fixture.db, DB_ASKERS), 1);
    choose(model, 0, 0, true);
    settle(model);
    assert_int_equal(store_fixture_rows(model->fixture.db, DB_ASKERS), 0);
    assert_int_equal(store_fixture_rows(model->fixture.db, DB_REQUESTS), 1);
    assert_false(store_fixture_has_bytes(model->fixture.folder, TEXT("please")));
    end_round(model);
    free(model);
}

static void test_model(void **state)
{
    uint64_t seed = number_of("RIGHTS_SEED", 1), rounds = number_of("RIGHTS_ROUNDS", ROUNDS);
    struct model *model = calloc(1, sizeof *model);
    unsigned n_kills = 0;

    assert_non_null(model);
    for (uint64_t i = 0; i < rounds; i++) {
        print_message("# RIGHTS_SEED=%llu RIGHTS_ROUNDS=1 repeats this round\n", (unsigned long long)(seed + i));
        begin_round(model, seed + i);
        run_round(model, &n_kills);
        end_round(model);
    }
    assert_true(rounds < ROUNDS || n_kills > 100);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_marked_first), cmocka_unit_test(test_erasing),
                                       cmocka_unit_test(test_requests_are_nobodys), cmocka_unit_test(test_model)};

    if (random_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
