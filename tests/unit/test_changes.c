/*
 * What differs between two notices, as a table: one setting changes, these are
 * the lines.  And what is announced before it holds.
 */
#include "check.h"
#include "crumb/base/json.h"
#include "crumb/consent/changes.h"
#include "crumb/consent/notice.h"
#include "store_fixture.h"
#include <stdlib.h>

static json_t *notice_of(const struct edition *edition, const char *lang)
{
    const struct site *shop = config_site(edition->config, TEXT("shop"));
    json_t *notice = notice_object(shop, edition_notice(edition, shop, text_of(lang)));

    assert_non_null(notice);
    return notice;
}

/* "what: before > after|" for each. */
static void put_lines(struct buffer *lines, json_t *changes)
{
    json_t *change;
    size_t i;

    json_array_foreach(changes, i, change) buffer_printf(
        lines, "%s: %s > %s|", json_string_value(json_object_get(change, "what")),
        json_string_value(json_object_get(change, "before")), json_string_value(json_object_get(change, "after")));
}

static const struct row {
    const char *name, *part, *instead, *lang, *lines;
} rows[] = {
    {"nothing", "Ihre Wahl", "Ihre Wahl", "en", ""},
    {"wording alone", "de: {title: Ihre Wahl}", "en: {title: You choose, purpose.analytics.title: Counting}", "en", ""},
    {"a period", "segments: 25mo", "segments: 13mo", "en", "How long it is kept (Visits): Days: 750 > Days: 390|"},
    {"a period of hours", "journal: 30d", "journal: 100h", "en",
     "How long it is kept (Raw data): Days: 30 > 360000 s|"},
    {"in another language", "segments: 25mo", "segments: 13mo", "de",
     "Wie lange sie aufbewahrt werden (Besuche): Tage: 750 > Tage: 390|"},
    {"who is responsible", "name: Shop Ltd", "name: Other Ltd", "en",
     "Who is responsible: Shop Ltd, 1 High St, privacy@shop.example > Other Ltd, 1 High St, privacy@shop.example|"},
    {"where", "{country: DE, location: Frankfurt}", "{country: FR}", "en",
     "Where it is stored: Frankfurt, Germany > France|"},
    {"what is collected", "analytics: {collects: [log, device]}", "analytics: {collects: [device]}", "en",
     "What is collected (Measuring visits): Which pages you visit, when, for how long, and where you came from, Your "
     "IP "
     "address, shortened, Kind of device, screen size, language and time zone > Kind of device, screen size, language "
     "and time zone|"},
    {"the address", "    cookie_domain", "    address: none\n    cookie_domain", "en",
     "What is collected (Measuring visits): Which pages you visit, when, for how long, and where you came from, Your "
     "IP "
     "address, shortened, Kind of device, screen size, language and time zone > Which pages you visit, when, for how "
     "long, and where you came from, Kind of device, screen size, language and time zone|What is collected (strict): "
     "Which pages you visit, when, for how long, and where you came from, Your IP address, shortened > Which pages you "
     "visit, when, for how long, and where you came from|"},
    {"a recipient's country", "country: US", "country: CA", "en",
     "Who receives it (Advertising): Ads (United States): To show ads > Ads (Canada): To show ads|"},
    {"a recipient less", ", recipients: [ad_partner]", "", "en",
     "Who receives it (Advertising): Ads (United States): To show ads > –|"},
    {"a purpose more", "      strict: {collects: [log]}\n",
     "      strict: {collects: [log]}\n      more: {collects: [clickpath], recipients: [ad_partner]}\n", "en",
     "What is collected, and what for: Measuring visits, Ways through the site, Advertising, strict > Measuring "
     "visits, "
     "Ways through the site, Advertising, strict, more|What is collected (more): – > What you click, and in which "
     "order|Who receives it (more): – > Ads (United States): To show ads|"},
    {"a purpose less", "      journeys: {collects: [clickpath]}\n", "", "en",
     "What is collected, and what for: Measuring visits, Ways through the site, Advertising, strict > Measuring "
     "visits, "
     "Advertising, strict|"},
    {"asked by itself", "strict: {collects: [log]}", "strict: {collects: [log], separate: true}", "en",
     "One more question (strict): – > Allow|"},
    {"what a withdrawal does", "    cookie_domain", "    on_withdraw: keep\n    cookie_domain", "en",
     "Withdraw my consent: When you withdraw your consent, what was collected under it is deleted. > When you withdraw "
     "your consent, collecting ends; what there is stays until its time is over.|"},
    {"what the site does besides", "    cookie_domain",
     "    policy: {also: [{what: Orders, why: To deliver, kept: 10 years}, {what: Mail, why: To answer}]}\n    "
     "cookie_domain",
     "en", "What this site does besides: – > Orders (To deliver; 10 years), Mail (To answer)|"},
};

