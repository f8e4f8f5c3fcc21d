/*
 * Whether a choice may be made, and its record: what it takes away, what is left
 * of the visitor, and what is counted.
 */
#include "crumb/consent/choice.h"
#include "crumb/base/error.h"
#include "crumb/store/consents.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>

/* ---- purposes ---- */

uint32_t choice_all(const struct site *site)
{
    return site->n_purposes == 32 ? UINT32_MAX : (1u << site->n_purposes) - 1;
}

uint32_t choice_together(const struct site *site)
{
    uint32_t together = 0;

    for (unsigned i = 0; i < site->n_purposes; i++)
        if (!site->purposes[i].separate)
            together |= 1u << i;
    return together;
}

bool choice_collects(const struct site *site, uint32_t granted)
{
    for (unsigned i = 0; i < site->n_purposes; i++)
        if (granted & 1u << i && site->purposes[i].collects)
            return true;
    return false;
}

/* ---- whether it may be ---- */

static int refuse(struct buffer *complaint, const char *why)
{
    buffer_put_text(complaint, text_of(why));
    return CHOICE_E_INVALID;
}

static int admit_implied(const struct choice *choice, const struct choice_context *context, struct buffer *complaint)
{
    /* Silence is consent only where the law says so: GDPR recital 32 against CCPA section 1798.120. */
    if (regime_of(choice->site, &context->place) == REGIME_OPT_IN)
        return refuse(complaint, "`implied` is no choice where the regime is opt_in; ask");
    if (context->gpc || context->before == CHOICE_GPC)
        return refuse(complaint, "`implied` is no choice where the browser sends its privacy signal");
    return 0;
}

int choice_admit(struct choice *choice, struct choice_context *context, struct buffer *complaint)
{
    /* GDPR art. 8: a child that clicks "accept" has not consented. */
    if (context->before == CHOICE_MINOR) {
        choice->kind = CHOICE_MINOR;
        choice->granted = 0;
    }
    if (choice->kind == CHOICE_IMPLIED)
        return admit_implied(choice, context, complaint);
    if (choice->kind == CHOICE_GPC && context->no_gpc)
        return refuse(complaint, "`gpc` is no choice where Sec-GPC is not 1");
    /* Some browsers have the property and send no field: then the script's word is taken, now and later. */
    if (choice->kind == CHOICE_GPC || (context->before == CHOICE_GPC && !context->no_gpc))
        context->gpc = true;
    return 0;
}

/* ---- recording ---- */

static struct ledger_record make_record(const struct choice *choice, const struct edition *edition,
                                        const struct choice_context *context)
{
    struct ledger_record record = {.at_ms = context->at_ms,
                                   .site = text_of(choice->site->name),
                                   .kind = choice->kind,
                                   .surface = choice->surface,
                                   .regime = regime_of(choice->site, &context->place),
                                   .device = context->device,
                                   .signals = context->gpc ? LEDGER_SIGNAL_GPC : 0,
                                   .lang = text_of(choice->notice->lang),
                                   .n_answers = choice->site->n_purposes};

    memcpy(record.country, context->place.country, sizeof record.country);
    memcpy(record.id, context->record_id, RECORD_ID_BYTES);
    memcpy(record.notice, choice->notice->hash, HASH_BYTES);
    memcpy(record.material, edition_notices(edition, choice->site)->material, HASH_BYTES);
    for (unsigned i = 0; i < choice->site->n_purposes; i++)
        record.answers[i] = (struct ledger_answer){.purpose = text_of(choice->site->purposes[i].name),
                                                   .granted = choice->granted & 1u << i};
    return record;
}

static struct visitor make_visitor(const struct choice *choice, const struct choice_context *context,
                                   const struct visitor *before, const struct ledger_record *record)
{
    struct visitor visitor = {.choice = choice->kind,
                              .regime = record->regime,
                              .gpc_at_choice = context->gpc,
                              .restricted = before && before->restricted,
                              .minor = before && before->minor,
                              .consent = record->sequence,
                              .number = before ? before->number : 0, /* new ones get theirs in write_visitor() */
                              .key = before ? before->key : (struct key_ref){0},
                              .since_ms = before ? before->since_ms : context->at_ms,
                              .at_ms = context->at_ms};

    memcpy(visitor.country, record->country, sizeof visitor.country);
    for (unsigned i = 0; i < choice->site->n_purposes; i++)
        if (choice->granted & 1u << i)
            visitor.granted[visitor.n_granted++] = choice->site->purposes[i].material;
    return visitor;
}

