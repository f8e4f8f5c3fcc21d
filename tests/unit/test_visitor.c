/*
 * Visitors: the row there and back, damaged rows, and when a choice expires.
 */
#include "check.h"
#include "crumb/base/buffer.h"
#include "crumb/consent/visitor.h"
#include "crumb/store/checksum.h"
#include "store_fixture.h"
#include <errno.h>

#define ID ((const uint8_t *)"visitor-no-00001")
#define OTHER_ID ((const uint8_t *)"visitor-no-00002")
#define NOW STORE_FIXTURE_NOW_MS

static const struct place nowhere;

static struct visitor some_visitor(void)
{
    struct visitor visitor = {.choice = CHOICE_CUSTOM,
                              .gpc_at_choice = true,
                              .restricted = false,
                              .minor = true,
                              .regime = REGIME_OPT_OUT,
                              .country = "US",
                              .consent = 0x1122334455667788,
                              .number = 3,
                              .since_ms = NOW - 1000,
                              .at_ms = NOW,
                              .granted = {UINT64_MAX, 0, 5},
                              .n_granted = 3};

    return visitor;
}

static void check_same(const struct visitor *a, const struct visitor *b)
{
    assert_int_equal(a->choice, b->choice);
    assert_int_equal(a->regime, b->regime);
    assert_string_equal(a->country, b->country);
    assert_int_equal(a->gpc_at_choice, b->gpc_at_choice);
    assert_int_equal(a->restricted, b->restricted);
    assert_int_equal(a->minor, b->minor);
    assert_true(a->consent == b->consent && a->number == b->number);
    assert_true(a->since_ms == b->since_ms && a->at_ms == b->at_ms);
    assert_int_equal(a->n_granted, b->n_granted);
    for (unsigned i = 0; i < a->n_granted; i++)
        assert_true(a->granted[i] == b->granted[i]);
}

static void test_round_trip(void **state)
{
    struct store_fixture *fixture = *state;
    struct visitor found;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(visitor_get(txn, 1, ID, &found), DB_E_NOT_FOUND);
    for (unsigned kind = CHOICE_GRANT; kind < CHOICE_N; kind++)
        for (unsigned flags = 0; flags < 8; flags++) {
            struct visitor visitor = some_visitor();

            visitor.choice = kind;
            visitor.regime = REGIME_OPT_IN + kind % (REGIME_N - 1);
            if (flags & 1)
                visitor.country[0] = visitor.country[1] = '\0';
            visitor.gpc_at_choice = flags & 1;
            visitor.restricted = flags & 2;
            visitor.minor = flags & 4;
            visitor.n_granted = flags == 7 ? PURPOSES_MAX : flags % 4;
            for (unsigned i = 0; i < visitor.n_granted; i++)
                visitor.granted[i] = 0x0101010101010101 * i;
            assert_int_equal(visitor_put(txn, 1, ID, &visitor), 0);
            assert_int_equal(visitor_get(txn, 1, ID, &found), 0);
            check_same(&visitor, &found);
        }
    assert_int_equal(visitor_get(txn, 2, ID, &found), DB_E_NOT_FOUND); /* another site's visitor is another */
    assert_int_equal(visitor_get(txn, 1, OTHER_ID, &found), DB_E_NOT_FOUND);
    assert_int_equal(visitor_delete(txn, 1, ID), 0);
    assert_int_equal(visitor_delete(txn, 1, ID), 0);
    assert_int_equal(visitor_get(txn, 1, ID, &found), DB_E_NOT_FOUND);
}

