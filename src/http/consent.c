/*
 * POST /v1/consent: a choice is recorded by the writer, and the browser gets its
 * cookies.
 */
#include "consent.h"
#include "crumb/base/json.h"
#include "crumb/base/metrics.h"
#include "crumb/consent/minors.h"
#include "crumb/consent/receipt.h"
#include <errno.h>
#include <stdlib.h>

/* ---- POST /v1/consent ---- */

struct recording {
    struct write_op super;
    struct wait wait;
    struct edition *edition;
    uint8_t cookie_key[COOKIE_KEY_BYTES];
    struct choice choice;
    struct choice_context context;
    struct choice_result result;
    bool has_id, has_choice; /* the browser sent a crumb_id, a crumb_choice, good or bad */
    bool secure;
    uint8_t deeds[ASK_IDS_BYTES];
    struct asked asked;
    struct desk *desk;
    int outcome;
    consent_recorded tell;
};

static void recording_free(struct recording *recording)
{
    edition_unref(recording->edition);
    free(recording);
}

/* An erasure of somebody who is not there: already under way, or nothing at all. */
static int find_erasure(struct recording *recording, struct batch *batch, bool *ret_somebody)
{
    const struct choice_context *context = &recording->context;
    uint32_t site = recording->choice.site->id;
    struct visitor visitor;
    struct job job;
    int r = context->known ? visitor_get(batch->txn, site, context->visitor, &visitor) : DB_E_NOT_FOUND;

    *ret_somebody = r != DB_E_NOT_FOUND || context->others.n;
    if (*ret_somebody || !context->known)
        return r < 0 && r != -EBADMSG ? r : 0;
    recording->result = (struct choice_result){.stands = true, .keeps_choice = true};
    r = job_erasing(batch->txn, site, context->visitor, &job);
    if (r == 0) {
        recording->asked = (struct asked){.n = 1, .deeds = {{.job = job.sequence}}};
        memcpy(recording->asked.deeds[0].id, job.deed, DEED_ID_BYTES);
    }
    return r < 0 ? r : 0;
}

/* On the writer's thread. */
static int recording_apply(struct write_op *op, struct batch *batch)
{
    struct recording *recording = (struct recording *)op;
    bool somebody = true;
    int r = 0;

    recording->asked.n = 0;
    if (recording->context.erase)
        r = find_erasure(recording, batch, &somebody);
    if (r || !somebody)
        return r;
    r = minors_mend(batch->txn, &recording->choice, &recording->context);
    if (r)
        return r;
    r = choice_record(batch, &recording->choice, recording->edition, &recording->context, &recording->result);
    return r ? r
             : ask_after_choice(batch, &recording->choice, &recording->context, &recording->result, recording->deeds,
                                &recording->asked);
}

static void recording_done(struct write_op *op, int result)
{
    struct recording *recording = (struct recording *)op;

    if (result == 0 && !recording->result.stands && !recording->result.unrecorded)
        metrics_add(METRIC_choices_recorded_total, 1);
    if (result == 0 && recording->asked.n)
        desk_call(recording->desk);
    recording->outcome = result;
    wait_wake(&recording->wait);
}

/*
 * To a browser a cookie with Domain is another one than the host's of the same
 * name, and it sends both.  The host's, of before there was a `cookie_domain`,
 * goes first: where the host is that domain the two may be one (RFC 6265
 * section 5.3).
 */
static void set_cookie(h2o_req_t *req, const struct recording *recording, const char *name, struct text value,
                       int64_t max_age_s, bool was_sent, bool http_only)
{
    const char *domain = recording->choice.site->cookie_domain;

    if (domain && was_sent)
        answer_cookie(req, name, TEXT_NONE, 0, NULL, recording->secure, http_only);
    answer_cookie(req, name, value, max_age_s, domain, recording->secure, http_only);
}

/* What is left of the visitor's id. */
static int64_t id_left_ms(const struct recording *recording)
{
    return recording->result.until_ms - recording->context.at_ms;
}

static int64_t min_ms(int64_t a, int64_t b) { return a < b ? a : b; }

