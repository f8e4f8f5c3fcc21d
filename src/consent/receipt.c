/*
 * Receipts.
 *
 * What a standard asks and crumb does not know is left out, never invented, as
 * a phone number or a person's name.  Whoever made the choice is named by the visitor id of the record,
 * or not at all where nobody is to be recognised.
 */
#include "crumb/consent/receipt.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#define ISO_VERSION "ISO/IEC TS 27560:2023"
#define KANTARA_VERSION "KI-CR-v1.1.0"

void receipt_time(int64_t at_ms, char ret_time[RECEIPT_TIME_BYTES])
{
    time_t at = (time_t)(at_ms / 1000);
    struct tm tm;

    gmtime_r(&at, &tm);
    size_t n = strftime(ret_time, RECEIPT_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret_time + n, RECEIPT_TIME_BYTES - n, ".%03dZ", (int)(at_ms % 1000));
}

json_t *receipt_time_json(int64_t at_ms)
{
    char text[RECEIPT_TIME_BYTES];

    receipt_time(at_ms, text);
    return json_string(text);
}

static json_t *text_json(struct text text) { return json_stringn(text.size ? text.data : "", text.size); }

/* ---- ours ---- */

json_t *receipt_json(const struct ledger_record *record)
{
    json_t *purposes = json_object();

    for (unsigned i = 0; i < record->n_answers; i++) {
        if (json_object_setn_new(purposes, record->answers[i].purpose.data, record->answers[i].purpose.size,
                                 json_boolean(record->answers[i].granted)) < 0) {
            json_decref(purposes); /* a receipt that lacks a purpose is none */
            return NULL;
        }
    }
    return json_pack("{s:o, s:o, s:s%, s:s, s:s, s:s, s:s?, s:s, s:s%, s:o, s:b, s:o, s:o}", "id",
                     json_hex(record->id, RECORD_ID_BYTES), "time", receipt_time_json(record->at_ms), "site",
                     record->site.data, record->site.size, "action", words_choice_kind(record->kind), "surface",
                     words_surface(record->surface), "regime", words_regime(record->regime), "country",
                     record->country[0] ? record->country : NULL, "device", words_device(record->device), "lang",
                     record->lang.data, record->lang.size, "notice", json_hex(record->notice, HASH_BYTES), "gpc",
                     record->signals & LEDGER_SIGNAL_GPC ? 1 : 0, "purposes", purposes, "hash",
                     json_hex(record->hash, HASH_BYTES));
}

/* ---- what both standards need ---- */

/* A record and the notice that it names, opened. Everything is borrowed. */
struct receipt {
    const struct receipt_source *source;
    const struct ledger_record *record;
    json_t *notice;
    const char *controller, *address, *contact, *title;
    const char *country, *location;                     /* of storage */
    const char *retention, *choice, *refusal, *visitor; /* "2592000s" */
    json_t *purposes;
};

/* Member by member: json_unpack() needs memory, and then calls a good notice a bad one. */
static int open_receipt(struct receipt *receipt)
{
    const struct {
        const char *group, *name, **ret;
    } strings[] = {{"controller", "name", &receipt->controller}, {"controller", "address", &receipt->address},
                   {"controller", "contact", &receipt->contact}, {"storage", "country", &receipt->country},
                   {"storage", "location", &receipt->location},  {"retention", "segments", &receipt->retention},
                   {"retention", "choice", &receipt->choice},    {"retention", "refusal", &receipt->refusal},
                   {"retention", "visitor", &receipt->visitor},  {NULL, "title", &receipt->title}};

    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        json_t *group = strings[i].group ? json_object_get(receipt->notice, strings[i].group) : receipt->notice;

        *strings[i].ret = json_string_value(json_object_get(group, strings[i].name));
        if (!*strings[i].ret)
            return error_origin(-EBADMSG);
    }
    receipt->purposes = json_object_get(receipt->notice, "purposes");
    return json_is_array(receipt->purposes) ? 0 : error_origin(-EBADMSG);
}

static json_t *notice_address(const struct receipt *receipt)
{
    char hex[HASH_HEX_BYTES];

    notice_hex(receipt->record->notice, hex);
    return json_sprintf("%.*s/v1/notice/%s", TEXT_ARGS(receipt->source->base), hex);
}

static json_t *site_address(const struct receipt *receipt)
{
    return json_sprintf("%.*s/privacy?site=%.*s", TEXT_ARGS(receipt->source->base), TEXT_ARGS(receipt->record->site));
}

