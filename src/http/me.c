/*
 * /v1/me: a visitor's rights.  Who asks is told by the signed cookie crumb_id,
 * as there are no accounts: docs/rights.md.
 */
#include "consent.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "crumb/rights/copy.h"
#include "rights.h"
#include <errno.h>
#include <stdlib.h>

/* ---- who asks ---- */

struct me {
    const struct site *site;
    uint8_t visitor[VISITOR_BYTES];
};

static void answer_unknown(h2o_req_t *req)
{
    answer_error(req, 404, "nothing is kept of this browser under an id: it has no live crumb_id of this site");
}

/* The site and that its page asks. False: it was answered. */
static bool read_site(struct exchange *exchange, enum rate_kind rate, struct me *me)
{
    me->site = exchange_site(exchange);
    if (!me->site || !exchange_same_origin(exchange, me->site))
        return false;
    answer_cors(exchange, me->site);
    if (exchange_may_choose(exchange, rate))
        return true;
    answer_too_many(exchange->req, "too many requests came from this address; try again later");
    return false;
}

static bool read_me(struct exchange *exchange, enum rate_kind rate, struct me *me)
{
    enum cookie_id_state state;

    if (!read_site(exchange, rate, me))
        return false;
    state = cookie_read_id(exchange_cookies(exchange), exchange->loop->service->cookie_key, me->site, me->visitor);
    if (state == COOKIE_ID_BAD)
        answer_error(exchange->req, 403, "the cookie crumb_id is not one that this service signed for this site");
    else if (state == COOKIE_ID_NONE)
        answer_unknown(exchange->req);
    return state == COOKIE_ID_GOOD;
}

static struct copy_wish wish_of(const struct exchange *exchange, const struct me *me)
{
    struct copy_wish wish = {.db = exchange->loop->service->db,
                             .edition = exchange->loop->edition,
                             .site = me->site,
                             .now_ms = clock_now_ms(exchange->loop->service->clock)};

    memcpy(wish.visitor, me->visitor, VISITOR_BYTES);
    trail_visitor(&exchange->loop->service->trail, me->visitor, wish.asker);
    return wish;
}

/* ---- GET /v1/me, and whether there is anybody to copy ---- */

struct looking {
    struct pool_job super;
    struct wait wait;
    struct edition *edition;
    struct copy_wish wish;
    json_t *overview;
    int outcome;
};

static void looking_free(struct looking *looking)
{
    json_decref(looking->overview);
    edition_unref(looking->edition);
    free(looking);
}

static void looking_run(struct pool_job *job)
{
    struct looking *looking = (struct looking *)job;

    looking->outcome = copy_overview(&looking->wish, &looking->overview);
    if (looking->outcome < 0)
        log_fault("GET /v1/me", looking->outcome);
    wait_wake(&looking->wait);
}

static void show_overview(struct looking *looking, h2o_req_t *req)
{
    json_t *links =
        json_pack("{s:o, s:o, s:o}", "export", json_sprintf("/v1/me/export?site=%s", looking->wish.site->name),
                  "restriction", json_sprintf("/v1/me/restriction?site=%s", looking->wish.site->name), "requests",
                  json_sprintf("/v1/me/requests?site=%s", looking->wish.site->name));

    looking->overview = json_member(looking->overview, "links", links);
    answer_object(req, 200, looking->overview);
    looking->overview = NULL;
}

static void looking_answer(struct wait *wait, h2o_req_t *req)
{
    struct looking *looking = H2O_STRUCT_FROM_MEMBER(struct looking, wait, wait);

    if (req && looking->outcome < 0)
        answer_later(req, "what is kept cannot be read now; try again later");
    else if (req && looking->outcome)
        answer_unknown(req);
    else if (req)
        show_overview(looking, req);
    looking_free(looking);
}

void me_get(struct exchange *exchange)
{
    struct looking *looking;
    struct me me;

    if (!read_me(exchange, RATE_RIGHTS, &me))
        return;
    looking = calloc(1, sizeof *looking);
    if (!looking) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    looking->super.run = looking_run;
    looking->edition = edition_ref(exchange->loop->edition);
    looking->wish = wish_of(exchange, &me);
    wait_begin(&looking->wait, exchange, looking_answer);
    if (pool_submit(exchange->loop->service->lookups, &looking->super)) {
        answer_later(wait_cancel(&looking->wait), "too many questions are waiting; try again later");
        looking_free(looking);
    }
}

/* ---- GET /v1/me/export ---- */

static int next_piece(void *maker, struct text *ret_piece)
{
    int r = copy_next(maker, ret_piece);

    return r == COPY_E_UNKNOWN ? STREAM_E_NOT_FOUND : r;
}

static void free_copy(void *maker) { copy_free(maker); }