static void test_damage(void **state)
{
    struct store_fixture *fixture = *state;
    struct key key = key_visitor(1, ID), other = key_visitor(1, OTHER_ID);
    struct visitor visitor = some_visitor(), found;
    struct text value;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(visitor_put(txn, 1, ID, &visitor), 0);
    assert_int_equal(db_get(txn, DB_VISITORS, key_text(&key), &value), 0);
    BUFFER_AUTO copy = BUFFER_INIT(1000);
    buffer_put_text(&copy, value);
    for (size_t i = 0; i < copy.size; i++) {
        store_fixture_damage(txn, DB_VISITORS, key_text(&key), i);
        assert_int_equal(visitor_get(txn, 1, ID, &found), -EBADMSG);
        store_fixture_damage(txn, DB_VISITORS, key_text(&key), i);
        assert_int_equal(db_put(txn, DB_VISITORS, key_text(&other), (struct text){(const char *)copy.data, i}), 0);
        assert_int_equal(visitor_get(txn, 1, OTHER_ID, &found), -EBADMSG);
    }
    assert_int_equal(visitor_get(txn, 1, ID, &found), 0);
    /* A row that was moved to another visitor grants that one nothing. */
    assert_int_equal(db_put(txn, DB_VISITORS, key_text(&other), buffer_text(&copy)), 0);
    assert_int_equal(visitor_get(txn, 1, OTHER_ID, &found), -EBADMSG);
}

/* Rows with a good checksum that nobody of us would write. */
static void test_forms_that_are_none(void **state)
{
    static const struct {
        const char *name;
        unsigned version, choice, flags, n_granted, regime;
        const char *country; /* NULL: neither regime nor country */
        bool good;
    } rows[] = {
        {"a grant", 1, CHOICE_GRANT, 0, 1, REGIME_OPT_IN, "DE", true},
        {"from nowhere", 1, CHOICE_GRANT, 0, 1, REGIME_NOTICE_ONLY, "--", true},
        {"all flags, all purposes", 1, CHOICE_RENEW, 7, PURPOSES_MAX, REGIME_OPT_OUT, "US", true},
        {"too short", 1, CHOICE_GRANT, 0, 1, 0, NULL, false},
        {"no version", 0, CHOICE_GRANT, 0, 1, REGIME_OPT_IN, "DE", false},
        {"another version", 2, CHOICE_GRANT, 0, 1, REGIME_OPT_IN, "DE", false},
        {"no choice", 1, 0, 0, 1, REGIME_OPT_IN, "DE", false},
        {"a choice that is none", 1, CHOICE_N, 0, 1, REGIME_OPT_IN, "DE", false},
        {"a flag that is none", 1, CHOICE_GRANT, 8, 1, REGIME_OPT_IN, "DE", false},
        {"too many purposes", 1, CHOICE_GRANT, 0, PURPOSES_MAX + 1, REGIME_OPT_IN, "DE", false},
        {"no regime", 1, CHOICE_GRANT, 0, 1, 0, "DE", false},
        {"a regime that is none", 1, CHOICE_GRANT, 0, 1, REGIME_N, "DE", false},
        {"a country in small letters", 1, CHOICE_GRANT, 0, 1, REGIME_OPT_IN, "de", false},
        {"half a country", 1, CHOICE_GRANT, 0, 1, REGIME_OPT_IN, "-E", false},
        {"bytes behind", 1, CHOICE_GRANT, 0, 1, REGIME_OPT_IN, "DE-", false},
    };
    struct store_fixture *fixture = *state;
    struct key key = key_visitor(1, ID);
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(1000);
        struct visitor found;

        buffer_put_u8(&buffer, (uint8_t)rows[i].version);
        buffer_put_u8(&buffer, (uint8_t)rows[i].choice);
        buffer_put_u8(&buffer, (uint8_t)rows[i].flags);
        buffer_put_u64(&buffer, 1);
        buffer_put_u32(&buffer, 2);
        keyring_put_ref(&buffer, (struct key_ref){5, 1});
        buffer_put_u64(&buffer, 3);
        buffer_put_u64(&buffer, 4);
        buffer_put_u8(&buffer, (uint8_t)rows[i].n_granted);
        for (unsigned n = 0; n < rows[i].n_granted; n++)
            buffer_put_u64(&buffer, n);
        if (rows[i].country) {
            buffer_put_u8(&buffer, (uint8_t)rows[i].regime);
            buffer_put_text(&buffer, text_of(rows[i].country));
        }
        checksum_put(&buffer, key_text(&key));
        assert_int_equal(db_put(txn, DB_VISITORS, key_text(&key), buffer_text(&buffer)), 0);
        check_equal(rows[i].name, visitor_get(txn, 1, ID, &found), rows[i].good ? 0 : -EBADMSG);
    }
}

