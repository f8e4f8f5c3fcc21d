/*
 * Pieces: the head (who, choices, notices, corrections), each day with its
 * events and visits, the end.
 */
#include "crumb/rights/copy.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/ledger.h"
#include "crumb/consent/receipt.h"
#include "crumb/consent/visitor.h"
#include "crumb/rights/job.h"
#include "crumb/rights/request_json.h"
#include "crumb/rollup/segments.h"
#include "crumb/rollup/visits.h"
#include "crumb/store/amended.h"
#include "crumb/store/day.h"
#include "crumb/store/journal.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define COPY_PIECE_BYTES_MAX (64 << 20)
#define DATE_BYTES 32
#define COPY_KEYS_MAX 16
#define STALE_MAX 8 /* a day may be sealed again while it is read */

static json_t *hex_json(const uint8_t *bytes, size_t size)
{
    char hex[HASH_HEX_BYTES];

    sodium_bin2hex(hex, sizeof hex, bytes, size);
    return json_string(hex);
}

static json_t *time_json(int64_t at_ms)
{
    char text[RECEIPT_TIME_BYTES];

    receipt_time(at_ms, text);
    return json_string(text);
}

static json_t *date_json(int32_t day)
{
    struct zone_date date = zone_date_of_day(day);
    char text[DATE_BYTES];

    snprintf(text, sizeof text, "%04d-%02u-%02u", date.year, date.month, date.mday);
    return json_string(text);
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

/* What was shown, each once, by its hash. */
static int add_notice(struct db_txn *txn, const char *hex, json_t **object)
{
    uint8_t hash[HASH_BYTES];
    struct text text;

    if (!notice_unhex(text_of(hex), hash))
        return error_origin(-EBADMSG);
    int r = json_object_get(*object, hex) ? 1 : notice_get(txn, hash, &text);
    if (r)
        return r < 0 ? error_trace(r) : 0;
    json_t *notice = json_read_canonical(text);
    *object = json_member(*object, hex, notice);
    return *object ? 0 : error_origin(-ENOMEM);
}

static int read_notices(struct db_txn *txn, json_t *choices, json_t **ret_object)
{
    json_t *object = json_object();
    int r = object ? 0 : error_origin(-ENOMEM);

    for (size_t i = 0; r == 0 && i < json_array_size(choices); i++)
        r = add_notice(txn, json_string_value(json_object_get(json_array_get(choices, i), "notice")), &object);
    if (r) {
        json_decref(object);
        return error_trace(r);
    }
    *ret_object = object;
    return 0;
}

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
                               time_json(visitor->at_ms), "purposes", purposes_json(wish, visitor));

    return json_pack("{s:o, s:o, s:s?, s:b, s:o}", "id", hex_json(wish->visitor, VISITOR_BYTES), "since",
                     time_json(visitor->since_ms), "country", visitor->country[0] ? visitor->country : NULL,
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
    under_way->array =
        json_item(under_way->array, json_pack("{s:s, s:o, s:o}", "right", deed_right_name(job->right), "asked",
                                              time_json(job->asked_ms), "at", json_sprintf("/v1/receipt/%s", hex)));
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

/* ---- the overview ---- */

struct known {
    struct visitor visitor;
    struct amendment amendment;
    struct key_ref older[COPY_KEYS_MAX]; /* that jobs have not done with yet: some events are still under them */
    unsigned n_older;
};

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

/* Whoever is being erased has nothing any more that could be shown. */
static int read_known(struct db_txn *txn, const struct copy_wish *wish, struct known *known)
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

static int make_overview(struct db_txn *txn, const struct copy_wish *wish, const struct known *known,
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
        r = read_known(txn, wish, &known);
    return r ? r : error_trace(make_overview(txn, wish, &known, REQUEST_IN_QUEUE, ret_object));
}

/* ---- the copy ---- */

struct copy {
    struct copy_wish wish;
    struct known known;
    bool has_begun, has_ended, has_days;
    int32_t day; /* the next one that is looked at */
    struct buffer piece;
};

int copy_new(const struct copy_wish *wish, struct copy **ret_copy)
{
    struct copy *copy = calloc(1, sizeof *copy);

    if (!copy)
        return error_origin(-ENOMEM);
    copy->wish = *wish;
    copy->piece = BUFFER_INIT(COPY_PIECE_BYTES_MAX);
    *ret_copy = copy;
    return 0;
}

struct copy *copy_free(struct copy *copy)
{
    if (copy) {
        buffer_deinit(&copy->piece);
        free(copy);
    }
    return NULL;
}

/* An object's members, of which more follow: without its last brace. */
static int put_open(struct buffer *buffer, json_t *object)
{
    int r = json_put(buffer, object, 0);

    if (r == 0)
        buffer->size--;
    return error_trace(r);
}

static int begin(struct copy *copy, struct db_txn *txn)
{
    const struct copy_wish *wish = &copy->wish;
    json_t *head = NULL, *notices = NULL;
    int r = read_known(txn, wish, &copy->known);

    if (r)
        return r;
    r = make_overview(txn, wish, &copy->known, REQUEST_FOR_ASKER, &head);
    if (r == 0)
        r = read_notices(txn, json_object_get(head, "choices"), &notices);
    if (r) {
        json_decref(head);
        return error_trace(r);
    }
    head = json_member(head, "notices", notices);
    head = json_member(head, "schema", json_string("crumb copy"));
    head = json_member(head, "version", json_integer(COPY_VERSION));
    head = json_member(head, "made", time_json(wish->now_ms));
    head = json_member(head, "controller",
                       json_pack("{s:s, s:s, s:s}", "name", wish->site->controller.name, "address",
                                 wish->site->controller.address, "contact", wish->site->controller.contact));
    r = put_open(&copy->piece, head);
    buffer_put_text(&copy->piece, TEXT(",\"days\":["));
    copy->day = zone_day(wish->site->zone, copy->known.visitor.since_ms) - 2;
    copy->day = copy->day < 0 ? 0 : copy->day;
    return r ? error_trace(r) : error_trace(copy->piece.fault);
}

/* ---- one day ---- */

struct day_copy {
    struct copy *copy;
    json_t *events, *visits;
};

static bool is_theirs(void *context, struct key_ref ref)
{
    const struct known *known = &((const struct day_copy *)context)->copy->known;
    bool is = key_ref_equal(known->visitor.key, ref);

    for (unsigned i = 0; i < known->n_older; i++)
        is |= key_ref_equal(known->older[i], ref);
    return is;
}

static void add_field(void *context, enum event_class class, const char *name, struct text value)
{
    json_t **object = context;
    json_t *fields = *object ? json_object_get(*object, words_class(class)) : NULL;

    if (*object && !fields) {
        fields = json_object();
        *object = json_member(*object, words_class(class), fields);
    }
    if (!*object)
        return;
    json_t *text = json_stringn(value.data, value.size);
    if (!text || json_object_set_new(fields, name, text) < 0) {
        json_decref(*object);
        *object = NULL;
    }
}

static int add_event(void *context, const struct journal_record *record)
{
    struct day_copy *day = context;
    struct event event;

    if (memcmp(record->visitor, day->copy->wish.visitor, VISITOR_BYTES) != 0)
        return 0;
    if (!journal_event(record, &event))
        return error_origin(-EBADMSG);
    json_t *object =
        json_pack("{s:s, s:I}", "event", words_event_kind(record->kind), "consent", (json_int_t)record->consent);
    event_each_field(&event, add_field, &object);
    day->events = json_item(day->events, object);
    return day->events ? 0 : error_origin(-ENOMEM);
}

static int add_visits(struct day_copy *day, const struct segment *segment)
{
    struct visits *visits = NULL;
    uint32_t number = day->copy->known.visitor.number;
    int r = visits_read(segment, &visits);

    for (uint32_t i = 0; r == 0 && i < visits_n(visits); i++)
        if (visits_visitor(visits, i) == number)
            day->visits = json_item(day->visits, visits_json(visits, i));
    visits_free(visits);
    return r ? error_trace(r) : day->visits ? 0 : error_origin(-ENOMEM);
}

static int read_day(struct db_txn *txn, struct day_copy *day, int32_t number, const struct day_state *state)
{
    SEGMENT_AUTO segment = {.n_texts = 0};
    uint32_t site = day->copy->wish.site->id;
    int r = 0;

    if (state->events && !state->expired)
        r = journal_each_under(txn, site, number, is_theirs, add_event, day);
    if (r == 0 && state->sealed)
        r = segments_open(txn, site, number, &segment);
    else if (r == 0)
        r = SEGMENTS_E_NONE;
    if (r)
        return r < 0 ? error_trace(r) : 0;
    return error_trace(add_visits(day, &segment));
}

static int put_day(struct copy *copy, struct day_copy *day, int32_t number)
{
    if (json_array_size(day->events) == 0 && json_array_size(day->visits) == 0)
        return 0;
    if (copy->has_days)
        buffer_put_text(&copy->piece, TEXT(","));
    copy->has_days = true;
    return error_trace(json_put(
        &copy->piece,
        json_pack("{s:o, s:O, s:O}", "day", date_json(number), "events", day->events, "visits", day->visits), 0));
}

enum { FOUND = 1, OTHER_SITE = 2 };

struct next_day {
    uint32_t site;
    int32_t day;
    struct day_state state;
};

static int see_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct next_day *next = context;

    if (site != next->site)
        return OTHER_SITE;
    next->day = day;
    next->state = *state;
    return FOUND;
}

