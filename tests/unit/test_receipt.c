/*
 * Receipts: every field of both standards that crumb knows, as tables of path
 * and value; whole or none where memory fails.
 */
#include "check.h"
#include "crumb/base/json.h"
#include "crumb/consent/receipt.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdlib.h>

#define BASE "https://c.shop.example"
static const uint8_t ledger_key[32] = {1, 2, 3};

static struct ledger_record record_of(const struct edition *edition, enum choice_kind kind, unsigned granted)
{
    const struct site *site = config_site(edition->config, TEXT("shop"));
    const struct notice *notice = edition_notice(edition, site, TEXT("en"));
    struct ledger_record record = {.sequence = 7,
                                   .at_ms = STORE_FIXTURE_NOW_MS + 5,
                                   .site = TEXT("shop"),
                                   .kind = kind,
                                   .surface = SURFACE_DIALOG,
                                   .regime = REGIME_OPT_IN,
                                   .lang = TEXT("en"),
                                   .n_answers = site->n_purposes};

    memset(record.id, 0x11, sizeof record.id);
    memset(record.hash, 0x22, sizeof record.hash);
    memset(record.material, 0x33, sizeof record.material);
    memset(record.visitor, 0x44, sizeof record.visitor);
    memcpy(record.notice, notice->hash, HASH_BYTES);
    for (unsigned i = 0; i < site->n_purposes; i++)
        record.answers[i] =
            (struct ledger_answer){.purpose = text_of(site->purposes[i].name), .granted = granted & 1u << i};
    return record;
}

/* The canonical text of the notice; the next call makes it anew. */
static struct text notice_text(const struct edition *edition)
{
    static uint8_t bytes[NOTICE_BYTES_MAX];
    const struct site *site = config_site(edition->config, TEXT("shop"));
    struct buffer buffer = BUFFER_OVER(bytes);

    assert_int_equal(json_put(&buffer, notice_object(site, edition_notice(edition, site, TEXT("en"))), JSON_SORT_KEYS),
                     0);
    return buffer_text(&buffer);
}

static struct receipt_source source_of(const struct edition *edition, const struct ledger_record *record)
{
    return (struct receipt_source){
        .record = record, .notice = notice_text(edition), .base = TEXT(BASE), .ledger_key = ledger_key};
}

static json_t *make(const struct edition *edition, const struct ledger_record *record, enum receipt_form form)
{
    struct receipt_source source = source_of(edition, record);
    json_t *receipt = NULL;

    assert_int_equal(receipt_make(&source, form, &receipt), 0);
    return receipt;
}

/* What is at "a.b.2.c". */
static json_t *at(json_t *json, const char *path)
{
    struct text rest = text_of(path);

    while (rest.size) {
        struct text step = text_cut(&rest, '.');
        char name[64] = "";

        assert_true(step.size < sizeof name);
        memcpy(name, step.data, step.size);
        json = json_is_array(json) ? json_array_get(json, (size_t)atoi(name)) : json_object_get(json, name);
    }
    return json;
}

struct row {
    const char *path, *json;
};

/* "NOTICE" in a row stands for the notice's hash. */
static void check_rows(json_t *receipt, const struct row *rows, size_t n, const char *hex)
{
    for (size_t i = 0; i < n; i++) {
        json_t *found = at(receipt, rows[i].path);
        BUFFER_AUTO wanted = BUFFER_INIT(10000);
        const char *notice = strstr(rows[i].json, "NOTICE");

        check(rows[i].path, found);
        char *dumped = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);
        if (notice)
            buffer_printf(&wanted, "%.*s%s%s", (int)(notice - rows[i].json), rows[i].json, hex, notice + 6);
        else
            buffer_put_text(&wanted, text_of(rows[i].json));
        buffer_put_u8(&wanted, 0);
        check_text(rows[i].path, text_of(dumped), (const char *)wanted.data);
        free(dumped);
    }
}

#define ID "\"11111111111111111111111111111111\""
#define WHO "\"44444444444444444444444444444444\""
#define PURPOSE "consent_record.pii_processing.purposes."