static void test_rows(void **state)
{
    struct edition *before = store_fixture_edition(store_fixture_yaml);

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO lines = BUFFER_INIT(CHANGES_BYTES_MAX);
        struct edition *after = store_fixture_edition_with(rows[i].part, rows[i].instead);
        JSON_AUTO *was = notice_of(before, rows[i].lang), *is = notice_of(after, rows[i].lang);
        JSON_AUTO *changes = changes_of(config_site(after->config, TEXT("shop")), rows[i].lang, was, is);

        assert_non_null(changes);
        put_lines(&lines, changes);
        check_text(rows[i].name, buffer_text(&lines), rows[i].lines);
        edition_unref(after);
    }
    edition_unref(before);
}

/* What the material hash is made of is told: no row above that changes it is without a line. */
static void test_material_is_told(void **state)
{
    struct edition *before = store_fixture_edition(store_fixture_yaml);
    const struct site_notices *old = edition_notices(before, config_site(before->config, TEXT("shop")));
    unsigned n_material = 0;

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct edition *after = store_fixture_edition_with(rows[i].part, rows[i].instead);
        const struct site_notices *now = edition_notices(after, config_site(after->config, TEXT("shop")));
        bool material = memcmp(old->material, now->material, HASH_BYTES) != 0;

        check(rows[i].name, !material || rows[i].lines[0]);
        n_material += material;
        edition_unref(after);
    }
    assert_in_range(n_material, 10, N_ROWS(rows));
    edition_unref(before);
}

/* Of a store that somebody wrote into: nothing that is there or missing is believed. */
static void test_anything_is_compared(void **state)
{
    static const char *const notices[] = {
        "{}", "[]", "{\"purposes\":[1,{},{\"name\":7,\"collects\":[null,\"nothing\"],\"recipients\":[{}]}]}",
        "{\"controller\":[],\"storage\":\"\",\"retention\":{\"journal\":\"x\",\"segments\":\"-5s\"},\"also\":[1]}"};
    struct edition *edition = store_fixture_edition(store_fixture_yaml);
    const struct site *shop = config_site(edition->config, TEXT("shop"));

    (void)state;
    for (size_t i = 0; i < N_ROWS(notices); i++)
        for (size_t j = 0; j < N_ROWS(notices); j++) {
            JSON_AUTO *before = json_loads(notices[i], 0, NULL), *after = json_loads(notices[j], 0, NULL);
            JSON_AUTO *changes = changes_of(shop, "en", before, after);

            assert_non_null(changes);
            assert_true(i != j || json_array_size(changes) == 0);
        }
    edition_unref(edition);
}

/* ---- what is announced ---- */

#define NEXT                                                                                                           \
    "    next:\n"                                                                                                      \
    "      from: 2026-12-24\n"                                                                                         \
    "      retention: {segments: 13mo}\n"                                                                              \
    "      recipients: {ad_partner: {name: Ads, country: CA}, mailer: {name: Mailer}}\n"                               \
    "      purposes: {analytics: {collects: [log, device]}, marketing: {collects: [], recipients: [ad_partner, "       \
    "mailer]}}\n"

static const char *member(json_t *object, const char *name) { return json_string_value(json_object_get(object, name)); }

static void test_announced(void **state)
{
    struct edition *plain = store_fixture_edition(store_fixture_yaml);
    struct edition *edition = store_fixture_edition_with("    cookie_domain", NEXT "    cookie_domain");
    const struct site *shop = config_site(edition->config, TEXT("shop"));
    JSON_AUTO *notice = notice_of(edition, "en"), *was = notice_of(plain, "en");
    json_t *next = json_object_get(notice, "next"), *texts = json_object_get(notice, "texts");
    BUFFER_AUTO lines = BUFFER_INIT(CHANGES_BYTES_MAX);

    (void)state;
    /* It says so, in words and by its hash; what holds, and what was agreed to, is as it was. */
    assert_string_equal(member(next, "from"), "2026-12-24");
    assert_string_equal(member(next, "text"),
                        "From 2026-12-24 on this changes: What is collected, and what for; Who receives it "
                        "(Advertising); How long it is kept (Visits).");
    put_lines(&lines, json_object_get(next, "changes"));
    assert_text(
        buffer_text(&lines),
        "What is collected, and what for: Measuring visits, Ways through the site, Advertising, strict > "
        "Measuring visits, Advertising|Who receives it (Advertising): Ads (United States): To show ads > Ads (Canada), "
        "Mailer|How long it is kept (Visits): Days: 750 > Days: 390|");
    const char *const bodies[] = {"body", "opt_out.body", "notice_only.body"};
    for (size_t i = 0; i < N_ROWS(bodies); i++)
        check(bodies[i], strstr(member(texts, bodies[i]), member(next, "text")));
    assert_true(json_equal(json_object_get(notice, "retention"), json_object_get(was, "retention")));
    assert_true(json_equal(json_object_get(notice, "purposes"), json_object_get(was, "purposes")));
    assert_memory_equal(edition_notices(edition, shop)->material, edition->sites[0].material, HASH_BYTES);
    assert_memory_equal(edition->sites[0].material, plain->sites[0].material, HASH_BYTES);
    assert_memory_not_equal(edition->sites[0].notices[0].hash, plain->sites[0].notices[0].hash, HASH_BYTES);
    edition_unref(edition);
    edition_unref(plain);
}