/*
 * The id that a browser brings is used again only while its row is there: an
 * id whose owner has been erased or expired must not come back to life.  One that
 * rests does, as a new one would lead nobody to what is kept under it.
 */
static int find_before(struct batch *batch, const struct choice *choice, const struct choice_context *context,
                       struct visitor *before, bool *ret_found)
{
    *ret_found = false;
    return context->known
               ? error_trace(visitor_find(batch, choice->site, context->visitor, context->at_ms, before, ret_found))
               : 0;
}

/* Made by an action of somebody's own, in either direction. */
static bool is_explicit(enum choice_kind kind)
{
    return kind == CHOICE_GRANT || kind == CHOICE_DENY || kind == CHOICE_CUSTOM || kind == CHOICE_WITHDRAW ||
           kind == CHOICE_RENEW;
}

/*
 * An explicit choice that is there, by the row or, as nothing is kept of
 * somebody who refused, by the browser's own word.  A signal is recorded once,
 * and ends what was granted before it was there.
 */
static bool stands(const struct choice *choice, const struct choice_context *context, const struct visitor *before)
{
    if (choice->kind != CHOICE_GPC && choice->kind != CHOICE_IMPLIED)
        return false;
    if (choice->kind == CHOICE_GPC && before && !before->gpc_at_choice)
        return false;
    if (is_explicit(context->before) || context->before == CHOICE_GPC)
        return true;
    return before && is_explicit(before->choice) && visitor_is_live(before, choice->site, context->at_ms);
}

static bool is_refusal(const struct choice *choice) { return choice->kind != CHOICE_DISMISS && !choice->granted; }

/* True where less is granted than before, and nothing that was not. */
static bool takes_away(const struct choice *choice, const struct visitor *before)
{
    unsigned n_kept = 0;

    for (unsigned p = 0; p < choice->site->n_purposes; p++) {
        bool had = false;

        if (!(choice->granted & 1u << p))
            continue;
        for (unsigned i = 0; before && i < before->n_granted; i++)
            had |= before->granted[i] == choice->site->purposes[p].material;
        if (!had)
            return false;
        n_kept++;
    }
    return before && choice->kind != CHOICE_DISMISS && n_kept < before->n_granted;
}

/* ---- what is taken away ---- */

static void lose(struct choice_result *result, const uint8_t id[VISITOR_BYTES], const struct visitor *before, bool all,
                 unsigned classes)
{
    assert(result->n_losses < CHOICE_LOSSES_MAX);
    struct choice_loss *loss = &result->losses[result->n_losses++];

    *loss = (struct choice_loss){.before = *before, .all = all, .classes = classes};
    memcpy(loss->visitor, id, VISITOR_BYTES);
}

/* Classes of no purpose that is left, where one that still means the same was granted before and is not now. */
static unsigned lost_classes(const struct choice *choice, const struct visitor *before)
{
    unsigned left = 0;
    bool less = false;

    for (unsigned p = 0; p < choice->site->n_purposes; p++) {
        const struct purpose *purpose = &choice->site->purposes[p];

        if (choice->granted & 1u << p)
            left |= purpose->collects;
        for (unsigned i = 0; !(choice->granted & 1u << p) && i < before->n_granted; i++)
            less |= before->granted[i] == purpose->material;
    }
    return less ? CLASS_ALL & ~left : 0;
}

/* The row of @id, expired or not. A damaged one tells nobody's number. */
static int find_row(struct batch *batch, const struct choice *choice, const uint8_t id[VISITOR_BYTES],
                    struct visitor *row, bool *ret_found)
{
    int r = visitor_get(batch->txn, choice->site->id, id, row);

    if (r < 0 && r != -EBADMSG)
        return error_trace(r);
    *ret_found = r == 0;
    return 0;
}

/* Before rows change. A dialog that was closed takes nothing away, whatever has expired by then. */
static int find_losses(struct batch *batch, const struct choice *choice, const struct choice_context *context,
                       struct choice_result *result)
{
    bool refuses = !choice_collects(choice->site, choice->granted);
    struct visitor row;
    bool found = false;
    int r = 0;