/* Days of which there is nothing give nothing, so the walk goes on until there is something or the end. */
static int put_next_day(struct copy *copy, struct db_txn *txn)
{
    struct next_day next = {.site = copy->wish.site->id};
    struct day_copy day = {.copy = copy, .events = json_array(), .visits = json_array()};
    int r = day_each_from(txn, next.site, copy->day, see_day, &next);

    if (r == FOUND) {
        copy->day = next.day + 1;
        r = read_day(txn, &day, next.day, &next.state);
        r = r ? r : put_day(copy, &day, next.day);
    } else if (r >= 0) {
        copy->has_ended = true;
        buffer_put_text(&copy->piece, TEXT("]}\n"));
        r = 0;
    }
    json_decref(day.events);
    json_decref(day.visits);
    return r ? error_trace(r) : error_trace(copy->piece.fault);
}

static int put_piece(struct copy *copy)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(copy->wish.db, &txn);

    if (r)
        return error_trace(r);
    r = copy->has_begun ? put_next_day(copy, txn) : begin(copy, txn);
    copy->has_begun = true;
    return r;
}

static int put_fresh_piece(struct copy *copy)
{
    int32_t day = copy->day;
    bool has_days = copy->has_days;
    int r = put_piece(copy);

    for (unsigned i = 0; r == -ESTALE && i < STALE_MAX; i++) {
        copy->day = day;
        copy->has_days = has_days;
        buffer_clear(&copy->piece);
        r = put_piece(copy);
    }
    return r;
}

