/*
 * What is known of a visitor without looking at events.
 */
#include "copy_parts.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/ledger.h"
#include "crumb/consent/receipt.h"
#include "crumb/rights/job.h"
#include "crumb/rights/requests.h"
#include <errno.h>

/* ---- the visitor ---- */

static json_t *corrections_json(const struct amendment *amendment)
{
    json_t *object = json_object();

    if (amendment->has_country)
        object = json_member(object, "country", json_string(amendment->country));
    if (amendment->has_language)
        object = json_member(object, "language", json_string(amendment->language));
    if (amendment->has_device)
        object = json_member(object, "device", json_string(words_device(amendment->device)));
    return object;
}

static json_t *purposes_json(const struct copy_wish *wish, const struct visitor *visitor)
{
    json_t *object = json_object();

    for (unsigned p = 0; p < wish->site->n_purposes; p++) {
        bool granted = false;

        for (unsigned i = 0; i < visitor->n_granted; i++)
            granted |= visitor->granted[i] == wish->site->purposes[p].material;
        object = json_member(object, wish->site->purposes[p].name, json_boolean(granted));
    }
    return object;
}

static json_t *visitor_json(const struct copy_wish *wish, const struct visitor *visitor)
{
    json_t *choice = json_pack("{s:s, s:o, s:o}", "action", words_choice_kind(visitor->choice), "time",
                               receipt_time_json(visitor->at_ms), "purposes", purposes_json(wish, visitor));

    return json_pack("{s:o, s:o, s:s?, s:b, s:o}", "id", json_hex(wish->visitor, VISITOR_BYTES), "since",
                     receipt_time_json(visitor->since_ms), "country", visitor->country[0] ? visitor->country : NULL,
                     "restricted", visitor->restricted, "choice", choice);
}

/* ---- what is under way ---- */

struct under_way {
    const struct copy_wish *wish;
    json_t *array;
};

static int add_job(void *context, const struct job *job)
{
    struct under_way *under_way = context;
    char hex[DEED_ID_HEX_BYTES];

    if (job->site != under_way->wish->site->id || memcmp(job->visitor, under_way->wish->visitor, VISITOR_BYTES) != 0)
        return 0;
    deed_hex(job->deed, hex);
    under_way->array = json_item(under_way->array, json_pack("{s:s, s:o, s:o}", "right", deed_right_name(job->right),
                                                             "asked", receipt_time_json(job->asked_ms), "at",
                                                             json_sprintf("/v1/receipt/%s", hex)));
    return under_way->array ? 0 : error_origin(-ENOMEM);
}

static int read_jobs(struct db_txn *txn, const struct copy_wish *wish, json_t **ret_array)
{
    struct under_way under_way = {.wish = wish, .array = json_array()};
    int r = under_way.array ? job_each(txn, add_job, &under_way) : error_origin(-ENOMEM);

    if (r) {
        json_decref(under_way.array);
        return error_trace(r);
    }
    *ret_array = under_way.array;
    return 0;
}

/* ---- requests ---- */

struct asked {
    struct db_txn *txn;
    const struct copy_wish *wish;
    enum request_view view;
    json_t *array;
};

static int add_request(void *context, const struct request *request)
{
    struct asked *asked = context;
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    BUFFER_AUTO json = BUFFER_INIT(REQUEST_JSON_BYTES_MAX);
    struct request opened = *request;
    json_t *object = NULL;
    int r = requests_open(asked->txn, &opened, &plain);

    if (r)
        return r == REQUESTS_E_NONE ? 0 : error_trace(r);
    request_json_put(&json, &opened, asked->wish->site, asked->wish->now_ms, asked->view);
    r = json.fault ? error_origin(json.fault) : json_read(buffer_text(&json), &object);
    if (r)
        return r < 0 ? error_trace(r) : error_origin(-EBADMSG);
    asked->array = json_item(asked->array, object);
    return asked->array ? 0 : error_origin(-ENOMEM);
}

static int read_requests(struct db_txn *txn, const struct copy_wish *wish, enum request_view view, json_t **ret_array)
{
    struct asked asked = {.txn = txn, .wish = wish, .view = view, .array = json_array()};
    int r =
        asked.array ? requests_each_of(txn, wish->site->id, wish->asker, add_request, &asked) : error_origin(-ENOMEM);

    if (r) {
        json_decref(asked.array);
        return error_trace(r);
    }
    *ret_array = asked.array;
    return 0;
}

/* ---- choices ---- */

static int add_choice(void *context, const struct ledger_record *record)
{
    json_t **array = context;

    *array = json_item(*array, receipt_json(record));
    return *array ? 0 : error_origin(-ENOMEM);
}

static int read_choices(struct db_txn *txn, const struct copy_wish *wish, json_t **ret_array)
{
    json_t *array = json_array();
    int r = array ? ledger_each_of(txn, wish->visitor, add_choice, &array) : error_origin(-ENOMEM);

    if (r) {
        json_decref(array);
        return error_trace(r);
    }
    *ret_array = array;
    return 0;
}

/* ---- the overview ---- */

struct search {
    const struct copy_wish *wish;
    struct known *known;
};

static int see_key(void *context, const struct job *job)
{
    struct search *search = context;
    struct known *known = search->known;

    if (job->site == search->wish->site->id && job->number == known->visitor.number && job->kind == JOB_CUT &&
        known->n_older < COPY_KEYS_MAX)
        known->older[known->n_older++] = job->key;
    return 0;
}

int copy_overview_known(struct db_txn *txn, const struct copy_wish *wish, struct known *known)
{
    int r = visitor_get(txn, wish->site->id, wish->visitor, &known->visitor);

    if (r == 0)
        r = visitor_is_erased(txn, &known->visitor);
    if (r)
        return r < 0 ? error_trace(r) : COPY_E_UNKNOWN;
    struct search search = {.wish = wish, .known = known};
    known->n_older = 0;
    r = job_each(txn, see_key, &search);
    return r ? error_trace(r) : error_trace(amended_get(txn, wish->site->id, known->visitor.number, &known->amendment));
}

int copy_overview_make(struct db_txn *txn, const struct copy_wish *wish, const struct known *known,
                       enum request_view view, json_t **ret_object)
{
    json_t *choices = NULL, *requests = NULL, *jobs = NULL;
    int r = read_choices(txn, wish, &choices);

    if (r == 0)
        r = read_requests(txn, wish, view, &requests);
    if (r == 0)
        r = read_jobs(txn, wish, &jobs);
    if (r) {
        json_decref(choices);
        json_decref(requests);
        return error_trace(r);
    }
    *ret_object = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "site", wish->site->name, "visitor",
                            visitor_json(wish, &known->visitor), "corrections", corrections_json(&known->amendment),
                            "choices", choices, "requests", requests, "under_way", jobs);
    return *ret_object ? 0 : error_origin(-ENOMEM);
}

int copy_overview(const struct copy_wish *wish, json_t **ret_object)
{
    DB_TXN_AUTO *txn = NULL;
    struct known known;
    int r = db_begin_read(wish->db, &txn);

    if (r == 0)
        r = copy_overview_known(txn, wish, &known);
    return r ? r : error_trace(copy_overview_make(txn, wish, &known, REQUEST_IN_QUEUE, ret_object));
}
