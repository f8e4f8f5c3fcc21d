/*
 * Consent statistics: rows there and back, walks, damage, and the answer.
 */
#include "check.h"
#include "crumb/consent/choice.h"
#include "crumb/query/consents.h"
#include "crumb/store/checksum.h"
#include "crumb/store/consents.h"
#include "store_fixture.h"
#include <errno.h>
#include <string.h>

#define NOW STORE_FIXTURE_NOW_MS
#define DAY_MS (24LL * 3600 * 1000)
#define TODAY 20514 /* 2026-03-02 */

static struct key_consents key_of(uint32_t site, int32_t day, const char *country, enum device device, const char *lang)
{
    struct key_consents of = {.site = site, .day = day, .notice = "notice.", .device = device, .lang = text_of(lang)};

    memcpy(of.country, country, strlen(country));
    return of;
}

static void add(struct db_txn *txn, const struct key_consents *of, unsigned counter, unsigned n)
{
    while (n--)
        assert_int_equal(consents_add(txn, of, counter,
                                      counter == CHOICE_GRANT || counter == CHOICE_DENY || counter == CHOICE_CUSTOM),
                         0);
}

/* ---- keys ---- */

static void test_keys(void **state)
{
    static const struct {
        const char *name, *country, *lang;
        int32_t day;
        enum device device;
    } rows[] = {{"a phone in Germany", "DE", "de", TODAY, DEVICE_PHONE},
                {"nowhere, nothing", "", "en", 0, DEVICE_UNKNOWN},
                {"the longest language", "US", "abcdefgh-abcdefgh-abcdefgh-abcdefgh", INT32_MAX, DEVICE_DESKTOP}};

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct key_consents of = key_of(7, rows[i].day, rows[i].country, rows[i].device, rows[i].lang), back;
        struct key key = key_consents(&of);

        assert_true(key_read_consents(key_text(&key), &back));
        check(rows[i].name, back.site == 7 && back.day == rows[i].day && back.device == rows[i].device);
        check_text(rows[i].name, back.lang, rows[i].lang);
        check_text(rows[i].name, text_of(back.country), rows[i].country);
        assert_memory_equal(back.notice, of.notice, sizeof of.notice);
        /* Without its language it is none; neither is one with a device or country that is none, or too long. */
        check(rows[i].name, !key_read_consents((struct text){(const char *)key.bytes, 19}, &back));
        key.bytes[18] = DEVICE_N;
        check(rows[i].name, !key_read_consents(key_text(&key), &back));
        key.bytes[18] = 0;
        key.bytes[16] = 'd';
        check(rows[i].name, !key_read_consents(key_text(&key), &back));
    }
    struct key_consents of = key_of(7, 1, "DE", DEVICE_PHONE, "abcdefgh-abcdefgh-abcdefgh-abcdefgh"), back;
    struct key key = key_consents(&of);
    key.bytes[key.size++] = 'x';
    assert_false(key_read_consents(key_text(&key), &back));
}

/* ---- rows ---- */

struct walk {
    unsigned n;
    uint64_t shown;
    int32_t last;
};

static int take(void *context, const struct key_consents *of, const struct consents *consents)
{
    struct walk *walk = context;

    walk->n++;
    walk->shown += consents->counts[CONSENTS_SHOWN];
    walk->last = of->day;
    return walk->n == 3 ? 42 : 0;
}