    if (choice->kind == CHOICE_DISMISS)
        return 0;
    if (context->known)
        r = find_row(batch, choice, context->visitor, &row, &found);
    if (r == 0 && found && refuses)
        lose(result, context->visitor, &row, true, CLASS_ALL);
    else if (r == 0 && found && lost_classes(choice, &row))
        lose(result, context->visitor, &row, false, lost_classes(choice, &row));
    for (unsigned i = 0; r == 0 && refuses && i < context->others.n; i++) {
        r = find_row(batch, choice, context->others.visitors[i], &row, &found);
        if (r == 0 && found)
            lose(result, context->others.visitors[i], &row, true, CLASS_ALL);
    }
    return error_trace(r);
}

/* Whether one of the ids that a browser brings beside each other has a row. */
static int find_others(struct batch *batch, const struct choice *choice, const struct choice_context *context,
                       bool *ret_found)
{
    struct visitor other;

    *ret_found = false;
    for (unsigned i = 0; i < context->others.n; i++) {
        int r = visitor_get(batch->txn, choice->site->id, context->others.visitors[i], &other);

        if (r < 0 && r != -EBADMSG)
            return error_trace(r);
        *ret_found |= r != DB_E_NOT_FOUND;
    }
    return 0;
}

/* What silence allowed elsewhere, or under the rules of before. */
static bool is_void(enum choice_kind kind, const struct choice *choice, const struct choice_context *context)
{
    return kind == CHOICE_IMPLIED && regime_of(choice->site, &context->place) == REGIME_OPT_IN;
}

/* A row that is in force as it is. */
static bool holds(const struct choice *choice, const struct choice_context *context, const struct visitor *before)
{
    return before && visitor_is_live(before, choice->site, context->at_ms) &&
           visitor_is_current(before, choice->site) && !is_void(before->choice, choice, context);
}

/*
 * A dialog that was closed changes nothing of what was chosen before, as long
 * as that is in force: what the visitor would only be asked for again is put
 * off.  A crumb_choice alone holds for what collects nothing.
 */
static bool keeps_choice(const struct choice *choice, const struct choice_context *context,
                         const struct visitor *before)
{
    bool by_cookie = context->before && context->before_is_current &&
                     !choice_collects(choice->site, context->before_granted) &&
                     !is_void(context->before, choice, context);

    return choice->kind == CHOICE_DISMISS && (holds(choice, context, before) || by_cookie);
}

bool choice_erases(const struct choice *choice, const struct choice_context *context)
{
    return choice->kind == CHOICE_MINOR ||
           (choice->kind != CHOICE_DISMISS && (context->erase || choice->site->on_withdraw == WITHDRAW_ERASE));
}

/*
 * A row of the browser's that is not the new state.  Where what it leads to
 * stays, and the browser gets no other id, it rests.
 */
static int leave_row(struct batch *batch, const struct choice *choice, const struct choice_context *context,
                     const uint8_t id[VISITOR_BYTES], struct choice_result *result)
{
    bool is_theirs = choice->kind != CHOICE_DISMISS && memcmp(id, result->record.visitor, VISITOR_BYTES) == 0;
    struct visitor_rest rest = {
        .choice = choice->kind, .consent = is_theirs ? result->record.sequence : 0, .at_ms = context->at_ms};
    bool rests = false;

    if (result->keeps_id || choice_erases(choice, context))
        return error_trace(visitor_end(batch, choice->site, id, context->at_ms));
    int r = visitor_rest(batch, choice->site, id, &rest, &rests);
    result->rests |= rests;
    return error_trace(r);
}

/* The browser's row: the new state, or none that grants anything. */
static int write_visitor(struct batch *batch, const struct choice *choice, const struct choice_context *context,
                         const struct visitor *before, struct choice_result *result)
{
    const struct site *site = choice->site;
    uint8_t key[CRYPT_KEY_BYTES];
    bool same = memcmp(result->visitor, context->visitor, VISITOR_BYTES) == 0;
    struct visitor rested;
    int r = 0;

    if (context->known && !(result->keeps_id && same))
        r = leave_row(batch, choice, context, context->visitor, result);
    for (unsigned i = 0; r == 0 && i < context->others.n; i++)
        r = leave_row(batch, choice, context, context->others.visitors[i], result);
    if (r == 0 && result->rests && context->known) {
        r = error_fold(visitor_get(batch->txn, site->id, context->visitor, &rested));
        result->until_ms = r ? 0 : visitor_until_ms(&rested, site);
    }
    if (r || !result->keeps_id || (result->keeps_choice && before))
        return error_trace(r);
    struct visitor after = make_visitor(choice, context, before, &result->record);
    result->until_ms = visitor_until_ms(&after, site);
    if (!before)
        r = visitor_end(batch, site, result->visitor, context->at_ms);
    if (r == 0 && !before)
        r = batch_take_visitor(batch, site->id, &after.number);
    if (r == 0 && !before)
        r = batch_new_key(batch, KEY_VISITOR, &after.key, key);
    sodium_memzero(key, sizeof key);
    return error_trace(r ? r : visitor_put(batch->txn, site->id, result->visitor, &after));
}

