/*
 * From a request to a job.
 */
#include "crumb/rights/ask.h"
#include "crumb/base/error.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>

/*
 * No event happened before the visitor's id was made.  A day more, as the zone of
 * the site may have changed.
 */
static int32_t first_day(const struct site *site, const struct visitor *visitor)
{
    return zone_day(site->zone, visitor->since_ms) - 2;
}

static void tell(struct asked *asked, const struct job *job)
{
    struct asked_deed *deed = &asked->deeds[asked->n++];

    memcpy(deed->id, job->deed, DEED_ID_BYTES);
    deed->job = job->sequence;
}

/* ---- choices ---- */

static enum deed_right right_of(const struct choice *choice, bool erase)
{
    return choice->kind == CHOICE_MINOR ? RIGHT_MINOR : erase ? RIGHT_ERASURE : RIGHT_WITHDRAWAL;
}

static int amend_loss(struct batch *batch, uint32_t site, const struct choice_loss *loss)
{
    struct amendment amendment;
    int r = amended_get(batch->txn, site, loss->before.number, &amendment);

    if (r)
        return error_trace(r);
    amendment.erased |= loss->all;
    amendment.cut |= loss->all ? 0 : loss->classes;
    return error_trace(amended_put(batch->txn, site, &amendment));
}

/* What comes from now on is under another key, so that the old one can be destroyed. */
static int renew_key(struct batch *batch, uint32_t site, const uint8_t id[VISITOR_BYTES], struct key_ref *ret_key)
{
    uint8_t key[CRYPT_KEY_BYTES];
    struct visitor visitor;
    int r = error_fold(visitor_get(batch->txn, site, id, &visitor));

    if (r == 0)
        r = batch_new_key(batch, KEY_VISITOR, &visitor.key, key);
    sodium_memzero(key, sizeof key);
    if (r == 0)
        r = visitor_put(batch->txn, site, id, &visitor);
    if (r)
        return error_trace(r);
    *ret_key = visitor.key;
    return 0;
}

static int put_loss(struct batch *batch, const struct choice *choice, const struct choice_context *context,
                    const struct choice_loss *loss, enum deed_right right, const uint8_t id[DEED_ID_BYTES],
                    struct asked *asked)
{
    const struct site *site = choice->site;
    struct job job = {.sequence = batch_take_sequence(batch),
                      .kind = loss->all ? JOB_ERASE : JOB_CUT,
                      .right = right,
                      .classes = loss->classes,
                      .site = site->id,
                      .number = loss->before.number,
                      .key = loss->before.key,
                      .asked_ms = context->at_ms,
                      .first = first_day(site, &loss->before)};

    job.counted = JOB_NOTHING_COUNTED(job.first);
    memcpy(job.visitor, loss->visitor, VISITOR_BYTES);
    memcpy(job.deed, id, DEED_ID_BYTES);
    int r = amend_loss(batch, site->id, loss);
    if (r == 0 && !loss->all)
        r = renew_key(batch, site->id, loss->visitor, &job.next);
    if (r == 0)
        r = job_put(batch->txn, &job);
    if (r == 0)
        tell(asked, &job);
    return error_trace(r);
}

int ask_after_choice(struct batch *batch, const struct choice *choice, const struct choice_context *context,
                     const struct choice_result *result, const uint8_t *ids, struct asked *ret_asked)
{
    enum deed_right right = right_of(choice, context->erase);
    struct asked asked = {.n = 0};
    int r = 0;

    if (!choice_erases(choice, context)) {
        *ret_asked = asked;
        return 0;
    }
    for (unsigned i = 0; r == 0 && i < result->n_losses; i++)
        r = put_loss(batch, choice, context, &result->losses[i], right, ids + i * DEED_ID_BYTES, &asked);
    if (r)
        return error_trace(r);
    *ret_asked = asked;
    return 0;
}

/* ---- other rights ---- */