/* A choice that needs an id ends with it: a page that reads the cookie asks nobody else. */
static void set_choice_cookie(h2o_req_t *req, const struct recording *recording)
{
    const struct choice *choice = &recording->choice;
    const struct site *site = choice->site;
    int64_t max_age_ms = choice->granted ? site->retention.choice_ms : site->retention.refusal_ms;
    if (recording->result.keeps_id)
        max_age_ms = min_ms(max_age_ms, id_left_ms(recording));
    struct cookie_choice cookie = {.at_s = recording->context.at_ms / 1000,
                                   .action = choice->kind,
                                   .granted = choice->granted,
                                   .asked = UINT32_MAX};
    BUFFER_AUTO value = BUFFER_INIT(COOKIE_CHOICE_TEXT_BYTES_MAX);
    char hex[HASH_HEX_BYTES];

    notice_hex(edition_notices(recording->edition, site)->material, hex);
    memcpy(cookie.material, hex, sizeof cookie.material - 1);
    cookie_put_choice(&value, site, &cookie);
    set_cookie(req, recording, COOKIE_CHOICE_NAME, buffer_text(&value), max_age_ms / 1000, recording->has_choice,
               false);
}

static void set_cookies(h2o_req_t *req, const struct recording *recording)
{
    const struct choice_result *result = &recording->result;
    const struct site *site = recording->choice.site;
    BUFFER_AUTO id = BUFFER_INIT(COOKIE_ID_TEXT_BYTES + 1);

    if (!result->keeps_choice)
        set_choice_cookie(req, recording);
    /* Which of several ids rests nobody can tell: they stay as they are, and an erasure ends them all. */
    if (result->rests && !recording->context.known)
        return;
    if ((result->keeps_id && !result->keeps_choice) || result->rests) {
        cookie_put_id(&id, recording->cookie_key, site, result->visitor);
        set_cookie(req, recording, COOKIE_ID_NAME, buffer_text(&id), id_left_ms(recording) / 1000, recording->has_id,
                   true);
    } else if (!result->keeps_id && (recording->has_id || !result->keeps_choice)) {
        /* Also one that came meanwhile, by the answer to another tab: both cookies are always of the same choice. */
        set_cookie(req, recording, COOKIE_ID_NAME, TEXT_NONE, 0, true, true);
    }
}

static void recording_answer(struct wait *wait, h2o_req_t *req)
{
    struct recording *recording = H2O_STRUCT_FROM_MEMBER(struct recording, wait, wait);

    if (req && recording->outcome) {
        recording->tell(req, &recording->choice, NULL, NULL);
    } else if (req && recording->result.stands && !recording->context.erase) {
        answer_object(req, 200, json_pack("{s:n}", "receipt"));
    } else if (req) {
        set_cookies(req, recording);
        recording->tell(req, &recording->choice, &recording->result, &recording->asked);
    }
    recording_free(recording);
}

/* What crumb_choice says, as long as the site remembers it: the store enforces what the cookie's Max-Age asks for. */
static void read_before(struct exchange *exchange, const struct site *site, struct choice_context *context)
{
    struct cookie_choice cookie;
    char hex[HASH_HEX_BYTES];

    if (!cookie_read_choice(exchange_cookies(exchange), site, &cookie))
        return;
    int64_t age_ms = context->at_ms - cookie.at_s * 1000;
    int64_t max_age_ms = cookie.granted ? site->retention.choice_ms : site->retention.refusal_ms;
    if (choice_collects(site, cookie.granted))
        max_age_ms = min_ms(max_age_ms, site->retention.visitor_ms);
    if (age_ms >= max_age_ms)
        return;
    notice_hex(edition_notices(exchange->loop->edition, site)->material, hex);
    context->before = cookie.action;
    context->before_granted = cookie.granted;
    context->before_is_current = strncmp(hex, cookie.material, sizeof cookie.material - 1) == 0;
}

static void read_context(struct exchange *exchange, const struct site *site, struct choice_context *context)
{
    const struct service *service = exchange->loop->service;

    context->at_ms = clock_now_ms(service->clock);
    context->place = exchange_place(exchange);
    context->device = exchange_device(exchange);
    context->gpc = exchange_gpc(exchange);
    context->no_gpc = !context->gpc && exchange_header(exchange, TEXT("sec-gpc")).size;
    read_before(exchange, site, context);
    random_fill(service->random, context->fresh, sizeof context->fresh);
    random_fill(service->random, context->record_id, sizeof context->record_id);
}

static void read_ids(struct exchange *exchange, struct recording *recording)
{
    struct text cookies = exchange_cookies(exchange);
    struct choice_context *context = &recording->context;
    struct cookie_ids ids;

    cookie_read_ids(cookies, exchange->loop->service->cookie_key, recording->choice.site, &ids);
    context->known = ids.state == COOKIE_ID_GOOD;
    if (context->known)
        memcpy(context->visitor, ids.visitors[0], VISITOR_BYTES);
    else
        context->others = ids;
    recording->super.reserve = ids.n > 0;
    recording->has_id = ids.state != COOKIE_ID_NONE;
    recording->has_choice = cookie_is_sent(cookies, TEXT(COOKIE_CHOICE_NAME));
}

