/*
 * crumb dump ledger --record: everything that one record proves, as one JSON
 * object: what was shown, what was chosen, whether the chain holds from the
 * first record to the head, and how many events relied on it (GDPR art. 7(1);
 * EDPB guidelines 05/2020 paragraphs 104 to 108).
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "crumb/consent/receipt.h"
#include "crumb/store/journal.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#define PROOF_BYTES_MAX (1 << 20)
#define SEQUENCE_DIGITS_MAX 19

/* Events of the journal whose consent is the record. */
struct reliance {
    uint64_t consent;
    uint64_t n;
    int64_t first_ms, last_ms; /* of those that have a time, which belongs to class log; 0: none has */
    int32_t first_day, last_day;
};

struct proof {
    struct db_txn *txn;
    struct ledger_record record;
    struct text notice;
    struct chain_break broken;
    bool holds;
    struct chain_head head;
    struct reliance reliance;
};

/* ---- finding the record ---- */

static bool read_sequence(struct text digits, uint64_t *ret_sequence)
{
    uint64_t sequence = 0;

    if (digits.size == 0 || digits.size > SEQUENCE_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        sequence = sequence * 10 + (uint64_t)(digits.data[i] - '0');
    }
    *ret_sequence = sequence;
    return true;
}

enum { NAME_E_NONE = 1000 };

/* By id, 32 hex digits, or by sequence. NAME_E_NONE: it is neither; else as ledger_get(). */
static int find_record(struct db_txn *txn, const char *name, struct ledger_record *ret_record)
{
    uint8_t id[RECORD_ID_BYTES];
    uint64_t sequence;
    size_t size;

    if (strlen(name) == 2 * sizeof id && sodium_hex2bin(id, sizeof id, name, strlen(name), NULL, &size, NULL) == 0 &&
        size == sizeof id)
        return ledger_find(txn, id, ret_record);
    return read_sequence(text_of(name), &sequence) ? ledger_get(txn, sequence, ret_record) : NAME_E_NONE;
}

/* ---- what relied on it ---- */

static int count_event(void *context, const struct journal_record *record)
{
    struct reliance *reliance = context;
    struct event event;

    if (record->consent != reliance->consent)
        return 0;
    if (!journal_event(record, &event))
        return error_origin(-EBADMSG);
    int64_t at_ms = (int64_t)event.at_ms;
    if (at_ms && (!reliance->first_ms || at_ms < reliance->first_ms))
        reliance->first_ms = at_ms;
    if (at_ms > reliance->last_ms)
        reliance->last_ms = at_ms;
    if (!reliance->n || record->day < reliance->first_day)
        reliance->first_day = record->day;
    if (!reliance->n || record->day > reliance->last_day)
        reliance->last_day = record->day;
    reliance->n++;
    return 0;
}

struct day_walk {
    struct proof *proof;
    uint32_t site; /* 0: the configuration has left it; its events still name the record */
};

static int count_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct day_walk *walk = context;
    struct reliance *reliance = &walk->proof->reliance;

    /* Events are numbered after the consent that they rely on. */
    if ((walk->site && site != walk->site) || state->last < reliance->consent)
        return 0;
    return error_trace(journal_each(walk->proof->txn, site, day, reliance->consent, count_event, reliance));
}

static int count_reliance(struct proof *proof, const struct config *config)
{
    const struct site *site = config_site(config, proof->record.site);
    struct day_walk walk = {.proof = proof, .site = site ? site->id : 0};

    proof->reliance.consent = proof->record.sequence;
    return error_trace(day_each(proof->txn, count_day, &walk));
}

/* ---- putting it together ---- */

static int gather(struct proof *proof, const struct config *config)
{
    int r = notice_get(proof->txn, proof->record.notice, &proof->notice);

    if (r)
        return r < 0 ? error_trace(r) : error_origin(-EBADMSG);
    r = ledger_verify(proof->txn, NULL, NULL, &proof->broken);
    if (r < 0)
        return error_trace(r);
    proof->holds = r == 0;
    r = ledger_head(proof->txn, &proof->head);
    if (r == 0)
        r = count_reliance(proof, config);
    return error_trace(r);
}