/* Seconds as ISO 8601 writes durations: "P30D", or "PT90S" where they make no whole days. */
static json_t *duration_json(const char *seconds)
{
    long long s = atoll(seconds);

    return s % 86400 == 0 ? json_sprintf("P%lldD", s / 86400) : json_sprintf("PT%lldS", s);
}

static bool is_email(const char *contact) { return strchr(contact, '@') && !strstr(contact, "//"); }

static bool is_address(const char *contact)
{
    return text_starts(text_of(contact), TEXT("https://")) || text_starts(text_of(contact), TEXT("http://"));
}

/* The one kind that is no action of the visitor's; GDPR recital 32 calls it no consent. */
static bool is_implied(const struct ledger_record *record) { return record->kind == CHOICE_IMPLIED; }

/* Who chose: the id of the record, or nobody. */
static json_t *principal_json(const struct ledger_record *record)
{
    return ledger_has_visitor(record) ? json_hex(record->visitor, VISITOR_BYTES) : json_string("anonymous");
}

/* The purpose of that name as the notice tells it, or NULL. */
static json_t *find_purpose(const struct receipt *receipt, struct text name)
{
    json_t *purpose;
    size_t i;

    json_array_foreach(receipt->purposes, i, purpose)
    {
        json_t *found = json_object_get(purpose, "name");
        if (json_string_length(found) == name.size && memcmp(json_string_value(found), name.data, name.size) == 0)
            return purpose;
    }
    return NULL;
}

static const char *member(json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value ? value : "";
}

/* ---- ISO/IEC TS 27560:2023 ---- */

#define CONTROLLER_PARTY "controller"

/* Table 3 of the standard: what is collected, by the classes that docs/wire.md names. */
static json_t *pii_json(json_t *purpose)
{
    json_t *array = json_array(), *class;
    size_t i;

    json_array_foreach(json_object_get(purpose, "collects"), i, class)
    {
        array = json_item(array, json_pack("{s:O, s:b}", "pii_type", class, "pii_optional", 1));
    }
    return array;
}

static json_t *party_names(json_t *purpose)
{
    json_t *array = json_array(), *recipient;
    size_t i;

    json_array_foreach(json_object_get(purpose, "recipients"), i, recipient)
    {
        array = json_item(array, json_pack("{s:O, s:O, s:O}", "party_id", json_object_get(recipient, "name"),
                                           "jurisdiction", json_object_get(recipient, "country"), "reason",
                                           json_object_get(recipient, "why")));
    }
    return array;
}

static json_t *storage_json(const struct receipt *receipt)
{
    return json_pack("[{s:s, s:s}]", "country", receipt->country, "location", receipt->location);
}

static json_t *iso_purpose(const struct receipt *receipt, const struct ledger_answer *answer)
{
    json_t *purpose = find_purpose(receipt, answer->purpose);

    return json_pack("{s:o, s:s, s:s, s:s, s:o, s:[s], s:s, s:s, s:o, s:o, s:s, s:o, s:o}", "purpose_id",
                     text_json(answer->purpose), "purpose", member(purpose, "title"), "purpose_description",
                     member(purpose, "description"), "lawful_basis", is_implied(receipt->record) ? "notice" : "consent",
                     "pii_information", pii_json(purpose), "pii_controllers", CONTROLLER_PARTY, "collection_method",
                     words_surface(receipt->record->surface), "processing_method", "automated", "storage_locations",
                     storage_json(receipt), "retention_period", duration_json(receipt->retention), "jurisdiction",
                     receipt->country, "recipient_third_parties", party_names(purpose), "withdrawal_method",
                     site_address(receipt));
}

/* What became of one purpose. A refusal is an event like a grant; a dialog that was only closed is neither. */
static const char *event_state(const struct ledger_record *record, const struct ledger_answer *answer)
{
    if (answer->granted)
        return "given";
    if (record->kind == CHOICE_WITHDRAW)
        return "withdrawn";
    return record->kind == CHOICE_DISMISS ? "deferred" : "refused";
}

static json_t *iso_event(const struct receipt *receipt, const struct ledger_answer *answer)
{
    const struct ledger_record *record = receipt->record;

    return json_pack("{s:o, s:o, s:o, s:s, s:s, s:o}", "purpose_id", text_json(answer->purpose), "event_time",
                     receipt_time_json(record->at_ms), "validity_duration",
                     duration_json(answer->granted ? receipt->choice : receipt->refusal), "event_type",
                     is_implied(record) ? "implied" : "explicit", "event_state", event_state(record, answer),
                     "entity_id", principal_json(record));
}

