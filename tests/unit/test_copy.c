/*
 * The copy of a visitor has each kind of thing that is kept of them, from an
 * open day, from a sealed one, and from one whose journal has expired; and
 * nothing of anybody else.
 */
#include "check.h"
#include "crumb/base/json.h"
#include "crumb/consent/choice.h"
#include "crumb/rights/ask.h"
#include "crumb/rights/copy.h"
#include "crumb/rights/requests.h"
#include "day_store.h"

#define DAY_MS (24 * 3600 * 1000LL)
#define NOW STORE_FIXTURE_NOW_MS
#define SEED ((const uint8_t *)"a seed of thirty-two bytes.....")

struct people {
    struct store_fixture *fixture;
    const struct site *site;
    uint8_t ann[VISITOR_BYTES], bob[VISITOR_BYTES];
};

static void grant(struct people *people, const uint8_t id[VISITOR_BYTES])
{
    struct choice choice = {.site = people->site,
                            .notice = edition_notice(people->fixture->edition, people->site, TEXT_NONE),
                            .kind = CHOICE_GRANT,
                            .surface = SURFACE_API,
                            .granted = choice_all(people->site)};
    struct choice_context context = {.at_ms = NOW};
    struct choice_result result;
    struct batch batch;

    memcpy(context.fresh, id, VISITOR_BYTES);
    memcpy(context.record_id, id, RECORD_ID_BYTES);
    assert_int_equal(batch_begin(people->fixture->db, &batch), 0);
    assert_int_equal(choice_record(&batch, &choice, people->fixture->edition, &context, &result), 0);
    assert_int_equal(batch_commit(&batch), 0);
}

static void view(struct people *people, const uint8_t id[VISITOR_BYTES], int32_t day, const char *path)
{
    BUFFER_AUTO section = BUFFER_INIT(1024);
    struct event event = {.kind = EVENT_PAGEVIEW,
                          .at_ms = (uint64_t)(zone_day_start_ms(people->site->zone, day) + DAY_MS / 2),
                          .path = text_of(path)};
    struct journal_record record = {.site = people->site->id,
                                    .day = day,
                                    .kind = EVENT_PAGEVIEW,
                                    .granted = CLASS_ALL,
                                    .classes = CLASS_BIT(CLASS_LOG)};
    struct visitor visitor;
    struct batch batch;

    event_encode(&event, CLASS_LOG, &section);
    record.sections[CLASS_LOG] = buffer_text(&section);
    assert_int_equal(batch_begin(people->fixture->db, &batch), 0);
    assert_int_equal(visitor_get(batch.txn, people->site->id, id, &visitor), 0);
    record.key = visitor.key;
    record.number = visitor.number;
    record.consent = visitor.consent;
    memcpy(record.visitor, id, VISITOR_BYTES);
    assert_int_equal(journal_append(&batch, &record), 0);
    assert_int_equal(batch_commit(&batch), 0);
}

static void expire(struct people *people, int32_t day)
{
    struct day_state state;
    struct batch batch;

    assert_int_equal(batch_begin(people->fixture->db, &batch), 0);
    assert_int_equal(day_get(batch.txn, people->site->id, day, &state), 0);
    assert_true(day_is_sealed(&state));
    assert_int_equal(batch_doom_key(&batch, state.key), 0);
    state.expired = true;
    assert_int_equal(day_put(batch.txn, people->site->id, day, &state), 0);
    assert_int_equal(batch_commit(&batch), 0);
}

static void ask_for(struct people *people, const uint8_t id[VISITOR_BYTES], const char *text)
{
    struct request request = {.kind = REQUEST_COMPLAINT,
                              .state = REQUEST_OPEN,
                              .has_asker = true,
                              .text = text_of(text),
                              .steps = {{.state = REQUEST_OPEN}},
                              .n_steps = 1};
    struct trail trail;
    struct batch batch;

    trail_init(&trail, SEED);
    trail_visitor(&trail, id, request.asker);
    assert_int_equal(batch_begin(people->fixture->db, &batch), 0);
    assert_int_equal(requests_add(&batch, people->site->id, &request), 0);
    assert_int_equal(batch_commit(&batch), 0);
}

static void correct(struct people *people, const uint8_t id[VISITOR_BYTES])
{
    struct corrections corrections = {.country = true, .to = {.has_country = true, .country = "AT"}};
    struct ask ask = {.site = people->site, .at_ms = NOW};
    struct asked asked;
    struct batch batch;

    memcpy(ask.visitor, id, VISITOR_BYTES);
    assert_int_equal(batch_begin(people->fixture->db, &batch), 0);
    assert_int_equal(ask_correct(&batch, &ask, &corrections, &asked), 0);
    assert_int_equal(batch_commit(&batch), 0);
}