static int find_visitor(struct batch *batch, const struct ask *ask, struct visitor *visitor)
{
    int r = visitor_get(batch->txn, ask->site->id, ask->visitor, visitor);

    return r == DB_E_NOT_FOUND ? ASK_E_UNKNOWN : error_trace(r);
}

/* The amendment and the job that brings rollups after it. */
static int put_refresh(struct batch *batch, const struct ask *ask, const struct visitor *visitor,
                       const struct amendment *amendment, enum deed_right right, struct asked *asked)
{
    struct job job = {.kind = JOB_REFRESH,
                      .right = right,
                      .site = ask->site->id,
                      .number = visitor->number,
                      .key = visitor->key,
                      .asked_ms = ask->at_ms,
                      .first = first_day(ask->site, visitor)};
    uint64_t n_jobs;
    int r = db_entries(batch->txn, DB_JOBS, &n_jobs);

    if (r == 0 && n_jobs >= JOBS_MAX)
        return ASK_E_FULL;
    job.sequence = batch_take_sequence(batch);
    job.counted = JOB_NOTHING_COUNTED(job.first);
    memcpy(job.visitor, ask->visitor, VISITOR_BYTES);
    memcpy(job.deed, ask->deed, DEED_ID_BYTES);
    if (r == 0)
        r = amended_put(batch->txn, ask->site->id, amendment);
    if (r == 0)
        r = job_put(batch->txn, &job);
    if (r == 0)
        tell(asked, &job);
    return error_trace(r);
}

int ask_restrict(struct batch *batch, const struct ask *ask, bool restricted, struct asked *ret_asked)
{
    struct asked asked = {.n = 0};
    struct amendment amendment;
    struct visitor visitor;
    int r = find_visitor(batch, ask, &visitor);

    if (r)
        return r;
    if (visitor.restricted == restricted) {
        *ret_asked = asked;
        return 0;
    }
    r = amended_get(batch->txn, ask->site->id, visitor.number, &amendment);
    visitor.restricted = amendment.restricted = restricted;
    if (r == 0)
        r = put_refresh(batch, ask, &visitor, &amendment, restricted ? RIGHT_RESTRICTION : RIGHT_LIFTING, &asked);
    if (r == 0)
        r = error_trace(visitor_put(batch->txn, ask->site->id, ask->visitor, &visitor));
    if (r == 0)
        *ret_asked = asked;
    return r;
}

static void apply(const struct corrections *corrections, struct amendment *amendment)
{
    const struct amendment *to = &corrections->to;

    if (corrections->country) {
        amendment->has_country = to->has_country;
        memcpy(amendment->country, to->country, sizeof amendment->country);
    }
    if (corrections->language) {
        amendment->has_language = to->has_language;
        memcpy(amendment->language, to->language, sizeof amendment->language);
    }
    if (corrections->device) {
        amendment->has_device = to->has_device;
        amendment->device = to->device;
    }
}

static bool is_same(const struct amendment *a, const struct amendment *b)
{
    return a->has_country == b->has_country && a->has_language == b->has_language && a->has_device == b->has_device &&
           (!a->has_country || strcmp(a->country, b->country) == 0) &&
           (!a->has_language || strcmp(a->language, b->language) == 0) && (!a->has_device || a->device == b->device);
}

int ask_correct(struct batch *batch, const struct ask *ask, const struct corrections *corrections,
                struct asked *ret_asked)
{
    struct asked asked = {.n = 0};
    struct amendment before, after;
    struct visitor visitor;
    int r = find_visitor(batch, ask, &visitor);

    if (r)
        return r;
    r = amended_get(batch->txn, ask->site->id, visitor.number, &before);
    if (r)
        return error_trace(r);
    after = before;
    apply(corrections, &after);
    if (!is_same(&before, &after))
        r = put_refresh(batch, ask, &visitor, &after, RIGHT_CORRECTION, &asked);
    if (r == 0)
        *ret_asked = asked;
    return r;
}