static void test_iso27560(void **state)
{
    static const struct row rows[] = {
        {"schema_version", "\"ISO/IEC TS 27560:2023\""},
        {"receipt_id", ID},
        {"pii_principal_id", WHO},
        {"consent_record.schema_version", "\"ISO/IEC TS 27560:2023\""},
        {"consent_record.record_id", ID},
        {"consent_record.pii_principal_id", WHO},
        {"consent_record.pii_processing.privacy_notice", "\"" BASE "/v1/notice/NOTICE\""},
        {"consent_record.pii_processing.notice_hash", "\"NOTICE\""},
        {"consent_record.pii_processing.language", "\"en\""},
        {"consent_record.pii_processing.service", "\"Example Shop\""},
        {"consent_record.pii_processing.privacy_rights", "\"" BASE "/privacy?site=shop\""},
        {PURPOSE "0.purpose_id", "\"analytics\""},
        {PURPOSE "0.lawful_basis", "\"consent\""},
        {PURPOSE "0.pii_information",
         "[{\"pii_type\":\"log\",\"pii_optional\":true},{\"pii_type\":\"device\",\"pii_optional\":true}]"},
        {PURPOSE "0.pii_controllers", "[\"controller\"]"},
        {PURPOSE "0.collection_method", "\"dialog\""},
        {PURPOSE "0.processing_method", "\"automated\""},
        {PURPOSE "0.storage_locations", "[{\"country\":\"DE\",\"location\":\"Frankfurt\"}]"},
        {PURPOSE "0.retention_period", "\"P750D\""},
        {PURPOSE "0.jurisdiction", "\"DE\""},
        {PURPOSE "0.recipient_third_parties", "[]"},
        {PURPOSE "0.withdrawal_method", "\"" BASE "/privacy?site=shop\""},
        {PURPOSE "2.purpose_id", "\"marketing\""},
        {PURPOSE "2.purpose", "\"Advertising\""},
        {PURPOSE "2.pii_information", "[]"},
        {PURPOSE "2.recipient_third_parties",
         "[{\"party_id\":\"Ads\",\"jurisdiction\":\"US\",\"reason\":\"To show ads\"}]"},
        {"consent_record.party_identification.0.party_id", "\"controller\""},
        {"consent_record.party_identification.0.party_role", "\"pii_controller\""},
        {"consent_record.party_identification.0.party_name", "\"Shop Ltd\""},
        {"consent_record.party_identification.0.party_address", "\"1 High St\""},
        {"consent_record.party_identification.0.party_contact", "\"privacy@shop.example\""},
        {"consent_record.party_identification.0.party_email", "\"privacy@shop.example\""},
        {"consent_record.party_identification.1",
         "{\"party_id\":\"Ads\",\"party_type\":\"organization\",\"party_role\":\"recipient\",\"party_name\":\"Ads\","
         "\"party_address\":\"US\"}"},
        {"consent_record.event.0",
         "{\"purpose_id\":\"analytics\",\"event_time\":\"2026-03-02T09:30:00.005Z\",\"validity_duration\":\"P180D\","
         "\"event_type\":\"explicit\",\"event_state\":\"given\",\"entity_id\":" WHO "}"},
        {"consent_record.event.1.event_state", "\"refused\""},
        {"consent_record.event.2.event_state", "\"given\""},
        {"consent_record.event.3.event_state", "\"refused\""},
        {"crumb.sequence", "7"},
        {"crumb.key", "\"AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""},
        {"crumb.record.id", ID},
        {"crumb.record.action", "\"custom\""},
        {"crumb.record.hash", "\"2222222222222222222222222222222222222222222222222222222222222222\""},
        {"crumb.material", "\"3333333333333333333333333333333333333333333333333333333333333333\""}};
    struct edition *edition = store_fixture_edition(store_fixture_yaml);
    struct ledger_record record = record_of(edition, CHOICE_CUSTOM, 5);
    JSON_AUTO *receipt = make(edition, &record, RECEIPT_ISO27560);
    char hex[HASH_HEX_BYTES];

    (void)state;
    notice_hex(record.notice, hex);
    check_rows(receipt, rows, N_ROWS(rows), hex);
    assert_int_equal(json_array_size(at(receipt, "consent_record.pii_processing.purposes")), 4);
    assert_int_equal(json_array_size(at(receipt, "consent_record.event")), 4);
    assert_int_equal(json_array_size(at(receipt, "consent_record.party_identification")), 2);
    edition_unref(edition);
}

static void test_kantara(void **state)
{
    static const struct row rows[] = {
        {"version", "\"KI-CR-v1.1.0\""},
        {"jurisdiction", "\"DE\""},
        {"consentTimestamp", "1772443800"},
        {"collectionMethod", "\"dialog\""},
        {"consentReceiptID", ID},
        {"publicKey", "\"AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""},
        {"language", "\"en\""},
        {"piiPrincipalId", WHO},
        {"piiControllers",
         "[{\"piiController\":\"Shop Ltd\",\"contact\":\"privacy@shop.example\",\"address\":{\"streetAddress\":"
         "\"1 High St\"},\"onBehalf\":false,\"email\":\"privacy@shop.example\"}]"},
        {"policyUrl", "\"" BASE "/v1/notice/NOTICE\""},
        {"services.0.service", "\"Example Shop\""},
        {"services.0.purposes.0",
         "{\"purpose\":\"Measuring visits\",\"purposeCategory\":[\"analytics\"],\"consentType\":\"EXPLICIT\","
         "\"piiCategory\":[\"log\",\"device\"],\"primaryPurpose\":false,\"termination\":\"P750D\","
         "\"thirdPartyDisclosure\":false}"},
        {"services.0.purposes.1.consentType", "\"refused\""},
        {"services.0.purposes.2.thirdPartyDisclosure", "true"},
        {"services.0.purposes.2.thirdPartyName", "\"Ads (US)\""},
        {"sensitive", "false"},
        {"spiCat", "[]"},
        {"crumb.sequence", "7"},
        {"crumb.record.notice", "\"NOTICE\""}};
    struct edition *edition = store_fixture_edition(store_fixture_yaml);
    struct ledger_record record = record_of(edition, CHOICE_CUSTOM, 5);
    JSON_AUTO *receipt = make(edition, &record, RECEIPT_KANTARA);
    char hex[HASH_HEX_BYTES];

    (void)state;
    notice_hex(record.notice, hex);
    check_rows(receipt, rows, N_ROWS(rows), hex);
    assert_int_equal(json_array_size(at(receipt, "services.0.purposes")), 4);
    edition_unref(edition);
}

/* What each kind of choice is in the words of the standards. */
static void test_kinds(void **state)
{
    static const struct {
        const char *name;
        enum choice_kind kind;
        unsigned granted;
        const char *basis, *type, *state, *kantara;
    } rows[] = {{"grant", CHOICE_GRANT, 15, "consent", "explicit", "given", "EXPLICIT"},
                {"renew", CHOICE_RENEW, 15, "consent", "explicit", "given", "EXPLICIT"},
                {"deny", CHOICE_DENY, 0, "consent", "explicit", "refused", "refused"},
                {"gpc", CHOICE_GPC, 0, "consent", "explicit", "refused", "refused"},
                {"minor", CHOICE_MINOR, 0, "consent", "explicit", "refused", "refused"},
                {"dismiss", CHOICE_DISMISS, 0, "consent", "explicit", "deferred", "deferred"},
                {"withdraw", CHOICE_WITHDRAW, 0, "consent", "explicit", "withdrawn", "withdrawn"},
                {"implied", CHOICE_IMPLIED, 15, "notice", "implied", "given", "IMPLICIT"}};
    struct edition *edition = store_fixture_edition(store_fixture_yaml);

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct ledger_record record = record_of(edition, rows[i].kind, rows[i].granted);
        JSON_AUTO *iso = make(edition, &record, RECEIPT_ISO27560);
        JSON_AUTO *kantara = make(edition, &record, RECEIPT_KANTARA);

        check_text(rows[i].name, text_of(json_string_value(at(iso, PURPOSE "0.lawful_basis"))), rows[i].basis);
        check_text(rows[i].name, text_of(json_string_value(at(iso, "consent_record.event.0.event_type"))),
                   rows[i].type);
        check_text(rows[i].name, text_of(json_string_value(at(iso, "consent_record.event.0.event_state"))),
                   rows[i].state);
        check_text(rows[i].name, text_of(json_string_value(at(kantara, "services.0.purposes.0.consentType"))),
                   rows[i].kantara);
    }
    edition_unref(edition);
}

/* Somebody who is not to be recognised has no id in a receipt either. */
static void test_nobody(void **state)
{
    struct edition *edition = store_fixture_edition(store_fixture_yaml);
    struct ledger_record record = record_of(edition, CHOICE_DENY, 0);

    (void)state;
    memset(record.visitor, 0, sizeof record.visitor);
    JSON_AUTO *iso = make(edition, &record, RECEIPT_ISO27560);
    JSON_AUTO *kantara = make(edition, &record, RECEIPT_KANTARA);
    assert_string_equal(json_string_value(at(iso, "pii_principal_id")), "anonymous");
    assert_string_equal(json_string_value(at(iso, "consent_record.event.0.entity_id")), "anonymous");
    assert_string_equal(json_string_value(at(kantara, "piiPrincipalId")), "anonymous");
    edition_unref(edition);
}

static void test_forms(void **state)
{
    enum receipt_form form = RECEIPT_KANTARA;

    (void)state;
    assert_true(receipt_find_form(TEXT_NONE, &form) && form == RECEIPT_ISO27560);
    assert_true(receipt_find_form(TEXT("kantara"), &form) && form == RECEIPT_KANTARA);
    assert_true(receipt_find_form(TEXT("iso27560"), &form) && form == RECEIPT_ISO27560);
    assert_false(receipt_find_form(TEXT("ISO27560"), &form));
    assert_false(receipt_find_form(TEXT("kantara2"), &form));
}

static void test_damaged_notice(void **state)
{
    static const char *const notices[] = {"{}", "[]", "{\"controller\":{}}"};
    struct edition *edition = store_fixture_edition(store_fixture_yaml);
    struct ledger_record record = record_of(edition, CHOICE_GRANT, 15);

    (void)state;
    for (size_t i = 0; i < N_ROWS(notices); i++) {
        struct receipt_source source = source_of(edition, &record);
        json_t *receipt = NULL;

        source.notice = text_of(notices[i]);
        check_equal(notices[i], receipt_make(&source, RECEIPT_ISO27560, &receipt), -EBADMSG);
        check(notices[i], !receipt);
    }
    edition_unref(edition);
}

static long n_until_failure = -1;

static void *failing_malloc(size_t size)
{
    return n_until_failure >= 0 && n_until_failure-- == 0 ? NULL : malloc(size);
}

static void test_no_memory(void **state)
{
    struct edition *edition = store_fixture_edition(store_fixture_yaml);
    struct ledger_record record = record_of(edition, CHOICE_CUSTOM, 5);
    struct receipt_source source = source_of(edition, &record);

    (void)state;
    for (unsigned form = 0; form < RECEIPT_FORM_N; form++) {
        JSON_AUTO *whole = make(edition, &record, (enum receipt_form)form);
        bool passed = false;

        json_set_alloc_funcs(failing_malloc, free);
        for (long n = 0; !passed; n++) {
            json_t *receipt = NULL;

            n_until_failure = n;
            int r = receipt_make(&source, (enum receipt_form)form, &receipt);
            passed = n_until_failure >= 0;
            n_until_failure = -1;
            assert_true(r == 0 ? json_equal(receipt, whole) : r == -ENOMEM && !receipt);
            assert_true(!passed || r == 0);
            json_decref(receipt);
        }
        json_set_alloc_funcs(malloc, free);
    }
    edition_unref(edition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_iso27560), cmocka_unit_test(test_kantara),
                                       cmocka_unit_test(test_kinds),    cmocka_unit_test(test_nobody),
                                       cmocka_unit_test(test_forms),    cmocka_unit_test(test_damaged_notice),
                                       cmocka_unit_test(test_no_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