static struct copy_wish wish_of(const struct people *people, const uint8_t id[VISITOR_BYTES])
{
    struct copy_wish wish = {
        .db = people->fixture->db, .edition = people->fixture->edition, .site = people->site, .now_ms = NOW};
    struct trail trail;

    trail_init(&trail, SEED);
    memcpy(wish.visitor, id, VISITOR_BYTES);
    trail_visitor(&trail, id, wish.asker);
    return wish;
}

/* All pieces, as one object. */
static json_t *copy_of(const struct people *people, const uint8_t id[VISITOR_BYTES])
{
    BUFFER_AUTO all = BUFFER_INIT(1 << 20);
    struct copy_wish wish = wish_of(people, id);
    struct copy *copy = NULL;
    json_t *object = NULL;
    struct text piece;

    assert_int_equal(copy_new(&wish, &copy), 0);
    do {
        assert_int_equal(copy_next(copy, &piece), 0);
        buffer_put_text(&all, piece);
    } while (piece.size);
    copy_free(copy);
    assert_int_equal(json_read(buffer_text(&all), &object), 0);
    return object;
}

static void setup(struct people *people, void **state)
{
    *people = (struct people){.fixture = *state, .ann = "visitor ann....", .bob = "visitor bob...."};
    people->site = store_fixture_site(people->fixture, "shop");
    int32_t today = zone_day(people->site->zone, NOW);

    grant(people, people->ann);
    grant(people, people->bob);
    for (int32_t day = today; day < today + 3; day++) {
        view(people, people->ann, day, "/ann");
        view(people, people->bob, day, "/bob");
    }
    day_store_seal(people->fixture, zone_day_start_ms(people->site->zone, today + 2) + DAY_MS / 2);
    expire(people, today);
    ask_for(people, people->ann, "what ann says");
    ask_for(people, people->bob, "what bob says");
    correct(people, people->ann);
}

static bool has(const json_t *object, const char *part)
{
    char *text = json_dumps(object, JSON_COMPACT);

    assert_non_null(text);
    bool found = strstr(text, part) != NULL;
    free(text);
    return found;
}

static void test_everything(void **state)
{
    static const struct {
        const char *name;
        size_t n_events, n_visits;
    } rows[] = {{"a day whose journal has expired", 0, 1}, {"a sealed day", 1, 1}, {"the open day", 1, 0}};
    struct people people;

    setup(&people, state);
    JSON_AUTO *copy = copy_of(&people, people.ann);
    const json_t *days = json_object_get(copy, "days");
    assert_int_equal(json_array_size(days), N_ROWS(rows));
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        const json_t *day = json_array_get(days, i);

        check_equal(rows[i].name, json_array_size(json_object_get(day, "events")), rows[i].n_events);
        check_equal(rows[i].name, json_array_size(json_object_get(day, "visits")), rows[i].n_visits);
        check(rows[i].name, has(day, "/ann"));
    }
    assert_int_equal(json_array_size(json_object_get(copy, "choices")), 1);
    assert_int_equal(json_object_size(json_object_get(copy, "notices")), 1);
    assert_true(has(json_object_get(copy, "corrections"), "\"country\":\"AT\""));
    assert_true(has(json_object_get(copy, "requests"), "what ann says"));
    assert_int_equal(json_array_size(json_object_get(copy, "under_way")), 1);
    assert_false(has(copy, "bob"));
}

/* Nobody, and whoever's key is gone. */
static void test_nobody(void **state)
{
    struct people people;
    struct visitor visitor;
    struct batch batch;
    json_t *object = NULL;

    setup(&people, state);
    struct copy_wish wish = wish_of(&people, (const uint8_t *)"nobody at all..");
    assert_int_equal(copy_overview(&wish, &object), COPY_E_UNKNOWN);
    assert_int_equal(batch_begin(people.fixture->db, &batch), 0);
    assert_int_equal(visitor_get(batch.txn, people.site->id, people.ann, &visitor), 0);
    assert_int_equal(batch_doom_key(&batch, visitor.key), 0);
    assert_int_equal(batch_commit(&batch), 0);
    wish = wish_of(&people, people.ann);
    assert_int_equal(copy_overview(&wish, &object), COPY_E_UNKNOWN);
    assert_null(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {STORE_FIXTURE_TEST(test_everything), STORE_FIXTURE_TEST(test_nobody)};

    if (random_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
