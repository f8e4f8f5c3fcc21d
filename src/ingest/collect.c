/*
 * From a request's bytes to journal records and books.
 */
#include "crumb/ingest/collect.h"
#include "crumb/base/error.h"
#include "crumb/base/metrics.h"
#include "crumb/consent/cookie.h"
#include "crumb/consent/minors.h"
#include "crumb/consent/visitor.h"
#include "crumb/ingest/mask.h"
#include "crumb/ingest/page.h"
#include "crumb/ingest/wire.h"
#include "crumb/store/journal.h"
#include <errno.h>
#include <glib.h>
#include <stdlib.h>

#define COLLECT_ENCODED_BYTES_MAX (8 * BODY_BYTES_MAX)

/* One event on its way. Sections lie in the operation's buffer at @at. */
struct item {
    const struct site *site; /* NULL: unknown */
    enum reason reason;      /* so far; REASON_NONE: the writer decides */
    enum event_kind kind;
    int64_t at_ms;
    int32_t day;
    uint64_t fingerprint;
    uint8_t visitor[VISITOR_BYTES];
    size_t at;
    size_t sizes[CLASS_N];
    bool added; /* its fingerprint was added to the dedupe set by the transaction under way */
};

struct collect {
    struct write_op super;
    struct edition *edition;
    struct dedupe *dedupe;
    int64_t at_ms;
    bool gpc;
    struct place place; /* found only where an event is left for the writer to judge */
    void (*done)(void *context, int result);
    void *context;
    struct buffer encoded;
    struct collect_result parsed; /* what the loop alone decided */
    struct collect_result result;
    size_t n_items;
    struct item items[];
};

static int collect_apply(struct write_op *op, struct batch *batch);
static void collect_done(struct write_op *op, int result);

/* ---- on the event loop ---- */

/* What is the same for all events of a request, found once. */
struct shared {
    const struct collect_request *request;
    const struct site *site; /* whose cookie was looked at last */
    enum cookie_id_state cookie;
    uint8_t visitor[VISITOR_BYTES];
    bool listed;        /* the origin is the site's, or there is none */
    unsigned n_allowed; /* events that the client may send now */
    struct enrich enrich;
    int64_t day_at_ms; /* an instant, and its day: most events of a body share it */
    int32_t day;
};

static void look_at_site(struct shared *shared, const struct site *site)
{
    const struct collect_request *request = shared->request;

    if (shared->site == site)
        return;
    shared->site = site;
    shared->day_at_ms = request->at_ms;
    shared->day = zone_day(site->zone, request->at_ms);
    shared->listed = request->origin.size == 0 || config_origin_listed(site, request->origin);
    if (request->visitor) {
        shared->cookie = COOKIE_ID_GOOD;
        memcpy(shared->visitor, request->visitor, VISITOR_BYTES);
    } else {
        shared->cookie = cookie_read_id(request->cookie, request->cookie_key, site, shared->visitor);
    }
}

/*
 * The browser's clock may be wrong, but the time between its "created" and its
 * "sent" is right: the event happened that long before it was received.
 */
static int64_t event_time(const struct event *event, int64_t received_ms)
{
    int64_t delay = (int64_t)event->sent_ms - (int64_t)event->created_ms;

    if (event->created_ms == 0 || event->sent_ms == 0 || delay < 0 || delay > DELAY_MS_MAX)
        return received_ms;
    return received_ms - delay;
}

/* A page that cannot run scripts says where it is by the Referer of its image. */
static void take_referer(struct event *event, struct text referer, char scratch[URL_BYTES_MAX])
{
    if (event->url.size || referer.size == 0 || referer.size > URL_BYTES_MAX ||
        !g_utf8_validate_len(referer.data, referer.size, NULL))
        return;
    memcpy(scratch, referer.data, referer.size);
    event->url = (struct text){.data = scratch, .size = referer.size};
}

static void encode_item(struct collect *collect, struct item *item, struct event *event, struct shared *shared)
{
    int64_t at_ms = event_time(event, shared->request->at_ms);

    if (at_ms != shared->day_at_ms) {
        shared->day_at_ms = at_ms;
        shared->day = zone_day(item->site->zone, at_ms);
    }
    event->at_ms = (uint64_t)at_ms;
    item->at_ms = at_ms;
    item->day = shared->day;
    item->fingerprint = journal_fingerprint(item->visitor, event->id);
    item->at = collect->encoded.size;
    for (unsigned class = 0; class < CLASS_N; class ++) {
        size_t before = collect->encoded.size;

        event_encode(event, class, &collect->encoded);
        item->sizes[class] = collect->encoded.size - before;
    }
}