static void test_rows(void **state)
{
    struct store_fixture *fixture = *state;
    struct key_consents rows[] = {key_of(1, 10, "DE", DEVICE_PHONE, "de"), key_of(1, 10, "DE", DEVICE_PHONE, "en"),
                                  key_of(1, 12, "", DEVICE_DESKTOP, "en"), key_of(2, 11, "", DEVICE_DESKTOP, "en")};
    struct walk walk = {.n = 0};
    int32_t first, last;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(consents_bounds(txn, 1, &first, &last), DB_E_NOT_FOUND);
    for (unsigned i = 0; i < N_ROWS(rows); i++)
        add(txn, &rows[i], CONSENTS_SHOWN, i + 1);
    add(txn, &rows[0], CHOICE_RENEW, 300);
    assert_int_equal(consents_each(txn, take, &walk), 42);
    walk = (struct walk){.n = 0};
    assert_int_equal(consents_each_of(txn, 1, 10, 10, take, &walk), 0);
    assert_true(walk.n == 2 && walk.shown == 3);
    walk = (struct walk){.n = 0};
    assert_int_equal(consents_each_of(txn, 1, 11, 99, take, &walk), 0);
    assert_true(walk.n == 1 && walk.shown == 3 && walk.last == 12);
    walk = (struct walk){.n = 0};
    assert_int_equal(consents_each_of(txn, 3, 0, 99, take, &walk), 0);
    assert_int_equal(walk.n, 0);
    assert_int_equal(consents_bounds(txn, 1, &first, &last), 0);
    assert_true(first == 10 && last == 12);
    assert_int_equal(consents_bounds(txn, 2, &first, &last), 0);
    assert_true(first == 11 && last == 11);
    assert_int_equal(consents_bounds(txn, 3, &first, &last), DB_E_NOT_FOUND);
}

static void test_damage(void **state)
{
    struct store_fixture *fixture = *state;
    struct key_consents of = key_of(1, 10, "DE", DEVICE_PHONE, "de");
    struct key key = key_consents(&of);
    struct walk walk = {.n = 0};
    struct text value;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    add(txn, &of, CHOICE_GRANT, 1);
    assert_int_equal(db_get(txn, DB_CONSENTS, key_text(&key), &value), 0);
    size_t size = value.size;
    for (size_t i = 0; i < size; i++) {
        store_fixture_damage(txn, DB_CONSENTS, key_text(&key), i);
        assert_int_equal(consents_add(txn, &of, CHOICE_GRANT, true), -EBADMSG);
        assert_int_equal(consents_each(txn, take, &walk), -EBADMSG);
        store_fixture_damage(txn, DB_CONSENTS, key_text(&key), i);
    }
    assert_int_equal(consents_add(txn, &of, CHOICE_GRANT, true), 0);
}

/* With a right checksum: what nobody of us would write, and what an older crumb wrote, with fewer counters. */
static void test_forms(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t size;
        uint64_t shown; /* UINT64_MAX: damaged */
    } rows[] = {{"fewer counters", "\x01\x02\x05\x01", 4, 5},
                {"no counter", "\x01\x00", 2, 0},
                {"no answers", "\x02\x00", 2, UINT64_MAX},
                {"answers", "\x02\x01\x05\x03", 4, 5},
                {"another version", "\x03\x00\x00", 3, UINT64_MAX},
                {"more counters than there are", "\x01\x0b\1\1\1\1\1\1\1\1\1\1\1", 13, UINT64_MAX},
                {"cut off", "\x01\x02\x05", 3, UINT64_MAX},
                {"bytes behind", "\x01\x01\x05\x05", 4, UINT64_MAX}};
    struct store_fixture *fixture = *state;
    struct key_consents of = key_of(1, 10, "DE", DEVICE_PHONE, "de");
    struct key key = key_consents(&of);
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct walk walk = {.n = 0};
        bool good = rows[i].shown != UINT64_MAX;

        store_fixture_put_checked(txn, DB_CONSENTS, key_text(&key), (struct text){rows[i].bytes, rows[i].size});
        check_equal(rows[i].name, consents_each(txn, take, &walk), good ? 0 : -EBADMSG);
        check_equal(rows[i].name, walk.shown, good ? rows[i].shown : 0);
    }
}

/* ---- counted with the record ---- */

static int sum(void *context, const struct key_consents *of, const struct consents *consents)
{
    struct consents *all = context;

    for (unsigned i = 0; i < CONSENTS_N; i++)
        all->counts[i] += consents->counts[i];
    return 0;
}