static json_t *hash_json(const uint8_t hash[HASH_BYTES])
{
    char hex[HASH_HEX_BYTES];

    notice_hex(hash, hex);
    return json_string(hex);
}

static json_t *record_json(const struct ledger_record *record)
{
    char visitor[2 * VISITOR_BYTES + 1];
    json_t *object = receipt_json(record);

    sodium_bin2hex(visitor, sizeof visitor, record->visitor, VISITOR_BYTES);
    object = json_member(object, "sequence", json_integer((json_int_t)record->sequence));
    object = json_member(object, "previous", hash_json(record->previous));
    object = json_member(object, "material", hash_json(record->material));
    return json_member(object, "visitor", ledger_has_visitor(record) ? json_string(visitor) : json_null());
}

static json_t *chain_json(const struct proof *proof)
{
    json_t *object = json_pack("{s:b, s:{s:I, s:I, s:o}}", "holds", proof->holds, "head", "records",
                               (json_int_t)proof->head.n_records, "sequence", (json_int_t)proof->head.sequence, "hash",
                               hash_json(proof->head.hash));

    if (!proof->holds)
        object = json_member(
            object, "broken",
            json_pack("{s:I, s:s}", "sequence", (json_int_t)proof->broken.sequence, "what", proof->broken.what));
    return object;
}

/* The instant, or the day alone where the choice does not cover times. */
static json_t *when_json(const struct reliance *reliance, int64_t at_ms, int32_t day)
{
    char date[ZONE_DATE_BYTES];

    if (!reliance->n)
        return json_null();
    if (at_ms)
        return receipt_time_json(at_ms);
    zone_write_date(day, date);
    return json_string(date);
}

static json_t *events_json(const struct reliance *reliance)
{
    return json_pack("{s:I, s:o, s:o}", "n", (json_int_t)reliance->n, "first",
                     when_json(reliance, reliance->first_ms, reliance->first_day), "last",
                     when_json(reliance, reliance->last_ms, reliance->last_day));
}

/* The notice's own bytes, not JSON made of them again: they are what the hash is of. */
static int put_proof(struct buffer *buffer, const struct proof *proof)
{
    buffer_put_text(buffer, TEXT("{\"record\":"));
    int r = json_put(buffer, record_json(&proof->record), 0);
    buffer_put_text(buffer, TEXT(",\"notice\":"));
    buffer_put_text(buffer, proof->notice);
    buffer_put_text(buffer, TEXT(",\"chain\":"));
    if (r == 0)
        r = json_put(buffer, chain_json(proof), 0);
    buffer_put_text(buffer, TEXT(",\"events\":"));
    if (r == 0)
        r = json_put(buffer, events_json(&proof->reliance), 0);
    buffer_put_text(buffer, TEXT("}\n"));
    if (r == 0 && buffer->fault)
        r = error_origin(buffer->fault);
    return error_trace(r);
}

int command_dump_record(const struct setup *setup, const char *name)
{
    struct proof proof = {.txn = setup->txn};
    BUFFER_AUTO json = BUFFER_INIT(PROOF_BYTES_MAX);
    int r = find_record(proof.txn, name, &proof.record);

    if (r > 0) {
        fprintf(stderr, "crumb dump: %s\n",
                r == NAME_E_NONE ? "a record is named by its id, 32 hex digits, or by its sequence number"
                                 : "there is no such record in the ledger");
        return r == NAME_E_NONE ? EXIT_USAGE : EXIT_NO;
    }
    if (r == 0)
        r = gather(&proof, setup->edition->config);
    if (r == 0)
        r = put_proof(&json, &proof);
    if (r == -EBADMSG) {
        fprintf(stderr, "crumb dump: the record, its notice or an event is damaged; `crumb verify` tells more\n");
        return EXIT_NO;
    }
    if (r) {
        log_fault("the record cannot be shown", r);
        return EXIT_FAILED;
    }
    fwrite(json.data, 1, json.size, stdout);
    return proof.holds ? EXIT_GOOD : EXIT_NO;
}