static json_t *controller_party(const struct receipt *receipt)
{
    json_t *party = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "party_id", CONTROLLER_PARTY, "party_type",
                              "organization", "party_role", "pii_controller", "party_name", receipt->controller,
                              "party_address", receipt->address, "party_contact", receipt->contact);

    if (is_email(receipt->contact))
        party = json_member(party, "party_email", json_string(receipt->contact));
    if (is_address(receipt->contact))
        party = json_member(party, "party_url", json_string(receipt->contact));
    return party;
}

static json_t *recipient_party(json_t *recipient)
{
    const char *name = member(recipient, "name");

    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "party_id", name, "party_type", "organization", "party_role",
                     "recipient", "party_name", name, "party_address", member(recipient, "country"));
}

/* The controller, then every recipient once. */
static json_t *parties_json(const struct receipt *receipt)
{
    json_t *parties = json_item(json_array(), controller_party(receipt)), *purpose, *recipient;
    json_t *seen = json_object();
    size_t i, n;

    json_array_foreach(receipt->purposes, i, purpose)
    {
        json_array_foreach(json_object_get(purpose, "recipients"), n, recipient)
        {
            const char *name = member(recipient, "name");

            if (json_object_get(seen, name))
                continue;
            seen = json_member(seen, name, json_true());
            parties = json_item(parties, recipient_party(recipient));
        }
    }
    if (!seen) { /* somebody may be there twice */
        json_decref(parties);
        return NULL;
    }
    json_decref(seen);
    return parties;
}

/* What neither standard has a field for, and the proof needs. */
static json_t *proof_json(const struct receipt *receipt)
{
    char key[sodium_base64_ENCODED_LEN(crypto_sign_PUBLICKEYBYTES, sodium_base64_VARIANT_ORIGINAL)];

    sodium_bin2base64(key, sizeof key, receipt->source->ledger_key, crypto_sign_PUBLICKEYBYTES,
                      sodium_base64_VARIANT_ORIGINAL);
    return json_pack("{s:I, s:o, s:o, s:s, s:o}", "sequence", (json_int_t)receipt->record->sequence, "previous",
                     json_hex(receipt->record->previous, HASH_BYTES), "material",
                     json_hex(receipt->record->material, HASH_BYTES), "key", key, "record",
                     receipt_json(receipt->record));
}

static json_t *iso_processing(const struct receipt *receipt)
{
    const struct ledger_record *record = receipt->record;
    json_t *purposes = json_array();

    for (unsigned i = 0; i < record->n_answers; i++)
        purposes = json_item(purposes, iso_purpose(receipt, &record->answers[i]));
    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "privacy_notice", notice_address(receipt), "notice_hash",
                     json_hex(record->notice, HASH_BYTES), "language", text_json(record->lang), "service",
                     receipt->title, "purposes", purposes, "privacy_rights", site_address(receipt));
}

static json_t *iso_receipt(const struct receipt *receipt)
{
    const struct ledger_record *record = receipt->record;
    json_t *events = json_array();

    for (unsigned i = 0; i < record->n_answers; i++)
        events = json_item(events, iso_event(receipt, &record->answers[i]));
    json_t *inner =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "schema_version", ISO_VERSION, "record_id",
                  json_hex(record->id, RECORD_ID_BYTES), "pii_principal_id", principal_json(record), "pii_processing",
                  iso_processing(receipt), "party_identification", parties_json(receipt), "event", events);
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "schema_version", ISO_VERSION, "receipt_id",
                     json_hex(record->id, RECORD_ID_BYTES), "pii_principal_id", principal_json(record),
                     "consent_record", inner, "crumb", proof_json(receipt));
}

/* ---- Kantara Consent Receipt 1.1 ---- */

static json_t *kantara_controller(const struct receipt *receipt)
{
    json_t *controller = json_pack("{s:s, s:s, s:{s:s}, s:b}", "piiController", receipt->controller, "contact",
                                   receipt->contact, "address", "streetAddress", receipt->address, "onBehalf", 0);

    if (is_email(receipt->contact))
        controller = json_member(controller, "email", json_string(receipt->contact));
    if (is_address(receipt->contact))
        controller = json_member(controller, "piiControllerUrl", json_string(receipt->contact));
    return controller;
}