static struct consents counted(struct store_fixture *fixture)
{
    struct consents all = {.answered = 0};
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    assert_int_equal(consents_each(txn, sum, &all), 0);
    return all;
}

static struct choice_context context_of(struct store_fixture *fixture)
{
    struct choice_context context = {.at_ms = NOW, .place = {.country = "DE"}, .device = DEVICE_TABLET};

    random_fill(&fixture->random.super, context.fresh, sizeof context.fresh);
    random_fill(&fixture->random.super, context.record_id, sizeof context.record_id);
    return context;
}

/* A transaction that is given up counts nothing, and one that is tried again counts once. */
static void test_counted_with_the_record(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *shop = store_fixture_site(fixture, "shop");
    struct choice choice = {.site = shop,
                            .notice = edition_notice(fixture->edition, shop, TEXT("de")),
                            .kind = CHOICE_DENY,
                            .surface = SURFACE_BANNER};
    struct choice_context context = context_of(fixture);
    struct choice_result result;

    for (unsigned attempt = 0; attempt < 3; attempt++) {
        struct batch batch;

        assert_int_equal(batch_begin(fixture->db, &batch), 0);
        assert_int_equal(choice_record(&batch, &choice, fixture->edition, &context, &result), 0);
        assert_int_equal(choice_count_shown(&batch, &choice, &context), 0);
        if (attempt < 2)
            batch_abort(&batch);
        else
            assert_int_equal(batch_commit(&batch), 0);
        struct consents all = counted(fixture);
        assert_int_equal(all.counts[CHOICE_DENY], attempt == 2);
        assert_int_equal(all.counts[CONSENTS_SHOWN], attempt == 2);
    }
    struct key_consents of = key_of(shop->id, TODAY, "DE", DEVICE_TABLET, "de");
    memcpy(of.notice, choice.notice->hash, sizeof of.notice);
    struct key key = key_consents(&of);
    struct text value;
    DB_TXN_AUTO *txn = NULL;
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    assert_int_equal(db_get(txn, DB_CONSENTS, key_text(&key), &value), 0);
}

/* A statistic that is damaged is no reason to refuse a withdrawal. */
static void test_damaged_row_refuses_nobody(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *shop = store_fixture_site(fixture, "shop");
    struct choice choice = {.site = shop,
                            .notice = edition_notice(fixture->edition, shop, TEXT("en")),
                            .kind = CHOICE_WITHDRAW,
                            .surface = SURFACE_PAGE};
    struct choice_context context = context_of(fixture);
    struct choice_result result;
    struct key_consents of = key_of(shop->id, TODAY, "DE", DEVICE_TABLET, "en");
    struct batch batch;

    memcpy(of.notice, choice.notice->hash, sizeof of.notice);
    struct key key = key_consents(&of);
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    add(batch.txn, &of, CONSENTS_SHOWN, 1);
    store_fixture_damage(batch.txn, DB_CONSENTS, key_text(&key), 3);
    assert_int_equal(choice_record(&batch, &choice, fixture->edition, &context, &result), 0);
    assert_int_equal(choice_count_shown(&batch, &choice, &context), 0);
    batch_abort(&batch);
}

/* ---- the question and its answer ---- */