struct walk {
    unsigned n, stop_at;
};

static int visit(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], const struct visitor *visitor)
{
    struct walk *walk = context;

    assert_int_equal(site, walk->n < 2 ? 1 : 2);
    assert_memory_equal(id, walk->n == 1 ? OTHER_ID : ID, VISITOR_BYTES);
    assert_int_equal(visitor->number, walk->n);
    return ++walk->n == walk->stop_at ? 42 : 0;
}

static void test_walk(void **state)
{
    struct store_fixture *fixture = *state;
    struct visitor visitor = some_visitor();
    struct walk walk = {.n = 0};
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    visitor.number = 2;
    assert_int_equal(visitor_put(txn, 2, ID, &visitor), 0);
    visitor.number = 1;
    assert_int_equal(visitor_put(txn, 1, OTHER_ID, &visitor), 0);
    visitor.number = 0;
    assert_int_equal(visitor_put(txn, 1, ID, &visitor), 0);
    assert_int_equal(visitor_each(txn, visit, &walk), 0);
    assert_int_equal(walk.n, 3);
    walk = (struct walk){.stop_at = 1};
    assert_int_equal(visitor_each(txn, visit, &walk), 42);
    struct key key = key_visitor(1, OTHER_ID);
    store_fixture_damage(txn, DB_VISITORS, key_text(&key), 0);
    walk = (struct walk){.stop_at = 0};
    assert_int_equal(visitor_each(txn, visit, &walk), -EBADMSG);
    assert_int_equal(walk.n, 1);
}

/* The shop keeps a choice for 180 days and a visitor id for 390. */
static void test_expiry(void **state)
{
    static const struct {
        const char *name;
        int64_t since_ago_ms, at_ago_ms;
        bool live;
    } rows[] = {
#define DAY (24LL * 3600 * 1000)
        {"this moment", 0, 0, true},
        {"a millisecond before the choice expires", 180 * DAY - 1, 180 * DAY - 1, true},
        {"the choice expires", 180 * DAY, 180 * DAY, false},
        {"long ago", 1000 * DAY, 999 * DAY, false},
        {"a millisecond before the id expires", 390 * DAY - 1, 10 * DAY, true},
        {"the id expires, though the choice is fresh", 390 * DAY, 10 * DAY, false},
        {"a choice from the future", 0, -1, false},
        {"a clock that was set back", 5 * DAY, -3600000, false},
#undef DAY
    };
    struct store_fixture *fixture = *state;
    const struct site *site = store_fixture_site(fixture, "shop");

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct visitor visitor = {.choice = CHOICE_GRANT,
                                  .since_ms = NOW - rows[i].since_ago_ms,
                                  .at_ms = NOW - rows[i].at_ago_ms,
                                  .granted = {site->purposes[0].material},
                                  .n_granted = 1};
        struct policy_answer answer = visitor_allowed(&visitor, site, &nowhere, false, NOW);

        check_equal(rows[i].name, visitor_is_live(&visitor, site, NOW), rows[i].live);
        check_equal(rows[i].name, answer.classes, rows[i].live ? CLASS_BIT(CLASS_LOG) | CLASS_BIT(CLASS_DEVICE) : 0);
        check_equal(rows[i].name, answer.reason, REASON_NO_CONSENT);
    }
}

