/*
 * GET /v1/consent: what is chosen, by the ledger and by the browser's own word.
 */
#include "consent.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "crumb/consent/receipt.h"
#include <errno.h>
#include <stdlib.h>

struct lookup {
    struct pool_job super;
    struct wait wait;
    struct edition *edition;
    struct db *db;
    const struct site *site;
    const struct notice *notice;
    int64_t now_ms;
    bool gpc;
    struct place place;
    enum cookie_id_state id;
    uint8_t visitor[VISITOR_BYTES];
    bool has_cookie;
    struct cookie_choice cookie;
    json_t *receipt; /* of the live choice, or NULL */
    uint32_t asked, granted;
    enum choice_kind action;
    bool current; /* that choice was made under what is material now */
    int outcome;
    consent_found tell;
    const void *context;
};

static void lookup_free(struct lookup *lookup)
{
    json_decref(lookup->receipt);
    edition_unref(lookup->edition);
    free(lookup);
}

/* A purpose that came later was not asked, and a grant of what means something else now answers nothing. */
static uint32_t asked_then(const struct ledger_record *record, const struct site *site, uint32_t granted)
{
    uint32_t asked = 0;

    for (unsigned i = 0; i < record->n_answers; i++) {
        int purpose = config_purpose(site, record->answers[i].purpose);

        if (purpose >= 0 && (!record->answers[i].granted || granted & 1u << purpose))
            asked |= 1u << purpose;
    }
    return asked;
}

static int read_choice(struct lookup *lookup)
{
    DB_TXN_AUTO *txn = NULL;
    struct ledger_record record;
    struct visitor visitor;
    int r = db_begin_read(lookup->db, &txn);

    if (r)
        return r;
    r = visitor_get(txn, lookup->site->id, lookup->visitor, &visitor);
    if (r == DB_E_NOT_FOUND || (r == 0 && !visitor_is_live(&visitor, lookup->site, lookup->now_ms)))
        return 0;
    if (r == 0)
        r = visitor_is_erased(txn, &visitor);
    if (r)
        return r > 0 ? 0 : r;
    r = ledger_get(txn, visitor.consent, &record);
    if (r)
        return r < 0 ? r : -EBADMSG;
    lookup->current =
        memcmp(record.material, edition_notices(lookup->edition, lookup->site)->material, HASH_BYTES) == 0;
    lookup->granted = visitor_granted(&visitor, lookup->site, &lookup->place, lookup->gpc, lookup->now_ms);
    lookup->asked = asked_then(&record, lookup->site,
                               visitor_granted(&visitor, lookup->site, &lookup->place, false, lookup->now_ms));
    lookup->action = record.kind;
    lookup->receipt = receipt_json(&record);
    return lookup->receipt ? 0 : -ENOMEM;
}

/* On one of the pool's threads. */
static void lookup_run(struct pool_job *job)
{
    struct lookup *lookup = (struct lookup *)job;

    if (lookup->id == COOKIE_ID_GOOD)
        lookup->outcome = read_choice(lookup);
    if (lookup->outcome)
        log_fault("GET /v1/consent", lookup->outcome);
    wait_wake(&lookup->wait);
}

static json_t *purposes_json(const struct site *site, uint32_t asked, uint32_t granted)
{
    json_t *object = json_object();

    for (unsigned i = 0; i < site->n_purposes; i++)
        if (asked & 1u << i)
            object = json_member(object, site->purposes[i].name, json_boolean(granted & 1u << i));
    return object;
}

/* Whoever granted one of these has an id and a ledger record: a cookie that says so alone is not believed. */
static uint32_t collecting(const struct site *site)
{
    uint32_t purposes = 0;

    for (unsigned i = 0; i < site->n_purposes; i++)
        if (site->purposes[i].collects)
            purposes |= 1u << i;
    return purposes;
}

static bool is_current(const struct lookup *lookup)
{
    char hex[HASH_HEX_BYTES];

    notice_hex(edition_notices(lookup->edition, lookup->site)->material, hex);
    return strncmp(hex, lookup->cookie.material, sizeof lookup->cookie.material - 1) == 0;
}