static void test_parse(void **state)
{
    static const struct {
        const char *range, *dimensions;
        int r;
        unsigned n;
    } rows[] = {
        {"7d", "", 0, 0},
        {"day", "time:day", 0, 1},
        {"all", "time%3Aday,notice,language,country,device", 0, 5},
        {"all", "time:day%2Cdevice", 0, 2},
        {"6mo", "device,country", 0, 2},
        {"2026-01-01,2026-01-31", "", 0, 0},
        {"2026-01-01%2C2026-01-31", "", 0, 0},
        {"", "", QUERY_E_INVALID, 0},
        {"24h", "", QUERY_E_INVALID, 0},
        {"7", "", QUERY_E_INVALID, 0},
        {"2026-01-01", "", QUERY_E_INVALID, 0},
        {"2026-01-01,", "", QUERY_E_INVALID, 0},
        {"2026-02-30,2026-03-01", "", QUERY_E_INVALID, 0},
        {"2026-01-01T00:00:00Z,2026-01-02T00:00:00Z", "", QUERY_E_INVALID, 0},
        {"7d", "page", QUERY_E_INVALID, 0},
        {"7d", "device,device", QUERY_E_INVALID, 0},
        {"7d", "device,,country", QUERY_E_INVALID, 0},
        {"7d", "devi%ZZ", QUERY_E_INVALID, 0},
        {"7d", "%00", QUERY_E_INVALID, 0},
        {"7d",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "x"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "x"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
         QUERY_E_INVALID, 0},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
        struct query_consents query = {.n_dimensions = 0};

        check_equal(rows[i].range,
                    query_consents_parse(text_of(rows[i].range), text_of(rows[i].dimensions), &query, &complaint),
                    rows[i].r);
        check_equal(rows[i].range, complaint.size > 0, rows[i].r != 0);
        check_equal(rows[i].dimensions, query.n_dimensions, rows[i].n);
    }
}

/* Reads the answer to a question about the shop. */
static int ask(struct store_fixture *fixture, const char *range, const char *dimensions, struct buffer *answer)
{
    const struct site *shop = store_fixture_site(fixture, "shop");
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct query_consents query;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(query_consents_parse(text_of(range), text_of(dimensions), &query, &complaint), 0);
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    buffer_clear(answer);
    int r = query_consents_run(&query, txn, "shop", shop->id, shop->zone, NOW, answer, &complaint);
    assert_int_equal(complaint.size > 0, r == QUERY_E_INVALID);
    return r;
}

#define COUNTS(shown, accepted, refused, custom, ignored)                                                              \
    "\"shown\":" #shown ",\"accepted\":" #accepted ",\"refused\":" #refused ",\"custom\":" #custom                     \
    ",\"dismissed\":0,\"withdrawn\":0,\"gpc\":0,\"implied\":0,\"minor\":0,\"renewed\":0,\"ignored\":" #ignored

