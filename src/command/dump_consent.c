/*
 * crumb dump ledger, visitors, notices, versions, consents: what was chosen, what
 * was shown, and how often.
 */
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/receipt.h"
#include "crumb/consent/versions.h"
#include "crumb/consent/visitor.h"
#include "crumb/store/consents.h"
#include "dump.h"
#include <errno.h>

/* ---- ledger, visitors, notices ---- */

static int print_record(void *context, const struct ledger_record *record)
{
    struct dump *dump = context;

    if ((dump->site && !text_equal(record->site, text_of(dump->site->name))) || !dump_is_of(dump, record->visitor))
        return 0;
    json_t *object = receipt_json(record);
    json_object_set_new(object, "sequence", json_integer((json_int_t)record->sequence));
    json_object_set_new(object, "previous", json_hex(record->previous, HASH_BYTES));
    json_object_set_new(object, "material", json_hex(record->material, HASH_BYTES));
    json_object_set_new(object, "visitor",
                        ledger_has_visitor(record) ? json_hex(record->visitor, VISITOR_BYTES) : json_null());
    dump_print(dump, object);
    return 0;
}

int dump_ledger(struct dump *dump)
{
    struct chain_break broken;
    int r = ledger_verify(dump->setup.txn, print_record, dump, &broken);

    return r > 0 ? error_origin(-EBADMSG) : error_trace(r);
}

static int print_visitor(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], const struct visitor *visitor)
{
    struct dump *dump = context;

    if (dump_wants(dump, site) && dump_is_of(dump, id))
        dump_print(dump,
                   json_pack("{s:o, s:o, s:s, s:s, s:s?, s:I, s:I, s:I, s:i}", "site", dump_site(dump, site), "visitor",
                             json_hex(id, VISITOR_BYTES), "choice", words_choice_kind(visitor->choice), "regime",
                             words_regime(visitor->regime), "country", visitor->country[0] ? visitor->country : NULL,
                             "consent", (json_int_t)visitor->consent, "since_ms", (json_int_t)visitor->since_ms,
                             "at_ms", (json_int_t)visitor->at_ms, "granted", (int)visitor->n_granted));
    return 0;
}

int dump_visitors(struct dump *dump) { return error_trace(visitor_each(dump->setup.txn, print_visitor, dump)); }

int dump_notices(struct dump *dump)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, json;
    int r = db_cursor_new(dump->setup.txn, DB_NOTICES, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &json); r == 0; r = db_cursor_next(cursor, &key, &json)) {
        if (key.size != HASH_BYTES)
            return error_origin(-EBADMSG);
        dump_print(dump, json_pack("{s:o, s:o}", "hash", json_hex(key.data, key.size), "notice",
                                   json_loadb(json.data, json.size, 0, NULL)));
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

static int print_version(void *context, const struct version *version)
{
    struct dump *dump = context;
    json_t *notices = json_object();

    if (!dump_wants(dump, version->site)) {
        json_decref(notices);
        return 0;
    }
    for (unsigned i = 0; i < version->n_langs; i++) {
        uint8_t hash[HASH_BYTES];
        struct text lang = versions_lang(version, i, hash);

        json_object_setn_new(notices, lang.data, lang.size, json_hex(hash, HASH_BYTES));
    }
    dump_print(dump, json_pack("{s:o, s:I, s:o, s:o}", "site", dump_site(dump, version->site), "from_ms",
                               (json_int_t)version->from_ms, "material", json_hex(version->material, HASH_BYTES),
                               "notices", notices));
    return 0;
}

int dump_versions(struct dump *dump) { return error_trace(versions_each(dump->setup.txn, print_version, dump)); }

/* ---- how often ---- */

static int print_consents(void *context, const struct key_consents *of, const struct consents *consents)
{
    struct dump *dump = context;
    json_t *choices = json_object();

    if (!dump_wants(dump, of->site)) {
        json_decref(choices);
        return 0;
    }
    for (unsigned i = 1; i < CONSENTS_N; i++)
        if (consents->counts[i])
            json_object_set_new(choices, words_choice_kind(i), json_integer((json_int_t)consents->counts[i]));
    dump_print(dump, json_pack("{s:o, s:o, s:o, s:s?, s:s, s:s%, s:I, s:I, s:o}", "site", dump_site(dump, of->site),
                               "day", dump_date(of->day), "notice", json_hex(of->notice, sizeof of->notice), "country",
                               of->country[0] ? of->country : NULL, "device", words_device(of->device), "lang",
                               of->lang.data, of->lang.size, "shown", (json_int_t)consents->counts[CONSENTS_SHOWN],
                               "answered", (json_int_t)consents->answered, "choices", choices));
    return 0;
}

int dump_consents(struct dump *dump) { return error_trace(consents_each(dump->setup.txn, print_consents, dump)); }