/* Only what comes with a good cookie empties a site's bucket: nobody else's flood is in the way of its visitors. */
static bool site_allows(const struct collect_request *request, const struct site *site)
{
    return !request->rates ||
           rates_take_site(request->rates, site->id, request->edition->config->rates.site, request->at_ms);
}

static void read_item(struct collect *collect, struct item *item, struct text pairs, struct shared *shared)
{
    const struct collect_request *request = shared->request;
    char scratch[QUERY_BYTES_MAX], referer[URL_BYTES_MAX], path[URL_BYTES_MAX];
    struct event event;
    const char *what;

    int r = wire_parse(pairs, scratch, &event, &what);
    item->site = event.site.size ? config_site(request->edition->config, event.site) : NULL;
    item->kind = event.kind;
    if (r) {
        item->reason = r == WIRE_E_TOO_LARGE ? REASON_TOO_LARGE : REASON_MALFORMED;
        return;
    }
    if (!item->site) {
        item->reason = REASON_UNKNOWN_SITE;
        return;
    }
    look_at_site(shared, item->site);
    if (item >= collect->items + shared->n_allowed)
        item->reason = REASON_RATE_LIMITED;
    else if (!shared->listed)
        item->reason = REASON_BAD_ORIGIN;
    else if (shared->cookie == COOKIE_ID_BAD)
        item->reason = REASON_BAD_ID;
    else if (shared->cookie == COOKIE_ID_NONE)
        item->reason = request->gpc ? REASON_GPC : REASON_NO_CONSENT;
    else if (!site_allows(request, item->site))
        item->reason = REASON_RATE_LIMITED;
    if (item->reason)
        return; /* nothing of it is encoded, nothing of it goes further */
    take_referer(&event, request->referer, referer);
    if (!page_read(&event, item->site, path) && event_carrier(event.kind) == CLASS_LOG) {
        item->reason = REASON_MALFORMED; /* a page view of no page */
        return;
    }
    mask_event(&event);
    memcpy(item->visitor, shared->visitor, VISITOR_BYTES);
    enrich_event(&shared->enrich, item->site, &event);
    collect->place = *enrich_place(&shared->enrich); /* the writer asks for it, of pings, too */
    encode_item(collect, item, &event, shared);
}

static struct text next_line(struct text *body)
{
    struct text line = text_cut(body, '\n');