static void test_answers(void **state)
{
    static const struct {
        const char *range, *dimensions, *results;
    } rows[] = {
        {"day", "", "[{\"dimensions\":[]," COUNTS(9, 3, 2, 1, 3) "}]"},
        {"all", "", "[{\"dimensions\":[]," COUNTS(10, 3, 2, 6, 0) "}]"},
        {"7d", "", "[{\"dimensions\":[]," COUNTS(1, 0, 0, 5, 0) "}]"},
        {"2026-03-02,2026-03-02", "country",
         "[{\"dimensions\":[\"DE\"]," COUNTS(4, 3, 0, 0, 1) "},{\"dimensions\":[\"unknown\"]," COUNTS(5, 0, 2, 1,
                                                                                                      2) "}]"},
        {"all", "time:day,device",
         "[{\"dimensions\":[\"2026-03-01\",\"desktop\"]," COUNTS(
             1, 0, 0, 5,
             0) "},{\"dimensions\":[\"2026-03-02\",\"phone\"]," COUNTS(4, 3, 0, 0,
                                                                       1) "},{\"dimensions\":[\"2026-03-02\","
                                                                          "\"unknown\"]," COUNTS(5, 0, 2, 1, 2) "}]"},
        {"all", "notice", "[{\"dimensions\":[\"6e6f746963652e00\"]," COUNTS(10, 3, 2, 6, 0) "}]"},
        {"all", "language,country",
         "[{\"dimensions\":[\"de\",\"DE\"]," COUNTS(4, 3, 0, 0, 1) "},{\"dimensions\":[\"en\",\"unknown\"]," COUNTS(
             6, 0, 2, 6, 0) "}]"},
        {"2025-01-01,2025-01-31", "", "[{\"dimensions\":[]," COUNTS(0, 0, 0, 0, 0) "}]"},
        {"2025-01-01,2025-01-31", "device", "[]"},
    };
    struct store_fixture *fixture = *state;
    uint32_t shop = store_fixture_site(fixture, "shop")->id, blog = store_fixture_site(fixture, "blog")->id;
    struct key_consents phone = key_of(shop, TODAY, "DE", DEVICE_PHONE, "de");
    struct key_consents unknown = key_of(shop, TODAY, "", DEVICE_UNKNOWN, "en");
    struct key_consents before = key_of(shop, TODAY - 1, "", DEVICE_DESKTOP, "en");
    struct key_consents other = key_of(blog, TODAY, "DE", DEVICE_PHONE, "de");
    BUFFER_AUTO answer = BUFFER_INIT(1 << 20);
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    add(txn, &phone, CONSENTS_SHOWN, 4);
    add(txn, &phone, CHOICE_GRANT, 3);
    add(txn, &unknown, CONSENTS_SHOWN, 5);
    add(txn, &unknown, CHOICE_DENY, 2);
    add(txn, &unknown, CHOICE_CUSTOM, 1);
    add(txn, &before, CONSENTS_SHOWN, 1);
    add(txn, &before, CHOICE_CUSTOM, 5);
    add(txn, &other, CONSENTS_SHOWN, 1000);
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO wanted = BUFFER_INIT(1 << 20);

        buffer_printf(&wanted, "{\"results\":%s,\"meta\":{},\"query\":{\"site_id\":\"shop\"", rows[i].results);
        assert_int_equal(ask(fixture, rows[i].range, rows[i].dimensions, &answer), 0);
        if (!text_starts(buffer_text(&answer), buffer_text(&wanted)))
            fail_msg("%s by %s gives\n%.*s, not\n%.*s...", rows[i].range, rows[i].dimensions,
                     TEXT_ARGS(buffer_text(&answer)), TEXT_ARGS(buffer_text(&wanted)));
    }
    assert_int_equal(ask(fixture, "2026-03-02,2026-03-01", "", &answer), QUERY_E_INVALID);
    assert_int_equal(ask(fixture, "1900-01-01,2999-12-31", "", &answer), QUERY_E_INVALID);
}

/* As many rows as may be, and one more. */
static void test_too_many_rows(void **state)
{
    struct store_fixture *fixture = *state;
    uint32_t shop = store_fixture_site(fixture, "shop")->id;
    BUFFER_AUTO answer = BUFFER_INIT(16 << 20);

    for (unsigned n = 0; n <= QUERY_ROWS_MAX; n += QUERY_ROWS_MAX) {
        DB_TXN_AUTO *txn = NULL;

        assert_int_equal(db_begin_write(fixture->db, &txn), 0);
        for (unsigned i = n; i < n + QUERY_ROWS_MAX && i <= QUERY_ROWS_MAX; i++) {
            struct key_consents of = key_of(shop, (int32_t)(TODAY - i), "", DEVICE_UNKNOWN, "en");

            add(txn, &of, CONSENTS_SHOWN, 1);
        }
        assert_int_equal(db_commit(txn), 0);
        txn = NULL;
        assert_int_equal(ask(fixture, "all", "time:day", &answer), n ? QUERY_E_INVALID : 0);
        assert_int_equal(ask(fixture, "all", "device", &answer), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        STORE_FIXTURE_TEST(test_rows),
        STORE_FIXTURE_TEST(test_damage),
        STORE_FIXTURE_TEST(test_forms),
        STORE_FIXTURE_TEST(test_counted_with_the_record),
        STORE_FIXTURE_TEST(test_damaged_row_refuses_nobody),
        cmocka_unit_test(test_parse),
        STORE_FIXTURE_TEST(test_answers),
        STORE_FIXTURE_TEST(test_too_many_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