/*
 * In the transaction of the record, so that neither is there without the other.
 * A row of counters that is damaged stays for `crumb verify` to name: no choice
 * is refused because of a statistic.
 */
static int count(struct batch *batch, const struct choice *choice, const struct choice_context *context,
                 unsigned counter, bool answers)
{
    struct key_consents of = {.site = choice->site->id,
                              .day = zone_day(choice->site->zone, context->at_ms),
                              .device = context->device,
                              .lang = text_of(choice->notice->lang)};

    memcpy(of.notice, choice->notice->hash, sizeof of.notice);
    memcpy(of.country, context->place.country, sizeof of.country);
    int r = consents_add(batch->txn, &of, counter, answers);
    return r == -EBADMSG ? 0 : error_trace(r);
}

/*
 * An answer to a question that was on the screen: on the banner itself, or in
 * the choices by somebody who had still to choose.  Signals, silence and what
 * is changed later answer none, and neither does a page's own control.
 */
static bool answers_notice(const struct choice *choice, const struct choice_context *context)
{
    bool is_answer = choice->kind == CHOICE_GRANT || choice->kind == CHOICE_DENY || choice->kind == CHOICE_CUSTOM ||
                     choice->kind == CHOICE_DISMISS;
    bool was_asked = choice->surface == SURFACE_BANNER ||
                     (choice->surface == SURFACE_DIALOG && !(context->before && context->before_is_current));

    return is_answer && was_asked;
}

int choice_count_shown(struct batch *batch, const struct choice *choice, const struct choice_context *context)
{
    return error_trace(count(batch, choice, context, CONSENTS_SHOWN, false));
}

int choice_record(struct batch *batch, const struct choice *choice, const struct edition *edition,
                  const struct choice_context *context, struct choice_result *ret_result)
{
    struct choice_result result = {.record = make_record(choice, edition, context), .granted = choice->granted};
    struct visitor before;
    bool found, found_others;
    int r = find_before(batch, choice, context, &before, &found);

    if (r == 0)
        r = find_others(batch, choice, context, &found_others);
    if (r == 0)
        r = find_losses(batch, choice, context, &result);
    if (r)
        return error_trace(r);
    if (stands(choice, context, found ? &before : NULL)) {
        *ret_result = (struct choice_result){.stands = true, .keeps_choice = true, .keeps_id = context->known};
        return 0;
    }
    /* The last room is for taking consent back, GDPR art. 7(3), and for nothing that anybody could fill it with. */
    bool less = takes_away(choice, found ? &before : NULL) || (found_others && is_refusal(choice));
    if (batch->reserve && !less)
        return error_origin(-ENOSPC);
    result.keeps_choice = keeps_choice(choice, context, found ? &before : NULL);
    result.keeps_id = (result.keeps_choice && found && holds(choice, context, &before)) ||
                      choice_collects(choice->site, choice->granted);
    result.ended = !(result.keeps_choice && result.keeps_id) &&
                   (found_others || (found && visitor_is_live(&before, choice->site, context->at_ms)));
    result.until_ms = context->at_ms;
    memcpy(result.visitor, found || !result.keeps_id ? context->visitor : context->fresh, VISITOR_BYTES);
    if (result.keeps_id || context->known)
        memcpy(result.record.visitor, result.visitor, VISITOR_BYTES);
    else if (context->others.n) /* a record has one visitor: that it was one of them is proof enough */
        memcpy(result.record.visitor, context->others.visitors[0], VISITOR_BYTES);

    r = ledger_append(batch, &result.record);
    if (r == -EBADMSG && less) {
        /* No choice can be recorded any more. Collecting what was taken back would be worse than a missing record. */
        result.unrecorded = true;
        result.keeps_id = false;
        *ret_result = result;
        return error_trace(write_visitor(batch, choice, context, found ? &before : NULL, &result));
    }
    if (r == 0)
        r = write_visitor(batch, choice, context, found ? &before : NULL, &result);
    if (r == 0)
        r = count(batch, choice, context, choice->kind, answers_notice(choice, context));
    if (r)
        return error_trace(r);
    *ret_result = result;
    return 0;
}