int copy_next(struct copy *copy, struct text *ret_piece)
{
    int r = 0;

    buffer_clear(&copy->piece);
    while (r == 0 && copy->piece.size == 0 && !copy->has_ended)
        r = put_fresh_piece(copy);
    if (r == 0)
        *ret_piece = buffer_text(&copy->piece);
    return r < 0 ? error_trace(r) : r;
}

/* ---- the latest days, for a page ---- */

/* The last days of a site, in a ring. */
struct late_days {
    uint32_t site;
    struct next_day days[COPY_LOOKED_DAYS_MAX];
    unsigned n;
};

static int keep_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct late_days *late = context;

    if (site != late->site)
        return OTHER_SITE;
    late->days[late->n++ % COPY_LOOKED_DAYS_MAX] = (struct next_day){.site = site, .day = day, .state = *state};
    return 0;
}

/* Appends a day of which there is something. */
static int add_day(struct db_txn *txn, struct copy *copy, const struct next_day *at, json_t **array)
{
    struct day_copy day = {.copy = copy, .events = json_array(), .visits = json_array()};
    int r = read_day(txn, &day, at->day, &at->state);

    if (r == 0 && (json_array_size(day.events) || json_array_size(day.visits)))
        *array = json_item(*array, json_pack("{s:o, s:O, s:O}", "day", date_json(at->day), "events", day.events,
                                             "visits", day.visits));
    json_decref(day.events);
    json_decref(day.visits);
    return r ? error_trace(r) : *array ? 0 : error_origin(-ENOMEM);
}

static int add_late_days(struct db_txn *txn, struct copy *copy, json_t **object)
{
    struct late_days late = {.site = copy->wish.site->id};
    int32_t first = zone_day(copy->wish.site->zone, copy->known.visitor.since_ms) - 2;
    int r = day_each_from(txn, late.site, first < 0 ? 0 : first, keep_day, &late);
    unsigned n = late.n, looked = 0;
    json_t *array = json_array();

    while (r >= 0 && array && looked < n && looked < COPY_LOOKED_DAYS_MAX &&
           json_array_size(array) < COPY_SHOWN_DAYS_MAX) {
        looked++;
        r = add_day(txn, copy, &late.days[(n - looked) % COPY_LOOKED_DAYS_MAX], &array);
    }
    *object = json_member(*object, "days", array);
    *object = json_member(*object, "more", json_boolean(looked < n));
    if (r < 0)
        return error_trace(r);
    return *object ? 0 : error_origin(-ENOMEM);
}

static int read_lately(const struct copy_wish *wish, json_t **ret_object)
{
    struct copy copy = {.wish = *wish};
    DB_TXN_AUTO *txn = NULL;
    json_t *object = NULL;
    int r = db_begin_read(wish->db, &txn);

    if (r == 0)
        r = read_known(txn, wish, &copy.known);
    if (r == 0)
        r = make_overview(txn, wish, &copy.known, REQUEST_FOR_ASKER, &object);
    if (r == 0)
        r = add_late_days(txn, &copy, &object);
    if (r) {
        json_decref(object);
        return r < 0 ? error_trace(r) : r;
    }
    *ret_object = object;
    return 0;
}

int copy_lately(const struct copy_wish *wish, json_t **ret_object)
{
    int r = read_lately(wish, ret_object);

    for (unsigned i = 0; r == -ESTALE && i < STALE_MAX; i++)
        r = read_lately(wish, ret_object);
    return r;
}