/* When its day comes the settings are those that were announced, and nothing else. */
static void test_turned(void **state)
{
    const int64_t begins_ms = 1798066800000; /* 2026-12-24T00:00 in Berlin */
    struct edition *written = store_fixture_edition_with(
        "    retention: {journal: 30d, segments: 25mo, choice: 180d, refusal: 180d, visitor: 390d}\n"
        "    purposes:\n"
        "      analytics: {collects: [log, device]}\n"
        "      journeys: {collects: [clickpath]}\n"
        "      marketing: {collects: [], recipients: [ad_partner]}\n"
        "      strict: {collects: [log]}\n"
        "    recipients:\n"
        "      ad_partner: {name: Ads, country: US, why: To show ads}\n",
        "    retention: {journal: 30d, segments: 13mo, choice: 180d, refusal: 180d, visitor: 390d}\n"
        "    purposes:\n"
        "      analytics: {collects: [log, device]}\n"
        "      marketing: {collects: [], recipients: [ad_partner, mailer]}\n"
        "    recipients:\n"
        "      ad_partner: {name: Ads, country: CA}\n"
        "      mailer: {name: Mailer}\n");
    struct edition *before = store_fixture_edition_with("    cookie_domain", NEXT "    cookie_domain"), *after;
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config;

    (void)state;
    assert_int_equal(config_turns_ms(before->config), begins_ms);
    for (int64_t at_ms = begins_ms - 1; at_ms <= begins_ms; at_ms++) {
        assert_int_equal(config_parse(buffer_text(&before->config->source), "crumb.yaml", &complaints, &config), 0);
        config_turn(config, at_ms);
        assert_int_equal(edition_new(config, &after), 0);
        const uint8_t *hash = after->sites[0].notices[0].hash;
        if (at_ms < begins_ms)
            assert_memory_equal(hash, before->sites[0].notices[0].hash, HASH_BYTES);
        else
            assert_memory_equal(hash, written->sites[0].notices[0].hash, HASH_BYTES);
        assert_memory_equal(after->sites[0].material, (at_ms < begins_ms ? before : written)->sites[0].material,
                            HASH_BYTES);
        edition_unref(after);
        if (at_ms == begins_ms)
            assert_int_equal(config_turns_ms(config), INT64_MAX);
        config_unref(config);
    }
    complaints_deinit(&complaints);
    edition_unref(before);
    edition_unref(written);
}

/* One that changes nothing that is told announces nothing. */
static void test_nothing_announced(void **state)
{
    struct edition *plain = store_fixture_edition(store_fixture_yaml);
    struct edition *edition = store_fixture_edition_with(
        "    cookie_domain", "    next: {from: 2026-12-24, retention: {journal: 30d}}\n    cookie_domain");

    (void)state;
    assert_memory_equal(edition->sites[0].notices[0].hash, plain->sites[0].notices[0].hash, HASH_BYTES);
    edition_unref(edition);
    edition_unref(plain);
}

/* What is announced must be showable when nobody is there to mend it. */
static void test_too_large_later(void **state)
{
    BUFFER_AUTO yaml = BUFFER_INIT(1 << 20);
    const char *at = strstr(store_fixture_yaml, "    cookie_domain");
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config;
    struct edition *edition;

    (void)state;
    buffer_put(&yaml, store_fixture_yaml, (size_t)(at - store_fixture_yaml));
    buffer_put_text(&yaml, TEXT("    next:\n      from: 2026-12-24\n      recipients:\n"));
    for (unsigned i = 0; i < 20; i++) {
        buffer_printf(&yaml, "        r%u: {name: ", i);
        for (unsigned n = 0; n < 4000; n++)
            buffer_put_u8(&yaml, 'x');
        buffer_put_text(&yaml, TEXT("}\n"));
    }
    buffer_put_text(&yaml, TEXT("      purposes: {marketing: {recipients: ["));
    for (unsigned i = 0; i < 20; i++)
        buffer_printf(&yaml, "%sr%u", i ? ", " : "", i);
    buffer_put_text(&yaml, TEXT("]}}\n"));
    buffer_put_text(&yaml, text_of(at));
    assert_int_equal(config_parse(buffer_text(&yaml), "crumb.yaml", &complaints, &config), 0);
    assert_int_equal(edition_new(config, &edition), NOTICE_E_TOO_LARGE);
    assert_int_equal(edition_complain(config, &complaints), 0);
    assert_int_equal(complaints.n, 1);
    complaints_deinit(&complaints);
    config_unref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_material_is_told),
        cmocka_unit_test(test_anything_is_compared),
        cmocka_unit_test(test_announced),
        cmocka_unit_test(test_turned),
        cmocka_unit_test(test_nothing_announced),
        cmocka_unit_test(test_too_large_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