/*
 * What is chosen: by the ledger where the browser has an id, else by its own
 * crumb_choice, as nothing is kept on this side of somebody who refused.
 */
static struct consent_state state_of(const struct lookup *lookup)
{
    bool current = lookup->receipt ? lookup->current : lookup->has_cookie && is_current(lookup);
    enum choice_kind action = lookup->receipt ? lookup->action : lookup->cookie.action;
    /* Silence is none where the law wants an answer, though it was one where the visitor came from. */
    bool silence = action == CHOICE_IMPLIED && regime_of(lookup->site, &lookup->place) == REGIME_OPT_IN;
    /* Nor is it one to the signal. Whether an explicit choice came before it the cookie does not say. */
    bool silenced = silence || (lookup->gpc && lookup->cookie.action == CHOICE_IMPLIED);
    uint32_t believed = silenced ? 0 : lookup->cookie.granted & ~collecting(lookup->site);
    /* It claims what needs a row, and the row is gone: expired, erased, or never there. */
    bool orphaned = !lookup->receipt && lookup->cookie.granted & collecting(lookup->site);

    return (struct consent_state){.edition = lookup->edition,
                                  .site = lookup->site,
                                  .notice = lookup->notice,
                                  .chosen = lookup->receipt || lookup->has_cookie,
                                  .ask = !current || orphaned || silence || lookup->id == COOKIE_ID_BAD,
                                  .asked = lookup->receipt ? lookup->asked : lookup->cookie.asked,
                                  .granted = lookup->receipt ? lookup->granted : believed,
                                  .action = action,
                                  .receipt = lookup->receipt};
}

static void lookup_answer(struct wait *wait, h2o_req_t *req)
{
    struct lookup *lookup = H2O_STRUCT_FROM_MEMBER(struct lookup, wait, wait);

    struct consent_state state = state_of(lookup);

    if (req)
        lookup->tell(req, lookup->outcome ? NULL : &state, lookup->context);
    lookup_free(lookup);
}

void consent_look_up(struct exchange *exchange, const struct site *site, const struct notice *notice,
                     consent_found tell, const void *context)
{
    const struct service *service = exchange->loop->service;
    struct text cookies = exchange_cookies(exchange);
    struct lookup *lookup = calloc(1, sizeof *lookup);

    if (!lookup) {
        tell(exchange->req, NULL, context);
        return;
    }
    lookup->super.run = lookup_run;
    lookup->edition = edition_ref(exchange->loop->edition);
    lookup->db = service->db;
    lookup->site = site;
    lookup->notice = notice;
    lookup->tell = tell;
    lookup->context = context;
    lookup->now_ms = clock_now_ms(service->clock);
    lookup->gpc = exchange_gpc(exchange);
    lookup->place = exchange_place(exchange);
    lookup->id = cookie_read_id(cookies, service->cookie_key, site, lookup->visitor);
    lookup->has_cookie = cookie_read_choice(cookies, site, &lookup->cookie);
    wait_begin(&lookup->wait, exchange, lookup_answer);
    if (pool_submit(service->lookups, &lookup->super)) {
        tell(wait_cancel(&lookup->wait), NULL, context);
        lookup_free(lookup);
    }
}

static void tell_state(h2o_req_t *req, const struct consent_state *state, const void *context)
{
    (void)context;
    if (!state) {
        answer_later(req, "the choice cannot be read now; nothing is collected meanwhile");
        return;
    }
    answer_object(req, 200,
                  json_pack("{s:s, s:s, s:s, s:s?, s:o, s:o, s:b}", "site", state->site->name, "notice",
                            state->notice->hex, "lang", state->notice->lang, "action",
                            state->action ? words_choice_kind(state->action) : NULL, "purposes",
                            state->chosen ? purposes_json(state->site, state->asked, state->granted) : json_null(),
                            "receipt", state->receipt ? json_incref(state->receipt) : json_null(), "ask", state->ask));
}

void consent_get(struct exchange *exchange)
{
    const struct site *site = exchange_site(exchange);

    if (!site || !exchange_same_origin(exchange, site))
        return;
    answer_cors(exchange, site);
    consent_look_up(exchange, site, exchange_notice(exchange, site), tell_state, NULL);
}
