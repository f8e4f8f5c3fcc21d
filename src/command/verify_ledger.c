/*
 * What crumb verify says of choices: the ledger holds, whatever shows them was kept,
 * and visitors and counters are as it says.
 */
#include "crumb/base/error.h"
#include "crumb/consent/versions.h"
#include "crumb/consent/visitor.h"
#include "verify.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* ---- the ledger ---- */

static int keep_decision(struct verify *verify, const struct ledger_record *record)
{
    bool grants = false;

    for (unsigned i = 0; i < record->n_answers; i++)
        grants |= record->answers[i].granted;
    if (verify->n_decisions == verify->capacity) {
        size_t capacity = verify->capacity ? verify->capacity * 2 : 64;
        struct decision *grown = reallocarray(verify->decisions, capacity, sizeof *grown);

        if (!grown)
            return error_origin(-ENOMEM);
        verify->decisions = grown;
        verify->capacity = capacity;
    }
    struct decision *decision = &verify->decisions[verify->n_decisions++];
    *decision = (struct decision){.sequence = record->sequence, .grants = grants};
    memcpy(decision->visitor, record->visitor, VISITOR_BYTES);
    return 0;
}

static int check_record(void *context, const struct ledger_record *record)
{
    struct verify *verify = context;
    struct ledger_record found;
    struct text notice;

    verify->n_records++;
    progress_add(&verify->progress, 1);
    verify->chosen.counts[record->kind] += record->version >= LEDGER_COUNTED;
    verify->last_sequence = record->sequence;
    verify_meet_heads(verify, record);
    int r = notice_get(verify->txn, record->notice, &notice);
    if (r == DB_E_NOT_FOUND || r == -EBADMSG)
        return verify_wrong(verify, "ledger record %" PRIu64 ": the notice that it names is not there as it was shown",
                            record->sequence);
    if (r)
        return error_trace(r);
    r = ledger_find(verify->txn, record->id, &found);
    if (r == DB_E_NOT_FOUND || r == -EBADMSG || (r == 0 && found.sequence != record->sequence))
        return verify_wrong(verify, "ledger record %" PRIu64 ": its receipt does not lead to it", record->sequence);
    if (r)
        return error_trace(r);
    /* A dialog that was closed decides nothing. */
    if (record->kind != CHOICE_DISMISS && ledger_has_visitor(record))
        return error_trace(keep_decision(verify, record));
    return 0;
}

static int compare_decisions(const void *a, const void *b)
{
    const struct decision *left = a, *right = b;
    int order = memcmp(left->visitor, right->visitor, VISITOR_BYTES);

    return order ? order : (left->sequence > right->sequence) - (left->sequence < right->sequence);
}

int verify_ledger(struct verify *verify)
{
    struct chain_break broken;
    uint64_t n_receipts;
    int r = ledger_verify(verify->txn, check_record, verify, &broken);

    if (r == LEDGER_E_BROKEN && broken.sequence == 0)
        return verify_wrong(verify, "ledger: %s", broken.what);
    if (r == LEDGER_E_BROKEN)
        return verify_wrong(verify, "ledger record %" PRIu64 ": %s", broken.sequence, broken.what);
    if (r)
        return r;
    if (verify->n_decisions)
        qsort(verify->decisions, verify->n_decisions, sizeof *verify->decisions, compare_decisions);
    r = db_entries(verify->txn, DB_RECEIPTS, &n_receipts);
    if (r == 0 && n_receipts != verify->n_records)
        return verify_wrong(verify, "ledger: %" PRIu64 " records have %" PRIu64 " receipts", verify->n_records,
                            n_receipts);
    return error_trace(r);
}

size_t verify_find_decision(const struct verify *verify, const uint8_t visitor[VISITOR_BYTES], uint64_t sequence)
{
    struct decision wanted = {.sequence = sequence};
    size_t low = 0, high = verify->n_decisions;

    memcpy(wanted.visitor, visitor, VISITOR_BYTES);
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_decisions(&verify->decisions[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct decision *verify_decision_at(const struct verify *verify, size_t at, const uint8_t visitor[VISITOR_BYTES])
{
    if (at >= verify->n_decisions || memcmp(verify->decisions[at].visitor, visitor, VISITOR_BYTES) != 0)
        return NULL;
    return &verify->decisions[at];
}

/* ---- visitors ---- */

static int check_visitor(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], const struct visitor *visitor)
{
    struct verify *verify = context;
    size_t at = verify_find_decision(verify, id, visitor->consent);
    const struct decision *decision = verify_decision_at(verify, at, id);

    (void)site;
    /* A row that rests may do so because a dialog was closed, which decides nothing. */
    if (!decision || decision->sequence != visitor->consent || (visitor->n_granted && !decision->grants))
        return verify_wrong(verify,
                            "a visitor's live choice refers to ledger record %" PRIu64 ", which grants them nothing",
                            visitor->consent);
    if (verify_decision_at(verify, at + 1, id))
        return verify_wrong(verify, "a visitor's live choice is ledger record %" PRIu64 ", but a later one decides",
                            visitor->consent);
    return 0;
}

int verify_visitors(struct verify *verify)
{
    int r = visitor_each(verify->txn, check_visitor, verify);

    return r == -EBADMSG ? verify_wrong(verify, "visitors: a row is damaged") : r;
}

/* ---- consents ---- */

static int sum_consents(void *context, const struct key_consents *of, const struct consents *consents)
{
    struct consents *sum = context;

    for (unsigned i = 0; i < CONSENTS_N; i++)
        sum->counts[i] += consents->counts[i];
    return 0;
}

int verify_consents(struct verify *verify)
{
    struct consents sum = {.answered = 0};
    int r = consents_each(verify->txn, sum_consents, &sum);

    if (r == -EBADMSG)
        return verify_wrong(verify, "consents: a row is damaged");
    for (unsigned kind = 1; r == 0 && kind < CHOICE_N; kind++)
        if (sum.counts[kind] != verify->chosen.counts[kind])
            return verify_wrong(verify, "consents: %" PRIu64 " choices `%s` are counted, %" PRIu64 " are in the ledger",
                                sum.counts[kind], words_choice_kind(kind), verify->chosen.counts[kind]);
    return error_trace(r);
}

/* ---- versions ---- */

/* What a version showed is kept: each of its notices, whole. */
static int check_version(void *context, const struct version *version)
{
    struct verify *verify = context;

    for (unsigned i = 0; i < version->n_langs; i++) {
        uint8_t hash[HASH_BYTES];
        char hex[HASH_HEX_BYTES];
        struct text json;

        versions_lang(version, i, hash);
        int r = notice_get(verify->txn, hash, &json);
        notice_hex(hash, hex);
        if (r == DB_E_NOT_FOUND || r == -EBADMSG)
            return verify_wrong(verify, "version of %s at %" PRId64 ": notice %s is %s",
                                verify_site_name(verify, version->site).text, version->from_ms, hex,
                                r > 0 ? "not kept" : "damaged");
        if (r)
            return error_trace(r);
    }
    return 0;
}

int verify_versions(struct verify *verify)
{
    int r = versions_each(verify->txn, check_version, verify);

    return r == -EBADMSG ? verify_wrong(verify, "versions: damaged") : error_trace(r);
}