void me_export(struct exchange *exchange)
{
    struct copy *copy;
    struct me me;

    if (!read_me(exchange, RATE_RIGHTS, &me) || !stream_has_room(exchange))
        return;
    struct copy_wish wish = wish_of(exchange, &me);
    if (copy_new(&wish, &copy)) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    answer_header(exchange->req, TEXT("Content-Disposition"), TEXT("attachment; filename=\"copy.json\""));
    stream_begin(exchange, &(struct stream_source){.next = next_piece,
                                                   .free = free_copy,
                                                   .maker = copy,
                                                   .type = TEXT("application/json"),
                                                   .missing = answer_unknown,
                                                   .what = "GET /v1/me/export"});
}

/* ---- DELETE /v1/me ---- */

static void tell_erased(h2o_req_t *req, const struct choice *choice, const struct choice_result *result,
                        const struct asked *asked)
{
    (void)choice;
    if (!result)
        answer_later(req, "the erasure could not be recorded now; try again later");
    else if (asked->n == 0)
        answer_unknown(req);
    else
        deeds_await(req, asked);
}

void me_delete(struct exchange *exchange)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct choice choice = {.kind = CHOICE_WITHDRAW, .surface = SURFACE_API};
    struct cookie_ids ids;
    struct me me;

    if (!read_site(exchange, RATE_REFUSALS, &me))
        return;
    cookie_read_ids(exchange_cookies(exchange), exchange->loop->service->cookie_key, me.site, &ids);
    if (ids.n == 0 && ids.state == COOKIE_ID_BAD) {
        answer_error(exchange->req, 403, "the cookie crumb_id is not one that this service signed for this site");
        return;
    }
    if (ids.n == 0) {
        answer_unknown(exchange->req);
        return;
    }
    choice.site = me.site;
    choice.notice = exchange_notice(exchange, me.site);
    if (consent_erase(exchange, &choice, &complaint, tell_erased))
        answer_error(exchange->req, 400, "%.*s", TEXT_ARGS(buffer_text(&complaint)));
}

/* ---- restriction and correction ---- */

struct asking {
    struct write_op super;
    struct wait wait;
    struct edition *edition;
    struct desk *desk;
    struct ask ask;
    bool corrects, restricts;
    struct corrections corrections;
    struct asked asked;
    int r;       /* what ask_...() said, where that is no fault */
    int outcome; /* of the operation */
    right_told tell;
    const void *context;
};

static int asking_apply(struct write_op *op, struct batch *batch)
{
    struct asking *asking = (struct asking *)op;

    asking->asked.n = 0;
    asking->r = asking->corrects ? ask_correct(batch, &asking->ask, &asking->corrections, &asking->asked)
                                 : ask_restrict(batch, &asking->ask, asking->restricts, &asking->asked);
    return asking->r < 0 ? asking->r : 0;
}

static void asking_done(struct write_op *op, int result)
{
    struct asking *asking = (struct asking *)op;

    asking->outcome = result;
    if (result == 0 && asking->asked.n)
        desk_call(asking->desk);
    wait_wake(&asking->wait);
}

static void asking_free(struct asking *asking)
{
    edition_unref(asking->edition);
    free(asking);
}

static void asking_answer(struct wait *wait, h2o_req_t *req)
{
    struct asking *asking = H2O_STRUCT_FROM_MEMBER(struct asking, wait, wait);

    if (req && (asking->outcome || asking->r == ASK_E_FULL))
        asking->tell(req, RIGHT_LATER, NULL, asking->context);
    else if (req && asking->r == ASK_E_UNKNOWN)
        asking->tell(req, RIGHT_UNKNOWN, NULL, asking->context);
    else if (req)
        asking->tell(req, RIGHT_TAKEN, &asking->asked, asking->context);
    asking_free(asking);
}

void me_use(struct exchange *exchange, const struct right_use *use, right_told tell, const void *context)
{
    const struct service *service = exchange->loop->service;
    struct asking *asking = calloc(1, sizeof *asking);

    if (!asking) {
        tell(exchange->req, RIGHT_LATER, NULL, context);
        return;
    }
    asking->super = (struct write_op){.bytes = sizeof *asking, .apply = asking_apply, .done = asking_done};
    asking->edition = edition_ref(exchange->loop->edition);
    asking->desk = service->desk;
    asking->tell = tell;
    asking->context = context;
    asking->ask.site = use->site;
    asking->ask.at_ms = clock_now_ms(service->clock);
    memcpy(asking->ask.visitor, use->visitor, VISITOR_BYTES);
    random_fill(service->random, asking->ask.deed, DEED_ID_BYTES);
    asking->restricts = use->restricts;
    asking->corrects = use->corrections != NULL;
    if (use->corrections)
        asking->corrections = *use->corrections;
    wait_begin(&asking->wait, exchange, asking_answer);
    if (writer_submit(service->writer, &asking->super)) {
        tell(wait_cancel(&asking->wait), RIGHT_LATER, NULL, context);
        asking_free(asking);
    }
}