static void test_until(void **state)
{
    static const struct {
        const char *name;
        int64_t since_day, at_day, segments_days;
        bool rests;
        int64_t until_day;
    } rows[] = {
        {"as long as the id", 0, 0, 750, false, 390},
        {"chosen anew, as long as the id", 0, 300, 750, false, 390},
        {"rests as long as the id", 0, 300, 750, true, 390},
        {"rests no longer than the last visit is kept", 0, 100, 60, true, 160},
        {"grants, and no longer than the last visit will be kept", 0, 0, 60, false, 240},
    };
    struct store_fixture *fixture = *state;
    struct site *site = &fixture->config->sites[0];
    int64_t day_ms = 24LL * 3600 * 1000;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct visitor visitor = {.since_ms = NOW + rows[i].since_day * day_ms,
                                  .at_ms = NOW + rows[i].at_day * day_ms,
                                  .n_granted = !rows[i].rests};

        site->retention.segments_ms = rows[i].segments_days * day_ms;
        check_equal(rows[i].name, visitor_until_ms(&visitor, site), NOW + rows[i].until_day * day_ms);
        check(rows[i].name, !rows[i].rests || !visitor_is_live(&visitor, site, visitor.at_ms));
    }
}

/* From the row to the policy: purposes of the shop are analytics, journeys, marketing, strict. */
static void test_allowed(void **state)
{
    static const struct {
        const char *name;
        enum choice_kind choice;
        enum regime regime;  /* at the choice */
        const char *granted; /* purposes, by the first letter; '?' is one that is no more */
        bool gpc_now, gpc_then, restricted, minor;
        unsigned classes;
        enum reason reason;
        const char *stand; /* purposes that are granted now */
        enum regime now;   /* 0: as at the choice */
    } rows[] = {
        {"everything", CHOICE_GRANT, REGIME_OPT_IN, "ajms", 0, 0, 0, 0, CLASS_ALL, REASON_NO_CONSENT, "ajms", 0},
        {"analytics", CHOICE_CUSTOM, REGIME_OPT_IN, "a", 0, 0, 0, 0, 3, REASON_NO_CONSENT, "a", 0},
        {"journeys", CHOICE_CUSTOM, REGIME_OPT_IN, "j", 0, 0, 0, 0, 4, REASON_NO_CONSENT, "j", 0},
        {"marketing collects nothing", CHOICE_CUSTOM, REGIME_OPT_IN, "m", 0, 0, 0, 0, 0, REASON_NO_CONSENT, "m", 0},
        {"strict", CHOICE_CUSTOM, REGIME_OPT_IN, "s", 0, 0, 0, 0, 1, REASON_NO_CONSENT, "s", 0},
        {"strict and journeys", CHOICE_CUSTOM, REGIME_OPT_IN, "sj", 0, 0, 0, 0, 5, REASON_NO_CONSENT, "sj", 0},
        {"a purpose that changed", CHOICE_GRANT, REGIME_OPT_IN, "?", 0, 0, 0, 0, 0, REASON_STALE_NOTICE, "", 0},
        {"one that changed, one that did not", CHOICE_GRANT, REGIME_OPT_IN, "?s", 0, 0, 0, 0, 1, REASON_STALE_NOTICE,
         "s", 0},
        {"refused", CHOICE_DENY, REGIME_OPT_IN, "", 0, 0, 0, 0, 0, REASON_NO_CONSENT, "", 0},
        {"the signal came", CHOICE_GRANT, REGIME_OPT_IN, "a", 1, 0, 0, 0, 0, REASON_GPC, "", 0},
        {"the signal was there", CHOICE_GRANT, REGIME_OPT_IN, "a", 1, 1, 0, 0, 3, REASON_NO_CONSENT, "a", 0},
        {"restricted", CHOICE_GRANT, REGIME_OPT_IN, "a", 0, 0, 1, 0, 0, REASON_RESTRICTED, "", 0},
        {"a minor", CHOICE_GRANT, REGIME_OPT_IN, "a", 0, 0, 0, 1, 0, REASON_MINOR, "", 0},
        {"implied where silence is none", CHOICE_IMPLIED, REGIME_OPT_IN, "a", 0, 0, 0, 0, 0, REASON_NO_CONSENT, "", 0},
        {"implied where it is one", CHOICE_IMPLIED, REGIME_OPT_OUT, "a", 0, 0, 0, 0, 3, REASON_NO_CONSENT, "a", 0},
        {"implied where visitors are told", CHOICE_IMPLIED, REGIME_NOTICE_ONLY, "j", 0, 0, 0, 0, 4, REASON_NO_CONSENT,
         "j", 0},
        {"implied, and the signal came", CHOICE_IMPLIED, REGIME_OPT_OUT, "a", 1, 0, 0, 0, 0, REASON_GPC, "", 0},
        {"renewed", CHOICE_RENEW, REGIME_OPT_IN, "a", 0, 0, 0, 0, 3, REASON_NO_CONSENT, "a", 0},
        /* Whoever travels, or is of a site that corrected its configuration: the stricter of then and now. */
        {"implied there, to be asked here", CHOICE_IMPLIED, REGIME_OPT_OUT, "a", 0, 0, 0, 0, 0, REASON_NO_CONSENT, "",
         REGIME_OPT_IN},
        {"told there, to be asked here", CHOICE_IMPLIED, REGIME_NOTICE_ONLY, "a", 0, 0, 0, 0, 0, REASON_NO_CONSENT, "",
         REGIME_OPT_IN},
        {"told there, may say no here", CHOICE_IMPLIED, REGIME_NOTICE_ONLY, "a", 0, 0, 0, 0, 3, REASON_NO_CONSENT, "a",
         REGIME_OPT_OUT},
        {"no silence becomes a yes by travelling", CHOICE_IMPLIED, REGIME_OPT_IN, "a", 0, 0, 0, 0, 0, REASON_NO_CONSENT,
         "", REGIME_OPT_OUT},
        {"granted there, to be asked here", CHOICE_GRANT, REGIME_OPT_OUT, "a", 0, 0, 0, 0, 3, REASON_NO_CONSENT, "a",
         REGIME_OPT_IN},
    };
    struct store_fixture *fixture = *state;
    const struct site *configured = store_fixture_site(fixture, "shop");
    struct site changed = *configured;
    const struct site *site = &changed;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct visitor visitor = {.choice = rows[i].choice,
                                  .regime = rows[i].regime,
                                  .gpc_at_choice = rows[i].gpc_then,
                                  .restricted = rows[i].restricted,
                                  .minor = rows[i].minor,
                                  .since_ms = NOW,
                                  .at_ms = NOW};
        changed.regime = rows[i].now ? rows[i].now : rows[i].regime;
        for (const char *c = rows[i].granted; *c; c++) {
            size_t purpose = text_find(TEXT("ajms"), *c);

            visitor.granted[visitor.n_granted++] = purpose < 4 ? site->purposes[purpose].material : 12345;
        }
        struct policy_answer answer = visitor_allowed(&visitor, site, &nowhere, rows[i].gpc_now, NOW);
        check_equal(rows[i].name, answer.classes, rows[i].classes);
        check_equal(rows[i].name, answer.reason, rows[i].reason);
        uint32_t stand = 0;
        for (const char *c = rows[i].stand; *c; c++)
            stand |= 1u << text_find(TEXT("ajms"), *c);
        check_equal(rows[i].name, visitor_granted(&visitor, site, &nowhere, rows[i].gpc_now, NOW), stand);
        check_equal(rows[i].name, visitor_granted(&visitor, site, &nowhere, rows[i].gpc_now, NOW - 1),
                    0); /* not chosen yet */
    }
    assert_int_equal(visitor_allowed(NULL, site, &nowhere, false, NOW).classes, 0);
    assert_int_equal(visitor_allowed(NULL, site, &nowhere, false, NOW).reason, REASON_NO_CONSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_round_trip),
        STORE_FIXTURE_TEST(test_damage),
        STORE_FIXTURE_TEST(test_forms_that_are_none),
        STORE_FIXTURE_TEST(test_walk),
        STORE_FIXTURE_TEST(test_expiry),
        STORE_FIXTURE_TEST(test_until),
        STORE_FIXTURE_TEST(test_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