static struct recording *recording_new(struct exchange *exchange, const struct choice *choice,
                                       const struct choice_context *context, consent_recorded tell)
{
    const struct service *service = exchange->loop->service;
    struct recording *recording = calloc(1, sizeof *recording);

    if (!recording)
        return NULL;
    recording->super = (struct write_op){.bytes = sizeof *recording, .apply = recording_apply, .done = recording_done};
    recording->edition = edition_ref(exchange->loop->edition);
    memcpy(recording->cookie_key, service->cookie_key, COOKIE_KEY_BYTES);
    recording->choice = *choice;
    recording->tell = tell;
    recording->secure = exchange_client(exchange).https;
    recording->context = *context;
    recording->desk = service->desk;
    random_fill(service->random, recording->deeds, sizeof recording->deeds);
    read_ids(exchange, recording);
    return recording;
}

bool consent_may_record(const struct exchange *exchange, const struct choice *choice)
{
    return exchange_may_choose(exchange, choice->granted ? RATE_GRANTS : RATE_REFUSALS);
}

static int record(struct exchange *exchange, struct choice *choice, bool erase, struct buffer *complaint,
                  consent_recorded tell)
{
    struct choice_context context = {.erase = erase};

    read_context(exchange, choice->site, &context);
    int r = choice_admit(choice, &context, complaint);
    if (r)
        return r;
    struct recording *recording = recording_new(exchange, choice, &context, tell);
    if (!recording) {
        tell(exchange->req, choice, NULL, NULL);
        return 0;
    }
    wait_begin(&recording->wait, exchange, recording_answer);
    if (writer_submit(exchange->loop->service->writer, &recording->super)) {
        tell(wait_cancel(&recording->wait), choice, NULL, NULL);
        recording_free(recording);
    }
    return 0;
}

int consent_record(struct exchange *exchange, struct choice *choice, struct buffer *complaint, consent_recorded tell)
{
    return record(exchange, choice, false, complaint, tell);
}

int consent_erase(struct exchange *exchange, struct choice *choice, struct buffer *complaint, consent_recorded tell)
{
    return record(exchange, choice, true, complaint, tell);
}

/* Where each deed will be. */
static json_t *erasures_json(const struct asked *asked)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < asked->n; i++) {
        char hex[DEED_ID_HEX_BYTES];

        deed_hex(asked->deeds[i].id, hex);
        array = json_item(array, json_sprintf("/v1/receipt/%s", hex));
    }
    return array;
}

static void tell_receipt(h2o_req_t *req, const struct choice *choice, const struct choice_result *result,
                         const struct asked *asked)
{
    if (!result) {
        answer_later(req, "the choice could not be recorded now and has no effect; try again later");
        return;
    }
    if (result->unrecorded) {
        answer_later(req, "nothing more is collected, but the ledger is damaged and the choice is not on record; "
                          "the service's owner can run crumb verify");
        return;
    }
    json_t *answer = json_pack("{s:o}", "receipt", receipt_json(&result->record));
    /* A request that forgot its cookies is nobody's, and what its sender meant to end goes on. */
    if (choice->kind == CHOICE_WITHDRAW)
        answer = json_member(answer, "ended", json_boolean(result->ended));
    if (asked->n)
        answer = json_member(answer, "erasures", erasures_json(asked));
    answer_object(req, 201, answer);
}

void consent_post(struct exchange *exchange)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct choice choice = {.site = NULL};

    /* Whatever the content type says: text/plain needs no preflight, and the Origin is checked, not the type. */
    int r = choice_parse(exchange_body(exchange), exchange->loop->edition, &choice, &complaint);
    if (r < 0) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    if (choice.site && !exchange_same_origin(exchange, choice.site))
        return;
    if (choice.site)
        answer_cors(exchange, choice.site);
    if (r == 0 && !consent_may_record(exchange, &choice)) {
        answer_too_many(exchange->req, "too many choices came from this address; it has no effect; try again later");
        return;
    }
    if (r == 0)
        r = consent_record(exchange, &choice, &complaint, tell_receipt);
    if (r) {
        int status = r == CHOICE_E_STALE_NOTICE ? 409 : r == CHOICE_E_UNKNOWN_SITE ? 404 : 400;
        answer_error(exchange->req, status, "%.*s", TEXT_ARGS(buffer_text(&complaint)));
    }
}