    if (line.size && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

static size_t count_events(const struct collect_request *request)
{
    struct text body = request->events;
    size_t n = 0;

    if (!request->is_body)
        return 1;
    while (body.size)
        n += next_line(&body).size > 0;
    return n;
}

static void count_dropped(struct collect_result *result, enum reason reason, size_t n)
{
    result->dropped[reason] += (uint32_t)n;
}

/* Every event that came takes of what its client may send, whatever becomes of it. */
static unsigned count_allowed(const struct collect_request *request, size_t n)
{
    if (!request->rates)
        return (unsigned)n;
    return rates_take(request->rates, RATE_EVENTS, request->who.client, request->edition->config->rates.address,
                      (unsigned)n, request->at_ms);
}

static void read_items(struct collect *collect, struct shared *shared)
{
    struct text body = shared->request->events;

    shared->n_allowed = count_allowed(shared->request, collect->n_items);

    for (size_t i = 0; i < collect->n_items;) {
        struct text pairs = shared->request->is_body ? next_line(&body) : body;

        if (shared->request->is_body && pairs.size == 0)
            continue;
        read_item(collect, &collect->items[i], pairs, shared);
        if (collect->items[i].reason)
            count_dropped(&collect->parsed, collect->items[i].reason, 1);
        i++;
    }
}

int collect_new(const struct collect_request *request, void (*done)(void *context, int result), void *context,
                struct collect **ret_collect)
{
    /* A body past its bound is not looked at: it counts as one event of no site. */
    bool oversize = request->is_body && !request->is_adapted && request->events.size > BODY_BYTES_MAX;
    size_t n_events = oversize ? 1 : count_events(request);
    size_t n_items = oversize ? 0 : n_events < EVENTS_PER_BODY_MAX ? n_events : EVENTS_PER_BODY_MAX;
    struct collect *collect = calloc(1, sizeof *collect + n_items * sizeof collect->items[0]);
    struct shared shared = {.request = request, .enrich = enrich_of(&request->who)};

    if (!collect)
        return error_origin(-ENOMEM);
    collect->super = (struct write_op){.apply = collect_apply, .done = collect_done};
    collect->edition = edition_ref(request->edition);
    collect->dedupe = request->dedupe;
    collect->at_ms = request->at_ms;
    collect->gpc = request->gpc;
    collect->done = done;
    collect->context = context;
    collect->encoded = BUFFER_INIT(COLLECT_ENCODED_BYTES_MAX);
    collect->n_items = n_items;
    collect->parsed.received = (uint32_t)n_events;
    /* Neither are events past theirs. */
    count_dropped(&collect->parsed, REASON_TOO_LARGE, n_events - n_items);
    read_items(collect, &shared);
    collect->result = collect->parsed;
    if (collect->encoded.fault) {
        int fault = collect->encoded.fault;
        collect_free(collect);
        return error_origin(fault);
    }
    collect->super.bytes = sizeof *collect + n_items * sizeof collect->items[0] + collect->encoded.capacity;
    *ret_collect = collect;
    return 0;
}

struct collect *collect_free(struct collect *collect)
{
    if (collect) {
        edition_unref(collect->edition);
        buffer_deinit(&collect->encoded);
        free(collect);
    }
    return NULL;
}

struct write_op *collect_op(struct collect *collect) { return &collect->super; }

const struct collect_result *collect_result(const struct collect *collect) { return &collect->result; }

const struct edition *collect_edition(const struct collect *collect) { return collect->edition; }

const struct site *collect_site(const struct collect *collect)
{
    return collect->n_items ? collect->items[0].site : NULL;
}

bool collect_is_malformed(const struct collect *collect)
{
    return collect->parsed.received == collect->parsed.dropped[REASON_MALFORMED];
}

bool collect_is_oversize(const struct collect *collect) { return collect->n_items == 0 && collect->parsed.received; }

bool collect_is_limited(const struct collect *collect)
{
    return collect->parsed.received && collect->parsed.received == collect->parsed.dropped[REASON_RATE_LIMITED];
}

bool collect_is_foreign(const struct collect *collect)
{
    return collect->parsed.received && collect->parsed.received == collect->parsed.dropped[REASON_BAD_ORIGIN];
}

static void put_member(struct buffer *buffer, const char *name, uint32_t value)
{
    if (buffer->size)
        buffer_put_text(buffer, TEXT(", "));
    buffer_put_text(buffer, text_of(name));
    buffer_put_text(buffer, TEXT("="));
    buffer_put_decimal(buffer, value);
}

void collect_put_result(struct buffer *buffer, const struct collect_result *result)
{
    put_member(buffer, "received", result->received);
    if (result->stored)
        put_member(buffer, "stored", result->stored);
    for (unsigned i = 0; i < REASON_N; i++)
        if (result->dropped[i])
            put_member(buffer, words_reason(i), result->dropped[i]);
}

/* ---- on the writer ---- */

/* The live consent of the last item's visitor; most requests have one visitor. */
struct lookup {
    const struct site *site;
    struct policy_answer allowed;
    uint32_t number;
    struct key_ref key;
    uint64_t consent;
    int64_t since_ms; /* when that choice was made */
};

static int look_up(struct lookup *lookup, struct collect *collect, const struct item *item, struct batch *batch)
{
    struct visitor visitor;
    bool is_minor = false;

    if (lookup->site == item->site)
        return 0;
    int r = visitor_get(batch->txn, item->site->id, item->visitor, &visitor);
    if (r < 0 && r != -EBADMSG)
        return error_trace(r);
    if (r == 0) {
        const uint8_t *key;

        r = batch_key(batch, visitor.key, &key);
    } else if (r == DB_E_NOT_FOUND) {
        int fault = minors_has(batch->txn, item->site->id, item->visitor, collect->at_ms, &is_minor);

        r = fault ? fault : r;
    }
    if (r < 0 && r != -EBADMSG)
        return error_trace(r);
    /* An unreadable record is no consent, and a row from a backup, of somebody who was erased since, is none. */
    lookup->site = item->site;
    lookup->allowed =
        visitor_allowed(r == 0 ? &visitor : NULL, item->site, &collect->place, collect->gpc, collect->at_ms);
    if (is_minor)
        lookup->allowed.reason = REASON_MINOR;
    lookup->number = r == 0 ? visitor.number : 0;
    lookup->key = r == 0 ? visitor.key : (struct key_ref){0};
    lookup->consent = r == 0 ? visitor.consent : 0;
    lookup->since_ms = r == 0 ? visitor.at_ms : 0;
    return 0;
}

static int store_item(struct collect *collect, const struct item *item, const struct lookup *lookup,
                      struct batch *batch)
{
    struct journal_record record = {.site = item->site->id,
                                    .day = item->day,
                                    .kind = item->kind,
                                    .key = lookup->key,
                                    .number = lookup->number,
                                    .granted = lookup->allowed.classes,
                                    .consent = lookup->consent,
                                    .fingerprint = item->fingerprint};
    size_t at = item->at;

    memcpy(record.visitor, item->visitor, VISITOR_BYTES);
    for (unsigned class = 0; class < CLASS_N; class ++) {
        if (lookup->allowed.classes & CLASS_BIT(class) && (item->sizes[class] || class == event_carrier(item->kind))) {
            record.classes |= CLASS_BIT(class);
            record.sections[class] =
                (struct text){.data = (const char *)collect->encoded.data + at, .size = item->sizes[class]};
        }
        at += item->sizes[class];
    }
    return error_fold(journal_append(batch, &record));
}

static int apply_item(struct collect *collect, struct item *item, struct lookup *lookup, struct batch *batch,
                      enum reason *ret_reason)
{
    int r = look_up(lookup, collect, item, batch);

    if (r)
        return error_trace(r);
    if (!(lookup->allowed.classes & CLASS_BIT(event_carrier(item->kind)))) {
        *ret_reason = lookup->allowed.reason;
        return 0;
    }
    /* What happened before the choice is not covered by it: consent is prior, EDPB 05/2020 paragraph 90. */
    if (item->at_ms < lookup->since_ms) {
        *ret_reason = REASON_NO_CONSENT;
        return 0;
    }
    /* A clock was wrong by days: nothing is late for longer than a journal is kept. */
    r = batch_takes_day(batch, item->site->id, item->day);
    if (r) {
        *ret_reason = REASON_MALFORMED;
        return r == BATCH_E_EXPIRED ? 0 : error_trace(r);
    }
    if (item->fingerprint) {
        if (!dedupe_add(collect->dedupe, item->fingerprint)) {
            *ret_reason = REASON_DUPLICATE;
            return 0;
        }
        item->added = true;
    }
    *ret_reason = REASON_NONE;
    return error_trace(store_item(collect, item, lookup, batch));
}

/* What a transaction that failed had added is not there. */
static void take_back(struct collect *collect)
{
    for (size_t i = 0; i < collect->n_items; i++) {
        if (collect->items[i].added)
            dedupe_remove(collect->dedupe, collect->items[i].fingerprint);
        collect->items[i].added = false;
    }
}

static int apply_items(struct collect *collect, struct batch *batch)
{
    struct collect_result *result = &collect->result;
    uint32_t hour = accounting_hour(collect->at_ms);
    struct lookup lookup = {.site = NULL};

    for (size_t i = 0; i < collect->n_items; i++) {
        struct item *item = &collect->items[i];
        struct books books = {0};
        enum reason reason = item->reason;
        int r = 0;

        if (reason == REASON_NONE) {
            r = apply_item(collect, item, &lookup, batch, &reason);
            result->stored += reason == REASON_NONE;
            result->dropped[reason] += reason != REASON_NONE;
        }
        accounting_count(&books, reason);
        if (r == 0)
            r = batch_count(batch, item->site ? item->site->id : ACCOUNTING_NO_SITE, hour, &books);
        if (r)
            return error_trace(r);
    }
    uint32_t n_more = result->received - (uint32_t)collect->n_items;
    if (n_more == 0)
        return 0;
    struct books more = {.received = n_more, .dropped = {[REASON_TOO_LARGE] = n_more}};
    return error_trace(batch_count(batch, ACCOUNTING_NO_SITE, hour, &more));
}

static int collect_apply(struct write_op *op, struct batch *batch)
{
    struct collect *collect = (struct collect *)op;

    take_back(collect);
    collect->result = collect->parsed;
    return error_trace(apply_items(collect, batch));
}

static void collect_done(struct write_op *op, int result)
{
    struct collect *collect = (struct collect *)op;

    if (result) {
        take_back(collect);
    } else {
        metrics_add(METRIC_events_stored_total, collect->result.stored);
        metrics_add(METRIC_events_dropped_total, collect->result.received - collect->result.stored);
        metrics_add(METRIC_events_rate_limited_total, collect->result.dropped[REASON_RATE_LIMITED]);
    }
    collect->done(collect->context, result);
}