static void tell_asked(h2o_req_t *req, enum right_outcome outcome, const struct asked *asked, const void *context)
{
    (void)context;
    if (outcome == RIGHT_TAKEN)
        deeds_await(req, asked);
    else if (outcome == RIGHT_UNKNOWN)
        answer_unknown(req);
    else
        answer_later(req, "this cannot be done now, and nothing was changed; try again later");
}

static void ask(struct exchange *exchange, const struct me *me, bool restricts, const struct corrections *corrections)
{
    struct right_use use = {
        .site = me->site, .visitor = me->visitor, .restricts = restricts, .corrections = corrections};

    me_use(exchange, &use, tell_asked, NULL);
}

void me_restrict(struct exchange *exchange)
{
    struct me me;

    if (read_me(exchange, RATE_REFUSALS, &me))
        ask(exchange, &me, true, NULL);
}

void me_lift(struct exchange *exchange)
{
    struct me me;

    if (read_me(exchange, RATE_RIGHTS, &me))
        ask(exchange, &me, false, NULL);
}

/* ---- PATCH /v1/me ---- */

static bool is_country(const char *text)
{
    return strlen(text) == COUNTRY_BYTES && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z';
}

/* As much of RFC 5646 as tells a language from anything else. */
static bool is_language(const char *text)
{
    size_t size = strlen(text);
    bool is = size >= 2 && size <= LANGUAGE_BYTES_MAX && text[0] != '-' && text[size - 1] != '-';

    for (size_t i = 0; i < size; i++)
        is &= (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
              (text[i] >= '0' && text[i] <= '9') || text[i] == '-';
    return is;
}

static int find_device(const char *text)
{
    for (unsigned device = DEVICE_UNKNOWN + 1; device < DEVICE_N; device++)
        if (strcmp(text, words_device(device)) == 0)
            return (int)device;
    return -1;
}

/* One member; NULL, or what is wrong. Null takes a correction back. */
static const char *read_correction(const char *name, json_t *value, struct corrections *corrections)
{
    const char *text = json_string_value(value);
    struct amendment *to = &corrections->to;

    if (!text && !json_is_null(value))
        return "`country`, `language` and `device` must be texts, or null to take a correction back";
    if (strcmp(name, "country") == 0) {
        if (text && !is_country(text))
            return "`country` must be two capital letters of ISO 3166-1, such as AT";
        corrections->country = true;
        to->has_country = text != NULL;
        memcpy(to->country, text ? text : "\0", sizeof to->country - (text ? 0 : 1));
    } else if (strcmp(name, "language") == 0) {
        if (text && !is_language(text))
            return "`language` must be a language tag, such as de-AT";
        corrections->language = true;
        to->has_language = text != NULL;
        memcpy(to->language, text ? text : "", text ? strlen(text) + 1 : 1);
    } else if (strcmp(name, "device") == 0) {
        if (text && find_device(text) < 0)
            return "`device` must be phone, tablet, desktop, tv, console or watch";
        corrections->device = true;
        to->has_device = text != NULL;
        to->device = text ? (enum device)find_device(text) : DEVICE_UNKNOWN;
    } else {
        return "only `country`, `language` and `device` can be corrected here, as nothing else is derived; for "
               "anything "
               "else file a request: POST /v1/me/requests";
    }
    return NULL;
}

const char *me_read_corrections(json_t *object, struct corrections *corrections)
{
    const char *name, *what = NULL;
    json_t *value;

    if (!json_is_object(object) || json_object_size(object) == 0)
        return "the body must be an object of `country`, `language` or `device`";
    json_object_foreach(object, name, value)
    {
        if (!what)
            what = read_correction(name, value, corrections);
    }
    return what;
}

void me_patch(struct exchange *exchange)
{
    struct text body = exchange_body(exchange);
    struct corrections corrections = {.country = false};
    JSON_AUTO *object = NULL;
    struct me me;

    if (!read_me(exchange, RATE_RIGHTS, &me))
        return;
    if (body.size > RIGHTS_BODY_BYTES_MAX) {
        answer_error(exchange->req, 413, "the body is too large");
        return;
    }
    int r = json_read(body, &object);
    if (r < 0) {
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    const char *what = r ? "the body must be one JSON object" : me_read_corrections(object, &corrections);
    if (what)
        answer_error(exchange->req, 400, "%s", what);
    else
        ask(exchange, &me, false, &corrections);
}