/* "Ad Partner (US), Mailer (DE)" */
static json_t *third_parties(json_t *purpose)
{
    BUFFER_AUTO names = BUFFER_INIT(NOTICE_BYTES_MAX);
    json_t *recipient;
    size_t i;

    json_array_foreach(json_object_get(purpose, "recipients"), i, recipient)
    {
        buffer_printf(&names, "%s%s", i ? ", " : "", member(recipient, "name"));
        if (member(recipient, "country")[0])
            buffer_printf(&names, " (%s)", member(recipient, "country"));
    }
    return names.fault ? NULL : text_json(buffer_text(&names));
}

/* Kantara's receipt has no refusals: `consentType` says what was answered. */
static json_t *kantara_purpose(const struct receipt *receipt, const struct ledger_answer *answer)
{
    json_t *purpose = find_purpose(receipt, answer->purpose);
    const char *granted = is_implied(receipt->record) ? "IMPLICIT" : "EXPLICIT";
    size_t n_recipients = json_array_size(json_object_get(purpose, "recipients"));
    json_t *collects = json_object_get(purpose, "collects");

    json_t *object = json_pack("{s:s, s:[o], s:s, s:o, s:b, s:o, s:b}", "purpose", member(purpose, "title"),
                               "purposeCategory", text_json(answer->purpose), "consentType",
                               answer->granted ? granted : event_state(receipt->record, answer), "piiCategory",
                               collects ? json_incref(collects) : json_array(), "primaryPurpose", 0, "termination",
                               duration_json(receipt->retention), "thirdPartyDisclosure", n_recipients > 0);
    return n_recipients ? json_member(object, "thirdPartyName", third_parties(purpose)) : object;
}

static json_t *kantara_receipt(const struct receipt *receipt)
{
    const struct ledger_record *record = receipt->record;
    json_t *purposes = json_array();

    for (unsigned i = 0; i < record->n_answers; i++)
        purposes = json_item(purposes, kantara_purpose(receipt, &record->answers[i]));
    char key[sodium_base64_ENCODED_LEN(crypto_sign_PUBLICKEYBYTES, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(key, sizeof key, receipt->source->ledger_key, crypto_sign_PUBLICKEYBYTES,
                      sodium_base64_VARIANT_ORIGINAL);
    return json_pack("{s:s, s:s, s:I, s:s, s:o, s:s, s:o, s:o, s:[o], s:o, s:[{s:s, s:o}], s:b, s:[], s:o}", "version",
                     KANTARA_VERSION, "jurisdiction", receipt->country, "consentTimestamp",
                     (json_int_t)(record->at_ms / 1000), "collectionMethod", words_surface(record->surface),
                     "consentReceiptID", json_hex(record->id, RECORD_ID_BYTES), "publicKey", key, "language",
                     text_json(record->lang), "piiPrincipalId", principal_json(record), "piiControllers",
                     kantara_controller(receipt), "policyUrl", notice_address(receipt), "services", "service",
                     receipt->title, "purposes", purposes, "sensitive", 0, "spiCat", "crumb", proof_json(receipt));
}

/* ---- by form ---- */

static const struct {
    const char *name;
    json_t *(*make)(const struct receipt *receipt);
} forms[RECEIPT_FORM_N] = {
    [RECEIPT_ISO27560] = {"iso27560", iso_receipt}, [RECEIPT_KANTARA] = {"kantara", kantara_receipt}};

bool receipt_find_form(struct text name, enum receipt_form *ret_form)
{
    if (name.size == 0) {
        *ret_form = RECEIPT_ISO27560;
        return true;
    }
    for (unsigned i = 0; i < RECEIPT_FORM_N; i++) {
        if (text_equal(name, text_of(forms[i].name))) {
            *ret_form = (enum receipt_form)i;
            return true;
        }
    }
    return false;
}

int receipt_make(const struct receipt_source *source, enum receipt_form form, json_t **ret_json)
{
    JSON_AUTO *notice = json_read_canonical(source->notice);
    struct receipt receipt = {.source = source, .record = source->record, .notice = notice};

    if (!notice)
        return error_origin(-ENOMEM); /* its hash was checked: it is our own text */
    int r = open_receipt(&receipt);
    if (r)
        return error_trace(r);
    json_t *json = forms[form].make(&receipt);
    if (!json)
        return error_origin(-ENOMEM);
    *ret_json = json;
    return 0;
}
